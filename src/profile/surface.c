/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the kernel a policy leaves within reach. */
#include "profile/profile.h"

#include <string.h>

#include "base/vec.h"

#define LETS_THROUGH (cf_action_bit(CF_ALLOW) | cf_action_bit(CF_LOG))
#define NEW_USER UINT64_C(0x10000000) /* CLONE_NEWUSER, linux/sched.h */

/* linux/net.h: socketcall(2) does what these calls do, with arguments in memory. */
static const struct {
        const char *name;
        uint32_t number;
} multiplexed[] = {{"socket", 1}, {"setsockopt", 14}};

struct measure {
        struct cf_policies *all;
        cf_policy policy;
        const struct cf_circumstances *circumstances;
        struct cf_arena *arena;
        struct cf_surface *surface;
        bool failed; /* an operation did: nothing that follows counts */
};

bool cf_surface_has(const struct cf_circumstances *circumstances, const struct cf_syscall *call)
{
        unsigned major, minor;
        return !call->since || !cf_kernel_version_read(call->since, &major, &minor) ||
               circumstances->kernel_major > major ||
               (circumstances->kernel_major == major && circumstances->kernel_minor >= minor);
}

size_t cf_reach_count(const enum cf_reach *reaches, size_t count)
{
        size_t reached = 0;
        for (size_t i = 0; i < count; i++)
                reached += reaches[i] == CF_REACH_NAMESPACE || reaches[i] == CF_REACH_OPEN;
        return reached;
}

/* The arguments with which a call goes through. */
static cf_policy let_through(struct measure *m, const struct cf_arch *arch, const char *name)
{
        uint32_t nr;
        if (!cf_syscall_number(arch, name, &nr))
                return CF_POLICY_FALSE;
        return cf_policy_where_action(m->all, cf_policy_of_call(m->all, m->policy, arch->token, nr),
                                      LETS_THROUGH);
}

static cf_policy masked(struct measure *m, unsigned arg, uint64_t mask, uint64_t value)
{
        return mask ? cf_policy_masked(m->all, cf_slice_arg(arg), mask, value) : CF_POLICY_TRUE;
}

static bool holds(struct measure *m, cf_policy condition)
{
        m->failed |= condition == CF_POLICY_NONE;
        return condition != CF_POLICY_FALSE && condition != CF_POLICY_NONE;
}

