/* SPDX-License-Identifier: Apache-2.0 */
/* The public API: what its headers say. (That it can be used from outside: downstream.bats.) */
#include <confined/confined.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#include "unit.h"

#define RULES(rules)                                                                     \
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\"," \
        "\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[" rules "]}"
#define ACCT "{\"names\":[\"acct\"],\"action\":\"SCMP_ACT_ERRNO\"}"
#define SWAPON "{\"names\":[\"swapon\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}"
#define VSOCK                                                                                     \
        "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":" \
        "40,\"op\":\"SCMP_CMP_EQ\"}]}"

static void freep(struct confined_context **context)
{
        *context = confined_context_free(*context);
}
#define CONTEXT CF_CLEANUP(freep) struct confined_context *

static const struct confined_policy *policy_of(struct confined_context *context, const char *json)
{
        struct confined_circumstances x86_64 = CONFINED_CIRCUMSTANCES_INIT;
        const struct confined_profile *profile = NULL;
        const struct confined_policy *policy = NULL;
        x86_64.architecture = "x86_64";
        if (confined_profile_parse(context, "p.json", json, strlen(json), &profile) < 0 ||
            confined_profile_policy(profile, &x86_64, &policy) < 0)
                fail_msg("%s", confined_error(context));
        return policy;
}

static void calls(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        struct confined_call call = {0};
        assert_true(confined_call_by_name("x86_64", "socket", &call));
        assert_int_equal(call.nr, 41);
        assert_int_equal(call.arch, AUDIT_ARCH_X86_64);
        assert_string_equal(confined_call_name(&call), "socket");
        assert_string_equal(confined_call_architecture(&call), "x86_64");
        call.args[0] = UINT64_C(0x100000028);
        assert_non_null(strstr(confined_call_text(context, &call), "socket(0x100000028, 0, 0)"));
        assert_true(confined_call_by_name("SCMP_ARCH_X32", "read", &call));
        assert_int_equal(call.nr, 0x40000000);
        assert_string_equal(confined_call_architecture(&call), "x32");
        call.nr = 99;
        assert_false(confined_call_by_name("x86_64", "no_such_call", &call));
        assert_false(confined_call_by_name("vax", "read", &call));
        assert_int_equal(call.nr, 99);
        call = (struct confined_call){.arch = 1, .nr = 5};
        assert_null(confined_call_name(&call));
        assert_null(confined_call_architecture(&call));
        assert_string_equal(confined_value_text(context, SECCOMP_RET_ERRNO | 1), "EPERM");
        assert_string_equal(confined_version(), CF_VERSION);
        assert_true(confined_syscalls_kernel()[0] == 'v');
}

static void values_and_order(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        const struct confined_policy *one = policy_of(context, RULES(ACCT));
        const struct confined_policy *two = policy_of(context, RULES(ACCT "," SWAPON));
        struct confined_call acct, swapon, witness = {0};
        assert_true(confined_call_by_name("x86_64", "acct", &acct));
        assert_true(confined_call_by_name("x86_64", "swapon", &swapon));
        assert_int_equal(confined_policy_value(one, &acct), SECCOMP_RET_ERRNO | 1);
        assert_int_equal(confined_policy_value(one, &swapon), SECCOMP_RET_ALLOW);
        assert_int_equal(confined_policy_value(two, &swapon), SECCOMP_RET_ERRNO | 38);
        assert_int_equal(confined_policy_as_strict(two, one, NULL), 1);
        assert_int_equal(confined_policy_as_strict(one, two, &witness), 0);
        assert_string_equal(confined_call_name(&witness), "swapon");
        assert_false(confined_policy_equal(one, two));
        assert_true(confined_policy_equal(one, policy_of(context, RULES(ACCT "," ACCT))));
}

static void joining(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        const struct confined_policy *one = policy_of(context, RULES(ACCT)), *result = NULL;
        const struct confined_policy *other = policy_of(context, RULES(SWAPON));
        const struct confined_policy *both = policy_of(context, RULES(ACCT "," SWAPON));
        assert_int_equal(confined_policy_stack(one, other, &result), 0);
        assert_true(confined_policy_equal(result, both));
        assert_int_equal(confined_policy_intersection(one, other, &result), 0);
        assert_true(confined_policy_equal(result, both));
        assert_int_equal(confined_policy_union(one, other, &result), 0);
        assert_true(confined_policy_equal(result, policy_of(context, RULES(""))));
}

