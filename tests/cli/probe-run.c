/* SPDX-License-Identifier: Apache-2.0 */
/* Makes calls under `confined run`: probe-run WHAT. Compiled by run.bats. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 25

/* keyctl(5, …) is refused by the test's profile with error 99. */
static int is_refused(void)
{
        return syscall(SYS_keyctl, 5, 6, 7, 8, 9) == -1 && errno == 99;
}

/* Refused calls from many threads, and from processes that they make meanwhile. */
static void *work(void *wrong)
{
        for (int i = 0; i < ROUNDS; i++) {
                int status;
                if (!is_refused())
                        ++*(int *)wrong;
                pid_t pid = fork();
                if (pid == 0)
                        _exit(is_refused() ? 0 : 1);
                if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
                        ++*(int *)wrong;
        }
        return NULL;
}

static int crowd(void)
{
        pthread_t threads[THREADS];
        int wrong[THREADS] = {0}, sum = 0;
        for (int i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, work, &wrong[i]) != 0)
                        return 2;
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                sum += wrong[i];
        }
        return sum ? 1 : 0;
}

/* The 32-bit entry of the kernel: keyctl is 288 there. */
static int old_entry(void)
{
#ifdef __x86_64__
        long result;
        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(288), "b"(5), "c"(6), "d"(7), "S"(8), "D"(9)
                         : "memory", "r8", "r9", "r10", "r11");
        printf("%ld\n", result);
        return result == -99 ? 0 : 1;
#else
        return 2;
#endif
}

static void trapped(int number, siginfo_t *info, void *context)
{
        (void)context;
        printf("signal %d code %d call %d\n", number, info->si_code, info->si_syscall);
        fflush(stdout);
        _exit(info->si_code == 1 /* SYS_SECCOMP */ && info->si_syscall == SYS_acct ? 0 : 1);
}

static int with_handler(void)
{
        struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
        sigaction(SIGSYS, &action, NULL);
        syscall(SYS_acct, 0);
        return 3; /* not reached */
}

/* Two threads; one makes a call that ends the process. */
static void *doomed(void *unused)
{
        (void)unused;
        syscall(SYS_acct, 0);
        puts("went on");
        fflush(stdout);
        _exit(4);
}

static int killed(void)
{
        pthread_t thread;
        pthread_create(&thread, NULL, doomed, NULL);
        pause();
        return 5;
}

int main(int argc, char **argv)
{
        const char *what = argc > 1 ? argv[1] : "";
        if (strcmp(what, "crowd") == 0)
                return crowd();
        if (strcmp(what, "old-entry") == 0)
                return old_entry();
        if (strcmp(what, "handler") == 0)
                return with_handler();
        if (strcmp(what, "killed") == 0)
                return killed();
        errno = 0;
        long result = syscall(SYS_keyctl, 5, 6, 7, 8, 9);
        printf("%ld %d\n", result, errno);
        return 0;
}
