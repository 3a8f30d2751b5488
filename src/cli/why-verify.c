/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a workload under a profile, and what it proves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/why-instead.h"

/* ---- a run ------------------------------------------------------------------------------------
 */

static int take_event(void *context, const struct cf_observed *event)
{
        struct cf_why_trial *trial = context;
        trial->live.mark = trial->run.wanted.mark;
        return cf_why_seen(&trial->live, event);
}

/* What the kernel counted, while it is still there. */
static int take_counts(void *context, struct cf_observer *observer, struct cf_error *err)
{
        struct cf_why_trial *trial = context;
        struct cf_arena *arena = trial->live.why->job.arena;
        struct cf_observed_total *totals;
        struct cf_observed_call *calls;
        size_t total_count, call_count;
        trial->live.mark = trial->run.wanted.mark;
        int r = cf_observer_totals(observer, arena, &totals, &total_count, err);
        if (r == 0)
                r = cf_observer_calls(observer, arena, &calls, &call_count, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < total_count; i++)
                if (totals[i].kind == CF_OBSERVED_SKIPPED)
                        trial->skipped += totals[i].count;
                else if (totals[i].kind == CF_OBSERVED_REFUSED ||
                         totals[i].kind == CF_OBSERVED_TRAPPED ||
                         totals[i].kind == CF_OBSERVED_KILLED)
                        trial->refused += totals[i].count;
        if (trial->refused < trial->live.refused)
                trial->refused = trial->live.refused;
        for (size_t i = 0; i < call_count; i++) {
                trial->calls += calls[i].count;
                trial->different += calls[i].count > 0;
        }
        struct cf_observed_losses losses = cf_observer_losses(observer);
        trial->lost = losses.events + losses.uncounted + losses.unmarked;
        return 0;
}

/* Whether the filters that were read are the profile: no other may be in its place. Filters on top
 * of it are the workload's own. */
static void compare_filters(struct cf_why_trial *trial)
{
        struct cf_why_live *live = &trial->live;
        for (size_t i = 0; i < live->filters.count; i++) {
                const struct cf_why_filters *filters = live->filters.items[i];
                if (filters->guessed || filters->count != 1)
                        continue;
                bool same = cf_why_is_known(live, filters->policy);
                trial->same = same && (trial->same || !trial->read);
                trial->read = true;
                trial->pid = filters->pid;
                trial->enforced = filters->policy;
        }
}

int cf_why_try(struct cf_why *why, const struct cf_why_workload *workload,
               const struct cf_profile_input *profile, const char *words,
               const struct cf_why_trial *before, double seconds, struct cf_why_trial *ret_trial,
               struct cf_error *err)
{
        struct cf_why_trial *trial = ret_trial;
        *trial = (struct cf_why_trial){.profile = profile};
        trial->run = (struct cf_workload_run){
                .profile = profile->profile->source->text.data,
                .again = before != NULL,
                .quiet = why->job.json,
                .wanted = {.count = true},
                .watch = {.seconds = seconds, .seen = take_event, .context = trial},
                .ended = take_counts,
        };
        int r = cf_why_live_begin(&trial->live, why, err);
        trial->live.before = before ? &before->live : NULL;
        if (r == 0)
                r = cf_why_use(&trial->live, profile, words, err);
        if (r == 0)
                r = workload->run(workload->context, &trial->run, err);
        if (r < 0)
                return r;
        if (workload->failed && workload->failed(workload->context, &trial->run, err))
                return -EIO;
        if (!trial->calls)
                return cf_error_set(err, -EIO, NULL,
                                    "%s started no container that could be watched (exit status "
                                    "%d): what it says of it stands above; what does not start "
                                    "by itself cannot be watched either",
                                    workload->engine, WEXITSTATUS(trial->run.watch.status));
        compare_filters(trial);
        return 0;
}

/* ---- what it says -----------------------------------------------------------------------------
 */

