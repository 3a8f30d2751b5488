/* SPDX-License-Identifier: Apache-2.0 */
/* From a filter to the policy that it is.
 *
 * Jumps only go forward, so a program is a graph without cycles over (instruction, machine state).
 * A state holds values (see value.h) of those registers that are still needed. First all states
 * that can be reached are listed, then, from the last instruction back, each gets its policy: a
 * jump chooses between the policies of its two successors. As long as a filter compares one word
 * with constants, policies are kept as ranges of that word (see cuts.h). */
#include <linux/seccomp.h>

#include "base/vec.h"
#include "filter/cuts.h"
#include "filter/filter.h"
#include "filter/value.h"

#define REGISTERS (2u + BPF_MEMWORDS)
#define A 0u
#define X 1u
#define M 2u
#define NO_STATE 0u

/* How a state goes on. */
enum way {
        WAY_ANSWER, /* it has its policy */
        WAY_NEXT,   /* at `yes` */
        WAY_RANGE,  /* at `yes` when word `word` is in [first, last], else at `no` */
        WAY_CHOOSE, /* at `yes` when `condition` holds, else at `no` */
};

/* A successor NO_STATE answers 0 (a division by 0). */
struct state {
        uint32_t pc;
        uint32_t same_pc;           /* the next state of this instruction */
        uint32_t values[REGISTERS]; /* 0: not needed any more */
        enum way way;
        uint32_t yes, no;
        uint32_t word, first, last;
        cf_policy condition;
        uint32_t users; /* ways that lead here */
        /* Its policy: a node, or cuts, or both. The cuts may be changed by the only user. */
        cf_policy answer;
        struct cf_cuts *cuts;
        bool owned;
};

struct lifting {
        struct cf_filter filter;
        struct cf_policies *all;
        struct cf_arena *arena;
        struct cf_error *err;
        struct cf_values values;
        uint32_t *needed; /* by instruction: registers whose values matter there, a bit each */
        uint32_t *first;  /* by instruction: its states */
        CF_VEC(struct state) states; /* [0] is NO_STATE */
        uint32_t *slots;             /* states by hash */
        uint32_t slot_mask;
};

static int too_complex(struct lifting *l, uint32_t pc, const char *why, unsigned limit)
{
        return cf_error_set(l->err, -E2BIG, NULL,
                            "instruction %u: the filter is too complex: %s %u", pc, why, limit);
}

/* Why a value or a policy could not be computed. */
static int failed(struct lifting *l, uint32_t pc)
{
        if (l->values.full)
                return too_complex(l, pc, "different computed values at most", CF_VALUES_MAX);
        int r = cf_policies_check(l->all, CF_POLICY_NONE, l->err);
        return cf_error_doing(l->err, r, NULL, "lifting instruction %u of the filter", pc);
}

/* ---- Which registers matter ----------------------------------------------------------------- */

static uint32_t needed_before(const struct sock_filter *i, uint32_t after)
{
        const uint32_t a = 1u << A, x = 1u << X;
        uint32_t operand = BPF_SRC(i->code) == BPF_X ? x : 0;
        uint32_t memory = 1u << M << (i->k % BPF_MEMWORDS);
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
                if (!(after & a))
                        return after;
                return (after & ~a) | (BPF_MODE(i->code) == BPF_MEM ? memory : 0);
        case BPF_LDX:
                if (!(after & x))
                        return after;
                return (after & ~x) | (BPF_MODE(i->code) == BPF_MEM ? memory : 0);
        case BPF_ST:
                return after & memory ? (after & ~memory) | a : after;
        case BPF_STX:
                return after & memory ? (after & ~memory) | x : after;
        case BPF_ALU:
                if (i->code == (BPF_ALU | BPF_DIV | BPF_X))
                        after |= x; /* by 0 it ends the program */
                return after & a ? after | operand : after;
        case BPF_JMP:
                return BPF_OP(i->code) == BPF_JA ? after : after | a | operand;
        case BPF_RET:
                return BPF_RVAL(i->code) == BPF_A ? a : 0;
        default: /* BPF_MISC */
                if (BPF_MISCOP(i->code) == BPF_TAX)
                        return after & x ? (after & ~x) | a : after;
                return after & a ? (after & ~a) | x : after;
        }
}

static void find_needed(struct lifting *l)
{
        for (size_t pc = l->filter.count; pc-- > 0;) {
                const struct sock_filter *i = &l->filter.code[pc];
                uint32_t after = 0;
                if (BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) == BPF_JA)
                        after = l->needed[pc + 1 + i->k];
                else if (BPF_CLASS(i->code) == BPF_JMP)
                        after = l->needed[pc + 1 + i->jt] | l->needed[pc + 1 + i->jf];
                else if (BPF_CLASS(i->code) != BPF_RET)
                        after = l->needed[pc + 1];
                l->needed[pc] = needed_before(i, after);
        }
}

