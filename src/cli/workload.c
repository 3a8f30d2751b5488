/* SPDX-License-Identifier: Apache-2.0 */
/* `docker run …` under a profile of ours, watched. */
#include "cli/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/session.h"
#include "cli/words.h"

#define LABEL "confined.run" /* on the containers, with the mark as its value */
#define ANSWER_MAX 4096      /* bytes of an engine's answer that are read */
#define CONTAINERS_MAX 16    /* of one run: there is one */
#define PATIENCE_MS 20000    /* for each part of it */

int cf_workload_read(struct cf_arena *arena, const char *const *words, size_t count,
                     struct cf_workload *ret_workload, struct cf_error *err)
{
        struct cf_workload workload = {.arena = arena, .words = words, .word_count = count};
        int r = cf_command_line_read(arena, words, count, &workload.line);
        if (r < 0)
                return cf_error_set(err, r, NULL, "not enough memory");
        if (r == 0 || strcmp(workload.line.action, "run") != 0)
                return 0;
        if (workload.line.detached)
                return cf_error_set(
                        err, -EINVAL, NULL,
                        "with --detach the command ends while the container runs: leave "
                        "it out, or start the container and watch it by its name");
        *ret_workload = workload;
        return 1;
}

int cf_workload_compose(struct cf_arena *arena, const char *file, const char *const *words,
                        size_t count, struct cf_workload *ret_workload, struct cf_error *err)
{
        static const char *const asked[] = {"docker", "run"};
        struct cf_workload workload = {
                .arena = arena,
                .words = asked,
                .word_count = CF_COUNT(asked),
                .line = {.engine = "docker", .action = "run", .options = CF_COUNT(asked)},
        };
        int r = cf_service_open(arena, file, words, count, &workload.compose, err);
        if (r == 0)
                *ret_workload = workload;
        return r;
}

/* ---- the mark -------------------------------------------------------------------------------- */

/* A number that is in no other filter. Its upper bit is clear: engines read JSON numbers as signed
 * ones in places. */
int cf_workload_new_mark(uint64_t *ret_mark, struct cf_error *err)
{
        uint64_t mark;
        if (getrandom(&mark, sizeof(mark), 0) != sizeof(mark))
                return cf_error_set(err, -errno, NULL, "no random number: %s",
                                    strerrordesc_np(errno));
        *ret_mark = (mark | UINT64_C(0x4000000180000001)) & INT64_MAX;
        return 0;
}

/* ---- the command ------------------------------------------------------------------------------
 */

/* Of an option that is given more than once the last counts. */
static void add_options(const struct cf_workload *workload, const struct cf_workload_run *run,
                        int profile, struct cf_words *words)
{
        const struct cf_command_line *line = &workload->line;
        cf_words_add_made(words, cf_arena_printf(words->arena, "--label=" LABEL "=%" PRIx64,
                                                 run->wanted.mark));
        cf_words_add_made(words,
                          cf_arena_printf(words->arena, "--security-opt=seccomp=/proc/%d/fd/%d",
                                          getpid(), profile));
        if (!run->again)
                return;
        if (line->name && !line->removed)
                cf_words_add_made(words, cf_arena_printf(words->arena, "--name=%s-again-%d",
                                                         line->name, getpid()));
        if (!line->removed) {
                cf_words_add(words, "--restart=no");
                cf_words_add(words, "--rm");
        }
        if (line->id_file)
                cf_words_add(words, "--cidfile=");
}

static int words_of_service(const struct cf_workload *workload, const struct cf_workload_run *run,
                            int profile, char *const **ret_words, struct cf_error *err)
{
        struct cf_arena *arena = workload->arena;
        char *label = cf_arena_printf(arena, LABEL "=%" PRIx64, run->wanted.mark);
        char *path = cf_arena_printf(arena, "/proc/%d/fd/%d", getpid(), profile);
        if (!label || !path)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return cf_service_begin(workload->compose, path, label, ret_words, err);
}

static int words_of(const struct cf_workload *workload, const struct cf_workload_run *run,
                    int profile, char *const **ret_words, struct cf_error *err)
{
        struct cf_words words = {.arena = workload->arena};
        if (workload->compose)
                return words_of_service(workload, run, profile, ret_words, err);
        for (size_t i = 0; i < workload->word_count; i++) {
                if (i == workload->line.end)
                        add_options(workload, run, profile, &words);
                cf_words_add(&words, workload->words[i]);
        }
        cf_words_add(&words, NULL);
        *ret_words = words.items;
        return words.failed ? cf_error_set(err, -ENOMEM, NULL, "not enough memory") : 0;
}

/* ---- asking the engine ------------------------------------------------------------------------
 */

struct child {
        pid_t pid;
        int failed; /* why it could not be started, when that is so */
        int output; /* of the engine's answer; -1: none */
};

static _Noreturn void become(char *const *words, int failed, int output, bool answer)
{
        int none = answer ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
        if (output >= 0)
                dup2(output, STDOUT_FILENO);
        if (none >= 0)
                dup2(none, STDERR_FILENO);
        execvp(words[0], words);
        int error = errno;
        (void)!write(failed, &error, sizeof(error));
        _exit(127);
}

