/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno-name.h"

#include <errno.h>

#include "unit.h"

static void every_name(void **state)
{
        (void)state;
        unsigned known = 0;
        for (unsigned i = 1; i < 4096; i++) {
                const char *name = strerrorname_np((int)i);
                unsigned number = 0;
                if (!name)
                        continue;
                known++;
                assert_true(cf_errno_by_name(cf_span_of(name), &number));
                assert_int_equal(number, i);
                assert_true(i <= CF_ERRNO_LAST);
        }
        assert_true(known > 120);
}

static void others(void **state)
{
        (void)state;
        unsigned number = 77;
        assert_true(cf_errno_by_name(CF_SPAN("EWOULDBLOCK"), &number));
        assert_int_equal(number, EAGAIN);
        assert_true(cf_errno_by_name(CF_SPAN("ENOTSUP"), &number));
        assert_int_equal(number, EOPNOTSUPP);
        static const char *const none[] = {"", "0", "E", "EPER", "EPERMX", "eperm", "EPERM "};
        for (size_t i = 0; i < CF_COUNT(none); i++) {
                assert_false(cf_errno_by_name(cf_span_of(none[i]), &number));
                assert_int_equal(number, EOPNOTSUPP);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_name), cmocka_unit_test(others)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
