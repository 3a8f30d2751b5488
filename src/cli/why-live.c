/* SPDX-License-Identifier: Apache-2.0 */
/* confined why, live: what is watched, and for how long. */
#include "cli/why-live.h"
#include "cli/hook.h"
#include "cli/why-engine.h"
#include "cli/why-instead.h"
#include "cli/words.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FOREVER UINT64_MAX

/* A command that waits to be started. */
struct command {
        pid_t pid;
        int go;     /* a byte starts it */
        int failed; /* tells why it could not be started */
        bool ended;
};

static uint64_t now_ms(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- a command ----------------------------------------------------------------------------------
 */

static void become(char *const *words, int go, int failed, bool quiet, const sigset_t *mask)
{
        char byte;
        if (read(go, &byte, 1) != 1) /* whoever watches is gone */
                _exit(127);
        if (quiet)
                dup2(STDERR_FILENO, STDOUT_FILENO);
        sigprocmask(SIG_SETMASK, mask, NULL);
        execvp(words[0], words);
        int error = errno;
        (void)!write(failed, &error, sizeof(error));
        _exit(127);
}

/* The command's words, with the option that tells of its container; NULL: no memory. */
static char *const *make_words(struct cf_why *why, const struct cf_why_own *own)
{
        const struct cf_invocation *invocation = why->job.invocation;
        size_t count = invocation->argument_count, at = 0;
        char **words = cf_arena_many(why->job.arena, count + 2, char *);
        for (size_t i = 0; words && i < count; i++) {
                if (own && own->option && i == own->at)
                        words[at++] = (char *)(uintptr_t)own->option; /* as exec wants it */
                words[at++] = (char *)(uintptr_t)invocation->arguments[i];
        }
        return words;
}

static int prepare(struct cf_why *why, struct command *command, const struct cf_why_own *own,
                   const sigset_t *mask, struct cf_error *err)
{
        char *const *words = make_words(why, own);
        int go[2], failed[2];
        if (!words)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (pipe2(go, O_CLOEXEC) < 0)
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerror(errno));
        if (pipe2(failed, O_CLOEXEC) == 0) {
                command->pid = fork();
                if (command->pid == 0) {
                        close(go[1]);
                        become(words, go[0], failed[1], why->job.json, mask);
                }
                close(failed[1]);
        } else {
                failed[0] = -1;
                command->pid = -1;
        }
        int error = errno;
        close(go[0]);
        command->go = go[1];
        command->failed = failed[0];
        return command->pid < 0 ? cf_error_set(err, -error, NULL, "no process: %s", strerror(error))
                                : 0;
}

static int let_go(const struct cf_why *why, struct command *command, struct cf_error *err)
{
        int error;
        (void)!write(command->go, "", 1);
        close(command->go);
        command->go = -1;
        if (read(command->failed, &error, sizeof(error)) != sizeof(error))
                return 0;
        return cf_error_set(err, -error, NULL, "'%s' cannot be started: %s",
                            why->job.invocation->arguments[0], strerror(error));
}

/* ---- watching -----------------------------------------------------------------------------------
 */

struct watch {
        struct cf_why_live *live;
        struct command *command; /* NULL: none */
        int signals;             /* a descriptor */
        bool in_boxes;           /* containers are told apart */
        uint64_t end;
        bool stay; /* beyond the command's end */
};

/* True: that is to be the end. */
static bool take_signals(struct watch *watch)
{
        struct signalfd_siginfo info;
        struct command *command = watch->command;
        bool done = false;
        while (read(watch->signals, &info, sizeof(info)) == sizeof(info)) {
                if (!command || command->ended)
                        done = true;
                else if (info.ssi_code != SI_KERNEL) /* the terminal tells the command itself */
                        kill(command->pid, (int)info.ssi_signo);
        }
        return done;
}

/* One subject, or the command, has ended. True: that is to be the end. */
static bool take_end(struct watch *watch, struct cf_why_live *ended)
{
        struct cf_why_live *live = watch->live;
        struct command *command = watch->command;
        close(ended->process);
        ended->process = -1;
        if (command) {
                /* Its status may have gone to the one who read its filters. */
                waitpid(command->pid, NULL, WNOHANG);
                command->ended = true;
                return !watch->stay;
        }
        for (size_t i = 0; i < live->others.count; i++)
                if (live->others.items[i]->process >= 0)
                        return false;
        return live->process < 0;
}

