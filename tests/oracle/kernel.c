/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle: the kernel runs the filters that are made of policies. Engines' defaults: every number of
 * x86_64, i386 and x32, with arguments on both sides of every boundary. Random profiles: the plain
 * meaning, the policy and the kernel say the same.
 *
 *     oracle-kernel [COUNT [SEED [KILLS]]]     random profiles; one of so many calls that kill */
#include "kernel.h"
#include "plain.h"
#include "profile/profile.h"

#define NUMBERS 1100u /* of each architecture: more than any has */

#define WAYS_MAX 1000u /* through the policy for one number; random ones may have more */

static const uint32_t arch_of[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
static const uint32_t base_of[] = {0, CF_X32_BIT, 0};
static unsigned arch_count = CF_COUNT(arch_of);

struct calls {
        struct cf_policies *all;
        cf_policy policy;
        uint32_t arch, nr;
        bool ones; /* what does not matter is all ones, not 0 */
        uint32_t count, kills;
        uint32_t ways; /* left, of one number */
        struct cf_call items[KERNEL_CALLS_MAX];
};

/* A call that kills costs a child of its own: of those of one filter the first so many are made,
 * and of the others one of so many. */
#define KILLS_FIRST 16u
static uint32_t kills_one_of = 256;

_Noreturn static void fail(const char *what, const struct cf_call *call, uint32_t got,
                           uint32_t right)
{
        printf("not ok: %s: arch %#x number %#x (%#lx, %#lx, %#lx, %#lx, %#lx, %#lx): the kernel "
               "answers %#x, not %#x\n",
               what, call->arch, call->nr, call->args[0], call->args[1], call->args[2],
               call->args[3], call->args[4], call->args[5], got, right);
        exit(1);
}

static void add_call(struct calls *calls, const struct cf_call *call)
{
        if (calls->count == KERNEL_CALLS_MAX)
                abort();
        struct cf_call *made = &calls->items[calls->count++];
        *made = *call;
        made->ip = 0; /* not known here, and no profile asks for it */
        for (unsigned i = 0; i < 6 && made->arch == AUDIT_ARCH_I386; i++)
                made->args[i] = (uint32_t)made->args[i];
        if ((uint32_t)made->args[5] == KERNEL_PASS)
                made->args[5]++;
        uint32_t value = cf_policy_value(calls->all, calls->policy, made);
        if (kernel_view(value) == KERNEL_KILLED && calls->kills++ >= KILLS_FIRST &&
            random_below(kills_one_of))
                calls->count--;
}

/* One call on each way through the policy is one on each side of each boundary. */
static int add_cube(void *context, const struct cf_cube *cube)
{
        struct calls *calls = context;
        struct cf_call call = {.arch = calls->arch, .nr = calls->nr};
        for (unsigned w = 2; w < 14; w++) {
                uint64_t word = cube->value[w] | (calls->ones ? ~cube->mask[w] : 0);
                call.args[(w - 2) / 2] |= word << (w % 2 ? 0 : 32);
        }
        add_call(calls, &call);
        return calls->ways-- == 0;
}

static void add_number(struct calls *calls, uint32_t arch, uint32_t nr)
{
        cf_policy call = cf_policy_of_call(calls->all, calls->policy, arch, nr);
        calls->arch = arch;
        calls->nr = nr;
        for (unsigned ones = 0; ones < 2; ones++) {
                calls->ones = ones;
                calls->ways = WAYS_MAX;
                if (cf_policy_cubes(calls->all, call, add_cube, calls) < 0)
                        abort();
        }
}

/* uretprobe and uprobe: recent kernels do not show them to filters. */
static bool is_beside(const struct cf_call *call)
{
        return call->arch == AUDIT_ARCH_X86_64 && (call->nr == 335 || call->nr == 336);
}

/* Makes the calls under the filter of the policy. */
static void compare(const struct calls *calls, const char *what, struct cf_arena *arena)
{
        struct cf_filter filter;
        struct cf_error err = {0};
        if (cf_filter_emit(calls->all, calls->policy, NULL, arena, &filter, &err) < 0) {
                printf("not ok: %s: %s\n", what, err.frames[0].message);
                exit(1);
        }
        const uint32_t *answers = kernel_answers(filter, calls->items, calls->count);
        for (uint32_t i = 0; i < calls->count; i++) {
                uint32_t right =
                        kernel_view(cf_policy_value(calls->all, calls->policy, &calls->items[i]));
                if (answers && is_beside(&calls->items[i]))
                        continue;
                if (!answers || answers[i] != right)
                        fail(what, &calls->items[i], answers ? answers[i] : 0, right);
        }
}

static cf_policy meaning(struct cf_policies *all, struct cf_arena *arena, const char *name,
                         struct cf_span text, uint64_t capabilities)
{
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        struct cf_error err = {0};
        const struct cf_circumstances here = {cf_arch_by_name("x86_64"), capabilities, 6, 1};
        cf_policy policy = CF_POLICY_NONE;
        if (cf_source_from(arena, name, text, &source, &err) < 0 ||
            cf_profile_read(arena, source, &profile, &err) < 0 ||
            cf_profile_policy(all, profile, &here, &policy, &err) < 0) {
                printf("not ok: %s: %s\n%s\n", name, err.frames[0].message, text.data);
                exit(1);
        }
        return policy;
}

/* ---- Engines' defaults ---------------------------------------------------------------------- */

static unsigned long one_default(const struct cf_profile_default *profile, uint64_t capabilities)
{
        static const uint32_t corners[] = {0x3fffffff, 0x7fffffff, 0x80000000, 0xfffffffe,
                                           0xffffffff};
        static struct calls calls;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_span text;
        if (cf_profile_default_text(arena, profile, &text) < 0)
                abort();
        calls.all = all;
        calls.policy = meaning(all, arena, profile->name, text, capabilities);
        calls.count = calls.kills = 0;
        for (unsigned a = 0; a < arch_count; a++) {
                for (uint32_t nr = 0; nr < NUMBERS; nr++)
                        add_number(&calls, arch_of[a], base_of[a] + nr);
                for (size_t i = 0; i < CF_COUNT(corners); i++)
                        add_number(&calls, arch_of[a], corners[i]);
        }
        compare(&calls, profile->name, arena);
        return calls.count;
}

static void defaults(void)
{
        const uint64_t capabilities[] = {cf_capabilities_docker(), 0, CF_CAPABILITIES_ALL};
        unsigned long asked = 0;
        for (size_t i = 0; i < cf_profile_default_count; i++)
                for (size_t c = 0; c < CF_COUNT(capabilities); c++)
                        asked += one_default(&cf_profile_defaults[i], capabilities[c]);
        printf("ok 1 - the kernel answers to every number as %zu engines' defaults say (%lu "
               "calls)\n",
               cf_profile_default_count, asked);
}

/* ---- Random profiles ------------------------------------------------------------------------ */

static uint64_t random_argument(void)
{
        static const uint64_t corners[] = {
                0, 1, 0x28, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 1ull << 63, 0x7e020000};
        if (random_below(3) == 0)
                return random_next() >> random_below(64);
        return corners[random_below(CF_COUNT(corners))] + random_below(3) - 1;
}

/* A call whose number the profile does not name, or no call at all, has no name here. */
static uint32_t plain_of(const struct plain_profile *plain, const struct cf_call *call)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = cf_syscall_by_number(arch, call->nr);
        return plain_value(plain, known ? known->name : "", call->args);
}

