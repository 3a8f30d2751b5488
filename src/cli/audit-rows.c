/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's table and its closing lines. */
#include <string.h>

#include "base/map.h"
#include "cli/audit.h"

#define HINTS_MAX 12

/* ---- words --------------------------------------------------------------------------------------
 */

/* What the last seccomp option says, as a word of the table. */
static const char *option_word(struct cf_arena *arena, const struct cf_setting *setting)
{
        const char *value = setting->value ? strchr(setting->value, '=') : NULL;
        if (setting->value && !value)
                value = strchr(setting->value, ':');
        if (setting->profile_json)
                return "own profile";
        return value && value[1] ? value + 1 : cf_arena_string(arena, setting->value);
}

static const char *declared_word(struct cf_arena *arena, const struct cf_subject *subject)
{
        const char *option = NULL;
        bool privileged = false;
        for (size_t i = 0; i < subject->setting_count; i++) {
                const struct cf_setting *setting = &subject->settings[i];
                if (setting->kind == CF_SETTING_PRIVILEGED)
                        privileged = true;
                else if (setting->kind == CF_SETTING_SECURITY_OPT)
                        option = option_word(arena, setting);
        }
        if (privileged)
                return option ? cf_arena_printf(arena, "privileged, %s", option) : "privileged";
        return option ? option : "–";
}

struct tally {
        size_t all, off, unreadable;
        const struct cf_process *first_off;
};

static struct tally count_processes(const struct cf_container *container)
{
        struct tally tally = {.all = container->process_count};
        for (size_t i = 0; i < container->process_count; i++) {
                const struct cf_process *process = &container->processes[i];
                tally.unreadable += process->mode == CF_SECCOMP_UNREADABLE;
                if (process->mode != CF_SECCOMP_OFF)
                        continue;
                if (!tally.off++)
                        tally.first_off = process;
        }
        return tally;
}

static const char *plural(size_t count, const char *one, const char *many)
{
        return count == 1 ? one : many;
}

/* What the container's own filter does; NULL: only that there is one. */
static const char *filter_word(struct cf_arena *arena, const struct cf_subject *subject)
{
        const struct cf_enforced *enforced = subject->container->enforced;
        size_t weaker = enforced ? enforced->than_default.count : 0;
        bool own = false;
        for (size_t i = 0; i < subject->setting_count; i++)
                own |= subject->settings[i].kind == CF_SETTING_SECURITY_OPT;
        if (!enforced || enforced->state == CF_ENFORCED_UNKNOWN)
                return "filter";
        if (enforced->state == CF_ENFORCED_ALLOWS_ALL)
                return cf_arena_printf(
                        arena, "allows every call (%zu %s)", enforced->instructions,
                        plural(enforced->instructions, "instruction", "instructions"));
        if (enforced->state != CF_ENFORCED_FILTERS)
                return "filter";
        if (enforced->by_default && enforced->is_default)
                return enforced->by_default;
        if (own)
                return weaker ? cf_arena_printf(arena,
                                                "custom: %zu calls, weaker than default in %zu",
                                                enforced->calls, weaker)
                              : cf_arena_printf(arena, "custom: %zu calls", enforced->calls);
        if (!enforced->by_default)
                return cf_arena_printf(arena, "filter: %zu calls", enforced->calls);
        return weaker ? cf_arena_printf(arena, "weaker than %s in %zu", enforced->by_default,
                                        weaker)
                      : cf_arena_printf(arena, "as strict as %s", enforced->by_default);
}

static const char *process_word(struct cf_arena *arena, const struct cf_process *process)
{
        if (process->enforced)
                return cf_arena_printf(
                        arena, "allows every call (%zu %s)", process->enforced->instructions,
                        plural(process->enforced->instructions, "instruction", "instructions"));
        return process->mode == CF_SECCOMP_OFF ? "no filter" : "not readable";
}

