/* SPDX-License-Identifier: Apache-2.0 */
/* The plain meaning against a direct evaluator of the JSON, which shares nothing with it but the
 * JSON parser: random profiles and the engines' defaults, asked at every boundary of theirs.
 *
 *     unit-profile-meaning [COUNT]     random profiles to try */
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "profile/profile.h"
#include "profile/random-profile.h"
#include "random.h"
#include "unit.h"

static unsigned count_wanted = 3000;

/* ---- the evaluator -------------------------------------------------------------------------- */

struct situation {
        const struct machine *machine;
        const char *caps[8];
        unsigned cap_count, major, minor;
};

static bool list_has(const struct cf_json *list, const char *text)
{
        for (const struct cf_json *item = list ? list->first : NULL; item; item = item->next)
                if (strcmp(cf_json_string(item), text) == 0)
                        return true;
        return false;
}

static bool situation_has(const struct situation *s, const char *cap)
{
        for (unsigned i = 0; i < s->cap_count; i++)
                if (strcmp(s->caps[i], cap) == 0)
                        return true;
        return false;
}

static bool kernel_reached(const struct situation *s, const struct cf_json *version)
{
        unsigned major, minor;
        assert_int_equal(sscanf(cf_json_string(version), "%u.%u", &major, &minor), 2);
        return s->major * 1000 + s->minor >= major * 1000 + minor;
}

static bool rule_counts(const struct cf_json *rule, const struct situation *s)
{
        const struct cf_json *out = cf_json_get(rule, "excludes"), *item;
        const struct cf_json *in = cf_json_get(rule, "includes");
        const struct cf_json *caps = cf_json_get(out, "caps"), *arches = cf_json_get(in, "arches");
        if (list_has(cf_json_get(out, "arches"), s->machine->go))
                return false;
        for (item = caps ? caps->first : NULL; item; item = item->next)
                if (situation_has(s, cf_json_string(item)))
                        return false;
        if (cf_json_get(out, "minKernel") && kernel_reached(s, cf_json_get(out, "minKernel")))
                return false;
        if (arches && arches->count && !list_has(arches, s->machine->go))
                return false;
        caps = cf_json_get(in, "caps");
        for (item = caps ? caps->first : NULL; item; item = item->next)
                if (!situation_has(s, cf_json_string(item)))
                        return false;
        return !cf_json_get(in, "minKernel") || kernel_reached(s, cf_json_get(in, "minKernel"));
}

static uint64_t number(const struct cf_json *object, const char *key, uint64_t otherwise)
{
        uint64_t value = otherwise;
        cf_json_uint(cf_json_get(object, key), &value);
        return value;
}

static bool argument_matches(const struct cf_json *arg, const struct cf_call *call)
{
        uint64_t a = call->args[number(arg, "index", 0)], value = number(arg, "value", 0);
        const char *op = cf_json_string(cf_json_get(arg, "op")) + strlen("SCMP_CMP_");
        return strcmp(op, "EQ") == 0   ? a == value
               : strcmp(op, "NE") == 0 ? a != value
               : strcmp(op, "LT") == 0 ? a < value
               : strcmp(op, "LE") == 0 ? a <= value
               : strcmp(op, "GE") == 0 ? a >= value
               : strcmp(op, "GT") == 0 ? a > value
                                       : ((a ^ number(arg, "valueTwo", 0)) & value) == 0;
}

static bool names_call(const struct cf_json *rule, const char *call)
{
        const struct cf_json *name = cf_json_get(rule, "name");
        return name ? strcmp(cf_json_string(name), call) == 0
                    : list_has(cf_json_get(rule, "names"), call);
}

static unsigned strictness(const struct cf_json *object, const char *key)
{
        unsigned i = 0;
        while (strcmp(actions[i].name,
                      cf_json_string(cf_json_get(object, key)) + strlen("SCMP_ACT_")) != 0)
                i++;
        return i == 2 ? 1 : i;
}

static uint32_t value_of(const struct cf_json *object, const char *key, const char *errno_key)
{
        uint32_t value = actions[strictness(object, key)].value;
        bool has_data = value == 0x00050000 || value == 0x7ff00000;
        return has_data ? value | (uint32_t)number(object, errno_key, 1) : value;
}

