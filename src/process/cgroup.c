/* SPDX-License-Identifier: Apache-2.0 */
/* Engines name the cgroup of a container after its id, each in its own way, depending on the
 * driver (cgroupfs or systemd) and on who made the cgroup (engine, kubelet, a unit). Monitors
 * (conmon, lxc.monitor, nspawn's supervisor) run outside the container in cgroups with nearly the
 * same names; no row here fits those. */
#include "process/cgroup.h"

#include "process/process.h"

enum id_form {
        ID_HEX,   /* 64 lower-case hex digits */
        ID_NAME,  /* anything */
        ID_BUILD, /* at least ID_BUILD_MIN lower-case letters and digits */
};
#define ID_HEX_SIZE 64
#define ID_BUILD_MIN 20

/* How a component of the path looks. The first row that fits counts. */
static const struct shape {
        const char *parent; /* the component before must be this; NULL: any */
        const char *prefix, *suffix;
        enum id_form form;
        const char *engine;
} shapes[] = {
        {NULL, "docker-", ".scope", ID_HEX, "docker"},
        {NULL, "libpod-payload-", "", ID_HEX, "podman"},
        {NULL, "libpod-", ".scope", ID_HEX, "podman"},
        {NULL, "libpod-", "", ID_HEX, "podman"},
        {NULL, "cri-containerd-", ".scope", ID_HEX, "containerd"},
        {NULL, "nerdctl-", ".scope", ID_HEX, "containerd"},
        {NULL, "containerd-", ".scope", ID_HEX, "containerd"},
        {NULL, "crio-", ".scope", ID_HEX, "cri-o"},
        {NULL, "crio-", "", ID_HEX, "cri-o"},
        {NULL, "runc-", ".scope", ID_HEX, NULL},
        {NULL, "crun-", ".scope", ID_HEX, NULL},
        {NULL, "", "", ID_HEX, NULL},
        {"buildkit", "", "", ID_BUILD, "buildkit"},
        {NULL, "buildah-", ".scope", ID_NAME, "buildah"},
        {NULL, "lxc.payload.", "", ID_NAME, "lxc"},
        {"lxc", "", "", ID_NAME, "lxc"},
        {"machine.slice", "systemd-nspawn@", ".service", ID_NAME, "systemd-nspawn"},
        {"machine.slice", "machine-", ".scope", ID_NAME, "systemd-nspawn"},
};

/* What a component further up says about a bare id. */
static const struct {
        const char *prefix;
        const char *engine;
} parents[] = {
        {"docker", "docker"},       {"ecs", "docker"},         {"libpod_parent", "podman"},
        {"kubepods", "kubernetes"}, {"kubelet", "kubernetes"}, {"k8s.io", "containerd"},
        {"default", "containerd"},  {"moby", "docker"},
};

static bool all_in(struct cf_span text, char last_letter)
{
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= last_letter))
                        return false;
        }
        return true;
}

static bool id_fits(struct cf_span id, enum id_form form)
{
        switch (form) {
        case ID_HEX:
                return id.size == ID_HEX_SIZE && all_in(id, 'f');
        case ID_BUILD:
                return id.size >= ID_BUILD_MIN && all_in(id, 'z');
        case ID_NAME:
                return id.size > 0;
        }
        return false;
}

static struct cf_span component_at(struct cf_span path, size_t at)
{
        struct cf_span rest = cf_span_part(path, at, path.size);
        size_t slash = cf_span_find_byte(rest, '/');
        return slash == SIZE_MAX ? rest : cf_span_part(rest, 0, slash);
}

/* The engine that a component at or above `end` hints at. */
static const char *engine_above(struct cf_span path, size_t end)
{
        const char *engine = NULL;
        for (size_t at = 0; at < end;) {
                struct cf_span component = component_at(path, at);
                for (size_t i = 0; i < CF_COUNT(parents); i++) {
                        if (cf_span_starts(component, parents[i].prefix))
                                engine = parents[i].engine;
                }
                at += component.size + 1;
        }
        return engine;
}

