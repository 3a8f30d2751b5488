/* SPDX-License-Identifier: Apache-2.0 */
/* From a policy to the fewest entries that say it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "profile/entries.h"

#define ERRNO_MAX 4094 /* libseccomp takes errors below the kernel's MAX_ERRNO, 4095 */

/* What one call gets, alike on every architecture that has it. */
struct answered {
        const struct cf_syscall *call;
        cf_policy answer;
        const char *comment; /* of its group; "": none */
};

struct work {
        struct cf_policies *all;
        struct cf_arena *arena;
        struct cf_error *err;
        const struct cf_profile_order *order;
        struct cf_profile_entries found;
        cf_policy policy;
        CF_VEC(struct answered) calls;
        CF_VEC(struct entry_use) uses;
};

static int no_memory(struct work *w)
{
        return cf_error_set(w->err, -ENOMEM, NULL, "not enough memory for the profile's entries");
}

/* ---- the default action ----------------------------------------------------------------------
 */

static bool shares_token(const struct cf_arch *arch)
{
        return arch->token == cf_arch_by_name("x32")->token;
}

static int refuse_default(struct work *w, const struct cf_arch *arch, uint64_t nr, uint32_t value)
{
        CF_TEXT struct cf_text words = {0}, others = {0};
        cf_say_value(&words, value);
        cf_say_value(&others, w->found.default_value);
        return cf_error_set(w->err, -ENOTSUP, NULL,
                            "number %" PRIu64 " of %s, which has no name, gets another answer (%s) "
                            "than others without a name (%s): profiles answer all of them alike, "
                            "by the default action",
                            nr, arch->name, words.data ? words.data : "",
                            others.data ? others.data : "");
}

/* Numbers from..to of one architecture get `answer`. */
static int take_unnamed(struct work *w, const struct cf_arch *arch, uint64_t from, uint64_t to,
                        cf_policy answer, bool *known)
{
        uint32_t value;
        while (from <= to && cf_syscall_by_number(arch, (uint32_t)from))
                from++;
        if (from > to)
                return 0;
        if (!cf_policy_is_constant(w->all, answer, &value))
                return cf_error_set(w->err, -ENOTSUP, NULL,
                                    "what number %" PRIu64 " of %s gets, which has no name, "
                                    "depends on more than that: profiles know calls by name only",
                                    from, arch->name);
        if (!*known)
                w->found.default_value = value;
        *known = true;
        return value == w->found.default_value ? 0 : refuse_default(w, arch, from, value);
}

