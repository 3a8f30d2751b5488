/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and the options that they share. */
#include <string.h>

#include "cli/command.h"

const struct cf_command *const cf_commands[] = {
        &cf_command_scan,
        &cf_command_audit,
        &cf_command_prove,
        &cf_command_explain,
        &cf_command_profile,
        &cf_command_why,
        &cf_command_run,
        &cf_command_record,
        &cf_command_hook,
        &cf_command_completion,
        &cf_command_help,
        &cf_command_version,
        NULL,
};

const struct cf_option cf_global_options[] = {
        {.name = "help", .letter = 'h', .help = "show this help"},
        {0},
};

const struct cf_option cf_report_options[] = {
        {"format", 0, "FORMAT", "how to print findings", CF_COMPLETE_FORMAT, NULL},
        {"output", 'o', "FILE", "write the report to FILE instead of standard output",
         CF_COMPLETE_FILE, NULL},
        {"quiet", 'q', NULL, "print findings only: no summary, no hints", 0, NULL},
        {"fail-on", 0, "VERDICT", "least verdict that gives exit status 1 (default: warn)",
         CF_COMPLETE_WORDS, "fail unknown warn note never"},
        {"rule", 0, "RULE", "use this rule alone; may be given several times", CF_COMPLETE_RULE,
         NULL},
        {"all", 0, NULL, "show suppressed findings and those of the baseline too", 0, NULL},
        {"config", 0, "FILE", "read this configuration instead of the nearest .confined.yaml",
         CF_COMPLETE_FILE, NULL},
        {"no-config", 0, NULL, "read no configuration", 0, NULL},
        {"baseline", 0, "FILE", "findings listed in FILE do not count", CF_COMPLETE_FILE, NULL},
        {"write-baseline", 0, "FILE", "write today's findings to FILE, for --baseline",
         CF_COMPLETE_FILE, NULL},
        {"color", 0, "WHEN", "auto (default), always or never", CF_COMPLETE_WORDS,
         "auto always never"},
        {0},
};

const struct cf_command *cf_command_find(const char *name)
{
        for (size_t i = 0; cf_commands[i]; i++)
                if (strcmp(cf_commands[i]->name, name) == 0)
                        return cf_commands[i];
        return NULL;
}
