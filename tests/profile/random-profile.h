/* SPDX-License-Identifier: Apache-2.0 */
/* Random profiles, and the words that they are made of: written out here, not taken from the
 * program. */
#pragma once

#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "random.h"
#include "unit.h"

/* An architecture as the evaluator knows it: numbers come from libseccomp. */
struct machine {
        const char *name;    /* as cf_arch_by_name takes it */
        const char *profile; /* SCMP_ARCH_* */
        const char *go;
        uint32_t library; /* libseccomp's token */
        uint32_t token;   /* the kernel's */
};
static const struct machine machines[] = {
        {"x86_64", "SCMP_ARCH_X86_64", "amd64", SCMP_ARCH_X86_64, 0xc000003e},
        {"i386", "SCMP_ARCH_X86", "x86", SCMP_ARCH_X86, 0x40000003},
        {"x32", "SCMP_ARCH_X32", "x32", SCMP_ARCH_X32, 0xc000003e},
        {"aarch64", "SCMP_ARCH_AARCH64", "arm64", SCMP_ARCH_AARCH64, 0xc00000b7},
        {"arm", "SCMP_ARCH_ARM", "arm", SCMP_ARCH_ARM, 0x40000028},
        {"s390x", "SCMP_ARCH_S390X", "s390x", SCMP_ARCH_S390X, 0x80000016},
};

/* Strictest first. */
static const struct {
        const char *name;
        uint32_t value;
} actions[] = {
        {"KILL_PROCESS", 0x80000000}, {"KILL_THREAD", 0},    {"KILL", 0},
        {"TRAP", 0x00030000},         {"ERRNO", 0x00050000}, {"NOTIFY", 0x7fc00000},
        {"TRACE", 0x7ff00000},        {"LOG", 0x7ffc0000},   {"ALLOW", 0x7fff0000},
};

/* Some are on few architectures; "newest_of_all" on none. */
static const char *const call_names[] = {"read",       "socket",  "personality",   "clone",
                                         "socketcall", "_llseek", "newest_of_all", "arch_prctl"};
static const char *const cap_names[] = {"CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_BPF"};
static const char *const operators[] = {"EQ", "NE", "LT", "LE", "GE", "GT", "MASKED_EQ"};

static uint64_t random_value(void)
{
        static const uint64_t corners[] = {0,          1,          0x28,       0x7fffffff,
                                           0x80000000, 0xffffffff, 1ull << 32, UINT64_MAX,
                                           1ull << 63, 0x7e020000, 0x100000028};
        switch (random_below(4)) {
        case 0:
                return random_next() >> random_below(64);
        case 1:
                return random_below(8);
        default:
                return corners[random_below(CF_COUNT(corners))] + random_below(3) - 1;
        }
}

static void put_action(struct cf_json_writer *w, const char *key, const char *errno_key,
                       bool notify)
{
        char name[32];
        unsigned i = random_below(3) ? 4 + 4 * random_below(2) : random_below(CF_COUNT(actions));
        if (strcmp(actions[i].name, "NOTIFY") == 0 && !notify)
                i++;
        snprintf(name, sizeof(name), "SCMP_ACT_%s", actions[i].name);
        cf_json_key(w, key);
        cf_json_put_string(w, name);
        if (random_below(2)) {
                cf_json_key(w, errno_key);
                cf_json_put_uint(w, random_below(4095));
        }
}

static void put_some(struct cf_json_writer *w, const char *key, const char *const *words,
                     unsigned count, unsigned most)
{
        cf_json_key(w, key);
        cf_json_open(w, '[');
        for (unsigned i = random_below(most + 1); i > 0; i--)
                cf_json_put_string(w, words[random_below(count)]);
        cf_json_close(w, ']');
}

static void put_when(struct cf_json_writer *w, const char *key)
{
        static const char *const kernels[] = {"4.8", "5.0", "5.12", "6.1"};
        static const char *const arches[] = {"amd64", "x86", "x32", "arm64", "arm", "s390x"};
        if (random_below(3))
                return;
        cf_json_key(w, key);
        cf_json_open(w, '{');
        if (random_below(2))
                put_some(w, "caps", cap_names, CF_COUNT(cap_names), 2);
        if (random_below(3) == 0)
                put_some(w, "arches", arches, CF_COUNT(arches), 3);
        if (random_below(3) == 0) {
                cf_json_key(w, "minKernel");
                cf_json_put_string(w, kernels[random_below(CF_COUNT(kernels))]);
        }
        cf_json_close(w, '}');
}

static void put_args(struct cf_json_writer *w)
{
        cf_json_key(w, "args");
        cf_json_open(w, '[');
        for (unsigned i = random_below(4); i > 0; i--) {
                char op[32];
                snprintf(op, sizeof(op), "SCMP_CMP_%s",
                         operators[random_below(CF_COUNT(operators))]);
                cf_json_open(w, '{');
                cf_json_key(w, "index");
                cf_json_put_uint(w, random_below(10) ? random_below(2) : random_below(6));
                cf_json_key(w, "value");
                cf_json_put_uint(w, random_value());
                cf_json_key(w, "valueTwo");
                cf_json_put_uint(w, random_value());
                cf_json_key(w, "op");
                cf_json_put_string(w, op);
                cf_json_close(w, '}');
        }
        cf_json_close(w, ']');
}

static void put_rule(struct cf_json_writer *w)
{
        cf_json_open(w, '{');
        if (random_below(6) == 0) {
                cf_json_key(w, "name");
                cf_json_put_string(w, call_names[random_below(CF_COUNT(call_names))]);
        } else {
                put_some(w, "names", call_names, CF_COUNT(call_names), 3);
        }
        put_action(w, "action", "errnoRet", true);
        if (random_below(4))
                put_args(w);
        put_when(w, "includes");
        put_when(w, "excludes");
        cf_json_close(w, '}');
}

static void put_architectures(struct cf_json_writer *w)
{
        const char *names[CF_COUNT(machines)];
        for (size_t i = 0; i < CF_COUNT(machines); i++)
                names[i] = machines[i].profile;
        if (random_below(3) == 0) {
                put_some(w, "architectures", names, CF_COUNT(names), 3);
        } else if (random_below(2)) {
                cf_json_key(w, "archMap");
                cf_json_open(w, '[');
                for (unsigned i = 1 + random_below(3); i > 0; i--) {
                        cf_json_open(w, '{');
                        cf_json_key(w, "architecture");
                        cf_json_put_string(w, names[random_below(CF_COUNT(names))]);
                        put_some(w, "subArchitectures", names, CF_COUNT(names), 3);
                        cf_json_close(w, '}');
                }
                cf_json_close(w, ']');
        }
}

static void put_profile(struct cf_text *text)
{
        struct cf_json_writer w = {.out = text, .indent = 1};
        cf_json_open(&w, '{');
        put_action(&w, "defaultAction", "defaultErrnoRet", false);
        put_architectures(&w);
        cf_json_key(&w, "listenerPath");
        cf_json_put_string(&w, "/run/listener");
        cf_json_key(&w, "syscalls");
        cf_json_open(&w, '[');
        for (unsigned i = random_below(9); i > 0; i--)
                put_rule(&w);
        cf_json_close(&w, ']');
        cf_json_close(&w, '}');
        assert_false(text->failed);
}
