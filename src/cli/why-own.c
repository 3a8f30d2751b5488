/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the containers that come to be while `docker run …` is watched is the one that it
 * starts. The engine's command line writes the id into a file (--cidfile) when the container was
 * made, before it is started; so whatever is seen of a container can be compared with it. The file
 * is in memory of this process: a file system that is mounted nowhere, reached by /proc. However
 * this process ends, nothing of it stays. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/why-live.h"
#include "manifest/manifest.h"

#define ID_FILE "id"
#define ANCESTORS_MAX 64 /* of a process that are looked at */

/* A folder in memory; a descriptor, or negative. */
static int make_folder(void)
{
        CF_CLOSE int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
        if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -1;
        return fsmount(context, FSMOUNT_CLOEXEC, 0);
}

/* The file that the words name already: "--cidfile=FILE", "--cidfile FILE". */
static const char *named_file(const char *const *words, const struct cf_command_line *line)
{
        static const char option[] = "--cidfile";
        const char *file = NULL;
        for (size_t i = line->options; i < line->image; i++) {
                if (strcmp(words[i], option) == 0)
                        file = words[i + 1];
                else if (strncmp(words[i], option, strlen(option)) == 0 &&
                         words[i][strlen(option)] == '=')
                        file = words[i] + strlen(option) + 1;
        }
        return file && *file ? file : NULL;
}

int cf_why_own_open(struct cf_arena *arena, const char *const *words, size_t count,
                    struct cf_why_own **ret_own)
{
        struct cf_command_line line;
        int r = cf_command_line_read(arena, words, count, &line);
        if (r <= 0 || strcmp(line.action, "run") != 0)
                return r < 0 ? r : 0;
        struct cf_why_own *own = cf_arena_one(arena, struct cf_why_own);
        if (!own)
                return -ENOMEM;
        *own = (struct cf_why_own){.folder = -1, .at = line.options, .name = line.name};
        if (line.id_file) {
                own->file = named_file(words, &line);
        } else if ((own->folder = make_folder()) >= 0) {
                own->file = ID_FILE;
                own->option = cf_arena_printf(arena, "--cidfile=/proc/%d/fd/%d/" ID_FILE, getpid(),
                                              own->folder);
                if (!own->option)
                        return -ENOMEM;
        }
        if (own->file)
                *ret_own = own;
        return 0;
}

void cf_why_own_close(struct cf_why_own *own)
{
        if (own && own->folder >= 0)
                close(own->folder);
}

/* ---- whose an event is ------------------------------------------------------------------------
 */

/* The id, once it is written. */
static bool read_id(struct cf_why_own *own)
{
        char id[CF_WHY_ID_SIZE];
        if (*own->id)
                return true;
        CF_CLOSE int fd = openat(own->folder < 0 ? AT_FDCWD : own->folder, own->file,
                                 O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        ssize_t size = fd < 0 ? -1 : read(fd, id, sizeof(id) - 1);
        if (size != sizeof(id) - 1)
                return false;
        id[size] = '\0';
        if (strspn(id, "0123456789abcdef") != (size_t)size)
                return false;
        memcpy(own->id, id, sizeof(id));
        return true;
}

static bool is_descendant(pid_t pid, pid_t of)
{
        for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
                if (pid == of)
                        return true;
                pid = cf_why_parent_of(pid);
        }
        return false;
}

/* Whether the event's control group is that of the container, where its engine usually puts it. */
static bool is_in_place(const struct cf_why_own *own, uint64_t group)
{
        static const char *const roots[] = {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"};
        static const struct {
                const char *before, *behind;
        } places[] = {
                {"docker/", ""},
                {"system.slice/docker-", ".scope"},
                {"machine.slice/libpod-", ".scope"},
                {"machine.slice/libpod-", ".scope/container"},
                {"libpod_parent/libpod-", ""},
                {"default/", ""},
                {"system.slice/nerdctl-", ".scope"},
        };
        for (size_t i = 0; i < CF_COUNT(roots) * CF_COUNT(places); i++) {
                size_t at = i % CF_COUNT(places);
                char path[512];
                struct stat file;
                snprintf(path, sizeof(path), "%s/%s%s%s", roots[i / CF_COUNT(places)],
                         places[at].before, own->id, places[at].behind);
                if (stat(path, &file) == 0 &&
                    ((file.st_ino ^ group) & UINT64_C(0xffffffffffffff)) == 0)
                        return true;
        }
        return false;
}

enum cf_why_whose cf_why_own_whose(struct cf_why_own *own, bool there, const char *id,
                                   const struct cf_observed *event)
{
        bool known = read_id(own);
        if (event->group == own->group)
                return CF_WHY_OURS;
        if (id && !known)
                return CF_WHY_WHOSE_UNKNOWN;
        if (id || !there) {
                bool ours = id ? strcmp(id, own->id) == 0 : known && is_in_place(own, event->group);
                own->found |= ours;
                return ours ? CF_WHY_OURS : id ? CF_WHY_OTHERS : CF_WHY_WHOSE_UNKNOWN;
        }
        return is_descendant(event->pid, own->pid) ? CF_WHY_OURS : CF_WHY_OTHERS;
}
