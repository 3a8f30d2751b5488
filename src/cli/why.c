/* SPDX-License-Identifier: Apache-2.0 */
/* confined why: which call was refused, by whom, and the least that unblocks it. */
#include "cli/why-instead.h"
#include "cli/why-live.h"

#include <limits.h>
#include <string.h>

#include "cli/engines.h"
#include "cli/output.h"

#define WHY_MEMORY ((size_t)512 << 20)

static const struct cf_option options[] = {
        {"all", 0, NULL, "watch every process of this machine", 0, NULL},
        {"for", 0, "TIME", "watch for so long: 30s, 10m, 2h (default: until Ctrl-C, or the end)", 0,
         NULL},
        {"step", 0, NULL, "hold each call that the profile refuses, show it and ask: -- COMMAND", 0,
         NULL},
        {"policy", 0, "FILE", "with --step: decide by the lines of a file instead",
         CF_COMPLETE_FILE, NULL},
        {"log", 0, "FILE",
         "tell it from a log: of strace, or lines of type 1326 (SECCOMP) of the kernel or auditd",
         CF_COMPLETE_FILE, NULL},
        {"message", 0, "TEXT", "tell it from an error message; '-': from the standard input",
         CF_COMPLETE_NONE, NULL},
        {"program", 0, "NAME", "the program or image that the message is from", CF_COMPLETE_NONE,
         NULL},
        {"profile", 0, "PROFILE",
         "the profile that was in use (default: docker; with --message the engine's own)",
         CF_COMPLETE_FILE, NULL},
        {"engine-version", 0, "VERSION",
         "with --message: Docker's version (default: of the engine that answers, else the newest)",
         CF_COMPLETE_NONE, NULL},
        {"write", 0, "FILE",
         "write the profile in use with the least that lets through what was refused",
         CF_COMPLETE_FILE, NULL},
        CF_FORCE_OPTION,
        {"verify", 0, NULL, "with -- docker run: run it again under what --write wrote", 0, NULL},
        {"instead", 0, NULL,
         "is a switched-off filter still needed? run it under the engine's default instead", 0,
         NULL},
        {"compose", 0, "FILE",
         "with --instead: a service of a Compose file, --compose FILE SERVICE", CF_COMPLETE_FILE,
         NULL},
        {"shared", 0, NULL,
         "with --instead CONTAINER: although it runs, and both write to the same volumes", 0, NULL},
        {"all-refused", 0, NULL, "with --write: also what the program does without", 0, NULL},
        {"all-errors", 0, NULL, "tell also of calls that failed for other reasons", 0, NULL},
        CF_CIRCUMSTANCE_OPTIONS,
        {"as", 0, "MEANING",
         "written, or what a runtime loads: loaded (default; by the usual one), runc or crun",
         CF_COMPLETE_WORDS, "written loaded runc crun"},
        CF_ENGINES_OPTIONS,
        {"format", 0, "FORMAT", "terminal (default) or json", CF_COMPLETE_WORDS, "terminal json"},
        {0},
};

static const struct cf_option_need needs[] = {
        {"compose", "instead"},
        {"shared", "instead"},
        {"all-refused", "write instead"},
        {"force", "write"},
        {"policy", "step"},
        {"program", "message"},
        {"engine-version", "message"},
};

void cf_why_json_open(struct cf_why *why)
{
        struct cf_json_writer *json = &why->json;
        *json = (struct cf_json_writer){.out = &why->job.out, .indent = 2};
        cf_json_open(json, '{');
        cf_json_key(json, "schema");
        cf_json_put_string(json, "confined-why-1");
        cf_json_key(json, "profile");
        cf_json_put_string(json, why->input.name);
}

void cf_why_json_close(struct cf_why *why)
{
        static const char *const counts[CF_WHY_COUNTS] = {"refused", "skipped", "lost", "others"};
        for (size_t i = 0; i < CF_WHY_COUNTS; i++) {
                cf_json_key(&why->json, counts[i]);
                if (why->counted)
                        cf_json_put_uint(&why->json, why->counts[i]);
                else
                        cf_json_put_null(&why->json);
        }
        if (!why->instead_said) {
                cf_json_key(&why->json, "instead");
                cf_json_put_null(&why->json);
        }
        if (cf_why_write_json(why, NULL) < 0)
                why->job.out.failed = true;
        cf_json_close(&why->json, '}');
        cf_text_putc(&why->job.out, '\n');
}

