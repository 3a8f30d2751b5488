/* SPDX-License-Identifier: Apache-2.0 */
/* A privileged container has no filter, unless its engine honours a profile of its own. */
#include "judge/rule.h"

static void say(struct cf_check *check, struct cf_draft *draft, const char *tail)
{
        const char *one, *many;
        switch (check->subject->kind) {
        case CF_SUBJECT_COMMAND:
                one = cf_check_text(check, " starts a privileged container%s", tail);
                many = cf_check_text(check, " start privileged containers%s", tail);
                break;
        case CF_SUBJECT_OPTIONS:
                one = many = cf_check_text(check, " make the container privileged%s", tail);
                break;
        default:
                one = cf_check_text(check, " is privileged%s", tail);
                many = cf_check_text(check, " are privileged%s", tail);
        }
        cf_check_say(draft, "", one, many);
}

static struct cf_draft *add(struct cf_check *check, enum cf_verdict verdict, const char *tail)
{
        const struct cf_setting *setting = check->privileged ? check->privileged->setting : NULL;
        struct cf_draft *draft = cf_check_add(check, verdict, setting);
        say(check, draft,
            cf_check_text(check, "%s%s", tail, setting ? cf_check_assumption(check, setting) : ""));
        return draft;
}

static void remedy(struct cf_check *check, struct cf_draft *draft)
{
        draft->label = "every kernel call, capability and device is open";
        draft->label_names_image = true;
        cf_check_note_processes(check, draft);
        cf_check_reason(check, draft);
        cf_check_remedy_remove(check, draft, check->privileged ? check->privileged->setting : NULL,
                               "add the capabilities and devices that it needs");
}

static void look_beside_profile(struct cf_check *check)
{
        const char *name = cf_reader_kind_name(check->reader);
        struct cf_draft *draft;
        switch (check->honours) {
        case CF_HONOUR_YES:
                draft = add(
                        check, CF_NOTE,
                        cf_check_text(check, ", but keeps its own profile: %s honours it", name));
                cf_check_remedy(draft, "add the capabilities and devices that it needs instead",
                                NULL);
                return;
        case CF_HONOUR_NO:
                draft = add(check, CF_FAIL,
                            cf_check_text(check,
                                          ": no system call filter, since %s ignores its "
                                          "profile then",
                                          name));
                break;
        default:
                draft = add(check, CF_WARN,
                            ": Docker up to 26 ignores its profile then (no filter at all), 27.0 "
                            "and later apply it");
                break;
        }
        remedy(check, draft);
}

static void look_beside_builtin(struct cf_check *check)
{
        const char *tail = ": no system call filter, and seccomp=builtin does not bring it back";
        if (check->honours == CF_HONOUR_YES)
                tail = ": with seccomp=builtin Docker 27.0 and later do not start it";
        remedy(check, add(check, CF_FAIL, tail));
}

static bool may_be_profile(const struct cf_seen *seen)
{
        return seen &&
               (seen->option.kind == CF_SECOPT_PROFILE || seen->option.kind == CF_SECOPT_INLINE);
}

static void look(struct cf_check *check)
{
        bool build = check->subject->kind == CF_SUBJECT_BUILD;
        if (check->privileged && !check->is_privileged) {
                const struct cf_setting *setting = check->privileged->setting;
                struct cf_draft *draft = cf_check_add(check, CF_UNDECIDED, setting);
                const char *after = cf_check_text(check, " is privileged cannot be told: %s",
                                                  setting->because ? setting->because
                                                                   : "its value is not known");
                cf_check_say(draft, "whether ", after, after);
                cf_check_remedy(draft, "write true or false", NULL);
                return;
        }
        if (!check->is_privileged)
                return;
        if (build)
                remedy(check, add(check, CF_FAIL, ": what it runs has no system call filter"));
        else if (may_be_profile(check->deciding) && !check->shaking)
                look_beside_profile(check);
        else if (check->deciding && check->deciding->option.kind == CF_SECOPT_BUILTIN)
                look_beside_builtin(check);
        else
                remedy(check, add(check, CF_FAIL, ": no system call filter"));
}

const struct cf_rule cf_rule_privileged = {
        .info = {.id = "privileged",
                 .title = "A privileged container runs without a system call filter",
                 .severity = CF_MEDIUM,
                 .cis = "CIS Docker 5.5",
                 .page = cf_page_privileged},
        .looks_at = CF_LOOKS_OPTIONS,
        .check = look,
};
