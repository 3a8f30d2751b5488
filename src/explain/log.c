/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of strace, of the kernel's log and of auditd's. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/errno-name.h"
#include "explain/clone.h"

#define NUMBER_MAX 32 /* bytes of a number or a name that means one */

/* ---- words --------------------------------------------------------------------------------- */

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

/* Cuts letters, digits and '_' off the front. */
static struct cf_span cut_word(struct cf_span *text)
{
        size_t size = 0;
        while (size < text->size && is_word(text->data[size]))
                size++;
        struct cf_span word = cf_span_part(*text, 0, size);
        *text = cf_span_part(*text, size, SIZE_MAX);
        return word;
}

/* A whole number in any base of C, perhaps negative. */
static bool read_number(struct cf_span text, int base, uint64_t *ret_value)
{
        char copy[NUMBER_MAX], *end;
        if (text.size == 0 || text.size >= sizeof(copy) || isspace((unsigned char)text.data[0]))
                return false;
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
        errno = 0;
        uint64_t value = strtoull(copy, &end, base);
        if (*end || errno)
                return false;
        *ret_value = value;
        return true;
}

static const struct cf_syscall *call_by_name(struct cf_span name)
{
        char copy[NUMBER_MAX];
        if (name.size == 0 || name.size >= sizeof(copy))
                return NULL;
        memcpy(copy, name.data, name.size);
        copy[name.size] = '\0';
        return cf_syscall_by_name(copy);
}

static const struct cf_arch *arch_by_token(uint64_t token)
{
        const struct cf_arch *arch;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if (arch->token == token)
                        return arch;
        return NULL;
}

static bool set_call(struct cf_logged *logged, const struct cf_arch *arch, struct cf_span name)
{
        const struct cf_syscall *call = call_by_name(name);
        logged->call.arch = arch->token;
        return call && cf_syscall_number(arch, call->name, &logged->call.nr);
}

/* ---- audit ----------------------------------------------------------------------------------- */

/* The value of ` KEY=VALUE`, without quotes. */
static struct cf_span field(struct cf_span line, const char *key)
{
        size_t size = strlen(key);
        for (size_t at = 0; at + size < line.size; at++) {
                struct cf_span rest = cf_span_part(line, at, SIZE_MAX);
                if (!cf_span_starts(rest, key) || rest.data[size] != '=' ||
                    (at > 0 && line.data[at - 1] != ' '))
                        continue;
                rest = cf_span_part(rest, size + 1, SIZE_MAX);
                char close = cf_span_starts(rest, "\"") ? '"' : ' ';
                if (close == '"')
                        rest = cf_span_part(rest, 1, SIZE_MAX);
                return cf_span_part(rest, 0, cf_span_find_byte(rest, close));
        }
        return (struct cf_span){0};
}

/* "arch=c000003e", "arch=x86_64". */
static const struct cf_arch *read_arch(struct cf_span text)
{
        char copy[NUMBER_MAX];
        uint64_t token;
        if (read_number(text, 16, &token) && arch_by_token(token))
                return arch_by_token(token);
        if (text.size == 0 || text.size >= sizeof(copy))
                return NULL;
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
        return cf_arch_by_name(copy);
}

static bool read_audit(struct cf_span line, struct cf_logged *logged)
{
        static const struct {
                const char *name;
                uint32_t answer;
        } codes[] = {{"kill", CF_KILL_THREAD},
                     {"kill-thread", CF_KILL_THREAD},
                     {"kill_thread", CF_KILL_THREAD},
                     {"kill-process", CF_KILL_PROCESS},
                     {"kill_process", CF_KILL_PROCESS},
                     {"trap", CF_TRAP},
                     {"errno", CF_ERRNO},
                     {"trace", CF_TRACE},
                     {"log", CF_LOG},
                     {"allow", CF_ALLOW}};
        const struct cf_arch *arch = read_arch(field(line, "arch"));
        struct cf_span call = field(line, "syscall"), code = field(line, "code");
        uint64_t number;
        if (!arch)
                return false;
        if (read_number(call, 10, &number) && number <= UINT32_MAX) {
                logged->call.arch = arch->token;
                logged->call.nr = (uint32_t)number;
        } else if (!set_call(logged, arch, call)) {
                return false;
        }
        logged->by_filter = true;
        logged->answer = CF_KILL_THREAD; /* before Linux 4.14 lines were of killed threads alone */
        if (read_number(code, 16, &number) && number <= UINT32_MAX)
                logged->answer = (uint32_t)number;
        for (size_t i = 0; i < CF_COUNT(codes); i++)
                if (cf_span_is(code, codes[i].name))
                        logged->answer = codes[i].answer;
        /* Let through, and written down because somebody asked for that. */
        if (cf_action_rank(logged->answer) >= cf_action_rank(CF_LOG))
                return false;
        if ((logged->answer & CF_ACTION_MASK) == CF_ERRNO)
                logged->error = (int)cf_action_data(logged->answer);
        if (read_number(field(line, "pid"), 10, &number) && number <= INT32_MAX)
                logged->pid = (long)number;
        logged->program = field(line, "comm");
        return true;
}