/* All numbers without a name must get one answer: it is the default action. */
static int find_default(struct work *w)
{
        bool known = false;
        for (size_t i = 0; i < w->found.arch_count; i++) {
                const struct cf_arch *arch = w->found.arches[i];
                uint64_t low = arch->base >= CF_X32_BIT ? CF_X32_BIT : 0;
                uint64_t high = shares_token(arch) && !low ? CF_X32_BIT - 1 : UINT32_MAX;
                struct cf_piece *pieces;
                size_t count;
                cf_policy own =
                        cf_policy_fix(w->all, w->policy, CF_SLICE_ARCH, UINT32_MAX, arch->token);
                int r = cf_policies_check(w->all, own, w->err);
                if (r == 0)
                        r = cf_policy_pieces(w->all, own, CF_SLICE_NR, w->arena, &pieces, &count,
                                             w->err);
                for (size_t k = 0; r == 0 && k < count; k++)
                        r = take_unnamed(w, arch, pieces[k].first < low ? low : pieces[k].first,
                                         pieces[k].last > high ? high : pieces[k].last,
                                         pieces[k].policy, &known);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Whether some number of the architecture is answered otherwise than with KILL_THREAD. */
static int is_covered(struct cf_policies *all, cf_policy policy, const struct cf_arch *arch,
                      bool *ret_covered, struct cf_error *err)
{
        cf_policy own = cf_policy_fix(all, policy, CF_SLICE_ARCH, UINT32_MAX, arch->token);
        cf_policy killed = cf_policy_where_value(all, own, CF_KILL_THREAD);
        uint64_t low = arch->base >= CF_X32_BIT ? CF_X32_BIT : 0;
        uint64_t high = shares_token(arch) && !low ? CF_X32_BIT - 1 : UINT32_MAX - 1;
        cf_policy range = cf_policy_range(all, CF_SLICE_NR, low, high);
        cf_policy rest = cf_policy_and(all, range, cf_policy_not(all, killed));
        *ret_covered = rest != CF_POLICY_FALSE;
        return cf_policies_check(all, rest, err);
}

int cf_profile_covered(struct cf_policies *all, cf_policy policy, const struct cf_arch *machine,
                       struct cf_arena *arena, const struct cf_arch *const **ret_arches,
                       size_t *ret_count, struct cf_error *err)
{
        CF_VEC(const struct cf_arch *) arches = {0};
        const struct cf_arch *arch;
        int r = cf_vec_push(arena, &arches, machine);
        for (size_t i = 0; r == 0 && (arch = cf_arch_at(i)); i++) {
                bool covered;
                if (arch == machine)
                        continue;
                r = is_covered(all, policy, arch, &covered, err);
                if (r < 0)
                        return r;
                r = covered ? cf_vec_push(arena, &arches, arch) : 0;
        }
        if (r < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        *ret_arches = arches.items;
        *ret_count = arches.count;
        return 0;
}

/* ---- calls ----------------------------------------------------------------------------------
 */

static int refuse_call(struct work *w, const struct cf_syscall *call, const struct cf_arch *a,
                       const struct cf_arch *b)
{
        return cf_error_set(w->err, -ENOTSUP, NULL,
                            "%s gets another answer on %s than on %s: profiles name a call for all "
                            "architectures at once",
                            call->name, b->name, a->name);
}

static int take_calls(struct work *w)
{
        cf_policy otherwise = cf_policy_constant(w->all, w->found.default_value);
        const struct cf_syscall *call;
        uint32_t nr;
        for (size_t i = 0; (call = cf_syscall_at(i)); i++) {
                const struct cf_arch *first = NULL;
                struct answered now = {call, otherwise, ""};
                for (size_t k = 0; k < w->found.arch_count; k++) {
                        const struct cf_arch *arch = w->found.arches[k];
                        if (!cf_syscall_number(arch, call->name, &nr))
                                continue;
                        cf_policy answer = cf_policy_of_call(w->all, w->policy, arch->token, nr);
                        if (first && answer != now.answer)
                                return refuse_call(w, call, first, arch);
                        now.answer = answer;
                        first = first ? first : arch;
                }
                if (now.answer == otherwise)
                        continue;
                if (w->order && w->order->comment)
                        now.comment = w->order->comment(w->order->context, call);
                now.comment = now.comment ? now.comment : "";
                if (cf_vec_push(w->arena, &w->calls, now) < 0)
                        return no_memory(w);
        }
        return cf_policies_check(w->all, otherwise, w->err);
}

/* ---- conditions -----------------------------------------------------------------------------
 */

static int check_value(struct work *w, const struct cf_syscall *call, uint32_t value)
{
        if ((value & CF_ACTION_MASK) != CF_ERRNO || cf_action_data(value) <= ERRNO_MAX)
                return 0;
        return cf_error_set(w->err, -ENOTSUP, NULL,
                            "%s gets error %u: profiles can give errors up to %d", call->name,
                            cf_action_data(value), ERRNO_MAX);
}

static int add_value(struct work *w, const struct answered *call, uint32_t value,
                     const struct cf_clauses *clauses)
{
        int r = check_value(w, call->call, value);
        for (size_t i = 0; r == 0 && i < clauses->count; i++) {
                struct entry_use use = {.call = call->call};
                use.entry.value = value;
                use.entry.conditions = clauses->clauses[i].conditions;
                use.entry.condition_count = clauses->clauses[i].count;
                use.entry.comment = call->comment;
                if (cf_vec_push(w->arena, &w->uses, use) < 0)
                        r = no_memory(w);
        }
        return r;
}

/* The calls that get a stricter answer than `value` from an entry. */
static cf_policy stricter(struct work *w, const struct answered *call, const uint32_t *values,
                          size_t count, uint32_t value)
{
        cf_policy any = CF_POLICY_FALSE;
        for (size_t i = 0; i < count; i++)
                if (values[i] != w->found.default_value &&
                    cf_action_rank(values[i]) < cf_action_rank(value))
                        any = cf_policy_or(w->all, any,
                                           cf_policy_where_value(w->all, call->answer, values[i]));
        return any;
}

#define CLAUSES_MANY 32 /* more are looked at for a shorter way to say them */

/* When a call gets `value`: in conditions of its own, which no other answer shares, so that it does
 * not matter which of two entries a runtime prefers. Where that takes too many, also in cases that
 * a stricter entry answers anyway. */
static int say_value(struct work *w, const struct answered *call, const uint32_t *values,
                     size_t count, uint32_t value, struct cf_clauses *ret_clauses)
{
        struct cf_clauses wider;
        cf_policy own = cf_policy_where_value(w->all, call->answer, value);
        int r = cf_policies_check(w->all, own, w->err);
        if (r < 0)
                return r;
        r = cf_policy_describe(w->all, own, CF_STYLE_PROFILE, w->arena, ret_clauses, w->err);
        if ((r < 0 && r != -E2BIG) || (r == 0 && ret_clauses->count <= CLAUSES_MANY))
                return r;
        cf_policy also = cf_policy_or(w->all, own, stricter(w, call, values, count, value));
        if (also == own || also == CF_POLICY_NONE ||
            cf_policy_describe(w->all, also, CF_STYLE_PROFILE, w->arena, &wider, NULL) < 0 ||
            (r == 0 && wider.count >= ret_clauses->count))
                return r;
        *ret_clauses = wider;
        return 0;
}

static int add_uses(struct work *w, const struct answered *call)
{
        uint32_t *values;
        size_t count;
        int r = cf_policy_values(w->all, call->answer, w->arena, &values, &count, w->err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_clauses clauses;
                if (values[i] == w->found.default_value)
                        continue;
                r = say_value(w, call, values, count, values[i], &clauses);
                if (r == 0)
                        r = add_value(w, call, values[i], &clauses);
        }
        if (r == -EINVAL)
                r = -ENOTSUP; /* it asks for the instruction pointer */
        return r < 0 ? cf_error_doing(w->err, r, NULL, "writing what %s gets", call->call->name)
                     : 0;
}

/* ---- entries --------------------------------------------------------------------------------
 */

static int order_numbers(uint64_t a, uint64_t b)
{
        return (a > b) - (a < b);
}

static int compare_conditions(const struct cf_profile_entry *a, const struct cf_profile_entry *b)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < a->condition_count && i < b->condition_count; i++) {
                const struct cf_condition *x = &a->conditions[i], *y = &b->conditions[i];
                r = order_numbers(x->arg, y->arg);
                r = r ? r : order_numbers(x->value, y->value);
                r = r ? r : order_numbers(x->op, y->op);
                r = r ? r : order_numbers(x->mask, y->mask);
        }
        return r ? r : order_numbers(a->condition_count, b->condition_count);
}

/* The looser action first, as people expect it in an allowlist; then the smaller data. */
static int compare_values(const struct cf_profile_entry *a, const struct cf_profile_entry *b)
{
        int32_t x = cf_action_rank(a->value), y = cf_action_rank(b->value);
        if (x != y)
                return x > y ? -1 : 1;
        return order_numbers(cf_action_data(a->value), cf_action_data(b->value));
}

/* What is one entry stands together, its calls by name. */
static int compare_uses(const void *left, const void *right)
{
        const struct entry_use *a = left, *b = right;
        int r = compare_values(&a->entry, &b->entry);
        r = r ? r : compare_conditions(&a->entry, &b->entry);
        r = r ? r : strcmp(a->entry.comment, b->entry.comment);
        r = r ? r : order_numbers(a->entry.not_on_s390, b->entry.not_on_s390);
        return r ? r : strcmp(a->call->name, b->call->name);
}

/* Entries without conditions first, by action; then by their first call. */
static int compare_entries(const void *left, const void *right)
{
        const struct cf_profile_entry *a = left, *b = right;
        int r = order_numbers(a->condition_count > 0, b->condition_count > 0);
        if (r == 0 && a->condition_count)
                r = strcmp(a->calls[0]->name, b->calls[0]->name);
        r = r ? r : compare_values(a, b);
        r = r ? r : compare_conditions(a, b);
        return r ? r : strcmp(a->comment, b->comment);
}

static bool same_entry(const struct entry_use *a, const struct entry_use *b)
{
        return a->entry.value == b->entry.value && compare_conditions(&a->entry, &b->entry) == 0 &&
               strcmp(a->entry.comment, b->entry.comment) == 0 &&
               a->entry.not_on_s390 == b->entry.not_on_s390;
}

int join_uses(struct cf_arena *arena, struct entry_use *uses, size_t count,
              const struct cf_profile_entry **ret_entries, size_t *ret_count)
{
        CF_VEC(struct cf_profile_entry) entries = {0};
        const struct cf_syscall **calls = cf_arena_many(arena, count, const struct cf_syscall *);
        if (!calls)
                return -ENOMEM;
        if (count)
                qsort(uses, count, sizeof(*uses), compare_uses);
        for (size_t i = 0, next; i < count; i = next) {
                struct cf_profile_entry entry = uses[i].entry;
                entry.calls = calls + i;
                entry.call_count = 0;
                for (next = i; next < count && same_entry(&uses[i], &uses[next]); next++)
                        if (next == i || uses[next].call != uses[next - 1].call)
                                calls[i + entry.call_count++] = uses[next].call;
                if (cf_vec_push(arena, &entries, entry) < 0)
                        return -ENOMEM;
        }
        if (entries.count)
                qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
        *ret_entries = entries.items;
        *ret_count = entries.count;
        return 0;
}

int cf_profile_entries(struct cf_policies *all, cf_policy policy,
                       const struct cf_arch *const *arches, size_t arch_count,
                       const struct cf_profile_order *order, struct cf_arena *arena,
                       struct cf_profile_entries *ret_entries, struct cf_error *err)
{
        struct work w = {.all = all, .arena = arena, .err = err, .order = order};
        w.policy = cf_policy_normal(all, policy);
        w.found.arches = arches;
        w.found.arch_count = arch_count;
        int r = cf_policies_check(all, w.policy, err);
        if (r == 0)
                r = find_default(&w);
        if (r == 0)
                r = take_calls(&w);
        for (size_t i = 0; r == 0 && i < w.calls.count; i++)
                r = add_uses(&w, &w.calls.items[i]);
        if (r == 0 && join_uses(arena, w.uses.items, w.uses.count, &w.found.entries,
                                &w.found.entry_count) < 0)
                r = no_memory(&w);
        if (r == 0)
                *ret_entries = w.found;
        return r;
}
