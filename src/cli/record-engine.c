/* SPDX-License-Identifier: Apache-2.0 */
/* Recording `docker run …`: the container is started by a daemon, so it is found by its control
 * group, which is put below one that is made for it and watched before the container is there. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/record.h"

#define HIERARCHIES_MAX 32
#define GONE_MS 3000 /* how long a control group may take to become empty */

static bool is_program(const char *word, const char *name)
{
        const char *slash = strrchr(word, '/');
        return strcmp(slash ? slash + 1 : word, name) == 0;
}

bool cf_record_is_engine(char *const *words, size_t count, size_t *ret_run)
{
        size_t at = 1;
        if (count < 3 || (!is_program(words[0], "docker") && !is_program(words[0], "podman")))
                return false;
        if (strcmp(words[at], "container") == 0)
                at++;
        *ret_run = at;
        return strcmp(words[at], "run") == 0;
}

/* ---- the control group
 * --------------------------------------------------------------------------- */

struct group {
        char name[64];
        char *folders[HIERARCHIES_MAX]; /* one a hierarchy */
        size_t count;
        pid_t member; /* keeps it known: a process that sleeps in it */
};

static bool write_text(const char *path, const char *text)
{
        CF_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
        ssize_t size = (ssize_t)strlen(text);
        return fd >= 0 && write(fd, text, (size_t)size) == size;
}

/* Makes the group in one hierarchy and puts the member there. A hierarchy that does not want it is
 * not the one that containers are told apart by. */
static int join_hierarchy(struct cf_arena *arena, struct group *group, const char *mount)
{
        char pid[24];
        char *folder = cf_arena_printf(arena, "%s/%s", mount, group->name);
        char *members = folder ? cf_arena_printf(arena, "%s/cgroup.procs", folder) : NULL;
        if (!members)
                return -ENOMEM;
        if (group->count >= HIERARCHIES_MAX || (mkdir(folder, 0755) < 0 && errno != EEXIST))
                return 0;
        group->folders[group->count++] = folder;
        snprintf(pid, sizeof(pid), "%d", group->member);
        write_text(members, pid);
        return 0;
}

static int join_hierarchies(struct cf_arena *arena, struct group *group, struct cf_error *err)
{
        FILE *mounts = fopen("/proc/self/mounts", "re");
        char line[4096], folder[4096], type[64];
        int r = mounts ? 0 : -errno;
        while (r == 0 && fgets(line, sizeof(line), mounts))
                if (sscanf(line, "%*4000s %4000s %60s", folder, type) == 2 &&
                    (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0))
                        r = join_hierarchy(arena, group, folder);
        if (mounts)
                fclose(mounts);
        if (r == 0 && group->count == 0)
                return cf_error_set(err, -EACCES, NULL,
                                    "no control group can be made here (as root?); start the "
                                    "container and record it with --container NAME");
        return r < 0 ? cf_error_set(err, r, NULL, "the control groups cannot be listed: %s",
                                    strerrordesc_np(-r))
                     : 0;
}

static int make_group(struct cf_arena *arena, struct group *group, struct cf_error *err)
{
        snprintf(group->name, sizeof(group->name), "confined-%d", getpid());
        fflush(NULL);
        group->member = fork();
        if (group->member == 0) {
                for (;;)
                        pause();
        }
        if (group->member < 0)
                return cf_error_set(err, -errno, NULL, "no process: %s", strerrordesc_np(errno));
        return join_hierarchies(arena, group, err);
}

static void remove_group(struct group *group)
{
        if (group->member > 0) {
                kill(group->member, SIGKILL);
                waitpid(group->member, NULL, 0);
        }
        for (size_t i = 0; i < group->count; i++)
                for (unsigned waited = 0;
                     rmdir(group->folders[i]) < 0 && errno == EBUSY && waited < GONE_MS;
                     waited += 50)
                        usleep(50000);
}

/* ---- the command
 * ---------------------------------------------------------------------------------- */

static char *const *with_options(struct cf_record *record, size_t run, const char *file,
                                 const struct group *group)
{
        struct cf_arena *arena = record->job.arena;
        CF_VEC(char *) words = {0};
        char *seccomp = cf_arena_printf(arena, "--security-opt=seccomp=%s", file);
        char *parent = cf_arena_printf(arena, "--cgroup-parent=/%s", group->name);
        for (size_t i = 0; i < record->word_count; i++) {
                if (cf_vec_push(arena, &words, record->words[i]) < 0)
                        return NULL;
                if (i == run && (cf_vec_push(arena, &words, seccomp) < 0 ||
                                 cf_vec_push(arena, &words, parent) < 0))
                        return NULL;
        }
        return seccomp && parent && cf_vec_push(arena, &words, NULL) == 0 ? words.items : NULL;
}

/* The container would run under something else than what is recorded. */
static int check_words(const struct cf_record *record, struct cf_error *err)
{
        for (size_t i = 0; i < record->word_count; i++) {
                const char *word = record->words[i];
                if (strstr(word, "seccomp=") || strstr(word, "seccomp:") ||
                    strncmp(word, "--cgroup-parent", strlen("--cgroup-parent")) == 0)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "'%s' stands in the way: record puts the container "
                                            "under a profile and a control group of its own; "
                                            "leave it out",
                                            word);
                if (strcmp(word, "-d") == 0 || strcmp(word, "--detach") == 0)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "with '%s' the command ends while the container runs: "
                                            "leave it out, or start the container and record it "
                                            "with --container NAME",
                                            word);
        }
        return 0;
}

static int start(struct cf_record *record, char *const *words, const struct group *group,
                 struct cf_record_run *ret_run, struct cf_error *err)
{
        struct cf_observe_wanted wanted;
        struct cf_observer *observer = NULL;
        int r = cf_record_wanted(record, CF_OBSERVE_GROUP, group->member, &wanted, err);
        if (r == 0)
                r = cf_observer_open(&wanted, &observer, err);
        if (r < 0)
                return r;
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                execvp(words[0], words);
                _exit(127);
        }
        r = pid < 0 ? cf_error_set(err, -errno, NULL, "no process: %s", strerrordesc_np(errno))
                    : cf_record_wait(record, observer, pid, true, ret_run, err);
        cf_observer_close(observer);
        return r;
}

int cf_record_engine(struct cf_record *record, const char *profile, struct cf_record_run *ret_run,
                     struct cf_error *err)
{
        char file[] = "/tmp/confined-profile-XXXXXX";
        struct group group = {0};
        size_t run = 0;
        int r = check_words(record, err);
        if (r < 0)
                return r;
        CF_CLOSE int fd = mkostemp(file, O_CLOEXEC);
        if (fd < 0)
                return cf_error_set(err, -errno, NULL, "%s cannot be made: %s", file,
                                    strerrordesc_np(errno));
        ssize_t size = (ssize_t)strlen(profile);
        if (write(fd, profile, (size_t)size) != size)
                r = cf_error_set(err, -EIO, NULL, "%s cannot be written", file);
        cf_record_is_engine(record->words, record->word_count, &run);
        if (r == 0)
                r = make_group(record->job.arena, &group, err);
        if (r == 0) {
                char *const *words = with_options(record, run, file, &group);
                r = words ? start(record, words, &group, ret_run, err)
                          : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        remove_group(&group);
        unlink(file);
        return r;
}
