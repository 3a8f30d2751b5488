/* SPDX-License-Identifier: Apache-2.0 */
/* Where a person answers: keys of the terminal, or lines of the standard input.
 *
 * The command has the same terminal. It is ours while a question is open and the command's
 * otherwise: keys are not read by us then, and its modes are put back. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/why-step.h"

#define LINE_MAX_BYTES 256u
#define PARENTS_MAX 64 /* generations that are looked through */
#define WRITE_WAIT_MS 1000
#define CTRL_D 4

struct cf_stepping_desk {
        int input; /* -1: nobody is asked */
        int output;
        bool terminal, taken;
        bool waiting; /* it was said that we wait in the background */
        pid_t group;  /* whose the terminal was; 0: ours, or it has none */
        struct termios modes;
        char line[LINE_MAX_BYTES];
        size_t size;
        bool too_long;
};

void cf_stepping_put(struct cf_stepping *step)
{
        struct cf_text *line = &step->line;
        struct pollfd file = {.fd = step->desk ? step->desk->output : STDERR_FILENO,
                              .events = POLLOUT};
        /* Whoever reads this may be a part of the command, and wait for us. */
        if (line->size && !line->failed && poll(&file, 1, WRITE_WAIT_MS) == 1 &&
            file.revents & POLLOUT)
                (void)!write(file.fd, line->data, line->size);
        cf_text_clear(line);
        line->failed = false;
}

/* ---- whose terminal it is ----------------------------------------------------------------------
 */

/* Whether a process was started by us: a shell that gives its jobs the terminal, say. One that has
 * ended may have been. */
static bool is_ours(pid_t pid)
{
        if (kill(pid, 0) < 0 && errno == ESRCH)
                return true;
        for (int i = 0; i < PARENTS_MAX && pid > 1; i++) {
                if (pid == getpid())
                        return true;
                pid = cf_why_parent_of(pid);
        }
        return false;
}

bool cf_stepping_desk_take(struct cf_stepping *step)
{
        struct cf_stepping_desk *desk = step->desk;
        struct termios keys;
        if (!desk || !desk->terminal || desk->taken)
                return desk != NULL;
        pid_t group = tcgetpgrp(desk->input); /* -1: it is nobody's */
        if (group > 0 && group != getpgrp() && !is_ours(group)) {
                if (!desk->waiting) {
                        desk->waiting = true;
                        cf_text_puts(&step->line, "confined: a call is held: bring confined to the "
                                                  "foreground to answer (fg)\n");
                        cf_stepping_put(step);
                }
                return false;
        }
        desk->waiting = false;
        if (tcgetattr(desk->input, &desk->modes) < 0)
                return true;
        desk->group = group > 0 && group != getpgrp() ? group : 0;
        if (desk->group)
                tcsetpgrp(desk->input, getpgrp()); /* SIGTTOU is blocked: it does not stop us */
        keys = desk->modes;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        keys.c_cc[VMIN] = 1;
        keys.c_cc[VTIME] = 0;
        /* What was typed for the command is no answer. */
        tcsetattr(desk->input, TCSAFLUSH, &keys);
        desk->taken = true;
        return true;
}

void cf_stepping_desk_give(struct cf_stepping *step)
{
        struct cf_stepping_desk *desk = step->desk;
        if (!desk || !desk->taken)
                return;
        tcsetattr(desk->input, TCSADRAIN, &desk->modes);
        if (desk->group && kill(-desk->group, 0) == 0)
                tcsetpgrp(desk->input, desk->group);
        desk->taken = false;
}

/* ---- keys --------------------------------------------------------------------------------------
 */

/* A line is a key, or the word for one; '?' what is none. */
static int key_of_line(struct cf_span line)
{
        static const struct {
                const char *word;
                int key;
        } words[] = {{"yes", 'y'}, {"once", 'y'},  {"always", 'a'}, {"call", 'A'},
                     {"no", 'n'},  {"never", 'N'}, {"kill", 'k'},   {"quit", 'q'}};
        line = cf_span_trim(line);
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (cf_span_is(line, words[i].word))
                        return words[i].key;
        return line.size == 1 ? line.data[0] : '?';
}

static int take_byte(struct cf_stepping_desk *desk, char byte)
{
        if (byte != '\n') {
                desk->too_long |= desk->size >= sizeof(desk->line);
                if (!desk->too_long)
                        desk->line[desk->size++] = byte;
                return 0;
        }
        int key = desk->too_long ? '?' : key_of_line((struct cf_span){desk->line, desk->size});
        desk->size = 0;
        desk->too_long = false;
        return key;
}

int cf_stepping_desk_key(struct cf_stepping *step)
{
        struct cf_stepping_desk *desk = step->desk;
        char byte;
        /* One byte at a time: the rest is for later questions. */
        ssize_t got = read(desk->input, &byte, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
                return 0;
        if (got <= 0)
                return -1;
        if (!desk->terminal)
                return take_byte(desk, byte);
        return byte == CTRL_D ? -1 : (unsigned char)byte;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

int cf_stepping_desk_input(const struct cf_stepping *step)
{
        return step->desk ? step->desk->input : -1;
}

/* Lines are for us alone: the command reads nothing. */
static int take_standard_input(struct cf_stepping_desk *desk, struct cf_error *err)
{
        CF_CLOSE int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        desk->input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        if (desk->input < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
                return cf_error_set(err, -errno, NULL,
                                    "nobody can be asked: the standard input cannot be read (%s); "
                                    "decide by --policy FILE",
                                    strerror(errno));
        return 0;
}

int cf_stepping_desk_open(struct cf_stepping *step, struct cf_error *err)
{
        struct cf_stepping_desk *desk = cf_arena_one(step->why->job.arena, struct cf_stepping_desk);
        if (!desk)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        desk->output = STDERR_FILENO;
        desk->terminal = isatty(STDIN_FILENO) == 1;
        desk->input = STDIN_FILENO;
        if (desk->terminal && !isatty(STDERR_FILENO))
                desk->output = STDIN_FILENO; /* terminals are open both ways */
        int r = desk->terminal ? 0 : take_standard_input(desk, err);
        if (r == 0)
                step->desk = desk;
        return r;
}

void cf_stepping_desk_close(struct cf_stepping *step)
{
        cf_stepping_desk_give(step);
        if (step->desk && !step->desk->terminal)
                close(step->desk->input);
        step->desk = NULL;
}
