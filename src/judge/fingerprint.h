/* SPDX-License-Identifier: Apache-2.0 */
/* Names for findings that stay when lines move. */
#pragma once

#include "judge/keep.h"

#define CF_FINGERPRINT_SIZE 33 /* 32 hex digits and NUL */

void cf_fingerprint_of_text(struct cf_span text, char ret_digits[CF_FINGERPRINT_SIZE]);

/* Gives each of the sorted findings its fingerprint: a hash of rule, path (relative to `root`,
 * NULL: the current folder), subjects, written text, and which one of several alike it is.
 * 0 or -ENOMEM. */
int cf_fingerprint_all(struct cf_keeper *keeper, const char *root);
