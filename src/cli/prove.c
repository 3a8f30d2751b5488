/* SPDX-License-Identifier: Apache-2.0 */
/* confined prove: what the kernel really enforces on processes and containers. */
#include "cli/prove.h"

#include <string.h>

#include "cli/engines.h"

#define PROVE_MEMORY ((size_t)1 << 30) /* of all that is read, and of what is said of it */
/* A hostile program's filters can be made to take much room: the next one starts afresh. */
#define NODES_KEPT (CF_POLICY_NODES_MAX / 2)

/* ---- verdicts ---------------------------------------------------------------------------------
 */

/* The policy with the upper halves of all arguments taken to be `value`. */
static cf_policy with_upper(struct cf_policies *all, cf_policy policy, uint32_t value)
{
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                policy = cf_policy_fix(all, policy, cf_slice_word(2 + 2 * arg), UINT32_MAX, value);
        return policy;
}

/* Alike for whatever upper halves where there can only be zeros in them: what is said of such calls
 * then does not speak of these. */
static cf_policy without_upper(struct cf_policies *all, cf_policy possible, cf_policy policy)
{
        cf_policy zeros = cf_policy_and(all, with_upper(all, possible, 0),
                                        cf_policy_not(all, with_upper(all, possible, UINT32_MAX)));
        return cf_policy_choose(all, zeros, with_upper(all, policy, 0), policy);
}

static int compare(struct cf_prove *prove, struct cf_prove_known *known, struct cf_error *err)
{
        struct cf_policies *all = prove->job.all;
        cf_policy possible = cf_live_possible(all, prove->job.circumstances.machine);
        cf_policy never = cf_policy_constant(all, CF_ALLOW);
        cf_policy here = cf_policy_choose(all, possible, known->policy, never);
        cf_policy there = cf_policy_choose(all, possible, known->reference, never);
        int strict = cf_policy_is_as_strict(all, here, there, NULL, err);
        int loose = strict < 0 ? strict : cf_policy_is_as_strict(all, there, here, NULL, err);
        if (loose < 0)
                return loose;
        known->as_strict = strict;
        if (here == there)
                known->relation = CF_PROVE_EQUAL;
        else if (strict == loose) /* looser here, stricter there; or other data of one action */
                known->relation = CF_PROVE_DIFFERENT;
        else
                known->relation = strict ? CF_PROVE_STRICTER : CF_PROVE_WEAKER;
        return cf_profile_job_differences(&prove->job, without_upper(all, possible, here),
                                          without_upper(all, possible, there), &known->items,
                                          &known->item_count, err);
}

/* What is known of this policy, worked out when it is new. */
static int look_up(struct cf_prove *prove, cf_policy policy, cf_policy reference,
                   struct cf_prove_known **ret_known, struct cf_error *err)
{
        for (size_t i = 0; i < prove->known.count; i++) {
                *ret_known = prove->known.items[i];
                if ((*ret_known)->policy == policy && (*ret_known)->reference == reference)
                        return 0;
        }
        struct cf_prove_known *known = cf_arena_one(prove->job.arena, struct cf_prove_known);
        if (!known)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        known->policy = policy;
        known->reference = reference;
        known->allows_all =
                cf_live_allows_all(prove->job.all, prove->job.circumstances.machine, policy);
        int r = reference == CF_POLICY_NONE ? 0 : compare(prove, known, err);
        if (r == 0 && cf_vec_push(prove->job.arena, &prove->known, known) < 0)
                r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        *ret_known = known;
        return r;
}

static int judge(struct cf_prove *prove, struct cf_prove_subject *subject, struct cf_error *err)
{
        cf_policy reference = CF_POLICY_NONE;
        int r = prove->against ? cf_prove_reference(prove, subject, &reference, err) : 0;
        for (size_t i = 0; r == 0 && i < subject->groups.count; i++) {
                struct cf_prove_group *group = &subject->groups.items[i];
                r = look_up(prove, group->policy, reference, &group->known, err);
                if (r < 0)
                        return r;
                group->verdict = group->mode == CF_KERNEL_OFF ? CF_PROVE_NO_FILTER
                                 : group->known->allows_all   ? CF_PROVE_ALLOWS_ALL
                                                              : CF_PROVE_FILTERS;
                if (prove->status == CF_EXIT_CLEAN &&
                    (group->verdict != CF_PROVE_FILTERS ||
                     (prove->against && !group->known->as_strict)))
                        prove->status = CF_EXIT_FINDINGS;
        }
        return r;
}

