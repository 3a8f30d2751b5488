/* SPDX-License-Identifier: Apache-2.0 */
/* From policies back to profiles: random ones and the engines' defaults mean the same when they are
 * read again, the text depends on the policy alone, and what cannot be said is refused.
 *
 *     unit-profile-write [COUNT]     random profiles to try */
#include <stdlib.h>

#include "profile/profile.h"
#include "profile/random-profile.h"

static unsigned count_wanted = 800;

static const struct cf_profile_order with_listener = {.listener = "/run/listener"};

static cf_policy policy_of(struct cf_policies *all, struct cf_arena *arena, struct cf_span text,
                           const struct cf_circumstances *c,
                           const struct cf_arch *const **ret_arches, size_t *ret_count)
{
        const struct cf_profile *profile;
        struct cf_source *source;
        struct cf_error err = {0};
        cf_policy policy;
        assert_int_equal(cf_source_from(arena, "p.json", text, &source, &err), 0);
        if (cf_profile_read(arena, source, &profile, &err) < 0)
                fail_msg("%s: %.*s", err.frames[0].message, (int)text.size, text.data);
        if (cf_profile_policy(all, profile, c, &policy, &err) < 0)
                fail_msg("%s", err.frames[0].message);
        assert_int_equal(cf_profile_architectures(arena, profile, c, ret_arches, ret_count, &err),
                         0);
        return cf_policy_normal(all, policy);
}

/* Writes the policy, reads it again and writes it again. */
static void check_round_trip(struct cf_policies *all, struct cf_arena *arena, cf_policy policy,
                             const struct cf_arch *const *arches, size_t count)
{
        CF_TEXT struct cf_text first = {0}, second = {0};
        struct cf_error err = {0};
        const struct cf_circumstances c = {.machine = arches[0]};
        int r = cf_profile_print(all, policy, arches, count, &with_listener, &first, &err);
        if (r < 0)
                fail_msg("%d: %s", r, err.frames[0].message);
        const struct cf_arch *const *again;
        size_t again_count;
        struct cf_span text = cf_text_span(&first);
        assert_int_equal(policy_of(all, arena, text, &c, &again, &again_count), policy);
        assert_int_equal(
                cf_profile_print(all, policy, again, again_count, &with_listener, &second, &err),
                0);
        assert_string_equal(first.data, second.data);
}

static void random_profiles(void **state)
{
        (void)state;
        for (unsigned i = 0; i < count_wanted; i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text text = {0};
                const struct cf_arch *const *arches;
                size_t count;
                struct cf_circumstances c = {
                        .machine = cf_arch_by_name(machines[random_below(6)].name),
                        .capabilities = random_next() & CF_CAPABILITIES_ALL,
                        .kernel_major = 4 + random_below(3),
                };
                put_profile(&text);
                cf_policy policy = policy_of(all, arena, cf_text_span(&text), &c, &arches, &count);
                check_round_trip(all, arena, policy, arches, count);
        }
}

/* Rules that must be kept apart by many masks: what was tried on the way is forgotten call by call,
 * so that it does not add up to a limit of memory. */
