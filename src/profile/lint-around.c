/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals that a caller gets around: by bits of an argument that the kernel drops, or by another
 * call that reaches the same code. */
#include "base/cleanup.h"
#include "profile/lint.h"

static void show_witness(struct lint *lint, struct cf_lint_finding *finding,
                         const struct cf_call *call, const char *meaning)
{
        CF_TEXT struct cf_text text = {0};
        finding->has_witness = true;
        finding->witness = *call;
        finding->value = cf_policy_value(lint->all, lint->policy, call);
        cf_say_call(&text, call);
        cf_text_puts(&text, ": ");
        cf_say_value(&text, finding->value);
        cf_text_puts(&text, meaning);
        lint_note(finding, lint_take(lint, &text));
}

static struct cf_call whole(const struct cf_arch *arch, uint32_t nr, struct cf_call call)
{
        call.arch = arch->token;
        call.nr = nr;
        call.ip = 0;
        return call;
}

/* ---- bits that the kernel drops -------------------------------------------------------------- */

/* What a refusal by the low bits looks like, for one value. */
static const char *masked_remedy(struct lint *lint, const char *name, unsigned arg, unsigned bits,
                                 uint64_t value)
{
        return lint_text(
                lint,
                "refuse by the low %u bits: {\"names\": [\"%s\"], \"action\": "
                "\"SCMP_ACT_ERRNO\", \"args\": [{\"index\": %u, \"value\": %llu, "
                "\"valueTwo\": %llu, \"op\": \"SCMP_CMP_MASKED_EQ\"}]}, and so on for each "
                "value that is meant",
                bits, name, arg, (unsigned long long)(UINT64_MAX >> (64 - bits)),
                (unsigned long long)value);
}

static int upper_half(struct lint *lint, const struct cf_arch *arch, uint32_t nr,
                      const struct cf_syscall *call, unsigned arg, struct cf_error *err)
{
        unsigned bits = cf_argument_bits(arch, call, arg);
        if (arch->bits != 64 || bits >= 64)
                return 0;
        struct cf_slice all_bits = cf_slice_arg(arg);
        struct cf_slice dropped = {all_bits.first, (uint16_t)(64 - bits)};
        cf_policy policy = lint_of_call(lint, arch, nr);
        cf_policy through = lint_where_let_through(lint->all, policy);
        cf_policy plain = cf_policy_fix(lint->all, through, dropped, cf_slice_max(dropped), 0);
        cf_policy around = cf_policy_and(lint->all, through, cf_policy_not(lint->all, plain));
        int r = cf_policies_check(lint->all, around, err);
        struct cf_call found;
        if (r < 0 || !cf_policy_find(lint->all, around, &found))
                return r;
        found = whole(arch, nr, found);
        struct cf_call low = found;
        low.args[arg] &= UINT64_MAX >> (64 - bits);
        CF_TEXT struct cf_text refused = {0}, message = {0}, meaning = {0};
        struct cf_condition condition = {(uint8_t)arg, CF_EQ, UINT64_MAX, low.args[arg]};
        cf_say_value(&refused, cf_policy_value(lint->all, lint->policy, &low));
        cf_text_printf(&message, "%s: the refusal of ", call->name);
        cf_say_condition(&message, call, &condition);
        cf_text_printf(&message,
                       " is got around: the kernel reads %u bits of this argument, the filter 64",
                       bits);
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_UPPER_HALF, CF_LINT_WARN, lint_part_of(lint, &found));
        finding->message = lint_take(lint, &message);
        cf_text_puts(&meaning, " here, and to the kernel the same as ");
        cf_say_call(&meaning, &low);
        cf_text_printf(&meaning, ", which gets %s", refused.data ? refused.data : "");
        show_witness(lint, finding, &found, lint_take(lint, &meaning));
        finding->remedy = masked_remedy(lint, call->name, arg, bits, low.args[arg]);
        return 0;
}

/* ---- other calls ----------------------------------------------------------------------------- */

/* Calls that do what another call does, out of the sight of a filter. Source: the man pages of the
 * calls, and ipc/syscall.c and net/socket.c of the kernel. */
static const struct {
        const char *by, *how, *around[20];
} others[] = {
        {"socketcall",
         "its arguments are in memory, which no filter sees",
         {"socket",     "bind",    "connect", "listen",  "accept",   "getsockname", "getpeername",
          "socketpair", "send",    "recv",    "sendto",  "recvfrom", "shutdown",    "setsockopt",
          "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg"}},
        {"ipc",
         "it does what the calls of System V IPC do",
         {"semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget", "msgctl",
          "shmat", "shmdt", "shmget", "shmctl"}},
        {"clone3", "its flags are in memory, which no filter sees", {"clone"}},
        {"openat2", "its flags are in memory, which no filter sees", {"openat", "open"}},
        {"mmap2", "it maps memory like mmap", {"mmap"}},
};

