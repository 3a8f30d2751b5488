/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/check.h"

#include <stdarg.h>

/* Docker honours a profile beside --privileged since 27.0 (moby#47499). */
static const struct cf_version honoured_since = {27, 0, 0};

/* ---- profiles that settings name --------------------------------------------------------------
 */

/* The path that an engine would open; NULL: it depends on who runs it, or on where. */
static const char *resolve(struct cf_check *check, const struct cf_seen *seen)
{
        const struct cf_setting *setting = seen->setting;
        const char *path = seen->option.value.data;
        if (!check->options->files || setting->certainty == CF_UNKNOWN || path[0] == '~')
                return NULL;
        const struct cf_engine *engine = check->subject->engine;
        if (engine && !engine->local)
                return NULL;
        /* Docker keeps the text of a container's profile; Podman keeps its path. */
        if (engine && setting->kind != CF_SETTING_DAEMON_PROFILE &&
            check->reader != CF_READER_PODMAN)
                return NULL;
        if (path[0] == '/')
                return path;
        if (!setting->base_dir)
                return NULL;
        const char *joined = cf_path_join(check->arena, setting->base_dir, path);
        check->failed |= !joined;
        return joined;
}

static bool is_url(struct cf_span value)
{
        return cf_span_find(value, CF_SPAN("://")) != SIZE_MAX;
}

static const struct cf_profile_reading url_reading = {
        .state = CF_PROFILE_ABSENT,
        .absence = "is no file: engines fetch nothing from the network",
};

static void read_profile(struct cf_check *check, struct cf_seen *seen)
{
        const char *json = seen->setting->profile_json;
        if (seen->option.kind == CF_SECOPT_INLINE || json) {
                const char *name = check->subject->name ? check->subject->name : "profile";
                const struct cf_engine *engine = check->subject->engine;
                seen->profile = cf_profile_read_text(
                        check->arena, name, json ? json : seen->option.value.data,
                        engine ? engine->version : check->options->engine_version);
                check->failed |= !seen->profile;
                return;
        }
        if (seen->option.kind != CF_SECOPT_PROFILE)
                return;
        const char *path = resolve(check, seen);
        if (path) {
                seen->profile = cf_profiles_read(check->profiles, path);
                check->failed |= !seen->profile;
        }
        if (is_url(seen->option.value) && seen->setting->certainty != CF_UNKNOWN &&
            (!seen->profile || seen->profile->state == CF_PROFILE_ABSENT))
                seen->profile = &url_reading;
        seen->meant_word = seen->option.near_word && seen->setting->certainty != CF_UNKNOWN &&
                           (!seen->profile || seen->profile->state == CF_PROFILE_ABSENT);
        seen->known_absent = seen->meant_word && seen->profile;
        if (seen->meant_word)
                seen->profile = NULL;
}

/* ---- reading a subject ------------------------------------------------------------------------
 */

static void see(struct cf_check *check, const struct cf_setting *setting, struct cf_seen *seen)
{
        *seen = (struct cf_seen){.setting = setting};
        if (!setting->value) {
                seen->anything = setting->certainty == CF_UNKNOWN;
                return;
        }
        if (setting->kind == CF_SETTING_SECURITY_OPT)
                seen->option = cf_secopt_read(setting->value, check->reader);
        else if (setting->kind == CF_SETTING_DAEMON_PROFILE)
                seen->option = cf_secopt_read_daemon(setting->value);
        if (!setting->problem)
                read_profile(check, seen);
}

/* Engines refuse or ignore what is nearly an option, so it decides nothing. */
static bool decides(const struct cf_seen *seen)
{
        switch (seen->option.kind) {
        case CF_SECOPT_UNCONFINED:
        case CF_SECOPT_BUILTIN:
        case CF_SECOPT_PROFILE:
        case CF_SECOPT_INLINE:
                return !seen->setting->problem && !seen->meant_word;
        default:
                return false;
        }
}

