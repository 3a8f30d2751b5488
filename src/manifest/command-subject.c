/* SPDX-License-Identifier: Apache-2.0 */
/* A command that was read → a subject with its settings. */
#include "base/spelling.h"
#include "manifest/command.h"
#include "manifest/ignore.h"

#include <stdint.h>

/* ---- entries that may be about seccomp ------------------------------------------------------- */

#define SLIP 2 /* changes of one character that make "seccomp" of a key */

static bool is_nearly_seccomp(struct cf_span key)
{
        return cf_spelling_distance(key, CF_SPAN("seccomp"), SLIP) <= SLIP;
}

static size_t separator(struct cf_span entry)
{
        size_t at = cf_span_find_byte(entry, '=');
        return at != SIZE_MAX ? at : cf_span_find_byte(entry, ':');
}

/* Text with marks, each of which may be anything, could be `word`. Linear: the text is compared
 * from both ends up to its first and last mark. */
static bool may_be(struct cf_span text, const char *word)
{
        size_t size = strlen(word), front = 0, back = 0;
        while (front < text.size && text.data[front] != CF_SHELL_MARK)
                front++;
        if (front == text.size)
                return cf_span_is(text, word);
        while (text.data[text.size - 1 - back] != CF_SHELL_MARK)
                back++;
        return front + back <= size && memcmp(text.data, word, front) == 0 &&
               memcmp(text.data + text.size - back, word + size - back, back) == 0;
}

enum about { ABOUT_OTHER, ABOUT_SECCOMP, ABOUT_PATH, ABOUT_ANYTHING };

/* What an entry is about; ABOUT_PATH: a profile, though its path is not known whole. */
static enum about about(struct cf_span entry)
{
        size_t mark = cf_span_find_byte(entry, CF_SHELL_MARK);
        size_t at = separator(entry);
        struct cf_span key = cf_span_trim(cf_span_part(entry, 0, at));
        if (at == SIZE_MAX && mark == SIZE_MAX)
                return is_nearly_seccomp(key) ? ABOUT_SECCOMP : ABOUT_OTHER;
        if (mark != SIZE_MAX && mark < at) {
                struct cf_span known = cf_span_part(entry, 0, mark);
                bool start = known.size <= 7 && memcmp(known.data, "seccomp", known.size) == 0;
                return start ? ABOUT_ANYTHING : ABOUT_OTHER;
        }
        if (!is_nearly_seccomp(key))
                return ABOUT_OTHER;
        if (mark == SIZE_MAX)
                return ABOUT_SECCOMP;
        struct cf_span value = cf_span_part(entry, at + 1, SIZE_MAX);
        return may_be(value, "unconfined") ? ABOUT_ANYTHING : ABOUT_PATH;
}

/* ---- settings ----------------------------------------------------------------------------------
 */

struct giving {
        struct cf_script *script;
        const struct cf_argument *arguments;
        const struct cf_parsed *parsed;
        const struct cf_finding_place *where;
        CF_VEC(struct cf_setting) settings;
        CF_VEC(struct cf_hit) hits; /* of the settings */
};

static struct cf_range hit_range(const struct giving *giving, const struct cf_hit *hit)
{
        const struct cf_argument *first = &giving->arguments[hit->first];
        const struct cf_argument *last = &giving->arguments[hit->last];
        const struct cf_shell_word *word = last->word;
        if (last->list != first->list && last->used_list == first->list)
                word = &last->used_list->words[last->used_index]; /* --security-opt "$X" */
        else if (last->list != first->list || word->offset < first->word->offset)
                word = first->word;
        size_t start = first->word->offset;
        return cf_shell_source_range(first->list->code, start, word->offset + word->length - start);
}

static void doubt(struct cf_setting *setting, enum cf_certainty certainty, const char *because)
{
        if (certainty <= setting->certainty)
                return;
        setting->certainty = certainty;
        setting->because = because;
        if (certainty == CF_UNKNOWN)
                setting->value = NULL;
}

