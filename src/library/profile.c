/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of the public API. */
#include <limits.h>
#include <string.h>
#include <sys/utsname.h>

#include "library/library.h"

/* A profile of its own arena, which the context frees. */
static int begin(struct confined_context *context, struct cf_arena **ret_arena)
{
        struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        if (!arena || cf_vec_push(context->arena, &context->profiles, arena) < 0) {
                cf_arena_free(arena);
                return cf_library_fails(context, -ENOMEM, "not enough memory");
        }
        *ret_arena = arena;
        return 0;
}

static int finish(struct confined_context *context, struct cf_arena *arena,
                  const struct cf_source *source, const struct confined_profile **ret_profile)
{
        struct cf_error err = {0};
        struct confined_profile *made = cf_arena_one(context->arena, struct confined_profile);
        int r = made ? cf_profile_read(arena, source, &made->profile, &err)
                     : cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
        if (r < 0)
                return cf_library_failed(context, r, &err);
        made->context = context;
        *ret_profile = made;
        return 0;
}

int confined_profile_read(struct confined_context *context, const char *path,
                          const struct confined_profile **ret_profile)
{
        struct cf_error err = {0};
        struct cf_source *source;
        struct cf_arena *arena = NULL;
        int r = begin(context, &arena);
        if (r < 0)
                return r;
        r = cf_files_read(context->files, arena, path, &source, &err);
        return r < 0 ? cf_library_failed(context, r, &err)
                     : finish(context, arena, source, ret_profile);
}

int confined_profile_parse(struct confined_context *context, const char *name, const void *bytes,
                           size_t size, const struct confined_profile **ret_profile)
{
        struct cf_error err = {0};
        struct cf_source *source;
        struct cf_arena *arena = NULL;
        int r = begin(context, &arena);
        if (r < 0)
                return r;
        char *path = cf_arena_string(arena, name);
        if (size > CF_PROFILE_MAX)
                r = cf_error_set(&err, -EFBIG, NULL, "'%s' is larger than %zu bytes", name,
                                 CF_PROFILE_MAX);
        else
                r = path ? cf_source_from(arena, path, (struct cf_span){bytes, size}, &source, &err)
                         : cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
        return r < 0 ? cf_library_failed(context, r, &err)
                     : finish(context, arena, source, ret_profile);
}

int confined_profile_default(struct confined_context *context, const char *name,
                             const struct confined_profile **ret_profile)
{
        const struct cf_profile_default *known = cf_profile_default(name);
        struct cf_span text;
        if (!known)
                return cf_library_fails(context, -ENOENT, "there is no built-in profile '%s'",
                                        name);
        if (cf_profile_default_text(context->arena, known, &text) < 0)
                return cf_library_fails(context, -ENOMEM, "not enough memory");
        return confined_profile_parse(context, known->name, text.data, text.size, ret_profile);
}

const char *confined_profile_warning(const struct confined_profile *profile, size_t i)
{
        const struct cf_profile *read = profile->profile;
        struct cf_text text = {0};
        if (i >= read->warning_count)
                return NULL;
        struct cf_place place = cf_profile_place(read, read->warnings[i].part);
        cf_text_add_visible(&text, cf_span_of(place.path));
        cf_text_printf(&text, ":%u:%u: ", place.line, place.column);
        cf_text_add_visible(&text, cf_span_of(read->warnings[i].message));
        return cf_library_text(profile->context, &text);
}

static int read_circumstances(struct confined_context *context,
                              const struct confined_circumstances *given,
                              struct cf_circumstances *ret_circumstances)
{
        struct cf_circumstances now = {.machine = given->architecture
                                                          ? cf_arch_by_name(given->architecture)
                                                          : cf_arch_native(),
                                       .capabilities = given->capabilities & CF_CAPABILITIES_ALL,
                                       .kernel_major = given->kernel_major,
                                       .kernel_minor = given->kernel_minor};
        struct utsname system = {0};
        if (given->size < sizeof(*given))
                return cf_library_fails(context, -EINVAL,
                                        "confined_circumstances: size is not set");
        if (!now.machine)
                return cf_library_fails(context, -EINVAL, "there is no architecture '%s'",
                                        given->architecture ? given->architecture : "(native)");
        if (now.kernel_major || now.kernel_minor) {
                *ret_circumstances = now;
                return 0;
        }
        uname(&system);
        if (!cf_kernel_version_read(system.release, &now.kernel_major, &now.kernel_minor))
                return cf_library_fails(context, -ENOTSUP,
                                        "the running kernel's version '%s' is not understood",
                                        system.release);
        *ret_circumstances = now;
        return 0;
}

int confined_profile_policy(const struct confined_profile *profile,
                            const struct confined_circumstances *circumstances,
                            const struct confined_policy **ret_policy)
{
        struct confined_circumstances usual = CONFINED_CIRCUMSTANCES_INIT;
        struct confined_context *context = profile->context;
        struct cf_circumstances now;
        struct cf_error err = {0};
        cf_policy policy;
        int r = read_circumstances(context, circumstances ? circumstances : &usual, &now);
        if (r < 0)
                return r;
        r = cf_profile_policy(context->all, profile->profile, &now, &policy, &err);
        return r < 0 ? cf_library_failed(context, r, &err)
                     : cf_library_policy(context, policy, ret_policy);
}

int confined_policy_json(const struct confined_policy *policy, const char *architecture,
                         const char **ret_json)
{
        struct confined_context *context = policy->context;
        const struct cf_arch *machine =
                architecture ? cf_arch_by_name(architecture) : cf_arch_native();
        const struct cf_arch *const *arches;
        struct cf_profile_order order = {0};
        struct cf_text text = {0};
        struct cf_error err = {0};
        size_t count;
        if (!machine)
                return cf_library_fails(context, -EINVAL, "there is no architecture '%s'",
                                        architecture ? architecture : "(native)");
        int r = cf_profile_covered(context->all, policy->normal, machine, context->arena, &arches,
                                   &count, &err);
        if (r == 0)
                r = cf_profile_print(context->all, policy->normal, arches, count, &order, &text,
                                     &err);
        if (r < 0) {
                cf_text_done(&text);
                return cf_library_failed(context, r, &err);
        }
        const char *json = cf_library_text(context, &text);
        if (!json)
                return -ENOMEM;
        *ret_json = json;
        return 0;
}