static struct cf_why_live *subject(struct watch *watch, size_t i)
{
        return i == 0 ? watch->live : watch->live->others.items[i - 1];
}

static int read_all(struct watch *watch, struct cf_error *err)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i <= watch->live->others.count; i++) {
                struct cf_why_live *live = subject(watch, i);
                if (live->observer)
                        r = cf_observer_read(live->observer,
                                             watch->in_boxes ? cf_why_seen_in_boxes : cf_why_seen,
                                             live, err);
        }
        return r;
}

enum { POLL_SIGNALS, POLL_READER, POLL_SUBJECTS };
#define POLLED (2 * CF_WHY_SUBJECTS_MAX + POLL_SUBJECTS)

/* Subjects that come with the containers have no descriptors. */
static size_t fill(struct watch *watch, struct pollfd fds[POLLED])
{
        size_t count = POLL_SUBJECTS;
        bool read = watch->live->stream == stdout;
        fds[POLL_SIGNALS] = (struct pollfd){.fd = watch->signals, .events = POLLIN};
        fds[POLL_READER] = (struct pollfd){.fd = read ? STDOUT_FILENO : -1};
        for (size_t i = 0; i <= watch->live->others.count && count + 2 <= POLLED; i++) {
                struct cf_why_live *live = subject(watch, i);
                if (!live->observer)
                        continue;
                fds[count++] = (struct pollfd){.fd = live->process, .events = POLLIN};
                fds[count++] =
                        (struct pollfd){.fd = cf_observer_fd(live->observer), .events = POLLIN};
        }
        return count;
}

static int watch_until_the_end(struct watch *watch, struct cf_error *err)
{
        bool done = false;
        while (!done) {
                struct pollfd fds[POLLED];
                size_t count = fill(watch, fds);
                uint64_t now = now_ms();
                uint64_t left = watch->end == FOREVER ? INT_MAX
                                : watch->end > now    ? watch->end - now
                                                      : 0;
                if (!left)
                        break;
                if (poll(fds, count, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
                        return cf_error_set(err, -errno, NULL, "waiting: %s", strerror(errno));
                if (fds[POLL_SIGNALS].revents)
                        done = take_signals(watch);
                if (fds[POLL_READER].revents) /* `confined why --all | head` has seen enough */
                        done = true;
                for (size_t i = 0; POLL_SUBJECTS + 2 * i < count; i++)
                        if (fds[POLL_SUBJECTS + 2 * i].revents)
                                done |= take_end(watch, subject(watch, i));
                int r = read_all(watch, err);
                if (r < 0)
                        return r;
        }
        return read_all(watch, err);
}

/* ---- what is watched ----------------------------------------------------------------------------
 */

static void say_begin(const char *what)
{
        fprintf(stderr, "confined: watching %s; Ctrl-C ends it\n", what);
}

static int open_target(struct cf_why_live *live, const struct cf_prove_target *target,
                       struct cf_error *err)
{
        struct cf_observe_wanted wanted = {
                .pid = target->container ? target->container->pid : target->processes[0].pid,
                .failed = live->why->all_errors,
        };
        /* A group that is not its own would bring in what others do. */
        wanted.scope = target->container && cf_hook_has_own_group(wanted.pid) ? CF_OBSERVE_GROUP
                                                                              : CF_OBSERVE_TREE;
        int r = target->container
                        ? cf_why_profile_of(live, target, cf_why_policy_of(live, wanted.pid), err)
                        : 0;
        if (r == 0 && cf_why_want_paths(live->why->job.arena, &wanted) < 0)
                r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r == 0)
                r = cf_observer_open(&wanted, &live->observer, err);
        if (r < 0)
                return r;
        live->name = live->name ? live->name : target->name;
        live->process = pidfd_open(wanted.pid, 0);
        cf_why_learn(live, wanted.pid);
        return 0;
}

/* Those that were named: containers and PIDs. 1: some were complained of. */
static int open_targets(struct cf_why_live *live, struct cf_error *err)
{
        struct cf_prove prove = {.job = live->why->job, .live = live->live};
        CF_TEXT struct cf_text names = {0};
        int r = cf_prove_find(&prove, err);
        size_t count = prove.targets.count;
        if (r < 0)
                return r;
        if (count != live->why->job.invocation->argument_count) /* it was complained of */
                return 1;
        live->shows_name = count > 1;
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_why_live *one = i ? cf_why_another(live, NULL) : live;
                if (!one)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                if (i && !cf_given(live->why->job.invocation, "profile"))
                        one->known = (struct cf_profile_input){0};
                r = open_target(one, &prove.targets.items[i], err);
                cf_text_printf(&names, "%s%s", i ? ", " : "", prove.targets.items[i].name);
        }
        if (r == 0)
                say_begin(names.data ? names.data : "them");
        return r;
}

