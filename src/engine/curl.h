/* SPDX-License-Identifier: Apache-2.0 */
/* Private to engine/: libcurl, loaded when an engine is first asked.
 *
 * libcurl brings some thirty libraries (TLS, LDAP, SSH, …), and loading them took most of the time
 * of a command that needs none of them. Its functions are called by their own names, through a
 * table that cf_curl_load fills. */
#pragma once

#define CURL_DISABLE_TYPECHECK /* its macros would hide the names below */
#include <curl/curl.h>

#include "base/error.h"

struct cf_curl {
        __typeof__(&curl_global_init) global_init;
        __typeof__(&curl_easy_init) easy_init;
        __typeof__(&curl_easy_cleanup) easy_cleanup;
        __typeof__(&curl_easy_setopt) easy_setopt;
        __typeof__(&curl_easy_getinfo) easy_getinfo;
        __typeof__(&curl_easy_strerror) easy_strerror;
        __typeof__(&curl_multi_init) multi_init;
        __typeof__(&curl_multi_cleanup) multi_cleanup;
        __typeof__(&curl_multi_setopt) multi_setopt;
        __typeof__(&curl_multi_add_handle) multi_add_handle;
        __typeof__(&curl_multi_remove_handle) multi_remove_handle;
        __typeof__(&curl_multi_perform) multi_perform;
        __typeof__(&curl_multi_poll) multi_poll;
        __typeof__(&curl_multi_info_read) multi_info_read;
        __typeof__(&curl_slist_append) slist_append;
        __typeof__(&curl_slist_free_all) slist_free_all;
};
extern struct cf_curl cf_curl; /* filled by cf_curl_load, constant from then on */

/* Loads and initialises libcurl, once. -ENOENT: it is not installed; -EIO: it does not start.
 * Thread-safe. */
int cf_curl_load(struct cf_error *err);

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#define curl_easy_init cf_curl.easy_init
#define curl_easy_cleanup cf_curl.easy_cleanup
#define curl_easy_setopt cf_curl.easy_setopt
#define curl_easy_getinfo cf_curl.easy_getinfo
#define curl_easy_strerror cf_curl.easy_strerror
#define curl_multi_init cf_curl.multi_init
#define curl_multi_cleanup cf_curl.multi_cleanup
#define curl_multi_setopt cf_curl.multi_setopt
#define curl_multi_add_handle cf_curl.multi_add_handle
#define curl_multi_remove_handle cf_curl.multi_remove_handle
#define curl_multi_perform cf_curl.multi_perform
#define curl_multi_poll cf_curl.multi_poll
#define curl_multi_info_read cf_curl.multi_info_read
#define curl_slist_append cf_curl.slist_append
#define curl_slist_free_all cf_curl.slist_free_all
