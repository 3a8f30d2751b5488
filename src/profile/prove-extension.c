/* SPDX-License-Identifier: Apache-2.0 */
/* That an extended profile is the base with its additions and nothing else: of the calls concerned
 * under every machine, kernel and set of capabilities that their entries ask for; of all calls on
 * this machine with usual, all and no capabilities. */
#include <string.h>

#include "base/vec.h"
#include "profile/extend.h"

#define SUBSETS_OF \
        4 /* capabilities: of more, not all sets are tried, but each one alone and all but it */

struct proof {
        struct cf_policies *all;
        struct cf_arena *arena;
        struct cf_error *err;
        const struct cf_profile_addition *additions;
        const cf_policy *when;
        size_t count;
        struct cf_profile base, extended; /* the entries concerned alone */
        CF_VEC(uint64_t) capabilities;    /* sets */
        CF_VEC(struct cf_circumstances) kernels;
};

static int no_memory(struct proof *p)
{
        return cf_error_set(p->err, -ENOMEM, NULL, "not enough memory to prove the profile");
}

static bool concerns(const struct proof *p, struct cf_span name)
{
        for (size_t k = 0; k < p->count; k++)
                if (cf_span_is(name, p->additions[k].rule.call->name))
                        return true;
        return false;
}

/* The entries that name a call concerned, with such names alone. */
static int take_concerned(struct proof *p, const struct cf_profile *from, struct cf_profile *to)
{
        CF_VEC(struct cf_profile_rule) rules = {0};
        for (size_t i = 0; i < from->rule_count; i++) {
                struct cf_profile_rule rule = from->rules[i];
                CF_VEC(struct cf_profile_word) names = {0};
                for (size_t k = 0; k < rule.names.count; k++)
                        if (concerns(p, rule.names.items[k].text) &&
                            cf_vec_push(p->arena, &names, rule.names.items[k]) < 0)
                                return no_memory(p);
                rule.names = (struct cf_profile_words){names.items, names.count};
                if (names.count && cf_vec_push(p->arena, &rules, rule) < 0)
                        return no_memory(p);
        }
        *to = *from;
        to->rules = rules.items;
        to->rule_count = rules.count;
        return 0;
}

/* ---- circumstances --------------------------------------------------------------------------
 */

static void add_capabilities(const struct cf_profile_words *words, uint64_t *set)
{
        unsigned number;
        for (size_t i = 0; i < words->count; i++)
                if (cf_capability_number(words->items[i].text, &number))
                        *set |= UINT64_C(1) << number;
}

static int add_set(struct proof *p, uint64_t set)
{
        return cf_vec_push(p->arena, &p->capabilities, set) < 0 ? no_memory(p) : 0;
}

static int list_capabilities(struct proof *p)
{
        uint64_t asked = 0, single[CF_CAPABILITIES];
        unsigned count = 0;
        for (size_t i = 0; i < p->base.rule_count; i++) {
                add_capabilities(&p->base.rules[i].includes.caps, &asked);
                add_capabilities(&p->base.rules[i].excludes.caps, &asked);
        }
        for (unsigned i = 0; i < CF_CAPABILITIES; i++)
                if (asked >> i & 1)
                        single[count++] = UINT64_C(1) << i;
        int r = 0;
        for (unsigned set = 0; count <= SUBSETS_OF && r == 0 && set < 1u << count; set++) {
                uint64_t chosen = 0;
                for (unsigned i = 0; i < count; i++)
                        chosen |= set >> i & 1 ? single[i] : 0;
                r = add_set(p, chosen);
        }
        if (count <= SUBSETS_OF)
                return r;
        r = add_set(p, 0);
        for (unsigned i = 0; r == 0 && i < count; i++) {
                r = add_set(p, single[i]);
                r = r ? r : add_set(p, asked & ~single[i]);
        }
        return r ? r : add_set(p, asked);
}

static int add_kernel(struct proof *p, unsigned major, unsigned minor)
{
        struct cf_circumstances c = {.kernel_major = major, .kernel_minor = minor};
        for (size_t i = 0; i < p->kernels.count; i++)
                if (p->kernels.items[i].kernel_major == major &&
                    p->kernels.items[i].kernel_minor == minor)
                        return 0;
        return cf_vec_push(p->arena, &p->kernels, c) < 0 ? no_memory(p) : 0;
}

/* Each version that is asked for; before the first one is 0.0. */
static int list_kernels(struct proof *p)
{
        int r = add_kernel(p, 0, 0);
        for (size_t i = 0; r == 0 && i < p->base.rule_count; i++) {
                const struct cf_profile_when *in = &p->base.rules[i].includes;
                const struct cf_profile_when *out = &p->base.rules[i].excludes;
                if (in->has_kernel)
                        r = add_kernel(p, in->kernel_major, in->kernel_minor);
                if (r == 0 && out->has_kernel)
                        r = add_kernel(p, out->kernel_major, out->kernel_minor);
        }
        return r;
}

