/* SPDX-License-Identifier: Apache-2.0 */
/* manifest/format-ci.c: a pipeline. */
#include "manifest-format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_run run = {.format = &cf_format_ci, .path = ".github/workflows/ci.yml"};
        return fuzz_read(&run, (struct cf_span){(const char *)data, size});
}
