/* SPDX-License-Identifier: Apache-2.0 */
/* SystemCallFilter=, SystemCallErrorNumber= and SystemCallArchitectures= of systemd's units and
 * drop-ins.
 *
 * Source: systemd 252, src/shared/seccomp-util.c (what is installed), src/core/load-fragment.c
 * (what is read), src/shared/conf-parser.c (lines). It installs one filter for each architecture of
 * the machine, which leaves all others alone, and one that kills calls of architectures that are
 * not wanted. */
#include <inttypes.h>
#include <string.h>

#include "convert/systemd.h"

#define SHOWN_MAX 60    /* bytes of a text in a message */
#define ERRNO_MAX 4095  /* systemd takes errors up to here; libseccomp refuses the last one */
#define PARTS_MAX 65536 /* lines that are continued into one */
#define LOCAL_MAX CF_SYSTEMD_LOCAL_MAX

/* Two values beside errors. */
#define PLAIN (-1)
#define KILL (-2)

static const struct {
        const char *name, *holds;
} sets[] = {
#include "convert/systemd-sets.inc"
};

/* Ways of socketcall and ipc on i386: libseccomp makes a rule for the call one for its number
 * there, too. (It forgets them when i386 has none of the listed calls by a number of its own.) */
struct way {
        const char *call;
        unsigned number;
};
static const struct way socket_ways[] = {
        {"socket", 1},      {"bind", 2},        {"connect", 3},
        {"listen", 4},      {"accept", 5},      {"getsockname", 6},
        {"getpeername", 7}, {"socketpair", 8},  {"send", 9},
        {"recv", 10},       {"sendto", 11},     {"recvfrom", 12},
        {"shutdown", 13},   {"setsockopt", 14}, {"getsockopt", 15},
        {"sendmsg", 16},    {"recvmsg", 17},    {"accept4", 18},
        {"recvmmsg", 19},   {"sendmmsg", 20},   {0},
};
static const struct way ipc_ways[] = {
        {"semop", 1},
        {"semget", 2},
        {"semctl", 3},
        {"semtimedop", 4},
        {"msgsnd", 11},
        {"msgrcv", 12},
        {"msgget", 13},
        {"msgctl", 14},
        {"shmat", 21},
        {"shmdt", 22},
        {"shmget", 23},
        {"shmctl", 24},
        {0},
};

/* A call on the list. */
struct listed {
        bool there;
        int error;           /* PLAIN, KILL or an errno */
        struct cf_span word; /* that put it there */
};

/* The calls that a set holds, by their places in the table of calls. */
struct resolved {
        const uint16_t *calls;
        size_t count;
};

struct reader {
        const struct cf_reading *reading;
        struct cf_error *err;
        struct cf_warnings warnings;
        const struct cf_systemd_machine *machine;
        struct cf_span section; /* whose settings count: "Service" */
        bool inside;            /* the line is in it */
        struct listed *calls;   /* NULL: there is no list */
        struct listed *memory;  /* for it */
        bool allow;             /* it is of calls to allow */
        int error;              /* KILL or an errno: what refused calls get */
        bool restricted;        /* some architectures are listed */
        bool wanted[LOCAL_MAX]; /* those of the machine */
        struct resolved sets[CF_COUNT(sets)];
};

static int shown(struct cf_span part)
{
        return (int)(part.size < SHOWN_MAX ? part.size : SHOWN_MAX);
}

static int warn(struct reader *r, struct cf_span part, const char *what)
{
        return cf_convert_warn(r->reading, &r->warnings, cf_offset_of(r->reading, part), part.size,
                               r->err, "%s: '%.*s'", what, shown(part), part.data);
}

static int refuse(struct reader *r, int code, struct cf_span part, const char *what)
{
        return cf_convert_refuse_code(r->reading, code, cf_offset_of(r->reading, part), part.size,
                                      r->err, "%s: '%.*s'", what, shown(part), part.data);
}

