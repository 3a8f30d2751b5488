/* SPDX-License-Identifier: Apache-2.0 */
/* The differences of two policies, call by call. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/profile.h"

struct diff {
        struct cf_profile_job *job;
        CF_VEC(struct cf_profile_item) items;
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* On architectures of 32 bits (not on x32) no process has anything in the upper half of an
 * argument: the first call that one can make. False when there is none. */
static bool find_met(struct diff *diff, const struct cf_arch *arch,
                     const struct cf_difference *difference, struct cf_call *witness)
{
        struct cf_policies *all = diff->job->all;
        cf_policy condition = difference->condition;
        struct cf_call call;
        if (!arch || arch->bits != 32 || arch->base & CF_X32_BIT)
                return true;
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                condition =
                        cf_policy_fix(all, condition, cf_slice_word(2 + 2 * arg), UINT32_MAX, 0);
        if (condition == CF_POLICY_NONE || !cf_policy_find(all, condition, &call))
                return false;
        memcpy(witness->args, call.args, sizeof(call.args));
        return true;
}

static int add_item(struct diff *diff, const char *label, const struct cf_syscall *call,
                    const struct cf_arch *arch, const struct cf_difference *difference,
                    uint32_t token, uint32_t nr)
{
        struct cf_profile_item item = {label, call, arch, difference, difference->witness, true};
        item.witness.arch = token;
        item.witness.nr = nr;
        item.met = find_met(diff, arch, difference, &item.witness);
        return label ? cf_vec_push(diff->job->arena, &diff->items, item) : -ENOMEM;
}

static int add_numbers(struct diff *diff, const struct cf_arch *arch,
                       const struct cf_difference *difference, uint64_t first, uint64_t last)
{
        if (first > last)
                return 0;
        const char *label =
                first == last
                        ? cf_arena_printf(diff->job->arena, "number %" PRIu64 " (no name)", first)
                        : cf_arena_printf(diff->job->arena,
                                          "numbers %" PRIu64 " to %" PRIu64 " (no names)", first,
                                          last);
        return add_item(diff, label, NULL, arch, difference, arch->token, (uint32_t)first);
}

/* The part of a difference that is about one architecture, call by call. */
static int add_architecture(struct diff *diff, const struct cf_arch *arch,
                            const struct cf_difference *difference)
{
        /* Of two architectures with one token, the x32 bit tells. */
        bool x32 = arch->base >= CF_X32_BIT;
        bool shared = arch->token == cf_arch_by_name("x32")->token;
        uint64_t first = difference->nr_first, last = difference->nr_last;
        const struct cf_syscall *call;
        uint32_t nr;
        int r = 0;
        if (shared && x32 && first < CF_X32_BIT)
                first = CF_X32_BIT;
        if (shared && !x32 && last >= CF_X32_BIT)
                last = CF_X32_BIT - 1;
        for (size_t i = 0; r == 0 && (call = cf_syscall_of_arch(arch, i, &nr)); i++) {
                if (nr < first || nr > last)
                        continue;
                r = nr == 0 ? 0 : add_numbers(diff, arch, difference, first, (uint64_t)nr - 1);
                if (r == 0)
                        r = add_item(diff, call->name, call, arch, difference, arch->token, nr);
                first = (uint64_t)nr + 1;
        }
        return r < 0 ? r : add_numbers(diff, arch, difference, first, last);
}

/* A token in the range that no known architecture has; false when there is none. */
static bool unknown_token(const struct cf_difference *difference, uint32_t *ret_token)
{
        for (uint64_t token = difference->arch_first; token <= difference->arch_last; token++)
                if (!cf_arch_of_call((uint32_t)token, 0)) {
                        *ret_token = (uint32_t)token;
                        return true;
                }
        return false;
}

static int add_difference(struct diff *diff, const struct cf_difference *difference)
{
        const struct cf_arch *arch;
        uint32_t token;
        int r = 0;
        for (size_t i = 0; r == 0 && (arch = cf_arch_at(i)); i++)
                if (arch->token >= difference->arch_first && arch->token <= difference->arch_last)
                        r = add_architecture(diff, arch, difference);
        if (r == 0 && unknown_token(difference, &token))
                r = add_item(diff, "calls of architectures without a name", NULL, NULL, difference,
                             token, difference->nr_first);
        return r;
}

