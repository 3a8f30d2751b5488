/* SPDX-License-Identifier: Apache-2.0 */
/* confined record: a workload's own profile. */
#include "cli/record.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/output.h"
#include "cli/words.h"

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
        {"cgroup", 0, "PATH", "record a control group, and those below it", CF_COMPLETE_FILE, NULL},
        {"host", 0, "URL", "ask this engine for the container (unix://PATH, tcp://HOST:PORT)",
         CF_COMPLETE_NONE, NULL},
        {"timeout", 0, "SECONDS", "wait this long for each answer of an engine (default: 30)",
         CF_COMPLETE_NONE, NULL},
        {"compose", 0, "FILE", "record a service of a Compose file: --compose FILE SERVICE",
         CF_COMPLETE_FILE, NULL},
        {"check", 0, "PROFILE", "write nothing: say which calls PROFILE lacks; exit status 1",
         CF_COMPLETE_FILE, NULL},
        {"merge", 0, "FILE", "add what an earlier run saw (of --save); may be given several times",
         CF_COMPLETE_FILE, NULL},
        {"save", 0, "FILE", "write what was seen to FILE, for --merge", CF_COMPLETE_FILE, NULL},
        CF_FORCE_OPTION,
        {"allow-refused", 0, NULL, "allow calls that a filter refused meanwhile, too", 0, NULL},
        {"no-arguments", 0, NULL, "allow calls whatever their arguments", 0, NULL},
        {"until-stable", 0, NULL,
         "when calls are refused then, add them and run it again, until none are", 0, NULL},
        {"annotate", 0, NULL, "write into the profile why each rule is there", 0, NULL},
        {"format", 0, "FORMAT", "terminal (default) or json", CF_COMPLETE_WORDS, "terminal json"},
        {"no-verify", 0, NULL, "do not run the command again under its profile", 0, NULL},
        {0},
};

/* ---- options
 * ------------------------------------------------------------------------------------- */

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
        const char *compose = cf_given_value(invocation, "compose");
        int r = compose ? cf_workload_compose(record->job.arena, compose, invocation->arguments,
                                              count, &record->workload, err)
                        : cf_workload_read(record->job.arena, (const char *const *)words, count,
                                           &record->workload, err);
        record->engine = r > 0 || compose;
        if (r == 0 && !compose && cf_word_asks_an_engine(words[0]))
                return cf_error_set(
                        err, -EINVAL, NULL,
                        "'%s' has its engine start or change what runs, elsewhere: its "
                        "own calls would be recorded; give -- docker run …, --container "
                        "NAME, or --compose FILE SERVICE",
                        words[0]);
        return r < 0 ? r : 0;
}

static int read_options(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        bool target = cf_given(invocation, "pid") || cf_given(invocation, "container") ||
                      cf_given(invocation, "cgroup");
        if (target && cf_given(invocation, "compose"))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--compose FILE SERVICE starts a service: not with "
                                    "--container, --pid or --cgroup");
        record->puts_together = !record->hook && !target && invocation->argument_count == 0 &&
                                cf_given(invocation, "merge") && !cf_given(invocation, "compose");
        if (!record->hook && !record->puts_together && target == (invocation->argument_count > 0))
                return cf_error_set(err, -EINVAL, NULL,
                                    "'record' needs a workload: -- COMMAND…, --container NAME, "
                                    "--pid PID, --cgroup PATH or --compose FILE SERVICE; or "
                                    "earlier ones: --merge FILE");
        if (cf_given(invocation, "until-stable") &&
            (cf_given(invocation, "no-verify") || cf_given(invocation, "check") || target ||
             record->puts_together))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--until-stable runs a command again: not with --no-verify, "
                                    "--check or what runs already");
        static const struct cf_option_need needs[] = {
                {"host", "container"},
                {"timeout", "container"},
        };
        const char *base = cf_given_value(invocation, "base");
        if (cf_given(invocation, "tighten") && (!base || strcmp(base, "none") == 0))
                return cf_error_set(err, -EINVAL, NULL, "--tighten needs --base PROFILE");
        if (cf_given(invocation, "check") &&
            (cf_given(invocation, "output") || cf_given(invocation, "annotate")))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--check compares and makes no profile: not with --output or "
                                    "--annotate");
        int r = cf_given_needs(invocation, needs, CF_COUNT(needs), err);
        if (r == 0)
                r = cf_profile_job_options(&record->job, err);
        if (r == 0)
                r = cf_given_time(invocation, "for", &record->seconds, err);
        if (r == 0)
                r = record->hook            ? 0
                    : record->puts_together ? 0
                    : target                ? cf_record_find(record, err)
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

/* The file of --merge that --save would replace, or NULL. */
static const char *merged_from(const struct cf_record *record, const char *save)
{
        const struct cf_invocation *invocation = record->job.invocation;
        for (size_t i = 0; i < invocation->given_count; i++)
                if (strcmp(invocation->given[i].option->name, "merge") == 0 &&
                    cf_output_is_same(save, invocation->given[i].value))
                        return save;
        return NULL;
}

