/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a control group is: each is a subject of its own, with a name and the profile
 * that it was made with. Asked when its first event comes; what cannot be told stays without. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/engines.h"
#include "cli/why-live.h"
#include "process/process.h"

#define BOXES_MAX ((size_t)1 << 12) /* control groups that are told apart */
#define BOX_TIMEOUT_MS 2000u /* an engine that takes longer to tell a name is not waited for */
#define CGROUP_MAX 8192      /* bytes that are read of /proc/PID/cgroup */
#define CMDLINE_MAX 4096     /* bytes that are read of /proc/PID/cmdline */
#define ID_DIGITS 64
#define ID_SHOWN 12 /* of an id whose name nobody tells, as docker ps */

struct cf_why_live *cf_why_another(struct cf_why_live *base, const char *name)
{
        struct cf_arena *arena = base->why->job.arena;
        struct cf_why_live *live = cf_arena_one(arena, struct cf_why_live);
        if (!live || cf_vec_push(arena, &base->others, live) < 0)
                return NULL;
        *live = (struct cf_why_live){
                .why = base->why,
                .process = -1,
                .live = base->live,
                .kinds = cf_map_new(arena),
                .stream = base->stream,
                .known = base->known,
                .known_words = base->known_words,
                .given = base->given,
                .mark = base->mark,
                .capabilities = base->capabilities,
                .grantable = base->grantable,
                .name = name,
                .shows_name = true,
        };
        return live->kinds ? live : NULL;
}

static void no_trouble(const struct cf_error *err, void *context)
{
        (void)err;
        (void)context;
}

/* The id of the container that a process is in; NULL: in none. False: the process is gone. */
static bool find_id(struct cf_arena *arena, pid_t pid, const char **ret_id)
{
        char path[64], text[CGROUP_MAX];
        const char *cgroup, *engine;
        snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)pid);
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
        *ret_id = NULL;
        return size > 0 && cf_process_cgroup(arena, (struct cf_span){text, (size_t)size}, &cgroup,
                                             ret_id, &engine) == 0;
}

int cf_why_want_paths(struct cf_arena *arena, struct cf_observe_wanted *wanted)
{
        CF_VEC(struct cf_observe_argument) paths = {0};
        const struct cf_arch *arch;
        const struct cf_syscall *call;
        for (size_t i = 0; (arch = cf_arch_at(i)) != NULL; i++)
                for (size_t k = 0; (call = cf_syscall_at(k)) != NULL; k++) {
                        int arg = cf_explain_path_argument(call);
                        struct cf_observe_argument one = {.arch = arch->token};
                        if (arg < 0 || !cf_syscall_number(arch, call->name, &one.nr))
                                continue;
                        one.arg = (uint8_t)arg;
                        if (cf_vec_push(arena, &paths, one) < 0)
                                return -ENOMEM;
                }
        wanted->paths = paths.items;
        wanted->path_count = paths.count;
        return 0;
}

/* ---- which containers there are ----------------------------------------------------------------
 */

uint64_t cf_why_group_of(pid_t pid)
{
        char path[64], text[CGROUP_MAX], *rest = text, *line;
        snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)pid);
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (size <= 0)
                return 0;
        text[size] = '\0';
        uint64_t group = 0;
        while (!(group >> 56) && (line = strsep(&rest, "\n")) != NULL && *line) {
                char *number = strsep(&line, ":"), *kinds = strsep(&line, ":"), *full = NULL;
                bool pids = kinds && strcmp(kinds, "pids") == 0;
                struct stat file;
                if (!line || (!pids && *kinds) || /* of version 2 where there is no other */
                    asprintf(&full, "/sys/fs/cgroup%s%s", pids ? "/pids" : "", line) < 0)
                        continue;
                if (stat(full, &file) == 0)
                        group = ((uint64_t)file.st_ino & UINT64_C(0xffffffffffffff)) |
                                (uint64_t)(uint8_t)strtoul(number, NULL, 10) << 56;
                free(full);
        }
        return group;
}

/* What an engine tells of a container, to be kept. NULL: there is no memory. */
static struct cf_prove_target *keep_target(struct cf_arena *arena, struct cf_engine_answer *answer,
                                           size_t i)
{
        struct cf_engine *engine = cf_arena_one(arena, struct cf_engine);
        struct cf_prove_target *target = cf_arena_one(arena, struct cf_prove_target);
        if (!engine || !target)
                return NULL;
        *engine = answer->engine;
        *target = (struct cf_prove_target){
                .name = answer->containers[i].name,
                .engine = engine,
                .container = &answer->containers[i],
                .settings = answer->settings[i],
                .setting_count = answer->setting_counts[i],
        };
        return cf_live_default(arena, engine, &target->by_default) == 0 ? target : NULL;
}

