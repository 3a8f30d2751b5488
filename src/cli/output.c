/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"

static int refuse(const char *path, const char *more, struct cf_error *err)
{
        struct cf_place whole = {.path = path};
        return cf_error_set(err, -EEXIST, &whole,
                            "is there already and holds something else: name another file, or "
                            "--force to replace it%s",
                            more);
}

bool cf_output_is_same(const char *path, const char *other)
{
        struct stat one, two;
        return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev &&
               one.st_ino == two.st_ino;
}

int cf_output_check_there(const struct cf_invocation *invocation, const char *option,
                          const char *path, const char *own, const char *more, struct cf_error *err)
{
        struct stat status;
        int r = cf_output_check(invocation->arena, option, path, err);
        if (r < 0 || cf_given(invocation, "force") || stat(path, &status) < 0 ||
            !S_ISREG(status.st_mode) || status.st_size == 0 ||
            (own && cf_output_is_same(path, own)))
                return r;
        return refuse(path, more, err);
}

int cf_output_write(const struct cf_invocation *invocation, const char *path, const char *own,
                    struct cf_span bytes, struct cf_error *err)
{
        if (cf_given(invocation, "force") || (own && cf_output_is_same(path, own)))
                return cf_file_write(path, bytes, err);
        int r = cf_file_write_new(path, bytes, err);
        return r == -EEXIST ? refuse(path, "", err) : r;
}