/* Opens what the invocation asks for. 1: it was complained of. */
static int open_wanted(struct cf_why_live *live, struct watch *watch, struct cf_error *err)
{
        const struct cf_invocation *invocation = live->why->job.invocation;
        struct cf_observe_wanted wanted = {.scope = CF_OBSERVE_ALL,
                                           .failed = live->why->all_errors};
        if (cf_why_want_paths(live->why->job.arena, &wanted) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (watch->command) {
                bool asks = cf_word_asks_an_engine(invocation->arguments[0]);
                wanted.scope = asks ? CF_OBSERVE_NEW : CF_OBSERVE_TREE;
                wanted.pid = watch->command->pid;
                watch->in_boxes = asks;
                return cf_observer_open(&wanted, &live->observer, err);
        }
        if (invocation->argument_count)
                return open_targets(live, err);
        watch->in_boxes = true;
        cf_why_find_boxes(live);
        int r = cf_observer_open(&wanted, &live->observer, err);
        if (r == 0)
                say_begin("every process");
        return r;
}

static int watch_signals(sigset_t *ret_before)
{
        sigset_t caught;
        sigemptyset(&caught);
        sigaddset(&caught, SIGINT);
        sigaddset(&caught, SIGTERM);
        sigaddset(&caught, SIGHUP);
        sigprocmask(SIG_BLOCK, &caught, ret_before);
        return signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct cf_why_live *live, struct watch *watch, struct cf_error *err)
{
        int r = open_wanted(live, watch, err);
        if (r != 0)
                return r;
        if (watch->command)
                r = let_go(live->why, watch->command, err);
        return r == 0 ? watch_until_the_end(watch, err) : r;
}

static void say_running(const struct command *command)
{
        if (command && !command->ended && waitpid(command->pid, NULL, WNOHANG) == 0)
                fprintf(stderr, "confined: the command (PID %ld) runs on\n", (long)command->pid);
}

static void end(struct watch *watch, const sigset_t *before)
{
        struct command *command = watch->command;
        if (command && command->go >= 0) { /* it was never started */
                close(command->go);
                waitpid(command->pid, NULL, 0);
        }
        if (command && command->failed >= 0)
                close(command->failed);
        if (watch->signals >= 0)
                close(watch->signals);
        sigprocmask(SIG_SETMASK, before, NULL);
}

static void close_subjects(struct watch *watch)
{
        for (size_t i = 0; i <= watch->live->others.count; i++) {
                struct cf_why_live *live = subject(watch, i);
                cf_observer_close(live->observer);
                if (live->process >= 0)
                        close(live->process);
        }
}

static int check(const struct cf_invocation *invocation, bool command, struct cf_error *err)
{
        bool all = cf_given(invocation, "all");
        size_t count = invocation->argument_count;
        if (cf_given(invocation, "verify") && !command)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--verify runs a command again: confined why --write FILE "
                                    "--verify -- docker run …");
        if (command && (invocation->separator || all || !count))
                return cf_error_set(err, -EINVAL, NULL,
                                    "'why' watches one kind of thing: containers and PIDs, --all, "
                                    "or -- COMMAND");
        if (!command && (all ? count != 0 : count == 0))
                return cf_error_set(err, -EINVAL, NULL,
                                    "'why' takes containers and PIDs, --all, -- COMMAND, or --log "
                                    "FILE: confined why %s",
                                    invocation->command->usage);
        if (count > CF_WHY_SUBJECTS_MAX && !command)
                return cf_error_set(err, -EINVAL, NULL,
                                    "'why' watches at most %u containers and PIDs; --all watches "
                                    "every process",
                                    CF_WHY_SUBJECTS_MAX);
        if (count > 1 && !command && cf_given(invocation, "write"))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--write makes one profile: name one container");
        return 0;
}

/* The profile that the words of `docker run …` give the container. What they leave open, and an
 * engine that does not answer, is no reason not to watch. */
