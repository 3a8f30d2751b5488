/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http.h"

#include <strings.h>
#include <sys/un.h>

#include "engine/curl.h"

#define CONNECT_TIMEOUT_MS 10000L
#define BUFFER_SIZE 65536L
#define URL_MAX 1024

struct transfer {
        CURL *easy;
        struct cf_http *http;
        const struct cf_http_batch *batch;
        size_t index;
        bool busy;
        struct cf_text body;
        size_t header_bytes;
        bool too_large;
        bool again; /* the second try of this request */
        struct cf_http_answer answer;
        char path[CF_HTTP_PATH_MAX];
        char message[CURL_ERROR_SIZE];
};

struct cf_http {
        struct cf_engine_host host;
        char base[URL_MAX]; /* "http://localhost", "https://host:2376" */
        char socket[sizeof((struct sockaddr_un){0}.sun_path)]; /* "": tcp */
        long timeout_ms;
        CURLM *multi;
        struct curl_slist *headers; /* of requests that send something */
        struct transfer transfers[CF_HTTP_CONNECTIONS];
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory for a request");
}

/* ---- what comes in --------------------------------------------------------------------------- */

static size_t take_body(char *data, size_t one, size_t count, void *context)
{
        struct transfer *transfer = context;
        size_t size = one * count;
        if (size > transfer->batch->max - transfer->body.size) {
                transfer->too_large = true;
                return 0;
        }
        cf_text_add(&transfer->body, (struct cf_span){data, size});
        return transfer->body.failed ? 0 : size;
}

static void keep_header(struct cf_span line, const char *name, char *value, size_t room)
{
        struct cf_span head = cf_span_part(line, 0, strlen(name));
        if (!cf_span_equal_nocase(head, cf_span_of(name)))
                return;
        struct cf_span text = cf_span_trim(cf_span_part(line, head.size, line.size));
        if (text.size < room) {
                memcpy(value, text.data, text.size);
                value[text.size] = 0;
        }
}

static size_t take_header(char *data, size_t one, size_t count, void *context)
{
        struct transfer *transfer = context;
        size_t size = one * count;
        transfer->header_bytes += size;
        if (transfer->header_bytes > CF_HTTP_HEADERS_MAX) {
                transfer->too_large = true;
                return 0;
        }
        struct cf_span line = {data, size};
        struct cf_http_answer *answer = &transfer->answer;
        keep_header(line, "Api-Version:", answer->api_version, sizeof(answer->api_version));
        keep_header(line, "Libpod-Api-Version:", answer->libpod_version,
                    sizeof(answer->libpod_version));
        return size;
}

/* ---- what went wrong --------------------------------------------------------------------------
 */

/* What to do when the operating system refused the connection. */
static int connect_failure(const struct transfer *transfer, struct cf_error *err)
{
        const struct cf_engine_host *host = &transfer->http->host;
        bool podman = strcmp(host->name, "Podman") == 0;
        long error = 0;
        curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
        int os_error = (int)error;
        switch (os_error) {
        case EACCES:
        case EPERM:
                return cf_error_set(err, -EACCES, NULL, "permission denied; run as root%s",
                                    podman ? "" : " or join the group 'docker'");
        case ENOENT:
                return cf_error_set(err, -ENOENT, NULL,
                                    "there is no such socket; start the engine (%s) or name "
                                    "another with --host",
                                    podman ? "systemctl start podman.socket"
                                           : "systemctl start docker");
        case ECONNREFUSED:
                return cf_error_set(err, -ECONNREFUSED, NULL,
                                    "nothing listens there; start the engine (%s) or name "
                                    "another with --host",
                                    podman ? "systemctl start podman.socket"
                                           : "systemctl start docker");
        default:
                return cf_error_set(err, os_error ? -os_error : -ECONNREFUSED, NULL,
                                    "cannot connect: %s; is the host right and the engine up?",
                                    os_error ? strerror(os_error) : "no connection");
        }
}

