/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report/write.h"

const struct cf_output *const cf_outputs[] = {
        &cf_output_terminal, &cf_output_lines, &cf_output_json, &cf_output_sarif,
        &cf_output_github,   &cf_output_junit, &cf_output_cis,  NULL,
};

const struct cf_output *cf_output_find(const char *name)
{
        for (size_t i = 0; name && cf_outputs[i]; i++)
                if (strcmp(cf_outputs[i]->name, name) == 0)
                        return cf_outputs[i];
        return NULL;
}
