/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of how often calls are made: lines of a call's name, a tab and a weight. */
#include <errno.h>
#include <string.h>

#include "cli/profile.h"
#include "cli/weights.h"

#define WEIGHT_MAX 1000000u
#define WEIGHT_OTHERS 1u /* of calls that the table does not name */

static const struct cf_weights_row *find_row(const struct cf_weights_table *table, const char *name)
{
        for (size_t i = 0; i < table->rows.count; i++)
                if (strcmp(table->rows.items[i].name, name) == 0)
                        return &table->rows.items[i];
        return NULL;
}

/* A table counts calls, and a call is the same whatever architecture it is made on; but what the
 * machine's other architectures are asked is rare. */
static uint32_t weigh(void *context, const struct cf_arch *arch, uint32_t nr, bool cached)
{
        const struct cf_weights_table *table = context;
        const struct cf_syscall *call = cf_syscall_by_number(arch, nr);
        (void)cached;
        const struct cf_weights_row *row = call && !arch->base ? find_row(table, call->name) : NULL;
        return row ? row->weight : WEIGHT_OTHERS;
}

static int refuse(const struct cf_source *source, size_t at, struct cf_error *err,
                  const char *message)
{
        const struct cf_place place = cf_source_place(source, at, 0);
        return cf_error_set(err, -EINVAL, &place, "%s", message);
}

static int read_line(struct cf_arena *arena, const struct cf_source *source, struct cf_span line,
                     struct cf_weights_table *table, struct cf_error *err)
{
        size_t at = (size_t)(line.data - source->text.data);
        size_t tab = cf_span_find_byte(line, '\t');
        if (line.size == 0 || line.data[0] == '#')
                return 0;
        if (tab == SIZE_MAX)
                return refuse(source, at, err, "a line is a call's name, a tab and its weight");
        struct cf_weights_row row = {
                .name = cf_arena_copy(arena, cf_span_part(line, 0, tab)),
        };
        if (!row.name)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (!cf_syscall_by_name(row.name))
                return refuse(source, at, err, "there is no such system call");
        if (find_row(table, row.name))
                return refuse(source, at, err, "this call has a weight already");
        size_t i = tab + 1;
        for (; i < line.size && line.data[i] >= '0' && line.data[i] <= '9' &&
               row.weight <= WEIGHT_MAX;
             i++)
                row.weight = row.weight * 10 + (uint32_t)(line.data[i] - '0');
        if (i != line.size || i == tab + 1 || row.weight > WEIGHT_MAX)
                return refuse(source, at + tab + 1, err, "a weight is a number from 0 to 1000000");
        if (cf_vec_push(arena, &table->rows, row) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return 0;
}

int cf_weights_read(struct cf_arena *arena, struct cf_files *files, const char *path,
                    struct cf_weights *ret_weights, struct cf_error *err)
{
        struct cf_source *source = NULL;
        struct cf_weights_table *table = cf_arena_one(arena, struct cf_weights_table);
        bool built_in = strcmp(path, "server") == 0;
        int r = !table ? cf_error_set(err, -ENOMEM, NULL, "not enough memory")
                : built_in
                        ? cf_source_from(arena, path, cf_span_of(cf_weights_server), &source, err)
                        : cf_files_read(files, arena, path, &source, err);
        if (r < 0)
                return r;
        struct cf_span rest = source->text;
        while (r == 0 && rest.size) {
                size_t end = cf_span_find_byte(rest, '\n');
                size_t size = end == SIZE_MAX ? rest.size : end;
                r = read_line(arena, source, cf_span_part(rest, 0, size), table, err);
                rest = end == SIZE_MAX ? CF_SPAN("") : cf_span_part(rest, end + 1, SIZE_MAX);
        }
        if (r < 0)
                return r;
        *ret_weights = (struct cf_weights){weigh, table};
        return 0;
}
