/* SPDX-License-Identifier: Apache-2.0 */
/* The engines' defaults through their versions: which release has which, and what became allowed
 * when. */
#include "profile/profile.h"

#include <string.h>

#include "base/source.h"
#include "unit.h"

static uint64_t capability(const char *name)
{
        unsigned number;
        assert_true(cf_capability_number(cf_span_of(name), &number));
        return UINT64_C(1) << number;
}

static const struct cf_profile *read_default(struct cf_arena *arena,
                                             const struct cf_profile_default *profile)
{
        struct cf_span text;
        struct cf_source *source = NULL;
        const struct cf_profile *read = NULL;
        struct cf_error err = {0};
        assert_int_equal(cf_profile_default_text(arena, profile, &text), 0);
        assert_int_equal(text.data[text.size], 0);
        assert_int_equal(cf_source_from(arena, profile->name, text, &source, &err), 0);
        if (cf_profile_read(arena, source, &read, &err) < 0)
                fail_msg("%s: %s", profile->name, err.frames[0].message);
        return read;
}

/* ---- what they are ----------------------------------------------------------------------------
 */

/* Those that are kept as files hold the files' bytes. */
static void some_are_files(void **state)
{
        (void)state;
        static const char *const names[] = {"docker-2026-06", "podman-debian12"};
        for (size_t i = 0; i < CF_COUNT(names); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const struct cf_profile_default *profile = cf_profile_default(names[i]);
                struct cf_source *file = NULL;
                struct cf_span text;
                const char *path = cf_arena_printf(arena, "data/profiles/%s.json", names[i]);
                assert_int_equal(cf_files_read(NULL, arena, path, &file, NULL), 0);
                assert_int_equal(cf_profile_default_text(arena, profile, &text), 0);
                assert_int_equal(file->text.size, text.size);
                assert_memory_equal(file->text.data, text.data, text.size);
        }
}

static void all_can_be_read(void **state)
{
        (void)state;
        static const char *const machines[] = {"x86_64", "i386", "aarch64", "s390x", "riscv64"};
        assert_true(cf_profile_default_count >= 50);
        for (size_t i = 0; i < cf_profile_default_count; i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const struct cf_profile_default *profile = &cf_profile_defaults[i];
                const struct cf_profile *read = read_default(arena, profile);
                assert_ptr_equal(cf_profile_default(profile->name), profile);
                assert_true(strlen(profile->title) > 0 && strlen(profile->source) > 0);
                assert_int_equal(read->default_value & CF_ACTION_MASK, CF_ERRNO);
                for (size_t k = 0; k < CF_COUNT(machines); k++) {
                        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                        struct cf_circumstances here = {cf_arch_by_name(machines[k]),
                                                        cf_capabilities_docker(), 6, 1};
                        cf_policy policy;
                        assert_int_equal(cf_profile_policy(all, read, &here, &policy, NULL), 0);
                }
        }
}

/* Two that say the same in different words mean the same: under no capability, each alone, all. */
static void assert_same_meaning(const char *one, const char *other)
{
        static const char *const machines[] = {"x86_64", "i386", "aarch64", "s390x", "ppc64le"};
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_profile *a = read_default(arena, cf_profile_default(one));
        const struct cf_profile *b = read_default(arena, cf_profile_default(other));
        for (size_t k = 0; k < CF_COUNT(machines); k++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                for (unsigned i = 0; i < 2 * (CF_CAPABILITIES + 2); i++) {
                        unsigned number = i / 2;
                        uint64_t caps = number < CF_CAPABILITIES    ? UINT64_C(1) << number
                                        : number == CF_CAPABILITIES ? CF_CAPABILITIES_ALL
                                                                    : 0;
                        struct cf_circumstances here = {cf_arch_by_name(machines[k]), caps,
                                                        i % 2 ? 6 : 4, 0};
                        cf_policy pa, pb;
                        assert_int_equal(cf_profile_policy(all, a, &here, &pa, NULL), 0);
                        assert_int_equal(cf_profile_policy(all, b, &here, &pb, NULL), 0);
                        assert_int_equal(cf_policy_normal(all, pa), cf_policy_normal(all, pb));
                }
        }
}

static void history_meets_files(void **state)
{
        (void)state;
        assert_same_meaning("docker-29.4.3", "docker-2026-06");
        assert_same_meaning("podman-4.3.1", "podman-debian12");
}

/* ---- which release has which -------------------------------------------------------------------
 */

