/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define QUIET_NS INT64_C(1000000000) /* nothing is drawn before */
#define REDRAW_NS INT64_C(200000000)
#define SECOND_NS INT64_C(1000000000)

/* Each counter has a cache line of its own. */
struct counter {
        _Alignas(64) atomic_size_t count;
        atomic_size_t total;
        const char *unit;
};

struct cf_progress {
        struct counter counters[CF_PROGRESS_COUNTERS];
        const char *what;
        int fd;
        int64_t started;
        pthread_t thread;
        pthread_mutex_t lock; /* guards what follows, and drawing */
        pthread_cond_t wake;
        bool stops;
        bool drawn;
        unsigned pauses;
};

static int64_t now_ns(void)
{
        struct timespec at;
        clock_gettime(CLOCK_MONOTONIC, &at);
        return at.tv_sec * SECOND_NS + at.tv_nsec;
}

/* ---- drawing; the lock is held --------------------------------------------------------------- */

/* A terminal that does not take it is not waited for with an error: the next drawing comes. */
static void put(int fd, struct cf_span text)
{
        while (text.size) {
                ssize_t n = write(fd, text.data, text.size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return;
                text = cf_span_part(text, (size_t)n, SIZE_MAX);
        }
}

static void wipe(struct cf_progress *progress)
{
        if (progress->drawn)
                put(progress->fd, CF_SPAN("\r\033[K"));
        progress->drawn = false;
}

/* 48211 → "48,211" */
static void add_number(struct cf_text *text, size_t number)
{
        char digits[32];
        int size = snprintf(digits, sizeof(digits), "%zu", number);
        for (int i = 0; i < size; i++) {
                cf_text_putc(text, digits[i]);
                if (i + 1 < size && (size - i - 1) % 3 == 0)
                        cf_text_putc(text, ',');
        }
}

static void add_counter(struct cf_text *text, struct counter *counter)
{
        size_t total = atomic_load_explicit(&counter->total, memory_order_relaxed);
        add_number(text, atomic_load_explicit(&counter->count, memory_order_relaxed));
        if (total) {
                cf_text_puts(text, " of ");
                add_number(text, total);
        }
        cf_text_printf(text, " %s", counter->unit);
}

static size_t width_of(int fd)
{
        struct winsize size = {0};
        return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79;
}

static void draw(struct cf_progress *progress)
{
        CF_TEXT struct cf_text text = {0};
        cf_text_puts(&text, progress->what);
        const char *before = ": ";
        for (size_t i = 0; i < CF_PROGRESS_COUNTERS; i++) {
                if (!progress->counters[i].unit)
                        continue;
                cf_text_puts(&text, before);
                add_counter(&text, &progress->counters[i]);
                before = ", ";
        }
        cf_text_printf(&text, "   %lld s", (long long)((now_ns() - progress->started) / SECOND_NS));
        if (text.failed)
                return;
        /* One line, whatever the terminal's width: a longer one could not be wiped. */
        put(progress->fd, CF_SPAN("\r"));
        put(progress->fd, cf_span_part(cf_text_span(&text), 0, width_of(progress->fd)));
        put(progress->fd, CF_SPAN("\033[K"));
        progress->drawn = true;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void wait_until(struct cf_progress *progress, int64_t when)
{
        struct timespec at = {when / SECOND_NS, when % SECOND_NS};
        while (!progress->stops &&
               pthread_cond_timedwait(&progress->wake, &progress->lock, &at) != ETIMEDOUT)
                continue;
}

static void *watch(void *argument)
{
        struct cf_progress *progress = argument;
        int64_t next = progress->started + QUIET_NS;
        pthread_mutex_lock(&progress->lock);
        for (;;) {
                wait_until(progress, next);
                if (progress->stops)
                        break;
                if (!progress->pauses)
                        draw(progress);
                next = now_ns() + REDRAW_NS;
        }
        wipe(progress);
        pthread_mutex_unlock(&progress->lock);
        return NULL;
}

static int start_thread(struct cf_progress *progress)
{
        pthread_condattr_t attributes;
        pthread_mutex_init(&progress->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&progress->wake, &attributes);
        pthread_condattr_destroy(&attributes);
        return -pthread_create(&progress->thread, NULL, watch, progress);
}

static void end(struct cf_progress *progress)
{
        pthread_cond_destroy(&progress->wake);
        pthread_mutex_destroy(&progress->lock);
        free(progress);
}

struct cf_progress *cf_progress_start(int fd, const char *what,
                                      const char *const units[CF_PROGRESS_COUNTERS])
{
        const char *term = getenv("TERM");
        if (!isatty(fd) || (term && strcmp(term, "dumb") == 0))
                return NULL;
        struct cf_progress *progress =
                aligned_alloc(_Alignof(struct cf_progress), sizeof(*progress));
        if (!progress)
                return NULL;
        memset(progress, 0, sizeof(*progress));
        progress->fd = fd;
        progress->what = what;
        progress->started = now_ns();
        for (size_t i = 0; i < CF_PROGRESS_COUNTERS; i++)
                progress->counters[i].unit = units[i];
        if (start_thread(progress) < 0) {
                end(progress);
                return NULL;
        }
        return progress;
}

void cf_progress_add(struct cf_progress *progress, unsigned counter, size_t count)
{
        if (progress)
                atomic_fetch_add_explicit(&progress->counters[counter].count, count,
                                          memory_order_relaxed);
}

void cf_progress_total(struct cf_progress *progress, unsigned counter, size_t total)
{
        if (progress)
                atomic_store_explicit(&progress->counters[counter].total, total,
                                      memory_order_relaxed);
}

void cf_progress_pause(struct cf_progress *progress)
{
        if (!progress)
                return;
        pthread_mutex_lock(&progress->lock);
        progress->pauses++;
        wipe(progress);
        pthread_mutex_unlock(&progress->lock);
}

void cf_progress_resume(struct cf_progress *progress)
{
        if (!progress)
                return;
        pthread_mutex_lock(&progress->lock);
        progress->pauses--;
        pthread_mutex_unlock(&progress->lock);
}

struct cf_progress *cf_progress_stop(struct cf_progress *progress)
{
        if (!progress)
                return NULL;
        pthread_mutex_lock(&progress->lock);
        progress->stops = true;
        pthread_cond_signal(&progress->wake);
        pthread_mutex_unlock(&progress->lock);
        pthread_join(progress->thread, NULL);
        end(progress);
        return NULL;
}
