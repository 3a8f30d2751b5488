/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as they are typed: what they mean, by calls that they are and are not about, and what is
 * said of wrong ones. */
#include <string.h>

#include "profile/profile.h"
#include "unit.h"

static const struct cf_call_rule *read_one(struct cf_arena *arena, const char *text)
{
        const struct cf_call_rule *rules;
        struct cf_error err = {0};
        size_t count;
        if (cf_call_rules_read(arena, "--allow", cf_span_of(text), &rules, &count, &err) < 0)
                fail_msg("%s", err.frames[0].message);
        assert_int_equal(count, 1);
        return rules;
}

static void meanings(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                uint32_t value;
                unsigned arg;
                uint64_t given;
                bool holds;
        } rows[] = {
                {"personality", CF_ALLOW, 0, 77, true},
                {" personality ( ) ", CF_ALLOW, 0, 77, true},
                {"personality(arg0 == 0x40000)", CF_ALLOW, 0, 0x40000, true},
                {"personality(arg0 == 0x40000)", CF_ALLOW, 0, 0x40001, false},
                {"personality(personality == ADDR_NO_RANDOMIZE|PER_LINUX32)", CF_ALLOW, 0, 0x40008,
                 true},
                /* to allow, all 64 bits; to refuse, what the kernel looks at */
                {"socket(family == AF_VSOCK)", CF_ALLOW, 0, 0x100000028, false},
                {"socket(family == AF_VSOCK)", CF_ERRNO | 1, 0, 0x100000028, true},
                {"socket(family == AF_VSOCK)", CF_ERRNO | 1, 0, 0x100000029, false},
                {"socket(family != AF_VSOCK)", CF_ALLOW, 0, 0x100000028, false},
                {"socket(family != AF_VSOCK)", CF_ALLOW, 0, 0x100000029, true},
                {"socket(family > 40)", CF_ALLOW, 0, 0x100000028, false},
                {"socket(family > 40)", CF_ALLOW, 0, 0xffffffff00000029, true},
                {"socket(family < 40)", CF_ALLOW, 0, 0x100000000, false},
                {"socket(family < 40)", CF_KILL_PROCESS, 0, 0x100000000, true},
                {"socket(family >= 010)", CF_ALLOW, 0, 8, true},
                {"socket(family >= 010)", CF_ALLOW, 0, 7, false},
                /* negative numbers are those of an int, extended or not */
                {"personality(arg0 == -1)", CF_ALLOW, 0, 0xffffffff, true},
                {"personality(arg0 == -1)", CF_ALLOW, 0, UINT64_MAX, true},
                {"personality(arg0 == 0xffffffff)", CF_ALLOW, 0, 0x7fffffff, false},
                {"mmap(prot == -1)", CF_ALLOW, 2, 0xffffffff, false},
                {"mmap(prot == -1)", CF_ALLOW, 2, UINT64_MAX, true},
                {"clone((flags & CLONE_NEWUSER) == 0)", CF_ALLOW, 0, 0x20000, true},
                {"clone((flags & CLONE_NEWUSER) == 0)", CF_ALLOW, 0, 0x10020000, false},
                {"clone(clone_flags & (CLONE_NEWUSER | CLONE_NEWNS))", CF_ALLOW, 0, 0x20000, true},
                {"clone(arg0 & CLONE_NEWUSER)", CF_ALLOW, 0, 0x20000, false},
                {"unshare((flags & ~CLONE_FILES) == 0)", CF_ALLOW, 0, 0x400, true},
                {"unshare((flags & ~CLONE_FILES) == 0)", CF_ALLOW, 0, 0x100000400, false},
                {"ioctl(cmd == TIOCSTI)", CF_ERRNO | 1, 1, 0x900005412, true},
                {"prctl(option == 0b101)", CF_ALLOW, 0, 5, true},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                const struct cf_call_rule *rule = read_one(arena, rows[i].text);
                struct cf_call call = {0};
                call.args[rows[i].arg] = rows[i].given;
                cf_policy when = cf_call_rule_condition(all, rule, rows[i].value);
                if (cf_policy_value(all, when, &call) != rows[i].holds)
                        fail_msg("%s", rows[i].text);
        }
}

static void several(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_call_rule *rules;
        size_t count;
        assert_int_equal(
                cf_call_rules_read(arena, "--allow",
                                   CF_SPAN("mbind, socket(family == 1 && type & 2) ,kcmp(type==0)"),
                                   &rules, &count, NULL),
                0);
        assert_int_equal(count, 3);
        assert_string_equal(rules[0].call->name, "mbind");
        assert_int_equal(rules[0].condition_count, 0);
        assert_int_equal(rules[1].condition_count, 2);
        assert_true(cf_span_is(rules[1].text, "socket(family == 1 && type & 2)"));
        assert_true(cf_span_is(rules[2].text, "kcmp(type==0)"));
}

static void errors(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                unsigned column;
                const char *message;
        } rows[] = {
                {"", 1, "the name of a system call is missing"},
                {"sockett", 1, "there is no system call 'sockett' (did you mean socket?)"},
                {"socket(famly == 1)", 8, "socket has no argument 'famly' (did you mean family?)"},
                {"socket(arg3 == 1)", 8, "socket has 3 arguments"},
                {"socket(family = 1)", 15, "write == for 'equal'"},
                {"socket(family)", 14, "a comparison is missing"},
                {"socket(family == AF_VSOK)", 18,
                 "no constant of socket's family is known as 'AF_VSOK' (did you mean AF_VSOCK?)"},
                {"socket(family == 0x100000000)", 18,
                 "family is 32 bits wide: it never is 0x100000000"},
                {"socket(family == 1", 19, "'&&' or ')' is missing"},
                {"socket(family == 1) socket", 21, "',' and another rule"},
                {"socket(family == 1 || family == 2)", 20, "'||' is no part of a rule"},
                {"socket(family & 3 == 1)", 19, "write (family & MASK) in parentheses"},
                {"socket((family & 3) == 4)", 9, "this never holds"},
                {"socket((family & 3) != 4)", 9, "this always holds"},
                {"socket(family == )", 18, "a number or a constant is missing"},
                {"socket(family == 18446744073709551616)", 18, "is no number of 64 bits"},
                {"socket(family == 09)", 18, "is no number of 64 bits"},
                {"mbind,, socket", 7, "the name of a system call is missing"},
                {"\xc3\xa9", 1, "the name of a system call is missing"},
                {"read,\xc3\xa9\xc3\xa9", 6, "the name of a system call is missing"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const struct cf_call_rule *rules;
                struct cf_error err = {0};
                char column[32];
                size_t count;
                assert_int_equal(cf_call_rules_read(arena, "--allow", cf_span_of(rows[i].text),
                                                    &rules, &count, &err),
                                 -EINVAL);
                snprintf(column, sizeof(column), "column %u: ", rows[i].column);
                if (!strstr(err.frames[0].message, column) ||
                    !strstr(err.frames[0].message, rows[i].message))
                        fail_msg("%s", err.frames[0].message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(meanings),
                cmocka_unit_test(several),
                cmocka_unit_test(errors),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
