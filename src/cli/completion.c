/* SPDX-License-Identifier: Apache-2.0 */
/* confined completion SHELL: completions written from the tables of commands, options, rules and
 * formats, so that they cannot lag behind. */
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"
#include "convert/convert.h"

/* All words that complete an argument of this kind, space separated; NULL: not by words. */
static const char *words_of(struct cf_arena *arena, const struct cf_command *command,
                            enum cf_complete complete, const char *words)
{
        CF_TEXT struct cf_text list = {0};
        if (complete == CF_COMPLETE_WORDS)
                return words;
        if (complete == CF_COMPLETE_RULE)
                for (size_t i = 0; cf_rules[i]; i++)
                        cf_text_printf(&list, "%s%s", i ? " " : "", cf_rules[i]->id);
        else if (complete == CF_COMPLETE_COMMAND)
                for (size_t i = 0; cf_commands[i]; i++)
                        cf_text_printf(&list, "%s%s", i ? " " : "", cf_commands[i]->name);
        else if (complete == CF_COMPLETE_FORMAT)
                for (size_t i = 0; cf_outputs[i]; i++) {
                        if (!cf_outputs[i]->commands ||
                            strstr(cf_outputs[i]->commands, command->name))
                                cf_text_printf(&list, "%s%s", list.size ? " " : "",
                                               cf_outputs[i]->name);
                }
        else if (complete == CF_COMPLETE_READ || complete == CF_COMPLETE_WRITTEN)
                for (const struct cf_conversion *row = cf_conversions; row->name; row++) {
                        if (complete == CF_COMPLETE_READ ? row->read != NULL : row->write != NULL)
                                cf_text_printf(&list, "%s%s", list.size ? " " : "", row->name);
                }
        else
                return NULL;
        return list.failed ? NULL : cf_arena_copy(arena, cf_text_span(&list));
}

/* The words of a command's first argument, space separated; NULL: it has no subcommands. */
static const char *subcommands_of(struct cf_arena *arena, const struct cf_command *command)
{
        CF_TEXT struct cf_text list = {0};
        const struct cf_subcommand *sub;
        if (!command->subcommand_at)
                return NULL;
        for (size_t i = 0; (sub = command->subcommand_at(i)); i++)
                cf_text_printf(&list, "%s%s", i ? " " : "", sub->name);
        return list.failed ? NULL : cf_arena_copy(arena, cf_text_span(&list));
}

/* Calls `each` for every option of a command. */
typedef void (*option_visit)(struct cf_arena *arena, const struct cf_command *command,
                             const struct cf_option *option, struct cf_text *out);
static void each_option(struct cf_arena *arena, const struct cf_command *command,
                        option_visit visit, struct cf_text *out)
{
        const struct cf_option *tables[] = {
                command->options, command->reports ? cf_report_options : NULL, cf_global_options};
        for (size_t t = 0; t < CF_COUNT(tables); t++)
                for (const struct cf_option *option = tables[t]; option && option->name; option++)
                        visit(arena, command, option, out);
}

/* ---- bash --------------------------------------------------------------------------------- */

static void bash_name(struct cf_arena *arena, const struct cf_command *command,
                      const struct cf_option *option, struct cf_text *out)
{
        (void)arena;
        (void)command;
        cf_text_printf(out, " --%s", option->name);
        if (option->letter)
                cf_text_printf(out, " -%c", option->letter);
}

static void bash_action(struct cf_text *out, enum cf_complete complete, const char *words)
{
        if (words)
                cf_text_printf(out, "COMPREPLY=($(compgen -W '%s' -- \"$word\"))", words);
        else if (complete == CF_COMPLETE_FOLDER)
                cf_text_puts(out, "COMPREPLY=($(compgen -d -- \"$word\"))");
        else if (complete == CF_COMPLETE_FILE)
                cf_text_puts(out, "COMPREPLY=($(compgen -f -- \"$word\"))");
        else
                cf_text_puts(out, "COMPREPLY=()");
}

static void bash_value(struct cf_arena *arena, const struct cf_command *command,
                       const struct cf_option *option, struct cf_text *out)
{
        if (!option->argument)
                return;
        cf_text_printf(out, "        %s:--%s", command->name, option->name);
        if (option->letter)
                cf_text_printf(out, "|%s:-%c", command->name, option->letter);
        cf_text_puts(out, ") ");
        bash_action(out, option->complete,
                    words_of(arena, command, option->complete, option->words));
        cf_text_puts(out, "; return ;;\n");
}

