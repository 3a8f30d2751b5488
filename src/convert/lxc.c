/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp policies of LXC, version 2.
 *
 * Source: LXC's src/lxc/seccomp.c, 4.0 to 7.0, which all read the same. A section `[arch]` decides
 * only whether its rules count on this machine at all: what counts is added to every architecture
 * that the machine runs. */
#include <inttypes.h>
#include <string.h>

#include "convert/formats.h"

#define ERRNO_MAX 4094 /* libseccomp takes errors below the kernel's MAX_ERRNO, 4095 */
#define SHOWN_MAX 60   /* bytes of a text in a message */

struct reader {
        const struct cf_reading *reading;
        struct cf_error *err;
        struct cf_warnings warnings;
        uint32_t default_value;      /* of calls without a rule */
        uint32_t rule_value;         /* of a rule without an action */
        struct cf_profile_part head; /* where the default stands */
        bool skipping;               /* a section of another machine */
        bool told;                   /* that sections do not tell architectures apart */
        bool told_ways;              /* that ways of socketcall and ipc are passed over */
        CF_VEC(struct cf_profile_rule) rules;
};

/* What a machine runs, as LXC sees it: its own architecture, and others that get the same rules. */
static const struct machine {
        const char *name;
        const char *others[2]; /* SCMP_ARCH_* */
        const char *sections;  /* that count, each between blanks, in lower case */
} machines[] = {
        {"x86_64", {"SCMP_ARCH_X86", "SCMP_ARCH_X32"}, " x86 x32 x86_64 all "},
        {"i386", {NULL}, " x86 all "},
        {"aarch64", {"SCMP_ARCH_ARM", NULL}, " arm arm64 all "},
        {"arm", {NULL}, " arm all "},
        {"s390x", {NULL}, " s390x all "},
        {"loongarch64", {NULL}, " loongarch64 all "},
};
static const char other_sections[] = " x86 x32 x86_64 all arm arm64 ppc ppc64 ppc64le mips mips64 "
                                     "mips64n32 mipsel mipsel64 mipsel64n32 s390 s390x "
                                     "loongarch64 ";

/* libseccomp has no numbers for these calls where they are also ways of socketcall and ipc, and LXC
 * passes over what has none: on i386 and s390x rules for them do nothing. (Measured with LXC 5.0.2
 * and libseccomp 2.5.4.) */
static const char *const ways[] = {
        "accept",   "accept4",  "bind",   "connect",    "getpeername", "getsockname", "getsockopt",
        "listen",   "msgctl",   "msgget", "msgrcv",     "msgsnd",      "recv",        "recvfrom",
        "recvmmsg", "recvmsg",  "semctl", "semget",     "semop",       "semtimedop",  "send",
        "sendmmsg", "sendmsg",  "sendto", "setsockopt", "shmat",       "shmctl",      "shmdt",
        "shmget",   "shutdown", "socket", "socketpair",
};

static bool has_ways(const struct cf_arch *arch)
{
        return strcmp(arch->name, "i386") == 0 || strcmp(arch->name, "s390x") == 0;
}

static bool is_way(const char *name)
{
        for (size_t i = 0; i < CF_COUNT(ways); i++)
                if (strcmp(ways[i], name) == 0)
                        return true;
        return false;
}

/* Whether rules for a call do nothing on one of the machine's architectures. */
static bool is_passed_over(const struct machine *machine, const char *name)
{
        uint32_t number;
        const struct cf_arch *arch = cf_arch_by_name(machine->name);
        if (!is_way(name))
                return false;
        if (has_ways(arch) && cf_syscall_number(arch, name, &number))
                return true;
        for (size_t i = 0; i < CF_COUNT(machine->others) && machine->others[i]; i++) {
                arch = cf_arch_by_name(machine->others[i]);
                if (has_ways(arch) && cf_syscall_number(arch, name, &number))
                        return true;
        }
        return false;
}

/* The policy with another answer for such calls where rules for them do nothing: that of calls
 * without a rule, or, to write it, what the same call gets on `like`. */