/* ---- Which states there are ----------------------------------------------------------------- */

static uint32_t hash_state(uint32_t pc, const uint32_t values[REGISTERS])
{
        uint64_t h = pc * UINT64_C(0x9e3779b97f4a7c15);
        for (unsigned i = 0; i < REGISTERS; i++)
                h = (h ^ values[i]) * UINT64_C(0x9fb21c651e98df25);
        return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static bool grow(struct lifting *l)
{
        uint32_t mask = 2 * l->slot_mask + 1;
        uint32_t *slots = cf_arena_many(l->arena, (size_t)mask + 1, uint32_t);
        if (!slots)
                return false;
        for (uint32_t id = 1; id < l->states.count; id++) {
                uint32_t at = hash_state(l->states.items[id].pc, l->states.items[id].values) & mask;
                while (slots[at])
                        at = (at + 1) & mask;
                slots[at] = id;
        }
        l->slots = slots;
        l->slot_mask = mask;
        return true;
}

/* The state of an instruction with these registers, of which those not needed are forgotten.
 * 0 or negative. */
static int reach(struct lifting *l, uint32_t pc, const uint32_t registers[REGISTERS],
                 uint32_t *ret_state)
{
        struct state state = {.pc = pc, .users = 1};
        for (uint32_t bits = l->needed[pc]; bits; bits &= bits - 1) {
                unsigned i = (unsigned)__builtin_ctz(bits);
                state.values[i] = registers[i];
        }
        uint32_t at = hash_state(pc, state.values) & l->slot_mask;
        for (; l->slots[at]; at = (at + 1) & l->slot_mask) {
                const struct state *other = &l->states.items[l->slots[at]];
                if (other->pc == pc &&
                    memcmp(other->values, state.values, sizeof(state.values)) == 0) {
                        *ret_state = l->slots[at];
                        l->states.items[*ret_state].users++;
                        return 0;
                }
        }
        if (l->states.count > CF_LIFT_STATES_MAX)
                return too_complex(l, pc, "machine states at most", CF_LIFT_STATES_MAX);
        state.same_pc = l->first[pc];
        uint32_t id = (uint32_t)l->states.count;
        if (cf_vec_push(l->arena, &l->states, state) < 0 ||
            (l->slots[at] = id, l->states.count * 2 > l->slot_mask && !grow(l)))
                return cf_error_set(l->err, -ENOMEM, NULL, "no memory to lift a filter");
        l->first[pc] = id;
        *ret_state = id;
        return 0;
}

static uint32_t load(struct lifting *l, const struct sock_filter *i, const uint32_t *registers)
{
        switch (BPF_MODE(i->code)) {
        case BPF_MEM:
                return registers[M + i->k];
        case BPF_LEN:
                return cf_value_constant(&l->values, sizeof(struct seccomp_data));
        case BPF_IMM:
                return cf_value_constant(&l->values, i->k);
        default: /* BPF_ABS */
                break;
        }
        unsigned word = i->k / 4;
        if (word < 2) /* the number, then the architecture */
                word = 1 - word;
        else if (word < 4) /* the instruction pointer, lower half first */
                word = word == 2 ? 15 : 14;
        else
                word = 2 + ((word - 4) ^ 1);
        return cf_value_word(&l->values, word);
}

/* Runs an instruction that neither jumps nor returns on the registers. False: it failed. */
static bool step(struct lifting *l, const struct sock_filter *i, uint32_t after,
                 uint32_t registers[REGISTERS])
{
        uint32_t *target = &registers[A], value;
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
        case BPF_LDX:
                target = &registers[BPF_CLASS(i->code) == BPF_LD ? A : X];
                value = after >> (target - registers) & 1 ? load(l, i, registers) : *target;
                break;
        case BPF_ST:
        case BPF_STX:
                registers[M + i->k] = registers[BPF_CLASS(i->code) == BPF_ST ? A : X];
                return true;
        case BPF_ALU:
                if (!(after & 1u << A))
                        return true;
                value = BPF_SRC(i->code) == BPF_X && BPF_OP(i->code) != BPF_NEG
                                ? registers[X]
                                : cf_value_constant(&l->values, i->k);
                if (value)
                        value = cf_value_compute(&l->values, BPF_OP(i->code), registers[A], value);
                break;
        default: /* BPF_MISC */
                if (BPF_MISCOP(i->code) == BPF_TAX)
                        registers[X] = registers[A];
                else
                        registers[A] = registers[X];
                return true;
        }
        *target = value;
        return value || !(after >> (target - registers) & 1);
}