static void differences(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        const struct confined_policy *a = policy_of(context, RULES(""));
        const struct confined_policy *b = policy_of(context, RULES(VSOCK));
        const struct confined_differences *list = NULL;
        struct confined_difference d = CONFINED_DIFFERENCE_INIT;
        assert_int_equal(confined_policy_compare(a, a, &list), 0);
        assert_int_equal(confined_differences_count(list), 0);
        assert_int_equal(confined_differences_get(list, 0, &d), -ERANGE);
        assert_int_equal(confined_policy_compare(a, b, &list), 0);
        assert_int_equal(confined_differences_count(list), 3); /* i386, x86_64, x32 */
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(confined_differences_get(list, i, &d), 0);
                assert_string_equal(d.call, "socket");
                assert_string_equal(d.condition, "family == 40 (AF_VSOCK)");
                assert_int_equal(d.value_a, SECCOMP_RET_ALLOW);
                assert_int_equal(d.value_b, SECCOMP_RET_ERRNO | 1);
                assert_int_equal(d.witness.args[0], 40);
                assert_int_equal(confined_policy_value(a, &d.witness), d.value_a);
                assert_int_equal(confined_policy_value(b, &d.witness), d.value_b);
                assert_string_equal(confined_call_architecture(&d.witness), d.architecture);
        }
        assert_int_equal(confined_differences_get(list, 3, &d), -ERANGE);
        d.size = 0;
        assert_int_equal(confined_differences_get(list, 0, &d), -EINVAL);
}

/* Every part of two policies that differ everywhere has a true witness. */
static void all_witnesses(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        const struct confined_profile *docker = NULL, *podman = NULL;
        const struct confined_policy *a = NULL, *b = NULL;
        const struct confined_differences *list = NULL;
        assert_int_equal(confined_profile_default(context, "docker", &docker), 0);
        assert_int_equal(confined_profile_default(context, "podman", &podman), 0);
        assert_int_equal(confined_profile_policy(docker, NULL, &a), 0);
        assert_int_equal(confined_profile_policy(podman, NULL, &b), 0);
        assert_int_equal(confined_policy_compare(a, b, &list), 0);
        assert_true(confined_differences_count(list) > 100);
        for (size_t i = 0; i < confined_differences_count(list); i++) {
                struct confined_difference d = CONFINED_DIFFERENCE_INIT;
                assert_int_equal(confined_differences_get(list, i, &d), 0);
                assert_int_equal(confined_policy_value(a, &d.witness) & SECCOMP_RET_ACTION_FULL,
                                 d.value_a & SECCOMP_RET_ACTION_FULL);
                assert_int_equal(confined_policy_value(b, &d.witness) & SECCOMP_RET_ACTION_FULL,
                                 d.value_b & SECCOMP_RET_ACTION_FULL);
        }
}

static void filters(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        const struct confined_policy *policy = policy_of(context, RULES(VSOCK "," ACCT)),
                                     *again = NULL;
        const struct confined_filter *filter = NULL, *copy = NULL;
        struct confined_call acct;
        size_t count = 0;
        assert_int_equal(confined_policy_emit(policy, &filter), 0);
        const struct sock_filter *code = confined_filter_code(filter, &count);
        assert_in_range(count, 3, 60);
        /* The bytes need not be aligned. */
        char *bytes = malloc(count * sizeof(*code) + 1);
        assert_non_null(bytes);
        memcpy(bytes + 1, code, count * sizeof(*code));
        assert_int_equal(
                confined_filter_from_bytes(context, bytes + 1, count * sizeof(*code), &copy), 0);
        free(bytes);
        assert_int_equal(confined_filter_lift(copy, &again), 0);
        assert_true(confined_policy_equal(policy, again));
        assert_true(confined_call_by_name("x86_64", "acct", &acct));
        assert_int_equal(confined_filter_run(copy, &acct), SECCOMP_RET_ERRNO | 1);
        assert_non_null(strstr(confined_filter_text(copy), "acct"));
}

