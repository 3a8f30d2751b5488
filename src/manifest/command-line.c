/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines that are cut into words already, as a program is given them. */
#include <errno.h>
#include <stdint.h>

#include "manifest/command.h"

static bool is_privileged(const struct cf_parsed *parsed, const char *const *words)
{
        bool privileged = false;
        for (size_t i = 0; i < parsed->hits.count; i++) {
                const struct cf_hit *hit = &parsed->hits.items[i];
                if (hit->kind == CF_HIT_PRIVILEGED &&
                    (hit->implied ||
                     !cf_parse_bool(cf_span_of(words[hit->value] + hit->at), &privileged)))
                        privileged = true;
        }
        return privileged;
}

static struct cf_command_option option_of(const struct cf_hit *hit, const char *const *words)
{
        static const enum cf_command_option_kind kinds[] = {
                [CF_HIT_SECURITY_OPT] = CF_COMMAND_SECURITY_OPT,
                [CF_HIT_PRIVILEGED] = CF_COMMAND_PRIVILEGED,
                [CF_HIT_CAP_ADD] = CF_COMMAND_CAP_ADD,
                [CF_HIT_CAP_DROP] = CF_COMMAND_CAP_DROP,
        };
        return (struct cf_command_option){
                .kind = kinds[hit->kind],
                .value = hit->implied ? NULL : words[hit->value] + hit->at,
                .first = hit->first,
                .last = hit->last,
        };
}

static int list_options(struct cf_arena *arena, const struct cf_parsed *parsed,
                        const char *const *words, struct cf_command_line *line)
{
        size_t count = parsed->hits.count + parsed->capabilities.count;
        struct cf_command_option *list = cf_arena_many(arena, count + 1, struct cf_command_option);
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < parsed->hits.count; i++)
                list[line->option_count++] = option_of(&parsed->hits.items[i], words);
        for (size_t i = 0; i < parsed->capabilities.count; i++)
                list[line->option_count++] = option_of(&parsed->capabilities.items[i], words);
        line->option_list = list;
        return 0;
}

int cf_command_line_read(struct cf_arena *arena, const char *const *words, size_t count,
                         struct cf_command_line *ret_line)
{
        static const struct cf_shell_code nowhere; /* the words stand in no text */
        struct cf_shell_word *plain = cf_arena_many(arena, count, struct cf_shell_word);
        struct cf_argument *arguments = cf_arena_many(arena, count, struct cf_argument);
        struct cf_list *list = cf_arena_one(arena, struct cf_list);
        struct cf_parsed parsed = {0};
        int r = 0;
        if (!plain || !arguments || !list)
                return -ENOMEM;
        const char *engine = count ? cf_engine_name(cf_span_of(words[0])) : NULL;
        *list = (struct cf_list){.code = &nowhere, .words = plain, .count = count};
        for (size_t i = 0; i < count; i++) {
                plain[i] = (struct cf_shell_word){.value = cf_span_of(words[i]), .literal = true};
                arguments[i] = (struct cf_argument){.list = list, .index = i, .word = &plain[i]};
        }
        if (!engine || !cf_command_read(arena, arguments, count, 0, engine, &parsed, &r))
                return r;
        if (parsed.image == SIZE_MAX || strcmp(parsed.action, "exec") == 0)
                return 0;
        struct cf_command_line line = {
                .engine = engine,
                .action = parsed.action,
                .options = parsed.options,
                .end = parsed.end,
                .image = parsed.image,
                .name = parsed.name < count ? words[parsed.name] + parsed.name_at : NULL,
                .detached = parsed.detached,
                .removed = parsed.removed,
                .id_file = parsed.id_file,
                .terminal = parsed.terminal,
                .privileged = is_privileged(&parsed, words),
        };
        if (list_options(arena, &parsed, words, &line) < 0)
                return -ENOMEM;
        *ret_line = line;
        return 1;
}