/* `output`: where its standard output goes; -1: where ours does. */
static int start(char *const *words, const struct cf_watch *watch, bool answer, int output,
                 struct child *ret_child, struct cf_error *err)
{
        int failed[2], ends[2] = {-1, -1};
        if (pipe2(failed, O_CLOEXEC) < 0 || (answer && pipe2(ends, O_CLOEXEC) < 0))
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerrordesc_np(errno));
        fflush(NULL);
        pid_t parent = getpid(), pid = fork();
        if (pid == 0) {
                /* Nobody would see what it does, under a filter that lets everything through. */
                prctl(PR_SET_PDEATHSIG, SIGTERM);
                if (getppid() != parent)
                        _exit(127);
                cf_watch_child(watch);
                become(words, failed[1], answer ? ends[1] : output, answer);
        }
        int error = errno;
        close(failed[1]);
        if (answer)
                close(ends[1]);
        *ret_child = (struct child){pid, failed[0], ends[0]};
        return pid < 0 ? cf_error_set(err, -error, NULL, "no process: %s", strerrordesc_np(error))
                       : 0;
}

/* Ends it when it does not answer in time. */
static size_t read_answer(const struct child *child, char *answer, size_t room)
{
        struct pollfd wait = {child->output, POLLIN, 0};
        size_t size = 0;
        while (size + 1 < room) {
                ssize_t got = poll(&wait, 1, PATIENCE_MS) > 0
                                      ? read(child->output, answer + size, room - 1 - size)
                                      : -1;
                if (got < 0)
                        kill(child->pid, SIGKILL);
                if (got <= 0)
                        break;
                size += (size_t)got;
        }
        answer[size] = '\0';
        return size;
}

/* Runs the engine's command line with other words than `run …`; what it prints. 0 or negative. */
static int ask(const struct cf_workload *workload, const struct cf_watch *watch,
               const char *const *more, size_t count, char *answer, size_t room)
{
        struct cf_words words = {.arena = workload->arena};
        size_t before = workload->line.options - 1; /* `run` itself */
        struct cf_error err = {0};
        struct child child;
        int status = 0;
        before -= before > 1 && strcmp(workload->words[before - 1], "container") == 0;
        for (size_t i = 0; i < before; i++)
                cf_words_add(&words, workload->words[i]);
        for (size_t i = 0; i < count; i++)
                cf_words_add(&words, more[i]);
        cf_words_add(&words, NULL);
        if (words.failed || start(words.items, watch, true, -1, &child, &err) < 0)
                return -ENOMEM;
        (void)read_answer(&child, answer, room);
        close(child.output);
        close(child.failed);
        return waitpid(child.pid, &status, 0) == child.pid && status == 0 ? 0 : -EIO;
}

int cf_workload_ask(const struct cf_workload *workload, const char *const *words, size_t count,
                    char *answer, size_t room)
{
        struct cf_watch watch = {0};
        sigprocmask(SIG_SETMASK, NULL, &watch.before);
        return ask(workload, &watch, words, count, answer, room);
}

/* The containers of a run that run now: their ids, in `answer`. How many, or negative. */
static int running(const struct cf_workload *workload, const struct cf_workload_run *run,
                   char answer[ANSWER_MAX], char *ids[CONTAINERS_MAX])
{
        char *filter =
                cf_arena_printf(workload->arena, "label=" LABEL "=%" PRIx64, run->wanted.mark);
        const char *words[] = {"ps", "--quiet", "--no-trunc", "--filter", filter};
        char *rest = NULL;
        int count = 0,
            r = filter ? ask(workload, &run->watch, words, CF_COUNT(words), answer, ANSWER_MAX)
                       : -ENOMEM;
        if (r < 0)
                return r;
        for (char *id = strtok_r(answer, " \n", &rest); id && count < CONTAINERS_MAX;
             id = strtok_r(NULL, " \n", &rest))
                ids[count++] = id;
        return count;
}

struct insist {
        const struct cf_workload *workload;
        const struct cf_workload_run *run;
};

/* A command line that is killed leaves its container behind. */
static void kill_containers(void *context)
{
        const struct insist *insist = context;
        char answer[ANSWER_MAX], none[ANSWER_MAX], *ids[CONTAINERS_MAX];
        int count = running(insist->workload, insist->run, answer, ids);
        for (int i = 0; i < count; i++) {
                const char *words[] = {"kill", ids[i]};
                (void)ask(insist->workload, &insist->run->watch, words, CF_COUNT(words), none,
                          sizeof(none));
        }
}

/* ---- when this process is killed ----------------------------------------------------------------
 */

/* Outlives this process, whatever ends that; told by a byte that all went well. The command line
 * gets SIGTERM then and passes it on, and who takes no notice of that is killed after a while. */
