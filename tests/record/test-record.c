/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "record/record.h"
#include "unit.h"

#define MEMORY ((size_t)64 << 20)

struct world {
        struct cf_arena *arena;
        struct cf_policies *all;
        const struct cf_arch *x86_64, *i386, *x32;
};

static void open_world(struct world *world)
{
        *world = (struct world){cf_arena_new(MEMORY), cf_policies_new(0), cf_arch_by_name("x86_64"),
                                cf_arch_by_name("i386"), cf_arch_by_name("x32")};
}

static void close_world(struct world *world)
{
        cf_policies_free(world->all);
        cf_arena_free(world->arena);
}

static struct cf_seen_call seen(const struct cf_arch *arch, const char *name, uint64_t count)
{
        struct cf_seen_call call = {.arch = arch, .count = {count, 0}, .runs = 1};
        assert_true(cf_syscall_number(arch, name, &call.nr));
        return call;
}

static uint32_t answer(struct world *world, cf_policy policy, const struct cf_arch *arch,
                       const char *name, uint64_t first)
{
        struct cf_call call = {.arch = arch->token, .args = {first}};
        assert_true(cf_syscall_number(arch, name, &call.nr));
        return cf_policy_value(world->all, policy, &call);
}

static struct cf_observation observe(struct world *world, const struct cf_seen_call *calls,
                                     size_t count)
{
        struct cf_observation observation;
        struct cf_error err = {0};
        assert_int_equal(cf_observation_make(world->arena, calls, count, &observation, &err), 0);
        return observation;
}

static cf_policy record(struct world *world, const struct cf_observation *observation,
                        struct cf_record_options options)
{
        cf_policy policy;
        struct cf_error err = {0};
        options.machine = world->x86_64;
        assert_int_equal(cf_record_policy(world->all, observation, &options, &policy, &err), 0);
        return policy;
}

/* ---- policies
 * ------------------------------------------------------------------------------------- */

static void only_what_was_seen(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        struct cf_seen_call calls[] = {seen(world.x86_64, "read", 3),
                                       seen(world.x86_64, "mount", 0),
                                       seen(world.x86_64, "capset", 0)};
        calls[1].refused = 1;
        calls[2].count[CF_SEEN_RUNTIME] = 1;
        struct cf_observation observation = observe(&world, calls, 3);
        cf_policy policy = record(&world, &observation, (struct cf_record_options){0});
        assert_int_equal(answer(&world, policy, world.x86_64, "read", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "capset", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "mount", 0), CF_ERRNO | EPERM);
        assert_int_equal(answer(&world, policy, world.x86_64, "write", 0), CF_ERRNO | EPERM);
        /* Programs do without it when they are told that it is not there. */
        assert_int_equal(answer(&world, policy, world.x86_64, "clone3", 0), CF_ERRNO | ENOSYS);
        /* Nothing was seen of them. */
        assert_int_equal(answer(&world, policy, world.i386, "read", 0), CF_KILL_THREAD);
        assert_int_equal(answer(&world, policy, world.x32, "read", 0), CF_KILL_THREAD);
        policy = record(&world, &observation, (struct cf_record_options){.refused = true});
        assert_int_equal(answer(&world, policy, world.x86_64, "mount", 0), CF_ALLOW);
        close_world(&world);
}

static void names_count_everywhere(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        const struct cf_seen_call calls[] = {seen(world.x86_64, "read", 3),
                                             seen(world.i386, "write", 1),
                                             seen(world.x32, "close", 1)};
        struct cf_observation observation = observe(&world, calls, 3);
        cf_policy policy = record(&world, &observation, (struct cf_record_options){0});
        assert_int_equal(answer(&world, policy, world.i386, "read", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "write", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x32, "write", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "close", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.i386, "mount", 0), CF_ERRNO | EPERM);
        close_world(&world);
}

