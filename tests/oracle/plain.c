/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle: the plain meaning of random profiles against their policies, asked at every boundary.
 *
 *     oracle-plain [COUNT [SEED]]     as many profiles of each kind */
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "profile/profile.h"

#define ARCH_X86_64 0xc000003eu
#define VALUES_MAX 64u
#define NODES_KEPT 20000u /* a manager is used for many profiles, until it has as many nodes */

static const char *const names[] = {"read", "socket", "personality"};
static const uint32_t numbers[] = {0, 41, 135};
#define NAMED 2u /* by rules; the last one gets the default action */

struct subject {
        struct cf_arena *arena;
        struct cf_policies *all;
        struct plain_profile plain;
        char text[4096];
        cf_policy policy;
        cf_policy calls[CF_COUNT(names)]; /* what is left of it once the number is known */
        uint64_t values[6][VALUES_MAX];   /* of each argument */
        unsigned counts[6];
        unsigned long asked;
};

static void build(struct subject *s)
{
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        struct cf_error err = {0};
        const struct cf_circumstances here = {.machine = cf_arch_by_name("x86_64")};
        struct cf_span text = {s->text, plain_print(&s->plain, s->text)};
        if (!s->all || cf_policies_count(s->all) > NODES_KEPT) {
                cf_policies_free(s->all);
                s->all = cf_policies_new(0);
        }
        cf_arena_clear(s->arena);
        if (cf_source_from(s->arena, "random.json", text, &source, &err) < 0 ||
            cf_profile_read(s->arena, source, &profile, &err) < 0 ||
            cf_profile_policy(s->all, profile, &here, &s->policy, &err) < 0) {
                printf("not ok: %s\n%s\n", err.frames[0].message, s->text);
                exit(1);
        }
        for (unsigned i = 0; i < CF_COUNT(names); i++)
                s->calls[i] = cf_policy_of_call(s->all, s->policy, ARCH_X86_64, numbers[i]);
}

static void ask(struct subject *s, unsigned which, const uint64_t *args)
{
        struct cf_call call = {.arch = ARCH_X86_64, .nr = numbers[which]};
        memcpy(call.args, args, sizeof(call.args));
        uint32_t right = plain_value(&s->plain, names[which], args);
        bool whole = s->asked % 64 == 0;
        uint32_t got = cf_policy_value(s->all, whole ? s->policy : s->calls[which], &call);
        s->asked++;
        if (got == right)
                return;
        printf("not ok: %s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
               ", %#" PRIx64 ") gets %#x, not %#x, in:\n%s\n",
               names[which], args[0], args[1], args[2], args[3], args[4], args[5], got, right,
               s->text);
        exit(1);
}

/* Every combination of the arguments' values, or `most` of them at random when there are more. */
static void ask_all(struct subject *s, unsigned long most)
{
        unsigned long combinations = 1;
        uint64_t args[6];
        for (unsigned i = 0; i < 6; i++)
                combinations *= s->counts[i];
        bool every = combinations <= most;
        for (unsigned long n = 0; n < (every ? combinations : most); n++) {
                unsigned long rest = n;
                for (unsigned i = 0; i < 6; i++) {
                        unsigned at = every ? (unsigned)(rest % s->counts[i])
                                            : random_below(s->counts[i]);
                        args[i] = s->values[i][at];
                        rest /= s->counts[i];
                }
                for (unsigned which = 0; which < NAMED; which++)
                        ask(s, which, args);
        }
        ask(s, NAMED, args);
}

static void no_values(struct subject *s)
{
        for (unsigned i = 0; i < 6; i++) {
                s->counts[i] = 1;
                s->values[i][0] = random_next(); /* of an argument that no rule asks for */
        }
}

/* ---- Small profiles: nothing is left out ---------------------------------------------------- */

/* All values and masks are a number of a few bits, moved up by as many bits in each profile. What a
 * test says of an argument then depends on those bits of it, on whether a lower one is set, and on
 * whether a higher one is: a call for each combination is all that there is. */
