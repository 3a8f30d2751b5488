/* SPDX-License-Identifier: Apache-2.0 */
/* confined record: a workload's own profile. */
#include "cli/record.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/prove.h"

#define NAMES_SHOWN 12 /* calls that a line of the report names */

static const struct cf_option options[] = {
        {"output", 'o', "FILE", "write the profile to FILE instead of standard output",
         CF_COMPLETE_FILE, NULL},
        {"base", 0, "PROFILE",
         "none (default): allow what was seen; a profile: allow what it allows, and what was seen",
         CF_COMPLETE_FILE, NULL},
        {"tighten", 0, NULL, "with --base: allow what both the profile allows and was seen", 0,
         NULL},
        {"for", 0, "TIME", "stop after so long: 90s, 10m, 2h", CF_COMPLETE_NONE, NULL},
        {"container", 0, "NAME", "record a container that runs already", CF_COMPLETE_NONE, NULL},
        {"pid", 0, "PID", "record a process that runs already, and its descendants",
         CF_COMPLETE_NONE, NULL},
        {"host", 0, "URL", "ask this engine for the container (unix://PATH, tcp://HOST:PORT)",
         CF_COMPLETE_NONE, NULL},
        {"timeout", 0, "SECONDS", "wait this long for each answer of an engine (default: 30)",
         CF_COMPLETE_NONE, NULL},
        {"check", 0, "PROFILE", "write nothing: say which calls PROFILE lacks; exit status 1",
         CF_COMPLETE_FILE, NULL},
        {"merge", 0, "FILE", "add what an earlier run saw (of --save); may be given several times",
         CF_COMPLETE_FILE, NULL},
        {"save", 0, "FILE", "write what was seen to FILE, for --merge", CF_COMPLETE_FILE, NULL},
        {"allow-refused", 0, NULL, "allow calls that a filter refused meanwhile, too", 0, NULL},
        {"no-arguments", 0, NULL, "allow calls whatever their arguments", 0, NULL},
        {"no-verify", 0, NULL, "do not run the command again under its profile", 0, NULL},
        {0},
};

/* ---- options
 * ------------------------------------------------------------------------------------- */

static int read_time(struct cf_record *record, struct cf_error *err)
{
        const char *text = cf_given_value(record->job.invocation, "for");
        char *end = NULL;
        if (!text)
                return 0;
        double number = strtod(text, &end);
        double unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
        end += *end == 'h' || *end == 'm' || *end == 's';
        if (end == text || *end || !(number > 0) || number * unit > 1e9)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--for: '%s' is no time such as 90s, 10m or 2h", text);
        record->seconds = number * unit;
        return 0;
}

static int find_target(struct cf_record *record, struct cf_error *err)
{
        const char *pid = cf_given_value(record->job.invocation, "pid");
        const char *name = cf_given_value(record->job.invocation, "container");
        record->target = pid ? pid : name;
        if (pid && name)
                return cf_error_set(err, -EINVAL, NULL, "either --pid or --container, not both");
        /* As `prove` finds it. */
        struct cf_invocation asked = *record->job.invocation;
        struct cf_prove prove = {.job = record->job};
        asked.arguments = &record->target;
        asked.argument_count = 1;
        prove.job.invocation = &asked;
        int r = cf_prove_find(&prove, err);
        if (r == 0 && prove.targets.count == 0)
                r = cf_error_set(err, -ESRCH, NULL, "nothing to record");
        if (r == 0)
                record->pid = prove.targets.items[0].processes[0].pid;
        return r;
}

static int take_command(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        size_t count = invocation->argument_count;
        char **words = cf_arena_many(record->job.arena, count + 1, char *);
        if (!words)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; i < count; i++)
                words[i] = (char *)(uintptr_t)invocation->arguments[i]; /* as exec wants it */
        record->words = words;
        record->word_count = count;
        int r = cf_workload_read(record->job.arena, (const char *const *)words, count,
                                 &record->workload, err);
        record->engine = r > 0;
        return r < 0 ? r : 0;
}

