/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that refuse nothing, exactly. tests/profile/lint.py holds what else lint says. */
#include "base/text.h"
#include "profile/profile.h"
#include "unit.h"

struct opening {
        const char *text; /* of "syscalls" */
        const char *action;
        bool now, whatever; /* refuses nothing: as a usual container on x86_64, 6.1; always */
};

#define ALLOW "SCMP_ACT_ALLOW"
#define REFUSE "SCMP_ACT_ERRNO"
#define ENTRY(names, action, more) \
        "{\"names\": [" names "], \"action\": \"SCMP_ACT_" action "\"" more "}"
#define ARG(op, value, two)                                                    \
        ", \"args\": [{\"index\": 0, \"value\": " value ", \"valueTwo\": " two \
        ", \"op\": \"SCMP_CMP_" op "\"}]"

static const struct opening openings[] = {
        {"", ALLOW, true, true},
        {"", "SCMP_ACT_LOG", true, true},
        {"", REFUSE, false, false},
        {"", "SCMP_ACT_TRACE", false, false},
        {ENTRY("\"ptrace\"", "ERRNO", ""), ALLOW, false, false},
        {ENTRY("\"ptrace\"", "LOG", ""), ALLOW, true, true},
        /* refuses a call that this machine does not have, or none at all */
        {ENTRY("\"riscv_flush_icache\"", "ERRNO", ""), ALLOW, true, true},
        {ENTRY("\"no_such_call\"", "ERRNO", ""), ALLOW, true, true},
        /* conditions that never hold */
        {ENTRY("\"ptrace\"", "ERRNO", ARG("LT", "0", "0")), ALLOW, true, true},
        {ENTRY("\"ptrace\"", "ERRNO", ARG("EQ", "7", "0")), ALLOW, false, false},
        /* entries that count under some circumstances */
        {ENTRY("\"ptrace\"", "ERRNO", ", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}"), ALLOW,
         true, false},
        {ENTRY("\"ptrace\"", "ERRNO", ", \"excludes\": {\"minKernel\": \"4.8\"}"), ALLOW, true,
         false},
        {ENTRY("\"ptrace\"", "ERRNO",
               ", \"includes\": {\"caps\": [\"CAP_CHOWN\"]}, \"excludes\": {\"caps\": "
               "[\"CAP_CHOWN\"]}"),
         ALLOW, true, true},
        {ENTRY("\"ptrace\"", "ERRNO", ", \"includes\": {\"arches\": [\"s390x\"]}"), ALLOW, true,
         true},
        {ENTRY("\"ptrace\"", "ERRNO", ", \"includes\": {\"arches\": [\"amd64\"]}"), ALLOW, false,
         false},
};

static const struct cf_circumstances *usual(void)
{
        static struct cf_circumstances now;
        now = (struct cf_circumstances){cf_arch_by_name("x86_64"), cf_capabilities_docker(), 6, 1};
        return &now;
}

static int is_open(const char *text, bool whatever, struct cf_call *witness)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        struct cf_error err = {0};
        assert_int_equal(cf_source_from(arena, "p.json", cf_span_of(text), &source, NULL), 0);
        assert_int_equal(cf_profile_read(arena, source, &profile, NULL), 0);
        int r = cf_profile_allows_everything(all, profile, usual(), whatever, witness, &err);
        cf_policy policy;
        assert_int_equal(cf_profile_policy(all, profile, usual(), &policy, NULL), 0);
        if (r == 0 && !whatever)
                assert_false(cf_policy_value(all, policy, witness) == CF_ALLOW);
        return r;
}

static void allows_everything(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(openings); i++) {
                CF_TEXT struct cf_text text = {0};
                const struct opening *o = &openings[i];
                struct cf_call witness = {0};
                cf_text_printf(&text, "{\"defaultAction\": \"%s\", \"syscalls\": [%s]}", o->action,
                               o->text);
                if (is_open(text.data, false, &witness) != o->now ||
                    is_open(text.data, true, &witness) != o->whatever)
                        fail_msg("%s", text.data);
        }
        assert_int_equal(is_open("{}", true, NULL), 1);
}

/* Every call by its name is as good as an allowing default; one less is not. */
static void every_name(void **state)
{
        (void)state;
        for (unsigned less = 0; less < 2; less++) {
                CF_TEXT struct cf_text text = {0};
                struct cf_call witness = {0};
                uint32_t nr;
                const struct cf_arch *arch = cf_arch_by_name("x86_64");
                cf_text_puts(&text, "{\"defaultAction\": \"SCMP_ACT_KILL\", \"syscalls\": "
                                    "[{\"action\": \"SCMP_ACT_ALLOW\", \"names\": [\"read\"");
                const struct cf_syscall *call;
                for (size_t i = 0; (call = cf_syscall_of_arch(arch, i, &nr)); i++)
                        if (!less || strcmp(call->name, "keyctl") != 0)
                                cf_text_printf(&text, ", \"%s\"", call->name);
                cf_text_puts(&text, "]}]}");
                assert_int_equal(is_open(text.data, true, &witness), !less);
                assert_int_equal(witness.nr, less ? 250 : 0);
        }
}

/* The danger that a condition meets; one that the container's capabilities open goes first. */
static void danger_met(void **state)
{
        (void)state;
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        const struct cf_syscall *sock = cf_syscall_by_name("socket");
        const struct cf_condition vsock = {0, CF_MASKED_EQ, UINT32_MAX, 40},
                                  inet = {0, CF_MASKED_EQ, UINT32_MAX, 2};
        const struct cf_danger *met = cf_danger_met(all, sock, cf_policy_condition(all, &vsock), 0);
        assert_non_null(met);
        assert_int_equal(met->value, 40);
        assert_null(cf_danger_met(all, sock, cf_policy_condition(all, &inet), 0));
        assert_null(cf_danger_met(all, cf_syscall_by_name("read"), CF_POLICY_TRUE, 0));
        met = cf_danger_met(all, cf_syscall_by_name("kexec_load"), CF_POLICY_TRUE, 0);
        assert_non_null(met);
        assert_false(cf_danger_is_granted(met, cf_capabilities_docker()));
        assert_true(cf_danger_is_granted(met, CF_CAPABILITIES_ALL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(allows_everything),
                cmocka_unit_test(every_name),
                cmocka_unit_test(danger_met),
        };
        return cmocka_run_group_tests_name("profile-lint", tests, NULL, NULL);
}
