/* SPDX-License-Identifier: Apache-2.0 */
/* The engines that a command asks: its options --host and --timeout. Private to cli/. */
#pragma once

#include "cli/command.h"
#include "engine/engine.h"

/* Rows of a table of options: engines to ask. */
#define CF_ENGINES_OPTIONS                                                                      \
        {"host",                                                                                \
         0,                                                                                     \
         "URL",                                                                                 \
         "ask this engine for containers (unix://PATH, tcp://HOST:PORT); may be given several " \
         "times",                                                                               \
         0,                                                                                     \
         NULL},                                                                                 \
        {                                                                                       \
                "timeout", 0, "SECONDS",                                                        \
                        "wait this long for each answer of an engine (default: 30)", 0, NULL    \
        }

/* The hosts of --host, or the usual ones, in the invocation's arena; `trouble` as cf_engine_hosts.
 */
int cf_hosts_choose(const struct cf_invocation *invocation,
                    void (*trouble)(const struct cf_error *err, void *context), void *context,
                    struct cf_engine_host **ret_hosts, size_t *ret_count, struct cf_error *err);

/* Milliseconds of --timeout; 0: not given. */
int cf_timeout_read(const struct cf_invocation *invocation, unsigned *ret_ms, struct cf_error *err);
