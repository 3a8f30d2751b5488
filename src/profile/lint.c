/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a profile: the families of rules, one after the other. */
#include "profile/lint.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const ids[] = {
        [CF_LINT_ALLOWS_EVERYTHING] = "profile-allows-everything",
        [CF_LINT_DEFAULT_ALLOW] = "profile-default-allow",
        [CF_LINT_NAME_UNKNOWN] = "profile-name-unknown",
        [CF_LINT_NAME_FOREIGN] = "profile-name-foreign",
        [CF_LINT_RULE_NEVER] = "profile-rule-never",
        [CF_LINT_CONDITION_NEVER] = "profile-condition-never",
        [CF_LINT_RULE_CONTRADICTED] = "profile-rule-contradicted",
        [CF_LINT_RULE_REDUNDANT] = "profile-rule-redundant",
        [CF_LINT_UPPER_HALF] = "profile-upper-half",
        [CF_LINT_GONE_AROUND] = "profile-gone-around",
        [CF_LINT_DANGEROUS_CALL] = "profile-dangerous-call",
        [CF_LINT_NEW_CALL_REFUSED] = "profile-new-call-refused",
        [CF_LINT_ARCHITECTURE_MISSING] = "profile-architecture-missing",
        [CF_LINT_RULE_LOST] = "profile-rule-lost",
};
_Static_assert(CF_COUNT(ids) == CF_LINT_RULES, "every rule has an id");

const char *cf_lint_rule_id(enum cf_lint_rule rule)
{
        return ids[rule];
}

/* ---- findings -------------------------------------------------------------------------------- */

struct cf_lint_finding *lint_add(struct lint *lint, enum cf_lint_rule rule,
                                 enum cf_lint_weight weight, struct cf_profile_part part)
{
        struct cf_lint_finding *finding = NULL;
        if (lint->findings.count < CF_LINT_FINDINGS_MAX) {
                finding = cf_arena_one(lint->arena, struct cf_lint_finding);
                if (!finding || cf_vec_push(lint->arena, &lint->findings, finding) < 0) {
                        lint->failed = true;
                        finding = NULL;
                }
        }
        if (!finding)
                finding = &lint->spare;
        *finding = (struct cf_lint_finding){
                .rule = rule, .weight = weight, .part = part, .message = ""};
        return finding;
}

const char *lint_text(struct lint *lint, const char *format, ...)
{
        char buffer[2048]; /* longer texts are cut: they quote words of hostile files */
        va_list args;
        va_start(args, format);
        int size = vsnprintf(buffer, sizeof(buffer), format, args);
        va_end(args);
        const char *copy = size < 0 ? NULL : cf_arena_string(lint->arena, buffer);
        lint->failed |= !copy;
        return copy ? copy : "";
}

const char *lint_take(struct lint *lint, const struct cf_text *text)
{
        const char *copy = text->failed ? NULL : cf_arena_copy(lint->arena, cf_text_span(text));
        lint->failed |= !copy;
        return copy ? copy : "";
}

void lint_note(struct cf_lint_finding *finding, const char *note)
{
        for (size_t i = 0; i < CF_LINT_NOTES; i++) {
                if (finding->notes[i])
                        continue;
                finding->notes[i] = note;
                return;
        }
}

/* ---- looking --------------------------------------------------------------------------------- */

cf_policy lint_of_call(const struct lint *lint, const struct cf_arch *arch, uint32_t nr)
{
        return cf_policy_of_call(lint->all, lint->policy, arch->token, nr);
}

struct cf_profile_part lint_part_of(struct lint *lint, const struct cf_call *call)
{
        struct cf_profile_decision decision = {0};
        if (cf_profile_decide(lint->profile, lint->circumstances, call, &decision, NULL) < 0 ||
            decision.reason != CF_PROFILE_BY_RULE)
                return lint->profile->default_part;
        return decision.name->part;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int compare_findings(const void *left, const void *right)
{
        const struct cf_lint_finding *a = *(struct cf_lint_finding *const *)left;
        const struct cf_lint_finding *b = *(struct cf_lint_finding *const *)right;
        if (a->part.offset != b->part.offset)
                return a->part.offset < b->part.offset ? -1 : 1;
        if (a->rule != b->rule)
                return a->rule < b->rule ? -1 : 1;
        return strcmp(a->message, b->message);
}

static int run(struct lint *lint, struct cf_error *err)
{
        static int (*const families[])(struct lint * lint, struct cf_error * err) = {
                lint_allow, lint_names, lint_dead, lint_around, lint_danger, lint_new,
        };
        if (lint_machines(lint) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = cf_profile_architectures(lint->scratch, lint->profile, lint->circumstances,
                                         &lint->covered, &lint->covered_count, err);
        if (r == 0)
                r = cf_profile_policy(lint->all, lint->profile, lint->circumstances, &lint->policy,
                                      err);
        if (r < 0)
                return r;
        lint->policy = cf_policy_normal(lint->all, lint->policy);
        r = cf_policies_check(lint->all, lint->policy, err);
        for (size_t i = 0; r == 0 && i < CF_COUNT(families); i++) {
                uint64_t steps = cf_policies_budget(lint->all, CF_PROFILE_STEPS_MAX);
                r = families[i](lint, err);
                cf_policies_budget(lint->all, steps);
        }
        return r;
}

int cf_profile_lint(struct cf_policies *all, struct cf_arena *arena,
                    const struct cf_profile *profile, const struct cf_circumstances *circumstances,
                    struct cf_lint_finding *const **ret_findings, size_t *ret_count,
                    struct cf_error *err)
{
        struct cf_place whole = {.path = profile->source->path};
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_PROFILE_MEMORY);
        struct lint lint = {
                .all = all,
                .arena = arena,
                .scratch = scratch,
                .profile = profile,
                .circumstances = circumstances,
        };
        if (!scratch)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory");
        int r = run(&lint, err);
        if (r < 0)
                return cf_error_doing(err, r, &whole, "looking for mistakes in the profile");
        if (lint.failed)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory");
        if (lint.findings.count > 1)
                qsort(lint.findings.items, lint.findings.count, sizeof(*lint.findings.items),
                      compare_findings);
        *ret_findings = lint.findings.items;
        *ret_count = lint.findings.count;
        return 0;
}
