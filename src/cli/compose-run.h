/* SPDX-License-Identifier: Apache-2.0 */
/* One service of a Compose file as something that runs under a profile of ours. Private to cli/.
 *
 * Compose itself reads the files (`config`: override files, extends, include, env files, variables,
 * profiles), so that what runs is what it would run. What it prints is changed and run as a project
 * of its own, with `run SERVICE`:
 *   - of the service's security options every one about seccomp goes, and ours comes; `privileged`
 *     becomes `cap_add: [ALL]`, because engines before 27 put no filter on what is privileged;
 *   - container_name and restart go; networks and volumes with a name of their own get the
 *     project's; external ones stay; ports of other services go, and the service's own when the
 *     user's container of it runs.
 * So nothing of the user's project is touched, and nothing of ours stays: a process that survives
 * this one, however it ends, takes the project down. The changed file is memory of this process. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "base/yaml.h"

#define CF_COMPOSE_CONFIG_MAX ((size_t)16 << 20) /* bytes of what `config` prints */
#define CF_COMPOSE_HEIGHT 64                     /* its deepest nesting */
#define CF_COMPOSE_SERVICES_MAX 1024

/* ---- the configuration
 * -------------------------------------------------------------------------- */

struct cf_service_change {
        const char *project; /* names that begin with it are the project's own */
        const char *service;
        const char *seccomp; /* a path: its new security option */
        bool hide_ports;     /* the service's own ports go, too */
};

/* Writes a configuration (as `config` prints it) as JSON, changed. Nothing is added on failure.
 * -EINVAL: it is none, or has no such service; -E2BIG; -ENOMEM. */
int cf_service_change(struct cf_yaml_file *file, const struct cf_service_change *change,
                      struct cf_text *out, struct cf_error *err);

/* The mapping of a service, or NULL. */
struct cf_yaml *cf_service_mapping(struct cf_yaml_file *file, const char *name);

/* A service and all that it depends on, itself first; in the arena. 0 or -ENOMEM. */
int cf_service_needed(struct cf_arena *arena, struct cf_yaml_file *file, const char *service,
                      const char *const **ret_names, size_t *ret_count);

bool cf_service_is_privileged(struct cf_yaml_file *file, const char *service);
/* The value of its last security option about seccomp, which is the one that counts; NULL: none. */
const char *cf_service_seccomp(struct cf_yaml_file *file, const char *service);

/* Whether it says that the service has no filter: privileged, or unconfined. */
bool cf_service_is_off(struct cf_yaml_file *file, const char *service);

/* A folder or file of the host, or an external volume, that a service writes to: what it shares
 * with everyone who mounts the same. NULL: none. */
const char *cf_service_shared(struct cf_arena *arena, struct cf_yaml_file *file,
                              const char *service);

/* ---- running it
 * --------------------------------------------------------------------------------- */

struct cf_service {
        struct cf_arena *arena;
        const char *const *program; /* "docker compose" or "docker-compose", in words */
        size_t program_words;
        const char *file;   /* the first of the user's files */
        const char *folder; /* the project's, absolute */
        const char *service;
        const char *const *more; /* words in place of the service's command */
        size_t more_count;
        const char *project; /* ours */
        struct cf_yaml_file *config;
        const char *override; /* the file that comes with it; NULL: none */
        bool off;             /* it has no filter, by the user's files */
        bool hide_ports;      /* its ports are taken: its own container runs */
        /* Of one run. */
        int memory;    /* the changed configuration; -1: none */
        int keeper;    /* to the process that takes the project down; -1: none */
        pid_t removal; /* that process */
};

/* Has Compose read the files and looks whether the service can be run beside what runs. `file` is
 * what -f is given; when Compose would find it by itself, the override file that it would find
 * comes with it. `words`: SERVICE [COMMAND…]. -EINVAL, -ENOENT, -EBUSY: a container of the user's
 * shares what it writes to. */
int cf_service_open(struct cf_arena *arena, const char *file, const char *const *words,
                    size_t count, struct cf_service **ret_compose, struct cf_error *err);

/* Adds what to type, or else to write, so that the service, and it alone, gets a profile in its
 * files; NULL: the engine's default. 0 or -ENOMEM. */
int cf_service_say_edit(const struct cf_service *compose, const char *profile, struct cf_text *out);

/* The words that run it under a profile (a path that Compose's program can open) in a container
 * with a label ("KEY=VALUE"), in the arena, ended by NULL; from here on cf_service_end is due. */
int cf_service_begin(struct cf_service *compose, const char *profile, const char *label,
                     char *const **ret_words, struct cf_error *err);

/* Takes down all that was started. 0, or -EIO: something may be left, and err says how to remove
 * it. */
int cf_service_end(struct cf_service *compose, struct cf_error *err);
