/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one system call and says what came of it: probe [OPTION…] NUMBER [ARGUMENT…]
 *
 *   -r TIMES    so often (default 1)
 *   -t THREADS  in so many threads, each so often
 *   -f FORKS    in so many child processes, one after the other, each so often
 *   -3          as an i386 program does (int 0x80)
 *   -w FILE     waits until the file exists
 *   -u USER     as this user and group, without capabilities
 *   -o          one thread of those has a filter of its own, under which the call gives EPERM
 *   -n ANSWER   under a filter that asks a listener, here: an errno, "value" (7) or "continue"
 *   -k          under a filter that asks a tracer, here, who takes the call away
 *   -s          sleeps for a minute afterwards
 *
 * An argument is a number, or s:TEXT (a pointer to it), x:HEX (to these bytes and zeros behind), z
 * (to 256 zero bytes), p:FILE (a descriptor of the file, opened for reading), tcp (of a socket),
 * self (the process id), pidfd (a descriptor of the process). Prints `ok VALUE` or the error's
 * name, of the last call; exit status 0 either way. Link it statically and at a fixed place:
 * pointers must fit into 32 bits. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static char zeros[256], strings[6][256];
static long number, args[6];
static unsigned long times = 1;
static int narrow, one_filtered;

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

/* A filter on this thread: the call gets this answer. A descriptor, for one that asks a listener.
 */
static int filter_call(uint32_t answer, unsigned flags)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, answer),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};
        int result = -1;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
                result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        if (result < 0) {
                perror("seccomp");
                exit(2);
        }
        return result;
}

static void *make_calls(void *result)
{
        pid_t self = getpid();
        if (one_filtered && __sync_lock_test_and_set(&one_filtered, 0))
                filter_call(SECCOMP_RET_ERRNO | EPERM, 0);
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

/* ---- who answers in place of the kernel ------------------------------------------------------ */

static const char *answer;
static int listener = -1;

static void *listen_for_calls(void *unused)
{
        struct seccomp_notif request;
        for (;;) {
                struct seccomp_notif_resp response = {0};
                memset(&request, 0, sizeof(request));
                if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
                        if (errno == EINTR || errno == ENOENT)
                                continue;
                        return unused;
                }
                response.id = request.id;
                if (strcmp(answer, "continue") == 0)
                        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
                else if (strcmp(answer, "value") == 0)
                        response.val = 7;
                else
                        response.error = -atoi(answer);
                ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
        }
}

static void begin_listening(void)
{
        pthread_t thread;
        listener = filter_call(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        if (pthread_create(&thread, NULL, listen_for_calls, NULL) != 0)
                exit(2);
}

#if defined(__x86_64__)

/* The child goes on; its tracer ends with it. */
static void begin_tracing(void)
{
        int status;
        pid_t child = fork();
        if (child < 0)
                exit(2);
        if (child == 0) {
                if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
                        exit(2);
                raise(SIGSTOP);
                filter_call(SECCOMP_RET_TRACE, 0);
                return;
        }
        waitpid(child, &status, 0);
        ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
        for (ptrace(PTRACE_CONT, child, 0, 0);
             waitpid(child, &status, 0) == child && !WIFEXITED(status);
             ptrace(PTRACE_CONT, child, 0, 0)) {
                struct user_regs_struct registers;
                if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
                        continue;
                ptrace(PTRACE_GETREGS, child, 0, &registers);
                registers.orig_rax = (unsigned long long)-1;
                registers.rax = (unsigned long long)-EACCES;
                ptrace(PTRACE_SETREGS, child, 0, &registers);
        }
        exit(0);
}
#else
static void begin_tracing(void)
{
        exit(2);
}
#endif

static void become(unsigned user)
{
        if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 ||
            setresuid(user, user, user) < 0) {
                perror("setresuid");
                exit(2);
        }
}

/* ---- what is asked for ------------------------------------------------------------------------
 */

static void read_bytes(const char *text, char *room)
{
        for (size_t i = 0; i < sizeof(strings[0]) && text[0] && text[1]; i++, text += 2) {
                const char pair[] = {text[0], text[1], '\0'};
                room[i] = (char)strtoul(pair, NULL, 16);
        }
}

static long argument(const char *text, char *room)
{
        if (strcmp(text, "z") == 0)
                return (long)(uintptr_t)zeros;
        if (strcmp(text, "self") == 0)
                return getpid();
        if (strcmp(text, "pidfd") == 0)
                return pidfd_open(getpid(), 0);
        if (strcmp(text, "tcp") == 0)
                return socket(AF_INET, SOCK_STREAM, 0);
        if (strncmp(text, "x:", 2) == 0) {
                read_bytes(text + 2, room);
                return (long)(uintptr_t)room;
        }
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
        const char *wait = NULL, *user = NULL;
        int option, stay = 0, trace = 0;
        long result = 0;
        while ((option = getopt(count, words, "+r:t:f:w:u:n:o3ks")) != -1) {
                if (option == 'r')
                        times = strtoul(optarg, NULL, 0);
                else if (option == 't')
                        threads = strtoul(optarg, NULL, 0);
                else if (option == 'f')
                        forks = strtoul(optarg, NULL, 0);
                else if (option == 'w')
                        wait = optarg;
                else if (option == 'u')
                        user = optarg;
                else if (option == 'n')
                        answer = optarg;
                else if (option == 'o')
                        one_filtered = 1;
                else if (option == 'k')
                        trace = 1;
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
        if (user)
                become((unsigned)strtoul(user, NULL, 0));
        if (answer)
                begin_listening();
        if (trace)
                begin_tracing();
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