/* Where all of clone3's flags were read, clone gets these and no other. */
static void clone_gets_the_flags_of_clone3(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        /* CLONE_CLEAR_SIGHAND | CLONE_NEWUTS | CLONE_FS, and those of a thread. */
        struct cf_seen_value values[] = {{0, 0x104000200, 2}, {0, 0x3d0f00, 1}};
        struct cf_seen_call calls[] = {seen(world.x86_64, "clone3", 3)};
        calls[0].values = values;
        calls[0].value_count = CF_COUNT(values);
        struct cf_observation observation = observe(&world, calls, 1);
        struct cf_record_options options = {.arguments = true};
        cf_policy policy = record(&world, &observation, options);
        const struct {
                uint64_t flags;
                uint32_t wanted;
        } rows[] = {
                {0x4000211, CF_ALLOW},           /* and SIGCHLD */
                {0x104000200, CF_ALLOW},         /* what clone takes no notice of */
                {0x3d0f00, CF_ALLOW},            /* a thread */
                {0x10000011, CF_ERRNO | EPERM},  /* CLONE_NEWUSER */
                {0x204000211, CF_ERRNO | EPERM}, /* CLONE_INTO_CGROUP was not given */
                {0x4004211, CF_ERRNO | EPERM},   /* CLONE_VFORK, neither */
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                assert_int_equal(answer(&world, policy, world.x86_64, "clone", rows[i].flags),
                                 rows[i].wanted);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone3", 0), CF_ERRNO | ENOSYS);
        /* Whatever the arguments, but for the other namespaces. */
        options.arguments = false;
        policy = record(&world, &observation, options);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x4004211), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x10000011),
                         CF_ERRNO | EPERM);
        /* One more that was not readable. */
        options.arguments = true;
        calls[0].count[CF_SEEN_WORKLOAD] = 4;
        observation = observe(&world, calls, 1);
        policy = record(&world, &observation, options);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x4000211),
                         CF_ERRNO | EPERM);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x4211), CF_ALLOW);
        /* A profile that answers ENOSYS must let clone do the same. */
        size_t *missing, count = 9;
        struct cf_error err = {0};
        for (int i = 0; i < 2; i++) {
                policy = cf_policy_constant(world.all, i ? CF_ALLOW : CF_ERRNO | EPERM);
                policy = cf_policy_choose(world.all, cf_policy_equal(world.all, CF_SLICE_NR, 435),
                                          cf_policy_constant(world.all, CF_ERRNO | ENOSYS), policy);
                assert_int_equal(cf_record_missing(world.all, world.arena, &observation, policy,
                                                   &missing, &count, &err),
                                 0);
                assert_int_equal(count, i ? 0 : 1);
        }
        close_world(&world);
}

/* Its flags are in memory: it gets ENOSYS whether it was seen or not, and clone is let through
 * without new namespaces in its place; but where the base lets it through. */
static void clone3_is_never_let_through(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        struct cf_seen_call calls[] = {seen(world.x86_64, "clone3", 3)};
        struct cf_observation observation = observe(&world, calls, 1);
        cf_policy allow = cf_policy_constant(world.all, CF_ALLOW);
        cf_policy refuse = cf_policy_constant(world.all, CF_ERRNO | EPERM);
        struct cf_record_options options[] = {
                {0},
                {.arguments = true},
                {.base = CF_RECORD_TIGHTEN, .policy = allow},
                {.base = CF_RECORD_ADD, .policy = refuse},
                {.base = CF_RECORD_ADD, .policy = allow},
        };
        for (size_t i = 0; i < CF_COUNT(options); i++) {
                cf_policy policy = record(&world, &observation, options[i]);
                uint32_t clone3 = answer(&world, policy, world.x86_64, "clone3", 0);
                uint32_t user = answer(&world, policy, world.x86_64, "clone", 0x10000011);
                assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x3d0f00), CF_ALLOW);
                assert_int_equal(clone3, i == 4   ? CF_ALLOW
                                         : i == 3 ? CF_ERRNO | EPERM
                                                  : CF_ERRNO | ENOSYS);
                assert_int_equal(user, i == 4 ? CF_ALLOW : CF_ERRNO | EPERM);
        }
        /* A profile that answers ENOSYS lacks nothing; one that answers EPERM does. */
        size_t *missing, count = 9;
        struct cf_error err = {0};
        cf_policy none = cf_policy_constant(world.all, CF_ERRNO | ENOSYS);
        assert_int_equal(cf_record_missing(world.all, world.arena, &observation, none, &missing,
                                           &count, &err),
                         0);
        assert_int_equal(count, 0);
        assert_int_equal(cf_record_missing(world.all, world.arena, &observation, refuse, &missing,
                                           &count, &err),
                         0);
        assert_int_equal(count, 1);
        close_world(&world);
}

