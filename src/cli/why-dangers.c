/* SPDX-License-Identifier: Apache-2.0 */
/* What letting a call through opens to an attacker: data/syscalls/dangers.tsv. */
#include <string.h>

#include "cli/why.h"

static void add(struct cf_why_dangers *dangers, const struct cf_danger *danger)
{
        for (size_t i = 0; i < dangers->count; i++)
                if (dangers->items[i] == danger)
                        return;
        if (dangers->count < CF_WHY_DANGERS_MAX)
                dangers->items[dangers->count++] = danger;
}

void cf_why_dangers_of_call(struct cf_why_dangers *dangers, const struct cf_syscall *known,
                            const struct cf_why_failure *failure)
{
        const struct cf_danger *danger;
        for (size_t i = 0; known && (danger = cf_danger_of(known, i)); i++)
                if (!failure || !danger->mask || !failure->known[danger->arg] ||
                    (failure->call.args[danger->arg] & danger->mask) == danger->value)
                        add(dangers, danger);
}

void cf_why_dangers_of_rule(struct cf_why_dangers *dangers, struct cf_policies *all,
                            const struct cf_syscall *call, cf_policy condition)
{
        const struct cf_danger *danger;
        for (size_t i = 0; (danger = cf_danger_of(call, i)); i++) {
                cf_policy meets = !danger->mask ? CF_POLICY_TRUE
                                                : cf_policy_masked(all, cf_slice_arg(danger->arg),
                                                                   danger->mask, danger->value);
                if (cf_policy_and(all, condition, meets) != CF_POLICY_FALSE)
                        add(dangers, danger);
        }
}

static bool is_same(const struct cf_danger *a, const struct cf_danger *b)
{
        bool known = a->known && b->known ? strcmp(a->known, b->known) == 0 : a->known == b->known;
        return known && strcmp(a->gain, b->gain) == 0;
}

/* Calls of which the same is said share a line. */
void cf_why_put_dangers(struct cf_text *out, const char *indent,
                        const struct cf_why_dangers *dangers)
{
        for (size_t i = 0; i < dangers->count; i++) {
                const struct cf_danger *danger = dangers->items[i];
                bool said = false;
                for (size_t k = 0; k < i; k++)
                        said |= is_same(dangers->items[k], danger);
                if (said)
                        continue;
                cf_text_printf(out, "%sdanger of %s", indent, danger->call->name);
                for (size_t k = i + 1; k < dangers->count; k++)
                        if (is_same(dangers->items[k], danger))
                                cf_text_printf(out, ", %s", dangers->items[k]->call->name);
                cf_text_printf(out, ": it %s\n", danger->gain);
                if (danger->known)
                        cf_text_printf(out, "%s  known holes: %s\n", indent, danger->known);
        }
}

void cf_why_json_dangers(struct cf_json_writer *json, const struct cf_why_dangers *dangers)
{
        cf_json_key(json, "dangers");
        cf_json_open(json, '[');
        for (size_t i = 0; i < dangers->count; i++) {
                const struct cf_danger *danger = dangers->items[i];
                cf_json_open(json, '{');
                cf_json_key(json, "call");
                cf_json_put_string(json, danger->call->name);
                cf_json_key(json, "gain");
                cf_json_put_string(json, danger->gain);
                cf_json_key(json, "known");
                cf_json_put_string(json, danger->known);
                cf_json_key(json, "source");
                cf_json_put_string(json, danger->source);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}
