/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel enforces, as policies, and what it is measured by. Shared by prove and audit;
 * private to cli/. */
#pragma once

#include "base/map.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "policy/policy.h"
#include "profile/profile.h"

struct cf_live {
        struct cf_arena *arena;
        struct cf_policies *all;
        struct cf_kernel_reader *reader;
        /* The programs of a thread → their policy, each lifted once; NULL: none yet. They belong to
         * `all`: forget them with it. */
        struct cf_map *stacks;
};

/* The policy of a thread's filters together, normalised; without a filter every call is allowed. */
int cf_live_policy(struct cf_live *live, const struct cf_kernel_thread *thread,
                   cf_policy *ret_policy, struct cf_error *err);

/* Whether every call that the machine's architecture has is always allowed. */
bool cf_live_allows_all(struct cf_policies *all, const struct cf_arch *machine, cf_policy policy);

/* Holds for calls that the machine can make: of its own architecture, x32 included, and of the one
 * of half its size that its kernel runs as well, whose arguments have 32 bits. What a filter says
 * of others is never asked. */
cf_policy cf_live_possible(struct cf_policies *all, const struct cf_arch *machine);

/* The default profile of an engine. */
struct cf_live_default {
        const struct cf_profile_default *profile;
        bool known;              /* by the engine's version; false: the newest of its kind */
        bool newer;              /* the engine is newer than what is known */
        const char *words;       /* "the default of Docker 20.10.24" */
        const char *short_words; /* "Docker 20.10 default" */
};

/* `engine` NULL: not known, Docker's newest. 0 or -ENOMEM. */
int cf_live_default(struct cf_arena *arena, const struct cf_engine *engine,
                    struct cf_live_default *ret_default);