/* The last entry wins. */
static void find_deciding(struct cf_check *check)
{
        for (size_t i = check->seen_count; i-- > 0;) {
                const struct cf_seen *seen = &check->seen[i];
                if (seen->setting->kind == CF_SETTING_PRIVILEGED)
                        continue;
                if (seen->anything && !seen->setting->problem && !check->shaking)
                        check->shaking = seen;
                if (decides(seen)) {
                        check->deciding = seen;
                        return;
                }
        }
}

static void find_privileged(struct cf_check *check)
{
        const struct cf_seen *last = NULL;
        for (size_t i = 0; i < check->seen_count; i++)
                if (check->seen[i].setting->kind == CF_SETTING_PRIVILEGED &&
                    !check->seen[i].setting->problem)
                        last = &check->seen[i];
        if (last) {
                bool on = last->setting->value && strcmp(last->setting->value, "true") == 0;
                if (on || last->anything)
                        check->privileged = last;
                check->is_privileged = on && last->setting->certainty != CF_UNKNOWN;
        } else if (check->subject->container && check->subject->container->privileged) {
                check->is_privileged = true;
        }
}

static enum cf_honour honours(const struct cf_check *check)
{
        switch (check->reader) {
        case CF_READER_PODMAN:
                return CF_HONOUR_YES;
        case CF_READER_NERDCTL:
                return CF_HONOUR_NO;
        default:
                if (!cf_version_known(check->docker))
                        return CF_HONOUR_DEPENDS;
                return cf_version_compare(check->docker, honoured_since) >= 0 ? CF_HONOUR_YES
                                                                              : CF_HONOUR_NO;
        }
}

/* What a live daemon tells of its default profile, as a setting. Older engines call the built-in
 * one "default". */
static const struct cf_setting *told_default(struct cf_check *check)
{
        const struct cf_engine *engine = check->subject->engine;
        if (check->subject->kind != CF_SUBJECT_DAEMON || !engine || !engine->seccomp ||
            !engine->default_profile || strcmp(engine->default_profile, "default") == 0)
                return NULL;
        struct cf_setting *setting = cf_arena_one(check->arena, struct cf_setting);
        if (!setting) {
                check->failed = true;
                return NULL;
        }
        setting->kind = CF_SETTING_DAEMON_PROFILE;
        setting->value = engine->default_profile;
        return setting;
}

int cf_check_begin(struct cf_check *check, struct cf_arena *arena, const struct cf_subject *subject,
                   const struct cf_judge_options *options, struct cf_profiles *profiles)
{
        *check = (struct cf_check){.arena = arena,
                                   .subject = subject,
                                   .options = options,
                                   .profiles = profiles,
                                   .reader = cf_reader_kind_of(subject)};
        const struct cf_engine *engine = subject->engine;
        if (check->reader == CF_READER_DOCKER || check->reader == CF_READER_COMPOSE)
                check->docker = cf_version_of(engine ? engine->version : options->engine_version);
        check->kernel = cf_version_of(engine && engine->kernel ? engine->kernel : options->kernel);
        const struct cf_setting *told = subject->setting_count ? NULL : told_default(check);
        struct cf_seen *seen = cf_arena_many(arena, subject->setting_count + 1, struct cf_seen);
        if (!seen || check->failed)
                return -ENOMEM;
        check->seen = seen;
        check->seen_count = subject->setting_count + (told != NULL);
        for (size_t i = 0; i < subject->setting_count; i++)
                see(check, &subject->settings[i], &seen[i]);
        if (told)
                see(check, told, &seen[subject->setting_count]);
        find_deciding(check);
        find_privileged(check);
        check->honours = honours(check);
        return check->failed ? -ENOMEM : 0;
}

void cf_check_run(struct cf_check *check, const struct cf_rule *rule)
{
        if (!(rule->looks_at & CF_LOOKS(check->subject->kind)))
                return;
        check->rule = rule;
        rule->check(check);
}

void cf_check_end(struct cf_check *check)
{
        if (check->dropped > 0 && check->drafts)
                cf_check_note(check, check->drafts,
                              "%zu more findings of the same subject are not listed",
                              check->dropped);
}
