/* SPDX-License-Identifier: Apache-2.0 */
/* A command whose refused calls are handed to us, by user notification.
 *
 * The child shares our table of descriptors until its exec, so the listener that it opens is ours
 * at once: nothing has to be sent, which the filter could refuse. What the child has to say before
 * its exec, it says in shared memory, for the same reason. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/command.h"
#include "kernel/door.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* since Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define NAP_FIRST_NS 20000L /* between two looks whether the filter is loaded … */
#define NAP_LONGEST_NS 2000000L

/* Shared with the child. */
struct said {
        _Atomic int listener; /* -1: not yet */
        _Atomic int load_error, exec_error;
};

struct watched {
        const struct cf_kernel_command *command;
        const struct cf_kernel_watch *watch;
        struct said *said;
        sigset_t old_mask;
        struct sigaction old_chld;
        pid_t child;
        int signals;
        struct cf_kernel_door door;
        bool tells_the_end; /* the kernel says when no process has the filter any more */
        bool masked, ended, enough;
        int status;
};

/* ---- the child ------------------------------------------------------------------------------ */

/* From the load on, any call may be refused, or wait until the parent answers. */
_Noreturn static void be_child(struct watched *w)
{
        sigaction(SIGCHLD, &w->old_chld, NULL);
        sigprocmask(SIG_SETMASK, &w->old_mask, NULL);
        /* A signal must not make a call be told twice; older kernels do without. */
        int r = cf_kernel_load(w->command, SECCOMP_FILTER_FLAG_NEW_LISTENER |
                                                   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
        if (r == -EINVAL)
                r = cf_kernel_load(w->command, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        if (r < 0) {
                atomic_store(&w->said->load_error, -r);
                _exit(1);
        }
        atomic_store(&w->said->listener, r);
        execvp(w->command->words[0], w->command->words);
        atomic_store(&w->said->exec_error, errno);
        _exit(1);
}

/* fork(2), but with one table of descriptors for both. */
static pid_t fork_with_files(void)
{
#ifdef __s390__ /* takes the stack first */
        return (pid_t)syscall(SYS_clone, 0, CLONE_FILES | SIGCHLD, 0, 0, 0);
#else
        return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
#endif
}

static bool has_ended(pid_t child)
{
        siginfo_t info = {0};
        return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == child;
}

/* Loading takes the kernel less than a millisecond, and a child that is to wake us could be
 * refused the call for it. */
static int await_filter(struct watched *w, struct cf_error *err)
{
        struct timespec nap = {0, NAP_FIRST_NS};
        bool ended = false;
        for (;;) {
                w->door.listener = atomic_load(&w->said->listener);
                if (w->door.listener >= 0)
                        return 0;
                int code = atomic_load(&w->said->load_error);
                if (code || ended)
                        break;
                ended = has_ended(w->child);
                nanosleep(&nap, NULL);
                if (nap.tv_nsec < NAP_LONGEST_NS)
                        nap.tv_nsec *= 2;
        }
        int code = atomic_load(&w->said->load_error);
        waitpid(w->child, &w->status, 0);
        if (code)
                return cf_kernel_load_failed(-code, err);
        return cf_error_set(err, -ECHILD, NULL, "the command was killed before it started");
}

/* ---- answering ------------------------------------------------------------------------------ */

/* Takes one call in, if there still is one. Never waits: the kernel has told of it. */
static void take_call(struct watched *w)
{
        struct cf_kernel_call call;
        if (!cf_door_receive(&w->door, &call))
                return; /* its caller was killed */
        struct cf_kernel_answer now = w->watch->called(w->watch->context, &call);
        w->door.held++;
        if (!now.hold)
                cf_kernel_call_answer(&call, now);
}

/* ---- signals -------------------------------------------------------------------------------- */

/* Ctrl-Z reaches the child as well as us; we stop when it does. */
static void stop_like_child(struct watched *w, int signal)
{
        if ((signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU) ||
            getpgid(w->child) != getpgrp())
                return;
        kill(getpid(), SIGSTOP);
        kill(w->child, SIGCONT);
}

static void look_at_child(struct watched *w)
{
        int status;
        while (!w->ended && waitpid(w->child, &status, WNOHANG | WUNTRACED) == w->child) {
                if (WIFSTOPPED(status)) {
                        stop_like_child(w, WSTOPSIG(status));
                        continue;
                }
                w->ended = true;
                w->status = status;
        }
}

/* One that ends or stops most programs. */
static bool is_an_end(int signal)
{
        return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

static void take_signal(struct watched *w)
{
        struct signalfd_siginfo info;
        if (read(w->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
                return;
        int signal = (int)info.ssi_signo;
        if (signal == SIGCHLD)
                look_at_child(w);
        else if (w->ended)
                w->enough |= is_an_end(signal);
        else if (info.ssi_code <= 0) /* a process sent it; the terminal sends to all */
                kill(w->child, signal);
        if (w->door.held && w->watch->interrupted && (is_an_end(signal) || signal == SIGTSTP))
                w->watch->interrupted(w->watch->context, signal);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool goes_on(const struct watched *w, bool waits)
{
        if (!w->ended)
                return true;
        return waits && !w->enough && (w->tells_the_end || w->door.held);
}

static void serve(struct watched *w)
{
        bool waits = true;
        while (goes_on(w, waits)) {
                bool holds = w->door.held && w->watch->attend;
                bool full = w->door.held >= CF_KERNEL_HELD_MAX;
                struct pollfd files[] = {
                        {.fd = w->signals, .events = POLLIN},
                        {.fd = waits && !full ? w->door.listener : -1, .events = POLLIN},
                        {.fd = holds ? w->watch->input : -1, .events = POLLIN},
                };
                if (poll(files, CF_COUNT(files), holds ? CF_KERNEL_ATTEND_MS : -1) < 0)
                        continue;
                /* Its _exit may be refused. */
                if (!w->ended && atomic_load(&w->said->exec_error))
                        kill(w->child, SIGKILL);
                if (files[0].revents)
                        take_signal(w);
                if (files[1].revents & POLLIN)
                        take_call(w);
                else if (files[1].revents)
                        waits = false; /* no process has the filter any more */
                if (w->door.held && w->watch->attend)
                        w->watch->attend(w->watch->context, files[2].revents != 0);
        }
}

static int prepare(struct watched *w, struct cf_error *err)
{
        struct utsname system = {0};
        unsigned major = 0, minor = 0;
        sigset_t all;
        int r = cf_door_open(&w->door, err);
        if (r < 0)
                return r;
        w->said = mmap(NULL, sizeof(*w->said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
        if (w->said == MAP_FAILED)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        atomic_store(&w->said->listener, -1);
        uname(&system);
        /* Three digits each cannot overflow. NOLINTNEXTLINE(cert-err34-c) */
        w->tells_the_end = sscanf(system.release, "%3u.%3u", &major, &minor) == 2 &&
                           (major > 5 || (major == 5 && minor >= 9));
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, &w->old_mask);
        w->masked = true;
        /* Ignored, it would make the kernel forget how the child ended. */
        sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &w->old_chld);
        w->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
        return w->signals < 0 ? cf_error_set(err, -errno, NULL, "signalfd: %s", strerror(errno))
                              : 0;
}

static void put_back(struct watched *w)
{
        if (w->masked) {
                sigaction(SIGCHLD, &w->old_chld, NULL);
                sigprocmask(SIG_SETMASK, &w->old_mask, NULL);
        }
        cf_closep(&w->signals);
        if (w->said && w->said != MAP_FAILED)
                munmap(w->said, sizeof(*w->said));
        cf_door_close(&w->door);
}

int cf_kernel_watch(const struct cf_kernel_command *command, const struct cf_kernel_watch *watch,
                    struct cf_kernel_end *ret_end, struct cf_error *err)
{
        struct watched w = {.command = command, .watch = watch, .signals = -1};
        int r = prepare(&w, err);
        if (r == 0) {
                w.child = fork_with_files();
                if (w.child == 0)
                        be_child(&w);
                r = w.child < 0 ? cf_error_set(err, -errno, NULL, "no process can be made: %s",
                                               strerror(errno))
                                : await_filter(&w, err);
        }
        if (r == 0) {
                serve(&w);
                *ret_end = (struct cf_kernel_end){atomic_load(&w.said->exec_error), w.status};
        }
        put_back(&w);
        return r;
}
