/* SPDX-License-Identifier: Apache-2.0 */
/* How options are cut out of a command line, of the value of a variable, of an array.
 *
 * Each part takes one gap along, so that any of them can go alone: the blanks before it as a rule;
 * those behind it when nothing but other parts stands before it on its line; the whole line with
 * its backslash when nothing else stands there; the gap with the backslash of the line before when
 * nothing comes behind. What an edit leaves is read again before it is offered. */
#include "manifest/command.h"

#include <stdint.h>

/* One hit and where it stands in its list and in the file. */
struct cut {
        size_t first, last; /* words of the list */
        size_t start, end;  /* in the file */
        bool leads;         /* nothing but other cuts before it on its line, or in the list */
        bool trails;        /* nothing but other cuts behind it in the list */
};

struct cutting {
        struct cf_script *script;
        const struct cf_list *list;
        struct cf_span text; /* of the file */
        struct cut cuts[CF_COMMAND_SETTINGS];
        size_t count;
        size_t lower, upper; /* of the list, in the file */
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static size_t skip_back(const struct cutting *cutting, size_t at)
{
        while (at > cutting->lower && is_blank(cutting->text.data[at - 1]))
                at--;
        return at;
}

static size_t skip_on(const struct cutting *cutting, size_t at)
{
        while (at < cutting->text.size && is_blank(cutting->text.data[at]))
                at++;
        return at;
}

/* The offset after the line end at `at`; 0: there is none. */
static size_t after_newline(const struct cutting *cutting, size_t at)
{
        const struct cf_span text = cutting->text;
        if (at < text.size && text.data[at] == '\r')
                at++;
        return at < text.size && text.data[at] == '\n' ? at + 1 : 0;
}

/* The offset after the continuation at `at`: a backslash, blanks, a line end; 0: there is none. */
static size_t after_continuation(const struct cutting *cutting, size_t at)
{
        if (at >= cutting->text.size || !strchr("\\`^", cutting->text.data[at]) ||
            !cutting->text.data[at])
                return 0;
        return after_newline(cutting, skip_on(cutting, at + 1));
}

/* The start of the line when nothing but blanks (or the prompt of a continued line) stands before
 * `at` on it, and the list started on an earlier one; SIZE_MAX otherwise. */
static size_t line_start(const struct cutting *cutting, size_t at)
{
        const char *text = cutting->text.data;
        size_t back = at;
        while (back > cutting->lower && is_blank(text[back - 1]))
                back--;
        if (back > cutting->lower && text[back - 1] == '>' && back < at) {
                back--;
                while (back > cutting->lower && is_blank(text[back - 1]))
                        back--;
        }
        return back > cutting->lower && text[back - 1] == '\n' ? back : SIZE_MAX;
}

static bool same_line(const struct cutting *cutting, size_t from, size_t to)
{
        return !memchr(cutting->text.data + from, '\n', to - from);
}

static bool follows(const struct cutting *cutting, size_t i)
{
        const struct cut *cut = &cutting->cuts[i];
        return i > 0 && cut->first == cutting->cuts[i - 1].last + 1;
}

static void arrange(struct cutting *cutting)
{
        for (size_t i = 0; i < cutting->count; i++) {
                struct cut *cut = &cutting->cuts[i];
                cut->leads = cut->first == 0 || line_start(cutting, cut->start) != SIZE_MAX ||
                             (follows(cutting, i) && cutting->cuts[i - 1].leads &&
                              same_line(cutting, cutting->cuts[i - 1].end, cut->start));
        }
        for (size_t i = cutting->count; i > 0; i--) {
                struct cut *cut = &cutting->cuts[i - 1];
                cut->trails =
                        cut->last + 1 == cutting->list->count ||
                        (i < cutting->count && follows(cutting, i) && cutting->cuts[i].trails);
        }
}

static bool folds(const struct cutting *cutting)
{
        return cutting->list->code->flags & CF_SHELL_FOLDED;
}

/* Nothing but blanks and line ends (with their backslashes) between two words. */
static bool is_gap(const struct cutting *cutting, size_t from, size_t to)
{
        for (size_t at = from; at < to;) {
                size_t next = after_continuation(cutting, at);
                if (!next && (cutting->list->kind != CF_LIST_COMMAND || folds(cutting)))
                        next = after_newline(cutting, at);
                if (!next && is_blank(cutting->text.data[at]))
                        next = at + 1;
                if (!next)
                        return false;
                at = next;
        }
        return true;
}

/* The cuts from `i` on that fill their lines: *ret_last is the last of them, *ret_whole the lines.
 */
static bool fill_lines(const struct cutting *cutting, size_t i, size_t *ret_last,
                       struct cf_range *ret_whole)
{
        size_t start = line_start(cutting, cutting->cuts[i].start), last = i;
        if (start == SIZE_MAX)
                return false;
        while (last + 1 < cutting->count && follows(cutting, last + 1) &&
               same_line(cutting, cutting->cuts[last].end, cutting->cuts[last + 1].start))
                last++;
        size_t tail = skip_on(cutting, cutting->cuts[last].end);
        size_t next = after_continuation(cutting, tail);
        if (!next && cutting->list->kind == CF_LIST_ARRAY)
                next = after_newline(cutting, tail);
        if (!next || next > cutting->upper)
                return false;
        *ret_last = last;
        *ret_whole = (struct cf_range){start, next - start};
        return true;
}

/* ---- what an edit leaves --------------------------------------------------------------------- */

struct seen {
        struct cf_arena *arena;
        const struct cf_shell_word *words;
        size_t count;
        size_t commands;
};

static int see_command(struct cf_shell_lexer *lexer, const struct cf_shell_command *command)
{
        struct seen *seen = lexer->context;
        struct cf_shell_word *kept;
        /* Commands within substitutions come first: the last one is the command itself. */
        seen->commands++;
        int r = cf_shell_words_keep(seen->arena, command->words, command->count, &kept);
        if (r < 0)
                return r;
        seen->words = kept;
        seen->count = command->count;
        return 0;
}

/* The words of a list's text as they are read after an edit. */
static int see(const struct cf_list *list, struct cf_arena *arena, struct cf_span text,
               struct seen *ret_seen)
{
        struct cf_shell_code code = {.text = text, .flags = list->code->flags};
        *ret_seen = (struct seen){.arena = arena};
        if (list->split)
                return list->split(arena, &code, &ret_seen->words, &ret_seen->count);
        const struct cf_shell_events events = {.command = see_command};
        const struct cf_shell_events silence = {0};
        struct cf_shell_lexer lexer = {.arena = arena, .events = &events, .context = ret_seen};
        if (list->kind == CF_LIST_COMMAND)
                return cf_shell_parse(&lexer, &code, NULL);
        lexer.events = &silence;
        struct cf_range whole = {0, text.size};
        return cf_shell_split(&lexer, &code, whole, &ret_seen->words, &ret_seen->count);
}

static bool same_words(const struct cf_shell_word *a, const struct cf_shell_word *b, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!cf_span_equal(a[i].value, b[i].value))
                        return false;
        return true;
}

