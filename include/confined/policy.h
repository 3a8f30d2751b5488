/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: evaluating, joining, comparing. */
#ifndef CONFINED_POLICY_H
#define CONFINED_POLICY_H

#include <confined/context.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Immutable. Belongs to a context; functions of two policies take them from one context. */
struct confined_policy;

/* One call; the layout is that of the kernel's struct seccomp_data. */
struct confined_call {
        uint32_t nr;   /* on x32 with bit 30 set */
        uint32_t arch; /* AUDIT_ARCH_* of linux/audit.h */
        uint64_t ip;
        uint64_t args[6];
};

/* Values are those of linux/seccomp.h: SECCOMP_RET_* with the action's data in the lower half. */

/* ---- calls and values by name --------------------------------------------------------------- */

/* The number and token of a call on an architecture ("x86_64", "i386", "x32", "aarch64", "arm", …;
 * also "amd64" and "SCMP_ARCH_X86_64"; NULL: the one that the library is built for); its
 * arguments become 0. False: no such architecture or call. Source: the kernel's tables, of the
 * release that confined_syscalls_kernel names. */
bool confined_call_by_name(const char *architecture, const char *name,
                           struct confined_call *ret_call);

/* Names of a call and of its architecture; NULL: no name is known. Static. */
const char *confined_call_name(const struct confined_call *call);
const char *confined_call_architecture(const struct confined_call *call);

/* The kernel release whose tables these are, "v6.17". Static. */
const char *confined_syscalls_kernel(void);

/* "socket(0x100000028, 0, 0)", with "i386:" in front when that is not the native architecture.
 * NULL: no memory. */
const char *confined_call_text(struct confined_context *context, const struct confined_call *call);

/* What a value does: "allowed", "EPERM", "process killed". NULL: no memory. */
const char *confined_value_text(struct confined_context *context, uint32_t value);

/* ---- looking -------------------------------------------------------------------------------- */

/* What a call gets. */
uint32_t confined_policy_value(const struct confined_policy *policy,
                               const struct confined_call *call);

/* Whether two policies have the same effect on every call. (Data that the kernel ignores does not
 * count.) */
bool confined_policy_equal(const struct confined_policy *a, const struct confined_policy *b);

/* Whether no call is treated less strictly by a than by b: 1 yes; 0 no, and *ret_witness (may be
 * NULL) is a call that shows it; or negative. How strict an action is: KILL_PROCESS, KILL_THREAD,
 * TRAP, ERRNO, USER_NOTIF, TRACE, LOG, ALLOW, the strictest first. */
int confined_policy_as_strict(const struct confined_policy *a, const struct confined_policy *b,
                              struct confined_call *ret_witness);

/* ---- joining -------------------------------------------------------------------------------- */

/* What the kernel does with both filters installed. */
int confined_policy_stack(const struct confined_policy *newer, const struct confined_policy *older,
                          const struct confined_policy **ret_policy);
/* For each call the stricter, the looser answer of the two. */
int confined_policy_intersection(const struct confined_policy *a, const struct confined_policy *b,
                                 const struct confined_policy **ret_policy);
int confined_policy_union(const struct confined_policy *a, const struct confined_policy *b,
                          const struct confined_policy **ret_policy);

/* ---- comparing ------------------------------------------------------------------------------ */

/* Every difference of two policies; what is not among them is equal. */
struct confined_differences;

/* One of them: calls of one architecture, with one number or numbers without a name, that get
 * another answer under a condition on their arguments. */
struct confined_difference {
        size_t size;              /* sizeof(struct confined_difference), set by the caller */
        const char *architecture; /* NULL: one or more without a name; the witness has one */
        const char *call;         /* NULL: numbers without a name */
        uint32_t nr_first, nr_last;
        const char *condition;        /* "family == 40 (AF_VSOCK)", "always" */
        uint32_t value_a, value_b;    /* what the two policies answer */
        struct confined_call witness; /* a call that shows it */
};
#define CONFINED_DIFFERENCE_INIT                                                  \
        {                                                                         \
                sizeof(struct confined_difference), NULL, NULL, 0, 0, NULL, 0, 0, \
                {                                                                 \
                        0, 0, 0,                                                  \
                        {                                                         \
                                0, 0, 0, 0, 0, 0                                  \
                        }                                                         \
                }                                                                 \
        }

/* Compares by effect, as confined_policy_equal. In the order of architectures' tokens, then of
 * numbers. */
int confined_policy_compare(const struct confined_policy *a, const struct confined_policy *b,
                            const struct confined_differences **ret_differences);

size_t confined_differences_count(const struct confined_differences *differences);

/* The i-th, from 0. -ERANGE: there is none; -EINVAL: `size` is not set; -ENOMEM. */
int confined_differences_get(const struct confined_differences *differences, size_t i,
                             struct confined_difference *difference);

#ifdef __cplusplus
}
#endif
#endif
