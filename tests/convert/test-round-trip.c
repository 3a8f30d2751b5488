/* SPDX-License-Identifier: Apache-2.0 */
/* Random policies that a format can say: it does say them, and they come back as they were. The
 * policies are built call by call, without the program's own lists of entries. */
#include <stdio.h>
#include <string.h>

#include "convert/convert.h"
#include "random.h"
#include "unit.h"

#define ROUNDS 150

/* What a format can say. */
static const struct range {
        const char *format;
        const char *arches[4]; /* that it always covers, the machine's own first */
        uint32_t defaults[6], values[8];
        unsigned default_count, value_count;
        uint32_t others;  /* what calls of other architectures get */
        bool one_value;   /* beside the default */
        bool allow_other; /* a call is allowed, and else gets one other value */
        bool plain;       /* arguments are not looked at */
        bool low_only;    /* only the lower half of an argument is compared */
        uint64_t largest; /* value that is compared with */
        bool x32_default; /* numbers from the x32 bit on are nothing special */
} ranges[] = {
        {.format = "docker",
         .arches = {"x86_64", "i386", "x32"},
         .defaults = {CF_ERRNO | 1, CF_KILL_PROCESS, CF_ALLOW, CF_LOG, CF_ERRNO | 38, CF_TRAP},
         .default_count = 6,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_KILL_THREAD, CF_TRACE | 9, CF_LOG,
                    CF_ERRNO, CF_TRAP},
         .value_count = 8,
         .largest = UINT64_MAX},
        {.format = "oci",
         .arches = {"aarch64", "arm"},
         .defaults = {CF_ERRNO | 1, CF_KILL_PROCESS, CF_ALLOW, CF_LOG},
         .default_count = 4,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_KILL_THREAD, CF_TRACE | 9, CF_LOG,
                    CF_ERRNO, CF_TRAP},
         .value_count = 8,
         .largest = UINT64_MAX},
        {.format = "kubernetes",
         .arches = {"x86_64", "i386", "x32"},
         .defaults = {CF_ERRNO | 1, CF_KILL_PROCESS, CF_ALLOW, CF_LOG},
         .default_count = 4,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_KILL_THREAD, CF_TRACE | 9, CF_LOG,
                    CF_KILL_PROCESS, CF_TRAP},
         .value_count = 8,
         .low_only = true,
         .largest = UINT32_MAX},
        {.format = "lxc",
         .arches = {"aarch64", "arm"},
         .defaults = {CF_ERRNO | 1, CF_KILL_THREAD, CF_ALLOW, CF_TRAP},
         .default_count = 4,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_KILL_THREAD, CF_TRAP, CF_ERRNO,
                    CF_USER_NOTIF},
         .value_count = 7,
         .largest = UINT64_MAX},
        {.format = "firecracker",
         .arches = {"x86_64"},
         .defaults = {CF_ERRNO | 1, CF_KILL_THREAD, CF_ALLOW, CF_TRAP, CF_KILL_PROCESS, CF_LOG},
         .default_count = 6,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_TRACE | 65535, CF_USER_NOTIF},
         .value_count = 5,
         .one_value = true,
         .x32_default = true,
         .others = CF_KILL_PROCESS,
         .largest = UINT64_MAX},
        {.format = "minijail",
         .arches = {"x86_64"},
         .defaults = {CF_KILL_THREAD},
         .default_count = 1,
         .values = {CF_ERRNO | 1, CF_ERRNO | 4095, CF_KILL_THREAD, CF_ERRNO},
         .value_count = 4,
         .allow_other = true,
         .x32_default = true,
         .others = CF_KILL_THREAD,
         .largest = UINT64_MAX},
        {.format = "systemd",
         .arches = {"x86_64", "x32"},
         .defaults = {CF_ERRNO | 1, CF_KILL_PROCESS, CF_ALLOW, CF_ERRNO | 38},
         .default_count = 4,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_ERRNO, CF_KILL_PROCESS},
         .value_count = 5,
         .plain = true,
         .largest = UINT64_MAX},
        {.format = "systemd",
         .arches = {"aarch64", "arm"},
         .defaults = {CF_ERRNO | 1, CF_KILL_PROCESS, CF_ALLOW},
         .default_count = 3,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4094, CF_ERRNO, CF_KILL_PROCESS},
         .value_count = 5,
         .others = CF_ALLOW,
         .plain = true,
         .largest = UINT64_MAX},
        {.format = "kafel",
         .arches = {"x86_64"},
         .defaults = {CF_ERRNO | 1, CF_KILL_THREAD, CF_ALLOW, CF_LOG, CF_TRACE | 7, CF_USER_NOTIF},
         .default_count = 6,
         .values = {CF_ALLOW, CF_ERRNO | 1, CF_ERRNO | 4095, CF_KILL_THREAD, CF_TRACE | 9, CF_LOG,
                    CF_KILL_PROCESS, CF_TRAP},
         .value_count = 8,
         .x32_default = true,
         .others = CF_KILL_THREAD,
         .largest = UINT64_MAX},
};

