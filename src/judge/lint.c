/* SPDX-License-Identifier: Apache-2.0 */
/* What profile/ finds wrong with a profile, as findings. */
#include "judge/rule.h"

#define RULE(word, name, words, how)              \
        const struct cf_rule cf_rule_##word = {   \
                .info = {.id = (name),            \
                         .title = (words),        \
                         .severity = (how),       \
                         .page = cf_page_##word}, \
        }

RULE(profile_name_unknown, "profile-name-unknown", "A name in a profile is no system call", CF_LOW);
RULE(profile_name_foreign, "profile-name-foreign",
     "No covered architecture has a call of this name", CF_LOW);
RULE(profile_rule_never, "profile-rule-never",
     "An entry of a profile counts under no circumstances", CF_LOW);
RULE(profile_condition_never, "profile-condition-never",
     "A condition in a profile never holds, or looks at nothing", CF_MEDIUM);
RULE(profile_rule_contradicted, "profile-rule-contradicted",
     "A stricter entry answers in place of this one", CF_LOW);
RULE(profile_rule_redundant, "profile-rule-redundant",
     "Without this entry the profile means the same", CF_LOW);
RULE(profile_upper_half, "profile-upper-half",
     "A refusal is got around by bits that the kernel drops", CF_MEDIUM);
RULE(profile_gone_around, "profile-gone-around", "A refusal is got around by another call",
     CF_MEDIUM);
RULE(profile_dangerous_call, "profile-dangerous-call",
     "A call is allowed that attacks are known of", CF_MEDIUM);
RULE(profile_new_call_refused, "profile-new-call-refused",
     "A new call gets an error that programs do not fall back on", CF_LOW);
RULE(profile_architecture_missing, "profile-architecture-missing",
     "Calls of an architecture of the machine are killed", CF_LOW);
RULE(profile_rule_lost, "profile-rule-lost", "The runtime loads something else than is written",
     CF_MEDIUM);

static struct cf_draft *draft_of(struct cf_arena *arena, const struct cf_profile *profile,
                                 const struct cf_lint_finding *finding)
{
        static const enum cf_verdict verdicts[] = {
                [CF_LINT_NOTE] = CF_NOTE, [CF_LINT_WARN] = CF_WARN, [CF_LINT_FAIL] = CF_FAIL};
        struct cf_draft *draft = cf_arena_one(arena, struct cf_draft);
        if (!draft)
                return NULL;
        const struct cf_rule_info *rule = cf_rule_find(cf_lint_rule_id(finding->rule));
        draft->finding = (struct cf_finding){
                .rule = rule,
                .verdict = verdicts[finding->weight],
                .severity = rule->severity,
                .evidence = CF_DECLARED,
                .place = cf_profile_place(profile, finding->part),
                .root = profile->source->path,
                .subject_kind = CF_SUBJECT_PROFILE,
                .file_id = profile->source->id,
                .context = finding->message,
                .remedy = {.text = finding->remedy},
        };
        draft->before = finding->message;
        draft->after = draft->after_many = "";
        draft->apart = finding->message;
        draft->who = (struct cf_who){.one = "", .many = ""};
        draft->key = "";
        while (draft->note_count < CF_LINT_NOTES && finding->notes[draft->note_count]) {
                draft->notes[draft->note_count] = finding->notes[draft->note_count];
                draft->note_count++;
        }
        return cf_excerpt_take(arena, profile->source, &draft->finding.place,
                               &draft->finding.excerpt) < 0
                       ? NULL
                       : draft;
}

int cf_judge_lint(struct cf_judge *judge, const struct cf_profile *profile,
                  struct cf_lint_finding *const *findings, size_t count)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        if (!arena)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                struct cf_draft *draft = draft_of(arena, profile, findings[i]);
                int r = draft ? cf_judge_draft(judge, draft) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}
