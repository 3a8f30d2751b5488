/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks for it that a call was refused by something else than a filter. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/why-live.h"

#define LABEL_MAX 512 /* bytes of a label */
#define STAT_MAX 1024 /* bytes of /proc/PID/stat that are looked at */

pid_t cf_why_parent_of(pid_t pid)
{
        char path[64], text[STAT_MAX], *end;
        snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (size <= 0)
                return 0;
        text[size] = '\0';
        end = strrchr(text, ')'); /* behind the name, which may be anything: " S 4711 …" */
        return end && end[1] && end[2] ? (pid_t)strtol(end + 3, NULL, 10) : 0;
}

uint64_t cf_why_wall_time(uint64_t time_ns)
{
        struct timespec wall, clock;
        clock_gettime(CLOCK_REALTIME, &wall);
        clock_gettime(CLOCK_MONOTONIC, &clock);
        return time_ns + (uint64_t)(wall.tv_sec - clock.tv_sec) * UINT64_C(1000000000) +
               (uint64_t)(wall.tv_nsec - clock.tv_nsec);
}

/* "docker-default (enforce)", "system_u:system_r:container_t:s0:c1,c2"; NULL: no module of which
 * labels are known confines the process, or it is gone. */
const char *cf_why_label_of(struct cf_arena *arena, pid_t pid)
{
        char path[64], text[LABEL_MAX];
        snprintf(path, sizeof(path), "/proc/%ld/attr/current", (long)pid);
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (size <= 0)
                return NULL; /* EINVAL: no module gives labels */
        text[size] = '\0';
        text[strcspn(text, "\n")] = '\0';
        bool free = strcmp(text, "unconfined") == 0 || strcmp(text, "kernel") == 0 ||
                    strstr(text, ":unconfined_t:") || strstr(text, "(complain)");
        return *text && !free ? cf_arena_printf(arena, "%s", text) : NULL;
}

/* What the error alone says. */
static const char *reason_of(const struct cf_why_failure *failure)
{
        const struct cf_arch *arch = cf_arch_of_call(failure->call.arch, failure->call.nr);
        const struct cf_syscall *call = arch ? cf_syscall_by_number(arch, failure->call.nr) : NULL;
        bool starts =
                call && (strcmp(call->name, "execve") == 0 || strcmp(call->name, "execveat") == 0);
        switch (failure->error) {
        case EROFS:
                return ": the file system is mounted read-only";
        case EACCES:
                return starts ? ": the file may not be executed (its permissions, those of a "
                                "folder "
                                "on the way, or a mount with noexec)"
                              : ": the permissions of what it is about, or of a folder on the way";
        case ENOSYS:
                return ": this kernel does not have the call, or has it switched off";
        case ENOMEM:
                return ": a limit, or no memory";
        default:
                return "";
        }
}

void cf_why_put_ordinary(struct cf_text *out, const struct cf_why_failure *failure)
{
        cf_text_printf(out, "  an ordinary error%s", reason_of(failure));
        if (failure->where) { /* a log tells no labels */
                cf_text_puts(out, "; or a security module's");
        } else if (failure->label) {
                bool selinux = strchr(failure->label, ':') != NULL;
                cf_text_printf(out, "; or that of a security module: %s '",
                               selinux ? "SELinux's context" : "AppArmor's profile");
                cf_text_add_visible(out, cf_span_of(failure->label));
                cf_text_printf(out, "' is on the process; see: %s",
                               selinux ? "ausearch -m avc" : "dmesg | grep DENIED");
        }
}

/* "CAP_SYSLOG or kernel.dmesg_restrict == 0 (it is 1)" */
void cf_why_put_requirements(struct cf_text *out, const struct cf_why *why,
                             const struct cf_requirement *const *all, size_t count)
{
        long number;
        for (size_t i = 0; i < count; i++) {
                cf_text_puts(out, i ? " and " : "");
                cf_explain_requirement(out, all[i]);
                if (all[i]->setting && why->caller.setting &&
                    why->caller.setting(why->caller.context, all[i]->setting, &number))
                        cf_text_printf(out, " (it is %ld)", number);
        }
}
