/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of every shape take a mark, and mean the same but for it. */
#include <errno.h>
#include <string.h>

#include "cli/workload.h"
#include "profile/profile.h"
#include "unit.h"

#define MARK UINT64_C(0x4123456789abcdef)

static cf_policy policy_of(struct cf_policies *all, struct cf_arena *arena, const char *text,
                           const struct cf_profile **ret_profile)
{
        struct cf_circumstances circumstances = {.machine = cf_arch_by_name("x86_64")};
        struct cf_error err = {0};
        struct cf_source *source;
        cf_policy policy;
        assert_int_equal(cf_source_from(arena, "p.json", cf_span_of(text), &source, &err), 0);
        assert_int_equal(cf_profile_read(arena, source, ret_profile, &err), 0);
        assert_int_equal(cf_profile_policy(all, *ret_profile, &circumstances, &policy, &err), 0);
        return policy;
}

static void marks_and_changes_nothing_else(void **state)
{
        static const char *const profiles[] = {
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[]}",
                "{\"syscalls\" : null, \"defaultAction\": \"SCMP_ACT_ERRNO\"}",
                "{\"Syscalls\": [ {\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}], "
                "\"defaultAction\": \"SCMP_ACT_KILL\"}",
                "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": "
                "[{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}",
                "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"vserver\"], "
                "\"action\": \"SCMP_ACT_ALLOW\"}]}",
                " {\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"}], "
                "\"x\": \"\\\"syscalls\\\": [\", \"defaultAction\": \"SCMP_ACT_ERRNO\"}",
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(profiles); i++) {
                struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
                struct cf_policies *all = cf_policies_new(0);
                const struct cf_profile *plain, *with;
                struct cf_error err = {0};
                char *marked = NULL;
                assert_int_equal(cf_workload_mark(arena, profiles[i], MARK, &marked, &err), 0);
                cf_policy before = policy_of(all, arena, profiles[i], &plain);
                cf_policy after = policy_of(all, arena, marked, &with);
                assert_int_equal(with->rule_count, plain->rule_count + 1);
                assert_int_equal(with->rules[0].conditions[0].value, MARK);
                /* A rule that answers as the default does is left out by runtimes. */
                assert_int_not_equal(with->rules[0].value, with->default_value);
                assert_int_not_equal(before, after);
                cf_policy unmarked =
                        cf_policy_not(all, cf_policy_equal(all, cf_slice_arg(0), MARK));
                cf_policy zero = cf_policy_constant(all, CF_KILL_PROCESS);
                assert_int_equal(cf_policy_choose(all, unmarked, before, zero),
                                 cf_policy_choose(all, unmarked, after, zero));
                cf_policies_free(all);
                cf_arena_free(arena);
        }
}

static void says_when_there_is_no_room(void **state)
{
        static const struct {
                const char *profile;
                int error;
        } rows[] = {
                {"{}", -ENOTSUP},
                {"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"vserver\", "
                 "\"nfsservctl\", \"create_module\", \"query_module\", \"get_kernel_syms\", "
                 "\"getpmsg\", \"putpmsg\", \"tuxcall\", \"afs_syscall\"], \"action\": "
                 "\"SCMP_ACT_ALLOW\"}]}",
                 -ENOTSUP},
                {"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": {}}", -EINVAL},
                {"[]", -EINVAL},
                {"", -EINVAL},
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
                struct cf_error err = {0};
                char *marked = NULL;
                assert_int_equal(cf_workload_mark(arena, rows[i].profile, MARK, &marked, &err),
                                 rows[i].error);
                assert_null(marked);
                cf_arena_free(arena);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(marks_and_changes_nothing_else),
                cmocka_unit_test(says_when_there_is_no_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
