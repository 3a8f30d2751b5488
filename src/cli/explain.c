/* SPDX-License-Identifier: Apache-2.0 */
/* confined explain RULE: the rule's page. */
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"

static void list_rules(struct cf_text *out)
{
        for (size_t i = 0; cf_rules[i]; i++)
                cf_text_printf(out, "%-26s %s\n", cf_rules[i]->id, cf_rules[i]->title);
        cf_text_puts(out, "\nOne rule's page: confined explain RULE\n");
}

static int run_explain(const struct cf_invocation *invocation)
{
        CF_TEXT struct cf_text out = {0};
        if (invocation->argument_count == 0) {
                list_rules(&out);
                return cf_print(&out);
        }
        const char *id = invocation->arguments[0];
        const struct cf_rule_info *rule = cf_rule_find(id);
        if (!rule) {
                struct cf_error err = {0};
                const char *near = cf_rule_nearest(id);
                if (near)
                        cf_error_set(&err, -EINVAL, NULL,
                                     "there is no rule '%s' (did you mean %s?)", id, near);
                else
                        cf_error_set(&err, -EINVAL, NULL,
                                     "there is no rule '%s'; all rules: confined explain", id);
                return cf_complain(&err);
        }
        cf_text_puts(&out, rule->page);
        return cf_print(&out);
}

const struct cf_command cf_command_explain = {
        .name = "explain",
        .summary = "show what a rule says, why it matters and how to fix it",
        .usage = "[RULE]",
        .details = "Without RULE, lists all rules.",
        .most_arguments = 1,
        .complete = CF_COMPLETE_RULE,
        .run = run_explain,
};
