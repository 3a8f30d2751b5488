/* SPDX-License-Identifier: Apache-2.0 */
/* Which runtime is installed, and what it says of itself. */
#include <errno.h>
#include <string.h>

#include "runtime/runtime.h"
#include "unit.h"

static void test_versions(void **state)
{
        static const struct {
                const char *text;
                struct cf_runtime_version version, library;
        } rows[] = {
                {"runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\ngo: "
                 "go1.19.8\nlibseccomp: 2.5.4\n",
                 {1, 1, 5},
                 {2, 5, 4}},
                {"crun version 1.8.1\ncommit: f8a096be\nrundir: /run/crun\n", {1, 8, 1}, {0, 0, 0}},
                {"crun version 1.20\n", {1, 20, 0}, {0, 0, 0}},
                {"runc version 1.4.0-rc.2\nlibseccomp: 2.6.0", {1, 4, 0}, {2, 6, 0}},
                {"runc version 1.0.0-rc95\n", {1, 0, 0}, {0, 0, 0}},
                {"runc version unknown\n", {0, 0, 0}, {0, 0, 0}},
                {"crun version UNKNOWN\ncommit: 7\n", {0, 0, 0}, {0, 0, 0}},
                {"runc version 1\n", {1, 0, 0}, {0, 0, 0}},
                {"runc version 1.\n", {0, 0, 0}, {0, 0, 0}},
                {"version 1.1.5\n", {0, 0, 0}, {0, 0, 0}},
                {"", {0, 0, 0}, {0, 0, 0}},
                {"runc version 99999999999999999999.1.1\n", {99999, 1, 1}, {0, 0, 0}},
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_runtime_found found = {0};
                cf_runtime_read_version(cf_span_of(rows[i].text), &found);
                assert_memory_equal(&found.version, &rows[i].version, sizeof(found.version));
                assert_memory_equal(&found.library, &rows[i].library, sizeof(found.library));
        }
}

/* Whatever is here: one that is found has told a version. */
static void test_found(void **state)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_error err = {0};
        (void)state;
        for (int kind = CF_RUNTIME_RUNC; kind <= CF_RUNTIME_CRUN; kind++) {
                struct cf_runtime_found found;
                assert_int_equal(cf_runtime_find(arena, (enum cf_runtime_kind)kind, &found, &err),
                                 0);
                if (found.path)
                        assert_true(found.version.major >= 1);
                else
                        assert_int_equal(found.version.major, 0);
        }
}

static void test_names(void **state)
{
        enum cf_runtime_kind kind;
        (void)state;
        assert_true(cf_runtime_by_name("crun", &kind));
        assert_int_equal(kind, CF_RUNTIME_CRUN);
        assert_true(cf_runtime_by_name(cf_runtime_name(CF_RUNTIME_RUNC), &kind));
        assert_int_equal(kind, CF_RUNTIME_RUNC);
        assert_false(cf_runtime_by_name("runsc", &kind));
        for (int cause = 0; cause < CF_RUNTIME_CAUSES; cause++)
                assert_true(strlen(cf_runtime_cause_name((enum cf_runtime_cause)cause)) > 0);
        assert_string_equal(cf_runtime_cause_name(CF_RUNTIME_CAUSES), "");
}

/* Every library has calls that are newer than it is. */
static void test_known_calls(void **state)
{
        struct cf_runtime_version version = {0};
        struct cf_error err = {0};
        const struct cf_arch *arch = cf_arch_native();
        int r = cf_runtime_knows(NULL, arch, cf_syscall_by_name("openat"), &version, &err);
        (void)state;
        assert_int_equal(
                cf_runtime_knows("./no.so", arch, cf_syscall_by_name("openat"), &version, &err),
                -ENOENT);
        if (r == -ENOENT)
                return;
        assert_int_equal(r, 1);
        assert_int_equal(version.major, 2);
        assert_int_equal(
                cf_runtime_knows(NULL, arch, cf_syscall_by_name("setxattrat"), &version, &err),
                version.minor >= 6);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_known_calls),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
