/* SPDX-License-Identifier: Apache-2.0 */
/* The plain meaning of a profile. */
#include <string.h>

#include "base/vec.h"
#include "profile/profile.h"

/* What libseccomp answers for an architecture that it was not told of. */
#define NOT_COVERED CF_KILL_THREAD
/* Of a token that is covered in part, libseccomp leaves this number to the default action: a tracer
 * sets it to have a call skipped. */
#define SKIPPED UINT32_MAX

/* ---- which entries count, and where --------------------------------------------------------- */

static bool has_architecture(const struct cf_profile_words *list, const struct cf_arch *machine)
{
        for (size_t i = 0; i < list->count; i++)
                if (machine->go && cf_span_is(list->items[i].text, machine->go))
                        return true;
        return false;
}

static bool is_granted(struct cf_span capability, const struct cf_circumstances *c)
{
        unsigned number;
        return cf_capability_number(capability, &number) && c->capabilities >> number & 1;
}

static bool has_kernel(const struct cf_profile_when *when, const struct cf_circumstances *c)
{
        return c->kernel_major > when->kernel_major ||
               (c->kernel_major == when->kernel_major && c->kernel_minor >= when->kernel_minor);
}

bool cf_profile_rule_applies(const struct cf_profile_rule *rule,
                             const struct cf_circumstances *circumstances)
{
        const struct cf_profile_when *out = &rule->excludes, *in = &rule->includes;
        if (has_architecture(&out->arches, circumstances->machine))
                return false;
        for (size_t i = 0; i < out->caps.count; i++)
                if (is_granted(out->caps.items[i].text, circumstances))
                        return false;
        if (out->has_kernel && has_kernel(out, circumstances))
                return false;
        if (in->arches.count && !has_architecture(&in->arches, circumstances->machine))
                return false;
        for (size_t i = 0; i < in->caps.count; i++)
                if (!is_granted(in->caps.items[i].text, circumstances))
                        return false;
        return !in->has_kernel || has_kernel(in, circumstances);
}

static int no_memory(const struct cf_profile *profile, struct cf_error *err)
{
        struct cf_place whole = {.path = profile->source->path};
        return cf_error_set(err, -ENOMEM, &whole, "not enough memory to work out the profile");
}

static const struct cf_profile_words *words_of_machine(const struct cf_profile *profile,
                                                       const struct cf_arch *machine)
{
        for (size_t i = 0; i < profile->map_count; i++)
                if (cf_span_is(profile->map[i].machine.text, machine->profile))
                        return &profile->map[i].others;
        return &profile->architectures;
}

int cf_profile_architectures(struct cf_arena *arena, const struct cf_profile *profile,
                             const struct cf_circumstances *circumstances,
                             const struct cf_arch *const **ret_arches, size_t *ret_count,
                             struct cf_error *err)
{
        const struct cf_profile_words *words = words_of_machine(profile, circumstances->machine);
        CF_VEC(const struct cf_arch *) arches = {0};
        if (cf_vec_push(arena, &arches, circumstances->machine) < 0)
                return no_memory(profile, err);
        for (size_t i = 0; i < words->count; i++) {
                const struct cf_profile_word *word = &words->items[i];
                const struct cf_arch *arch = cf_arch_by_name(word->text.data);
                if (!arch) {
                        struct cf_place place = cf_profile_place(profile, word->part);
                        return cf_error_set(err, -ENOTSUP, &place,
                                            "the system calls of %s are not known here",
                                            word->text.data);
                }
                size_t same = 0;
                while (same < arches.count && arches.items[same] != arch)
                        same++;
                if (same == arches.count && cf_vec_push(arena, &arches, arch) < 0)
                        return no_memory(profile, err);
        }
        *ret_arches = arches.items;
        *ret_count = arches.count;
        return 0;
}

/* The number of a name as a filter sees it; false when the architecture does not have the call. */
static bool number_of(const struct cf_arch *arch, const struct cf_profile_word *name,
                      uint32_t *ret_nr)
{
        return strlen(name->text.data) == name->text.size &&
               cf_syscall_number(arch, name->text.data, ret_nr);
}