static void reasons(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        static const struct cf_seen_value families[] = {{0, 1, 7}, {0, 2, 5}};
        struct cf_seen_call calls[] = {
                seen(world.x86_64, "socket", 12), seen(world.x86_64, "capset", 0),
                seen(world.x86_64, "read", 4), seen(world.x86_64, "clone3", 1),
                seen(world.x86_64, "mount", 0)};
        calls[0].values = families;
        calls[0].value_count = 2;
        calls[1].count[CF_SEEN_RUNTIME] = 1;
        calls[4].refused = 1;
        struct cf_observation observation = observe(&world, calls, CF_COUNT(calls));
        observation.runtime = "runc 1.1.5";
        static const struct {
                const char *call, *base, *reason;
        } rows[] = {
                {"socket", NULL,
                 "made by the workload; family == 1 (AF_UNIX), family == 2 (AF_INET)"},
                {"capset", NULL, "start-up of the container by runc 1.1.5"},
                {"read", "docker", "made by the workload"},
                {"clone", NULL, "in place of clone3, whose flags no filter sees"},
                {"clone3", NULL,
                 "its flags are in memory, where no filter looks: who gets ENOSYS calls clone"},
                {"mount", NULL, "tried, and refused until now"},
                {"exit_group", NULL, "every process may come to it"},
                {"futex", NULL, "threads may come to it"},
                {"rt_sigreturn", NULL, "start-up of a container, now and then"},
                {"rt_sigreturn", "docker", "of docker"},
                {"setgid", NULL, NULL},
                {"openat2", NULL, "not made: programs do without it after ENOSYS"},
                {"swapon", NULL, NULL},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text text = {0};
                cf_record_reason(&observation, rows[i].base, cf_syscall_by_name(rows[i].call),
                                 &text);
                if (rows[i].reason)
                        assert_string_equal(text.data, rows[i].reason);
                else
                        assert_null(text.data);
        }
        close_world(&world);
}

static bool allows(struct world *world, const struct cf_observation *observation, bool started,
                   const struct cf_arch *arch, const char *name)
{
        cf_policy policy =
                record(world, observation, (struct cf_record_options){.started = started});
        return answer(world, policy, arch, name, 0) == CF_ALLOW;
}

/* Whether threads wait for one another, and when they end, is chance; of processes it is not. */
static void threads_may_wait(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        static const struct cf_seen_value fork[] = {{0, 0x1200011, 1}};
        static const struct cf_seen_value thread[] = {{0, 0x1200011, 1}, {0, 0x3d0f00, 1}};
        for (int i = 0; i < 4; i++) {
                static const char *const names[] = {"futex", "exit", "restart_syscall",
                                                    "sched_yield"};
                struct cf_seen_call calls[] = {seen(world.x86_64, "clone", 2)};
                calls[0].values = i == 1 ? thread : fork;
                calls[0].value_count = i == 1 ? 2 : i == 0 ? 1 : 0;
                calls[0].open = i == 2; /* some of its flags are not known */
                calls[0].count[CF_SEEN_WORKLOAD] = i == 3 ? 0 : 2;
                struct cf_observation observation = observe(&world, calls, CF_COUNT(calls));
                for (size_t k = 0; k < CF_COUNT(names); k++)
                        assert_int_equal(
                                allows(&world, &observation, false, world.x86_64, names[k]),
                                i == 1 || i == 2);
        }
        close_world(&world);
}

