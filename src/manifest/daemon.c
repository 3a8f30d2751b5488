/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.json, the configuration of dockerd: the default profile of all its containers.
 *
 * How dockerd reads it (Moby, daemon/config): strict JSON, an empty file is fine, and so is a byte
 * order mark since 23.0. Every key must be, letter by letter, an option's name, else it does not
 * start; of two equal keys the last one counts, and null is "not given". */
#include <string.h>

#include "base/json.h"
#include "manifest/formats.h"

#define PROFILE_KEY "seccomp-profile"

/* Keys by which a file of another name is known for dockerd's: enough of them to meet one beside
 * the profile in any real file. */
static const char *const other_keys[] = {
        "allow-nondistributable-artifacts",
        "api-cors-header",
        "bip",
        "bridge",
        "builder",
        "cgroup-parent",
        "containerd",
        "data-root",
        "debug",
        "default-address-pools",
        "default-cgroupns-mode",
        "default-gateway",
        "default-ipc-mode",
        "default-runtime",
        "default-shm-size",
        "default-ulimits",
        "dns",
        "dns-opts",
        "dns-search",
        "exec-opts",
        "exec-root",
        "experimental",
        "features",
        "fixed-cidr",
        "group",
        "hosts",
        "icc",
        "init",
        "insecure-registries",
        "ip",
        "ip-forward",
        "ip-masq",
        "iptables",
        "ip6tables",
        "ipv6",
        "labels",
        "live-restore",
        "log-driver",
        "log-level",
        "log-opts",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "metrics-addr",
        "mtu",
        "no-new-privileges",
        "oom-score-adjust",
        "pidfile",
        "registry-mirrors",
        "runtimes",
        "selinux-enabled",
        "shutdown-timeout",
        "storage-driver",
        "storage-opts",
        "swarm-default-advertise-addr",
        "tls",
        "tlscacert",
        "tlscert",
        "tlskey",
        "tlsverify",
        "userland-proxy",
        "userns-remap",
};

static bool is_other_key(struct cf_span key)
{
        for (size_t i = 0; i < CF_COUNT(other_keys); i++)
                if (cf_span_is(key, other_keys[i]))
                        return true;
        return false;
}

/* "daemon.json", and names such as "docker-daemon.json" and "daemon.prod.json". */
static bool is_daemon_name(const char *name)
{
        return strstr(name, "daemon") != NULL;
}

static enum cf_claim claim(const struct cf_source *source)
{
        const char *name = cf_path_base(source->path);
        if (strcmp(name, "daemon.json") == 0)
                return CF_CLAIM_NAME;
        if (!cf_span_ends(cf_span_of(name), ".json") && strcmp(name, "<stdin>") != 0)
                return CF_CLAIM_NONE;
        return cf_span_find(source->text, CF_SPAN("seccomp")) != SIZE_MAX ? CF_CLAIM_CONTENT
                                                                          : CF_CLAIM_NONE;
}

/* An object without any other key of dockerd's is taken only when the name speaks for it. */
static bool has_shape(const struct cf_source *source, const struct cf_json *root)
{
        if (is_daemon_name(cf_path_base(source->path)))
                return true;
        for (const struct cf_json *member = root->first; member; member = member->next)
                if (is_other_key(member->key))
                        return true;
        return false;
}

/* ---- what the keys say ------------------------------------------------------------------------
 */

