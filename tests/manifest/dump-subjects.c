/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the readers see in files, as JSON: {"subjects": […], "troubles": […]}. For the oracle
 * and for people who write cases. `dump-subjects [-e NAME=VALUE]… FILE…` */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "manifest/manifest.h"

static const char *const certainties[] = {
        [CF_CERTAIN] = "certain", [CF_ASSUMED] = "assumed", [CF_UNKNOWN] = "unknown"};
static const char *const kinds[] = {[CF_SETTING_SECURITY_OPT] = "security_opt",
                                    [CF_SETTING_PRIVILEGED] = "privileged",
                                    [CF_SETTING_DAEMON_PROFILE] = "daemon_profile"};

struct dump {
        struct cf_json_writer subjects, troubles;
};

static void put(struct cf_json_writer *out, const char *key, const char *value)
{
        cf_json_key(out, key);
        cf_json_put_string(out, value);
}

static void put_place(struct cf_json_writer *out, const struct cf_place *place)
{
        char text[4200];
        snprintf(text, sizeof(text), "%s:%u:%u", place->path ? place->path : "-", place->line,
                 place->column);
        put(out, "place", text);
}

static int dump_subject(const struct cf_subject *subject, void *context)
{
        struct cf_json_writer *out = &((struct dump *)context)->subjects;
        cf_json_open(out, '{');
        put(out, "kind", cf_subject_kind_name(subject->kind));
        put(out, "name", subject->name);
        put(out, "image", subject->image);
        put(out, "root", subject->root);
        put_place(out, &subject->place);
        cf_json_key(out, "settings");
        cf_json_open(out, '[');
        for (size_t i = 0; i < subject->setting_count; i++) {
                const struct cf_setting *setting = &subject->settings[i];
                cf_json_open(out, '{');
                put(out, "kind", kinds[setting->kind]);
                put(out, "certainty", certainties[setting->certainty]);
                put(out, "value", setting->value);
                put(out, "because", setting->because);
                put(out, "problem", setting->problem);
                put(out, "base_dir", setting->base_dir);
                put_place(out, &setting->place);
                put(out, "refusal", setting->edit.refusal);
                cf_json_key(out, "ignores");
                cf_json_put_uint(out, setting->ignore_count);
                cf_json_close(out, '}');
        }
        cf_json_close(out, ']');
        cf_json_close(out, '}');
        return 0;
}

static void dump_trouble(const struct cf_error *err, void *context)
{
        struct cf_json_writer *out = &((struct dump *)context)->troubles;
        cf_json_open(out, '[');
        for (unsigned i = err->count; i-- > 0;) {
                const struct cf_error_frame *frame = &err->frames[i];
                cf_json_open(out, '{');
                put_place(out, &frame->place);
                put(out, "message", frame->message);
                cf_json_close(out, '}');
        }
        cf_json_close(out, ']');
}

static int dump_file(struct cf_files *files, const char *path, const char *const *environment,
                     struct dump *dump)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)1 << 30);
        struct cf_source *source;
        struct cf_error err = {0};
        if (!arena)
                return -ENOMEM;
        if (cf_files_read(files, arena, path, &source, &err) < 0) {
                dump_trouble(&err, dump);
                return 0;
        }
        struct cf_reader reader = {.files = files,
                                   .arena = arena,
                                   .environment = environment,
                                   .subject = dump_subject,
                                   .trouble = dump_trouble,
                                   .context = dump};
        return cf_manifest_read(&reader, source);
}

int main(int argc, char **argv)
{
        CF_TEXT struct cf_text subjects = {0}, troubles = {0};
        struct dump dump = {.subjects = {.out = &subjects, .indent = 1},
                            .troubles = {.out = &troubles, .indent = 1}};
        const char *environment[64] = {0};
        size_t variables = 0;
        struct cf_files *files = cf_files_new();
        int r = files ? 0 : -ENOMEM;
        cf_json_open(&dump.subjects, '[');
        cf_json_open(&dump.troubles, '[');
        for (int i = 1; r == 0 && i < argc; i++) {
                if (strcmp(argv[i], "-e") == 0 && i + 1 < argc && variables < 63)
                        environment[variables++] = argv[++i];
                else
                        r = dump_file(files, argv[i], environment, &dump);
        }
        cf_json_close(&dump.subjects, ']');
        cf_json_close(&dump.troubles, ']');
        cf_files_free(files);
        if (r < 0 || subjects.failed || troubles.failed)
                return 2;
        printf("{\"subjects\": %s,\n\"troubles\": %s}\n", subjects.data, troubles.data);
        return 0;
}