/* The architecture of a token that has the smallest base above `from`; NULL: none. */
static const struct cf_arch *next_of_token(uint32_t token, const struct cf_arch *from)
{
        const struct cf_arch *arch, *best = NULL;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if (arch->token == token && (!from || arch->base > from->base) &&
                    (!best || arch->base < best->base))
                        best = arch;
        return best;
}

/* The architecture of a call as libseccomp tells it: numbers from the x32 bit on are x32. */
static const struct cf_arch *arch_of_call(const struct cf_call *call)
{
        const struct cf_arch *arch = next_of_token(call->arch, NULL), *next;
        for (; arch && (next = next_of_token(call->arch, arch)) && call->nr >= next->base;)
                arch = next;
        return arch;
}

/* ---- one call ------------------------------------------------------------------------------- */

static bool condition_holds(const struct cf_condition *condition, const struct cf_call *call)
{
        uint64_t left = call->args[condition->arg] & condition->mask, right = condition->value;
        switch (condition->op) {
        case CF_NE:
                return left != right;
        case CF_LT:
                return left < right;
        case CF_LE:
                return left <= right;
        case CF_GE:
                return left >= right;
        case CF_GT:
                return left > right;
        default:
                return left == right;
        }
}

static const struct cf_profile_word *matching_name(const struct cf_profile_rule *rule,
                                                   const struct cf_arch *arch,
                                                   const struct cf_call *call)
{
        uint32_t nr;
        for (size_t i = 0; i < rule->condition_count; i++)
                if (!condition_holds(&rule->conditions[i], call))
                        return NULL;
        for (size_t i = 0; i < rule->names.count; i++)
                if (number_of(arch, &rule->names.items[i], &nr) && nr == call->nr)
                        return &rule->names.items[i];
        return NULL;
}

static void decide(const struct cf_profile *profile, const struct cf_circumstances *circumstances,
                   const struct cf_arch *arch, const struct cf_call *call,
                   struct cf_profile_decision *decision)
{
        *decision = (struct cf_profile_decision){
                .value = profile->default_value,
                .reason = CF_PROFILE_BY_DEFAULT,
        };
        for (size_t i = 0; i < profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[i];
                if (decision->rule &&
                    cf_action_rank(rule->value) >= cf_action_rank(decision->value))
                        continue;
                if (!cf_profile_rule_applies(rule, circumstances))
                        continue;
                const struct cf_profile_word *name = matching_name(rule, arch, call);
                if (name)
                        *decision = (struct cf_profile_decision){rule->value, CF_PROFILE_BY_RULE,
                                                                 rule, name};
        }
}

int cf_profile_decide(const struct cf_profile *profile,
                      const struct cf_circumstances *circumstances, const struct cf_call *call,
                      struct cf_profile_decision *ret_decision, struct cf_error *err)
{
        const struct cf_arch *arch = arch_of_call(call);
        const struct cf_arch *const *covered;
        size_t count, i = 0;
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_PROFILE_MEMORY);
        if (profile->no_filter) {
                *ret_decision =
                        (struct cf_profile_decision){CF_ALLOW, CF_PROFILE_NO_FILTER, NULL, NULL};
                return 0;
        }
        if (!scratch)
                return no_memory(profile, err);
        int r = cf_profile_architectures(scratch, profile, circumstances, &covered, &count, err);
        if (r < 0)
                return r;
        while (i < count && covered[i] != arch)
                i++;
        bool part = false;
        for (size_t k = 0; k < count; k++)
                part |= covered[k]->token == call->arch;
        if (part && call->nr == SKIPPED)
                *ret_decision = (struct cf_profile_decision){profile->default_value,
                                                             CF_PROFILE_BY_DEFAULT, NULL, NULL};
        else if (!arch || i == count)
                *ret_decision = (struct cf_profile_decision){NOT_COVERED, CF_PROFILE_NOT_COVERED,
                                                             NULL, NULL};
        else
                decide(profile, circumstances, arch, call, ret_decision);
        return 0;
}

/* ---- all calls ------------------------------------------------------------------------------ */

/* An entry that names a number. */
struct use {
        uint32_t nr;
        int32_t rank; /* of the entry's action */
        size_t rule;
};

struct builder {
        struct cf_policies *all;
        const struct cf_profile *profile;
        const struct cf_circumstances *circumstances;
        const struct cf_arch *const *covered;
        size_t covered_count;
        bool *applies;         /* rule by rule */
        cf_policy *conditions; /* of each rule; CF_POLICY_NONE: not built yet */
        struct use *uses;      /* room for one of each name */
        struct cf_arena *arena;
};

