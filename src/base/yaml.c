/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/vec.h"

/* ---- characters and bytes ------------------------------------------------------------ */

/* libyaml counts characters. One byte offset is kept for every CHARS_EVERY of them. */
#define CHARS_EVERY 256

struct offsets {
        struct cf_span text;
        size_t *every; /* NULL: all bytes are ASCII, so characters are bytes */
        size_t count;
};

static size_t char_size(unsigned char lead)
{
        return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static int make_offsets(struct cf_arena *arena, struct cf_span text, struct offsets *ret_offsets)
{
        *ret_offsets = (struct offsets){.text = text};
        size_t i = 0;
        while (i < text.size && (unsigned char)text.data[i] < 0x80)
                i++;
        if (i == text.size)
                return 0;
        CF_VEC(size_t) every = {0};
        size_t chars = 0;
        for (i = 0; i < text.size; i += char_size((unsigned char)text.data[i]), chars++)
                if (chars % CHARS_EVERY == 0 && cf_vec_push(arena, &every, i) < 0)
                        return -ENOMEM;
        ret_offsets->every = every.items;
        ret_offsets->count = every.count;
        return 0;
}

static size_t offset_of(const struct offsets *offsets, size_t chars)
{
        size_t size = offsets->text.size;
        if (!offsets->every)
                return chars < size ? chars : size;
        if (chars / CHARS_EVERY >= offsets->count)
                return size;
        size_t offset = offsets->every[chars / CHARS_EVERY];
        for (size_t left = chars % CHARS_EVERY; left > 0 && offset < size; left--)
                offset += char_size((unsigned char)offsets->text.data[offset]);
        return offset < size ? offset : size;
}

/* ---- looking at the source text ------------------------------------------------------ */

/* Bytes of the line break at `at` (LF, CR, CRLF, and YAML 1.1's NEL, LS, PS); 0: none is there. */
static size_t break_size(struct cf_span text, size_t at)
{
        struct cf_span rest = cf_span_part(text, at, 3);
        if (cf_span_starts(rest, "\r\n"))
                return 2;
        if (rest.size && (rest.data[0] == '\n' || rest.data[0] == '\r'))
                return 1;
        if (cf_span_starts(rest, "\xc2\x85"))
                return 2;
        return cf_span_starts(rest, "\xe2\x80\xa8") || cf_span_starts(rest, "\xe2\x80\xa9") ? 3 : 0;
}

static bool is_blank(struct cf_span text, size_t at)
{
        return at < text.size && (text.data[at] == ' ' || text.data[at] == '\t');
}

size_t cf_yaml_skip_space(struct cf_span text, size_t at)
{
        for (bool line = at == 0;;) {
                size_t size = break_size(text, at);
                if (size || is_blank(text, at)) {
                        at += size ? size : 1;
                        line = size > 0;
                } else if (at < text.size && text.data[at] == '#') {
                        while (at < text.size && !break_size(text, at))
                                at++;
                } else if (line && cf_span_starts(cf_span_part(text, at, 3), "\xef\xbb\xbf")) {
                        at += 3; /* a byte order mark may start any line */
                        line = false;
                } else {
                        return at;
                }
        }
}

static bool ends_tag(struct cf_span text, size_t at)
{
        return at >= text.size || is_blank(text, at) || break_size(text, at) ||
               strchr(",[]{}", text.data[at]);
}

static bool is_anchor_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
}

/* The end of the anchor or tag at `at`. */
static size_t skip_property(struct cf_span text, size_t at, size_t end)
{
        bool is_anchor = text.data[at] == '&';
        if (cf_span_starts(cf_span_part(text, at, 2), "!<")) {
                while (at < end && text.data[at] != '>')
                        at++;
                return at + 1;
        }
        at++;
        while (at < end && (is_anchor ? is_anchor_char(text.data[at]) : !ends_tag(text, at)))
                at++;
        return at;
}

/* Where the content starts of a node with `count` properties (anchor, tag) at `at`. */
static size_t skip_properties(struct cf_span text, size_t at, size_t end, unsigned count)
{
        for (; count > 0 && at < end; count--) {
                at = skip_property(text, at, end);
                size_t next = cf_yaml_skip_space(text, at);
                if (next >= end)
                        return at < end ? at : end; /* properties of an empty node */
                at = next;
        }
        return at;
}

