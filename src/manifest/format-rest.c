/* SPDX-License-Identifier: Apache-2.0 */
/* reStructuredText: code directives, literal blocks, inline literals. */
#include "manifest/document.h"
#include "manifest/formats.h"
#include "manifest/names.h"

struct rest {
        struct cf_document document;
        struct cf_span text;
        bool waiting; /* an indented block of `kind` follows */
        bool inside;  /* and has started, with lines of more than `outer` columns */
        bool options; /* lines of :option: may still come */
        enum cf_block_kind kind;
        size_t outer; /* indentation of what announced the block */
};

static size_t indent_of(struct cf_span line, size_t *ret_bytes)
{
        size_t columns = 0, at = 0;
        for (; at < line.size && (line.data[at] == ' ' || line.data[at] == '\t'); at++)
                columns = line.data[at] == '\t' ? (columns / 8 + 1) * 8 : columns + 1;
        *ret_bytes = at;
        return columns;
}

static void announce(struct rest *rest, enum cf_block_kind kind, size_t indent)
{
        rest->waiting = true;
        rest->inside = false;
        rest->options = true;
        rest->kind = kind;
        rest->outer = indent;
}

/* ``docker run …`` within a line. */
static int read_literals(struct rest *rest, size_t at, size_t end)
{
        int r = 0;
        while (r == 0) {
                struct cf_span line = cf_span_part(rest->text, at, end - at);
                size_t open = cf_span_find(line, CF_SPAN("``"));
                if (open == SIZE_MAX)
                        return 0;
                struct cf_span inner = cf_span_part(line, open + 2, SIZE_MAX);
                size_t close = cf_span_find(inner, CF_SPAN("``"));
                if (close == SIZE_MAX)
                        return 0;
                r = cf_document_command(&rest->document, at + open + 2, close);
                at += open + 2 + close + 2;
        }
        return r;
}

/* `.. name:: argument`, `.. comment`. */
static void read_explicit(struct rest *rest, struct cf_span text, size_t indent)
{
        static const struct {
                const char *name;
                bool language;
        } directives[] = {{"code-block", true},      {"code", true},
                          {"sourcecode", true},      {"prompt", true},
                          {"parsed-literal", false}, {"terminal", false}};
        struct cf_span body = cf_span_trim(cf_span_part(text, 2, SIZE_MAX));
        size_t colons = cf_span_find(body, CF_SPAN("::"));
        struct cf_span name = cf_span_part(body, 0, colons);
        if (colons == SIZE_MAX || cf_span_find_byte(name, ' ') != SIZE_MAX) {
                if (cf_span_find_byte(body, ':') == SIZE_MAX || body.data[0] != '_')
                        announce(rest, CF_BLOCK_NONE, indent); /* a comment */
                return;
        }
        for (size_t i = 0; i < CF_COUNT(directives); i++)
                if (cf_span_is(name, directives[i].name)) {
                        struct cf_span argument = cf_span_part(body, colons + 2, SIZE_MAX);
                        announce(rest,
                                 directives[i].language
                                         ? cf_block_of(argument, &rest->document.file)
                                         : CF_BLOCK_SESSION,
                                 indent);
                }
}

static int end_block(struct rest *rest)
{
        rest->waiting = rest->inside = false;
        return cf_document_block(&rest->document, rest->kind);
}

static int read_text(struct rest *rest, struct cf_span text, size_t indent)
{
        size_t at = (size_t)(text.data - rest->text.data);
        if (cf_span_starts(text, ".. ") || cf_span_is(text, "..")) {
                read_explicit(rest, text, indent);
                return 0;
        }
        int r = read_literals(rest, at, at + text.size);
        if (cf_span_ends(text, "::"))
                announce(rest, CF_BLOCK_SESSION, indent);
        return r;
}

static int read_line(struct rest *rest, struct cf_span line)
{
        size_t bytes, indent = indent_of(line, &bytes);
        size_t at = (size_t)(line.data - rest->text.data);
        struct cf_span text = cf_span_trim(line);
        if (text.size == 0) {
                rest->options = false;
                return rest->inside ? cf_document_add(&rest->document, at, 0) : 0;
        }
        if (rest->waiting && indent > rest->outer) {
                if (!rest->inside && rest->options && text.data[0] == ':')
                        return 0;
                rest->inside = true;
                return cf_document_add(&rest->document, at + bytes, line.size - bytes);
        }
        int r = rest->waiting ? end_block(rest) : 0;
        return r ? r : read_text(rest, text, indent);
}

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const endings[] = {".rst", ".rest", NULL};
        return cf_name_ends_in_one(cf_name_plain(source->path), endings) ? CF_CLAIM_NAME
                                                                         : CF_CLAIM_NONE;
}

static int read_rest(const struct cf_reader *reader, const struct cf_source *source,
                     struct cf_error *err)
{
        struct rest rest = {.text = source->text};
        struct cf_span left = source->text, line;
        int r = 0;
        cf_document_init(&rest.document, reader, source, "rest", err);
        while (r == 0 && cf_span_next_line(&left, &line))
                r = read_line(&rest, line);
        if (r == 0 && rest.waiting)
                r = end_block(&rest);
        return cf_document_finish(&rest.document, r);
}

const struct cf_format cf_format_rest = {
        .name = "rest",
        .summary = "reStructuredText: code directives, literal blocks, inline literals",
        .claim = claim,
        .read = read_rest,
};
