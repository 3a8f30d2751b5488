/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/fields.h"

#include <inttypes.h>

static struct cf_place place_of(struct reader *reader, const struct cf_json *value)
{
        bool nested = value->type == CF_JSON_ARRAY || value->type == CF_JSON_OBJECT;
        return cf_source_place(reader->source, value->offset, nested ? 1 : value->length);
}

CF_PRINTF(3, 0)
static int refuse_at(struct reader *reader, const struct cf_place *place, const char *format,
                     va_list args)
{
        char message[CF_ERROR_TEXT];
        vsnprintf(message, sizeof(message), format, args);
        return cf_error_set(reader->err, -EINVAL, place, "%s", message);
}

int refuse(struct reader *reader, const struct cf_json *value, const char *format, ...)
{
        struct cf_place place = place_of(reader, value);
        va_list args;
        va_start(args, format);
        int r = refuse_at(reader, &place, format, args);
        va_end(args);
        return r;
}

int refuse_key(struct reader *reader, const struct cf_json *value, const char *format, ...)
{
        struct cf_place place =
                cf_source_place(reader->source, value->key_offset, value->key_length);
        va_list args;
        va_start(args, format);
        int r = refuse_at(reader, &place, format, args);
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
                 const struct cf_json **ret_list)
{
        const struct cf_json *list = NULL;
        char what[64];
        snprintf(what, sizeof(what), "an item of '%s'", field);
        int r = take(reader, object, field, CF_JSON_ARRAY, &list);
        for (const struct cf_json *item = list ? list->first : NULL; r == 0 && item;
             item = item->next)
                r = need_type(reader, item, CF_JSON_STRING, what);
        if (r == 0)
                *ret_list = list;
        return r;
}

int need_word(struct reader *reader, const struct cf_json *value, const struct words *words)
{
        struct cf_span word = value->type == CF_JSON_STRING ? value->text : CF_SPAN("");
        if (word_known(words, word))
                return 0;
        const char *near = word_nearest(words, word);
        return refuse(reader, value, "unknown %s '%.*s' (%s%s%s)", words->what,
                      (int)(word.size < 80 ? word.size : 80), word.data,
                      near ? "did you mean " : "known are ", near ? near : words->known[0],
                      near ? "?" : " and others");
}
