/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles: commands in RUN, CMD, ENTRYPOINT, HEALTHCHECK and ONBUILD, in shell form, as JSON
 * and as here-documents; ENV and ARG; RUN --security=insecure. */
#include "manifest/command.h"
#include "manifest/formats.h"
#include "manifest/names.h"

#define ITEMS_MAX 16384 /* of one JSON array */
#define LOST_MAX 64     /* here-documents without an end; later ones are not looked for */

struct dockerfile {
        struct cf_script script;
        struct cf_shell_code whole;
        struct cf_span text;
        size_t pos;
        char escape;
        const char *stage; /* name of the build stage; NULL: none */
        unsigned lost;     /* here-documents without an end */
        struct cf_error *err;
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* ---- instructions ------------------------------------------------------------------------------
 */

/* One physical line: [start, end) without its line end; the start of the next. */
static size_t line_end(const struct dockerfile *file, size_t start, size_t *ret_next)
{
        struct cf_span text = file->text;
        const char *newline = memchr(text.data + start, '\n', text.size - start);
        size_t end = newline ? (size_t)(newline - text.data) : text.size;
        *ret_next = newline ? end + 1 : text.size;
        return end > start && text.data[end - 1] == '\r' ? end - 1 : end;
}

static bool is_comment(const struct dockerfile *file, size_t start, size_t end)
{
        while (start < end && is_blank(file->text.data[start]))
                start++;
        return start == end || file->text.data[start] == '#';
}

/* The line goes on: where its escape character stands; SIZE_MAX: it does not. */
static size_t continuation(const struct dockerfile *file, size_t start, size_t end)
{
        while (end > start && is_blank(file->text.data[end - 1]))
                end--;
        return end > start && file->text.data[end - 1] == file->escape ? end - 1 : SIZE_MAX;
}

/* The instruction at file->pos as shell text: comments and empty lines among its lines are not
 * part of it. */
static int build_instruction(struct dockerfile *file, struct cf_shell_code **ret_code)
{
        struct cf_arena *arena = file->script.reader->arena;
        struct cf_shell_builder builder = {.arena = arena, .from = &file->whole};
        struct cf_shell_code *code = cf_arena_one(arena, struct cf_shell_code);
        bool first = true, more = true;
        while (more && file->pos < file->text.size) {
                if (cf_script_budget(&file->script) < 0)
                        return -E2BIG;
                size_t start = file->pos, next, end = line_end(file, start, &next);
                file->pos = next;
                if (!first && is_comment(file, start, end))
                        continue;
                first = false;
                size_t at = continuation(file, start, end);
                more = at != SIZE_MAX;
                cf_shell_build_copy(&builder, start, (more ? at : end) - start);
                if (more)
                        cf_shell_build_put(&builder, CF_SPAN("\\\n"), at, next - at);
        }
        if (!code || cf_shell_build_done(&builder, code) < 0)
                return -ENOMEM;
        *ret_code = code;
        return 0;
}

static size_t skip_blanks(const struct cf_shell_code *code, size_t at)
{
        struct cf_span text = code->text;
        for (;;) {
                if (at < text.size && is_blank(text.data[at]))
                        at++;
                else if (at + 1 < text.size && text.data[at] == '\\' && text.data[at + 1] == '\n')
                        at += 2;
                else
                        return at;
        }
}

static size_t word_end(const struct cf_shell_code *code, size_t at)
{
        struct cf_span text = code->text;
        while (at < text.size && !is_blank(text.data[at]) && text.data[at] != '\n' &&
               !(text.data[at] == '\\' && at + 1 < text.size && text.data[at + 1] == '\n'))
                at++;
        return at;
}

/* The part of an instruction's code from `at` on, as code of its own. */
static struct cf_shell_code *rest_of(struct dockerfile *file, const struct cf_shell_code *code,
                                     size_t at)
{
        struct cf_shell_builder builder = {.arena = file->script.reader->arena, .from = code};
        struct cf_shell_code *rest = cf_arena_one(builder.arena, struct cf_shell_code);
        cf_shell_build_copy(&builder, at, code->text.size - at);
        return rest && cf_shell_build_done(&builder, rest) == 0 ? rest : NULL;
}

/* ---- JSON form --------------------------------------------------------------------------------
 */

/* One string at *at: a word. False: no string. */
static bool read_string(struct cf_arena *arena, const struct cf_shell_code *code, size_t *at,
                        struct cf_shell_word *ret_word, int *ret_error)
{
        struct cf_span text = code->text;
        size_t start = *at, i = start + 1;
        CF_VEC(struct cf_shell_part) parts = {0};
        struct cf_shell_word word = {.offset = start, .literal = true, .quoted = true};
        char *value;
        if (start >= text.size || text.data[start] != '"')
                return false;
        while (i < text.size && text.data[i] != '"' && text.data[i] != '\n')
                i += text.data[i] == '\\' && i + 1 < text.size && text.data[i + 1] != '\n' ? 2 : 1;
        if (i >= text.size || text.data[i] != '"')
                return false;
        size_t end = i, size = 0;
        value = cf_arena_alloc(arena, end - start);
        if (!value)
                goto no_memory;
        for (i = start + 1; i < end;) {
                struct cf_shell_part part = {.kind = CF_SHELL_LITERAL,
                                             .quote = '"',
                                             .offset = i,
                                             .length = 1,
                                             .at = size};
                if (text.data[i] == '\\') {
                        part.offset = i + 1;
                        if (!strchr("\"\\/", text.data[i + 1])) {
                                part.kind = CF_SHELL_OPAQUE;
                                word.literal = false;
                        }
                        i += 2;
                } else {
                        while (i + 1 < end && text.data[i + 1] != '\\')
                                i++;
                        part.length = ++i - part.offset;
                }
                if (part.kind == CF_SHELL_LITERAL) {
                        memcpy(value + size, text.data + part.offset, part.length);
                        size += part.length;
                } else {
                        value[size++] = CF_SHELL_MARK;
                }
                if (parts.count > CF_SHELL_PARTS)
                        return false;
                if (cf_vec_push(arena, &parts, part) < 0)
                        goto no_memory;
        }
        if (parts.count == 0 &&
            cf_vec_push(arena, &parts, (struct cf_shell_part){.quote = '"', .offset = start + 1}) <
                    0)
                goto no_memory;
        word.length = end + 1 - start;
        word.value = (struct cf_span){value, size};
        word.parts = parts.items;
        word.part_count = parts.count;
        *ret_word = word;
        *at = end + 1;
        return true;
no_memory:
        *ret_error = -ENOMEM;
        return false;
}

/* ["a", "b"]: false when it is no array of strings (then it is shell text, as the builder says). */
static bool read_array(struct cf_arena *arena, const struct cf_shell_code *code, size_t at,
                       struct cf_list *ret_list, int *ret_error)
{
        CF_VEC(struct cf_shell_word) words = {0};
        struct cf_span text = code->text;
        size_t open = at;
        *ret_error = 0;
        if (at >= text.size || text.data[at] != '[')
                return false;
        for (;;) {
                struct cf_shell_word word;
                at = skip_blanks(code, at + 1);
                if (words.count >= ITEMS_MAX || !read_string(arena, code, &at, &word, ret_error))
                        return false;
                if (cf_vec_push(arena, &words, word) < 0) {
                        *ret_error = -ENOMEM;
                        return false;
                }
                at = skip_blanks(code, at);
                if (at >= text.size || (text.data[at] != ',' && text.data[at] != ']'))
                        return false;
                if (text.data[at] == ']')
                        break;
        }
        *ret_list = (struct cf_list){.kind = CF_LIST_JSON,
                                     .code = code,
                                     .words = words.items,
                                     .count = words.count,
                                     .inner = {open + 1, at - open - 1}};
        return true;
}

/* ---- what instructions run ---------------------------------------------------------------------
 */

static int read_command(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        struct cf_list list;
        int r;
        at = skip_blanks(code, at);
        if (read_array(file->script.reader->arena, code, at, &list, &r))
                return cf_script_words(&file->script, &list, file->err);
        if (r < 0)
                return r;
        const struct cf_shell_code *rest = rest_of(file, code, at);
        return rest ? cf_script_code(&file->script, rest, file->err) : -ENOMEM;
}

/* RUN <<EOF: the lines up to EOF are the script. Others belong to the command of the line. */
static int read_documents(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        struct cf_span text = code->text;
        size_t mark = cf_span_find(cf_span_part(text, at, SIZE_MAX), CF_SPAN("<<"));
        if (mark == SIZE_MAX || (mark += at + 2) >= text.size || text.data[mark] == '<')
                return 0;
        if (text.data[mark] == '-')
                mark++;
        struct cf_span word = cf_span_part(text, mark, word_end(code, mark) - mark);
        if (word.size > 1 && (word.data[0] == '"' || word.data[0] == '\''))
                word = cf_span_part(word, 1, word.size - 2);
        if (word.size == 0 || file->lost >= LOST_MAX)
                return 0;
        at = skip_blanks(code, at);
        bool script = cf_span_starts(cf_span_part(text, at, SIZE_MAX), "<<");
        size_t start = file->pos;
        for (size_t pos = start, next; pos < file->text.size; pos = next) {
                size_t end = line_end(file, pos, &next);
                if (!cf_span_equal(cf_span_trim(cf_span_part(file->text, pos, end - pos)), word))
                        continue;
                file->pos = next;
                if (!script)
                        return 0;
                struct cf_shell_code *body =
                        cf_arena_one(file->script.reader->arena, struct cf_shell_code);
                if (!body)
                        return -ENOMEM;
                *body = (struct cf_shell_code){.text = cf_span_part(file->text, start, pos - start),
                                               .base = start,
                                               .file = file->text};
                return cf_script_code(&file->script, body, file->err);
        }
        file->lost++;
        return 0;
}

/* A flag of RUN: its blank before it goes with it, or its whole line. */
static int read_security(struct dockerfile *file, const struct cf_shell_code *code, size_t start,
                         size_t end)
{
        struct cf_range flag = cf_shell_source_range(code, start, end - start);
        struct cf_range command = cf_shell_source_range(code, 0, code->text.size);
        return cf_script_flag(&file->script, "RUN", file->stage, command, flag);
}

static int read_run(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        int r = 0;
        for (;;) {
                at = skip_blanks(code, at);
                size_t end = word_end(code, at);
                struct cf_span word = cf_span_part(code->text, at, end - at);
                if (!cf_span_starts(word, "--"))
                        break;
                if (cf_span_is(word, "--security=insecure") &&
                    (r = read_security(file, code, at, end)) < 0)
                        return r;
                at = end;
        }
        r = read_command(file, code, at);
        return r ? r : read_documents(file, code, at);
}

/* ENV A=b C="d e", ENV A b, ARG A=b. */
static int read_variables(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        const struct cf_shell_word *words;
        size_t count;
        int r = cf_shell_split(&file->script.lexer, code,
                               (struct cf_range){at, code->text.size - at}, &words, &count);
        for (size_t i = 0; i < count && r == 0; i++) {
                if (!words[i].name_length)
                        continue;
                struct cf_assignment assignment = {
                        .name = cf_span_part(words[i].value, 0, words[i].name_length),
                        .code = code,
                        .word = &words[i],
                        .value_at = words[i].name_length + 1,
                        .at = cf_shell_source(code, words[i].offset),
                        .everywhere = true,
                };
                r = cf_script_assign(&file->script, &assignment);
        }
        return r == -E2BIG && !file->script.exhausted ? 0 : r;
}

/* The labels that `podman container runlabel` and its like run. Any other is for people to read. */
static bool is_run(struct cf_span label)
{
        static const char *const names[] = {"run", "install", "uninstall", NULL};
        for (const char *const *name = names; *name; name++)
                if (cf_span_equal_nocase(label, cf_span_of(*name)))
                        return true;
        return false;
}

static int read_labels(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        const struct cf_shell_word *words;
        size_t count;
        int r = cf_shell_split(&file->script.lexer, code,
                               (struct cf_range){at, code->text.size - at}, &words, &count);
        for (size_t i = 0; i < count && r == 0; i++) {
                size_t equals = cf_span_find_byte(words[i].value, '=');
                if (equals == SIZE_MAX)
                        continue;
                struct cf_shell_builder builder = {.arena = file->script.reader->arena,
                                                   .from = code};
                struct cf_shell_code *inner = cf_arena_one(builder.arena, struct cf_shell_code);
                cf_shell_build_word(&builder, &words[i], equals + 1);
                if (!inner || cf_shell_build_done(&builder, inner) < 0)
                        return -ENOMEM;
                inner->level = code->level + 1;
                inner->parent = code;
                inner->parent_command = (struct cf_range){words[i].offset, words[i].length};
                file->script.documentation = !is_run(cf_span_part(words[i].value, 0, equals));
                r = cf_script_code(&file->script, inner, file->err);
                file->script.documentation = false;
        }
        return r == -E2BIG && !file->script.exhausted ? 0 : r;
}

static int read_stage(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        file->stage = NULL;
        for (bool next = false; at < code->text.size;) {
                at = skip_blanks(code, at);
                size_t end = word_end(code, at);
                struct cf_span word = cf_span_part(code->text, at, end - at);
                if (next) {
                        file->stage = cf_arena_copy(file->script.reader->arena, word);
                        return file->stage ? 0 : -ENOMEM;
                }
                next = cf_span_equal_nocase(word, CF_SPAN("as"));
                at = end > at ? end : at + 1;
        }
        return 0;
}

/* HEALTHCHECK --interval=5s CMD …, ONBUILD RUN …: the instruction within. */
static size_t skip_flags(const struct cf_shell_code *code, size_t at)
{
        for (;;) {
                at = skip_blanks(code, at);
                size_t end = word_end(code, at);
                if (!cf_span_starts(cf_span_part(code->text, at, end - at), "--"))
                        return at;
                at = end;
        }
}

static int read_instruction(struct dockerfile *file, const struct cf_shell_code *code, size_t at)
{
        static const struct {
                const char *name;
                int (*read)(struct dockerfile *file, const struct cf_shell_code *code, size_t at);
        } table[] = {
                {"RUN", read_run},       {"CMD", read_command},   {"ENTRYPOINT", read_command},
                {"ENV", read_variables}, {"ARG", read_variables}, {"LABEL", read_labels},
                {"FROM", read_stage},
        };
        for (unsigned nested = 0; nested < 3; nested++) {
                at = skip_blanks(code, at);
                size_t end = word_end(code, at);
                struct cf_span name = cf_span_part(code->text, at, end - at);
                if (cf_span_equal_nocase(name, CF_SPAN("ONBUILD")) ||
                    cf_span_equal_nocase(name, CF_SPAN("HEALTHCHECK"))) {
                        at = skip_flags(code, end);
                        continue;
                }
                for (size_t i = 0; i < CF_COUNT(table); i++)
                        if (cf_span_equal_nocase(name, cf_span_of(table[i].name)))
                                return table[i].read(file, code, end);
                break;
        }
        return 0;
}

/* `# escape=X`, before everything else. */
static void read_directive(struct dockerfile *file, struct cf_span line)
{
        struct cf_span text = cf_span_trim(cf_span_part(line, 1, SIZE_MAX));
        size_t equals = cf_span_find_byte(text, '=');
        if (equals == SIZE_MAX ||
            !cf_span_equal_nocase(cf_span_trim(cf_span_part(text, 0, equals)), CF_SPAN("escape")))
                return;
        struct cf_span value = cf_span_trim(cf_span_part(text, equals + 1, SIZE_MAX));
        if (value.size == 1 && (value.data[0] == '`' || value.data[0] == '\\'))
                file->escape = value.data[0];
}

static int read_dockerfile(const struct cf_reader *reader, const struct cf_source *source,
                           struct cf_error *err)
{
        struct dockerfile file = {.text = source->text, .escape = '\\', .err = err};
        bool directives = true;
        int r = 0;
        cf_script_init(&file.script, reader, source, "dockerfile");
        file.whole = cf_script_source_code(&file.script);
        while (file.pos < file.text.size && r == 0) {
                size_t next, end = line_end(&file, file.pos, &next);
                struct cf_span line =
                        cf_span_trim(cf_span_part(file.text, file.pos, end - file.pos));
                if (line.size == 0 || line.data[0] == '#') {
                        if (line.size && directives)
                                read_directive(&file, line);
                        file.pos = next;
                        continue;
                }
                struct cf_shell_code *code;
                directives = false;
                r = build_instruction(&file, &code);
                if (r == 0)
                        r = read_instruction(&file, code, 0);
        }
        return cf_script_finish(&file.script, r);
}

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const names[] = {"Dockerfile", "dockerfile", "Containerfile", NULL};
        static const char *const starts[] = {"Dockerfile.", "dockerfile.", "Containerfile.",
                                             "Dockerfile-", "Dockerfile_", NULL};
        static const char *const endings[] = {".dockerfile", ".containerfile", NULL};
        struct cf_span name = cf_name_plain(source->path);
        return cf_name_is_one(name, names) || cf_name_starts_with_one(name, starts) ||
                               cf_name_ends_in_one(name, endings)
                       ? CF_CLAIM_NAME
                       : CF_CLAIM_NONE;
}

const struct cf_format cf_format_dockerfile = {
        .name = "dockerfile",
        .summary = "Dockerfiles: commands in instructions, RUN --security=insecure",
        .claim = claim,
        .read = read_dockerfile,
};