static bool covers(const struct cf_json *root, const struct situation *s, const struct machine *m)
{
        const struct cf_json *map = cf_json_get(root, "archMap");
        if (m == s->machine || list_has(cf_json_get(root, "architectures"), m->profile))
                return true;
        for (const struct cf_json *item = map ? map->first : NULL; item; item = item->next)
                if (strcmp(cf_json_string(cf_json_get(item, "architecture")),
                           s->machine->profile) == 0)
                        return list_has(cf_json_get(item, "subArchitectures"), m->profile);
        return false;
}

static const struct machine *machine_of(const struct cf_call *call)
{
        bool x32 = call->arch == 0xc000003e && call->nr >= 0x40000000;
        for (size_t i = 0; i < CF_COUNT(machines); i++)
                if (machines[i].token == call->arch &&
                    x32 == (strcmp(machines[i].name, "x32") == 0))
                        return &machines[i];
        return NULL;
}

/* The one number that libseccomp leaves to the default action though it is no call of the filter's
 * architectures: what a tracer sets to have a call skipped. */
static bool is_skipped(const struct cf_json *root, const struct situation *s,
                       const struct cf_call *call)
{
        return call->arch == 0xc000003e && call->nr == UINT32_MAX &&
               (covers(root, s, &machines[0]) || covers(root, s, &machines[2]));
}

static const struct cf_json *deciding_rule(const struct cf_json *root, const struct situation *s,
                                           const struct cf_call *call, const char *name)
{
        const struct cf_json *best = NULL, *rules = cf_json_get(root, "syscalls");
        for (const struct cf_json *rule = rules->first; rule; rule = rule->next) {
                const struct cf_json *args = cf_json_get(rule, "args"), *arg;
                bool all = rule_counts(rule, s) && names_call(rule, name);
                for (arg = args ? args->first : NULL; all && arg; arg = arg->next)
                        all = argument_matches(arg, call);
                if (all && (!best || strictness(rule, "action") < strictness(best, "action")))
                        best = rule;
        }
        return best;
}

static uint32_t evaluate(const struct cf_json *root, const struct situation *s,
                         const struct cf_call *call)
{
        const struct machine *m = machine_of(call);
        if (!is_skipped(root, s, call) && (!m || !covers(root, s, m)))
                return 0;
        CF_FREE char *name = seccomp_syscall_resolve_num_arch(m->library, (int)call->nr);
        const struct cf_json *best = name ? deciding_rule(root, s, call, name) : NULL;
        return best ? value_of(best, "action", "errnoRet")
                    : value_of(root, "defaultAction", "defaultErrnoRet");
}

/* ---- random profiles ------------------------------------------------------------------------ */

static struct situation random_situation(void)
{
        struct situation s = {.machine = &machines[random_below(CF_COUNT(machines))],
                              .major = 4 + random_below(3),
                              .minor = random_below(15)};
        for (size_t i = 0; i < CF_COUNT(cap_names); i++)
                if (random_below(2))
                        s.caps[s.cap_count++] = cap_names[i];
        return s;
}

/* ---- asking both ---------------------------------------------------------------------------- */

struct subject {
        const struct cf_profile *profile;
        const struct cf_json *root;
        struct situation situation;
        struct cf_circumstances circumstances;
        struct cf_policies *all;
        cf_policy policy;
        unsigned long asked;
};

static void ask(struct subject *s, const struct cf_call *call)
{
        uint32_t right = evaluate(s->root, &s->situation, call);
        uint32_t got = cf_policy_value(s->all, s->policy, call);
        s->asked++;
        if (right != got)
                fail_msg("arch %x nr %x args %lx %lx %lx: %x, not %x, on %s in:\n%s", call->arch,
                         call->nr, call->args[0], call->args[1], call->args[2], got, right,
                         s->situation.machine->name, s->profile->source->text.data);
        if (random_below(16))
                return;
        struct cf_profile_decision decision;
        assert_int_equal(cf_profile_decide(s->profile, &s->circumstances, call, &decision, NULL),
                         0);
        assert_int_equal(decision.value, right);
        assert_true((decision.reason == CF_PROFILE_BY_RULE) == (decision.rule != NULL));
}