/* What the kernel asks of a program, it asks after what the program did. */
static void what_the_kernel_asks(void **state)
{
        static const struct {
                const char *call;
                bool narrow, handler, old, wait;
        } rows[] = {
                {"read", false, false, false, false},
                {"rt_sigaction", false, true, false, false},
                {"rt_sigaction", true, true, true, false},
                {"sigaction", true, true, true, false},
                {"signal", true, true, true, false},
                {"nanosleep", false, false, false, true},
                {"clock_nanosleep", false, false, false, true},
                {"clock_nanosleep_time64", true, false, false, true},
                {"poll", false, false, false, true},
                {"futex", false, false, false, true},
                {"futex_time64", true, false, false, true},
                {"ppoll", false, false, false, false},
        };
        struct world world;
        (void)state;
        open_world(&world);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct cf_arch *arch = rows[i].narrow ? world.i386 : world.x86_64;
                struct cf_seen_call calls[] = {seen(arch, rows[i].call, 1),
                                               seen(world.i386, "getpid", 1)};
                struct cf_observation observation = observe(&world, calls, CF_COUNT(calls));
                for (int late = 0; late < 2; late++) {
                        observation.late = late;
                        assert_int_equal(allows(&world, &observation, false, arch, "rt_sigreturn"),
                                         rows[i].handler || late);
                        assert_int_equal(
                                allows(&world, &observation, false, world.i386, "sigreturn"),
                                rows[i].old || late);
                        assert_int_equal(
                                allows(&world, &observation, false, arch, "restart_syscall"),
                                rows[i].wait || late);
                        assert_int_equal(allows(&world, &observation, false, arch, "exit"), late);
                        assert_true(allows(&world, &observation, false, arch, "exit_group"));
                }
        }
        close_world(&world);
}

/* Of what a runtime may call, what goes badly when it is refused. */
static void starts(void **state)
{
        static const struct {
                const char *runtime, *call; /* call: of the runtime that was seen; NULL: none */
                bool started, go, crun, unseen;
        } rows[] = {
                {NULL, NULL, false, false, false, false},
                {NULL, NULL, true, true, true, true},
                {"runc 1.1.5", "capset", true, true, false, false},
                {"runc 1.1.5", "capset", false, true, false, false}, /* of an earlier run */
                {"runc 1.1.5", "close", true, true, false, false},
                {"another", "capset", true, true, false, false},
                {NULL, "capset", true, true, false, false},
                {"crun 1.8.1", "capset", true, false, true, false},
                {"crun 1.8.1", "close", true, false, false, false}, /* no-new-privileges */
        };
        static const char *const go[] = {"epoll_pwait", "futex", "mmap", "rt_sigreturn"};
        static const char *const crun[] = {"newfstatat", "openat", "setgroups"};
        static const char *const unseen[] = {"capget", "pselect6", "setresuid", "setuid", "tgkill"};
        static const char *const never[] = {
                "clone",          "gettid", "madvise",     "munmap",          "nanosleep",
                "rt_sigprocmask", "exit",   "sched_yield", "restart_syscall", "sigaltstack"};
        struct world world;
        (void)state;
        open_world(&world);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_seen_call calls[] = {seen(world.x86_64, "read", 1),
                                               seen(world.x86_64, "mprotect", 1)};
                if (rows[i].call) {
                        calls[1] = seen(world.x86_64, rows[i].call, 0);
                        calls[1].count[CF_SEEN_RUNTIME] = 1;
                }
                struct cf_observation observation = observe(&world, calls, CF_COUNT(calls));
                observation.runtime = rows[i].runtime;
#define CHECK(list, expected)                                                                  \
        for (size_t k = 0; k < CF_COUNT(list); k++)                                            \
        assert_int_equal(allows(&world, &observation, rows[i].started, world.x86_64, list[k]), \
                         expected)
                CHECK(go, rows[i].go);
                CHECK(crun, rows[i].crun);
                CHECK(unseen, rows[i].unseen);
                CHECK(never, rows[i].unseen && strcmp(never[k], "rt_sigprocmask") == 0);
#undef CHECK
        }
        close_world(&world);
}

