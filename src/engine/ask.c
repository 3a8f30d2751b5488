/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with one engine: which version, about itself, the list, then each container. */
#include <sys/utsname.h>

#include "engine/answer.h"
#include "engine/http.h"
#include "engine/store.h"

#define PING_MAX ((size_t)64 << 10) /* bytes of an answer's body */
#define VERSION_MAX ((size_t)1 << 20)
#define LIST_MAX ((size_t)32 << 20)
#define INSPECT_MAX ((size_t)8 << 20)
#define SCRATCH_MAX ((size_t)256 << 20) /* bytes for one parsed answer */

/* Versions of Docker's API: what is read here has been the same in all of them. */
#define API_OLDEST ((struct version){1, 24})
#define API_NEWEST ((struct version){1, 51})

struct version {
        unsigned major, minor;
};

typedef void trouble_function(const struct cf_error *err, void *context);

struct ask {
        struct cf_arena *arena;
        struct cf_arena *scratch;
        const struct cf_engine_host *host;
        const struct cf_engine_options *options;
        struct cf_http *http;
        trouble_function *trouble;
        void *context;
        struct version api;
        struct cf_engine_answer answer;
        struct cf_listed *listed;
        size_t listed_count;
        const char *root;               /* the folder of the engine's data; NULL: not told */
        struct cf_inspected *inspected; /* of each listed one; container.id NULL: none */
        size_t *wanted;                 /* those that the engine is asked for */
        size_t wanted_count;
        size_t answered; /* of these */
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory for an engine's answer");
}

/* The message of an answer that is no success. */
static int refused(struct ask *ask, const struct cf_http_answer *answer, struct cf_error *err)
{
        const char *told = cf_answer_message(ask->scratch, answer->body);
        bool forbidden = answer->status == 401 || answer->status == 403;
        return cf_error_set(err, forbidden ? -EACCES : -EREMOTEIO, NULL,
                            "it refused with status %ld%s%s; %s", answer->status, told ? ": " : "",
                            told ? told : "",
                            forbidden ? "a proxy in front of the engine must allow GET /_ping, "
                                        "/info and /containers"
                            : answer->status >= 500 ? "look at the engine's log, then try again"
                                                    : "is this the engine's API socket?");
}

/* What was answered cannot be used. */
static int unusable(int r, struct cf_error *err)
{
        if (r == -ENOMEM)
                return cf_error_set(err, r, NULL,
                                    "its answer needs more memory than there is (or than the %zu "
                                    "MiB that one may need); is this the engine's API socket?",
                                    SCRATCH_MAX >> 20);
        if (r < 0)
                cf_error_doing(err, r, NULL,
                               "its answer is not an engine's (is this the engine's API socket?)");
        return r;
}

/* ---- requests ----------------------------------------------------------------------------------
 */

/* One request of a few that are made at once. */
struct question {
        char path[CF_HTTP_PATH_MAX];
        int (*take)(struct ask *ask, const struct cf_http_answer *answer, struct cf_error *err);
        int result; /* of take */
        struct cf_error err;
};

struct questions {
        struct ask *ask;
        struct question *items;
};

static void question_path(void *context, size_t i, char path[CF_HTTP_PATH_MAX])
{
        const struct questions *questions = context;
        memcpy(path, questions->items[i].path, CF_HTTP_PATH_MAX);
}

static int take_question(void *context, size_t i, const struct cf_http_answer *answer)
{
        struct questions *questions = context;
        struct question *question = &questions->items[i];
        cf_arena_clear(questions->ask->scratch);
        question->result = question->take(questions->ask, answer, &question->err);
        if (question->result < 0)
                cf_error_doing(&question->err, question->result, NULL, "GET %s", question->path);
        return 0;
}

/* Negative, with err: no whole answer to some question. What answers say is in the questions. */
static int put_questions(struct ask *ask, struct question *items, size_t count, size_t max,
                         struct cf_error *err)
{
        struct questions questions = {.ask = ask, .items = items};
        struct cf_http_batch batch = {.count = count,
                                      .max = max,
                                      .path = question_path,
                                      .take = take_question,
                                      .context = &questions};
        return cf_http_run(ask->http, &batch, err);
}

