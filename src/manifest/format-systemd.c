/* SPDX-License-Identifier: Apache-2.0 */
/* systemd units and drop-ins: Exec…= command lines by systemd's own rules of quoting, and
 * Environment=. Source of the rules: systemd.service(5), "Command lines", and systemd.syntax(7). */
#include "manifest/command.h"
#include "manifest/formats.h"
#include "manifest/names.h"

#define WORDS_MAX 16384  /* words of one command line */
#define TEMPLATE_MAX 256 /* bytes of one {{ … }} */

struct unit {
        struct cf_script script;
        struct cf_shell_code whole;
        struct cf_error *err;
};

/* ---- words ----------------------------------------------------------------------------------- */

/* A command line while it is cut into words. */
struct splitting {
        struct cf_arena *arena;
        const char *text;
        size_t size;
        size_t pos;
        char *values; /* one buffer for all words: never longer than the text */
        size_t value_count;
        CF_VEC(struct cf_shell_word) words;
        CF_VEC(struct cf_shell_part) parts;
};

static bool is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
}

static int add(struct splitting *splitting, struct cf_shell_word *word, struct cf_shell_part part)
{
        part.at = splitting->value_count - word->value_at;
        if (splitting->parts.count - word->parts_at >= CF_SHELL_PARTS) {
                word->literal = false; /* more than anybody writes: not known */
                return 0;
        }
        if (part.kind == CF_SHELL_LITERAL) {
                memcpy(splitting->values + splitting->value_count, splitting->text + part.offset,
                       part.length);
                splitting->value_count += part.length;
                struct cf_shell_part *last =
                        splitting->parts.count > word->parts_at
                                ? &splitting->parts.items[splitting->parts.count - 1]
                                : NULL;
                if (last && last->kind == part.kind && last->quote == part.quote &&
                    last->offset + last->length == part.offset) {
                        last->length += part.length;
                        return 0;
                }
        } else {
                splitting->values[splitting->value_count++] = CF_SHELL_MARK;
                word->literal = false;
        }
        return cf_vec_push(splitting->arena, &splitting->parts, part);
}

/* `$…` at the position: the length of the reference and its name; 0: an ordinary character. */
static size_t variable_at(const struct splitting *splitting, struct cf_span *ret_name)
{
        const char *text = splitting->text;
        size_t at = splitting->pos + 1;
        bool braces = at < splitting->size && text[at] == '{';
        size_t start = braces ? ++at : at;
        while (at < splitting->size && is_name(text[at]))
                at++;
        *ret_name = (struct cf_span){text + start, at - start};
        if (at == start || (braces && (at >= splitting->size || text[at] != '}')))
                return 0;
        return at + (braces ? 1 : 0) - splitting->pos;
}

/* {{ … }} at the position: its length; 0: there is none. */
static size_t template_at(const struct splitting *splitting)
{
        struct cf_span rest = cf_span_part((struct cf_span){splitting->text, splitting->size},
                                           splitting->pos, TEMPLATE_MAX);
        if (!cf_span_starts(rest, "{{"))
                return 0;
        size_t close = cf_span_find(rest, CF_SPAN("}}"));
        return close == SIZE_MAX ? 0 : close + 2;
}

/* One character, or what stands for something else. */
static int read_character(struct splitting *splitting, struct cf_shell_word *word, char quote)
{
        const char *text = splitting->text;
        size_t start = splitting->pos;
        char c = text[start], next = start + 1 < splitting->size ? text[start + 1] : '\0';
        struct cf_shell_part part = {
                .kind = CF_SHELL_LITERAL, .quote = quote, .offset = start, .length = 1};
        size_t template = c == '{' ? template_at(splitting) : 0;
        splitting->pos++;
        if (template) {
                part.kind = CF_SHELL_TEMPLATE;
                part.length = template;
                splitting->pos = start + template;
        } else if (c == '\\' && next) {
                part.offset = start + 1; /* \" and its like; what \x20 stands for matters not */
                splitting->pos++;
        } else if ((c == '$' && next == '$') || (c == '%' && next == '%')) {
                splitting->pos++;
        } else if (c == '%' && ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'))) {
                part.kind = CF_SHELL_OPAQUE;
                part.length = 2;
                splitting->pos++;
        } else if (c == '$') {
                splitting->pos = start;
                size_t length = variable_at(splitting, &part.name);
                splitting->pos = start + (length ? length : 1);
                if (length) {
                        part.kind = CF_SHELL_VARIABLE;
                        part.length = length;
                        /* ${X} is one word whatever it holds; $X alone is cut into words. */
                        part.quote = next == '{' || quote ? '"' : 0;
                }
        }
        return add(splitting, word, part);
}

