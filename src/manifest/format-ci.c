/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines of CI services and task runners: YAML whose `run`, `script` and the like are shell
 * text, and the options that a job gives its own containers. */
#include <string.h>

#include "base/yaml.h"
#include "manifest/command.h"
#include "manifest/formats.h"
#include "manifest/names.h"

struct pipeline {
        struct cf_script script;
        struct cf_shell_code whole;
        struct cf_error *err;
};

/* ---- scalars → shell text ---------------------------------------------------------------------
 */

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static size_t indent_of(struct cf_span line)
{
        size_t indent = 0;
        while (indent < line.size && line.data[indent] == ' ')
                indent++;
        return indent;
}

static size_t shared_indent(struct cf_span lines)
{
        size_t indent = SIZE_MAX;
        for (struct cf_span line; cf_span_next_line(&lines, &line);)
                if (cf_span_trim(line).size && indent_of(line) < indent)
                        indent = indent_of(line);
        return indent;
}

/* The end of a line in a block scalar. Where it folds it is a blank together with the indent of the
 * next line, so that what is cut takes its line along and leaves no empty one, which would not
 * fold.
 */
static void build_line_end(struct cf_shell_builder *builder, const struct cf_yaml *node, size_t end,
                           size_t indent, bool plain)
{
        struct cf_span text = builder->from->text;
        size_t limit = node->offset + node->length, next = end;
        while (next < limit && text.data[next] != '\n')
                next++;
        next += next < limit;
        size_t start = next;
        while (next < limit && next - start < indent && text.data[next] == ' ')
                next++;
        bool folds = node->style == CF_YAML_FOLDED && plain && next < limit &&
                     !is_blank(text.data[next]) && text.data[next] != '\n';
        if (folds)
                cf_shell_build_put(builder, CF_SPAN(" "), end, next - end);
        else
                cf_shell_build_put(builder, CF_SPAN("\n"), end, start - end);
}

/* A scalar in block style: the lines below its header, without the indent that they share. */
static void build_block(struct cf_shell_builder *builder, const struct cf_yaml *node)
{
        struct cf_span text = builder->from->text;
        struct cf_span rest = cf_span_part(text, node->offset, node->length), line;
        cf_span_next_line(&rest, &line);
        size_t indent = shared_indent(rest);
        while (cf_span_next_line(&rest, &line)) {
                size_t at = (size_t)(line.data - text.data);
                size_t skip = indent_of(line) < indent ? indent_of(line) : indent;
                bool plain = line.size > skip && !is_blank(line.data[skip]);
                cf_shell_build_copy(builder, at + skip, line.size - skip);
                build_line_end(builder, node, at + line.size, indent, plain);
        }
}

/* A scalar on one line or on several that are folded. False: it has an escape that is not read. */
static bool build_flow(struct cf_shell_builder *builder, const struct cf_yaml *node)
{
        struct cf_span text = builder->from->text;
        bool quoted = node->style == CF_YAML_SINGLE || node->style == CF_YAML_DOUBLE;
        size_t at = node->offset + quoted, end = node->offset + node->length - quoted;
        for (size_t size; at < end; at += size) {
                struct cf_span rest = cf_span_part(text, at, end - at);
                size = 1;
                if (node->style == CF_YAML_SINGLE && cf_span_starts(rest, "''")) {
                        size = 2;
                        cf_shell_build_put(builder, CF_SPAN("'"), at, size);
                } else if (node->style == CF_YAML_DOUBLE && rest.data[0] == '\\') {
                        size = 2;
                        if (rest.size < 2 || !strchr("\"\\/n", rest.data[1]))
                                return false;
                        char byte = rest.data[1] == 'n' ? '\n' : rest.data[1];
                        cf_shell_build_put(builder, (struct cf_span){&byte, 1}, at, size);
                } else if (rest.data[0] == '\n' || rest.data[0] == '\r') {
                        while (size < rest.size &&
                               (is_blank(rest.data[size]) || rest.data[size] == '\n'))
                                size++;
                        cf_shell_build_put(builder, CF_SPAN(" "), at, size);
                } else {
                        cf_shell_build_copy(builder, at, 1);
                }
        }
        return true;
}

static int build(struct pipeline *pipeline, const struct cf_yaml *node,
                 struct cf_shell_code **ret_code)
{
        struct cf_arena *arena = pipeline->script.reader->arena;
        struct cf_shell_builder builder = {.arena = arena, .from = &pipeline->whole};
        struct cf_shell_code *code = cf_arena_one(arena, struct cf_shell_code);
        *ret_code = NULL;
        if (!code)
                return -ENOMEM;
        if (node->style == CF_YAML_LITERAL || node->style == CF_YAML_FOLDED)
                build_block(&builder, node);
        else if (!build_flow(&builder, node))
                return 0;
        if (cf_shell_build_done(&builder, code) < 0)
                return -ENOMEM;
        if (node->style == CF_YAML_FOLDED || node->style == CF_YAML_PLAIN)
                code->flags |= CF_SHELL_FOLDED;
        /* An edit would have to heed the quotes of the scalar too. */
        if (node->style == CF_YAML_SINGLE || node->style == CF_YAML_DOUBLE)
                code->level = 2;
        *ret_code = code;
        return 0;
}

/* ---- what is shell text -----------------------------------------------------------------------
 */

