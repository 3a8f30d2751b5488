/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "explain/explain.h"

/* ---- calls -------------------------------------------------------------------------------------
 */

/* Flags of which some bits are one number together: a set of constants that has the first of these
 * has such a part. */
static const struct {
        const char *constant;
        uint32_t mask;
} parts[] = {{"PER_MASK", 0xff}, {"MAP_TYPE", 0xf}, {"O_ACCMODE", 3}, {"SOCK_STREAM", 0xf}};

/* The bits of the argument that are one number; 0: there are none. */
static uint32_t number_in(const struct cf_syscall *call, unsigned arg)
{
        const struct cf_constant *constant;
        for (size_t i = 0; (constant = cf_argument_constant(call, arg, i, NULL)); i++)
                for (size_t k = 0; k < CF_COUNT(parts); k++)
                        if (strcmp(constant->name, parts[k].constant) == 0)
                                return parts[k].mask;
        return 0;
}

/* That masks a part, and is no value of it. */
static bool is_mask(const struct cf_constant *constant)
{
        for (size_t k = 0; k < CF_COUNT(parts); k++)
                if (strcmp(constant->name, parts[k].constant) == 0)
                        return constant->value == parts[k].mask;
        return false;
}

/* The constant that is this value; NULL: none. */
static const struct cf_constant *constant_of(const struct cf_syscall *call, unsigned arg,
                                             uint64_t value)
{
        const struct cf_constant *constant;
        for (size_t i = 0; (constant = cf_argument_constant(call, arg, i, NULL)); i++)
                if (constant->value == value && !is_mask(constant))
                        return constant;
        return NULL;
}

/* The largest constant whose bits are all in the value, and which is the number in it if it says
 * something of that; NULL: none. */
static const struct cf_constant *part_of(const struct cf_syscall *call, unsigned arg,
                                         uint64_t value)
{
        const struct cf_constant *constant, *best = NULL;
        uint32_t mask = number_in(call, arg);
        for (size_t i = 0; (constant = cf_argument_constant(call, arg, i, NULL)); i++)
                if (constant->value && (value & constant->value) == constant->value &&
                    (!(constant->value & mask) || (value & mask) == (constant->value & mask)) &&
                    !is_mask(constant) && (!best || constant->value > best->value))
                        best = constant;
        return best;
}

static void put_number(struct cf_text *text, const struct cf_syscall *call, unsigned arg,
                       unsigned bits, uint64_t value)
{
        enum cf_argument_kind kind = call->arguments[arg].kind;
        const char *name = call->arguments[arg].name, *end = strstr(name, "fd");
        if (kind == CF_ARGUMENT_INT && (int32_t)value == AT_FDCWD && end && !end[2])
                cf_text_puts(text, "AT_FDCWD");
        else if (kind == CF_ARGUMENT_INT && bits == 32 && (int32_t)value < 0 &&
                 (int32_t)value > -4096)
                cf_text_printf(text, "%" PRId32, (int32_t)value);
        else if (bits == 16 && strcmp(call->arguments[arg].name, "mode") == 0)
                cf_text_printf(text, "0%" PRIo64, value);
        else if (kind == CF_ARGUMENT_PTR && value == 0)
                cf_text_puts(text, "NULL");
        else if (kind != CF_ARGUMENT_PTR && value < 4096)
                cf_text_printf(text, "%" PRIu64, value);
        else
                cf_text_printf(text, "0x%" PRIx64, value);
}

