/* SPDX-License-Identifier: Apache-2.0 */
/* How often calls are made, for filters that are fast on just these. */
#pragma once

#include "base/source.h"
#include "base/vec.h"
#include "filter/filter.h"

struct cf_weights_row {
        const char *name;
        uint32_t weight;
};
struct cf_weights_table {
        CF_VEC(struct cf_weights_row) rows;
};

/* The text of data/weights/server.tsv. */
extern const char cf_weights_server[];

/* Reads a table: "NAME<tab>WEIGHT" lines, and comments that begin with '#'. `path` is a file, or
 * "server": the built-in one. Everything lives in `arena`. -EINVAL: err says which line and why; or
 * as cf_files_read. */
int cf_weights_read(struct cf_arena *arena, struct cf_files *files, const char *path,
                    struct cf_weights *ret_weights, struct cf_error *err);
