/* SPDX-License-Identifier: Apache-2.0 */
/* src/convert/kafel.c: any bytes, see convert.h. */
#include "convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return run("kafel", data, size);
}
