/* SPDX-License-Identifier: Apache-2.0 */
/* src/profile/rule-text.c: any text as rules. Each rule that is read is read again from its own
 * text, to the same condition, and that can be written as entries or is too long for it. */
#include <stdlib.h>

#include "profile/profile.h"

#define NODES 20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)8 << 20);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        const struct cf_call_rule *rules, *again;
        struct cf_error err = {0};
        size_t count, one;
        if (!arena || !all || size > 4096)
                return 0;
        int r = cf_call_rules_read(arena, "--allow", (struct cf_span){(const char *)data, size},
                                   &rules, &count, &err);
        expect(r == 0 ? err.count == 0 : r == -EINVAL || r == -ENOMEM);
        cf_policies_budget(all, 200000);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_clauses clauses;
                uint32_t value = i % 2 ? CF_ERRNO : CF_ALLOW;
                if (cf_call_rules_read(arena, "--allow", rules[i].text, &again, &one, &err) < 0) {
                        expect(err.code == -ENOMEM);
                        return 0;
                }
                expect(one == 1 && again->call == rules[i].call);
                cf_policy when = cf_call_rule_condition(all, &rules[i], value);
                cf_policy same = cf_call_rule_condition(all, again, value);
                if (!when || !same)
                        return 0; /* no nodes left */
                expect(when == same);
                r = cf_policy_describe(all, when, CF_STYLE_PROFILE, arena, &clauses, &err);
                expect(r == 0 || r == -E2BIG || r == -ENOMEM);
        }
        return 0;
}
