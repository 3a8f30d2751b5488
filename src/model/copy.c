/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies, so that a result outlives the arena of the file that it came from. */
#include "model/model.h"

/* A failure sticks: the copier is asked once, at the end. */
struct copier {
        struct cf_arena *arena;
        bool failed;
};

static const char *copy_text(struct copier *copier, const char *text)
{
        if (!text)
                return NULL;
        const char *copy = cf_arena_string(copier->arena, text);
        copier->failed |= !copy;
        return copy;
}

static const char *const *copy_texts(struct copier *copier, const char *const *texts, size_t count)
{
        if (count == 0)
                return NULL;
        const char **copies = cf_arena_many(copier->arena, count, const char *);
        copier->failed |= !copies;
        for (size_t i = 0; copies && i < count; i++)
                copies[i] = copy_text(copier, texts[i]);
        return copies;
}

static struct cf_place copy_place(struct copier *copier, struct cf_place place)
{
        place.path = copy_text(copier, place.path);
        return place;
}

static struct cf_excerpt copy_excerpt(struct copier *copier, struct cf_excerpt excerpt)
{
        for (size_t i = 0; i < excerpt.line_count && i < CF_COUNT(excerpt.lines); i++)
                excerpt.lines[i] = copy_text(copier, excerpt.lines[i]);
        return excerpt;
}

/* Parents are nested as deep as the collections of a file, so at most CF_YAML_DEPTH: a loop keeps
 * the stack out of it. */
static const struct cf_group *copy_group(struct copier *copier, const struct cf_group *group)
{
        const struct cf_group *first = NULL;
        const struct cf_group **link = &first;
        for (; group && !copier->failed; group = group->parent) {
                struct cf_group *copy = cf_arena_one(copier->arena, struct cf_group);
                struct cf_range *parts =
                        cf_arena_many(copier->arena, group->count, struct cf_range);
                if (!copy || !parts) {
                        copier->failed = true;
                        break;
                }
                *copy = *group;
                if (group->count > 0)
                        memcpy(parts, group->parts, group->count * sizeof(*parts));
                copy->parts = parts;
                copy->parent = NULL;
                copy->whole_text = copy_text(copier, group->whole_text);
                *link = copy;
                link = &copy->parent;
        }
        return first;
}

static struct cf_edit copy_edit(struct copier *copier, struct cf_edit edit)
{
        edit.refusal = copy_text(copier, edit.refusal);
        edit.group = copy_group(copier, edit.group);
        edit.text = copy_text(copier, edit.text);
        edit.base_dir = copy_text(copier, edit.base_dir);
        return edit;
}

static void copy_process(struct copier *copier, const struct cf_process *from,
                         struct cf_process *to)
{
        *to = *from;
        to->name = copy_text(copier, from->name);
        to->command = copy_text(copier, from->command);
        to->cgroup = copy_text(copier, from->cgroup);
        to->container = copy_text(copier, from->container);
        to->engine = copy_text(copier, from->engine);
        to->enforced = NULL;
}

static void copy_container(struct copier *copier, const struct cf_container *from,
                           struct cf_container *to)
{
        *to = *from;
        to->id = copy_text(copier, from->id);
        to->name = copy_text(copier, from->name);
        to->image = copy_text(copier, from->image);
        to->command = copy_text(copier, from->command);
        to->status = copy_text(copier, from->status);
        to->cis_line = copy_text(copier, from->cis_line);
        to->compose_project = copy_text(copier, from->compose_project);
        to->compose_service = copy_text(copier, from->compose_service);
        to->compose_files = copy_text(copier, from->compose_files);
        to->compose_dir = copy_text(copier, from->compose_dir);
        to->cap_add = copy_texts(copier, from->cap_add, from->cap_add_count);
        to->cap_drop = copy_texts(copier, from->cap_drop, from->cap_drop_count);
        to->enforced = NULL;
        to->processes = NULL;
        if (from->process_count == 0)
                return;
        struct cf_process *processes =
                cf_arena_many(copier->arena, from->process_count, struct cf_process);
        copier->failed |= !processes;
        for (size_t i = 0; processes && i < from->process_count; i++)
                copy_process(copier, &from->processes[i], &processes[i]);
        to->processes = processes;
}

struct cf_process *cf_process_copy(struct cf_arena *arena, const struct cf_process *process)
{
        struct copier copier = {.arena = arena};
        struct cf_process *copy = cf_arena_one(arena, struct cf_process);
        if (!copy)
                return NULL;
        copy_process(&copier, process, copy);
        return copier.failed ? NULL : copy;
}

struct cf_container *cf_container_copy(struct cf_arena *arena, const struct cf_container *container)
{
        struct copier copier = {.arena = arena};
        struct cf_container *copy = cf_arena_one(arena, struct cf_container);
        if (!copy)
                return NULL;
        copy_container(&copier, container, copy);
        return copier.failed ? NULL : copy;
}

const struct cf_group *cf_group_copy(struct cf_arena *arena, const struct cf_group *group)
{
        struct copier copier = {.arena = arena};
        const struct cf_group *copy = copy_group(&copier, group);
        return copier.failed ? NULL : copy;
}

struct cf_finding *cf_finding_copy(struct cf_arena *arena, const struct cf_finding *finding)
{
        struct copier copier = {.arena = arena};
        struct cf_finding *copy = cf_arena_one(arena, struct cf_finding);
        if (!copy)
                return NULL;
        *copy = *finding;
        copy->message = copy_text(&copier, finding->message);
        copy->label = copy_text(&copier, finding->label);
        copy->notes = copy_texts(&copier, finding->notes, finding->note_count);
        copy->place = copy_place(&copier, finding->place);
        copy->excerpt = copy_excerpt(&copier, finding->excerpt);
        copy->remedy.text = copy_text(&copier, finding->remedy.text);
        copy->remedy.command = copy_text(&copier, finding->remedy.command);
        copy->edit = copy_edit(&copier, finding->edit);
        copy->root = copy_text(&copier, finding->root);
        copy->subjects = copy_texts(&copier, finding->subjects, finding->subject_count);
        copy->image = copy_text(&copier, finding->image);
        copy->fingerprint = copy_text(&copier, finding->fingerprint);
        copy->suppressed_by = copy_text(&copier, finding->suppressed_by);
        copy->context = copy_text(&copier, finding->context);
        if (finding->container) {
                copy->container = cf_container_copy(arena, finding->container);
                copier.failed |= !copy->container;
        }
        if (finding->process) {
                copy->process = cf_process_copy(arena, finding->process);
                copier.failed |= !copy->process;
        }
        return copier.failed ? NULL : copy;
}
