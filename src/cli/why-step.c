/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --step -- COMMAND: each call that the profile refuses is held, and decided. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/run.h"
#include "cli/why-step.h"
#include "cli/words.h"

static int check(const struct cf_invocation *invocation, struct cf_error *err)
{
        static const char *const others[] = {"all",        "for",     "log",
                                             "message",    "program", "instead",
                                             "timeout",    "host",    "engine-version",
                                             "all-errors", "verify",  "all-refused"};
        for (size_t i = 0; i < CF_COUNT(others); i++)
                if (cf_given(invocation, others[i]))
                        return cf_error_set(err, -EINVAL, NULL,
                                            "--%s has no meaning together with --step", others[i]);
        if (!invocation->separated || invocation->separator || !invocation->argument_count)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--step needs a command: confined why --step -- COMMAND");
        if (cf_word_asks_an_engine(invocation->arguments[0]))
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "--step holds calls of what it starts itself, and '%s' has an "
                                    "engine start it: give the program itself, as it is started in "
                                    "the container (confined why --step -- PROGRAM); or have what "
                                    "is refused there written as rules: confined why --write FILE "
                                    "-- %s %s …",
                                    invocation->arguments[0], invocation->arguments[0],
                                    invocation->argument_count > 1 ? invocation->arguments[1]
                                                                   : "run");
        return 0;
}

static int read_profile(struct cf_why *why, struct cf_error *err)
{
        const struct cf_invocation *invocation = why->job.invocation;
        const char *name = cf_given_value(invocation, "profile");
        struct cf_circumstances *circumstances = &why->job.circumstances;
        int r = cf_profile_job_input(&why->job, name ? name : "docker", &why->input, err);
        if (r < 0)
                return r;
        if (circumstances->machine != cf_arch_native())
                return cf_error_set(err, -EINVAL, NULL,
                                    "--arch: a command runs on this machine alone");
        if (cf_given(invocation, "write") && !why->input.profile)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "%s: a raw filter has no entries that could be extended: "
                                    "leave --write out",
                                    why->input.name);
        why->caller = (struct cf_caller){.setting = cf_why_setting};
        return 0;
}

static int read_policy(struct cf_stepping *step, struct cf_error *err)
{
        struct cf_profile_job *job = &step->why->job;
        struct cf_source *source;
        step->policy = cf_given_value(job->invocation, "policy");
        step->asks = !step->policy;
        if (!step->policy)
                return 0;
        int r = cf_files_read(job->files, job->arena, step->policy, &source, err);
        if (r == 0)
                r = cf_stepping_policy_read(job->all, job->arena, source, &step->rules, err);
        for (size_t i = 0; r == 0 && i < step->rules.rows.count; i++)
                step->asks |= step->rules.rows.items[i]->act == CF_STEPPING_ASK;
        return r;
}

/* In place of the standard output, so that nothing of the command's stands in the document. */
static int set_output_aside(const struct cf_why *why)
{
        if (!why->job.json)
                return -1;
        int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        return kept;
}

static void put_output_back(int kept)
{
        if (kept < 0)
                return;
        dup2(kept, STDOUT_FILENO);
        close(kept);
}

static int run(struct cf_stepping *step, struct cf_kernel_end *ret_end, struct cf_error *err)
{
        struct cf_why *why = step->why;
        struct cf_filter filter;
        bool trapped;
        int r = cf_run_handed_filter(&why->job, why->input.policy, &filter, &trapped, err);
        if (r == 0 && step->asks)
                r = cf_stepping_desk_open(step, err);
        if (r < 0)
                return r;
        if (trapped) {
                cf_text_puts(&step->line, "confined: calls that get SIGSYS (SCMP_ACT_TRAP) are "
                                          "left to the kernel and not held\n");
                cf_stepping_put(step);
        }
        struct cf_kernel_command command = {
                .words = cf_run_words(why->job.invocation, why->job.arena),
                .code = filter.code,
                .count = filter.count,
        };
        struct cf_kernel_watch watch = {
                .called = cf_stepping_called,
                .context = step,
                .attend = cf_stepping_attend,
                .input = cf_stepping_desk_input(step),
                .interrupted = cf_stepping_interrupted,
        };
        if (!command.words)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int kept = set_output_aside(why);
        r = cf_kernel_watch(&command, &watch, ret_end, err);
        put_output_back(kept);
        if (r == 0 && ret_end->exec_error)
                return cf_error_set(err, -ret_end->exec_error, NULL, "'%s' cannot be run: %s",
                                    command.words[0], strerror(ret_end->exec_error));
        return r;
}

int cf_why_step(struct cf_why *why, struct cf_error *err)
{
        struct cf_stepping step = {.why = why, .kinds = cf_map_new(why->job.arena)};
        struct cf_kernel_end end = {0};
        if (!step.kinds)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = check(why->job.invocation, err);
        if (r == 0)
                r = read_profile(why, err);
        if (r == 0)
                r = read_policy(&step, err);
        if (r == 0)
                r = run(&step, &end, err);
        cf_stepping_desk_close(&step);
        if (r == 0)
                r = cf_stepping_sum_up(&step, &end, err);
        cf_text_done(&step.line);
        return r < 0 ? r : step.undecided ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}
