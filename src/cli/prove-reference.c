/* SPDX-License-Identifier: Apache-2.0 */
/* What subjects of `confined prove` are compared with. */
#include <string.h>

#include "cli/prove.h"

/* "default" is the default of the engine that made the container, in its version. */
static const char *name_for(const struct cf_prove *prove, const struct cf_prove_subject *subject)
{
        if (strcmp(prove->against_base, "default") != 0)
                return prove->against_base;
        return subject->target->by_default.profile ? subject->target->by_default.profile->name
                                                   : "docker";
}

/* Reads what is compared with, when it lives. Its threads must agree. */
static int read_live(struct cf_prove *prove, struct cf_error *err)
{
        struct cf_prove_subject subject;
        struct cf_kernel_process process;
        const struct cf_prove_target *target = prove->against_live;
        int r = cf_prove_read(prove, target, &subject, err);
        if (r == 0 && subject.groups.count > 1)
                r = cf_error_set(err, -EINVAL, NULL,
                                 "its threads have %zu different policies: see confined prove "
                                 "%s, and name the PID of one",
                                 subject.groups.count, target->name);
        if (r == 0)
                r = cf_kernel_process_read(prove->live.reader,
                                           subject.groups.items[0].members.items[0].pid, 0,
                                           &process, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "--against %s", target->name);
        prove->against_thread = &process.threads[0];
        return 0;
}

int cf_prove_reference_read(struct cf_prove *prove, struct cf_error *err)
{
        if (prove->against_live)
                return read_live(prove, err);
        bool any = strcmp(prove->against_base, "default") == 0;
        int r = cf_profile_job_read(&prove->job, any ? "docker" : prove->against_base,
                                    &prove->input, err);
        return r < 0 ? cf_error_doing(err, r, NULL, "--against %s", prove->against) : 0;
}

/* ---- meanings ---------------------------------------------------------------------------------
 */

/* What is tried, in this order: the first that is what the subject has is what it was given; when
 * none is, it is compared with the first. A runtime made the filters of a container, and an
 * engine's own profile is for containers; another process may be under a file as it is written. */
static const enum cf_profile_as by_runc[] = {CF_PROFILE_RUNC, CF_PROFILE_CRUN, CF_PROFILE_WRITTEN};
static const enum cf_profile_as by_crun[] = {CF_PROFILE_CRUN, CF_PROFILE_RUNC, CF_PROFILE_WRITTEN};
static const enum cf_profile_as by_none[] = {CF_PROFILE_WRITTEN, CF_PROFILE_RUNC, CF_PROFILE_CRUN};
#define MEANINGS 3u

static const enum cf_profile_as *meanings_for(const struct cf_prove *prove,
                                              const struct cf_prove_subject *subject)
{
        const struct cf_profile_default *engine = subject->target->by_default.profile;
        const struct cf_profile_default *named = cf_profile_default(prove->input.base);
        if (!subject->target->image) /* a process: it may be one of a container's or not */
                engine = named;
        if (!engine)
                return by_none;
        return strncmp(engine->name, "podman", 6) == 0 ? by_crun : by_runc;
}

/* The input under some capabilities, worked out once. */
static int work_out(struct cf_prove *prove, uint64_t capabilities, enum cf_profile_as as,
                    struct cf_error *err)
{
        struct cf_profile_input *input = &prove->input;
        for (size_t i = 0; i < prove->meanings.count; i++) {
                const struct cf_prove_meaning *known = &prove->meanings.items[i];
                if (known->capabilities != capabilities || known->as != as ||
                    strcmp(known->base, input->base) != 0)
                        continue;
                if (known->broken) {
                        cf_error_copy(err, known->broken);
                        return known->broken->code;
                }
                input->policy = known->policy;
                input->loaded = known->loaded;
                return 0;
        }
        prove->job.circumstances.capabilities = capabilities;
        struct cf_error *broken = cf_arena_one(prove->job.arena, struct cf_error);
        if (!broken)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = cf_profile_job_work_out(&prove->job, input, as, broken);
        struct cf_prove_meaning one = {input->base,   capabilities,  as,
                                       input->policy, input->loaded, r < 0 ? broken : NULL};
        if (r < 0) {
                input->loaded = NULL;
                cf_error_copy(err, broken);
        }
        if (cf_vec_push(prove->job.arena, &prove->meanings, one) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return r;
}

/* The first of the meanings that the subject has, or the first. */
static int choose(struct cf_prove *prove, const struct cf_prove_subject *subject,
                  uint64_t capabilities, struct cf_error *err)
{
        const enum cf_profile_as *meanings = meanings_for(prove, subject);
        cf_policy has = subject->groups.items[0].policy;
        uint32_t value;
        for (size_t i = 0; i < MEANINGS; i++) {
                struct cf_error other = {0};
                int r = work_out(prove, capabilities, meanings[i], i == 0 ? err : &other);
                if (r < 0 && i == 0)
                        return r;
                /* One who allows (or refuses) everything is under no reading of a profile. */
                if (r == 0 && (prove->input.policy == has ||
                               cf_policy_is_constant(prove->job.all, has, &value)))
                        return 0;
        }
        return work_out(prove, capabilities, meanings[0], err);
}

int cf_prove_reference(struct cf_prove *prove, const struct cf_prove_subject *subject,
                       cf_policy *ret_policy, struct cf_error *err)
{
        const char *name = name_for(prove, subject);
        uint64_t capabilities = subject->capabilities & CF_CAPABILITIES_ALL;
        int r = 0;
        if (prove->against_live)
                return cf_live_policy(&prove->live, prove->against_thread, ret_policy, err);
        if (strcmp(prove->input.base, name) != 0)
                r = cf_profile_job_read(&prove->job, name, &prove->input, err);
        if (r == 0 && (prove->against_as_given || !prove->input.profile))
                r = work_out(prove, capabilities, prove->against_as, err);
        else if (r == 0)
                r = choose(prove, subject, capabilities, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "--against %s", prove->against);
        *ret_policy = prove->input.policy;
        return 0;
}
