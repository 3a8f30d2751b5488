/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kernel/: loading a filter into this thread. */
#pragma once

#include "kernel/kernel.h"

/* Sets no_new_privs and loads the filter. What seccomp(2) gives (with
 * SECCOMP_FILTER_FLAG_NEW_LISTENER a descriptor), or a negative errno. Calls nothing but the
 * kernel: once it is back, the filter may refuse anything. */
int cf_kernel_load(const struct cf_kernel_command *command, unsigned flags);

/* Says why it failed. Returns `code`. */
int cf_kernel_load_failed(int code, struct cf_error *err);
