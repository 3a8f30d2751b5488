/* SPDX-License-Identifier: Apache-2.0 */
/* src/runtime/find.c: any bytes as what a runtime says of its version. */
#include <stdlib.h>

#include "runtime/runtime.h"

#define NUMBER_MAX 99999u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cf_runtime_version *version)
{
        if (version->major > NUMBER_MAX || version->minor > NUMBER_MAX ||
            version->patch > NUMBER_MAX)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_runtime_found found = {0};
        char *text = malloc(size ? size : 1); /* its end is watched */
        if (!text)
                return 0;
        for (size_t i = 0; i < size; i++)
                text[i] = (char)data[i];
        cf_runtime_read_version((struct cf_span){text, size}, &found);
        check(&found.version);
        check(&found.library);
        free(text);
        return 0;
}
