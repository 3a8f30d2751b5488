/* SPDX-License-Identifier: Apache-2.0 */
/* src/base/glob.c, gitignore.c: a path, a line end, rules. The rules must say of the path, and each
 * of their lines must match as a glob, what plain definitions of both say. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

#include "../tests/base/slow-gitignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_globs(struct cf_span text, struct cf_span path)
{
        struct cf_span line;
        while (cf_span_next_line(&text, &line))
                if (cf_glob_match(line, path) != slow_glob_match(line, path))
                        abort();
}

static bool is_short(struct cf_span text)
{
        struct cf_span line;
        while (cf_span_next_line(&text, &line))
                if (line.size > SLOW_GLOB_MAX)
                        return false;
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_span text = {(const char *)data, size}, path;
        struct cf_gitignore *rules = NULL;
        if (!cf_span_next_line(&text, &path) || memchr(path.data, '\0', path.size))
                return 0; /* no path holds a NUL, and the plain definitions know none */
        if (cf_gitignore_parse(text, &rules) < 0)
                return 0;
        for (int is_folder = 0; is_folder < 2; is_folder++) {
                enum cf_gitignore_answer answer = cf_gitignore_ask(rules, path, is_folder);
                if (path.size == 0 || path.size > SLOW_GLOB_MAX || !is_short(text) ||
                    (text.size && memchr(text.data, '\0', text.size)))
                        continue;
                if (answer != slow_gitignore_ask(text, path, is_folder))
                        abort();
                check_globs(text, path);
        }
        cf_gitignore_free(rules);
        return 0;
}
