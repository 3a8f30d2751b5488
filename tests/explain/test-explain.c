/* SPDX-License-Identifier: Apache-2.0 */
/* Symptoms (symptoms.tsv): what is said of each of these calls in containers with two default
 * profiles. tests/explain/symptoms.bats makes the very same calls there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/source.h"
#include "explain/explain.h"
#include "unit.h"

enum column {
        ID,
        CALL,
        ARGUMENTS,
        SAID,
        OLD, /* docker-20.10.24 */
        NEW, /* docker-2026-06 */
        BARE,
        WHO,
        ASKED,
        WAYS,
        AFTER,
        COLUMNS
};

struct symptom {
        char *cells[COLUMNS];
};

/* The settings of the machine that the table was measured on. */
static bool setting(void *context, const char *name, long *ret_number)
{
        static const struct {
                const char *name;
                long number;
        } table[] = {{"kernel.dmesg_restrict", 1},        {"kernel.unprivileged_bpf_disabled", 2},
                     {"kernel.perf_event_paranoid", 2},   {"vm.unprivileged_userfaultfd", 0},
                     {"user.max_user_namespaces", 10000}, {"kernel.io_uring_disabled", 0}};
        (void)context;
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (strcmp(table[i].name, name) == 0) {
                        *ret_number = table[i].number;
                        return true;
                }
        return false;
}

static uint64_t argument(const char *text)
{
        if (strcmp(text, "self") == 0)
                return 1;
        if (strcmp(text, "z") == 0 || strncmp(text, "s:", 2) == 0 || strncmp(text, "x:", 2) == 0)
                return 0x10000;
        if (strncmp(text, "p:", 2) == 0 || strcmp(text, "pidfd") == 0)
                return 3;
        return strtoull(text, NULL, 0);
}

static void read_call(const struct symptom *symptom, struct cf_call *ret_call)
{
        const char *name = symptom->cells[CALL], *colon = strchr(name, ':');
        const struct cf_arch *arch = cf_arch_by_name(colon ? "i386" : "x86_64");
        char copy[256], *rest = copy, *word;
        *ret_call = (struct cf_call){.arch = arch->token};
        assert_true(cf_syscall_number(arch, colon ? colon + 1 : name, &ret_call->nr));
        snprintf(copy, sizeof(copy), "%s", symptom->cells[ARGUMENTS]);
        for (size_t i = 0; (word = strsep(&rest, " ")) != NULL && *word; i++)
                ret_call->args[i] =
                        argument(word) & (arch->bits == 32 ? (uint64_t)UINT32_MAX : UINT64_MAX);
}

/* Of "x:0000001000000000…", which is clone3's. */
static struct cf_behind read_behind(const struct symptom *symptom)
{
        struct cf_behind behind = {0};
        const char *hex = symptom->cells[ARGUMENTS] + strlen("x:");
        for (unsigned i = 0; strcmp(symptom->cells[CALL], "clone3") == 0 && i < 8; i++) {
                const char byte[] = {hex[2 * i], hex[2 * i + 1], 0};
                behind.clone_flags |= strtoull(byte, NULL, 16) << 8 * i;
        }
        return behind;
}

struct world {
        struct cf_arena *arena;
        struct cf_policies *all;
        const struct cf_profile *profile;
        struct cf_circumstances circumstances;
        uint64_t grantable; /* by Docker 20.10 */
        cf_policy policy;
        struct cf_caller caller;
};

static void open_world(struct world *world, const char *profile)
{
        struct cf_source *source;
        struct cf_span text;
        struct cf_error err = {0};
        *world =
                (struct world){.arena = cf_arena_new(CF_PROFILE_MEMORY), .all = cf_policies_new(0)};
        world->circumstances = (struct cf_circumstances){.machine = cf_arch_by_name("x86_64"),
                                                         .capabilities = cf_capabilities_docker(),
                                                         .kernel_major = 6,
                                                         .kernel_minor = 18};
        world->grantable = UINT64_MAX >> 26; /* those that Docker 20.10 knows: to CAP_AUDIT_READ */
        world->caller = (struct cf_caller){
                .capabilities = cf_capabilities_docker(), .initial = true, .setting = setting};
        const struct cf_profile_default *known = cf_profile_default(profile);
        assert_non_null(known);
        assert_int_equal(cf_profile_default_text(world->arena, known, &text), 0);
        assert_int_equal(cf_source_from(world->arena, "default", text, &source, &err), 0);
        assert_int_equal(cf_profile_read(world->arena, source, &world->profile, &err), 0);
        assert_int_equal(cf_profile_policy(world->all, world->profile, &world->circumstances,
                                           &world->policy, &err),
                         0);
}