static bool is_alike(const struct cf_profile_item *a, const struct cf_profile_item *b)
{
        return strcmp(a->label, b->label) == 0 &&
               a->difference->condition == b->difference->condition &&
               a->difference->value_a == b->difference->value_a &&
               a->difference->value_b == b->difference->value_b;
}

size_t cf_profile_items_end(const struct cf_profile_item *items, size_t count, size_t first)
{
        size_t end = first + 1;
        while (end < count && is_alike(&items[first], &items[end]))
                end++;
        return end;
}

/* Names first, in their order; what is shown as one stands together. */
static int compare_items(const void *left, const void *right)
{
        const struct cf_profile_item *a = left, *b = right;
        if (!a->call != !b->call)
                return a->call ? -1 : 1;
        int r = strcmp(a->label, b->label);
        if (r)
                return r;
        const struct cf_difference *x = a->difference, *y = b->difference;
        if (x->condition != y->condition)
                return x->condition < y->condition ? -1 : 1;
        if (x->value_a != y->value_a)
                return x->value_a < y->value_a ? -1 : 1;
        if (x->value_b != y->value_b)
                return x->value_b < y->value_b ? -1 : 1;
        return (a->arch > b->arch) - (a->arch < b->arch);
}

int cf_profile_job_differences(struct cf_profile_job *job, cf_policy a, cf_policy b,
                               struct cf_profile_item **ret_items, size_t *ret_count,
                               struct cf_error *err)
{
        struct diff diff = {.job = job};
        struct cf_difference *differences;
        size_t count;
        int r = cf_policy_compare(job->all, a, b, job->arena, &differences, &count, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                if (add_difference(&diff, &differences[i]) < 0)
                        return no_memory(err);
        if (diff.items.count > 1)
                qsort(diff.items.items, diff.items.count, sizeof(*diff.items.items), compare_items);
        *ret_items = diff.items.items;
        *ret_count = diff.items.count;
        return 0;
}

void cf_profile_say_label(struct cf_text *out, const struct cf_profile_item *item)
{
        cf_text_puts(out, item->label);
        if (!item->call)
                return;
        cf_text_putc(out, '(');
        if (item->call->argument_count < 0)
                cf_text_puts(out, "…");
        for (int i = 0; i < item->call->argument_count; i++)
                cf_text_printf(out, "%s%s", i ? ", " : "", item->call->arguments[i].name);
        cf_text_putc(out, ')');
}

int cf_profile_job_json_item(struct cf_profile_job *job, struct cf_json_writer *json,
                             const struct cf_profile_item *items, size_t count,
                             struct cf_error *err)
{
        CF_TEXT struct cf_text words = {0}, a = {0}, b = {0}, call = {0};
        int r = cf_profile_job_condition(job, &words, items->call, items->difference->condition,
                                         err);
        cf_action_print(&a, items->difference->value_a);
        cf_action_print(&b, items->difference->value_b);
        cf_say_call(&call, &items->witness);
        const struct {
                const char *key;
                struct cf_text *text;
        } members[] = {{"condition", &words}, {"a", &a}, {"b", &b}, {"witness", &call}};
        cf_json_open(json, '{');
        cf_json_key(json, "call");
        cf_json_put_string(json, items->label);
        cf_json_key(json, "architectures");
        cf_json_open(json, '[');
        for (size_t i = 0; i < count && items[i].arch; i++)
                cf_json_put_string(json, items[i].arch->name);
        cf_json_close(json, ']');
        for (size_t i = 0; i < CF_COUNT(members); i++) {
                cf_json_key(json, members[i].key);
                cf_json_put_span(json, cf_text_span(members[i].text));
                job->out.failed |= members[i].text->failed;
        }
        cf_json_close(json, '}');
        return r;
}