static const char *const call_names[] = {
        "read",       "write",   "ioctl",  "socket", "personality", "clone",   "mmap",
        "arch_prctl", "_llseek", "clone3", "bpf",    "prctl",       "unshare", "io_uring_setup"};

static uint64_t random_number(uint64_t largest)
{
        static const uint64_t corners[] = {0,          1,          0x28,   0x7fffffff, 0xffffffff,
                                           1ull << 32, UINT64_MAX, 0x5401, 0x100000028};
        uint64_t number = random_below(2) ? corners[random_below(CF_COUNT(corners))]
                                          : random_next() >> random_below(64);
        return number > largest ? number & largest : number;
}

static cf_policy random_condition(struct cf_policies *all, const struct range *range)
{
        cf_policy both = CF_POLICY_TRUE;
        unsigned count = 1 + random_below(2), arg = random_below(4);
        for (unsigned i = 0; i < count; i++) {
                uint64_t value = random_number(range->largest), mask = UINT64_MAX;
                struct cf_condition c = {.arg = (uint8_t)(arg + i), .op = CF_EQ, .value = value};
                if (range->low_only) {
                        mask = random_below(2) ? UINT32_MAX : random_number(UINT32_MAX);
                        c.value = value & mask;
                } else if (random_below(2)) {
                        c.op = (enum cf_operator)(CF_NE + random_below(6));
                }
                c.mask = mask;
                both = cf_policy_and(all, both, cf_policy_condition(all, &c));
        }
        return both;
}

/* One call's answer, alike on every architecture. */
static cf_policy random_answer(struct cf_policies *all, const struct range *range,
                               uint32_t default_value)
{
        cf_policy answer = cf_policy_constant(
                all,
                random_below(2) ? default_value : range->values[random_below(range->value_count)]);
        if (!range->plain && random_below(2))
                answer = cf_policy_choose(
                        all, random_condition(all, range),
                        cf_policy_constant(
                                all, range->allow_other
                                             ? CF_ALLOW
                                             : range->values[random_below(range->value_count)]),
                        answer);
        return answer;
}

static cf_policy random_policy(struct cf_policies *all, const struct range *whole,
                               const struct cf_arch *const *arches, size_t count)
{
        struct range one = *whole;
        const struct range *range = &one;
        uint32_t other = range->defaults[random_below(range->default_count)];
        if (range->one_value) {
                one.value_count = 1;
                one.values[0] = range->values[random_below(whole->value_count)];
        }
        cf_policy covered = range->x32_default
                                    ? cf_policy_equal(all, CF_SLICE_ARCH, arches[0]->token)
                                    : cf_convert_calls_of(all, arches, count);
        cf_policy policy = cf_policy_choose(all, covered, cf_policy_constant(all, other),
                                            cf_policy_constant(all, range->others));
        for (size_t i = 0; i < CF_COUNT(call_names); i++) {
                cf_policy answer = random_answer(all, range, other);
                uint32_t nr;
                for (size_t k = 0; k < count; k++) {
                        if (!cf_syscall_number(arches[k], call_names[i], &nr))
                                continue;
                        cf_policy here = cf_policy_and(
                                all, cf_policy_equal(all, CF_SLICE_ARCH, arches[k]->token),
                                cf_policy_equal(all, CF_SLICE_NR, nr));
                        policy = cf_policy_choose(all, here, answer, policy);
                }
        }
        return cf_policy_normal(all, policy);
}

