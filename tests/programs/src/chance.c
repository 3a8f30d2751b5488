/* SPDX-License-Identifier: Apache-2.0 */
/* chance thread|wait|handler [now]: a child, and a parent that makes the same calls in any case.
 * With `now` the child comes to one more by what happens to it: its thread ends (exit), its sleep
 * is stopped and goes on (restart_syscall), it gets the signal that it has a handler for
 * (rt_sigreturn). Ends with 0 when the child did. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 5u /* seconds: a child that hangs is ended */

static int ready[2], going[2];
static bool now;
static volatile sig_atomic_t called;

static void handle(int number)
{
        called = number;
}

static void *work(void *unused)
{
        char byte;
        while (read(going[0], &byte, 1) == 1)
                if (now)
                        break;
        return unused;
}

static int thread(void)
{
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0 || write(ready[1], "x", 1) != 1)
                return 2;
        if (now)
                return pthread_join(thread, NULL) != 0;
        struct timespec some = {.tv_nsec = 100000000};
        nanosleep(&some, NULL);
        _exit(0);
}

static int wait_for_a_second(void)
{
        struct timespec second = {.tv_sec = 1};
        return write(ready[1], "x", 1) != 1 || nanosleep(&second, NULL) != 0;
}

static int handler(void)
{
        struct timespec some = {.tv_nsec = 50000000};
        if (signal(SIGUSR1, handle) == SIG_ERR || write(ready[1], "x", 1) != 1)
                return 2;
        for (int i = 0; i < 20 && !called; i++)
                nanosleep(&some, NULL);
        return now && !called;
}

int main(int argc, char **argv)
{
        const char *what = argc > 1 ? argv[1] : "";
        bool waits = strcmp(what, "wait") == 0, handles = strcmp(what, "handler") == 0;
        struct timespec some = {.tv_nsec = 200000000};
        char byte;
        int status;
        now = argc > 2;
        if (pipe(ready) < 0 || pipe(going) < 0)
                return 2;
        pid_t child = fork();
        if (child == 0) {
                alarm(PATIENCE);
                _exit(waits ? wait_for_a_second() : handles ? handler() : thread());
        }
        if (child < 0 || read(ready[0], &byte, 1) != 1 || write(going[1], "x", 1) != 1)
                return 2;
        nanosleep(&some, NULL); /* it sleeps by now, most times */
        if (waits) {
                kill(child, now ? SIGSTOP : 0);
                if (now)
                        waitpid(child, &status, WUNTRACED);
                kill(child, now ? SIGCONT : 0);
        } else {
                kill(child, handles && now ? SIGUSR1 : 0);
        }
        return waitpid(child, &status, 0) != child || status != 0;
}
