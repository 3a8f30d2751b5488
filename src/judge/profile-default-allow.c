/* SPDX-License-Identifier: Apache-2.0 */
/* A profile that names what it refuses: each call of a newer kernel is open until someone thinks
 * of it. */
#include "judge/rule.h"

static void look(struct cf_check *check)
{
        const struct cf_seen *seen = check->deciding;
        const struct cf_container *container = check->subject->container;
        if (!seen || !seen->profile || seen->profile->state != CF_PROFILE_LETS_OTHER)
                return;
        /* What it refuses is not refused here: that is another finding, and a worse one. */
        if (container && container->enforced &&
            container->enforced->state == CF_ENFORCED_ALLOWS_ALL)
                return;
        bool file = seen->option.kind == CF_SECOPT_PROFILE;
        struct cf_draft *draft = cf_check_add(check, CF_WARN, seen->setting);
        const char *after = cf_check_text(check, " lets through every call that it does not name%s",
                                          cf_check_assumption(check, seen->setting));
        cf_check_say(draft,
                     file ? cf_check_text(check, "the profile '%s' of ", seen->option.value.data)
                          : "the profile of ",
                     after, after);
        draft->label = "calls of newer kernels are open";
        const struct cf_place *place = &seen->profile->default_place;
        if (file && place->line > 0)
                cf_check_note(check, draft, "%s:%u:%u: the default action is %s", place->path,
                              place->line, place->column, seen->profile->default_action);
        else
                cf_check_note(check, draft, "its default action is %s",
                              seen->profile->default_action);
        cf_check_remedy(draft,
                        "refuse by default and name what is needed; the engine's default profile "
                        "is a start",
                        NULL);
}

const struct cf_rule cf_rule_profile_default_allow = {
        .info = {.id = "profile-default-allow",
                 .title = "The seccomp profile allows what it does not name",
                 .severity = CF_LOW,
                 .page = cf_page_profile_default_allow},
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