/* What curl says of an answer that is none. The first row that fits counts. */
static const struct failure {
        CURLcode from, to;
        int code;
        const char *text;
} failures[] = {
        {CURLE_UNSUPPORTED_PROTOCOL, CURLE_UNSUPPORTED_PROTOCOL, -EPROTO,
         "what answers does not speak HTTP; is this the engine's API socket?"},
        {CURLE_WEIRD_SERVER_REPLY, CURLE_WEIRD_SERVER_REPLY, -EPROTO,
         "what answers does not speak HTTP; is this the engine's API socket?"},
        {CURLE_BAD_CONTENT_ENCODING, CURLE_BAD_CONTENT_ENCODING, -EPROTO,
         "the answer is broken; is this the engine's API socket?"},
        {CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH,
         "the host's name cannot be resolved; is it spelled right?"},
        {CURLE_OPERATION_TIMEDOUT, CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT,
         "no whole answer in time; is the engine overloaded? try --timeout with more seconds"},
        {CURLE_PARTIAL_FILE, CURLE_PARTIAL_FILE, -ECONNRESET,
         "the connection ended in the middle of the answer; look at the engine's log, then try "
         "again"},
        {CURLE_SEND_ERROR, CURLE_RECV_ERROR, -ECONNRESET,
         "the connection broke; look at the engine's log, then try again"},
        {CURLE_OUT_OF_MEMORY, CURLE_OUT_OF_MEMORY, -ENOMEM, "not enough memory"},
        {CURLE_SSL_CERTPROBLEM, CURLE_SSL_CERTPROBLEM, -EACCES,
         "the client certificate cannot be used; check cert.pem and key.pem (DOCKER_CERT_PATH)"},
        {CURLE_PEER_FAILED_VERIFICATION, CURLE_PEER_FAILED_VERIFICATION, -EPROTO,
         "the engine's certificate is not the one expected; check ca.pem (DOCKER_CERT_PATH) and "
         "the host's name"},
        {CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CACERT_BADFILE, -EACCES,
         "ca.pem cannot be read (DOCKER_CERT_PATH)"},
        {CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CONNECT_ERROR, -EPROTO,
         "no TLS connection; does the engine speak TLS on this port, and does it accept the "
         "client certificate (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH)?"},
};

/* The other side went away before it said anything; curl calls that many names. */
static bool is_hangup(const struct transfer *transfer, CURLcode result)
{
        long os_error = 0;
        if (transfer->header_bytes > 0)
                return false;
        if (result != CURLE_COULDNT_CONNECT)
                return result == CURLE_GOT_NOTHING || result == CURLE_SEND_ERROR ||
                       result == CURLE_RECV_ERROR;
        curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
        return os_error == 0 || os_error == ENOTCONN || os_error == ECONNRESET || os_error == EPIPE;
}

static int transfer_failure(const struct transfer *transfer, CURLcode result, struct cf_error *err)
{
        if (transfer->too_large)
                return cf_error_set(err, -EMSGSIZE, NULL,
                                    "the answer has no end: over %zu bytes; is this the engine's "
                                    "API socket?",
                                    transfer->header_bytes > CF_HTTP_HEADERS_MAX
                                            ? CF_HTTP_HEADERS_MAX
                                            : transfer->batch->max);
        if (transfer->body.failed)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory for the answer");
        if (is_hangup(transfer, result)) {
                const struct cf_http *http = transfer->http;
                return cf_error_set(err, -ECONNRESET, NULL,
                                    "the connection ended without an answer; %s",
                                    http->socket[0] || http->host.tls
                                            ? "is this the engine's API socket? look at its log"
                                            : "does the engine want TLS (DOCKER_TLS_VERIFY, "
                                              "DOCKER_CERT_PATH)?");
        }
        for (size_t i = 0; i < CF_COUNT(failures); i++) {
                if (result >= failures[i].from && result <= failures[i].to)
                        return cf_error_set(err, failures[i].code, NULL, "%s", failures[i].text);
        }
        return cf_error_set(err, -EPROTO, NULL, "%s; is this the engine's API socket?",
                            transfer->message[0] ? transfer->message : curl_easy_strerror(result));
}

/* ---- making requests ----------------------------------------------------------------------------
 */

