/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's default profile is none: every container without a profile of its own has no
 * filter. */
#include "judge/rule.h"

static void remedy(struct cf_check *check, struct cf_draft *draft, const struct cf_setting *setting)
{
        draft->label = "no container without its own profile has a filter";
        if (setting->place.path)
                cf_check_remedy_remove(check, draft, setting,
                                       "the built-in profile then applies after a restart");
        else
                cf_check_remedy(draft,
                                "remove seccomp-profile from /etc/docker/daemon.json and the "
                                "daemon's command line, then restart it",
                                "confined scan /etc/docker/daemon.json");
}

static void look_at_setting(struct cf_check *check, const struct cf_seen *seen)
{
        const struct cf_setting *setting = seen->setting;
        struct cf_draft *draft;
        if (seen->anything || setting->certainty == CF_UNKNOWN) {
                draft = cf_check_add(check, CF_UNDECIDED, setting);
                const char *after = cf_check_text(
                        check, " has a default profile cannot be told: %s",
                        setting->because ? setting->because : "its value is not known");
                cf_check_say(draft, "whether ", after, after);
                cf_check_remedy(draft, "write the value itself", NULL);
                return;
        }
        draft = cf_check_add(check, CF_FAIL, setting);
        const char *after =
                cf_check_text(check, " is unconfined%s", cf_check_assumption(check, setting));
        cf_check_say(draft, "the default seccomp profile of ", after, after);
        remedy(check, draft, setting);
}

static void look(struct cf_check *check)
{
        const struct cf_seen *last = NULL;
        for (size_t i = 0; i < check->seen_count; i++)
                if (check->seen[i].setting->kind == CF_SETTING_DAEMON_PROFILE)
                        last = &check->seen[i];
        if (last && !last->setting->problem &&
            (last->anything || last->option.kind == CF_SECOPT_UNCONFINED))
                look_at_setting(check, last);
}

const struct cf_rule cf_rule_daemon_unconfined = {
        .info = {.id = "daemon-unconfined",
                 .title = "The engine's default seccomp profile is switched off",
                 .severity = CF_MEDIUM,
                 .cis = "CIS Docker 2.17",
                 .page = cf_page_daemon_unconfined},
        .looks_at = CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
