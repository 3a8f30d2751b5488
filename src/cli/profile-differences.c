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

static const char *label_of(struct cf_arena *arena, const struct cf_named_difference *named)
{
        if (named->call)
                return named->call->name;
        if (!named->arch)
                return "calls of architectures without a name";
        if (named->nr_first == named->nr_last)
                return cf_arena_printf(arena, "number %" PRIu32 " (no name)", named->nr_first);
        return cf_arena_printf(arena, "numbers %" PRIu32 " to %" PRIu32 " (no names)",
                               named->nr_first, named->nr_last);
}

static int add_item(struct diff *diff, const struct cf_named_difference *named)
{
        struct cf_profile_item item = {
                label_of(diff->job->arena, named), named->call, named->arch, named->difference,
                named->difference->witness,        true};
        item.witness.arch = named->token;
        item.witness.nr = named->nr_first;
        item.met = find_met(diff, named->arch, named->difference, &item.witness);
        return item.label ? cf_vec_push(diff->job->arena, &diff->items, item) : -ENOMEM;
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
        const struct cf_named_difference *named;
        size_t count;
        int r = cf_policy_compare(job->all, a, b, job->arena, &differences, &count, err);
        if (r < 0)
                return r;
        if (cf_differences_name(job->arena, differences, count, &named, &count) < 0)
                return no_memory(err);
        for (size_t i = 0; i < count; i++)
                if (add_item(&diff, &named[i]) < 0)
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
