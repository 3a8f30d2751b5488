/* SPDX-License-Identifier: Apache-2.0 */
/* Makefiles: recipes are shell text after make's own variables, which are options' home too. */
#include "manifest/command.h"
#include "manifest/formats.h"
#include "manifest/names.h"

#define REFERENCE_MAX 4096 /* bytes of one $(…) */
#define LOST_MAX 1000      /* references without an end; later ones are not looked for */
#define CONDITIONS_MAX 100 /* nested ifeq */

struct make {
        struct cf_script script;
        struct cf_shell_code whole; /* the file */
        const char *text;
        size_t size;
        size_t pos;
        unsigned conditions; /* open ifeq, ifdef, … */
        bool in_rule;        /* recipe lines may follow */
        char prefix;         /* of recipe lines */
        unsigned lost;       /* references without an end */
        struct cf_error *err;
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static size_t skip_blanks(const struct make *make, size_t at, size_t end)
{
        while (at < end && is_blank(make->text[at]))
                at++;
        return at;
}

/* ---- references ------------------------------------------------------------------------------ */

static bool is_simple_name(struct cf_span name)
{
        for (size_t i = 0; i < name.size; i++) {
                char c = name.data[i];
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.'))
                        return false;
        }
        return name.size > 0;
}

/* The offset of the bracket that ends the reference opened at `open`; 0: none. */
static size_t reference_end(struct make *make, size_t open, size_t end)
{
        if (make->lost >= LOST_MAX)
                return 0;
        char opening = make->text[open], closing = opening == '(' ? ')' : '}';
        size_t limit = end - open < REFERENCE_MAX ? end : open + REFERENCE_MAX;
        unsigned depth = 0;
        for (size_t at = open; at < limit; at++) {
                if (make->text[at] == opening)
                        depth++;
                else if (make->text[at] == closing && --depth == 0)
                        return at;
        }
        make->lost++;
        return 0;
}

static int read_code(struct make *make, size_t start, size_t end);

/* `$…` at `at`: puts what the shell sees there. Returns where to go on, or a negative error. */
static int put_reference(struct make *make, struct cf_shell_builder *builder, size_t at, size_t end,
                         size_t *ret_next)
{
        const char mark = CF_SHELL_MARK, open = CF_SHELL_HOST_OPEN, close = CF_SHELL_HOST_CLOSE;
        char next = at + 1 < end ? make->text[at + 1] : '\0';
        int r = 0;
        *ret_next = at + 2 < end ? at + 2 : end;
        if (next == '$') {
                cf_shell_build_put(builder, CF_SPAN("$"), at, 2);
                return 0;
        }
        struct cf_span name = {make->text + at + 1, next ? 1 : 0};
        if (next == '(' || next == '{') {
                size_t last = reference_end(make, at + 1, end);
                if (!last) {
                        cf_shell_build_put(builder, (struct cf_span){&mark, 1}, at, *ret_next - at);
                        return 0;
                }
                *ret_next = last + 1;
                name = (struct cf_span){make->text + at + 2, last - at - 2};
                if (cf_span_starts(name, "shell ") || cf_span_starts(name, "shell\t"))
                        r = read_code(make, at + 2 + 6, last);
        }
        if (!is_simple_name(name)) {
                cf_shell_build_put(builder, (struct cf_span){&mark, 1}, at, *ret_next - at);
                return r;
        }
        size_t start = (size_t)(name.data - make->text);
        cf_shell_build_put(builder, (struct cf_span){&open, 1}, at, start - at);
        cf_shell_build_copy(builder, start, name.size);
        cf_shell_build_put(builder, (struct cf_span){&close, 1}, start + name.size,
                           *ret_next - start - name.size);
        return r;
}

/* Text of the file as the shell gets it. */
static int build(struct make *make, size_t start, size_t end, struct cf_shell_code **ret_code)
{
        struct cf_arena *arena = make->script.reader->arena;
        struct cf_shell_builder builder = {.arena = arena, .from = &make->whole};
        struct cf_shell_code *code = cf_arena_one(arena, struct cf_shell_code);
        int r = 0;
        while (start < end && (r = cf_script_budget(&make->script)) == 0) {
                const char *dollar = memchr(make->text + start, '$', end - start);
                size_t at = dollar ? (size_t)(dollar - make->text) : end;
                cf_shell_build_copy(&builder, start, at - start);
                start = at;
                if (dollar && (r = put_reference(make, &builder, at, end, &start)) < 0)
                        break;
        }
        if (r == 0 && (!code || cf_shell_build_done(&builder, code) < 0))
                r = -ENOMEM;
        if (r == 0)
                *ret_code = code;
        return r;
}

static int read_code(struct make *make, size_t start, size_t end)
{
        struct cf_shell_code *code;
        if (make->script.nested >= CF_COMMAND_NESTED)
                return 0;
        make->script.nested++;
        int r = build(make, start, end, &code);
        if (r == 0)
                r = cf_script_code(&make->script, code, make->err);
        make->script.nested--;
        return r;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The end of the logical line at `pos` (without its newline) and the start of the next. */
static size_t line_end(const struct make *make, size_t pos, size_t *ret_next)
{
        for (;;) {
                const char *newline = memchr(make->text + pos, '\n', make->size - pos);
                if (!newline) {
                        *ret_next = make->size;
                        return make->size;
                }
                size_t at = (size_t)(newline - make->text), end = at;
                if (end > pos && make->text[end - 1] == '\r')
                        end--;
                *ret_next = at + 1;
                size_t slashes = 0;
                while (end - slashes > pos && make->text[end - slashes - 1] == '\\')
                        slashes++;
                if (slashes % 2 == 0)
                        return end;
                pos = at + 1;
        }
}

static int read_recipe(struct make *make, size_t start, size_t end)
{
        while (start < end && (is_blank(make->text[start]) || strchr("@+-", make->text[start])))
                start++;
        return start < end ? read_code(make, start, end) : 0;
}

/* A comment ends a value. */
static size_t value_end(const struct make *make, size_t start, size_t end)
{
        for (size_t at = start; at < end; at++)
                if (make->text[at] == '#' && (at == start || make->text[at - 1] != '\\')) {
                        end = at;
                        break;
                }
        while (end > start && (is_blank(make->text[end - 1]) || make->text[end - 1] == '\n' ||
                               make->text[end - 1] == '\r'))
                end--;
        return end;
}

struct operator_found {
        size_t at, length; /* of the operator; length 0: none */
        bool append, weak, shell;
        size_t colon; /* of `target:` before it; SIZE_MAX: none */
};

static struct operator_found find_operator(struct make *make, size_t start, size_t end)
{
        struct operator_found found = {.colon = SIZE_MAX};
        for (size_t at = start; at < end; at++) {
                char c = make->text[at], next = at + 1 < end ? make->text[at + 1] : '\0';
                if (c == '$' && (next == '(' || next == '{')) {
                        size_t last = reference_end(make, at + 1, end);
                        at = last ? last : at;
                } else if (c == '=' || ((c == '?' || c == '+' || c == '!') && next == '=')) {
                        found.at = at;
                        found.length = c == '=' ? 1 : 2;
                        found.append = c == '+';
                        found.weak = c == '?';
                        found.shell = c == '!';
                        return found;
                } else if (c == ':') {
                        size_t colons = 1;
                        while (at + colons < end && make->text[at + colons] == ':')
                                colons++;
                        if (at + colons < end && make->text[at + colons] == '=') {
                                found.at = at;
                                found.length = colons + 1;
                                return found;
                        }
                        if (found.colon == SIZE_MAX)
                                found.colon = at;
                        at += colons - 1;
                } else if (c == ';' || c == '#' || (c == '\n' && found.colon == SIZE_MAX)) {
                        break;
                }
        }
        return found;
}

/* The name before an operator, without `export` and its like. */
static struct cf_span assigned_name(const struct make *make, size_t start, size_t end)
{
        static const char *const words[] = {"export", "override", "private", "unexport", NULL};
        struct cf_span name = cf_span_trim((struct cf_span){make->text + start, end - start});
        for (size_t i = 0; words[i];) {
                size_t size = strlen(words[i]);
                if (!cf_span_starts(name, words[i]) || name.size <= size ||
                    !is_blank(name.data[size])) {
                        i++;
                        continue;
                }
                name = cf_span_trim(cf_span_part(name, size, SIZE_MAX));
                i = 0; /* there may be another */
        }
        return name;
}

static int assign(struct make *make, struct cf_span name, size_t start, size_t end,
                  struct cf_assignment assignment)
{
        struct cf_shell_code *code;
        int r = build(make, start, end, &code);
        if (r < 0)
                return r;
        assignment.name = name;
        assignment.code = code;
        assignment.at = (size_t)(name.data - make->text);
        assignment.everywhere = true;
        assignment.is_split = true;
        assignment.list = (struct cf_list){.kind = CF_LIST_STRING,
                                           .code = code,
                                           .inner = {0, code->text.size},
                                           .quoting = CF_QUOTE_NONE};
        r = cf_shell_split(&make->script.lexer, code, assignment.list.inner, &assignment.list.words,
                           &assignment.list.count);
        if (r < 0)
                return r == -E2BIG && !make->script.exhausted ? 0 : r;
        return cf_script_assign(&make->script, &assignment);
}

static int read_assignment(struct make *make, size_t start, size_t end,
                           const struct operator_found *operator)
{
        size_t from = operator->colon == SIZE_MAX ? start : operator->colon + 1;
        size_t value = skip_blanks(make, operator->at + operator->length, end);
        struct cf_span name = assigned_name(make, from, operator->at);
        end = value_end(make, value, end);
        if (!is_simple_name(name))
                return 0;
        if (operator->shell)
                return read_code(make, value, end);
        return assign(make, name, value, end,
                      (struct cf_assignment){
                              .append = operator->append,
                              .weak = operator->weak,
                              .local = make->conditions > 0 || operator->colon != SIZE_MAX});
}

/* define NAME … endef: a canned recipe, or options. */
static int read_define(struct make *make, size_t start, size_t end)
{
        struct cf_span name = cf_span_trim((struct cf_span){make->text + start, end - start});
        size_t space = cf_span_find_byte(name, ' '), body = make->pos;
        bool append = cf_span_ends(name, "+=");
        name = cf_span_part(name, 0, space);
        int r = 0;
        size_t last = body, first = make->pos;
        while (make->pos < make->size && r == 0) {
                size_t next, stop = line_end(make, make->pos, &next);
                struct cf_span line = {make->text + make->pos, stop - make->pos};
                size_t at = make->pos;
                make->pos = next;
                if (cf_span_starts(cf_span_trim(line), "endef"))
                        break;
                last = stop;
                r = read_recipe(make, at, stop);
        }
        if (r < 0 || !is_simple_name(name) || last <= first)
                return r;
        return assign(make, name, first, last,
                      (struct cf_assignment){.append = append, .local = make->conditions > 0});
}

static bool has_keyword(struct cf_span line, const char *word)
{
        size_t size = strlen(word);
        return cf_span_starts(line, word) && (line.size == size || is_blank(line.data[size]) ||
                                              line.data[size] == '(' || line.data[size] == '#');
}

/* ifeq and its kin. True: the line is one. */
static bool read_condition(struct make *make, struct cf_span line)
{
        static const char *const opening[] = {"ifeq", "ifneq", "ifdef", "ifndef"};
        for (size_t i = 0; i < CF_COUNT(opening); i++)
                if (has_keyword(line, opening[i])) {
                        if (make->conditions < CONDITIONS_MAX)
                                make->conditions++;
                        return true;
                }
        if (has_keyword(line, "endif")) {
                if (make->conditions)
                        make->conditions--;
                return true;
        }
        return has_keyword(line, "else");
}

static int read_rule(struct make *make, size_t start, size_t end)
{
        struct operator_found operator= find_operator(make, start, end);
        if (operator.length) {
                make->in_rule &= operator.colon != SIZE_MAX;
                return read_assignment(make, start, end, &operator);
        }
        if (operator.colon == SIZE_MAX)
                return 0;
        make->in_rule = true;
        const char *recipe = memchr(make->text + operator.colon, ';', end - operator.colon);
        return recipe ? read_recipe(make, (size_t)(recipe - make->text) + 1, end) : 0;
}

static int read_line(struct make *make)
{
        size_t start = make->pos, next, end = line_end(make, start, &next);
        struct cf_span line = {make->text + start, end - start};
        make->pos = next;
        if (line.size && line.data[0] == make->prefix && make->in_rule)
                return read_recipe(make, start + 1, end);
        struct cf_span trimmed = cf_span_trim(line);
        if (trimmed.size == 0 || trimmed.data[0] == '#' || read_condition(make, trimmed))
                return 0;
        size_t from = (size_t)(trimmed.data - make->text);
        if (has_keyword(trimmed, "define"))
                return read_define(make, from + 6, end);
        if (cf_span_starts(trimmed, ".RECIPEPREFIX")) {
                size_t equals = cf_span_find_byte(trimmed, '=');
                struct cf_span value = cf_span_trim(cf_span_part(trimmed, equals, SIZE_MAX));
                make->prefix = value.size > 1 ? value.data[value.size - 1] : '\t';
                return 0;
        }
        return read_rule(make, from, end);
}

static enum cf_claim claim(const struct cf_source *source)
{
        static const char *const names[] = {"Makefile", "makefile", "GNUmakefile", "Kbuild", NULL};
        static const char *const starts[] = {"Makefile.", "makefile.", "GNUmakefile.", NULL};
        static const char *const endings[] = {".mk", ".mak", ".make", NULL};
        struct cf_span name = cf_name_plain(source->path);
        return cf_name_is_one(name, names) || cf_name_starts_with_one(name, starts) ||
                               cf_name_ends_in_one(name, endings)
                       ? CF_CLAIM_NAME
                       : CF_CLAIM_NONE;
}

static int read_make(const struct cf_reader *reader, const struct cf_source *source,
                     struct cf_error *err)
{
        struct make make = {
                .text = source->text.data, .size = source->text.size, .prefix = '\t', .err = err};
        cf_script_init(&make.script, reader, source, "make");
        make.whole = cf_script_source_code(&make.script);
        int r = 0;
        while (make.pos < make.size && r == 0)
                r = read_line(&make);
        return cf_script_finish(&make.script, r);
}

const struct cf_format cf_format_make = {
        .name = "make",
        .summary = "Makefiles: recipes, variables, $(shell …)",
        .claim = claim,
        .read = read_make,
};
