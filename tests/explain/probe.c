/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one system call and says what came of it: probe [OPTION…] NUMBER [ARGUMENT…]
 *
 *   -r TIMES    so often (default 1)
 *   -t THREADS  in so many threads, each so often
 *   -f FORKS    in so many child processes, one after the other, each so often
 *   -3          as an i386 program does (int 0x80)
 *   -w FILE     waits until the file exists
 *   -s          sleeps for a minute afterwards
 *
 * An argument is a number, or s:TEXT (a pointer to it), z (to 256 zero bytes), p:FILE (a descriptor
 * of the file, opened for reading), self (the process id). Prints `ok VALUE` or the error's name,
 * of the last call; exit status 0 either way. Link it statically and at a fixed place: pointers
 * must fit into 32 bits. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char zeros[256], strings[6][256];
static long number, args[6];
static unsigned long times = 1;
static int narrow;

static long call(void)
{
#if defined(__x86_64__)
        if (narrow) {
                long result;
                __asm__ volatile("push %%rbp\n\tmov %7, %%ebp\n\tint $0x80\n\tpop %%rbp"
                                 : "=a"(result)
                                 : "a"(number), "b"(args[0]), "c"(args[1]), "d"(args[2]),
                                   "S"(args[3]), "D"(args[4]), "r"((int)args[5])
                                 : "memory", "r8", "r9", "r10", "r11");
                return (int)result;
        }
#endif
        long result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
        return result < 0 ? -errno : result;
}

static void *make_calls(void *result)
{
        pid_t self = getpid();
        for (unsigned long i = 0; i < times; i++) {
                *(long *)result = call();
                if (getpid() != self)
                        _exit(0); /* the call made a child */
        }
        return NULL;
}

static long in_threads(unsigned long count)
{
        static pthread_t threads[256];
        static long results[256];
        if (count > 256)
                exit(2);
        for (unsigned long i = 0; i < count; i++)
                if (pthread_create(&threads[i], NULL, make_calls, &results[i]) != 0)
                        exit(2);
        for (unsigned long i = 0; i < count; i++)
                pthread_join(threads[i], NULL);
        return results[0];
}

static long in_children(unsigned long count)
{
        long result = 0;
        for (unsigned long i = 0; i < count; i++) {
                int status;
                pid_t child = fork();
                if (child < 0)
                        exit(2);
                if (child == 0) {
                        make_calls(&result);
                        _exit(result < 0 ? (int)-result : 0);
                }
                if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
                        exit(2);
                result = -WEXITSTATUS(status);
        }
        return result;
}

static long argument(const char *text, char *room)
{
        if (strcmp(text, "z") == 0)
                return (long)(uintptr_t)zeros;
        if (strcmp(text, "self") == 0)
                return getpid();
        if (strncmp(text, "s:", 2) == 0) {
                snprintf(room, sizeof(strings[0]), "%s", text + 2);
                return (long)(uintptr_t)room;
        }
        if (strncmp(text, "p:", 2) == 0) {
                int fd = open(text + 2, O_RDONLY);
                if (fd < 0) {
                        perror(text + 2);
                        exit(2);
                }
                return fd;
        }
        return (long)strtoull(text, NULL, 0);
}

int main(int count, char **words)
{
        unsigned long threads = 0, forks = 0;
        const char *wait = NULL;
        int option, stay = 0;
        long result = 0;
        while ((option = getopt(count, words, "+r:t:f:w:3s")) != -1) {
                if (option == 'r')
                        times = strtoul(optarg, NULL, 0);
                else if (option == 't')
                        threads = strtoul(optarg, NULL, 0);
                else if (option == 'f')
                        forks = strtoul(optarg, NULL, 0);
                else if (option == 'w')
                        wait = optarg;
                else if (option == '3')
                        narrow = 1;
                else if (option == 's')
                        stay = 1;
                else
                        return 2;
        }
        if (optind >= count || count - optind > 7)
                return 2;
        number = strtol(words[optind], NULL, 0);
        for (int i = 0; optind + 1 + i < count; i++)
                args[i] = argument(words[optind + 1 + i], strings[i]);
        while (wait && access(wait, F_OK) != 0)
                usleep(2000);
        if (threads)
                result = in_threads(threads);
        else if (forks)
                result = in_children(forks);
        else
                make_calls(&result);
        if (result < 0)
                printf("%s\n", strerrorname_np((int)-result));
        else
                printf("ok %ld\n", result);
        fflush(stdout);
        if (stay)
                sleep(60);
        return 0;
}
