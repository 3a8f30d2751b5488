/* SPDX-License-Identifier: Apache-2.0 */
/* Private to filter/: 32-bit numbers that depend on the call.
 *
 * A value is a constant, a word of the call, or 32 conditions, one a bit. Equal functions of the
 * call are one value with one id, so that machine states can be compared. */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "policy/policy.h"

#define CF_VALUES_MAX (1u << 18) /* different values of one lifting */
#define CF_VALUE_NONE 0u         /* an operation failed: as cf_policies_check tells, or no memory */

enum cf_value_kind {
        CF_VALUE_CONSTANT = 1,
        CF_VALUE_WORD, /* as cf_slice_word counts */
        CF_VALUE_BITS,
};

struct cf_value {
        enum cf_value_kind kind;
        uint32_t number;       /* the constant, or the word */
        const cf_policy *bits; /* CF_VALUE_BITS: [i] tells whether bit 2^i is set */
};

struct cf_values {
        struct cf_policies *all;
        struct cf_arena *arena;
        CF_VEC(struct cf_value) list; /* [0] is no value */
        uint32_t *slots;              /* ids by hash, 0: empty */
        uint32_t slot_mask;
        bool full; /* more than CF_VALUES_MAX */
};

/* 0 or -ENOMEM. */
int cf_values_init(struct cf_values *values, struct cf_policies *all, struct cf_arena *arena);

uint32_t cf_value_constant(struct cf_values *values, uint32_t number);
uint32_t cf_value_word(struct cf_values *values, unsigned word);

/* a op b, op of BPF_ALU; b must not be able to be 0 for BPF_DIV (then anything results). */
uint32_t cf_value_compute(struct cf_values *values, unsigned op, uint32_t a, uint32_t b);

/* The condition of a jump, op of BPF_JMP. */
cf_policy cf_value_test(struct cf_values *values, unsigned op, uint32_t a, uint32_t b);

/* The policy that answers with the value itself. CF_POLICY_NONE also when it has more than `limit`
 * different ones: then *ret_too_many is true. */
cf_policy cf_value_answer(struct cf_values *values, uint32_t value, uint32_t limit,
                          bool *ret_too_many);

static inline const struct cf_value *cf_value_at(const struct cf_values *values, uint32_t id)
{
        return &values->list.items[id];
}

static inline bool cf_value_is_constant(const struct cf_values *values, uint32_t id)
{
        return values->list.items[id].kind == CF_VALUE_CONSTANT;
}
