/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/names.h"

struct cf_span cf_span_of_path(struct cf_span path)
{
        for (size_t i = path.size; i > 0; i--)
                if (path.data[i - 1] == '/')
                        return cf_span_part(path, i, path.size);
        return path;
}

struct cf_span cf_name_plain(const char *path)
{
        static const char *const templates[] = {".in",   ".j2",  ".jinja",    ".jinja2",   ".tmpl",
                                                ".tpl",  ".erb", ".mustache", ".template", ".dist",
                                                ".orig", ".bak", ".sample",   ".example",  NULL};
        struct cf_span name = cf_span_of_path(cf_span_of(path));
        for (size_t i = 0; templates[i];) {
                size_t size = strlen(templates[i]);
                if (name.size <= size || !cf_span_ends(name, templates[i])) {
                        i++;
                        continue;
                }
                name.size -= size;
                i = 0; /* there may be another */
        }
        return name;
}

struct cf_span cf_name_folder(const char *path)
{
        struct cf_span whole = cf_span_of(path);
        struct cf_span name = cf_span_of_path(whole);
        if (name.size == whole.size)
                return (struct cf_span){"", 0};
        return cf_span_of_path(cf_span_part(whole, 0, whole.size - name.size - 1));
}

bool cf_name_is_one(struct cf_span name, const char *const *names)
{
        for (; *names; names++)
                if (cf_span_is(name, *names))
                        return true;
        return false;
}

bool cf_name_ends_in_one(struct cf_span name, const char *const *endings)
{
        for (; *endings; endings++) {
                size_t size = strlen(*endings);
                if (name.size >= size &&
                    cf_span_equal_nocase(cf_span_part(name, name.size - size, size),
                                         cf_span_of(*endings)))
                        return true;
        }
        return false;
}

bool cf_name_starts_with_one(struct cf_span name, const char *const *starts)
{
        for (; *starts; starts++)
                if (cf_span_starts(name, *starts))
                        return true;
        return false;
}
