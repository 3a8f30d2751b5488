/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording saw, in words, on standard error. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/record.h"

#define NAMES_SHOWN 12 /* calls that a line of the report names */
#define SHORT 1000     /* calls: with fewer most of it is the program's start */

/* ---- calls -------------------------------------------------------------------------------------
 */

void cf_record_say_call(struct cf_text *out, const struct cf_seen_call *seen)
{
        const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
        if (seen->arch != cf_arch_native())
                cf_text_printf(out, "%s:", seen->arch->name);
        if (call)
                cf_text_puts(out, call->name);
        else
                cf_text_printf(out, "number %" PRIu32, seen->nr);
}

static void say_next(struct cf_text *out, size_t before, size_t most,
                     const struct cf_seen_call *seen)
{
        if (before >= most)
                return;
        cf_text_puts(out, before ? ", " : ": ");
        cf_record_say_call(out, seen);
}

static void say_more(struct cf_text *out, size_t count, size_t most)
{
        if (count > most)
                cf_text_printf(out, " and %zu more", count - most);
}

void cf_record_say_calls(struct cf_text *out, const struct cf_observation *observation, size_t most)
{
        for (size_t i = 0; i < observation->call_count; i++)
                say_next(out, i, most, &observation->calls[i]);
        say_more(out, observation->call_count, most);
}

/* ---- kinds of calls
 * ------------------------------------------------------------------------------ */

bool cf_record_is_new(const struct cf_record *record, const struct cf_seen_call *seen)
{
        size_t at = (size_t)(seen - record->observation.calls);
        for (size_t i = 0; i < record->missing_count; i++)
                if (record->missing[i] == at)
                        return true;
        return false;
}

/* clone3 is refused by the recording itself; vserver is no call of today's kernels. */
bool cf_record_is_refused(const struct cf_seen_call *seen)
{
        const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
        return seen->refused &&
               !(call && (strcmp(call->name, "clone3") == 0 || strcmp(call->name, "vserver") == 0));
}

static bool is_refused(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return cf_record_is_refused(seen);
}

static bool is_start(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return seen->count[CF_SEEN_RUNTIME] && !seen->count[CF_SEEN_WORKLOAD];
}

/* Profiles name calls. */
static bool is_unnamed(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return seen->count[CF_SEEN_WORKLOAD] && !cf_syscall_by_number(seen->arch, seen->nr);
}

static bool is_single(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return seen->count[CF_SEEN_WORKLOAD] == 1;
}

static bool is_of_one_run(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return seen->count[CF_SEEN_WORKLOAD] && seen->runs == 1;
}

/* A line "3 of the start-up alone: a, b, c"; none for none. How many. */
static size_t report_names(const struct cf_record *record, const char *words,
                           bool (*pick)(const struct cf_record *, const struct cf_seen_call *))
{
        CF_TEXT struct cf_text names = {0};
        size_t count = 0;
        for (size_t i = 0; i < record->observation.call_count; i++)
                if (pick(record, &record->observation.calls[i]))
                        say_next(&names, count++, NAMES_SHOWN, &record->observation.calls[i]);
        say_more(&names, count, NAMES_SHOWN);
        if (count)
                fprintf(stderr, "%zu %s%s\n", count, words, names.data ? names.data : "");
        return count;
}

/* ---- dangers
 * --------------------------------------------------------------------------------------- */

static bool is_open(const struct cf_record *record, const struct cf_danger *danger)
{
        struct cf_policies *all = record->job.all;
        unsigned passes = cf_action_bit(CF_ALLOW) | cf_action_bit(CF_LOG);
        for (size_t i = 0; i < record->observation.call_count; i++) {
                const struct cf_seen_call *seen = &record->observation.calls[i];
                if ((!seen->count[CF_SEEN_WORKLOAD] && !seen->count[CF_SEEN_RUNTIME]) ||
                    cf_syscall_by_number(seen->arch, seen->nr) != danger->call)
                        continue;
                cf_policy left =
                        cf_policy_of_call(all, record->policy, seen->arch->token, seen->nr);
                cf_policy asked = !danger->mask ? CF_POLICY_TRUE
                                                : cf_policy_masked(all, cf_slice_arg(danger->arg),
                                                                   danger->mask, danger->value);
                if (cf_policy_and(all, asked, cf_policy_where_action(all, left, passes)) !=
                    CF_POLICY_FALSE)
                        return true;
        }
        return false;
}

const struct cf_danger *cf_record_danger(const struct cf_record *record, size_t i)
{
        const struct cf_danger *danger;
        for (size_t k = 0; record->policy != CF_POLICY_NONE && (danger = cf_danger_at(k)); k++)
                if (is_open(record, danger) && i-- == 0)
                        return danger;
        return NULL;
}

static void report_dangers(const struct cf_record *record)
{
        const struct cf_danger *danger;
        for (size_t i = 0; (danger = cf_record_danger(record, i)); i++) {
                fprintf(stderr, "dangerous: %s: by it an attacker %s", danger->call->name,
                        danger->gain);
                if (danger->capability)
                        fprintf(stderr, "; needs %s", danger->capability);
                if (danger->known)
                        fprintf(stderr, "; known: %s", danger->known);
                fputc('\n', stderr);
        }
}

/* ---- how much may be missing
 * ------------------------------------------------------------------------ */

