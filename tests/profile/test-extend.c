/* SPDX-License-Identifier: Apache-2.0 */
/* Random profiles with random additions: every call named gets what was added where it was, every
 * other call what it got before, under random circumstances; and to add it again changes nothing.
 *
 *     unit-profile-extend [COUNT]     random profiles to try */
#include <stdlib.h>

#include "profile/profile.h"
#include "profile/random-profile.h"

static unsigned count_wanted = 120;

static const char *const rules[] = {
        "personality(arg0 == 0x40000)",
        "socket(family == AF_VSOCK)",
        "socket(family > 40)",
        "clone",
        "read(arg1 & 3 && arg2 <= 9)",
        "arch_prctl((option & 0xf0) == 0x10)",
        "socketcall",
        "_llseek(arg4 == -1)",
        "mbind",
};
static const uint32_t values[] = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 38};

static const struct cf_profile *read_text(struct cf_arena *arena, struct cf_span text,
                                          struct cf_source **ret_source)
{
        const struct cf_profile *profile;
        struct cf_error err = {0};
        assert_int_equal(cf_source_from(arena, "p.json", text, ret_source, &err), 0);
        if (cf_profile_read(arena, *ret_source, &profile, &err) < 0)
                fail_msg("%s", err.frames[0].message);
        return profile;
}

static cf_policy laid_over(struct cf_policies *all, cf_policy policy,
                           const struct cf_profile_addition *addition,
                           const struct cf_arch *const *arches, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                uint32_t nr;
                if (!cf_syscall_number(arches[i], addition->rule.call->name, &nr))
                        continue;
                cf_policy at =
                        cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, arches[i]->token),
                                      cf_policy_equal(all, CF_SLICE_NR, nr));
                at = cf_policy_and(all, at,
                                   cf_call_rule_condition(all, &addition->rule, addition->value));
                policy =
                        cf_policy_choose(all, at, cf_policy_constant(all, addition->value), policy);
        }
        return policy;
}

static void compare(struct cf_policies *all, struct cf_arena *arena, const struct cf_profile *base,
                    const struct cf_profile *made, const struct cf_profile_addition *additions,
                    size_t count)
{
        for (unsigned i = 0; i < 6; i++) {
                const struct cf_circumstances c = {
                        .machine = cf_arch_by_name(machines[random_below(6)].name),
                        .capabilities = random_next() & random_next() & CF_CAPABILITIES_ALL,
                        .kernel_major = 4 + random_below(3),
                        .kernel_minor = random_below(15),
                };
                const struct cf_arch *const *arches;
                cf_policy before, after;
                size_t arch_count;
                assert_int_equal(
                        cf_profile_architectures(arena, base, &c, &arches, &arch_count, NULL), 0);
                assert_int_equal(cf_profile_policy(all, base, &c, &before, NULL), 0);
                assert_int_equal(cf_profile_policy(all, made, &c, &after, NULL), 0);
                for (size_t k = 0; k < count; k++)
                        before = laid_over(all, before, &additions[k], arches, arch_count);
                assert_int_equal(before, after);
        }
}

static size_t random_additions(struct cf_arena *arena, struct cf_profile_addition additions[4])
{
        size_t count = 1 + random_below(3);
        for (size_t i = 0; i < count; i++) {
                const struct cf_call_rule *rule;
                size_t one;
                const char *text = rules[random_below(CF_COUNT(rules))];
                assert_int_equal(
                        cf_call_rules_read(arena, "--allow", cf_span_of(text), &rule, &one, NULL),
                        0);
                additions[i] = (struct cf_profile_addition){values[random_below(3)], *rule};
        }
        return count;
}

static void extends(void **state)
{
        (void)state;
        unsigned made_count = 0;
        for (unsigned i = 0; i < count_wanted; i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text text = {0}, out = {0}, again = {0};
                struct cf_profile_addition additions[4];
                struct cf_profile_origin origin;
                struct cf_source *source, *made_source;
                struct cf_error err = {0};
                bool needed[4];
                put_profile(&text);
                const struct cf_profile *base = read_text(arena, cf_text_span(&text), &source);
                size_t count = random_additions(arena, additions);
                int r = cf_profile_extend(all, arena, source, "p.json", additions, count, needed,
                                          &out, &err);
                /* contradictions, and what would take too many entries */
                if (r == -EINVAL || r == -E2BIG) {
                        assert_int_equal(out.size, 0);
                        continue;
                }
                if (r < 0)
                        fail_msg("%s", err.frames[0].message);
                made_count++;
                const struct cf_profile *made = read_text(arena, cf_text_span(&out), &made_source);
                compare(all, arena, base, made, additions, count);
                assert_int_equal(cf_profile_origin_read(arena, made_source, &origin, &err), 0);
                assert_false(origin.edited);
                assert_int_equal(origin.count, count);
                assert_string_equal(origin.base, "p.json");
                assert_int_equal(cf_profile_extend(all, arena, made_source, "p.json", additions,
                                                   count, needed, &again, &err),
                                 0);
                for (size_t k = 0; k < count; k++)
                        assert_false(needed[k]);
        }
        assert_true(made_count > count_wanted / 2);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(extends)};
        if (argc > 1)
                count_wanted = (unsigned)strtoul(argv[1], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