static void wide_masks(void **state)
{
        (void)state;
        static const char text[] =
                "{\"defaultAction\":\"SCMP_ACT_KILL_THREAD\",\"syscalls\":["
                "{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                "{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":["
                "{\"index\":3,\"op\":\"SCMP_CMP_NE\",\"value\":131072},"
                "{\"index\":4,\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":562945658585087,"
                "\"valueTwo\":30},"
                "{\"index\":2,\"op\":\"SCMP_CMP_GT\",\"value\":3221225534}]},"
                "{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":3,"
                "\"args\":[{\"index\":2,\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":1073741824,"
                "\"valueTwo\":0},{\"index\":3,\"op\":\"SCMP_CMP_NE\",\"value\":31}]}]}";
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_circumstances c = {.machine = cf_arch_by_name("x86_64")};
        const struct cf_arch *const *arches;
        size_t count;
        cf_policy policy = policy_of(all, arena, cf_span_of(text), &c, &arches, &count);
        check_round_trip(all, arena, policy, arches, count);
}

static void defaults(void **state)
{
        (void)state;
        static const char *const names[] = {"x86_64", "i386", "aarch64", "s390x", "ppc64le"};
        for (size_t i = 0; i < cf_profile_default_count * CF_COUNT(names); i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const struct cf_arch *const *arches;
                size_t count;
                struct cf_circumstances c = {
                        .machine = cf_arch_by_name(names[i % CF_COUNT(names)]),
                        .capabilities = i % 2 ? 0 : cf_capabilities_docker(),
                        .kernel_major = 6,
                };
                struct cf_span text;
                assert_int_equal(cf_profile_default_text(
                                         arena, &cf_profile_defaults[i / CF_COUNT(names)], &text),
                                 0);
                cf_policy policy = policy_of(all, arena, text, &c, &arches, &count);
                check_round_trip(all, arena, policy, arches, count);
        }
}

/* The merged profile is what it should be, or it is refused because the two cover different
 * architectures: never something else. */
static bool check_merge(struct cf_policies *all, struct cf_arena *arena, cf_policy a, cf_policy b,
                        cf_policy merged, const struct cf_arch *machine)
{
        CF_TEXT struct cf_text text = {0};
        const struct cf_circumstances c = {.machine = machine};
        const struct cf_arch *const *arches;
        struct cf_error err = {0};
        size_t count;
        /* least and greatest bound: everywhere the answer of one of the two */
        assert_int_equal(cf_policy_and(all, cf_policy_where_differs(all, merged, a),
                                       cf_policy_where_differs(all, merged, b)),
                         CF_POLICY_FALSE);
        assert_int_equal(cf_profile_covered(all, merged, machine, arena, &arches, &count, &err), 0);
        int r = cf_profile_print(all, merged, arches, count, &with_listener, &text, &err);
        if (r == 0)
                assert_int_equal(policy_of(all, arena, cf_text_span(&text), &c, &arches, &count),
                                 merged);
        else if (r != -ENOTSUP && r != -E2BIG)
                fail_msg("%s", err.frames[0].message);
        return r == 0;
}

static void merges(void **state)
{
        (void)state;
        unsigned written = 0;
        for (unsigned i = 0; i < count_wanted / 2; i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const struct cf_arch *const *arches;
                const struct cf_circumstances c = {.machine = cf_arch_by_name("x86_64")};
                cf_policy two[2];
                size_t count;
                for (unsigned k = 0; k < 2; k++) {
                        CF_TEXT struct cf_text text = {0};
                        put_profile(&text);
                        two[k] = policy_of(all, arena, cf_text_span(&text), &c, &arches, &count);
                }
                cf_policy loose = cf_policy_union(all, two[0], two[1]);
                cf_policy strict = cf_policy_intersection(all, two[0], two[1]);
                for (unsigned k = 0; k < 2; k++) {
                        assert_int_equal(cf_policy_is_as_strict(all, two[k], loose, NULL, NULL), 1);
                        assert_int_equal(cf_policy_is_as_strict(all, strict, two[k], NULL, NULL),
                                         1);
                }
                written += check_merge(all, arena, two[0], two[1], loose, c.machine);
                written += check_merge(all, arena, two[0], two[1], strict, c.machine);
        }
        assert_true(written > count_wanted / 4);
}

/* ---- what is written ------------------------------------------------------------------------ */

static const char *family_of(void *context, const struct cf_syscall *call)
{
        (void)context;
        return strncmp(call->name, "clock_", 6) == 0 ? "clocks" : NULL;
}

static void written(void **state)
{
        (void)state;
        static const char text[] =
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
                "\"syscalls\":["
                "{\"names\":[\"write\",\"clock_gettime\",\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
                "\"op\":\"SCMP_CMP_LT\",\"value\":40}]},"
                "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
                "\"op\":"
                "\"SCMP_CMP_MASKED_EQ\",\"value\":512,\"valueTwo\":0}]},"
                "{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
                "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}]}";
        static const char wanted[] = "{\n"
                                     "\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n"
                                     "\t\"defaultErrnoRet\": 1,\n"
                                     "\t\"architectures\": [\n"
                                     "\t\t\"SCMP_ARCH_X86_64\",\n"
                                     "\t\t\"SCMP_ARCH_X86\"\n"
                                     "\t],\n"
                                     "\t\"syscalls\": [\n"
                                     "\t\t{\n"
                                     "\t\t\t\"names\": [\n"
                                     "\t\t\t\t\"read\",\n"
                                     "\t\t\t\t\"write\"\n"
                                     "\t\t\t],\n"
                                     "\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n"
                                     "\t\t},\n"
                                     "\t\t{\n"
                                     "\t\t\t\"names\": [\n"
                                     "\t\t\t\t\"clock_gettime\"\n"
                                     "\t\t\t],\n"
                                     "\t\t\t\"action\": \"SCMP_ACT_ALLOW\",\n"
                                     "\t\t\t\"comment\": \"clocks\"\n"
                                     "\t\t},\n"
                                     "\t\t{\n"
                                     "\t\t\t\"names\": [\n"
                                     "\t\t\t\t\"clone3\"\n"
                                     "\t\t\t],\n"
                                     "\t\t\t\"action\": \"SCMP_ACT_ERRNO\",\n"
                                     "\t\t\t\"errnoRet\": 38\n"
                                     "\t\t},\n"
                                     "\t\t{\n"
                                     "\t\t\t\"names\": [\n"
                                     "\t\t\t\t\"clone\"\n"
                                     "\t\t\t],\n"
                                     "\t\t\t\"action\": \"SCMP_ACT_ALLOW\",\n"
                                     "\t\t\t\"args\": [\n"
                                     "\t\t\t\t{\n"
                                     "\t\t\t\t\t\"index\": 0,\n"
                                     "\t\t\t\t\t\"value\": 512,\n"
                                     "\t\t\t\t\t\"valueTwo\": 0,\n"
                                     "\t\t\t\t\t\"op\": \"SCMP_CMP_MASKED_EQ\"\n"
                                     "\t\t\t\t}\n"
                                     "\t\t\t]\n"
                                     "\t\t},\n"
                                     "\t\t{\n"
                                     "\t\t\t\"names\": [\n"
                                     "\t\t\t\t\"socket\"\n"
                                     "\t\t\t],\n"
                                     "\t\t\t\"action\": \"SCMP_ACT_ALLOW\",\n"
                                     "\t\t\t\"args\": [\n"
                                     "\t\t\t\t{\n"
                                     "\t\t\t\t\t\"index\": 0,\n"
                                     "\t\t\t\t\t\"value\": 39,\n"
                                     "\t\t\t\t\t\"op\": \"SCMP_CMP_LE\"\n"
                                     "\t\t\t\t}\n"
                                     "\t\t\t]\n"
                                     "\t\t}\n"
                                     "\t]\n"
                                     "}\n";
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text out = {0};
        const struct cf_profile_order order = {.comment = family_of};
        const struct cf_circumstances c = {.machine = cf_arch_by_name("x86_64")};
        const struct cf_arch *const *arches;
        struct cf_error err = {0};
        size_t count;
        cf_policy policy = policy_of(all, arena, cf_span_of(text), &c, &arches, &count);
        assert_int_equal(cf_profile_print(all, policy, arches, count, &order, &out, &err), 0);
        assert_string_equal(out.data, wanted);
}

/* ---- what no profile can say ---------------------------------------------------------------- */

/* The policy with `value` where `where` holds and the call has this token and number. */
static cf_policy with(struct cf_policies *all, cf_policy policy, const char *arch, uint32_t nr,
                      cf_policy where, uint32_t value)
{
        cf_policy at = cf_policy_and(
                all, cf_policy_equal(all, CF_SLICE_ARCH, cf_arch_by_name(arch)->token),
                cf_policy_equal(all, CF_SLICE_NR, nr));
        return cf_policy_choose(all, cf_policy_and(all, at, where), cf_policy_constant(all, value),
                                policy);
}

static void refusals(void **state)
{
        (void)state;
        static const char text[] =
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
                "\"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_circumstances c = {.machine = cf_arch_by_name("x86_64")};
        const struct cf_arch *const *arches;
        size_t count;
        cf_policy base = policy_of(all, arena, cf_span_of(text), &c, &arches, &count);
        cf_policy always = CF_POLICY_TRUE;
        cf_policy ip = cf_policy_range(all, CF_SLICE_IP, 0x1000, 0x1fff);
        const struct {
                cf_policy policy;
                const char *message; /* a part of it */
        } rows[] = {
                {with(all, base, "x86_64", 0, always, CF_LOG),
                 "read gets another answer on i386 than on x86_64"},
                {with(all, base, "i386", 3, always, CF_LOG),
                 "read gets another answer on i386 than on x86_64"},
                {with(all, base, "x86_64", 9999, always, CF_ERRNO | 38),
                 "number 9999 of x86_64, which has no name, gets another answer (ENOSYS) than "
                 "others without a name (EPERM)"},
                {with(all, base, "x86_64", 9999, ip, CF_ALLOW),
                 "what number 9999 of x86_64 gets, which has no name, depends on more than that"},
                {with(all, base, "x86_64", 160, ip, CF_ALLOW), "instruction pointer"},
                {with(all, base, "x86_64", 158, always, CF_ERRNO | 4095),
                 "arch_prctl gets error 4095: profiles can give errors up to 4094"},
                {with(all, base, "x86_64", 158, always, CF_USER_NOTIF),
                 "arch_prctl is handed to a listener, and there is no path to one"},
                {with(all, base, "aarch64", 63, always, CF_ALLOW),
                 "aarch64:read(0, 0, 0) is answered so: allowed; no profile can say that, runtimes "
                 "make it: thread killed"},
                {with(all, base, "x86_64", CF_X32_BIT, always, CF_ALLOW), "runtimes make it"},
                {cf_policy_constant(all, CF_LOG), "runtimes make it: thread killed"},
        };
        /* setrlimit has number 160 on x86_64 alone, as has arch_prctl 158: on i386 they are other
         * numbers, so the answer there is given too. */
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                struct cf_error err = {0};
                cf_policy policy = rows[i].policy;
                if (i == 4)
                        policy = with(all, policy, "i386", 75, ip, CF_ALLOW);
                if (i == 5 || i == 6)
                        policy = with(all, policy, "i386", 384, always,
                                      i == 5 ? CF_ERRNO | 4095 : CF_USER_NOTIF);
                assert_int_equal(cf_profile_print(all, policy, arches, count, NULL, &out, &err),
                                 -ENOTSUP);
                assert_int_equal(out.size, 0);
                if (!strstr(err.frames[0].message, rows[i].message))
                        fail_msg("row %zu: %s", i, err.frames[0].message);
        }
}

static void no_filter(void **state)
{
        (void)state;
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        CF_TEXT struct cf_text out = {0};
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        struct cf_error err = {0};
        cf_policy policy = cf_policy_constant(all, CF_ALLOW);
        assert_int_equal(cf_profile_print(all, policy, &arch, 1, NULL, &out, &err), 0);
        assert_string_equal(out.data, "{}\n");
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(random_profiles), cmocka_unit_test(defaults),
                cmocka_unit_test(written),         cmocka_unit_test(refusals),
                cmocka_unit_test(no_filter),       cmocka_unit_test(wide_masks),
                cmocka_unit_test(merges),
        };
        if (argc > 1)
                count_wanted = (unsigned)strtoul(argv[1], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
