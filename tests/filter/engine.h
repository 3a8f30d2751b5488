/* SPDX-License-Identifier: Apache-2.0 */
/* Filters as engines load them: a profile's JSON handed to libseccomp, rule by rule, in the way of
 * runc. Only for tests and benches: it knows the default capabilities and these machines only. */
#pragma once

#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "base/source.h"
#include "base/vec.h"
#include "filter/filter.h"

/* Docker's default capabilities. */
static bool engine_has_capability(const char *name)
{
        static const char *const granted[] = {
                "CAP_AUDIT_WRITE", "CAP_CHOWN",     "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                "CAP_FSETID",      "CAP_KILL",      "CAP_MKNOD",        "CAP_NET_BIND_SERVICE",
                "CAP_NET_RAW",     "CAP_SETFCAP",   "CAP_SETGID",       "CAP_SETPCAP",
                "CAP_SETUID",      "CAP_SYS_CHROOT"};
        for (size_t i = 0; i < CF_COUNT(granted); i++)
                if (strcmp(granted[i], name) == 0)
                        return true;
        return false;
}

static bool engine_rule_applies(const struct cf_json *rule)
{
        const struct cf_json *excludes = cf_json_get(rule, "excludes");
        const struct cf_json *includes = cf_json_get(rule, "includes");
        const struct cf_json *list = cf_json_get(excludes, "caps"), *item;
        for (item = list ? list->first : NULL; item; item = item->next)
                if (engine_has_capability(cf_json_string(item)))
                        return false;
        list = cf_json_get(excludes, "arches");
        for (item = list ? list->first : NULL; item; item = item->next)
                if (strcmp(cf_json_string(item), "amd64") == 0)
                        return false;
        list = cf_json_get(includes, "caps");
        for (item = list ? list->first : NULL; item; item = item->next)
                if (!engine_has_capability(cf_json_string(item)))
                        return false;
        list = cf_json_get(includes, "arches");
        bool found = !list || !list->count;
        for (item = list ? list->first : NULL; item; item = item->next)
                found |= strcmp(cf_json_string(item), "amd64") == 0;
        return found; /* minKernel: these machines are newer than all that is asked */
}

static uint32_t engine_action(const struct cf_json *object, const char *action_key,
                              const char *errno_key)
{
        const char *name = cf_json_string(cf_json_get(object, action_key));
        uint64_t number = 1;
        cf_json_uint(cf_json_get(object, errno_key), &number);
        return strcmp(name, "SCMP_ACT_ALLOW") == 0 ? SCMP_ACT_ALLOW
                                                   : SCMP_ACT_ERRNO((uint16_t)number);
}

struct engine_rule {
        const char *name;
        uint32_t action;
        struct scmp_arg_cmp args[6];
        unsigned count;
};

struct engine_profile {
        uint32_t default_action;
        CF_VEC(struct engine_rule) rules;
};

static enum scmp_compare engine_operator(const char *name)
{
        static const char *const names[] = {"",
                                            "SCMP_CMP_NE",
                                            "SCMP_CMP_LT",
                                            "SCMP_CMP_LE",
                                            "SCMP_CMP_EQ",
                                            "SCMP_CMP_GE",
                                            "SCMP_CMP_GT",
                                            "SCMP_CMP_MASKED_EQ"};
        unsigned i = 1;
        while (i < CF_COUNT(names) - 1 && strcmp(names[i], name) != 0)
                i++;
        return (enum scmp_compare)i;
}

static struct engine_profile engine_profile_read(struct cf_arena *arena, const char *path)
{
        struct engine_profile profile = {0};
        struct cf_files *files = cf_files_new();
        struct cf_source *source;
        struct cf_json *json;
        if (cf_files_read(files, arena, path, &source, NULL) < 0 ||
            cf_json_parse(arena, source, &json, NULL) < 0)
                abort();
        cf_files_free(files);
        profile.default_action = engine_action(json, "defaultAction", "defaultErrnoRet");
        for (struct cf_json *entry = cf_json_get(json, "syscalls")->first; entry;
             entry = entry->next) {
                if (!engine_rule_applies(entry))
                        continue;
                struct engine_rule rule = {.action = engine_action(entry, "action", "errnoRet")};
                const struct cf_json *args = cf_json_get(entry, "args");
                for (const struct cf_json *arg = args ? args->first : NULL; arg; arg = arg->next) {
                        uint64_t index = 0, value = 0, second = 0;
                        cf_json_uint(cf_json_get(arg, "index"), &index);
                        cf_json_uint(cf_json_get(arg, "value"), &value);
                        cf_json_uint(cf_json_get(arg, "valueTwo"), &second);
                        rule.args[rule.count++] = (struct scmp_arg_cmp){
                                (unsigned)index,
                                engine_operator(cf_json_string(cf_json_get(arg, "op"))), value,
                                second};
                }
                for (const struct cf_json *name = cf_json_get(entry, "names")->first; name;
                     name = name->next) {
                        rule.name = cf_json_string(name);
                        if (cf_vec_push(arena, &profile.rules, rule) < 0)
                                abort();
                }
        }
        return profile;
}

/* The program that libseccomp makes for x86_64, x32 and i386: as crun loads it, or, with `tree`, as
 * runc does. */
static struct cf_filter engine_filter(struct cf_arena *arena, const struct engine_profile *profile,
                                      bool tree)
{
        struct cf_filter filter;
        scmp_filter_ctx context = seccomp_init(profile->default_action);
        if (!context || seccomp_arch_add(context, SCMP_ARCH_X86) < 0 ||
            seccomp_arch_add(context, SCMP_ARCH_X32) < 0)
                abort();
        if (tree && seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
                abort();
        for (size_t i = 0; i < profile->rules.count; i++) {
                const struct engine_rule *rule = &profile->rules.items[i];
                int number = seccomp_syscall_resolve_name(rule->name);
                if (number != __NR_SCMP_ERROR && rule->action != profile->default_action)
                        seccomp_rule_add_array(context, rule->action, number, rule->count,
                                               rule->args);
        }
        int fd = memfd_create("filter", MFD_CLOEXEC);
        if (fd < 0 || seccomp_export_bpf(context, fd) < 0)
                abort();
        seccomp_release(context);
        off_t size = lseek(fd, 0, SEEK_END);
        char *bytes = cf_arena_alloc(arena, (size_t)size);
        if (!bytes || pread(fd, bytes, (size_t)size, 0) != size ||
            cf_filter_from_bytes(arena, (struct cf_span){bytes, (size_t)size}, &filter, NULL) < 0)
                abort();
        close(fd);
        return filter;
}
