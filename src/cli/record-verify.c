/* SPDX-License-Identifier: Apache-2.0 */
/* Running a workload again under its own profile, and adding what was missing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/vec.h"
#include "cli/record.h"

/* Seconds that the workload may take the second time, when it ended by itself and when it had to be
 * stopped. */
#define SLACK 10.0
#define TIMES 1.5
#define STOPPED_MAX 10.0

static double limit_of(const struct cf_record *record)
{
        const struct cf_record_run *first = &record->run;
        switch (first->end) {
        case CF_WATCH_TIME:
                return record->seconds;
        case CF_WATCH_STOPPED:
                return first->seconds < STOPPED_MAX ? first->seconds : STOPPED_MAX;
        default:
                return first->seconds * TIMES + SLACK;
        }
}

/* Refused to none but threads that have loaded further filters. What the profile refuses these
 * and their own filters do not was let through while it was recorded, if it was made then. */
static bool is_by_own(const struct cf_record *record, const struct cf_seen_call *seen)
{
        const struct cf_record_run *run = &record->proof.run;
        return run->filters && !run->losses.events &&
               !cf_record_was_refused(run, seen->arch->token, seen->nr);
}

bool cf_record_is_missed(const struct cf_record *record, const struct cf_seen_call *seen)
{
        const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
        return cf_record_is_refused(seen) && !(call && call->fallback) && !is_by_own(record, seen);
}

