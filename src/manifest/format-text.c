/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text: lines that are clearly commands. */
#include "manifest/document.h"
#include "manifest/formats.h"
#include "manifest/names.h"

static const char *const endings[] = {".txt", ".text", ".adoc", ".asciidoc",  ".asc",
                                      ".org", ".wiki", ".me",   ".mediawiki", ".textile",
                                      ".pod", ".nfo",  NULL};

/* A name without an ending that is not that of a program or a known kind of file. */
static bool has_no_kind(struct cf_span name)
{
        static const char *const others[] = {
                "Jenkinsfile", "Vagrantfile", "Makefile", "Dockerfile", "Containerfile", "Rakefile",
                "Gemfile",     "Pipfile",     "BUILD",    "WORKSPACE",  "Procfile",      NULL};
        return cf_span_find_byte(name, '.') == SIZE_MAX && !cf_name_is_one(name, others) &&
               !cf_name_starts_with_one(name,
                                        (const char *const[]){"Dockerfile", "Makefile", NULL});
}

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const configuration[] = {"default", "sysconfig", "conf.d", NULL};
        struct cf_span name = cf_name_plain(source->path);
        if (cf_name_ends_in_one(name, endings))
                return CF_CLAIM_CONTENT;
        if (!has_no_kind(name) || cf_span_starts(source->text, "#!") ||
            cf_name_is_one(cf_name_folder(source->path), configuration))
                return CF_CLAIM_NONE;
        return CF_CLAIM_CONTENT;
}

static int read_text(const struct cf_reader *reader, const struct cf_source *source,
                     struct cf_error *err)
{
        struct cf_document document;
        struct cf_span rest = source->text, line;
        int r = 0;
        cf_document_init(&document, reader, source, "text", err);
        while (r == 0 && cf_span_next_line(&rest, &line))
                r = cf_document_add(&document, (size_t)(line.data - source->text.data), line.size);
        if (r == 0)
                r = cf_document_block(&document, CF_BLOCK_PLAIN);
        return cf_document_finish(&document, r);
}

const struct cf_format cf_format_text = {
        .name = "text",
        .summary = "plain text: lines that are clearly commands",
        .claim = claim,
        .read = read_text,
};
