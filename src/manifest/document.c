/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/document.h"
#include "manifest/names.h"

#define PROMPT_MAX 80 /* bytes of "user@host:~$ " */

void cf_document_init(struct cf_document *document, const struct cf_reader *reader,
                      const struct cf_source *source, const char *format, struct cf_error *err)
{
        *document = (struct cf_document){.err = err};
        cf_script_init(&document->script, reader, source, format);
        document->script.documentation = true;
        document->whole = cf_script_source_code(&document->script);
        document->whole.flags = CF_SHELL_PLACEHOLDERS;
}

int cf_document_add(struct cf_document *document, size_t start, size_t length)
{
        int r = cf_script_budget(&document->script);
        return r ? r
                 : cf_vec_push(document->script.reader->arena, &document->lines,
                               (struct cf_range){start, length});
}

enum cf_block_kind cf_block_of(struct cf_span language, const char **ret_file)
{
        static const struct {
                const char *name;
                enum cf_block_kind kind;
        } table[] = {
                {"", CF_BLOCK_SESSION},
                {"sh", CF_BLOCK_SHELL},
                {"bash", CF_BLOCK_SHELL},
                {"zsh", CF_BLOCK_SHELL},
                {"ksh", CF_BLOCK_SHELL},
                {"fish", CF_BLOCK_SHELL},
                {"shell", CF_BLOCK_SHELL},
                {"shell-script", CF_BLOCK_SHELL},
                {"shellscript", CF_BLOCK_SHELL},
                {"console", CF_BLOCK_SESSION},
                {"shell-session", CF_BLOCK_SESSION},
                {"shellsession", CF_BLOCK_SESSION},
                {"sh-session", CF_BLOCK_SESSION},
                {"bash-session", CF_BLOCK_SESSION},
                {"terminal", CF_BLOCK_SESSION},
                {"text", CF_BLOCK_SESSION},
                {"txt", CF_BLOCK_SESSION},
                {"plain", CF_BLOCK_SESSION},
                {"plaintext", CF_BLOCK_SESSION},
                {"none", CF_BLOCK_SESSION},
                {"raw", CF_BLOCK_SESSION},
                {"cli", CF_BLOCK_SESSION},
                {"command", CF_BLOCK_SESSION},
                {"commandline", CF_BLOCK_SESSION},
                {"default", CF_BLOCK_SESSION},
                {"powershell", CF_BLOCK_WINDOWS},
                {"pwsh", CF_BLOCK_WINDOWS},
                {"ps1", CF_BLOCK_WINDOWS},
                {"cmd", CF_BLOCK_WINDOWS},
                {"bat", CF_BLOCK_WINDOWS},
                {"batch", CF_BLOCK_WINDOWS},
                {"dos", CF_BLOCK_WINDOWS},
        };
        language = cf_span_trim(language);
        while (language.size && strchr("{.=", language.data[0]))
                language = cf_span_part(language, 1, SIZE_MAX);
        if (cf_span_starts(language, "language-"))
                language = cf_span_part(language, 9, SIZE_MAX);
        size_t end = 0;
        while (end < language.size && !strchr(" \t,}{:;", language.data[end]))
                end++;
        language = cf_span_part(language, 0, end);
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (cf_span_equal_nocase(language, cf_span_of(table[i].name)))
                        return table[i].kind;
        *ret_file = cf_embedded_name(language);
        return *ret_file ? CF_BLOCK_FILE : CF_BLOCK_NONE;
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static struct cf_span text_of(const struct cf_document *document, struct cf_range range)
{
        return cf_span_part(document->whole.text, range.offset, range.length);
}

static size_t skip_blanks(struct cf_span line)
{
        size_t at = 0;
        while (at < line.size && (line.data[at] == ' ' || line.data[at] == '\t'))
                at++;
        return at;
}

/* A folder alone, as the shells of small images show it: "/", "~", "/srv/data". */
static bool is_folder(struct cf_span text)
{
        return (cf_span_starts(text, "/") || cf_span_is(text, "~")) &&
               cf_span_find_byte(text, ' ') == SIZE_MAX && cf_span_find_byte(text, '.') == SIZE_MAX;
}

/* What stands before a prompt's last character: nothing, a folder, user@host:folder, [user@host …],
 * sh-5.1, (venv), PS C:\. A blank may stand in brackets and behind them alone. */
static bool is_prompt_text(struct cf_span text)
{
        bool telling =
                text.size == 0 || cf_span_starts(text, "sh-") || cf_span_starts(text, "bash-");
        int brackets = 0;
        if (cf_span_starts(text, "PS "))
                text = cf_span_part(text, 3, SIZE_MAX);
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                if (c == '[' || c == '(')
                        brackets++;
                else if (c == ']' || c == ')')
                        brackets--;
                else if (c == ' ' && brackets <= 0 && (i == 0 || text.data[i - 1] != ')'))
                        return false;
                else if (c == '$' || c == '=' || c == '"' || c == '\'')
                        return false;
                telling |= c == '@' || c == '~' || c == '[' || c == ':' || c == ')';
        }
        return telling;
}

