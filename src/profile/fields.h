/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of JSON objects as Go's encoding/json fills structs from them. Private to profile/. */
#pragma once

#include "base/json.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "profile/words.h"

struct reader {
        struct cf_arena *arena; /* the profile's */
        const struct cf_source *source;
        struct cf_error *err;
        CF_VEC(struct cf_profile_warning) warnings;
        size_t more_warnings;
};

/* -ENOMEM, said. */
int no_memory(struct reader *reader);

/* Notes what the profile's writer should know about a part of the text. 0 or -ENOMEM. */
int warn(struct reader *reader, struct cf_profile_part part, const char *format, ...)
        CF_PRINTF(3, 4);

/* The range of a value (its first byte when it is a list or an object). */
struct cf_profile_part part_of(const struct cf_json *value);

/* Fills err with a place and what is wrong there. -EINVAL. */
int refuse_part(struct reader *reader, struct cf_profile_part part, const char *format, ...)
        CF_PRINTF(3, 4);
/* The same with the place of a value, see part_of. */
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

/* A list of strings; none when it is not given. */
int take_strings(struct reader *reader, const struct cf_json *object, const char *field,
                 struct cf_profile_words *ret_words);

/* -EINVAL unless the text, which stands at `part`, is one of the words. */
int need_word(struct reader *reader, struct cf_span text, struct cf_profile_part part,
              const struct words *words);
int need_words(struct reader *reader, const struct cf_profile_words *list,
               const struct words *words);

/* An entry of `syscalls`. */
int read_rule(struct reader *reader, const struct cf_json *entry, struct cf_profile_rule *ret_rule);

/* errnoRet and defaultErrnoRet: the action with its data, and whether the number is given. */
int read_value(struct reader *reader, const struct cf_json *object, const char *errno_field,
               struct cf_span action, uint32_t *ret_value, bool *ret_given);