/* Doubts whether the option is there at all. */
static int doubt_presence(const struct giving *giving, const struct cf_hit *hit,
                          struct cf_setting *setting)
{
        const struct cf_argument *argument = &giving->arguments[hit->first];
        const struct cf_site *site = giving->where->site;
        struct cf_arena *arena = giving->script->reader->arena;
        const struct cf_assignment *from = giving->arguments[hit->value].from;
        if (hit->uncertain)
                doubt(setting, CF_UNKNOWN, "whether it is there is computed");
        doubt(setting, argument->certainty, argument->because);
        if (from && from != argument->from) { /* --security-opt "$X" */
                const char *because = cf_arena_printf(
                        arena, "%.*s is set in line %u",
                        (int)(from->name.size < 60 ? from->name.size : 60), from->name.data,
                        cf_source_line_of(giving->script->source, from->at));
                if (!because)
                        return -ENOMEM;
                doubt(setting, CF_ASSUMED, because);
        }
        if (site && site->way && argument->from == site->way) {
                const char *because = cf_arena_printf(
                        arena, "%.*s has this value only under a condition",
                        (int)(site->way->name.size < 60 ? site->way->name.size : 60),
                        site->way->name.data);
                if (!because)
                        return -ENOMEM;
                doubt(setting, CF_ASSUMED, because);
        }
        if (giving->parsed->guess != SIZE_MAX && hit->first > giving->parsed->guess)
                doubt(setting, CF_ASSUMED, "what stands before it is taken for options");
        return 0;
}

/* The word as it is written from `at` on, for a value that is not known whole. */
static char *written(struct cf_arena *arena, const struct cf_argument *argument, size_t at)
{
        const struct cf_shell_word *word = argument->word;
        struct cf_span text = argument->list->code->text;
        char *copy = cf_arena_alloc(arena, word->length + word->value.size + 1);
        size_t size = 0;
        for (size_t i = 0; copy && i < word->part_count; i++) {
                const struct cf_shell_part *part = &word->parts[i];
                size_t length = part->kind == CF_SHELL_LITERAL ? part->length : 1;
                if (part->at + length <= at)
                        continue;
                size_t skip = at > part->at ? at - part->at : 0;
                memcpy(copy + size, text.data + part->offset + skip, part->length - skip);
                size += part->length - skip;
        }
        return copy;
}

static int set_security_opt(const struct giving *giving, const struct cf_hit *hit,
                            const struct cf_script_value *value, struct cf_setting *setting)
{
        struct cf_arena *arena = giving->script->reader->arena;
        setting->kind = CF_SETTING_SECURITY_OPT;
        if (hit->uncertain)
                return 1;
        setting->certainty = value->certainty;
        setting->because = value->because;
        switch (about(value->text)) {
        case ABOUT_OTHER:
                return 0;
        case ABOUT_SECCOMP:
                setting->value = cf_arena_copy(arena, value->text);
                return setting->value ? 1 : -ENOMEM;
        case ABOUT_PATH:
                setting->value = written(arena, &giving->arguments[hit->value], hit->at);
                return setting->value ? 1 : -ENOMEM;
        default:
                return 1;
        }
}

static int set_privileged(const struct giving *giving, const struct cf_hit *hit,
                          const struct cf_script_value *value, struct cf_setting *setting)
{
        struct cf_arena *arena = giving->script->reader->arena;
        bool on = true;
        setting->kind = CF_SETTING_PRIVILEGED;
        setting->value = "true";
        if (hit->implied)
                return 1;
        setting->certainty = value->certainty;
        setting->because = value->because;
        if (value->certainty == CF_UNKNOWN) {
                setting->value = NULL;
                return 1;
        }
        if (!cf_parse_bool(value->text, &on)) {
                setting->value = cf_arena_copy(arena, value->text);
                setting->problem = cf_arena_printf(arena, "no boolean: %s refuses the command",
                                                   giving->parsed->engine ? giving->parsed->engine
                                                                          : "the engine");
                return setting->value && setting->problem ? 1 : -ENOMEM;
        }
        setting->value = on ? "true" : "false";
        return 1;
}