/* Moves `end` back over blanks and line breaks, not before `start`. */
static size_t trim_end(struct cf_span text, size_t start, size_t end)
{
        while (end > start) {
                size_t size = 1;
                unsigned char byte = (unsigned char)text.data[end - 1];
                if (end - start >= 2 && byte == 0x85 && break_size(text, end - 2) == 2)
                        size = 2;
                else if (end - start >= 3 && break_size(text, end - 3) == 3)
                        size = 3;
                else if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r')
                        break;
                end -= size;
        }
        return end;
}

/* ---- building the tree --------------------------------------------------------------- */

struct frame {
        struct cf_yaml *node;
        size_t first;    /* its first child on the stack of children */
        unsigned height; /* of the highest child */
};

struct builder {
        struct cf_arena *arena;
        const struct cf_source *source;
        struct offsets offsets;
        CF_VEC(struct cf_yaml *) children; /* of all open collections, innermost last */
        struct frame frames[CF_YAML_DEPTH];
        size_t depth;
        size_t nodes;
        struct cf_map *anchors; /* of this document; values are nodes */
        struct cf_yaml *root;
        unsigned height; /* of the node that was finished last */
        struct cf_error *err;
};

static int fail_at(struct builder *builder, int code, size_t offset, size_t length,
                   const char *format, ...) CF_PRINTF(5, 6);
static int fail_at(struct builder *builder, int code, size_t offset, size_t length,
                   const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        struct cf_place place = cf_source_place(builder->source, offset, length);
        return cf_error_set(builder->err, code, &place, "%s", message);
}

static int fail_memory(struct builder *builder)
{
        struct cf_place whole = {.path = builder->source->path};
        return cf_error_set(builder->err, -ENOMEM, &whole, "not enough memory to read the YAML");
}

/* `tag:yaml.org,2002:str` is kept as `!!str`, the way people write it. */
static int keep_tag(struct cf_arena *arena, const yaml_char_t *tag, struct cf_span *ret_tag)
{
        static const char standard[] = "tag:yaml.org,2002:";
        const char *text = (const char *)tag;
        if (!text)
                return 0;
        bool shorten = strncmp(text, standard, strlen(standard)) == 0;
        char *copy = shorten ? cf_arena_printf(arena, "!!%s", text + strlen(standard))
                             : cf_arena_string(arena, text);
        *ret_tag = cf_span_of(copy);
        return copy ? 0 : -ENOMEM;
}

static int keep_name(struct cf_arena *arena, const yaml_char_t *name, struct cf_span *ret_name)
{
        if (!name)
                return 0;
        *ret_name = cf_span_of(cf_arena_string(arena, (const char *)name));
        return ret_name->data ? 0 : -ENOMEM;
}

static unsigned count_properties(const yaml_event_t *event)
{
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return (event->data.scalar.anchor ? 1 : 0) + (event->data.scalar.tag ? 1 : 0);
        case YAML_SEQUENCE_START_EVENT:
                return (event->data.sequence_start.anchor ? 1 : 0) +
                       (event->data.sequence_start.tag ? 1 : 0);
        case YAML_MAPPING_START_EVENT:
                return (event->data.mapping_start.anchor ? 1 : 0) +
                       (event->data.mapping_start.tag ? 1 : 0);
        default:
                return 0;
        }
}

static int new_node(struct builder *builder, const yaml_event_t *event, enum cf_yaml_type type,
                    enum cf_yaml_style style, struct cf_yaml **ret_node)
{
        struct cf_span text = builder->source->text;
        size_t start = offset_of(&builder->offsets, event->start_mark.index);
        size_t end = offset_of(&builder->offsets, event->end_mark.index);
        if (++builder->nodes > CF_YAML_NODES)
                return fail_at(builder, -E2BIG, start, 0,
                               "more than %d values in one file: not read", CF_YAML_NODES);
        struct cf_yaml *node = cf_arena_one(builder->arena, struct cf_yaml);
        if (!node)
                return fail_memory(builder);
        *node = (struct cf_yaml){.type = type, .style = style, .start = start, .text = CF_SPAN("")};
        /* The event of a collection covers its first token alone: look beyond it. */
        size_t limit = type == CF_YAML_SCALAR ? end : text.size;
        node->offset = skip_properties(text, start, limit, count_properties(event));
        node->length = end > node->offset ? end - node->offset : 0;
        *ret_node = node;
        return 0;
}

static int name_node(struct builder *builder, struct cf_yaml *node, const yaml_char_t *anchor,
                     const yaml_char_t *tag)
{
        if (keep_name(builder->arena, anchor, &node->anchor) < 0 ||
            keep_tag(builder->arena, tag, &node->tag) < 0)
                return fail_memory(builder);
        if (node->anchor.data && cf_map_put(builder->anchors, node->anchor, node) < 0)
                return fail_memory(builder);
        return 0;
}