static _Noreturn void be_keeper(struct insist *insist, int end)
{
        char answer[ANSWER_MAX], *ids[CONTAINERS_MAX], byte;
        CF_CLOSE int none = open("/dev/null", O_RDWR | O_CLOEXEC);
        sigset_t no_signals;
        ssize_t size;
        /* It keeps nobody waiting for output, and nothing in the kernel alive. */
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                dup2(none, fd);
        int own = dup3(end, STDERR_FILENO + 1, O_CLOEXEC) < 0 ? end : STDERR_FILENO + 1;
        close_range((unsigned)own + 1, ~0u, 0);
        setsid(); /* Ctrl-C on the terminal is not for it */
        sigemptyset(&no_signals);
        sigprocmask(SIG_SETMASK, &no_signals, NULL);
        while ((size = read(own, &byte, 1)) < 0 && errno == EINTR)
                ;
        /* One that is being started is not there at once. */
        for (unsigned i = 0, gone = 0; size <= 0 && gone < 3; i++) {
                sleep(1);
                int count = running(insist->workload, insist->run, answer, ids);
                gone = count > 0 ? 0 : gone + 1;
                if (count > 0 && i >= CF_WATCH_PATIENCE)
                        kill_containers(insist);
                if (i > 2 * CF_WATCH_PATIENCE)
                        break;
        }
        _exit(0);
}

struct keeper {
        pid_t pid; /* 0: none */
        int end;
};

/* That there is none is no reason not to run anything. */
static struct keeper start_keeper(struct insist *insist)
{
        struct keeper keeper = {0, -1};
        int ends[2];
        if (insist->workload->compose || pipe2(ends, O_CLOEXEC) < 0)
                return keeper; /* a project is taken down as a whole: see compose-run.c */
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                close(ends[1]);
                be_keeper(insist, ends[0]);
        }
        close(ends[0]);
        if (pid > 0)
                return (struct keeper){pid, ends[1]};
        close(ends[1]);
        return keeper;
}

static void end_keeper(struct keeper keeper)
{
        if (keeper.pid == 0)
                return;
        (void)!write(keeper.end, "e", 1);
        close(keeper.end);
        while (waitpid(keeper.pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

bool cf_workload_failed(const struct cf_workload *workload, const struct cf_workload_run *run,
                        struct cf_error *err)
{
        char answer[ANSWER_MAX], *ids[CONTAINERS_MAX];
        int status = run->watch.status;
        if (!run->watch.waited || (WIFEXITED(status) && WEXITSTATUS(status) != 125))
                return false;
        int count = running(workload, run, answer, ids);
        if (count < 0)
                (void)cf_error_set(
                        err, -EIO, NULL,
                        "%s failed, and its engine does not answer: start it, or say which "
                        "one is meant (DOCKER_HOST); a container that it had started may "
                        "run on: %s ps",
                        workload->line.engine, workload->line.engine);
        else if (count > 0)
                (void)cf_error_set(err, -EIO, NULL,
                                   "%s ended before its container %.12s did, which runs on: %s "
                                   "kill %.12s",
                                   workload->line.engine, ids[0], workload->line.engine, ids[0]);
        return count != 0;
}

/* ---- running it --------------------------------------------------------------------------------
 */

static int watch_it(const struct cf_workload *workload, struct cf_workload_run *run, int profile,
                    struct cf_error *err)
{
        struct cf_watch *watch = &run->watch;
        struct insist insist = {workload, run};
        struct child child;
        int error;
        char *const *words = NULL;
        int r = words_of(workload, run, profile, &words, err);
        if (r == 0)
                r = cf_watch_open(watch, err);
        if (r < 0)
                return r;
        struct keeper keeper = start_keeper(&insist);
        r = start(words, watch, false, run->quiet ? STDERR_FILENO : -1, &child, err);
        if (r == 0) {
                watch->pid = child.pid;
                watch->child = true;
                watch->insist = kill_containers;
                watch->insist_context = &insist;
                r = cf_watch_wait(watch, err);
                if (r == 0 && read(child.failed, &error, sizeof(error)) == sizeof(error))
                        r = cf_error_set(err, -error, NULL, "'%s' cannot be started: %s", words[0],
                                         strerrordesc_np(error));
                close(child.failed);
        }
        end_keeper(keeper);
        cf_watch_close(watch);
        if (r == 0 && run->ended)
                r = run->ended(watch->context, watch->observer, err);
        return r;
}

int cf_workload_run(const struct cf_workload *workload, struct cf_workload_run *run,
                    struct cf_error *err)
{
        char *marked = NULL;
        int r = cf_workload_new_mark(&run->wanted.mark, err);
        if (r == 0)
                r = cf_workload_mark(workload->arena, run->profile, run->wanted.mark, &marked, err);
        if (r < 0)
                return r;
        CF_CLOSE int profile = cf_file_in_memory("profile", cf_span_of(marked));
        if (profile < 0)
                return cf_error_set(err, profile, NULL, "no memory for the profile: %s",
                                    strerrordesc_np(-profile));
        run->wanted.scope = CF_OBSERVE_MARK;
        r = cf_observer_open(&run->wanted, &run->watch.observer, err);
        if (r == 0)
                r = watch_it(workload, run, profile, err);
        struct cf_error left = {0};
        if (workload->compose && cf_service_end(workload->compose, &left) < 0)
                cf_complain(&left);
        cf_observer_close(run->watch.observer);
        run->watch.observer = NULL;
        return r;
}