/* The range of values for which a comparison with a constant holds; false when it is no range. */
static bool range_of(unsigned op, uint32_t k, uint32_t *ret_first, uint32_t *ret_last)
{
        *ret_first = k;
        *ret_last = op == BPF_JEQ ? k : UINT32_MAX;
        if (op == BPF_JGT) {
                *ret_first = k + 1;
                return k < UINT32_MAX;
        }
        return op != BPF_JSET;
}

static int branch(struct lifting *l, uint32_t id, const struct sock_filter *i)
{
        struct state state = l->states.items[id];
        uint32_t operand = state.values[X];
        if (BPF_SRC(i->code) == BPF_K)
                operand = cf_value_constant(&l->values, i->k);
        if (!operand)
                return failed(l, state.pc);
        const struct cf_value *a = cf_value_at(&l->values, state.values[A]);
        const struct cf_value *b = cf_value_at(&l->values, operand);
        if (a->kind == CF_VALUE_WORD && b->kind == CF_VALUE_CONSTANT &&
            range_of(BPF_OP(i->code), b->number, &state.first, &state.last)) {
                state.way = WAY_RANGE;
                state.word = a->number;
        } else {
                state.condition =
                        cf_value_test(&l->values, BPF_OP(i->code), state.values[A], operand);
                if (!state.condition)
                        return failed(l, state.pc);
                state.way = state.condition == CF_POLICY_TRUE || state.condition == CF_POLICY_FALSE
                                    ? WAY_NEXT
                                    : WAY_CHOOSE;
        }
        int r;
        if (state.way == WAY_NEXT) {
                uint8_t skip = state.condition == CF_POLICY_TRUE ? i->jt : i->jf;
                r = reach(l, state.pc + 1 + skip, state.values, &state.yes);
        } else {
                r = reach(l, state.pc + 1 + i->jt, state.values, &state.yes);
                if (r == 0)
                        r = reach(l, state.pc + 1 + i->jf, state.values, &state.no);
        }
        struct state *kept = &l->states.items[id];
        uint32_t users = kept->users;
        *kept = state;
        kept->users = users;
        return r;
}

static int answer(struct lifting *l, uint32_t id, const struct sock_filter *i)
{
        struct state *state = &l->states.items[id];
        bool too_many = false;
        if (BPF_RVAL(i->code) == BPF_A)
                state->answer = cf_value_answer(&l->values, state->values[A], CF_LIFT_VALUES_MAX,
                                                &too_many);
        else
                state->answer = cf_policy_constant(l->all, i->k);
        if (too_many)
                return too_complex(l, state->pc, "different values returned at most",
                                   CF_LIFT_VALUES_MAX);
        return state->answer ? 0 : failed(l, state->pc);
}

/* A division by X: by 0 the program ends and answers 0. */
static int divide(struct lifting *l, struct state *state)
{
        uint32_t zero = cf_value_constant(&l->values, 0);
        cf_policy by_zero =
                zero ? cf_value_test(&l->values, BPF_JEQ, state->values[X], zero) : CF_POLICY_NONE;
        if (!by_zero)
                return failed(l, state->pc);
        if (by_zero == CF_POLICY_TRUE) {
                state->way = WAY_ANSWER;
                state->answer = CF_POLICY_FALSE;
        } else if (by_zero != CF_POLICY_FALSE) {
                state->way = WAY_CHOOSE;
                state->condition = cf_policy_not(l->all, by_zero);
                if (!state->condition)
                        return failed(l, state->pc);
        }
        return 0;
}

/* Finds where one state goes on. */
static int follow(struct lifting *l, uint32_t id)
{
        struct state state = l->states.items[id];
        const struct sock_filter *i = &l->filter.code[state.pc];
        if (BPF_CLASS(i->code) == BPF_RET)
                return answer(l, id, i);
        if (BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) != BPF_JA)
                return branch(l, id, i);
        uint32_t next = state.pc + 1 + (BPF_CLASS(i->code) == BPF_JMP ? i->k : 0);
        uint32_t registers[REGISTERS];
        int r = 0;
        memcpy(registers, state.values, sizeof(registers));
        state.way = WAY_NEXT;
        if (i->code == (BPF_ALU | BPF_DIV | BPF_X))
                r = divide(l, &state);
        if (r == 0 && state.way != WAY_ANSWER) {
                if (BPF_CLASS(i->code) != BPF_JMP && !step(l, i, l->needed[next], registers))
                        return failed(l, state.pc);
                r = reach(l, next, registers, &state.yes);
        }
        l->states.items[id] = state;
        return r;
}

/* ---- From back to front --------------------------------------------------------------------- */

/* A state's policy as a node. */
static cf_policy whole(struct lifting *l, struct state *state)
{
        if (!state->answer)
                state->answer = cf_cuts_whole(l->all, l->arena, state->cuts);
        return state->answer;
}

