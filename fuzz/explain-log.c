/* SPDX-License-Identifier: Apache-2.0 */
/* src/explain/log.c: lines of logs. What is told can be said. */
#include <stdint.h>
#include <stdlib.h>

#include "explain/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_span text = {(const char *)data, size}, line;
        struct cf_logged logged;
        while (cf_span_next_line(&text, &line)) {
                CF_TEXT struct cf_text said = {0};
                if (!cf_explain_log_line(line, cf_arch_by_name("x86_64"), &logged))
                        continue;
                if (!cf_arch_of_call(logged.call.arch, 0) || logged.error < 0)
                        abort();
                const struct cf_behind behind = {.clone_flags = logged.clone_flags};
                struct cf_call clone;
                cf_explain_call_on(&said, &logged.call, logged.known, &behind);
                if (cf_explain_clone_instead(&logged.call, logged.clone_flags, &clone) &&
                    (!logged.clone_flags || !cf_explain_is_instead(&clone, &clone)))
                        abort();
        }
        return 0;
}