/* ---- the proof ------------------------------------------------------------------------------
 */

/* The base with the additions laid over it; arches[0] is the machine. */
static cf_policy wanted(struct proof *p, cf_policy policy, const struct cf_arch *const *arches,
                        size_t arch_count)
{
        bool s390 = strncmp(arches[0]->name, "s390", 4) == 0;
        for (size_t i = 0; i < p->count; i++) {
                cf_policy calls = CF_POLICY_FALSE;
                uint32_t nr;
                if (s390 && is_other_on_s390(&p->additions[i]))
                        continue;
                for (size_t k = 0; k < arch_count; k++) {
                        if (!cf_syscall_number(arches[k], p->additions[i].rule.call->name, &nr))
                                continue;
                        cf_policy one = cf_policy_and(
                                p->all, cf_policy_equal(p->all, CF_SLICE_ARCH, arches[k]->token),
                                cf_policy_equal(p->all, CF_SLICE_NR, nr));
                        calls = cf_policy_or(p->all, calls, one);
                }
                policy =
                        cf_policy_choose(p->all, cf_policy_and(p->all, calls, p->when[i]),
                                         cf_policy_constant(p->all, p->additions[i].value), policy);
        }
        return policy;
}

static int prove_one(struct proof *p, const struct cf_circumstances *c)
{
        const struct cf_arch *const *arches;
        size_t count;
        cf_policy before, after;
        struct cf_call call;
        int r = cf_profile_architectures(p->arena, &p->base, c, &arches, &count, p->err);
        if (r == 0)
                r = cf_profile_policy(p->all, &p->base, c, &before, p->err);
        if (r == 0)
                r = cf_profile_policy(p->all, &p->extended, c, &after, p->err);
        if (r < 0)
                return r;
        cf_policy differs =
                cf_policy_where_differs(p->all, wanted(p, before, arches, count), after);
        r = cf_policies_check(p->all, differs, p->err);
        if (r < 0 || !cf_policy_find(p->all, differs, &call))
                return r;
        CF_TEXT struct cf_text words = {0};
        cf_say_call(&words, &call);
        return cf_error_set(p->err, -ENOTSUP, NULL,
                            "the extended profile would not answer %s as it should on %s",
                            words.data ? words.data : "", c->machine->name);
}

/* Whether every architecture that the profile covers on this machine has a table here. */
static bool is_known(struct proof *p, const struct cf_circumstances *c)
{
        const struct cf_arch *const *arches;
        size_t count;
        return cf_profile_architectures(p->arena, &p->base, c, &arches, &count, NULL) == 0;
}

static int prove_concerned(struct proof *p, const struct cf_profile *base,
                           const struct cf_profile *extended)
{
        const struct cf_arch *arch;
        int r = take_concerned(p, base, &p->base);
        if (r == 0)
                r = take_concerned(p, extended, &p->extended);
        if (r == 0)
                r = list_capabilities(p);
        if (r == 0)
                r = list_kernels(p);
        for (size_t m = 0; r == 0 && (arch = cf_arch_at(m)); m++) {
                struct cf_circumstances c = {.machine = arch};
                if (!arch->go || !is_known(p, &c))
                        continue;
                for (size_t i = 0; r == 0 && i < p->kernels.count * p->capabilities.count; i++) {
                        c = p->kernels.items[i % p->kernels.count];
                        c.machine = arch;
                        c.capabilities = p->capabilities.items[i / p->kernels.count];
                        r = prove_one(p, &c);
                }
        }
        return r;
}

static int prove_whole(struct proof *p, const struct cf_profile *base,
                       const struct cf_profile *extended)
{
        const uint64_t capabilities[] = {cf_capabilities_docker(), CF_CAPABILITIES_ALL, 0};
        int r = 0;
        p->base = *base;
        p->extended = *extended;
        for (size_t i = 0; r == 0 && i < CF_COUNT(capabilities); i++) {
                const struct cf_circumstances c = {.machine = cf_arch_native(),
                                                   .capabilities = capabilities[i],
                                                   .kernel_major = 255};
                if (is_known(p, &c))
                        r = prove_one(p, &c);
        }
        return r;
}

int prove_extension(struct cf_policies *all, const struct cf_profile *base,
                    const struct cf_profile_addition *additions, const cf_policy *when,
                    size_t count, struct cf_span text, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(2 * CF_PROFILE_MEMORY);
        struct proof p = {all, arena, err, additions, when, count, .capabilities = {0}};
        const struct cf_profile *extended;
        struct cf_source *source;
        if (!arena)
                return no_memory(&p);
        int r = cf_source_from(arena, "the extended profile", text, &source, err);
        if (r == 0)
                r = cf_profile_read(arena, source, &extended, err);
        if (r == 0)
                r = prove_concerned(&p, base, extended);
        if (r == 0)
                r = prove_whole(&p, base, extended);
        return r < 0 ? cf_error_doing(err, r, NULL, "proving the extended profile") : 0;
}
