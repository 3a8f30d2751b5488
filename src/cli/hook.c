/* SPDX-License-Identifier: Apache-2.0 */
/* confined hook: records a container that is annotated so, from a runtime's hook.
 *
 * The runtime starts the hook as root, when the container's first process is there and its own code
 * has not run, and waits for it. So the hook leaves a recorder behind that watches the container's
 * control group, and returns when the watch is on. The recorder holds nothing of the runtime's: no
 * descriptor, no terminal, no folder.
 *
 * Annotations are chosen by whoever may start containers, which on a cluster is not root: files are
 * written in one folder that the administrator names, under names that hold the container's id,
 * and no more recorders run at a time than there are places. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/hook.h"
#include "cli/record.h"

#define FOLDER "/var/lib/confined"
#define RECORDERS_MAX 16u /* at a time, in one folder */
#define FILES_MAX \
        ((size_t)4096) /* in the folder; a container that always starts anew stops there */
#define MESSAGE_MAX ((size_t)4096)
#define READY 1 /* the byte that says so */

static const struct cf_option options[] = {
        {"output-folder", 0, "FOLDER", "write profiles below FOLDER (default: " FOLDER ")",
         CF_COMPLETE_FOLDER, NULL},
        {0},
};

struct hook {
        struct cf_arena *arena;
        const char *folder;
        struct cf_hook_state state;
        struct cf_record_hook watch;
};

/* ---- what is asked
 * ------------------------------------------------------------------------------ */

static int read_stdin(struct hook *hook, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {.max = CF_HOOK_STATE_MAX};
        struct cf_source *source;
        char bytes[4096];
        ssize_t size;
        if (isatty(STDIN_FILENO))
                return cf_error_set(err, -EINVAL, NULL,
                                    "'confined hook' is started by a container runtime, which "
                                    "tells it on standard input of a container; see: man "
                                    "confined-hook");
        while ((size = read(STDIN_FILENO, bytes, sizeof(bytes))) != 0) {
                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0)
                        return cf_error_set(err, -errno, NULL, "standard input cannot be read: %s",
                                            strerrordesc_np(errno));
                cf_text_add(&text, (struct cf_span){bytes, (size_t)size});
                if (text.failed)
                        return cf_error_set(err, -EFBIG, NULL,
                                            "the container's state is larger than %zu bytes",
                                            CF_HOOK_STATE_MAX);
        }
        int r = cf_source_from(hook->arena, "<stdin>", cf_text_span(&text), &source, err);
        return r < 0 ? r : cf_hook_read(hook->arena, source, &hook->state, err);
}

static int read_groups(struct hook *hook, const char *process, struct cf_span *ret_text,
                       struct cf_error *err)
{
        char bytes[4096];
        CF_TEXT struct cf_text text = {.max = (size_t)1 << 20};
        const char *path = cf_arena_printf(hook->arena, "/proc/%s/cgroup", process);
        CF_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        ssize_t size = -1;
        while (fd >= 0 && (size = read(fd, bytes, sizeof(bytes))) > 0)
                cf_text_add(&text, (struct cf_span){bytes, (size_t)size});
        char *kept = size < 0 ? NULL : cf_arena_copy(hook->arena, cf_text_span(&text));
        if (!kept || text.failed)
                return cf_error_set(err, -ESRCH, NULL,
                                    "the container's process %ld cannot be looked at (%s)",
                                    (long)hook->state.pid, path ? path : "");
        *ret_text = cf_span_of(kept);
        return 0;
}

/* Whether there is a filter, and what tells the container's threads from all others. */
static int look_at_container(struct hook *hook, struct cf_error *err)
{
        char *config = cf_arena_printf(hook->arena, "%s/config.json", hook->state.bundle);
        char *process = cf_arena_printf(hook->arena, "%ld", (long)hook->state.pid);
        struct cf_files *files = cf_files_new();
        struct cf_source *source;
        struct cf_span theirs, ours;
        bool filter = false;
        int r = config && process && files ? cf_files_read(files, hook->arena, config, &source, err)
                                           : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r == 0)
                r = cf_hook_has_filter(hook->arena, source, &filter, err);
        if (r < 0 && err && err->code != -ENOMEM)
                r = cf_error_doing(err, r, NULL, "looking whether the container has a filter");
        cf_files_free(files);
        if (r == 0)
                r = read_groups(hook, process, &theirs, err);
        if (r == 0)
                r = read_groups(hook, "self", &ours, err);
        if (r < 0)
                return r;
        hook->watch.pid = hook->state.pid;
        hook->watch.bare = !filter;
        hook->watch.scope = cf_hook_own_group(theirs, ours) ? CF_OBSERVE_GROUP : CF_OBSERVE_TREE;
        return 0;
}

/* ---- the folder
 * --------------------------------------------------------------------------------- */

