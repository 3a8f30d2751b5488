/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules hold where. For one entry, the first that has an answer: .ignore files, .gitignore
 * files (each kind from the entry's own folder upwards; .gitignore within one repository), the
 * repository's excludes, the user's excludes. Outside of a repository git's rules mean nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/git.h"
#include "base/walk-private.h"

/* Bytes that the rules of all folders may take. Those met later are not read then: a tree that
 * needs more is made to use memory up, and without them more is visited, not less. */
#define RULES_MEMORY_MAX ((size_t)16 << 20)

static void free_rules(struct folder_rules *rules)
{
        if (!rules)
                return;
        cf_gitignore_free(rules->ignore);
        cf_gitignore_free(rules->gitignore);
        cf_gitignore_free(rules->excludes);
        free(rules);
}

static void free_rulesp(struct folder_rules **rules)
{
        free_rules(*rules);
}

void cf_folder_rules_free(struct folder_set *set, struct folder_rules *rules)
{
        if (rules)
                atomic_fetch_sub(&set->rules_memory, rules->memory);
        free_rules(rules);
}

/* Counts the memory of rules; false when it is too much. */
static bool count_memory(struct folder_set *set, struct folder_rules *rules)
{
        rules->memory = cf_gitignore_memory(rules->ignore) + cf_gitignore_memory(rules->gitignore) +
                        cf_gitignore_memory(rules->excludes);
        if (atomic_fetch_add(&set->rules_memory, rules->memory) + rules->memory <= RULES_MEMORY_MAX)
                return true;
        atomic_fetch_sub(&set->rules_memory, rules->memory);
        return false;
}

/* Rules that cannot be read leave nothing out, so nothing is missed: no error. */
static int read_rules(int fd, const char *name, struct cf_gitignore **ret_rules)
{
        return cf_gitignore_read(fd, name, false, ret_rules) == -ENOMEM ? -ENOMEM : 0;
}

int cf_folder_read_rules(struct folder_set *set, struct folder *folder, int fd,
                         struct rule_names names)
{
        if (names.git)
                folder->repository = folder;
        if (!names.git && !names.gitignore && !names.ignore)
                return 0;
        CF_CLEANUP(free_rulesp) struct folder_rules *rules = calloc(1, sizeof(*rules));
        if (!rules)
                return -ENOMEM;
        int r = 0;
        if (names.ignore)
                r = read_rules(fd, ".ignore", &rules->ignore);
        if (r == 0 && names.gitignore && folder->repository)
                r = read_rules(fd, ".gitignore", &rules->gitignore);
        if (r == 0 && names.git)
                r = cf_git_repository_excludes(fd, &rules->excludes);
        if (r < 0)
                return r;
        if ((rules->ignore || rules->gitignore || rules->excludes) && count_memory(set, rules)) {
                folder->rules = cf_steal(rules);
                folder->scope = folder;
        }
        return 0;
}

static enum cf_gitignore_answer ask_one(const struct folder *holder,
                                        const struct cf_gitignore *rules, struct cf_span path,
                                        bool is_folder)
{
        return cf_gitignore_ask(rules, cf_span_part(path, holder->start, SIZE_MAX), is_folder);
}

static const struct folder *next_scope(const struct folder *scope)
{
        return scope->parent ? scope->parent->scope : NULL;
}

enum cf_gitignore_answer cf_folder_ask(const struct folder *folder, const struct cf_gitignore *user,
                                       struct cf_span path, bool is_folder)
{
        const struct folder *repository = folder->repository;
        enum cf_gitignore_answer answer = CF_GITIGNORE_SILENT;
        for (const struct folder *at = folder->scope; at && !answer; at = next_scope(at))
                answer = ask_one(at, at->rules->ignore, path, is_folder);
        if (!repository)
                return answer;
        for (const struct folder *at = folder->scope;
             at && at->depth >= repository->depth && !answer; at = next_scope(at))
                answer = ask_one(at, at->rules->gitignore, path, is_folder);
        if (!answer && repository->rules)
                answer = ask_one(repository, repository->rules->excludes, path, is_folder);
        if (!answer)
                answer = ask_one(repository, user, path, is_folder);
        return answer;
}

/* ---- above the given folders ----------------------------------------------------------------- */

static bool holds(int fd, const char *name)
{
        return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Adds the folder at path[0 … size) below *chain, with its rules. */
static int add_above(struct folder_set *set, const char *path, size_t name_at, size_t size,
                     struct folder **chain)
{
        CF_FREE char *own = strndup(path, size);
        if (!own)
                return -ENOMEM;
        CF_CLOSE int fd = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct cf_span name = {path + name_at, size - name_at};
        struct folder *folder = cf_folder_new(set, *chain, *chain ? name : CF_SPAN(""));
        if (!folder)
                return -ENOMEM;
        cf_folder_drop(set, *chain); /* held by the new one from here on */
        *chain = folder;
        struct rule_names names = {holds(fd, ".git"), true, true};
        return cf_folder_read_rules(set, folder, fd, names);
}

/* The size of the path of the repository's top at or above path[0 … size); 0: in none. */
static size_t find_top(const char *path, size_t size)
{
        char probe[PATH_MAX + sizeof("/.git")];
        while (size > 0 && size < PATH_MAX) {
                snprintf(probe, sizeof(probe), "%.*s/.git", (int)size, path);
                if (faccessat(AT_FDCWD, probe, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        return size;
                while (size > 0 && path[size - 1] != '/')
                        size--;
                size -= size > 0;
        }
        return 0;
}

/* Makes folders of those from the repository's top down to the one that holds the given one. */
static int make_above(struct folder_set *set, const char *real, size_t top, struct folder **chain)
{
        size_t size = strlen(real), name_at = 0;
        for (size_t at = top; at > 0 && at < size; at += 1 + strcspn(real + name_at, "/")) {
                int r = add_above(set, real, name_at, at, chain);
                if (r < 0)
                        return r;
                name_at = at + 1;
        }
        return 0;
}

/* What stands before the names in a given folder: nothing for ".", else the path and a '/'. */
static char *show_given(const char *path)
{
        size_t size = strlen(path);
        char *shown = malloc(size + 2);
        if (!shown)
                return NULL;
        memcpy(shown, path, size + 1);
        if (strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
                shown[0] = '\0';
        else if (size && path[size - 1] != '/')
                memcpy(shown + size, "/", 2);
        return shown;
}

int cf_folder_given(struct folder_set *set, const char *path, bool alone,
                    struct folder **ret_folder)
{
        CF_FREE char *real = alone ? NULL : realpath(path, NULL);
        CF_FREE char *shown = show_given(path);
        struct folder *chain = NULL, *folder = NULL;
        int r = !shown ? -ENOMEM
                : real ? make_above(set, real, find_top(real, strlen(real)), &chain)
                       : 0;
        if (r == 0) {
                const char *name = chain ? strrchr(real, '/') + 1 : "";
                folder = cf_folder_new(set, chain, cf_span_of(name));
                r = folder ? 0 : -ENOMEM;
        }
        cf_folder_drop(set, chain); /* held by the new one from here on */
        if (r < 0)
                return r;
        folder->root = folder;
        folder->shown = cf_steal(shown);
        *ret_folder = folder;
        return 0;
}
