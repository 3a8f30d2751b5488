/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text: lines that are clearly commands. */
#include "manifest/document.h"
#include "manifest/formats.h"
#include "manifest/names.h"

/* Endings of files that are code, data or markup: what stands in them is for programs. */
static const char *const others[] = {
        ".c",      ".h",       ".cc",   ".cpp",       ".cxx",   ".hh",    ".hpp",     ".inl",
        ".rs",     ".go",      ".py",   ".pyi",       ".ipynb", ".rb",    ".erb",     ".php",
        ".pl",     ".pm",      ".t",    ".java",      ".kt",    ".kts",   ".scala",   ".sc",
        ".groovy", ".cs",      ".fs",   ".vb",        ".swift", ".m",     ".mm",      ".js",
        ".mjs",    ".cjs",     ".jsx",  ".ts",        ".tsx",   ".vue",   ".svelte",  ".css",
        ".scss",   ".sass",    ".less", ".html",      ".htm",   ".xhtml", ".xml",     ".xsd",
        ".xsl",    ".svg",     ".json", ".json5",     ".jsonc", ".jsonl", ".yaml",    ".yml",
        ".toml",   ".ini",     ".cfg",  ".conf",      ".cnf",   ".env",   ".lock",    ".sum",
        ".mod",    ".sql",     ".r",    ".jl",        ".lua",   ".vim",   ".el",      ".clj",
        ".cljs",   ".edn",     ".ex",   ".exs",       ".erl",   ".hrl",   ".hs",      ".ml",
        ".mli",    ".nim",     ".zig",  ".d",         ".dart",  ".tf",    ".tfvars",  ".hcl",
        ".nomad",  ".nix",     ".bzl",  ".bazel",     ".cmake", ".ninja", ".gradle",  ".proto",
        ".thrift", ".graphql", ".csv",  ".tsv",       ".log",   ".diff",  ".patch",   ".po",
        ".pot",    ".pem",     ".crt",  ".key",       ".map",   ".ps1",   ".psm1",    ".bat",
        ".cmd",    ".fish",    ".awk",  ".sed",       ".tcl",   ".s",     ".asm",     ".pp",
        ".rules",  ".policy",  ".spec", ".container", ".kube",  ".pod",   ".desktop", ".ac",
        ".am",     ".m4",      ".snap", ".golden",    ".out",   NULL};
static const char *const names[] = {"Jenkinsfile", "Vagrantfile", "Rakefile",  "Gemfile",
                                    "Pipfile",     "BUILD",       "WORKSPACE", "Procfile",
                                    "Justfile",    "justfile",    "Earthfile", "Tiltfile",
                                    "Kconfig",     "go.mod",      NULL};
/* Folders of configuration: files there are for programs. */
static const char *const folders[] = {"default", "sysconfig", "conf.d", "init.d", "cron.d", NULL};

/* What is left when no other format takes the file and its name does not tell another kind. */
static enum cf_claim claim(const struct cf_source *source)
{
        struct cf_span name = cf_name_plain(source->path);
        if (cf_name_ends_in_one(name, others) || cf_name_is_one(name, names) ||
            cf_name_is_one(cf_name_folder(source->path), folders) ||
            cf_span_starts(source->text, "#!"))
                return CF_CLAIM_NONE;
        for (const struct cf_format *const *row = cf_formats; *row; row++)
                if (*row != &cf_format_text && (*row)->claim(source) != CF_CLAIM_NONE)
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
