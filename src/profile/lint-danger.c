/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that attacks are known of, beyond what Docker's default lets through to the same container:
 * what that allows has been weighed, and a warning for each of its calls would say nothing. */
#include "base/cleanup.h"
#include "profile/lint.h"

static int read_default(struct lint *lint, cf_policy *ret_policy, struct cf_error *err)
{
        const struct cf_profile_default *docker = cf_profile_default("docker");
        const struct cf_profile *profile = NULL;
        struct cf_source *source = NULL;
        struct cf_span text;
        int r = cf_profile_default_text(lint->scratch, docker, &text);
        if (r == 0)
                r = cf_source_from(lint->scratch, docker->name, text, &source, err);
        if (r == 0)
                r = cf_profile_read(lint->scratch, source, &profile, err);
        return r < 0 ? r
                     : cf_profile_policy(lint->all, profile, lint->circumstances, ret_policy, err);
}

bool cf_danger_is_granted(const struct cf_danger *danger, uint64_t capabilities)
{
        unsigned number;
        return !danger->capability ||
               (cf_capability_number(cf_span_of(danger->capability), &number) &&
                capabilities >> number & 1);
}

static cf_policy condition_of(struct cf_policies *all, const struct cf_danger *danger)
{
        struct cf_condition when = {danger->arg, CF_MASKED_EQ, danger->mask, danger->value};
        return danger->mask ? cf_policy_condition(all, &when) : CF_POLICY_TRUE;
}

const struct cf_danger *cf_danger_met(struct cf_policies *all, const struct cf_syscall *call,
                                      cf_policy condition, uint64_t capabilities)
{
        const struct cf_danger *danger, *found = NULL;
        for (size_t i = 0; (danger = cf_danger_of(call, i)); i++) {
                cf_policy met = cf_policy_and(all, condition, condition_of(all, danger));
                if (met == CF_POLICY_NONE || met == CF_POLICY_FALSE)
                        continue;
                if (cf_danger_is_granted(danger, capabilities))
                        return danger;
                found = found ? found : danger;
        }
        return found;
}

static bool is_granted(const struct lint *lint, const struct cf_danger *danger)
{
        return cf_danger_is_granted(danger, lint->circumstances->capabilities);
}

/* That it goes around a refusal has been said. */
static bool is_said(const struct lint *lint, const struct cf_call *call)
{
        for (size_t i = 0; i < lint->findings.count; i++) {
                const struct cf_lint_finding *finding = lint->findings.items[i];
                if (finding->rule == CF_LINT_GONE_AROUND && finding->witness.nr == call->nr &&
                    finding->witness.arch == call->arch)
                        return true;
        }
        return false;
}

static void say(struct lint *lint, const struct cf_danger *danger, const struct cf_call *call)
{
        CF_TEXT struct cf_text shown = {0};
        bool granted = is_granted(lint, danger);
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_DANGEROUS_CALL, granted ? CF_LINT_WARN : CF_LINT_NOTE,
                         lint_part_of(lint, call));
        cf_say_call(&shown, call);
        finding->message = danger->mask ? lint_text(lint, "%s is allowed: it %s",
                                                    shown.data ? shown.data : "", danger->gain)
                                        : lint_text(lint, "%s is allowed: it %s",
                                                    danger->call->name, danger->gain);
        if (danger->known)
                lint_note(finding, lint_text(lint, "known: %s", danger->known));
        lint_note(finding, granted ? danger->capability
                                             ? lint_text(lint,
                                                         "the container has %s, which the "
                                                         "kernel asks for",
                                                         danger->capability)
                                             : "Docker's default refuses it to this container"
                                   : lint_text(lint,
                                               "the kernel refuses it without %s, which the "
                                               "container does not have: this filter is the other "
                                               "lock",
                                               danger->capability));
        lint_note(finding, lint_text(lint, "source: %s", danger->source));
        finding->remedy = "take it out, unless the workload is known to need it";
        finding->has_witness = true;
        finding->witness = *call;
        finding->value = cf_policy_value(lint->all, lint->policy, call);
}

/* Of those that no entry names: one finding, at the default action. */
static void say_unnamed(struct lint *lint, const struct cf_text *names, size_t count)
{
        if (count == 0)
                return;
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_DANGEROUS_CALL, CF_LINT_WARN, lint->profile->default_part);
        finding->message = lint_text(
                lint, "the default action allows %zu call%s that attacks are known of: %s", count,
                count == 1 ? "" : "s", names->data ? names->data : "");
        lint_note(finding, "Docker's default refuses them to this container");
        finding->remedy = "refuse by default (SCMP_ACT_ERRNO) and name what is needed";
        lint->failed |= names->failed;
}

static void add_unnamed(struct cf_text *names, size_t *count, const struct cf_danger *danger,
                        const struct cf_call *call)
{
        cf_text_puts(names, (*count)++ ? ", " : "");
        if (danger->mask)
                cf_say_call(names, call);
        else
                cf_text_puts(names, danger->call->name);
}

int lint_danger(struct lint *lint, struct cf_error *err)
{
        const struct cf_arch *arch = lint->covered[0];
        const struct cf_danger *danger;
        cf_policy docker = CF_POLICY_NONE;
        CF_TEXT struct cf_text unnamed = {0};
        size_t unnamed_count = 0;
        if (lint->open)
                return 0;
        int r = read_default(lint, &docker, err);
        for (size_t i = 0; r == 0 && (danger = cf_danger_at(i)); i++) {
                struct cf_policies *all = lint->all;
                struct cf_call call;
                uint32_t nr;
                if (!cf_syscall_number(arch, danger->call->name, &nr))
                        continue;
                cf_policy where = condition_of(all, danger);
                cf_policy theirs = cf_policy_of_call(all, docker, arch->token, nr);
                cf_policy beyond = lint_where_let_through(all, lint_of_call(lint, arch, nr));
                beyond = cf_policy_and(all, beyond, where);
                /* What goes around the default's own refusal is another rule's. */
                cf_policy through = cf_policy_and(all, lint_where_let_through(all, theirs), where);
                r = cf_policies_check(all, beyond, err);
                if (r < 0 || beyond == CF_POLICY_FALSE)
                        continue;
                beyond = cf_policy_and(all, beyond, cf_policy_not(all, through));
                r = cf_policies_check(all, beyond, err);
                if (r < 0 || !cf_policy_find(all, beyond, &call))
                        continue;
                call.arch = arch->token;
                call.nr = nr;
                call.ip = 0;
                if (is_said(lint, &call))
                        continue;
                if (lint_part_of(lint, &call).offset != lint->profile->default_part.offset)
                        say(lint, danger, &call);
                else if (is_granted(lint, danger))
                        add_unnamed(&unnamed, &unnamed_count, danger, &call);
        }
        say_unnamed(lint, &unnamed, unnamed_count);
        return r;
}