/* Values at and around everything that the rule compares with. */
static uint64_t near_boundary(const struct cf_json *rules)
{
        if (!rules->count || random_below(8) == 0)
                return random_value();
        const struct cf_json *rule = rules->first, *arg;
        for (uint32_t i = random_below((uint32_t)rules->count); i > 0; i--)
                rule = rule->next;
        const struct cf_json *args = cf_json_get(rule, "args");
        if (!args || !args->count)
                return random_value();
        arg = args->first;
        for (uint32_t i = random_below((uint32_t)args->count); i > 0; i--)
                arg = arg->next;
        uint64_t value = number(arg, "value", 0), second = number(arg, "valueTwo", 0);
        switch (random_below(5)) {
        case 0:
                return value + random_below(3) - 1;
        case 1:
                return second + random_below(3) - 1;
        case 2:
                return (second & value) | (random_next() & ~value);
        case 3:
                return (second & value) ^ 1ull << random_below(64);
        default:
                return value ^ 1ull << random_below(64);
        }
}

static void ask_number(struct subject *s, uint32_t arch, uint32_t nr, unsigned times)
{
        const struct cf_json *rules = cf_json_get(s->root, "syscalls");
        for (unsigned i = 0; i < times; i++) {
                struct cf_call call = {.arch = arch, .nr = nr};
                for (unsigned arg = 0; arg < 6; arg++)
                        call.args[arg] = near_boundary(rules);
                ask(s, &call);
        }
}

static void ask_everywhere(struct subject *s, unsigned times)
{
        static const uint32_t corners[] = {0,          1,          0x3fffffff, 0x40000000,
                                           0x40000001, 0x7fffffff, 0x80000000, 0xffffffff};
        for (size_t i = 0; i < CF_COUNT(machines); i++) {
                for (size_t n = 0; n < CF_COUNT(call_names); n++) {
                        int nr = seccomp_syscall_resolve_name_arch(machines[i].library,
                                                                   call_names[n]);
                        if (nr < 0)
                                continue;
                        ask_number(s, machines[i].token, (uint32_t)nr, times);
                        ask_number(s, machines[i].token, (uint32_t)nr + 1, 1);
                        ask_number(s, machines[i].token + 1, (uint32_t)nr, 1);
                }
                for (size_t n = 0; n < CF_COUNT(corners); n++)
                        ask_number(s, machines[i].token, corners[n], 1);
        }
        ask_number(s, 0, 0, 1);
        ask_number(s, UINT32_MAX, 0, 1);
}

static void subject_read(struct subject *s, struct cf_arena *arena, const char *path,
                         struct cf_span text)
{
        struct cf_source *source = NULL;
        struct cf_json *root = NULL;
        struct cf_error err = {0};
        if (cf_source_from(arena, path, text, &source, &err) < 0 ||
            cf_profile_read(arena, source, &s->profile, &err) < 0 ||
            cf_json_parse(arena, source, &root, &err) < 0)
                fail_msg("%s:%u: %s\n%s", path, err.frames[0].place.line, err.frames[0].message,
                         text.data);
        s->root = root;
}

static void subject_build(struct subject *s)
{
        struct cf_error err = {0};
        s->circumstances = (struct cf_circumstances){
                .machine = cf_arch_by_name(s->situation.machine->name),
                .kernel_major = s->situation.major,
                .kernel_minor = s->situation.minor,
        };
        for (unsigned i = 0; i < s->situation.cap_count; i++) {
                unsigned bit = 0;
                assert_true(cf_capability_number(cf_span_of(s->situation.caps[i]), &bit));
                s->circumstances.capabilities |= 1ull << bit;
        }
        if (cf_profile_policy(s->all, s->profile, &s->circumstances, &s->policy, &err) < 0)
                fail_msg("%s", err.frames[0].message);
}

static void random_profiles(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text text = {0};
        unsigned long asked = 0, warned = 0;
        for (unsigned i = 0; i < count_wanted; i++) {
                struct subject s = {.all = cf_policies_new(0)};
                assert_non_null(s.all);
                cf_arena_clear(arena);
                cf_text_clear(&text);
                put_profile(&text);
                subject_read(&s, arena, "random.json", cf_text_span(&text));
                s.situation = random_situation();
                subject_build(&s);
                ask_everywhere(&s, 4);
                asked += s.asked;
                warned += s.profile->warning_count > 0;
                cf_policies_free(s.all);
        }
        assert_true(asked > 100ul * count_wanted);
        assert_true(warned > count_wanted / 4); /* of the call that nobody has */
}

/* Every number that libseccomp knows a name of, and all numbers that no name of the profile has.
 * (A name that libseccomp does not know yet has no number in the evaluator.) */
