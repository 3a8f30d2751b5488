/* SPDX-License-Identifier: Apache-2.0 */
/* Private to engine/: what an engine's JSON answers say.
 *
 * Each reads one body. What lasts is copied into `arena`; `scratch` is used up and may be cleared
 * afterwards. -EINVAL: not the answer that was asked for, err says where; -ENOMEM. */
#pragma once

#include "base/error.h"
#include "model/model.h"

/* GET /version and the error of a request ({"message": …}). Strings live in `arena`; NULL: not
 * told. */
struct cf_version_answer {
        const char *api, *min_api;
};
int cf_answer_version(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                      struct cf_version_answer *ret_version, struct cf_error *err);
const char *cf_answer_message(struct cf_arena *scratch, struct cf_span body);

/* GET /info → version, kernel, seccomp, default_profile of an engine; *ret_root is the folder of
 * its data (NULL: not told). */
int cf_answer_info(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                   struct cf_engine *engine, const char **ret_root, struct cf_error *err);

/* GET /containers/json → ids, names and states. */
struct cf_listed {
        const char *id;
        const char *state;        /* "running", "exited", …; NULL: not told */
        const char *const *names; /* without the leading slash */
        size_t name_count;
};
int cf_answer_list(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                   struct cf_listed **ret_listed, size_t *ret_count, struct cf_error *err);

/* GET /containers/ID/json. `id` is the one that was asked for. */
struct cf_inspected {
        struct cf_container container;
        struct cf_setting *settings;
        size_t setting_count;
};
int cf_answer_inspect(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                      const char *id, struct cf_inspected *ret_inspected, struct cf_error *err);

/* The same from what Docker keeps of a container on disk: config.v2.json and hostconfig.json.
 * `state` is the list's word for it. -ESTALE: it runs, so ask the engine. */
int cf_answer_stored(struct cf_arena *arena, struct cf_arena *scratch,
                     const struct cf_source *config, const struct cf_source *host_config,
                     const char *id, const char *state, struct cf_inspected *ret_inspected,
                     struct cf_error *err);
