/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that a profile is too old for, and architectures that it forgot. */
#include <errno.h>

#include "base/cleanup.h"
#include "profile/lint.h"

/* Calls that programs try first, and what they use when the answer is ENOSYS. What breaks is in
 * data/syscalls/fallbacks.tsv, with its sources. */
static const struct {
        const char *call, *instead;
} tried[] = {
        {"clone3", "clone"},
        {"close_range", "close"},
        {"faccessat2", "faccessat"},
        {"fchmodat2", "fchmodat"},
        {"openat2", "openat"},
        {"statx", "newfstatat"},
        {"statx", "fstatat64"},
        {"clock_gettime64", "clock_gettime"},
        {"clock_nanosleep_time64", "clock_nanosleep"},
        {"futex_time64", "futex"},
        {"ppoll_time64", "ppoll"},
};

/* 1: the call is refused, whatever its arguments, by something else than ENOSYS, and what programs
 * would use instead is let through. */
static int breaks(struct lint *lint, const struct cf_arch *arch, size_t at,
                  struct cf_call *ret_call, struct cf_error *err)
{
        uint32_t nr, instead, value;
        if (!cf_syscall_number(arch, tried[at].call, &nr) ||
            !cf_syscall_number(arch, tried[at].instead, &instead))
                return 0;
        cf_policy through = lint_where_let_through(lint->all, lint_of_call(lint, arch, instead));
        int r = cf_policies_check(lint->all, through, err);
        if (r < 0 || through == CF_POLICY_FALSE)
                return r;
        if (!cf_policy_is_constant(lint->all, lint_of_call(lint, arch, nr), &value) ||
            lint_lets_through(value) || value == (CF_ERRNO | ENOSYS))
                return 0;
        *ret_call = (struct cf_call){.nr = nr, .arch = arch->token};
        return 1;
}

/* The first architecture on which a call breaks stands for all. 1: it does. */
static int breaks_somewhere(struct lint *lint, size_t at, struct cf_call *ret_call,
                            const char **ret_arch, struct cf_error *err)
{
        for (size_t i = 0; i < lint->covered_count; i++) {
                int r = breaks(lint, lint->covered[i], at, ret_call, err);
                *ret_arch = i > 0 ? lint->covered[i]->name : NULL;
                if (r != 0)
                        return r;
        }
        return 0;
}

static int new_calls(struct lint *lint, struct cf_error *err)
{
        CF_TEXT struct cf_text names = {0}, answer = {0};
        const char *notes[CF_LINT_NOTES] = {0}, *arch, *last = "";
        struct cf_call first = {0}, call;
        size_t count = 0;
        for (size_t i = 0; i < CF_COUNT(tried); i++) {
                int r = breaks_somewhere(lint, i, &call, &arch, err);
                if (r < 0)
                        return r;
                if (r == 0 || strcmp(tried[i].call, last) == 0)
                        continue;
                const struct cf_syscall *known = cf_syscall_by_name(tried[i].call);
                last = tried[i].call;
                first = count ? first : call;
                cf_text_printf(&names, "%s%s%s%s", count ? ", " : "", arch ? arch : "",
                               arch ? ":" : "", last);
                if (count < CF_LINT_NOTES && known->fallback)
                        notes[count] =
                                lint_text(lint, "%s: on ENOSYS, %s", known->name, known->fallback);
                count++;
        }
        if (count == 0)
                return 0;
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_NEW_CALL_REFUSED, CF_LINT_WARN, lint_part_of(lint, &first));
        finding->has_witness = true;
        finding->witness = first;
        finding->value = cf_policy_value(lint->all, lint->policy, &first);
        cf_say_value(&answer, finding->value);
        finding->message =
                lint_text(lint, "programs that would do without %s take %s for the last word",
                          names.data ? names.data : "", answer.data ? answer.data : "");
        for (size_t i = 0; i < CF_LINT_NOTES; i++)
                if (notes[i])
                        lint_note(finding, notes[i]);
        finding->remedy = "answer ENOSYS to them (\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": "
                          "38), which opens nothing";
        return 0;
}

/* ---- architectures --------------------------------------------------------------------------- */

static const struct {
        const char *machine, *other;
} siblings[] = {
        {"x86_64", "i386"},
        {"x86_64", "x32"},
        {"aarch64", "arm"},
        {"s390x", "s390"},
};

static struct cf_profile_part architectures_part(const struct lint *lint)
{
        const struct cf_profile *profile = lint->profile;
        for (size_t i = 0; i < profile->map_count; i++)
                if (cf_span_is(profile->map[i].machine.text, lint->circumstances->machine->profile))
                        return profile->map[i].machine.part;
        return profile->architectures.count ? profile->architectures.items[0].part
                                            : profile->default_part;
}

static void architectures(struct lint *lint)
{
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 0; i < CF_COUNT(siblings); i++) {
                bool covered = false;
                if (strcmp(siblings[i].machine, lint->circumstances->machine->name) != 0)
                        continue;
                for (size_t k = 0; k < lint->covered_count; k++)
                        covered |= strcmp(lint->covered[k]->name, siblings[i].other) == 0;
                if (!covered)
                        cf_text_printf(&names, "%s%s", names.size ? " and " : "",
                                       siblings[i].other);
        }
        if (names.size == 0)
                return;
        struct cf_lint_finding *finding = lint_add(lint, CF_LINT_ARCHITECTURE_MISSING, CF_LINT_NOTE,
                                                   architectures_part(lint));
        finding->message = lint_text(lint, "calls of %s, which %s can make too, kill the thread",
                                     names.data, lint->circumstances->machine->name);
        lint_note(finding, "libseccomp kills what it was not told of, whatever the default action");
        finding->remedy = "fine when no such program is to run; else add them to architectures";
        lint->failed |= names.failed;
}

int lint_new(struct lint *lint, struct cf_error *err)
{
        if (lint->profile->no_filter)
                return 0;
        architectures(lint);
        return new_calls(lint, err);
}
