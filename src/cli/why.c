/* SPDX-License-Identifier: Apache-2.0 */
/* confined why: which call was refused, by whom, and the least that unblocks it. */
#include "cli/why.h"

#include <string.h>

#define WHY_MEMORY ((size_t)512 << 20)

static const struct cf_option options[] = {
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
        {"all-errors", 0, NULL, "tell also of calls that failed for other reasons", 0, NULL},
        {"cap-add", 0, "CAPABILITY", "the container has this capability too; ALL: every one",
         CF_COMPLETE_NONE, NULL},
        {"cap-drop", 0, "CAPABILITY", "the container lacks this capability; ALL: every one",
         CF_COMPLETE_NONE, NULL},
        {"arch", 0, "ARCHITECTURE", "the engine's machine (default: this one)", CF_COMPLETE_NONE,
         NULL},
        {"kernel", 0, "VERSION", "the engine's kernel, MAJOR.MINOR (default: the running one)",
         CF_COMPLETE_NONE, NULL},
        {"as", 0, "MEANING",
         "written, or what a runtime loads: loaded (default; by the usual one), runc or crun",
         CF_COMPLETE_WORDS, "written loaded runc crun"},
        {"format", 0, "FORMAT", "terminal (default) or json", CF_COMPLETE_WORDS, "terminal json"},
        {0},
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
        cf_json_close(&why->json, '}');
        cf_text_putc(&why->job.out, '\n');
}

/* What a log does not tell, and the calls, which it does. */
static void open_calls(struct cf_why *why)
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
                open_calls(why);
        r = cf_why_log(why, log, err);
        if (why->job.json) {
                cf_json_close(&why->json, ']');
                cf_why_json_close(why);
        }
        return r;
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
                .all_errors = cf_given(invocation, "all-errors"),
        };
        if (!arena || !all || !why.job.files)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        bool message = cf_given(invocation, "message");
        int r = (log != NULL) != message
                        ? cf_profile_job_options(&why.job, err)
                        : cf_error_set(err, -EINVAL, NULL,
                                       "'why' needs a log or a message: confined why --log FILE, "
                                       "or confined why --message TEXT");
        if (r == 0)
                r = message ? cf_why_message(&why, err) : run_log(&why, log, err);
        if (r >= 0 && cf_print(&why.job.out) != CF_EXIT_CLEAN)
                r = CF_EXIT_TROUBLE;
        cf_text_done(&why.job.out);
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
        .usage = "--log FILE | --message TEXT",
        .details =
                "Tells from a log or an error message which failed calls a profile refused, what "
                "the kernel would answer without it, and what would let the call through, the "
                "least first.",
        .options = options,
        .run = run_why,
};
