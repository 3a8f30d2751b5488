/* SPDX-License-Identifier: Apache-2.0 */
/* What runtimes make of profiles, and what gets lost. The kernel is asked where it can tell. */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/source.h"
#include "random.h"
#include "runtime/runtime.h"
#include "unit.h"

#define EPERM_VALUE (CF_ERRNO | 1u)
#define ENOSYS_VALUE (CF_ERRNO | 38u)

struct bench {
        struct cf_arena *arena;
        struct cf_policies *all;
        struct cf_circumstances circumstances;
        struct cf_runtime_options options;
        const struct cf_profile *profile;
        struct cf_runtime_loaded loaded;
        struct cf_runtime_loss *losses;
        size_t loss_count;
        struct cf_error err;
};

static int setup(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));
        bench->arena = cf_arena_new(0);
        bench->all = cf_policies_new(0);
        bench->circumstances = (struct cf_circumstances){cf_arch_by_name("x86_64"),
                                                         cf_capabilities_docker(), 6, 1};
        *state = bench;
        return 0;
}

static int teardown(void **state)
{
        struct bench *bench = *state;
        cf_policies_free(bench->all);
        cf_arena_free(bench->arena);
        free(bench);
        return 0;
}

static void read_text(struct bench *bench, struct cf_span text)
{
        struct cf_source *source;
        assert_int_equal(cf_source_from(bench->arena, "p.json", text, &source, NULL), 0);
        assert_int_equal(cf_profile_read(bench->arena, source, &bench->profile, &bench->err), 0);
}

static int load(struct bench *bench)
{
        memset(&bench->err, 0, sizeof(bench->err));
        int r = cf_runtime_load(bench->all, bench->arena, bench->profile, &bench->circumstances,
                                &bench->options, &bench->loaded, &bench->err);
        if (r == 0)
                assert_int_equal(cf_runtime_losses(bench->all, bench->arena, &bench->loaded,
                                                   &bench->losses, &bench->loss_count, &bench->err),
                                 0);
        return r;
}

/* Reads and loads a profile written in short: ' stands for ". */
static int load_short(struct bench *bench, const char *text)
{
        char *json = cf_arena_string(bench->arena, text);
        for (char *c = json; *c; c++)
                *c = *c == '\'' ? '"' : *c;
        read_text(bench, cf_span_of(json));
        return load(bench);
}

/* Calls that one loss is about. */
static cf_policy calls_of(struct cf_policies *all, const struct cf_runtime_loss *loss)
{
        cf_policy calls =
                cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, loss->arch->token),
                              cf_policy_range(all, CF_SLICE_NR, loss->witness.nr, loss->nr_last));
        return cf_policy_and(all, calls, loss->condition);
}

/* Calls of i386 have nothing in upper halves. */
static cf_policy calls_met(struct cf_policies *all)
{
        cf_policy upper = CF_POLICY_FALSE;
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                upper = cf_policy_or(
                        all, upper,
                        cf_policy_range(all, cf_slice_word(2 + 2 * arg), 1, UINT32_MAX));
        return cf_policy_not(all, cf_policy_and(all, upper,
                                                cf_policy_equal(all, CF_SLICE_ARCH,
                                                                cf_arch_by_name("i386")->token)));
}

/* The losses are the difference: they do not overlap, and nothing is missing. */
static void check_complete(const struct bench *bench)
{
        struct cf_policies *all = bench->all;
        cf_policy listed = CF_POLICY_FALSE;
        cf_policy differs =
                cf_policy_where_differs(all, cf_policy_normal(all, bench->loaded.steps[0]),
                                        cf_policy_normal(all, bench->loaded.policy));
        differs = cf_policy_and(all, differs, calls_met(all));
        for (size_t i = 0; i < bench->loss_count; i++) {
                cf_policy calls = calls_of(all, &bench->losses[i]);
                calls = cf_policy_and(all, calls, calls_met(all));
                assert_int_equal(cf_policy_and(all, listed, calls), CF_POLICY_FALSE);
                listed = cf_policy_or(all, listed, calls);
        }
        assert_int_not_equal(listed, CF_POLICY_NONE);
        assert_int_equal(listed, differs);
}

