/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/vec.h"
#include "runtime/runtime.h"

struct losses {
        struct cf_policies *all;
        struct cf_arena *arena;
        const struct cf_runtime_loaded *loaded;
        cf_policy written, now;              /* of calls that can be met; elsewhere equal */
        cf_policy changes[CF_RUNTIME_STEPS]; /* where each cause changed the answer */
        CF_VEC(struct cf_runtime_loss) items;
        struct cf_error *err;
};

static int no_memory(struct losses *losses)
{
        return cf_error_set(losses->err, -ENOMEM, NULL, "not enough memory");
}

/* ---- what can be met ------------------------------------------------------------------------ */

/* Calls that no process can make: with something in the upper half of a 32-bit register. */
static cf_policy impossible(struct cf_policies *all)
{
        cf_policy narrow = CF_POLICY_FALSE, upper = CF_POLICY_FALSE;
        const struct cf_arch *arch;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if (arch->bits == 32 && !(arch->base & CF_X32_BIT))
                        narrow = cf_policy_or(all, narrow,
                                              cf_policy_equal(all, CF_SLICE_ARCH, arch->token));
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                upper = cf_policy_or(
                        all, upper,
                        cf_policy_range(all, cf_slice_word(2 + 2 * arg), 1, UINT32_MAX));
        return cf_policy_and(all, narrow, upper);
}

static int prepare(struct losses *losses)
{
        struct cf_policies *all = losses->all;
        const struct cf_runtime_loaded *loaded = losses->loaded;
        cf_policy never = impossible(all), before = cf_policy_normal(all, loaded->steps[0]);
        losses->written = before;
        for (size_t i = 0; i < CF_RUNTIME_STEPS; i++) {
                cf_policy after = cf_policy_normal(all, loaded->steps[i + 1]);
                losses->changes[i] = cf_policy_where_differs(all, before, after);
                before = after;
        }
        losses->now = cf_policy_choose(all, never, losses->written, before);
        return cf_policies_check(all, losses->now, losses->err);
}

/* ---- one call ------------------------------------------------------------------------------- */

static bool is_name_of(const struct cf_profile_word *name, const struct cf_syscall *call)
{
        return call && cf_span_is(name->text, call->name);
}

/* The first entry that applies and names the call; and whether such entries have several actions.
 */
static struct cf_runtime_use first_use(const struct cf_runtime_loaded *loaded,
                                       const struct cf_syscall *call, bool *ret_several)
{
        struct cf_runtime_use first = {0};
        *ret_several = false;
        for (size_t i = 0; call && i < loaded->profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &loaded->profile->rules[i];
                if (!cf_profile_rule_applies(rule, &loaded->circumstances))
                        continue;
                for (size_t k = 0; k < rule->names.count; k++) {
                        if (!is_name_of(&rule->names.items[k], call))
                                continue;
                        *ret_several |= first.rule && first.rule->value != rule->value;
                        if (!first.rule)
                                first = (struct cf_runtime_use){rule, &rule->names.items[k], NULL};
                }
        }
        return first;
}

static bool is_unknown(const struct cf_runtime_loaded *loaded, const struct cf_arch *arch,
                       const struct cf_syscall *call)
{
        for (size_t i = 0; i < loaded->unknown_count; i++)
                if (loaded->unknown[i].arch == arch && is_name_of(loaded->unknown[i].name, call))
                        return true;
        return false;
}

/* Of calls that the library treats otherwise: what it did, more closely. */
static enum cf_runtime_cause refine(const struct cf_runtime_loaded *loaded,
                                    const struct cf_arch *arch, const struct cf_syscall *call,
                                    bool several)
{
        if (!call)
                return CF_RUNTIME_LIBRARY;
        if (is_unknown(loaded, arch, call))
                return CF_RUNTIME_UNKNOWN;
        if (strcmp(call->name, "socketcall") == 0 || strcmp(call->name, "ipc") == 0)
                return CF_RUNTIME_MULTIPLEXED;
        return several ? CF_RUNTIME_CONTRADICTED : CF_RUNTIME_LIBRARY;
}

int cf_runtime_explain(const struct cf_policies *all, const struct cf_runtime_loaded *loaded,
                       const struct cf_call *call, unsigned *ret_causes,
                       struct cf_runtime_use *ret_use, struct cf_error *err)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *syscall = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        struct cf_profile_decision decision;
        unsigned causes = 0;
        bool several;
        uint32_t before = cf_action_normal(cf_policy_value(all, loaded->steps[0], call));
        uint32_t written = before;
        for (unsigned i = 0; i < CF_RUNTIME_STEPS; i++) {
                uint32_t after = cf_action_normal(cf_policy_value(all, loaded->steps[i + 1], call));
                causes |= after != before ? 1u << i : 0;
                before = after;
        }
        if (before == written) {
                *ret_causes = 0;
                *ret_use = (struct cf_runtime_use){0};
                return 0;
        }
        int r = cf_profile_decide(loaded->profile, &loaded->circumstances, call, &decision, err);
        if (r < 0)
                return r;
        *ret_use = first_use(loaded, syscall, &several);
        if (decision.reason == CF_PROFILE_BY_RULE)
                *ret_use = (struct cf_runtime_use){decision.rule, decision.name, NULL};
        if (causes & 1u << CF_RUNTIME_LIBRARY)
                causes = (causes & ~(1u << CF_RUNTIME_LIBRARY)) |
                         1u << refine(loaded, arch, syscall, several);
        *ret_causes = causes;
        return 0;
}

