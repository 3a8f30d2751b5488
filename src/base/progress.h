/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the terminal that tells how far long work has come:
 *
 *     scanning: 48,211 files, 2,310 folders   3 s
 *
 * It appears when the work takes longer than a second, is redrawn a few times a second, and is
 * wiped away at the end. Where standard error is no terminal nothing is ever written, and no
 * thread is started. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

struct cf_progress;

#define CF_PROGRESS_COUNTERS 2

/* Starts to watch. `what` is the first word ("scanning"), `units` name the counters ("files",
 * "folders"; NULL: not used); all must live until the end. `fd` is where to draw: STDERR_FILENO.
 * NULL when there is nothing to draw on (or no memory or thread): every function below takes it. */
struct cf_progress *cf_progress_start(int fd, const char *what,
                                      const char *const units[CF_PROGRESS_COUNTERS]);

/* Counts on: cheap enough for every file, from any thread. */
void cf_progress_add(struct cf_progress *progress, unsigned counter, size_t count);

/* How many there are in all, once that is known: "12 of 200 containers". */
void cf_progress_total(struct cf_progress *progress, unsigned counter, size_t total);

/* Wipes the line and keeps it away until cf_progress_resume, so that something else can be
 * written to the terminal meanwhile. */
void cf_progress_pause(struct cf_progress *progress);
void cf_progress_resume(struct cf_progress *progress);

/* Wipes the line, ends, frees. Returns NULL. */
struct cf_progress *cf_progress_stop(struct cf_progress *progress);
