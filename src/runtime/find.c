/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/library.h"

#define TOLD_MAX 4096u /* bytes of what it says that are looked at */
#define PATIENCE_MS 2000
#define VERSION_MAX 9999u

/* Where a runtime is looked for. Not in PATH: what stands there is not always what root trusts. */
static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                      "/usr/bin",        "/sbin",          "/bin"};

/* ---- what it says --------------------------------------------------------------------------- */

/* "1.1.5+ds1": up to three numbers. */
static bool read_numbers(struct cf_span text, struct cf_runtime_version *ret_version)
{
        struct cf_runtime_version version = {0};
        unsigned *numbers[] = {&version.major, &version.minor, &version.patch};
        size_t at = 0;
        for (size_t i = 0; i < CF_COUNT(numbers); i++) {
                size_t begin = at;
                for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++)
                        if (*numbers[i] <= VERSION_MAX)
                                *numbers[i] = *numbers[i] * 10 + (unsigned)(text.data[at] - '0');
                if (at == begin && i < 2)
                        return false;
                if (at == text.size || text.data[at] != '.')
                        break;
                at++;
        }
        if (version.major + version.minor == 0)
                return false;
        *ret_version = version;
        return true;
}

static bool is_behind(struct cf_span line, const char *words, struct cf_span *ret_rest)
{
        size_t size = strlen(words);
        if (line.size < size || memcmp(line.data, words, size) != 0)
                return false;
        *ret_rest = cf_span_part(line, size, SIZE_MAX);
        return true;
}

void cf_runtime_read_version(struct cf_span text, struct cf_runtime_found *found)
{
        while (text.size) {
                size_t end = cf_span_find_byte(text, '\n');
                struct cf_span line = cf_span_part(text, 0, end), rest;
                text = end == SIZE_MAX ? (struct cf_span){0}
                                       : cf_span_part(text, end + 1, SIZE_MAX);
                if (is_behind(line, "runc version ", &rest) ||
                    is_behind(line, "crun version ", &rest))
                        read_numbers(rest, &found->version);
                else if (is_behind(line, "libseccomp: ", &rest))
                        read_numbers(rest, &found->library);
        }
}

/* ---- asking it ------------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static size_t read_all(int fd, char *text, size_t room)
{
        int64_t deadline = now_ms() + PATIENCE_MS;
        size_t size = 0;
        while (size < room) {
                struct pollfd ready = {.fd = fd, .events = POLLIN};
                int64_t left = deadline - now_ms();
                int r = left <= 0 ? 0 : poll(&ready, 1, (int)left);
                ssize_t more = r > 0 ? read(fd, text + size, room - size) : r;
                if (more < 0 && errno == EINTR)
                        continue;
                if (more <= 0)
                        break;
                size += (size_t)more;
        }
        return size;
}

static int start(const char *path, const char *name, int fd, pid_t *ret_child)
{
        const char *arguments[] = {name, "--version", NULL};
        const char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
        posix_spawn_file_actions_t files;
        if (posix_spawn_file_actions_init(&files) != 0)
                return -ENOMEM;
        int r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&files, fd, 1);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawn(ret_child, path, &files, NULL, (char **)(uintptr_t)arguments,
                                (char **)(uintptr_t)environment);
        posix_spawn_file_actions_destroy(&files);
        return -r;
}

static void ask(const char *path, const char *name, struct cf_runtime_found *found)
{
        char text[TOLD_MAX];
        int ends[2], status;
        pid_t child = 0;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return;
        int r = start(path, name, ends[1], &child);
        close(ends[1]);
        if (r == 0) {
                size_t size = read_all(ends[0], text, sizeof(text));
                kill(child, SIGKILL);
                while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                        ;
                cf_runtime_read_version((struct cf_span){text, size}, found);
        }
        close(ends[0]);
}

int cf_runtime_find(struct cf_arena *arena, enum cf_runtime_kind kind,
                    struct cf_runtime_found *ret_found, struct cf_error *err)
{
        const char *name = cf_runtime_name(kind);
        struct cf_runtime_found found = {0};
        for (size_t i = 0; i < CF_COUNT(folders) && !found.path; i++) {
                const char *path = cf_arena_printf(arena, "%s/%s", folders[i], name);
                if (!path)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                if (access(path, X_OK) == 0)
                        found.path = path;
        }
        if (found.path)
                ask(found.path, name, &found);
        *ret_found = found;
        return 0;
}

void cf_runtime_ask(const char *path, enum cf_runtime_kind kind, struct cf_runtime_found *ret_found)
{
        *ret_found = (struct cf_runtime_found){.path = path};
        ask(path, cf_runtime_name(kind), ret_found);
}

/* ---- which calls its library knows ------------------------------------------------------------
 */

int cf_runtime_knows(const char *file, const struct cf_arch *arch, const struct cf_syscall *call,
                     struct cf_runtime_version *ret_version, struct cf_error *err)
{
        struct library library;
        int r = library_load(file ? file : LIBRARY, &library, err);
        if (r < 0)
                return r;
        *ret_version = *library.version();
        /* Runtimes ask for the machine's own number first, and drop what has none. */
        return library.syscall_resolve_name(call->name) != LIBRARY_NO_CALL &&
               library.syscall_resolve_name_arch(arch->token, call->name) != LIBRARY_NO_CALL;
}
