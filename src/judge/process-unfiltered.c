/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel shows a process without a filter where there should be one. */
#include "judge/rule.h"

#define PROCESSES_NAMED 4 /* most that one finding lists */

static const char *name_of(const struct cf_process *process)
{
        return process->name ? process->name : "?";
}

/* What the settings promise: a filter. Containers that promise none have a finding already. */
static bool promised(const struct cf_check *check)
{
        const struct cf_engine *engine = check->subject->engine;
        const struct cf_seen *deciding = check->deciding;
        if (check->shaking || (engine && !engine->seccomp))
                return false;
        if (check->is_privileged || check->privileged)
                return check->is_privileged && check->honours == CF_HONOUR_YES && deciding &&
                       (deciding->option.kind == CF_SECOPT_PROFILE ||
                        deciding->option.kind == CF_SECOPT_INLINE);
        if (deciding)
                return deciding->option.kind != CF_SECOPT_UNCONFINED;
        return !engine || !engine->default_profile ||
               strcmp(engine->default_profile, "unconfined") != 0;
}

static void list(struct cf_check *check, struct cf_draft *draft,
                 const struct cf_container *container, enum cf_seccomp_mode mode)
{
        size_t named = 0, more = 0;
        for (size_t i = 0; i < container->process_count; i++) {
                const struct cf_process *process = &container->processes[i];
                if (process->mode != mode)
                        continue;
                if (named++ < PROCESSES_NAMED)
                        cf_check_note(check, draft, "PID %d (%s)%s", (int)process->pid,
                                      process->command ? process->command : name_of(process),
                                      process->by_exec ? ", entered from outside" : "");
                else
                        more++;
        }
        if (more > 0)
                cf_check_note(check, draft, "and %zu more", more);
}

static const struct cf_process *first_off(const struct cf_container *container)
{
        for (size_t i = 0; i < container->process_count; i++)
                if (container->processes[i].mode == CF_SECCOMP_OFF)
                        return &container->processes[i];
        return NULL;
}

static void look_at_container(struct cf_check *check)
{
        const struct cf_container *container = check->subject->container;
        if (!container || !container->running || !container->processes_known || !promised(check))
                return;
        size_t off = cf_check_unfiltered(container);
        size_t unreadable = cf_check_unreadable(container);
        if (off > 0) {
                struct cf_draft *draft = cf_check_add(check, CF_FAIL, NULL);
                draft->finding.evidence = CF_ENFORCED;
                draft->finding.process = first_off(container);
                const char *before = off == container->process_count
                                             ? cf_check_text(check, "no process of ")
                                             : cf_check_text(check, "%zu of %zu processes of ", off,
                                                             container->process_count);
                const char *after = off == container->process_count
                                            ? " has the filter that it was configured with"
                                    : off == 1 ? " has no filter"
                                               : " have no filter";
                cf_check_say(draft, before, after, after);
                draft->label = "every kernel call is open";
                list(check, draft, container, CF_SECCOMP_OFF);
                cf_check_remedy(draft,
                                off == container->process_count
                                        ? "start the container anew; if that does not help its "
                                          "runtime does not install filters"
                                        : "end the process; enter with 'docker exec', which keeps "
                                          "the filter, and not with nsenter",
                                NULL);
        } else if (unreadable > 0) {
                struct cf_draft *draft = cf_check_add(check, CF_UNDECIDED, NULL);
                draft->finding.evidence = CF_ENFORCED;
                const char *after = cf_check_text(check,
                                                  " have a filter cannot be told: %zu of %zu "
                                                  "cannot be read",
                                                  unreadable, container->process_count);
                cf_check_say(draft, "whether all processes of ", after, after);
                cf_check_remedy(draft, "run as root", "sudo confined audit");
        }
}

/* A process of a container that no engine told us of, or one that lives in namespaces of its own
 * for another reason (a service's sandbox, a browser): the latter is worth a note alone. */
static void look_at_process(struct cf_check *check)
{
        const struct cf_process *process = check->subject->process;
        if (!process || !process->foreign)
                return;
        bool contained = process->container || process->engine;
        if (process->mode == CF_SECCOMP_UNREADABLE && contained) {
                struct cf_draft *draft = cf_check_add(check, CF_UNDECIDED, NULL);
                cf_check_say(draft, "whether ", " has a filter cannot be told",
                             " have a filter cannot be told");
                cf_check_remedy(draft, "run as root", "sudo confined audit");
        }
        if (process->mode != CF_SECCOMP_OFF)
                return;
        struct cf_draft *draft = cf_check_add(check, contained ? CF_FAIL : CF_NOTE, NULL);
        const char *where = " lives in namespaces of its own and has no filter";
        if (process->container)
                where = cf_check_text(check, " of %s container %.12s has no filter",
                                      process->engine ? process->engine : "a", process->container);
        else if (process->engine)
                where = cf_check_text(check, " of a container of %s has no filter",
                                      process->engine);
        cf_check_say(draft, "", where, where);
        draft->label = "every kernel call is open";
        if (process->command)
                cf_check_note(check, draft, "command: %s", process->command);
        if (process->cgroup)
                cf_check_note(check, draft, "cgroup: %s", process->cgroup);
        cf_check_remedy(draft,
                        contained ? "find the setting that switches the filter off where the "
                                    "container is made, or ask its engine"
                                  : "nothing, if it is a service or a program that isolates itself",
                        contained ? "sudo confined audit" : NULL);
}

static void look(struct cf_check *check)
{
        if (check->subject->kind == CF_SUBJECT_CONTAINER)
                look_at_container(check);
        else
                look_at_process(check);
}

const struct cf_rule cf_rule_process_unfiltered = {
        .info = {.id = "process-unfiltered",
                 .title = "A process in a container has no system call filter",
                 .severity = CF_MEDIUM,
                 .cis = "CIS Docker 5.22",
                 .page = cf_page_process_unfiltered},
        .looks_at = CF_LOOKS(CF_SUBJECT_CONTAINER) | CF_LOOKS(CF_SUBJECT_PROCESS),
        .check = look,
};