/* Only we may change what is in it. */
static int open_folder(struct hook *hook, int *ret_fd, struct cf_error *err)
{
        struct stat st;
        size_t files = 0;
        if (mkdir(hook->folder, 0755) < 0 && errno != EEXIST)
                return cf_error_set(err, -errno, NULL, "%s cannot be made: %s", hook->folder,
                                    strerrordesc_np(errno));
        CF_CLOSE int fd = open(hook->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return cf_error_set(err, -errno, NULL, "%s cannot be opened: %s", hook->folder,
                                    strerrordesc_np(errno));
        if (st.st_uid != geteuid() || (st.st_mode & 022))
                return cf_error_set(err, -EPERM, NULL,
                                    "others can write in %s: chown it to root and chmod go-w it, "
                                    "or name another --output-folder",
                                    hook->folder);
        CF_CLOSEDIR DIR *list = opendir(hook->folder);
        while (list && readdir(list))
                files++;
        if (!list || files > FILES_MAX)
                return cf_error_set(err, -EDQUOT, NULL,
                                    "there are more than %zu files in %s: remove recordings that "
                                    "are not needed any more",
                                    FILES_MAX, hook->folder);
        *ret_fd = cf_steal_fd(&fd);
        return 0;
}

/* The place is free again when the recorder ends, however it does. */
static int take_place(struct hook *hook, int folder, int *ret_fd, struct cf_error *err)
{
        for (unsigned i = 0; i < RECORDERS_MAX; i++) {
                const char *name = cf_arena_printf(hook->arena, ".recorder-%u", i);
                CF_CLOSE int fd =
                        name ? openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)
                             : -1;
                if (fd < 0)
                        return cf_error_set(err, -errno, NULL, "%s cannot be written in: %s",
                                            hook->folder, strerrordesc_np(errno));
                if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                        *ret_fd = cf_steal_fd(&fd);
                        return 0;
                }
        }
        return cf_error_set(err, -EBUSY, NULL,
                            "%u containers are being recorded in %s, which is the most: wait for "
                            "one to end",
                            RECORDERS_MAX, hook->folder);
}

/* ---- the recorder
 * ------------------------------------------------------------------------------- */

/* What `confined record` would be told. */
static int make_words(struct hook *hook, char ***ret_words, size_t *ret_count, struct cf_error *err)
{
        const struct cf_hook_state *state = &hook->state;
        CF_VEC(char *) words = {0};
        const char *stem = cf_arena_printf(hook->arena, "%s/%s-%.*s", hook->folder, state->name,
                                           CF_HOOK_ID_SHOWN, state->id);
        const char *seen = cf_arena_printf(hook->arena, "%s.seen", stem);
        const struct {
                bool given;
                const char *word;
        } all[] = {
                {true, "--force"},
                {true, cf_arena_printf(hook->arena, "--output=%s.json", stem)},
                {true, cf_arena_printf(hook->arena, "--save=%s", seen)},
                /* A container that is started again adds to what it did before. */
                {seen && access(seen, F_OK) == 0, cf_arena_printf(hook->arena, "--merge=%s", seen)},
                {state->base,
                 cf_arena_printf(hook->arena, "--base=%s", state->base ? state->base : "")},
                {state->tighten, "--tighten"},
                {state->allow_refused, "--allow-refused"},
                {state->no_arguments, "--no-arguments"},
        };
        int r = stem && seen ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < CF_COUNT(all); i++) {
                char *word = all[i].word ? cf_arena_string(hook->arena, all[i].word) : NULL;
                r = !word ? -ENOMEM : all[i].given ? cf_vec_push(hook->arena, &words, word) : 0;
        }
        if (r < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        *ret_words = words.items;
        *ret_count = words.count;
        return 0;
}

/* Standard output and error become the log; nothing else of the runtime's stays open. */
static int let_go(struct hook *hook, int folder, int place, struct cf_error *err)
{
        const char *name = cf_arena_printf(hook->arena, "%s-%.*s.log", hook->state.name,
                                           CF_HOOK_ID_SHOWN, hook->state.id);
        CF_CLOSE int log =
                name ? openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                              0644)
                     : -1;
        CF_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (log < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            dup2(log, STDERR_FILENO) < 0 || chdir("/") < 0)
                return cf_error_set(err, -errno, NULL, "the log cannot be written in %s: %s",
                                    hook->folder, strerrordesc_np(errno));
        int low = place < hook->watch.ready ? place : hook->watch.ready;
        int high = place < hook->watch.ready ? hook->watch.ready : place;
        close_range(3, (unsigned)low - 1, 0);
        if (high - low > 1)
                close_range((unsigned)low + 1, (unsigned)high - 1, 0);
        close_range((unsigned)high + 1, ~0u, 0);
        log = null = -1; /* closed */
        setvbuf(stderr, NULL, _IOLBF, 0);
        return 0;
}

