/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, exactly: total functions from a system call (architecture, number, six 64-bit
 * arguments, instruction pointer) to the 32-bit value that a seccomp filter returns for it.
 *
 * A policy is a node of a reduced, ordered decision diagram with many leaves. The variables are
 * the 512 bits of a call, from the most significant down, in the order architecture, number,
 * argument 0 … argument 5, instruction pointer. Nodes are shared, so two policies of one
 * `struct cf_policies` are equal exactly when their ids are equal.
 *
 * A *condition* is a policy whose leaves are 0 (false) and 1 (true).
 *
 * Nothing is freed before the whole `struct cf_policies` is, and the number of nodes is limited.
 * An operation that meets the limit, finds no memory or was given CF_POLICY_NONE returns
 * CF_POLICY_NONE, so a long computation is checked once, at its end: cf_policies_check tells the
 * reason. What existed before such a failure stays valid. Results depend on nothing but the
 * operations made (no addresses, no time, no randomness).
 *
 * Threads: one `struct cf_policies` belongs to one thread at a time, queries included. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#define CF_POLICY_ARGS 6u

/* One call. The layout is that of the kernel's struct seccomp_data. */
struct cf_call {
        uint32_t nr;
        uint32_t arch;
        uint64_t ip;
        uint64_t args[CF_POLICY_ARGS];
};

/* ---- What a filter returns ------------------------------------------------------------------ */

/* The upper half of a return value names the action, the lower half is the action's data. */
#define CF_ACTION_MASK 0xffff0000u
#define CF_KILL_PROCESS 0x80000000u
#define CF_KILL_THREAD 0x00000000u
#define CF_TRAP 0x00030000u
#define CF_ERRNO 0x00050000u
#define CF_USER_NOTIF 0x7fc00000u
#define CF_TRACE 0x7ff00000u
#define CF_LOG 0x7ffc0000u
#define CF_ALLOW 0x7fff0000u

/* How strict an action is: the kernel reads the upper half as a signed number, and of several
 * filters the lowest wins. Lower is stricter: KILL_PROCESS < KILL_THREAD < TRAP < ERRNO <
 * USER_NOTIF < TRACE < LOG < ALLOW; a value that names no action stands where its number does
 * (and kills the process when it wins). */
static inline int32_t cf_action_rank(uint32_t value)
{
        return (int32_t)(value & CF_ACTION_MASK);
}

static inline uint32_t cf_action_data(uint32_t value)
{
        return value & ~CF_ACTION_MASK;
}

/* The value of the same effect that stands for all such: the data of actions that ignore it
 * becomes 0, an errno above 4095 becomes 4095 as in the kernel, and a value that names no action
 * becomes KILL_PROCESS. Apply it to what is finally returned, after stacking: stacked filters are
 * compared by the unchanged numbers. */
uint32_t cf_action_normal(uint32_t value);

/* "ALLOW", "ERRNO", … or NULL when the upper half names no action. The other way round: the value
 * with data 0; false when there is no such name. */
const char *cf_action_name(uint32_t value);
bool cf_action_by_name(const char *name, uint32_t *ret_value);

/* The i-th known action from the strictest, i < CF_ACTION_COUNT. */
#define CF_ACTION_COUNT 8u
uint32_t cf_action_at(unsigned i);

/* Adds "ALLOW", "ERRNO(38)", "TRACE(7)" or, when it names no action, the number as 0x…. */
void cf_action_print(struct cf_text *text, uint32_t value);

/* ---- Managers ------------------------------------------------------------------------------- */

typedef uint32_t cf_policy;
#define CF_POLICY_NONE 0u  /* no policy: an operation failed */
#define CF_POLICY_FALSE 1u /* the condition that never holds (as a policy: KILL_THREAD) */
#define CF_POLICY_TRUE 2u  /* the condition that always holds */

struct cf_policies;

/* Limits, each a refusal with -E2BIG. */
#define CF_POLICY_NODES_MAX (1u << 22)            /* nodes of one manager at most, and by default */
#define CF_POLICY_STEPS_MAX (1u << 26)            /* steps of one operation */
#define CF_POLICY_PIECES_MAX (1u << 17)           /* pieces that one word is cut into */
#define CF_POLICY_REGIONS_MAX (1u << 16)          /* differences that are listed */
#define CF_POLICY_RULES_MAX (1u << 12)            /* rules that describe one condition */
#define CF_POLICY_RULES_MEMORY ((size_t)64 << 20) /* bytes that finding them may take */