static unsigned long one_random(struct calls *calls, struct cf_arena *arena)
{
        static const char *const names[] = {"read",         "socket",  "exit_group", "personality",
                                            "rt_sigreturn", "seccomp", "reboot"};
        struct plain_profile plain;
        char text[4096];
        plain_random(&plain, names, CF_COUNT(names), 1 + random_below(3));
        plain.architectures = "\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"";
        for (unsigned i = 0; i < plain.count; i++)
                for (unsigned k = 0; k < plain.rules[i].count; k++) {
                        plain.rules[i].tests[k].value = random_argument();
                        plain.rules[i].tests[k].two = random_argument();
                }
        struct cf_span span = {text, plain_print(&plain, text)};
        calls->policy = meaning(calls->all, arena, "random.json", span, 0);
        calls->count = calls->kills = 0;
        for (unsigned a = 0; a < arch_count; a++) {
                const struct cf_arch *arch = cf_arch_of_call(arch_of[a], base_of[a]);
                for (unsigned i = 0; i < CF_COUNT(names); i++) {
                        uint32_t nr;
                        if (cf_syscall_number(arch, names[i], &nr))
                                add_number(calls, arch_of[a], nr);
                }
                add_number(calls, arch_of[a], base_of[a] + 1000);
        }
        compare(calls, text, arena);
        for (uint32_t i = 0; i < calls->count; i++) {
                uint32_t right = plain_of(&plain, &calls->items[i]);
                if (kernel_report->answers[i] != kernel_view(right))
                        fail(text, &calls->items[i], kernel_report->answers[i], right);
        }
        return calls->count;
}

static void random_profiles(unsigned long count)
{
        static struct calls calls;
        unsigned long asked = 0;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (unsigned long i = 0; i < count; i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                calls.all = all;
                asked += one_random(&calls, arena);
                cf_arena_clear(arena);
        }
        printf("ok 2 - plain meaning, policy and kernel agree on %lu random profiles (%lu calls)\n",
               count, asked);
}

int main(int argc, char **argv)
{
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
        if (argc > 2)
                random_state ^= strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u;
        if (argc > 3)
                kills_one_of = (uint32_t)strtoul(argv[3], NULL, 10);
        if (!kernel_has_32()) {
                puts("ok 3 - calls of 32 bits # SKIP this kernel takes none");
                arch_count--;
        }
        defaults();
        random_profiles(count);
        return 0;
}
