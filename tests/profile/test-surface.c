/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the kernel a policy leaves within reach. */
#include "profile/profile.h"

#include "base/arena.h"
#include "unit.h"

struct measured {
        struct cf_arena *arena;
        struct cf_policies *all;
        struct cf_circumstances circumstances;
        const struct cf_arch *arches[2]; /* x86_64, i386 */
        struct cf_surface surface;
};

static void begin(struct measured *m)
{
        *m = (struct measured){
                .arena = cf_arena_new(0),
                .all = cf_policies_new(0),
                .circumstances = {cf_arch_by_name("x86_64"), cf_capabilities_docker(), 6, 18},
                .arches = {cf_arch_by_name("x86_64"), cf_arch_by_name("i386")},
        };
        assert_non_null(m->arena);
        assert_non_null(m->all);
}

static void end(struct measured *m)
{
        cf_policies_free(m->all);
        cf_arena_free(m->arena);
}

static void measure(struct measured *m, cf_policy policy)
{
        struct cf_error err = {0};
        if (cf_surface_measure(m->all, policy, &m->circumstances, m->arches, CF_COUNT(m->arches),
                               m->arena, &m->surface, &err) < 0)
                fail_msg("%s", err.frames[0].message);
}

/* A policy that refuses all but what the rules allow on one architecture. */
static void measure_rules(struct measured *m, const char *arch_name, const char *text)
{
        const struct cf_arch *arch = cf_arch_by_name(arch_name);
        const struct cf_call_rule *rules;
        struct cf_error err = {0};
        size_t count;
        cf_policy policy = cf_policy_constant(m->all, CF_ERRNO | 1);
        assert_int_equal(
                cf_call_rules_read(m->arena, "test", cf_span_of(text), &rules, &count, &err), 0);
        for (size_t i = 0; i < count; i++) {
                uint32_t nr;
                assert_true(cf_syscall_number(arch, rules[i].call->name, &nr));
                cf_policy when = cf_policy_and(
                        m->all, cf_policy_equal(m->all, CF_SLICE_ARCH, arch->token),
                        cf_policy_and(m->all, cf_policy_equal(m->all, CF_SLICE_NR, nr),
                                      cf_call_rule_condition(m->all, &rules[i], CF_ALLOW)));
                policy = cf_policy_choose(m->all, when, cf_policy_constant(m->all, CF_ALLOW),
                                          policy);
        }
        measure(m, policy);
}

static enum cf_reach hole(const struct measured *m, const char *cve)
{
        const struct cf_hole *found;
        for (size_t i = 0; (found = cf_hole_at(i)); i++)
                if (strcmp(found->cve, cve) == 0)
                        return m->surface.holes[i];
        fail_msg("no row of %s", cve);
        return CF_REACH_REFUSED;
}

static enum cf_reach danger(const struct measured *m, const char *call)
{
        const struct cf_danger *found;
        for (size_t i = 0; (found = cf_danger_at(i)); i++)
                if (strcmp(found->call->name, call) == 0)
                        return m->surface.dangers[i];
        fail_msg("no row of %s", call);
        return CF_REACH_REFUSED;
}

/* Without a filter everything is let through: every row of both tables can be reached at all. */
static void no_filter(void **state)
{
        (void)state;
        struct measured m;
        begin(&m);
        measure(&m, cf_policy_constant(m.all, CF_ALLOW));
        for (size_t i = 0; i < m.surface.danger_count; i++)
                assert_int_not_equal(m.surface.dangers[i], CF_REACH_REFUSED);
        assert_int_equal(cf_reach_count(m.surface.holes, m.surface.hole_count),
                         m.surface.hole_count);
        assert_true(m.surface.hole_count >= 60);
        assert_true(m.surface.user_namespaces);
        assert_int_equal(m.surface.arches[0].all, m.surface.arches[0].count);
        assert_int_equal(danger(&m, "mount"), CF_REACH_NAMESPACE);
        assert_int_equal(danger(&m, "init_module"), CF_REACH_UNPRIVILEGED);
        assert_int_equal(hole(&m, "CVE-2022-0185"), CF_REACH_NAMESPACE);
        assert_int_equal(hole(&m, "CVE-2020-14386"), CF_REACH_OPEN);
        m.circumstances.capabilities = CF_CAPABILITIES_ALL;
        measure(&m, cf_policy_constant(m.all, CF_ALLOW));
        assert_int_equal(danger(&m, "init_module"), CF_REACH_OPEN);
        end(&m);
}