static void print_bash(struct cf_arena *arena, struct cf_text *out)
{
        cf_text_puts(out,
                     "# bash completion of confined, written by: confined completion bash\n"
                     "_confined() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local command=${COMP_WORDS[1]}\n"
                     "    if ((COMP_CWORD == 1)); then\n        ");
        bash_action(out, CF_COMPLETE_COMMAND, words_of(arena, NULL, CF_COMPLETE_COMMAND, NULL));
        cf_text_puts(out, "\n        return\n    fi\n    case $command:$before in\n");
        for (size_t i = 0; cf_commands[i]; i++)
                each_option(arena, cf_commands[i], bash_value, out);
        cf_text_puts(out, "    esac\n    case $command:$word in\n");
        for (size_t i = 0; cf_commands[i]; i++) {
                cf_text_printf(out, "        %s:-*) COMPREPLY=($(compgen -W '",
                               cf_commands[i]->name);
                each_option(arena, cf_commands[i], bash_name, out);
                cf_text_printf(out, "' -- \"$word\")) ;;\n        %s:*) ", cf_commands[i]->name);
                const char *first = subcommands_of(arena, cf_commands[i]);
                if (first) {
                        cf_text_puts(out, "if ((COMP_CWORD == 2)); then ");
                        bash_action(out, CF_COMPLETE_WORDS, first);
                        cf_text_puts(out, "; return; fi; ");
                }
                bash_action(out, cf_commands[i]->complete,
                            words_of(arena, cf_commands[i], cf_commands[i]->complete, NULL));
                cf_text_puts(out, " ;;\n");
        }
        cf_text_puts(out, "    esac\n}\ncomplete -o filenames -F _confined confined\n");
}

/* ---- zsh ---------------------------------------------------------------------------------- */

/* Text inside single quotes and brackets of an _arguments specification. */
static void zsh_text(struct cf_text *out, const char *text)
{
        for (; *text; text++) {
                if (*text == '\'')
                        cf_text_puts(out, "'\\''");
                else if (strchr("[]:\\", *text))
                        cf_text_printf(out, "\\%c", *text);
                else
                        cf_text_putc(out, *text);
        }
}

static void zsh_action(struct cf_text *out, enum cf_complete complete, const char *words)
{
        if (words)
                cf_text_printf(out, "(%s)", words);
        else if (complete == CF_COMPLETE_FOLDER)
                cf_text_puts(out, "_files -/");
        else if (complete == CF_COMPLETE_FILE)
                cf_text_puts(out, "_files");
        else
                cf_text_puts(out, " ");
}

static void zsh_spec(struct cf_arena *arena, const struct cf_command *command,
                     const struct cf_option *option, struct cf_text *out)
{
        cf_text_printf(out, "                '*--%s%s[", option->name, option->argument ? "=" : "");
        zsh_text(out, option->help);
        cf_text_putc(out, ']');
        if (option->argument) {
                cf_text_printf(out, ":%s:", option->argument);
                zsh_action(out, option->complete,
                           words_of(arena, command, option->complete, option->words));
        }
        cf_text_puts(out, "' \\\n");
}

static void print_zsh(struct cf_arena *arena, struct cf_text *out)
{
        cf_text_puts(out, "#compdef confined\n# zsh completion of confined, written by: confined "
                          "completion zsh\n"
                          "_confined() {\n    local -a commands=(\n");
        for (size_t i = 0; cf_commands[i]; i++) {
                cf_text_printf(out, "        '%s:", cf_commands[i]->name);
                zsh_text(out, cf_commands[i]->summary);
                cf_text_puts(out, "'\n");
        }
        cf_text_puts(out,
                     "    )\n    if ((CURRENT == 2)); then\n        _describe command commands\n"
                     "        return\n    fi\n    local command=$words[2]\n    shift words\n"
                     "    ((CURRENT--))\n    case $command in\n");
        for (size_t i = 0; cf_commands[i]; i++) {
                const struct cf_command *command = cf_commands[i];
                cf_text_printf(out, "        %s)\n            _arguments \\\n", command->name);
                each_option(arena, command, zsh_spec, out);
                const char *first = subcommands_of(arena, command);
                if (first)
                        cf_text_printf(out, "                '1:subcommand:(%s)' \\\n", first);
                cf_text_puts(out, "                '*:argument:");
                zsh_action(out, command->complete,
                           words_of(arena, command, command->complete, NULL));
                cf_text_puts(out, "' ;;\n");
        }
        cf_text_puts(out, "    esac\n}\n_confined \"$@\"\n");
}

