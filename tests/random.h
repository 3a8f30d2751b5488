/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same in every run. */
#pragma once

#include <stdint.h>

static uint64_t random_state = 0x853c49e6748fea9b;

static inline uint64_t random_next(void)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state * 0x2545f4914f6cdd1d;
}

static inline uint32_t random_below(uint32_t limit)
{
        return (uint32_t)((random_next() >> 32) * limit >> 32);
}
