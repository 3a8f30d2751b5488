/* SPDX-License-Identifier: Apache-2.0 */
#include "syscalls/syscalls.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

struct number {
        uint32_t number; /* without the base */
        uint16_t call;   /* index in calls[] */
};

struct arch_table {
        struct cf_arch arch;
        const struct number *numbers; /* ascending */
        size_t count;
        const int32_t *by_call; /* the number of calls[i], or -1 */
};

struct requirement_row {
        uint16_t call; /* index in calls[] */
        struct cf_requirement requirement;
        uint8_t count; /* of conditions that all hold */
        struct cf_requirement_condition conditions[3];
};

/* An argument of calls[call] has values of a set. */
struct constant_use {
        uint16_t call;
        uint8_t arg;
        bool one;
        enum cf_decides decides;
        const struct cf_constant *set;
        size_t count;
};

#include "syscalls/table.inc"

static const struct arch_table *table_of(const struct cf_arch *arch)
{
        size_t i = 0;
        while (&arches[i].arch != arch)
                i++;
        return &arches[i];
}

const struct cf_arch *cf_arch_at(size_t i)
{
        return i < CF_COUNT(arches) ? &arches[i].arch : NULL;
}

static bool is(const char *known, const char *name)
{
        return known && strcmp(known, name) == 0;
}

const struct cf_arch *cf_arch_by_name(const char *name)
{
        for (size_t i = 0; i < CF_COUNT(arches); i++) {
                const struct cf_arch *arch = &arches[i].arch;
                if (is(arch->name, name) || is(arch->profile, name) || is(arch->go, name) ||
                    is(arch->uname, name))
                        return arch;
        }
        return NULL;
}

const struct cf_arch *cf_arch_of_call(uint32_t token, uint32_t nr)
{
        for (size_t i = 0; i < CF_COUNT(arches); i++) {
                const struct cf_arch *arch = &arches[i].arch;
                bool other_abi = token == arches[0].arch.token &&
                                 (nr & CF_X32_BIT) != (arch->base & CF_X32_BIT);
                if (arch->token == token && !other_abi)
                        return arch;
        }
        return NULL;
}

const struct cf_arch *cf_arch_native(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
        return cf_arch_by_name("x32");
#elif defined(__x86_64__)
        return cf_arch_by_name("x86_64");
#elif defined(__i386__)
        return cf_arch_by_name("i386");
#elif defined(__aarch64__)
        return cf_arch_by_name("aarch64");
#elif defined(__arm__)
        return cf_arch_by_name("arm");
#elif defined(__riscv) && __riscv_xlen == 64
        return cf_arch_by_name("riscv64");
#elif defined(__loongarch64)
        return cf_arch_by_name("loongarch64");
#elif defined(__powerpc64__)
        return cf_arch_by_name("ppc64le");
#elif defined(__s390x__)
        return cf_arch_by_name("s390x");
#else
#error "this architecture is not known"
#endif
}

/* Where a call stands in calls[], or -1. */
static int index_of(const char *name)
{
        size_t low = 0, high = CF_COUNT(calls);
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(calls[middle].name, name);
                if (order == 0)
                        return (int)middle;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return -1;
}

const struct cf_syscall *cf_syscall_by_name(const char *name)
{
        int i = index_of(name);
        return i < 0 ? NULL : &calls[i];
}

const struct cf_syscall *cf_syscall_at(size_t i)
{
        return i < CF_COUNT(calls) ? &calls[i] : NULL;
}