static void small_profile(struct subject *s)
{
        static const unsigned shifts[] = {0, 1, 11, 29, 30, 31, 32, 33, 60};
        unsigned bits = random_below(8) ? 2 : 3, args = random_below(16) ? 1 + random_below(2) : 3;
        unsigned shift = shifts[random_below(CF_COUNT(shifts))], top = shift + bits;
        plain_random(&s->plain, names, NAMED, args);
        no_values(s);
        for (unsigned i = 0; i < s->plain.count; i++) {
                struct plain_rule *rule = &s->plain.rules[i];
                for (unsigned k = 0; k < rule->count; k++) {
                        rule->tests[k].value = (uint64_t)random_below(1u << bits) << shift;
                        rule->tests[k].two = (uint64_t)random_below(1u << bits) << shift;
                        s->counts[rule->tests[k].arg] = 0;
                }
        }
        for (unsigned i = 0; i < 6; i++) {
                if (s->counts[i])
                        continue;
                for (uint64_t high = 0; high < (top < 64 ? 2 : 1); high++)
                        for (uint64_t middle = 0; middle < 1u << bits; middle++)
                                for (uint64_t low = 0; low < (shift ? 2 : 1); low++)
                                        s->values[i][s->counts[i]++] =
                                                (high ? (uint64_t)1
                                                                 << (top + random_below(64 - top))
                                                      : 0) |
                                                middle << shift |
                                                (low ? (uint64_t)1 << random_below(shift) : 0);
        }
        build(s);
        ask_all(s, UINT64_MAX);
}

/* ---- Wide profiles: at every boundary ------------------------------------------------------- */

static uint64_t random_wide(void)
{
        static const uint64_t corners[] = {0,          1,          0x28,       0x7fffffff,
                                           0x80000000, 0xffffffff, 1ull << 32, UINT64_MAX,
                                           1ull << 63, 0x7e020000, 0x100000028};
        if (random_below(3) == 0)
                return random_next() >> random_below(64);
        return corners[random_below(CF_COUNT(corners))] + random_below(3) - 1;
}

static void add_value(struct subject *s, unsigned arg, uint64_t value)
{
        if (s->counts[arg] < VALUES_MAX)
                s->values[arg][s->counts[arg]++] = value;
}

static void add_boundaries(struct subject *s, const struct plain_test *test)
{
        uint64_t value = test->value, low = value & -value;
        if (test->op != MASKED_EQ) {
                for (int off = -1; off <= 1; off++)
                        add_value(s, test->arg, value + (uint64_t)off);
                return;
        }
        uint64_t met = test->two & value;
        add_value(s, test->arg, met);
        add_value(s, test->arg, met | ~value);
        add_value(s, test->arg, met ^ low);
        add_value(s, test->arg,
                  (met | ~value) ^ (value ? 1ull << (63 - __builtin_clzll(value)) : 0));
        add_value(s, test->arg, met | (random_next() & ~value));
}

static void wide_profile(struct subject *s)
{
        plain_random(&s->plain, names, NAMED, 1 + random_below(6));
        no_values(s);
        for (unsigned i = 0; i < s->plain.count; i++) {
                struct plain_rule *rule = &s->plain.rules[i];
                for (unsigned k = 0; k < rule->count; k++) {
                        rule->tests[k].value = random_wide();
                        rule->tests[k].two = random_wide();
                        add_boundaries(s, &rule->tests[k]);
                }
        }
        build(s);
        ask_all(s, 256);
}

int main(int argc, char **argv)
{
        static struct subject s;
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
        if (argc > 2)
                random_state ^= strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u;
        s.arena = cf_arena_new(0);
        for (unsigned long i = 0; i < count; i++)
                small_profile(&s);
        printf("ok 1 - %lu small profiles mean what they say in every call (%lu asked)\n", count,
               s.asked);
        s.asked = 0;
        for (unsigned long i = 0; i < count; i++)
                wide_profile(&s);
        printf("ok 2 - %lu wide profiles mean what they say at every boundary (%lu asked)\n", count,
               s.asked);
        cf_policies_free(s.all);
        cf_arena_free(s.arena);
        return count ? 0 : 1;
}
