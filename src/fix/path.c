/* SPDX-License-Identifier: Apache-2.0 */
#include "fix/path.h"

#include <string.h>
#include <sys/stat.h>

#include "base/source.h"
#include "base/text.h"

/* A path without links; textually absolute when it cannot be resolved. */
static char *absolute(struct cf_arena *arena, const char *path)
{
        CF_FREE char *resolved = realpath(path, NULL);
        if (resolved)
                return cf_arena_string(arena, resolved);
        CF_FREE char *here = getcwd(NULL, 0);
        return cf_path_join(arena, here ? here : "/", path);
}

static bool same_file(const char *a, const char *b)
{
        struct stat left, right;
        return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
               left.st_ino == right.st_ino;
}

/* Bytes of the folders that both share: behind the last slash of the common start. */
static size_t common_folders(const char *folder, const char *file)
{
        size_t shared = 0, i = 0;
        while (folder[i] && folder[i] == file[i]) {
                i++;
                if (folder[i - 1] == '/')
                        shared = i;
        }
        return !folder[i] && file[i] == '/' ? i + 1 : shared;
}

/* `file` from `folder`, both absolute and folded; NULL text when they share only the root. */
static int relative(struct cf_arena *arena, const char *folder, const char *file,
                    const char **ret_path)
{
        CF_TEXT struct cf_text text = {0};
        size_t shared = common_folders(folder, file);
        *ret_path = NULL;
        if (shared <= 1)
                return 0;
        const char *rest = strlen(folder) > shared ? folder + shared : "";
        for (; *rest; rest += strcspn(rest, "/"), rest += *rest == '/')
                cf_text_puts(&text, "../");
        if (text.size == 0)
                cf_text_puts(&text, "./");
        cf_text_puts(&text, file + shared);
        *ret_path = text.failed ? NULL : cf_arena_copy(arena, cf_text_span(&text));
        return *ret_path ? 0 : -ENOMEM;
}

char *path_from(struct cf_arena *arena, const char *base_dir, const char *profile)
{
        if (!base_dir || profile[0] == '/')
                return cf_arena_string(arena, profile);
        char *folder = absolute(arena, base_dir[0] ? base_dir : "."), *file;
        file = absolute(arena, profile);
        const char *path = NULL;
        if (!folder || !file || relative(arena, folder, file, &path) < 0)
                return NULL;
        if (!path)
                return file;
        /* Engines fold ".." in the text, the kernel follows links first: both must agree. */
        char *folded = cf_path_join(arena, base_dir, path);
        if (!folded)
                return NULL;
        return same_file(folded, file) || access(file, F_OK) != 0 ? cf_arena_string(arena, path)
                                                                  : file;
}

char *path_in_patch(struct cf_arena *arena, const char *resolved)
{
        CF_FREE char *here = getcwd(NULL, 0);
        size_t size = here ? strlen(here) : 0;
        if (size > 1 && strncmp(resolved, here, size) == 0 && resolved[size] == '/')
                return cf_arena_string(arena, resolved + size + 1);
        return cf_arena_string(arena, resolved + strspn(resolved, "/"));
}
