/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle: laws that any policies keep, on random filters that the kernel would take and on random
 * profiles: lifting what was emitted gives the policy back, and the filter runs as it says;
 * comparing is symmetric and its witnesses are true; the union is the least upper bound and the
 * intersection the greatest lower one; "as strict as" agrees with both; a profile written as JSON
 * means the same.
 *
 *     oracle-laws [COUNT [SEED]]     policies of each kind */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "profile/profile.h"
#include "programs.h"

#define CODE_MAX 40u
#define NODES_MAX 60000u /* of a manager; policies that need more are left out */
#define TOGETHER 8u      /* policies in one manager */

#define EXPECT(holds)                                                                         \
        do {                                                                                  \
                if (!(holds)) {                                                               \
                        printf("not ok: %s:%d: %s (round %lu)\n", __FILE__, __LINE__, #holds, \
                               round_now);                                                    \
                        exit(1);                                                              \
                }                                                                             \
        } while (0)

static unsigned long round_now, left_out, compared, written;

/* ---- One policy ----------------------------------------------------------------------------- */

static void check_emitted(struct cf_policies *all, cf_policy policy, struct cf_arena *arena)
{
        struct cf_filter ours;
        cf_policy again;
        int r = cf_filter_emit(all, policy, NULL, arena, &ours, NULL);
        if (r == -E2BIG) {
                left_out++;
                return;
        }
        EXPECT(r == 0 && cf_filter_check(ours, NULL) == 0);
        r = cf_filter_lift(all, ours, &again, NULL);
        EXPECT(r == 0 && again == policy);
        for (unsigned i = 0; i < 16; i++) { /* the kernel knows what is always allowed */
                struct cf_call call = random_call();
                uint32_t value;
                if (i % 2)
                        call.nr = ours.code[random_below((uint32_t)ours.count)].k;
                cf_policy own = cf_policy_of_call(all, policy, call.arch, call.nr);
                EXPECT(!own ||
                       cf_filter_is_known_allowed(ours, call.arch, call.nr) ==
                               (cf_policy_is_constant(all, own, &value) && value == CF_ALLOW));
        }
        for (unsigned i = 0; i < 4; i++) {
                struct cf_call call = random_call();
                EXPECT(cf_filter_run(ours, &call, NULL, NULL, NULL) ==
                       cf_policy_value(all, policy, &call));
        }
}

/* A filter answers as the policy that it was lifted to. */
static void check_lifted(struct cf_policies *all, cf_policy policy, struct cf_filter filter)
{
        for (unsigned i = 0; i < 8; i++) {
                struct cf_call call = random_call();
                if (i % 2)
                        call.nr = filter.code[random_below((uint32_t)filter.count)].k;
                EXPECT(cf_filter_run(filter, &call, NULL, NULL, NULL) ==
                       cf_policy_value(all, policy, &call));
        }
}

/* ---- Two policies --------------------------------------------------------------------------- */

static int rank(const struct cf_policies *all, cf_policy policy, const struct cf_call *call)
{
        return (int)cf_action_rank(cf_policy_value(all, policy, call));
}

#define MIRRORED 32u /* differences that are looked for the other way round */

static bool has_mirrored(const struct cf_difference *back, size_t count,
                         const struct cf_difference *d)
{
        for (size_t k = 0; k < count; k++)
                if (back[k].arch_first == d->arch_first && back[k].nr_first == d->nr_first &&
                    back[k].condition == d->condition && back[k].value_a == d->value_b)
                        return back[k].value_b == d->value_a;
        return false;
}

static void check_compared(struct cf_policies *all, cf_policy a, cf_policy b,
                           struct cf_arena *arena)
{
        struct cf_difference *there, *back;
        size_t count, back_count;
        if (cf_policy_compare(all, a, b, arena, &there, &count, NULL) < 0 ||
            cf_policy_compare(all, b, a, arena, &back, &back_count, NULL) < 0) {
                left_out++;
                return;
        }
        EXPECT((count == 0) == (a == b));
        EXPECT(count == back_count);
        cf_policy differs = cf_policy_where_differs(all, a, b);
        for (size_t i = 0; i < count; i++) {
                const struct cf_difference *d = &there[i];
                EXPECT(d->value_a != d->value_b);
                EXPECT(cf_policy_value(all, a, &d->witness) == d->value_a);
                EXPECT(cf_policy_value(all, b, &d->witness) == d->value_b);
                EXPECT(!differs || cf_policy_value(all, differs, &d->witness) == 1);
                EXPECT(i >= MIRRORED || has_mirrored(back, count, d));
        }
        compared++;
}

static void check_order(struct cf_policies *all, cf_policy a, cf_policy b)
{
        struct cf_call call, witness;
        cf_policy looser = cf_policy_where_looser(all, a, b);
        int strict = cf_policy_is_as_strict(all, a, b, &witness, NULL);
        if (!looser || strict < 0)
                return;
        EXPECT(cf_policy_find(all, looser, &call) == (strict == 0));
        EXPECT(strict == 1 || rank(all, a, &witness) > rank(all, b, &witness));
}