/* ---- the command ------------------------------------------------------------------------------
 */

/* Room for the next subject's policies. */
static int renew(struct cf_prove *prove, struct cf_error *err)
{
        if (prove->job.all && cf_policies_count(prove->job.all) < NODES_KEPT)
                return 0;
        prove->job.all = cf_policies_free(prove->job.all);
        prove->job.all = cf_policies_new(0);
        prove->live.all = prove->job.all;
        prove->live.stacks = NULL;
        prove->known.count = 0;
        prove->meanings.count = 0;
        return prove->job.all ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static int prove_one(struct cf_prove *prove, const struct cf_prove_target *target,
                     struct cf_error *err)
{
        struct cf_prove_subject subject;
        int r = renew(prove, err);
        if (r == 0)
                r = cf_prove_read(prove, target, &subject, err);
        if (r == 0)
                r = judge(prove, &subject, err);
        if (r == 0)
                r = cf_prove_print(prove, &subject, err);
        return r < 0 ? cf_error_doing(err, r, NULL, "proving '%s'", target->name) : 0;
}

static int prove_all(struct cf_prove *prove, struct cf_error *err)
{
        int r = cf_prove_find(prove, err);
        if (r == 0 && prove->against)
                r = cf_prove_reference_read(prove, err);
        if (r < 0)
                return r;
        cf_prove_print_open(prove);
        for (size_t i = 0; i < prove->targets.count; i++) {
                struct cf_error broken = {0};
                if (prove_one(prove, &prove->targets.items[i], &broken) == 0)
                        continue;
                cf_complain(&broken);
                prove->status = CF_EXIT_TROUBLE;
        }
        cf_prove_print_close(prove);
        return 0;
}

static int read_circumstances(struct cf_profile_job *job, struct cf_error *err)
{
        const char *format = cf_given_value(job->invocation, "format");
        job->json = format && strcmp(format, "json") == 0;
        if (format && !job->json && strcmp(format, "terminal") != 0)
                return cf_error_set(err, -EINVAL, NULL, "--format: '%s' is none of: terminal json",
                                    format);
        return cf_circumstances_here(&job->circumstances, err);
}

static int run_prove(const struct cf_invocation *invocation)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(PROVE_MEMORY);
        struct cf_error err = {0};
        struct cf_prove prove = {
                .job = {.invocation = invocation, .arena = arena, .files = cf_files_new()},
                .live = {.arena = arena, .reader = arena ? cf_kernel_reader_new(arena) : NULL},
                .against = cf_given_value(invocation, "against"),
        };
        int r = 0;
        if (!prove.live.reader || !prove.job.files)
                r = cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
        else if (!invocation->argument_count)
                r = cf_error_set(&err, -EINVAL, NULL,
                                 "'prove' needs a PID or container: confined prove %s",
                                 invocation->command->usage);
        if (r == 0 && prove.against) {
                if (cf_profile_split(arena, prove.against, &prove.against_base, &prove.against_as) <
                    0)
                        r = cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
                prove.against_as_given = prove.against_base != prove.against;
        }
        if (r == 0)
                r = read_circumstances(&prove.job, &err);
        if (r == 0)
                r = renew(&prove, &err);
        if (r == 0)
                r = prove_all(&prove, &err);
        int status = r < 0 ? cf_complain(&err) : prove.status;
        if (r == 0 && cf_print(&prove.job.out) != CF_EXIT_CLEAN)
                status = CF_EXIT_TROUBLE;
        cf_text_done(&prove.job.out);
        cf_policies_free(prove.job.all);
        cf_files_free(prove.job.files);
        return status;
}

static const struct cf_option prove_options[] = {
        {"against", 0, "REFERENCE",
         "compare with this: default, docker, podman, a profile or filter file, a PID or container",
         CF_COMPLETE_FILE, NULL},
        {"format", 0, "FORMAT", "terminal (default) or json", CF_COMPLETE_WORDS, "terminal json"},
        CF_ENGINES_OPTIONS,
        {0},
};

const struct cf_command cf_command_prove = {
        .name = "prove",
        .summary = "prove what the kernel enforces on processes and containers, call by call",
        .usage = "PID|CONTAINER…",
        .details = "Reads every filter of every thread from the kernel (each stops for a moment), "
                   "works out exactly what they refuse together and, with --against, how that "
                   "differs from a profile or from what another process has. Needs root.",
        .options = prove_options,
        .most_arguments = 4096,
        .run = run_prove,
};
