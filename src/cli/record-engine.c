/* SPDX-License-Identifier: Apache-2.0 */
/* Recording `docker run …`: the container is started by a daemon, so it is known by its filter,
 * which has a mark: a rule about an argument that no program gives. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/record.h"

int cf_record_is_engine(struct cf_record *record, bool *ret_engine, struct cf_error *err)
{
        struct cf_command_line *line = &record->line;
        int r = cf_command_line_read(record->job.arena, (const char *const *)record->words,
                                     record->word_count, line);
        if (r < 0)
                return cf_error_set(err, r, NULL, "not enough memory");
        *ret_engine = r > 0 && strcmp(line->action, "run") == 0;
        if (*ret_engine && line->detached)
                return cf_error_set(
                        err, -EINVAL, NULL,
                        "with --detach the command ends while the container runs: leave "
                        "it out, or start the container and record it with --container "
                        "NAME");
        return 0;
}

/* ---- the mark
 * -------------------------------------------------------------------------------------------- */

/* A number that is in no other filter. Its upper bit is clear: engines read JSON numbers as signed
 * ones in places. */
static int make_mark(uint64_t *ret_mark, struct cf_error *err)
{
        uint64_t mark;
        if (getrandom(&mark, sizeof(mark), 0) != sizeof(mark))
                return cf_error_set(err, -errno, NULL, "no random number: %s",
                                    strerrordesc_np(errno));
        *ret_mark = (mark | UINT64_C(0x4000000180000001)) & INT64_MAX;
        return 0;
}

/* The profile with one more entry: vserver, which no kernel has, is refused when its first argument
 * is the mark. NULL: no memory, or no list of entries. */
static char *with_mark(struct cf_arena *arena, const char *profile, uint64_t mark)
{
        static const char list[] = "\"syscalls\": [";
        const char *at = strstr(profile, list);
        if (!at)
                return NULL;
        at += strlen(list);
        return cf_arena_printf(arena,
                               "%.*s{\"names\": [\"vserver\"], \"action\": \"SCMP_ACT_ERRNO\", "
                               "\"errnoRet\": 38, \"args\": [{\"index\": 0, \"value\": %" PRIu64
                               ", \"op\": \"SCMP_CMP_EQ\"}]}%s%s",
                               (int)(at - profile), profile, mark,
                               at[strspn(at, " \t\n")] == ']' ? "" : ",", at);
}

/* ---- the command
 * ---------------------------------------------------------------------------------- */

/* The last option of several counts: ours stands directly before the image. */
static char *const *with_option(struct cf_record *record, const char *file)
{
        struct cf_arena *arena = record->job.arena;
        CF_VEC(char *) words = {0};
        char *seccomp = cf_arena_printf(arena, "--security-opt=seccomp=%s", file);
        for (size_t i = 0; i < record->word_count; i++) {
                if (i == record->line.image && cf_vec_push(arena, &words, seccomp) < 0)
                        return NULL;
                if (cf_vec_push(arena, &words, record->words[i]) < 0)
                        return NULL;
        }
        return seccomp && cf_vec_push(arena, &words, NULL) == 0 ? words.items : NULL;
}

static int start(struct cf_record *record, char *const *words, uint64_t mark,
                 struct cf_record_run *ret_run, struct cf_error *err)
{
        struct cf_observe_wanted wanted;
        struct cf_observer *observer = NULL;
        int r = cf_record_wanted(record, CF_OBSERVE_MARK, 0, &wanted, err);
        wanted.mark = mark;
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
        uint64_t mark = 0;
        int r = make_mark(&mark, err);
        profile = r == 0 ? with_mark(record->job.arena, profile, mark) : NULL;
        if (r == 0 && !profile)
                r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r < 0)
                return r;
        CF_CLOSE int fd = mkostemp(file, O_CLOEXEC);
        if (fd < 0)
                return cf_error_set(err, -errno, NULL, "%s cannot be made: %s", file,
                                    strerrordesc_np(errno));
        ssize_t size = (ssize_t)strlen(profile);
        if (write(fd, profile, (size_t)size) != size)
                r = cf_error_set(err, -EIO, NULL, "%s cannot be written", file);
        if (r == 0) {
                char *const *words = with_option(record, file);
                r = words ? start(record, words, mark, ret_run, err)
                          : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        unlink(file);
        return r;
}
