/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engines.h"

#define TIMEOUT_MAX 3600u /* seconds */

int cf_hosts_choose(const struct cf_invocation *invocation,
                    void (*trouble)(const struct cf_error *err, void *context), void *context,
                    struct cf_engine_host **ret_hosts, size_t *ret_count, struct cf_error *err)
{
        const char *const *given;
        size_t count;
        if (cf_given_all(invocation, "host", &given, &count) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (!count)
                return cf_engine_hosts(invocation->arena, ret_hosts, ret_count, trouble, context,
                                       err);
        struct cf_engine_host *hosts =
                cf_arena_many(invocation->arena, count, struct cf_engine_host);
        if (!hosts)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; i < count; i++) {
                int r = cf_engine_host_of(invocation->arena, given[i], &hosts[i], err);
                if (r < 0)
                        return r;
        }
        *ret_hosts = hosts;
        *ret_count = count;
        return 0;
}

int cf_timeout_read(const struct cf_invocation *invocation, unsigned *ret_ms, struct cf_error *err)
{
        const char *value = cf_given_value(invocation, "timeout");
        *ret_ms = 0;
        if (!value)
                return 0;
        char *end;
        errno = 0;
        unsigned long seconds = strtoul(value, &end, 10);
        if (errno || *end || *value < '0' || *value > '9' || seconds < 1 || seconds > TIMEOUT_MAX)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--timeout takes seconds from 1 to %u, not '%s'", TIMEOUT_MAX,
                                    value);
        *ret_ms = (unsigned)seconds * 1000;
        return 0;
}