static bool set_options(struct transfer *transfer)
{
        struct cf_http *http = transfer->http;
        const struct cf_engine_host *host = &http->host;
        CURL *easy = transfer->easy;
        CURLcode r = CURLE_OK;
#define SET(option, value) (r = r ? r : curl_easy_setopt(easy, option, value))
        SET(CURLOPT_PRIVATE, transfer);
        SET(CURLOPT_ERRORBUFFER, transfer->message);
        SET(CURLOPT_WRITEFUNCTION, take_body);
        SET(CURLOPT_WRITEDATA, transfer);
        SET(CURLOPT_HEADERFUNCTION, take_header);
        SET(CURLOPT_HEADERDATA, transfer);
        SET(CURLOPT_USERAGENT, "confined");
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_HTTP09_ALLOWED, 0L);
        SET(CURLOPT_PROXY, "");
        SET(CURLOPT_TIMEOUT_MS, http->timeout_ms);
        SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        SET(CURLOPT_BUFFERSIZE, BUFFER_SIZE);
        if (http->socket[0])
                SET(CURLOPT_UNIX_SOCKET_PATH, http->socket);
        if (host->tls) {
                SET(CURLOPT_SSL_VERIFYPEER, host->tls_verify ? 1L : 0L);
                SET(CURLOPT_SSL_VERIFYHOST, host->tls_verify ? 2L : 0L);
                if (host->ca)
                        SET(CURLOPT_CAINFO, host->ca);
                if (host->cert)
                        SET(CURLOPT_SSLCERT, host->cert);
                if (host->key)
                        SET(CURLOPT_SSLKEY, host->key);
        }
#undef SET
        return r == CURLE_OK;
}

static const char *method_of(const struct cf_http_batch *batch)
{
        return batch->method ? batch->method : "GET";
}

/* What is sent besides the path. */
static bool set_request(struct transfer *transfer)
{
        const struct cf_http_batch *batch = transfer->batch;
        struct cf_http *http = transfer->http;
        CURL *easy = transfer->easy;
        if (!batch->method)
                return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK &&
                       curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
        if (!http->headers)
                http->headers = curl_slist_append(NULL, "Content-Type: application/json");
        return http->headers &&
               curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)batch->body.size) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                batch->body.size ? batch->body.data : "") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, batch->method) == CURLE_OK;
}

static int start(struct transfer *transfer)
{
        cf_text_clear(&transfer->body);
        transfer->body.max = transfer->batch->max;
        transfer->header_bytes = 0;
        transfer->too_large = false;
        transfer->message[0] = 0;
        transfer->answer = (struct cf_http_answer){0};
        if (curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, transfer->again ? 1L : 0L) !=
                    CURLE_OK ||
            curl_multi_add_handle(transfer->http->multi, transfer->easy) != CURLM_OK)
                return -ENOMEM;
        transfer->busy = true;
        return 0;
}

/* Begins request `index`. 0 or -ENOMEM. */
static int begin(struct transfer *transfer, const struct cf_http_batch *batch, size_t index)
{
        char url[URL_MAX + CF_HTTP_PATH_MAX];
        if (!transfer->easy) {
                transfer->easy = curl_easy_init();
                if (!transfer->easy || !set_options(transfer))
                        return -ENOMEM;
        }
        batch->path(batch->context, index, transfer->path);
        snprintf(url, sizeof(url), "%s%s", transfer->http->base, transfer->path);
        transfer->batch = batch;
        transfer->index = index;
        transfer->again = false;
        if (curl_easy_setopt(transfer->easy, CURLOPT_URL, url) != CURLE_OK ||
            !set_request(transfer))
                return -ENOMEM;
        return start(transfer);
}

/* A transfer that came to its end: hands its answer over, or says why there is none. */
static int finish(struct transfer *transfer, CURLcode result, struct cf_error *err)
{
        curl_multi_remove_handle(transfer->http->multi, transfer->easy);
        transfer->busy = false;
        /* An engine may close a connection that it kept just when it is used again. */
        if (is_hangup(transfer, result) && !transfer->again && !transfer->batch->method) {
                transfer->again = true;
                return start(transfer) < 0 ? no_memory(err) : 0;
        }
        if (result == CURLE_COULDNT_CONNECT && !is_hangup(transfer, result))
                return connect_failure(transfer, err);
        if (result != CURLE_OK)
                return cf_error_doing(err, transfer_failure(transfer, result, err), NULL, "%s %s",
                                      method_of(transfer->batch), transfer->path);
        struct cf_http_answer *answer = &transfer->answer;
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->status);
        cf_text_add(&transfer->body, CF_SPAN("")); /* NUL-ended even when empty */
        answer->body = transfer->body.data ? cf_text_span(&transfer->body) : CF_SPAN("");
        return transfer->batch->take(transfer->batch->context, transfer->index, answer);
}

/* Takes what has ended; the count of it. The first failure is kept in *failed and err. */
static size_t collect(struct cf_http *http, int *failed, struct cf_error *err)
{
        size_t count = 0;
        CURLMsg *message;
        int left;
        while ((message = curl_multi_info_read(http->multi, &left))) {
                struct transfer *transfer = NULL;
                CURLcode result = message->data.result;
                if (message->msg != CURLMSG_DONE ||
                    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) !=
                            CURLE_OK ||
                    !transfer)
                        continue;
                int r = finish(transfer, result, *failed ? NULL : err);
                if (r < 0 && !*failed)
                        *failed = r;
                count++;
        }
        return count;
}

