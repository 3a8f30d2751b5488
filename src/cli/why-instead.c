/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --instead: is a switched-off filter still needed? The same command under the
 * engine's default profile; what that refuses goes into the least profile that it needs instead,
 * under which it runs again, until nothing more is refused. */
#include <errno.h>
#include <string.h>

#include "cli/why-instead.h"

/* A call that is let through may lead to another one that is not. */
#define RUNS_MAX 8u

struct instead {
        struct cf_why *why;
        const struct cf_why_workload *workload;
        struct cf_why_trial *trials;
        size_t count;
        struct cf_profile_input *profiles; /* of each run */
        double seconds;
        bool final;    /* the last run was under the profile that is written … */
        bool verified; /* … and was good */
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- the runs ---------------------------------------------------------------------------------
 */

/* How long the next run may take: as long as the first one, if that would not have ended. */
static double time_of(const struct instead *x)
{
        const struct cf_watch *first = &x->trials[0].run.watch;
        return x->count && first->end == CF_WATCH_STOPPED ? first->lasted : x->seconds;
}

static int run_next(struct instead *x, struct cf_error *err)
{
        struct cf_why *why = x->why;
        const struct cf_why_trial *before = x->count ? &x->trials[x->count - 1] : NULL;
        const char *words = x->count ? why->write.made.name : x->workload->standard_words;
        x->profiles[x->count] = x->count ? why->write.made : x->workload->standard;
        if (before)
                fprintf(stderr, "confined: again, under the least profile so far (%zu %s)\n",
                        why->write.additions.count,
                        why->write.additions.count == 1 ? "rule" : "rules");
        int r = cf_why_try(why, x->workload, &x->profiles[x->count], words, before, time_of(x),
                           &x->trials[x->count], err);
        if (r < 0)
                return r;
        x->count++;
        return cf_why_say_kinds(&x->trials[x->count - 1].live, err);
}

/* Until a run shows nothing new. */
static int run_all(struct instead *x, struct cf_error *err)
{
        struct cf_why_write *write = &x->why->write;
        while (x->count < RUNS_MAX) {
                size_t before = write->additions.count;
                int r = run_next(x, err);
                struct cf_profile_input base = x->trials[0].live.known;
                base.name = base.name ? base.name : x->workload->standard_words;
                if (r == 0)
                        r = cf_why_write_make(x->why, &base, err);
                if (r < 0)
                        return r;
                x->final = x->count > 1 && write->additions.count == before;
                bool stopped = x->trials[x->count - 1].run.watch.end == CF_WATCH_STOPPED;
                if (!write->made.profile || x->final || (stopped && x->count > 1))
                        break;
        }
        return 0;
}

/* ---- what came of it --------------------------------------------------------------------------
 */

static bool is_needed(const struct instead *x)
{
        const struct cf_why_write *write = &x->why->write;
        bool needed = write->made.profile != NULL;
        for (size_t i = 0; i < write->left.count; i++)
                needed |= write->left.items[i].kind == CF_WHY_LEFT_NO_RULE;
        return needed;
}

/* Refused calls that the program misses nothing by. */
static const char *refused_words(const struct instead *x, bool needed)
{
        const struct cf_why_trial *first = &x->trials[0];
        if (!first->refused)
                return "nothing was refused";
        return needed ? "calls were refused that it needs"
                      : "no call was refused that it would have had without a filter";
}

static void say_run(struct instead *x, bool needed)
{
        struct cf_text *out = &x->why->job.out;
        const struct cf_why_trial *first = &x->trials[0];
        if (out->size)
                cf_text_putc(out, '\n');
        cf_text_printf(out, "ran %.1f s under ", first->run.watch.lasted);
        cf_text_add_visible(out, cf_span_of(x->workload->standard_words));
        cf_text_puts(out, " instead of ");
        cf_text_add_visible(out, cf_span_of(x->workload->instead));
        cf_text_puts(out, ", ");
        cf_why_say_end(out, first);
        cf_text_printf(out, ": %zu different calls, %s\n", first->different,
                       refused_words(x, needed));
        if (x->workload->differs)
                cf_text_printf(out, "  not the same: %s\n", x->workload->differs);
}

static int say_edit(struct instead *x, const char *profile, struct cf_error *err)
{
        struct cf_text *out = &x->why->job.out;
        cf_text_puts(out, "  ");
        int r = x->workload->edit(x->workload->context, out, profile);
        cf_text_putc(out, '\n');
        return r < 0 ? no_memory(err) : 0;
}

static void say_exercised(const struct instead *x)
{
        const struct cf_why_trial *first = &x->trials[0];
        cf_text_printf(&x->why->job.out,
                       "exercised: %s alone, %llu calls; another path of the program may make one "
                       "that is refused: confined why shows it then\n",
                       x->count > 1 ? "these runs" : "this run", (unsigned long long)first->calls);
        if (first->lost)
                cf_text_printf(&x->why->job.out, "incomplete: %llu refused calls were lost\n",
                               (unsigned long long)first->lost);
}

static int say_not_needed(struct instead *x, struct cf_error *err)
{
        struct cf_text *out = &x->why->job.out;
        const struct cf_why_trial *first = &x->trials[0];
        cf_why_write_say_left(x->why);
        cf_text_puts(out, x->workload->advice ? "not needed: " : "not needed: remove ");
        cf_text_add_visible(
                out, cf_span_of(x->workload->advice ? x->workload->advice : x->workload->instead));
        cf_text_putc(out, '\n');
        int r = say_edit(x, NULL, err);
        if (first->read)
                cf_text_printf(out, "  the kernel's filter of process %ld was %s\n",
                               (long)first->pid,
                               first->same ? "this profile (proved)"
                                           : "another one: confined prove tells how it differs");
        if (first->run.watch.end == CF_WATCH_ENDED && first->run.watch.status != 0)
                cf_text_puts(out, "  that it failed is not the filter's doing: run as it was, it "
                                  "should fail as well\n");
        return r;
}

static int say_needed(struct instead *x, struct cf_error *err)
{
        struct cf_why *why = x->why;
        struct cf_text *out = &why->job.out;
        const struct cf_why_trial *last = &x->trials[x->count - 1];
        const char *path = why->write.path;
        if (!why->write.made.profile) {
                cf_why_write_say_left(why);
                cf_text_puts(out, "needed, and no profile can say it\n");
                return 0;
        }
        cf_text_puts(out, "needed instead: ");
        cf_text_add_visible(out, cf_span_of(x->workload->standard_words));
        cf_text_puts(out, " with\n");
        int r = cf_why_write_say_differences(why, err);
        cf_text_puts(out, "  everything else is equal (proved)\n");
        cf_why_write_say_left(why);
        if (r == 0 && x->count > 1)
                r = cf_why_say_verified(why, last, &x->trials[0], &x->verified, err);
        x->verified = x->verified && x->final;
        if (!path)
                cf_text_puts(out, "write it: --write FILE, then\n");
        return r == 0 ? say_edit(x, path ? path : "FILE", err) : r;
}

static int put_json(struct instead *x, bool needed, struct cf_error *err)
{
        struct cf_json_writer *json = &x->why->json;
        const char *path = x->why->write.path;
        CF_TEXT struct cf_text edit = {0};
        bool unsayable = needed && !x->why->write.made.profile;
        int r = unsayable ? 0
                          : x->workload->edit(x->workload->context, &edit,
                                              !needed ? NULL
                                              : path  ? path
                                                      : "FILE");
        x->why->instead_said = true;
        cf_json_key(json, "instead");
        cf_json_open(json, '{');
        cf_json_key(json, "of");
        cf_json_put_string(json, x->workload->instead);
        cf_json_key(json, "verdict");
        cf_json_put_string(json, unsayable ? "no-profile" : needed ? "profile" : "not-needed");
        cf_json_key(json, "verified");
        if (needed)
                cf_json_put_bool(json, x->verified);
        else
                cf_json_put_null(json);
        cf_json_key(json, "edit");
        cf_json_put_string(json, edit.data);
        cf_json_key(json, "differs");
        cf_json_put_string(json, x->workload->differs);
        cf_json_key(json, "runs");
        cf_json_open(json, '[');
        for (size_t i = 0; i < x->count; i++)
                cf_why_json_trial(x->why, &x->trials[i]);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        return r < 0 ? no_memory(err) : 0;
}

static int report_json(struct instead *x, bool needed, struct cf_error *err)
{
        struct cf_json_writer *json = &x->why->json;
        const struct cf_why_trial *last = &x->trials[x->count - 1];
        int r = 0;
        if (needed && x->count > 1)
                r = cf_why_say_verified(x->why, last, &x->trials[0], &x->verified, err);
        x->verified = x->verified && x->final;
        cf_json_close(json, ']');
        x->why->counts[CF_WHY_COUNT_REFUSED] = x->trials[0].refused;
        x->why->counts[CF_WHY_COUNT_SKIPPED] = x->trials[0].skipped;
        x->why->counts[CF_WHY_COUNT_LOST] = x->trials[0].lost;
        x->why->counted = true;
        if (r == 0)
                r = put_json(x, needed, err);
        cf_why_json_close(x->why);
        return r;
}

static int report(struct instead *x, struct cf_error *err)
{
        bool needed = is_needed(x);
        if (x->why->job.json)
                return report_json(x, needed, err);
        say_run(x, needed);
        int r = needed ? say_needed(x, err) : say_not_needed(x, err);
        say_exercised(x);
        return r;
}

int cf_why_instead_of(struct cf_why *why, const struct cf_why_workload *workload,
                      struct cf_error *err)
{
        struct instead x = {
                .why = why,
                .workload = workload,
                .trials = cf_arena_many(why->job.arena, RUNS_MAX, struct cf_why_trial),
                .profiles = cf_arena_many(why->job.arena, RUNS_MAX, struct cf_profile_input),
        };
        if (!x.trials || !x.profiles)
                return no_memory(err);
        int r = cf_given_time(why->job.invocation, "for", &x.seconds, err);
        if (r < 0)
                return r;
        why->write.wanted = true;
        why->input.name = workload->standard_words;
        if (why->job.json)
                cf_why_json_calls(why);
        r = run_all(&x, err);
        if (r == 0)
                r = report(&x, err);
        if (r == 0)
                r = cf_why_write_file(why, err);
        return r < 0 ? r : is_needed(&x) ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}

/* ---- docker run -------------------------------------------------------------------------------
 */

struct command {
        struct cf_why_words words;
        struct cf_workload workload; /* what is run: the words, or what they mean */
        bool spelled_out;            /* they are not the same */
        const char *standard; /* the file that the edit names where nothing is needed; NULL: none */
};

static int run_command(void *context, struct cf_workload_run *run, struct cf_error *err)
{
        const struct command *command = context;
        return cf_workload_run(&command->workload, run, err);
}

static bool has_failed(void *context, const struct cf_workload_run *run, struct cf_error *err)
{
        const struct command *command = context;
        return cf_workload_failed(&command->workload, run, err);
}

static int edit_command(void *context, struct cf_text *out, const char *profile)
{
        const struct command *command = context;
        const struct cf_workload *given = &command->words.workload;
        return cf_why_words_print(out, command->spelled_out ? &command->workload : given, true,
                                  profile ? profile : command->standard);
}

/* What is run is not what was typed: it is shown before, since it may not start. */
static int say_spelled_out(const struct command *command, struct cf_error *err)
{
        CF_TEXT struct cf_text line = {0};
        if (cf_why_words_print(&line, &command->workload, true, NULL) < 0)
                return no_memory(err);
        fprintf(stderr, "confined: Docker %u gives --privileged no filter; in its place: %s\n",
                command->words.version, line.data);
        return 0;
}

/* Docker before 27 gives a privileged container no filter: what --privileged means besides is said
 * word by word. */
static int spell_out(struct cf_why *why, struct command *command, struct cf_error *err)
{
        static const char *const meant[] = {
                "--cap-add=ALL",
                "--security-opt=apparmor=unconfined",
                "--security-opt=label=disable",
                "--security-opt=systempaths=unconfined",
                "--device-cgroup-rule=a *:* rwm",
                "--device=/dev:/dev",
        };
        const struct cf_workload *given = &command->words.workload;
        const struct cf_command_line *line = &given->line;
        CF_VEC(const char *) words = {0};
        int r = 0;
        for (size_t i = 0; r == 0 && i < given->word_count; i++) {
                bool goes = false;
                for (size_t k = 0; k < line->option_count; k++)
                        goes |= line->option_list[k].kind == CF_COMMAND_PRIVILEGED &&
                                i >= line->option_list[k].first && i <= line->option_list[k].last;
                for (size_t k = 0; r == 0 && i == line->options && k < CF_COUNT(meant); k++)
                        r = cf_vec_push(why->job.arena, &words, meant[k]);
                if (r == 0 && !goes)
                        r = cf_vec_push(why->job.arena, &words, given->words[i]);
        }
        if (r < 0)
                return no_memory(err);
        command->spelled_out = true;
        r = cf_workload_read(why->job.arena, words.items, words.count, &command->workload, err);
        return r < 0 ? r : say_spelled_out(command, err);
}

/* --privileged means more than no filter: that stays. */
static int keep_privileges(struct cf_why *why, struct command *command,
                           struct cf_why_workload *workload, struct cf_error *err)
{
        const struct cf_why_words *words = &command->words;
        if (strcmp(words->workload.line.engine, "nerdctl") == 0)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "nerdctl gives --privileged no filter, whatever profile it is "
                                    "told; what would be refused without that option: confined why "
                                    "-- nerdctl run --cap-add ALL …");
        if (words->version && words->version < 27) {
                workload->advice = "the filter can stay on, with this in place of --privileged";
                workload->differs =
                        "this Docker gives --privileged no filter, so it ran with every "
                        "capability and device, without AppArmor and SELinux; /sys and "
                        "the control groups were read-only";
                return spell_out(why, command, err);
        }
        command->standard = "default.json";
        workload->advice =
                cf_arena_printf(why->job.arena,
                                "the filter can stay on, all else as it is: confined profile "
                                "default %s >default.json",
                                words->standard.base);
        return workload->advice ? 0 : no_memory(err);
}

