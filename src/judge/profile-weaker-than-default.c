/* SPDX-License-Identifier: Apache-2.0 */
/* A filter of a container's own that lets calls through which its engine's default refuses. One
 * call more is what a workload may need, and the right way to give it: that is worth a note. What
 * opens the kernel to anyone is worth a warning. */
#include "judge/rule.h"

/* Those that are dangerous with the reason, the others behind them. */
static void note_calls(struct cf_check *check, struct cf_draft *draft,
                       const struct cf_loose_calls *calls)
{
        struct cf_loose_call *others =
                cf_arena_many(check->arena, calls->count, struct cf_loose_call);
        struct cf_loose_calls rest = {.items = others};
        if (!others) {
                check->failed = true;
                return;
        }
        for (size_t i = 0; i < calls->count; i++) {
                const struct cf_loose_call *call = &calls->items[i];
                if (!call->danger) {
                        others[rest.count++] = *call;
                        continue;
                }
                if (!call->lock)
                        draft->finding.verdict = CF_WARN;
                cf_check_note(check, draft, "%s%s%s: it %s%s%s", call->name,
                              call->when ? " if " : "", call->when ? call->when : "", call->danger,
                              call->lock ? "; the kernel asks for " : "",
                              call->lock ? cf_check_text(check,
                                                         "%s beside, which the container does not "
                                                         "have",
                                                         call->lock)
                                         : "");
        }
        cf_check_note_loose(check, draft, &rest);
}

static void look_at_kernel(struct cf_check *check)
{
        const struct cf_container *container = check->subject->container;
        const struct cf_enforced *enforced = container ? container->enforced : NULL;
        const struct cf_seen *seen = check->deciding;
        if (!enforced || enforced->state != CF_ENFORCED_FILTERS || !enforced->by_default ||
            !enforced->than_default.count || check->is_privileged)
                return;
        /* Without a profile of its own it is another finding: the filter is not the configured one.
         * One that allows what it does not name has a finding for all of it. */
        bool own = seen && (seen->option.kind == CF_SECOPT_INLINE ||
                            seen->option.kind == CF_SECOPT_PROFILE);
        if (!own || (seen->profile && seen->profile->state == CF_PROFILE_LETS_OTHER))
                return;
        const struct cf_loose_calls *calls = &enforced->than_default;
        struct cf_draft *draft = cf_check_add(check, CF_NOTE, seen->setting);
        draft->finding.evidence = CF_ENFORCED;
        const char *after =
                cf_check_text(check, " lets %zu call%s through that the %s refuses", calls->count,
                              calls->count == 1 ? "" : "s", enforced->by_default);
        cf_check_say(draft, "the filter of ", after, after);
        note_calls(check, draft, calls);
        cf_check_remedy(
                draft,
                draft->finding.verdict == CF_WARN
                        ? "take out what the workload does not need, or allow it under "
                          "the arguments that it needs alone"
                        : "nothing, if the workload needs them",
                cf_check_text(check, "sudo confined prove %s --against default", container->name));
}

/* As written: in a file, or as an engine keeps it of a container whose filter nobody can look at,
 * because it does not run. What it opens under the capabilities of no container is told; what a
 * container makes of it, its engine's version and capabilities decide: never more than a note. */
static void look_at_text(struct cf_check *check)
{
        const struct cf_seen *seen = check->deciding;
        if (!seen || !seen->profile || !seen->profile->by_default ||
            !seen->profile->than_default.count || check->reader == CF_READER_PODMAN ||
            check->is_privileged)
                return;
        bool file = seen->option.kind == CF_SECOPT_PROFILE;
        const struct cf_loose_calls *calls = &seen->profile->than_default;
        struct cf_draft *draft = cf_check_add(check, CF_NOTE, seen->setting);
        const char *after = cf_check_text(
                check, " lets %zu call%s through that Docker's default refuses%s", calls->count,
                calls->count == 1 ? "" : "s", cf_check_assumption(check, seen->setting));
        cf_check_say(draft,
                     file ? cf_check_text(check, "the profile '%s' of ", seen->option.value.data)
                          : "the profile of ",
                     after, after);
        note_calls(check, draft, calls);
        draft->finding.verdict = CF_NOTE;
        cf_check_remedy(draft, "nothing, if the workload needs them",
                        file ? cf_check_text(check, "confined profile diff %s FILE",
                                             seen->profile->by_default->name)
                             : NULL);
}

static void look(struct cf_check *check)
{
        const struct cf_container *container = check->subject->container;
        if (container && container->enforced && container->enforced->state != CF_ENFORCED_UNKNOWN)
                look_at_kernel(check);
        else
                look_at_text(check);
}

const struct cf_rule cf_rule_profile_weaker_than_default = {
        .info = {.id = "profile-weaker-than-default",
                 .title = "The filter lets calls through that the engine's default refuses",
                 .severity = CF_LOW,
                 .page = cf_page_profile_weaker_than_default},
        .looks_at = CF_LOOKS_OPTIONS,
        .check = look,
};
