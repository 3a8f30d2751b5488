/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: classic BPF programs as seccomp(2) takes them. */
#ifndef CONFINED_FILTER_H
#define CONFINED_FILTER_H

#include <confined/policy.h>

#include <linux/filter.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Immutable, of 1 to 4096 instructions that the kernel would take. Belongs to a context. */
struct confined_filter;

/* Takes a program: bytes of a struct sock_filter[], as `bwrap --seccomp` takes them and
 * PTRACE_SECCOMP_GET_FILTER gives them; they are copied and need not be aligned. -EINVAL: the
 * kernel would refuse it, and confined_error names the instruction and the reason. */
int confined_filter_from_bytes(struct confined_context *context, const void *bytes, size_t size,
                               const struct confined_filter **ret_filter);

/* The instructions, and how many there are. */
const struct sock_filter *confined_filter_code(const struct confined_filter *filter,
                                               size_t *ret_count);

/* What the filter returns for a call. */
uint32_t confined_filter_run(const struct confined_filter *filter,
                             const struct confined_call *call);

/* The policy that the filter is, exactly. -E2BIG: it computes with several words of a call at once
 * in more ways than can be followed. */
int confined_filter_lift(const struct confined_filter *filter,
                         const struct confined_policy **ret_policy);

/* A filter that is exactly the policy: few comparisons a call, and calls that are always allowed
 * are recognised by the kernel (5.11 and later), which then does not run the filter for them. The
 * result was lifted and compared with the policy. -E2BIG: more than 4096 instructions. */
int confined_policy_emit(const struct confined_policy *policy,
                         const struct confined_filter **ret_filter);

/* The program as text, an instruction a line. NULL: no memory. */
const char *confined_filter_text(const struct confined_filter *filter);

#ifdef __cplusplus
}
#endif
#endif
