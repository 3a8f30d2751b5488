/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile is looked at under, as the command line tells it. */
#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/profile.h"

/* "SYS_ADMIN" and "cap_sys_admin" are fine, as engines have it. */
static int add_capability(const char *option, const char *word, uint64_t *set, struct cf_error *err)
{
        char name[64] = "CAP_";
        unsigned number;
        bool prefixed = strncasecmp(word, "CAP_", 4) == 0;
        if (strcasecmp(word, "ALL") == 0) {
                *set = CF_CAPABILITIES_ALL;
                return 0;
        }
        snprintf(name + (prefixed ? 0 : 4), sizeof(name) - 4, "%s", word);
        for (char *c = name; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        if (!cf_capability_number(cf_span_of(name), &number))
                return cf_error_set(err, -EINVAL, NULL, "--%s: there is no capability '%s'", option,
                                    word);
        *set |= UINT64_C(1) << number;
        return 0;
}

static int read_set(struct cf_profile_job *job, const char *option, uint64_t *ret_set,
                    struct cf_error *err)
{
        const char *const *words;
        size_t count;
        int r = 0;
        if (cf_given_all(job->invocation, option, &words, &count) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; r == 0 && i < count; i++)
                r = add_capability(option, words[i], ret_set, err);
        return r;
}

/* What engines make of the two options: ALL comes first, whichever names it. */
static int read_capabilities(struct cf_profile_job *job, struct cf_error *err)
{
        uint64_t added = 0, dropped = 0;
        int r = read_set(job, "cap-add", &added, err);
        if (r == 0)
                r = read_set(job, "cap-drop", &dropped, err);
        if (added == CF_CAPABILITIES_ALL)
                job->circumstances.capabilities = added & ~dropped;
        else if (dropped == CF_CAPABILITIES_ALL)
                job->circumstances.capabilities = added;
        else
                job->circumstances.capabilities = (cf_capabilities_docker() & ~dropped) | added;
        return r;
}

static int read_kernel(struct cf_profile_job *job, struct cf_error *err)
{
        const char *version = cf_given_value(job->invocation, "kernel");
        struct utsname system;
        bool given = version != NULL;
        if (!given)
                version = uname(&system) == 0 ? system.release : "";
        if (cf_kernel_version_read(version, &job->circumstances.kernel_major,
                                   &job->circumstances.kernel_minor))
                return 0;
        return cf_error_set(err, -EINVAL, NULL,
                            given ? "--kernel: '%s' is no version such as 6.12"
                                  : "the running kernel's version '%s' is not understood; give "
                                    "--kernel MAJOR.MINOR",
                            version);
}

int cf_profile_job_options(struct cf_profile_job *job, struct cf_error *err)
{
        const char *arch = cf_given_value(job->invocation, "arch");
        const char *format = cf_given_value(job->invocation, "format");
        const char *as = cf_given_value(job->invocation, "as");
        job->circumstances.machine = arch ? cf_arch_by_name(arch) : cf_arch_native();
        if (!job->circumstances.machine)
                return cf_error_set(err, -EINVAL, NULL,
                                    arch ? "--arch: there is no architecture '%s'"
                                         : "this machine's architecture is not known%s; give "
                                           "--arch",
                                    arch ? arch : "");
        if (as && !cf_profile_as_by_name(as, &job->as))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--as: '%s' is none of: written loaded runc crun", as);
        job->json = format && strcmp(format, "json") == 0;
        if (format && !job->reports && !job->json && strcmp(format, "terminal") != 0 &&
            !(job->draws && strcmp(format, "svg") == 0))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--format: '%s' is none of: terminal json%s", format,
                                    job->draws ? " svg" : "");
        int r = read_capabilities(job, err);
        return r == 0 ? read_kernel(job, err) : r;
}