/* Without a driver for systemd, containerd leaves "SLICE:cri-containerd:ID" as one component. */
static bool split_component(struct cf_span component, struct cf_cgroup_container *ret)
{
        size_t colon = cf_span_find(component, CF_SPAN(":cri-containerd:"));
        if (colon == SIZE_MAX)
                return false;
        struct cf_span id =
                cf_span_part(component, colon + strlen(":cri-containerd:"), component.size);
        if (!id_fits(id, ID_HEX))
                return false;
        *ret = (struct cf_cgroup_container){id, "containerd"};
        return true;
}

/* nspawn keeps its own process beside the payload; machined also registers virtual machines. */
static bool is_other_machine(struct cf_span component, struct cf_span next)
{
        return cf_span_is(next, "supervisor") || cf_span_starts(component, "machine-qemu") ||
               cf_span_starts(component, "machine-libpod");
}

static bool component_fits(struct cf_span path, struct cf_span before, size_t at,
                           struct cf_span component, struct cf_cgroup_container *ret)
{
        if (split_component(component, ret))
                return true;
        for (size_t i = 0; i < CF_COUNT(shapes); i++) {
                const struct shape *shape = &shapes[i];
                size_t prefix = strlen(shape->prefix), suffix = strlen(shape->suffix);
                if (component.size <= prefix + suffix ||
                    !cf_span_starts(component, shape->prefix) ||
                    !cf_span_ends(component, shape->suffix) ||
                    (shape->parent && !cf_span_is(before, shape->parent)))
                        continue;
                struct cf_span id =
                        cf_span_part(component, prefix, component.size - prefix - suffix);
                if (!id_fits(id, shape->form))
                        continue;
                if (shape->engine && strcmp(shape->engine, "systemd-nspawn") == 0 &&
                    is_other_machine(component, component_at(path, at + component.size + 1)))
                        continue;
                const char *engine = shape->engine ? shape->engine : engine_above(path, at);
                *ret = (struct cf_cgroup_container){id, engine};
                return true;
        }
        return false;
}

bool cf_cgroup_next(struct cf_span path, size_t *at, struct cf_cgroup_container *ret_container)
{
        if (cf_span_ends(path, " (deleted)"))
                path.size -= strlen(" (deleted)");
        struct cf_span before = {NULL, 0};
        if (*at > 1) { /* the component that ended just before */
                size_t start = *at - 1;
                while (start > 0 && path.data[start - 1] != '/')
                        start--;
                before = component_at(path, start);
        }
        while (*at < path.size) {
                size_t start = *at;
                struct cf_span component = component_at(path, start);
                *at = start + component.size + 1;
                if (component.size && component_fits(path, before, start, component, ret_container))
                        return true;
                before = component;
        }
        return false;
}

struct cf_span cf_cgroup_path(struct cf_span cgroup_file)
{
        struct cf_span best = {NULL, 0}, line;
        unsigned best_rank = 0;
        while (cf_span_next_line(&cgroup_file, &line)) {
                size_t first = cf_span_find_byte(line, ':');
                if (first == SIZE_MAX)
                        continue;
                struct cf_span rest = cf_span_part(line, first + 1, line.size);
                size_t second = cf_span_find_byte(rest, ':');
                if (second == SIZE_MAX)
                        continue;
                struct cf_span path = cf_span_part(rest, second + 1, rest.size);
                struct cf_cgroup_container container;
                size_t at = 0;
                unsigned rank = cf_cgroup_next(path, &at, &container) ? 4
                                : cf_span_is(path, "/")               ? 1
                                : second == 0                         ? 3
                                                                      : 2;
                if (rank > best_rank) {
                        best = path;
                        best_rank = rank;
                }
        }
        return best;
}

int cf_process_cgroup(struct cf_arena *arena, struct cf_span cgroup_file, const char **ret_path,
                      const char **ret_container, const char **ret_engine)
{
        struct cf_span path = cf_cgroup_path(cgroup_file);
        struct cf_cgroup_container container = {{NULL, 0}, NULL}, next;
        for (size_t at = 0; cf_cgroup_next(path, &at, &next);)
                container = next;
        char *path_text = NULL, *id = NULL;
        if (path.size && !(path_text = cf_arena_copy(arena, path)))
                return -ENOMEM;
        if (container.id.size && !(id = cf_arena_copy(arena, container.id)))
                return -ENOMEM;
        *ret_path = path_text;
        *ret_container = id;
        *ret_engine = container.engine;
        return 0;
}