static int read_options(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        bool target = cf_given(invocation, "pid") || cf_given(invocation, "container");
        if (!record->hook && target == (invocation->argument_count > 0))
                return cf_error_set(err, -EINVAL, NULL,
                                    "'record' needs a workload: -- COMMAND…, --container NAME or "
                                    "--pid PID");
        if (cf_given(invocation, "tighten") && !cf_given(invocation, "base"))
                return cf_error_set(err, -EINVAL, NULL, "--tighten needs --base PROFILE");
        int r = cf_profile_job_options(&record->job, err);
        if (r == 0)
                r = read_time(record, err);
        if (r == 0)
                r = record->hook ? 0
                    : target     ? find_target(record, err)
                                 : take_command(record, err);
        return r;
}

/* ---- what is read before anything runs --------------------------------------------------------
 */

static int read_earlier(struct cf_record *record, struct cf_error *err)
{
        const char *const *files;
        CF_VEC(struct cf_observation) all = {0};
        size_t count;
        if (cf_given_all(record->job.invocation, "merge", &files, &count) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; i < count; i++) {
                struct cf_source *source;
                struct cf_observation earlier;
                int r = cf_files_read(record->job.files, record->job.arena, files[i], &source, err);
                if (r == 0)
                        r = cf_observation_read(record->job.arena, source, &earlier, err);
                if (r < 0)
                        return r;
                if (cf_vec_push(record->job.arena, &all, earlier) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        record->earlier = all.items;
        record->earlier_count = all.count;
        return 0;
}

/* The folder of a file that will be written must be there and let it. */
static int check_folder(struct cf_record *record, const char *option, struct cf_error *err)
{
        const char *path = cf_given_value(record->job.invocation, option);
        const char *folder = path ? cf_path_dir(record->job.arena, path) : NULL;
        if (!path)
                return 0;
        if (!folder)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (access(*folder ? folder : ".", W_OK | X_OK) < 0)
                return cf_error_set(err, -errno, NULL,
                                    "--%s: %s cannot be written in its folder: %s", option, path,
                                    strerrordesc_np(errno));
        return 0;
}

/* A workload may run for hours: what would end in an error then is found now. */
static int prepare(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        const char *base = cf_given_value(invocation, "base");
        record->alone = !base || strcmp(base, "none") == 0;
        record->check = cf_given_value(invocation, "check");
        int r = cf_profile_job_input(&record->job, record->alone ? "docker" : base, &record->base,
                                     err);
        if (r == 0 && record->check)
                r = cf_profile_job_input(&record->job, record->check, &record->old, err);
        if (r == 0)
                r = read_earlier(record, err);
        if (r == 0)
                r = check_folder(record, "output", err);
        return r == 0 ? check_folder(record, "save", err) : r;
}

/* ---- what was seen -----------------------------------------------------------------------------
 */

static uint64_t refusals_of(const struct cf_record_run *run, uint32_t arch, uint32_t nr)
{
        uint64_t count = 0;
        for (size_t i = 0; i < run->total_count; i++)
                if (run->totals[i].arch == arch && run->totals[i].nr == nr &&
                    run->totals[i].kind != CF_OBSERVED_FAILED)
                        count += run->totals[i].count;
        return count;
}

/* The values of a call's arguments. Both lists are short. */
static int values_of(struct cf_record *record, const struct cf_record_run *run,
                     struct cf_seen_call *call)
{
        CF_VEC(struct cf_seen_value) values = {0};
        for (size_t i = 0; i < run->value_count; i++) {
                const struct cf_observed_value *seen = &run->values[i];
                if (seen->arch != call->arch->token || seen->nr != call->nr)
                        continue;
                if (seen->open)
                        call->open |= (uint8_t)(1u << seen->arg);
                else if (cf_vec_push(record->job.arena, &values,
                                     (struct cf_seen_value){seen->arg, seen->value, seen->count}) <
                         0)
                        return -ENOMEM;
        }
        call->values = values.items;
        call->value_count = values.count;
        return 0;
}

static int observe(struct cf_record *record, const struct cf_record_run *run,
                   struct cf_observation *ret_observation, struct cf_error *err)
{
        CF_VEC(struct cf_seen_call) calls = {0};
        uint64_t lost = run->losses.unmarked;
        for (size_t i = 0; i < run->call_count; i++) {
                const struct cf_observed_call *seen = &run->calls[i];
                struct cf_seen_call call = {
                        .arch = cf_arch_of_call(seen->arch, seen->nr), .nr = seen->nr, .runs = 1};
                if (!call.arch) {
                        lost += seen->count;
                        continue;
                }
                uint64_t refused = refusals_of(run, seen->arch, seen->nr);
                call.refused = refused < seen->count ? refused : seen->count;
                call.count[CF_SEEN_WORKLOAD] = seen->count - call.refused;
                call.count[CF_SEEN_RUNTIME] = seen->before;
                if (values_of(record, run, &call) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                if (cf_vec_push(record->job.arena, &calls, call) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        int r = cf_observation_make(record->job.arena, calls.items, calls.count, ret_observation,
                                    err);
        if (r == 0)
                ret_observation->lost = lost;
        return r;
}

static int merge(struct cf_record *record, struct cf_error *err)
{
        CF_VEC(struct cf_observation) all = {0};
        int r = cf_vec_push(record->job.arena, &all, record->observation);
        for (size_t i = 0; r == 0 && i < record->earlier_count; i++)
                r = cf_vec_push(record->job.arena, &all, record->earlier[i]);
        if (r < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return cf_observation_join(record->job.arena, all.items, all.count, &record->observation,
                                   err);
}

static int save(struct cf_record *record, struct cf_error *err)
{
        const char *path = cf_given_value(record->job.invocation, "save");
        CF_TEXT struct cf_text text = {0};
        struct cf_json_writer json = {.out = &text, .indent = 2};
        if (!path)
                return 0;
        cf_observation_put(&json, &record->observation);
        cf_text_putc(&text, '\n');
        if (text.failed)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return cf_file_write(path, cf_text_span(&text), err);
}

/* ---- the profile
 * --------------------------------------------------------------------------------- */

static int make_profile(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        struct cf_record_options wanted = {
                .policy = record->base.policy,
                .base = record->alone                     ? CF_RECORD_NONE
                        : cf_given(invocation, "tighten") ? CF_RECORD_TIGHTEN
                                                          : CF_RECORD_ADD,
                .machine = record->job.circumstances.machine,
                .arguments = !cf_given(invocation, "no-arguments"),
                .refused = cf_given(invocation, "allow-refused"),
                .started = record->engine || record->hook,
        };
        const struct cf_arch *const *arches;
        size_t count;
        int r = cf_record_policy(record->job.all, &record->observation, &wanted, &record->policy,
                                 err);
        if (r == 0)
                r = cf_record_missing(record->job.all, record->job.arena, &record->observation,
                                      record->base.policy, &record->missing, &record->missing_count,
                                      err);
        if (r == 0)
                r = cf_profile_covered(record->job.all, record->policy, wanted.machine,
                                       record->job.arena, &arches, &count, err);
        return r < 0 ? r
                     : cf_profile_print(record->job.all, record->policy, arches, count, NULL,
                                        &record->profile, err);
}

/* ---- the report
 * ----------------------------------------------------------------------------------- */

static void put_name(struct cf_text *out, const struct cf_seen_call *seen)
{
        const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
        if (seen->arch != cf_arch_native())
                cf_text_printf(out, "%s:", seen->arch->name);
        if (call)
                cf_text_puts(out, call->name);
        else
                cf_text_printf(out, "number %" PRIu32, seen->nr);
}

/* Adds ": a, b, c and 4 more" of the calls that are picked; how many there are. */
static size_t put_names(struct cf_text *out, const struct cf_record *record,
                        bool (*pick)(const struct cf_record *record,
                                     const struct cf_seen_call *seen))
{
        size_t count = 0;
        for (size_t i = 0; i < record->observation.call_count; i++) {
                const struct cf_seen_call *seen = &record->observation.calls[i];
                if (!pick(record, seen))
                        continue;
                if (count < NAMES_SHOWN) {
                        cf_text_puts(out, count ? ", " : ": ");
                        put_name(out, seen);
                }
                count++;
        }
        if (count > NAMES_SHOWN)
                cf_text_printf(out, " and %zu more", count - NAMES_SHOWN);
        return count;
}

static bool is_new(const struct cf_record *record, const struct cf_seen_call *seen)
{
        size_t at = (size_t)(seen - record->observation.calls);
        for (size_t i = 0; i < record->missing_count; i++)
                if (record->missing[i] == at)
                        return true;
        return false;
}

static bool is_start(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return seen->count[CF_SEEN_RUNTIME] && !seen->count[CF_SEEN_WORKLOAD];
}

static bool is_refused(const struct cf_record *record, const struct cf_seen_call *seen)
{
        (void)record;
        return seen->refused > 0;
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

static bool is_dangerous(const struct cf_record *record, const struct cf_seen_call *seen)
{
        const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
        const struct cf_danger *danger = call ? cf_danger_of(call, 0) : NULL;
        (void)record;
        return danger && danger->mask == 0 && seen->count[CF_SEEN_WORKLOAD];
}

static void put_line(const char *words, size_t count, const struct cf_text *names)
{
        if (count)
                fprintf(stderr, "%zu %s%s\n", count, words, names->data ? names->data : "");
}

static void report_names(const struct cf_record *record, const char *words,
                         bool (*pick)(const struct cf_record *, const struct cf_seen_call *))
{
        CF_TEXT struct cf_text names = {0};
        size_t count = put_names(&names, record, pick);
        put_line(words, count, &names);
}

static void report(struct cf_record *record)
{
        struct cf_estimate estimate;
        const char *output = cf_given_value(record->job.invocation, "output");
        cf_observation_estimate(&record->observation, &estimate);
        fprintf(stderr, "%s%s%zu calls, made %" PRIu64 " times in %.0f s\n", output ? output : "",
                output ? ": " : "", estimate.kinds, estimate.total, record->run.seconds);
        if (!record->words && !record->hook)
                fprintf(stderr, "its start was not seen: a profile of this alone may not start it; "
                                "record it with: confined record -- docker run …\n");
        report_names(record, "of the start-up alone", is_start);
        CF_TEXT struct cf_text words = {0};
        cf_text_puts(&words, "that ");
        cf_text_add_visible(&words, cf_span_of(record->base.name));
        cf_text_puts(&words, " refuses");
        report_names(record, words.failed ? "that the base refuses" : words.data, is_new);
        report_names(record, "refused meanwhile, not allowed (--allow-refused)", is_refused);
        report_names(record, "without a name, which no profile can allow", is_unnamed);
        report_names(record, "known from attacks", is_dangerous);
        if (estimate.total && estimate.unseen > 0)
                fprintf(stderr,
                        "estimate: 1 call in %.0f would be new (Good-Turing); about %.0f different "
                        "ones in all (Chao1)\n",
                        1 / estimate.unseen, estimate.all_kinds);
        report_names(record, "seen only once", is_single);
        if (record->observation.lost)
                fprintf(stderr, "incomplete: %" PRIu64 " calls could not be counted\n",
                        record->observation.lost);
}

/* ---- verification
 * ----------------------------------------------------------------------------------- */

/* Runs the command again under its profile: no call may be refused that was let through before. */
static int verify(struct cf_record *record, struct cf_error *err)
{
        struct cf_record_run again;
        struct cf_observation seen;
        size_t refused = 0;
        fprintf(stderr, "again, under the profile\n");
        int r = cf_record_watch(record, record->profile.data, &again, err);
        if (r == 0)
                r = observe(record, &again, &seen, err);
        if (r < 0)
                return r;
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 0; i < seen.call_count; i++) {
                const struct cf_syscall *call =
                        cf_syscall_by_number(seen.calls[i].arch, seen.calls[i].nr);
                /* What it does without is no loss; the recording refused that one itself. */
                if (!seen.calls[i].refused || (call && call->fallback) ||
                    (call && strcmp(call->name, "vserver") == 0))
                        continue;
                cf_text_puts(&names, refused ? ", " : ": ");
                put_name(&names, &seen.calls[i]);
                refused++;
        }
        if (again.status != record->run.status) {
                fprintf(stderr, "not verified: its exit status is %d, and was %d\n",
                        WEXITSTATUS(again.status), WEXITSTATUS(record->run.status));
                put_line("calls were refused", refused, &names);
                return CF_EXIT_FINDINGS;
        }
        if (refused) {
                put_line("calls were refused that the first run did not make", refused, &names);
                return CF_EXIT_FINDINGS;
        }
        fprintf(stderr, "verified: nothing was refused, exit status as before\n");
        return 0;
}

/* ---- the command
 * -------------------------------------------------------------------------------------- */

static int check_old(struct cf_record *record, struct cf_error *err)
{
        size_t *missing, count;
        int r = cf_record_missing(record->job.all, record->job.arena, &record->observation,
                                  record->old.policy, &missing, &count, err);
        if (r < 0)
                return r;
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 0; i < count; i++) {
                cf_text_puts(&names, i ? ", " : ": ");
                put_name(&names, &record->observation.calls[missing[i]]);
        }
        if (count == 0)
                fprintf(stderr, "%s has every call that was made\n", record->check);
        put_line("calls are missing", count, &names);
        return count ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}

static int write_profile(struct cf_record *record, struct cf_error *err)
{
        const char *path = cf_given_value(record->job.invocation, "output");
        if (!path)
                return cf_print(&record->profile) == CF_EXIT_CLEAN ? 0 : CF_EXIT_TROUBLE;
        int r = cf_file_write(path, cf_text_span(&record->profile), err);
        if (r == 0)
                fprintf(stderr, "use it: --security-opt seccomp=%s\n", path);
        return r;
}

static int run_job(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        int r = read_options(record, err), verified = 0;
        if (r == 0)
                r = prepare(record, err);
        if (r == 0)
                r = cf_record_watch(record, NULL, &record->run, err);
        if (r == 0)
                r = observe(record, &record->run, &record->observation, err);
        if (r == 0 && record->observation.call_count == 0)
                r = cf_error_set(err, -ENODATA, NULL,
                                 "no call was seen: did it run under a filter at all?");
        if (r == 0)
                r = merge(record, err);
        if (r == 0)
                r = save(record, err);
        if (r == 0 && record->check)
                return check_old(record, err);
        if (r == 0)
                r = make_profile(record, err);
        if (r < 0)
                return r;
        report(record);
        if (record->words && record->run.ended && !cf_given(invocation, "no-verify"))
                verified = verify(record, err);
        if (verified < 0)
                return verified;
        r = write_profile(record, err);
        return r ? r : verified;
}

static int record_it(const struct cf_invocation *invocation, const struct cf_record_hook *hook,
                     struct cf_arena *arena, struct cf_error *err)
{
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_record record = {.job = {.invocation = invocation,
                                           .arena = arena,
                                           .all = all,
                                           .files = cf_files_new()},
                                   .hook = hook};
        if (hook)
                record.pid = hook->pid;
        int r = arena && all && record.job.files
                        ? run_job(&record, err)
                        : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        cf_text_done(&record.profile);
        cf_text_done(&record.job.out);
        cf_files_free(record.job.files);
        return r;
}

int cf_record_hooked(struct cf_arena *arena, char **words, size_t count,
                     const struct cf_record_hook *hook, struct cf_error *err)
{
        struct cf_invocation invocation;
        int r = cf_invocation_parse(arena, &cf_command_record, words, count, &invocation, err);
        return r < 0 ? r : record_it(&invocation, hook, arena, err);
}

static int run_record(const struct cf_invocation *invocation)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_RECORD_MEMORY);
        struct cf_error err = {0};
        int r = record_it(invocation, NULL, arena, &err);
        return r < 0 ? cf_complain(&err) : r;
}

const struct cf_command cf_command_record = {
        .name = "record",
        .summary = "watch a workload and write the smallest profile that it needs",
        .usage = "[--] COMMAND [ARGUMENT…]",
        .details = "Counts in the kernel which calls a command, a container (-- docker run …) or "
                   "something that runs already makes under its filter, and writes the profile "
                   "that lets these through. A command is run again under it, to see that nothing "
                   "is refused. Needs root.",
        .options = options,
        .most_arguments = UINT_MAX,
        .runs = true,
        .complete = CF_COMPLETE_FILE,
        .run = run_record,
};