static const char *instead_of(struct cf_why *why, const struct cf_why_words *words)
{
        if (words->off)
                return words->off_words ? words->off_words : "the engine's configuration";
        return cf_arena_printf(why->job.arena, "--security-opt seccomp=%s", words->seccomp);
}

static int run_words(struct cf_why *why, struct cf_error *err)
{
        const struct cf_invocation *invocation = why->job.invocation;
        struct command command = {0};
        struct cf_why_workload workload = {.run = run_command,
                                           .failed = has_failed,
                                           .edit = edit_command,
                                           .context = &command};
        int r = cf_workload_read(why->job.arena, invocation->arguments, invocation->argument_count,
                                 &command.workload, err);
        if (r == 0)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--instead takes a command that runs a container (-- docker "
                                    "run …, podman run, nerdctl run) or a container's name");
        if (r > 0)
                r = cf_why_words_read(why, &command.workload, cf_given_value(invocation, "profile"),
                                      &command.words, err);
        if (r < 0)
                return r;
        const struct cf_why_words *words = &command.words;
        if (!words->off && (!words->seccomp || words->in_use_words == words->standard_words))
                return cf_error_set(err, -EINVAL, NULL,
                                    "the command has %s already: nothing stands in its place; what "
                                    "that refuses: confined why -- %s …",
                                    words->standard_words, words->workload.line.engine);
        workload.engine = words->workload.line.engine;
        workload.instead = instead_of(why, words);
        workload.standard = words->standard;
        workload.standard_words = words->standard_words;
        if (words->workload.line.privileged)
                r = keep_privileges(why, &command, &workload, err);
        return r < 0               ? r
               : !workload.instead ? no_memory(err)
                                   : cf_why_instead_of(why, &workload, err);
}