static const char *enforced_word(struct cf_arena *arena, const struct cf_subject *subject)
{
        const struct cf_container *container = subject->container;
        struct tally tally = count_processes(container);
        if (!container->running)
                return tally.all == 0 ? "not running"
                                      : cf_arena_printf(arena, "not running, but %zu %s", tally.all,
                                                        plural(tally.all, "process", "processes"));
        if (!container->processes_known && tally.all == 0)
                return "not known";
        const char *word = plural(tally.all, "process", "processes");
        if (tally.unreadable == tally.all)
                return cf_arena_printf(arena, "not readable (%zu %s)", tally.all, word);
        if (tally.off == tally.all)
                return cf_arena_printf(arena, "no filter (%zu %s)", tally.all, word);
        const struct cf_enforced *enforced = container->enforced;
        const char *filter = filter_word(arena, subject);
        if (!filter)
                return NULL;
        if (tally.off == 1)
                return cf_arena_printf(arena, "%s, but PID %d none", filter,
                                       (int)tally.first_off->pid);
        if (tally.off)
                return cf_arena_printf(arena, "%s, but %zu of %zu processes none", filter,
                                       tally.off, tally.all);
        if (enforced && enforced->strangers)
                return cf_arena_printf(arena, "%s, but PID %d another", filter,
                                       (int)enforced->first_stranger);
        return enforced && enforced->state >= CF_ENFORCED_ALLOWS_ALL
                       ? filter
                       : cf_arena_printf(arena, "%s (%zu %s)", filter, tally.all, word);
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

static struct cf_span process_key(const struct cf_process *process)
{
        return (struct cf_span){(const char *)&process->pid, sizeof(process->pid)};
}

/* A process of a container is its container's matter. */
static struct cf_report_row *row_of(const struct cf_map *by_id, const struct cf_map *by_pid,
                                    const struct cf_finding *finding)
{
        if (finding->container)
                return cf_map_get(by_id, cf_span_of(finding->container->id));
        if (finding->process)
                return cf_map_get(by_pid, process_key(finding->process));
        return NULL;
}

static void weigh(const struct cf_map *by_id, const struct cf_map *by_pid,
                  const struct cf_finding *finding)
{
        struct cf_report_row *row = row_of(by_id, by_pid, finding);
        if (!row || !cf_finding_counts(finding) || finding->verdict == CF_PASS ||
            (row->rule && row->verdict >= finding->verdict))
                return;
        row->verdict = finding->verdict;
        row->rule = finding->rule->id;
}

static int make_row(struct cf_audit *audit, const struct cf_subject *subject,
                    struct cf_report_row *row)
{
        *row = (struct cf_report_row){
                .subject = subject, .engine = subject->engine, .verdict = CF_PASS};
        if (subject->kind == CF_SUBJECT_CONTAINER) {
                row->declared = declared_word(audit->arena, subject);
                row->enforced = enforced_word(audit->arena, subject);
        } else {
                row->declared = "–";
                row->enforced = process_word(audit->arena, subject->process);
        }
        return row->declared && row->enforced ? 0 : -ENOMEM;
}

int cf_audit_rows(struct cf_audit *audit, struct cf_report_row **ret_rows, size_t *ret_count)
{
        struct cf_map *by_id = cf_map_new(audit->arena), *by_pid = cf_map_new(audit->arena);
        struct cf_report_row *rows =
                cf_arena_many(audit->arena, audit->subjects.count, struct cf_report_row);
        size_t count = 0;
        if (!by_id || !by_pid || !rows)
                return -ENOMEM;
        for (size_t i = 0; i < audit->subjects.count; i++) {
                const struct cf_subject *subject = &audit->subjects.items[i];
                if (subject->kind == CF_SUBJECT_DAEMON)
                        continue;
                struct cf_report_row *row = &rows[count++];
                int r = make_row(audit, subject, row);
                if (r == 0)
                        r = subject->container
                                    ? cf_map_put(by_id, cf_span_of(subject->container->id), row)
                                    : cf_map_put(by_pid, process_key(subject->process), row);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < audit->finding_count; i++)
                weigh(by_id, by_pid, audit->findings[i]);
        *ret_rows = rows;
        *ret_count = count;
        return 0;
}

/* ---- hints
 * ----------------------------------------------------------------------------------------- */

typedef CF_VEC(const char *) hint_vec;

static int add_hint(struct cf_audit *audit, hint_vec *hints, const char *hint)
{
        return hint ? cf_vec_push(audit->arena, hints, hint) : -ENOMEM;
}

/* A word that a shell takes as it stands. */
static const char *shell_word(struct cf_arena *arena, const char *word)
{
        static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "/._-+:@%,=";
        if (*word && *word != '-' && word[strspn(word, safe)] == 0)
                return word;
        CF_TEXT struct cf_text quoted = {0};
        cf_text_putc(&quoted, '\'');
        for (; *word; word++) {
                if (*word == '\'')
                        cf_text_puts(&quoted, "'\\''");
                else
                        cf_text_putc(&quoted, *word);
        }
        cf_text_putc(&quoted, '\'');
        return quoted.failed ? NULL : cf_arena_copy(arena, cf_text_span(&quoted));
}

static const char *compose_hint(struct cf_arena *arena, const struct cf_container *container)
{
        const char *dir = shell_word(arena, container->compose_dir);
        const char *files = container->compose_files;
        const char *service = container->compose_service;
        return dir ? cf_arena_printf(arena,
                                     "%s: started by Compose project '%s' (%s%s%s%s): confined "
                                     "scan %s",
                                     container->name, container->compose_project,
                                     files ? files : container->compose_dir,
                                     service ? ", service '" : "", service ? service : "",
                                     service ? "'" : "", dir)
                   : NULL;
}

/* Where failing containers were started from: a line for each project's folder. */
static int add_compose_hints(struct cf_audit *audit, const struct cf_report_row *rows, size_t count,
                             hint_vec *hints)
{
        struct cf_map *seen = cf_map_new(audit->arena);
        if (!seen)
                return -ENOMEM;
        for (size_t i = 0; i < count && hints->count < HINTS_MAX; i++) {
                const struct cf_container *container = rows[i].subject->container;
                if (!container || !rows[i].rule || !container->compose_project ||
                    !container->compose_dir || cf_map_get(seen, cf_span_of(container->compose_dir)))
                        continue;
                int r = cf_map_put(seen, cf_span_of(container->compose_dir), hints);
                if (r == 0)
                        r = add_hint(audit, hints, compose_hint(audit->arena, container));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Containers that run, but not where their processes could be seen. */
static int add_unseen(struct cf_audit *audit, hint_vec *hints)
{
        size_t unseen = 0;
        for (size_t i = 0; i < audit->answer_count; i++) {
                const struct cf_engine_answer *answer = &audit->answers[i];
                for (size_t j = 0; j < answer->count; j++)
                        unseen += answer->containers[j].running &&
                                  !answer->containers[j].processes_known;
        }
        if (!unseen)
                return 0;
        return add_hint(audit, hints,
                        cf_arena_printf(audit->arena,
                                        "the processes of %zu running %s could not be looked at "
                                        "(another machine or PID namespace): run confined audit "
                                        "where they run",
                                        unseen, plural(unseen, "container", "containers")));
}

/* Containers whose filters could not be read: one line, with the first reason. */
static int add_unread(struct cf_audit *audit, hint_vec *hints)
{
        size_t unread = 0;
        const char *because = NULL;
        for (size_t i = 0; i < audit->subjects.count; i++) {
                const struct cf_container *container = audit->subjects.items[i].container;
                if (!container || !container->enforced ||
                    container->enforced->state != CF_ENFORCED_UNKNOWN)
                        continue;
                if (!unread++)
                        because = container->enforced->because;
        }
        if (audit->unread) {
                int r = add_hint(
                        audit, hints,
                        cf_arena_printf(audit->arena,
                                        "what the filters of %zu %s of unknown containers do is "
                                        "not known: %s",
                                        audit->unread,
                                        plural(audit->unread, "process", "processes"),
                                        audit->unread_because ? audit->unread_because : "?"));
                if (r < 0)
                        return r;
        }
        if (!unread)
                return 0;
        return add_hint(audit, hints,
                        cf_arena_printf(audit->arena, "what the %s of %zu %s %s is not known: %s",
                                        plural(unread, "filter", "filters"), unread,
                                        plural(unread, "container", "containers"),
                                        plural(unread, "does", "do"), because ? because : "?"));
}

/* What could not be seen, and why. */
static int add_limits(struct cf_audit *audit, hint_vec *hints)
{
        const struct cf_process_list *list = &audit->processes;
        int r = 0;
        if (audit->host_count == 0 && !cf_given(audit->session.invocation, "no-engine"))
                r = add_hint(audit, hints,
                             "no engine was found: this is the kernel's view alone; name an engine "
                             "with --host URL");
        else if (audit->answer_count == 0)
                r = add_hint(audit, hints,
                             "no engine was asked or answered: this is the kernel's view alone");
        if (r == 0 && audit->looked && list->hidden)
                r = add_hint(audit, hints,
                             "/proc hides the processes of other users (hidepid): run with sudo to "
                             "see all");
        if (r == 0 && list->unreadable)
                r = add_hint(audit, hints,
                             cf_arena_printf(audit->arena,
                                             "%zu %s could not be looked at: run with sudo",
                                             list->unreadable,
                                             plural(list->unreadable, "process", "processes")));
        if (r == 0 && list->unplaced)
                r = add_hint(audit, hints,
                             cf_arena_printf(audit->arena,
                                             "%zu %s in inner PID namespaces may be containers or "
                                             "a program's own sandbox: run with sudo to tell",
                                             list->unplaced,
                                             plural(list->unplaced, "process", "processes")));
        if (r == 0)
                r = add_unread(audit, hints);
        return r < 0 ? r : add_unseen(audit, hints);
}

int cf_audit_hints(struct cf_audit *audit, const struct cf_report_row *rows, size_t row_count,
                   const char *const **ret_hints, size_t *ret_count)
{
        hint_vec hints = {0};
        int r = add_limits(audit, &hints);
        if (r == 0)
                r = add_compose_hints(audit, rows, row_count, &hints);
        if (r < 0)
                return r;
        *ret_hints = (const char *const *)hints.items;
        *ret_count = hints.count;
        return 0;
}
