/* SPDX-License-Identifier: Apache-2.0 */
/* How an engine reads one security option, byte for byte.
 *
 * Sources: docker/cli cli/command/container/opts.go (parseSecurityOpts), docker/compose
 * pkg/compose/create.go (parseSecurityOpts), Podman pkg/specgenutil/specgen.go and
 * pkg/specgen/generate/security_linux.go, nerdctl pkg/cmd/container/run_security_linux.go. */
#pragma once

#include "base/span.h"
#include "model/model.h"

/* Whose reading counts: they differ in what splits an option and in which words they know. */
enum cf_reader_kind {
        CF_READER_DOCKER,
        CF_READER_COMPOSE, /* knows no `builtin`: takes it as a file name */
        CF_READER_PODMAN,  /* likewise; an empty value is the default */
        CF_READER_NERDCTL, /* splits at '=' alone; ignores keys that it does not know */
};
enum cf_reader_kind cf_reader_kind_of(const struct cf_subject *subject);
/* "Docker", "Compose", "Podman", "nerdctl" */
const char *cf_reader_kind_name(enum cf_reader_kind kind);

enum cf_secopt_kind {
        CF_SECOPT_OTHER,      /* nothing about seccomp */
        CF_SECOPT_UNCONFINED, /* no filter */
        CF_SECOPT_BUILTIN,    /* the engine's default */
        CF_SECOPT_PROFILE,    /* the path of a profile */
        CF_SECOPT_INLINE,     /* the profile's JSON itself */
        CF_SECOPT_NEARLY,     /* nearly a seccomp option, but none: see why */
};

struct cf_secopt {
        enum cf_secopt_kind kind;
        struct cf_span value; /* behind the separator */
        bool near_word;       /* PROFILE: nearly a word that engines know, "Unconfined", "none" */
        bool ignored;         /* NEARLY: the engine ignores it; else it refuses it */
        const char *why;      /* NEARLY: why, constant text */
};

/* Reads an entry such as "seccomp=unconfined" or "seccomp:./p.json". */
struct cf_secopt cf_secopt_read(const char *entry, enum cf_reader_kind reader);

/* Reads the value of a daemon's default profile: "unconfined", "builtin", "", a path. */
struct cf_secopt cf_secopt_read_daemon(const char *value);
