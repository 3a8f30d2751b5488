/* SPDX-License-Identifier: Apache-2.0 */
/* Resources that end with their scope, and handing them on. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CF_CLEANUP(done) __attribute__((cleanup(done)))
#define CF_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define CF_UNUSED __attribute__((unused))
#define CF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Empties the variable as it returns what it held: a visible change of owner. */
#define cf_steal(pointer)                                    \
        ({                                                   \
                __typeof__(pointer) stolen_ = *(&(pointer)); \
                (pointer) = NULL;                            \
                stolen_;                                     \
        })

static inline void cf_freep(void *pointer)
{
        void **p = pointer;
        free(*p);
        *p = NULL;
}

static inline void cf_closep(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

static inline void cf_fclosep(FILE **file)
{
        if (*file)
                fclose(*file);
        *file = NULL;
}

static inline void cf_closedirp(DIR **dir)
{
        if (*dir)
                closedir(*dir);
        *dir = NULL;
}

static inline int cf_steal_fd(int *fd)
{
        int stolen = *fd;
        *fd = -1;
        return stolen;
}

#define CF_FREE CF_CLEANUP(cf_freep)
#define CF_CLOSE CF_CLEANUP(cf_closep)
#define CF_FCLOSE CF_CLEANUP(cf_fclosep)
#define CF_CLOSEDIR CF_CLEANUP(cf_closedirp)
