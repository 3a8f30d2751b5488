/* SPDX-License-Identifier: Apache-2.0 */
/* A handful of system calls a process: everything is opened below a descriptor of /proc/PID, so
 * that all answers are of one process even when its number is used again meanwhile. */
#include "process/look.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "process/cgroup.h"
#include "process/status.h"

#define FIRST_READ ((size_t)8 << 10)
#define TASKS_MAX ((size_t)1 << 16) /* threads of one process that are looked at */

static int grow(struct cf_looker *looker)
{
        size_t capacity = looker->capacity ? looker->capacity * 2 : FIRST_READ;
        char *buffer = realloc(looker->buffer, capacity);
        if (!buffer)
                return -ENOMEM;
        looker->buffer = buffer;
        looker->capacity = capacity;
        return 0;
}

/* Reads a file below `dir` from its start, at most `max` bytes. The text lives in the looker's
 * buffer until the next call. 0 or a negative errno. */
static int read_file(struct cf_looker *looker, int dir, const char *name, size_t max,
                     struct cf_span *ret_text)
{
        CF_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        size_t size = 0;
        for (;;) {
                if (size == looker->capacity && grow(looker) < 0)
                        return -ENOMEM;
                size_t room = looker->capacity - size;
                if (room > max - size)
                        room = max - size;
                ssize_t n = read(fd, looker->buffer + size, room);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                size += (size_t)n;
                /* The kernel fills the buffer when it has more, so less is the end of it. */
                if ((size_t)n < room || size >= max)
                        break;
        }
        *ret_text = (struct cf_span){looker->buffer, size};
        return 0;
}

/* The number in a link like "mnt:[4026531841]"; 0 when it may not be read. */
static uint64_t read_namespace(int dir, const char *name)
{
        char link[64];
        ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);
        if (n <= 0)
                return 0;
        link[n] = 0;
        const char *open = strchr(link, '[');
        if (!open)
                return 0;
        char *end;
        errno = 0;
        unsigned long long number = strtoull(open + 1, &end, 10);
        return errno || end == open + 1 || *end != ']' ? 0 : number;
}

static bool read_root(int dir, dev_t *ret_device, ino_t *ret_inode)
{
        struct stat st;
        if (fstatat(dir, "root", &st, 0) < 0)
                return false;
        *ret_device = st.st_dev;
        *ret_inode = st.st_ino;
        return true;
}

/* Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so count from its end. */
static uint64_t read_start_time(struct cf_looker *looker, int dir)
{
        struct cf_span text;
        if (read_file(looker, dir, "stat", FIRST_READ, &text) < 0)
                return 0;
        const char *end = memrchr(text.data, ')', text.size);
        if (!end)
                return 0;
        size_t at = (size_t)(end - text.data);
        for (unsigned field = 2; field < 22; field++) {
                size_t blank = cf_span_find_byte(cf_span_part(text, at, text.size), ' ');
                if (blank == SIZE_MAX)
                        return 0;
                at += blank + 1;
        }
        uint64_t ticks = 0;
        for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
                unsigned digit = (unsigned)(text.data[at] - '0');
                if (ticks > (UINT64_MAX - digit) / 10)
                        return 0;
                ticks = ticks * 10 + digit;
        }
        return ticks;
}

/* The arena is shared: everything that lasts is copied under the lock. */
static int keep(struct cf_looker *looker, struct cf_span text, const char **ret_copy)
{
        pthread_mutex_lock(looker->lock);
        char *copy = cf_arena_copy(looker->arena, text);
        pthread_mutex_unlock(looker->lock);
        if (!copy)
                return -ENOMEM;
        *ret_copy = copy;
        return 0;
}

/* The name as the kernel holds it: its escapes of '\' and line feed undone. */
static int keep_name(struct cf_looker *looker, struct cf_span name, const char **ret_name)
{
        char plain[64];
        size_t size = 0;
        for (size_t i = 0; i < name.size && size < sizeof(plain); i++) {
                char c = name.data[i];
                if (c == '\\' && i + 1 < name.size) {
                        i++;
                        c = name.data[i] == 'n' ? '\n' : name.data[i];
                }
                plain[size++] = c;
        }
        return keep(looker, (struct cf_span){plain, size}, ret_name);
}