static cf_policy change_ways(struct cf_policies *all, cf_policy policy,
                             const struct cf_arch *const *arches, size_t count,
                             const struct cf_arch *like, uint32_t value)
{
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; has_ways(arches[i]) && k < CF_COUNT(ways); k++) {
                        cf_policy answer = cf_policy_constant(all, value);
                        uint32_t number, there;
                        if (!cf_syscall_number(arches[i], ways[k], &number))
                                continue;
                        if (like && !cf_syscall_number(like, ways[k], &there))
                                continue;
                        if (like)
                                answer = cf_policy_of_call(all, policy, like->token, there);
                        cf_policy here = cf_policy_and(
                                all, cf_policy_equal(all, CF_SLICE_ARCH, arches[i]->token),
                                cf_policy_equal(all, CF_SLICE_NR, number));
                        policy = cf_policy_choose(all, here, answer, policy);
                }
        return policy;
}

static const struct machine *machine_of(const struct cf_arch *arch)
{
        for (size_t i = 0; i < CF_COUNT(machines); i++)
                if (strcmp(machines[i].name, arch->name) == 0)
                        return &machines[i];
        return NULL;
}

static int refuse(struct reader *r, struct cf_span part, const char *what)
{
        return cf_convert_refuse(r->reading, cf_offset_of(r->reading, part), part.size, r->err,
                                 "%s: '%.*s'", what,
                                 (int)(part.size < SHOWN_MAX ? part.size : SHOWN_MAX), part.data);
}

static struct cf_span skip_blanks(struct cf_span text)
{
        while (text.size && text.data[0] == ' ')
                text = cf_span_part(text, 1, SIZE_MAX);
        return text;
}

/* ---- actions --------------------------------------------------------------------------------- */

/* "errno 1": LXC looks at the beginning only. */
static int read_errno(struct reader *r, struct cf_span text, uint32_t *ret_value)
{
        struct cf_span rest = cf_span_trim(cf_span_part(text, strlen("errno"), SIZE_MAX));
        uint32_t number = 0;
        size_t digits = 0;
        while (digits < rest.size && rest.data[digits] >= '0' && rest.data[digits] <= '9' &&
               number <= ERRNO_MAX)
                number = number * 10 + (uint32_t)(rest.data[digits++] - '0');
        if (!digits || number > ERRNO_MAX)
                return refuse(r, text, "'errno' needs a number from 0 to 4094");
        *ret_value = CF_ERRNO | number;
        return 0;
}

