/* SPDX-License-Identifier: Apache-2.0 */
/* The filter is switched off by an option, or for a container by its engine's own default. */
#include "judge/rule.h"

static void say_off(struct cf_check *check, struct cf_draft *draft, const char *tail)
{
        switch (check->subject->kind) {
        case CF_SUBJECT_COMMAND:
        case CF_SUBJECT_OPTIONS:
                cf_check_say(draft, "",
                             cf_check_text(check, " switch%s the system call filter off%s",
                                           check->subject->kind == CF_SUBJECT_COMMAND ? "es" : "",
                                           tail),
                             cf_check_text(check, " switch the system call filter off%s", tail));
                break;
        default: {
                const char *after = cf_check_text(check, " is off%s", tail);
                cf_check_say(draft, "the system call filter of ", after, after);
        }
        }
}

static void add_off(struct cf_check *check, const struct cf_setting *setting)
{
        struct cf_draft *draft = cf_check_add(check, CF_FAIL, setting);
        say_off(check, draft, cf_check_assumption(check, setting));
        draft->label = "every kernel call is open";
        draft->label_names_image = true;
        cf_check_note_processes(check, draft);
        cf_check_reason(check, draft);
        cf_check_remedy_remove(check, draft, setting, "the default profile then applies");
}

static void add_unknown(struct cf_check *check, const struct cf_setting *setting,
                        const char *because)
{
        struct cf_draft *draft = cf_check_add(check, CF_UNDECIDED, setting);
        const char *after = cf_check_text(check, " is off cannot be told: %s",
                                          because ? because : "its value is not known");
        cf_check_say(draft, "whether the system call filter of ", after, after);
        cf_check_remedy(draft, "write the value itself, or one that cannot be unconfined", NULL);
}

/* The engine's default applies, and it is no filter. */
static void look_at_engine_default(struct cf_check *check)
{
        const struct cf_engine *engine = check->subject->engine;
        if (check->subject->kind != CF_SUBJECT_CONTAINER || !engine || !engine->seccomp ||
            !engine->default_profile || strcmp(engine->default_profile, "unconfined") != 0 ||
            check->is_privileged)
                return;
        struct cf_draft *draft = cf_check_add(check, CF_FAIL, NULL);
        say_off(check, draft,
                ": it has no profile of its own and the engine's default is unconfined");
        draft->label = "every kernel call is open";
        draft->label_names_image = true;
        cf_check_note_processes(check, draft);
        cf_check_remedy(draft,
                        "give the engine a default profile again (seccomp-profile in daemon.json), "
                        "or this container --security-opt seccomp=builtin",
                        "confined explain daemon-unconfined");
}

static void look(struct cf_check *check)
{
        const struct cf_seen *deciding = check->deciding, *shaking = check->shaking;
        if (shaking)
                add_unknown(check, shaking->setting, shaking->setting->because);
        if (!deciding) {
                if (!shaking)
                        look_at_engine_default(check);
                return;
        }
        if (deciding->option.kind != CF_SECOPT_UNCONFINED)
                return;
        if (shaking)
                add_unknown(check, deciding->setting,
                            cf_check_text(check, "a later entry may replace this one: %s",
                                          shaking->setting->because ? shaking->setting->because
                                                                    : "its value is not known"));
        else if (deciding->setting->certainty == CF_UNKNOWN)
                add_unknown(check, deciding->setting, deciding->setting->because);
        else
                add_off(check, deciding->setting);
}

const struct cf_rule cf_rule_seccomp_unconfined = {
        .info = {.id = "seccomp-unconfined",
                 .title = "The system call filter is switched off",
                 .severity = CF_MEDIUM,
                 .cis = "CIS Docker 5.22",
                 .page = cf_page_seccomp_unconfined},
        .looks_at = CF_LOOKS_OPTIONS,
        .check = look,
};
