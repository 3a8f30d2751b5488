/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/span.h"

#define CHUNK 4096
#define PF_KTHREAD 0x00200000u /* of the flags in stat; include/linux/sched.h */
#define STAT_FLAGS 9           /* fields of stat, as proc(5) counts them */
#define STAT_START_TIME 22

/* read(2), whatever signals come. */
static ssize_t read_some(int fd, char *buffer, size_t size)
{
        ssize_t got;
        do
                got = read(fd, buffer, size);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
}

static int open_file(int dir, const char *name)
{
        int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
        return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

/* A decimal number with nothing but blanks around it. */
static bool number_of(struct cf_span text, uint64_t most, uint64_t *ret_number)
{
        uint64_t number = 0;
        text = cf_span_trim(text);
        for (size_t i = 0; i < text.size; i++) {
                unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
                if (digit > 9 || digit > most || number > (most - digit) / 10)
                        return false;
                number = number * 10 + digit;
        }
        *ret_number = number;
        return text.size > 0;
}

/* The same in hexadecimal, 16 digits at most. */
static bool hex_of(struct cf_span text, uint64_t *ret_number)
{
        uint64_t number = 0;
        text = cf_span_trim(text);
        if (text.size == 0 || text.size > 16)
                return false;
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
                        return false;
                number = number << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        *ret_number = number;
        return true;
}

static void read_field(struct cf_task *task, struct cf_span key, struct cf_span value)
{
        uint64_t number = 0;
        if (cf_span_is(key, "Name")) {
                struct cf_span name = cf_span_part(value, 1, CF_TASK_NAME - 1); /* behind a tab */
                memcpy(task->name, name.size ? name.data : "", name.size);
        } else if (cf_span_is(key, "State")) {
                value = cf_span_trim(value);
                task->state = value.size ? value.data[0] : 0;
        } else if (cf_span_is(key, "TracerPid") && number_of(value, INT_MAX, &number)) {
                task->tracer = (pid_t)number;
        } else if (cf_span_is(key, "Seccomp") && number_of(value, 2, &number)) {
                task->seccomp = (int)number;
        } else if (cf_span_is(key, "Seccomp_filters") && number_of(value, INT_MAX, &number)) {
                task->filters = (long)number;
        } else if (cf_span_is(key, "CapBnd") && hex_of(value, &number)) {
                task->bounding = number;
        }
}

/* Field `wanted` of stat. The second one, the name in parentheses, may hold anything. */
static bool stat_field(struct cf_span stat, unsigned wanted, uint64_t *ret_number)
{
        const char *name_end = memrchr(stat.data, ')', stat.size);
        if (!name_end)
                return false;
        struct cf_span rest = {name_end + 1, stat.size - (size_t)(name_end + 1 - stat.data)};
        for (unsigned field = 2; rest.size; field++) {
                size_t length = cf_span_find_byte(rest, ' ');
                if (length == SIZE_MAX)
                        length = rest.size;
                if (field == wanted)
                        return number_of(cf_span_part(rest, 0, length), UINT64_MAX, ret_number);
                rest = cf_span_part(rest, length + 1, rest.size);
        }
        return false;
}

static void read_line(struct cf_task *task, struct cf_span line)
{
        size_t colon = cf_span_find_byte(line, ':');
        if (colon != SIZE_MAX)
                read_field(task, cf_span_part(line, 0, colon),
                           cf_span_part(line, colon + 1, line.size));
}

/* Line by line, whatever its size: a process can make the list of its groups very long, and what is
 * asked for stands behind it. */
static int read_status(int dir, struct cf_task *task)
{
        char buffer[CHUNK];
        size_t kept = 0;        /* bytes of a line that has not ended yet */
        bool long_line = false; /* its beginning was dropped */
        CF_CLOSE int fd = open_file(dir, "status");
        if (fd < 0)
                return fd;
        for (;;) {
                ssize_t got = read_some(fd, buffer + kept, sizeof(buffer) - kept);
                if (got <= 0)
                        return (int)got;
                struct cf_span rest = {buffer, kept + (size_t)got};
                for (size_t end; (end = cf_span_find_byte(rest, '\n')) != SIZE_MAX;) {
                        if (!long_line)
                                read_line(task, cf_span_part(rest, 0, end));
                        long_line = false;
                        rest = cf_span_part(rest, end + 1, rest.size);
                }
                if (rest.size == sizeof(buffer)) {
                        long_line = true;
                        rest.size = 0;
                }
                kept = rest.size;
                if (kept)
                        memmove(buffer, rest.data, kept);
        }
}

static int read_stat(int dir, struct cf_task *task)
{
        char buffer[CHUNK]; /* more than the kernel shows */
        uint64_t flags;
        CF_CLOSE int fd = open_file(dir, "stat");
        if (fd < 0)
                return fd;
        ssize_t got = read_some(fd, buffer, sizeof(buffer));
        if (got < 0)
                return (int)got;
        struct cf_span text = {buffer, (size_t)got};
        if (!stat_field(text, STAT_FLAGS, &flags) ||
            !stat_field(text, STAT_START_TIME, &task->start_time))
                return -EPROTO;
        task->kernel_thread = flags & PF_KTHREAD;
        return 0;
}

int cf_task_read(int dir, struct cf_task *ret_task)
{
        struct cf_task task = {.seccomp = -1, .filters = -1};
        int r = read_status(dir, &task);
        if (r == 0)
                r = read_stat(dir, &task);
        if (r == 0 && !task.state)
                r = -EPROTO;
        if (r == 0)
                *ret_task = task;
        return r;
}

int cf_task_open(int proc, const char *path)
{
        return openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}
