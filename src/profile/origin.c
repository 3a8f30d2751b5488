/* SPDX-License-Identifier: Apache-2.0 */
/* Where an extended profile is from: its member "confined". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/errno-name.h"
#include "base/sha256.h"
#include "base/vec.h"
#include "profile/extend.h"

#define HEX_SIZE (2 * CF_SHA256_SIZE + 1)

/* ---- additions in words ---------------------------------------------------------------------
 */

void cf_profile_addition_print(struct cf_text *text, const struct cf_profile_addition *addition)
{
        uint32_t value = addition->value;
        const char *name = strerrorname_np((int)cf_action_data(value));
        if (value == CF_ALLOW)
                cf_text_puts(text, "allow ");
        else if (value == (CF_ERRNO | EPERM))
                cf_text_puts(text, "deny ");
        else if (name)
                cf_text_printf(text, "errno %s ", name);
        else
                cf_text_printf(text, "errno %u ", cf_action_data(value));
        cf_text_add(text, addition->rule.text);
}

/* The first word of a text, which is cut off with the blank behind it. */
static struct cf_span first_word(struct cf_span *text)
{
        size_t blank = cf_span_find_byte(*text, ' ');
        struct cf_span word = cf_span_part(*text, 0, blank);
        *text = cf_span_trim(cf_span_part(*text, blank == SIZE_MAX ? text->size : blank, SIZE_MAX));
        return word;
}

static int read_errno(struct cf_span word, uint32_t *ret_value)
{
        unsigned number;
        if (!cf_errno_by_name(word, &number))
                return -EINVAL;
        *ret_value = CF_ERRNO | number;
        return 0;
}

int cf_profile_addition_read(struct cf_arena *arena, const char *what, struct cf_span text,
                             struct cf_profile_addition *ret_addition, struct cf_error *err)
{
        struct cf_span rest = text, word = first_word(&rest);
        struct cf_profile_addition addition = {.value = CF_ALLOW};
        const struct cf_call_rule *rules;
        size_t count;
        int r = 0;
        if (cf_span_is(word, "deny"))
                addition.value = CF_ERRNO | EPERM;
        else if (cf_span_is(word, "errno"))
                r = read_errno(first_word(&rest), &addition.value);
        else if (!cf_span_is(word, "allow"))
                r = -EINVAL;
        if (r < 0)
                return cf_error_set(err, r, NULL,
                                    "%s '%.*s': neither 'allow RULE', 'deny RULE' nor 'errno NAME "
                                    "RULE'",
                                    what, (int)(text.size < 80 ? text.size : 80), text.data);
        r = cf_call_rules_read(arena, what, rest, &rules, &count, err);
        if (r == 0 && count != 1)
                r = cf_error_set(err, -EINVAL, NULL, "%s: one rule is wanted, not %zu", what,
                                 count);
        if (r < 0)
                return r;
        addition.rule = rules[0];
        *ret_addition = addition;
        return 0;
}

/* ---- hashes ---------------------------------------------------------------------------------
 */