/* ---- strace ------------------------------------------------------------------------------------
 */

/* One term of an argument: a number, a constant, or a name that everybody knows. */
static bool read_term(const struct cf_syscall *call, unsigned arg, struct cf_span term,
                      uint64_t *value)
{
        uint64_t number;
        if (cf_span_is(term, "NULL") || cf_span_is(term, "PER_LINUX"))
                return true;
        if (cf_span_is(term, "AT_FDCWD")) {
                *value |= (uint64_t)-100;
                return true;
        }
        if (cf_span_is(term, "SIGCHLD")) {
                *value |= 17;
                return true;
        }
        if (read_number(term, 0, &number) || cf_constant_value(call, arg, term, &number) ||
            (strcmp(call->name, "clone") == 0 && cf_explain_clone_flag(term, &number))) {
                *value |= number;
                return true;
        }
        return false;
}

/* "CLONE_NEWNS|CLONE_NEWUSER", a number with a comment behind it. False: a string, a structure, or
 * a name that is not known. */
static bool read_value(const struct cf_syscall *call, unsigned arg, struct cf_span text,
                       uint64_t *ret_value)
{
        uint64_t value = 0;
        size_t comment = cf_span_find(text, CF_SPAN("/*"));
        text = cf_span_trim(cf_span_part(text, 0, comment));
        if (text.size == 0)
                return false;
        while (text.size) {
                size_t bar = cf_span_find_byte(text, '|');
                if (!read_term(call, arg, cf_span_trim(cf_span_part(text, 0, bar)), &value))
                        return false;
                text = bar == SIZE_MAX ? (struct cf_span){0}
                                       : cf_span_part(text, bar + 1, SIZE_MAX);
        }
        *ret_value = value;
        return true;
}

/* The argument that strace calls by its name ("flags=" of clone), else the one at this place. */
static unsigned argument_of(const struct cf_syscall *call, unsigned place, struct cf_span *text)
{
        struct cf_span rest = *text, label = cut_word(&rest);
        if (label.size == 0 || !cf_span_starts(rest, "="))
                return place;
        *text = cf_span_part(rest, 1, SIZE_MAX);
        for (int i = 0; i < call->argument_count; i++) {
                struct cf_span name = cf_span_of(call->arguments[i].name);
                size_t before = name.size - label.size;
                if (name.size >= label.size &&
                    cf_span_equal(cf_span_part(name, before, SIZE_MAX), label) &&
                    (before == 0 || name.data[before - 1] == '_'))
                        return (unsigned)i;
        }
        return CF_POLICY_ARGS; /* it has another name: not known which it is */
}

/* Cuts one argument off: up to a comma or the closing bracket of the call at this level. */
static struct cf_span cut_argument(struct cf_span *text, bool *ret_last)
{
        size_t at = 0;
        unsigned depth = 0;
        bool quoted = false;
        for (; at < text->size; at++) {
                char c = text->data[at];
                if (quoted) {
                        at += c == '\\';
                        quoted = c != '"';
                } else if (c == '"') {
                        quoted = true;
                } else if (strchr("([{", c)) {
                        depth++;
                } else if (strchr(")]}", c)) {
                        if (depth == 0)
                                break;
                        depth--;
                } else if (c == ',' && depth == 0) {
                        break;
                }
        }
        size_t size = at < text->size ? at : text->size;
        struct cf_span argument = cf_span_trim(cf_span_part(*text, 0, size));
        *ret_last = size == text->size || text->data[size] != ',';
        *text = cf_span_part(*text, size + 1, SIZE_MAX);
        return argument;
}

/* "{flags=CLONE_NEWUSER, exit_signal=SIGCHLD, …}" of clone3; 0: not told. */
static uint64_t read_flags(const struct cf_syscall *call, struct cf_span argument)
{
        static const char begin[] = "{flags=";
        uint64_t flags = 0;
        if (strcmp(call->name, "clone3") != 0 || !cf_span_starts(argument, begin))
                return 0;
        struct cf_span rest = cf_span_part(argument, strlen(begin), SIZE_MAX);
        size_t comma = cf_span_find_byte(rest, ','), close = cf_span_find_byte(rest, '}');
        rest = cf_span_part(rest, 0, comma < close ? comma : close);
        return read_value(cf_syscall_by_name("clone"), 0, rest, &flags) ? flags : 0;
}