/* Every loss is a difference, its witness shows it, and all of them together are all there is. */
static void check_losses(const struct bench *bench)
{
        for (size_t i = 0; i < bench->loss_count; i++) {
                const struct cf_runtime_loss *loss = &bench->losses[i];
                uint32_t now = cf_policy_value(bench->all, bench->loaded.policy, &loss->witness);
                uint32_t then = cf_policy_value(bench->all, bench->loaded.steps[0], &loss->witness);
                assert_int_equal(cf_action_normal(now), loss->loaded);
                assert_int_equal(cf_action_normal(then), loss->written);
                assert_int_not_equal(loss->loaded, loss->written);
                assert_int_not_equal(loss->causes, 0);
                assert_int_equal(loss->witness.arch, loss->arch->token);
                if (loss->call)
                        assert_ptr_equal(cf_syscall_by_number(loss->arch, loss->witness.nr),
                                         loss->call);
        }
        check_complete(bench);
}

static const struct cf_runtime_loss *find(const struct bench *bench, const char *arch,
                                          const char *call)
{
        const struct cf_runtime_loss *found = NULL;
        for (size_t i = 0; i < bench->loss_count; i++) {
                const struct cf_runtime_loss *loss = &bench->losses[i];
                if (strcmp(loss->arch->name, arch) != 0 || !loss->call ||
                    strcmp(loss->call->name, call) != 0)
                        continue;
                assert_null(found);
                found = loss;
        }
        return found;
}

static uint32_t answer(const struct bench *bench, cf_policy policy, const char *name, uint64_t a0,
                       uint64_t a1)
{
        struct cf_call call = {.arch = AUDIT_ARCH_X86_64, .args = {a0, a1}};
        assert_true(cf_syscall_number(cf_arch_by_name("x86_64"), name, &call.nr));
        return cf_policy_value(bench->all, policy, &call);
}