static int set_daemon_profile(const struct giving *giving, const struct cf_script_value *value,
                              struct cf_setting *setting)
{
        setting->kind = CF_SETTING_DAEMON_PROFILE;
        setting->certainty = value->certainty;
        setting->because = value->because;
        if (value->certainty == CF_UNKNOWN && may_be(value->text, "unconfined"))
                return 1;
        setting->value = cf_arena_copy(giving->script->reader->arena, value->text);
        return setting->value ? 1 : -ENOMEM;
}

static int count_line(struct cf_script *script, const struct cf_place *place, size_t offset)
{
        struct cf_span rest = cf_span_part(script->source->text, offset, SIZE_MAX);
        size_t end = cf_span_find_byte(rest, '\n');
        script->shown += place->column + (end < rest.size ? end : rest.size);
        return script->shown > CF_SCRIPT_SHOWN
                       ? cf_script_exhaust(script, "too many settings on long lines")
                       : 0;
}

static int add_setting(struct giving *giving, const struct cf_hit *hit,
                       const struct cf_script_value *value)
{
        const struct cf_source *source = giving->script->source;
        struct cf_arena *arena = giving->script->reader->arena;
        struct cf_setting setting = {.file_id = source->id};
        struct cf_ignores ignores = {0};
        int r;
        if (giving->settings.count >= CF_COMMAND_SETTINGS)
                return 0;
        if (hit->kind == CF_HIT_PRIVILEGED)
                r = set_privileged(giving, hit, value, &setting);
        else if (hit->kind == CF_HIT_DAEMON_PROFILE)
                r = set_daemon_profile(giving, value, &setting);
        else
                r = set_security_opt(giving, hit, value, &setting);
        if (r <= 0)
                return r;
        struct cf_range range = hit_range(giving, hit);
        setting.place = cf_source_place(source, range.offset, range.length);
        if ((r = count_line(giving->script, &setting.place, range.offset)) < 0)
                return r;
        if ((r = doubt_presence(giving, hit, &setting)) < 0 ||
            (r = cf_excerpt_take(arena, source, &setting.place, &setting.excerpt)) < 0 ||
            (r = cf_ignores_beside(arena, source, range, &ignores)) < 0 ||
            (r = cf_ignores_above(arena, source, giving->where->command.offset,
                                  giving->script->documentation, &ignores)) < 0)
                return r;
        setting.ignores = ignores.items;
        setting.ignore_count = ignores.count;
        if (cf_vec_push(arena, &giving->hits, *hit) < 0)
                return -ENOMEM;
        return cf_vec_push(arena, &giving->settings, setting);
}

/* `--security-opt={a,b}` is two options to bash. */
static int add_braces(struct giving *giving, const struct cf_hit *hit, struct cf_span text)
{
        struct cf_span rest = cf_span_part(text, 1, text.size - 2);
        int r = 0;
        while (r == 0) {
                size_t comma = cf_span_find_byte(rest, ',');
                struct cf_script_value value = {.text = cf_span_part(rest, 0, comma)};
                size_t before = giving->settings.count;
                r = add_setting(giving, hit, &value);
                if (giving->settings.count > before)
                        giving->settings.items[before].edit.refusal =
                                "it is one of several in braces: edit it by hand";
                if (comma == SIZE_MAX)
                        break;
                rest = cf_span_part(rest, comma + 1, SIZE_MAX);
        }
        return r;
}

static bool is_braces(const struct cf_shell_word *word, struct cf_span text, size_t at)
{
        return at > 0 && !word->quoted && word->literal && text.size > 2 && text.data[0] == '{' &&
               text.data[text.size - 1] == '}' && cf_span_find_byte(text, ',') != SIZE_MAX;
}

static int collect(struct giving *giving)
{
        int r = 0;
        for (size_t i = 0; i < giving->parsed->hits.count && r == 0; i++) {
                const struct cf_hit *hit = &giving->parsed->hits.items[i];
                const struct cf_argument *argument = &giving->arguments[hit->value];
                struct cf_script_value value = {0};
                if (!hit->implied)
                        r = cf_script_value(giving->script, argument->list->code, argument->word,
                                            hit->at, giving->where->site, &value);
                if (r < 0)
                        break;
                if (hit->kind == CF_HIT_SECURITY_OPT &&
                    is_braces(argument->word, value.text, hit->at))
                        r = add_braces(giving, hit, value.text);
                else
                        r = add_setting(giving, hit, &value);
        }
        return r;
}

