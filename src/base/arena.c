/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>

/* Blocks form a list, the newest first; only the newest has room. Block sizes double up to
 * BLOCK_MAX; what is larger gets a block of its own. */
#define BLOCK_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)1 << 20)
#define ALIGNMENT _Alignof(max_align_t)

struct block {
        struct block *next;
        size_t size; /* of data */
        size_t used;
        _Alignas(max_align_t) char data[];
};

struct cf_arena {
        struct block *blocks;
        size_t used; /* handed out, alignment included */
        size_t limit;
        size_t next_size;
        bool full; /* the limit refused something */
};

struct cf_arena *cf_arena_new(size_t limit)
{
        struct cf_arena *arena = calloc(1, sizeof(*arena));
        if (!arena)
                return NULL;
        arena->limit = limit ? limit : SIZE_MAX;
        arena->next_size = BLOCK_MIN;
        return arena;
}

static void free_blocks(struct block *block)
{
        while (block) {
                struct block *next = block->next;
                free(block);
                block = next;
        }
}

struct cf_arena *cf_arena_free(struct cf_arena *arena)
{
        if (arena) {
                free_blocks(arena->blocks);
                free(arena);
        }
        return NULL;
}

void cf_arena_clear(struct cf_arena *arena)
{
        struct block *keep = NULL;
        for (struct block *block = arena->blocks, *next; block; block = next) {
                next = block->next;
                if (!keep && block->size <= BLOCK_MAX)
                        keep = block;
                else
                        free(block);
        }
        if (keep) {
                keep->next = NULL;
                keep->used = 0;
        }
        arena->blocks = keep;
        arena->used = 0;
        arena->full = false;
}

static struct block *add_block(struct cf_arena *arena, size_t size)
{
        size_t room = arena->next_size > size ? arena->next_size : size;
        struct block *block = malloc(sizeof(*block) + room);
        if (!block)
                return NULL;
        block->size = room;
        block->used = 0;
        block->next = arena->blocks;
        arena->blocks = block;
        if (arena->next_size < BLOCK_MAX)
                arena->next_size *= 2;
        return block;
}

void *cf_arena_alloc(struct cf_arena *arena, size_t size)
{
        if (size > SIZE_MAX / 2)
                return NULL;
        size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (rounded == 0)
                rounded = ALIGNMENT;
        if (rounded > arena->limit - arena->used) {
                arena->full = true;
                return NULL;
        }
        struct block *block = arena->blocks;
        if (!block || block->size - block->used < rounded) {
                block = add_block(arena, rounded);
                if (!block)
                        return NULL;
        }
        void *result = block->data + block->used;
        block->used += rounded;
        arena->used += rounded;
        return memset(result, 0, rounded);
}

void *cf_arena_array(struct cf_arena *arena, size_t count, size_t size)
{
        size_t bytes;
        if (__builtin_mul_overflow(count, size, &bytes))
                return NULL;
        return cf_arena_alloc(arena, bytes);
}

char *cf_arena_copy(struct cf_arena *arena, struct cf_span text)
{
        if (text.size == SIZE_MAX)
                return NULL;
        char *copy = cf_arena_alloc(arena, text.size + 1);
        if (copy && text.size)
                memcpy(copy, text.data, text.size);
        return copy;
}

char *cf_arena_string(struct cf_arena *arena, const char *text)
{
        return cf_arena_copy(arena, cf_span_of(text));
}

char *cf_arena_printf(struct cf_arena *arena, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int size = vsnprintf(NULL, 0, format, args);
        char *text = size < 0 ? NULL : cf_arena_alloc(arena, (size_t)size + 1);
        if (text)
                vsnprintf(text, (size_t)size + 1, format, again);
        va_end(again);
        va_end(args);
        return text;
}

size_t cf_arena_used(const struct cf_arena *arena)
{
        return arena->used;
}

bool cf_arena_is_full(const struct cf_arena *arena)
{
        return arena->full;
}
