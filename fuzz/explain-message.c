/* SPDX-License-Identifier: Apache-2.0 */
/* src/explain/message.c: pasted messages. What is told stands in the text and can be said. */
#include <stdint.h>
#include <stdlib.h>

#include "explain/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_span text = {(const char *)data, size};
        struct cf_told told[CF_TOLD_MAX];
        size_t count = cf_explain_message(text, cf_arch_by_name("x86_64"), told);
        if (count > CF_TOLD_MAX)
                abort();
        for (size_t i = 0; i < count; i++) {
                CF_TEXT struct cf_text said = {0};
                if (told[i].seen.data < text.data ||
                    told[i].seen.data + told[i].seen.size > text.data + text.size ||
                    told[i].logged.error < 0)
                        abort();
                cf_explain_call(&said, &told[i].logged.call, told[i].logged.known);
        }
        return 0;
}
