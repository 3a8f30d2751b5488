/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/words.h"

#include "base/spelling.h"

#include "base/cleanup.h"

/* OCI runtime specification 1.2, config-linux.md, section Seccomp; the same names as seccomp(3)
 * of libseccomp, and what runc's libcontainer/seccomp/config.go takes. */
static const char *const actions[] = {
        "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
        "SCMP_ACT_LOG",   "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_TRAP",  "SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
};
static const char *const operators[] = {
        "SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT",        "SCMP_CMP_LE",
        "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
};
static const char *const architectures[] = {
        "SCMP_ARCH_X86_64",   "SCMP_ARCH_X86",         "SCMP_ARCH_X32",
        "SCMP_ARCH_AARCH64",  "SCMP_ARCH_ARM",         "SCMP_ARCH_MIPS",
        "SCMP_ARCH_MIPS64",   "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
        "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
        "SCMP_ARCH_PPC64",    "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_S390",
        "SCMP_ARCH_S390X",    "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
        "SCMP_ARCH_PARISC",   "SCMP_ARCH_PARISC64",    "SCMP_ARCH_M68K",
        "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
};
static const char *const flags[] = {
        "SECCOMP_FILTER_FLAG_LOG",
        "SECCOMP_FILTER_FLAG_TSYNC",
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
};

const struct words action_words = {"action", actions, CF_COUNT(actions)};
const struct words operator_words = {"operator", operators, CF_COUNT(operators)};
const struct words architecture_words = {"architecture", architectures, CF_COUNT(architectures)};
const struct words flag_words = {"flag", flags, CF_COUNT(flags)};

/* In the order of `actions`. seccomp.h of libseccomp: SCMP_ACT_KILL is an old name of
 * SCMP_ACT_KILL_THREAD. */
static const uint32_t action_values[] = {
        CF_ALLOW,        CF_ERRNO, CF_KILL_THREAD, CF_LOG,   CF_KILL_THREAD,
        CF_KILL_PROCESS, CF_TRAP,  CF_USER_NOTIF,  CF_TRACE,
};
static const enum cf_operator operator_values[] = {
        CF_EQ, CF_NE, CF_LT, CF_LE, CF_GE, CF_GT, CF_MASKED_EQ,
};
_Static_assert(CF_COUNT(action_values) == CF_COUNT(actions), "a value for each action");
_Static_assert(CF_COUNT(operator_values) == CF_COUNT(operators), "one for each operator");

/* words->count when it is not known. */
static size_t index_of(const struct words *words, struct cf_span word)
{
        size_t i = 0;
        while (i < words->count && !cf_span_is(word, words->known[i]))
                i++;
        return i;
}

bool word_known(const struct words *words, struct cf_span word)
{
        return index_of(words, word) < words->count;
}

uint32_t action_value(struct cf_span action)
{
        size_t i = index_of(&action_words, action);
        return i < CF_COUNT(action_values) ? action_values[i] : CF_KILL_PROCESS;
}

enum cf_operator operator_of(struct cf_span word)
{
        size_t i = index_of(&operator_words, word);
        return i < CF_COUNT(operator_values) ? operator_values[i] : CF_EQ;
}

#define NEAR 2 /* letters that may be wrong, missing or too many */

/* What people leave out or mix up is the prefix: "ERRNO", "allow", "SECCOMP_ACT_ALLOW". */
static bool same_but_prefix(struct cf_span word, const char *known)
{
        struct cf_span whole = cf_span_of(known);
        const char *tail = strstr(known, "_FLAG_");
        tail = tail ? tail + 6 : strchr(strchr(known, '_') + 1, '_') + 1;
        size_t size = strlen(tail);
        if (word.size > whole.size + 8 || word.size < size)
                return false;
        bool bare = word.size == size || word.data[word.size - size - 1] == '_';
        return bare &&
               cf_span_equal_nocase(cf_span_part(word, word.size - size, size), cf_span_of(tail));
}

const char *word_nearest(const struct words *words, struct cf_span word)
{
        const char *best = NULL, *same = NULL;
        unsigned least = NEAR + 1;
        if (word.size > CF_SPELLING_MAX)
                return NULL;
        for (size_t i = 0; i < words->count; i++) {
                unsigned far = cf_spelling_distance(word, cf_span_of(words->known[i]), NEAR);
                if (far < least) {
                        least = far;
                        best = words->known[i];
                }
                if (!same && same_but_prefix(word, words->known[i]))
                        same = words->known[i];
        }
        return best ? best : same;
}