static void ask_default(struct subject *s)
{
        for (size_t i = 0; i < CF_COUNT(machines); i++) {
                uint32_t base = strcmp(machines[i].name, "x32") == 0 ? 0x40000000 : 0;
                for (uint32_t nr = base; nr < base + 1100; nr++) {
                        char *name = seccomp_syscall_resolve_num_arch(machines[i].library, (int)nr);
                        const struct cf_arch *arch = cf_arch_by_name(machines[i].name);
                        if (name || !cf_syscall_by_number(arch, nr))
                                ask_number(s, machines[i].token, nr, 3);
                        free(name);
                }
        }
}

static void defaults_of_engines(void **state)
{
        (void)state;
        static const char *const names[] = {"docker", "podman"};
        for (size_t i = 0; i < CF_COUNT(names); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct subject s = {.all = cf_policies_new(0)};
                const struct cf_profile_default *profile = cf_profile_default(names[i]);
                assert_non_null(profile);
                assert_ptr_equal(cf_profile_default(profile->name), profile);
                struct cf_span text;
                assert_int_equal(cf_profile_default_text(arena, profile, &text), 0);
                subject_read(&s, arena, names[i], text);
                assert_int_equal(s.profile->warning_count, 0);
                for (unsigned k = 0; k < 12; k++) {
                        s.situation = random_situation();
                        s.situation.machine = &machines[k % CF_COUNT(machines)];
                        subject_build(&s);
                        ask_default(&s);
                }
                assert_true(s.asked > 100000);
                cf_policies_free(s.all);
        }
}

/* ---- by hand -------------------------------------------------------------------------------- */

/* The answer of x86_64 getpid(a0, a1). */
static uint32_t answer(const char *json, uint64_t a0, uint64_t a1)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct subject s = {.all = cf_policies_new(0), .situation = {.machine = machines}};
        struct cf_call call = {.arch = 0xc000003e, .nr = 39, .args = {a0, a1}};
        subject_read(&s, arena, "hand.json", cf_span_of(json));
        subject_build(&s);
        uint32_t value = cf_policy_value(s.all, s.policy, &call);
        cf_policies_free(s.all);
        return value;
}

#define RULES(...) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" __VA_ARGS__ "]}"
#define RULE(action, more) "{\"names\":[\"getpid\"],\"action\":\"SCMP_ACT_" action "\"" more "}"
#define ARG(index, op, value, two) \
        "{\"index\":" index ",\"op\":\"SCMP_CMP_" op "\",\"value\":" value ",\"valueTwo\":" two "}"

static void by_hand(void **state)
{
        (void)state;
        assert_int_equal(answer("{}", 0, 0), CF_ALLOW);
        assert_int_equal(answer("null", 0, 0), CF_ALLOW);
        assert_int_equal(answer("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", 0, 0), CF_ERRNO | 1);
        assert_int_equal(
                answer("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", 0, 0),
                CF_ERRNO | 38);
        /* Two tests of one argument in one entry: both must hold. */
        const char *both = RULES(RULE(
                "ERRNO", ",\"args\":[" ARG("0", "GE", "5", "0") "," ARG("0", "LE", "7", "0") "]"));
        assert_int_equal(answer(both, 4, 0), CF_ALLOW);
        assert_int_equal(answer(both, 5, 0), CF_ERRNO | 1);
        assert_int_equal(answer(both, 7, 0), CF_ERRNO | 1);
        assert_int_equal(answer(both, 8, 0), CF_ALLOW);
        /* Two entries: either. */
        const char *either =
                RULES(RULE("ERRNO", ",\"args\":[" ARG("0", "EQ", "5", "0") "]") "," RULE(
                        "ERRNO", ",\"args\":[" ARG("1", "EQ", "6", "0") "]"));
        assert_int_equal(answer(either, 5, 0), CF_ERRNO | 1);
        assert_int_equal(answer(either, 0, 6), CF_ERRNO | 1);
        assert_int_equal(answer(either, 6, 5), CF_ALLOW);
        /* Contradictions: the stricter; of two alike the first. */
        assert_int_equal(
                answer(RULES(RULE("ALLOW", "") "," RULE("KILL", "") "," RULE("TRAP", "")), 0, 0),
                CF_KILL_THREAD);
        assert_int_equal(
                answer(RULES(RULE("ERRNO", ",\"errnoRet\":9") "," RULE("ERRNO", ",\"errnoRet\":5")),
                       0, 0),
                CF_ERRNO | 9);
        /* Masked: `value` is the mask, `valueTwo` what must be there under it. */
        const char *masked =
                RULES(RULE("ERRNO", ",\"args\":[" ARG("0", "MASKED_EQ", "4294967295", "40") "]"));
        assert_int_equal(answer(masked, 40, 0), CF_ERRNO | 1);
        assert_int_equal(answer(masked, 0x100000028, 0), CF_ERRNO | 1);
        assert_int_equal(answer(masked, 41, 0), CF_ALLOW);
        /* 64-bit values. */
        const char *wide =
                RULES(RULE("ERRNO", ",\"args\":[" ARG("0", "GT", "18446744073709551614", "0") "]"));
        assert_int_equal(answer(wide, UINT64_MAX, 0), CF_ERRNO | 1);
        assert_int_equal(answer(wide, UINT64_MAX - 1, 0), CF_ALLOW);
}

