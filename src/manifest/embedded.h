/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: files that stand within a file, such as a Compose file in a code block of a
 * README or in a here-document of a script.
 *
 * The part is read by its own format from a copy of the whole in which everything around it is
 * blank: every place and every edit is then right as it is. */
#pragma once

#include "base/vec.h"
#include "manifest/manifest.h"

/* Most bytes copied for the parts of one file: a copy is as long as what comes before its end. */
#define CF_EMBEDDED_COPIES ((size_t)64 << 20)

struct cf_embedded {
        const struct cf_reader *reader;
        const struct cf_source *source; /* the file around */
        bool documentation;             /* for readers to copy: findings become notes */
        size_t copied;
};

/* Reads the part that these lines make (ranges of the file without line ends, ascending; blanks in
 * front of a line belong to it) by every format that claims a file of this name. What the part has
 * wrong is nobody's trouble: it may be a fragment or a template. 0; -E2BIG: over
 * CF_EMBEDDED_COPIES; -ENOMEM; or what the reader's callback returned. */
int cf_embedded_read(struct cf_embedded *embedded, const char *name, const struct cf_range *lines,
                     size_t count);

/* The name of a file such as a block in this language is ("yaml" → "compose.yaml"); NULL: none that
 * any format here reads. */
const char *cf_embedded_name(struct cf_span language);
