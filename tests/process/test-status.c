/* SPDX-License-Identifier: Apache-2.0 */
#include "process/status.h"

#include "unit.h"

static struct cf_status parse(const char *text)
{
        struct cf_status status;
        cf_status_parse(cf_span_of(text), &status);
        return status;
}

/* As Linux 6.18 writes it. */
static const char whole[] =
        "Name:\tsleep\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t8356\nNgid:\t0\n"
        "Pid:\t8356\nPPid:\t7855\nTracerPid:\t0\nUid:\t1000\t1001\t1000\t1000\n"
        "Gid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t0 \nNStgid:\t8356\t40\t12\n"
        "NSpid:\t8356\t40\t12\nNSpgid:\t8356\t12\nNSsid:\t8356\t12\nKthread:\t0\n"
        "VmPeak:\t    4404 kB\nVmSize:\t    4404 kB\nThreads:\t3\n"
        "SigQ:\t0/96365\nCapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\n"
        "CapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n"
        "Seccomp_filters:\t3\nSpeculation_Store_Bypass:\tvulnerable\n";

static void every_field(void **state)
{
        (void)state;
        struct cf_status status = parse(whole);
        assert_true(cf_span_is(status.name, "sleep"));
        assert_int_equal(status.state, 'S');
        assert_int_equal(status.pid, 8356);
        assert_int_equal(status.parent, 7855);
        assert_int_equal(status.uid, 1001);
        assert_int_equal(status.pid_depth, 3);
        assert_int_equal(status.inner_pid, 12);
        assert_false(status.kernel_thread);
        assert_true(status.has_memory);
        assert_int_equal(status.threads, 3);
        assert_int_equal(status.cap_effective, 0xa80425fb);
        assert_int_equal(status.no_new_privs, 1);
        assert_int_equal(status.mode, CF_SECCOMP_FILTER);
        assert_true(status.filters_known);
        assert_int_equal(status.filters, 3);
}

static void what_is_not_shown(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "",
                "\n\n",
                "Name:\tx\n",
                "Name:\tx\nSeccomp:\n",
                "Name:\tx\nSeccomp:\t4\n",
                "Name:\tx\nSeccomp:\t-1\n",
                "Name:\tx\nSeccomp:\t99999999999999999999999\n",
                "Seccomp 2\n",
                " Seccomp:\t2\n",
                "seccomp:\t2\n",
        };
        for (size_t i = 0; i < CF_COUNT(texts); i++) {
                struct cf_status status = parse(texts[i]);
                assert_int_equal(status.mode, CF_SECCOMP_UNREADABLE);
                assert_int_equal(status.no_new_privs, -1);
                assert_false(status.filters_known);
                assert_int_equal(status.pid_depth, 0);
                assert_false(status.has_memory);
        }
        /* Linux before 5.9 counts no filters. */
        struct cf_status status = parse("Name:\tx\nSeccomp:\t2\nSpeculation_Store_Bypass:\tx\n");
        assert_int_equal(status.mode, CF_SECCOMP_FILTER);
        assert_false(status.filters_known);
        /* A thread that its filter is killing, Linux 5.16 and later. */
        assert_int_equal(parse("Name:\tx\nSeccomp:\t3\n").mode, CF_SECCOMP_FILTER);
}

/* A process chooses its name; the kernel escapes a line feed in it, and nothing else. */
static void names_cannot_lie(void **state)
{
        (void)state;
        struct cf_status status = parse("Name:\tSeccomp:\\n2\nState:\tR\nSeccomp:\t0\n");
        assert_true(cf_span_is(status.name, "Seccomp:\\n2"));
        assert_int_equal(status.mode, CF_SECCOMP_OFF);
        status = parse("Name:\t  two  blanks \nState:\tR\n");
        assert_true(cf_span_is(status.name, "  two  blanks "));
        /* Should a later line claim to be an earlier field, the first word stands. */
        status = parse("Name:\tx\nSeccomp:\t0\nSeccomp:\t2\nName:\ty\n");
        assert_int_equal(status.mode, CF_SECCOMP_OFF);
        assert_true(cf_span_is(status.name, "x"));
}

static void numbers_at_their_limits(void **state)
{
        (void)state;
        struct cf_status status = parse("Name:\tx\nTgid:\t2147483647\nPPid:\t2147483648\n"
                                        "Uid:\t0\t4294967295\t0\t0\nThreads:\t4294967296\n"
                                        "CapEff:\tffffffffffffffff\n");
        assert_int_equal(status.pid, INT32_MAX);
        assert_int_equal(status.parent, 0);
        assert_int_equal(status.uid, UINT32_MAX);
        assert_int_equal(status.threads, 0);
        assert_true(status.cap_effective == UINT64_MAX);
        status = parse("Name:\tx\nCapEff:\t1ffffffffffffffff\n");
        assert_true(status.cap_effective == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_field),
                cmocka_unit_test(what_is_not_shown),
                cmocka_unit_test(names_cannot_lie),
                cmocka_unit_test(numbers_at_their_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