int cf_why_instead(struct cf_why *why, struct cf_error *err)
{
        const struct cf_invocation *invocation = why->job.invocation;
        const char *file = cf_given_value(invocation, "compose");
        if (file)
                return cf_why_instead_compose(why, file, err);
        if (cf_given(invocation, "all") || invocation->argument_count == 0 ||
            (!invocation->separated && invocation->argument_count > 1))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--instead takes one thing: a container's name, or -- docker "
                                    "run …");
        return invocation->separated ? run_words(why, err)
                                     : cf_why_instead_container(why, invocation->arguments[0], err);
}

/* ---- --write and --verify ---------------------------------------------------------------------
 */

/* As the words say, known by its filter: what other containers do meanwhile is not taken for it. */
struct marked {
        struct cf_why *why;
        struct command command;
        struct cf_why_workload workload;
        double seconds;
};

/* False: the words start no container that can be watched so; they are watched as any command. */
static bool can_mark(struct marked *x)
{
        const struct cf_invocation *invocation = x->why->job.invocation;
        struct cf_why_words *words = &x->command.words;
        struct cf_error ignored = {0};
        if (cf_workload_read(x->why->job.arena, invocation->arguments, invocation->argument_count,
                             &x->command.workload, &ignored) != 1 ||
            cf_why_words_read(x->why, &x->command.workload, cf_given_value(invocation, "profile"),
                              words, &ignored) < 0 ||
            words->off || cf_given_time(invocation, "for", &x->seconds, &ignored) < 0)
                return false;
        x->workload = (struct cf_why_workload){.engine = words->workload.line.engine,
                                               .standard = words->in_use,
                                               .standard_words = words->in_use_words,
                                               .run = run_command,
                                               .failed = has_failed,
                                               .context = &x->command};
        return true;
}

