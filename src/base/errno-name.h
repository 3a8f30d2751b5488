/* SPDX-License-Identifier: Apache-2.0 */
/* Errors by their names, as the C library has them. */
#pragma once

#include <stdbool.h>

#include "base/span.h"

#define CF_ERRNO_LAST 133u /* EHWPOISON, the last error with a name */

/* The number of "EPERM"; also of the second names that some have ("EWOULDBLOCK", "EDEADLOCK",
 * "ENOTSUP"). False: there is no such error. */
bool cf_errno_by_name(struct cf_span name, unsigned *ret_number);
