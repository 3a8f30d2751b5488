/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

struct cf_curl cf_curl;

static struct {
        pthread_once_t once;
        int result;
        char reason[256];
} loaded = {.once = PTHREAD_ONCE_INIT};

static const struct {
        const char *name;
        size_t offset; /* of its pointer in struct cf_curl */
} functions[] = {
#define FUNCTION(name)                                        \
        {                                                     \
                "curl_" #name, offsetof(struct cf_curl, name) \
        }
        FUNCTION(global_init),         FUNCTION(easy_init),       FUNCTION(easy_cleanup),
        FUNCTION(easy_setopt),         FUNCTION(easy_getinfo),    FUNCTION(easy_strerror),
        FUNCTION(multi_init),          FUNCTION(multi_cleanup),   FUNCTION(multi_setopt),
        FUNCTION(multi_add_handle),    FUNCTION(multi_perform),   FUNCTION(multi_poll),
        FUNCTION(multi_remove_handle), FUNCTION(multi_info_read), FUNCTION(slist_append),
        FUNCTION(slist_free_all),
#undef FUNCTION
};

static int give_up(int result)
{
        const char *reason = dlerror();
        snprintf(loaded.reason, sizeof(loaded.reason), "%s", reason ? reason : "no reason given");
        return result;
}

static int load_once(void)
{
        void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
        if (!library)
                return give_up(-ENOENT);
        for (size_t i = 0; i < CF_COUNT(functions); i++) {
                void *function = dlsym(library, functions[i].name);
                if (!function)
                        return give_up(-ENOENT);
                memcpy((char *)&cf_curl + functions[i].offset, &function, sizeof(function));
        }
        return cf_curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -EIO;
}

static void load(void)
{
        loaded.result = load_once();
}

int cf_curl_load(struct cf_error *err)
{
        pthread_once(&loaded.once, load);
        if (loaded.result == -ENOENT)
                return cf_error_set(err, -ENOENT, NULL,
                                    "libcurl cannot be loaded (%s): install it (Debian: libcurl4)",
                                    loaded.reason);
        return loaded.result < 0 ? cf_error_set(err, loaded.result, NULL, "libcurl does not start")
                                 : 0;
}
