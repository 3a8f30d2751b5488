/* SPDX-License-Identifier: Apache-2.0 */
/* The engine or the kernel has no seccomp: Docker then runs containers without a filter and says
 * so only in its log. */
#include "judge/rule.h"

static void look(struct cf_check *check)
{
        const struct cf_engine *engine = check->subject->engine;
        if (!engine || engine->seccomp)
                return;
        if (check->subject->kind == CF_SUBJECT_CONTAINER) {
                bool off =
                        check->is_privileged ||
                        (check->deciding && check->deciding->option.kind == CF_SECOPT_UNCONFINED);
                if (off) /* it has a finding of its own that says the same */
                        return;
                struct cf_draft *draft = cf_check_add(check, CF_FAIL, NULL);
                cf_check_say(draft, "", " has no system call filter: its engine has no seccomp",
                             " have no system call filter: their engine has no seccomp");
                cf_check_note_processes(check, draft);
                cf_check_remedy(draft, "give the engine seccomp", NULL);
                return;
        }
        struct cf_draft *draft = cf_check_add(check, CF_FAIL, NULL);
        cf_check_say(draft, "", " has no seccomp: no container has a system call filter",
                     " have no seccomp: no container has a system call filter");
        if (engine->kernel)
                cf_check_note(check, draft, "kernel %s", engine->kernel);
        cf_check_remedy(draft,
                        "use a kernel with CONFIG_SECCOMP_FILTER and an engine built with seccomp",
                        "grep CONFIG_SECCOMP /boot/config-$(uname -r)");
}

const struct cf_rule cf_rule_seccomp_unsupported = {
        .info = {.id = "seccomp-unsupported",
                 .title = "The engine or kernel has no seccomp",
                 .severity = CF_MEDIUM,
                 .cis = "CIS Docker 5.22",
                 .page = cf_page_seccomp_unsupported},
        .looks_at = CF_LOOKS(CF_SUBJECT_DAEMON) | CF_LOOKS(CF_SUBJECT_CONTAINER),
        .check = look,
};