/* What the kernel does with a getppid under the filter: 0, or the errno. */
static int kernel_answer(struct cf_filter filter, const struct cf_call *call)
{
        int status;
        pid_t child = fork();
        if (child == 0) {
                struct sock_fprog program = {(unsigned short)filter.count,
                                             (struct sock_filter *)(uintptr_t)filter.code};
                if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                        _exit(255);
                long r = syscall(SYS_getppid, call->args[0], call->args[1], call->args[2],
                                 call->args[3], call->args[4], call->args[5]);
                _exit(r < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

/* ---- what engines use ----------------------------------------------------------------------- */

static void test_defaults(void **state)
{
        struct bench *bench = *state;
        for (size_t i = 0; i < cf_profile_default_count; i++)
                for (int kind = CF_RUNTIME_RUNC; kind <= CF_RUNTIME_CRUN; kind++) {
                        struct cf_span text;
                        assert_int_equal(cf_profile_default_text(bench->arena,
                                                                 &cf_profile_defaults[i], &text),
                                         0);
                        read_text(bench, text);
                        bench->options.kind = (enum cf_runtime_kind)kind;
                        assert_int_equal(load(bench), 0);
                        assert_true(bench->loaded.obtained);
                        assert_true(bench->loaded.library.major >= 2);
                        assert_null(bench->loaded.reason);
                        check_losses(bench);
                }
}

/* ---- causes --------------------------------------------------------------------------------- */

#define BEGIN \
        "{'defaultAction': 'SCMP_ACT_ERRNO', 'architectures': ['SCMP_ARCH_X86_64'], 'syscalls': ["
#define ALLOW(name) "{'names': ['" name "'], 'action': 'SCMP_ACT_ALLOW'}"
#define END "]}"

static void test_unknown_name(void **state)
{
        struct bench *bench = *state;
        /* No libseccomp knows the second one: no kernel has it. */
        assert_int_equal(load_short(bench, BEGIN ALLOW("read") "," ALLOW("frobnicate") END), 0);
        assert_int_equal(bench->loaded.unknown_count, 1);
        assert_string_equal(bench->loaded.unknown[0].name->text.data, "frobnicate");
        assert_ptr_equal(bench->loaded.unknown[0].rule, &bench->profile->rules[1]);
}

static void test_stub(void **state)
{
        struct bench *bench = *state;
        assert_int_equal(load_short(bench, BEGIN ALLOW("read") "," ALLOW("dup") END), 0);
        assert_int_equal(answer(bench, bench->loaded.policy, "dup", 0, 0), CF_ALLOW);
        assert_int_equal(answer(bench, bench->loaded.policy, "write", 0, 0), EPERM_VALUE);
        assert_int_equal(answer(bench, bench->loaded.policy, "dup2", 0, 0), ENOSYS_VALUE);
        const struct cf_runtime_loss *loss = find(bench, "x86_64", "dup2");
        assert_non_null(loss);
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_STUB);
        assert_null(loss->use.rule);
        check_losses(bench);

        bench->options.kind = CF_RUNTIME_CRUN; /* it has none */
        assert_int_equal(load(bench), 0);
        assert_int_equal(bench->loss_count, 0);

        /* An architecture that is not named has one since 1.1.15. */
        bench->options.kind = CF_RUNTIME_RUNC;
        const char *unnamed = "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [" ALLOW("dup") "]}";
        assert_int_equal(load_short(bench, unnamed), 0);
        assert_int_equal(answer(bench, bench->loaded.policy, "dup2", 0, 0), ENOSYS_VALUE);
        bench->options.version = (struct cf_runtime_version){1, 1, 14};
        assert_int_equal(load_short(bench, unnamed), 0);
        assert_int_equal(answer(bench, bench->loaded.policy, "dup2", 0, 0), EPERM_VALUE);
        bench->options.version.patch = 15;
        assert_int_equal(load_short(bench, unnamed), 0);
        assert_int_equal(answer(bench, bench->loaded.policy, "dup2", 0, 0), ENOSYS_VALUE);

        /* Nothing is put before a filter that lets unknown calls through. */
        assert_int_equal(load_short(bench, "{'defaultAction': 'SCMP_ACT_LOG', 'syscalls': "
                                           "[{'names': ['read'], 'action': 'SCMP_ACT_ERRNO'}]}"),
                         0);
        assert_int_equal(bench->loaded.policy, bench->loaded.steps[CF_RUNTIME_STUB]);
}

/* An entry that says what the default says anyway: it does not count, also against others. */
static void test_skipped(void **state)
{
        struct bench *bench = *state;
        assert_int_equal(
                load_short(bench,
                           BEGIN ALLOW("getppid") ", {'names': ['getppid'], 'action': "
                                                  "'SCMP_ACT_ERRNO', 'args': [{'index': 0, "
                                                  "'value': 7, 'op': "
                                                  "'SCMP_CMP_EQ'}]}, " ALLOW("finit_module") END),
                0);
        const struct cf_runtime_loss *loss = find(bench, "x86_64", "getppid");
        assert_non_null(loss);
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_SKIPPED);
        assert_int_equal(loss->written, EPERM_VALUE);
        assert_int_equal(loss->loaded, CF_ALLOW);
        assert_int_equal(loss->witness.args[0], 7);
        assert_ptr_equal(loss->use.rule, &bench->profile->rules[1]);
        check_losses(bench);
}

/* Two conditions on one argument: each becomes a rule, so that either is enough. */
static void test_repeated(void **state)
{
        struct bench *bench = *state;
        assert_int_equal(load_short(bench, BEGIN
                                    "{'names': ['getppid'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
                                    "{'index': 0, 'value': 5, 'op': 'SCMP_CMP_GE'},"
                                    "{'index': 0, 'value': 9, 'op': 'SCMP_CMP_LE'}]}" END),
                         0);
        const struct cf_runtime_loss *loss = find(bench, "x86_64", "getppid");
        assert_non_null(loss);
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_REPEATED);
        assert_int_equal(loss->loaded, CF_ALLOW);
        assert_int_equal(answer(bench, bench->loaded.policy, "getppid", 4, 0), CF_ALLOW);
        assert_int_equal(answer(bench, bench->loaded.steps[0], "getppid", 4, 0), EPERM_VALUE);
        check_losses(bench);
}