/* What a log does not tell, and the calls, which it does. */
void cf_why_json_calls(struct cf_why *why)
{
        static const char *const untold[] = {"engine", "engineVersion", "kernel"};
        static const char *const lists[] = {"reasons", "next"};
        struct cf_json_writer *json = &why->json;
        cf_why_json_open(why);
        for (size_t i = 0; i < CF_COUNT(untold); i++) {
                cf_json_key(json, untold[i]);
                cf_json_put_null(json);
        }
        for (size_t i = 0; i < CF_COUNT(lists); i++) {
                cf_json_key(json, lists[i]);
                cf_json_open(json, '[');
                cf_json_close(json, ']');
        }
        cf_json_key(json, "calls");
        cf_json_open(json, '[');
}

static int run_log(struct cf_why *why, const char *log, struct cf_error *err)
{
        const char *name = cf_given_value(why->job.invocation, "profile");
        /* What a container had is what a runtime made of its profile. */
        if (!cf_given(why->job.invocation, "as"))
                why->job.as = CF_PROFILE_LOADED;
        int r = cf_profile_job_input(&why->job, name ? name : "docker", &why->input, err);
        if (r < 0)
                return r;
        why->caller = (struct cf_caller){
                .capabilities = why->job.circumstances.capabilities,
                .initial = true,
                .setting = cf_why_setting,
        };
        if (why->job.json)
                cf_why_json_calls(why);
        r = cf_why_log(why, log, err);
        struct cf_profile_input base = why->input;
        int written = r >= 0 ? cf_why_write_make(why, &base, err) : r;
        if (why->job.json) {
                cf_json_close(&why->json, ']');
                cf_why_json_close(why);
        } else if (written == 0) {
                written = cf_why_write_say(why, err);
        }
        if (written == 0)
                written = cf_why_write_file(why, err);
        return written < 0 ? written : r;
}

static int run_job(const struct cf_invocation *invocation, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(WHY_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        const char *log = cf_given_value(invocation, "log");
        struct cf_why why = {
                .job = {.invocation = invocation,
                        .arena = arena,
                        .all = all,
                        .files = cf_files_new()},
                .grantable = UINT64_MAX,
                .all_errors = cf_given(invocation, "all-errors"),
        };
        if (!arena || !all || !why.job.files)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        bool message = cf_given(invocation, "message");
        bool watched = invocation->argument_count || cf_given(invocation, "all");
        bool step = cf_given(invocation, "step");
        int r = cf_profile_job_options(&why.job, err);
        if (r == 0)
                r = cf_why_write_options(&why, err);
        if (r == 0)
                r = cf_given_needs(invocation, needs, CF_COUNT(needs), err);
        if (r == 0 && !step && (log != NULL) + message + watched > 1)
                r = cf_error_set(err, -EINVAL, NULL,
                                 "'why' tells of one thing: a log, a message, or what is watched");
        if (r == 0)
                r = step                              ? cf_why_step(&why, err)
                    : message                         ? cf_why_message(&why, err)
                    : log                             ? run_log(&why, log, err)
                    : cf_given(invocation, "instead") ? cf_why_instead(&why, err)
                                                      : cf_why_live(&why, err);
        if (r >= 0 && cf_print(&why.job.out) != CF_EXIT_CLEAN)
                r = CF_EXIT_TROUBLE;
        cf_text_done(&why.job.out);
        cf_text_done(&why.write.text);
        cf_files_free(why.job.files);
        return r;
}

static int run_why(const struct cf_invocation *invocation)
{
        struct cf_error err = {0};
        int r = run_job(invocation, &err);
        return r < 0 ? cf_complain(&err) : r;
}

const struct cf_command cf_command_why = {
        .name = "why",
        .summary = "which call was refused, by whom, and the least that unblocks it",
        .usage = "CONTAINER… | PID… | --all | --log FILE | --message TEXT | [--step] -- COMMAND "
                 "[ARGUMENT…]",
        .details =
                "Watches a container, a process and its descendants, a command, or everything, "
                "and tells of each call that seccomp refuses when it happens; or tells from a "
                "log or an error message. In the end: what the kernel would answer without the "
                "filter, and what would let each call through, the least first; --write makes the "
                "profile. With --step it holds each refused call of a command, and asks. --instead "
                "runs a container under the engine's default in place of a switched-off filter. "
                "Watching needs root.",
        .options = options,
        .most_arguments = UINT_MAX,
        .run = run_why,
};
