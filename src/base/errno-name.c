/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno-name.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

bool cf_errno_by_name(struct cf_span name, unsigned *ret_number)
{
        static const struct {
                const char *name;
                unsigned number;
        } others[] = {{"EWOULDBLOCK", EWOULDBLOCK}, {"EDEADLOCK", EDEADLOCK}, {"ENOTSUP", ENOTSUP}};
        for (unsigned i = 1; i <= CF_ERRNO_LAST; i++) {
                const char *known = strerrorname_np((int)i);
                if (known && cf_span_is(name, known)) {
                        *ret_number = i;
                        return true;
                }
        }
        for (size_t i = 0; i < CF_COUNT(others); i++)
                if (cf_span_is(name, others[i].name)) {
                        *ret_number = others[i].number;
                        return true;
                }
        return false;
}
