/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile explain --trace: the instructions that one call runs. */
#include <inttypes.h>

#include "cli/profile.h"

/* The filter that is run, and whose it is. */
static int choose(struct cf_profile_job *job, const struct cf_profile_input *input,
                  struct cf_filter *ret_filter, const char **ret_whose, struct cf_error *err)
{
        if (input->filter.count) {
                *ret_filter = input->filter;
                *ret_whose = "the filter";
                return cf_filter_check(input->filter, err);
        }
        if (input->loaded && input->loaded->obtained) {
                *ret_filter = input->loaded->filter;
                *ret_whose = "the filter that libseccomp builds";
                return 0;
        }
        *ret_whose = "the filter that confined compiles";
        return cf_filter_emit(job->all, input->policy, NULL, job->arena, ret_filter, err);
}

int cf_profile_job_trace(struct cf_profile_job *job, const struct cf_profile_input *input,
                         const struct cf_call *call, struct cf_error *err)
{
        CF_TEXT struct cf_text lines = {0};
        struct cf_filter filter;
        const char *whose;
        uint32_t steps;
        int r = choose(job, input, &filter, &whose, err);
        if (r < 0)
                return r;
        uint32_t value = cf_filter_print_run(&lines, filter, call, &steps);
        cf_text_putc(&job->out, '\n');
        cf_say_call(&job->out, call);
        cf_text_printf(&job->out, " runs %" PRIu32 " of %zu instructions of %s:\n", steps,
                       filter.count, whose);
        cf_text_add(&job->out, cf_text_span(&lines));
        job->out.failed |= lines.failed;
        cf_text_puts(&job->out, cf_filter_is_known_allowed(filter, call->arch, call->nr)
                                        ? "the kernel (from 5.11 on) runs none of them: it knows "
                                          "that the call is always allowed\n"
                                        : "");
        uint32_t wanted = cf_policy_value(job->all, input->policy, call);
        if (cf_action_normal(value) == wanted)
                return 0;
        cf_text_printf(&job->out, "in front of it, %s puts instructions that answer this call: ",
                       input->loaded ? cf_runtime_name(input->loaded->kind) : "something");
        cf_say_value(&job->out, wanted);
        cf_text_putc(&job->out, '\n');
        return 0;
}
