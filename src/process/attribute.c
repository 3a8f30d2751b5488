/* SPDX-License-Identifier: Apache-2.0 */
/* Processes ↔ the containers that an engine told of. */
#include "base/map.h"
#include "process/cgroup.h"
#include "process/process.h"

#define NONE SIZE_MAX         /* not known yet; at the end: none */
#define NOBODY (SIZE_MAX - 1) /* looked for in vain */

/* Values of maps are pointers into this, so that index 0 is not NULL. */
struct owners {
        const struct cf_process_list *list;
        struct cf_container *containers;
        struct cf_map *by_id, *by_pid_ns, *by_mnt_ns; /* → struct cf_container */
        size_t *first; /* of each container: its first process in the list; NONE */
        size_t *of;    /* of each process */
};

static size_t find_pid(const struct cf_process_list *list, pid_t pid)
{
        size_t low = 0, high = list->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (list->items[middle].pid < pid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < list->count && list->items[low].pid == pid ? low : NONE;
}

static struct cf_span number_key(const uint64_t *number)
{
        return (struct cf_span){(const char *)number, sizeof(*number)};
}

/* The innermost container of a cgroup path that the engine knows. */
static size_t owner_by_cgroup(const struct owners *owners, const struct cf_process *process)
{
        struct cf_span path = cf_span_of(process->cgroup);
        struct cf_cgroup_container named;
        size_t owner = NONE;
        for (size_t at = 0; cf_cgroup_next(path, &at, &named);) {
                struct cf_container *container = cf_map_get(owners->by_id, named.id);
                if (container)
                        owner = (size_t)(container - owners->containers);
        }
        return owner;
}

static size_t owner_by_namespace(const struct owners *owners, const struct cf_process *process)
{
        struct cf_container *container = NULL;
        if (process->pid_ns)
                container = cf_map_get(owners->by_pid_ns, number_key(&process->pid_ns));
        if (!container && process->mnt_ns)
                container = cf_map_get(owners->by_mnt_ns, number_key(&process->mnt_ns));
        return container ? (size_t)(container - owners->containers) : NONE;
}

/* An engine in a virtual machine, or one that lies, gives numbers of other processes. */
static bool is_first_of(const struct cf_process *process, const struct cf_container *container)
{
        if (!process->container)
                return process->foreign;
        struct cf_span path = cf_span_of(process->cgroup);
        struct cf_cgroup_container named;
        for (size_t at = 0; cf_cgroup_next(path, &at, &named);) {
                if (cf_span_is(named.id, container->id))
                        return true;
        }
        return false;
}

/* The system's own namespaces tell nothing; of containers that share one the first keeps it. */
static int remember_namespace(struct cf_map *map, const uint64_t *number, uint64_t system,
                              struct cf_container *container)
{
        if (!*number || *number == system || cf_map_get(map, number_key(number)))
                return 0;
        return cf_map_put(map, number_key(number), container);
}

static int remember_container(struct owners *owners, size_t i)
{
        const struct cf_process_list *list = owners->list;
        struct cf_container *container = &owners->containers[i];
        owners->first[i] = NONE;
        container->processes = NULL;
        container->process_count = 0;
        container->processes_known = false;
        if (cf_map_put(owners->by_id, cf_span_of(container->id), container) < 0)
                return -ENOMEM;
        size_t first = container->pid > 0 ? find_pid(list, container->pid) : NONE;
        if (first == NONE || !is_first_of(&list->items[first], container))
                return 0;
        owners->first[i] = first;
        container->processes_known = true;
        const struct cf_process *process = &list->items[first];
        if (remember_namespace(owners->by_pid_ns, &process->pid_ns, list->pid_ns, container) < 0 ||
            remember_namespace(owners->by_mnt_ns, &process->mnt_ns, list->mnt_ns, container) < 0)
                return -ENOMEM;
        return 0;
}

/* What is left: namespaces could not be read. The nearest ancestor with an owner decides; what
 * was climbed is remembered, so that all of it takes linear time. */
static void inherit_owner(struct owners *owners, size_t start)
{
        size_t at = start, owner = NOBODY;
        for (size_t steps = 0; at != NONE && steps <= owners->list->count; steps++) {
                if (owners->of[at] != NONE) {
                        owner = owners->of[at];
                        break;
                }
                at = find_pid(owners->list, owners->list->items[at].parent);
        }
        for (at = start; at != NONE && owners->of[at] == NONE;) {
                owners->of[at] = owner;
                at = find_pid(owners->list, owners->list->items[at].parent);
        }
}

static int hand_over(struct cf_arena *arena, struct owners *owners, size_t container_count)
{
        const struct cf_process_list *list = owners->list;
        size_t *counts = cf_arena_many(arena, container_count, size_t);
        struct cf_process **rooms = cf_arena_many(arena, container_count, struct cf_process *);
        if (!counts || !rooms)
                return -ENOMEM;
        for (size_t i = 0; i < list->count; i++) {
                if (owners->of[i] != NONE)
                        counts[owners->of[i]]++;
        }
        for (size_t i = 0; i < container_count; i++) {
                rooms[i] = cf_arena_many(arena, counts[i], struct cf_process);
                if (!rooms[i])
                        return -ENOMEM;
                owners->containers[i].processes = rooms[i];
        }
        for (size_t i = 0; i < list->count; i++) {
                size_t owner = owners->of[i];
                if (owner == NONE)
                        continue;
                rooms[owner][owners->containers[owner].process_count++] = list->items[i];
        }
        return 0;
}

int cf_process_attribute(struct cf_arena *arena, const struct cf_process_list *list,
                         struct cf_container *containers, size_t container_count,
                         size_t **ret_owners)
{
        struct owners owners = {
                .list = list,
                .containers = containers,
                .by_id = cf_map_new(arena),
                .by_pid_ns = cf_map_new(arena),
                .by_mnt_ns = cf_map_new(arena),
                .first = cf_arena_many(arena, container_count, size_t),
                .of = cf_arena_many(arena, list->count, size_t),
        };
        if (!owners.by_id || !owners.by_pid_ns || !owners.by_mnt_ns || !owners.first || !owners.of)
                return -ENOMEM;
        for (size_t i = 0; i < container_count; i++) {
                if (remember_container(&owners, i) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < list->count; i++) {
                owners.of[i] = owner_by_cgroup(&owners, &list->items[i]);
                if (owners.of[i] == NONE)
                        owners.of[i] = owner_by_namespace(&owners, &list->items[i]);
        }
        for (size_t i = 0; i < container_count; i++) {
                if (owners.first[i] != NONE && owners.of[owners.first[i]] == NONE)
                        owners.of[owners.first[i]] = i;
        }
        for (size_t i = 0; i < list->count; i++) {
                if (owners.of[i] == NONE && !list->items[i].pid_ns)
                        inherit_owner(&owners, i);
        }
        for (size_t i = 0; i < list->count; i++) {
                if (owners.of[i] == NOBODY)
                        owners.of[i] = NONE;
        }
        *ret_owners = owners.of;
        return hand_over(arena, &owners, container_count);
}