/* The same before a '#', which starts a comment when a blank is in front of it. */
static bool is_root_prompt_text(struct cf_span text)
{
        struct cf_span name = cf_span_trim(text);
        if (is_folder(name))
                return true;
        bool apart = name.size != text.size;
        return is_prompt_text(text) && (!apart || cf_span_find_byte(name, '@') != SIZE_MAX);
}

/* The length of the prompt that a line starts with, blanks included; 0: none. `marks` are the last
 * characters that count. */
static size_t prompt_length(struct cf_span line, const char *marks)
{
        size_t start = skip_blanks(line);
        size_t limit = line.size < start + PROMPT_MAX ? line.size : start + PROMPT_MAX;
        for (size_t at = start; at + 1 < limit; at++) {
                bool mark = line.data[at] && strchr(marks, line.data[at]);
                bool root = line.data[at] == '#' && at > start && *marks == '$';
                if ((!mark && !root) || line.data[at + 1] != ' ')
                        continue;
                struct cf_span before = cf_span_part(line, start, at - start);
                if (root ? is_root_prompt_text(before) : is_prompt_text(before))
                        return at + 1 + skip_blanks(cf_span_part(line, at + 1, SIZE_MAX));
                return 0;
        }
        return 0;
}

/* The line starts with what may run a container. */
static bool starts_command(struct cf_span line)
{
        static const char *const first[] = {"sudo", "env", "exec", "time", "nohup", NULL};
        line = cf_span_part(line, skip_blanks(line), SIZE_MAX);
        size_t end = 0;
        while (end < line.size && line.data[end] != ' ' && line.data[end] != '\t')
                end++;
        struct cf_span word = cf_span_part(line, 0, end);
        return cf_engine_name(word) || cf_name_is_one(word, first);
}

/* A line that no program prints: it was typed, prompt or not. */
static bool runs_engine(struct cf_span line)
{
        line = cf_span_trim(line);
        if (cf_span_starts(line, "sudo "))
                line = cf_span_trim(cf_span_part(line, 5, SIZE_MAX));
        size_t end = cf_span_find_byte(line, ' ');
        return end != SIZE_MAX && cf_engine_name(cf_span_part(line, 0, end));
}

