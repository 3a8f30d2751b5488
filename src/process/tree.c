/* SPDX-License-Identifier: Apache-2.0 */
/* Who belongs to a container's own tree and who came in from outside.
 *
 * Processes are put in groups: those whose cgroup names one container, and those in one foreign
 * PID namespace (joined to the container whose first process has number 1 there) or in a
 * container's mount namespace. */
#include "base/map.h"
#include "process/look.h"

#define NONE SIZE_MAX

struct group {
        size_t first;                   /* index of its first process; NONE */
        const char *container, *engine; /* NULL: no cgroup names one */
};

struct forest {
        struct cf_arena *arena;
        struct cf_look *looks;
        size_t count;
        struct cf_map *by_id, *by_pid_ns, *by_mnt_ns; /* → struct group */
        struct group **groups;                        /* of each process; NULL: none */
        size_t *tops; /* each one's highest ancestor in its own group; NONE: not known yet */
};

static size_t find_pid(const struct forest *forest, pid_t pid)
{
        size_t low = 0, high = forest->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (forest->looks[middle].process.pid < pid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < forest->count && forest->looks[low].process.pid == pid ? low : NONE;
}

static int group_of(struct forest *forest, struct cf_map *map, struct cf_span key,
                    struct group **ret_group)
{
        struct group *group = cf_map_get(map, key);
        if (!group) {
                group = cf_arena_one(forest->arena, struct group);
                if (!group || cf_map_put(map, key, group) < 0)
                        return -ENOMEM;
                group->first = NONE;
        }
        *ret_group = group;
        return 0;
}

static struct cf_span number_key(const uint64_t *number)
{
        return (struct cf_span){(const char *)number, sizeof(*number)};
}

/* Containers first; number 1 of a PID namespace says which container the namespace is of. */
static int group_containers(struct forest *forest, const struct cf_home *home)
{
        for (size_t i = 0; i < forest->count; i++) {
                struct cf_look *look = &forest->looks[i];
                struct cf_process *process = &look->process;
                struct group **group = &forest->groups[i];
                if (look->result != CF_LOOK_DONE || !process->container)
                        continue;
                if (group_of(forest, forest->by_id, cf_span_of(process->container), group) < 0)
                        return -ENOMEM;
                (*group)->container = process->container;
                (*group)->engine = process->engine;
                if (look->inner_pid == 1 && process->pid_ns && process->pid_ns != home->pid_ns &&
                    cf_map_put(forest->by_pid_ns, number_key(&process->pid_ns), *group) < 0)
                        return -ENOMEM;
                if (process->foreign && process->mnt_ns &&
                    cf_map_put(forest->by_mnt_ns, number_key(&process->mnt_ns), *group) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* The others by the namespaces that they share. Who is in a container's namespaces, whatever the
 * cgroup, is in the container. */
static int group_namespaces(struct forest *forest, const struct cf_home *home)
{
        for (size_t i = 0; i < forest->count; i++) {
                struct cf_look *look = &forest->looks[i];
                struct cf_process *process = &look->process;
                struct group **group = &forest->groups[i];
                if (look->result != CF_LOOK_DONE || *group)
                        continue;
                if (process->pid_ns && process->pid_ns != home->pid_ns) {
                        struct cf_span key = number_key(&process->pid_ns);
                        if (group_of(forest, forest->by_pid_ns, key, group) < 0)
                                return -ENOMEM;
                } else if (process->foreign) {
                        *group = cf_map_get(forest->by_mnt_ns, number_key(&process->mnt_ns));
                }
                if (*group) {
                        process->container = (*group)->container;
                        process->engine = (*group)->engine;
                }
        }
        return 0;
}

/* Climbs from `start`; what was climbed is remembered, so that all of it takes linear time. */
static void find_top(struct forest *forest, size_t start)
{
        size_t at = start, steps = 0;
        while (forest->tops[at] == NONE) {
                size_t parent = find_pid(forest, forest->looks[at].process.parent);
                /* Parents are read at different times: a loop can only be a misreading. */
                if (parent == NONE || forest->groups[parent] != forest->groups[start] ||
                    ++steps > forest->count) {
                        forest->tops[at] = at;
                        break;
                }
                at = parent;
        }
        size_t top = forest->tops[at];
        for (at = start; forest->tops[at] == NONE;) {
                forest->tops[at] = top;
                at = find_pid(forest, forest->looks[at].process.parent);
        }
}

/* The first process of a group: number 1 of a PID namespace, else the one that started first. */
static bool comes_before(const struct cf_look *a, const struct cf_look *b)
{
        bool a_is_one = a->inner_pid == 1 && a->pid_depth > 1;
        bool b_is_one = b->inner_pid == 1 && b->pid_depth > 1;
        if (a_is_one != b_is_one)
                return a_is_one;
        return a->process.start_time < b->process.start_time;
}

int cf_process_tree(struct cf_arena *arena, struct cf_look *looks, size_t count,
                    const struct cf_home *home)
{
        struct forest forest = {
                .arena = arena,
                .looks = looks,
                .count = count,
                .by_id = cf_map_new(arena),
                .by_pid_ns = cf_map_new(arena),
                .by_mnt_ns = cf_map_new(arena),
                .groups = cf_arena_many(arena, count, struct group *),
                .tops = cf_arena_many(arena, count, size_t),
        };
        if (!forest.by_id || !forest.by_pid_ns || !forest.by_mnt_ns || !forest.groups ||
            !forest.tops || group_containers(&forest, home) < 0 ||
            group_namespaces(&forest, home) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                forest.tops[i] = NONE;
        for (size_t i = 0; i < count; i++) {
                if (!forest.groups[i])
                        continue;
                find_top(&forest, i);
                struct group *group = forest.groups[i];
                if (forest.tops[i] == i &&
                    (group->first == NONE || comes_before(&looks[i], &looks[group->first])))
                        group->first = i;
        }
        for (size_t i = 0; i < count; i++) {
                if (forest.groups[i])
                        looks[i].process.by_exec = forest.tops[i] != forest.groups[i]->first;
        }
        return 0;
}
