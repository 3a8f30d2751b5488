/* SPDX-License-Identifier: Apache-2.0 */
/* src/judge/messages.c: pasted messages; what stands in front of the first NUL is the program's
 * name. The surest hit comes first, and what was seen stands in the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_reason_hit hits[CF_REASON_HITS_MAX];
        const char *program = size && memchr(data, 0, size) ? (const char *)data : NULL;
        size_t skip = program ? strlen(program) + 1 : 0, count = 0;
        struct cf_span text = {(const char *)data + skip, size - skip};
        if (cf_reason_hits(text, program, hits, &count, NULL) < 0)
                return 0;
        if (count > CF_REASON_HITS_MAX)
                abort();
        for (size_t i = 0; i < count; i++) {
                if (hits[i].share > 100 || (i && hits[i].certainty < hits[i - 1].certainty))
                        abort();
                if (hits[i].seen.size &&
                    (hits[i].seen.data < text.data ||
                     hits[i].seen.data + hits[i].seen.size > text.data + text.size))
                        abort();
        }
        return 0;
}