/* A Go program comes to what its runtime does by chance; it is known by what that does at first. */
static void written_in_go(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        static const struct cf_seen_value thread[] = {{0, 0x50f00, 1}};
        for (int i = 0; i < 4; i++) {
                struct cf_seen_call calls[] = {seen(world.x86_64, "clone", 1),
                                               seen(world.x86_64, "rt_sigaction", i == 1 ? 9 : 130),
                                               seen(world.x86_64, "sigaltstack", i != 2)};
                calls[0].values = thread;
                calls[0].value_count = i != 3;
                struct cf_observation observation = observe(&world, calls, CF_COUNT(calls));
                assert_int_equal(allows(&world, &observation, false, world.x86_64, "tgkill"),
                                 i == 0);
                assert_int_equal(allows(&world, &observation, false, world.x86_64, "madvise"),
                                 i == 0);
        }
        close_world(&world);
}

/* Of two runtimes none is the runtime: what the one does without, the other may need. */
static void joined_runtimes(void **state)
{
        struct world world;
        struct cf_error err = {0};
        (void)state;
        open_world(&world);
        struct cf_seen_call calls[] = {seen(world.x86_64, "capset", 0)};
        calls[0].count[CF_SEEN_RUNTIME] = 1;
        struct cf_observation both[2] = {observe(&world, calls, 1), observe(&world, calls, 1)};
        struct cf_observation joined;
        both[0].runtime = both[1].runtime = "crun 1.8.1";
        assert_int_equal(cf_observation_join(world.arena, both, 2, &joined, &err), 0);
        assert_string_equal(joined.runtime, "crun 1.8.1");
        assert_false(joined.late);
        both[1].runtime = "runc 1.1.5";
        both[1].late = true;
        assert_int_equal(cf_observation_join(world.arena, both, 2, &joined, &err), 0);
        assert_null(joined.runtime);
        assert_true(joined.late);
        assert_true(allows(&world, &joined, true, world.x86_64, "epoll_pwait"));
        close_world(&world);
}

static void arguments(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        static const struct cf_seen_value families[] = {{0, 2, 5}, {0, 1, 7}, {1, 1, 12}};
        static const struct cf_seen_value flags[] = {{0, 0x11, 1}, {0, 0x1200011, 2}};
        struct cf_seen_call calls[] = {seen(world.x86_64, "socket", 12),
                                       seen(world.x86_64, "clone", 3),
                                       seen(world.x86_64, "personality", 1)};
        static const struct cf_seen_value open[] = {{0, 0, 1}};
        calls[0].values = families;
        calls[0].value_count = 3;
        calls[1].values = flags;
        calls[1].value_count = 2;
        calls[2].values = open;
        calls[2].value_count = 1;
        calls[2].open = 1;
        struct cf_observation observation = observe(&world, calls, 3);
        cf_policy policy =
                record(&world, &observation, (struct cf_record_options){.arguments = true});
        struct cf_call call = {.arch = world.x86_64->token, .args = {1, 1}};
        assert_true(cf_syscall_number(world.x86_64, "socket", &call.nr));
        assert_int_equal(cf_policy_value(world.all, policy, &call), CF_ALLOW);
        call.args[0] = 40;
        assert_int_equal(cf_policy_value(world.all, policy, &call), CF_ERRNO | EPERM);
        call.args[0] = UINT64_C(0x100000001); /* the kernel would take it for AF_UNIX */
        assert_int_equal(cf_policy_value(world.all, policy, &call), CF_ERRNO | EPERM);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x11), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x1000011), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone", 0x10000011),
                         CF_ERRNO | EPERM);
        /* Not all of its values are known. */
        assert_int_equal(answer(&world, policy, world.x86_64, "personality", 9), CF_ALLOW);
        size_t *missing, count;
        struct cf_error err = {0};
        assert_int_equal(cf_record_missing(world.all, world.arena, &observation, policy, &missing,
                                           &count, &err),
                         0);
        assert_int_equal(count, 0);
        close_world(&world);
}