/* `node_limit` nodes at most (0, or more than CF_POLICY_NODES_MAX: that). NULL: no memory. */
struct cf_policies *cf_policies_new(uint32_t node_limit);
/* NULL is fine. Returns NULL. */
struct cf_policies *cf_policies_free(struct cf_policies *all);

static inline void cf_policies_freep(struct cf_policies **all)
{
        *all = cf_policies_free(*all);
}
#define CF_POLICIES CF_CLEANUP(cf_policies_freep)

/* 0 when `result` is a policy; else the code of the last failure (-ENOMEM, -E2BIG, -EINVAL: an
 * argument of the operation was wrong), and err says which limit. */
int cf_policies_check(const struct cf_policies *all, cf_policy result, struct cf_error *err);

/* Limits the steps of all operations from now on together (before: each operation had
 * CF_POLICY_STEPS_MAX, and still has). Returns what was left: give it back to lift the limit. For
 * work on hostile input, where many operations may each be within their own limit. */
uint64_t cf_policies_budget(struct cf_policies *all, uint64_t steps);

/* Nodes made so far. */
uint32_t cf_policies_count(const struct cf_policies *all);

/* ---- Parts of a call ------------------------------------------------------------------------ */

/* Up to 64 neighbouring bits of a call: an unsigned number, most significant bit first. */
struct cf_slice {
        uint16_t first; /* variable of the most significant bit */
        uint16_t width; /* 1 … 64 */
};

#define CF_SLICE_ARCH ((struct cf_slice){0, 32})
#define CF_SLICE_NR ((struct cf_slice){32, 32})
#define CF_SLICE_IP ((struct cf_slice){448, 64})
static inline struct cf_slice cf_slice_arg(unsigned arg)
{
        return (struct cf_slice){(uint16_t)(64 + 64 * arg), 64};
}
/* The 32-bit words of a call in diagram order: 0 architecture, 1 number, 2 upper and 3 lower half
 * of argument 0, … 12, 13 of argument 5, 14 and 15 of the instruction pointer. */
#define CF_WORDS 16u
static inline struct cf_slice cf_slice_word(unsigned word)
{
        return (struct cf_slice){(uint16_t)(32 * word), 32};
}

/* The largest number that fits in a slice. */
static inline uint64_t cf_slice_max(struct cf_slice slice)
{
        return UINT64_MAX >> (64 - slice.width);
}

/* ---- Building ------------------------------------------------------------------------------- */

/* The policy that answers every call with `value`. */
cf_policy cf_policy_constant(struct cf_policies *all, uint32_t value);

/* Holds when (slice & mask) == value; never when value has bits outside of mask. Both must fit. */
cf_policy cf_policy_masked(struct cf_policies *all, struct cf_slice slice, uint64_t mask,
                           uint64_t value);
cf_policy cf_policy_equal(struct cf_policies *all, struct cf_slice slice, uint64_t value);

/* Holds when first ≤ slice ≤ last (never when first > last). */
cf_policy cf_policy_range(struct cf_policies *all, struct cf_slice slice, uint64_t first,
                          uint64_t last);

/* The operators of libseccomp, with its numbers. */
enum cf_operator {
        CF_NE = 1,
        CF_LT,
        CF_LE,
        CF_EQ,
        CF_GE,
        CF_GT,
        CF_MASKED_EQ,
};

/* One test of an argument: (argument & mask) op value, unsigned. CF_MASKED_EQ is the same as
 * CF_EQ; the others usually have a mask of all ones. */
struct cf_condition {
        uint8_t arg; /* 0 … 5; CF_POLICY_ARGS: the instruction pointer */
        enum cf_operator op;
        uint64_t mask;
        uint64_t value;
};
cf_policy cf_policy_condition(struct cf_policies *all, const struct cf_condition *condition);

/* A piece of a word's values, and what holds there. */
struct cf_piece {
        uint64_t first, last;
        cf_policy policy;
};

/* The policy that is pieces[i].policy for values of the slice in [first, last] of piece i. The
 * pieces must be ascending and cover every value. The fast way from tables to policies: linear in
 * the number of pieces when the pieces' policies only look at bits behind the slice. */
cf_policy cf_policy_cases(struct cf_policies *all, struct cf_slice slice,
                          const struct cf_piece *pieces, size_t count);

/* Where the condition holds `yes`, elsewhere `no`. (A leaf other than 0 counts as true.) */
cf_policy cf_policy_choose(struct cf_policies *all, cf_policy condition, cf_policy yes,
                           cf_policy no);

/* Conditions joined. */
cf_policy cf_policy_and(struct cf_policies *all, cf_policy a, cf_policy b);
cf_policy cf_policy_or(struct cf_policies *all, cf_policy a, cf_policy b);
cf_policy cf_policy_xor(struct cf_policies *all, cf_policy a, cf_policy b);
cf_policy cf_policy_not(struct cf_policies *all, cf_policy a);

