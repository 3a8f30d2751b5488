/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel as oracle: what it refuses to load, and what it answers to calls. Every program runs
 * in a child of its own. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs.h"
#include "unit.h"

#define UNUSED_NR 0x1ffu /* a number that no call has */

/* What a child leaves for its parent. */
struct report {
        int loaded; /* 0, or the errno of loading */
        int done;   /* calls made */
        int asked;  /* calls begun */
        int errors[32];
};

static struct report *report;

static int share_report(void **state)
{
        (void)state;
        report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        return report == MAP_FAILED ? -1 : 0;
}

static long load(struct cf_filter filter)
{
        struct sock_fprog program = {(unsigned short)filter.count,
                                     (struct sock_filter *)(uintptr_t)filter.code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -1;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Loads the filter in a child, which then makes the calls; waits for its end. */
static void run_child(struct cf_filter filter, const struct cf_call *calls, int count)
{
        memset(report, 0, sizeof(*report));
        report->loaded = -1;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
                signal(SIGILL,
                       SIG_DFL); /* no handler (of a sanitizer) shall run under the filter */
                signal(SIGSYS, SIG_DFL);
                report->loaded = load(filter) < 0 ? errno : 0;
                for (int i = 0; i < count && report->loaded == 0; i++) {
                        const uint64_t *a = calls[i].args;
                        report->asked = i + 1;
                        errno = 0;
                        syscall(UNUSED_NR, a[0], a[1], a[2], a[3], a[4], a[5]);
                        report->errors[i] = errno;
                        report->done = i + 1;
                }
                syscall(SYS_exit_group, 0);
                __builtin_trap(); /* the filter forbids to end: end anyway */
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
}

/* One instruction changed to something that may not be allowed. */
static void spoil(struct sock_filter *code, size_t count)
{
        struct sock_filter *i = &code[random_below((uint32_t)count)];
        switch (random_below(6)) {
        case 0:
                i->code = (uint16_t)random_below(256);
                break;
        case 1:
                i->k = interesting();
                break;
        case 2:
                i->jt = (uint8_t)random_next();
                break;
        case 3:
                i->code = BPF_LD | BPF_MEM;
                i->k = random_below(17);
                break;
        case 4:
                i->code = BPF_ST;
                i->k = random_below(3);
                break;
        default:
                i->k = random_below(80);
                break;
        }
}

static void takes_and_refuses(void **state)
{
        (void)state;
        unsigned taken = 0, refused = 0;
        for (int round = 0; round < 800; round++) {
                struct sock_filter code[32];
                size_t count = random_program(code, 24, (enum flavour)(round % FLAVOURS));
                for (unsigned times = random_below(3); times > 0; times--)
                        spoil(code, count);
                struct cf_filter filter = {code, count};
                int expected = cf_filter_check(filter, NULL);
                run_child(filter, NULL, 0);
                /* -1: the filter forbids what the child does right after loading it */
                if (report->loaded == -1)
                        report->loaded = 0;
                assert_int_equal(report->loaded, -expected);
                *(expected ? &refused : &taken) += 1;
        }
        assert_true(taken > 100 && refused > 100);
}

/* Any program, made harmless: other calls pass, its answer becomes an errno that tells 12 bits. */
static size_t wrap(struct sock_filter *code, const struct sock_filter *body, size_t count)
{
        size_t at = 0;
        code[at++] = (struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0, 0};
        code[at++] = (struct sock_filter){BPF_JMP | BPF_JEQ | BPF_K, 1, 0, UNUSED_NR};
        code[at++] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
        for (size_t i = 0; i < count; i++) {
                struct sock_filter one = body[i];
                /* the address of the call is not known here */
                if (one.code == (BPF_LD | BPF_W | BPF_ABS) && (one.k == 8 || one.k == 12))
                        one.k = 16;
                if (one.code == (BPF_RET | BPF_A))
                        one = (struct sock_filter){BPF_MISC | BPF_TAX, 0, 0, 0};
                else if (one.code == (BPF_RET | BPF_K))
                        one.code = BPF_LD | BPF_IMM;
                code[at++] = one;
        }
        code[at++] = (struct sock_filter){BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xfff};
        code[at++] = (struct sock_filter){BPF_ALU | BPF_OR | BPF_K, 0, 0, SECCOMP_RET_ERRNO};
        code[at++] = (struct sock_filter){BPF_RET | BPF_A, 0, 0, 0};
        return at;
}

static void answers(void **state)
{
        (void)state;
        unsigned killed = 0, values = 0;
        for (int round = 0; round < 800; round++) {
                struct sock_filter body[40], code[64];
                struct cf_call calls[12];
                struct cf_filter filter = {code, 0};
                do
                        filter.count = wrap(code, body, random_program(body, 40, FLAVOUR_COMPUTE));
                while (cf_filter_check(filter, NULL) < 0);
                for (unsigned i = 0; i < CF_COUNT(calls); i++) {
                        calls[i] = random_call();
                        calls[i].arch = AUDIT_ARCH_X86_64;
                        calls[i].nr = UNUSED_NR;
                }
                run_child(filter, calls, CF_COUNT(calls));
                assert_int_equal(report->loaded, 0);
                for (int i = 0; i < report->asked; i++) {
                        uint32_t expected = cf_filter_run(filter, &calls[i], NULL, NULL, NULL);
                        if (i == report->done) { /* it died in this call */
                                assert_int_equal(expected, SECCOMP_RET_KILL_THREAD);
                                killed++;
                                continue;
                        }
                        uint32_t data = expected & 0xfff;
                        assert_int_equal(expected & CF_ACTION_MASK, CF_ERRNO);
                        assert_int_equal((uint32_t)report->errors[i], data);
                        values += data > 1;
                }
                assert_true(report->asked == CF_COUNT(calls) || report->done < report->asked);
        }
        assert_true(killed > 0 && values > 1000);
}

static cf_policy random_condition(struct cf_policies *all)
{
        struct cf_condition c = {.arg = (uint8_t)random_below(3),
                                 .op = (enum cf_operator)(1 + random_below(7)),
                                 .mask = random_below(3) ? UINT64_MAX : random_next(),
                                 .value = (uint64_t)(random_below(3) ? 0 : interesting()) << 32 |
                                          interesting()};
        if (random_below(4) == 0)
                c.mask = UINT32_MAX;
        c.value &= c.mask;
        return cf_policy_condition(all, &c);
}

/* Filters made of random conditions on arguments, of 64 bits too: the kernel answers as the policy
 * says. */
static void emitted(void **state)
{
        (void)state;
        unsigned refusals = 0;
        for (int round = 0; round < 700; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                cf_policy allow = cf_policy_constant(all, CF_ALLOW), policy = allow;
                for (unsigned rules = 1 + random_below(4); rules > 0; rules--) {
                        cf_policy rule = CF_POLICY_TRUE;
                        for (unsigned n = 1 + random_below(3); n > 0; n--)
                                rule = cf_policy_and(all, rule, random_condition(all));
                        policy = cf_policy_choose(
                                all, rule, cf_policy_constant(all, CF_ERRNO | (7 + rules)), policy);
                }
                policy = cf_policy_choose(all, cf_policy_equal(all, CF_SLICE_NR, UNUSED_NR), policy,
                                          allow);
                struct cf_filter filter;
                struct cf_error err = {0};
                int r = cf_filter_emit(all, policy, NULL, arena, &filter, &err);
                if (r == -E2BIG)
                        continue;
                assert_int_equal(r, 0);
                struct cf_call calls[24];
                for (unsigned i = 0; i < CF_COUNT(calls); i++) {
                        calls[i] = random_call();
                        calls[i].arch = AUDIT_ARCH_X86_64;
                        calls[i].nr = UNUSED_NR;
                }
                run_child(filter, calls, CF_COUNT(calls));
                assert_int_equal(report->loaded, 0);
                assert_int_equal(report->done, CF_COUNT(calls));
                for (unsigned i = 0; i < CF_COUNT(calls); i++) {
                        uint32_t value = cf_policy_value(all, policy, &calls[i]);
                        /* what is allowed reaches the kernel, which has no such call */
                        int expected = value == CF_ALLOW ? ENOSYS : (int)cf_action_data(value);
                        assert_int_equal(report->errors[i], expected);
                        refusals += value != CF_ALLOW;
                }
        }
        assert_true(refusals > 1000);
}

int main(void)
{
#ifndef __x86_64__
        puts("skipped: the calls of this test are those of x86_64");
        return 77;
#else
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_and_refuses),
                cmocka_unit_test(answers),
                cmocka_unit_test(emitted),
        };
        return cmocka_run_group_tests(tests, share_report, NULL);
#endif
}
