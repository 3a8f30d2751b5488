/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before the program that a command line is about: sudo, env, timeout, … */
#include "manifest/command.h"

#include <stdint.h>

#define PREFIXES_MAX 16 /* deepest `sudo env nice …` */

enum row_kind {
        WORDS,  /* the rest is the command */
        STRING, /* the rest, joined, is shell text */
        SHELL,  /* -c TEXT, or standard input */
        OPTION, /* -c TEXT, or nothing */
        SSH,    /* the rest, joined, is shell text; nothing: standard input */
        FIND,   /* -exec … ; */
};

static const struct row {
        const char *name;
        enum row_kind kind;
        unsigned operands;  /* words between options and command */
        const char *values; /* letters of the options that take a value */
        const char *names;  /* the same by name, a blank before and after each */
        bool variables;     /* NAME=value may stand before the command */
} rows[] = {
        {"sudo", WORDS, 0, "ugpCDhrtTUR", " user group prompt chdir host role type chroot ", true},
        {"doas", WORDS, 0, "uC", "", true},
        {"pkexec", WORDS, 0, "", " user ", false},
        {"run0", WORDS, 0, "ugD", " user group chdir setenv ", false},
        {"env", WORDS, 0, "uC", " unset chdir ", true},
        {"exec", WORDS, 0, "a", "", false},
        {"command", WORDS, 0, "", "", false},
        {"builtin", WORDS, 0, "", "", false},
        {"time", WORDS, 0, "fo", " format output ", true},
        {"nohup", WORDS, 0, "", "", false},
        {"nice", WORDS, 0, "n", " adjustment ", false},
        {"ionice", WORDS, 0, "cnt", " class classdata ", false},
        {"chrt", WORDS, 1, "TPD", "", false},
        {"taskset", WORDS, 1, "", "", false},
        {"numactl", WORDS, 0, "NmpCil", " cpunodebind membind physcpubind interleave ", false},
        {"timeout", WORDS, 1, "ks", " kill-after signal ", false},
        {"setsid", WORDS, 0, "", "", false},
        {"stdbuf", WORDS, 0, "ioe", " input output error ", false},
        {"unbuffer", WORDS, 0, "", "", false},
        {"chronic", WORDS, 0, "", "", false},
        {"watch", STRING, 0, "nq", " interval ", false},
        {"flock", WORDS, 1, "wE", " timeout wait conflict-exit-code ", false},
        {"strace", WORDS, 0, "oepsuaEIObPSX", "", false},
        {"xargs", WORDS, 0, "InPLsdaE", " max-args max-procs delimiter arg-file replace ", false},
        {"parallel", WORDS, 0, "jIaS", " jobs ", false},
        {"systemd-run", WORDS, 0, "pEuGHM",
         " unit property setenv slice description uid gid nice working-directory machine host "
         "on-active on-boot on-calendar service-type ",
         false},
        {"systemd-inhibit", WORDS, 0, "", " what who why mode ", false},
        {"chroot", WORDS, 1, "", " userspec groups ", false},
        {"nsenter", WORDS, 0, "tSGWrw", " target setuid setgid ", false},
        {"gosu", WORDS, 1, "", "", false},
        {"su-exec", WORDS, 1, "", "", false},
        {"proxychains4", WORDS, 0, "f", "", false},
        {"proxychains", WORDS, 0, "f", "", false},
        {"torsocks", WORDS, 0, "", "", false},
        {"newgrp", OPTION, 0, "c", "", false},
        {"sg", OPTION, 1, "c", "", false},
        {"winpty", WORDS, 0, "", "", false},
        {"lima", WORDS, 0, "", "", false},
        {"colima", WORDS, 0, "p", " profile ", false},
        {"wsl", WORDS, 0, "duc", " distribution user cd ", false},
        {"wsl.exe", WORDS, 0, "duc", " distribution user cd ", false},
        {"run", WORDS, 0, "", "", false}, /* bats, and many a script's own */
        {"retry", WORDS, 0, "", "", false},
        {"try", WORDS, 0, "", "", false},
        {"execute", WORDS, 0, "", "", false},
        {"run_cmd", WORDS, 0, "", "", false},
        {"travis_retry", WORDS, 0, "", "", false},
        {"travis_wait", WORDS, 0, "", "", false},
        {"sh", SHELL, 0, "oO", " rcfile init-file ", false},
        {"bash", SHELL, 0, "oO", " rcfile init-file ", false},
        {"dash", SHELL, 0, "o", "", false},
        {"ash", SHELL, 0, "o", "", false},
        {"zsh", SHELL, 0, "o", "", false},
        {"ksh", SHELL, 0, "o", "", false},
        {"mksh", SHELL, 0, "o", "", false},
        {"su", OPTION, 0, "cgGsw", " command group supp-group shell whitelist-environment ", false},
        {"runuser", OPTION, 0, "cgGsuw", " command group supp-group shell user ", false},
        {"script", OPTION, 0, "cIOBTmEo", " command ", false},
        {"ssh", SSH, 1, "BbcDEeFIiJLlmOopQRSWw", "", false},
        {"autossh", SSH, 1, "BbcDEeFIiJLlmMOopQRSWw", "", false},
        {"sshpass", WORDS, 0, "pfdP", "", false},
        {"eval", STRING, 0, "", "", false},
        {"trap", OPTION, 0, "", "", false},
        {"find", FIND, 0, "", "", false},
};