static bool ask(struct cf_why_live *base, size_t i, const char *const *only,
                struct cf_engine_answer *answer)
{
        const struct cf_engine_options options = {
                .timeout_ms = BOX_TIMEOUT_MS, .only = only, .only_count = only != NULL};
        struct cf_error ignored = {0};
        return cf_engine_ask(base->why->job.arena, &base->hosts[i], &options, answer, no_trouble,
                             NULL, &ignored) == 0;
}

static void find_hosts(struct cf_why_live *base)
{
        struct cf_error ignored = {0};
        if (!base->hosts_known && cf_hosts_choose(base->why->job.invocation, no_trouble, NULL,
                                                  &base->hosts, &base->host_count, &ignored) < 0)
                base->host_count = 0;
        base->hosts_known = true;
}

/* Asks the engines for a container. NULL: none knows it. */
static struct cf_prove_target *find_target(struct cf_why_live *base, const char *id)
{
        struct cf_engine_answer answer;
        find_hosts(base);
        for (size_t i = 0; i < base->host_count; i++)
                if (ask(base, i, &id, &answer) && answer.count)
                        return keep_target(base->why->job.arena, &answer, 0);
        return NULL;
}

void cf_why_find_boxes(struct cf_why_live *base)
{
        struct cf_engine_answer answer;
        find_hosts(base);
        for (size_t i = 0; i < base->host_count; i++) {
                if (!ask(base, i, NULL, &answer))
                        continue;
                for (size_t k = 0; k < answer.count; k++) {
                        struct cf_why_box box = {.group =
                                                         cf_why_group_of(answer.containers[k].pid)};
                        if (answer.containers[k].pid > 0 && box.group &&
                            base->boxes.count < BOXES_MAX &&
                            (box.target = keep_target(base->why->job.arena, &answer, k)) != NULL)
                                (void)!cf_vec_push(base->why->job.arena, &base->boxes, box);
                }
        }
}

/* ---- which one an event is of
 * -------------------------------------------------------------------- */

/* A container of which nothing was seen before; `pid` is in it, if it is still there. */
static struct cf_why_live *open_box(struct cf_why_live *base, const struct cf_prove_target *target,
                                    pid_t pid, cf_policy policy)
{
        struct cf_error ignored = {0};
        struct cf_why_live *live = cf_why_another(base, target->name);
        if (live && target->container->pid > 0 && target->container->pid != pid)
                policy = cf_why_policy_of(base, target->container->pid);
        if (live)
                cf_why_profile_of(live, target, policy, &ignored);
        return live;
}

/* The one container that is ours: it needs no name in front. */
static struct cf_why_live *open_own(struct cf_why_live *base)
{
        struct cf_why_own *own = base->own;
        const char *name =
                own->name ? own->name
                          : cf_arena_printf(base->why->job.arena, "%.*s", ID_SHOWN, own->id);
        if (!own->live && (own->live = cf_why_another(base, name)) != NULL)
                own->live->shows_name = false;
        return own->live;
}

/* The subject of a container that is ours, or perhaps is. `id` NULL: of its own command. */
static struct cf_why_live *open_ours(struct cf_why_live *base, const char *id,
                                     const struct cf_observed *event, enum cf_why_whose whose)
{
        struct cf_arena *arena = base->why->job.arena;
        if (!id)
                return base;
        if (base->own && whose == CF_WHY_OURS && base->known.profile)
                return open_own(base);
        cf_policy policy = cf_why_policy_of(base, event->pid);
        struct cf_prove_target *target = find_target(base, id);
        return target ? open_box(base, target, event->pid, policy)
                      : cf_why_another(base, cf_arena_printf(arena, "%.*s", ID_SHOWN, id));
}

/* The id in the words of the process that an engine leaves with each container: containerd's shim
 * ("-id ID"), Podman's conmon ("-c ID"). It outlives what was in the container. */