/* ---- fish --------------------------------------------------------------------------------- */

static void fish_quoted(struct cf_text *out, const char *text)
{
        cf_text_putc(out, '\'');
        for (; *text; text++)
                cf_text_printf(out, "%s%c", strchr("'\\", *text) ? "\\" : "", *text);
        cf_text_putc(out, '\'');
}

static void fish_option(struct cf_arena *arena, const struct cf_command *command,
                        const struct cf_option *option, struct cf_text *out)
{
        cf_text_printf(out, "complete -c confined -n '__fish_seen_subcommand_from %s' -l %s",
                       command->name, option->name);
        if (option->letter)
                cf_text_printf(out, " -s %c", option->letter);
        if (option->argument) {
                const char *words = words_of(arena, command, option->complete, option->words);
                cf_text_puts(out, words || option->complete == CF_COMPLETE_NONE ? " -x" : " -r -F");
                if (words) {
                        cf_text_puts(out, " -a ");
                        fish_quoted(out, words);
                }
        }
        cf_text_puts(out, " -d ");
        fish_quoted(out, option->help);
        cf_text_putc(out, '\n');
}

static void print_fish(struct cf_arena *arena, struct cf_text *out)
{
        cf_text_puts(out, "# fish completion of confined, written by: confined completion fish\n"
                          "complete -c confined -f\n");
        for (size_t i = 0; cf_commands[i]; i++) {
                const struct cf_command *command = cf_commands[i];
                cf_text_printf(out, "complete -c confined -n __fish_use_subcommand -a %s -d ",
                               command->name);
                fish_quoted(out, command->summary);
                cf_text_putc(out, '\n');
                each_option(arena, command, fish_option, out);
                const char *words = words_of(arena, command, command->complete, NULL);
                const char *first = subcommands_of(arena, command);
                if (first)
                        cf_text_printf(out,
                                       "complete -c confined -n '__fish_seen_subcommand_from %s' "
                                       "-a '%s'\n",
                                       command->name, first);
                if (words) {
                        cf_text_printf(
                                out, "complete -c confined -n '__fish_seen_subcommand_from %s' -a ",
                                command->name);
                        fish_quoted(out, words);
                        cf_text_putc(out, '\n');
                } else if (command->complete == CF_COMPLETE_FILE) {
                        cf_text_printf(
                                out,
                                "complete -c confined -n '__fish_seen_subcommand_from %s' -F\n",
                                command->name);
                }
        }
}

/* ---- the command -------------------------------------------------------------------------- */

int cf_completion_print(const char *shell, struct cf_text *out)
{
        static const struct {
                const char *shell;
                void (*print)(struct cf_arena *arena, struct cf_text *out);
        } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        if (!arena)
                return -ENOMEM;
        for (size_t i = 0; i < CF_COUNT(shells); i++) {
                if (strcmp(shell, shells[i].shell) != 0)
                        continue;
                shells[i].print(arena, out);
                return out->failed ? -ENOMEM : 0;
        }
        return -EINVAL;
}

static int run_completion(const struct cf_invocation *invocation)
{
        struct cf_error err = {0};
        const char *shell = invocation->argument_count ? invocation->arguments[0] : NULL;
        CF_TEXT struct cf_text out = {0};
        if (!shell || cf_completion_print(shell, &out) < 0) {
                cf_error_set(&err, -EINVAL, NULL,
                             "name a shell: confined completion bash|zsh|fish");
                return cf_complain(&err);
        }
        return cf_print(&out);
}

static const struct cf_option no_options[] = {{0}};

const struct cf_command cf_command_completion = {
        .name = "completion",
        .summary = "print the completions for a shell",
        .usage = "bash|zsh|fish",
        .options = no_options,
        .most_arguments = 1,
        .run = run_completion,
};