/* Whether the profile and the recording may be written where they shall; what is merged may be
 * saved in its place. */
static int check_files(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        const char *save = cf_given_value(invocation, "save");
        char *more = cf_arena_printf(record->job.arena, "; --check %s says what it lacks",
                                     record->output ? record->output : "");
        int r = more ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r == 0 && record->output && !record->check)
                r = cf_output_check_there(invocation, "output", record->output, NULL, more, err);
        if (r == 0 && save)
                r = cf_output_check_there(invocation, "save", save, merged_from(record, save), "",
                                          err);
        return r;
}

/* A workload may run for hours: what would end in an error then is found now. */
static int prepare(struct cf_record *record, struct cf_error *err)
{
        const struct cf_invocation *invocation = record->job.invocation;
        const char *base = cf_given_value(invocation, "base");
        record->alone = !base || strcmp(base, "none") == 0;
        record->check = cf_given_value(invocation, "check");
        record->output = cf_given_value(invocation, "output");
        const struct cf_service *service = record->workload.compose;
        if (service && !record->output) { /* beside the file */
                record->output = cf_arena_printf(record->job.arena, "%s/%s.seccomp.json",
                                                 cf_path_dir(record->job.arena, service->file),
                                                 service->service);
                if (!record->output)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        int r = cf_profile_job_input(&record->job, record->alone ? "docker" : base, &record->base,
                                     err);
        if (r == 0 && record->check)
                r = cf_profile_job_input(&record->job, record->check, &record->old, err);
        if (r == 0)
                r = read_earlier(record, err);
        return r == 0 ? check_files(record, err) : r;
}

/* ---- what was seen ------------------------------------------------------------------------------
 */

static int merge(struct cf_record *record, struct cf_error *err)
{
        CF_VEC(struct cf_observation) all = {0};
        int r = record->puts_together ? 0
                                      : cf_vec_push(record->job.arena, &all, record->observation);
        for (size_t i = 0; r == 0 && i < record->earlier_count; i++)
                r = cf_vec_push(record->job.arena, &all, record->earlier[i]);
        if (r < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        r = cf_observation_join(record->job.arena, all.items, all.count, &record->observation, err);
        if (r == 0 && record->puts_together)
                record->runtime = record->observation.runtime;
        return r;
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
        /* Of several rounds the last one replaces those before it. */
        const char *own = record->saved ? path : merged_from(record, path);
        record->saved = true;
        return cf_output_write(record->job.invocation, path, own, cf_text_span(&text), err);
}

/* ---- the profile
 * --------------------------------------------------------------------------------- */

/* Why the profile says something of a call; for cf_profile_order. */
static const char *comment(void *context, const struct cf_syscall *call)
{
        struct cf_record *record = context;
        CF_TEXT struct cf_text text = {0};
        cf_record_reason(&record->observation, record->alone ? NULL : record->base.name, call,
                         &text);
        return text.size && !text.failed ? cf_arena_copy(record->job.arena, cf_text_span(&text))
                                         : NULL;
}

static int find_new(struct cf_record *record, struct cf_error *err)
{
        return cf_record_missing(record->job.all, record->job.arena, &record->observation,
                                 record->base.policy, &record->missing, &record->missing_count,
                                 err);
}

int cf_record_make(struct cf_record *record, struct cf_error *err)
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
                .started = record->engine || record->hook ||
                           (record->puts_together && record->runtime),
        };
        struct cf_profile_order order = {.comment = comment, .context = record};
        const struct cf_arch *const *arches;
        size_t count;
        int r = cf_record_policy(record->job.all, &record->observation, &wanted, &record->policy,
                                 err);
        if (r == 0)
                r = find_new(record, err);
        if (r == 0)
                r = cf_profile_covered(record->job.all, record->policy, wanted.machine,
                                       record->job.arena, &arches, &count, err);
        struct cf_text text = {0};
        if (r == 0)
                r = cf_profile_print(record->job.all, record->policy, arches, count,
                                     cf_given(invocation, "annotate") ? &order : NULL, &text, err);
        if (r < 0) {
                cf_text_done(&text);
                return r;
        }
        cf_text_done(&record->profile);
        record->profile = text;
        return 0;
}

/* ---- the command
 * -------------------------------------------------------------------------------------- */

static int check_old(struct cf_record *record, struct cf_error *err)
{
        int r = cf_record_missing(record->job.all, record->job.arena, &record->observation,
                                  record->old.policy, &record->lacking, &record->lacking_count,
                                  err);
        if (r == 0)
                r = find_new(record, err);
        if (r == 0)
                cf_record_say_check(record);
        return r;
}

