/* SPDX-License-Identifier: Apache-2.0 */
#include "base/git.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CONFIG_MAX ((size_t)1 << 20) /* bytes of the longest configuration file that is read */
#define LINK_MAX_SIZE ((size_t)2 * PATH_MAX) /* of a .git or commondir file */

/* A small regular file as text that ends in NUL; *ret_text stays as it was when there is none. */
static int read_text(int dirfd, const char *name, size_t limit, struct cf_text *ret_text)
{
        CF_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > limit)
                return 0;
        char piece[4096];
        ret_text->max = limit;
        for (ssize_t n; (n = read(fd, piece, sizeof(piece))) > 0;)
                cf_text_add(ret_text, (struct cf_span){piece, (size_t)n});
        return ret_text->failed ? -ENOMEM : 0;
}

/* ---- configuration files --------------------------------------------------------------------- */

/* One character of a value, `text` behind it; false where the value ends. */
static bool next_of_value(struct cf_span *text, bool *quoted, struct cf_text *out)
{
        char c = text->data[0];
        size_t taken = 1;
        if (c == '\n' || (!*quoted && (c == '#' || c == ';')))
                return false;
        if (c == '"') {
                *quoted = !*quoted;
        } else if (c == '\\' && text->size > 1) {
                static const char from[] = "nt\"\\", to[] = "\n\t\"\\";
                const char *at = memchr(from, text->data[1], sizeof(from) - 1);
                taken = 2;
                if (cf_span_starts(*text, "\\\r\n"))
                        taken = 3;
                else if (at)
                        cf_text_putc(out, to[at - from]);
        } else {
                cf_text_putc(out, c);
        }
        *text = cf_span_part(*text, taken, SIZE_MAX);
        return true;
}

/* Reads a value behind its '=', and leaves the rest of the line. Blanks around it go, also where
 * quotes held them: no path of interest ends with one. */
static void read_value(struct cf_span *text, struct cf_text *out)
{
        bool quoted = false;
        cf_text_clear(out);
        while (text->size && next_of_value(text, &quoted, out))
                continue;
}

static void skip_line(struct cf_span *text)
{
        size_t end = cf_span_find_byte(*text, '\n');
        *text = cf_span_part(*text, end == SIZE_MAX ? text->size : end + 1, SIZE_MAX);
}

static struct cf_span take_name(struct cf_span *text)
{
        size_t size = 0;
        while (size < text->size && strchr(" \t\r\n=]#;\"", text->data[size]) == NULL)
                size++;
        struct cf_span name = cf_span_part(*text, 0, size);
        *text = cf_span_part(*text, size, SIZE_MAX);
        return name;
}

static void skip_blanks(struct cf_span *text)
{
        while (text->size && (text->data[0] == ' ' || text->data[0] == '\t'))
                *text = cf_span_part(*text, 1, SIZE_MAX);
}

/* Reads a section's header behind its '[': is it that section, without a subsection? */
static bool read_header(struct cf_span *text, const char *section)
{
        skip_blanks(text);
        struct cf_span name = take_name(text);
        bool whole = cf_span_starts(*text, "]");
        size_t end = cf_span_find_byte(*text, ']'), line = cf_span_find_byte(*text, '\n');
        if (end < line)
                *text = cf_span_part(*text, end + 1, SIZE_MAX); /* a setting may follow */
        else
                skip_line(text);
        return whole && cf_span_equal_nocase(name, cf_span_of(section));
}

int cf_git_config_value(struct cf_span text, const char *section, const char *key, char **ret_value)
{
        CF_TEXT struct cf_text value = {0};
        CF_FREE char *found = NULL;
        bool inside = false;
        if (cf_span_starts(text, "\xef\xbb\xbf"))
                text = cf_span_part(text, 3, SIZE_MAX);
        while (text.size) {
                skip_blanks(&text);
                if (cf_span_starts(text, "[")) {
                        text = cf_span_part(text, 1, SIZE_MAX);
                        inside = read_header(&text, section);
                        continue;
                }
                struct cf_span name = take_name(&text);
                skip_blanks(&text);
                if (cf_span_starts(text, "=")) {
                        text = cf_span_part(text, 1, SIZE_MAX);
                        read_value(&text, &value);
                        if (inside && cf_span_equal_nocase(name, cf_span_of(key))) {
                                struct cf_span trimmed = cf_span_trim(cf_text_span(&value));
                                free(found);
                                found = strndup(trimmed.data ? trimmed.data : "", trimmed.size);
                                if (!found)
                                        return -ENOMEM;
                        }
                }
                skip_line(&text);
        }
        if (value.failed)
                return -ENOMEM;
        *ret_value = cf_steal(found);
        return 0;
}

