/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that libseccomp makes of real profiles: both of its forms are one policy, and that policy
 * is the plain meaning of the profile. */
#include <linux/audit.h>

#include "engine.h"
#include "unit.h"

#define X32 0x40000000u

static cf_policy lift(struct cf_policies *all, struct cf_filter filter)
{
        struct cf_error err = {0};
        cf_policy policy = CF_POLICY_NONE;
        assert_int_equal(cf_filter_lift(all, filter, &policy, &err), 0);
        return policy;
}

/* On architectures of 32 bits, and it takes x32 for one, libseccomp compares lower halves only. */
static cf_policy plain_condition(struct cf_policies *all, const struct engine_rule *rule,
                                 uint64_t width)
{
        cf_policy all_hold = CF_POLICY_TRUE;
        for (unsigned i = 0; i < rule->count; i++) {
                const struct scmp_arg_cmp *arg = &rule->args[i];
                struct cf_condition c = {(uint8_t)arg->arg, (enum cf_operator)arg->op, width,
                                         arg->datum_a};
                if (arg->op == SCMP_CMP_MASKED_EQ) {
                        c.mask = arg->datum_a;
                        c.value = arg->datum_b;
                }
                all_hold = cf_policy_and(all, all_hold, cf_policy_condition(all, &c));
        }
        return all_hold;
}

/* What the profile says of one number: the first rule whose conditions hold. */
static cf_policy plain_call(struct cf_policies *all, const struct engine_profile *profile,
                            uint32_t arch, int number)
{
        cf_policy policy = cf_policy_constant(all, profile->default_action);
        for (size_t i = profile->rules.count; i-- > 0;) {
                const struct engine_rule *rule = &profile->rules.items[i];
                if (rule->action == profile->default_action ||
                    seccomp_syscall_resolve_name_arch(arch, rule->name) != number)
                        continue;
                uint64_t width = arch == SCMP_ARCH_X86_64 ? UINT64_MAX : UINT32_MAX;
                policy = cf_policy_choose(all, plain_condition(all, rule, width),
                                          cf_policy_constant(all, rule->action), policy);
        }
        return policy;
}

/* Instructions run for a call without arguments, over all calls that Linux knows on x86_64. */
static double mean_steps(struct cf_filter filter)
{
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        uint32_t nr, steps;
        double sum = 0;
        size_t i = 0;
        for (; cf_syscall_of_arch(arch, i, &nr); i++) {
                struct cf_call call = {.nr = nr, .arch = arch->token};
                cf_filter_run(filter, &call, NULL, NULL, &steps);
                sum += steps;
        }
        return sum / (double)i;
}

/* Our filter for the same policy: how long, how fast, and whether the kernel knows all calls that
 * are always allowed. */
static void check_emitted(struct cf_policies *all, cf_policy policy, struct cf_filter theirs)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_filter ours;
        assert_int_equal(cf_filter_emit(all, policy, NULL, arena, &ours, NULL), 0);
        assert_true(ours.count <= 280);
        assert_true(mean_steps(ours) <= 9.3);
        assert_true(mean_steps(ours) * 1.5 < mean_steps(theirs));
        assert_int_equal(policy, lift(all, ours));
        const struct cf_arch *arch;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++) {
                uint32_t nr, value;
                for (size_t k = 0; cf_syscall_of_arch(arch, k, &nr); k++) {
                        cf_policy call = cf_policy_of_call(all, policy, arch->token, nr);
                        bool allowed =
                                cf_policy_is_constant(all, call, &value) && value == CF_ALLOW;
                        assert_int_equal(cf_filter_is_known_allowed(ours, arch->token, nr),
                                         allowed);
                }
        }
}

static void check_profile(const char *path)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct engine_profile profile = engine_profile_read(arena, path);
        struct cf_filter linear = engine_filter(arena, &profile, false);
        struct cf_filter tree = engine_filter(arena, &profile, true);
        cf_policy policy = lift(all, linear);
        assert_int_equal(policy, lift(all, tree));
        /* whatever libseccomp's version, the size is that of the policy */
        print_message("%s: %zu and %zu instructions, %u nodes\n", path, linear.count, tree.count,
                      cf_policy_size(all, policy));
        check_emitted(all, policy, tree);
        /* every number of both tables of x86_64, and what is between */
        for (uint32_t half = 0; half < 2; half++) {
                uint32_t arch = half ? SCMP_ARCH_X32 : SCMP_ARCH_X86_64;
                for (uint32_t number = 0; number < 1000; number++) {
                        uint32_t nr = number | (half ? X32 : 0);
                        assert_int_equal(cf_policy_of_call(all, policy, AUDIT_ARCH_X86_64, nr),
                                         plain_call(all, &profile, arch, (int)nr));
                }
        }
        /* an architecture that the filter does not know kills */
        assert_int_equal(cf_policy_of_call(all, policy, AUDIT_ARCH_AARCH64, 0), CF_POLICY_FALSE);
}

static void docker(void **state)
{
        (void)state;
        check_profile("data/profiles/docker-2026-06.json");
}

static void podman(void **state)
{
        (void)state;
        check_profile("data/profiles/podman-debian12.json");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(docker),
                cmocka_unit_test(podman),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
