/* SPDX-License-Identifier: Apache-2.0 */
/* Private to engine/: requests to one engine over a few connections that stay open. */
#pragma once

#include "base/text.h"
#include "engine/engine.h"

#define CF_HTTP_CONNECTIONS 6
#define CF_HTTP_HEADERS_MAX ((size_t)64 << 10) /* bytes of headers of one answer */
#define CF_HTTP_PATH_MAX 512

struct cf_http_answer {
        long status;                              /* 200, 404, … */
        struct cf_span body;                      /* NUL-ended; lives until the callback returns */
        char api_version[32], libpod_version[32]; /* headers; "" when not there */
};

/* `count` requests that are made several at once. */
struct cf_http_batch {
        const char *method;  /* NULL: "GET" */
        struct cf_span body; /* what is sent: JSON */
        size_t count;
        size_t max; /* bytes of one body; larger is -EMSGSIZE */
        /* Writes the path of request i. */
        void (*path)(void *context, size_t i, char path[CF_HTTP_PATH_MAX]);
        /* Takes a whole answer, in the order in which they come. Negative stops everything. */
        int (*take)(void *context, size_t i, const struct cf_http_answer *answer);
        void *context;
};

struct cf_http;
int cf_http_open(const struct cf_engine_host *host, unsigned timeout_ms, struct cf_http **ret_http,
                 struct cf_error *err);
struct cf_http *cf_http_close(struct cf_http *http);

/* Makes the requests. When one gets no whole answer no further ones are begun, those under way
 * are finished, and the first failure is returned with a message that says what was asked (unless
 * there was no connection at all) and what to do. */
int cf_http_run(struct cf_http *http, const struct cf_http_batch *batch, struct cf_error *err);

static inline void cf_http_closep(struct cf_http **http)
{
        *http = cf_http_close(*http);
}
#define CF_HTTP CF_CLEANUP(cf_http_closep)
