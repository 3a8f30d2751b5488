/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/fields.h"

#include <inttypes.h>

int no_memory(struct reader *reader)
{
        struct cf_place whole = {.path = reader->source->path};
        return cf_error_set(reader->err, -ENOMEM, &whole, "not enough memory to read the profile");
}

struct cf_profile_part part_of(const struct cf_json *value)
{
        bool nested = value->type == CF_JSON_ARRAY || value->type == CF_JSON_OBJECT;
        return (struct cf_profile_part){value->offset, nested ? 1 : value->length};
}

int warn(struct reader *reader, struct cf_profile_part part, const char *format, ...)
{
        CF_TEXT struct cf_text text = {.max = (size_t)CF_ERROR_TEXT * 4};
        if (reader->warnings.count >= CF_PROFILE_WARNINGS_MAX) {
                reader->more_warnings++;
                return 0;
        }
        char message[CF_ERROR_TEXT];
        va_list args;
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        cf_text_add_visible(&text, cf_span_of(message));
        char *kept = text.failed ? NULL : cf_arena_copy(reader->arena, cf_text_span(&text));
        struct cf_profile_warning warning = {part, kept};
        if (!kept || cf_vec_push(reader->arena, &reader->warnings, warning) < 0)
                return no_memory(reader);
        return 0;
}

CF_PRINTF(3, 0)
static int refuse_at(struct reader *reader, struct cf_profile_part part, const char *format,
                     va_list args)
{
        struct cf_place place = cf_source_place(reader->source, part.offset, part.length);
        char message[CF_ERROR_TEXT];
        vsnprintf(message, sizeof(message), format, args);
        return cf_error_set(reader->err, -EINVAL, &place, "%s", message);
}

int refuse_part(struct reader *reader, struct cf_profile_part part, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = refuse_at(reader, part, format, args);
        va_end(args);
        return r;
}

int refuse(struct reader *reader, const struct cf_json *value, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = refuse_at(reader, part_of(value), format, args);
        va_end(args);
        return r;
}

int refuse_key(struct reader *reader, const struct cf_json *value, const char *format, ...)
{
        struct cf_profile_part part = {value->key_offset, value->key_length};
        va_list args;
        va_start(args, format);
        int r = refuse_at(reader, part, format, args);
        va_end(args);
        return r;
}

static const char *const with_article[] = {
        [CF_JSON_NULL] = "null",       [CF_JSON_BOOL] = "a boolean", [CF_JSON_NUMBER] = "a number",
        [CF_JSON_STRING] = "a string", [CF_JSON_ARRAY] = "a list",   [CF_JSON_OBJECT] = "an object",
};

int need_type(struct reader *reader, const struct cf_json *value, enum cf_json_type type,
              const char *what)
{
        if (value->type == type)
                return 0;
        return refuse(reader, value, "%s must be %s, not %s", what, with_article[type],
                      with_article[value->type]);
}

/* Go folds ASCII case, and the two characters whose simple case folding is an ASCII letter. */
static bool same_field(struct cf_span key, const char *field)
{
        while (key.size && *field) {
                uint32_t c;
                size_t size = cf_utf8_next(key, &c);
                if (c == 0x17f) /* long s */
                        c = 's';
                else if (c == 0x212a) /* Kelvin sign */
                        c = 'k';
                else if (c >= 'A' && c <= 'Z')
                        c += 'a' - 'A';
                uint32_t wanted = (unsigned char)*field++;
                if (wanted >= 'A' && wanted <= 'Z')
                        wanted += 'a' - 'A';
                if (c != wanted)
                        return false;
                key = cf_span_part(key, size, SIZE_MAX);
        }
        return key.size == 0 && !*field;
}

int take(struct reader *reader, const struct cf_json *object, const char *field,
         enum cf_json_type type, const struct cf_json **ret_value)
{
        const struct cf_json *found = NULL, *last = NULL;
        bool nested = type == CF_JSON_ARRAY || type == CF_JSON_OBJECT;
        char what[64];
        snprintf(what, sizeof(what), "'%s'", field);
        for (const struct cf_json *child = object->first; child; child = child->next) {
                if (!same_field(child->key, field))
                        continue;
                if (nested && last)
                        return refuse_key(reader, child,
                                          "'%s' is given twice: engines disagree on what that "
                                          "means; keep one",
                                          field);
                last = child;
                if (child->type == CF_JSON_NULL)
                        continue;
                int r = need_type(reader, child, type, what);
                if (r < 0)
                        return r;
                found = child;
        }
        *ret_value = found;
        return 0;
}

int take_uint(struct reader *reader, const struct cf_json *object, const char *field, uint64_t max,
              uint64_t fallback, uint64_t *ret_number)
{
        const struct cf_json *value = NULL;
        uint64_t number = fallback;
        int r = take(reader, object, field, CF_JSON_NUMBER, &value);
        if (r < 0)
                return r;
        if (value && (cf_json_uint(value, &number) < 0 || number > max))
                return refuse(reader, value, "'%s' must be a whole number from 0 to %" PRIu64,
                              field, max);
        *ret_number = number;
        return 0;
}

int take_strings(struct reader *reader, const struct cf_json *object, const char *field,
                 struct cf_profile_words *ret_words)
{
        const struct cf_json *list = NULL;
        char what[64];
        snprintf(what, sizeof(what), "an item of '%s'", field);
        *ret_words = (struct cf_profile_words){0};
        int r = take(reader, object, field, CF_JSON_ARRAY, &list);
        if (r < 0 || !list || !list->count)
                return r;
        struct cf_profile_word *words =
                cf_arena_many(reader->arena, list->count, struct cf_profile_word);
        if (!words)
                return no_memory(reader);
        size_t count = 0;
        for (const struct cf_json *item = list->first; item; item = item->next) {
                r = need_type(reader, item, CF_JSON_STRING, what);
                if (r < 0)
                        return r;
                words[count++] = (struct cf_profile_word){item->text, part_of(item)};
        }
        *ret_words = (struct cf_profile_words){words, count};
        return 0;
}

int need_word(struct reader *reader, struct cf_span text, struct cf_profile_part part,
              const struct words *words)
{
        if (word_known(words, text))
                return 0;
        const char *near = word_nearest(words, text);
        return refuse_part(reader, part, "unknown %s '%.*s' (%s%s%s)", words->what,
                           (int)(text.size < 80 ? text.size : 80), text.data,
                           near ? "did you mean " : "known are ", near ? near : words->known[0],
                           near ? "?" : " and others");
}

int need_words(struct reader *reader, const struct cf_profile_words *list,
               const struct words *words)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = need_word(reader, list->items[i].text, list->items[i].part, words);
        return r;
}