static const char *find_id_of_monitor(struct cf_arena *arena, pid_t pid)
{
        char path[64], text[CMDLINE_MAX];
        snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (size <= 0)
                return NULL;
        text[size] = '\0';
        const char *slash = strrchr(text, '/'), *name = slash ? slash + 1 : text;
        bool shim = strncmp(name, "containerd-shim", strlen("containerd-shim")) == 0;
        const char *option = shim ? "-id" : strcmp(name, "conmon") == 0 ? "-c" : NULL;
        for (const char *word = text; option && word < text + size; word += strlen(word) + 1) {
                const char *id = word + strlen(word) + 1;
                if (strcmp(word, option) == 0 && id < text + size && strlen(id) == ID_DIGITS)
                        return cf_arena_printf(arena, "%s", id);
        }
        return NULL;
}

/* The container of a process that is gone, by its parent. False: not known. */
static bool find_id_by_parent(struct cf_arena *arena, pid_t parent, const char **ret_id)
{
        const char *id;
        if (parent <= 1 || !find_id(arena, parent, &id))
                return false;
        id = id ? id : find_id_of_monitor(arena, parent);
        if (id)
                *ret_id = id;
        return id != NULL;
}

/* Whose an event is. *ret_there: its container is known, *ret_id (NULL: it is in none). */
static enum cf_why_whose find_whose(struct cf_why_live *base, const struct cf_observed *event,
                                    bool *ret_there, const char **ret_id)
{
        struct cf_arena *arena = base->why->job.arena;
        *ret_there = find_id(arena, event->pid, ret_id) ||
                     find_id_by_parent(arena, event->parent, ret_id);
        return base->own ? cf_why_own_whose(base->own, *ret_there, *ret_id, event)
                         : CF_WHY_WHOSE_UNKNOWN;
}

/* NULL: it is somebody else's. */
static struct cf_why_live *open_new(struct cf_why_live *base, const struct cf_observed *event)
{
        struct cf_why_box box = {.group = event->group};
        const char *id = NULL;
        bool there;
        if (base->boxes.count >= BOXES_MAX)
                return base;
        /* First of all: it may be gone soon. */
        enum cf_why_whose whose = find_whose(base, event, &there, &id);
        if (!there && whose == CF_WHY_WHOSE_UNKNOWN && !base->own)
                return base;
        if (!there && whose == CF_WHY_OURS && event->group != base->own->group)
                id = base->own->id; /* known by its place */
        box.foreign = whose == CF_WHY_OTHERS;
        box.pending = !there && whose == CF_WHY_WHOSE_UNKNOWN;
        if (box.pending && (box.live = cf_why_another(base, NULL)) != NULL)
                box.live->stream = NULL; /* it is told in the end, if it is ours */
        else if (!box.foreign)
                box.live = open_ours(base, id, event, whose);
        if ((!box.live && !box.foreign) || cf_vec_push(base->why->job.arena, &base->boxes, box) < 0)
                return base;
        return box.live;
}

void cf_why_settle_boxes(struct cf_why_live *base)
{
        for (size_t i = 0; base->own && base->own->found && i < base->boxes.count; i++) {
                struct cf_why_box *box = &base->boxes.items[i];
                if (!box->pending)
                        continue;
                box->foreign = true;
                base->own->others += box->live->refused;
                box->live->refused = box->live->failed = box->live->more_kinds = 0;
                box->live->order.count = 0;
        }
}

static struct cf_why_live *find_box(struct cf_why_live *base, const struct cf_observed *event)
{
        for (size_t i = 0; i < base->boxes.count; i++) {
                struct cf_why_box *box = &base->boxes.items[i];
                if (box->group != event->group)
                        continue;
                if (box->foreign)
                        return NULL;
                if (!box->live)
                        box->live = open_box(base, box->target, event->pid,
                                             cf_why_policy_of(base, event->pid));
                return box->live ? box->live : base;
        }
        return open_new(base, event);
}

bool cf_why_is_foreign(const struct cf_why_live *base, uint64_t group)
{
        for (size_t i = 0; i < base->boxes.count; i++)
                if (base->boxes.items[i].group == group)
                        return base->boxes.items[i].foreign;
        return false;
}

int cf_why_seen_in_boxes(void *context, const struct cf_observed *event)
{
        struct cf_why_live *base = context, *live = find_box(base, event);
        if (live)
                return cf_why_seen(live, event);
        base->own->others += event->kind == CF_OBSERVED_REFUSED ||
                             event->kind == CF_OBSERVED_TRAPPED ||
                             event->kind == CF_OBSERVED_KILLED;
        return 0;
}
