/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a file something stands. */
#pragma once

#include <stddef.h>

struct cf_place {
        const char *path;  /* as it is shown to the user; NULL: not in a file */
        size_t offset;     /* first byte, from the start of the file as it is on disk */
        size_t length;     /* bytes */
        unsigned line;     /* from 1; 0: the whole file */
        unsigned column;   /* from 1, in Unicode code points; a byte that is no UTF-8 counts one */
        unsigned end_line; /* of the byte after the last */
        unsigned end_column; /* of the byte after the last */
};
