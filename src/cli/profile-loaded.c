/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as runtimes load them. */
#include <string.h>

#include "base/json.h"
#include "cli/profile.h"

static const char *const words[] = {
        [CF_PROFILE_WRITTEN] = "written",
        [CF_PROFILE_LOADED] = "loaded",
        [CF_PROFILE_RUNC] = "runc",
        [CF_PROFILE_CRUN] = "crun",
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

bool cf_profile_as_by_name(const char *word, enum cf_profile_as *ret_as)
{
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (strcmp(words[i], word) == 0) {
                        *ret_as = (enum cf_profile_as)i;
                        return true;
                }
        return false;
}

int cf_profile_split(struct cf_arena *arena, const char *name, const char **ret_base,
                     enum cf_profile_as *ret_as)
{
        const char *at = strrchr(name, '@');
        *ret_base = name;
        if (!at || at == name || !cf_profile_as_by_name(at + 1, ret_as))
                return 0;
        *ret_base = cf_arena_copy(arena, (struct cf_span){name, (size_t)(at - name)});
        return *ret_base ? 0 : -ENOMEM;
}

/* ---- loading -------------------------------------------------------------------------------- */

/* Podman starts containers by crun, unless it is told otherwise; all others by runc. */
static enum cf_runtime_kind kind_of(const struct cf_profile_input *input, enum cf_profile_as as)
{
        const struct cf_profile_default *built_in = cf_profile_default(input->base);
        if (as == CF_PROFILE_LOADED && built_in && strncmp(built_in->name, "podman", 6) == 0)
                as = CF_PROFILE_CRUN;
        return as == CF_PROFILE_CRUN ? CF_RUNTIME_CRUN : CF_RUNTIME_RUNC;
}

int cf_profile_job_runtime(struct cf_profile_job *job, enum cf_runtime_kind kind,
                           struct cf_runtime_options *ret_options, struct cf_error *err)
{
        struct cf_profile_runtime *runtime = &job->runtimes[kind];
        int r = runtime->known ? 0 : cf_runtime_find(job->arena, kind, &runtime->found, err);
        if (r < 0)
                return r;
        runtime->known = true;
        *ret_options = (struct cf_runtime_options){.kind = kind, .version = runtime->found.version};
        return 0;
}

static int load(struct cf_profile_job *job, struct cf_profile_input *input, enum cf_profile_as as,
                struct cf_error *err)
{
        struct cf_runtime_options options;
        struct cf_runtime_loaded *loaded = cf_arena_one(job->arena, struct cf_runtime_loaded);
        int r = loaded ? cf_profile_job_runtime(job, kind_of(input, as), &options, err)
                       : no_memory(err);
        if (r < 0)
                return r;
        r = cf_runtime_load(job->all, job->arena, input->profile, &job->circumstances, &options,
                            loaded, err);
        if (r < 0)
                return r;
        input->policy = loaded->policy;
        input->loaded = loaded;
        return 0;
}

int cf_profile_job_work_out(struct cf_profile_job *job, struct cf_profile_input *input,
                            enum cf_profile_as as, struct cf_error *err)
{
        int r;
        input->loaded = NULL;
        if (!input->profile)
                return cf_profile_job_meaning(job, input, NULL, err);
        if (as == CF_PROFILE_WRITTEN)
                r = cf_profile_policy(job->all, input->profile, &job->circumstances, &input->policy,
                                      err);
        else
                r = load(job, input, as, err);
        if (r < 0)
                return r;
        input->policy = cf_policy_normal(job->all, input->policy);
        return cf_policies_check(job->all, input->policy, err);
}

int cf_profile_job_input(struct cf_profile_job *job, const char *name,
                         struct cf_profile_input *ret_input, struct cf_error *err)
{
        struct cf_profile_input input;
        enum cf_profile_as as = job->as;
        const char *base;
        int r = cf_profile_split(job->arena, name, &base, &as) < 0 ? no_memory(err) : 0;
        if (r == 0)
                r = cf_profile_job_read(job, base, &input, err);
        if (r < 0)
                return r;
        input.name = name;
        if (!input.profile && base != name && as != CF_PROFILE_WRITTEN)
                return cf_error_set(err, -EINVAL, NULL,
                                    "'%s' is a filter: no runtime makes something else of it",
                                    base);
        if (input.profile && as != CF_PROFILE_WRITTEN)
                r = cf_profile_job_work_out(job, &input, as, err);
        if (r == 0)
                *ret_input = input;
        return r;
}

/* ---- in words ------------------------------------------------------------------------------- */

static bool is_known(const struct cf_runtime_version *version)
{
        return version->major || version->minor || version->patch;
}

static void say_version(struct cf_text *out, const char *name,
                        const struct cf_runtime_version *version)
{
        cf_text_puts(out, name);
        if (is_known(version))
                cf_text_printf(out, " %u.%u.%u", version->major, version->minor, version->patch);
}

void cf_profile_say_as(struct cf_text *out, const struct cf_profile_input *input)
{
        if (!input->loaded)
                return;
        cf_text_puts(out, " as ");
        say_version(out, cf_runtime_name(input->loaded->kind), &input->loaded->version);
        cf_text_puts(out, input->loaded->obtained ? " loads it" : " would load it by its rules");
}

void cf_profile_job_say_loaded(struct cf_profile_job *job, const struct cf_profile_input *input)
{
        const struct cf_runtime_loaded *loaded = input->loaded;
        struct cf_text *out = &job->out;
        if (!loaded)
                return;
        const struct cf_runtime_version *built_in = &job->runtimes[loaded->kind].found.library;
        cf_text_add_visible(out, cf_span_of(input->base));
        cf_profile_say_as(out, input);
        if (!loaded->obtained) {
                cf_text_puts(out, ": ");
                cf_text_add_visible(out, cf_span_of(loaded->reason));
                cf_text_puts(out, "; names that libseccomp would not know are taken as known\n");
                return;
        }
        if (is_known(&loaded->library))
                say_version(out, ", built by libseccomp", &loaded->library);
        if (loaded->circumstances.machine != cf_arch_native())
                cf_text_printf(out, " of this machine for %s", loaded->circumstances.machine->name);
        if (is_known(built_in) && memcmp(built_in, &loaded->library, sizeof(*built_in)) != 0) {
                say_version(out, "; this runtime itself has libseccomp", built_in);
                cf_text_puts(out, ", which may know other names");
        }
        cf_text_putc(out, '\n');
}

static void json_version(struct cf_json_writer *json, const char *key,
                         const struct cf_runtime_version *version)
{
        CF_TEXT struct cf_text text = {0};
        say_version(&text, "", version);
        cf_json_key(json, key);
        if (is_known(version) && text.size)
                cf_json_put_span(json, cf_span_part(cf_text_span(&text), 1, SIZE_MAX));
        else
                cf_json_put_null(json);
}

void cf_profile_job_json_loaded(struct cf_profile_job *job, struct cf_json_writer *json,
                                const struct cf_profile_input *input)
{
        const struct cf_runtime_loaded *loaded = input->loaded;
        if (!loaded) {
                cf_json_put_null(json);
                return;
        }
        cf_json_open(json, '{');
        cf_json_key(json, "runtime");
        cf_json_put_string(json, cf_runtime_name(loaded->kind));
        json_version(json, "version", &loaded->version);
        json_version(json, "libseccomp", &loaded->library);
        json_version(json, "runtimeLibseccomp", &job->runtimes[loaded->kind].found.library);
        cf_json_key(json, "obtained");
        cf_json_put_bool(json, loaded->obtained);
        cf_json_key(json, "reason");
        if (loaded->reason)
                cf_json_put_string(json, loaded->reason);
        else
                cf_json_put_null(json);
        cf_json_close(json, '}');
}

int cf_profile_job_say_causes(struct cf_profile_job *job, const struct cf_runtime_loaded *loaded,
                              const struct cf_call *call, struct cf_error *err)
{
        struct cf_text *out = &job->out;
        struct cf_runtime_use use;
        unsigned causes;
        bool any = false;
        int r = cf_runtime_explain(job->all, loaded, call, &causes, &use, err);
        if (r < 0 || !causes)
                return r;
        cf_text_puts(out, "    ");
        if (use.rule) {
                cf_profile_job_place(job, loaded->profile, use.name->part);
                cf_text_puts(out, ": ");
        }
        for (unsigned i = 0; i < CF_RUNTIME_CAUSES; i++)
                if (causes & 1u << i) {
                        cf_text_printf(out, "%s%s", any ? "; " : "",
                                       cf_runtime_cause_name((enum cf_runtime_cause)i));
                        any = true;
                }
        return 1;
}
