/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the profile format. Private to profile/. */
#pragma once

#include <stdbool.h>

#include "base/span.h"
#include "policy/policy.h"

/* A set of words that a profile may use in one position. */
struct words {
        const char *what; /* "action" */
        const char *const *known;
        size_t count;
};

extern const struct words action_words, operator_words, architecture_words, flag_words;

bool word_known(const struct words *words, struct cf_span word);

/* What a known action returns from a filter, its data 0, and what a known operator is. */
uint32_t action_value(struct cf_span action);
enum cf_operator operator_of(struct cf_span word);

/* The known word that was most likely meant; NULL when none is near. */
const char *word_nearest(const struct words *words, struct cf_span word);
