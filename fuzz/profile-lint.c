/* SPDX-License-Identifier: Apache-2.0 */
/* src/profile/lint*.c: any profile. Every witness is answered as its finding says, places are in
 * the text, and what is said to be redundant for all circumstances is not called contradicted too.
 */
#include <stdlib.h>

#include "profile/profile.h"

#define INPUT_MAX 8192
#define NODES 200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

static bool lets_through(uint32_t value)
{
        return value == CF_ALLOW || value == CF_LOG;
}

static void check(struct cf_policies *all, const struct cf_profile *profile,
                  const struct cf_circumstances *now, const struct cf_lint_finding *finding)
{
        cf_policy policy;
        expect(finding->part.offset <= profile->source->text.size);
        expect(finding->message && finding->message[0] && finding->rule < CF_LINT_RULES);
        if (!finding->has_witness || cf_profile_policy(all, profile, now, &policy, NULL) < 0)
                return;
        uint32_t value = cf_policy_value(all, policy, &finding->witness);
        expect(cf_action_normal(value) == finding->value);
        if (finding->rule == CF_LINT_UPPER_HALF || finding->rule == CF_LINT_GONE_AROUND ||
            finding->rule == CF_LINT_DANGEROUS_CALL)
                expect(lets_through(finding->value));
        if (finding->rule == CF_LINT_NEW_CALL_REFUSED)
                expect(!lets_through(finding->value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        struct cf_lint_finding *const *findings;
        struct cf_error err = {0};
        size_t count, open = 0;
        struct cf_call refused;
        if (size > INPUT_MAX || !arena || !all ||
            cf_source_from(arena, "p.json", (struct cf_span){(const char *)data, size}, &source,
                           NULL) < 0 ||
            cf_profile_read(arena, source, &profile, NULL) < 0)
                return 0;
        struct cf_circumstances now = {cf_arch_by_name("x86_64"), cf_capabilities_docker(), 6, 1};
        int r = cf_profile_lint(all, arena, profile, &now, &findings, &count, &err);
        expect(r == 0 ? err.count == 0 : err.code == r && err.count > 0);
        expect(r == 0 || r == -ENOTSUP || r == -E2BIG || r == -ENOMEM);
        for (size_t i = 0; r == 0 && i < count; i++) {
                check(all, profile, &now, findings[i]);
                open += findings[i]->rule == CF_LINT_ALLOWS_EVERYTHING;
        }
        if (r == 0)
                r = cf_profile_allows_everything(all, profile, &now, true, &refused, NULL);
        expect(r <= 0 || open == 1); /* under whatever circumstances is under these */
        return 0;
}