static struct cf_span base_name(struct cf_span word)
{
        for (size_t i = word.size; i > 0; i--)
                if (word.data[i - 1] == '/')
                        return cf_span_part(word, i, word.size);
        return word;
}

static const struct row *find_row(struct cf_span word)
{
        word = base_name(word);
        if (word.size == 0 || word.size > 16)
                return NULL;
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                if (rows[i].name[0] == word.data[0] && cf_span_is(word, rows[i].name))
                        return &rows[i];
        return NULL;
}

static bool takes_value(const struct row *row, struct cf_span word)
{
        if (word.data[1] != '-') {
                /* The first letter that takes a value takes the rest of the word, if there is one.
                 */
                for (size_t i = 1; i < word.size; i++)
                        if (word.data[i] && strchr(row->values, word.data[i]))
                                return i + 1 == word.size;
                return false;
        }
        char name[40];
        if (word.size - 2 > sizeof(name) - 3 || cf_span_find_byte(word, '=') != SIZE_MAX)
                return false;
        name[0] = ' ';
        memcpy(name + 1, word.data + 2, word.size - 2);
        name[word.size - 1] = ' ';
        name[word.size] = '\0';
        return strstr(row->names, name) != NULL;
}

/* -c of a shell: a letter of a cluster, or the only option that gives text. */
static bool is_text_option(struct cf_span word)
{
        if (word.data[1] == '-')
                return cf_span_is(word, "--command");
        return cf_span_find_byte(word, 'c') != SIZE_MAX;
}

/* Passes the options at *i. True when one of them gives text: *i is then that word. */
static bool pass_options(const struct row *row, const struct cf_shell_word *words, size_t count,
                         size_t *i, bool *ret_text)
{
        bool text = row->kind == SHELL || row->kind == OPTION;
        *ret_text = false;
        while (*i < count) {
                struct cf_span word = words[*i].value;
                bool plus = row->kind == SHELL && word.size > 1 && word.data[0] == '+';
                if (word.size < 2 || (word.data[0] != '-' && !plus)) {
                        if (row->kind == OPTION && cf_span_is(word, "-")) {
                                ++*i;
                                continue;
                        }
                        break;
                }
                ++*i;
                if (cf_span_is(word, "--"))
                        break;
                if (text && cf_span_starts(word, "--command=")) {
                        *ret_text = true; /* with its value in the same word: not looked into */
                        *i = count;
                        return true;
                }
                if (text && is_text_option(word)) {
                        *ret_text = true;
                        if (row->kind == OPTION)
                                return true;
                } else if (takes_value(row, word)) {
                        ++*i;
                }
        }
        return *ret_text;
}

/* NAME=value, as `env` and `sudo` take it: whatever its quotes. */
static bool is_assignment(struct cf_span word)
{
        size_t equals = cf_span_find_byte(word, '=');
        for (size_t i = 0; equals != SIZE_MAX && i < equals; i++) {
                char c = word.data[i];
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                      (i > 0 && c >= '0' && c <= '9')))
                        return false;
        }
        return equals != SIZE_MAX && equals > 0;
}

static size_t pass_variables(const struct cf_shell_word *words, size_t count, size_t i)
{
        while (i < count && is_assignment(words[i].value))
                i++;
        return i;
}

