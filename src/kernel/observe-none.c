/* SPDX-License-Identifier: Apache-2.0 */
/* Where the programs for the kernel are not written: machines whose registers they do not know. */
#include <errno.h>

#include "kernel/observe.h"

static int refuse(struct cf_error *err)
{
        return cf_error_set(err, -ENOTSUP, NULL,
                            "the kernel can be watched on x86_64 and aarch64 alone");
}

int cf_observer_open(const struct cf_observe_wanted *wanted, struct cf_observer **ret_observer,
                     struct cf_error *err)
{
        (void)wanted;
        (void)ret_observer;
        return refuse(err);
}

void cf_observer_close(struct cf_observer *observer)
{
        (void)observer;
}

int cf_observer_fd(const struct cf_observer *observer)
{
        (void)observer;
        return -1;
}

int cf_observer_read(struct cf_observer *observer,
                     int (*seen)(void *context, const struct cf_observed *event), void *context,
                     struct cf_error *err)
{
        (void)observer;
        (void)seen;
        (void)context;
        return refuse(err);
}

int cf_observer_totals(struct cf_observer *observer, struct cf_arena *arena,
                       struct cf_observed_total **ret_totals, size_t *ret_count,
                       struct cf_error *err)
{
        (void)observer;
        (void)arena;
        (void)ret_totals;
        (void)ret_count;
        return refuse(err);
}

struct cf_observed_losses cf_observer_losses(const struct cf_observer *observer)
{
        (void)observer;
        return (struct cf_observed_losses){0};
}

int cf_observer_calls(struct cf_observer *observer, struct cf_arena *arena,
                      struct cf_observed_call **ret_calls, size_t *ret_count, struct cf_error *err)
{
        (void)observer;
        (void)arena;
        (void)ret_calls;
        (void)ret_count;
        return refuse(err);
}

int cf_observer_values(struct cf_observer *observer, struct cf_arena *arena,
                       struct cf_observed_value **ret_values, size_t *ret_count,
                       struct cf_error *err)
{
        (void)observer;
        (void)arena;
        (void)ret_values;
        (void)ret_count;
        return refuse(err);
}