/* A call of `name` on any covered architecture that is refused, by its arguments or always. */
static int find_refused(struct lint *lint, const char *name, const struct cf_arch **ret_arch,
                        struct cf_call *ret_call, bool *ret_partly, struct cf_error *err)
{
        for (size_t i = 0; i < lint->covered_count; i++) {
                const struct cf_arch *arch = lint->covered[i];
                uint32_t nr;
                if (!cf_syscall_number(arch, name, &nr))
                        continue;
                cf_policy through = lint_where_let_through(lint->all, lint_of_call(lint, arch, nr));
                cf_policy refused = cf_policy_not(lint->all, through);
                int r = cf_policies_check(lint->all, refused, err);
                if (r < 0)
                        return r;
                if (!cf_policy_find(lint->all, refused, ret_call))
                        continue;
                *ret_call = whole(arch, nr, *ret_call);
                *ret_arch = arch;
                *ret_partly = through != CF_POLICY_FALSE;
                return 1;
        }
        return 0;
}

/* 1: said. */
static int gone_around(struct lint *lint, const struct cf_arch *arch, size_t at, const char *name,
                       struct cf_error *err)
{
        const struct cf_arch *refused_on;
        struct cf_call refused, found;
        uint32_t nr;
        bool partly;
        if (!cf_syscall_number(arch, others[at].by, &nr))
                return 0;
        cf_policy through = lint_where_let_through(lint->all, lint_of_call(lint, arch, nr));
        int r = cf_policies_check(lint->all, through, err);
        if (r < 0 || !cf_policy_find(lint->all, through, &found))
                return r;
        r = find_refused(lint, name, &refused_on, &refused, &partly, err);
        /* What is refused whole may simply not be needed; conditions were surely meant. */
        if (r <= 0 || !partly)
                return r < 0 ? r : 0;
        found = whole(arch, nr, found);
        bool own = arch == lint->covered[0];
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_GONE_AROUND, CF_LINT_WARN, lint_part_of(lint, &found));
        finding->message = lint_text(lint, "%s is checked by its arguments, and %s%s%s goes around",
                                     name, own ? "" : arch->name, own ? "" : ":", others[at].by);
        lint_note(finding, others[at].how);
        show_witness(lint, finding, &found, "");
        CF_TEXT struct cf_text text = {0};
        cf_say_call(&text, &refused);
        cf_text_puts(&text, ": ");
        cf_say_value(&text, cf_policy_value(lint->all, lint->policy, &refused));
        lint_note(finding, lint_take(lint, &text));
        finding->remedy = strcmp(others[at].by, "clone3") == 0
                                  ? "answer ENOSYS to clone3: programs then use clone"
                                  : lint_text(lint, "refuse %s, or leave the architecture out",
                                              others[at].by);
        return 1;
}

/* The first architecture on which it is so stands for all. */
static int by_others(struct lint *lint, size_t at, struct cf_error *err)
{
        for (size_t n = 0; n < CF_COUNT(others[at].around) && others[at].around[n]; n++) {
                int r = 0;
                for (size_t i = 0; r == 0 && i < lint->covered_count; i++)
                        r = gone_around(lint, lint->covered[i], at, others[at].around[n], err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* On another architecture a call lets through what is refused to the same call on the machine's
 * own. */
static int other_architecture(struct lint *lint, const struct cf_arch *arch,
                              const struct cf_syscall *call, uint32_t nr, struct cf_error *err)
{
        const struct cf_arch *own = lint->covered[0];
        uint32_t own_nr;
        if (arch == own || !cf_syscall_number(own, call->name, &own_nr))
                return 0;
        cf_policy here = lint_where_let_through(lint->all, lint_of_call(lint, own, own_nr));
        cf_policy there = lint_where_let_through(lint->all, lint_of_call(lint, arch, nr));
        cf_policy around = cf_policy_and(lint->all, there, cf_policy_not(lint->all, here));
        /* Registers of 32 bits: what has more cannot be asked. */
        for (unsigned arg = 0; arch->bits == 32 && arg < CF_POLICY_ARGS; arg++) {
                struct cf_slice upper = cf_slice_word(2 + 2 * arg);
                around = cf_policy_and(lint->all, around, cf_policy_equal(lint->all, upper, 0));
        }
        int r = cf_policies_check(lint->all, around, err);
        struct cf_call found;
        if (r < 0 || !cf_policy_find(lint->all, around, &found))
                return r;
        found = whole(arch, nr, found);
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_GONE_AROUND, CF_LINT_WARN, lint_part_of(lint, &found));
        finding->message = lint_text(lint, "%s is refused on %s and let through on %s", call->name,
                                     own->name, arch->name);
        show_witness(lint, finding, &found, "");
        finding->remedy = "name the call of both, or leave the architecture out";
        return 0;
}

int lint_around(struct lint *lint, struct cf_error *err)
{
        int r = 0;
        if (lint->profile->no_filter)
                return 0;
        for (size_t i = 0; i < lint->covered_count; i++) {
                const struct cf_arch *arch = lint->covered[i];
                const struct cf_syscall *call;
                uint32_t nr;
                for (size_t k = 0; r == 0 && (call = cf_syscall_of_arch(arch, k, &nr)); k++) {
                        for (int arg = 0; r == 0 && arg < call->argument_count; arg++)
                                r = upper_half(lint, arch, nr, call, (unsigned)arg, err);
                        if (r == 0)
                                r = other_architecture(lint, arch, call, nr, err);
                }
        }
        for (size_t k = 0; r == 0 && k < CF_COUNT(others); k++)
                r = by_others(lint, k, err);
        return r;
}