static void versions(void **state)
{
        (void)state;
        static const struct {
                const char *engine, *version, *name;
                bool newer;
        } rows[] = {
                {"docker", "17.09.1-ce", "docker-17.09.0", false},
                {"docker", "19.03.15", "docker-19.03.9", false},
                {"docker", "20.10.9", "docker-20.10.4", false},
                {"docker", "20.10.10", "docker-20.10.10", false},
                {"docker", "20.10.21", "docker-20.10.18", false},
                {"docker", "20.10.22", "docker-20.10.22", false},
                {"docker", "20.10.24+dfsg1", "docker-20.10.18", false},
                {"Docker", "20.10.24+dfsg1-1+deb12u1", "docker-20.10.18", false},
                {"docker", "20.10.27", "docker-20.10.26", false},
                {"docker", "23.0.10", "docker-23.0.10", false},
                {"docker", "24.0.0", "docker-23.0.0", false},
                {"docker", "24.0.9", "docker-23.0.7", false},
                {"docker", "25.0.0-rc.1", "docker-25.0.0", false},
                {"docker", "26.1.5", "docker-25.0.3", false},
                {"docker", "28.5.2", "docker-28.2.0", false},
                {"docker", "29.4.2", "docker-29.4.2", false},
                {"docker", "29.5.0", "docker-29.4.3", false},
                {"docker", "29.7.2", "docker-29.4.3", false},
                {"docker", "29.7.3", "docker-29.4.3", true},
                {"docker", "99999999999999999999.0.0", "docker-29.4.3", true},
                {"docker", "1.13.1", NULL, false},
                {"docker", "20", NULL, false},
                {"docker", "dev", NULL, false},
                {"docker", "", NULL, false},
                {"containerd", "v1.6.20", "containerd-1.6.16", false},
                {"containerd", "1.7.28", "containerd-1.7.13", false},
                {"containerd", "2.3.0", "containerd-2.2.0", false},
                {"podman", "4.3.1", "podman-4.2.0", false},
                {"Podman", "5.4.2", "podman-5.2.0", false},
                {"lxc", "5.0.0", NULL, false},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                bool newer = false;
                const struct cf_profile_default *profile =
                        cf_profile_default_of(rows[i].engine, rows[i].version, &newer);
                if ((profile == NULL) != (rows[i].name == NULL) ||
                    (profile && strcmp(profile->name, rows[i].name) != 0) || newer != rows[i].newer)
                        fail_msg("%s %s: %s", rows[i].engine, rows[i].version,
                                 profile ? profile->name : "none");
        }
        assert_null(cf_profile_default_of("docker", NULL, NULL));
}

static void names(void **state)
{
        (void)state;
        static const struct {
                const char *asked, *name;
        } rows[] = {
                {"docker", "docker-2026-06"},
                {"default", "docker-2026-06"},
                {"podman", "podman-debian12"},
                {"containerd", "containerd-2.2.4"},
                {"docker-20.10", "docker-20.10.26"},
                {"docker-20.10.24", "docker-20.10.18"},
                {"docker-25.0", "docker-25.0.3"},
                {"docker-26.0", "docker-25.0.3"},
                {"docker-29", "docker-29.4.3"},
                {"containerd-1.7", "containerd-1.7.32"},
                {"podman-5", "podman-5.8.0"},
                {"docker-30", NULL},
                {"docker-29.8", NULL},
                {"docker-1.13", NULL},
                {"docker-20.10x", NULL},
                {"docker-", NULL},
                {"-20.10", NULL},
                {"nobody", NULL},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct cf_profile_default *profile = cf_profile_default(rows[i].asked);
                if ((profile == NULL) != (rows[i].name == NULL) ||
                    (profile && strcmp(profile->name, rows[i].name) != 0))
                        fail_msg("%s: %s", rows[i].asked, profile ? profile->name : "none");
        }
}

/* ---- what became allowed when -------------------------------------------------------------------
 */

/* The answer of a version of Docker to an x86_64 (or i386) call on Linux 6.1. */
static uint32_t answer(const char *version, const char *machine, const char *name, uint64_t a0,
                       uint64_t caps)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_profile_default *profile = cf_profile_default_of("docker", version, NULL);
        const struct cf_profile *read = read_default(arena, profile);
        const struct cf_arch *arch = cf_arch_by_name(machine);
        struct cf_circumstances here = {cf_arch_by_name("x86_64"), caps, 6, 1};
        struct cf_call call = {.arch = arch->token, .args = {a0}};
        struct cf_profile_decision decision;
        assert_true(cf_syscall_number(arch, name, &call.nr));
        assert_int_equal(cf_profile_decide(read, &here, &call, &decision, NULL), 0);
        return decision.value;
}

#define EPERM_ (CF_ERRNO | 1u)
#define ENOSYS_ (CF_ERRNO | 38u)

