/* SPDX-License-Identifier: Apache-2.0 */
/* A profile that marks whoever loads it. */
#include <errno.h>
#include <inttypes.h>

#include "base/json.h"
#include "cli/workload.h"
#include "profile/profile.h"
#include "syscalls/syscalls.h"

static bool is_named(const struct cf_profile *profile, const char *name)
{
        for (size_t i = 0; i < profile->rule_count; i++)
                for (size_t k = 0; k < profile->rules[i].names.count; k++)
                        if (cf_span_is(profile->rules[i].names.items[k].text, name))
                                return true;
        return false;
}

/* A call that no kernel of today carries out and of which the profile says nothing: a rule without
 * conditions beside it would swallow the mark. */
static const char *carrier(const struct cf_profile *profile)
{
        static const char *const calls[] = {"vserver",      "nfsservctl",      "create_module",
                                            "query_module", "get_kernel_syms", "getpmsg",
                                            "putpmsg",      "tuxcall",         "afs_syscall"};
        uint32_t nr;
        for (size_t i = 0; i < CF_COUNT(calls); i++)
                if (cf_syscall_number(cf_arch_native(), calls[i], &nr) &&
                    !is_named(profile, calls[i]))
                        return calls[i];
        return NULL;
}

static int read_profile(struct cf_arena *arena, const char *text, struct cf_source **ret_source,
                        const struct cf_profile **ret_profile, const struct cf_json **ret_root,
                        struct cf_error *err)
{
        struct cf_json *root;
        int r = cf_source_from(arena, "the profile", cf_span_of(text), ret_source, err);
        if (r == 0)
                r = cf_json_parse(arena, *ret_source, &root, err);
        if (r == 0)
                r = cf_profile_read_json(arena, *ret_source, root, ret_profile, err);
        if (r == 0)
                *ret_root = root;
        return r;
}

/* Its error must not be the default's, or runtimes leave the entry out. */
int cf_workload_mark(struct cf_arena *arena, const char *text, uint64_t mark, char **ret_text,
                     struct cf_error *err)
{
        struct cf_source *source;
        const struct cf_profile *profile;
        const struct cf_json *root;
        int r = read_profile(arena, text, &source, &profile, &root, err);
        const char *call = r == 0 ? carrier(profile) : NULL;
        if (r < 0)
                return r;
        if (profile->no_filter || !call)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    profile->no_filter
                                            ? "the profile loads no filter: nothing marks the "
                                              "container"
                                            : "the profile names every call that could mark the "
                                              "container");
        unsigned error = profile->default_value == (CF_ERRNO | ENOSYS) ? EOPNOTSUPP : ENOSYS;
        char *rule = cf_arena_printf(arena,
                                     "{\"names\": [\"%s\"], \"action\": \"SCMP_ACT_ERRNO\", "
                                     "\"errnoRet\": %u, \"args\": [{\"index\": 0, \"value\": "
                                     "%" PRIu64 ", \"op\": \"SCMP_CMP_EQ\"}]}",
                                     call, error, mark);
        const struct cf_json *list = cf_json_get_nocase(root, "syscalls");
        const char *bytes = source->text.data;
        size_t size = source->text.size;
        if (list && list->type == CF_JSON_ARRAY)
                *ret_text = cf_arena_printf(arena, "%.*s[%s%s%s", (int)list->offset, bytes, rule,
                                            list->count ? "," : "", bytes + list->offset + 1);
        else if (list) /* null */
                *ret_text = cf_arena_printf(arena, "%.*s[%s]%.*s", (int)list->offset, bytes, rule,
                                            (int)(size - list->offset - list->length),
                                            bytes + list->offset + list->length);
        else
                *ret_text = cf_arena_printf(arena, "%.*s{\"syscalls\": [%s]%s%s", (int)root->offset,
                                            bytes, rule, root->count ? "," : "",
                                            bytes + root->offset + 1);
        return rule && *ret_text ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}