/* A finished node goes to the collection that is open, or is the document. */
static int place_node(struct builder *builder, struct cf_yaml *node, unsigned height)
{
        builder->height = height;
        if (builder->depth == 0) {
                builder->root = node;
                return 0;
        }
        struct frame *frame = &builder->frames[builder->depth - 1];
        if (height > frame->height)
                frame->height = height;
        return cf_vec_push(builder->arena, &builder->children, node) < 0 ? fail_memory(builder) : 0;
}

static int base64_digit(char c)
{
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = c ? strchr(digits, c) : NULL;
        return found ? (int)(found - digits) : -1;
}

/* What a `!!binary` scalar spells, in place. False: it is no base64, nothing was changed. */
static bool decode_base64(char *text, size_t *size)
{
        size_t count = 0, pad = 0;
        for (size_t i = 0; i < *size; i++) {
                if (text[i] == '\n' || text[i] == '\r')
                        continue;
                if (text[i] == '=')
                        pad++;
                else if (pad || base64_digit(text[i]) < 0)
                        return false;
                else
                        count++;
        }
        if ((count + pad) % 4 || pad > 2 || count % 4 == 1)
                return false;
        unsigned bits = 0, held = 0;
        size_t out = 0;
        for (size_t i = 0; i < *size; i++) {
                int digit = base64_digit(text[i]);
                if (digit < 0)
                        continue;
                bits = ((bits << 6) | (unsigned)digit) & 0xffff;
                held += 6;
                if (held < 8)
                        continue;
                held -= 8;
                text[out++] = (char)(bits >> held);
        }
        text[out] = '\0';
        *size = out;
        return true;
}