static void report_estimate(const struct cf_record *record, const struct cf_estimate *estimate)
{
        double more = estimate->all_kinds - (double)estimate->kinds;
        if (record->observation.runs > 1) {
                size_t once = report_names(record, "made in one run alone", is_of_one_run);
                fprintf(stderr,
                        once ? "a further run may need a call that none of these %u made\n"
                             : "every call was made in several of the %u runs: a further one "
                               "hardly needs another\n",
                        record->observation.runs);
                return;
        }
        report_names(record, "seen only once", is_single);
        if (!estimate->total)
                return;
        fprintf(stderr, "is something missing? %s",
                estimate->total < SHORT
                        ? "this ran too short to tell: several runs do (--save, --merge)"
                : more < 1 ? "hardly, of what ran"
                : more < 5 ? "perhaps a few calls"
                           : "likely: much was seen only once");
        if (estimate->unseen > 0)
                fprintf(stderr,
                        "; 1 call in %.0f would be a new one (Good-Turing), %.0f different ones in "
                        "all (Chao1)",
                        1 / estimate->unseen, estimate->all_kinds);
        fprintf(stderr, "; what did not run is in no estimate\n");
}

/* ---- all
 * -----------------------------------------------------------------------------------------------
 */

/* How many calls of the machine's own are let through, with some arguments. */
static size_t let_through(struct cf_record *record, cf_policy policy)
{
        const struct cf_arch *arch = record->job.circumstances.machine;
        unsigned passes = cf_action_bit(CF_ALLOW) | cf_action_bit(CF_LOG);
        size_t count = 0;
        uint32_t nr;
        for (size_t i = 0; cf_syscall_of_arch(arch, i, &nr); i++) {
                cf_policy left = cf_policy_of_call(record->job.all, policy, arch->token, nr);
                count += cf_policy_where_action(record->job.all, left, passes) != CF_POLICY_FALSE;
        }
        return count;
}

static void report_end(const struct cf_record *record)
{
        const struct cf_record_run *run = &record->run;
        if (!run->ended || run->end != CF_WATCH_ENDED || run->status == 0)
                return;
        if (WIFSIGNALED(run->status))
                fprintf(stderr, "it was ended by SIG%s\n", sigabbrev_np(WTERMSIG(run->status)));
        else if (WEXITSTATUS(run->status) > 128 && sigabbrev_np(WEXITSTATUS(run->status) - 128))
                fprintf(stderr, "its exit status is %d: ended by SIG%s\n", WEXITSTATUS(run->status),
                        sigabbrev_np(WEXITSTATUS(run->status) - 128));
        else
                fprintf(stderr, "its exit status is %d\n", WEXITSTATUS(run->status));
}

/* Servers that put themselves in the background: `nginx`, `redis-server --daemonize yes`. */
static void report_left(const struct cf_record *record)
{
        const struct cf_record_run *run = &record->run;
        CF_TEXT struct cf_text name = {0};
        cf_text_add_visible(&name, cf_span_of(run->left_name));
        if (run->left)
                fprintf(stderr,
                        "it ended, and left %zu %s running (PID %ld, %s), whose calls from then on "
                        "were not seen: have it stay in the foreground, or record what runs with "
                        "--pid\n",
                        run->left, run->left == 1 ? "process" : "processes", (long)run->left_pid,
                        name.data ? name.data : "");
}

void cf_record_report(struct cf_record *record)
{
        struct cf_estimate estimate;
        CF_TEXT struct cf_text base = {0}, start = {0}, refuses = {0};
        cf_text_add_visible(&base, cf_span_of(record->base.name));
        cf_text_printf(&start, "of the start-up alone%s%s%s", record->runtime ? " (" : "",
                       record->runtime ? record->runtime : "", record->runtime ? ")" : "");
        cf_text_printf(&refuses, "that %s refuses", base.data ? base.data : "the base");
        cf_observation_estimate(&record->observation, &estimate);
        fprintf(stderr, "%s%s%zu calls, made %" PRIu64 " times",
                record->output ? record->output : "", record->output ? ": " : "", estimate.kinds,
                estimate.total);
        if (record->puts_together)
                fprintf(stderr, " in %u run%s", record->observation.runs,
                        record->observation.runs == 1 ? "" : "s");
        else
                fprintf(stderr, " in %.0f s", record->run.seconds);
        if (record->profile.data)
                fprintf(stderr, "; lets %zu through (%s: %zu)", let_through(record, record->policy),
                        base.data ? base.data : "the base",
                        let_through(record, record->base.policy));
        fputc('\n', stderr);
        if (record->puts_together ? record->observation.late : !record->words && !record->hook)
                fprintf(stderr, "its start was not seen: a profile of this alone may not start it; "
                                "record it with: confined record -- docker run …\n");
        report_end(record);
        report_left(record);
        if ((record->engine || record->hook) &&
            !report_names(record, start.data ? start.data : "of the start-up alone", is_start))
                fprintf(stderr, "none %s\n", start.data ? start.data : "of the start-up alone");
        report_names(record, refuses.data ? refuses.data : "that the base refuses",
                     cf_record_is_new);
        report_names(record, "refused meanwhile, not allowed (--allow-refused)", is_refused);
        report_names(record, "without a name, which no profile can allow", is_unnamed);
        report_dangers(record);
        report_estimate(record, &estimate);
        if (record->observation.lost)
                fprintf(stderr, "incomplete: %" PRIu64 " calls could not be counted\n",
                        record->observation.lost);
}

void cf_record_say_check(const struct cf_record *record)
{
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 0; i < record->lacking_count; i++)
                say_next(&names, i, SIZE_MAX, &record->observation.calls[record->lacking[i]]);
        if (record->lacking_count == 0)
                fprintf(stderr, "%s has every call that was made\n", record->check);
        else
                fprintf(stderr, "%zu %s missing in %s%s\n", record->lacking_count,
                        record->lacking_count == 1 ? "call is" : "calls are", record->check,
                        names.data ? names.data : "");
}
