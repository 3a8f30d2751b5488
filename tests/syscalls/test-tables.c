/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of system calls against the kernel's headers, libseccomp and themselves. */
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "syscalls/syscalls.h"
#include "unit.h"

/* Numbers and names lead to each other; tables are in order. */
static void there_and_back(void **state)
{
        (void)state;
        size_t calls = 0;
        for (const struct cf_syscall *call; (call = cf_syscall_at(calls)); calls++) {
                assert_ptr_equal(cf_syscall_by_name(call->name), call);
                if (calls)
                        assert_true(strcmp(cf_syscall_at(calls - 1)->name, call->name) < 0);
                bool anywhere = false;
                const struct cf_arch *arch;
                for (size_t i = 0; (arch = cf_arch_at(i)); i++) {
                        uint32_t nr;
                        if (!cf_syscall_number(arch, call->name, &nr))
                                continue;
                        anywhere = true;
                        assert_ptr_equal(cf_syscall_by_number(arch, nr), call);
                        assert_ptr_equal(cf_arch_of_call(arch->token, nr), arch);
                        assert_true(nr >= arch->base && nr <= cf_syscall_largest(arch));
                }
                assert_true(anywhere);
        }
        assert_true(calls > 480);
        assert_null(cf_syscall_by_name("nosuchcall"));
        assert_null(cf_syscall_by_name(""));
        uint32_t nr;
        assert_false(cf_syscall_number(cf_arch_native(), "nosuchcall", &nr));
        assert_null(cf_syscall_by_number(cf_arch_by_name("x86_64"), 0x40000000));
        assert_null(cf_syscall_by_number(cf_arch_by_name("x32"), 0));
        assert_null(cf_syscall_by_number(cf_arch_by_name("mips"), 3999));
}

