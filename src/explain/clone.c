/* SPDX-License-Identifier: Apache-2.0 */
/* clone3 keeps its flags in memory, where no filter looks. Where they are known (from a watch, from
 * a log) they tell what the caller wants, and the clone that asks for the same: who gets ENOSYS for
 * clone3 goes on with that, and its flags are a number that rules can name. */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "explain/clone.h"

/* linux/sched.h: what stands in the place of the signal, or above 32 bits, is of clone3 alone. */
#define NEW_TIME UINT64_C(0x80)
static const struct {
        const char *name;
        uint64_t value;
} of_clone3[] = {
        {"CLONE_NEWTIME", NEW_TIME},
        {"CLONE_CLEAR_SIGHAND", UINT64_C(0x100000000)},
        {"CLONE_INTO_CGROUP", UINT64_C(0x200000000)},
};

static bool is_called(const struct cf_call *call, const char *name)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        return known && strcmp(known->name, name) == 0;
}

void cf_explain_clone_flags(struct cf_text *text, uint64_t flags)
{
        const struct cf_syscall *clone = cf_syscall_by_name("clone");
        uint64_t named = flags & UINT32_MAX & ~(uint64_t)CSIGNAL;
        bool any = false;
        flags &= ~named;
        if (named) {
                cf_explain_argument(text, cf_arch_native(), clone, 0, named);
                any = true;
        }
        for (size_t i = 0; i < CF_COUNT(of_clone3); i++) {
                if (!(flags & of_clone3[i].value))
                        continue;
                cf_text_printf(text, "%s%s", any ? "|" : "", of_clone3[i].name);
                flags &= ~of_clone3[i].value;
                any = true;
        }
        if (flags || !any)
                cf_text_printf(text, "%s0x%" PRIx64, any ? "|" : "", flags);
}

bool cf_explain_clone_flag(struct cf_span name, uint64_t *ret_value)
{
        for (size_t i = 0; i < CF_COUNT(of_clone3); i++)
                if (cf_span_is(name, of_clone3[i].name)) {
                        *ret_value = of_clone3[i].value;
                        return true;
                }
        return false;
}

bool cf_explain_clone_instead(const struct cf_call *call, uint64_t flags, struct cf_call *ret_clone)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        struct cf_call clone = {.arch = call->arch};
        /* On s390 the first two arguments of clone change places. */
        if (!flags || flags & NEW_TIME || !is_called(call, "clone3") ||
            strncmp(arch->name, "s390", 4) == 0 || !cf_syscall_number(arch, "clone", &clone.nr))
                return false;
        clone.args[0] = (flags & UINT32_MAX & ~(uint64_t)CSIGNAL) | SIGCHLD;
        *ret_clone = clone;
        return true;
}

bool cf_explain_is_instead(const struct cf_call *call, const struct cf_call *clone)
{
        return call->arch == clone->arch && call->nr == clone->nr &&
               (call->args[0] & ~(uint64_t)CSIGNAL) == (clone->args[0] & ~(uint64_t)CSIGNAL);
}
