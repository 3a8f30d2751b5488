/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as the kernel hands them over, and their answers. */
#include "kernel/door.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/command.h"

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE /* since Linux 5.5 */
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE (1UL << 0)
#endif

/* ---- killing -------------------------------------------------------------------------------- */

struct victim {
        int process; /* its number; 0: not known */
        bool dies_of_sigsys;
};

/* Whether the last of some numbers is 1. */
static bool is_first(const char *numbers)
{
        unsigned long last = 0;
        char *end;
        for (unsigned long n; n = strtoul(numbers, &end, 10), end != numbers; numbers = end)
                last = n;
        return last == 1;
}

/* What /proc says of the thread's process. */
static struct victim look_at(pid_t tid)
{
        struct victim victim = {0, true};
        unsigned long long set;
        char path[64], line[256], name[8];
        snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
        CF_FCLOSE FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file)) {
                if (strncmp(line, "Tgid:", 5) == 0)
                        victim.process = (int)strtol(line + 5, NULL, 10);
                /* The first process of a namespace: other signals are kept from it. */
                else if (strncmp(line, "NStgid:", 7) == 0 && is_first(line + 7))
                        victim.dies_of_sigsys = false;
                /* Sixteen digits cannot overflow. NOLINTNEXTLINE(cert-err34-c) */
                else if (sscanf(line, "%6[A-Za-z]: %16llx", name, &set) == 2 &&
                         (strcmp(name, "SigBlk") == 0 || strcmp(name, "SigIgn") == 0 ||
                          strcmp(name, "SigCgt") == 0) &&
                         set >> (SIGSYS - 1) & 1)
                        victim.dies_of_sigsys = false;
        }
        return victim;
}

/* The signal is there before the call comes back: no instruction of the program runs any more. */
static void kill_caller(const struct cf_kernel_call *call)
{
        struct victim victim = call->tid ? look_at(call->tid) : (struct victim){0};
        /* Still waiting, so what was read was of this thread and not of a later one. */
        if (!victim.process || !cf_kernel_call_waits(call))
                return;
        if (victim.dies_of_sigsys)
                syscall(SYS_tgkill, victim.process, call->tid, SIGSYS);
        else
                kill(victim.process, SIGKILL);
}

/* ---- calls ---------------------------------------------------------------------------------- */

bool cf_door_receive(struct cf_kernel_door *door, struct cf_kernel_call *ret_call)
{
        memset(door->request, 0, door->request_size); /* the kernel insists */
        if (ioctl(door->listener, SECCOMP_IOCTL_NOTIF_RECV, door->request) < 0)
                return false;
        *ret_call = (struct cf_kernel_call){
                .door = door,
                .id = door->request->id,
                .tid = (pid_t)door->request->pid,
                .data = door->request->data,
        };
        return true;
}

bool cf_kernel_call_waits(const struct cf_kernel_call *call)
{
        return ioctl(call->door->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0;
}

static int send(const struct cf_kernel_call *call, int error, uint32_t flags)
{
        struct cf_kernel_door *door = call->door;
        memset(door->response, 0, door->response_size);
        door->response->id = call->id;
        door->response->error = error;
        door->response->flags = flags;
        return ioctl(door->listener, SECCOMP_IOCTL_NOTIF_SEND, door->response) < 0 ? -errno : 0;
}

bool cf_kernel_call_answer(const struct cf_kernel_call *call, struct cf_kernel_answer answer)
{
        call->door->held--;
        if (answer.kill)
                kill_caller(call);
        if (!answer.kill && answer.run) {
                int r = send(call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
                if (r != -EINVAL)
                        return r == 0;
                answer.error = ENOSYS;
        }
        return send(call, answer.kill ? -ENOSYS : -(int)answer.error, 0) == 0;
}

/* ---- the door ------------------------------------------------------------------------------- */

int cf_door_open(struct cf_kernel_door *door, struct cf_error *err)
{
        struct seccomp_notif_sizes sizes;
        *door = (struct cf_kernel_door){.listener = -1};
        if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
                return cf_kernel_load_failed(-errno, err);
        /* Newer kernels may fill in more than these headers know. */
        door->request_size = sizes.seccomp_notif > sizeof(*door->request) ? sizes.seccomp_notif
                                                                          : sizeof(*door->request);
        door->response_size = sizes.seccomp_notif_resp > sizeof(*door->response)
                                      ? sizes.seccomp_notif_resp
                                      : sizeof(*door->response);
        door->request = calloc(1, door->request_size);
        door->response = calloc(1, door->response_size);
        return door->request && door->response
                       ? 0
                       : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

void cf_door_close(struct cf_kernel_door *door)
{
        cf_closep(&door->listener);
        free(door->request);
        free(door->response);
}
