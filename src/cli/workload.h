/* SPDX-License-Identifier: Apache-2.0 */
/* A container that a command line of an engine starts (`docker run …`, `podman run …`), under a
 * profile of ours and watched from its first call. Private to cli/.
 *
 * The container is started by others (a daemon, a monitor), so it is known by its filter: the
 * profile gets a mark, a rule about an argument that no program gives, and the observer finds
 * whoever loads a filter with that mark (CF_OBSERVE_MARK). The option that names the profile is put
 * in as the last one: it overrules what the command says of seccomp itself.
 *
 * The profile is in no file: it is memory of this process that the engine's command line opens by
 * /proc. However this process ends, nothing of it stays. */
#pragma once

#include "cli/compose-run.h"
#include "cli/watch.h"
#include "manifest/manifest.h"

struct cf_workload {
        struct cf_arena *arena;
        const char *const *words;
        size_t word_count;
        struct cf_command_line line;
        struct cf_service *compose; /* it is a service of a Compose file; words and line are then an
                                     * engine's, that can be asked of its containers. NULL: not */
};

/* Whether the words run a container by an engine that is known. 1; 0: they do not; -EINVAL: the
 * command would end before the container does (--detach), and err says what to do; -ENOMEM. The
 * words must live as long as the arena. */
int cf_workload_read(struct cf_arena *arena, const char *const *words, size_t count,
                     struct cf_workload *ret_workload, struct cf_error *err);

/* The same of a service: `words` are SERVICE [COMMAND…]. See cf_service_open. */
int cf_workload_compose(struct cf_arena *arena, const char *file, const char *const *words,
                        size_t count, struct cf_workload *ret_workload, struct cf_error *err);

struct cf_workload_run {
        /* What is wanted. */
        const char *profile; /* JSON as engines read it */
        bool again;          /* not the first run of these words, see cf_workload_run */
        bool quiet;          /* its standard output goes to standard error */
        /* What is observed: `scope` and `mark` are set here. */
        struct cf_observe_wanted wanted;
        struct cf_watch watch; /* seconds, seen, tick, context are yours; the rest is set here */
        /* Called when all has ended and the observer is still there, to read its counters; NULL. 0,
         * or negative to return that. `context` is the watch's. */
        int (*ended)(void *context, struct cf_observer *observer, struct cf_error *err);
};

/* Runs it once and waits (cf_watch_wait). run->watch.status is the engine's command line's: mostly
 * the container's own; 125, 126 and 127 also when there was none (see cf_workload_failed).
 *
 * The first run is what was asked for: a container without --rm stays, with its name. A further one
 * (`again`) leaves nothing: it is removed when it ends, has another name where its own is taken
 * (NAME-again-PID), no restart policy, and writes no --cidfile.
 *
 * A service leaves nothing in any run: see cf_service_end. That it could be removed is not an error
 * of the run; that it could not is said on standard error.
 *
 * When this process dies the command line gets SIGTERM, and passes it on to the container; a
 * container that runs on is killed after CF_WATCH_PATIENCE seconds, by a process that outlives us.
 * -ENOTSUP: the profile leaves no room for a mark, or loads no filter at all; -EINVAL: it is no
 * profile. */
int cf_workload_run(const struct cf_workload *workload, struct cf_workload_run *run,
                    struct cf_error *err);

/* Runs the engine's command line with other words in place of `run …`, such as `info`; what it
 * prints, NUL-ended, at most `room` - 1 bytes of it. 0 or negative: it fails, or does not answer.
 */
int cf_workload_ask(const struct cf_workload *workload, const char *const *words, size_t count,
                    char *answer, size_t room);

/* Whether a run ended because the engine failed and not the workload: its status says 125 and the
 * engine does not answer, or a container of this run still runs. Else false. err says which. */
bool cf_workload_failed(const struct cf_workload *workload, const struct cf_workload_run *run,
                        struct cf_error *err);

/* A mark: a number that is in no other filter. 0 or negative. */
int cf_workload_new_mark(uint64_t *ret_mark, struct cf_error *err);

/* The profile (JSON as engines read it) with one more entry, by which whoever loads it is known: a
 * call that nobody makes is refused when its first argument is the mark. In the arena. -EINVAL and
 * the place: no profile; -ENOTSUP: it loads no filter, or names every such call; -ENOMEM. */
int cf_workload_mark(struct cf_arena *arena, const char *profile, uint64_t mark, char **ret_profile,
                     struct cf_error *err);