/* What the kernel does with both filters installed: the stricter action wins; when both name the
 * same action, the newer filter's data. */
cf_policy cf_policy_stack(struct cf_policies *all, cf_policy newer, cf_policy older);

/* The stricter and the looser of two policies, call by call: the greatest lower and the least upper
 * bound in the order by action rank, then data (the smaller data is the lower one: that only makes
 * the result independent of the order of arguments). */
cf_policy cf_policy_intersection(struct cf_policies *all, cf_policy a, cf_policy b);
cf_policy cf_policy_union(struct cf_policies *all, cf_policy a, cf_policy b);

/* Every leaf replaced by cf_action_normal of it. */
cf_policy cf_policy_normal(struct cf_policies *all, cf_policy policy);

/* The policy with the bits `mask` of the slice taken to be those of `value`. */
cf_policy cf_policy_fix(struct cf_policies *all, cf_policy policy, struct cf_slice slice,
                        uint64_t mask, uint64_t value);

/* Holds where the condition holds for at least one value of the slice. */
cf_policy cf_policy_exists(struct cf_policies *all, cf_policy condition, struct cf_slice slice);

/* The conditions under which the answer is exactly `value`; names an action of the set (bit i: the
 * action cf_action_at(i), CF_ACTIONS_OTHER: any value that names none); differs between a and b;
 * is of a looser action in a than in b. */
#define CF_ACTIONS_OTHER (1u << CF_ACTION_COUNT)
cf_policy cf_policy_where_value(struct cf_policies *all, cf_policy policy, uint32_t value);
cf_policy cf_policy_where_action(struct cf_policies *all, cf_policy policy, unsigned actions);
cf_policy cf_policy_where_differs(struct cf_policies *all, cf_policy a, cf_policy b);
cf_policy cf_policy_where_looser(struct cf_policies *all, cf_policy a, cf_policy b);
/* The bit of the value's action for such a set. */
unsigned cf_action_bit(uint32_t value);

/* ---- Looking -------------------------------------------------------------------------------- */

/* The answer to one call. */
uint32_t cf_policy_value(const struct cf_policies *all, cf_policy policy,
                         const struct cf_call *call);

/* What is left to decide by arguments and instruction pointer once architecture and number are
 * known. Never fails for a valid policy. */
cf_policy cf_policy_of_call(const struct cf_policies *all, cf_policy policy, uint32_t arch,
                            uint32_t nr);

/* Whether the policy is one value for all calls, and which. */
bool cf_policy_is_constant(const struct cf_policies *all, cf_policy policy, uint32_t *ret_value);

/* Nodes of this policy, leaves included; 0 when there is no memory to count them. */
uint32_t cf_policy_size(struct cf_policies *all, cf_policy policy);

/* Bit w is set when the answer depends on word w of the call (see cf_slice_word). */
uint32_t cf_policy_words(struct cf_policies *all, cf_policy policy);

/* The bits of each word of the call that the answer depends on. */
void cf_policy_support(struct cf_policies *all, cf_policy policy, uint32_t ret_masks[CF_WORDS]);

/* The node's own question: bit `1 << *ret_bit` of word *ret_word, and what is left to decide when
 * it is 0 and when it is 1. False when the policy is constant. */
bool cf_policy_branch(const struct cf_policies *all, cf_policy policy, unsigned *ret_word,
                      unsigned *ret_bit, cf_policy *ret_low, cf_policy *ret_high);

/* The first such word; CF_WORDS when the policy is constant. Takes no time. */
unsigned cf_policy_first_word(const struct cf_policies *all, cf_policy policy);

/* The first call in diagram order for which the condition holds: all zero where it may be.
 * False when there is none. */
bool cf_policy_find(const struct cf_policies *all, cf_policy condition, struct cf_call *ret_call);

/* Whether a is at least as strict as b: no call has a looser action in a (data is not looked at).
 * 1 yes, 0 no (and *ret_witness, if not NULL, is a call that shows it), or negative as
 * cf_policies_check. */
int cf_policy_is_as_strict(struct cf_policies *all, cf_policy a, cf_policy b,
                           struct cf_call *ret_witness, struct cf_error *err);

/* The different values that the policy gives, ascending as numbers, in the arena. 0, -ENOMEM or
 * -E2BIG (more than CF_POLICY_PIECES_MAX). */
int cf_policy_values(struct cf_policies *all, cf_policy policy, struct cf_arena *arena,
                     uint32_t **ret_values, size_t *ret_count, struct cf_error *err);

