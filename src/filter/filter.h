/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp filters: classic BPF programs over one system call, as the kernel takes them.
 *
 * Words of a call are read as on a little-endian machine (the lower half of an argument first).
 * All functions are thread-safe for distinct arguments. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "base/text.h"
#include "policy/policy.h"
#include "syscalls/syscalls.h"

#define CF_FILTER_MAX 4096u /* instructions, the kernel's BPF_MAXINSNS */

struct cf_filter {
        const struct sock_filter *code;
        size_t count;
};

/* Cuts raw bytes (as `bwrap --seccomp` takes them and PTRACE_SECCOMP_GET_FILTER gives them) into
 * instructions, copied into the arena. -EINVAL: no whole number of instructions, none, or more
 * than CF_FILTER_MAX; -ENOMEM. */
int cf_filter_from_bytes(struct cf_arena *arena, struct cf_span bytes, struct cf_filter *ret_filter,
                         struct cf_error *err);

/* Whether the kernel would take the program. 0, or -EINVAL and err names the first instruction
 * that it would refuse, and why; -ENOMEM. */
int cf_filter_check(struct cf_filter filter, struct cf_error *err);

/* The machine after one instruction. */
struct cf_step {
        uint32_t at;   /* the instruction */
        uint32_t next; /* the one that follows; at a return: itself */
        uint32_t a, x;
        const uint32_t *memory; /* 16 words; those never stored are 0 */
};

/* What the filter, which must have passed cf_filter_check, returns for a call. Calls trace, unless
 * NULL, after every instruction. *ret_steps, unless NULL, is the number of instructions run. */
uint32_t cf_filter_run(struct cf_filter filter, const struct cf_call *call,
                       void (*trace)(void *context, const struct cf_step *step), void *context,
                       uint32_t *ret_steps);

/* Whether the kernel (5.11 and later) finds by itself that the filter allows this call whatever
 * its arguments, and then never runs the filter for it again. */
bool cf_filter_is_known_allowed(struct cf_filter filter, uint32_t arch, uint32_t nr);

/* Limits of lifting, each a refusal with -E2BIG. */
#define CF_LIFT_STATES_MAX (1u << 16)         /* machine states that are told apart */
#define CF_LIFT_VALUES_MAX (1u << 14)         /* values that one computed return can have */
#define CF_LIFT_STEPS_MAX (UINT64_C(1) << 25) /* steps of building the policy */

/* The policy that a filter is, exactly, whatever instructions it uses. -EINVAL: the kernel would
 * refuse the program, as cf_filter_check; -E2BIG: over a limit (programs that compute with several
 * words at once), err names the instruction that was too much; -ENOMEM. */
int cf_filter_lift(struct cf_policies *all, struct cf_filter filter, cf_policy *ret_policy,
                   struct cf_error *err);

/* How often calls are made, for cf_filter_emit. */
struct cf_weights {
        /* The weight of a call, from 0 to 1,000,000. `cached` tells that the kernel will know it as
         * allowed and (from 5.11 on) not run the filter. NULL: the default below. */
        uint32_t (*weigh)(void *context, const struct cf_arch *arch, uint32_t nr, bool cached);
        void *context;
};

/* The weights by default: every call of the tables alike, but what the kernel must run the filter
 * for three times as much. The native architecture comes first. */
#define CF_WEIGHT_CACHED 1u
#define CF_WEIGHT_RUN 3u

/* A filter, in the arena, that is exactly the policy: architecture and number are decided first, by
 * the fewest comparisons on average, and then arguments. Calls that are always allowed (the value
 * must be CF_ALLOW to the bit) are known to the kernel as such, see cf_filter_is_known_allowed.
 * The result was lifted and compared with the policy. `weights` may be NULL. -E2BIG: more than
 * CF_FILTER_MAX instructions, or the policy is too complex; -ENOMEM. */
int cf_filter_emit(struct cf_policies *all, cf_policy policy, const struct cf_weights *weights,
                   struct cf_arena *arena, struct cf_filter *ret_filter, struct cf_error *err);

/* Adds the program as text, an instruction a line: number, what it does in a C-like notation with
 * names of architectures, calls and actions, and where it goes on when that is not the next line.
 * Any bytes can be printed, also a program that the kernel would refuse. */
void cf_filter_print(struct cf_text *text, struct cf_filter filter);

/* The same, with a remark of one line behind each instruction; NULL: none. */
void cf_filter_print_noted(struct cf_text *text, struct cf_filter filter, const char *const *notes);

/* Runs a filter, which must have passed cf_filter_check, as cf_filter_run does, and adds a line for
 * every instruction that is run: as cf_filter_print says it, then what it did, "a = 0x29 (socket)",
 * "yes" and "no". */
uint32_t cf_filter_print_run(struct cf_text *text, struct cf_filter filter,
                             const struct cf_call *call, uint32_t *ret_steps);
