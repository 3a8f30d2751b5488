/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp of the OCI runtime specification (config-linux.md, section Seccomp), alone or in a
 * whole config.json. It is Docker's format without what engines resolve before they write it. */
#include "convert/formats.h"

/* A config.json: it tells its version. */
bool cf_oci_claim(const struct cf_source *source)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_CONVERT_MEMORY);
        struct cf_json *root;
        const char *word = "\"ociVersion\"";
        if (!arena || source->text.size > CF_CONVERT_MAX ||
            cf_span_find(source->text, cf_span_of(word)) == SIZE_MAX ||
            cf_json_parse(arena, source, &root, NULL) < 0)
                return false;
        return cf_json_get(root, "ociVersion") != NULL;
}

int cf_convert_refuse_words(const struct cf_reading *reading, const struct cf_json *object,
                            const char *const *words, const char *why, struct cf_error *err)
{
        for (size_t i = 0; words[i]; i++) {
                const struct cf_json *member = cf_json_get_nocase(object, words[i]);
                if (member && member->type != CF_JSON_NULL)
                        return cf_convert_refuse(reading, member->key_offset, member->key_length,
                                                 err, "'%s' is no word of this format: %s",
                                                 words[i], why);
        }
        return 0;
}

/* What Docker's form has in addition would be passed over by runtimes, silently. */
int cf_convert_check_oci(const struct cf_reading *reading, const struct cf_json *root,
                         const char *why, struct cf_error *err)
{
        static const char *const outer[] = {"archMap", NULL};
        static const char *const inner[] = {"name", "includes", "excludes", NULL};
        int r = cf_convert_refuse_words(reading, root, outer, why, err);
        const struct cf_json *list = cf_json_get_nocase(root, "syscalls");
        if (r < 0 || !list || list->type != CF_JSON_ARRAY)
                return r;
        for (const struct cf_json *item = list->first; r == 0 && item; item = item->next)
                r = cf_convert_refuse_words(reading, item, inner, why, err);
        return r;
}

int cf_oci_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                struct cf_error *err)
{
        static const struct cf_json none = {.type = CF_JSON_NULL};
        const struct cf_json *seccomp;
        const struct cf_profile *profile;
        struct cf_json *root = NULL;
        int r = cf_json_parse(reading->arena, reading->source, &root, err);
        if (r < 0)
                return r;
        seccomp = root;
        if (root->type == CF_JSON_OBJECT &&
            (cf_json_get(root, "ociVersion") || cf_json_get(root, "linux"))) {
                const struct cf_json *section = cf_json_get(root, "linux");
                seccomp = section ? cf_json_get(section, "seccomp") : NULL;
                seccomp = seccomp ? seccomp : &none; /* without it there is no filter */
        }
        if (seccomp->type == CF_JSON_OBJECT) {
                r = cf_convert_check_oci(reading, seccomp,
                                         "runtimes pass over it; it is Docker's: --from docker",
                                         err);
                if (r == 0 && !cf_json_string(cf_json_get_nocase(seccomp, "defaultAction")))
                        r = cf_convert_refuse(reading, seccomp->offset, 1, err,
                                              "no default action: runtimes refuse this; add "
                                              "\"defaultAction\", for instance "
                                              "\"SCMP_ACT_ERRNO\"");
        }
        if (r == 0)
                r = cf_profile_read_json(reading->arena, reading->source, seccomp, &profile, err);
        return r < 0 ? r : cf_convert_profile(reading, profile, ret_converted, err);
}

int cf_oci_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        struct cf_json_writer json = {.out = out, .tabs = true};
        struct cf_profile_entries entries;
        uint32_t value;
        if (!arena)
                return cf_convert_no_memory(err);
        if (cf_policy_is_constant(writing->all, writing->policy, &value) && value == CF_ALLOW)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "this refuses nothing on any architecture: in a config.json "
                                    "that is no 'linux.seccomp' at all");
        int r = cf_convert_entries(writing, "oci", arena, &entries, err);
        if (r < 0)
                return r;
        cf_json_open(&json, '{');
        cf_profile_put_members(&json, &entries, writing->listener);
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return 0;
}