static int read_word(struct splitting *splitting)
{
        struct cf_shell_word word = {.offset = splitting->pos,
                                     .literal = true,
                                     .parts_at = splitting->parts.count,
                                     .value_at = splitting->value_count};
        char quote = 0;
        int r = 0;
        for (; splitting->pos < splitting->size && r == 0;) {
                char c = splitting->text[splitting->pos];
                if (!quote && is_space(c))
                        break;
                if (!quote && (c == '"' || c == '\'')) {
                        quote = c;
                        word.quoted = true;
                        splitting->pos++;
                } else if (quote && c == quote) {
                        quote = 0;
                        splitting->pos++;
                } else {
                        r = read_character(splitting, &word, quote);
                }
        }
        if (r < 0)
                return r;
        word.length = splitting->pos - word.offset;
        word.part_count = splitting->parts.count - word.parts_at;
        word.value.size = splitting->value_count - word.value_at;
        if (word.part_count == 0) /* "": an empty word */
                r = add(splitting, &word,
                        (struct cf_shell_part){.quote = '"', .offset = splitting->pos});
        word.part_count = splitting->parts.count - word.parts_at;
        return r ? r : cf_vec_push(splitting->arena, &splitting->words, word);
}

/* A program may have characters in front that tell systemd how to run it; with '@' the word after
 * it is only the name that it is given. */
static int read_program(struct splitting *splitting)
{
        bool named = false;
        while (splitting->pos < splitting->size && splitting->text[splitting->pos] &&
               strchr("@-:+!|", splitting->text[splitting->pos]))
                named |= splitting->text[splitting->pos++] == '@';
        int r = read_word(splitting);
        if (r < 0 || !named)
                return r;
        while (splitting->pos < splitting->size && is_space(splitting->text[splitting->pos]))
                splitting->pos++;
        size_t count = splitting->words.count;
        r = splitting->pos < splitting->size ? read_word(splitting) : 0;
        splitting->words.count = count;
        return r;
}

static bool is_separator(const struct cf_shell_word *word)
{
        return word->length == 1 && word->value.size == 1 && word->value.data[0] == ';';
}

static int split(struct cf_arena *arena, const struct cf_shell_code *code, bool commands,
                 const struct cf_shell_word **ret_words, size_t *ret_count)
{
        struct splitting splitting = {
                .arena = arena, .text = code->text.data, .size = code->text.size};
        bool program = commands;
        int r = 0;
        splitting.values = cf_arena_alloc(arena, code->text.size + 1);
        if (!splitting.values)
                return -ENOMEM;
        while (r == 0 && splitting.words.count < WORDS_MAX) {
                while (splitting.pos < splitting.size && is_space(splitting.text[splitting.pos]))
                        splitting.pos++;
                if (splitting.pos >= splitting.size)
                        break;
                r = program ? read_program(&splitting) : read_word(&splitting);
                if (r < 0)
                        return r;
                struct cf_shell_word *last = &splitting.words.items[splitting.words.count - 1];
                last->value.data = splitting.values + last->value_at;
                program = commands && is_separator(last);
        }
        for (size_t i = 0; i < splitting.words.count; i++)
                splitting.words.items[i].parts =
                        splitting.parts.items + splitting.words.items[i].parts_at;
        *ret_words = splitting.words.items;
        *ret_count = splitting.words.count;
        return r;
}

static int split_words(struct cf_arena *arena, const struct cf_shell_code *code,
                       const struct cf_shell_word **ret_words, size_t *ret_count)
{
        return split(arena, code, false, ret_words, ret_count);
}

static int split_commands(struct cf_arena *arena, const struct cf_shell_code *code,
                          const struct cf_shell_word **ret_words, size_t *ret_count)
{
        return split(arena, code, true, ret_words, ret_count);
}

/* ---- settings of a unit -----------------------------------------------------------------------
 */

/* The value of a setting without the continuations and the comment lines among them. */
static int build_value(struct unit *unit, size_t start, size_t end, struct cf_shell_code **ret_code)
{
        struct cf_arena *arena = unit->script.reader->arena;
        struct cf_shell_builder builder = {.arena = arena, .from = &unit->whole};
        struct cf_shell_code *code = cf_arena_one(arena, struct cf_shell_code);
        struct cf_span rest = {unit->whole.text.data + start, end - start}, line;
        bool first = true;
        while (cf_span_next_line(&rest, &line)) {
                if (cf_script_budget(&unit->script) < 0)
                        return -E2BIG;
                size_t at = (size_t)(line.data - unit->whole.text.data);
                struct cf_span trimmed = cf_span_trim(line);
                if (!first && trimmed.size && (trimmed.data[0] == '#' || trimmed.data[0] == ';'))
                        continue;
                first = false;
                size_t size = line.size;
                bool goes_on = size && line.data[size - 1] == '\\';
                cf_shell_build_copy(&builder, at, goes_on ? size - 1 : size);
                if (goes_on)
                        cf_shell_build_put(&builder, CF_SPAN(" "), at + size - 1, 1);
        }
        if (!code || cf_shell_build_done(&builder, code) < 0)
                return -ENOMEM;
        *ret_code = code;
        return 0;
}

