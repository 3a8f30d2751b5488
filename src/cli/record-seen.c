/* SPDX-License-Identifier: Apache-2.0 */
/* What was counted of a workload → an observation. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/record.h"

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* A thread that was in a call when it was first watched may have been refused it, or have failed.
 */
static bool is_refusal(const struct cf_observed_total *total)
{
        if (total->kind == CF_OBSERVED_UNSURE)
                return total->error == EPERM || total->error == ENOSYS || total->error == EACCES;
        return total->kind != CF_OBSERVED_FAILED;
}

static uint64_t refusals_of(const struct cf_record_run *run, uint32_t arch, uint32_t nr)
{
        uint64_t count = 0;
        for (size_t i = 0; i < run->total_count; i++)
                if (run->totals[i].arch == arch && run->totals[i].nr == nr &&
                    is_refusal(&run->totals[i]))
                        count += run->totals[i].count;
        return count;
}

/* Calls are counted whether they were refused or not. Of refusals nobody counted which were before
 * the workload's execve: what is more than it made itself. */
static void split(const struct cf_observed_call *seen, uint64_t refused, struct cf_seen_call *call)
{
        uint64_t own = refused < seen->count ? refused : seen->count;
        uint64_t before = refused - own < seen->before ? refused - own : seen->before;
        call->refused = own + before;
        call->count[CF_SEEN_WORKLOAD] = seen->count - own;
        call->count[CF_SEEN_RUNTIME] = seen->before - before;
}

/* The values of a call's arguments; of clone3 the flags that its argument points to. Both lists are
 * short. */
static int values_of(struct cf_arena *arena, const struct cf_record_run *run,
                     struct cf_seen_call *call)
{
        CF_VEC(struct cf_seen_value) values = {0};
        const struct cf_syscall *known = cf_syscall_by_number(call->arch, call->nr);
        bool behind = known && strcmp(known->name, "clone3") == 0;
        for (size_t i = 0; i < run->value_count; i++) {
                const struct cf_observed_value *seen = &run->values[i];
                if (seen->arch != call->arch->token || seen->nr != call->nr ||
                    seen->behind != behind)
                        continue;
                if (seen->open)
                        call->open |= (uint8_t)(1u << seen->arg);
                else if (cf_vec_push(arena, &values,
                                     (struct cf_seen_value){seen->arg, seen->value, seen->count}) <
                         0)
                        return -ENOMEM;
        }
        call->values = values.items;
        call->value_count = values.count;
        return 0;
}

/* The program of a runtime's process: as the process itself, or its parent, shows it while it runs.
 * It will be run to tell its version, so it must be this machine's file and root's alone. */
void cf_record_find_starter(struct cf_record_run *run, const struct cf_observed *event)
{
        pid_t pids[] = {event->pid, event->parent};
        for (size_t i = 0; i < CF_COUNT(pids) && !run->starter_path[0]; i++) {
                char link[64], path[sizeof(run->starter_path)];
                struct stat own, named;
                snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pids[i]);
                ssize_t size = readlink(link, path, sizeof(path));
                if (size <= 0 || (size_t)size >= sizeof(path))
                        continue;
                path[size] = '\0';
                const char *base = strrchr(path, '/');
                bool runtime =
                        base && (strncmp(base, "/runc", 5) == 0 || strncmp(base, "/crun", 5) == 0);
                if (runtime && stat(link, &own) == 0 && stat(path, &named) == 0 &&
                    own.st_dev == named.st_dev && own.st_ino == named.st_ino &&
                    S_ISREG(named.st_mode) && named.st_uid == 0 && !(named.st_mode & 022))
                        memcpy(run->starter_path, path, (size_t)size + 1);
        }
}

/* The runtime that loaded the filter: by the name of the thread that did, and the version of its
 * program, or where it was gone too soon of the one that is installed. */
static int name_runtime(struct cf_record *record, const struct cf_record_run *run,
                        struct cf_error *err)
{
        static const enum cf_runtime_kind kinds[] = {CF_RUNTIME_RUNC, CF_RUNTIME_CRUN};
        struct cf_text text = {0};
        for (size_t i = 0; i < CF_COUNT(kinds); i++) {
                const char *name = cf_runtime_name(kinds[i]);
                struct cf_runtime_found found;
                if (strncmp(run->starter, name, strlen(name)) != 0)
                        continue;
                int r = 0;
                if (run->starter_path[0])
                        cf_runtime_ask(run->starter_path, kinds[i], &found);
                else
                        r = cf_runtime_find(record->job.arena, kinds[i], &found, err);
                if (r < 0)
                        return r;
                cf_text_puts(&text, name);
                if (found.path)
                        cf_text_printf(&text, " %u.%u.%u", found.version.major, found.version.minor,
                                       found.version.patch);
        }
        if (!text.size && run->starter[0])
                cf_text_add_visible(&text, cf_span_of(run->starter));
        if (text.size)
                record->runtime = cf_arena_string(record->job.arena, text.data);
        bool failed = text.failed || (text.size && !record->runtime);
        cf_text_done(&text);
        return failed ? no_memory(err) : 0;
}

int cf_record_seen(struct cf_arena *arena, const struct cf_record_run *run,
                   struct cf_observation *ret_observation, struct cf_error *err)
{
        CF_VEC(struct cf_seen_call) calls = {0};
        uint64_t lost = run->losses.unmarked + run->losses.uncounted;
        for (size_t i = 0; i < run->call_count; i++) {
                const struct cf_observed_call *seen = &run->calls[i];
                struct cf_seen_call call = {
                        .arch = cf_arch_of_call(seen->arch, seen->nr), .nr = seen->nr, .runs = 1};
                if (!call.arch) {
                        lost += seen->count;
                        continue;
                }
                split(seen, refusals_of(run, seen->arch, seen->nr), &call);
                if (values_of(arena, run, &call) < 0 || cf_vec_push(arena, &calls, call) < 0)
                        return no_memory(err);
        }
        int r = cf_observation_make(arena, calls.items, calls.count, ret_observation, err);
        if (r == 0)
                ret_observation->lost = lost;
        return r;
}

int cf_record_observe(struct cf_record *record, const struct cf_record_run *run,
                      struct cf_observation *ret_observation, struct cf_error *err)
{
        int r = record->runtime ? 0 : name_runtime(record, run, err);
        if (r == 0)
                r = cf_record_seen(record->job.arena, run, ret_observation, err);
        if (r == 0) {
                ret_observation->runtime = record->runtime;
                ret_observation->late = !record->words && !record->hook;
        }
        return r;
}
