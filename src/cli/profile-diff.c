/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile diff A B: every difference, by name, with a call that shows it. */
#include <string.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/profile.h"

#define STUBBED_MAX 4u /* kinds of changes; others are listed call by call */

struct diff {
        struct cf_profile_job *job;
        struct cf_profile_item *items;
        size_t count;
        const struct cf_runtime_loaded *loaded; /* of one profile, written and loaded; else NULL */
        /* What runc's ENOSYS alone does is many calls: for people they are listed by name, in one
         * line for each kind of change. */
        struct stubbed {
                uint32_t value_a, value_b;
                size_t calls;
                struct cf_text names;
        } stubbed[STUBBED_MAX];
        size_t stubbed_count;
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
        size_t shown = 0;
        while (shown + 1 < count && !items[shown].met)
                shown++;
        cf_say_call(out, &items[items[shown].met ? shown : 0].witness);
        if (!items[shown].met)
                cf_text_puts(out, ", which no process of 32 bits can make");
        for (size_t i = 0; i < count && items[i].arch; i++)
                cf_text_printf(out, "%s%s", i ? ", " : "    on ", items[i].arch->name);
        cf_text_putc(out, '\n');
        if (r == 0 && diff->loaded)
                r = cf_profile_job_say_causes(diff->job, diff->loaded, &items->witness, err);
        if (r > 0)
                cf_text_putc(out, '\n');
        return r < 0 ? r : 0;
}

/* Whether the items are only about runc's ENOSYS; they are then kept for the list. */
static int keep_stubbed(struct diff *diff, const struct cf_profile_item *items, size_t count,
                        struct cf_error *err)
{
        const struct cf_difference *difference = items->difference;
        struct cf_runtime_use use;
        unsigned causes;
        size_t i = 0;
        int r = cf_runtime_explain(diff->job->all, diff->loaded, &items->witness, &causes, &use,
                                   err);
        if (r < 0 || causes != 1u << CF_RUNTIME_STUB || use.rule ||
            difference->condition != CF_POLICY_TRUE)
                return r;
        while (i < diff->stubbed_count && (diff->stubbed[i].value_a != difference->value_a ||
                                           diff->stubbed[i].value_b != difference->value_b))
                i++;
        if (i == STUBBED_MAX)
                return 0;
        struct stubbed *kind = &diff->stubbed[i];
        diff->stubbed_count += i == diff->stubbed_count;
        kind->value_a = difference->value_a;
        kind->value_b = difference->value_b;
        cf_text_puts(&kind->names, kind->calls++ ? ", " : "");
        cf_text_puts(&kind->names, items->label);
        for (size_t k = 0; k < count && items[k].arch; k++)
                if (count > 1 || items[k].arch != diff->job->circumstances.machine)
                        cf_text_printf(&kind->names, "%s%s%s", k ? ", " : " (", items[k].arch->name,
                                       k + 1 == count ? ")" : "");
        return 1;
}

static void print_stubbed(struct diff *diff)
{
        struct cf_text *out = &diff->job->out;
        for (size_t i = 0; i < diff->stubbed_count; i++) {
                struct stubbed *kind = &diff->stubbed[i];
                cf_say_value(out, kind->value_a);
                cf_text_puts(out, " → ");
                cf_say_value(out, kind->value_b);
                cf_text_printf(out, ": %s:\n  ", cf_runtime_cause_name(CF_RUNTIME_STUB));
                cf_text_add(out, cf_text_span(&kind->names));
                cf_text_putc(out, '\n');
                out->failed |= kind->names.failed;
                cf_text_done(&kind->names);
        }
}

static int print_items(struct diff *diff, struct cf_json_writer *json, size_t *ret_calls,
                       struct cf_error *err)
{
        const struct cf_profile_item *items = diff->items;
        const char *said = "";
        int r = 0;
        for (size_t i = 0, next; r == 0 && i < diff->count; i = next) {
                next = cf_profile_items_end(items, diff->count, i);
                *ret_calls += i == 0 || strcmp(items[i].label, items[i - 1].label) != 0;
                if (json) {
                        r = cf_profile_job_json_item(diff->job, json, items + i, next - i, err);
                        continue;
                }
                int kept = diff->loaded ? keep_stubbed(diff, items + i, next - i, err) : 0;
                r = kept < 0 ? kept : 0;
                if (kept)
                        continue;
                r = print_group(diff, items + i, next - i, strcmp(said, items[i].label) != 0, err);
                said = items[i].label;
        }
        print_stubbed(diff);
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
                cf_profile_job_say_loaded(diff->job, a);
                cf_profile_job_say_loaded(diff->job, b);
                int r = print_items(diff, NULL, &calls, err);
                if (equal)
                        cf_text_puts(out, "equal: both answer every call alike (proved)\n");
                else
                        cf_text_printf(out, "%zu %s; everything else is equal (proved)\n", calls,
                                       calls == 1 ? "call differs" : "calls differ");
                return r;
        }
        cf_profile_job_json_open(diff->job, &json, "diff");
        cf_json_key(&json, "aLoaded");
        cf_profile_job_json_loaded(diff->job, &json, a);
        cf_json_key(&json, "bLoaded");
        cf_profile_job_json_loaded(diff->job, &json, b);
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

int cf_profile_job_diff(struct cf_profile_job *job, const struct cf_profile_input *a,
                        const struct cf_profile_input *b, struct cf_error *err)
{
        struct diff diff = {.job = job};
        int r = cf_profile_job_differences(job, a->policy, b->policy, &diff.items, &diff.count,
                                           err);
        if (r < 0)
                return r;
        if (!a->loaded != !b->loaded && strcmp(a->base, b->base) == 0)
                diff.loaded = a->loaded ? a->loaded : b->loaded;
        r = print_diff(&diff, a, b, err);
        return r < 0 ? r : a->policy == b->policy ? CF_EXIT_CLEAN : CF_EXIT_FINDINGS;
}

int cf_profile_diff(struct cf_profile_job *job, struct cf_error *err)
{
        struct cf_profile_input a, b;
        int r = cf_profile_job_input(job, job->arguments[0], &a, err);
        if (r == 0)
                r = cf_profile_job_input(job, job->arguments[1], &b, err);
        return r < 0 ? r : cf_profile_job_diff(job, &a, &b, err);
}