/* A call under a condition, made by itself or by socketcall. */
static cf_policy reached(struct measure *m, const struct cf_arch *arch, const char *name,
                         cf_policy condition)
{
        cf_policy way = cf_policy_and(m->all, let_through(m, arch, name), condition);
        for (size_t i = 0; way == CF_POLICY_FALSE && i < CF_COUNT(multiplexed); i++)
                if (strcmp(name, multiplexed[i].name) == 0)
                        way = cf_policy_and(m->all, let_through(m, arch, "socketcall"),
                                            masked(m, 0, UINT32_MAX, multiplexed[i].number));
        return way;
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static int measure_arch(struct measure *m, struct cf_surface_arch *arch, struct cf_error *err)
{
        CF_VEC(enum cf_surface_share) shares = {0};
        const struct cf_syscall *call;
        uint32_t nr;
        for (size_t i = 0; (call = cf_syscall_of_arch(arch->arch, i, &nr)); i++) {
                if (!cf_surface_has(m->circumstances, call))
                        continue;
                cf_policy open = let_through(m, arch->arch, call->name);
                int r = cf_policies_check(m->all, open, err);
                if (r < 0)
                        return r;
                enum cf_surface_share share = open == CF_POLICY_FALSE  ? CF_SURFACE_NONE
                                              : open == CF_POLICY_TRUE ? CF_SURFACE_ALL
                                                                       : CF_SURFACE_SOME;
                arch->all += share == CF_SURFACE_ALL;
                arch->some += share == CF_SURFACE_SOME;
                arch->none += share == CF_SURFACE_NONE;
                if (cf_vec_push(m->arena, &shares, share) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        arch->shares = shares.items;
        arch->count = shares.count;
        return 0;
}

/* unshare(2), clone(2), clone3(2). On s390 the first two arguments of clone change places. */
static bool makes_user_namespace(struct measure *m, const struct cf_arch *arch)
{
        unsigned flags = strncmp(arch->name, "s390", 4) == 0 ? 1 : 0;
        return holds(m, reached(m, arch, "unshare", masked(m, 0, NEW_USER, NEW_USER))) ||
               holds(m, reached(m, arch, "clone", masked(m, flags, NEW_USER, NEW_USER))) ||
               holds(m, let_through(m, arch, "clone3"));
}

/* ---- dangers -----------------------------------------------------------------------------------
 */

static enum cf_reach by_capability(const struct measure *m, const char *capability, bool initial)
{
        unsigned number;
        if (!capability || (cf_capability_number(cf_span_of(capability), &number) &&
                            m->circumstances->capabilities >> number & 1))
                return CF_REACH_OPEN;
        return m->surface->user_namespaces && !initial ? CF_REACH_NAMESPACE : CF_REACH_UNPRIVILEGED;
}

/* Whether the kernel asks for the capability in the first user namespace. */
static bool counts_initially(struct measure *m, const struct cf_arch *arch,
                             const struct cf_danger *danger, cf_policy way)
{
        const struct cf_requirement *asked[CF_REQUIREMENTS_MAX];
        struct cf_call call;
        uint32_t nr;
        if (!danger->capability || !cf_syscall_number(arch, danger->call->name, &nr) ||
            !cf_policy_find(m->all, way, &call))
                return false;
        size_t count = cf_call_requirements(arch, nr, call.args, asked);
        for (size_t i = 0; i < count; i++)
                if (asked[i]->capability && strcmp(asked[i]->capability, danger->capability) == 0)
                        return asked[i]->initial;
        return true; /* not known: a namespace of one's own mostly does not do */
}

static enum cf_reach danger_reach(struct measure *m, const struct cf_arch *arch,
                                  const struct cf_danger *danger)
{
        cf_policy way = reached(m, arch, danger->call->name,
                                masked(m, danger->arg, danger->mask, danger->value));
        if (!holds(m, way))
                return CF_REACH_REFUSED;
        return by_capability(m, danger->capability, counts_initially(m, arch, danger, way));
}

static int measure_dangers(struct measure *m, struct cf_error *err)
{
        struct cf_surface *surface = m->surface;
        while (cf_danger_at(surface->danger_count))
                surface->danger_count++;
        surface->dangers = cf_arena_many(m->arena, surface->danger_count, enum cf_reach);
        for (size_t i = 0; surface->dangers && i < surface->arch_count; i++) {
                struct cf_surface_arch *arch = &surface->arches[i];
                arch->dangers = cf_arena_many(m->arena, surface->danger_count, enum cf_reach);
                for (size_t k = 0; arch->dangers && k < surface->danger_count; k++) {
                        arch->dangers[k] = danger_reach(m, arch->arch, cf_danger_at(k));
                        if (i == 0 || arch->dangers[k] > surface->dangers[k])
                                surface->dangers[k] = arch->dangers[k];
                }
                if (!arch->dangers)
                        surface->dangers = NULL;
        }
        return surface->dangers ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- holes -------------------------------------------------------------------------------------
 */

/* Whether every call that the hole takes goes through on one architecture. The conditions are
 * looked at as the kernel does, without what an argument has above its own width. */
static bool has_calls(struct measure *m, const struct cf_arch *arch,
                      const struct cf_call_rule *rules, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!holds(m, reached(m, arch, rules[i].call->name,
                                      cf_call_rule_condition(m->all, &rules[i], CF_ERRNO))))
                        return false;
        return true;
}

static int hole_reach(struct measure *m, const struct cf_hole *hole, enum cf_reach *ret_reach,
                      struct cf_error *err)
{
        const struct cf_call_rule *rules;
        size_t count;
        int r = cf_call_rules_read(m->arena, hole->cve, cf_span_of(hole->needs), &rules, &count,
                                   err);
        *ret_reach = CF_REACH_REFUSED;
        for (size_t i = 0; r == 0 && i < m->surface->arch_count; i++) {
                const struct cf_arch *arch = m->surface->arches[i].arch;
                if ((hole->compat && arch->bits != 32) || !has_calls(m, arch, rules, count))
                        continue;
                enum cf_reach reach = by_capability(m, hole->capability, false);
                if (hole->user_namespace)
                        reach = m->surface->user_namespaces ? CF_REACH_NAMESPACE : CF_REACH_REFUSED;
                *ret_reach = reach > *ret_reach ? reach : *ret_reach;
        }
        return r;
}

static int measure_holes(struct measure *m, struct cf_error *err)
{
        struct cf_surface *surface = m->surface;
        int r = 0;
        while (cf_hole_at(surface->hole_count))
                surface->hole_count++;
        surface->holes = cf_arena_many(m->arena, surface->hole_count, enum cf_reach);
        if (!surface->holes)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; r == 0 && i < surface->hole_count; i++)
                r = hole_reach(m, cf_hole_at(i), &surface->holes[i], err);
        return r;
}

int cf_surface_measure(struct cf_policies *all, cf_policy policy,
                       const struct cf_circumstances *circumstances,
                       const struct cf_arch *const *arches, size_t arch_count,
                       struct cf_arena *arena, struct cf_surface *ret_surface, struct cf_error *err)
{
        struct cf_surface surface = {.arch_count = arch_count};
        struct measure m = {all, policy, circumstances, arena, &surface, false};
        int r = arch_count <= CF_SURFACE_ARCHES_MAX
                        ? 0
                        : cf_error_set(err, -E2BIG, NULL, "more than %u architectures",
                                       CF_SURFACE_ARCHES_MAX);
        for (size_t i = 0; r == 0 && i < arch_count; i++) {
                surface.arches[i].arch = arches[i];
                surface.user_namespaces |= makes_user_namespace(&m, arches[i]);
                r = measure_arch(&m, &surface.arches[i], err);
        }
        if (r == 0)
                r = measure_dangers(&m, err);
        if (r == 0)
                r = measure_holes(&m, err);
        if (r == 0 && m.failed)
                r = cf_policies_check(all, CF_POLICY_NONE, err);
        if (r == 0)
                *ret_surface = surface;
        return r;
}