/* The words after are those before without `count` of them from some place on. */
static bool lacks_only(const struct seen *before, const struct seen *after, size_t count)
{
        if (before->commands != after->commands || after->count + count != before->count)
                return false;
        size_t first = 0;
        while (first < after->count &&
               cf_span_equal(before->words[first].value, after->words[first].value))
                first++;
        return same_words(before->words + first + count, after->words + first,
                          after->count - first);
}

static int check_level(struct cf_script *script, const struct cf_list *list, struct cf_range part,
                       struct cf_range removed, size_t words, bool *ret_good)
{
        struct cf_arena *arena = script->reader->arena;
        struct seen before, after;
        struct cf_span left;
        int r = see(list, arena, cf_span_part(list->code->text, part.offset, part.length), &before);
        if (r == 0)
                r = cf_shell_without(arena, list->code, part, removed, &left);
        if (r == 0)
                r = see(list, arena, left, &after);
        if (r < 0)
                return r;
        if (words) {
                *ret_good = lacks_only(&before, &after, words);
                return 0;
        }
        /* A level above: one word is another, or (ssh host docker run …) some are gone. */
        size_t differ = 0, gone = before.count - after.count;
        for (size_t i = 0; i < before.count && i < after.count; i++)
                differ += !cf_span_equal(before.words[i].value, after.words[i].value);
        if (before.count == after.count)
                *ret_good = before.commands == after.commands && differ == 1;
        else
                *ret_good = before.count > after.count && lacks_only(&before, &after, gone);
        return 0;
}

/* Reads again what is left when `removed` goes: `words` words of the list, and nothing else. */
static int check(const struct cutting *cutting, struct cf_range removed, size_t words,
                 bool *ret_good)
{
        const struct cf_list *list = cutting->list;
        int r = check_level(cutting->script, list, list->inner, removed, words, ret_good);
        const struct cf_shell_code *code = list->code;
        for (; r == 0 && *ret_good && code->parent; code = code->parent) {
                struct cf_list above = {.kind = CF_LIST_COMMAND, .code = code->parent};
                r = check_level(cutting->script, &above, code->parent_command, removed, 0,
                                ret_good);
        }
        return r;
}

