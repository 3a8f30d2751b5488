/* SPDX-License-Identifier: Apache-2.0 */
/* An entry that is nearly a seccomp option: what the engine makes of it is not what was meant. */
#include "judge/rule.h"

static void add(struct cf_check *check, const struct cf_seen *seen, const char *text)
{
        struct cf_draft *draft = cf_check_add(check, CF_WARN, seen->setting);
        const char *tail =
                cf_check_text(check, ": %s%s", text, cf_check_assumption(check, seen->setting));
        cf_check_say(draft, "the seccomp setting of ", tail, tail);
        cf_check_remedy_remove(check, draft, seen->setting, "the default profile then applies");
}

static void look_at(struct cf_check *check, const struct cf_seen *seen)
{
        const char *name = cf_reader_kind_name(check->reader);
        const struct cf_setting *setting = seen->setting;
        if (setting->kind == CF_SETTING_PRIVILEGED)
                return; /* a value that is no boolean starts nothing, and hides nothing */
        if (setting->problem)
                add(check, seen, setting->problem);
        else if (seen->option.kind == CF_SECOPT_NEARLY)
                add(check, seen,
                    cf_check_text(check, "%s %s '%s': %s", name,
                                  seen->option.ignored ? "ignores" : "refuses", setting->value,
                                  seen->option.why));
        else if (seen->meant_word)
                add(check, seen,
                    cf_check_text(check, "%s takes '%s' as a file name, and %s", name,
                                  seen->option.value.data,
                                  seen->known_absent ? "there is no such file"
                                                     : "fails unless there is such a file"));
}

static void look(struct cf_check *check)
{
        for (size_t i = 0; i < check->seen_count; i++)
                look_at(check, &check->seen[i]);
}

const struct cf_rule cf_rule_seccomp_misspelled = {
        .info = {.id = "seccomp-misspelled",
                 .title = "A seccomp setting is not what it looks like",
                 .severity = CF_LOW,
                 .page = cf_page_seccomp_misspelled},
        .looks_at = CF_LOOKS_OPTIONS | CF_LOOKS(CF_SUBJECT_DAEMON),
        .check = look,
};
