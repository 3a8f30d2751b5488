/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile merge A B…: one profile that allows what any allows, or what all allow. */
#include "base/file.h"
#include "cli/output.h"
#include "cli/profile.h"

int cf_profile_job_write(struct cf_profile_job *job, bool report, struct cf_error *err)
{
        const char *path = cf_given_value(job->invocation, "output");
        if (job->out.failed)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (!path)
                return 0; /* it is printed */
        struct cf_span bytes = cf_text_span(&job->out);
        int r = report ? cf_file_write(path, bytes, err)
                       : cf_output_write(job->invocation, path, NULL, bytes, err);
        cf_text_clear(&job->out);
        return r;
}

int cf_profile_merge(struct cf_profile_job *job, struct cf_error *err)
{
        bool strict = cf_given(job->invocation, "intersection");
        const struct cf_arch *const *arches;
        size_t count;
        cf_policy merged = CF_POLICY_NONE;
        for (size_t i = 0; i + 1 < job->invocation->argument_count; i++) {
                struct cf_profile_input input;
                int r = cf_profile_job_input(job, job->arguments[i], &input, err);
                if (r < 0)
                        return r;
                if (i == 0)
                        merged = input.policy;
                else if (strict)
                        merged = cf_policy_intersection(job->all, merged, input.policy);
                else
                        merged = cf_policy_union(job->all, merged, input.policy);
        }
        int r = cf_policies_check(job->all, merged, err);
        if (r == 0)
                r = cf_profile_covered(job->all, merged, job->circumstances.machine, job->arena,
                                       &arches, &count, err);
        if (r == 0)
                r = cf_profile_print(job->all, merged, arches, count, NULL, &job->out, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "writing the merged profile");
        return cf_profile_job_write(job, false, err);
}