static void check_bounds(struct cf_policies *all, cf_policy a, cf_policy b, cf_policy other)
{
        cf_policy up = cf_policy_union(all, a, b), low = cf_policy_intersection(all, a, b);
        cf_policy above = cf_policy_union(all, up, other);
        cf_policy below = cf_policy_intersection(all, low, other);
        if (!up || !low || !above || !below) {
                left_out++;
                return;
        }
        EXPECT(cf_policy_union(all, b, a) == up && cf_policy_intersection(all, b, a) == low);
        EXPECT(cf_policy_union(all, a, up) == up && cf_policy_union(all, b, up) == up);
        EXPECT(cf_policy_intersection(all, a, low) == low);
        EXPECT(cf_policy_union(all, a, low) == a && cf_policy_intersection(all, a, up) == a);
        EXPECT(cf_policy_is_as_strict(all, a, up, NULL, NULL) == 1);
        EXPECT(cf_policy_is_as_strict(all, low, b, NULL, NULL) == 1);
        /* whatever else is above both is above the union */
        EXPECT(cf_policy_union(all, up, above) == above);
        EXPECT(cf_policy_intersection(all, low, below) == below);
        /* the kernel's order is that of actions */
        cf_policy stacked = cf_policy_stack(all, a, b);
        for (unsigned i = 0; stacked && i < 4; i++) {
                struct cf_call call = random_call();
                int x = rank(all, a, &call), y = rank(all, b, &call);
                EXPECT(cf_policy_value(all, stacked, &call) ==
                       cf_policy_value(all, y < x ? b : a, &call));
        }
}

/* ---- Many ----------------------------------------------------------------------------------- */

static cf_policy random_filter(struct cf_policies *all)
{
        struct sock_filter code[CODE_MAX];
        cf_policy policy;
        struct cf_filter filter = {code, 0};
        filter.count = random_program(code, CODE_MAX, (enum flavour)random_below(FLAVOURS));
        if (cf_filter_lift(all, filter, &policy, NULL) < 0)
                return CF_POLICY_NONE;
        check_lifted(all, policy, filter);
        return policy;
}

static void check_written(struct cf_policies *all, cf_policy policy, const struct cf_arch *arch,
                          struct cf_arena *arena)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        struct cf_error err = {0};
        const struct cf_circumstances here = {.machine = arch};
        cf_policy again;
        int r = cf_profile_print(all, policy, &arch, 1, NULL, &text, &err);
        if (r == -E2BIG || r == -EFBIG || r == -ENOTSUP) { /* over a limit */
                left_out++;
                return;
        }
        if (r < 0)
                printf("%s\n", err.frames[0].message);
        EXPECT(r == 0);
        EXPECT(cf_source_from(arena, "again.json", cf_text_span(&text), &source, NULL) == 0);
        EXPECT(cf_profile_read(arena, source, &profile, NULL) == 0);
        EXPECT(cf_profile_policy(all, profile, &here, &again, NULL) == 0);
        EXPECT(cf_policy_normal(all, again) == cf_policy_normal(all, policy));
        written++;
}

static cf_policy random_profile(struct cf_policies *all, struct cf_arena *arena)
{
        static const char *const names[] = {"read", "socket", "clone", "personality"};
        const struct cf_circumstances here = {.machine = cf_arch_by_name("x86_64")};
        struct plain_profile plain = {.architectures = NULL};
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        cf_policy policy;
        char text[4096];
        plain_random(&plain, names, CF_COUNT(names), 1 + random_below(3));
        for (unsigned i = 0; i < plain.count; i++)
                for (unsigned k = 0; k < plain.rules[i].count; k++) {
                        plain.rules[i].tests[k].value = random_call().args[0];
                        plain.rules[i].tests[k].two = random_call().args[1];
                }
        struct cf_span span = {text, plain_print(&plain, text)};
        if (cf_source_from(arena, "random.json", span, &source, NULL) < 0 ||
            cf_profile_read(arena, source, &profile, NULL) < 0 ||
            cf_profile_policy(all, profile, &here, &policy, NULL) < 0)
                return CF_POLICY_NONE;
        if (random_below(4) == 0)
                check_written(all, policy, here.machine, arena);
        return policy;
}

/* `count` policies, in groups of which neighbours are compared. */
static void many(unsigned long count, bool profiles)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (round_now = 0; round_now < count;) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(NODES_MAX);
                cf_policy list[TOGETHER];
                for (unsigned i = 0; i < TOGETHER; i++, round_now++) {
                        list[i] = profiles ? random_profile(all, arena) : random_filter(all);
                        if (!list[i]) {
                                left_out++;
                                list[i] = CF_POLICY_FALSE;
                                continue;
                        }
                        check_emitted(all, list[i], arena);
                }
                for (unsigned i = 0; i + 1 < TOGETHER; i += 2) {
                        check_compared(all, list[i], list[i + 1], arena);
                        check_order(all, list[i], list[i + 1]);
                        check_bounds(all, list[i], list[i + 1], list[random_below(TOGETHER)]);
                }
                cf_arena_clear(arena);
        }
}

int main(int argc, char **argv)
{
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
        if (argc > 2)
                random_state ^= strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u;
        many(count, false);
        EXPECT(left_out * 4 < count);
        printf("ok 1 - %lu random filters keep the laws (%lu pairs compared, %lu too complex)\n",
               count, compared, left_out);
        left_out = compared = 0;
        many(count, true);
        EXPECT(left_out * 4 < count && written > 0);
        printf("ok 2 - %lu random profiles keep the laws (%lu pairs compared, %lu written as JSON, "
               "%lu too complex)\n",
               count, compared, written, left_out);
        return 0;
}
