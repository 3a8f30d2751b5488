/* SPDX-License-Identifier: Apache-2.0 */
/* Children that are watched, and what was seen of them. */
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "kernel/observe.h"
#include "unit.h"

/* A child that begins when it is told. */

struct child {
        pid_t pid;
        int go;
};

static inline struct child begin(void (*work)(void))
{
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        struct child child = {.pid = fork(), .go = ends[1]};
        assert_true(child.pid >= 0);
        if (child.pid == 0) {
                char byte;
                close(ends[1]);
                if (read(ends[0], &byte, 1) != 1)
                        _exit(99);
                work();
                _exit(0);
        }
        close(ends[0]);
        return child;
}

static inline int end(struct child child)
{
        int status;
        assert_int_equal(write(child.go, "", 1), 1);
        close(child.go);
        assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
        return status;
}

/* What was seen of it. */

struct seen {
        size_t of_kind[CF_OBSERVED_FAILED + 1], begun;
        struct cf_observed last;
};

static inline int keep(void *context, const struct cf_observed *event)
{
        struct seen *seen = context;
        if (event->kind == CF_OBSERVED_BEGUN) {
                seen->begun++;
                return 0;
        }
        seen->of_kind[event->kind]++;
        seen->last = *event;
        return 0;
}

static inline struct cf_observer *watch(struct cf_observe_wanted wanted)
{
        struct cf_observer *observer = NULL;
        struct cf_error err = {0};
        int r = cf_observer_open(&wanted, &observer, &err);
        if (r == -EPERM || r == -ENOTSUP || r == -ENOENT) {
                print_message("SKIPPED: %s\n", err.frames[0].message);
                skip();
        }
        if (r < 0)
                print_message("%s\n", err.frames[0].message);
        assert_int_equal(r, 0);
        return observer;
}

static inline uint64_t counted(struct cf_observer *observer, enum cf_observed_kind kind)
{
        struct cf_arena *arena = cf_arena_new((size_t)16 << 20);
        struct cf_observed_total *totals;
        struct cf_error err = {0};
        size_t count;
        uint64_t sum = 0;
        assert_int_equal(cf_observer_totals(observer, arena, &totals, &count, &err), 0);
        for (size_t i = 0; i < count; i++)
                if (totals[i].kind == kind)
                        sum += totals[i].count;
        cf_arena_free(arena);
        return sum;
}
