/* SPDX-License-Identifier: Apache-2.0 */
/* Container engines over their HTTP API (Docker Engine API from 1.24 up; Podman's compatible
 * one), through libcurl: unix sockets and tcp with TLS.
 *
 * An engine's answers are hostile input: sizes, nesting and counts are bounded, and an engine
 * that stops in the middle is an error for what it did not answer, not for the rest. */
#pragma once

#include "base/error.h"
#include "model/model.h"

/* ---- which engine --------------------------------------------------------------------------- */

struct cf_engine_host {
        const char *url;    /* "unix:///var/run/docker.sock", "tcp://host:2376" */
        const char *origin; /* where that comes from: "--host", "DOCKER_HOST", "context 'x'", … */
        const char *name;   /* "Docker" or "Podman", guessed from the URL, for messages */
        bool tls;           /* tcp: speak TLS … */
        bool tls_verify;    /* … and check who answers */
        const char *ca, *cert, *key; /* files for TLS; NULL: none */
};

#define CF_ENGINE_HOSTS_MAX 64

/* The host that a --host option names. TLS as the environment asks for (DOCKER_TLS_VERIFY,
 * DOCKER_TLS, DOCKER_CERT_PATH, else ~/.docker). -EINVAL: no such kind of URL; -ENOTSUP: ssh and
 * npipe; the message says what to do instead. */
int cf_engine_host_of(struct cf_arena *arena, const char *url, struct cf_engine_host *ret_host,
                      struct cf_error *err);

/* The hosts to ask when none is named: DOCKER_HOST alone when it is set; else the host of the
 * current context (DOCKER_CONTEXT, else currentContext of the client's config.json), then each of
 * the usual sockets of Docker and Podman, rootful and the user's own, that exists. The same
 * socket comes once. None is no error: *ret_count is 0. A broken context is reported through
 * `trouble`, and the others are given. -EINVAL, -ENOTSUP: DOCKER_HOST as above; -ENOMEM. */
int cf_engine_hosts(struct cf_arena *arena, struct cf_engine_host **ret_hosts, size_t *ret_count,
                    void (*trouble)(const struct cf_error *err, void *context), void *context,
                    struct cf_error *err);

/* ---- asking --------------------------------------------------------------------------------- */

#define CF_ENGINE_TIMEOUT_MS 30000u
#define CF_ENGINE_CONTAINERS_MAX ((size_t)100000) /* containers of one engine */
#define CF_ENGINE_COMMAND_MAX ((size_t)4096)      /* bytes kept of a container's command */

struct cf_engine_options {
        unsigned timeout_ms; /* for each request; 0: CF_ENGINE_TIMEOUT_MS */
        /* Names, ids or beginnings of ids: inspect these containers only. NULL: all. */
        const char *const *only;
        size_t only_count;
};

struct cf_engine_answer {
        struct cf_engine engine;
        bool info_known; /* false: the engine did not tell about itself; seccomp is then true and
                          * default_profile NULL */
        struct cf_container *containers; /* newest first, as `docker ps` */
        struct cf_setting **settings;    /* for each container: its seccomp options, privileged */
        size_t *setting_counts;
        size_t count;
        size_t failed; /* containers that could not be inspected (gone meanwhile are left out) */
        bool *found;   /* for each of options->only: some container is meant by it */
};

/* Asks one engine for everything. Processes of containers are not filled in (see process/).
 * -ENOENT: no such socket; -EACCES; -ECONNREFUSED; -EPROTO: it speaks something else;
 * -ETIMEDOUT; -EMSGSIZE: it answers without end; -ENOMEM. `trouble` is called for each container
 * that failed, and once when the engine stops answering in the middle. */
int cf_engine_ask(struct cf_arena *arena, const struct cf_engine_host *host,
                  const struct cf_engine_options *options, struct cf_engine_answer *ret_answer,
                  void (*trouble)(const struct cf_error *err, void *context), void *context,
                  struct cf_error *err);

/* ---- a container made again -------------------------------------------------------------------
 *
 * From what an engine says of a container (GET /containers/ID/json) one like it is made under
 * another name. It differs in what two cannot have at once, or what would make it more than a copy:
 * its published ports, addresses and network aliases, restart policy, the labels by which Compose
 * knows its own; anonymous volumes are new ones. */

struct cf_engine_copy {
        const char *profile; /* JSON of the seccomp profile */
        const char *label;   /* "NAME=VALUE", added to its labels */
        bool unprivileged;   /* --privileged is spelled out: an engine gives such a container no
                              * filter   (Docker before 27) */
};

struct cf_engine_copied {
        const char *id, *name; /* of the container that it is made from */
        bool running;
        size_t ports;              /* published, left out */
        size_t volumes;            /* anonymous, new ones */
        const char *const *shared; /* places in it that are writable and the same as the other's */
        size_t shared_count;
        const char *const *networks; /* to connect it to besides the first */
        size_t network_count;
};

/* Adds the body of POST /containers/create. `inspected`: the engine's answer. Strings live in
 * `arena`; id, name and networks are fit for the path of a request. -EINVAL: not such an answer;
 * -ENOMEM. Nothing is added on failure. */
int cf_engine_copy(struct cf_arena *arena, struct cf_span inspected,
                   const struct cf_engine_copy *wanted, struct cf_text *body,
                   struct cf_engine_copied *ret_copied, struct cf_error *err);

#define CF_ENGINE_ANSWER_MAX ((size_t)8 << 20) /* bytes of one answer */

/* One request. `path` begins behind the API's version: "/containers/ID/start". `method` NULL: GET.
 * *ret_answer lives in the arena, NUL-ended. 0 and the status, whatever it is; negative as
 * cf_engine_ask. */
int cf_engine_talk(struct cf_arena *arena, const struct cf_engine_host *host,
                   const struct cf_engine *engine, unsigned timeout_ms, const char *method,
                   const char *path, struct cf_span body, long *ret_status,
                   struct cf_span *ret_answer, struct cf_error *err);

/* What an engine's refusal says: its "message"; "" when it says nothing. */
const char *cf_engine_message(struct cf_arena *arena, struct cf_span answer);
