/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what runs already: a container, a process, a control group. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "cli/prove.h"
#include "cli/record.h"

/* ---- control groups ---------------------------------------------------------------------------
 */

/* The number of a controller's hierarchy; 0: it is in the one of version 2, or nowhere. Lines are
 * "pids\t8\t120\t1". */
static unsigned hierarchy_of(const char *controller)
{
        CF_FCLOSE FILE *file = fopen("/proc/cgroups", "re");
        size_t size = strlen(controller);
        char line[256];
        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, controller, size) == 0 && line[size] == '\t')
                        return (unsigned)strtoul(line + size + 1, NULL, 10);
        return 0;
}

/* The hierarchy that containers are told apart by (see kernel/observe.bpf.c): where it is mounted
 * usually, and its number. */
static const char *hierarchy(unsigned *ret_number)
{
        if ((*ret_number = hierarchy_of("pids")) != 0)
                return "/sys/fs/cgroup/pids";
        if ((*ret_number = hierarchy_of("memory")) != 0)
                return "/sys/fs/cgroup/memory";
        return "/sys/fs/cgroup";
}

/* Whether a process is in no group of its own of the hierarchy that containers are told apart by;
 * lines are "8:pids:/docker/1f…". */
static bool is_at_root(const char *pid)
{
        char path[64], line[4096];
        snprintf(path, sizeof(path), "/proc/%.20s/cgroup", pid);
        CF_FCLOSE FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file)) {
                char *names = strchr(line, ':');
                char *at = names ? strchr(names + 1, ':') : NULL;
                if (at && strcmp(at, ":/\n") != 0 &&
                    (strncmp(names, ":pids:", 6) == 0 || strncmp(names, ":memory:", 8) == 0))
                        return false;
        }
        return true;
}

/* Beside hierarchies of version 1 the kernel side knows a group of version 2 by those who are in
 * none of them. */
static int check_members(const char *folder, const char *root, struct cf_error *err)
{
        char path[4096], pid[32];
        snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
        CF_FCLOSE FILE *file = fopen(path, "re");
        while (file && fgets(pid, sizeof(pid), file)) {
                pid[strcspn(pid, "\n")] = '\0';
                if (!is_at_root(pid))
                        return cf_error_set(err, -EINVAL, NULL,
                                            "--cgroup: process %s of %s is in a group below %s, "
                                            "too, by which it is told apart here: name that one "
                                            "(/proc/%s/cgroup)",
                                            pid, folder, root, pid);
        }
        return 0;
}

static bool is_group(const char *path, bool *ret_new)
{
        struct statfs system;
        if (statfs(path, &system) < 0)
                return false;
        *ret_new = system.f_type == CGROUP2_SUPER_MAGIC;
        return *ret_new || system.f_type == CGROUP_SUPER_MAGIC;
}

static int find_group(struct cf_record *record, const char *path, struct cf_error *err)
{
        unsigned number;
        const char *root = hierarchy(&number);
        struct stat status;
        const char *full = path;
        bool new = false;
        if (strncmp(path, "/sys/fs/cgroup/", strlen("/sys/fs/cgroup/")) != 0 &&
            !(*path == '/' && is_group(path, &new)))
                full = cf_arena_printf(record->job.arena, "%s/%s", root, path + strspn(path, "/"));
        if (!full)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (stat(full, &status) < 0)
                return cf_error_set(err, -errno, NULL, "--cgroup: %s: %s", full,
                                    strerrordesc_np(errno));
        if (!S_ISDIR(status.st_mode) || !is_group(full, &new))
                return cf_error_set(err, -EINVAL, NULL, "--cgroup: %s is no control group", full);
        size_t size = strlen(root);
        if (!new && (strncmp(full, root, size) != 0 || full[size] != '/' || strstr(full, "/../")))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--cgroup: %s is in another hierarchy than the one that "
                                    "containers are told apart by: name its folder below %s",
                                    path, root);
        int r = new &&number ? check_members(full, root, err) : 0;
        if (r < 0)
                return r;
        number = new ? 0 : number;
        record->group = (status.st_ino & UINT64_C(0xffffffffffffff)) | (uint64_t)number << 56;
        record->group_path = full;
        return 0;
}

bool cf_record_is_empty(const struct cf_record *record)
{
        char path[4096], line[32];
        struct stat status;
        /* Groups below it count two links of the folder each; they are left to Ctrl-C or --for. */
        if (stat(record->group_path, &status) < 0)
                return true;
        snprintf(path, sizeof(path), "%s/cgroup.procs", record->group_path);
        CF_FCLOSE FILE *file = fopen(path, "re");
        return !file || (!fgets(line, sizeof(line), file) && status.st_nlink <= 2);
}

/* ---- all --------------------------------------------------------------------------------------
 */

int cf_record_find(struct cf_record *record, struct cf_error *err)
{
        static const char *const options[] = {"container", "pid", "cgroup"};
        const struct cf_invocation *invocation = record->job.invocation;
        const char *const *values;
        size_t count, given = 0;
        for (size_t i = 0; i < CF_COUNT(options); i++) {
                if (cf_given_all(invocation, options[i], &values, &count) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                given += count;
                record->target = count ? values[0] : record->target;
        }
        if (given > 1)
                return cf_error_set(err, -EINVAL, NULL,
                                    "one of --container, --pid and --cgroup, once; of several a "
                                    "profile that all of them need: 'confined record --container "
                                    "A --save A.seen -o A.json' for each, side by side, then "
                                    "'confined record --merge A.seen --merge B.seen -o FILE'");
        if (cf_given(invocation, "cgroup"))
                return find_group(record, record->target, err);
        /* As `prove` finds it. */
        struct cf_invocation asked = *invocation;
        struct cf_prove prove = {.job = record->job, .names = cf_given(invocation, "container")};
        if (cf_given(invocation, "pid") &&
            record->target[strspn(record->target, "0123456789")] != '\0')
                return cf_error_set(err, -EINVAL, NULL,
                                    "--pid: '%s' is no PID; a container is recorded by --container",
                                    record->target);
        asked.arguments = &record->target;
        asked.argument_count = 1;
        prove.job.invocation = &asked;
        int r = cf_prove_find(&prove, err);
        if (r == 0 && prove.targets.count == 0) /* it was complained of */
                return CF_EXIT_TROUBLE;
        if (r == 0)
                record->pid = prove.targets.items[0].processes[0].pid;
        return r;
}
