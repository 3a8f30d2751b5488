/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by name and number, architectures by token and name.
 *
 * The tables are in data/syscalls/, with their sources. All data is constant: every function is
 * thread-safe and what it returns is never freed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* An architecture: a table of numbers together with a token. x32 is one of its own here, though
 * filters see it as x86_64 with bit 30 of the number set. */
struct cf_arch {
        const char *name;    /* "x86_64", "i386", "x32", "aarch64", "arm", … */
        const char *profile; /* "SCMP_ARCH_X86_64", … */
        const char *go;      /* "amd64", …: as profiles' includes and excludes name it; or NULL */
        const char *uname;   /* the machine as uname(2) tells it; NULL: told by another */
        uint32_t token;      /* AUDIT_ARCH_*: what a filter reads as the architecture */
        uint32_t base;       /* smallest number; on x32 bit 30 */
        unsigned bits;       /* of a register: 32 or 64 */
};

#define CF_X32_BIT 0x40000000u

/* The i-th architecture, or NULL from the last on. */
const struct cf_arch *cf_arch_at(size_t i);

/* The architecture of this name, in any of the spellings above; NULL when there is none. */
const struct cf_arch *cf_arch_by_name(const char *name);

/* The architecture that a call belongs to: of two with one token, the number tells. NULL when no
 * architecture has the token. */
const struct cf_arch *cf_arch_of_call(uint32_t token, uint32_t nr);

/* The architecture that this program is built for. */
const struct cf_arch *cf_arch_native(void);

enum cf_argument_kind {
        CF_ARGUMENT_INT, /* 32 bits, signed */
        CF_ARGUMENT_UINT,
        CF_ARGUMENT_U16,
        CF_ARGUMENT_U64,  /* on 32-bit architectures such an argument takes two registers */
        CF_ARGUMENT_LONG, /* as wide as a register, signed */
        CF_ARGUMENT_ULONG,
        CF_ARGUMENT_PTR,
};

struct cf_argument {
        const char *name;
        enum cf_argument_kind kind;
};

struct cf_syscall {
        const char *name;
        const char *since; /* the first Linux release that has it, "5.3"; NULL: not known */
        const char
                *fallback; /* who does what without it when the answer is ENOSYS; NULL: not known */
        const char *capability;          /* one that the kernel asks for; NULL: none is known */
        bool always_asked;               /* it asks for every use, not only for some */
        int argument_count;              /* -1: arguments are not known */
        struct cf_argument arguments[6]; /* as on x86_64 where architectures differ */
};

/* What is known of a call of this name on any architecture; NULL: no architecture has it. */
const struct cf_syscall *cf_syscall_by_name(const char *name);

/* The i-th call in order of names, or NULL from the last on. */
const struct cf_syscall *cf_syscall_at(size_t i);

/* ---- what the kernel asks for -----------------------------------------------------------------
 */

enum cf_requirement_test {
        CF_REQUIRE_SOME,
        CF_REQUIRE_NONE,
        CF_REQUIRE_EQUAL,
        CF_REQUIRE_OTHER,
        CF_REQUIRE_LESS,
        CF_REQUIRE_MORE
};

/* (argument & mask) compared with a value; SOME and NONE: whether a bit of the mask is set. */
struct cf_requirement_condition {
        uint8_t arg;
        enum cf_requirement_test test;
        uint64_t mask, value;
};

/* One thing without which the kernel refuses a call: the capability, or, where a setting is named,
 * that the setting's number passes the test. The table is data/syscalls/requirements.tsv. */
struct cf_requirement {
        const char *capability;        /* "CAP_SYS_ADMIN"; NULL: none helps */
        const char *setting;           /* sysctl, "kernel.dmesg_restrict"; NULL: none helps */
        enum cf_requirement_test test; /* of the setting's number */
        long value;
        bool initial;       /* the capability counts in the first user namespace alone */
        bool perhaps;       /* asked in cases that arguments do not tell */
        int error;          /* what the kernel answers without */
        const char *source; /* who says so */
};

#define CF_REQUIREMENTS_MAX 4u /* of one call */

/* What the kernel asks for this very call, in ret_requirements; how many. On 32-bit architectures
 * numbers that take two registers are not looked at. */
