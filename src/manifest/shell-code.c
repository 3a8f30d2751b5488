/* SPDX-License-Identifier: Apache-2.0 */
/* Shell text and words, and where each byte of them comes from. */
#include "manifest/shell.h"

#include <stdint.h>

/* The last piece that starts at or before `at`. */
static const struct cf_shell_piece *piece_at(const struct cf_shell_code *code, size_t at)
{
        size_t low = 0, high = code->piece_count;
        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;
                if (code->pieces[middle].at <= at)
                        low = middle;
                else
                        high = middle;
        }
        return &code->pieces[low];
}

size_t cf_shell_source(const struct cf_shell_code *code, size_t at)
{
        if (code->piece_count == 0)
                return code->base + at;
        const struct cf_shell_piece *piece = piece_at(code, at);
        if (at >= piece->at + piece->length)
                return piece->offset + piece->source_length;
        if (piece->length == piece->source_length)
                return piece->offset + (at - piece->at);
        return piece->offset;
}

size_t cf_shell_source_end(const struct cf_shell_code *code, size_t at)
{
        if (code->piece_count == 0 || at == 0)
                return cf_shell_source(code, at);
        const struct cf_shell_piece *piece = piece_at(code, at - 1);
        if (piece->length == piece->source_length && at <= piece->at + piece->length)
                return piece->offset + (at - piece->at);
        return piece->offset + piece->source_length;
}

struct cf_range cf_shell_source_range(const struct cf_shell_code *code, size_t at, size_t length)
{
        size_t start = cf_shell_source(code, at);
        size_t end = length ? cf_shell_source_end(code, at + length) : start;
        return (struct cf_range){start, end > start ? end - start : 0};
}

static bool reserve(struct cf_shell_builder *builder, size_t more)
{
        if (builder->failed)
                return false;
        if (more <= builder->capacity - builder->size)
                return true;
        size_t capacity = builder->capacity ? builder->capacity : 64;
        while (capacity - builder->size < more) {
                if (capacity > SIZE_MAX / 2) {
                        builder->failed = true;
                        return false;
                }
                capacity *= 2;
        }
        char *text = cf_arena_alloc(builder->arena, capacity);
        if (!text) {
                builder->failed = true;
                return false;
        }
        if (builder->size)
                memcpy(text, builder->text, builder->size);
        builder->text = text;
        builder->capacity = capacity;
        return true;
}

static void add_piece(struct cf_shell_builder *builder, struct cf_shell_piece piece)
{
        if (builder->pieces.count) {
                struct cf_shell_piece *last = &builder->pieces.items[builder->pieces.count - 1];
                if (last->length == last->source_length && piece.length == piece.source_length &&
                    last->offset + last->length == piece.offset) {
                        last->length += piece.length;
                        last->source_length += piece.length;
                        return;
                }
        }
        if (cf_vec_push(builder->arena, &builder->pieces, piece) < 0)
                builder->failed = true;
}

void cf_shell_build_copy(struct cf_shell_builder *builder, size_t at, size_t length)
{
        const struct cf_shell_code *from = builder->from;
        if (length == 0 || !reserve(builder, length))
                return;
        size_t to = builder->size;
        memcpy(builder->text + to, from->text.data + at, length);
        builder->size += length;
        if (from->piece_count == 0) {
                add_piece(builder, (struct cf_shell_piece){to, length, from->base + at, length});
                return;
        }
        const struct cf_shell_piece *piece = piece_at(from, at);
        const struct cf_shell_piece *last = from->pieces + from->piece_count;
        for (size_t end = at + length; piece < last && piece->at < end; piece++) {
                size_t start = piece->at > at ? piece->at : at;
                size_t stop = piece->at + piece->length < end ? piece->at + piece->length : end;
                if (start >= stop)
                        continue;
                struct cf_shell_piece copy = {to + (start - at), stop - start, piece->offset,
                                              piece->source_length};
                if (piece->length == piece->source_length) {
                        copy.offset += start - piece->at;
                        copy.source_length = copy.length;
                }
                add_piece(builder, copy);
        }
}

void cf_shell_build_put(struct cf_shell_builder *builder, struct cf_span bytes, size_t at,
                        size_t length)
{
        if (bytes.size == 0 || !reserve(builder, bytes.size))
                return;
        struct cf_range range = cf_shell_source_range(builder->from, at, length);
        struct cf_shell_piece piece = {builder->size, bytes.size, range.offset, range.length};
        memcpy(builder->text + builder->size, bytes.data, bytes.size);
        builder->size += bytes.size;
        add_piece(builder, piece);
}