/* ---- edits -------------------------------------------------------------------------------------
 */

/* Where another profile may be put: the path alone. */
static void find_value(const struct giving *giving, const struct cf_hit *hit, struct cf_edit *edit)
{
        const struct cf_argument *argument = &giving->arguments[hit->value];
        const struct cf_shell_word *word = argument->word;
        struct cf_span text = cf_span_part(word->value, hit->at, SIZE_MAX);
        size_t at = hit->kind == CF_HIT_DAEMON_PROFILE ? 0 : separator(text) + 1;
        struct cf_range range;
        char quote;
        if (hit->implied || hit->kind == CF_HIT_PRIVILEGED || at > text.size || at == text.size)
                return;
        if (!cf_shell_word_part(word, hit->at + at, text.size - at, &range, &quote))
                return;
        const struct cf_list *list = argument->list;
        struct cf_range source = cf_shell_source_range(list->code, range.offset, range.length);
        bool string = list->kind == CF_LIST_STRING || list->kind == CF_LIST_UNIT;
        if (source.length != range.length || (list->code->level > 0 && !string))
                return;
        edit->value = source;
        if (string)
                edit->quoting = list->quoting;
        else if (list->kind == CF_LIST_JSON)
                edit->quoting = CF_QUOTE_YAML_DOUBLE;
        else
                edit->quoting = quote == '\''  ? CF_QUOTE_SHELL_SINGLE
                                : quote == '"' ? CF_QUOTE_SHELL_DOUBLE
                                               : CF_QUOTE_SHELL;
}

static int make_edits(struct giving *giving)
{
        struct cf_parsed parsed = *giving->parsed;
        struct cf_edit edits[CF_COMMAND_SETTINGS];
        parsed.hits.items = giving->hits.items;
        parsed.hits.count = giving->hits.count;
        int r = cf_edit_make(giving->script, giving->arguments, &parsed, edits);
        for (size_t i = 0; i < giving->settings.count && r == 0; i++) {
                struct cf_setting *setting = &giving->settings.items[i];
                if (setting->edit.refusal)
                        continue;
                setting->edit = edits[i];
                if (!edits[i].refusal)
                        find_value(giving, &giving->hits.items[i], &setting->edit);
        }
        return r;
}

/* ---- subjects ----------------------------------------------------------------------------------
 */

/* The text of an argument from `at` on when it is known; NULL otherwise. */
static int known_text(const struct giving *giving, size_t argument, size_t at,
                      const char **ret_text)
{
        const struct cf_argument *word = &giving->arguments[argument];
        struct cf_script_value value;
        *ret_text = NULL;
        int r = cf_script_value(giving->script, word->list->code, word->word, at,
                                giving->where->site, &value);
        if (r < 0 || value.certainty == CF_UNKNOWN || value.text.size == 0)
                return r;
        *ret_text = cf_arena_copy(giving->script->reader->arena, value.text);
        return *ret_text ? 0 : -ENOMEM;
}

static int give(struct giving *giving)
{
        struct cf_script *script = giving->script;
        const struct cf_finding_place *where = giving->where;
        const struct cf_parsed *parsed = giving->parsed;
        struct cf_subject subject = {
                .kind = where->kind,
                .evidence = CF_DECLARED,
                .name = where->name,
                .engine_word = parsed->engine,
                .action = parsed->action,
                .format = script->format,
                .documentation = script->documentation,
                .root = script->source->path,
                .settings = giving->settings.items,
                .setting_count = giving->settings.count,
        };
        int r = 0;
        if (++script->subjects > CF_SCRIPT_SUBJECTS)
                return cf_script_exhaust(script, "too many commands");
        if (where->kind == CF_SUBJECT_COMMAND && parsed->image != SIZE_MAX)
                r = known_text(giving, parsed->image, 0, &subject.image);
        if (r == 0 && where->kind == CF_SUBJECT_EXEC && parsed->image != SIZE_MAX)
                r = known_text(giving, parsed->image, 0, &subject.name);
        if (r == 0 && parsed->name != SIZE_MAX)
                r = known_text(giving, parsed->name, parsed->name_at, &subject.name);
        if (r < 0)
                return r;
        if (!subject.name)
                subject.name = subject.image;
        subject.place =
                cf_source_place(script->source, where->command.offset, where->command.length);
        return script->reader->subject(&subject, script->reader->context);
}

