/* SPDX-License-Identifier: Apache-2.0 */
/* Architectures by systemd's names, see systemd.h. Source: systemd 252, src/shared/seccomp-util.c.
 */
#include <string.h>

#include "convert/systemd.h"

static const struct cf_systemd_machine machines[] = {
        {{"x86_64", "i386", "x32"}},
        {{"aarch64", "arm"}},
        {{"arm"}},
        {{"riscv64"}},
};

const struct cf_systemd_arch cf_systemd_arches[] = {
        {"native", ""},         {"x86", "i386"}, {"x86-64", "x86_64"},
        {"x32", "x32"},         {"arm", "arm"},  {"arm64", "aarch64"},
        {"riscv64", "riscv64"}, {"mips", ""},    {"mips64", ""},
        {"mips64-n32", ""},     {"mips-le", ""}, {"mips64-le", ""},
        {"mips64-le-n32", ""},  {"ppc", ""},     {"ppc64", ""},
        {"ppc64-le", ""},       {"parisc", ""},  {"parisc64", ""},
        {"s390", ""},           {"s390x", ""},   {0},
};

const struct cf_systemd_machine *cf_systemd_machine_of(const struct cf_arch *arch)
{
        for (size_t i = 0; i < CF_COUNT(machines); i++)
                if (strcmp(machines[i].arches[0], arch->name) == 0)
                        return &machines[i];
        return NULL;
}

size_t cf_systemd_call_count(void)
{
        size_t count = 0;
        while (cf_syscall_at(count))
                count++;
        return count;
}