static int pick_refused(struct cf_record *record, const struct cf_observation *seen,
                        struct cf_observation *ret_refused, struct cf_error *err)
{
        CF_VEC(struct cf_seen_call) calls = {0};
        record->proof.own = 0;
        for (size_t i = 0; i < seen->call_count; i++)
                record->proof.own +=
                        cf_record_is_refused(&seen->calls[i]) && is_by_own(record, &seen->calls[i]);
        for (size_t i = 0; i < seen->call_count; i++)
                if (cf_record_is_missed(record, &seen->calls[i]) &&
                    cf_vec_push(record->job.arena, &calls, seen->calls[i]) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return cf_observation_make(record->job.arena, calls.items, calls.count, ret_refused, err);
}

static enum cf_record_verdict judge(const struct cf_record *record)
{
        const struct cf_record_run *first = &record->run, *again = &record->proof.run;
        if (record->proof.refused.call_count)
                return CF_VERDICT_REFUSED;
        if (again->end != CF_WATCH_ENDED) /* that it hangs now is no proof, nor is Ctrl-C */
                return first->end == CF_WATCH_ENDED ? CF_VERDICT_STATUS : CF_VERDICT_HOLDS;
        if (first->end != CF_WATCH_ENDED)
                return again->status == first->status || again->status == 0 ? CF_VERDICT_HOLDS
                                                                            : CF_VERDICT_STATUS;
        return again->status == first->status ? CF_VERDICT_HOLDS : CF_VERDICT_STATUS;
}

static int run_once(struct cf_record *record, struct cf_observation *ret_seen, struct cf_error *err)
{
        struct cf_record_proof *proof = &record->proof;
        double limit = limit_of(record);
        proof->rounds++;
        fprintf(stderr, "again, under the profile");
        if (proof->rounds > 1)
                fprintf(stderr, " (round %u)", proof->rounds);
        if (record->run.end != CF_WATCH_ENDED)
                fprintf(stderr, ", for %.0f s", limit);
        fputc('\n', stderr);
        proof->run = (struct cf_record_run){0};
        int r = cf_record_watch(record, record->profile.data, limit, &proof->run, err);
        if (r == 0)
                r = cf_record_observe(record, &proof->run, ret_seen, err);
        if (r == 0)
                r = pick_refused(record, ret_seen, &proof->refused, err);
        if (r == 0)
                proof->verdict = judge(record);
        return r;
}

/* Takes in a run, what was refused in it as if it had been let through, and makes the profile anew.
 */
static int learn(struct cf_record *record, const struct cf_observation *seen, struct cf_error *err)
{
        struct cf_record_proof *proof = &record->proof;
        CF_VEC(struct cf_seen_call) calls = {0};
        struct cf_observation both[2] = {record->observation},
                              added[2] = {proof->added, proof->refused};
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 0; i < seen->call_count; i++) {
                struct cf_seen_call call = seen->calls[i];
                if (cf_record_is_missed(record, &call)) {
                        call.count[CF_SEEN_WORKLOAD] += call.refused;
                        call.refused = 0;
                }
                if (cf_vec_push(record->job.arena, &calls, call) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        cf_record_say_calls(&names, &proof->refused, SIZE_MAX);
        fprintf(stderr, "%zu refused, added%s\n", proof->refused.call_count,
                names.data ? names.data : "");
        int r = cf_observation_make(record->job.arena, calls.items, calls.count, &both[1], err);
        if (r == 0)
                both[1].lost = seen->lost;
        if (r == 0)
                r = cf_observation_join(record->job.arena, both, 2, &record->observation, err);
        if (r == 0)
                r = cf_observation_join(record->job.arena, added, 2, &proof->added, err);
        return r == 0 ? cf_record_make(record, err) : r;
}

int cf_record_verify(struct cf_record *record, struct cf_error *err)
{
        bool until_stable = cf_given(record->job.invocation, "until-stable");
        struct cf_record_proof *proof = &record->proof;
        struct cf_observation seen;
        int r = run_once(record, &seen, err);
        while (r == 0 && until_stable && proof->verdict == CF_VERDICT_REFUSED &&
               proof->rounds < CF_RECORD_ROUNDS_MAX) {
                r = learn(record, &seen, err);
                if (r == 0)
                        r = run_once(record, &seen, err);
        }
        if (r < 0)
                proof->verdict = CF_VERDICT_TROUBLE;
        return r;
}

/* ---- saying it ---------------------------------------------------------------------------------
 */

static void say_status(int status)
{
        if (WIFSIGNALED(status))
                fprintf(stderr, "it was ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
        else
                fprintf(stderr, "its exit status is %d", WEXITSTATUS(status));
}

void cf_record_say_proof(const struct cf_record *record)
{
        const struct cf_record_proof *proof = &record->proof;
        CF_TEXT struct cf_text names = {0};
        switch (proof->verdict) {
        case CF_VERDICT_HOLDS:
                fprintf(stderr, "verified: nothing was refused%s",
                        proof->own ? " but by filters of its own" : "");
                if (proof->run.end != CF_WATCH_ENDED)
                        fprintf(stderr, " in %.0f s, until it was told to end", proof->run.seconds);
                else if (record->run.end == CF_WATCH_ENDED)
                        fprintf(stderr, ", exit status as before");
                if (proof->rounds > 1)
                        fprintf(stderr, "; stable after %u rounds", proof->rounds);
                fputc('\n', stderr);
                break;
        case CF_VERDICT_REFUSED:
                cf_record_say_calls(&names, &proof->refused, SIZE_MAX);
                fprintf(stderr,
                        "not verified: %zu refused that the recording did not see%s\n"
                        "add what is missing: --until-stable, or another run with --save and "
                        "--merge\n",
                        proof->refused.call_count, names.data ? names.data : "");
                break;
        case CF_VERDICT_STATUS:
                fprintf(stderr, "not verified: nothing was refused, but ");
                if (proof->run.end == CF_WATCH_STOPPED)
                        fprintf(stderr, "it was stopped after %.0f s\n", proof->run.seconds);
                else if (proof->run.end == CF_WATCH_TIME)
                        fprintf(stderr,
                                "it did not end within %.0f s, and before it did after %.0f s\n",
                                proof->run.seconds, record->run.seconds);
                if (proof->run.end != CF_WATCH_ENDED)
                        break;
                say_status(proof->run.status);
                if (record->run.end != CF_WATCH_ENDED)
                        fprintf(stderr, " after %.0f s, and it had to be stopped before\n",
                                proof->run.seconds);
                else {
                        fprintf(stderr, ", and before ");
                        say_status(record->run.status);
                        fprintf(stderr, "\nif it does not end alike each time by itself: "
                                        "--no-verify\n");
                }
                break;
        default:
                break;
        }
}