static int put_question(struct ask *ask, const char *path, size_t max,
                        int (*take)(struct ask *ask, const struct cf_http_answer *answer,
                                    struct cf_error *err),
                        struct cf_error *err)
{
        struct question question = {.take = take};
        snprintf(question.path, sizeof(question.path), "%s", path);
        int r = put_questions(ask, &question, 1, max, err);
        if (r == 0 && question.result < 0) {
                r = question.result;
                if (err)
                        cf_error_copy(err, &question.err);
        }
        return r;
}

/* ---- which version ------------------------------------------------------------------------------
 */

static bool read_version(const char *text, struct version *ret_version)
{
        unsigned major = 0, minor = 0;
        size_t i = 0, digits = 0;
        for (; text && text[i] >= '0' && text[i] <= '9' && major < 1000; i++, digits++)
                major = major * 10 + (unsigned)(text[i] - '0');
        if (!digits || text[i++] != '.')
                return false;
        for (digits = 0; text[i] >= '0' && text[i] <= '9' && minor < 10000; i++, digits++)
                minor = minor * 10 + (unsigned)(text[i] - '0');
        if (!digits || text[i])
                return false;
        *ret_version = (struct version){major, minor};
        return true;
}

static bool is_less(struct version a, struct version b)
{
        return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

/* The newest version that both sides know; an engine that has left ours behind gets the oldest
 * that it still speaks, since what is read here does not change. */
static int choose_version(struct ask *ask, const char *newest, const char *oldest,
                          struct cf_error *err)
{
        struct version max, min;
        if (!read_version(newest, &max))
                return cf_error_set(err, -EPROTO, NULL,
                                    "what answers is no container engine: it names no API "
                                    "version; is this the engine's API socket?");
        if (is_less(max, API_OLDEST))
                return cf_error_set(err, -EPROTONOSUPPORT, NULL,
                                    "its API version %u.%u is older than %u.%u (Docker 1.12), "
                                    "the oldest that is understood; update the engine",
                                    max.major, max.minor, API_OLDEST.major, API_OLDEST.minor);
        ask->api = is_less(API_NEWEST, max) ? API_NEWEST : max;
        if (read_version(oldest, &min) && is_less(ask->api, min))
                ask->api = min;
        const char *text = cf_arena_printf(ask->arena, "%u.%u", ask->api.major, ask->api.minor);
        if (!text)
                return no_memory(err);
        ask->answer.engine.api_version = text;
        return 0;
}

static int take_version(struct ask *ask, const struct cf_http_answer *answer, struct cf_error *err)
{
        struct cf_version_answer version = {0};
        if (answer->status != 200)
                return refused(ask, answer, err);
        int r = cf_answer_version(ask->arena, ask->scratch, answer->body, &version, err);
        return r < 0 ? unusable(r, err) : choose_version(ask, version.api, version.min_api, err);
}

static int take_ping(struct ask *ask, const struct cf_http_answer *answer, struct cf_error *err)
{
        struct version max;
        struct cf_engine *engine = &ask->answer.engine;
        if (answer->libpod_version[0]) {
                engine->name = "Podman";
                engine->version = cf_arena_string(ask->arena, answer->libpod_version);
                if (!engine->version)
                        return no_memory(err);
        }
        /* Proxies in front of a socket may refuse it, old engines do not name a version here. */
        if (!read_version(answer->api_version, &max))
                return 0;
        return choose_version(ask, answer->api_version, NULL, err);
}

static int negotiate(struct ask *ask, struct cf_error *err)
{
        int r = put_question(ask, "/_ping", PING_MAX, take_ping, err);
        if (r < 0)
                return r;
        /* The oldest that is spoken is told by /version alone, and matters to future engines. */
        if (!ask->api.major || !is_less(ask->api, API_NEWEST))
                r = put_question(ask, "/version", VERSION_MAX, take_version, err);
        return r;
}

/* ---- about itself, and the list
 * ------------------------------------------------------------------- */

static int take_info(struct ask *ask, const struct cf_http_answer *answer, struct cf_error *err)
{
        if (answer->status != 200)
                return refused(ask, answer, err);
        int r = cf_answer_info(ask->arena, ask->scratch, answer->body, &ask->answer.engine,
                               &ask->root, err);
        if (r == 0)
                ask->answer.info_known = true;
        return unusable(r, err);
}

static int take_list(struct ask *ask, const struct cf_http_answer *answer, struct cf_error *err)
{
        if (answer->status != 200)
                return refused(ask, answer, err);
        return unusable(cf_answer_list(ask->arena, ask->scratch, answer->body, &ask->listed,
                                       &ask->listed_count, err),
                        err);
}

/* An engine may be a virtual machine's (Docker Desktop, Podman machine) though its socket is here;
 * its kernel tells. */
static bool is_local(const struct cf_engine_host *host, const struct cf_engine *engine)
{
        struct utsname system;
        return strncmp(host->url, "unix://", 7) == 0 &&
               (!engine->kernel ||
                (uname(&system) == 0 && strcmp(system.release, engine->kernel) == 0));
}

/* Whether `wanted` is a name of the container or the beginning of its id. */
static bool is_meant(const struct cf_listed *listed, const char *wanted)
{
        if (*wanted && strncmp(listed->id, wanted, strlen(wanted)) == 0)
                return true;
        for (size_t i = 0; i < listed->name_count; i++) {
                if (strcmp(listed->names[i], *wanted == '/' ? wanted + 1 : wanted) == 0)
                        return true;
        }
        return false;
}

static int select_containers(struct ask *ask, struct cf_error *err)
{
        const struct cf_engine_options *options = ask->options;
        if (!options->only)
                return 0;
        ask->answer.found = cf_arena_many(ask->arena, options->only_count, bool);
        if (!ask->answer.found)
                return no_memory(err);
        size_t count = 0;
        for (size_t i = 0; i < ask->listed_count; i++) {
                bool meant = false;
                for (size_t j = 0; j < options->only_count; j++) {
                        if (!is_meant(&ask->listed[i], options->only[j]))
                                continue;
                        ask->answer.found[j] = true;
                        meant = true;
                }
                if (meant)
                        ask->listed[count++] = ask->listed[i];
        }
        ask->listed_count = count;
        return 0;
}

/* ---- each container
 * --------------------------------------------------------------------------------- */

/* Takes from the engine's own files what they tell; the others are wanted from the engine. */
static int read_store(struct ask *ask, struct cf_error *err)
{
        bool here = ask->answer.engine.local && strcmp(ask->answer.engine.name, "Docker") == 0;
        CF_CLOSE int store = here ? cf_store_open(ask->root) : -1;
        ask->inspected = cf_arena_many(ask->arena, ask->listed_count, struct cf_inspected);
        ask->wanted = cf_arena_many(ask->arena, ask->listed_count, size_t);
        if (!ask->inspected || !ask->wanted)
                return no_memory(err);
        for (size_t i = 0; i < ask->listed_count; i++) {
                cf_arena_clear(ask->scratch);
                if (store < 0 || cf_store_read(ask->arena, ask->scratch, store, &ask->listed[i],
                                               &ask->inspected[i]) < 0)
                        ask->wanted[ask->wanted_count++] = i;
        }
        return 0;
}

static void inspect_path(void *context, size_t i, char path[CF_HTTP_PATH_MAX])
{
        const struct ask *ask = context;
        snprintf(path, CF_HTTP_PATH_MAX, "/v%u.%u/containers/%s/json", ask->api.major,
                 ask->api.minor, ask->listed[ask->wanted[i]].id);
}

static int take_inspect(void *context, size_t i, const struct cf_http_answer *answer)
{
        struct ask *ask = context;
        struct cf_error err = {0};
        const struct cf_listed *listed = &ask->listed[ask->wanted[i]];
        ask->answered++;
        if (answer->status == 404) /* removed since it was listed */
                return 0;
        cf_arena_clear(ask->scratch);
        int r = answer->status == 200
                        ? unusable(cf_answer_inspect(ask->arena, ask->scratch, answer->body,
                                                     listed->id, &ask->inspected[ask->wanted[i]],
                                                     &err),
                                   &err)
                        : refused(ask, answer, &err);
        if (r < 0) {
                cf_error_doing(&err, r, NULL, "cannot use what %s at %s says of container '%s'",
                               ask->answer.engine.name, ask->host->url,
                               listed->name_count ? listed->names[0] : listed->id);
                ask->trouble(&err, ask->context);
                ask->answer.failed++;
        }
        return r == -ENOMEM ? r : 0;
}

static void inspect_wanted(struct ask *ask)
{
        struct cf_http_batch batch = {.count = ask->wanted_count,
                                      .max = INSPECT_MAX,
                                      .path = inspect_path,
                                      .take = take_inspect,
                                      .context = ask};
        struct cf_error broken = {0};
        int r = cf_http_run(ask->http, &batch, &broken);
        if (r < 0) { /* what was answered is kept */
                cf_error_doing(&broken, r, NULL, "%s at %s answered for %zu of %zu containers",
                               ask->answer.engine.name, ask->host->url, ask->answered,
                               ask->wanted_count);
                ask->trouble(&broken, ask->context);
                ask->answer.failed += ask->wanted_count - ask->answered;
        }
}

static int gather(struct ask *ask, struct cf_error *err)
{
        struct cf_engine_answer *answer = &ask->answer;
        answer->containers = cf_arena_many(ask->arena, ask->listed_count, struct cf_container);
        answer->settings = cf_arena_many(ask->arena, ask->listed_count, struct cf_setting *);
        answer->setting_counts = cf_arena_many(ask->arena, ask->listed_count, size_t);
        if (!answer->containers || !answer->settings || !answer->setting_counts)
                return no_memory(err);
        for (size_t i = 0; i < ask->listed_count; i++) {
                const struct cf_inspected *inspected = &ask->inspected[i];
                if (!inspected->container.id)
                        continue;
                answer->containers[answer->count] = inspected->container;
                answer->settings[answer->count] = inspected->settings;
                answer->setting_counts[answer->count] = inspected->setting_count;
                answer->count++;
        }
        return 0;
}

/* The list is needed, the rest of what the engine says is not: containers can be judged without. */
static int learn(struct ask *ask, struct cf_error *err)
{
        struct question questions[] = {{.take = take_info}, {.take = take_list}};
        snprintf(questions[0].path, CF_HTTP_PATH_MAX, "/v%u.%u/info", ask->api.major,
                 ask->api.minor);
        snprintf(questions[1].path, CF_HTTP_PATH_MAX, "/v%u.%u/containers/json?all=1",
                 ask->api.major, ask->api.minor);
        int r = put_questions(ask, questions, CF_COUNT(questions), LIST_MAX, err);
        if (r < 0)
                return r;
        if (questions[1].result < 0) {
                if (err)
                        cf_error_copy(err, &questions[1].err);
                return questions[1].result;
        }
        if (questions[0].result < 0) {
                cf_error_doing(&questions[0].err, questions[0].result, NULL,
                               "%s at %s tells nothing about itself", ask->answer.engine.name,
                               ask->host->url);
                ask->trouble(&questions[0].err, ask->context);
        }
        ask->answer.engine.local = is_local(ask->host, &ask->answer.engine);
        return 0;
}

static int converse(struct ask *ask, struct cf_error *err)
{
        int r = negotiate(ask, err);
        if (r == 0)
                r = learn(ask, err);
        if (r == 0)
                r = select_containers(ask, err);
        if (r == 0)
                r = read_store(ask, err);
        if (r < 0)
                return r;
        inspect_wanted(ask);
        return gather(ask, err);
}

int cf_engine_ask(struct cf_arena *arena, const struct cf_engine_host *host,
                  const struct cf_engine_options *options, struct cf_engine_answer *ret_answer,
                  trouble_function *trouble, void *context, struct cf_error *err)
{
        CF_HTTP struct cf_http *http = NULL;
        CF_ARENA struct cf_arena *scratch = cf_arena_new(SCRATCH_MAX);
        struct ask ask = {.arena = arena,
                          .scratch = scratch,
                          .host = host,
                          .options = options,
                          .trouble = trouble,
                          .context = context,
                          .answer.engine = {.name = "Docker", .host = host->url, .seccomp = true}};
        int r = scratch ? cf_http_open(host, options->timeout_ms, &http, err) : no_memory(err);
        ask.http = http;
        if (r == 0)
                r = converse(&ask, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "cannot ask %s at %s", host->name, host->url);
        *ret_answer = ask.answer;
        return 0;
}