static void say_marked(struct cf_why *why, const struct cf_why_trial *first)
{
        why->counts[CF_WHY_COUNT_REFUSED] = first->refused;
        why->counts[CF_WHY_COUNT_SKIPPED] = first->skipped;
        why->counts[CF_WHY_COUNT_LOST] = first->lost;
        why->counted = true;
        if (why->job.json)
                return;
        if (why->job.out.size)
                cf_text_putc(&why->job.out, '\n');
        cf_text_printf(&why->job.out, "%llu %s refused by seccomp\n",
                       (unsigned long long)first->refused, first->refused == 1 ? "call" : "calls");
}

static int run_marked(struct marked *x, struct cf_why_trial *first, struct cf_why_trial *again,
                      bool *ret_again, struct cf_error *err)
{
        struct cf_why *why = x->why;
        bool verify = cf_given(why->job.invocation, "verify");
        int r = cf_why_try(why, &x->workload, &x->workload.standard, x->workload.standard_words,
                           NULL, x->seconds, first, err);
        if (r == 0)
                r = cf_why_say_kinds(&first->live, err);
        if (r < 0)
                return r;
        struct cf_profile_input base = first->live.known;
        base.name = base.name ? base.name : x->workload.standard_words;
        r = cf_why_write_make(why, &base, err);
        if (r == 0)
                r = cf_why_write_file(why, err);
        *ret_again = r == 0 && verify && why->write.made.profile;
        if (!*ret_again)
                return r;
        fprintf(stderr, "confined: again, under %s\n", why->write.made.name);
        double seconds =
                first->run.watch.end == CF_WATCH_STOPPED ? first->run.watch.lasted : x->seconds;
        r = cf_why_try(why, &x->workload, &why->write.made, why->write.made.name, first, seconds,
                       again, err);
        return r == 0 ? cf_why_say_kinds(&again->live, err) : r;
}

int cf_why_marked(struct cf_why *why, bool *ret_done, struct cf_error *err)
{
        struct marked x = {.why = why};
        struct cf_why_trial *trials = cf_arena_many(why->job.arena, 2, struct cf_why_trial);
        bool again = false, good = false;
        *ret_done = can_mark(&x);
        if (!*ret_done)
                return 0;
        if (!trials)
                return no_memory(err);
        why->input.name = x.workload.standard_words;
        if (why->job.json)
                cf_why_json_calls(why);
        int r = run_marked(&x, &trials[0], &trials[1], &again, err);
        if (r < 0)
                return r;
        say_marked(why, &trials[0]);
        if (!why->job.json)
                r = cf_why_write_say(why, err);
        if (r == 0 && again)
                r = cf_why_say_verified(why, &trials[1], &trials[0], &good, err);
        if (why->job.json) {
                cf_json_close(&why->json, ']');
                cf_why_json_close(why);
        }
        return r < 0 ? r : trials[0].refused ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}