/* Arguments end in NUL; they are kept with spaces between. */
static int read_command(struct cf_looker *looker, int dir, const char **ret_command)
{
        struct cf_span text;
        int r = read_file(looker, dir, "cmdline", CF_PROCESS_COMMAND_MAX, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        while (text.size && text.data[text.size - 1] == 0)
                text.size--;
        if (!text.size)
                return 0;
        for (size_t i = 0; i < text.size; i++) {
                if (looker->buffer[i] == 0)
                        looker->buffer[i] = ' ';
        }
        return keep(looker, text, ret_command);
}

static int read_cgroup(struct cf_looker *looker, int dir, struct cf_process *process)
{
        struct cf_span text;
        int r = read_file(looker, dir, "cgroup", CF_PROCESS_FILE_MAX, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        pthread_mutex_lock(looker->lock);
        r = cf_process_cgroup(looker->arena, text, &process->cgroup, &process->container,
                              &process->engine);
        pthread_mutex_unlock(looker->lock);
        return r;
}

/* Less filtered comes first. */
static unsigned strength(enum cf_seccomp_mode mode)
{
        switch (mode) {
        case CF_SECCOMP_OFF:
                return 0;
        case CF_SECCOMP_FILTER:
                return 1;
        case CF_SECCOMP_STRICT:
                return 2;
        case CF_SECCOMP_UNREADABLE:
                return 3;
        }
        return 3;
}

static void take_seccomp(const struct cf_status *status, struct cf_process *process)
{
        if (strength(status->mode) < strength(process->mode))
                process->mode = status->mode;
        if (status->filters_known &&
            (!process->filters_known || status->filters < process->filters)) {
                process->filters = status->filters;
                process->filters_known = true;
        }
}

/* A filter belongs to a thread. Threads inherit it, but one that was there before another thread
 * filtered itself stays without, and the main thread, whose status the process shows, may be
 * that other one or may have ended. */
static int read_threads(struct cf_looker *looker, int dir, struct cf_process *process)
{
        int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        CF_CLOSEDIR DIR *tasks = fdopendir(fd);
        if (!tasks) {
                close(fd);
                return -ENOMEM;
        }
        size_t count = 0;
        for (struct dirent *entry; count < TASKS_MAX && (entry = readdir(tasks));) {
                if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
                        continue;
                count++;
                char name[sizeof(entry->d_name) + sizeof("/status")];
                struct cf_span text;
                snprintf(name, sizeof(name), "%s/status", entry->d_name);
                int r = read_file(looker, fd, name, CF_PROCESS_FILE_MAX, &text);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue;
                struct cf_status status;
                cf_status_parse(text, &status);
                if (status.state != 'Z' && status.state != 'X')
                        take_seccomp(&status, process);
        }
        return 0;
}

/* See process.h for what makes a process foreign. */
static bool is_foreign(struct cf_looker *looker, int dir, const struct cf_look *look,
                       bool *ret_unplaced)
{
        const struct cf_home *home = looker->home;
        const struct cf_process *process = &look->process;
        bool other_pid_ns = look->pid_depth > 1 ||
                            (process->pid_ns && home->pid_ns && process->pid_ns != home->pid_ns);
        if (!process->mnt_ns || !home->mnt_ns) {
                *ret_unplaced = other_pid_ns && !process->container;
                return other_pid_ns && process->container;
        }
        if (process->mnt_ns == home->mnt_ns)
                return false;
        if (other_pid_ns || process->container)
                return true;
        dev_t device;
        ino_t inode;
        return home->root_inode && read_root(dir, &device, &inode) &&
               (device != home->root_device || inode != home->root_inode);
}

static bool is_ended(const struct cf_status *status)
{
        if (status->kernel_thread)
                return true;
        /* A main thread that ended before the others is shown as a zombie. */
        if (status->state == 'Z')
                return status->threads <= 1;
        return !status->has_memory;
}

static enum cf_look_result result_of(int r)
{
        return r == -EACCES || r == -EPERM ? CF_LOOK_UNREADABLE : CF_LOOK_GONE;
}

static void take_status(const struct cf_status *status, struct cf_look *look)
{
        struct cf_process *process = &look->process;
        process->parent = status->parent;
        process->uid = status->uid;
        process->cap_effective = status->cap_effective;
        process->no_new_privs = status->no_new_privs;
        process->mode = CF_SECCOMP_UNREADABLE;
        if (status->state != 'Z')
                take_seccomp(status, process);
        look->inner_pid = status->inner_pid;
        look->pid_depth = status->pid_depth;
}

static int open_process(struct cf_looker *looker, pid_t pid)
{
        char name[16];
        snprintf(name, sizeof(name), "%d", (int)pid);
        int fd = openat(looker->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int cf_look_at(struct cf_looker *looker, struct cf_look *look)
{
        struct cf_process *process = &look->process;
        CF_CLOSE int dir = open_process(looker, process->pid);
        struct cf_span text;
        int r = dir < 0 ? dir : read_file(looker, dir, "status", CF_PROCESS_FILE_MAX, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                look->result = result_of(r);
                return 0;
        }
        struct cf_status status;
        cf_status_parse(text, &status);
        if (is_ended(&status)) {
                look->result = CF_LOOK_GONE;
                return 0;
        }
        take_status(&status, look);
        r = keep_name(looker, status.name, &process->name);
        if (r < 0)
                return r;
        process->pid_ns = read_namespace(dir, "ns/pid");
        process->mnt_ns = read_namespace(dir, "ns/mnt");
        process->user_ns = read_namespace(dir, "ns/user");
        r = read_cgroup(looker, dir, process);
        if (r < 0)
                return r;
        process->foreign = is_foreign(looker, dir, look, &look->unplaced);
        look->result = CF_LOOK_DONE;
        if (!process->foreign && !process->container)
                return 0;
        process->start_time = read_start_time(looker, dir);
        r = read_command(looker, dir, &process->command);
        if (r == 0 && status.threads > 1)
                r = read_threads(looker, dir, process);
        return r;
}

bool cf_look_again(struct cf_looker *looker, struct cf_look *look)
{
        struct cf_process *process = &look->process;
        CF_CLOSE int dir = open_process(looker, process->pid);
        struct cf_span text;
        if (dir < 0 || read_start_time(looker, dir) != process->start_time ||
            read_file(looker, dir, "status", CF_PROCESS_FILE_MAX, &text) < 0)
                return false;
        struct cf_status status;
        cf_status_parse(text, &status);
        if (is_ended(&status))
                return false;
        const char *name = NULL, *command = NULL;
        if (keep_name(looker, status.name, &name) == 0)
                process->name = name;
        process->filters_known = false;
        take_status(&status, look);
        if (status.threads > 1)
                (void)read_threads(looker, dir, process);
        if (read_command(looker, dir, &command) == 0 && command)
                process->command = command;
        return true;
}

static bool is_kernel_thread(struct cf_looker *looker, int dir)
{
        struct cf_span text;
        struct cf_status status;
        if (read_file(looker, dir, "status", CF_PROCESS_FILE_MAX, &text) < 0)
                return false;
        cf_status_parse(text, &status);
        return status.kernel_thread || (!status.has_memory && status.state != 'Z');
}

/* The first process may have more rights than the reader, who then cannot look at it. Kernel
 * threads live where it lives; else the reader takes its own namespaces for the system's. */
void cf_look_home(struct cf_looker *looker, const pid_t *pids, size_t count,
                  struct cf_home *ret_home)
{
        struct cf_home home = {0};
        for (size_t i = 0; i < count && i < 8 && !home.mnt_ns; i++) {
                CF_CLOSE int dir = open_process(looker, pids[i]);
                if (dir < 0 || (pids[i] != 1 && !is_kernel_thread(looker, dir)))
                        continue;
                home.pid_ns = read_namespace(dir, "ns/pid");
                home.mnt_ns = read_namespace(dir, "ns/mnt");
                if (pids[i] == 1 && !read_root(dir, &home.root_device, &home.root_inode))
                        home.root_inode = 0;
        }
        CF_CLOSE int self = openat(looker->proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (self >= 0) {
                uint64_t mnt_ns = read_namespace(self, "ns/mnt");
                if (!home.mnt_ns) {
                        home.mnt_ns = mnt_ns;
                        home.pid_ns = read_namespace(self, "ns/pid");
                }
                if (!home.root_inode && home.mnt_ns == mnt_ns &&
                    !read_root(self, &home.root_device, &home.root_inode))
                        home.root_inode = 0;
        }
        *ret_home = home;
}

void cf_looker_done(struct cf_looker *looker)
{
        free(looker->buffer);
        looker->buffer = NULL;
        looker->capacity = 0;
}