const char *cf_systemd_set(const char *name)
{
        for (size_t i = 0; i < CF_COUNT(sets); i++)
                if (strcmp(sets[i].name, name) == 0)
                        return sets[i].holds;
        return "";
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A value, as the lines that it was written on. */
struct value {
        const struct cf_span *parts;
        size_t count;
        struct cf_span rest; /* of the line that is being read */
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool next_word(struct value *value, struct cf_span *ret_word)
{
        for (;;) {
                size_t size = 0;
                while (value->rest.size && is_blank(value->rest.data[0]))
                        value->rest = cf_span_part(value->rest, 1, SIZE_MAX);
                while (size < value->rest.size && !is_blank(value->rest.data[size]))
                        size++;
                if (size) {
                        *ret_word = cf_span_part(value->rest, 0, size);
                        value->rest = cf_span_part(value->rest, size, SIZE_MAX);
                        return true;
                }
                if (!value->count)
                        return false;
                value->rest = *value->parts++;
                value->count--;
        }
}

/* An error by name or number. *ret_error may be 0. */
static bool read_error(struct cf_span text, int *ret_error)
{
        uint32_t known;
        uint64_t number;
        if (cf_errno_by_name(text, &known))
                number = known;
        else if (!cf_convert_number(text, &number) || number > ERRNO_MAX)
                return false;
        *ret_error = (int)number;
        return true;
}

static int read_error_number(struct reader *r, struct value value)
{
        struct cf_span word, more;
        int error;
        if (!next_word(&value, &word) || (cf_span_is(word, "kill") && !next_word(&value, &more))) {
                r->error = KILL;
                return 0;
        }
        if (next_word(&value, &more) || !read_error(word, &error) || !error)
                return warn(r, word, "no error: systemd passes over it");
        if (error == ERRNO_MAX)
                return refuse(r, -EINVAL, word, "libseccomp refuses this error, the last one");
        r->error = error;
        return 0;
}

static int read_arches(struct reader *r, struct value value)
{
        struct cf_span word;
        int e = 0;
        bool any = false;
        while (e == 0 && next_word(&value, &word)) {
                const char *arch = NULL;
                any = true;
                for (size_t i = 0; cf_systemd_arches[i].name; i++)
                        if (cf_span_is(word, cf_systemd_arches[i].name))
                                arch = cf_systemd_arches[i].arch;
                if (!arch) {
                        e = warn(r, word, "no architecture: systemd passes over it");
                        continue;
                }
                r->restricted = true;
                for (size_t i = 1; i < LOCAL_MAX && r->machine->arches[i]; i++)
                        r->wanted[i] |= strcmp(arch, r->machine->arches[i]) == 0;
        }
        if (!any) {
                r->restricted = false;
                memset(r->wanted, 0, sizeof(r->wanted));
        }
        return e;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The calls of a set, in the arena. */
static int resolve(struct reader *r, size_t set, struct resolved *ret_resolved)
{
        CF_VEC(uint16_t) calls = {0};
        struct cf_span rest = cf_span_of(sets[set].holds);
        int e = 0;
        if (r->sets[set].calls) {
                *ret_resolved = r->sets[set];
                return 0;
        }
        while (e == 0 && rest.size) {
                struct cf_span name = cf_span_part(rest, 0, cf_span_find_byte(rest, ' '));
                char text[40];
                rest = cf_span_part(rest, name.size + 1, SIZE_MAX);
                snprintf(text, sizeof(text), "%.*s", (int)name.size, name.data);
                const struct cf_syscall *call = cf_syscall_by_name(text);
                if (call)
                        e = cf_vec_push(r->reading->arena, &calls,
                                        (uint16_t)(call - cf_syscall_at(0)));
                /* Sets stand behind those that they hold. */
                for (size_t i = 0; name.data[0] == '@' && e == 0 && i < set; i++) {
                        if (!cf_span_is(name, sets[i].name))
                                continue;
                        e = resolve(r, i, ret_resolved);
                        for (size_t k = 0; e == 0 && k < ret_resolved->count; k++)
                                e = cf_vec_push(r->reading->arena, &calls, ret_resolved->calls[k]);
                }
        }
        if (e < 0)
                return cf_convert_no_memory(r->err);
        r->sets[set] = *ret_resolved = (struct resolved){calls.items, calls.count};
        return 0;
}

/* What systemd's list keeps of one call: the opposite of what the list is of takes it off again. */
static void list_call(struct reader *r, size_t call, bool deny, int error, struct cf_span word)
{
        bool there = deny != r->allow || (deny && error != PLAIN);
        r->calls[call] = (struct listed){there, error, word};
}

static int list_name(struct reader *r, struct cf_span name, bool deny, int error,
                     struct cf_span word)
{
        struct resolved resolved;
        char text[64];
        if (name.data[0] == '@') {
                for (size_t i = 0; i < CF_COUNT(sets); i++) {
                        if (!cf_span_is(name, sets[i].name))
                                continue;
                        int e = resolve(r, i, &resolved);
                        for (size_t k = 0; e == 0 && k < resolved.count; k++)
                                list_call(r, resolved.calls[k], deny, error, word);
                        return e;
                }
                return warn(r, word, "no set of systemd 252, which passes over it");
        }
        snprintf(text, sizeof(text), "%.*s", (int)(name.size < 63 ? name.size : 63), name.data);
        const struct cf_syscall *call = name.size < sizeof(text) && strlen(text) == name.size
                                                ? cf_syscall_by_name(text)
                                                : NULL;
        if (!call)
                return warn(r, word, "no system call: systemd passes over it");
        list_call(r, (size_t)(call - cf_syscall_at(0)), deny, error, word);
        return 0;
}

/* "name", "name:errno", "name:kill". */
static int list_word(struct reader *r, struct cf_span word, bool deny)
{
        size_t colon = cf_span_find_byte(word, ':');
        struct cf_span name = cf_span_part(word, 0, colon);
        int error = PLAIN;
        if (cf_span_find_byte(word, '\\') != SIZE_MAX)
                return refuse(r, -ENOTSUP, word, "a backslash in a name is not read here");
        if (colon != SIZE_MAX) {
                struct cf_span text = cf_span_part(word, colon + 1, SIZE_MAX);
                if (cf_span_is(text, "kill"))
                        error = KILL;
                else if (!read_error(text, &error))
                        return warn(r, word, "no error behind ':': systemd passes over it");
        }
        if (!name.size)
                return warn(r, word, "no call: systemd passes over it");
        if (!deny && error != PLAIN)
                return warn(r, word,
                            "an error has no meaning for a call to allow: systemd passes over it");
        if (error == ERRNO_MAX)
                return refuse(r, -EINVAL, word, "libseccomp refuses this error, the last one");
        return list_name(r, name, deny, error, word);
}

static int read_filter(struct reader *r, struct value value)
{
        struct cf_span word;
        if (!next_word(&value, &word)) {
                r->calls = NULL;
                r->allow = false;
                return 0;
        }
        bool deny = word.data[0] == '~';
        int e = 0;
        if (!r->calls) {
                r->calls = r->memory;
                memset(r->calls, 0, cf_systemd_call_count() * sizeof(*r->calls));
                r->allow = !deny;
                if (r->allow)
                        e = list_name(r, CF_SPAN("@default"), false, PLAIN, word);
        }
        if (deny)
                word = cf_span_part(word, 1, SIZE_MAX);
        for (bool more = word.size || next_word(&value, &word); e == 0 && more;
             more = next_word(&value, &word))
                e = list_word(r, word, deny);
        return e;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Settings that make systemd install further filters. */
static bool adds_filters(struct cf_span key)
{
        static const char *const keys[] = {
                "DynamicUser",
                "LockPersonality",
                "MemoryDenyWriteExecute",
                "PrivateDevices",
                "ProtectClock",
                "ProtectHostname",
                "ProtectKernelLogs",
                "ProtectKernelModules",
                "ProtectKernelTunables",
                "RestrictAddressFamilies",
                "RestrictNamespaces",
                "RestrictRealtime",
                "RestrictSUIDSGID",
                "SystemCallLog",
        };
        for (size_t i = 0; i < CF_COUNT(keys); i++)
                if (cf_span_is(key, keys[i]))
                        return true;
        return false;
}

static bool is_no(struct cf_span word)
{
        static const char *const words[] = {"no", "n", "false", "f", "off", "0"};
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (cf_span_equal_nocase(word, cf_span_of(words[i])))
                        return true;
        return false;
}

static int read_setting(struct reader *r, struct cf_span key, struct value value)
{
        struct cf_span word;
        if (cf_span_is(key, "SystemCallFilter"))
                return read_filter(r, value);
        if (cf_span_is(key, "SystemCallErrorNumber"))
                return read_error_number(r, value);
        if (cf_span_is(key, "SystemCallArchitectures"))
                return read_arches(r, value);
        if (adds_filters(key) && next_word(&value, &word) && !is_no(word))
                return warn(r, key, "makes systemd install another filter, which is not read");
        return 0;
}

static int read_section(struct reader *r, struct cf_span line)
{
        static const char *const known[] = {"Service", "Socket", "Mount", "Swap"};
        struct cf_span name = cf_span_part(line, 1, line.size - 2);
        if (line.data[line.size - 1] != ']')
                return refuse(r, -EINVAL, line, "systemd refuses this head of a section");
        r->inside = false;
        for (size_t i = 0; i < CF_COUNT(known); i++)
                r->inside |= cf_span_is(name, known[i]);
        if (!r->inside)
                return 0;
        if (r->section.size && !cf_span_equal(r->section, name))
                return refuse(r, -ENOTSUP, line, "a unit has one section of this kind");
        r->section = name;
        return 0;
}

/* A line, which may have been continued on others. */
static int read_line(struct reader *r, struct cf_span *parts, size_t count)
{
        struct cf_span line = cf_span_trim(parts[0]);
        size_t equals = cf_span_find_byte(line, '=');
        if (!line.size && count == 1)
                return 0;
        if (count > 1 && (equals == SIZE_MAX || line.data[0] == '['))
                return refuse(r, -ENOTSUP, line, "a line that is continued before its '='");
        if (line.data[0] == '[')
                return read_section(r, line);
        if (!r->inside)
                return 0;
        if (equals == SIZE_MAX)
                return warn(r, line, "no '=': systemd passes over this line");
        parts[0] = cf_span_part(line, equals + 1, SIZE_MAX);
        return read_setting(r, cf_span_trim(cf_span_part(line, 0, equals)),
                            (struct value){.parts = parts, .count = count});
}

/* Without the backslash at its end, if there is one that counts. */
static bool is_continued(struct cf_span *line)
{
        size_t slashes = 0;
        while (slashes < line->size && line->data[line->size - 1 - slashes] == '\\')
                slashes++;
        line->size -= slashes % 2;
        return slashes % 2;
}

static int read_lines(struct reader *r)
{
        struct cf_span rest = r->reading->source->text, line;
        CF_VEC(struct cf_span) parts = {0};
        int e = 0;
        while (e == 0 && cf_span_next_line(&rest, &line)) {
                struct cf_span trimmed = cf_span_trim(line);
                if (trimmed.size && (trimmed.data[0] == '#' || trimmed.data[0] == ';'))
                        continue; /* also between lines that are continued */
                bool more = is_continued(&line);
                if (parts.count >= PARTS_MAX || cf_vec_push(r->reading->arena, &parts, line) < 0)
                        return cf_convert_no_memory(r->err);
                if (more)
                        continue;
                e = read_line(r, parts.items, parts.count);
                parts.count = 0;
        }
        return e == 0 && parts.count ? read_line(r, parts.items, parts.count) : e;
}

/* ---- what it means --------------------------------------------------------------------------- */

static uint32_t value_of(int error)
{
        return error == KILL ? CF_KILL_PROCESS : CF_ERRNO | (uint32_t)error;
}

static uint32_t default_of(const struct reader *r)
{
        return r->allow ? value_of(r->error) : CF_ALLOW;
}

static uint32_t answer_of(const struct reader *r, const struct listed *listed)
{
        if (listed->error != PLAIN)
                return value_of(listed->error);
        return r->allow ? CF_ALLOW : value_of(r->error);
}

static const struct listed *listed_of(const struct reader *r, const char *name)
{
        const struct cf_syscall *call = cf_syscall_by_name(name);
        const struct listed *listed = call ? &r->calls[call - cf_syscall_at(0)] : NULL;
        return listed && listed->there ? listed : NULL;
}

/* socketcall or ipc: its first argument, of which 32 bits count, tells what is done. */
static cf_policy multiplexed(const struct reader *r, const char *name, const struct way *ways,
                             cf_policy otherwise)
{
        struct cf_policies *all = r->reading->all;
        if (listed_of(r, name)) /* a rule without conditions, which stands for all ways */
                return otherwise;
        for (; ways->call; ways++) {
                const struct listed *listed = listed_of(r, ways->call);
                if (listed)
                        otherwise = cf_policy_choose(
                                all,
                                cf_policy_masked(all, cf_slice_arg(0), UINT32_MAX, ways->number),
                                cf_policy_constant(all, answer_of(r, listed)), otherwise);
        }
        return otherwise;
}

static bool lists_any(const struct reader *r, const struct cf_arch *arch)
{
        uint32_t nr;
        for (size_t i = 0; cf_syscall_at(i); i++)
                if (r->calls[i].there && cf_syscall_number(arch, cf_syscall_at(i)->name, &nr))
                        return true;
        return false;
}

/* The filter for one architecture, which allows the calls of others. */
static cf_policy filter_of(const struct reader *r, const struct cf_arch *arch, cf_policy calls)
{
        struct cf_policies *all = r->reading->all;
        cf_policy policy = cf_policy_constant(all, default_of(r));
        bool mixed = strcmp(arch->name, "i386") == 0 && lists_any(r, arch);
        uint32_t nr;
        for (size_t i = 0; cf_syscall_at(i); i++) {
                const char *name = cf_syscall_at(i)->name;
                if (!cf_syscall_number(arch, name, &nr))
                        continue;
                cf_policy answer = cf_policy_constant(
                        all, r->calls[i].there ? answer_of(r, &r->calls[i]) : default_of(r));
                if (mixed && strcmp(name, "socketcall") == 0)
                        answer = multiplexed(r, name, socket_ways, answer);
                else if (mixed && strcmp(name, "ipc") == 0)
                        answer = multiplexed(r, name, ipc_ways, answer);
                policy = cf_policy_choose(all, cf_policy_equal(all, CF_SLICE_NR, nr), answer,
                                          policy);
        }
        return cf_policy_choose(all, calls, policy, cf_policy_constant(all, CF_ALLOW));
}

/* Number -1, which is no call, belongs to both of two architectures with one token: so libseccomp
 * tells them apart. */
static cf_policy calls_of(struct cf_policies *all, const struct cf_arch *arch)
{
        cf_policy calls = cf_convert_calls_of(all, &arch, 1);
        if (arch->token != cf_arch_by_name("x32")->token)
                return calls;
        return cf_policy_or(all, calls,
                            cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, arch->token),
                                          cf_policy_equal(all, CF_SLICE_NR, UINT32_MAX)));
}

/* libseccomp takes no rule that answers what its filter does anyway, and systemd does not start the
 * service then. */
static int check_list(struct reader *r)
{
        for (size_t i = 0; r->calls && cf_syscall_at(i); i++)
                if (r->calls[i].there && answer_of(r, &r->calls[i]) == default_of(r))
                        return refuse(r, -EINVAL, r->calls[i].word,
                                      "this is what calls off the list get: systemd fails to "
                                      "install such a filter");
        return 0;
}

static cf_policy policy_of(const struct reader *r, const struct cf_arch *const *arches,
                           size_t count)
{
        struct cf_policies *all = r->reading->all;
        cf_policy policy = cf_policy_constant(all, CF_ALLOW), known = CF_POLICY_FALSE;
        bool blocks = false;
        for (size_t i = 0; i < count; i++) {
                cf_policy calls = calls_of(all, arches[i]);
                known = cf_policy_or(all, known, calls);
                if (r->calls)
                        policy = cf_policy_stack(all, filter_of(r, arches[i], calls), policy);
        }
        for (size_t i = 1; i < LOCAL_MAX && r->machine->arches[i]; i++)
                blocks |= r->restricted && !r->wanted[i];
        if (blocks)
                policy = cf_policy_stack(all,
                                         cf_policy_choose(all, known,
                                                          cf_policy_constant(all, CF_ALLOW),
                                                          cf_policy_constant(all, CF_KILL_THREAD)),
                                         policy);
        return policy;
}

int cf_systemd_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                    struct cf_error *err)
{
        const struct cf_arch *own = reading->circumstances->machine;
        struct reader *r = cf_arena_one(reading->arena, struct reader);
        const struct cf_arch **arches =
                cf_arena_many(reading->arena, LOCAL_MAX, const struct cf_arch *);
        size_t count = 0;
        struct listed *memory =
                cf_arena_many(reading->arena, cf_systemd_call_count(), struct listed);
        if (!r || !arches || !memory)
                return cf_convert_no_memory(err);
        *r = (struct reader){.reading = reading,
                             .err = err,
                             .error = KILL,
                             .machine = cf_systemd_machine_of(own),
                             .memory = memory};
        if (!r->machine)
                return cf_convert_refuse_code(reading, -ENOTSUP, 0, 0, err,
                                              "what systemd does on %s is not known here",
                                              own->name);
        int e = read_lines(r);
        if (e == 0)
                e = check_list(r);
        if (e < 0)
                return e;
        for (size_t i = 0; i < LOCAL_MAX && r->machine->arches[i]; i++)
                if (i == 0 || !r->restricted || r->wanted[i])
                        arches[count++] = cf_arch_by_name(r->machine->arches[i]);
        cf_convert_sort_warnings(&r->warnings);
        *ret_converted = (struct cf_converted){
                .policy = policy_of(r, arches, count),
                .arches = arches,
                .arch_count = count,
                .warnings = r->warnings.list.items,
                .warning_count = r->warnings.list.count,
                .more_warnings = r->warnings.more,
        };
        return 0;
}

/* A unit or drop-in: a section, and a setting of ours in it. */
bool cf_systemd_claim(const struct cf_source *source)
{
        struct cf_span rest = source->text, line;
        bool head = false;
        while (cf_span_next_line(&rest, &line)) {
                line = cf_span_trim(line);
                if (line.size && line.data[0] != '[' && line.data[0] != '#' &&
                    line.data[0] != ';' && !head)
                        return false;
                head |= line.size && line.data[0] == '[' && cf_span_ends(line, "]");
                if (cf_span_starts(line, "SystemCallFilter") ||
                    cf_span_starts(line, "SystemCallArchitectures"))
                        return cf_span_find_byte(line, '=') != SIZE_MAX;
        }
        return false;
}