static char fold(char c)
{
        return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* The key without case, hyphens and underscores starts with `word`. */
static bool sounds_like(struct cf_span key, const char *word)
{
        for (size_t i = 0; i < key.size && *word; i++) {
                if (strchr("-_. ", key.data[i]))
                        continue;
                if (fold(key.data[i]) != *word++)
                        return false;
        }
        return !*word;
}

struct daemon {
        const struct cf_reader *reader;
        const struct cf_source *source;
        const struct cf_json *root;
        const struct cf_group *members;
};

static const struct cf_group *make_group(struct cf_arena *arena, const struct cf_json *root)
{
        struct cf_range *parts = cf_arena_many(arena, root->count, struct cf_range);
        struct cf_group *group = cf_arena_one(arena, struct cf_group);
        size_t i = 0;
        if (!parts || !group)
                return NULL;
        for (const struct cf_json *member = root->first; member; member = member->next, i++) {
                size_t end = member->offset + member->length;
                parts[i] = (struct cf_range){member->key_offset, end - member->key_offset};
        }
        *group = (struct cf_group){
                .kind = CF_GROUP_COMMAS,
                .parts = parts,
                .count = root->count,
                .whole = {root->offset, root->length},
                .whole_text = "{}",
        };
        return group;
}

/* A string, or why dockerd does not start. */
static int read_value(struct cf_arena *arena, const struct cf_json *member,
                      struct cf_setting *setting)
{
        if (!cf_span_is(member->key, PROFILE_KEY))
                setting->problem = cf_arena_printf(
                        arena,
                        "'%s' is no option of dockerd, which does not start with it "
                        "(the option is '" PROFILE_KEY "')",
                        member->key.data);
        else if (member->type != CF_JSON_STRING)
                setting->problem = cf_arena_printf(
                        arena, "its value must be a string, not of type %s: dockerd does not start",
                        cf_json_type_name(member->type));
        else if (strlen(member->text.data) != member->text.size)
                setting->problem = cf_arena_string(
                        arena, "its value holds a NUL character: dockerd does not start");
        else
                return 0;
        return setting->problem ? 0 : -ENOMEM;
}

static int make_setting(const struct daemon *daemon, const struct cf_json *member, size_t part,
                        struct cf_setting *setting)
{
        struct cf_arena *arena = daemon->reader->arena;
        struct cf_range range = daemon->members->parts[part];
        *setting = (struct cf_setting){
                .kind = CF_SETTING_DAEMON_PROFILE,
                .certainty = CF_CERTAIN,
                .value = member->type == CF_JSON_STRING
                                 ? member->text.data
                                 : cf_arena_copy(arena,
                                                 cf_span_part(daemon->source->text, member->offset,
                                                              member->length)),
                .place = cf_source_place(daemon->source, range.offset, range.length),
                .file_id = daemon->source->id,
                /* dockerd opens a relative path from its own working directory, which is not
                 * known; what --with puts here is made absolute. */
                .base_dir = NULL,
                .edit = {.group = daemon->members, .part = part, .base_dir = "/"},
        };
        if (!setting->value)
                return -ENOMEM;
        int r = read_value(arena, member, setting);
        if (r == 0 && !setting->problem) {
                setting->edit.value = (struct cf_range){member->offset + 1, member->length - 2};
                setting->edit.quoting = CF_QUOTE_YAML_DOUBLE;
        }
        return r < 0 ? r
                     : cf_excerpt_take(arena, daemon->source, &setting->place, &setting->excerpt);
}

/* The members that are, or were meant to be, the profile. null is "not given". */
static int collect(const struct daemon *daemon, struct cf_setting **ret_settings, size_t *ret_count)
{
        CF_VEC(struct cf_setting) settings = {0};
        size_t part = 0;
        for (const struct cf_json *member = daemon->root->first; member;
             member = member->next, part++) {
                bool exact = cf_span_is(member->key, PROFILE_KEY);
                if (!sounds_like(member->key, "seccomp") || (exact && member->type == CF_JSON_NULL))
                        continue;
                struct cf_setting setting;
                int r = make_setting(daemon, member, part, &setting);
                if (r < 0 || cf_vec_push(daemon->reader->arena, &settings, setting) < 0)
                        return -ENOMEM;
        }
        *ret_settings = settings.items;
        *ret_count = settings.count;
        return 0;
}

static int hand_over(const struct daemon *daemon)
{
        struct cf_setting *settings = NULL;
        size_t count = 0;
        int r = collect(daemon, &settings, &count);
        if (r < 0 || count == 0)
                return r;
        const struct cf_subject subject = {
                .kind = CF_SUBJECT_DAEMON,
                .evidence = CF_DECLARED,
                .engine_word = "dockerd",
                .format = "daemon",
                .root = daemon->source->path,
                .place = settings[0].place,
                .settings = settings,
                .setting_count = count,
        };
        return daemon->reader->subject(&subject, daemon->reader->context);
}

static int read_daemon(const struct cf_reader *reader, const struct cf_source *source,
                       struct cf_error *err)
{
        struct daemon daemon = {.reader = reader, .source = source};
        struct cf_json *root = NULL;
        if (cf_span_trim(source->text).size == 0)
                return 0;
        int r = cf_json_parse(reader->arena, source, &root, err);
        if (r < 0)
                return r;
        if (root->type == CF_JSON_NULL)
                return 0;
        if (root->type != CF_JSON_OBJECT) {
                struct cf_place place = cf_source_place(source, root->offset, 1);
                return cf_error_set(err, -EINVAL, &place,
                                    "the daemon's configuration must be an object, not of type %s",
                                    cf_json_type_name(root->type));
        }
        if (!has_shape(source, root))
                return 0;
        daemon.root = root;
        daemon.members = make_group(reader->arena, root);
        return daemon.members ? hand_over(&daemon) : -ENOMEM;
}

const struct cf_format cf_format_daemon = {
        .name = "daemon",
        .summary = "daemon.json: the default profile of the Docker daemon",
        .claim = claim,
        .read = read_daemon,
};
