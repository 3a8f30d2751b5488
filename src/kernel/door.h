/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kernel/: a listener of user notification, and what is asked through it. */
#pragma once

#include "kernel/kernel.h"

struct cf_kernel_door {
        int listener; /* -1: none yet */
        size_t request_size, response_size;
        struct seccomp_notif *request;
        struct seccomp_notif_resp *response;
        size_t held; /* calls that were taken in and are not answered yet */
};

/* Makes one ready for a listener. Undo by cf_door_close, whatever this returns. 0; -ENOSYS or
 * -EINVAL: the kernel has no user notification; -ENOMEM. */
int cf_door_open(struct cf_kernel_door *door, struct cf_error *err);
void cf_door_close(struct cf_kernel_door *door);

/* Takes in the next call. False: its caller was killed meanwhile. */
bool cf_door_receive(struct cf_kernel_door *door, struct cf_kernel_call *ret_call);
