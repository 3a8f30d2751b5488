/* SPDX-License-Identifier: Apache-2.0 */
/* manifest/format-make.c: a Makefile. */
#include "manifest-format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_run run = {.format = &cf_format_make, .path = "Makefile"};
        return fuzz_read(&run, (struct cf_span){(const char *)data, size});
}
