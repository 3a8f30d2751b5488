/* SPDX-License-Identifier: Apache-2.0 */
/* Markdown: fenced and indented code, code spans, HTML blocks. */
#include "manifest/document.h"
#include "manifest/formats.h"
#include "manifest/names.h"

struct markdown {
        struct cf_document document;
        struct cf_span text;
        /* An open fence. */
        char fence; /* '`' or '~'; 0: none */
        size_t fence_length;
        enum cf_block_kind fence_kind;
        bool html;     /* within <pre> */
        bool comment;  /* within <!-- … --> */
        bool indented; /* within an indented block */
        bool blank;    /* the line before was empty */
};

/* A line without its quote marks and blanks in front. */
struct content {
        size_t start, end; /* in the file */
        size_t indent;     /* columns of blanks in front, after quote marks */
};

static struct content content_of(const struct markdown *markdown, struct cf_span line)
{
        size_t at = (size_t)(line.data - markdown->text.data), end = at + line.size;
        struct content content = {.end = end};
        for (; at < end; at++) {
                char c = markdown->text.data[at];
                if (c == '>' && content.indent < 4)
                        content.indent = 0;
                else if (c == ' ')
                        content.indent++;
                else if (c == '\t')
                        content.indent += 4;
                else
                        break;
        }
        content.start = at;
        return content;
}

static struct cf_span span(const struct markdown *markdown, struct content content)
{
        return cf_span_part(markdown->text, content.start, content.end - content.start);
}

/* The same character over and over at the start of a text. */
static size_t run_length(struct cf_span text, char c)
{
        size_t size = 0;
        while (size < text.size && text.data[size] == c)
                size++;
        return size;
}

/* ---- fences -----------------------------------------------------------------------------------
 */

/* The length of the fence that a line opens; 0: none. */
static size_t fence_length(struct cf_span text)
{
        char c = text.size ? text.data[0] : '\0';
        size_t length = c == '`' || c == '~' ? run_length(text, c) : 0;
        struct cf_span info = cf_span_part(text, length, SIZE_MAX);
        return length < 3 || (c == '`' && cf_span_find_byte(info, '`') != SIZE_MAX) ? 0 : length;
}

static void open_fence(struct markdown *markdown, struct cf_span text, size_t length)
{
        markdown->fence = text.data[0];
        markdown->fence_length = length;
        markdown->fence_kind =
                cf_block_of(cf_span_part(text, length, SIZE_MAX), &markdown->document.file);
        markdown->blank = false;
}

static int read_fenced(struct markdown *markdown, struct cf_span line)
{
        struct content content = content_of(markdown, line);
        struct cf_span text = cf_span_trim(span(markdown, content));
        size_t length = run_length(text, markdown->fence);
        if (length >= markdown->fence_length && length == text.size) {
                markdown->fence = 0;
                markdown->blank = true; /* as good as */
                return cf_document_block(&markdown->document, markdown->fence_kind);
        }
        return cf_document_add(&markdown->document, content.start, content.end - content.start);
}

/* ---- HTML --------------------------------------------------------------------------------------
 */

/* Passes tags at the start of a text: <pre><code class="…">. */
static size_t skip_tags(struct cf_span text)
{
        size_t at = 0;
        while (at < text.size && text.data[at] == '<') {
                size_t end = cf_span_find_byte(cf_span_part(text, at, SIZE_MAX), '>');
                if (end == SIZE_MAX)
                        break;
                at += end + 1;
        }
        return at;
}

static int read_html(struct markdown *markdown, size_t start, size_t end)
{
        struct cf_span text = cf_span_part(markdown->text, start, end - start);
        size_t close = cf_span_find(text, CF_SPAN("</"));
        int r = 0;
        if (cf_span_part(text, 0, close).size)
                r = cf_document_add(&markdown->document, start, cf_span_part(text, 0, close).size);
        if (close == SIZE_MAX || r < 0)
                return r;
        markdown->html = false;
        markdown->document.entities = true;
        r = cf_document_block(&markdown->document, CF_BLOCK_SESSION);
        markdown->document.entities = false;
        return r;
}

/* ---- text --------------------------------------------------------------------------------------
 */

/* <code>docker run …</code> within a line. */
static int read_tag(struct markdown *markdown, size_t start, size_t end, size_t *ret_next)
{
        struct cf_span text = cf_span_part(markdown->text, start, end - start);
        size_t close = cf_span_find(text, CF_SPAN("</code>"));
        *ret_next = end;
        if (close == SIZE_MAX)
                return 0;
        *ret_next = start + close;
        markdown->document.entities = true;
        int r = cf_document_command(&markdown->document, start, close);
        markdown->document.entities = false;
        return r;
}

