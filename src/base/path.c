/* SPDX-License-Identifier: Apache-2.0 */
/* Path arithmetic on text alone; declared in base/source.h. */
#include <string.h>

#include "base/source.h"

const char *cf_path_base(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

char *cf_path_dir(struct cf_arena *arena, const char *path)
{
        const char *slash = strrchr(path, '/');
        if (!slash)
                return cf_arena_string(arena, ".");
        size_t size = slash == path ? 1 : (size_t)(slash - path);
        return cf_arena_copy(arena, (struct cf_span){path, size});
}

/* Appends the parts of `path` to `out` (at most `size` bytes), folding "." and "..". */
static size_t fold_parts(char *out, size_t size, bool absolute, const char *path)
{
        size_t root = absolute ? 1 : 0;
        while (*path) {
                size_t length = strcspn(path, "/");
                struct cf_span part = {path, length};
                path += length + (path[length] == '/');
                if (length == 0 || cf_span_is(part, "."))
                        continue;
                size_t last = size; /* where the last part already there starts */
                while (last > root && out[last - 1] != '/')
                        last--;
                struct cf_span tail = {out + last, size - last};
                if (cf_span_is(part, "..") && size > root && !cf_span_is(tail, "..")) {
                        size = last > root ? last - 1 : root;
                        continue;
                }
                if (cf_span_is(part, "..") && absolute)
                        continue;
                if (size > root)
                        out[size++] = '/';
                memcpy(out + size, part.data, part.size);
                size += part.size;
        }
        return size;
}

char *cf_path_join(struct cf_arena *arena, const char *dir, const char *path)
{
        if (!dir || path[0] == '/')
                dir = "";
        bool absolute = path[0] == '/' || dir[0] == '/';
        size_t room = strlen(dir) + strlen(path);
        if (room > (size_t)1 << 20)
                return NULL;
        char *out = cf_arena_alloc(arena, room + 4);
        if (!out)
                return NULL;
        size_t size = 0;
        if (absolute)
                out[size++] = '/';
        size = fold_parts(out, size, absolute, dir);
        size = fold_parts(out, size, absolute, path);
        if (size == 0)
                out[size++] = '.';
        out[size] = '\0';
        return out;
}