/* x32 calls have 64-bit registers, of which libseccomp compares the lower halves alone. */
static void test_halves(void **state)
{
        struct bench *bench = *state;
        const char *text = "{'defaultAction': 'SCMP_ACT_ERRNO', 'architectures': ["
                           "'SCMP_ARCH_X86_64', 'SCMP_ARCH_X32', 'SCMP_ARCH_X86'], 'syscalls': ["
                           "{'names': ['getppid'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
                           "{'index': 0, 'value': 5, 'op': 'SCMP_CMP_EQ'}]}]}";
        bench->options.kind = CF_RUNTIME_CRUN;
        assert_int_equal(load_short(bench, text), 0);
        assert_int_equal(bench->loss_count, 1); /* on i386 nobody can see it */
        const struct cf_runtime_loss *loss = find(bench, "x32", "getppid");
        assert_non_null(loss);
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_HALVES);
        assert_int_equal(loss->witness.args[0], UINT64_C(0x100000005));
        check_losses(bench);
}

#define ARGUMENT(index, value, op) \
        "{'index': " #index ", 'value': " #value ", 'op': 'SCMP_CMP_" #op "'}"
#define REFUSE(args) "{'names': ['getppid'], 'action': 'SCMP_ACT_ERRNO', 'args': [" args "]}"

/* Rules on several arguments that libseccomp, up to 2.6 at least, builds wrongly. */
static void test_wrong(void **state)
{
        struct bench *bench = *state;
        assert_int_equal(
                load_short(
                        bench,
                        "{'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': "
                        "['SCMP_ARCH_X86_64'], 'syscalls': [" REFUSE(ARGUMENT(
                                0, 40, GT)) ", " REFUSE(ARGUMENT(0, 2, GE) ", " ARGUMENT(1, 39,
                                                                                         LT)) "]}"),
                0);
        if (bench->loaded.policy == bench->loaded.steps[0]) {
                print_message("this libseccomp builds them as they are written\n");
                skip();
        }
        check_losses(bench);
        const struct cf_runtime_loss *loss = find(bench, "x86_64", "getppid");
        assert_non_null(loss);
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_LIBRARY);
        assert_int_equal(loss->written, EPERM_VALUE);
        assert_int_equal(loss->loaded, CF_ALLOW);
        assert_ptr_equal(loss->use.rule, &bench->profile->rules[1]);
        /* The kernel lets the witness through, and refuses it under our own filter. */
        struct cf_filter ours;
        assert_int_equal(
                cf_filter_emit(bench->all, bench->loaded.steps[0], NULL, bench->arena, &ours, NULL),
                0);
        assert_int_equal(kernel_answer(bench->loaded.filter, &loss->witness), 0);
        assert_int_equal(kernel_answer(ours, &loss->witness), EPERM);
}

#define RANDOM_SETS 150