static void hash_text(struct cf_span text, char ret_hex[HEX_SIZE])
{
        struct cf_sha256 hash;
        unsigned char digest[CF_SHA256_SIZE];
        cf_sha256_begin(&hash);
        cf_sha256_add(&hash, text);
        cf_sha256_end(&hash, digest);
        for (size_t i = 0; i < CF_SHA256_SIZE; i++)
                snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

/* The document without its origin, in one style: what is hashed does not depend on how the file
 * is laid out. */
static int hash_body(const struct cf_json *root, char ret_hex[HEX_SIZE])
{
        CF_TEXT struct cf_text text = {0};
        struct cf_json_writer json = {.out = &text};
        cf_json_open(&json, '{');
        for (const struct cf_json *member = root->first; member; member = member->next) {
                if (cf_span_is(member->key, CF_ORIGIN_KEY))
                        continue;
                cf_json_key_span(&json, member->key);
                cf_json_put_value(&json, member);
        }
        cf_json_close(&json, '}');
        if (text.failed)
                return -ENOMEM;
        hash_text(cf_text_span(&text), ret_hex);
        return 0;
}

void cf_profile_hash(const struct cf_source *source, char ret_hex[CF_PROFILE_HASH_SIZE])
{
        hash_text(source->text, ret_hex);
}

/* ---- writing --------------------------------------------------------------------------------
 */

static int put_member(struct cf_json_writer *json, const struct cf_source *base,
                      const char *base_name, const struct cf_profile_addition *additions,
                      size_t count, const char *hash)
{
        char base_hash[HEX_SIZE];
        int r = 0;
        hash_text(base->text, base_hash);
        cf_json_key(json, CF_ORIGIN_KEY);
        cf_json_open(json, '{');
        cf_json_key(json, "base");
        cf_json_put_string(json, base_name);
        cf_json_key(json, "baseSha256");
        cf_json_put_string(json, base_hash);
        cf_json_key(json, "added");
        cf_json_open(json, '[');
        for (size_t i = 0; i < count; i++) {
                CF_TEXT struct cf_text words = {0};
                cf_profile_addition_print(&words, &additions[i]);
                cf_json_put_span(json, cf_text_span(&words));
                r = words.failed ? -ENOMEM : r;
        }
        cf_json_close(json, ']');
        cf_json_key(json, "sha256");
        cf_json_put_string(json, hash);
        cf_json_close(json, '}');
        return r;
}

int put_origin(struct cf_arena *arena, struct cf_span body, const struct cf_source *base,
               const char *base_name, const struct cf_profile_addition *additions, size_t count,
               struct cf_text *out, struct cf_error *err)
{
        struct cf_json_writer json = {.out = out, .tabs = true};
        struct cf_source *source;
        struct cf_json *root;
        char hash[HEX_SIZE];
        int r = cf_source_from(arena, "the extended profile", body, &source, err);
        if (r == 0)
                r = cf_json_parse(arena, source, &root, err);
        if (r < 0)
                return r;
        cf_json_open(&json, '{');
        r = hash_body(root, hash);
        if (r == 0)
                r = put_member(&json, base, base_name, additions, count, hash);
        for (const struct cf_json *member = root->first; member; member = member->next) {
                cf_json_key_span(&json, member->key);
                cf_json_put_value(&json, member);
        }
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return r < 0 ? cf_error_set(err, r, NULL, "not enough memory") : 0;
}

/* ---- reading --------------------------------------------------------------------------------
 */

static int refuse(const struct cf_source *source, const struct cf_json *at, const char *what,
                  struct cf_error *err)
{
        struct cf_place place = cf_source_place(source, at->offset, at->length);
        return cf_error_set(err, -EINVAL, &place,
                            "this is not what 'confined profile extend' writes: %s", what);
}

static int read_added(struct cf_arena *arena, const struct cf_source *source,
                      const struct cf_json *list, struct cf_profile_origin *origin,
                      struct cf_error *err)
{
        CF_VEC(struct cf_profile_addition) additions = {0};
        for (const struct cf_json *item = list->first; item; item = item->next) {
                struct cf_place place = cf_source_place(source, item->offset, item->length);
                struct cf_profile_addition addition;
                if (item->type != CF_JSON_STRING)
                        return refuse(source, item, "an addition must be a string", err);
                int r = cf_profile_addition_read(arena, "added", item->text, &addition, err);
                if (r < 0)
                        return cf_error_doing(err, r, &place, "reading what was added");
                if (cf_vec_push(arena, &additions, addition) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        origin->additions = additions.items;
        origin->count = additions.count;
        return 0;
}

int cf_profile_origin_read(struct cf_arena *arena, const struct cf_source *source,
                           struct cf_profile_origin *ret_origin, struct cf_error *err)
{
        struct cf_place whole = {.path = source->path};
        struct cf_profile_origin origin = {0};
        struct cf_json *root;
        char hash[HEX_SIZE];
        int r = cf_json_parse(arena, source, &root, err);
        if (r < 0)
                return r;
        const struct cf_json *member = cf_json_get(root, CF_ORIGIN_KEY);
        if (!member)
                return cf_error_set(err, -ENOENT, &whole,
                                    "does not say what it was made from: it was not written by "
                                    "'confined profile extend'");
        const struct cf_json *added = cf_json_get(member, "added");
        const char *given = cf_json_string(cf_json_get(member, "sha256"));
        origin.base = cf_json_string(cf_json_get(member, "base"));
        origin.base_hash = cf_json_string(cf_json_get(member, "baseSha256"));
        if (!origin.base || !origin.base_hash || !given || !added || added->type != CF_JSON_ARRAY)
                return refuse(source, member, "base, baseSha256, added and sha256 are wanted", err);
        r = read_added(arena, source, added, &origin, err);
        if (r < 0)
                return r;
        if (hash_body(root, hash) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        origin.edited = strcmp(given, hash) != 0;
        *ret_origin = origin;
        return 0;
}
