/* SPDX-License-Identifier: Apache-2.0 */
/* Single requests. */
#include "engine/answer.h"
#include "engine/http.h"

struct talk {
        struct cf_arena *arena;
        const char *version, *path;
        long status;
        struct cf_span answer;
};

static void put_path(void *context, size_t i, char path[CF_HTTP_PATH_MAX])
{
        const struct talk *talk = context;
        (void)i;
        snprintf(path, CF_HTTP_PATH_MAX, "/v%s%s", talk->version, talk->path);
}

static int take(void *context, size_t i, const struct cf_http_answer *answer)
{
        struct talk *talk = context;
        const char *copy = cf_arena_copy(talk->arena, answer->body);
        (void)i;
        talk->status = answer->status;
        talk->answer = (struct cf_span){copy, answer->body.size};
        return copy ? 0 : -ENOMEM;
}

int cf_engine_talk(struct cf_arena *arena, const struct cf_engine_host *host,
                   const struct cf_engine *engine, unsigned timeout_ms, const char *method,
                   const char *path, struct cf_span body, long *ret_status,
                   struct cf_span *ret_answer, struct cf_error *err)
{
        CF_HTTP struct cf_http *http = NULL;
        struct talk talk = {.arena = arena, .version = engine->api_version, .path = path};
        struct cf_http_batch batch = {.method = method,
                                      .body = body,
                                      .count = 1,
                                      .max = CF_ENGINE_ANSWER_MAX,
                                      .path = put_path,
                                      .take = take,
                                      .context = &talk};
        if (!engine->api_version || strlen(path) + 32 > CF_HTTP_PATH_MAX)
                return cf_error_set(err, -EINVAL, NULL, "%s: no path of a request", path);
        int r = cf_http_open(host, timeout_ms, &http, err);
        if (r == 0)
                r = cf_http_run(http, &batch, err);
        if (r == -ENOMEM)
                cf_error_set(err, r, NULL, "not enough memory for an engine's answer");
        if (r < 0)
                return cf_error_doing(err, r, NULL, "cannot ask %s at %s", host->name, host->url);
        *ret_status = talk.status;
        *ret_answer = talk.answer;
        return 0;
}

const char *cf_engine_message(struct cf_arena *arena, struct cf_span answer)
{
        const char *message = cf_answer_message(arena, answer);
        return message ? message : "";
}