static void arches(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                uint32_t token, seccomp;
        } rows[] = {
                {"SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64},
                {"SCMP_ARCH_X86", AUDIT_ARCH_I386, SCMP_ARCH_X86},
                {"SCMP_ARCH_X32", AUDIT_ARCH_X86_64, SCMP_ARCH_X32},
                {"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64},
                {"SCMP_ARCH_ARM", AUDIT_ARCH_ARM, SCMP_ARCH_ARM},
                {"SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64, 0},
                {"SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS, SCMP_ARCH_MIPS},
                {"SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64, SCMP_ARCH_MIPS64},
                {"SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64N32, SCMP_ARCH_MIPS64N32},
                {"SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL, SCMP_ARCH_MIPSEL},
                {"SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64},
                {"SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32, SCMP_ARCH_MIPSEL64N32},
                {"SCMP_ARCH_PPC", AUDIT_ARCH_PPC, SCMP_ARCH_PPC},
                {"SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64, SCMP_ARCH_PPC64},
                {"SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE, SCMP_ARCH_PPC64LE},
                {"SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64, SCMP_ARCH_RISCV64},
                {"SCMP_ARCH_S390", AUDIT_ARCH_S390, SCMP_ARCH_S390},
                {"SCMP_ARCH_S390X", AUDIT_ARCH_S390X, SCMP_ARCH_S390X},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct cf_arch *arch = cf_arch_by_name(rows[i].name);
                assert_non_null(arch);
                assert_int_equal(arch->token, rows[i].token);
                assert_true(arch->bits == 32 || arch->bits == 64);
        }
        assert_null(cf_arch_at(CF_COUNT(rows)));
        assert_null(cf_arch_by_name("vax"));
        assert_null(cf_arch_of_call(1, 0));
        assert_ptr_equal(cf_arch_by_name("amd64"), cf_arch_by_name("x86_64"));
        struct utsname machine;
        uname(&machine);
        if (cf_arch_native()->uname)
                assert_string_equal(cf_arch_native()->uname, machine.machine);
}

/* Calls that a header of the kernel defines: "#define __NR_name number" lines. */
static unsigned check_header(const char *path, const char *arch_name, uint32_t add)
{
        const struct cf_arch *arch = cf_arch_by_name(arch_name);
        FILE *file = fopen(path, "r");
        char line[256], name[128], value[64];
        unsigned checked = 0;
        if (!file)
                return 0;
        while (fgets(line, sizeof(line), file)) {
                uint32_t nr, expected;
                if (sscanf(line, "#define __NR_%127[a-z0-9_] %63[^\n]", name, value) != 2)
                        continue;
                const char *plus = strchr(value, '+'); /* (__X32_SYSCALL_BIT + 0) */
                expected = (uint32_t)strtoul(plus ? plus + 1 : value, NULL, 0) + add;
                if (strcmp(name, "syscalls") == 0)
                        continue;
                if (!cf_syscall_number(arch, name, &nr))
                        fail_msg("%s: '%s' of %s is not in the table", path, name, arch_name);
                if (nr != expected)
                        fail_msg("%s: '%s' is %u, in the table %u", path, name, expected, nr);
                checked++;
        }
        fclose(file);
        return checked;
}

static void kernel_headers(void **state)
{
        (void)state;
#define HEADERS "/usr/include/x86_64-linux-gnu/asm/"
        unsigned checked = check_header(HEADERS "unistd_64.h", "x86_64", 0);
        if (!checked)
                skip(); /* no such headers on this machine */
        assert_true(checked > 350);
        assert_true(check_header(HEADERS "unistd_32.h", "i386", 0) > 420);
        assert_true(check_header(HEADERS "unistd_x32.h", "x32", CF_X32_BIT) > 340);
}

/* Every name that this libseccomp resolves, it resolves to our number. */
static void libseccomp(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                uint32_t token;
        } rows[] = {
                {"x86_64", SCMP_ARCH_X86_64},   {"i386", SCMP_ARCH_X86},
                {"x32", SCMP_ARCH_X32},         {"aarch64", SCMP_ARCH_AARCH64},
                {"arm", SCMP_ARCH_ARM},         {"mips", SCMP_ARCH_MIPS},
                {"mips64", SCMP_ARCH_MIPS64},   {"mips64n32", SCMP_ARCH_MIPS64N32},
                {"ppc", SCMP_ARCH_PPC},         {"ppc64", SCMP_ARCH_PPC64},
                {"ppc64le", SCMP_ARCH_PPC64LE}, {"riscv64", SCMP_ARCH_RISCV64},
                {"s390", SCMP_ARCH_S390},       {"s390x", SCMP_ARCH_S390X},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct cf_arch *arch = cf_arch_by_name(rows[i].name);
                const struct cf_syscall *call;
                unsigned same = 0, only_ours = 0;
                for (size_t k = 0; (call = cf_syscall_at(k)); k++) {
                        uint32_t nr;
                        bool ours = cf_syscall_number(arch, call->name, &nr);
                        int theirs = seccomp_syscall_resolve_name_arch(rows[i].token, call->name);
                        if (theirs >= 0 && !ours)
                                fail_msg("%s: libseccomp knows '%s' as %d", arch->name, call->name,
                                         theirs);
                        if (theirs >= 0 && (uint32_t)theirs != nr)
                                fail_msg("%s: '%s' is %u, to libseccomp %d", arch->name, call->name,
                                         nr, theirs);
                        *(theirs >= 0 ? &same : &only_ours) += ours;
                }
                assert_true(same > 280);
                /* and every number that it names has that name with us */
                for (uint32_t number = 0; number < 1024; number++) {
                        uint32_t nr = number + arch->base;
                        char *name = seccomp_syscall_resolve_num_arch(rows[i].token, (int)nr);
                        const struct cf_syscall *known = cf_syscall_by_number(arch, nr);
                        if (name && !known)
                                fail_msg("%s: libseccomp knows %u as '%s'", arch->name, nr, name);
                        if (name)
                                assert_string_equal(name, known->name);
                        free(name);
                }
        }
}

static void arguments(void **state)
{
        (void)state;
        const struct cf_arch *wide = cf_arch_by_name("x86_64"), *narrow = cf_arch_by_name("i386");
        const struct cf_syscall *call = cf_syscall_by_name("socket");
        assert_int_equal(call->argument_count, 3);
        assert_string_equal(call->arguments[0].name, "family");
        assert_int_equal(cf_argument_bits(wide, call, 0), 32);
        assert_int_equal(cf_argument_bits(wide, call, 3), 64);
        call = cf_syscall_by_name("clone");
        assert_int_equal(cf_argument_bits(wide, call, 0), 64);
        assert_int_equal(cf_argument_bits(narrow, call, 0), 32);
        call = cf_syscall_by_name("chmod");
        assert_int_equal(cf_argument_bits(wide, call, 1), 16);
        call = cf_syscall_by_name("personality");
        assert_int_equal(cf_argument_bits(wide, call, 0), 32);
        assert_string_equal(cf_syscall_by_name("clone3")->since, "5.3");
        assert_string_equal(cf_syscall_by_name("mount")->capability, "CAP_SYS_ADMIN");
        assert_true(cf_syscall_by_name("mount")->always_asked);
        assert_non_null(strstr(cf_syscall_by_name("clone3")->fallback, "clone"));
        assert_null(cf_syscall_by_name("clone")->fallback);
        assert_false(cf_syscall_by_name("clone")->always_asked);
        assert_int_equal(cf_syscall_by_name("getpid")->argument_count, 0);
        assert_int_equal(cf_syscall_by_name("vserver")->argument_count, -1);
        assert_non_null(strstr(cf_syscalls_kernel(), "v7."));
}

/* Every row can be found by its call, has a gain and a source, and names a call that is known. */
static void dangers(void **state)
{
        (void)state;
        const struct cf_danger *danger;
        size_t count = 0;
        for (; (danger = cf_danger_at(count)); count++) {
                bool found = false;
                assert_ptr_equal(danger->call, cf_syscall_by_name(danger->call->name));
                assert_true(danger->gain[0] && danger->source[0]);
                assert_int_equal(danger->value & ~danger->mask, 0);
                for (size_t i = 0; cf_danger_of(danger->call, i); i++)
                        found |= cf_danger_of(danger->call, i) == danger;
                assert_true(found);
        }
        assert_true(count > 20);
        assert_non_null(cf_danger_of(cf_syscall_by_name("socket"), 1));
        assert_null(cf_danger_of(cf_syscall_by_name("read"), 0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(there_and_back), cmocka_unit_test(arches),
                cmocka_unit_test(kernel_headers), cmocka_unit_test(libseccomp),
                cmocka_unit_test(arguments),      cmocka_unit_test(dangers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
