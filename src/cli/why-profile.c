/* SPDX-License-Identifier: Apache-2.0 */
/* Which profile a container's filter is, if it is one that is known. */
#include <stdlib.h>
#include <string.h>

#include "cli/audit-live.h"
#include "cli/why-live.h"

#define DOCKER_KNOWS_ALL 24u /* the first Docker that knows CAP_PERFMON and what is newer */

static uint64_t grantable_by(const struct cf_engine *engine)
{
        unsigned newer;
        if (strcmp(engine->name, "Docker") != 0 || !engine->version ||
            strtoul(engine->version, NULL, 10) >= DOCKER_KNOWS_ALL ||
            !cf_capability_number(cf_span_of("CAP_PERFMON"), &newer))
                return UINT64_MAX;
        return (UINT64_C(1) << newer) - 1;
}

/* The profile that it was made with, as written. 1: none is known. */
static int read_profile(struct cf_why_live *live, const struct cf_prove_target *target,
                        struct cf_profile_input *input, struct cf_error *err)
{
        struct cf_profile_job *job = &live->why->job;
        const struct cf_setting *last = NULL;
        struct cf_source *source;
        for (size_t i = 0; i < target->setting_count; i++)
                if (target->settings[i].kind == CF_SETTING_SECURITY_OPT)
                        last = &target->settings[i];
        if (target->container->privileged || (last && !last->profile_json))
                return 1;
        if (!last) {
                live->known_words = target->by_default.words;
                return cf_profile_job_read(job, target->by_default.profile->name, input, err);
        }
        live->known_words = cf_arena_printf(job->arena, "the profile of container '%s'",
                                            target->container->name);
        input->name = input->base = live->known_words; /* it is no name that can be read again */
        int r = cf_source_from(job->arena, "profile.json", cf_span_of(last->profile_json), &source,
                               err);
        if (r == 0)
                r = cf_profile_read(job->arena, source, &input->profile, err);
        return r;
}

/* Without what a mark changes: nobody makes a call with that argument. Of a 32-bit program's call
 * its lower half alone is seen. */
static cf_policy unmarked(const struct cf_why_live *live, cf_policy policy)
{
        struct cf_policies *all = live->why->job.all;
        return live->mark
                       ? cf_policy_choose(
                                 all, cf_policy_equal(all, cf_slice_word(3), (uint32_t)live->mark),
                                 cf_policy_constant(all, CF_ALLOW), policy)
                       : policy;
}

/* What runtimes make of it: the one that is the live policy is what was loaded. */
static bool is_loaded(struct cf_why_live *live, struct cf_profile_input *input, cf_policy policy)
{
        static const enum cf_profile_as meanings[] = {CF_PROFILE_RUNC, CF_PROFILE_CRUN,
                                                      CF_PROFILE_WRITTEN};
        for (size_t i = 0; i < CF_COUNT(meanings); i++) {
                struct cf_error broken = {0};
                if (cf_profile_job_work_out(&live->why->job, input, meanings[i], &broken) == 0 &&
                    unmarked(live, input->policy) == unmarked(live, policy))
                        return true;
        }
        return false;
}

int cf_why_use(struct cf_why_live *live, const struct cf_profile_input *profile, const char *words,
               struct cf_error *err)
{
        struct cf_error none = {0};
        live->known = *profile;
        live->known_words = words;
        live->given = true;
        live->capabilities = live->why->job.circumstances.capabilities;
        if (cf_profile_job_work_out(&live->why->job, &live->known, CF_PROFILE_LOADED, &none) == 0)
                return 0;
        live->known = *profile;
        return cf_profile_job_work_out(&live->why->job, &live->known, CF_PROFILE_WRITTEN, err);
}

bool cf_why_is_known(struct cf_why_live *live, cf_policy policy)
{
        struct cf_profile_input other = live->known;
        if (!live->known.profile)
                return false;
        if (unmarked(live, live->known.policy) == unmarked(live, policy))
                return true;
        if (!live->given || !is_loaded(live, &other, policy))
                return false;
        live->known = other; /* another runtime than the usual one loaded it */
        live->given = false;
        return true;
}

int cf_why_profile_of(struct cf_why_live *live, const struct cf_prove_target *target,
                      cf_policy policy, struct cf_error *err)
{
        struct cf_profile_input input = {0};
        live->name = target->container->name;
        live->grantable = grantable_by(target->engine);
        live->capabilities = cf_audit_capabilities(target->container);
        live->why->job.circumstances.capabilities = live->capabilities;
        if (live->known.profile)
                return 0;
        int r = read_profile(live, target, &input, err);
        if (r != 0)
                return r < 0 ? r : 0;
        if (policy == CF_POLICY_NONE || !is_loaded(live, &input, policy)) {
                live->known_words = NULL;
                return 0;
        }
        live->known = input;
        if (input.base == live->known_words)
                live->known.base = NULL;
        return 0;
}

cf_policy cf_why_policy_of(struct cf_why_live *live, pid_t pid)
{
        struct cf_kernel_process process;
        struct cf_error gone = {0};
        cf_policy policy;
        if (pid <= 0 || cf_kernel_process_read(live->live.reader, pid, 0, &process, &gone) < 0 ||
            cf_live_policy(&live->live, &process.threads[0], &policy, &gone) < 0)
                return CF_POLICY_NONE;
        return policy;
}
