/* SPDX-License-Identifier: Apache-2.0 */
/* storm FORKS THREADS: children in bursts, each with threads, pipes, signals and an execve now and
 * then. Ends with 0 when every child did. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BURST 16

static volatile sig_atomic_t signals;
static unsigned long threads;

static void note(int number)
{
        (void)number;
        signals = signals + 1;
}

static void *work(void *fd)
{
        for (int i = 0; i < 20; i++) {
                if (write(*(int *)fd, "x", 1) != 1)
                        return fd;
                sched_yield();
        }
        return NULL;
}

static int child(char *program, int round)
{
        int pipes[2];
        pthread_t all[64];
        char byte;
        if (round % 8 == 0) {
                execl(program, program, "0", "0", (char *)NULL);
                return 1;
        }
        if (pipe(pipes) < 0)
                return 2;
        for (unsigned long i = 0; i < threads; i++)
                if (pthread_create(&all[i], NULL, work, &pipes[1]) != 0)
                        return 3;
        for (unsigned long i = 0; i < threads * 20; i++)
                if (read(pipes[0], &byte, 1) != 1)
                        return 4;
        for (unsigned long i = 0; i < threads; i++)
                pthread_join(all[i], NULL);
        return kill(getppid(), SIGUSR1) == 0 ? 0 : 5;
}

int main(int argc, char **argv)
{
        unsigned long forks = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
        int bad = 0, status;
        threads = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
        threads = threads > 64 ? 64 : threads;
        signal(SIGUSR1, note);
        for (unsigned long i = 0; i < forks; i += BURST) {
                for (int k = 0; k < BURST; k++) {
                        pid_t pid = fork();
                        if (pid == 0)
                                _exit(child(argv[0], k));
                        bad += pid < 0;
                }
                while (wait(&status) > 0)
                        bad += status != 0;
        }
        printf("%d signals, %d bad\n", signals > 0, bad);
        return bad != 0;
}