static int read_spans(struct markdown *markdown, size_t at, size_t end)
{
        int r = 0;
        while (at < end && r == 0) {
                struct cf_span rest = cf_span_part(markdown->text, at, end - at);
                if (rest.data[0] == '`') {
                        size_t length = run_length(rest, '`'), close = length;
                        while (close < rest.size) {
                                size_t run = run_length(cf_span_part(rest, close, SIZE_MAX), '`');
                                if (run == length)
                                        break;
                                close += run ? run : 1;
                        }
                        if (close >= rest.size) {
                                at += length;
                                continue;
                        }
                        r = cf_document_command(&markdown->document, at + length, close - length);
                        at += close + length;
                } else if (cf_span_starts(rest, "<code>")) {
                        r = read_tag(markdown, at + 6, end, &at);
                } else {
                        at += rest.data[0] == '\\' && rest.size > 1 ? 2 : 1;
                }
        }
        return r;
}

static int end_indented(struct markdown *markdown)
{
        if (!markdown->indented)
                return 0;
        markdown->indented = false;
        return cf_document_block(&markdown->document, CF_BLOCK_PLAIN);
}

static int read_paragraph(struct markdown *markdown, struct content content)
{
        struct cf_span text = span(markdown, content);
        if (text.size == 0) {
                markdown->blank = true;
                return markdown->indented ? cf_document_add(&markdown->document, content.end, 0)
                                          : 0;
        }
        if (content.indent >= 4 && (markdown->blank || markdown->indented) && text.data[0] != '`') {
                markdown->indented = true;
                markdown->blank = false;
                /* Code, or the text of a list's item. */
                int r = cf_document_add(&markdown->document, content.start,
                                        content.end - content.start);
                return r ? r : read_spans(markdown, content.start, content.end);
        }
        markdown->blank = false;
        int r = end_indented(markdown);
        if (r < 0)
                return r;
        if (cf_span_starts(text, "<!--")) {
                markdown->comment = cf_span_find(text, CF_SPAN("-->")) == SIZE_MAX;
                return 0;
        }
        if (cf_span_starts(text, "<pre") || cf_span_starts(text, "<code")) {
                markdown->html = true;
                return read_html(markdown, content.start + skip_tags(text), content.end);
        }
        return read_spans(markdown, content.start, content.end);
}

static int read_line(struct markdown *markdown, struct cf_span line)
{
        struct content content = content_of(markdown, line);
        if (markdown->comment) {
                markdown->comment = cf_span_find(line, CF_SPAN("-->")) == SIZE_MAX;
                return 0;
        }
        if (markdown->fence)
                return read_fenced(markdown, line);
        if (markdown->html)
                return read_html(markdown, content.start, content.end);
        size_t fence = fence_length(span(markdown, content));
        if (!fence)
                return read_paragraph(markdown, content);
        int r = end_indented(markdown);
        open_fence(markdown, span(markdown, content), fence);
        return r;
}

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const endings[] = {".md",  ".markdown", ".mdown", ".mkd",
                                              ".mdx", ".rmd",      ".qmd",   NULL};
        return cf_name_ends_in_one(cf_name_plain(source->path), endings) ? CF_CLAIM_NAME
                                                                         : CF_CLAIM_NONE;
}

static int read_markdown(const struct cf_reader *reader, const struct cf_source *source,
                         struct cf_error *err)
{
        struct markdown markdown = {.text = source->text, .blank = true};
        struct cf_span rest = source->text, line;
        int r = 0;
        cf_document_init(&markdown.document, reader, source, "markdown", err);
        while (r == 0 && cf_span_next_line(&rest, &line))
                r = read_line(&markdown, line);
        /* A fence that nobody closed goes on to the end. */
        if (r == 0 && (markdown.fence || markdown.html))
                r = cf_document_block(&markdown.document,
                                      markdown.fence ? markdown.fence_kind : CF_BLOCK_SESSION);
        if (r == 0)
                r = end_indented(&markdown);
        return cf_document_finish(&markdown.document, r);
}

const struct cf_format cf_format_markdown = {
        .name = "markdown",
        .summary = "Markdown: fenced and indented code, code spans, HTML blocks",
        .claim = claim,
        .read = read_markdown,
};