/* Nobody decides, or somebody else: nothing is within reach. */
static void everything_refused(void **state)
{
        (void)state;
        static const uint32_t values[] = {CF_KILL_PROCESS, CF_ERRNO | 1, CF_TRACE, CF_USER_NOTIF};
        struct measured m;
        begin(&m);
        for (size_t i = 0; i < CF_COUNT(values); i++) {
                measure(&m, cf_policy_constant(m.all, values[i]));
                assert_int_equal(cf_reach_count(m.surface.holes, m.surface.hole_count), 0);
                assert_int_equal(cf_reach_count(m.surface.dangers, m.surface.danger_count), 0);
                assert_false(m.surface.user_namespaces);
                assert_int_equal(m.surface.arches[1].none, m.surface.arches[1].count);
        }
        end(&m);
}

static void some_calls(void **state)
{
        (void)state;
        struct measured m;
        begin(&m);
        /* One of two calls is not enough. */
        measure_rules(&m, "x86_64", "fsopen, unshare");
        assert_int_equal(hole(&m, "CVE-2022-0185"), CF_REACH_REFUSED);
        measure_rules(&m, "x86_64", "fsopen, fsconfig, unshare");
        assert_int_equal(hole(&m, "CVE-2022-0185"), CF_REACH_NAMESPACE);
        assert_int_equal(m.surface.arches[0].all, 3);
        /* The flag that makes a user namespace must go through. */
        measure_rules(&m, "x86_64", "fsopen, fsconfig, unshare(unshare_flags == 0x20000)");
        assert_false(m.surface.user_namespaces);
        assert_int_equal(hole(&m, "CVE-2022-0185"), CF_REACH_UNPRIVILEGED);
        assert_int_equal(m.surface.arches[0].all, 2);
        assert_int_equal(m.surface.arches[0].some, 1);
        /* The clone whose flags no filter sees. */
        measure_rules(&m, "x86_64", "clone3, write");
        assert_true(m.surface.user_namespaces);
        assert_int_equal(hole(&m, "CVE-2018-18955"), CF_REACH_NAMESPACE);
        /* The family decides. */
        measure_rules(&m, "x86_64", "socket(family == AF_INET)");
        assert_int_equal(hole(&m, "CVE-2021-26708"), CF_REACH_REFUSED);
        measure_rules(&m, "x86_64", "socket(family == AF_VSOCK)");
        assert_int_equal(hole(&m, "CVE-2021-26708"), CF_REACH_OPEN);
        end(&m);
}

static void of_32_bit_programs(void **state)
{
        (void)state;
        struct measured m;
        begin(&m);
        m.circumstances.capabilities = CF_CAPABILITIES_ALL;
        measure_rules(&m, "x86_64", "setsockopt");
        assert_int_equal(hole(&m, "CVE-2016-3134"), CF_REACH_OPEN);
        assert_int_equal(hole(&m, "CVE-2021-22555"), CF_REACH_REFUSED);
        measure_rules(&m, "i386", "setsockopt");
        assert_int_equal(hole(&m, "CVE-2021-22555"), CF_REACH_OPEN);
        /* socketcall(2) does what socket(2) does, with arguments that no filter sees. */
        measure_rules(&m, "i386", "socketcall(call == 1)");
        assert_int_equal(hole(&m, "CVE-2021-26708"), CF_REACH_OPEN);
        assert_int_equal(m.surface.arches[1].dangers[0], CF_REACH_REFUSED);
        measure_rules(&m, "i386", "socketcall(call == 2)");
        assert_int_equal(hole(&m, "CVE-2021-26708"), CF_REACH_REFUSED);
        end(&m);
}

/* A kernel does not have calls that came later. */
static void older_kernel(void **state)
{
        (void)state;
        struct measured m;
        begin(&m);
        measure(&m, cf_policy_constant(m.all, CF_ALLOW));
        size_t now = m.surface.arches[0].count;
        m.circumstances.kernel_major = 4;
        m.circumstances.kernel_minor = 19;
        measure(&m, cf_policy_constant(m.all, CF_ALLOW));
        assert_true(m.surface.arches[0].count + 40 < now);
        assert_false(cf_surface_has(&m.circumstances, cf_syscall_by_name("io_uring_setup")));
        assert_true(cf_surface_has(&m.circumstances, cf_syscall_by_name("read")));
        end(&m);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_filter),    cmocka_unit_test(everything_refused),
                cmocka_unit_test(some_calls),   cmocka_unit_test(of_32_bit_programs),
                cmocka_unit_test(older_kernel),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