/* Rules of one action on up to three arguments, as text. */
static const char *random_set(struct cf_arena *arena)
{
        static const char *const operators[] = {"NE", "LT", "LE", "EQ", "GE", "GT"};
        static const uint64_t values[] = {
                0, 1, 2, 8, 39, 40, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(0x100000028)};
        CF_TEXT struct cf_text text = {0};
        cf_text_puts(&text, "{'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': "
                            "['SCMP_ARCH_X86_64'], 'syscalls': [");
        for (uint32_t i = 0, rules = 2 + random_below(2); i < rules; i++) {
                cf_text_puts(&text, i ? ", " : "");
                cf_text_puts(&text, "{'names': ['getppid'], 'action': 'SCMP_ACT_ERRNO', 'args': [");
                bool any = false;
                for (unsigned arg = 0; arg < 3; arg++) {
                        if (random_below(2) == 0)
                                continue;
                        cf_text_printf(&text, "%s{'index': %u, 'op': 'SCMP_CMP_%s', 'value': %llu}",
                                       any ? ", " : "", arg,
                                       operators[random_below(CF_COUNT(operators))],
                                       (unsigned long long)values[random_below(CF_COUNT(values))]);
                        any = true;
                }
                cf_text_puts(&text, "]}");
        }
        cf_text_puts(&text, "]}");
        return cf_arena_copy(arena, cf_text_span(&text));
}

/* Whatever libseccomp makes of them, that is what the kernel does; and where it is not what is
 * written, the kernel does that under our own filter. */
static void test_random(void **state)
{
        struct bench *bench = *state;
        size_t wrong = 0, late = 0;
        bench->options.timeout_ms = 300;
        for (size_t i = 0; i < RANDOM_SETS; i++) {
                int r = load_short(bench, random_set(bench->arena));
                late += r == -ETIMEDOUT;
                if (r == -ETIMEDOUT)
                        continue;
                assert_int_equal(r, 0);
                check_losses(bench);
                if (!bench->loss_count)
                        continue;
                const struct cf_runtime_loss *loss = &bench->losses[0];
                struct cf_filter ours;
                assert_int_equal(bench->loss_count <= 2, 1); /* too loose, too strict */
                assert_int_equal(loss->causes, 1u << CF_RUNTIME_LIBRARY);
                assert_int_equal(cf_filter_emit(bench->all, bench->loaded.steps[0], NULL,
                                                bench->arena, &ours, NULL),
                                 0);
                assert_int_equal(kernel_answer(bench->loaded.filter, &loss->witness),
                                 loss->loaded == CF_ALLOW ? 0 : EPERM);
                assert_int_equal(kernel_answer(ours, &loss->witness),
                                 loss->written == CF_ALLOW ? 0 : EPERM);
                wrong++;
        }
        print_message("%zu of %d sets are built otherwise than they are written, %zu not at all\n",
                      wrong, RANDOM_SETS, late);
        assert_true(late < RANDOM_SETS / 4);
}

static void test_contradicted(void **state)
{
        struct bench *bench = *state;
        bench->options.kind = CF_RUNTIME_CRUN;
        assert_int_equal(
                load_short(bench, BEGIN ALLOW("getppid") ", {'names': ['getppid'], "
                                                         "'action': 'SCMP_ACT_KILL_PROCESS'}" END),
                0);
        check_losses(bench);
        const struct cf_runtime_loss *loss = find(bench, "x86_64", "getppid");
        if (!loss) {
                print_message("this libseccomp takes the strictest\n");
                skip();
        }
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_CONTRADICTED);
        assert_ptr_equal(loss->use.rule, &bench->profile->rules[1]);
}

static void test_multiplexed(void **state)
{
        struct bench *bench = *state;
        bench->options.kind = CF_RUNTIME_CRUN;
        assert_int_equal(load_short(bench, "{'defaultAction': 'SCMP_ACT_ERRNO', 'architectures': "
                                           "['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'], 'syscalls': "
                                           "[" ALLOW("socket") "]}"),
                         0);
        check_losses(bench);
        const struct cf_runtime_loss *loss = find(bench, "i386", "socketcall");
        assert_non_null(loss);
        assert_int_equal(loss->causes, 1u << CF_RUNTIME_MULTIPLEXED);
        assert_int_equal(loss->witness.args[0], 1); /* SYS_SOCKET */
}

/* ---- when it does not go well --------------------------------------------------------------- */