static void bases(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        static const struct cf_seen_call none[1];
        struct cf_seen_call calls[] = {seen(world.x86_64, "read", 3),
                                       seen(world.x86_64, "mount", 1)};
        struct cf_observation observation = observe(&world, calls, 2), first;
        calls[1] = seen(world.x86_64, "write", 1);
        first = observe(&world, calls, 2);
        cf_policy base = record(&world, &first, (struct cf_record_options){0});
        cf_policy policy =
                record(&world, &observation,
                       (struct cf_record_options){.base = CF_RECORD_ADD, .policy = base});
        assert_int_equal(answer(&world, policy, world.x86_64, "mount", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "write", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "clone3", 0), CF_ERRNO | ENOSYS);
        policy = record(&world, &observation,
                        (struct cf_record_options){.base = CF_RECORD_TIGHTEN, .policy = base});
        assert_int_equal(answer(&world, policy, world.x86_64, "read", 0), CF_ALLOW);
        assert_int_equal(answer(&world, policy, world.x86_64, "write", 0), CF_ERRNO | EPERM);
        assert_int_equal(answer(&world, policy, world.x86_64, "mount", 0), CF_ERRNO | EPERM);
        size_t *missing, count;
        struct cf_error err = {0};
        assert_int_equal(cf_record_missing(world.all, world.arena, &observation, base, &missing,
                                           &count, &err),
                         0);
        assert_int_equal(count, 1);
        assert_string_equal(
                cf_syscall_by_number(world.x86_64, observation.calls[missing[0]].nr)->name,
                "mount");
        /* Nothing seen: nothing allowed, nothing added. */
        first = observe(&world, none, 0);
        policy = record(&world, &first,
                        (struct cf_record_options){.base = CF_RECORD_ADD, .policy = base});
        assert_int_equal(policy, base);
        close_world(&world);
}

/* What is recorded can be written as a profile, and means the same. */
static void profiles(void **state)
{
        struct world world;
        (void)state;
        open_world(&world);
        static const struct cf_seen_value families[] = {{0, 2, 5}, {0, 1, 7}};
        struct cf_seen_call calls[] = {seen(world.x86_64, "socket", 12),
                                       seen(world.i386, "read", 3)};
        calls[0].values = families;
        calls[0].value_count = 2;
        struct cf_observation observation = observe(&world, calls, 2);
        for (int i = 0; i < 2; i++) {
                CF_TEXT struct cf_text text = {0};
                struct cf_error err = {0};
                const struct cf_arch *const *arches;
                size_t count;
                cf_policy policy =
                        record(&world, &observation, (struct cf_record_options){.arguments = i});
                assert_int_equal(cf_profile_covered(world.all, policy, world.x86_64, world.arena,
                                                    &arches, &count, &err),
                                 0);
                assert_int_equal(count, 2);
                int r = cf_profile_print(world.all, policy, arches, count, NULL, &text, &err);
                if (r < 0)
                        fail_msg("%s", err.frames[0].message);
                assert_non_null(strstr(text.data, "\"socket\""));
        }
        close_world(&world);
}

/* ---- observations
 * ----------------------------------------------------------------------------------- */

static void files(void **state)
{
        struct world world;
        struct cf_error err = {0};
        struct cf_source *source;
        struct cf_observation again, both[2], joined;
        CF_TEXT struct cf_text text = {0}, second = {0};
        (void)state;
        open_world(&world);
        static const struct cf_seen_value families[] = {{0, 2, 5}, {0, UINT64_MAX, 7}};
        struct cf_seen_call calls[] = {
                seen(world.i386, "read", UINT64_MAX),
                seen(world.x86_64, "socket", 12),
                {.arch = world.x86_64, .nr = 100000, .count = {1, 0}, .runs = 1}};
        calls[1].values = families;
        calls[1].value_count = 2;
        calls[1].open = 0x22;
        struct cf_observation observation = observe(&world, calls, 3);
        observation.runtime = "runc 1.1.5";
        observation.lost = 3;
        observation.late = true;
        struct cf_json_writer json = {.out = &text, .indent = 2};
        cf_observation_put(&json, &observation);
        assert_int_equal(
                cf_source_from(world.arena, "seen.json", cf_text_span(&text), &source, &err), 0);
        assert_int_equal(cf_observation_read(world.arena, source, &again, &err), 0);
        json = (struct cf_json_writer){.out = &second, .indent = 2};
        cf_observation_put(&json, &again);
        assert_string_equal(text.data, second.data);
        assert_true(again.late);
        both[0] = observation;
        both[1] = again;
        assert_int_equal(cf_observation_join(world.arena, both, 2, &joined, &err), 0);
        assert_int_equal(joined.runs, 2);
        assert_int_equal(joined.lost, 6);
        assert_int_equal(joined.call_count, 3);
        assert_int_equal(joined.calls[0].count[0], 24);
        assert_int_equal(joined.calls[0].values[0].count, 10);
        assert_int_equal(joined.calls[0].runs, 2);
        assert_true(joined.calls[2].count[0] == UINT64_MAX); /* as much as there is */
        close_world(&world);
}

