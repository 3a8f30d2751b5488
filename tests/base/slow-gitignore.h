/* SPDX-License-Identifier: Apache-2.0 */
/* What rules say, written down as plainly as possible: every rule is held against the path. */
#pragma once

#include "base/gitignore.h"
#include "slow-glob.h"

/* Does the rule in `line` (without its line end) match? *ret_includes: it starts with '!'. */
static inline bool slow_rule_matches(struct cf_span line, struct cf_span path, bool is_folder,
                                     bool *ret_includes)
{
        const char *slash = memrchr(path.data, '/', path.size);
        size_t name_at = slash ? (size_t)(slash + 1 - path.data) : 0, literal = 0;
        /* Blanks at the end go, unless one is escaped. */
        for (size_t end = line.size; end > 0 && line.data[end - 1] == ' '; end--) {
                size_t backslashes = 0;
                while (backslashes < end - 1 && line.data[end - 2 - backslashes] == '\\')
                        backslashes++;
                if (backslashes % 2)
                        break;
                line.size = end - 1;
        }
        *ret_includes = line.size && line.data[0] == '!';
        line = cf_span_part(line, *ret_includes, SIZE_MAX);
        if (line.size && line.data[line.size - 1] == '/') {
                if (!is_folder)
                        return false;
                line.size--;
        }
        if (!line.size)
                return false;
        if (!memchr(line.data, '/', line.size))
                path = cf_span_part(path, name_at, SIZE_MAX);
        else if (line.data[0] == '/')
                line = cf_span_part(line, 1, SIZE_MAX);
        /* git holds the part without wildcards against the path first, and then the rest. */
        while (literal < line.size && !strchr("*?[\\", line.data[literal]))
                literal++;
        if (!cf_span_equal(cf_span_part(line, 0, literal), cf_span_part(path, 0, literal)))
                return false;
        return slow_glob_match(cf_span_part(line, literal, SIZE_MAX),
                               cf_span_part(path, literal, SIZE_MAX));
}

/* The text holds no NUL, its lines and the path are at most SLOW_GLOB_MAX bytes. */
static inline enum cf_gitignore_answer slow_gitignore_ask(struct cf_span text, struct cf_span path,
                                                          bool is_folder)
{
        enum cf_gitignore_answer answer = CF_GITIGNORE_SILENT;
        if (cf_span_starts(text, "\xef\xbb\xbf"))
                text = cf_span_part(text, 3, SIZE_MAX);
        while (text.size) {
                const char *end = memchr(text.data, '\n', text.size);
                size_t size = end ? (size_t)(end - text.data) : text.size;
                struct cf_span line = {text.data, size};
                bool includes;
                text = cf_span_part(text, size + 1, SIZE_MAX);
                if (line.size == 0 || line.data[0] == '#')
                        continue;
                if (line.data[line.size - 1] == '\r')
                        line.size--;
                if (slow_rule_matches(line, path, is_folder, &includes))
                        answer = includes ? CF_GITIGNORE_INCLUDES : CF_GITIGNORE_EXCLUDES;
        }
        return answer;
}