/* ---- groups ------------------------------------------------------------------------------------
 */

static int make_group(struct cutting *cutting, struct cf_edit **edits, const struct cf_range *parts,
                      size_t count, struct cf_range whole, enum cf_group_kind kind)
{
        struct cf_arena *arena = cutting->script->reader->arena;
        struct cf_range *copy = cf_arena_many(arena, count, struct cf_range);
        struct cf_group *group = cf_arena_one(arena, struct cf_group);
        if (!copy || !group)
                return -ENOMEM;
        memcpy(copy, parts, count * sizeof(*copy));
        *group = (struct cf_group){
                .kind = kind, .parts = copy, .count = count, .whole = whole, .whole_text = ""};
        for (size_t i = 0; edits && i < count; i++) {
                edits[i]->group = group;
                edits[i]->part = i;
        }
        return 0;
}

/* Cuts that stand side by side and may all go: parts of one group. */
static int group_run(struct cutting *cutting, struct cf_edit **edits, size_t first, size_t last,
                     struct cf_range whole)
{
        struct cf_range parts[CF_COMMAND_SETTINGS];
        size_t count = last - first + 1;
        for (size_t i = first; i <= last; i++) {
                const struct cut *cut = &cutting->cuts[i];
                size_t start = cut->start, end = cut->end;
                if (i < last)
                        end = cutting->cuts[i + 1].start;
                else if (i > first)
                        start = cutting->cuts[i - 1].end;
                else {
                        start = whole.offset;
                        end = whole.offset + whole.length;
                }
                parts[i - first] = (struct cf_range){start, end - start};
        }
        return make_group(cutting, edits + first, parts, count, whole, CF_GROUP_PIECES);
}

static struct cf_range single_range(const struct cutting *cutting, size_t i)
{
        const struct cut *cut = &cutting->cuts[i];
        size_t start = skip_back(cutting, cut->start), end = cut->end;
        if ((cut->trails || folds(cutting)) && cut->first > 0) {
                const struct cf_shell_word *before = &cutting->list->words[cut->first - 1];
                size_t gap =
                        cf_shell_source_end(cutting->list->code, before->offset + before->length);
                if (gap <= cut->start && is_gap(cutting, gap, cut->start))
                        start = gap;
        } else if (cut->leads) {
                start = cut->start;
                end = skip_on(cutting, end);
                if (folds(cutting) && after_newline(cutting, end))
                        end = skip_on(cutting, after_newline(cutting, end));
        }
        return (struct cf_range){start, end - start};
}

static int refuse_run(struct cf_edit **edits, size_t first, size_t last, const char *why)
{
        for (size_t i = first; i <= last; i++)
                *edits[i] = (struct cf_edit){.refusal = why};
        return 0;
}

static const char *const unsafe = "what would be left reads differently: edit it by hand";

/* Every word of the list goes: the variable or array stays, empty. */
static int group_all(struct cutting *cutting, struct cf_edit **edits)
{
        struct cf_range whole = {cutting->lower, cutting->upper - cutting->lower};
        bool good = false;
        int r = check(cutting, whole, cutting->list->count, &good);
        if (r < 0)
                return r;
        if (!good)
                return refuse_run(edits, 0, cutting->count - 1, unsafe);
        return group_run(cutting, edits, 0, cutting->count - 1, whole);
}

static int group_each(struct cutting *cutting, struct cf_edit **edits)
{
        int r = 0;
        for (size_t i = 0; i < cutting->count && r == 0; i++) {
                const struct cut *cut = &cutting->cuts[i];
                struct cf_range whole;
                size_t last = i;
                bool trails = cut->trails && cutting->list->kind != CF_LIST_ARRAY;
                bool lines = !trails && fill_lines(cutting, i, &last, &whole);
                if (!lines)
                        whole = single_range(cutting, i);
                bool good = false;
                size_t words = cutting->cuts[last].last - cut->first + 1;
                if ((r = check(cutting, whole, words, &good)) < 0)
                        break;
                r = good ? group_run(cutting, edits, i, last, whole)
                         : refuse_run(edits, i, last, unsafe);
                i = last;
        }
        return r;
}