/* ---- the user's excludes --------------------------------------------------------------------- */

/* `name` below the user's configuration folder; false when there is none. */
static bool in_config_home(char *out, size_t size, const char *name)
{
        const char *home = getenv("XDG_CONFIG_HOME");
        const char *between = "";
        if (!home || home[0] != '/') {
                home = getenv("HOME");
                between = "/.config";
        }
        if (!home || home[0] != '/')
                return false;
        int n = snprintf(out, size, "%s%s/git/%s", home, between, name);
        return n > 0 && (size_t)n < size;
}

static int excludes_of_config(const char *path, char **value)
{
        CF_TEXT struct cf_text text = {0};
        char *found = NULL;
        int r = read_text(AT_FDCWD, path, CONFIG_MAX, &text);
        if (r == 0)
                r = cf_git_config_value(cf_text_span(&text), "core", "excludesfile", &found);
        if (r < 0 || !found)
                return r;
        free(*value);
        *value = found;
        return 0;
}

/* The last setting counts: the system's file, then the user's two, as git reads them. */
static int configured_excludes(char **ret_value)
{
        CF_FREE char *value = NULL;
        char path[PATH_MAX];
        const char *home = getenv("HOME"), *global = getenv("GIT_CONFIG_GLOBAL");
        int r = getenv("GIT_CONFIG_NOSYSTEM") ? 0 : excludes_of_config("/etc/gitconfig", &value);
        if (r == 0 && global)
                r = excludes_of_config(global, &value);
        if (r == 0 && !global && in_config_home(path, sizeof(path), "config"))
                r = excludes_of_config(path, &value);
        if (r == 0 && !global && home &&
            (size_t)snprintf(path, sizeof(path), "%s/.gitconfig", home) < sizeof(path))
                r = excludes_of_config(path, &value);
        if (r == 0)
                *ret_value = cf_steal(value);
        return r;
}

/* Excludes that cannot be read leave nothing out, so nothing is missed: no error. */
static int read_or_none(int dirfd, const char *path, struct cf_gitignore **ret_rules)
{
        *ret_rules = NULL;
        return cf_gitignore_read(dirfd, path, true, ret_rules) == -ENOMEM ? -ENOMEM : 0;
}

int cf_git_user_excludes(struct cf_gitignore **ret_rules)
{
        CF_FREE char *value = NULL;
        char path[PATH_MAX];
        int r = configured_excludes(&value);
        if (r < 0)
                return r;
        *ret_rules = NULL;
        if (!value)
                return in_config_home(path, sizeof(path), "ignore")
                               ? read_or_none(AT_FDCWD, path, ret_rules)
                               : 0;
        const char *home = getenv("HOME");
        if (strncmp(value, "~/", 2) == 0 && home)
                return (size_t)snprintf(path, sizeof(path), "%s%s", home, value + 1) < sizeof(path)
                               ? read_or_none(AT_FDCWD, path, ret_rules)
                               : 0;
        return value[0] == '/' ? read_or_none(AT_FDCWD, value, ret_rules) : 0;
}

/* ---- a repository's excludes ----------------------------------------------------------------- */

/* Opens the folder that a small file of `dirfd` leads to: "PREFIX" PATH, relative to `dirfd`. */
static int open_by_file(int dirfd, const char *name, const char *prefix, int *ret_fd)
{
        CF_TEXT struct cf_text text = {0};
        int r = read_text(dirfd, name, LINK_MAX_SIZE, &text);
        if (r < 0)
                return r;
        *ret_fd = -1;
        if (text.size == 0 || !cf_span_starts(cf_text_span(&text), prefix))
                return 0;
        char *path = text.data + strlen(prefix);
        path[strcspn(path, "\r\n")] = '\0';
        *ret_fd = openat(dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return 0;
}

int cf_git_repository_excludes(int dirfd, struct cf_gitignore **ret_rules)
{
        CF_CLOSE int git = openat(dirfd, ".git", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CF_CLOSE int common = -1;
        int r = 0;
        *ret_rules = NULL;
        if (git < 0)
                r = open_by_file(dirfd, ".git", "gitdir: ", &git);
        if (r < 0 || git < 0)
                return r;
        r = open_by_file(git, "commondir", "", &common);
        if (r < 0)
                return r;
        return read_or_none(common >= 0 ? common : git, "info/exclude", ret_rules);
}