static int record(struct hook *hook, struct cf_error *err)
{
        CF_CLOSE int folder = -1;
        CF_CLOSE int place = -1;
        char **words = NULL;
        size_t count = 0;
        int r = open_folder(hook, &folder, err);
        if (r == 0)
                r = take_place(hook, folder, &place, err);
        if (r == 0)
                r = make_words(hook, &words, &count, err);
        if (r == 0)
                r = let_go(hook, folder, place, err);
        if (r < 0)
                return r;
        folder = -1; /* closed */
        fprintf(stderr, "recording container %s (process %ld)%s%s\n", hook->state.id,
                (long)hook->state.pid,
                hook->watch.bare ? "; it has no filter: calls of the runtime's start-up are not "
                                   "seen, those that runtimes are known to make are added"
                                 : "",
                hook->watch.scope == CF_OBSERVE_TREE
                        ? "; it has no control group of its own: what is executed in it from "
                          "outside is not seen"
                        : "");
        return cf_record_hooked(hook->arena, words, count, &hook->watch, err);
}

static _Noreturn void be_recorder(struct hook *hook)
{
        struct cf_error err = {0};
        int r = record(hook, &err);
        if (r < 0) {
                CF_TEXT struct cf_text text = {0};
                cf_error_render(&err, &text);
                struct cf_span message = cf_text_span(&text);
                if (message.size > MESSAGE_MAX)
                        message.size = MESSAGE_MAX;
                fputs(text.data ? text.data : "", stderr);
                /* Nobody listens any more when it was ready. */
                if (message.size && write(hook->watch.ready, message.data, message.size) < 0)
                        _exit(CF_EXIT_TROUBLE);
        }
        fflush(NULL);
        _exit(r < 0 ? CF_EXIT_TROUBLE : CF_EXIT_CLEAN);
}

/* ---- the hook
 * ----------------------------------------------------------------------------------- */

/* Waits for the recorder's word: that it watches, or why not. */
static int hear(int fd, struct cf_error *err)
{
        char text[MESSAGE_MAX + 1];
        size_t size = 0;
        ssize_t more;
        while (size < MESSAGE_MAX && ((more = read(fd, text + size, MESSAGE_MAX - size)) > 0 ||
                                      (more < 0 && errno == EINTR))) {
                if (more > 0 && text[size] == READY)
                        return 0;
                size += more > 0 ? (size_t)more : 0;
        }
        text[size] = '\0';
        if (size == 0)
                return cf_error_set(err, -ECHILD, NULL, "the recorder ended at once");
        fputs(text, stderr);
        return CF_EXIT_TROUBLE;
}

static int start_recorder(struct hook *hook, struct cf_error *err)
{
        int ready[2];
        if (pipe2(ready, O_CLOEXEC) < 0)
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerrordesc_np(errno));
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                close(ready[0]);
                setsid();
                if (fork() != 0) /* nobody waits for the grandchild, and it has no terminal */
                        _exit(0);
                hook->watch.ready = ready[1];
                be_recorder(hook);
        }
        close(ready[1]);
        int r = pid < 0 ? cf_error_set(err, -errno, NULL, "no process: %s", strerrordesc_np(errno))
                        : 0;
        if (r == 0) {
                waitpid(pid, NULL, 0);
                r = hear(ready[0], err);
        }
        close(ready[0]);
        return r;
}

static int run_job(struct hook *hook, const struct cf_invocation *invocation, struct cf_error *err)
{
        const char *folder = cf_given_value(invocation, "output-folder");
        hook->folder = folder ? folder : FOLDER;
        if (hook->folder[0] != '/')
                return cf_error_set(err, -EINVAL, NULL, "--output-folder: '%s' is no absolute path",
                                    hook->folder);
        int r = read_stdin(hook, err);
        if (r < 0 || !hook->state.name)
                return r;
        r = look_at_container(hook, err);
        return r < 0 ? r : start_recorder(hook, err);
}

static int run_hook(const struct cf_invocation *invocation)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_RECORD_MEMORY);
        struct hook hook = {.arena = arena};
        struct cf_error err = {0};
        int r = arena ? run_job(&hook, invocation, &err)
                      : cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
        return r < 0 ? cf_complain(&err) : r;
}

const struct cf_command cf_command_hook = {
        .name = "hook",
        .summary = "record annotated containers, from an OCI runtime's hook",
        .usage = "",
        .details = "Started by a container runtime (stage createRuntime). A container with the "
                   "annotation io.confined.record=NAME is recorded from its first instruction to "
                   "its end; FOLDER/NAME-ID.json is the profile then, NAME-ID.log the report. A "
                   "container without it is left alone.",
        .options = options,
        .run = run_hook,
};