void cf_why_say_end(struct cf_text *out, const struct cf_why_trial *trial)
{
        const struct cf_watch *watch = &trial->run.watch;
        int status = watch->status;
        if (watch->end == CF_WATCH_TIME)
                cf_text_puts(out, "then it was told to end");
        else if (watch->end == CF_WATCH_STOPPED)
                cf_text_puts(out, "then it was stopped");
        else if (watch->waited && WIFSIGNALED(status))
                cf_text_printf(out, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
        else
                cf_text_printf(out, "exit status %d", WEXITSTATUS(status));
}

bool cf_why_still_refused(struct cf_why *why, const struct cf_why_trial *trial,
                          const struct cf_profile_input *before,
                          const struct cf_profile_input *after, struct cf_call *ret_call,
                          uint32_t *ret_value)
{
        static const char *const names[] = {"keyctl", "add_key", "bpf",        "kexec_load",
                                            "mount",  "acct",    "userfaultfd"};
        const struct cf_arch *arch = why->job.circumstances.machine;
        for (size_t i = 0; trial->read && i < CF_COUNT(names); i++) {
                const cf_policy policies[] = {before->policy, after->policy, trial->enforced};
                struct cf_call call = {.arch = arch->token};
                uint32_t value = 0;
                bool refused = cf_syscall_number(arch, names[i], &call.nr);
                for (size_t k = 0; refused && k < CF_COUNT(policies); k++) {
                        uint32_t now = cf_policy_value(why->job.all, policies[k], &call);
                        refused = cf_action_rank(now) < cf_action_rank(CF_LOG) &&
                                  (k == 0 || cf_action_normal(now) == value);
                        value = cf_action_normal(now);
                }
                if (!refused)
                        continue;
                *ret_call = call;
                *ret_value = value;
                return true;
        }
        return false;
}

/* Refusals that are no loss: of what the program does without, of what the kernel refuses too. */
static bool is_no_loss(const struct cf_why *why, const struct cf_why_failure *failure)
{
        for (size_t i = 0; i < why->write.left.count; i++) {
                const struct cf_why_failure *left = why->write.left.items[i].failure;
                if (left->call.nr == failure->call.nr && left->call.arch == failure->call.arch)
                        return true;
        }
        return cf_why_write_answers(why, failure);
}

static size_t count_refused(const struct cf_why *why, const struct cf_why_trial *trial)
{
        size_t count = 0;
        for (size_t i = 0; i < trial->live.order.count; i++) {
                const struct cf_why_kind *kind = trial->live.order.items[i];
                count += kind->failure.by_filter && !is_no_loss(why, &kind->failure);
        }
        return count;
}

static void say_filter(struct cf_why *why, const struct cf_why_trial *trial)
{
        struct cf_text *out = &why->job.out;
        struct cf_call call;
        uint32_t value;
        if (!trial->read) {
                cf_text_puts(out, "  its filter could not be read: it ended too soon\n");
                return;
        }
        if (!trial->same) {
                cf_text_printf(out,
                               "  its filter (process %ld) is not what is known to be made of this "
                               "profile: confined prove tells how they differ\n",
                               (long)trial->pid);
                return;
        }
        cf_text_printf(out, "  the kernel's filter of process %ld is this profile (proved)",
                       (long)trial->pid);
        if (cf_why_still_refused(why, trial, &why->write.base, &why->write.made, &call, &value)) {
                cf_text_puts(out, ": as before it refuses ");
                cf_text_puts(out,
                             cf_syscall_by_number(why->job.circumstances.machine, call.nr)->name);
                cf_text_puts(out, ", by ");
                cf_say_value(out, value);
        }
        cf_text_putc(out, '\n');
}

int cf_why_say_verified(struct cf_why *why, const struct cf_why_trial *trial,
                        const struct cf_why_trial *first, bool *ret_good, struct cf_error *err)
{
        struct cf_text *out = &why->job.out;
        size_t refused = count_refused(why, trial);
        (void)err;
        *ret_good = !refused && trial->read && trial->same;
        why->write.verified = *ret_good ? CF_WHY_VERIFIED : CF_WHY_DENIED;
        if (why->job.json)
                return 0;
        cf_text_printf(out, "%s: ran again under it, %.1f s, ",
                       *ret_good ? "verified" : "not verified", trial->run.watch.lasted);
        cf_why_say_end(out, trial);
        if (first && first->run.watch.status != trial->run.watch.status &&
            first->run.watch.end == CF_WATCH_ENDED) {
                cf_text_puts(out, " (before: ");
                cf_why_say_end(out, first);
                cf_text_puts(out, ")");
        }
        if (refused)
                cf_text_printf(out, ": %zu kinds of calls are refused still\n", refused);
        else
                cf_text_puts(out, ": nothing that it needs is refused\n");
        say_filter(why, trial);
        return 0;
}

void cf_why_json_trial(struct cf_why *why, const struct cf_why_trial *trial)
{
        static const char *const ends[] = {
                [CF_WATCH_ENDED] = "ended",
                [CF_WATCH_TIME] = "time",
                [CF_WATCH_STOPPED] = "stopped",
        };
        struct cf_json_writer *json = &why->json;
        const struct cf_watch *watch = &trial->run.watch;
        bool exited = watch->waited && WIFEXITED(watch->status);
        cf_json_open(json, '{');
        cf_json_key(json, "profile");
        cf_json_put_string(json, trial->profile->name);
        cf_json_key(json, "seconds");
        cf_json_put_double(json, watch->lasted);
        cf_json_key(json, "end");
        cf_json_put_string(json, ends[watch->end]);
        cf_json_key(json, "exitStatus");
        if (exited)
                cf_json_put_int(json, WEXITSTATUS(watch->status));
        else
                cf_json_put_null(json);
        cf_json_key(json, "calls");
        cf_json_put_uint(json, trial->calls);
        cf_json_key(json, "differentCalls");
        cf_json_put_uint(json, trial->different);
        cf_json_key(json, "refused");
        cf_json_put_uint(json, trial->refused);
        cf_json_key(json, "filterIsProfile");
        if (trial->read)
                cf_json_put_bool(json, trial->same);
        else
                cf_json_put_null(json);
        cf_json_close(json, '}');
}
