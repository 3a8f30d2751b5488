/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing units of systemd share. Private to convert/systemd*.c. */
#pragma once

#include "convert/formats.h"

#define CF_SYSTEMD_LOCAL_MAX 3 /* architectures of a machine */

/* What a machine runs, as systemd sees it: its own architecture first. */
struct cf_systemd_machine {
        const char *arches[CF_SYSTEMD_LOCAL_MAX + 1];
};
/* NULL: not known. */
const struct cf_systemd_machine *cf_systemd_machine_of(const struct cf_arch *arch);

/* A name in SystemCallArchitectures=, and that of our tables; "": there is none. Ended by a row
 * without a name. */
struct cf_systemd_arch {
        const char *name, *arch;
};
extern const struct cf_systemd_arch cf_systemd_arches[];

/* What a set holds, with a blank between two and none at the ends; "": no such set. */
const char *cf_systemd_set(const char *name);

/* How many calls the table of calls has. */
size_t cf_systemd_call_count(void);