static void docker_since_when(void **state)
{
        (void)state;
        static const struct {
                const char *call;
                uint64_t a0;
                const char *cap; /* that the container has besides Docker's own; NULL: none */
                const char *before, *since; /* NULL before: only `since` is asked */
                uint32_t was, is;
        } rows[] = {
                {"statx", 0, NULL, "17.12.1", "18.04.0", EPERM_, CF_ALLOW},
                {"mbind", 0, "CAP_SYS_NICE", "18.06.3", "18.09.0", EPERM_, CF_ALLOW},
                {"mbind", 0, NULL, NULL, "29.7.2", 0, EPERM_},
                {"ptrace", 0, NULL, "18.09.9", "19.03.0", EPERM_, CF_ALLOW},
                {"openat2", 0, NULL, "19.03.15", "20.10.0", EPERM_, CF_ALLOW},
                {"faccessat2", 0, NULL, "19.03.15", "20.10.0", EPERM_, CF_ALLOW},
                {"io_uring_setup", 0, NULL, "19.03.15", "20.10.0", EPERM_, CF_ALLOW},
                {"close_range", 0, NULL, "20.10.3", "20.10.4", EPERM_, CF_ALLOW},
                {"epoll_pwait2", 0, NULL, "20.10.3", "20.10.4", EPERM_, CF_ALLOW},
                {"clone3", 0, NULL, "20.10.9", "20.10.10", EPERM_, ENOSYS_},
                {"clone3", 0, NULL, NULL, "23.0.0", 0, ENOSYS_},
                {"clone3", 0, "CAP_SYS_ADMIN", "20.10.9", "20.10.10", EPERM_, CF_ALLOW},
                {"landlock_create_ruleset", 0, NULL, "20.10.17", "20.10.18", EPERM_, CF_ALLOW},
                {"futex_waitv", 0, NULL, "20.10.17", "20.10.18", EPERM_, CF_ALLOW},
                {"memfd_secret", 0, NULL, "20.10.17", "20.10.18", EPERM_, CF_ALLOW},
                {"process_vm_readv", 0, NULL, "20.10.27", "23.0.0", EPERM_, CF_ALLOW},
                /* AF_VSOCK: out in 20.10.22 alone of its line, and from 23.0 on. */
                {"socket", 40, NULL, "20.10.21", "20.10.22", CF_ALLOW, EPERM_},
                {"socket", 40, NULL, "20.10.22", "20.10.23", EPERM_, CF_ALLOW},
                {"socket", 40, NULL, "20.10.27", "23.0.0", CF_ALLOW, EPERM_},
                {"socket", 40, NULL, NULL, "29.7.2", 0, EPERM_},
                {"bpf", 0, "CAP_BPF", "20.10.27", "23.0.0", EPERM_, CF_ALLOW},
                {"perf_event_open", 0, "CAP_PERFMON", "20.10.27", "23.0.0", EPERM_, CF_ALLOW},
                {"name_to_handle_at", 0, NULL, "24.0.2", "24.0.3", EPERM_, CF_ALLOW},
                {"io_uring_setup", 0, NULL, "24.0.9", "25.0.0", CF_ALLOW, EPERM_},
                {"fchmodat2", 0, NULL, "25.0.2", "25.0.3", EPERM_, CF_ALLOW},
                {"set_mempolicy_home_node", 0, "CAP_SYS_NICE", "25.0.2", "25.0.3", EPERM_,
                 CF_ALLOW},
                {"mseal", 0, NULL, "28.1.1", "28.2.0", EPERM_, CF_ALLOW},
                {"statmount", 0, NULL, "28.1.1", "28.2.0", EPERM_, CF_ALLOW},
                {"uretprobe", 0, NULL, "28.1.1", "28.2.0", EPERM_, CF_ALLOW},
                {"socket", 38, NULL, "29.4.1", "29.4.2", CF_ALLOW, EPERM_},
                {"socket", 38, NULL, NULL, "29.5.0", 0, EPERM_},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                uint64_t caps = cf_capabilities_docker();
                caps |= rows[i].cap ? capability(rows[i].cap) : 0;
                uint32_t is = answer(rows[i].since, "x86_64", rows[i].call, rows[i].a0, caps);
                uint32_t was = rows[i].before ? answer(rows[i].before, "x86_64", rows[i].call,
                                                       rows[i].a0, caps)
                                              : rows[i].was;
                if (is != rows[i].is || was != rows[i].was)
                        fail_msg("%s in %s: %#x, in %s: %#x", rows[i].call,
                                 rows[i].before ? rows[i].before : "-", was, rows[i].since, is);
        }
        uint64_t usual = cf_capabilities_docker();
        assert_int_equal(answer("29.4.1", "i386", "socketcall", 0, usual), CF_ALLOW);
        assert_int_equal(answer("29.4.2", "i386", "socketcall", 0, usual), ENOSYS_);
        assert_int_equal(answer("29.4.3", "i386", "socketcall", 0, usual), CF_ALLOW);
        assert_int_equal(answer("29.5.0", "i386", "socketcall", 0, usual), CF_ALLOW);
        assert_int_equal(answer("20.10.0", "i386", "clock_gettime64", 0, usual), CF_ALLOW);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(some_are_files),
                cmocka_unit_test(all_can_be_read),
                cmocka_unit_test(history_meets_files),
                cmocka_unit_test(versions),
                cmocka_unit_test(names),
                cmocka_unit_test(docker_since_when),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