/* A profile on which libseccomp does not come to an end. */
static void test_endless(void **state)
{
        struct bench *bench = *state;
        struct timespec begin, end;
        bench->options.timeout_ms = 400;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        int r = load_short(
                bench,
                BEGIN "{'names': ['getppid'], 'action': 'SCMP_ACT_ALLOW', 'args': [" ARGUMENT(
                        0, 1, NE) ", " ARGUMENT(1, 8, GT) "]}, {'names': ['getppid'], 'action': "
                                                          "'SCMP_ACT_ALLOW', 'args': [" ARGUMENT(
                                                                  0, 1,
                                                                  NE) ", " ARGUMENT(1, 2,
                                                                                    NE) "]}" END);
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (r == 0) {
                print_message("this libseccomp comes to an end\n");
                skip();
        }
        assert_int_equal(r, -ETIMEDOUT);
        assert_non_null(strstr(bench->err.frames[0].message, "had not finished after 0.4 s"));
        assert_non_null(strstr(bench->err.frames[0].message, "'getppid'"));
        assert_int_equal(bench->err.frames[0].place.line, 1);
        assert_true(end.tv_sec - begin.tv_sec < 60); /* it ends at all */
}

static void test_refused(void **state)
{
        struct bench *bench = *state;
        const char *numbered = BEGIN "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'errnoRet': "
                                     "1}" END;
        assert_int_equal(load_short(bench, numbered), 0);
        bench->options.kind = CF_RUNTIME_CRUN;
        assert_int_equal(load_short(bench, numbered), -ENOEXEC);
        assert_non_null(strstr(bench->err.frames[0].message, "crun would refuse this profile"));
        assert_int_equal(bench->err.frames[0].place.line, 1);
}

static void test_without_library(void **state)
{
        struct bench *bench = *state;
        cf_policy policies[2];
        const char *files[] = {"/nowhere/libseccomp.so.2", ""};
        for (size_t i = 0; i < CF_COUNT(files); i++) {
                bench->options.library = files[i];
                assert_int_equal(load_short(bench, BEGIN ALLOW("read") "," ALLOW("dup") "," ALLOW(
                                                           "frobnicate") END),
                                 0);
                assert_false(bench->loaded.obtained);
                assert_non_null(strstr(bench->loaded.reason, "libseccomp"));
                assert_int_equal(bench->loaded.unknown_count, 0);
                assert_int_equal(answer(bench, bench->loaded.policy, "dup2", 0, 0), ENOSYS_VALUE);
                check_losses(bench);
                policies[i] = bench->loaded.policy;
        }
        assert_int_equal(policies[0], policies[1]);
        bench->options.library = NULL; /* for so simple a profile the rules are enough */
        assert_int_equal(load(bench), 0);
        assert_true(bench->loaded.obtained);
        assert_int_equal(bench->loaded.policy, policies[0]);
}

/* Another machine's engine, as far as this machine's library can tell. */
static void test_other_machine(void **state)
{
        struct bench *bench = *state;
        const char *text = "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [" ALLOW("read") "]}";
        bench->circumstances.machine = cf_arch_by_name("aarch64");
        bench->options.kind = CF_RUNTIME_CRUN;
        assert_int_equal(load_short(bench, text), 0);
        assert_true(bench->loaded.obtained);
        assert_int_equal(bench->loss_count, 0);
        bench->circumstances.machine = cf_arch_by_name("s390x");
        assert_int_equal(load_short(bench, text), 0);
        assert_false(bench->loaded.obtained);
        assert_non_null(strstr(bench->loaded.reason, "big-endian"));
}

static void test_no_filter(void **state)
{
        struct bench *bench = *state;
        assert_int_equal(load_short(bench, "{}"), 0);
        assert_int_equal(bench->loaded.policy, cf_policy_constant(bench->all, CF_ALLOW));
        assert_int_equal(bench->loss_count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
                TEST(defaults),        TEST(unknown_name),  TEST(stub),      TEST(skipped),
                TEST(repeated),        TEST(halves),        TEST(wrong),     TEST(random),
                TEST(contradicted),    TEST(multiplexed),   TEST(endless),   TEST(refused),
                TEST(without_library), TEST(other_machine), TEST(no_filter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