static int read_script(struct pipeline *pipeline, struct cf_yaml *node)
{
        struct cf_shell_code *code;
        int r = 0;
        if (node->target)
                return 0; /* read where it stands */
        if (node->type == CF_YAML_SEQUENCE) {
                for (size_t i = 0; i < node->count && r == 0; i++)
                        if (node->items[i]->type != CF_YAML_MAPPING)
                                r = read_script(pipeline, node->items[i]);
                return r;
        }
        if (node->type != CF_YAML_SCALAR)
                return 0;
        r = build(pipeline, node, &code);
        if (r < 0 || !code)
                return r;
        r = cf_script_code(&pipeline->script, code, pipeline->err);
        return r == -E2BIG ? 0 : r; /* what is nested so deeply is no command line */
}

/* container: { image: …, options: --privileged }: what the job's own container is started with. */
static int read_options(struct pipeline *pipeline, const struct cf_yaml *node)
{
        struct cf_shell_code *code;
        int r = node->target || node->type != CF_YAML_SCALAR ? 0 : build(pipeline, node, &code);
        if (r < 0 || node->target || node->type != CF_YAML_SCALAR || !code)
                return r;
        struct cf_assignment assignment = {
                .name = CF_SPAN("container.options"),
                .code = code,
                .at = node->offset,
                .everywhere = true,
                .is_split = true,
                .list = {.kind = CF_LIST_STRING,
                         .code = code,
                         .inner = {0, code->text.size},
                         .quoting = CF_QUOTE_NONE},
        };
        r = cf_shell_split(&pipeline->script.lexer, code, assignment.list.inner,
                           &assignment.list.words, &assignment.list.count);
        if (r < 0)
                return r == -E2BIG ? 0 : r;
        pipeline->script.mentions_engine = true; /* nothing else starts a job's containers */
        return cf_script_assign(&pipeline->script, &assignment);
}

static bool is_script_key(struct cf_span key)
{
        static const char *const keys[] = {
                "run",     "script",   "before_script",  "after_script",  "command",
                "cmd",     "commands", "cmds",           "bash",          "sh",
                "install", "scripts",  "before_install", "after_success", "after_failure",
                NULL};
        return cf_name_is_one(key, keys) || cf_span_ends(key, "_script");
}

static int read_node(struct pipeline *pipeline, struct cf_yaml *node)
{
        int r = 0;
        if (node->target || node->type == CF_YAML_SCALAR)
                return 0;
        if (node->type == CF_YAML_SEQUENCE) {
                for (size_t i = 0; i < node->count && r == 0; i++)
                        r = read_node(pipeline, node->items[i]);
                return r;
        }
        bool container = cf_yaml_own(node, "image", NULL);
        for (size_t i = 0; i < node->count && r == 0; i++) {
                const char *key = cf_yaml_string(node->items[2 * i]);
                struct cf_yaml *value = node->items[2 * i + 1];
                if (key && is_script_key(cf_span_of(key)))
                        r = read_script(pipeline, value);
                else if (key && container && strcmp(key, "options") == 0)
                        r = read_options(pipeline, value);
                if (r == 0)
                        r = read_node(pipeline, value);
        }
        return r;
}

/* ---- the format -------------------------------------------------------------------------------
 */

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const endings[] = {".yml", ".yaml", NULL};
        static const char *const names[] = {"action.yml",
                                            "action.yaml",
                                            ".travis.yml",
                                            ".drone.yml",
                                            ".cirrus.yml",
                                            ".woodpecker.yml",
                                            ".woodpecker.yaml",
                                            "buildspec.yml",
                                            ".appveyor.yml",
                                            "appveyor.yml",
                                            "bitbucket-pipelines.yml",
                                            "Taskfile.yml",
                                            "Taskfile.yaml",
                                            NULL};
        static const char *const parts[] = {"gitlab-ci", "azure-pipelines", NULL};
        static const char *const folders[] = {"workflows", ".circleci", ".woodpecker", ".buildkite",
                                              ".azure",    ".ci",       NULL};
        struct cf_span name = cf_name_plain(source->path);
        struct cf_span folder = cf_name_folder(source->path);
        if (!cf_name_ends_in_one(name, endings))
                return CF_CLAIM_NONE;
        bool ours = cf_name_is_one(name, names) || cf_name_is_one(folder, folders) ||
                    cf_span_find(cf_span_of(source->path), CF_SPAN(".gitlab/")) != SIZE_MAX;
        for (const char *const *part = parts; *part; part++)
                ours |= cf_span_find(name, cf_span_of(*part)) != SIZE_MAX;
        /* Other files stand in such folders too, and templates are no YAML yet: nobody would call
         * them broken. */
        return ours ? CF_CLAIM_CONTENT : CF_CLAIM_NONE;
}

static int read_ci(const struct cf_reader *reader, const struct cf_source *source,
                   struct cf_error *err)
{
        struct pipeline pipeline = {.err = err};
        struct cf_yaml_file *file;
        int r = cf_yaml_parse(reader->arena, source, &file, err);
        if (r < 0)
                return r;
        cf_script_init(&pipeline.script, reader, source, "ci");
        pipeline.whole = cf_script_source_code(&pipeline.script);
        for (size_t i = 0; i < file->count && r == 0; i++)
                if (file->documents[i].root)
                        r = read_node(&pipeline, file->documents[i].root);
        return r ? r : cf_script_finish(&pipeline.script, err);
}

const struct cf_format cf_format_ci = {
        .name = "ci",
        .summary = "CI pipelines: the shell text of their steps, options of their containers",
        .claim = claim,
        .read = read_ci,
};
