/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an extended profile. Private to profile/. */
#pragma once

#include "base/json.h"
#include "profile/profile.h"

#define CF_ORIGIN_KEY "confined" /* engines pass over members that they do not know */

/* Writes "args". */
void put_conditions(struct cf_json_writer *json, const struct cf_condition *conditions,
                    size_t count);

/* Adds the document `body` to `out`, with the member that tells where it is from. */
int put_origin(struct cf_arena *arena, struct cf_span body, const struct cf_source *base,
               const char *base_name, const struct cf_profile_addition *additions, size_t count,
               struct cf_text *out, struct cf_error *err);

/* Such an addition counts on other machines only. */
bool is_other_on_s390(const struct cf_profile_addition *addition);

/* 0 when the text means what the base means with the additions laid over it, under all
 * circumstances that make a difference. */
int prove_extension(struct cf_policies *all, const struct cf_profile *base,
                    const struct cf_profile_addition *additions, const cf_policy *when,
                    size_t count, struct cf_span text, struct cf_error *err);
