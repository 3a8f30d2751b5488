/* SPDX-License-Identifier: Apache-2.0 */
/* manifest/format-text.c and document.c: plain text. */
#include "manifest-format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_run run = {.format = &cf_format_text, .path = "notes.txt"};
        return fuzz_read(&run, (struct cf_span){(const char *)data, size});
}