/* No call at all was seen. */
static int nothing(struct cf_record *record, struct cf_error *err)
{
        const struct cf_record_run *run = &record->run;
        const char *why = "did it run under a filter at all?";
        if (record->words && run->end == CF_WATCH_STOPPED)
                why = "it was stopped before anything ran";
        else if (!record->words)
                why = "it is under no filter, or did nothing; start it by: confined record -- "
                      "COMMAND";
        else if (record->engine && WIFEXITED(run->status) && WEXITSTATUS(run->status) >= 125)
                why = "the container did not start, see above";
        else if (record->engine && record->workload.line.privileged)
                why = "this engine gives no profile to a --privileged container: leave that out";
        else if (record->engine)
                why = "the container did not start, or its runtime loads no filter";
        return cf_error_set(err, -ENODATA, NULL, "no call was seen: %s", why);
}

/* Where the profile goes now. */
static void say_next(const struct cf_record *record)
{
        const struct cf_service *service = record->workload.compose;
        CF_TEXT struct cf_text text = {0};
        if (!service)
                fprintf(stderr, "use it: --security-opt seccomp=%s\n", record->output);
        else if (cf_service_say_edit(service, record->output, &text) == 0)
                fprintf(stderr, "put it in: %s\n", text.data);
}

static int write_profile(struct cf_record *record, struct cf_error *err)
{
        int r = record->output ? cf_output_write(record->job.invocation, record->output, NULL,
                                                 cf_text_span(&record->profile), err)
                               : 0;
        if (r == 0 && record->output)
                say_next(record);
        /* A file that came to be there meanwhile is no reason to lose the profile. */
        if ((r < 0 && r != -EEXIST) || record->job.json || (r == 0 && record->output))
                return r;
        return cf_print(&record->profile) == CF_EXIT_CLEAN
                       ? r
                       : cf_error_set(err, -EIO, NULL, "the profile could not be printed");
}

/* A container that the runtime could not start has made calls of the runtime's alone. */
static bool did_anything(const struct cf_record *record)
{
        for (size_t i = 0; i < record->observation.call_count; i++) {
                const struct cf_seen_call *seen = &record->observation.calls[i];
                if (seen->count[CF_SEEN_WORKLOAD] || seen->refused)
                        return true;
        }
        return false;
}

/* Runs it, or watches it, to the end. */
static int see(struct cf_record *record, struct cf_error *err)
{
        if (record->puts_together)
                return merge(record, err);
        int r = cf_record_watch(record, NULL, record->seconds, &record->run, err);
        if (r == 0)
                r = cf_record_observe(record, &record->run, &record->observation, err);
        if (r == 0 && !did_anything(record))
                r = nothing(record, err);
        return r == 0 ? merge(record, err) : r;
}

/* A disk that is full is no reason to throw the profile away, too. */
static bool keep_seen(struct cf_record *record)
{
        struct cf_error err = {0};
        int r = save(record, &err);
        if (r < 0)
                cf_complain(&err);
        return r == 0;
}

/* The profile, the report, and the verification: what goes wrong with that is said, and no reason
 * to throw away what was seen. */
static int make(struct cf_record *record, struct cf_error *err)
{
        struct cf_error trouble = {0};
        int r = cf_record_make(record, err);
        if (r < 0)
                return r;
        cf_record_report(record);
        if (record->words && record->run.ended && !cf_given(record->job.invocation, "no-verify") &&
            cf_record_verify(record, &trouble) < 0)
                cf_complain(&trouble);
        cf_record_say_proof(record);
        return write_profile(record, err);
}

static int exit_status(const struct cf_record *record)
{
        switch (record->proof.verdict) {
        case CF_VERDICT_TROUBLE:
                return CF_EXIT_TROUBLE;
        case CF_VERDICT_REFUSED:
        case CF_VERDICT_STATUS:
                return CF_EXIT_FINDINGS;
        default:
                return record->observation.lost ? CF_EXIT_TROUBLE
                       : record->lacking_count  ? CF_EXIT_FINDINGS
                                                : CF_EXIT_CLEAN;
        }
}

static int run_job(struct cf_record *record, struct cf_error *err)
{
        int r = read_options(record, err);
        if (r == 0)
                r = prepare(record, err);
        if (r == 0)
                r = see(record, err);
        if (r != 0)
                return r;
        bool kept = keep_seen(record);
        r = record->check ? check_old(record, err) : make(record, err);
        if (record->proof.added.call_count)
                kept = keep_seen(record);
        if (r == 0 && record->job.json) {
                r = cf_record_json(record);
                if (r < 0)
                        return cf_error_set(err, r, NULL, "not enough memory");
                if (cf_print(&record->job.out) != CF_EXIT_CLEAN)
                        return CF_EXIT_TROUBLE;
        }
        return r < 0 ? r : kept ? exit_status(record) : CF_EXIT_TROUBLE;
}

static int record_it(const struct cf_invocation *invocation, const struct cf_record_hook *hook,
                     struct cf_arena *arena, struct cf_error *err)
{
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_record record = {.job = {.invocation = invocation,
                                           .arena = arena,
                                           .all = all,
                                           .files = cf_files_new()},
                                   .policy = CF_POLICY_NONE,
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
