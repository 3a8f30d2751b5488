/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of JSON objects as Go's encoding/json fills structs from them. Private to profile/. */
#pragma once

#include "base/json.h"
#include "profile/words.h"

struct reader {
        struct cf_arena *arena; /* ends with the reading */
        const struct cf_source *source;
        struct cf_error *err;
};

/* Fills err with the place of a value (of its first byte when it is a list or an object). */
int refuse(struct reader *reader, const struct cf_json *value, const char *format, ...)
        CF_PRINTF(3, 4);
/* The same at the value's key. */
int refuse_key(struct reader *reader, const struct cf_json *value, const char *format, ...)
        CF_PRINTF(3, 4);

/* -EINVAL when the value has another type than `type`; `what` names it: "'names'". */
int need_type(struct reader *reader, const struct cf_json *value, enum cf_json_type type,
              const char *what);

/* The member that ends up in the field; NULL when it is not given or null. Scalars: the last one
 * counts. Lists and objects that are given twice are refused: what engines make of them differs. */
int take(struct reader *reader, const struct cf_json *object, const char *field,
         enum cf_json_type type, const struct cf_json **ret_value);

/* A whole number of at most `max`; `fallback` when it is not given. */
int take_uint(struct reader *reader, const struct cf_json *object, const char *field, uint64_t max,
              uint64_t fallback, uint64_t *ret_number);

/* A list of strings; NULL when it is not given. */
int take_strings(struct reader *reader, const struct cf_json *object, const char *field,
                 const struct cf_json **ret_list);

/* -EINVAL unless the string is one of the words; `value` may be null (refused, too). */
int need_word(struct reader *reader, const struct cf_json *value, const struct words *words);