static void close_world(struct world *world)
{
        cf_policies_free(world->all);
        cf_arena_free(world->arena);
}

/* The ways in a line: "--allow 'x(…)'; --cap-add SYS_ADMIN; not enough: --allow x". */
static void say_ways(struct cf_text *text, const struct cf_way *ways, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                cf_text_printf(text, "%s%s%s", i ? "; " : "", ways[i].enough ? "" : "not enough: ",
                               ways[i].option ? ways[i].option : "nothing");
                if (ways[i].also)
                        cf_text_printf(text, " and %s", ways[i].also);
        }
}

static void explain(struct world *world, const struct symptom *symptom, struct cf_text *filtered,
                    struct cf_text *who, struct cf_text *unmet, struct cf_text *said)
{
        struct cf_call call;
        struct cf_cause cause;
        struct cf_way ways[CF_WAYS_MAX];
        size_t count;
        struct cf_error err = {0};
        read_call(symptom, &call);
        const struct cf_behind behind = read_behind(symptom);
        cf_explain_cause(world->all, world->policy, &call, &behind, EPERM, &world->caller, &cause);
        cf_say_value(filtered, cause.answer);
        cf_explain_who(who, &cause, true);
        for (size_t i = 0; i < cause.unmet_count; i++) {
                cf_text_puts(unmet, i ? ", " : "");
                cf_explain_requirement(unmet, cause.unmet[i]);
        }
        for (size_t i = 0; i < cause.perhaps_count; i++) {
                cf_text_puts(unmet, unmet->size ? ", perhaps " : "perhaps ");
                cf_explain_requirement(unmet, cause.perhaps[i]);
        }
        if (!unmet->size)
                cf_text_putc(unmet, '-');
        assert_int_equal(cf_explain_ways(world->all, world->arena, &call, &cause, world->profile,
                                         &world->circumstances, world->grantable, ways, &count,
                                         &err),
                         0);
        say_ways(said, ways, count);
        if (!count)
                cf_text_putc(said, '-');
}

static void check(struct world *world, const struct symptom *symptom, enum column column)
{
        CF_TEXT struct cf_text filtered = {0}, who = {0}, unmet = {0}, said = {0};
        explain(world, symptom, &filtered, &who, &unmet, &said);
        if (strcmp(filtered.data, "allowed") == 0) { /* the kernel answers in both */
                assert_string_equal(symptom->cells[column], symptom->cells[BARE]);
                return;
        }
        assert_string_equal(filtered.data, symptom->cells[column]);
        assert_string_equal(who.data, symptom->cells[WHO]);
        assert_string_equal(unmet.data, symptom->cells[ASKED]);
        assert_string_equal(said.data, symptom->cells[WAYS]);
}

static void look_at(const char *profile, enum column column)
{
        struct world world;
        char line[1024];
        size_t count = 0;
        open_world(&world, profile);
        FILE *file = fopen("tests/explain/symptoms.tsv", "re");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
                struct symptom symptom;
                char *rest = line;
                line[strcspn(line, "\n")] = '\0';
                if (line[0] == '#' || strncmp(line, "id\t", 3) == 0)
                        continue;
                for (size_t i = 0; i < COLUMNS; i++)
                        assert_non_null(symptom.cells[i] = strsep(&rest, "\t"));
                check(&world, &symptom, column);
                count++;
        }
        fclose(file);
        close_world(&world);
        assert_true(count >= 80);
}

static void symptoms(void **state)
{
        (void)state;
        look_at("docker-20.10.24", OLD);
        look_at("docker-2026-06", NEW);
}