static bool goes_on(struct cf_span line, enum cf_block_kind kind)
{
        while (line.size && (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\r'))
                line.size--;
        return cf_span_ends(line, "\\") ||
               (kind == CF_BLOCK_WINDOWS && (cf_span_ends(line, "`") || cf_span_ends(line, "^")));
}

/* Which prompts a block has; "": every line is a command. */
static const char *find_prompts(const struct cf_document *document, enum cf_block_kind kind)
{
        bool command = false, root = false;
        for (size_t i = 0; i < document->lines.count; i++) {
                struct cf_span line = text_of(document, document->lines.items[i]);
                if (prompt_length(line, "$%"))
                        return "$%"; /* a line with `# ` is a comment then */
                command |= starts_command(line);
                size_t length = prompt_length(line, "#>");
                root |= length && starts_command(cf_span_part(line, length, SIZE_MAX));
        }
        /* In a script `# ` starts a comment. */
        return root && !command && kind != CF_BLOCK_SHELL ? "#>" : "";
}

/* ---- code -------------------------------------------------------------------------------------
 */

static void put_entities(struct cf_shell_builder *builder, struct cf_span text, size_t at,
                         size_t end)
{
        static const struct {
                const char *name, *text;
        } table[] = {{"&lt;", "<"},  {"&gt;", ">"},   {"&amp;", "&"}, {"&quot;", "\""},
                     {"&#39;", "'"}, {"&#34;", "\""}, {"&nbsp;", " "}};
        size_t start = at;
        for (; at < end; at++) {
                if (text.data[at] != '&')
                        continue;
                for (size_t i = 0; i < CF_COUNT(table); i++) {
                        size_t size = strlen(table[i].name);
                        if (!cf_span_starts(cf_span_part(text, at, end - at), table[i].name))
                                continue;
                        cf_shell_build_copy(builder, start, at - start);
                        cf_shell_build_put(builder, cf_span_of(table[i].text), at, size);
                        start = at + size;
                        at = start - 1;
                        break;
                }
        }
        cf_shell_build_copy(builder, start, end - start);
}

/* Adds a line from `skip` on, and its end. */
static void put_line(const struct cf_document *document, struct cf_shell_builder *builder,
                     enum cf_block_kind kind, struct cf_range line, size_t skip)
{
        struct cf_span text = document->whole.text;
        size_t at = line.offset + skip, end = line.offset + line.length;
        size_t stop = end;
        while (stop > at && (text.data[stop - 1] == ' ' || text.data[stop - 1] == '\r'))
                stop--;
        bool windows = kind == CF_BLOCK_WINDOWS && stop > at &&
                       (text.data[stop - 1] == '`' || text.data[stop - 1] == '^');
        if (windows)
                end = stop - 1;
        if (document->entities)
                put_entities(builder, text, at, end);
        else
                cf_shell_build_copy(builder, at, end - at);
        if (windows)
                cf_shell_build_put(builder, CF_SPAN("\\"), end, 1);
        end = line.offset + line.length;
        size_t newline = end < text.size && text.data[end] == '\r' ? 2 : 1;
        cf_shell_build_put(builder, CF_SPAN("\n"), end, end < text.size ? newline : 0);
}

static int read_builder(struct cf_document *document, struct cf_shell_builder *builder)
{
        struct cf_shell_code *code = cf_arena_one(builder->arena, struct cf_shell_code);
        if (!code || cf_shell_build_done(builder, code) < 0)
                return -ENOMEM;
        int r = cf_script_code(&document->script, code, document->err);
        /* What is nested so deeply is no command line. */
        return r == -E2BIG && !document->script.exhausted ? 0 : r;
}

static int read_lines(struct cf_document *document, enum cf_block_kind kind, const char *prompts)
{
        struct cf_shell_builder builder = {.arena = document->script.reader->arena,
                                           .from = &document->whole};
        bool command = false; /* the line before goes on */
        for (size_t i = 0; i < document->lines.count; i++) {
                struct cf_range range = document->lines.items[i];
                struct cf_span line = text_of(document, range);
                size_t skip = 0;
                if (cf_script_budget(&document->script) < 0)
                        return -E2BIG;
                if (*prompts && command && prompt_length(line, ">"))
                        skip = prompt_length(line, ">");
                else if (*prompts && !command && !(skip = prompt_length(line, prompts)) &&
                         !runs_engine(line))
                        continue; /* output */
                put_line(document, &builder, kind, range, skip);
                command = goes_on(line, kind);
        }
        return read_builder(document, &builder);
}

/* Text: each command line alone, when it looks like one. */
static int read_plain(struct cf_document *document)
{
        struct cf_arena *arena = document->script.reader->arena;
        int r = 0;
        for (size_t i = 0; i < document->lines.count && r == 0; i++) {
                struct cf_span line = text_of(document, document->lines.items[i]);
                size_t skip = prompt_length(line, "$#%>");
                if ((r = cf_script_budget(&document->script)) < 0)
                        break;
                if (!starts_command(cf_span_part(line, skip, SIZE_MAX)))
                        continue;
                struct cf_shell_builder builder = {.arena = arena, .from = &document->whole};
                put_line(document, &builder, CF_BLOCK_PLAIN, document->lines.items[i], skip);
                while (goes_on(line, CF_BLOCK_PLAIN) && i + 1 < document->lines.count) {
                        line = text_of(document, document->lines.items[++i]);
                        size_t more = skip ? prompt_length(line, ">") : 0;
                        put_line(document, &builder, CF_BLOCK_PLAIN, document->lines.items[i],
                                 more);
                }
                document->script.prose = skip == 0;
                r = read_builder(document, &builder);
                document->script.prose = false;
        }
        return r;
}

/* Nobody says what the block is, but it is a Compose file. */
static bool is_compose(const struct cf_document *document)
{
        for (size_t i = 0; i < document->lines.count; i++)
                if (cf_span_is(cf_span_trim(text_of(document, document->lines.items[i])),
                               "services:"))
                        return true;
        return false;
}

int cf_document_block(struct cf_document *document, enum cf_block_kind kind)
{
        int r = 0;
        bool any = document->lines.count > 0;
        const char *file = kind == CF_BLOCK_FILE ? document->file : NULL;
        if (kind == CF_BLOCK_PLAIN)
                r = read_plain(document);
        else if (kind != CF_BLOCK_NONE && !file && any)
                r = read_lines(document, kind, find_prompts(document, kind));
        if (kind == CF_BLOCK_SESSION && is_compose(document))
                file = cf_embedded_name(CF_SPAN("yaml"));
        if (r == 0 && file && !document->entities)
                r = cf_script_embedded(&document->script, file, document->lines.items,
                                       document->lines.count);
        document->lines.count = 0;
        return r;
}

int cf_document_command(struct cf_document *document, size_t start, size_t length)
{
        struct cf_span text = cf_span_part(document->whole.text, start, length);
        size_t skip = prompt_length(text, "$#");
        if (!starts_command(cf_span_part(text, skip, SIZE_MAX)))
                return 0;
        struct cf_shell_builder builder = {.arena = document->script.reader->arena,
                                           .from = &document->whole};
        if (document->entities)
                put_entities(&builder, document->whole.text, start + skip, start + length);
        else
                cf_shell_build_copy(&builder, start + skip, length - skip);
        document->script.whole = true;
        int r = read_builder(document, &builder);
        document->script.whole = false;
        return r;
}

int cf_document_finish(struct cf_document *document, int error)
{
        return cf_script_finish(&document->script, error);
}
