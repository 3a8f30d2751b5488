/* SPDX-License-Identifier: Apache-2.0 */
/* Processes to look at: children under filters that are known, which answer when they live. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "unit.h"

/* A child, and a pipe each way: a byte that is sent comes back. */
struct target {
        pid_t pid;
        int to, from;
};

/* A filter that allows everything and that its number tells from others. */
static inline void numbered(struct sock_filter code[4], uint32_t number)
{
        code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
        code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
        code[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        code[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static inline void install_code(struct sock_filter *code, size_t count, unsigned flags)
{
        struct sock_fprog program = {(unsigned short)count, code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0)
                abort();
}

static inline void install(uint32_t number, unsigned flags)
{
        struct sock_filter code[4];
        numbered(code, number);
        install_code(code, CF_COUNT(code), flags);
}

/* The child's end: sends back whatever comes, until the parent has gone. */
static inline void echo(int in, int out)
{
        char byte;
        for (;;) {
                ssize_t got = read(in, &byte, 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0 || write(out, &byte, 1) != 1)
                        syscall(SYS_exit_group, 0);
        }
}

/* Starts a child that prepares itself and then answers. Returns when it does. */
static inline struct target target_start(void (*prepare)(void *context), void *context)
{
        int to[2], from[2];
        char byte = 'r';
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        assert_int_equal(pipe2(from, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(to[1]);
                close(from[0]);
                if (prepare)
                        prepare(context);
                if (write(from[1], &byte, 1) != 1)
                        syscall(SYS_exit_group, 1);
                echo(to[0], from[1]);
        }
        close(to[0]);
        close(from[1]);
        assert_int_equal(read(from[0], &byte, 1), 1);
        return (struct target){pid, to[1], from[0]};
}

static inline void target_answers(const struct target *target)
{
        char byte = 'x', answer = 0;
        assert_int_equal(write(target->to, &byte, 1), 1);
        assert_int_equal(read(target->from, &answer, 1), 1);
        assert_int_equal(answer, byte);
}

static inline void target_end(struct target *target)
{
        int status;
        kill(target->pid, SIGKILL);
        close(target->to);
        close(target->from);
        waitpid(target->pid, &status, __WALL); /* a reader may have seen its end already */
}

/* The letter behind State: in /proc/PID/status; 0 when it has gone. */
static inline char state_of(pid_t pid)
{
        char path[64], line[256], state = 0;
        snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        CF_FCLOSE FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (sscanf(line, "State: %c", &state) == 1)
                        break;
        return state;
}

static inline void nap(long microseconds)
{
        struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
        nanosleep(&time, NULL);
}

/* Waits, five seconds at most, until the process is in the state. */
static inline void wait_state(pid_t pid, char state)
{
        for (int i = 0; i < 5000 && state_of(pid) != state; i++)
                nap(1000);
        assert_int_equal(state_of(pid), state);
}

static inline void needs_root(void)
{
        if (getuid() != 0) {
                print_message("needs root: filters of other processes are shown to root alone\n");
                skip();
        }
}