/* What begins with the name of an action. *ret_value is untouched when there is no text. */
static int read_action(struct reader *r, struct cf_span text, uint32_t *ret_value)
{
        static const struct {
                const char *name;
                uint32_t value;
        } actions[] = {
                {"kill", CF_KILL_THREAD},
                {"allow", CF_ALLOW},
                {"trap", CF_TRAP},
                {"notify", CF_USER_NOTIF},
        };
        text = skip_blanks(text);
        if (!text.size)
                return 0;
        if (cf_span_starts(text, "errno"))
                return read_errno(r, text, ret_value);
        for (size_t i = 0; i < CF_COUNT(actions); i++)
                if (cf_span_starts(text, actions[i].name)) {
                        *ret_value = actions[i].value;
                        return 0;
                }
        return refuse(r, text,
                      text.data[0] == '[' ? "conditions stand behind an action; add one, for "
                                            "instance 'allow'"
                                          : "no action (kill, errno N, allow, trap, notify)");
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool operator_of(struct cf_span word, enum cf_operator *ret_op)
{
        static const struct {
                const char *name, *sign;
                enum cf_operator op;
        } operators[] = {
                {"SCMP_CMP_NE", "!=", CF_NE},
                {"SCMP_CMP_LT", "<", CF_LT},
                {"SCMP_CMP_LE", "<=", CF_LE},
                {"SCMP_CMP_EQ", "==", CF_EQ},
                {"SCMP_CMP_GE", ">=", CF_GE},
                {"SCMP_CMP_GT", ">", CF_GT},
                {"SCMP_CMP_MASKED_EQ", "&=", CF_MASKED_EQ},
        };
        for (size_t i = 0; i < CF_COUNT(operators); i++)
                if (cf_span_is(word, operators[i].name) || cf_span_is(word, operators[i].sign)) {
                        *ret_op = operators[i].op;
                        return true;
                }
        return false;
}

#define FIELDS 4 /* index, value, operator, mask */

/* "index,value,operator,mask", the last one only for masked comparisons. */
static int read_condition(struct reader *r, struct cf_span text, struct cf_condition *ret_condition)
{
        struct cf_span field[FIELDS] = {{0}}, rest = text;
        uint64_t index, value, mask = 0;
        size_t count = 0;
        for (bool more = true; more && count < FIELDS; count++) {
                size_t comma = cf_span_find_byte(rest, ',');
                more = comma != SIZE_MAX;
                field[count] = cf_span_part(rest, 0, comma);
                rest = cf_span_part(rest, more ? comma + 1 : rest.size, SIZE_MAX);
        }
        struct cf_condition condition = {.mask = UINT64_MAX};
        if (count < 3 || !cf_convert_number(skip_blanks(field[0]), &index) ||
            index >= CF_POLICY_ARGS || !cf_convert_number(skip_blanks(field[1]), &value) ||
            !operator_of(field[2], &condition.op) ||
            (count == FIELDS && !cf_convert_number(skip_blanks(field[3]), &mask)))
                return refuse(r, text,
                              "no condition [index,value,operator] or "
                              "[index,value,&=,mask]");
        condition.arg = (uint8_t)index;
        condition.value = value;
        if (condition.op == CF_MASKED_EQ) {
                condition.mask = mask;
                condition.value = value & mask;
        }
        *ret_condition = condition;
        return 0;
}

/* Everything up to each ']' of the line must hold a condition. */
static int read_conditions(struct reader *r, struct cf_span line, struct cf_profile_rule *rule)
{
        struct cf_condition *all;
        unsigned seen = 0;
        if (cf_span_find_byte(line, '[') == SIZE_MAX)
                return 0;
        all = cf_arena_many(r->reading->arena, CF_POLICY_ARGS, struct cf_condition);
        if (!all)
                return cf_convert_no_memory(r->err);
        while (line.size) {
                size_t end = cf_span_find_byte(line, ']');
                struct cf_span part = cf_span_part(line, 0, end);
                size_t open = cf_span_find_byte(part, '[');
                if (open == SIZE_MAX || end == SIZE_MAX)
                        return refuse(r, part, "no condition [index,value,operator]");
                if (rule->condition_count == CF_POLICY_ARGS)
                        return refuse(r, part, "more than six conditions");
                struct cf_condition *next = &all[rule->condition_count++];
                int e = read_condition(r, cf_span_part(part, open + 1, SIZE_MAX), next);
                if (e < 0)
                        return e;
                if (seen & 1u << next->arg)
                        return refuse(r, part, "libseccomp refuses two conditions on one argument");
                seen |= 1u << next->arg;
                line = cf_span_part(line, end + 1, SIZE_MAX);
        }
        rule->conditions = all;
        return 0;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Adds a rule for the call `text`, which stands as `name` in the source. */
static int add_rule(struct reader *r, struct cf_span name, const char *text,
                    struct cf_profile_rule *rule)
{
        struct cf_profile_word *word = cf_arena_one(r->reading->arena, struct cf_profile_word);
        if (!word)
                return cf_convert_no_memory(r->err);
        word->text = cf_span_of(text);
        word->part = (struct cf_profile_part){cf_offset_of(r->reading, name), name.size};
        rule->names = (struct cf_profile_words){word, 1};
        if (cf_vec_push(r->reading->arena, &r->rules, *rule) < 0)
                return cf_convert_no_memory(r->err);
        return 0;
}

/* umount2 with MNT_FORCE gets EACCES. */
static int add_force_umount(struct reader *r, struct cf_span line)
{
        struct cf_condition *condition = cf_arena_one(r->reading->arena, struct cf_condition);
        struct cf_profile_rule rule = {
                .part = {cf_offset_of(r->reading, line), line.size},
                .value = CF_ERRNO | EACCES,
                .conditions = condition,
                .condition_count = 1,
        };
        if (!condition)
                return cf_convert_no_memory(r->err);
        *condition = (struct cf_condition){1, CF_MASKED_EQ, 1, 1};
        rule.action = rule.part;
        return add_rule(r, line, "umount2", &rule);
}

static int read_rule(struct reader *r, const struct machine *machine, struct cf_span line)
{
        size_t blank = cf_span_find_byte(line, ' ');
        struct cf_span name = cf_span_part(line, 0, blank);
        struct cf_span rest = skip_blanks(cf_span_part(line, name.size, SIZE_MAX));
        size_t at = cf_offset_of(r->reading, line);
        struct cf_profile_rule rule = {
                .part = {at, name.size},
                .action = {cf_offset_of(r->reading, rest), rest.size},
                .value = r->rule_value,
        };
        int e = cf_span_starts(rest, "#") ? 0 : read_action(r, rest, &rule.value);
        if (e == 0)
                e = read_conditions(r, line, &rule);
        if (e < 0)
                return e;
        if (cf_span_starts(name, "reject_force_umount"))
                return add_force_umount(r, name);
        const char *known = cf_arena_copy(r->reading->arena, name);
        if (!known)
                return cf_convert_no_memory(r->err);
        if (memchr(name.data, 0, name.size) || !cf_syscall_by_name(known))
                return name.size == 0 && !rest.size
                               ? 0
                               : cf_convert_warn(
                                         r->reading, &r->warnings, at, name.size, r->err,
                                         "there is no system call '%.*s': LXC passes over "
                                         "this line",
                                         (int)(name.size < SHOWN_MAX ? name.size : SHOWN_MAX),
                                         name.data);
        if (rule.value == r->default_value)
                return refuse(r, line,
                              "this action is the default one: LXC refuses such a rule; "
                              "remove it");
        if (is_passed_over(machine, known) && !r->told_ways) {
                r->told_ways = true;
                e = cf_convert_warn(r->reading, &r->warnings, at, name.size, r->err,
                                    "LXC passes over rules for '%s' on %s: there it is a way of "
                                    "socketcall or ipc",
                                    known, strcmp(machine->name, "s390x") == 0 ? "s390x" : "i386");
        }
        return e < 0 ? e : add_rule(r, name, known, &rule);
}

static bool among(const char *list, struct cf_span word)
{
        char text[24];
        if (word.size + 3 > sizeof(text))
                return false;
        snprintf(text, sizeof(text), " %.*s ", (int)word.size, word.data);
        if (text[1] >= 'A' && text[1] <= 'Z') /* [ARM64] and [X86_64], but not [Arm64] */
                for (char *c = text; *c; c++) {
                        if (*c >= 'a' && *c <= 'z')
                                return false;
                        if (*c >= 'A' && *c <= 'Z')
                                *c = (char)(*c + ('a' - 'A'));
                }
        return strstr(list, text) != NULL;
}

static int read_section(struct reader *r, const struct machine *machine, struct cf_span line)
{
        struct cf_span name = cf_span_part(line, 1, SIZE_MAX);
        if (!cf_span_ends(name, "]"))
                return refuse(r, line, "no section that LXC knows");
        name.size--;
        if (!among(other_sections, name))
                return refuse(r, line, "no architecture that LXC knows");
        r->skipping = !among(machine->sections, name);
        if (r->skipping || r->told || cf_span_equal_nocase(name, CF_SPAN("all")))
                return 0;
        r->told = true;
        return cf_convert_warn(r->reading, &r->warnings, cf_offset_of(r->reading, line), line.size,
                               r->err,
                               "LXC gives these rules to every architecture of the machine, not "
                               "to this one alone");
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The version, and what stands behind it. */
static bool read_version(struct cf_span text, struct cf_span *ret_rest, unsigned *ret_version)
{
        size_t i = 0;
        const char *blanks = " \t\r\n\v\f";
        while (i < text.size && strchr(blanks, text.data[i]) && text.data[i])
                i++;
        if (i >= text.size || (text.data[i] != '1' && text.data[i] != '2') ||
            (i + 1 < text.size && text.data[i + 1] >= '0' && text.data[i + 1] <= '9'))
                return false;
        *ret_version = (unsigned)(text.data[i++] - '0');
        while (i < text.size && strchr(blanks, text.data[i]) && text.data[i])
                i++;
        *ret_rest = cf_span_part(text, i, SIZE_MAX);
        return true;
}

static bool is_list(struct cf_span line, bool *ret_deny)
{
        *ret_deny = cf_span_starts(line, "denylist") || cf_span_starts(line, "blacklist");
        return *ret_deny || cf_span_starts(line, "allowlist") || cf_span_starts(line, "whitelist");
}

bool cf_lxc_claim(const struct cf_source *source)
{
        struct cf_span rest, line;
        unsigned version;
        bool deny;
        return read_version(source->text, &rest, &version) && version == 2 &&
               cf_span_next_line(&rest, &line) && is_list(line, &deny);
}

static int read_head(struct reader *r, struct cf_span *rest)
{
        struct cf_span line, text = r->reading->source->text;
        unsigned version;
        bool deny;
        if (!read_version(text, rest, &version))
                return cf_convert_refuse(r->reading, 0, 1, r->err,
                                         "the first line must be the version: 2");
        if (version != 2)
                return cf_convert_refuse_code(r->reading, -ENOTSUP, 0, 1, r->err,
                                              "version 1 lists numbers of calls; only version 2 "
                                              "is read here");
        size_t at = text.size - rest->size;
        if (!cf_span_next_line(rest, &line) || !is_list(line, &deny))
                return cf_convert_refuse(r->reading, at, 0, r->err,
                                         "'allowlist' or 'denylist' must follow the version");
        if (cf_span_find(line, CF_SPAN("debug")) != SIZE_MAX)
                return refuse(r, line, "LXC refuses 'debug'");
        r->head = (struct cf_profile_part){at, line.size};
        r->default_value = deny ? CF_ALLOW : CF_KILL_THREAD;
        r->rule_value = deny ? CF_KILL_THREAD : CF_ALLOW;
        size_t blank = cf_span_find_byte(line, ' ');
        int e = read_action(r, cf_span_part(line, blank, SIZE_MAX), &r->default_value);
        if (e == 0 && r->default_value == CF_USER_NOTIF)
                e = refuse(r, line, "libseccomp cannot hand calls to a listener by default");
        return e;
}

static int read_lines(struct reader *r, const struct machine *machine)
{
        struct cf_span rest, line;
        int e = read_head(r, &rest);
        while (e == 0 && cf_span_next_line(&rest, &line)) {
                if (cf_span_starts(line, "#"))
                        continue;
                if (cf_span_starts(line, "["))
                        e = read_section(r, machine, line);
                else if (!r->skipping)
                        e = read_rule(r, machine, line);
        }
        return e;
}

int cf_lxc_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                struct cf_error *err)
{
        const struct cf_arch *own = reading->circumstances->machine;
        const struct machine *machine = machine_of(own);
        struct reader r = {.reading = reading, .err = err};
        struct cf_profile *profile = cf_arena_one(reading->arena, struct cf_profile);
        struct cf_profile_word *words = cf_arena_many(reading->arena, 2, struct cf_profile_word);
        if (!profile || !words)
                return cf_convert_no_memory(err);
        if (!machine)
                return cf_convert_refuse_code(reading, -ENOTSUP, 0, 0, err,
                                              "what LXC does on %s is not known here", own->name);
        int e = read_lines(&r, machine);
        if (e < 0)
                return e;
        profile->source = reading->source;
        profile->default_action = "";
        profile->default_part = r.head;
        profile->default_value = r.default_value;
        profile->rules = r.rules.items;
        profile->rule_count = r.rules.count;
        profile->warnings = r.warnings.list.items;
        profile->warning_count = r.warnings.list.count;
        profile->more_warnings = r.warnings.more;
        profile->architectures.items = words;
        for (size_t i = 0; i < CF_COUNT(machine->others) && machine->others[i]; i++)
                words[profile->architectures.count++].text = cf_span_of(machine->others[i]);
        struct cf_converted converted;
        e = cf_convert_profile(reading, profile, &converted, err);
        if (e < 0)
                return e;
        converted.policy = change_ways(reading->all, converted.policy, converted.arches,
                                       converted.arch_count, NULL, r.default_value);
        *ret_converted = converted;
        return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int put_action(struct cf_text *out, uint32_t value, const char *what, struct cf_error *err)
{
        switch (value & CF_ACTION_MASK) {
        case CF_KILL_THREAD:
                cf_text_puts(out, "kill");
                return 0;
        case CF_ALLOW:
                cf_text_puts(out, "allow");
                return 0;
        case CF_TRAP:
                cf_text_puts(out, "trap");
                return 0;
        case CF_USER_NOTIF:
                cf_text_puts(out, "notify");
                return 0;
        case CF_ERRNO:
                cf_text_printf(out, "errno %" PRIu32, cf_action_data(value));
                return 0;
        default: {
                CF_TEXT struct cf_text name = {0};
                cf_action_print(&name, value);
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "%s gets %s, and LXC knows only kill (of the thread), errno, "
                                    "allow, trap and notify",
                                    what, name.data ? name.data : "");
        }
        }
}

static int put_entry(struct cf_text *out, const struct cf_profile_entry *entry,
                     struct cf_error *err)
{
        static const char *const operators[] = {
                [CF_NE] = "!=", [CF_LT] = "<", [CF_LE] = "<=",        [CF_EQ] = "==",
                [CF_GE] = ">=", [CF_GT] = ">", [CF_MASKED_EQ] = "&=",
        };
        int r = 0;
        for (size_t i = 0; r == 0 && i < entry->call_count; i++) {
                cf_text_printf(out, "%s ", entry->calls[i]->name);
                r = put_action(out, entry->value, entry->calls[i]->name, err);
                cf_text_puts(out, entry->condition_count ? " " : "");
                for (size_t k = 0; k < entry->condition_count; k++) {
                        const struct cf_condition *c = &entry->conditions[k];
                        cf_text_printf(out, "[%u,0x%" PRIx64 ",%s", c->arg, c->value,
                                       operators[c->op]);
                        if (c->op == CF_MASKED_EQ)
                                cf_text_printf(out, ",0x%" PRIx64, c->mask);
                        cf_text_putc(out, ']');
                }
                cf_text_putc(out, '\n');
        }
        return r;
}

int cf_lxc_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        struct cf_writing own = *writing;
        struct cf_profile_entries entries;
        own.listener = "notify"; /* LXC's is told elsewhere */
        if (!has_ways(own.arches[0]))
                own.policy = change_ways(own.all, own.policy, own.arches, own.arch_count,
                                         own.arches[0], 0);
        int r = cf_convert_entries(&own, "lxc", writing->arena, &entries, err);
        if (r < 0)
                return r;
        bool deny = (entries.default_value & CF_ACTION_MASK) == CF_ALLOW;
        cf_text_printf(out, "2\n%s ", deny ? "denylist" : "allowlist");
        r = put_action(out, entries.default_value, "what has no rule", err);
        cf_text_putc(out, '\n');
        for (size_t i = 0; r == 0 && i < entries.entry_count; i++)
                r = put_entry(out, &entries.entries[i], err);
        return r;
}
