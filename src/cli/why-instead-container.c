/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/why-instead.h"
int cf_why_instead_container(struct cf_why *why, const char *name, struct cf_error *err)
{
        (void)why;
        return cf_error_set(err, -ENOTSUP, NULL, "--instead %s: later", name);
}
