/* SPDX-License-Identifier: Apache-2.0 */
/* What `confined audit --no-engine` is measured against: the same files of every process, opened,
 * read and closed in a plain loop, and nothing made of them. `read-proc sleep N` makes N processes
 * that sleep until standard input ends. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static size_t read_one(int proc, const char *pid, const char *name)
{
        char path[64], buffer[8192];
        snprintf(path, sizeof(path), "%s/%s", pid, name);
        int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, buffer, sizeof(buffer));
        if (fd >= 0)
                close(fd);
        return n > 0 ? (size_t)n : 0;
}

static size_t read_link(int proc, const char *pid, const char *name)
{
        char path[64], buffer[64];
        snprintf(path, sizeof(path), "%s/%s", pid, name);
        ssize_t n = readlinkat(proc, path, buffer, sizeof(buffer));
        return n > 0 ? (size_t)n : 0;
}

static int read_all(void)
{
        DIR *dir = opendir("/proc");
        size_t bytes = 0, count = 0;
        if (!dir)
                return 1;
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                count++;
                bytes += read_one(dirfd(dir), entry->d_name, "status");
                bytes += read_one(dirfd(dir), entry->d_name, "cgroup");
                bytes += read_link(dirfd(dir), entry->d_name, "ns/pid");
                bytes += read_link(dirfd(dir), entry->d_name, "ns/mnt");
                bytes += read_link(dirfd(dir), entry->d_name, "ns/user");
        }
        closedir(dir);
        printf("%zu processes, %zu bytes\n", count, bytes);
        return 0;
}

static int sleep_many(long count)
{
        char byte;
        for (long i = 0; i < count; i++) {
                pid_t pid = fork();
                if (pid == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        pause();
                        _exit(0);
                }
                if (pid < 0)
                        return 1;
        }
        printf("ready\n");
        fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
        return 0;
}

int main(int argc, char **argv)
{
        return argc == 3 && strcmp(argv[1], "sleep") == 0 ? sleep_many(strtol(argv[2], NULL, 10))
                                                          : read_all();
}