int cf_shell_build_done(struct cf_shell_builder *builder, struct cf_shell_code *ret_code)
{
        if (!reserve(builder, 1)) /* never a NULL text */
                return -ENOMEM;
        *ret_code = (struct cf_shell_code){
                .text = {builder->text, builder->size},
                .pieces = builder->pieces.items,
                .piece_count = builder->pieces.count,
                .base = builder->from->base,
                .file = builder->from->file,
                .flags = builder->from->flags,
                .level = builder->from->level,
                .parent = builder->from->parent,
                .parent_command = builder->from->parent_command,
        };
        return 0;
}

int cf_shell_without(struct cf_arena *arena, const struct cf_shell_code *code, struct cf_range part,
                     struct cf_range removed, struct cf_span *ret_text)
{
        char *text = cf_arena_alloc(arena, part.length + 1);
        if (!text)
                return -ENOMEM;
        struct cf_shell_piece whole = {0, code->text.size, code->base, code->text.size};
        const struct cf_shell_piece *piece = code->piece_count ? code->pieces : &whole;
        const struct cf_shell_piece *last = piece + (code->piece_count ? code->piece_count : 1);
        size_t end = part.offset + part.length, removed_end = removed.offset + removed.length;
        size_t size = 0;
        for (; piece < last && piece->at < end; piece++) {
                size_t from = piece->at > part.offset ? piece->at : part.offset;
                size_t to = piece->at + piece->length < end ? piece->at + piece->length : end;
                for (size_t at = from; at < to; at++) {
                        size_t offset = piece->offset;
                        if (piece->length == piece->source_length)
                                offset += at - piece->at;
                        if (offset < removed.offset || offset >= removed_end)
                                text[size++] = code->text.data[at];
                }
        }
        *ret_text = (struct cf_span){text, size};
        return 0;
}

/* ---- words, for those who read them -------------------------------------------------------------
 */

bool cf_shell_word_part(const struct cf_shell_word *word, size_t at, size_t length,
                        struct cf_range *ret_range, char *ret_quote)
{
        if (at > word->value.size || length > word->value.size - at)
                return false;
        if (word->part_count == 0) {
                *ret_range = (struct cf_range){word->offset + at, length};
                *ret_quote = 0;
                return true;
        }
        for (size_t i = 0; i < word->part_count; i++) {
                const struct cf_shell_part *part = &word->parts[i];
                if (part->kind != CF_SHELL_LITERAL || at < part->at ||
                    at + length > part->at + part->length)
                        continue;
                *ret_range = (struct cf_range){part->offset + (at - part->at), length};
                *ret_quote = part->quote;
                return true;
        }
        return false;
}

static struct cf_span file_text(const struct cf_shell_code *code, size_t at, size_t length)
{
        struct cf_range range = cf_shell_source_range(code, at, length);
        return cf_span_part(code->file, range.offset, range.length);
}

struct cf_span cf_shell_part_text(const struct cf_shell_code *code,
                                  const struct cf_shell_part *part)
{
        return file_text(code, part->offset, part->length);
}

struct cf_span cf_shell_word_text(const struct cf_shell_code *code,
                                  const struct cf_shell_word *word)
{
        return file_text(code, word->offset, word->length);
}

void cf_shell_build_word(struct cf_shell_builder *builder, const struct cf_shell_word *word,
                         size_t from)
{
        if (word->part_count == 0) {
                if (from < word->length)
                        cf_shell_build_copy(builder, word->offset + from, word->length - from);
                return;
        }
        const char mark = CF_SHELL_MARK;
        for (size_t i = 0; i < word->part_count; i++) {
                const struct cf_shell_part *part = &word->parts[i];
                size_t length = part->kind == CF_SHELL_LITERAL ? part->length : 1;
                if (part->at + length <= from)
                        continue;
                size_t skip = from > part->at ? from - part->at : 0;
                if (part->kind == CF_SHELL_LITERAL)
                        cf_shell_build_copy(builder, part->offset + skip, part->length - skip);
                else if (part->kind == CF_SHELL_VARIABLE)
                        cf_shell_build_copy(builder, part->offset, part->length);
                else
                        cf_shell_build_put(builder, (struct cf_span){&mark, 1}, part->offset,
                                           part->length);
        }
}

int cf_shell_words_keep(struct cf_arena *arena, const struct cf_shell_word *words, size_t count,
                        struct cf_shell_word **ret_words)
{
        struct cf_shell_word *kept = cf_arena_many(arena, count, struct cf_shell_word);
        if (!kept)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                kept[i] = words[i];
                if (words[i].part_count == 0)
                        continue; /* the value is the text itself */
                struct cf_shell_part *parts =
                        cf_arena_many(arena, words[i].part_count, struct cf_shell_part);
                const char *value = cf_arena_copy(arena, words[i].value);
                if (!parts || !value)
                        return -ENOMEM;
                memcpy(parts, words[i].parts, words[i].part_count * sizeof(*parts));
                kept[i].parts = parts;
                kept[i].value.data = value;
        }
        *ret_words = kept;
        return 0;
}