static void errors(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        struct confined_circumstances where = CONFINED_CIRCUMSTANCES_INIT;
        const struct confined_profile *profile = NULL;
        const struct confined_policy *policy = NULL;
        const struct confined_filter *filter = NULL;
        const char *broken = "{\n\"defaultAction\":\"SCMP_ACT_ALOW\"}";
        assert_string_equal(confined_error(context), "");
        assert_int_equal(
                confined_profile_parse(context, "x\x1b.json", broken, strlen(broken), &profile),
                -EINVAL);
        assert_non_null(strstr(confined_error(context), ".json:2:"));
        assert_non_null(strstr(confined_error(context), "SCMP_ACT_ALOW"));
        assert_null(strchr(confined_error(context), '\x1b'));
        assert_int_equal(confined_profile_read(context, "/nonexistent/p.json", &profile), -ENOENT);
        assert_int_equal(confined_profile_default(context, "vax", &profile), -ENOENT);
        assert_int_equal(confined_filter_from_bytes(context, "1234567", 7, &filter), -EINVAL);
        assert_int_equal(confined_filter_from_bytes(context, "\0\0\0\0\0\0\0\0", 8, &filter),
                         -EINVAL);
        assert_null(profile);
        assert_null(filter);
        assert_int_equal(confined_profile_default(context, "docker", &profile), 0);
        where.architecture = "vax";
        assert_int_equal(confined_profile_policy(profile, &where, &policy), -EINVAL);
        where = (struct confined_circumstances)CONFINED_CIRCUMSTANCES_INIT;
        where.size = 4;
        assert_int_equal(confined_profile_policy(profile, &where, &policy), -EINVAL);
        assert_null(policy);
        assert_null(confined_context_free(NULL));
}

static void circumstances(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        struct confined_circumstances where = CONFINED_CIRCUMSTANCES_INIT;
        const struct confined_profile *profile = NULL;
        const struct confined_policy *usual = NULL, *admin = NULL;
        struct confined_call mount;
        const char *warned =
                RULES("{\"names\":[\"acct\",\"no_such\"],\"action\":\"SCMP_ACT_ERRNO\"}");
        where.architecture = "x86_64";
        assert_true(confined_call_by_name("x86_64", "mount", &mount));
        assert_int_equal(confined_profile_default(context, "docker", &profile), 0);
        assert_int_equal(confined_profile_policy(profile, &where, &usual), 0);
        where.capabilities |= UINT64_C(1) << 21; /* CAP_SYS_ADMIN */
        assert_int_equal(confined_profile_policy(profile, &where, &admin), 0);
        assert_int_equal(confined_policy_value(usual, &mount), SECCOMP_RET_ERRNO | 1);
        assert_int_equal(confined_policy_value(admin, &mount), SECCOMP_RET_ALLOW);
        assert_null(confined_profile_warning(profile, 0));
        assert_int_equal(
                confined_profile_parse(context, "w.json", warned, strlen(warned), &profile), 0);
        assert_non_null(strstr(confined_profile_warning(profile, 0), "no_such"));
        assert_memory_equal(confined_profile_warning(profile, 0), "w.json:1:", 9);
        assert_null(confined_profile_warning(profile, 1));
}

static void as_json(void **state)
{
        (void)state;
        CONTEXT context = confined_context_new();
        const struct confined_policy *policy = policy_of(context, RULES(VSOCK "," SWAPON));
        const struct confined_policy *other = policy_of(context, RULES(ACCT));
        const char *json = NULL;
        assert_int_equal(confined_policy_json(policy, "vax", &json), -EINVAL);
        assert_null(json);
        assert_int_equal(confined_policy_json(policy, "x86_64", &json), 0);
        assert_non_null(strstr(json, "\"swapon\""));
        assert_true(confined_policy_equal(policy, policy_of(context, json)));
        assert_false(confined_policy_equal(other, policy_of(context, json)));
        /* No profile asks for the instruction pointer. */
        const struct sock_filter by_place[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4096, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct confined_filter *filter = NULL;
        const char *none = NULL;
        assert_int_equal(confined_filter_from_bytes(context, by_place, sizeof(by_place), &filter),
                         0);
        assert_int_equal(confined_filter_lift(filter, &policy), 0);
        assert_int_equal(confined_policy_json(policy, "x86_64", &none), -ENOTSUP);
        assert_null(none);
        assert_true(confined_error(context)[0] != '\0');
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(calls),         cmocka_unit_test(values_and_order),
                cmocka_unit_test(joining),       cmocka_unit_test(differences),
                cmocka_unit_test(all_witnesses), cmocka_unit_test(filters),
                cmocka_unit_test(errors),        cmocka_unit_test(circumstances),
                cmocka_unit_test(as_json),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