/* Begins requests while there are free connections; whether any is under way. */
static bool begin_some(struct cf_http *http, const struct cf_http_batch *batch, size_t *begun,
                       int *failed, struct cf_error *err)
{
        bool busy = false;
        for (size_t i = 0; i < CF_COUNT(http->transfers); i++) {
                struct transfer *transfer = &http->transfers[i];
                if (!transfer->busy && *begun < batch->count && !*failed) {
                        if (begin(transfer, batch, (*begun)++) < 0)
                                *failed = no_memory(err);
                }
                busy |= transfer->busy;
        }
        return busy;
}

static void abandon(struct cf_http *http)
{
        for (size_t i = 0; i < CF_COUNT(http->transfers); i++) {
                if (http->transfers[i].busy)
                        curl_multi_remove_handle(http->multi, http->transfers[i].easy);
                http->transfers[i].busy = false;
        }
}

int cf_http_run(struct cf_http *http, const struct cf_http_batch *batch, struct cf_error *err)
{
        size_t begun = 0;
        int failed = 0, running;
        while (begin_some(http, batch, &begun, &failed, err)) {
                if (curl_multi_perform(http->multi, &running) != CURLM_OK ||
                    (collect(http, &failed, err) == 0 &&
                     curl_multi_poll(http->multi, NULL, 0, 1000, NULL) != CURLM_OK)) {
                        abandon(http);
                        return failed ? failed
                                      : cf_error_set(err, -EIO, NULL, "libcurl stopped working");
                }
        }
        return failed;
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static int set_address(struct cf_http *http, struct cf_error *err)
{
        const struct cf_engine_host *host = &http->host;
        struct cf_span url = cf_span_of(host->url);
        if (cf_span_starts(url, "unix://")) {
                struct cf_span path = cf_span_part(url, strlen("unix://"), url.size);
                if (path.size >= sizeof(http->socket))
                        return cf_error_set(err, -ENAMETOOLONG, NULL,
                                            "the path of a socket has at most %zu bytes; make a "
                                            "shorter link to it",
                                            sizeof(http->socket) - 1);
                memcpy(http->socket, path.data, path.size);
                snprintf(http->base, sizeof(http->base), "http://localhost");
                return 0;
        }
        struct cf_span address = cf_span_part(url, strlen("tcp://"), url.size);
        while (cf_span_ends(address, "/"))
                address.size--;
        int n = snprintf(http->base, sizeof(http->base), "%s://%.*s", host->tls ? "https" : "http",
                         (int)(address.size < URL_MAX ? address.size : URL_MAX), address.data);
        if (n < 0 || (size_t)n >= sizeof(http->base))
                return cf_error_set(err, -ENAMETOOLONG, NULL, "the host has more than %d bytes",
                                    URL_MAX - 16);
        return 0;
}

int cf_http_open(const struct cf_engine_host *host, unsigned timeout_ms, struct cf_http **ret_http,
                 struct cf_error *err)
{
        int r = cf_curl_load(err);
        if (r < 0)
                return r;
        CF_HTTP struct cf_http *http = calloc(1, sizeof(*http));
        if (!http)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory for a connection");
        http->host = *host;
        http->timeout_ms = timeout_ms ? (long)timeout_ms : (long)CF_ENGINE_TIMEOUT_MS;
        for (size_t i = 0; i < CF_COUNT(http->transfers); i++)
                http->transfers[i].http = http;
        r = set_address(http, err);
        if (r < 0)
                return r;
        http->multi = curl_multi_init();
        if (!http->multi || curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                                              (long)CF_HTTP_CONNECTIONS) != CURLM_OK)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory for a connection");
        *ret_http = cf_steal(http);
        return 0;
}

struct cf_http *cf_http_close(struct cf_http *http)
{
        if (!http)
                return NULL;
        abandon(http);
        for (size_t i = 0; i < CF_COUNT(http->transfers); i++) {
                if (http->transfers[i].easy)
                        curl_easy_cleanup(http->transfers[i].easy);
                cf_text_done(&http->transfers[i].body);
        }
        if (http->headers)
                curl_slist_free_all(http->headers);
        if (http->multi)
                curl_multi_cleanup(http->multi);
        free(http);
        return NULL;
}
