/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, conditions and calls in words. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "profile/profile.h"

#define DECIMAL_MAX 4095u /* larger numbers are rather bits than counts */

/* Values that arguments are compared with in profiles and that no set of cf_argument_constant
 * tells, because the argument is made of several: how they are called when they stand alone. From
 * the kernel's headers linux/socket.h, linux/personality.h and linux/sched.h. */
static const struct constant {
        const char *call;
        unsigned arg;
        uint64_t value;
        const char *name;
} constants[] = {
        {"socket", 0, 1, "AF_UNIX"},
        {"socket", 0, 2, "AF_INET"},
        {"socket", 0, 10, "AF_INET6"},
        {"socket", 0, 16, "AF_NETLINK"},
        {"socket", 0, 17, "AF_PACKET"},
        {"socket", 0, 38, "AF_ALG"},
        {"socket", 0, 40, "AF_VSOCK"},
        {"socket", 0, 44, "AF_XDP"},
        {"personality", 0, 0x8, "PER_LINUX32"},
        {"personality", 0, 0x20000, "UNAME26"},
        {"personality", 0, 0x20008, "UNAME26|PER_LINUX32"},
        {"personality", 0, 0x40000, "ADDR_NO_RANDOMIZE"},
        {"personality", 0, 0x400000, "READ_IMPLIES_EXEC"},
        {"personality", 0, 0xffffffff, "query"},
        {"clone", 0, 0x20000, "CLONE_NEWNS"},
        {"clone", 0, 0x2000000, "CLONE_NEWCGROUP"},
        {"clone", 0, 0x4000000, "CLONE_NEWUTS"},
        {"clone", 0, 0x8000000, "CLONE_NEWIPC"},
        {"clone", 0, 0x10000000, "CLONE_NEWUSER"},
        {"clone", 0, 0x20000000, "CLONE_NEWPID"},
        {"clone", 0, 0x40000000, "CLONE_NEWNET"},
        {"unshare", 0, 0x200, "CLONE_FS"},
        {"unshare", 0, 0x400, "CLONE_FILES"},
        {"unshare", 0, 0x20000, "CLONE_NEWNS"},
        {"unshare", 0, 0x10000000, "CLONE_NEWUSER"},
};

bool cf_constant_value(const struct cf_syscall *call, unsigned arg, struct cf_span name,
                       uint64_t *ret_value)
{
        for (size_t i = 0; i < CF_COUNT(constants); i++) {
                if (constants[i].arg != arg || strcmp(constants[i].call, call->name) != 0 ||
                    !cf_span_is(name, constants[i].name))
                        continue;
                *ret_value = constants[i].value;
                return true;
        }
        const struct cf_constant *known;
        for (size_t i = 0; (known = cf_argument_constant(call, arg, i, NULL)); i++)
                if (cf_span_is(name, known->name)) {
                        *ret_value = known->value;
                        return true;
                }
        return false;
}

/* The one name that a value of the argument has; NULL when it has none or several. */
static const char *only_name(const struct cf_syscall *call, unsigned arg, uint64_t value)
{
        const struct cf_constant *known;
        const char *name = NULL;
        bool one;
        for (size_t i = 0; (known = cf_argument_constant(call, arg, i, &one)); i++) {
                if (!one || known->value != value)
                        continue;
                if (name)
                        return NULL;
                name = known->name;
        }
        return name;
}

void cf_say_value(struct cf_text *text, uint32_t value)
{
        static const struct {
                uint32_t action;
                const char *words;
        } words[] = {
                {CF_ALLOW, "allowed"},
                {CF_LOG, "allowed and logged"},
                {CF_TRAP, "SIGSYS"},
                {CF_KILL_PROCESS, "process killed"},
                {CF_KILL_THREAD, "thread killed"},
                {CF_USER_NOTIF, "handed to a listener"},
        };
        uint32_t normal = cf_action_normal(value), data = cf_action_data(normal);
        const char *name = NULL;
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if ((normal & CF_ACTION_MASK) == words[i].action) {
                        cf_text_puts(text, words[i].words);
                        return;
                }
        if ((normal & CF_ACTION_MASK) == CF_ERRNO)
                name = data ? strerrorname_np((int)data) : "success without being run";
        if (name)
                cf_text_puts(text, name);
        else if ((normal & CF_ACTION_MASK) == CF_ERRNO)
                cf_text_printf(text, "error %u", data);
        else
                cf_text_printf(text, "handed to a tracer (%u)", data);
}

static void say_number(struct cf_text *text, uint64_t number)
{
        if (number <= DECIMAL_MAX)
                cf_text_printf(text, "%" PRIu64, number);
        else
                cf_text_printf(text, "0x%" PRIx64, number);
}

/* As the kernel takes it: negative numbers of 32 bits are such, whatever the upper half holds that
 * their sign or a zero fills. */
static void say_given(struct cf_text *text, const struct cf_argument *argument, uint64_t value)
{
        uint32_t high = (uint32_t)(value >> 32), sign = (uint32_t)value >> 31;
        if (argument->kind == CF_ARGUMENT_INT && sign && (high == 0 || high == UINT32_MAX))
                cf_text_printf(text, "%" PRId32, (int32_t)(uint32_t)value);
        else if (argument->kind == CF_ARGUMENT_PTR && value)
                cf_text_printf(text, "0x%" PRIx64, value);
        else
                say_number(text, value);
}

