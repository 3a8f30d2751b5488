/* SPDX-License-Identifier: Apache-2.0 */
/* src/profile/: any bytes as a seccomp profile. What is taken is taken again, with the same
 * meaning, after it was written out anew: blanks, escapes and the order of keys say nothing. */
#include <assert.h>

#include "base/json.h"
#include "base/text.h"
#include "profile/profile.h"

#define INPUT_MAX 65536
#define MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_number(struct cf_json_writer *writer, const struct cf_json *value)
{
        uint64_t number;
        int64_t negative;
        if (cf_json_uint(value, &number) == 0)
                cf_json_put_uint(writer, number);
        else if (cf_json_int(value, &negative) == 0)
                cf_json_put_int(writer, negative);
        else
                cf_json_put_double(writer, 0.5); /* in a member that nobody looks at */
}

static void write_value(struct cf_json_writer *writer, const struct cf_json *value)
{
        bool object = value->type == CF_JSON_OBJECT;
        switch (value->type) {
        case CF_JSON_NULL:
                cf_json_put_null(writer);
                break;
        case CF_JSON_BOOL:
                cf_json_put_bool(writer, value->boolean);
                break;
        case CF_JSON_NUMBER:
                write_number(writer, value);
                break;
        case CF_JSON_STRING:
                cf_json_put_span(writer, value->text);
                break;
        default:
                cf_json_open(writer, object ? '{' : '[');
                for (const struct cf_json *child = value->first; child; child = child->next) {
                        if (object)
                                cf_json_key(writer, child->key.data);
                        write_value(writer, child);
                }
                cf_json_close(writer, object ? '}' : ']');
        }
}

static void check_again(struct cf_arena *arena, const struct cf_source *source,
                        const struct cf_profile_summary *summary)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_json_writer writer = {.out = &text, .indent = 2};
        struct cf_json *root = NULL;
        struct cf_source *written = NULL;
        struct cf_profile_summary again;
        int r = cf_json_parse(arena, source, &root, NULL);
        assert(r == 0);
        write_value(&writer, root);
        r = cf_source_from(arena, "again.json", cf_text_span(&text), &written, NULL);
        assert(r == 0);
        r = cf_profile_summarize(arena, written, &again, NULL);
        assert(r == 0);
        assert(again.kind == summary->kind && again.rules == summary->rules &&
               again.names == summary->names);
        assert(strcmp(again.default_action, summary->default_action) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct cf_source *source = NULL;
        struct cf_profile_summary summary = {0};
        struct cf_error err = {0};
        if (size > INPUT_MAX || !arena ||
            cf_source_from(arena, "p.json", (struct cf_span){(const char *)data, size}, &source,
                           NULL) < 0)
                return 0;
        int r = cf_profile_summarize(arena, source, &summary, &err);
        if (r < 0) {
                assert(err.code == r && err.count > 0 && err.frames[0].message[0]);
                assert(!summary.default_action);
                return 0;
        }
        assert(err.code == 0);
        /* A key that holds a NUL would be cut on the way out. */
        if (!memmem(data, size, "\\u0000", 6))
                check_again(arena, source, &summary);
        return 0;
}
