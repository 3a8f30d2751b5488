/* SPDX-License-Identifier: Apache-2.0 */
/* confined run -- COMMAND: a command under a profile, without a container. */
#include "cli/run.h"

#include <limits.h>
#include <string.h>

#define RUN_MEMORY ((size_t)512 << 20)
#define LETS_THROUGH (cf_action_bit(CF_ALLOW) | cf_action_bit(CF_LOG))

int cf_run_not_started(int error)
{
        return error == ENOENT ? CF_RUN_NOT_FOUND : CF_RUN_NOT_EXECUTABLE;
}

static int read_circumstances(struct cf_profile_job *job, struct cf_error *err)
{
        const char *as = cf_given_value(job->invocation, "as");
        const char *whose = cf_given_value(job->invocation, "capabilities");
        if (as && !cf_profile_as_by_name(as, &job->as))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--as: '%s' is none of: written loaded runc crun", as);
        if (!whose || strcmp(whose, "process") == 0)
                job->circumstances.capabilities = cf_kernel_capabilities() & CF_CAPABILITIES_ALL;
        else if (strcmp(whose, "container") == 0)
                job->circumstances.capabilities = cf_capabilities_docker();
        else
                return cf_error_set(err, -EINVAL, NULL,
                                    "--capabilities: '%s' is none of: process container", whose);
        return cf_circumstances_here(&job->circumstances, err);
}

/* What refuses execve can start nothing, and could not say so under its own filter. */
static int check_execve(struct cf_run *run, struct cf_error *err)
{
        const struct cf_arch *arch = run->job.circumstances.machine;
        uint32_t nr;
        if (!cf_syscall_number(arch, "execve", &nr))
                return 0;
        cf_policy answer = cf_policy_of_call(run->job.all, run->input.policy, arch->token, nr);
        cf_policy allowed = cf_policy_where_action(run->job.all, answer, LETS_THROUGH);
        int r = cf_policies_check(run->job.all, allowed, err);
        if (r < 0 || allowed != CF_POLICY_FALSE)
                return r;
        CF_TEXT struct cf_text words = {0};
        r = cf_profile_job_answer(&run->job, &words, cf_syscall_by_name("execve"), answer, err);
        return r < 0 ? r
                     : cf_error_set(err, -EINVAL, NULL,
                                    "no command can be started under '%s': execve gets %s; see: "
                                    "confined profile explain %s execve",
                                    run->profile, words.data ? words.data : "", run->profile);
}

char **cf_run_words(const struct cf_invocation *invocation, struct cf_arena *arena)
{
        size_t count = invocation->argument_count;
        char **words = cf_arena_many(arena, count + 1, char *);
        for (size_t i = 0; words && i < count; i++)
                words[i] = (char *)(uintptr_t)invocation->arguments[i]; /* as exec wants it */
        return words;
}

static int take_command(struct cf_run *run, struct cf_error *err)
{
        run->command.words = cf_run_words(run->job.invocation, run->job.arena);
        return run->command.words ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* Loads the filter and becomes the command. */
static int become(struct cf_run *run, struct cf_error *err)
{
        struct cf_filter filter;
        bool loaded = false;
        int r = cf_filter_emit(run->job.all, run->input.policy, NULL, run->job.arena, &filter, err);
        if (r < 0)
                return r;
        run->command.code = filter.code;
        run->command.count = filter.count;
        r = cf_kernel_exec(&run->command, &loaded, err);
        if (!loaded)
                return r;
        /* Under the filter now: if it refuses write(2), nobody hears this. */
        cf_complain(err);
        _exit(cf_run_not_started(-r));
}

static int run_job(struct cf_run *run, struct cf_error *err)
{
        const struct cf_invocation *invocation = run->job.invocation;
        if (!invocation->argument_count)
                return cf_error_set(err, -EINVAL, NULL, "'run' needs a command: confined run %s",
                                    invocation->command->usage);
        if (cf_given_value(invocation, "output") && !cf_given(invocation, "trace"))
                return cf_error_set(err, -EINVAL, NULL, "--output is of use with --trace alone");
        int r = read_circumstances(&run->job, err);
        if (r == 0)
                r = cf_profile_job_input(&run->job, run->profile, &run->input, err);
        if (r == 0)
                r = check_execve(run, err);
        if (r == 0)
                r = take_command(run, err);
        if (r < 0)
                return r;
        return cf_given(invocation, "trace") ? cf_run_trace(run, err) : become(run, err);
}

static int run_run(const struct cf_invocation *invocation)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(RUN_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        const char *profile = cf_given_value(invocation, "profile");
        struct cf_error err = {0};
        struct cf_run run = {
                .job = {.invocation = invocation,
                        .arena = arena,
                        .all = all,
                        .files = cf_files_new()},
                .profile = profile ? profile : "docker",
        };
        int r = arena && all && run.job.files
                        ? run_job(&run, &err)
                        : cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
        cf_files_free(run.job.files);
        if (r >= 0)
                return r;
        cf_complain(&err);
        return CF_RUN_TROUBLE;
}

static const struct cf_option run_options[] = {
        {"profile", 'p', "PROFILE",
         "a profile or raw filter, or the name of a default: docker (default), podman",
         CF_COMPLETE_FILE, NULL},
        {"trace", 't', NULL, "show each call that is refused, with its arguments", 0, NULL},
        {"as", 0, "MEANING",
         "written (default), or what a runtime loads: loaded (by the usual one), runc or crun",
         CF_COMPLETE_WORDS, "written loaded runc crun"},
        {"capabilities", 0, "WHOSE",
         "the profile is read for the capabilities of: process (default: those that this one has) "
         "or container (Docker's default)",
         CF_COMPLETE_WORDS, "process container"},
        {"output", 'o', "FILE", "write what --trace shows to FILE instead of standard error",
         CF_COMPLETE_FILE, NULL},
        {0},
};

const struct cf_command cf_command_run = {
        .name = "run",
        .summary = "run a command under a profile, without a container",
        .usage = "[--] COMMAND [ARGUMENT…]",
        .details = "The quickest way to try a profile: loads its filter (proved equal to it) and "
                   "becomes the command. Needs no privilege, and the command can gain none: "
                   "no_new_privs is set. The exit status is the command's; 125: confined itself "
                   "failed; 126, 127: the command cannot be run, is not found.",
        .options = run_options,
        .most_arguments = UINT_MAX,
        .runs = true,
        .trouble = CF_RUN_TROUBLE,
        .complete = CF_COMPLETE_FILE,
        .run = run_run,
};