typedef CF_VEC(struct cf_piece) cf_pieces;

/* By number; then the loosest action first, and of two alike the later entry first: what comes
 * last is laid over the others. */
static int compare_uses(const void *left, const void *right)
{
        const struct use *a = left, *b = right;
        if (a->nr != b->nr)
                return a->nr < b->nr ? -1 : 1;
        if (a->rank != b->rank)
                return a->rank > b->rank ? -1 : 1;
        return (a->rule < b->rule) - (a->rule > b->rule);
}

static size_t collect_uses(struct builder *b, const struct cf_arch *arch)
{
        size_t count = 0;
        for (size_t i = 0; i < b->profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &b->profile->rules[i];
                for (size_t k = 0; b->applies[i] && k < rule->names.count; k++) {
                        struct use *use = &b->uses[count];
                        if (!number_of(arch, &rule->names.items[k], &use->nr))
                                continue;
                        use->rank = cf_action_rank(rule->value);
                        use->rule = i;
                        count++;
                }
        }
        if (count > 1)
                qsort(b->uses, count, sizeof(*b->uses), compare_uses);
        return count;
}

static cf_policy condition_of(struct builder *b, size_t at)
{
        const struct cf_profile_rule *rule = &b->profile->rules[at];
        cf_policy both = b->conditions[at];
        if (both != CF_POLICY_NONE)
                return both;
        both = CF_POLICY_TRUE;
        for (size_t i = 0; i < rule->condition_count && both != CF_POLICY_NONE; i++)
                both = cf_policy_and(b->all, both,
                                     cf_policy_condition(b->all, &rule->conditions[i]));
        return b->conditions[at] = both;
}

/* What answers the number that uses[0 … count) name. */
static cf_policy policy_of_uses(struct builder *b, const struct use *uses, size_t count)
{
        cf_policy policy = cf_policy_constant(b->all, b->profile->default_value);
        for (size_t i = 0; i < count && policy != CF_POLICY_NONE; i++) {
                const struct cf_profile_rule *rule = &b->profile->rules[uses[i].rule];
                cf_policy value = cf_policy_constant(b->all, rule->value);
                policy = cf_policy_choose(b->all, condition_of(b, uses[i].rule), value, policy);
        }
        return policy;
}

static int add_piece(struct builder *b, cf_pieces *pieces, uint64_t first, uint64_t last,
                     cf_policy policy)
{
        if (first > last)
                return 0;
        return cf_vec_push(b->arena, pieces, (struct cf_piece){first, last, policy});
}

/* The numbers first … last, all of one architecture. */
static int add_architecture(struct builder *b, cf_pieces *pieces, const struct cf_arch *arch,
                            uint64_t first, uint64_t last)
{
        size_t count = collect_uses(b, arch);
        cf_policy otherwise = cf_policy_constant(b->all, b->profile->default_value);
        int r = 0;
        for (size_t i = 0, next; r == 0 && i < count; i = next) {
                uint32_t nr = b->uses[i].nr;
                for (next = i + 1; next < count && b->uses[next].nr == nr;)
                        next++;
                r = nr == 0 ? 0 : add_piece(b, pieces, first, nr - 1, otherwise);
                if (r == 0)
                        r = add_piece(b, pieces, nr, nr, policy_of_uses(b, b->uses + i, next - i));
                first = (uint64_t)nr + 1;
        }
        return r < 0 ? r : add_piece(b, pieces, first, last, otherwise);
}

static bool is_covered(const struct builder *b, const struct cf_arch *arch)
{
        for (size_t i = 0; i < b->covered_count; i++)
                if (b->covered[i] == arch)
                        return true;
        return false;
}