/* The policy as a function of one slice: the fewest pieces, ascending, neighbours different,
 * in the arena. It must not depend on bits in front of the slice: -EINVAL. Others: -ENOMEM, -E2BIG
 * (more than CF_POLICY_PIECES_MAX). */
int cf_policy_pieces(struct cf_policies *all, cf_policy policy, struct cf_slice slice,
                     struct cf_arena *arena, struct cf_piece **ret_pieces, size_t *ret_count,
                     struct cf_error *err);

/* The same with first and last of (slice & mask), where values that the mask cannot give belong to
 * no piece: for a policy that does not depend on the slice's other bits (else -EINVAL). -E2BIG:
 * more than `limit` pieces. */
int cf_policy_masked_pieces(struct cf_policies *all, cf_policy policy, struct cf_slice slice,
                            uint64_t mask, size_t limit, struct cf_arena *arena,
                            struct cf_piece **ret_pieces, size_t *ret_count, struct cf_error *err);

/* One path of the diagram: the calls with (word[w] & mask[w]) == value[w] for all w get `result`.
 * The cubes of a policy are disjoint and cover every call. */
struct cf_cube {
        uint32_t mask[CF_WORDS];
        uint32_t value[CF_WORDS];
        uint32_t result;
};

/* Calls visit for every cube, in ascending order; stops when it returns something else than 0 and
 * returns that. -E2BIG after CF_POLICY_STEPS_MAX nodes of paths. */
int cf_policy_cubes(struct cf_policies *all, cf_policy policy,
                    int (*visit)(void *context, const struct cf_cube *cube), void *context);

/* An exact number of calls, up to 2 to the power of 512: 32-bit digits, the least first. */
struct cf_count {
        uint32_t digits[17];
};

/* How many calls (of all 2^512) the condition holds for. 0 or negative. */
int cf_policy_count(struct cf_policies *all, cf_policy condition, struct cf_count *ret_count,
                    struct cf_error *err);
/* Adds the number in decimal. */
void cf_count_print(struct cf_text *text, const struct cf_count *count);

/* Numbers of one architecture by whether their answer names an action of a set. */
struct cf_summary {
        uint64_t always, sometimes, never;
};
int cf_policy_summary(struct cf_policies *all, cf_policy policy, uint32_t arch, uint32_t nr_first,
                      uint32_t nr_last, unsigned actions, struct cf_summary *ret_summary,
                      struct cf_error *err);

/* ---- Comparing ------------------------------------------------------------------------------ */

/* One way in which two policies differ: for architectures and numbers in these ranges, under the
 * condition on arguments and instruction pointer, a answers value_a and b value_b. */
struct cf_difference {
        uint32_t arch_first, arch_last;
        uint32_t nr_first, nr_last;
        cf_policy condition;
        uint32_t value_a, value_b;
        struct cf_call witness; /* the first such call */
};

/* All differences, disjoint, ascending by architecture, number, then value_a and value_b, in the
 * arena; none when a == b. Normalise both first when only the effect counts. 0 or negative. */
int cf_policy_compare(struct cf_policies *all, cf_policy a, cf_policy b, struct cf_arena *arena,
                      struct cf_difference **ret_differences, size_t *ret_count,
                      struct cf_error *err);

/* ---- In words ------------------------------------------------------------------------------- */

/* All its conditions hold. No condition: it always holds. */
struct cf_clause {
        struct cf_condition *conditions;
        size_t count;
};

/* Any of the clauses holds. No clause: never. */
struct cf_clauses {
        struct cf_clause *clauses;
        size_t count;
};

/* How a condition may be written. */
enum cf_style {
        /* As libseccomp and the profile formats can say it: at most one condition an argument in a
         * clause, a mask only together with CF_EQ (it is then called CF_MASKED_EQ). */
        CF_STYLE_PROFILE,
        /* For people: also ranges as two conditions, several excluded values in one clause, and
         * masked comparisons by any operator. */
        CF_STYLE_WORDS,
};

/* Writes a condition on arguments and instruction pointer as few clauses of few conditions that
 * mean exactly the same: no condition can be left out of a clause, and no clause out of the list.
 * They may overlap. -EINVAL when the condition depends on architecture or number, or, in
 * CF_STYLE_PROFILE, on the instruction pointer; -E2BIG when it needs more than
 * CF_POLICY_RULES_MAX clauses, or CF_POLICY_RULES_MEMORY to find them; -ENOMEM. */
int cf_policy_describe(struct cf_policies *all, cf_policy condition, enum cf_style style,
                       struct cf_arena *arena, struct cf_clauses *ret_rules, struct cf_error *err);