static void bad_files(void **state)
{
        static const struct {
                const char *text, *message;
        } table[] = {
                {"{}", "no observation"},
                {"[]", "no observation"},
                {"{\"schema\":\"confined-observation-1\"}", "\"calls\" is expected"},
                {"{\"schema\":\"confined-observation-1\",\"calls\":[{}]}",
                 "name of an architecture"},
                {"{\"schema\":\"confined-observation-1\",\"calls\":[{\"arch\":\"x86_64\",\"call\":"
                 "\"x\"}]}",
                 "has no such call"},
                {"{\"schema\":\"confined-observation-1\",\"calls\":[{\"arch\":\"x86_64\",\"nr\":-1}"
                 "]}",
                 "whole number"},
                {"{\"schema\":\"confined-observation-1\",\"calls\":[{\"arch\":\"x86_64\",\"nr\":"
                 "1073741824}]}",
                 "a number of its architecture"},
                {"{\"schema\":\"confined-observation-1\",\"calls\":[{\"arch\":\"x86_64\",\"nr\":1,"
                 "\"values\":[{\"arg\":6}]}]}",
                 "whole number"},
        };
        struct world world;
        (void)state;
        open_world(&world);
        for (size_t i = 0; i < CF_COUNT(table); i++) {
                struct cf_error err = {0};
                struct cf_source *source;
                struct cf_observation observation;
                assert_int_equal(
                        cf_source_from(world.arena, "x", cf_span_of(table[i].text), &source, &err),
                        0);
                assert_int_equal(cf_observation_read(world.arena, source, &observation, &err),
                                 -EINVAL);
                assert_non_null(strstr(err.frames[0].message, table[i].message));
                assert_true(err.frames[0].place.line == 1);
        }
        close_world(&world);
}

static void estimates(void **state)
{
        struct world world;
        struct cf_estimate estimate;
        (void)state;
        open_world(&world);
        const struct cf_seen_call calls[] = {
                seen(world.x86_64, "read", 996), seen(world.x86_64, "open", 1),
                seen(world.x86_64, "close", 1), seen(world.x86_64, "write", 2)};
        struct cf_observation observation = observe(&world, calls, 4);
        cf_observation_estimate(&observation, &estimate);
        assert_int_equal(estimate.total, 1000);
        assert_int_equal(estimate.kinds, 4);
        assert_int_equal(estimate.singles, 2);
        assert_true(estimate.unseen == 0.002);
        assert_true(estimate.all_kinds == 4.5); /* 4 + 2 * 1 / (2 * 2) */
        observation.call_count = 0;
        cf_observation_estimate(&observation, &estimate);
        assert_true(estimate.unseen == 0 && estimate.all_kinds == 0);
        close_world(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_was_seen),
                cmocka_unit_test(names_count_everywhere),
                cmocka_unit_test(clone3_is_never_let_through),
                cmocka_unit_test(clone_gets_the_flags_of_clone3),
                cmocka_unit_test(threads_may_wait),
                cmocka_unit_test(what_the_kernel_asks),
                cmocka_unit_test(starts),
                cmocka_unit_test(joined_runtimes),
                cmocka_unit_test(written_in_go),
                cmocka_unit_test(reasons),
                cmocka_unit_test(arguments),
                cmocka_unit_test(bases),
                cmocka_unit_test(profiles),
                cmocka_unit_test(files),
                cmocka_unit_test(bad_files),
                cmocka_unit_test(estimates),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