/* What answers calls with this token. Of two architectures with one token, the number tells. */
static int policy_of_token(struct builder *b, uint32_t token, cf_policy *ret_policy)
{
        cf_pieces pieces = {0};
        cf_policy killed = cf_policy_constant(b->all, NOT_COVERED);
        const struct cf_arch *arch = next_of_token(token, NULL), *next;
        uint64_t first = 0;
        int r = 0;
        for (; r == 0 && arch; arch = next) {
                next = next_of_token(token, arch);
                uint64_t last = next ? next->base - 1 : UINT32_MAX;
                if (last == SKIPPED)
                        last--;
                r = is_covered(b, arch) ? add_architecture(b, &pieces, arch, first, last)
                                        : add_piece(b, &pieces, first, last, killed);
                first = last + 1;
        }
        if (r == 0)
                r = add_piece(b, &pieces, SKIPPED, SKIPPED,
                              cf_policy_constant(b->all, b->profile->default_value));
        if (r == 0)
                *ret_policy = cf_policy_cases(b->all, CF_SLICE_NR, pieces.items, pieces.count);
        return r;
}

static int build(struct builder *b, cf_policy *ret_policy)
{
        cf_pieces pieces = {0};
        cf_policy killed = cf_policy_constant(b->all, NOT_COVERED);
        uint64_t first = 0;
        int r = 0;
        while (r == 0 && first <= UINT32_MAX) {
                const struct cf_arch *lowest = NULL;
                cf_policy policy = CF_POLICY_NONE;
                for (size_t i = 0; i < b->covered_count; i++)
                        if (b->covered[i]->token >= first &&
                            (!lowest || b->covered[i]->token < lowest->token))
                                lowest = b->covered[i];
                if (!lowest)
                        break;
                if (lowest->token > first)
                        r = add_piece(b, &pieces, first, lowest->token - 1, killed);
                if (r == 0)
                        r = policy_of_token(b, lowest->token, &policy);
                if (r == 0)
                        r = add_piece(b, &pieces, lowest->token, lowest->token, policy);
                first = (uint64_t)lowest->token + 1;
        }
        if (r == 0)
                r = add_piece(b, &pieces, first, UINT32_MAX, killed);
        if (r == 0)
                *ret_policy = cf_policy_cases(b->all, CF_SLICE_ARCH, pieces.items, pieces.count);
        return r;
}

/* Room for everything; which entries count. */
static int prepare(struct builder *b, struct cf_error *err)
{
        size_t names = 0, rules = b->profile->rule_count;
        b->applies = cf_arena_many(b->arena, rules, bool);
        b->conditions = cf_arena_many(b->arena, rules, cf_policy);
        if (!b->applies || !b->conditions)
                return no_memory(b->profile, err);
        for (size_t i = 0; i < rules; i++) {
                b->applies[i] = cf_profile_rule_applies(&b->profile->rules[i], b->circumstances);
                names += b->applies[i] ? b->profile->rules[i].names.count : 0;
        }
        b->uses = cf_arena_many(b->arena, names + 1, struct use); /* one is looked at in vain */
        if (!b->uses)
                return no_memory(b->profile, err);
        return cf_profile_architectures(b->arena, b->profile, b->circumstances, &b->covered,
                                        &b->covered_count, err);
}

int cf_profile_policy(struct cf_policies *all, const struct cf_profile *profile,
                      const struct cf_circumstances *circumstances, cf_policy *ret_policy,
                      struct cf_error *err)
{
        struct cf_place whole = {.path = profile->source->path};
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_PROFILE_MEMORY);
        struct builder b = {
                .all = all, .profile = profile, .circumstances = circumstances, .arena = scratch};
        cf_policy policy = CF_POLICY_NONE;
        if (!scratch)
                return no_memory(profile, err);
        uint64_t steps = cf_policies_budget(all, CF_PROFILE_STEPS_MAX);
        int r = 0;
        if (profile->no_filter) {
                policy = cf_policy_constant(all, CF_ALLOW);
        } else {
                r = prepare(&b, err);
                if (r == 0 && build(&b, &policy) < 0)
                        r = no_memory(profile, err);
                if (r == -ENOMEM && cf_arena_is_full(scratch))
                        r = cf_error_set(err, -E2BIG, &whole,
                                         "the profile is too complex: to work it out takes more "
                                         "than %zu MiB",
                                         CF_PROFILE_MEMORY >> 20);
        }
        cf_policies_budget(all, steps);
        if (r < 0)
                return r;
        r = cf_policies_check(all, policy, err);
        if (r < 0)
                return cf_error_doing(err, r, &whole, "working out what the profile means");
        *ret_policy = policy;
        return 0;
}