static const enum cf_yaml_style scalar_styles[] = {
        [YAML_ANY_SCALAR_STYLE] = CF_YAML_PLAIN,
        [YAML_PLAIN_SCALAR_STYLE] = CF_YAML_PLAIN,
        [YAML_SINGLE_QUOTED_SCALAR_STYLE] = CF_YAML_SINGLE,
        [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = CF_YAML_DOUBLE,
        [YAML_LITERAL_SCALAR_STYLE] = CF_YAML_LITERAL,
        [YAML_FOLDED_SCALAR_STYLE] = CF_YAML_FOLDED,
};

/* An empty value is put at the token behind it when nothing of its own is written: bring it back
 * to the end of what was written last. */
static void tighten_empty(struct builder *builder, struct cf_yaml *node)
{
        struct cf_span text = builder->source->text;
        size_t at = node->offset;
        if (node->start < at || builder->depth == 0)
                return;
        struct frame *frame = &builder->frames[builder->depth - 1];
        size_t least = frame->node->offset;
        if (builder->children.count > frame->first) {
                struct cf_yaml *before = builder->children.items[builder->children.count - 1];
                least = before->offset + before->length;
        }
        size_t next = cf_yaml_skip_space(text, least);
        /* Only blanks, comments and line breaks between: it stands where the last one ended. */
        if (least < at && next >= at)
                node->offset = node->start = least;
}

static int add_scalar(struct builder *builder, const yaml_event_t *event)
{
        struct cf_yaml *node;
        int r = new_node(builder, event, CF_YAML_SCALAR, scalar_styles[event->data.scalar.style],
                         &node);
        if (r < 0)
                return r;
        struct cf_span text = {(const char *)event->data.scalar.value, event->data.scalar.length};
        char *copy = cf_arena_copy(builder->arena, text);
        if (!copy)
                return fail_memory(builder);
        const char *tag = (const char *)event->data.scalar.tag;
        if (tag && strcmp(tag, "tag:yaml.org,2002:binary") == 0)
                decode_base64(copy, &text.size);
        node->text = (struct cf_span){copy, text.size};
        if (node->style == CF_YAML_LITERAL || node->style == CF_YAML_FOLDED)
                node->length =
                        trim_end(builder->source->text, node->offset, node->offset + node->length) -
                        node->offset;
        if (node->length == 0)
                tighten_empty(builder, node);
        r = name_node(builder, node, event->data.scalar.anchor, event->data.scalar.tag);
        return r < 0 ? r : place_node(builder, node, 0);
}

static int add_alias(struct builder *builder, const yaml_event_t *event)
{
        struct cf_yaml *node;
        int r = new_node(builder, event, CF_YAML_SCALAR, CF_YAML_PLAIN, &node);
        if (r < 0)
                return r;
        const char *name = (const char *)event->data.alias.anchor;
        node->target = cf_map_get(builder->anchors, cf_span_of(name));
        if (!node->target)
                return fail_at(builder, -EINVAL, node->offset, node->length,
                               "alias '*%s' has no anchor '&%s' before it", name, name);
        for (size_t i = 0; i < builder->depth; i++)
                if (builder->frames[i].node == node->target)
                        return fail_at(builder, -EINVAL, node->offset, node->length,
                                       "alias '*%s' stands inside what it refers to", name);
        node->target->aliased = true;
        return place_node(builder, node, node->target->height);
}

static int open_collection(struct builder *builder, const yaml_event_t *event,
                           enum cf_yaml_type type, bool flow, const yaml_char_t *anchor,
                           const yaml_char_t *tag)
{
        struct cf_yaml *node;
        int r = new_node(builder, event, type, flow ? CF_YAML_FLOW : CF_YAML_BLOCK, &node);
        if (r < 0)
                return r;
        if (builder->depth == CF_YAML_DEPTH)
                return fail_at(builder, -E2BIG, node->offset, 0,
                               "nested deeper than %d levels: not read", CF_YAML_DEPTH);
        r = name_node(builder, node, anchor, tag);
        if (r < 0)
                return r;
        builder->frames[builder->depth++] =
                (struct frame){.node = node, .first = builder->children.count};
        return 0;
}

/* Mappings with more pairs than this have an index of their keys. */
#define INDEX_FROM 16

static int make_index(struct builder *builder, struct cf_yaml *node)
{
        if (node->count <= INDEX_FROM)
                return 0;
        node->index = cf_map_new(builder->arena);
        if (!node->index)
                return fail_memory(builder);
        for (size_t i = 0; i < node->count; i++) {
                struct cf_yaml *key = cf_yaml_follow(node->items[2 * i]);
                if (key->type == CF_YAML_SCALAR && !cf_yaml_is_merge(node->items[2 * i]) &&
                    cf_map_put(node->index, key->text, &node->items[2 * i]) < 0)
                        return fail_memory(builder);
        }
        return 0;
}

/* Counts what merge keys bring in, so that a look through them has a bound. */
static int count_merges(struct builder *builder, struct cf_yaml *node)
{
        for (size_t i = 0; i < node->count; i++) {
                if (!cf_yaml_is_merge(node->items[2 * i]))
                        continue;
                struct cf_yaml *value = cf_yaml_follow(node->items[2 * i + 1]);
                bool is_list = value->type == CF_YAML_SEQUENCE;
                for (size_t j = 0; j < (is_list ? value->count : 1); j++) {
                        struct cf_yaml *merged = is_list ? cf_yaml_follow(value->items[j]) : value;
                        node->merges += 1 + merged->merges;
                        if (node->merges > CF_YAML_MERGES)
                                return fail_at(builder, -E2BIG, node->offset, 0,
                                               "merge keys bring in more than %d mappings: not "
                                               "read",
                                               CF_YAML_MERGES);
                }
        }
        return 0;
}

static int close_collection(struct builder *builder, const yaml_event_t *event)
{
        struct frame frame = builder->frames[--builder->depth];
        struct cf_yaml *node = frame.node;
        size_t count = builder->children.count - frame.first;
        struct cf_yaml **items = builder->children.items + frame.first;
        builder->children.count = frame.first;
        node->count = node->type == CF_YAML_MAPPING ? count / 2 : count;
        node->items = cf_arena_many(builder->arena, count, struct cf_yaml *);
        if (!node->items)
                return fail_memory(builder);
        if (count)
                memcpy(node->items, items, count * sizeof(*items));
        size_t end = offset_of(&builder->offsets, event->end_mark.index);
        /* Only a bracket has a length; other ends are the start of whatever comes next. */
        bool bracketed =
                node->style == CF_YAML_FLOW && event->end_mark.index != event->start_mark.index;
        if (!bracketed && count) {
                struct cf_yaml *last = node->items[count - 1];
                end = last->offset + last->length;
        }
        node->length = end > node->offset ? end - node->offset : 0;
        node->height = frame.height + 1;
        if (node->height > CF_YAML_DEPTH)
                return fail_at(builder, -E2BIG, node->offset, 0,
                               "nested deeper than %d levels through aliases: not read",
                               CF_YAML_DEPTH);
        int r = node->type == CF_YAML_MAPPING ? make_index(builder, node) : 0;
        if (r == 0 && node->type == CF_YAML_MAPPING)
                r = count_merges(builder, node);
        return r < 0 ? r : place_node(builder, node, node->height);
}

static int add_event(struct builder *builder, const yaml_event_t *event)
{
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return add_scalar(builder, event);
        case YAML_ALIAS_EVENT:
                return add_alias(builder, event);
        case YAML_SEQUENCE_START_EVENT:
                return open_collection(builder, event, CF_YAML_SEQUENCE,
                                       event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                                       event->data.sequence_start.anchor,
                                       event->data.sequence_start.tag);
        case YAML_MAPPING_START_EVENT:
                return open_collection(builder, event, CF_YAML_MAPPING,
                                       event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
                                       event->data.mapping_start.anchor,
                                       event->data.mapping_start.tag);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return close_collection(builder, event);
        default:
                return 0;
        }
}