/* Warnings stand where the words do, in the order of the text. */
static void warnings(void **state)
{
        (void)state;
        static const char text[] = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [\n"
                                   "{\"names\": [\"read\", \"raed\"],\n"
                                   " \"args\": [\n"
                                   "  {\"index\": 0, \"value\": 15, \"valueTwo\": 16,"
                                   " \"op\": \"SCMP_CMP_MASKED_EQ\"}],\n"
                                   " \"action\": \"SCMP_ACT_ALLOW\",\n"
                                   " \"excludes\": {\"caps\": [\"SYS_ADMIN\"],\n"
                                   "  \"arches\": [\"x86_64\"]}}]}";
        static const unsigned lines[] = {2, 4, 6, 7};
        static const char *const parts[] = {"system call 'raed'", "valueTwo",
                                            "capability 'SYS_ADMIN'", "architecture 'x86_64'"};
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct subject s = {0};
        subject_read(&s, arena, "p.json", cf_span_of(text));
        assert_int_equal(s.profile->warning_count, CF_COUNT(lines));
        for (size_t i = 0; i < CF_COUNT(lines); i++) {
                const struct cf_profile_warning *warning = &s.profile->warnings[i];
                assert_int_equal(cf_profile_place(s.profile, warning->part).line, lines[i]);
                assert_non_null(strstr(warning->message, parts[i]));
        }
}

/* An architecture without tables is refused by name, never passed over. */
static void unknown_tables(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct subject s = {0};
        struct cf_circumstances here = {.machine = cf_arch_by_name("x86_64")};
        struct cf_error err = {0};
        cf_policy policy;
        subject_read(&s, arena, "p.json",
                     CF_SPAN("{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n"
                             " \"architectures\": [\"SCMP_ARCH_X86\",\n \"SCMP_ARCH_SHEB\"]}"));
        assert_int_equal(cf_profile_policy(all, s.profile, &here, &policy, &err), -ENOTSUP);
        assert_int_equal(err.frames[0].place.line, 3);
}

/* Many rules that multiply are refused within a bounded time. */
static void too_complex(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(100000);
        CF_TEXT struct cf_text text = {0};
        struct subject s = {0};
        struct cf_circumstances here = {.machine = cf_arch_by_name("x86_64")};
        struct cf_error err = {0};
        cf_policy policy;
        cf_text_puts(&text, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [");
        for (unsigned i = 0; i < 2000; i++) {
                cf_text_puts(&text, i ? ",{" : "{");
                cf_text_puts(&text,
                             "\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[");
                for (unsigned arg = 0; arg < 6; arg++)
                        cf_text_printf(&text,
                                       "%s{\"index\":%u,\"op\":\"SCMP_CMP_GT\",\"value\":%llu}",
                                       arg ? "," : "", arg, (unsigned long long)random_next());
                cf_text_puts(&text, "]}");
        }
        cf_text_puts(&text, "]}");
        subject_read(&s, arena, "p.json", cf_text_span(&text));
        assert_int_equal(cf_profile_policy(all, s.profile, &here, &policy, &err), -E2BIG);
        assert_true(err.count > 0);
}

int main(int argc, char **argv)
{
        if (argc > 1)
                count_wanted = (unsigned)strtoul(argv[1], NULL, 10);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(by_hand),         cmocka_unit_test(warnings),
                cmocka_unit_test(unknown_tables),  cmocka_unit_test(too_complex),
                cmocka_unit_test(random_profiles), cmocka_unit_test(defaults_of_engines),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
