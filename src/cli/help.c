/* SPDX-License-Identifier: Apache-2.0 */
/* --help, help and version, printed from the tables. */
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"

#define HELP_COLUMN 26
#define HELP_WIDTH 96

/* Adds words, broken at HELP_WIDTH, behind what stands on the line up to column `indent`. */
static void add_wrapped(struct cf_text *out, const char *words, size_t indent)
{
        size_t column = indent;
        while (*words) {
                size_t length = strcspn(words, " ");
                if (column > indent && column + 1 + length > HELP_WIDTH) {
                        cf_text_putc(out, '\n');
                        cf_text_repeat(out, ' ', indent);
                        column = indent;
                }
                if (column > indent) {
                        cf_text_putc(out, ' ');
                        column++;
                }
                cf_text_add(out, (struct cf_span){words, length});
                column += length;
                words += length + (words[length] == ' ');
        }
        cf_text_putc(out, '\n');
}

static void add_row(struct cf_text *out, const char *left, const char *right)
{
        size_t length = cf_report_width(cf_span_of(left));
        cf_text_printf(out, "  %s", left);
        if (length + 3 > HELP_COLUMN) {
                cf_text_putc(out, '\n');
                length = 0;
                cf_text_repeat(out, ' ', HELP_COLUMN);
        } else {
                cf_text_repeat(out, ' ', HELP_COLUMN - 2 - length);
        }
        add_wrapped(out, right, HELP_COLUMN);
}

static void add_options(struct cf_text *out, const char *title, const struct cf_option *options)
{
        if (!options || !options->name)
                return;
        cf_text_printf(out, "\n%s:\n", title);
        for (const struct cf_option *option = options; option->name; option++) {
                CF_TEXT struct cf_text left = {0};
                if (option->letter)
                        cf_text_printf(&left, "-%c, ", option->letter);
                else
                        cf_text_puts(&left, "    ");
                cf_text_printf(&left, "--%s", option->name);
                if (option->argument)
                        cf_text_printf(&left, " %s", option->argument);
                add_row(out, left.data ? left.data : "", option->help);
        }
}

static void add_formats(struct cf_text *out, const struct cf_command *command)
{
        cf_text_puts(out, "\nFormats:\n");
        for (size_t i = 0; cf_outputs[i]; i++) {
                const char *only = cf_outputs[i]->commands;
                if (!only || strstr(only, command->name))
                        add_row(out, cf_outputs[i]->name, cf_outputs[i]->summary);
        }
}

static void add_subcommands(struct cf_text *out, const struct cf_command *command)
{
        const struct cf_subcommand *sub;
        if (!command->subcommand_at)
                return;
        cf_text_puts(out, "\nSubcommands:\n");
        for (size_t i = 0; (sub = command->subcommand_at(i)); i++) {
                CF_TEXT struct cf_text left = {0};
                cf_text_printf(&left, "%s %s", sub->name, sub->usage);
                add_row(out, left.data ? left.data : sub->name, sub->summary);
        }
}

static void program_help(struct cf_text *out)
{
        cf_text_puts(out, "confined finds every place where a container's system call filter "
                          "(seccomp) is off,\n"
                          "proves it from the kernel, and edits the file.\n\n"
                          "Usage: confined COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n");
        for (size_t i = 0; cf_commands[i]; i++)
                add_row(out, cf_commands[i]->name, cf_commands[i]->summary);
        cf_text_puts(out,
                     "\nExit status: 0 nothing wrong, 1 findings, 2 something could not be done.\n"
                     "More: confined COMMAND --help; man confined\n");
}

void cf_help_print(const struct cf_command *command, struct cf_text *out)
{
        if (!command) {
                program_help(out);
                return;
        }
        cf_text_printf(out, "%s: %s\n\nUsage: confined %s [OPTION…]%s%s\n", command->name,
                       command->summary, command->name, *command->usage ? " " : "", command->usage);
        if (command->details) {
                cf_text_putc(out, '\n');
                add_wrapped(out, command->details, 0);
        }
        add_subcommands(out, command);
        add_options(out, "Options", command->options);
        if (command->reports) {
                add_options(out, "Options of all reporting commands", cf_report_options);
                add_formats(out, command);
        }
        add_options(out, "Always", cf_global_options);
}

/* ---- the commands help and version -------------------------------------------------------- */

static int run_help(const struct cf_invocation *invocation)
{
        const struct cf_command *command = NULL;
        if (invocation->argument_count) {
                command = cf_command_find(invocation->arguments[0]);
                if (!command) {
                        struct cf_error err = {0};
                        cf_error_set(&err, -EINVAL, NULL,
                                     "there is no command '%s'; see: confined help",
                                     invocation->arguments[0]);
                        return cf_complain(&err);
                }
        }
        CF_TEXT struct cf_text out = {0};
        cf_help_print(command, &out);
        return cf_print(&out);
}

const struct cf_command cf_command_help = {
        .name = "help",
        .summary = "show the commands, or one command's options",
        .usage = "[COMMAND]",
        .most_arguments = 1,
        .complete = CF_COMPLETE_COMMAND,
        .run = run_help,
};

static int run_version(const struct cf_invocation *invocation)
{
        (void)invocation;
        CF_TEXT struct cf_text out = {0};
        cf_text_puts(&out, "confined " CF_VERSION "\n");
        return cf_print(&out);
}

const struct cf_command cf_command_version = {
        .name = "version",
        .summary = "show the version",
        .usage = "",
        .run = run_version,
};