static int read_command(struct unit *unit, const struct cf_shell_code *code,
                        const struct cf_shell_word *words, size_t count)
{
        if (count == 0)
                return 0;
        size_t start = words[0].offset;
        struct cf_list list = {
                .kind = CF_LIST_UNIT,
                .code = code,
                .words = words,
                .count = count,
                .inner = {start, words[count - 1].offset + words[count - 1].length - start},
                .split = split_commands,
                .quoting = CF_QUOTE_NONE,
        };
        return cf_script_words(&unit->script, &list, unit->err);
}

/* `;` as a word of its own ends one command and starts the next. */
static int read_exec(struct unit *unit, size_t start, size_t end)
{
        struct cf_shell_code *code;
        const struct cf_shell_word *words;
        size_t count, first = 0;
        int r = build_value(unit, start, end, &code);
        if (r == 0)
                r = split_commands(unit->script.reader->arena, code, &words, &count);
        for (size_t i = 0; r == 0 && i <= count; i++) {
                if (i < count && !is_separator(&words[i]))
                        continue;
                r = read_command(unit, code, words + first, i - first);
                first = i + 1;
        }
        return r;
}

/* Environment="A=b c" D=e */
static int read_environment(struct unit *unit, size_t start, size_t end)
{
        struct cf_shell_code *code;
        const struct cf_shell_word *words;
        size_t count;
        int r = build_value(unit, start, end, &code);
        if (r == 0)
                r = split_words(unit->script.reader->arena, code, &words, &count);
        for (size_t i = 0; r == 0 && i < count; i++) {
                size_t equals = cf_span_find_byte(words[i].value, '=');
                if (equals == SIZE_MAX || equals == 0)
                        continue;
                struct cf_assignment assignment = {
                        .name = cf_span_part(words[i].value, 0, equals),
                        .code = code,
                        .word = &words[i],
                        .value_at = equals + 1,
                        .at = cf_shell_source(code, words[i].offset),
                        .everywhere = true,
                };
                r = cf_script_assign(&unit->script, &assignment);
        }
        return r;
}

/* The end of a setting that may go on over several lines; comments among them count with it. */
static size_t setting_end(struct cf_span text, size_t pos, size_t *ret_next)
{
        for (bool first = true;; first = false) {
                const char *newline = memchr(text.data + pos, '\n', text.size - pos);
                size_t at = newline ? (size_t)(newline - text.data) : text.size;
                size_t end = at;
                if (end > pos && text.data[end - 1] == '\r')
                        end--;
                *ret_next = newline ? at + 1 : text.size;
                struct cf_span line = cf_span_trim(cf_span_part(text, pos, end - pos));
                bool comment = !first && line.size && (line.data[0] == '#' || line.data[0] == ';');
                if (!newline || (!comment && (end == pos || text.data[end - 1] != '\\')))
                        return end;
                pos = at + 1;
        }
}

static int read_setting(struct unit *unit, size_t start, size_t end)
{
        struct cf_span text = unit->whole.text;
        size_t equals = cf_span_find_byte(cf_span_part(text, start, end - start), '=');
        if (equals == SIZE_MAX)
                return 0;
        struct cf_span key = cf_span_trim(cf_span_part(text, start, equals));
        size_t value = start + equals + 1;
        while (value < end && is_space(text.data[value]))
                value++;
        if (cf_span_starts(key, "Exec"))
                return read_exec(unit, value, end);
        if (cf_span_is(key, "Environment"))
                return read_environment(unit, value, end);
        return 0;
}

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const endings[] = {".service", ".socket", ".mount", ".swap", NULL};
        static const char *const folders[] = {".service.d", ".socket.d", ".mount.d", ".swap.d",
                                              NULL};
        struct cf_span name = cf_name_plain(source->path);
        if (cf_name_ends_in_one(name, endings))
                return CF_CLAIM_NAME;
        if (cf_span_ends(name, ".conf") &&
            cf_name_ends_in_one(cf_name_folder(source->path), folders))
                return CF_CLAIM_NAME;
        return CF_CLAIM_NONE;
}

static int read_unit(const struct cf_reader *reader, const struct cf_source *source,
                     struct cf_error *err)
{
        struct unit unit = {.err = err};
        cf_script_init(&unit.script, reader, source, "systemd");
        unit.whole = cf_script_source_code(&unit.script);
        struct cf_span text = source->text;
        int r = 0;
        for (size_t pos = 0, next; pos < text.size && r == 0; pos = next) {
                size_t end = setting_end(text, pos, &next);
                char c = text.data[pos];
                if (c == '#' || c == ';') { /* a comment does not go on */
                        const char *newline = memchr(text.data + pos, '\n', text.size - pos);
                        next = newline ? (size_t)(newline - text.data) + 1 : text.size;
                } else if (c != '[') {
                        r = read_setting(&unit, pos, end);
                }
        }
        return cf_script_finish(&unit.script, r);
}

const struct cf_format cf_format_systemd = {
        .name = "systemd",
        .summary = "systemd units and drop-ins: Exec…= and Environment=",
        .claim = claim,
        .read = read_unit,
};
