/* SPDX-License-Identifier: Apache-2.0 */
/* Container engines over their HTTP API (Docker Engine API from 1.24 up; Podman's compatible
 * one), through libcurl: unix sockets and tcp with TLS.
 *
 * An engine's answers are hostile input: sizes, nesting and counts are bounded, and an engine
 * that stops in the middle is an error for what it did not answer, not for the rest. */
#pragma once

#include "base/error.h"
#include "model/model.h"

struct cf_engine_options {
        const char *host; /* "unix:///…", "tcp://…:…", "npipe" is refused; NULL: DOCKER_HOST,
                           * the current Docker context, then the usual sockets */
        bool tls_verify;  /* DOCKER_TLS_VERIFY */
        const char *cert_dir; /* DOCKER_CERT_PATH; NULL: ~/.docker */
        unsigned timeout_ms;  /* for each request; 0: 30,000 */
};

struct cf_engine_answer {
        struct cf_engine engine;
        struct cf_container *containers; /* by creation time, newest first, as `docker ps` */
        struct cf_setting **settings;    /* for each container: its SecurityOpt and privileged */
        size_t *setting_counts;
        size_t count;
        size_t failed; /* containers that could not be inspected (gone meanwhile are left out) */
};

/* What hosts would be asked without `options->host`: those that exist, best first. */
int cf_engine_hosts(struct cf_arena *arena, const char ***ret_hosts, size_t *ret_count);

/* Asks one engine for everything. Processes of containers are not filled in (see process/).
 * -ENOENT: no such socket; -EACCES; -ECONNREFUSED; -EPROTO: it speaks something else;
 * -ETIMEDOUT; -ENOMEM. `trouble` is called for each container that failed. */
int cf_engine_ask(struct cf_arena *arena, const struct cf_engine_options *options,
                  struct cf_engine_answer *ret_answer,
                  void (*trouble)(const struct cf_error *err, void *context), void *context,
                  struct cf_error *err);