size_t cf_call_requirements(const struct cf_arch *arch, uint32_t nr, const uint64_t args[6],
                            const struct cf_requirement *ret_requirements[CF_REQUIREMENTS_MAX]);

/* Whether a setting's number passes a requirement's test. */
bool cf_requirement_is_met_by(const struct cf_requirement *requirement, long number);

/* ---- what calls are known for ------------------------------------------------------------------
 */

/* A way in which a call helps an attacker. The table is data/syscalls/dangers.tsv. */
struct cf_danger {
        const struct cf_syscall *call;
        uint8_t arg; /* (argument & mask) == value; mask 0: whatever its arguments */
        uint64_t mask, value;
        const char *gain;  /* "it …": "sets the host's clock" */
        const char *known; /* holes reached through it: "CVE-2022-0185 (5.1 to 5.16.1)"; NULL */
        const char *capability; /* without which the kernel refuses it; NULL: none */
        const char *source;
};

/* The i-th danger, in order of the calls' names; NULL from the last on. */
const struct cf_danger *cf_danger_at(size_t i);

/* The i-th danger of one call; NULL from the last on. */
const struct cf_danger *cf_danger_of(const struct cf_syscall *call, size_t i);

/* A hole that the kernel had, and the calls without which it is not reached. The table is
 * data/syscalls/holes.tsv. */
struct cf_hole {
        const char *cve;  /* "CVE-2022-0185" */
        const char *part; /* of the kernel: "nf_tables" */
        const char
                *needs; /* calls that must all go through: rules as `profile extend` takes them */
        const char *capability;    /* that it takes, in whatever user namespace; NULL: none */
        bool user_namespace;       /* it takes a user namespace of one's own */
        bool compat;               /* only calls of a 32-bit architecture reach it */
        const char *since, *fixed; /* releases; NULL: not known, `since` also: before 2.6.12 */
        const char *fix; /* the commit that closed it in the kernel's tree; NULL: not known */
};

/* The i-th hole in order of numbers; NULL from the last on. */
const struct cf_hole *cf_hole_at(size_t i);

/* The call of a number; NULL when the architecture has none. The number is as a filter sees it. */
const struct cf_syscall *cf_syscall_by_number(const struct cf_arch *arch, uint32_t nr);

/* The i-th call of an architecture in order of numbers, or NULL from the last on. */
const struct cf_syscall *cf_syscall_of_arch(const struct cf_arch *arch, size_t i, uint32_t *ret_nr);

/* The number, as a filter sees it, of a call. False when the architecture does not have it. */
bool cf_syscall_number(const struct cf_arch *arch, const char *name, uint32_t *ret_nr);

/* The largest number that the architecture has, as a filter sees it. */
uint32_t cf_syscall_largest(const struct cf_arch *arch);

/* Bits of an argument that the kernel looks at, on an architecture; 64 when it is not known. */
unsigned cf_argument_bits(const struct cf_arch *arch, const struct cf_syscall *call, unsigned arg);

/* Whether an argument decides what a call may do: family of socket, flags of clone. */
enum cf_decides {
        CF_DECIDES_NOT,
        CF_DECIDES_VALUES, /* each value is something else */
        CF_DECIDES_FLAGS,  /* each bit is */
};
enum cf_decides cf_argument_decides(const struct cf_syscall *call, unsigned arg);

/* A name of a value, as the kernel's headers have it on x86_64. */
struct cf_constant {
        const char *name;
        uint32_t value;
};

/* The i-th constant that an argument of a call may have; NULL from the last on. *ret_one (may be
 * NULL): the argument is one of them, not several together. */
const struct cf_constant *cf_argument_constant(const struct cf_syscall *call, unsigned arg,
                                               size_t i, bool *ret_one);

/* The kernel whose tables these are: "v7.1.0-rc4". */
const char *cf_syscalls_kernel(void);

/* ---- capabilities -----------------------------------------------------------------------------
 */

/* Capabilities: bit i is capability number i of linux/capability.h. */
#define CF_CAPABILITIES 41u
#define CF_CAPABILITIES_ALL ((UINT64_C(1) << CF_CAPABILITIES) - 1)
/* "CAP_CHOWN", …; NULL from CF_CAPABILITIES on. */
const char *cf_capability_name(unsigned number);
/* False when there is no capability of exactly this name. */
bool cf_capability_number(struct cf_span name, unsigned *ret_number);