/* `su NAME -c TEXT`: the option may come after the name. */
static struct cf_prefix find_text(const struct cf_shell_word *words, size_t count, size_t i)
{
        for (; i + 1 < count; i++) {
                struct cf_span word = words[i].value;
                if (cf_span_is(word, "-c") || cf_span_is(word, "--command"))
                        return (struct cf_prefix){CF_PREFIX_STRING, i + 1, i + 2};
        }
        return (struct cf_prefix){CF_PREFIX_NONE, 0, 0};
}

static struct cf_prefix apply_option(const struct row *row, const struct cf_shell_word *words,
                                     size_t count, size_t i)
{
        struct cf_prefix found = find_text(words, count, i);
        if (found.kind != CF_PREFIX_NONE)
                return found;
        if (strcmp(row->name, "su") == 0) /* a shell of that user */
                return (struct cf_prefix){CF_PREFIX_SHELL, 0, 0};
        if (strcmp(row->name, "runuser") == 0 && i < count)
                return (struct cf_prefix){CF_PREFIX_COMMAND, i, count};
        return found;
}

static struct cf_prefix find_exec(const struct cf_shell_word *words, size_t count, size_t i)
{
        for (; i + 1 < count; i++) {
                struct cf_span word = words[i].value;
                if (cf_span_is(word, "-exec") || cf_span_is(word, "-execdir") ||
                    cf_span_is(word, "-ok"))
                        return (struct cf_prefix){CF_PREFIX_COMMAND, i + 1, count};
        }
        return (struct cf_prefix){CF_PREFIX_NONE, 0, 0};
}

/* What one row makes of the words behind its name at i - 1. CF_PREFIX_COMMAND: look on at `at`. */
static struct cf_prefix apply(const struct row *row, const struct cf_shell_word *words,
                              size_t count, size_t i)
{
        const struct cf_prefix none = {CF_PREFIX_NONE, 0, 0};
        bool text;
        if (row->kind == FIND)
                return find_exec(words, count, i);
        if (strcmp(row->name, "trap") == 0)
                return i < count ? (struct cf_prefix){CF_PREFIX_STRING, i, i + 1} : none;
        /* `command -v docker` asks, it does not run. */
        if (strcmp(row->name, "command") == 0 && i < count &&
            (cf_span_is(words[i].value, "-v") || cf_span_is(words[i].value, "-V")))
                return none;
        pass_options(row, words, count, &i, &text);
        if (text)
                return i < count ? (struct cf_prefix){CF_PREFIX_STRING, i, i + 1} : none;
        switch (row->kind) {
        case SHELL:
                return i < count ? none : (struct cf_prefix){CF_PREFIX_SHELL, 0, 0};
        case OPTION:
                return apply_option(row, words, count, i);
        case SSH:
                i += row->operands;
                if (i >= count)
                        return (struct cf_prefix){CF_PREFIX_SHELL, 0, 0};
                return (struct cf_prefix){CF_PREFIX_STRING, i, count};
        case STRING:
                return i < count ? (struct cf_prefix){CF_PREFIX_STRING, i, count} : none;
        default:
                break;
        }
        i += row->operands;
        /* `flock FILE -c TEXT` */
        if (row->operands && i + 1 < count && cf_span_is(words[i].value, "-c"))
                return (struct cf_prefix){CF_PREFIX_STRING, i + 1, i + 2};
        if (row->variables)
                i = pass_variables(words, count, i);
        return i < count ? (struct cf_prefix){CF_PREFIX_COMMAND, i, count} : none;
}

struct cf_prefix cf_command_prefix(const struct cf_shell_word *words, size_t count)
{
        struct cf_prefix prefix = {CF_PREFIX_COMMAND, 0, count};
        while (prefix.at < count && words[prefix.at].name_length)
                prefix.at++;
        for (unsigned i = 0; i < PREFIXES_MAX && prefix.kind == CF_PREFIX_COMMAND; i++) {
                if (prefix.at >= count)
                        return (struct cf_prefix){CF_PREFIX_NONE, 0, 0};
                const struct row *row = find_row(words[prefix.at].value);
                if (!row)
                        return prefix;
                prefix = apply(row, words, count, prefix.at + 1);
        }
        return prefix;
}