const struct cf_syscall *cf_syscall_by_number(const struct cf_arch *arch, uint32_t nr)
{
        const struct arch_table *table = table_of(arch);
        uint32_t number = nr - arch->base;
        size_t low = 0, high = table->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (table->numbers[middle].number == number)
                        return &calls[table->numbers[middle].call];
                if (table->numbers[middle].number < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const struct cf_syscall *cf_syscall_of_arch(const struct cf_arch *arch, size_t i, uint32_t *ret_nr)
{
        const struct arch_table *table = table_of(arch);
        if (i >= table->count)
                return NULL;
        *ret_nr = table->numbers[i].number + arch->base;
        return &calls[table->numbers[i].call];
}

bool cf_syscall_number(const struct cf_arch *arch, const char *name, uint32_t *ret_nr)
{
        int i = index_of(name);
        int32_t number = i < 0 ? -1 : table_of(arch)->by_call[i];
        if (number < 0)
                return false;
        *ret_nr = (uint32_t)number + arch->base;
        return true;
}

uint32_t cf_syscall_largest(const struct cf_arch *arch)
{
        const struct arch_table *table = table_of(arch);
        return table->numbers[table->count - 1].number + arch->base;
}

unsigned cf_argument_bits(const struct cf_arch *arch, const struct cf_syscall *call, unsigned arg)
{
        if (call->argument_count < 0 || arg >= (unsigned)call->argument_count)
                return 64;
        switch (call->arguments[arg].kind) {
        case CF_ARGUMENT_INT:
        case CF_ARGUMENT_UINT:
                return 32;
        case CF_ARGUMENT_U16:
                return 16;
        case CF_ARGUMENT_U64:
                return 64;
        case CF_ARGUMENT_LONG:
        case CF_ARGUMENT_ULONG:
        case CF_ARGUMENT_PTR:
                break;
        }
        return arch->bits;
}

enum cf_decides cf_argument_decides(const struct cf_syscall *call, unsigned arg)
{
        for (size_t i = 0; i < CF_COUNT(constant_uses); i++)
                if (&calls[constant_uses[i].call] == call && constant_uses[i].arg == arg)
                        return constant_uses[i].decides;
        return CF_DECIDES_NOT;
}

const struct cf_constant *cf_argument_constant(const struct cf_syscall *call, unsigned arg,
                                               size_t i, bool *ret_one)
{
        for (size_t k = 0; k < CF_COUNT(constant_uses); k++) {
                const struct constant_use *use = &constant_uses[k];
                if (&calls[use->call] != call || use->arg != arg)
                        continue;
                if (i < use->count) {
                        if (ret_one)
                                *ret_one = use->one;
                        return &use->set[i];
                }
                i -= use->count;
        }
        return NULL;
}

const char *cf_syscalls_kernel(void)
{
        return table_kernel;
}

/* ---- what the kernel asks for -----------------------------------------------------------------
 */

static bool passes(enum cf_requirement_test test, uint64_t number, uint64_t mask, uint64_t value)
{
        switch (test) {
        case CF_REQUIRE_SOME:
                return (number & mask) != 0;
        case CF_REQUIRE_NONE:
                return (number & mask) == 0;
        case CF_REQUIRE_EQUAL:
                return (number & mask) == value;
        case CF_REQUIRE_OTHER:
                return (number & mask) != value;
        case CF_REQUIRE_LESS:
                return (number & mask) < value;
        case CF_REQUIRE_MORE:
                return (number & mask) > value;
        }
        return false;
}

static bool holds(const struct requirement_row *row, const struct cf_arch *arch,
                  const uint64_t args[6])
{
        for (size_t i = 0; i < row->count; i++) {
                const struct cf_requirement_condition *condition = &row->conditions[i];
                unsigned bits = cf_argument_bits(arch, &calls[row->call], condition->arg);
                uint64_t number = args[condition->arg] & (UINT64_MAX >> (64 - bits));
                if (!passes(condition->test, number, condition->mask, condition->value))
                        return false;
        }
        return true;
}

size_t cf_call_requirements(const struct cf_arch *arch, uint32_t nr, const uint64_t args[6],
                            const struct cf_requirement *ret_requirements[CF_REQUIREMENTS_MAX])
{
        const struct cf_syscall *call = cf_syscall_by_number(arch, nr);
        size_t low = 0, high = CF_COUNT(requirements), count = 0;
        if (!call)
                return 0;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (requirements[middle].call < call - calls)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < CF_COUNT(requirements) && &calls[requirements[low].call] == call; low++)
                if (count < CF_REQUIREMENTS_MAX && holds(&requirements[low], arch, args))
                        ret_requirements[count++] = &requirements[low].requirement;
        return count;
}

bool cf_requirement_is_met_by(const struct cf_requirement *requirement, long number)
{
        return requirement->setting && passes(requirement->test, (uint64_t)number, UINT64_MAX,
                                              (uint64_t)requirement->value);
}

const struct cf_danger *cf_danger_at(size_t i)
{
        return i < CF_COUNT(dangers) ? &dangers[i] : NULL;
}

const struct cf_hole *cf_hole_at(size_t i)
{
        return i < CF_COUNT(holes) ? &holes[i] : NULL;
}

const struct cf_danger *cf_danger_of(const struct cf_syscall *call, size_t i)
{
        for (size_t at = 0; at < CF_COUNT(dangers); at++)
                if (dangers[at].call == call && i-- == 0)
                        return &dangers[at];
        return NULL;
}
