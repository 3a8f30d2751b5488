/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/random.h>
#include <time.h>

#include "base/vec.h"

struct pair {
        struct cf_span key;
        void *value;
        uint64_t hash;
};

struct cf_map {
        struct cf_arena *arena;
        CF_VEC(struct pair) pairs;
        uint32_t *slots;   /* index into pairs plus 1; 0: empty */
        size_t slot_count; /* a power of two, at least twice the pairs */
};

static uint64_t seed[2];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
        if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
                struct timespec now;
                clock_gettime(CLOCK_MONOTONIC, &now);
                seed[0] = (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15);
                seed[1] = (uint64_t)(uintptr_t)&now;
        }
}

static uint64_t rotate(uint64_t x, unsigned by)
{
        return (x << by) | (x >> (64 - by));
}

static void sip_round(uint64_t v[4])
{
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein): keys are hostile, so a plain hash could be flooded. */
static uint64_t hash_of(struct cf_span key)
{
        uint64_t v[4] = {
                seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)};
        uint64_t last = (uint64_t)key.size << 56;
        size_t i = 0;
        for (; i + 8 <= key.size; i += 8) {
                uint64_t word;
                memcpy(&word, key.data + i, 8);
                v[3] ^= word;
                sip_round(v);
                v[0] ^= word;
        }
        for (unsigned shift = 0; i < key.size; i++, shift += 8)
                last |= (uint64_t)(unsigned char)key.data[i] << shift;
        v[3] ^= last;
        sip_round(v);
        v[0] ^= last;
        v[2] ^= 0xff;
        sip_round(v);
        sip_round(v);
        sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct cf_map *cf_map_new(struct cf_arena *arena)
{
        pthread_once(&seeded, make_seed);
        struct cf_map *map = cf_arena_one(arena, struct cf_map);
        if (map)
                map->arena = arena;
        return map;
}

static size_t slot_of(const struct cf_map *map, struct cf_span key, uint64_t hash)
{
        size_t at = hash & (map->slot_count - 1);
        for (; map->slots[at]; at = (at + 1) & (map->slot_count - 1)) {
                const struct pair *pair = &map->pairs.items[map->slots[at] - 1];
                if (pair->hash == hash && cf_span_equal(pair->key, key))
                        break;
        }
        return at;
}

void *cf_map_get(const struct cf_map *map, struct cf_span key)
{
        if (!map || map->pairs.count == 0)
                return NULL;
        size_t at = slot_of(map, key, hash_of(key));
        return map->slots[at] ? map->pairs.items[map->slots[at] - 1].value : NULL;
}

static int grow(struct cf_map *map)
{
        size_t count = map->slot_count ? map->slot_count * 2 : 16;
        uint32_t *slots = cf_arena_many(map->arena, count, uint32_t);
        if (!slots)
                return -ENOMEM;
        map->slots = slots;
        map->slot_count = count;
        for (size_t i = 0; i < map->pairs.count; i++) {
                const struct pair *pair = &map->pairs.items[i];
                map->slots[slot_of(map, pair->key, pair->hash)] = (uint32_t)(i + 1);
        }
        return 0;
}

int cf_map_put(struct cf_map *map, struct cf_span key, void *value)
{
        if (map->pairs.count >= UINT32_MAX / 4)
                return -ENOMEM;
        if (map->pairs.count * 2 >= map->slot_count && grow(map) < 0)
                return -ENOMEM;
        uint64_t hash = hash_of(key);
        size_t at = slot_of(map, key, hash);
        if (map->slots[at]) {
                map->pairs.items[map->slots[at] - 1].value = value;
                return 0;
        }
        if (cf_vec_push(map->arena, &map->pairs, (struct pair){key, value, hash}) < 0)
                return -ENOMEM;
        map->slots[at] = (uint32_t)map->pairs.count;
        return 0;
}

size_t cf_map_count(const struct cf_map *map)
{
        return map ? map->pairs.count : 0;
}

void *cf_map_at(const struct cf_map *map, size_t i, struct cf_span *ret_key)
{
        if (ret_key)
                *ret_key = map->pairs.items[i].key;
        return map->pairs.items[i].value;
}
