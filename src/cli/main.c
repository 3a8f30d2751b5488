/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"

static const char *command_name_at(size_t i, const void *context)
{
        (void)context;
        return cf_commands[i] ? cf_commands[i]->name : NULL;
}

static int unknown_command(const char *word)
{
        struct cf_error err = {0};
        const char *near = cf_nearest(word, command_name_at, NULL);
        if (near)
                cf_error_set(&err, -EINVAL, NULL, "there is no command '%s' (did you mean %s?)",
                             word, near);
        else
                cf_error_set(&err, -EINVAL, NULL, "there is no command '%s'; see: confined --help",
                             word);
        return cf_complain(&err);
}

static int print_help(const struct cf_command *command)
{
        CF_TEXT struct cf_text out = {0};
        cf_help_print(command, &out);
        return cf_print(&out);
}

/* A reader that left is an error of write(2). Unlike SIG_IGN, which stays what it is when it was
 * set before us, a handler is not handed on to what we run. */
static void ignore(int signal)
{
        (void)signal;
}

static void ignore_pipes(void)
{
        struct sigaction old, action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
        if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
                sigaction(SIGPIPE, &action, NULL);
}

/* Where a standard stream is closed the next file would take its place, and be written to as if it
 * was the terminal. What stands in it here fails as a closed one does: it is open the wrong way. */
static bool hold_streams(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 &&
                    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                        return false;
        return true;
}

static int complain(const struct cf_command *command, const struct cf_error *err)
{
        int status = cf_complain(err);
        return command->trouble ? command->trouble : status;
}

int main(int argc, char **argv)
{
        ignore_pipes();
        if (!hold_streams())
                return CF_EXIT_TROUBLE;
        if (argc < 2) {
                CF_TEXT struct cf_text out = {0};
                cf_help_print(NULL, &out);
                fputs(out.data ? out.data : "", stderr);
                return CF_EXIT_TROUBLE;
        }
        const char *word = argv[1];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
                return print_help(NULL);
        if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
                word = "version";
        const struct cf_command *command = cf_command_find(word);
        if (!command)
                return unknown_command(word);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_error err = {0};
        if (!arena) {
                cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
                return complain(command, &err);
        }
        struct cf_invocation invocation = {0};
        if (cf_invocation_parse(arena, command, argv + 2, (size_t)argc - 2, &invocation, &err) < 0)
                return complain(command, &err);
        if (cf_given(&invocation, "help"))
                return print_help(command);
        return command->run(&invocation);
}