static int learn_words(struct cf_why_live *live, struct cf_error *err)
{
        const struct cf_invocation *invocation = live->why->job.invocation;
        struct cf_workload workload = {.arena = live->why->job.arena,
                                       .words = invocation->arguments,
                                       .word_count = invocation->argument_count};
        struct cf_why_words words;
        struct cf_error why = {0};
        int r = cf_command_line_read(workload.arena, workload.words, workload.word_count,
                                     &workload.line);
        if (r > 0 && cf_why_words_read(live->why, &workload, NULL, &words, &why) < 0) {
                cf_error_doing(&why, -EINVAL, NULL, "warning: which profile it will have");
                cf_complain(&why);
                return 0;
        }
        if (r > 0 && words.off)
                fprintf(stderr,
                        "confined: warning: %s%s the filter off: nothing can be refused; what the "
                        "default would refuse: confined why --instead -- …\n",
                        words.off_words ? words.off_words : "the engine's configuration",
                        words.off_words ? " switches" : " has");
        if (r > 0 && !words.off)
                return cf_why_use(live, &words.in_use, words.in_use_words, err);
        return r < 0 ? cf_error_set(err, r, NULL, "not enough memory") : 0;
}

int cf_why_live_begin(struct cf_why_live *live, struct cf_why *why, struct cf_error *err)
{
        *live = (struct cf_why_live){
                .why = why,
                .live = {.arena = why->job.arena,
                         .all = why->job.all,
                         .reader = cf_kernel_reader_new(why->job.arena)},
                .kinds = cf_map_new(why->job.arena),
                .process = -1,
                .capabilities = why->job.circumstances.capabilities,
                .grantable = UINT64_MAX,
                .stream = why->job.json                    ? NULL
                          : why->job.invocation->separated ? stderr
                                                           : stdout,
        };
        if (!live->live.reader || !live->kinds)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return 0;
}

static int begin(struct cf_why_live *live, struct cf_error *err)
{
        struct cf_profile_job *job = &live->why->job;
        const char *profile = cf_given_value(job->invocation, "profile");
        if (!profile)
                return job->invocation->separated ? learn_words(live, err) : 0;
        if (!cf_given(job->invocation, "as"))
                job->as = CF_PROFILE_LOADED;
        live->known_words = profile;
        return cf_profile_job_input(job, profile, &live->known, err);
}

int cf_why_live(struct cf_why *why, struct cf_error *err)
{
        const struct cf_invocation *invocation = why->job.invocation;
        struct command command = {.go = -1, .failed = -1};
        struct cf_why_live live;
        double seconds;
        struct watch watch = {.live = &live, .signals = -1};
        sigset_t before;
        int r = check(invocation, invocation->separated, err);
        bool done = false;
        if (r == 0 && invocation->separated && why->write.wanted)
                r = cf_why_marked(why, &done, err);
        if (done)
                return r;
        if (r == 0 && cf_given(invocation, "verify"))
                r = cf_error_set(err, -EINVAL, NULL,
                                 "--verify runs a container again that has a filter: -- docker run "
                                 "…, podman run or nerdctl run, without --detach");
        if (r == 0)
                r = cf_given_time(invocation, "for", &seconds, err);
        if (r == 0)
                r = cf_why_live_begin(&live, why, err);
        if (r == 0)
                r = begin(&live, err);
        if (r < 0)
                return r;
        watch.stay = seconds > 0;
        watch.end = watch.stay ? now_ms() + (uint64_t)(seconds * 1000) : FOREVER;
        watch.signals = watch_signals(&before);
        if (invocation->separated) {
                watch.command = &command;
                if (cf_why_own_open(why->job.arena, invocation->arguments,
                                    invocation->argument_count, &live.own) < 0)
                        r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                if (r == 0)
                        r = prepare(why, &command, live.own, &before, err);
                live.process = r == 0 ? pidfd_open(command.pid, 0) : -1;
                if (r == 0 && live.own) {
                        live.own->pid = command.pid;
                        live.own->group = cf_why_group_of(command.pid);
                }
        }
        if (r == 0)
                r = run(&live, &watch, err);
        if (r == 0)
                say_running(watch.command);
        end(&watch, &before);
        if (r == 0)
                r = cf_why_sum_up(&live, err);
        close_subjects(&watch);
        cf_why_own_close(live.own);
        return r < 0          ? r
               : r == 1       ? CF_EXIT_TROUBLE
               : live.refused ? CF_EXIT_FINDINGS
                              : CF_EXIT_CLEAN;
}
