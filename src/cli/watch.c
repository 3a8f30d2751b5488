/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what is watched. */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TICK_MS 200
#define LEFT_TRIES 10 /* looks, some time apart, whether what it started ends with it */
#define LEFT_NAP_NS 20000000L
#define CHILDREN_BYTES 65536

static double now(void)
{
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int cf_watch_open(struct cf_watch *watch, struct cf_error *err)
{
        sigset_t caught;
        sigemptyset(&caught);
        sigaddset(&caught, SIGINT);
        sigaddset(&caught, SIGTERM);
        sigaddset(&caught, SIGHUP);
        if (watch->adopts)
                sigaddset(&caught, SIGCHLD);
        watch->signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
        if (watch->signals < 0)
                return cf_error_set(err, -errno, NULL, "signals cannot be waited for: %s",
                                    strerrordesc_np(errno));
        sigprocmask(SIG_BLOCK, &caught, &watch->before);
        if (watch->adopts)
                prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        return 0;
}

void cf_watch_close(struct cf_watch *watch)
{
        struct signalfd_siginfo info;
        /* What was meant for the workload and came too late is not the end of this program. */
        while (read(watch->signals, &info, sizeof(info)) == sizeof(info))
                ;
        close(watch->signals);
        if (watch->adopts)
                prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
        sigprocmask(SIG_SETMASK, &watch->before, NULL);
}

void cf_watch_child(const struct cf_watch *watch)
{
        sigprocmask(SIG_SETMASK, &watch->before, NULL);
}

/* ---- telling it to end ---------------------------------------------------------------------- */

struct pressure {
        unsigned signals; /* that came */
        unsigned steps;   /* taken: 1 asked, 2 SIGTERM, 3 SIGKILL */
        double since;     /* the last one */
};

static void step(struct cf_watch *watch, struct pressure *pressure, unsigned to)
{
        if (to <= pressure->steps)
                return;
        if (to == 2)
                kill(watch->pid, SIGTERM);
        if (to >= 3) {
                if (watch->insist)
                        watch->insist(watch->insist_context);
                kill(watch->pid, SIGKILL);
        }
        pressure->steps = to;
        pressure->since = now();
}

static void take_signals(struct cf_watch *watch, struct pressure *pressure)
{
        struct signalfd_siginfo info;
        while (read(watch->signals, &info, sizeof(info)) == sizeof(info)) {
                if (info.ssi_signo == SIGCHLD)
                        continue;
                pressure->signals++;
                if (watch->child && info.ssi_code != SI_KERNEL) /* the terminal tells both */
                        kill(watch->pid, (int)info.ssi_signo);
        }
        if (pressure->signals)
                step(watch, pressure, pressure->signals < 3 ? pressure->signals : 3);
}

/* True: that is the end of it. */
static bool press(struct cf_watch *watch, struct pressure *pressure, double start)
{
        bool late = watch->seconds > 0 && now() - start >= watch->seconds;
        take_signals(watch, pressure);
        if (!late && !pressure->signals)
                return false;
        if (pressure->steps == 0 || watch->end == CF_WATCH_ENDED)
                watch->end = pressure->signals ? CF_WATCH_STOPPED : CF_WATCH_TIME;
        if (!watch->child)
                return true;
        if (late)
                step(watch, pressure, 2);
        if (now() - pressure->since > CF_WATCH_PATIENCE && pressure->steps < 3)
                step(watch, pressure, pressure->steps + 1);
        return false;
}

/* ---- what it leaves behind --------------------------------------------------------------------
 */

/* Of what it left behind: what has ended. */
static void reap_others(const struct cf_watch *watch)
{
        siginfo_t info = {0};
        while (watch->adopts && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid && info.si_pid != watch->pid) {
                waitpid(info.si_pid, NULL, WNOHANG);
                info.si_pid = 0;
        }
}

static size_t read_file(const char *path, char *text, size_t room)
{
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, room - 1);
        text[size > 0 ? size : 0] = '\0';
        return size > 0 ? (size_t)size : 0;
}

/* The children that we have: this program makes no other while it watches. */
static void list_left(struct cf_watch *watch)
{
        char path[64], text[CHILDREN_BYTES], *end;
        snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
        watch->left = 0;
        read_file(path, text, sizeof(text));
        for (char *at = text;; at = end) {
                long pid = strtol(at, &end, 10);
                if (end == at)
                        break;
                watch->left_pid = (pid_t)pid;
                watch->left++;
        }
        snprintf(path, sizeof(path), "/proc/%d/comm", (int)watch->left_pid);
        read_file(path, watch->left_name, sizeof(watch->left_name));
        watch->left_name[strcspn(watch->left_name, "\n")] = '\0';
}

/* What ends a moment later than its parent is not left behind. */
static void find_left(struct cf_watch *watch)
{
        const struct timespec nap = {.tv_nsec = LEFT_NAP_NS};
        for (unsigned i = 0; i < LEFT_TRIES; i++) {
                reap_others(watch);
                list_left(watch);
                if (!watch->left)
                        break;
                nanosleep(&nap, NULL);
        }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int pass_over(void *context, const struct cf_observed *event)
{
        (void)context;
        (void)event;
        return 0;
}

static int read_events(struct cf_watch *watch, struct cf_error *err)
{
        return cf_observer_read(watch->observer, watch->seen ? watch->seen : pass_over,
                                watch->context, err);
}

int cf_watch_wait(struct cf_watch *watch, struct cf_error *err)
{
        CF_CLOSE int fd = watch->pid ? pidfd_open(watch->pid, 0) : -1;
        struct pressure pressure = {0};
        double start = now(), ticked = start;
        int r = 0;
        watch->end = CF_WATCH_ENDED;
        while (r == 0 && (fd >= 0 || !watch->pid)) {
                struct pollfd wait[] = {{fd, POLLIN, 0},
                                        {cf_observer_fd(watch->observer), POLLIN, 0},
                                        {watch->signals, POLLIN, 0}};
                poll(wait, CF_COUNT(wait), TICK_MS);
                r = read_events(watch, err);
                reap_others(watch);
                if (wait[0].revents & POLLIN) {
                        /* It may have ended by a signal that the terminal sent to both. */
                        take_signals(watch, &pressure);
                        if (pressure.signals && watch->end == CF_WATCH_ENDED)
                                watch->end = CF_WATCH_STOPPED;
                        break;
                }
                if (r == 0 && press(watch, &pressure, start))
                        break;
                if (r == 0 && watch->tick && (now() - ticked) * 1000 >= TICK_MS) {
                        ticked = now();
                        r = watch->tick(watch->context, ticked - start, err);
                }
        }
        if (r < 0 && watch->child)
                step(watch, &pressure, 3);
        watch->lasted = now() - start;
        if (watch->child)
                watch->waited = waitpid(watch->pid, &watch->status, 0) == watch->pid;
        if (watch->waited && watch->adopts)
                find_left(watch);
        return r >= 0 ? read_events(watch, err) : r;
}