/* ---- all calls of a difference -------------------------------------------------------------- */

static int add(struct losses *losses, const struct cf_arch *arch, const struct cf_syscall *call,
               const struct cf_difference *difference, uint64_t first, uint64_t last)
{
        if (first > last)
                return 0;
        struct cf_runtime_loss loss = {
                .arch = arch,
                .call = call,
                .nr_last = (uint32_t)last,
                .condition = difference->condition,
                .written = difference->value_a,
                .loaded = difference->value_b,
                .witness = difference->witness,
        };
        loss.witness.arch = arch->token;
        loss.witness.nr = (uint32_t)first;
        int r = cf_runtime_explain(losses->all, losses->loaded, &loss.witness, &loss.causes,
                                   &loss.use, losses->err);
        if (r == 0 && cf_vec_push(losses->arena, &losses->items, loss) < 0)
                r = no_memory(losses);
        return r;
}

static int add_arch(struct losses *losses, const struct cf_arch *arch,
                    const struct cf_difference *difference)
{
        uint64_t first = difference->nr_first, last = difference->nr_last;
        const struct cf_syscall *call;
        uint32_t nr;
        int r = 0;
        if (arch->token == cf_arch_by_name("x32")->token) { /* two have this token */
                if (arch->base & CF_X32_BIT)
                        first = first < CF_X32_BIT ? CF_X32_BIT : first;
                else if (last >= CF_X32_BIT)
                        last = CF_X32_BIT - 1;
        }
        for (size_t i = 0; r == 0 && (call = cf_syscall_of_arch(arch, i, &nr)); i++) {
                if (nr < first || nr > last)
                        continue;
                if (nr > first)
                        r = add(losses, arch, NULL, difference, first, (uint64_t)nr - 1);
                if (r == 0)
                        r = add(losses, arch, call, difference, nr, nr);
                first = (uint64_t)nr + 1;
        }
        return r == 0 ? add(losses, arch, NULL, difference, first, last) : r;
}

/* The differences where just these causes changed the answer. */
static int add_part(struct losses *losses, cf_policy where)
{
        struct cf_policies *all = losses->all;
        struct cf_difference *differences;
        const struct cf_arch *arch;
        size_t count;
        cf_policy now = cf_policy_choose(all, where, losses->now, losses->written);
        int r = cf_policies_check(all, now, losses->err);
        if (r == 0)
                r = cf_policy_compare(all, losses->written, now, losses->arena, &differences,
                                      &count, losses->err);
        for (size_t i = 0; r == 0 && i < count; i++)
                for (size_t k = 0; r == 0 && (arch = cf_arch_at(k)); k++)
                        if (arch->token >= differences[i].arch_first &&
                            arch->token <= differences[i].arch_last)
                                r = add_arch(losses, arch, &differences[i]);
        return r;
}

/* `where` holds where the causes before `next` are as `causes` says. */
static int split(struct losses *losses, cf_policy where, unsigned causes, unsigned next)
{
        struct cf_policies *all = losses->all;
        if (where == CF_POLICY_FALSE)
                return 0;
        if (next == CF_RUNTIME_STEPS)
                return causes ? add_part(losses, where) : 0;
        cf_policy change = losses->changes[next];
        cf_policy with = cf_policy_and(all, where, change);
        cf_policy without = cf_policy_and(all, where, cf_policy_not(all, change));
        int r = cf_policies_check(all, with, losses->err);
        if (r == 0)
                r = cf_policies_check(all, without, losses->err);
        if (r == 0)
                r = split(losses, with, causes | 1u << next, next + 1);
        return r == 0 ? split(losses, without, causes, next + 1) : r;
}

static int compare_losses(const void *left, const void *right)
{
        const struct cf_runtime_loss *a = left, *b = right;
        if (a->arch != b->arch)
                return a->arch < b->arch ? -1 : 1;
        if (a->witness.nr != b->witness.nr)
                return a->witness.nr < b->witness.nr ? -1 : 1;
        if (a->causes != b->causes)
                return a->causes < b->causes ? -1 : 1;
        return (a->condition > b->condition) - (a->condition < b->condition);
}

int cf_runtime_losses(struct cf_policies *all, struct cf_arena *arena,
                      const struct cf_runtime_loaded *loaded, struct cf_runtime_loss **ret_losses,
                      size_t *ret_count, struct cf_error *err)
{
        struct losses losses = {.all = all, .arena = arena, .loaded = loaded, .err = err};
        int r = prepare(&losses);
        if (r == 0)
                r = split(&losses, CF_POLICY_TRUE, 0, 0);
        if (r < 0)
                return r;
        if (losses.items.count > 1)
                qsort(losses.items.items, losses.items.count, sizeof(*losses.items.items),
                      compare_losses);
        *ret_losses = losses.items.items;
        *ret_count = losses.items.count;
        return 0;
}
