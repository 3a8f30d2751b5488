/* SPDX-License-Identifier: Apache-2.0 */
/* src/manifest/look.c, words.c: a byte that chooses name and cuts, then a file's bytes. Where the
 * plain definition of the first look says that the file may hold something, the look must say so,
 * whole or fed in pieces; every way to search for the words must give the same answer. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/look.h"
#include "manifest/manifest.h"

#include "../tests/manifest/slow-look.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool feed_pieces(const char *name, struct cf_span bytes, size_t cut)
{
        struct cf_look_state look;
        cf_look_start(&look, name);
        /* The first piece tells what kind of file it is. */
        struct cf_span first = cf_span_part(bytes, 0, CF_LOOK_BINARY_SIZE + cut);
        cf_look_feed(&look, first);
        for (size_t at = first.size; at < bytes.size; at += cut)
                cf_look_feed(&look, cf_span_part(bytes, at, cut));
        return cf_look_end(&look);
}

static bool feed_small_pieces(const char *name, struct cf_span bytes, size_t cut)
{
        struct cf_look_state look;
        cf_look_start(&look, name);
        for (size_t at = 0; at < bytes.size; at += cut)
                cf_look_feed(&look, cf_span_part(bytes, at, cut));
        return cf_look_end(&look);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const names[] = {"a", "a.yaml", "compose.yml", "x.JSON"};
        if (size == 0)
                return 0;
        const char *name = names[data[0] % 4];
        size_t cut = (data[0] >> 2) + 2;
        struct cf_span bytes = {(const char *)data + 1, size - 1};
        bool slow = slow_may_hold(name, bytes);
        if (slow && !cf_manifest_may_hold(name, bytes))
                abort();
        if (slow && (!feed_pieces(name, bytes, cut) || !feed_small_pieces(name, bytes, cut)))
                abort();
        for (size_t i = 0; i < cf_words_way_count; i++)
                if (cf_words_ways[i].usable() &&
                    cf_words_ways[i].found(bytes) != slow_words(bytes.data, bytes.size))
                        abort();
        return 0;
}
