/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdint.h>
#include <string.h>

int cf_vec_reserve(struct cf_arena *arena, void **items, size_t count, size_t *capacity,
                   size_t size)
{
        if (count < *capacity)
                return 0;
        size_t wanted = *capacity ? *capacity * 2 : 8;
        if (*capacity > SIZE_MAX / 4)
                return -ENOMEM;
        void *grown = cf_arena_array(arena, wanted, size);
        if (!grown)
                return -ENOMEM;
        if (count)
                memcpy(grown, *items, count * size);
        *items = grown;
        *capacity = wanted;
        return 0;
}
