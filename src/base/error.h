/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that know their place: a chain of "what was being done", outermost first when printed.
 *
 * A function that can fail returns 0 or a negative errno and takes `struct cf_error *err` last
 * (NULL is allowed: the caller does not care). On failure it fills err; on success it leaves
 * err alone. Nothing below cli/ and report/ prints. */
#pragma once

#include <errno.h>
#include <stdarg.h>

#include "base/cleanup.h"
#include "base/place.h"

#define CF_ERROR_FRAMES 4
#define CF_ERROR_TEXT 512
#define CF_ERROR_PATH 512

struct cf_error_frame {
        char message[CF_ERROR_TEXT]; /* UTF-8, cut at a character when too long */
        char path[CF_ERROR_PATH];    /* "": no file */
        struct cf_place place;       /* place.path points to `path`, or is NULL */
};

struct cf_error {
        int code;       /* negative errno; 0: no error */
        unsigned count; /* frames; [0] is the cause, later ones what was being done */
        struct cf_error_frame frames[CF_ERROR_FRAMES];
};

/* Starts the chain: forgets what err held. `place` may be NULL. Returns `code` (negative). */
int cf_error_set(struct cf_error *err, int code, const struct cf_place *place, const char *format,
                 ...) CF_PRINTF(4, 5);

/* Puts what was being done around the cause. When frames are used up the new one is dropped:
 * the cause is worth more. Returns `code`. */
int cf_error_doing(struct cf_error *err, int code, const struct cf_place *place, const char *format,
                   ...) CF_PRINTF(4, 5);

/* Makes one error a copy of another (paths inside are re-pointed). */
void cf_error_copy(struct cf_error *to, const struct cf_error *from);