/* Whether a state's policy is, or can be seen as, cuts of a word. */
static bool can_cut(struct lifting *l, struct state *state, uint32_t word)
{
        if (state->cuts && state->cuts->word == word)
                return true;
        cf_policy policy = whole(l, state);
        return policy && cf_policy_first_word(l->all, policy) > word;
}

static struct cf_cuts *cuts_of(struct lifting *l, struct state *state, uint32_t word)
{
        if (state->cuts && state->cuts->word == word)
                return state->cuts;
        return cf_cuts_of(l->arena, word, whole(l, state));
}

/* The policy of a comparison of one word with a constant. */
static bool splice(struct lifting *l, struct state *state, struct state *yes, struct state *no)
{
        if (!can_cut(l, yes, state->word) || !can_cut(l, no, state->word)) {
                cf_policy condition = cf_policy_range(l->all, cf_slice_word(state->word),
                                                      state->first, state->last);
                state->answer = cf_policy_choose(l->all, condition, whole(l, yes), whole(l, no));
                return state->answer;
        }
        struct cf_cuts *outside = cuts_of(l, no, state->word);
        struct cf_cuts *inside = cuts_of(l, yes, state->word);
        if (!outside || !inside)
                return false;
        bool owned = outside != no->cuts || (no->owned && no->users == 1);
        state->cuts = cf_cuts_splice(l->arena, outside, owned && outside != inside, inside,
                                     state->first, state->last);
        state->owned = true;
        return state->cuts;
}

static int answer_states(struct lifting *l)
{
        for (size_t pc = l->filter.count; pc-- > 0;) {
                for (uint32_t id = l->first[pc]; id; id = l->states.items[id].same_pc) {
                        struct state *state = &l->states.items[id];
                        struct state *yes = &l->states.items[state->yes];
                        struct state *no = &l->states.items[state->no];
                        bool done = true;
                        if (state->way == WAY_NEXT) {
                                state->answer = yes->answer;
                                state->cuts = yes->cuts;
                                state->owned = yes->owned && yes->users == 1;
                        } else if (state->way == WAY_RANGE) {
                                done = splice(l, state, yes, no);
                        } else if (state->way == WAY_CHOOSE) {
                                state->answer = cf_policy_choose(l->all, state->condition,
                                                                 whole(l, yes), whole(l, no));
                                done = state->answer;
                        }
                        if (!done)
                                return failed(l, (uint32_t)pc);
                }
        }
        return 0;
}

static int lift(struct lifting *l, cf_policy *ret_policy)
{
        uint32_t registers[REGISTERS], start, zero;
        struct state none = {.answer = CF_POLICY_FALSE};
        l->slot_mask = 1023;
        l->needed = cf_arena_many(l->arena, l->filter.count, uint32_t);
        l->first = cf_arena_many(l->arena, l->filter.count, uint32_t);
        l->slots = cf_arena_many(l->arena, l->slot_mask + 1, uint32_t);
        if (!l->needed || !l->first || !l->slots ||
            cf_values_init(&l->values, l->all, l->arena) < 0 ||
            cf_vec_push(l->arena, &l->states, none) < 0 ||
            !(zero = cf_value_constant(&l->values, 0)))
                return cf_error_set(l->err, -ENOMEM, NULL, "no memory to lift a filter");
        for (unsigned i = 0; i < REGISTERS; i++)
                registers[i] = zero;
        find_needed(l);
        int r = reach(l, 0, registers, &start);
        /* new states of later instructions are added behind: pc by pc, all are met */
        for (size_t pc = 0; pc < l->filter.count && r == 0; pc++)
                for (uint32_t id = l->first[pc]; id && r == 0; id = l->states.items[id].same_pc)
                        r = follow(l, id);
        if (r == 0)
                r = answer_states(l);
        if (r < 0)
                return r;
        cf_policy policy = whole(l, &l->states.items[start]);
        if (!policy)
                return failed(l, 0);
        *ret_policy = policy;
        return 0;
}

int cf_filter_lift(struct cf_policies *all, struct cf_filter filter, cf_policy *ret_policy,
                   struct cf_error *err)
{
        int r = cf_filter_check(filter, err);
        if (r < 0)
                return r;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        if (!arena)
                return cf_error_set(err, -ENOMEM, NULL, "no memory to lift a filter");
        struct lifting l = {.filter = filter, .all = all, .arena = arena, .err = err};
        uint64_t before = cf_policies_budget(all, 0);
        uint64_t granted = before < CF_LIFT_STEPS_MAX ? before : CF_LIFT_STEPS_MAX;
        cf_policies_budget(all, granted);
        r = lift(&l, ret_policy);
        uint64_t left = cf_policies_budget(all, 0);
        cf_policies_budget(all, before - (granted - left));
        return r;
}
