/* SPDX-License-Identifier: Apache-2.0 */
/* A suppression that is not honoured, because nobody could tell what it means or why. */
#include "judge/rule.h"
#include "judge/suppress.h"

static void look_at(struct cf_check *check, const struct cf_setting *setting,
                    const struct cf_ignore *ignore)
{
        const char *problem = cf_ignore_problem(check->arena, ignore);
        if (!problem)
                return;
        struct cf_draft *draft = cf_check_add(check, CF_WARN, setting);
        draft->finding.place = ignore->place;
        draft->finding.excerpt = (struct cf_excerpt){0};
        draft->finding.edit = (struct cf_edit){0};
        draft->finding.context = ignore->rules;
        draft->ignores = NULL;
        draft->ignore_count = 0;
        cf_check_say(draft,
                     cf_check_text(check, "this suppression is not honoured (%s) for ", problem),
                     "", "");
        cf_check_remedy(draft, "write: confined: ignore RULE -- why it is accepted", NULL);
}

static void look(struct cf_check *check)
{
        for (size_t i = 0; i < check->seen_count; i++) {
                const struct cf_setting *setting = check->seen[i].setting;
                for (size_t j = 0; j < setting->ignore_count; j++)
                        look_at(check, setting, &setting->ignores[j]);
        }
}

const struct cf_rule cf_rule_suppression_invalid = {
        .info = {.id = "suppression-invalid",
                 .title = "An inline suppression is not honoured",
                 .severity = CF_LOW,
                 .page = cf_page_suppression_invalid},
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
