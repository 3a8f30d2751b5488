/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel enforces something else than what the container was configured with. */
#include "judge/rule.h"

/* What the configuration names, whether as written or as a runtime loads it, refuses the calls. */
static void look_at_filter(struct cf_check *check, const struct cf_enforced *enforced)
{
        const struct cf_loose_calls *calls = &enforced->than_configured;
        if (!enforced->configured_known || !calls->count)
                return;
        bool own = check->deciding && check->deciding->option.kind != CF_SECOPT_BUILTIN;
        struct cf_draft *draft = cf_check_add(check, CF_WARN, NULL);
        draft->finding.evidence = CF_ENFORCED;
        const char *after = cf_check_text(
                check,
                " is not the one that it was configured with: it lets %zu call%s through that "
                "%s%s refuses",
                calls->count, calls->count == 1 ? "" : "s",
                !own && enforced->by_default ? "the " : "",
                own                    ? "its profile"
                : enforced->by_default ? enforced->by_default
                                       : "the engine's default");
        cf_check_say(draft, "the kernel's filter of ", after, after);
        cf_check_note_loose(check, draft, calls);
        cf_check_remedy(draft,
                        "start the container anew: an engine that was upgraded since gives it "
                        "today's filter; if that does not help its runtime loads another one",
                        cf_check_text(check, "sudo confined prove %s --against default",
                                      check->subject->container->name));
}

static void look_at_strangers(struct cf_check *check, const struct cf_enforced *enforced)
{
        if (!enforced->strangers)
                return;
        struct cf_draft *draft = cf_check_add(check, CF_WARN, NULL);
        draft->finding.evidence = CF_ENFORCED;
        draft->key = "strangers";
        const char *after = enforced->strangers == 1
                                    ? " is under another filter, which lets more through"
                                    : " are under another filter, which lets more through";
        cf_check_say(draft,
                     cf_check_text(check, "%zu process%s of ", enforced->strangers,
                                   enforced->strangers == 1 ? "" : "es"),
                     after, after);
        cf_check_note(check, draft, "PID %d", (int)enforced->first_stranger);
        cf_check_remedy(
                draft, "enter with 'docker exec', which gives the container's filter",
                cf_check_text(check, "sudo confined prove %s", check->subject->container->name));
}

static void look(struct cf_check *check)
{
        const struct cf_container *container = check->subject->container;
        const struct cf_enforced *enforced = container ? container->enforced : NULL;
        if (!enforced || enforced->state == CF_ENFORCED_UNKNOWN ||
            enforced->state == CF_ENFORCED_NOTHING)
                return;
        look_at_filter(check, enforced);
        look_at_strangers(check, enforced);
}

const struct cf_rule cf_rule_filter_differs = {
        .info = {.id = "filter-differs",
                 .title =
                         "The kernel's filter is not the one that the container is configured with",
                 .severity = CF_MEDIUM,
                 .page = cf_page_filter_differs},
        .looks_at = CF_LOOKS(CF_SUBJECT_CONTAINER),
        .check = look,
};