/* ---- reading documents --------------------------------------------------------------- */

/* libyaml's words are kept where they are clear; its commonest puzzle is a tab. */
static int fail_parse(struct builder *builder, const yaml_parser_t *parser)
{
        struct cf_span text = builder->source->text;
        if (parser->error == YAML_MEMORY_ERROR)
                return fail_memory(builder);
        if (parser->error == YAML_READER_ERROR) {
                size_t at = parser->problem_offset;
                uint32_t c = 0;
                size_t size = cf_utf8_next(cf_span_part(text, at, 4), &c);
                if (size == 1 && c == 0xfffd)
                        return fail_at(builder, -EINVAL, at, 1,
                                       "byte 0x%02X is not UTF-8: YAML is read as UTF-8 or UTF-16",
                                       (unsigned char)text.data[at]);
                return fail_at(builder, -EINVAL, at, size,
                               "character U+%04X is not allowed in YAML", (unsigned)c);
        }
        size_t at = offset_of(&builder->offsets, parser->problem_mark.index);
        if (at < text.size && text.data[at] == '\t')
                return fail_at(builder, -EINVAL, at, 1,
                               "not YAML: a tab where only spaces may indent");
        const char *problem = parser->problem ? parser->problem : "broken";
        if (!parser->context)
                return fail_at(builder, -EINVAL, at, 0, "not YAML: %s", problem);
        size_t context_line = parser->context_mark.line + 1;
        return fail_at(builder, -EINVAL, at, 0, "not YAML: %s %s (from line %zu on)", problem,
                       parser->context, context_line);
}

static int start_document(struct builder *builder)
{
        builder->root = NULL;
        builder->depth = 0;
        builder->children.count = 0;
        builder->anchors = cf_map_new(builder->arena);
        return builder->anchors ? 0 : fail_memory(builder);
}

static int read_events(struct builder *builder, yaml_parser_t *parser, struct cf_yaml_file *file)
{
        CF_VEC(struct cf_yaml_document) documents = {0};
        for (bool more = true; more;) {
                yaml_event_t event;
                if (!yaml_parser_parse(parser, &event))
                        return fail_parse(builder, parser);
                int r = 0;
                if (event.type == YAML_STREAM_END_EVENT)
                        more = false;
                else if (event.type == YAML_DOCUMENT_START_EVENT)
                        r = start_document(builder);
                else if (event.type == YAML_DOCUMENT_END_EVENT)
                        r = cf_vec_push(builder->arena, &documents,
                                        (struct cf_yaml_document){builder->root, documents.count});
                else
                        r = add_event(builder, &event);
                yaml_event_delete(&event);
                if (r < 0)
                        return builder->err && builder->err->code ? r : fail_memory(builder);
        }
        file->documents = documents.items;
        file->count = documents.count;
        return 0;
}

int cf_yaml_parse(struct cf_arena *arena, const struct cf_source *source,
                  struct cf_yaml_file **ret_file, struct cf_error *err)
{
        CF_FREE struct builder *builder = calloc(1, sizeof(*builder));
        struct cf_yaml_file *file = cf_arena_one(arena, struct cf_yaml_file);
        if (!builder || !file || make_offsets(arena, source->text, &builder->offsets) < 0) {
                struct cf_place whole = {.path = source->path};
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the YAML");
        }
        struct cf_error unseen = {0};
        builder->arena = arena;
        builder->source = source;
        builder->err = err ? err : &unseen;
        file->source = source;

        yaml_parser_t parser;
        if (!yaml_parser_initialize(&parser))
                return fail_memory(builder);
        yaml_parser_set_input_string(&parser, (const unsigned char *)source->text.data,
                                     source->text.size);
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        int r = read_events(builder, &parser, file);
        yaml_parser_delete(&parser);
        if (r < 0)
                return r;
        *ret_file = file;
        return 0;
}
