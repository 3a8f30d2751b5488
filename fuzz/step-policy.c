/* SPDX-License-Identifier: Apache-2.0 */
/* src/cli/why-step-policy.c: decisions that were made beforehand. Each rule that is read is about
 * some call, no rule is about calls that those before it decide, and no allowing one overlaps with
 * one before it that does not. */
#include <stdlib.h>

#include "cli/why-step.h"

#define NODES 20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

static void check_row(struct cf_policies *all, const struct cf_stepping_rules *rules, size_t at)
{
        const struct cf_stepping_rule *row = rules->rows.items[at];
        expect(row->line > 0 && row->column > 0 && row->when != CF_POLICY_FALSE);
        expect(row->all || row->rule.call != NULL);
        expect(row->act != CF_STEPPING_ONCE || cf_stepping_pointer_of(row->rule.call) == -1);
        for (size_t i = 0; i < at; i++) {
                const struct cf_stepping_rule *above = rules->rows.items[i];
                expect(!above->all);
                expect(row->act != CF_STEPPING_ALLOW || above->act == CF_STEPPING_ALLOW ||
                       above->act == CF_STEPPING_ONCE || !cf_stepping_overlap(all, above, row));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)8 << 20);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        struct cf_stepping_rules rules;
        struct cf_source *source;
        struct cf_error err = {0};
        if (!arena || !all || size > 4096 ||
            cf_source_from(arena, "policy", (struct cf_span){(const char *)data, size}, &source,
                           &err) < 0)
                return 0;
        cf_policies_budget(all, 200000);
        int r = cf_stepping_policy_read(all, arena, source, &rules, &err);
        expect(r == 0 ? err.count == 0 : err.code == r && err.count > 0);
        for (size_t i = 0; r == 0 && i < rules.rows.count; i++)
                check_row(all, &rules, i);
        return 0;
}
