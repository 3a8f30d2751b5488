/* SPDX-License-Identifier: Apache-2.0 */
/* The walk and the first look alone, without what scan does with the candidates: walk-look PATH… */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "manifest/manifest.h"

static struct cf_look *looks[64];
static atomic_size_t candidates, troubles;

static int visit(const struct cf_walk_file *file, void *context)
{
        (void)context;
        int fd = -1;
        int r = getenv("NO_LOOK") ? 0 : cf_look_file(looks[file->worker], file, &fd, NULL);
        if (r > 0) {
                candidates++;
                close(fd);
        } else if (r < 0) {
                troubles++;
        }
        return 0;
}

static void trouble(const struct cf_error *err, void *context)
{
        (void)context;
        troubles++;
        fprintf(stderr, "%s: %s\n", err->frames[0].path, err->frames[0].message);
}

int main(int argc, char **argv)
{
        struct cf_walk_options options = {0};
        struct cf_walk_stats stats = {0};
        for (unsigned i = 0; i < cf_walk_threads(&options); i++)
                looks[i] = cf_look_new();
        int r = cf_walk((const char *const *)argv + 1, (size_t)argc - 1, &options, visit, trouble,
                        NULL, &stats, NULL);
        printf("%zu files, %zu folders, %zu candidates, %zu troubles\n", stats.files, stats.folders,
               candidates, troubles);
        return r < 0;
}
