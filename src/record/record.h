/* SPDX-License-Identifier: Apache-2.0 */
/* What a workload did → the policy that lets it do that and no more.
 *
 * An observation is a set of calls with counts, wherever they were counted: by the kernel while the
 * workload ran, or in a file of an earlier run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/source.h"
#include "base/text.h"
#include "policy/policy.h"
#include "profile/profile.h"
#include "syscalls/syscalls.h"

/* ---- what was seen ------------------------------------------------------------------------------
 */

#define CF_SEEN_CALLS_MAX ((size_t)1 << 16)  /* calls of one observation; more: -E2BIG */
#define CF_SEEN_VALUES_MAX ((size_t)1 << 20) /* values of one observation; more: -E2BIG */
#define CF_SEEN_FILE_MAX ((size_t)16 << 20)  /* bytes of a file; more: -EFBIG */

/* A value of an argument (as many bits as the kernel looks at), and how often it was there. */
struct cf_seen_value {
        uint8_t arg;
        uint64_t value;
        uint64_t count;
};

enum cf_seen_by {
        CF_SEEN_WORKLOAD, /* by the workload itself */
        CF_SEEN_RUNTIME,  /* by the runtime, under the filter and before the workload's execve */
};

/* A call of an architecture (number as a filter sees it). */
struct cf_seen_call {
        const struct cf_arch *arch;
        uint32_t nr;
        uint64_t count[2]; /* by enum cf_seen_by: times that it was let through */
        uint64_t refused;  /* times that a filter refused it */
        unsigned runs;     /* runs that it was seen in, of cf_observation.runs */
        /* Values of the arguments that decide (cf_argument_decides), ascending by argument, then
         * value. Bit i of `open`: argument i has values that are not listed. */
        const struct cf_seen_value *values;
        size_t value_count;
        uint8_t open;
        /* clone3 alone: its argument is a pointer, so the values are the flags behind it. Its count
         * may be more than theirs: some were not readable. */
};

struct cf_observation {
        const struct cf_seen_call *calls; /* ascending by architecture (as cf_arch_at), number */
        size_t call_count;
        unsigned runs;       /* that were put together */
        uint64_t lost;       /* calls that could not be counted; 0: complete */
        bool late;           /* of some run the beginning was not seen */
        const char *runtime; /* "runc 1.1.5": whose calls CF_SEEN_RUNTIME are; NULL: nobody's, or
                              * not of one alone */
};

/* Sorts, joins and checks calls in any order; those without any count go. All in the arena. -E2BIG,
 * -ENOMEM. */
int cf_observation_make(struct cf_arena *arena, const struct cf_seen_call *calls, size_t count,
                        struct cf_observation *ret_observation, struct cf_error *err);

/* Several together: counts and runs added up. */
int cf_observation_join(struct cf_arena *arena, const struct cf_observation *all, size_t count,
                        struct cf_observation *ret_observation, struct cf_error *err);

/* As a JSON document (schema "confined-observation-1"), and back. -EINVAL and the place; -EFBIG,
 * -E2BIG, -ENOMEM. */
void cf_observation_put(struct cf_json_writer *json, const struct cf_observation *observation);
int cf_observation_read(struct cf_arena *arena, const struct cf_source *source,
                        struct cf_observation *ret_observation, struct cf_error *err);

/* ---- how much may be missing
 * --------------------------------------------------------------------- */

/* Estimates of species richness, from how often each call was seen. Sources: Good, The population
 * frequencies of species, 1953; Chao, Nonparametric estimation of the number of classes, 1984. */
struct cf_estimate {
        uint64_t total;   /* calls made */
        size_t kinds;     /* different ones */
        size_t singles;   /* seen once */
        double unseen;    /* Good–Turing: how likely the next call is of a kind not seen yet */
        double all_kinds; /* Chao1: how many kinds there are at least */
};
void cf_observation_estimate(const struct cf_observation *observation,
                             struct cf_estimate *ret_estimate);

/* ---- the policy
 * ---------------------------------------------------------------------------------- */

enum cf_record_base {
        CF_RECORD_NONE,    /* what was seen, and nothing else */
        CF_RECORD_ADD,     /* the base, and what was seen besides */
        CF_RECORD_TIGHTEN, /* of the base, what was seen */
};

struct cf_record_options {
        enum cf_record_base base;
        cf_policy policy;              /* the base's, for ADD and TIGHTEN */
        const struct cf_arch *machine; /* covered in any case */
        bool arguments; /* also ask for arguments, where those that were seen are few */
        bool refused;   /* let through what was refused, too */
        bool started;   /* by a container's runtime: with what that may call by chance */
};

#define CF_RECORD_VALUES_MAX 16u /* values of one argument that a rule lists; more: any */

/* What the workload, and before it the runtime, needs; and what the kernel has any thread call (the
 * return from a signal, say). clone3 is never let through, unless by the base: it gets ENOSYS, and
 * clone is let through in its place, with the flags that clone3 had, or where these are not known
 * without new namespaces. Calls that were not seen are refused
 * with EPERM; with ENOSYS those that programs do without then (cf_syscall.fallback). Architectures
 * of which nothing was seen are not covered (KILL_THREAD), but with ADD as in the base. 0, or as
 * cf_policies_check. */
int cf_record_policy(struct cf_policies *all, const struct cf_observation *observation,
                     const struct cf_record_options *options, cf_policy *ret_policy,
                     struct cf_error *err);

/* Adds why a profile that was made from an observation says something of a call: who made it, and
 * with which values. Nothing is added when there is no reason. `base`: what to name the base's own
 * rules by; NULL: there is none. */
void cf_record_reason(const struct cf_observation *observation, const char *base,
                      const struct cf_syscall *call, struct cf_text *out);

/* The calls that the observation needs and the policy does not let through (with some of the
 * arguments seen): indexes into observation->calls, in the arena. */
int cf_record_missing(struct cf_policies *all, struct cf_arena *arena,
                      const struct cf_observation *observation, cf_policy policy,
                      size_t **ret_missing, size_t *ret_count, struct cf_error *err);
