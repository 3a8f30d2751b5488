/* SPDX-License-Identifier: Apache-2.0 */
/* An inspect costs the engine far more than it tells us: it gathers image layers, networks and
 * mounts. Of a container that does not run, all that is wanted lies in two files, which the engine
 * itself reads when it starts and replaces as a whole when something changes: containers/ID/
 * config.v2.json and hostconfig.json (Docker since 1.10). Who may not read them, or finds
 * something else there, asks the engine.
 *
 * Measured with Docker 20.10 and 200 created containers: 0.2 ms of the engine's processor time for
 * an inspect, 0.02 ms of ours for two files. */
#include "engine/store.h"

#include <fcntl.h>

int cf_store_open(const char *root)
{
        if (!root || root[0] != '/')
                return -1;
        CF_CLOSE int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -1
                      : openat(fd, "containers", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int read_source(struct cf_arena *scratch, int dir, const char *name,
                       struct cf_source **ret_source)
{
        CF_CLOSE int fd =
                openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? -errno : cf_source_from_fd(scratch, fd, name, ret_source, NULL);
}

static bool is_at_rest(const char *state)
{
        return state && (strcmp(state, "created") == 0 || strcmp(state, "exited") == 0);
}

int cf_store_read(struct cf_arena *arena, struct cf_arena *scratch, int store,
                  const struct cf_listed *listed, struct cf_inspected *ret_inspected)
{
        struct cf_source *config, *host_config;
        if (!is_at_rest(listed->state))
                return -ESTALE;
        CF_CLOSE int dir = openat(store, listed->id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        int r = read_source(scratch, dir, "hostconfig.json", &host_config);
        if (r == 0)
                r = read_source(scratch, dir, "config.v2.json", &config);
        return r < 0 ? r
                     : cf_answer_stored(arena, scratch, config, host_config, listed->id,
                                        listed->state, ret_inspected, NULL);
}
