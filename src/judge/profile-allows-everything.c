/* SPDX-License-Identifier: Apache-2.0 */
/* A profile that refuses no call: a filter in name alone. The kernel shows mode 2 for it, so only
 * the profile's text tells, or the instructions of the filter. */
#include "judge/rule.h"

/* The kernel's filter lets every call of this machine through, whatever the profile says. */
static void look_at_kernel(struct cf_check *check, const struct cf_enforced *enforced)
{
        const struct cf_setting *setting = check->deciding ? check->deciding->setting : NULL;
        struct cf_draft *draft = cf_check_add(check, CF_FAIL, setting);
        draft->finding.evidence = CF_ENFORCED;
        cf_check_say(draft, "the kernel's filter of ", " refuses no call at all",
                     " refuses no call at all");
        draft->label = "every kernel call is open";
        draft->label_names_image = check->subject->container != NULL;
        cf_check_note(check, draft, "%zu instruction%s, and each call is let through",
                      enforced->instructions, enforced->instructions == 1 ? "" : "s");
        cf_check_reason(check, draft);
        if (check->subject->process)
                cf_check_remedy(draft,
                                "find the profile that its container is made with, or ask its "
                                "engine",
                                "sudo confined audit");
        else if (setting)
                cf_check_remedy_remove(check, draft, setting, "the default profile then applies");
        else
                cf_check_remedy(draft,
                                "start the container anew; if that does not help its runtime "
                                "loads another filter than its engine's default",
                                NULL);
}

/* Why an engine's filter for the profile would refuse nothing. */
static const char *why_open(struct cf_check *check, const struct cf_profile_reading *profile)
{
        if (!*profile->default_action)
                return "it names neither a default action nor calls: engines load no filter for it";
        if (!profile->default_lets_through)
                return "every call that is known is named and allowed";
        return cf_check_text(check, "the default action is %s and no rule refuses",
                             profile->default_action);
}

static void look(struct cf_check *check)
{
        const struct cf_seen *seen = check->deciding;
        const struct cf_container *container = check->subject->container;
        const struct cf_process *process = check->subject->process;
        const struct cf_enforced *enforced = container ? container->enforced
                                             : process ? process->enforced
                                                       : NULL;
        bool kernel = enforced && enforced->state == CF_ENFORCED_ALLOWS_ALL;
        if (!seen || !seen->profile || seen->profile->state != CF_PROFILE_ALLOWS) {
                bool off = seen && seen->option.kind == CF_SECOPT_UNCONFINED;
                if (kernel && !off && !check->is_privileged)
                        look_at_kernel(check, enforced);
                return;
        }
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
        const char *why = why_open(check, seen->profile);
        if (file && place->line > 0)
                cf_check_note(check, draft, "%s:%u:%u: %s", place->path, place->line, place->column,
                              why);
        else
                cf_check_note(check, draft, "%s", why);
        if (kernel)
                cf_check_note(check, draft,
                              "the kernel confirms it: its filter (%zu instructions) lets every "
                              "call through",
                              enforced->instructions);
        if (container && !container->running)
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
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON) | CF_LOOKS(CF_SUBJECT_PROCESS),
        .check = look,
};