static void mark_joined(const struct giving *giving)
{
        for (size_t i = 0; i < giving->hits.count; i++) {
                struct cf_assignment *from = giving->arguments[giving->hits.items[i].first].from;
                if (from)
                        from->joined = true;
        }
}

int cf_subject_give(struct cf_script *script, const struct cf_argument *arguments,
                    const struct cf_parsed *parsed, const struct cf_finding_place *where)
{
        struct giving giving = {
                .script = script, .arguments = arguments, .parsed = parsed, .where = where};
        if (parsed->hits.count == 0)
                return 0;
        int r = collect(&giving);
        if (r == 0 && giving.settings.count)
                r = make_edits(&giving);
        if (r < 0)
                return r;
        mark_joined(&giving);
        return giving.settings.count ? give(&giving) : 0;
}

/* The flag with the blanks behind it, or, alone on a line that goes on, all of that line. */
static struct cf_range flag_cut(struct cf_span text, struct cf_range flag)
{
        size_t start = flag.offset, end = flag.offset + flag.length, back = start;
        while (end < text.size && (text.data[end] == ' ' || text.data[end] == '\t'))
                end++;
        while (back > 0 && (text.data[back - 1] == ' ' || text.data[back - 1] == '\t'))
                back--;
        if (back > 0 && text.data[back - 1] == '\n' && end < text.size &&
            strchr("\\`", text.data[end]) && text.data[end]) {
                struct cf_span rest = cf_span_part(text, end + 1, SIZE_MAX), line;
                if (cf_span_next_line(&rest, &line) && cf_span_trim(line).size == 0)
                        return (struct cf_range){back, (size_t)(rest.data - text.data) - back};
        }
        return (struct cf_range){start, end - start};
}

int cf_script_flag(struct cf_script *script, const char *action, const char *name,
                   struct cf_range command, struct cf_range flag)
{
        const struct cf_source *source = script->source;
        struct cf_arena *arena = script->reader->arena;
        struct cf_range *part = cf_arena_one(arena, struct cf_range);
        struct cf_group *group = cf_arena_one(arena, struct cf_group);
        struct cf_ignores ignores = {0};
        struct cf_setting setting = {.kind = CF_SETTING_PRIVILEGED, .value = "true"};
        if (!part || !group)
                return -ENOMEM;
        *part = flag_cut(source->text, flag);
        *group = (struct cf_group){.parts = part, .count = 1, .whole = *part, .whole_text = ""};
        setting.edit.group = group;
        setting.file_id = source->id;
        setting.place = cf_source_place(source, flag.offset, flag.length);
        if (cf_excerpt_take(arena, source, &setting.place, &setting.excerpt) < 0 ||
            cf_ignores_beside(arena, source, flag, &ignores) < 0 ||
            cf_ignores_above(arena, source, command.offset, script->documentation, &ignores) < 0)
                return -ENOMEM;
        setting.ignores = ignores.items;
        setting.ignore_count = ignores.count;
        struct cf_subject subject = {
                .kind = CF_SUBJECT_BUILD,
                .evidence = CF_DECLARED,
                .name = name,
                .engine_word = "docker",
                .action = action,
                .format = script->format,
                .documentation = script->documentation,
                .root = source->path,
                .place = cf_source_place(source, command.offset, command.length),
                .settings = &setting,
                .setting_count = 1,
        };
        return script->reader->subject(&subject, script->reader->context);
}
