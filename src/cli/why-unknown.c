/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are newer than the libseccomp by which runtimes load profiles. It drops what names
 * them, and Docker's profiles can name calls in no other way: no rule helps then. */
#include "cli/why.h"
#include "runtime/runtime.h"

static uint64_t number_of(const struct cf_runtime_version *version)
{
        return (uint64_t)version->major << 40 | (uint64_t)version->minor << 20 | version->patch;
}

/* Whether the runtime may have a newer library in itself, which nobody can ask. */
static bool has_newer(struct cf_why *why, const struct cf_runtime_version *version)
{
        struct cf_runtime_options options;
        struct cf_error ignored = {0};
        if (cf_profile_job_runtime(&why->job, CF_RUNTIME_RUNC, &options, &ignored) < 0)
                return false;
        return number_of(&why->job.runtimes[CF_RUNTIME_RUNC].found.library) > number_of(version);
}

const char *cf_why_unknown_to(struct cf_why *why, const struct cf_call *call)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        bool written = cf_given(why->job.invocation, "as") && why->job.as == CF_PROFILE_WRITTEN;
        struct cf_runtime_version version;
        struct cf_error ignored = {0};
        if (!known || written || why->job.circumstances.machine != cf_arch_native() ||
            cf_runtime_knows(NULL, arch, known, &version, &ignored) != 0 ||
            has_newer(why, &version))
                return NULL;
        return cf_arena_printf(why->job.arena, "libseccomp %u.%u.%u", version.major, version.minor,
                               version.patch);
}