/* What a capability opens besides, by the profile's own words. */
static void what_a_capability_opens(void **state)
{
        static const struct {
                const char *call, *capability, *opens;
        } rows[] = {
                {"mbind", "--cap-add SYS_NICE",
                 "set_mempolicy get_mempolicy set_mempolicy_home_node"},
                {"settimeofday", "--cap-add SYS_TIME", "clock_settime"},
                {"kcmp", "--cap-add SYS_PTRACE", "pidfd_getfd process_madvise"},
                {"syslog", "--cap-add SYSLOG", ""},
                {"bpf", "--cap-add BPF", ""},
                {"reboot", "--cap-add SYS_BOOT", ""},
        };
        struct world world;
        (void)state;
        open_world(&world, "docker-2026-06");
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text opened = {0};
                struct cf_call call = {.arch = world.circumstances.machine->token};
                struct cf_cause cause;
                struct cf_way ways[CF_WAYS_MAX];
                size_t count, found = SIZE_MAX;
                struct cf_error err = {0};
                assert_true(cf_syscall_number(world.circumstances.machine, rows[i].call, &call.nr));
                cf_explain_cause(world.all, world.policy, &call, NULL, EPERM, &world.caller,
                                 &cause);
                assert_int_equal(cf_explain_ways(world.all, world.arena, &call, &cause,
                                                 world.profile, &world.circumstances, UINT64_MAX,
                                                 ways, &count, &err),
                                 0);
                for (size_t k = 0; k < count; k++)
                        if (ways[k].option && strcmp(ways[k].option, rows[i].capability) == 0)
                                found = k;
                assert_true(found < count);
                cf_text_puts(&opened, "");
                for (size_t k = 0; k < ways[found].opened_count; k++)
                        cf_text_printf(&opened, "%s%s", k ? " " : "", ways[found].opened[k]);
                assert_string_equal(opened.data ? opened.data : "", rows[i].opens);
        }
        close_world(&world);
}

/* In the order of what they open: nothing, another error, an option of the program, the rest. */
static void options_of_programs(void **state)
{
        const struct cf_program_option *gdb =
                cf_explain_option("gdb[12]", cf_syscall_by_name("personality"));
        struct cf_way ways[CF_WAYS_MAX] = {{.kind = CF_WAY_ERRNO, .enough = true},
                                           {.kind = CF_WAY_ARGUMENTS, .enough = true},
                                           {.kind = CF_WAY_CALL}};
        size_t count = 3;
        (void)state;
        assert_non_null(gdb);
        assert_null(cf_explain_option("gdb", cf_syscall_by_name("mount")));
        /* As the kernel names what makes the call: cut, and of a program that names itself anew. */
        assert_non_null(cf_explain_option("lldb-server-14.[7]", cf_syscall_by_name("personality")));
        assert_null(cf_explain_option("lldb[7]", cf_syscall_by_name("personality")));
        assert_non_null(cf_explain_option("runc:[2:INIT][7]", cf_syscall_by_name("keyctl")));
        assert_null(cf_explain_option("run", cf_syscall_by_name("keyctl")));
        assert_null(cf_explain_option("gdbserver[1]", cf_syscall_by_name("personality")));
        assert_null(cf_explain_option(NULL, cf_syscall_by_name("personality")));
        assert_null(cf_explain_option("gdb", NULL));
        cf_explain_add_option(ways, &count, gdb);
        assert_int_equal(count, 4);
        assert_int_equal(ways[1].kind, CF_WAY_OPTION);
        assert_int_equal(ways[2].kind, CF_WAY_ARGUMENTS);
        for (size_t i = 0; i < CF_WAYS_MAX; i++)
                cf_explain_add_option(ways, &count, gdb);
        assert_int_equal(count, CF_WAYS_MAX);
        /* Every row is of a call that there is. */
        for (size_t i = 0; i < cf_program_option_count; i++)
                assert_non_null(cf_syscall_by_name(cf_program_options[i].call));
}

/* Flags by name; what is one number together has the name of that number, or none. */
static void test_words(void **state)
{
        static const struct {
                const char *call;
                unsigned arg;
                uint64_t value;
                const char *words;
        } rows[] = {
                {"personality", 0, 6, "PER_BSD"},
                {"personality", 0, 7, "7"},
                {"personality", 0, 0xff, "255"},
                {"personality", 0, 0x40008, "ADDR_NO_RANDOMIZE|PER_LINUX32"},
                {"personality", 0, 0x40007, "ADDR_NO_RANDOMIZE|7"},
                {"personality", 0, 0x5000007, "PER_XENIX"},
                {"socket", 1, 7, "7"},
                {"socket", 1, 0x80005, "SOCK_CLOEXEC|SOCK_SEQPACKET"},
                {"unshare", 0, 0x10020000, "CLONE_NEWUSER|CLONE_NEWNS"},
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text text = {0};
                cf_explain_argument(&text, cf_arch_by_name("x86_64"),
                                    cf_syscall_by_name(rows[i].call), rows[i].arg, rows[i].value);
                assert_string_equal(text.data, rows[i].words);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(symptoms),
                cmocka_unit_test(what_a_capability_opens),
                cmocka_unit_test(options_of_programs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
