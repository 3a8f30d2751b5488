/* SPDX-License-Identifier: Apache-2.0 */
/* src/base/git.c: the text of a git configuration file. Whatever it holds, a setting added at its
 * end is the one that counts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/git.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char added[] = "\n\n[core]\nexcludesfile = /x\n";
        char *text = malloc(size + sizeof(added)), *value = NULL;
        if (!text)
                return 0;
        if (cf_git_config_value((struct cf_span){(const char *)data, size}, "core", "excludesfile",
                                &value) == 0)
                free(value);
        if (size)
                memcpy(text, data, size);
        memcpy(text + size, added, sizeof(added));
        value = NULL;
        if (cf_git_config_value((struct cf_span){text, size + sizeof(added) - 1}, "core",
                                "excludesfile", &value) == 0 &&
            (!value || strcmp(value, "/x") != 0))
                abort();
        free(value);
        free(text);
        return 0;
}
