/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile diff A B: every difference, by name, with a call that shows it. */
#include <string.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/profile.h"

struct diff {
        struct cf_profile_job *job;
        struct cf_profile_item *items;
        size_t count;
};

static int print_group(struct diff *diff, const struct cf_profile_item *items, size_t count,
                       bool label, struct cf_error *err)
{
        struct cf_text *out = &diff->job->out;
        if (label) {
                cf_profile_say_label(out, items);
                cf_text_putc(out, '\n');
        }
        cf_text_puts(out, "  ");
        int r = cf_profile_job_condition(diff->job, out, items->call, items->difference->condition,
                                         err);
        cf_text_puts(out, ": ");
        cf_say_value(out, items->difference->value_a);
        cf_text_puts(out, " → ");
        cf_say_value(out, items->difference->value_b);
        cf_text_puts(out, "    e.g. ");
        cf_say_call(out, &items->witness);
        for (size_t i = 0; i < count && items[i].arch; i++)
                cf_text_printf(out, "%s%s", i ? ", " : "    on ", items[i].arch->name);
        cf_text_putc(out, '\n');
        return r;
}

static int print_items(struct diff *diff, struct cf_json_writer *json, size_t *ret_calls,
                       struct cf_error *err)
{
        const struct cf_profile_item *items = diff->items;
        int r = 0;
        for (size_t i = 0, next; r == 0 && i < diff->count; i = next) {
                next = cf_profile_items_end(items, diff->count, i);
                bool label = i == 0 || strcmp(items[i].label, items[i - 1].label) != 0;
                *ret_calls += label;
                r = json ? cf_profile_job_json_item(diff->job, json, items + i, next - i, err)
                         : print_group(diff, items + i, next - i, label, err);
        }
        return r;
}

static int print_diff(struct diff *diff, const struct cf_profile_input *a,
                      const struct cf_profile_input *b, struct cf_error *err)
{
        struct cf_json_writer json;
        struct cf_text *out = &diff->job->out;
        size_t calls = 0;
        bool equal = a->policy == b->policy;
        if (!diff->job->json) {
                int r = print_items(diff, NULL, &calls, err);
                if (equal)
                        cf_text_puts(out, "equal: both answer every call alike (proved)\n");
                else
                        cf_text_printf(out, "%zu %s; everything else is equal (proved)\n", calls,
                                       calls == 1 ? "call differs" : "calls differ");
                return r;
        }
        cf_profile_job_json_open(diff->job, &json, "diff");
        cf_json_key(&json, "equal");
        cf_json_put_bool(&json, equal);
        cf_json_key(&json, "differences");
        cf_json_open(&json, '[');
        int r = print_items(diff, &json, &calls, err);
        cf_json_close(&json, ']');
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return r;
}

int cf_profile_diff(struct cf_profile_job *job, struct cf_error *err)
{
        struct diff diff = {.job = job};
        struct cf_profile_input a, b;
        int r = cf_profile_job_input(job, job->arguments[0], &a, err);
        if (r == 0)
                r = cf_profile_job_input(job, job->arguments[1], &b, err);
        if (r == 0)
                r = cf_profile_job_differences(job, a.policy, b.policy, &diff.items, &diff.count,
                                               err);
        if (r < 0)
                return r;
        r = print_diff(&diff, &a, &b, err);
        return r < 0 ? r : a.policy == b.policy ? CF_EXIT_CLEAN : CF_EXIT_FINDINGS;
}