static void read_arguments(struct cf_span *text, const struct cf_syscall *call,
                           struct cf_logged *logged)
{
        bool last = false;
        for (unsigned place = 0; !last && text->size; place++) {
                struct cf_span argument = cut_argument(text, &last);
                uint64_t value;
                if (place == 0)
                        logged->clone_flags = read_flags(call, argument);
                unsigned arg = argument_of(call, place, &argument);
                if (arg >= CF_POLICY_ARGS || !read_value(call, arg, argument, &value))
                        continue;
                logged->call.args[arg] = value;
                logged->known[arg] = true;
        }
}

/* ` = -1 EPERM (Operation not permitted)`, behind the call's closing bracket. */
static int read_result(struct cf_span text)
{
        size_t at = cf_span_find(text, CF_SPAN("= -1 E"));
        if (at == SIZE_MAX)
                return 0;
        struct cf_span name = cf_span_part(text, at + 5, SIZE_MAX);
        unsigned error;
        return cf_errno_by_name(cut_word(&name), &error) ? (int)error : 0;
}

/* "--- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, …, si_syscall=__NR_mount, si_arch=…} ---" */
static bool read_trap(struct cf_span line, const struct cf_arch *arch, struct cf_logged *logged)
{
        size_t call = cf_span_find(line, CF_SPAN("si_syscall=__NR_"));
        if (call == SIZE_MAX || cf_span_find(line, CF_SPAN("SYS_SECCOMP")) == SIZE_MAX)
                return false;
        struct cf_span name = cf_span_part(line, call + 16, SIZE_MAX);
        if (cf_span_find(line, CF_SPAN("AUDIT_ARCH_I386")) != SIZE_MAX)
                arch = cf_arch_by_name("i386");
        logged->by_filter = true;
        logged->answer = CF_TRAP;
        return set_call(logged, arch, cut_word(&name));
}

/* Passes "[pid 123] ", "123  ", times: up to the word that a '(' follows. */
static struct cf_span skip_prefix(struct cf_span line, long *pid)
{
        uint64_t number;
        struct cf_span rest = line;
        if (cf_span_starts(rest, "[pid"))
                rest = cf_span_trim(cf_span_part(rest, 4, SIZE_MAX));
        struct cf_span word = cut_word(&rest);
        if (read_number(word, 10, &number) && number <= INT32_MAX && rest.size &&
            (rest.data[0] == ' ' || rest.data[0] == ']'))
                *pid = (long)number;
        size_t open = cf_span_find_byte(line, '(');
        if (open == SIZE_MAX)
                return (struct cf_span){0};
        size_t start = open;
        while (start > 0 && is_word(line.data[start - 1]))
                start--;
        return cf_span_part(line, start, SIZE_MAX);
}

static bool read_trace(struct cf_span line, const struct cf_arch *arch, struct cf_logged *logged)
{
        size_t resumed = cf_span_find(line, CF_SPAN(" resumed>")), begins;
        struct cf_span text = skip_prefix(line, &logged->pid);
        begins = cf_span_find(line, CF_SPAN("<... "));
        if (resumed != SIZE_MAX && begins != SIZE_MAX && begins < resumed) {
                struct cf_span name = cf_span_part(line, begins + 5, SIZE_MAX);
                logged->error = read_result(cf_span_part(line, resumed, SIZE_MAX));
                return logged->error && set_call(logged, arch, cut_word(&name));
        }
        struct cf_span name = cut_word(&text);
        if (!cf_span_starts(text, "(") || !set_call(logged, arch, name))
                return false;
        text = cf_span_part(text, 1, SIZE_MAX);
        read_arguments(&text, cf_syscall_by_number(arch, logged->call.nr), logged);
        logged->error = read_result(text);
        return logged->error != 0;
}

bool cf_explain_log_line(struct cf_span line, const struct cf_arch *arch,
                         struct cf_logged *ret_logged)
{
        struct cf_logged logged = {.pid = -1};
        bool audit = cf_span_find(line, CF_SPAN("type=1326")) != SIZE_MAX ||
                     cf_span_find(line, CF_SPAN("type=SECCOMP")) != SIZE_MAX;
        if (audit ? !read_audit(line, &logged)
                  : !read_trap(line, arch, &logged) && !read_trace(line, arch, &logged))
                return false;
        *ret_logged = logged;
        return true;
}
