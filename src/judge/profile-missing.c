/* SPDX-License-Identifier: Apache-2.0 */
/* A profile that is named and is not there. */
#include "judge/rule.h"

/* An absolute path in a file may be meant for another machine. */
static bool may_be_elsewhere(const struct cf_check *check, const struct cf_seen *seen)
{
        return check->subject->evidence == CF_DECLARED && seen->option.value.data[0] == '/';
}

static const char *why(const struct cf_check *check)
{
        switch (check->subject->kind) {
        case CF_SUBJECT_DAEMON:
                return "the daemon does not start without it";
        case CF_SUBJECT_SERVICE:
                return "Compose reads it when it creates the container, and stops";
        default:
                return "the container cannot be created";
        }
}

static void report(struct cf_check *check, const struct cf_seen *seen)
{
        const struct cf_setting *setting = seen->setting;
        const char *path = seen->option.value.data;
        bool absent = seen->profile->state == CF_PROFILE_ABSENT;
        bool elsewhere = absent && may_be_elsewhere(check, seen);
        bool certain = absent && !elsewhere;
        struct cf_draft *draft = cf_check_add(check, certain ? CF_FAIL : CF_UNDECIDED, setting);
        const char *tail = !absent     ? "cannot be read here"
                           : elsewhere ? "is not on this machine"
                                       : seen->profile->absence;
        tail = cf_check_text(check, " %s%s", tail, cf_check_assumption(check, setting));
        cf_check_say(draft, cf_check_text(check, "the profile '%s' of ", path), tail, tail);
        if (certain)
                draft->label = why(check);
        if (seen->profile->problem)
                cf_check_note(check, draft, "%s", seen->profile->problem);
        cf_check_remedy(draft,
                        certain ? "correct the path or add the file; for the default profile "
                                  "remove the setting"
                                : "scan where the file is and can be read",
                        NULL);
}

static void look(struct cf_check *check)
{
        for (size_t i = 0; i < check->seen_count; i++) {
                const struct cf_seen *seen = &check->seen[i];
                if (seen->option.kind == CF_SECOPT_PROFILE && seen->profile &&
                    (seen->profile->state == CF_PROFILE_ABSENT ||
                     seen->profile->state == CF_PROFILE_UNREADABLE))
                        report(check, seen);
        }
}

const struct cf_rule cf_rule_profile_missing = {
        .info = {.id = "profile-missing",
                 .title = "The seccomp profile that is named does not exist",
                 .severity = CF_MEDIUM,
                 .page = cf_page_profile_missing},
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
