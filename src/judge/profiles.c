/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/profiles.h"

#include <pthread.h>

#include "base/map.h"
#include "judge/weaker.h"

#define PROFILES_MEMORY ((size_t)64 << 20) /* of all readings; each is a few hundred bytes */
/* Reading one profile: its text (CF_PROFILE_MAX, or CF_FILE_MAX before that is known) and tree. */
#define READING_MEMORY ((size_t)256 << 20)

struct cf_profiles {
        struct cf_files *files;
        struct cf_arena *arena;
        struct cf_map *by_path;
        const struct cf_profile_default *by_default;
        pthread_mutex_t lock;
};

static const struct cf_profile_default *default_of(const char *engine_version)
{
        const struct cf_profile_default *known =
                cf_profile_default_of("docker", engine_version, NULL);
        return known ? known : cf_profile_default("docker");
}

struct cf_profiles *cf_profiles_new(struct cf_files *files, const char *engine_version)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(PROFILES_MEMORY);
        struct cf_profiles *profiles = arena ? cf_arena_one(arena, struct cf_profiles) : NULL;
        if (!profiles)
                return NULL;
        profiles->by_path = cf_map_new(arena);
        if (!profiles->by_path || pthread_mutex_init(&profiles->lock, NULL) != 0)
                return NULL;
        profiles->files = files;
        profiles->by_default = default_of(engine_version);
        profiles->arena = cf_steal(arena);
        return profiles;
}

struct cf_profiles *cf_profiles_free(struct cf_profiles *profiles)
{
        if (profiles) {
                pthread_mutex_destroy(&profiles->lock);
                cf_arena_free(profiles->arena);
        }
        return NULL;
}

/* "p.json:3:7: unknown action 'X'" */
static const char *problem_text(struct cf_arena *arena, const struct cf_error *err)
{
        if (err->count == 0)
                return "it cannot be read";
        const struct cf_error_frame *cause = &err->frames[0];
        if (cause->path[0] && cause->place.line > 0)
                return cf_arena_printf(arena, "%s:%u:%u: %s", cause->path, cause->place.line,
                                       cause->place.column, cause->message);
        return cf_arena_string(arena, cause->message);
}

/* What an engine cannot open either is absent: then why. NULL: it is our own inability. */
static const char *absence_of(int r)
{
        switch (r) {
        case -ENOENT:
        case -ENOTDIR:
                return "does not exist";
        case -EISDIR:
                return "is a folder";
        case -ELOOP:
                return "is a link that leads nowhere";
        case -ENAMETOOLONG:
                return "has too long a name";
        default:
                return NULL;
        }
}

static struct cf_profile_reading *failed(struct cf_arena *arena, enum cf_profile_state state,
                                         const struct cf_error *err)
{
        struct cf_profile_reading *reading = cf_arena_one(arena, struct cf_profile_reading);
        if (!reading)
                return NULL;
        reading->state = state;
        reading->problem = problem_text(arena, err);
        return reading->problem ? reading : NULL;
}

static struct cf_profile_reading *failed_read(struct cf_arena *arena, int r,
                                              const struct cf_error *err)
{
        const char *absence = absence_of(r);
        if (!absence) /* JSON is UTF-8 to every engine */
                return failed(arena, r == -EILSEQ ? CF_PROFILE_BROKEN : CF_PROFILE_UNREADABLE, err);
        struct cf_profile_reading *reading = cf_arena_one(arena, struct cf_profile_reading);
        if (!reading)
                return NULL;
        reading->state = CF_PROFILE_ABSENT;
        reading->absence = absence;
        return reading;
}

/* `keep` gets the reading, `work` all that is needed on the way. */
static struct cf_profile_reading *read_source(struct cf_arena *keep, struct cf_arena *work,
                                              const struct cf_source *source)
{
        struct cf_profile_summary summary = {0};
        struct cf_error err = {0};
        int r = cf_profile_summarize(work, source, &summary, &err);
        if (r == -ENOMEM)
                return NULL;
        if (r < 0)
                return failed(keep, r == -EFBIG ? CF_PROFILE_UNREADABLE : CF_PROFILE_BROKEN, &err);
        struct cf_profile_reading *reading = cf_arena_one(keep, struct cf_profile_reading);
        if (!reading)
                return NULL;
        reading->state = summary.kind == CF_PROFILE_ALLOWS_ALL ? CF_PROFILE_ALLOWS
                         : summary.kind == CF_PROFILE_DENYLIST ? CF_PROFILE_LETS_OTHER
                                                               : CF_PROFILE_SOUND;
        reading->default_action = cf_arena_string(keep, summary.default_action);
        reading->default_lets_through = summary.default_lets_through;
        reading->default_place = summary.default_place;
        reading->default_place.path = cf_arena_string(keep, source->path);
        return reading->default_action && reading->default_place.path ? reading : NULL;
}

/* What cannot be worked out, because the profile is too large for that, is not said. */
static int compare(struct cf_arena *keep, const struct cf_profile_default *by_default,
                   const struct cf_source *source, struct cf_profile_reading *reading)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(CF_PROFILE_MEMORY);
        const struct cf_profile *profile = NULL;
        if (!work)
                return -ENOMEM;
        if (reading->state != CF_PROFILE_SOUND || cf_profile_read(work, source, &profile, NULL) < 0)
                return 0;
        int r = cf_weaker_calls(keep, profile, by_default, &reading->than_default);
        if (r == 0)
                reading->by_default = by_default;
        return r == -ENOMEM ? r : 0;
}

static struct cf_profile_reading *remember(struct cf_profiles *profiles, const char *path)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(READING_MEMORY);
        struct cf_source *source = NULL;
        struct cf_error err = {0};
        if (!work)
                return NULL;
        int r = cf_files_read(profiles->files, work, path, &source, &err);
        if (r == -ENOMEM)
                return NULL;
        struct cf_profile_reading *reading = r < 0 ? failed_read(profiles->arena, r, &err)
                                                   : read_source(profiles->arena, work, source);
        if (r == 0 && reading &&
            compare(profiles->arena, profiles->by_default, source, reading) < 0)
                return NULL;
        char *key = cf_arena_string(profiles->arena, path);
        if (!reading || !key || cf_map_put(profiles->by_path, cf_span_of(key), reading) < 0)
                return NULL;
        return reading;
}

const struct cf_profile_reading *cf_profiles_read(struct cf_profiles *profiles, const char *path)
{
        pthread_mutex_lock(&profiles->lock);
        const struct cf_profile_reading *reading = cf_map_get(profiles->by_path, cf_span_of(path));
        if (!reading)
                reading = remember(profiles, path);
        pthread_mutex_unlock(&profiles->lock);
        return reading;
}

const struct cf_profile_reading *cf_profile_read_text(struct cf_arena *arena, const char *name,
                                                      const char *json, const char *engine_version)
{
        struct cf_source *source = NULL;
        CF_ARENA struct cf_arena *work = cf_arena_new(READING_MEMORY);
        if (!work || cf_source_from(work, name, cf_span_of(json), &source, NULL) < 0)
                return NULL;
        struct cf_profile_reading *reading = read_source(arena, work, source);
        if (reading && compare(arena, default_of(engine_version), source, reading) < 0)
                return NULL;
        return reading;
}
