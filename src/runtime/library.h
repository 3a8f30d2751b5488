/* SPDX-License-Identifier: Apache-2.0 */
/* libseccomp, loaded when it is first asked for. Private to runtime/. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "runtime/runtime.h"

/* Source of the interface: seccomp.h of libseccomp 2.5, and its man pages. */
struct library_condition {
        unsigned arg;
        int op; /* enum cf_operator has the same numbers */
        uint64_t a, b;
};

#define LIBRARY "libseccomp.so.2"
#define LIBRARY_NO_CALL (-1) /* __NR_SCMP_ERROR */

enum library_attribute { LIBRARY_NO_NEW_PRIVILEGES = 3, LIBRARY_OPTIMIZE = 8 };

struct library {
        const struct cf_runtime_version *(*version)(void); /* struct scmp_version is alike */
        uint32_t (*arch_native)(void);
        void *(*init)(uint32_t action);
        int (*arch_add)(void *filter, uint32_t arch);
        int (*arch_remove)(void *filter, uint32_t arch);
        int (*attr_set)(void *filter, int attribute, uint32_t value);
        int (*syscall_resolve_name)(const char *name);
        int (*syscall_resolve_name_arch)(uint32_t arch, const char *name);
        int (*rule_add_array)(void *filter, uint32_t action, int call, unsigned count,
                              const struct library_condition *conditions);
        int (*export_bpf)(const void *filter, int fd);
};

/* The library of this file; the same file is loaded once and stays. -ENOENT: it cannot be loaded,
 * and err says why. */
int library_load(const char *file, struct library *ret_library, struct cf_error *err);
