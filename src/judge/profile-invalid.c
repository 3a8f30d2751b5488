/* SPDX-License-Identifier: Apache-2.0 */
/* A profile that no engine can load. */
#include "judge/rule.h"

static void look(struct cf_check *check)
{
        const struct cf_seen *seen = check->deciding;
        if (!seen || !seen->profile || seen->profile->state != CF_PROFILE_BROKEN)
                return;
        bool file = seen->option.kind == CF_SECOPT_PROFILE;
        struct cf_draft *draft = cf_check_add(check, CF_FAIL, seen->setting);
        const char *after = cf_check_text(check, " cannot be loaded: %s%s", seen->profile->problem,
                                          cf_check_assumption(check, seen->setting));
        cf_check_say(draft,
                     file ? cf_check_text(check, "the profile '%s' of ", seen->option.value.data)
                          : "the profile of ",
                     after, after);
        draft->label = check->subject->kind == CF_SUBJECT_DAEMON
                               ? "containers cannot start under it"
                               : "the container cannot start under it";
        cf_check_remedy(draft, "correct the profile at the place named", NULL);
}

const struct cf_rule cf_rule_profile_invalid = {
        .info = {.id = "profile-invalid",
                 .title = "The seccomp profile cannot be loaded",
                 .severity = CF_MEDIUM,
                 .page = cf_page_profile_invalid},
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
