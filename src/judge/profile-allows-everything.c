/* SPDX-License-Identifier: Apache-2.0 */
/* A profile that refuses no call: a filter in name alone. The kernel shows mode 2 for it, so only
 * the profile's text tells. */
#include "judge/rule.h"

static void look(struct cf_check *check)
{
        const struct cf_seen *seen = check->deciding;
        if (!seen || !seen->profile || seen->profile->state != CF_PROFILE_ALLOWS)
                return;
        bool file = seen->option.kind == CF_SECOPT_PROFILE;
        struct cf_draft *draft = cf_check_add(check, CF_FAIL, seen->setting);
        const char *after = cf_check_text(check, " refuses no call at all%s",
                                          cf_check_assumption(check, seen->setting));
        cf_check_say(draft,
                     file ? cf_check_text(check, "the profile '%s' of ", seen->option.value.data)
                          : "the profile of ",
                     after, after);
        draft->label = "every kernel call is open";
        draft->label_names_image = check->subject->kind != CF_SUBJECT_DAEMON;
        const struct cf_place *place = &seen->profile->default_place;
        if (file && place->line > 0)
                cf_check_note(check, draft,
                              "%s:%u:%u: the default action is %s and no rule refuses", place->path,
                              place->line, place->column, seen->profile->default_action);
        else
                cf_check_note(check, draft, "its default action is %s and no rule refuses",
                              seen->profile->default_action);
        if (check->subject->container && !check->subject->container->running)
                cf_check_note_processes(check, draft);
        cf_check_reason(check, draft);
        cf_check_remedy_remove(check, draft, seen->setting, "the default profile then applies");
}

const struct cf_rule cf_rule_profile_allows_everything = {
        .info = {.id = "profile-allows-everything",
                 .title = "The seccomp profile refuses no call",
                 .severity = CF_MEDIUM,
                 .cis = "CIS Docker 5.22",
                 .page = cf_page_profile_allows_everything},
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