/* Items of ["a", "b"]: all of them are parts, an option and its value one. */
static int group_items(struct cutting *cutting, struct cf_edit **edits)
{
        const struct cf_list *list = cutting->list;
        struct cf_arena *arena = cutting->script->reader->arena;
        struct cf_range *parts = cf_arena_many(arena, list->count, struct cf_range);
        struct cf_group *group = cf_arena_one(arena, struct cf_group);
        size_t count = 0, next = 0;
        if (!parts || !group)
                return -ENOMEM;
        for (size_t i = 0; i < list->count; i++) {
                size_t last = i;
                if (next < cutting->count && cutting->cuts[next].first == i) {
                        last = cutting->cuts[next].last;
                        edits[next]->group = group;
                        edits[next]->part = count;
                        next++;
                }
                size_t start = list->words[i].offset;
                size_t end = list->words[last].offset + list->words[last].length;
                parts[count++] = cf_shell_source_range(list->code, start, end - start);
                i = last;
        }
        *group = (struct cf_group){.kind = CF_GROUP_COMMAS, .parts = parts, .count = count};
        group->whole = cf_shell_source_range(list->code, list->inner.offset, list->inner.length);
        group->whole_text = "";
        return 0;
}

/* ---- the edits of a command --------------------------------------------------------------------
 */

static const char *refusal_of(const struct cf_argument *arguments, const struct cf_hit *hit)
{
        const struct cf_argument *first = &arguments[hit->first], *last = &arguments[hit->last];
        const struct cf_list *list = first->list;
        if (list != last->list || last->index - first->index != hit->last - hit->first)
                return "the option and its value stand in different places";
        if (list->code->level > 1)
                return "it stands in quotes within quotes";
        if (list->inner.length > CF_COMMAND_EDIT)
                return "the command is too long";
        for (size_t i = hit->first; i <= hit->last; i++) {
                const struct cf_shell_word *word = arguments[i].word;
                for (size_t j = 0; j < word->part_count; j++)
                        if (word->parts[j].kind == CF_SHELL_TEMPLATE)
                                return "a template fills in part of it";
                if (!word->literal)
                        return "its value is computed";
        }
        return NULL;
}

static int edit_list(struct cutting *cutting, struct cf_edit **edits)
{
        const struct cf_list *list = cutting->list;
        struct cf_range inner =
                cf_shell_source_range(list->code, list->inner.offset, list->inner.length);
        size_t words = 0;
        cutting->lower = inner.offset;
        cutting->upper = inner.offset + inner.length;
        arrange(cutting);
        for (size_t i = 0; i < cutting->count; i++)
                words += cutting->cuts[i].last - cutting->cuts[i].first + 1;
        if (list->kind == CF_LIST_JSON)
                return group_items(cutting, edits);
        if (words == list->count && list->kind != CF_LIST_COMMAND && list->kind != CF_LIST_UNIT)
                return group_all(cutting, edits);
        return group_each(cutting, edits);
}

int cf_edit_make(struct cf_script *script, const struct cf_argument *arguments,
                 const struct cf_parsed *parsed, struct cf_edit *edits)
{
        bool done[CF_COMMAND_SETTINGS] = {0};
        int r = 0;
        for (size_t i = 0; i < parsed->hits.count; i++) {
                edits[i] =
                        (struct cf_edit){.refusal = refusal_of(arguments, &parsed->hits.items[i])};
                done[i] = edits[i].refusal != NULL;
        }
        for (size_t i = 0; i < parsed->hits.count && r == 0; i++) {
                struct cutting cutting = {.script = script, .text = script->source->text};
                struct cf_edit *of[CF_COMMAND_SETTINGS];
                if (done[i])
                        continue;
                cutting.list = arguments[parsed->hits.items[i].first].list;
                for (size_t j = i; j < parsed->hits.count; j++) {
                        const struct cf_hit *hit = &parsed->hits.items[j];
                        const struct cf_argument *first = &arguments[hit->first];
                        const struct cf_argument *last = &arguments[hit->last];
                        if (done[j] || first->list != cutting.list)
                                continue;
                        done[j] = true;
                        if (cutting.count && first->index <= cutting.cuts[cutting.count - 1].last) {
                                edits[j].refusal = "the same words are used twice";
                                continue;
                        }
                        size_t from = first->word->offset;
                        size_t to = last->word->offset + last->word->length;
                        struct cf_range range =
                                cf_shell_source_range(first->list->code, from, to - from);
                        of[cutting.count] = &edits[j];
                        cutting.cuts[cutting.count++] =
                                (struct cut){.first = first->index,
                                             .last = last->index,
                                             .start = range.offset,
                                             .end = range.offset + range.length};
                }
                r = edit_list(&cutting, of);
        }
        return r;
}