void cf_explain_argument(struct cf_text *text, const struct cf_arch *arch,
                         const struct cf_syscall *call, unsigned arg, uint64_t value)
{
        unsigned bits = cf_argument_bits(arch, call, arg);
        bool one = true, any = false;
        value &= UINT64_MAX >> (64 - bits);
        cf_argument_constant(call, arg, 0, &one);
        /* No flag at all has many names. */
        const struct cf_constant *constant = one || value ? constant_of(call, arg, value) : NULL;
        if (constant) {
                cf_text_puts(text, constant->name);
                return;
        }
        while (!one && (constant = part_of(call, arg, value)) != NULL) {
                cf_text_printf(text, "%s%s", any ? "|" : "", constant->name);
                value &= ~(uint64_t)constant->value;
                any = true;
        }
        if (value == 0 && any)
                return;
        cf_text_puts(text, any ? "|" : "");
        const char *signal = value && value <= CSIGNAL && strcmp(call->name, "clone") == 0
                                     ? sigabbrev_np((int)value)
                                     : NULL;
        if (signal)
                cf_text_printf(text, "SIG%s", signal);
        else
                put_number(text, call, arg, bits, value);
}

/* In this order: where something is mounted says more than what. */
int cf_explain_path_argument(const struct cf_syscall *call)
{
        static const char *const names[] = {"dir_name", "to_pathname", "filename", "pathname",
                                            "path",     "specialfile", "new_root", "oldname"};
        static const char *const name_is_path[] = {"acct", "umount", "umount2"};
        for (size_t k = 0; k < CF_COUNT(names); k++)
                for (int i = 0; i < call->argument_count; i++)
                        if (call->arguments[i].kind == CF_ARGUMENT_PTR &&
                            strcmp(call->arguments[i].name, names[k]) == 0)
                                return i;
        for (size_t k = 0; k < CF_COUNT(name_is_path); k++)
                if (strcmp(call->name, name_is_path[k]) == 0)
                        return 0;
        return -1;
}

static void put_path(struct cf_text *text, const char *path)
{
        cf_text_putc(text, '"');
        cf_text_add_visible(text, cf_span_of(path));
        cf_text_putc(text, '"');
}

static void put_flags(struct cf_text *text, uint64_t flags)
{
        cf_text_puts(text, "{flags=");
        cf_explain_clone_flags(text, flags);
        cf_text_putc(text, '}');
}

void cf_explain_call(struct cf_text *text, const struct cf_call *call, const bool *known_args)
{
        cf_explain_call_on(text, call, known_args, NULL);
}

void cf_explain_call_on(struct cf_text *text, const struct cf_call *call, const bool *known_args,
                        const struct cf_behind *behind)
{
        const char *path = behind ? behind->path : NULL;
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        if (!known || known->argument_count < 0) {
                cf_say_call(text, call);
                return;
        }
        cf_text_printf(text, "%s%s%s(", arch == cf_arch_native() ? "" : arch->name,
                       arch == cf_arch_native() ? "" : ":", known->name);
        for (unsigned arg = 0; arg < (unsigned)known->argument_count; arg++) {
                cf_text_puts(text, arg ? ", " : "");
                if (path && (int)arg == cf_explain_path_argument(known))
                        put_path(text, path);
                else if (behind && behind->clone_flags && arg == 0 &&
                         strcmp(known->name, "clone3") == 0)
                        put_flags(text, behind->clone_flags);
                else if (!known_args || known_args[arg])
                        cf_explain_argument(text, arch, known, arg, call->args[arg]);
                else
                        cf_text_putc(text, '_');
        }
        cf_text_putc(text, ')');
}

/* ---- requirements ------------------------------------------------------------------------------
 */

void cf_explain_requirement(struct cf_text *text, const struct cf_requirement *requirement)
{
        static const char *const tests[] = {
                [CF_REQUIRE_EQUAL] = "==",
                [CF_REQUIRE_OTHER] = "!=",
                [CF_REQUIRE_LESS] = "<",
                [CF_REQUIRE_MORE] = ">",
        };
        if (requirement->capability)
                cf_text_puts(text, requirement->capability);
        if (requirement->capability && requirement->setting)
                cf_text_puts(text, " or ");
        if (requirement->setting)
                cf_text_printf(text, "%s %s %ld", requirement->setting, tests[requirement->test],
                               requirement->value);
}
