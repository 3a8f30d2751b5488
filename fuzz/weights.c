/* SPDX-License-Identifier: Apache-2.0 */
/* src/cli/profile-weights.c: a table of how often calls are made. Every weight is within its
 * bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "base/source.h"
#include "cli/weights.h"

#define MEMORY ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct cf_files *files = cf_files_new();
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        struct cf_file_id id = {0};
        struct cf_weights weights;
        struct cf_error err = {0};
        uint32_t nr;
        if (arena && files &&
            cf_files_overlay(files, "/table", (struct cf_span){(const char *)data, size}, &id) ==
                    0) {
                int r = cf_weights_read(arena, files, "/table", &weights, &err);
                if (r < 0 && (err.code != r || err.count == 0))
                        abort();
                for (size_t i = 0; r == 0 && cf_syscall_of_arch(arch, i, &nr); i++)
                        if (weights.weigh(weights.context, arch, nr, false) > 1000000)
                                abort();
        }
        cf_files_free(files);
        return 0;
}