static void say_argument(struct cf_text *text, const struct cf_syscall *call, unsigned arg)
{
        if (arg >= CF_POLICY_ARGS)
                cf_text_puts(text, "instruction pointer");
        else if (call && call->argument_count > 0 && arg < (unsigned)call->argument_count)
                cf_text_puts(text, call->arguments[arg].name);
        else
                cf_text_printf(text, "arg%u", arg);
}

/* The constant of this value, when the comparison is with the argument's meaning. */
static void say_constant(struct cf_text *text, const struct cf_syscall *call,
                         const struct cf_condition *c)
{
        if (!call || (uint32_t)c->mask != UINT32_MAX)
                return;
        const char *name = NULL;
        for (size_t i = 0; !name && i < CF_COUNT(constants); i++)
                if (constants[i].arg == c->arg && constants[i].value == c->value &&
                    strcmp(constants[i].call, call->name) == 0)
                        name = constants[i].name;
        name = name ? name : only_name(call, c->arg, c->value);
        if (name)
                cf_text_printf(text, " (%s)", name);
}

void cf_say_condition(struct cf_text *text, const struct cf_syscall *call,
                      const struct cf_condition *condition)
{
        static const char *const operators[] = {
                [CF_NE] = "!=", [CF_LT] = "<", [CF_LE] = "<=",        [CF_EQ] = "==",
                [CF_GE] = ">=", [CF_GT] = ">", [CF_MASKED_EQ] = "==",
        };
        uint64_t mask = condition->mask, value = condition->value;
        if (mask == UINT32_MAX)
                cf_text_puts(text, "low 32 bits of ");
        else if (mask == (uint64_t)UINT32_MAX << 32 && !(value & UINT32_MAX)) {
                cf_text_puts(text, "high 32 bits of ");
                value >>= 32;
        } else if (mask != UINT64_MAX)
                cf_text_putc(text, '(');
        say_argument(text, call, condition->arg);
        if (mask != UINT64_MAX && mask != UINT32_MAX && value == condition->value &&
            !(mask == (uint64_t)UINT32_MAX << 32 && !(value & UINT32_MAX)))
                cf_text_printf(text, " & 0x%" PRIx64 ")", mask);
        cf_text_printf(text, " %s ", operators[condition->op]);
        say_number(text, value);
        say_constant(text, call, condition);
}

void cf_say_clauses(struct cf_text *text, const struct cf_syscall *call,
                    const struct cf_clauses *clauses)
{
        if (!clauses->count)
                cf_text_puts(text, "never");
        for (size_t i = 0; i < clauses->count; i++) {
                const struct cf_clause *clause = &clauses->clauses[i];
                bool braces = clauses->count > 1 && clause->count > 1;
                cf_text_printf(text, "%s%s", i ? " or " : "", braces ? "(" : "");
                if (!clause->count)
                        cf_text_puts(text, "always");
                for (size_t k = 0; k < clause->count; k++) {
                        cf_text_puts(text, k ? " and " : "");
                        cf_say_condition(text, call, &clause->conditions[k]);
                }
                cf_text_puts(text, braces ? ")" : "");
        }
}

static void say_name(struct cf_text *text, const struct cf_call *call, const struct cf_arch *arch,
                     const struct cf_syscall *known)
{
        if (!arch)
                cf_text_printf(text, "0x%08x:", call->arch);
        else if (arch != cf_arch_native())
                cf_text_printf(text, "%s:", arch->name);
        if (known)
                cf_text_puts(text, known->name);
        else
                cf_text_printf(text, "%u", call->nr);
}

void cf_say_made_call(struct cf_text *text, const struct cf_call *call,
                      const char *const strings[CF_POLICY_ARGS])
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        unsigned count = known && known->argument_count >= 0 ? (unsigned)known->argument_count
                                                             : CF_POLICY_ARGS;
        say_name(text, call, arch, known);
        cf_text_putc(text, '(');
        for (unsigned i = 0; i < count; i++) {
                struct cf_condition c = {(uint8_t)i, CF_EQ, UINT64_MAX, call->args[i]};
                cf_text_puts(text, i ? ", " : "");
                if (known && known->argument_count > 0) {
                        cf_text_printf(text, "%s=", known->arguments[i].name);
                        if (strings && strings[i]) {
                                cf_text_putc(text, '"');
                                cf_text_add_visible(text, cf_span_of(strings[i]));
                                cf_text_putc(text, '"');
                                continue;
                        }
                        say_given(text, &known->arguments[i], call->args[i]);
                        say_constant(text, known, &c);
                } else {
                        cf_text_printf(text, "0x%" PRIx64, call->args[i]);
                }
        }
        cf_text_putc(text, ')');
}

void cf_say_call(struct cf_text *text, const struct cf_call *call)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        unsigned count = 0;
        if (known && known->argument_count >= 0)
                count = (unsigned)known->argument_count;
        for (unsigned i = count; i < CF_POLICY_ARGS; i++)
                if (call->args[i])
                        count = i + 1; /* never leave out what makes the difference */
        say_name(text, call, arch, known);
        cf_text_putc(text, '(');
        for (unsigned i = 0; i < count; i++) {
                cf_text_puts(text, i ? ", " : "");
                say_number(text, call->args[i]);
        }
        cf_text_putc(text, ')');
}
