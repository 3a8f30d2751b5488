/* SPDX-License-Identifier: Apache-2.0 */
/* src/convert/minijail.c: any bytes, see convert.h. */
#include "convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return run("minijail", data, size);
}