static void run_range(const struct range *range)
{
        const struct cf_conversion *format = cf_conversion_by_name(range->format);
        const struct cf_arch *arches[CF_COUNT(range->arches)];
        size_t count = 0;
        assert_non_null(format);
        while (count < CF_COUNT(range->arches) && range->arches[count]) {
                arches[count] = cf_arch_by_name(range->arches[count]);
                count++;
        }
        for (unsigned round = 0; round < ROUNDS; round++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_TEXT struct cf_text text = {0};
                struct cf_error err = {0};
                struct cf_source *source = NULL;
                struct cf_converted back;
                const struct cf_circumstances circumstances = {.machine = arches[0]};
                struct cf_writing writing = {.all = all,
                                             .arena = arena,
                                             .policy = random_policy(all, range, arches, count),
                                             .arches = arches,
                                             .arch_count = count,
                                             .listener = "/run/listener"};
                if (cf_convert_write(&writing, format, &text, &err) < 0)
                        fail_msg("%s, round %u: %s", range->format, round, err.frames[0].message);
                assert_int_equal(cf_source_from(arena, "t", cf_text_span(&text), &source, NULL), 0);
                struct cf_reading reading = {.all = all,
                                             .arena = arena,
                                             .source = source,
                                             .circumstances = &circumstances};
                assert_int_equal(cf_convert_read(&reading, format, &back, NULL), 0);
                assert_int_equal(back.policy, writing.policy);
        }
}

static void test_ranges(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(ranges); i++)
                run_range(&ranges[i]);
}

/* What a format cannot say is refused in words that name it. */
static void test_refusals(void **state)
{
        static const struct {
                const char *format;
                uint32_t other, value; /* of every call, and of read(0, …) */
                const char *words;
        } rows[] = {
                {"minijail", CF_ERRNO | 1, CF_ALLOW, "without a rule"},
                {"minijail", CF_KILL_THREAD, CF_LOG, "minijail knows only"},
                {"systemd", CF_ERRNO | 1, CF_ALLOW, "read(0, 0, 0) gets 'allowed'"},
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_TEXT struct cf_text text = {0};
                struct cf_error err = {0};
                const struct cf_arch *arch = cf_arch_by_name("x86_64");
                const struct cf_condition zero = {0, CF_EQ, UINT64_MAX, 0};
                cf_policy here = cf_policy_equal(all, CF_SLICE_ARCH, arch->token);
                cf_policy read =
                        cf_policy_and(all, here,
                                      cf_policy_and(all, cf_policy_equal(all, CF_SLICE_NR, 0),
                                                    cf_policy_condition(all, &zero)));
                cf_policy policy =
                        cf_policy_choose(all, here, cf_policy_constant(all, rows[i].other),
                                         cf_policy_constant(all, CF_KILL_THREAD));
                policy =
                        cf_policy_choose(all, read, cf_policy_constant(all, rows[i].value), policy);
                struct cf_writing writing = {.all = all,
                                             .arena = arena,
                                             .policy = policy,
                                             .arches = &arch,
                                             .arch_count = 1,
                                             .within = true};
                assert_int_equal(cf_convert_write(&writing, cf_conversion_by_name(rows[i].format),
                                                  &text, &err),
                                 -ENOTSUP);
                assert_int_equal(text.size, 0);
                if (!strstr(err.frames[0].message, rows[i].words))
                        fail_msg("%s: %s", rows[i].format, err.frames[0].message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals),
                                           cmocka_unit_test(test_ranges)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
