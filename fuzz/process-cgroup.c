/* SPDX-License-Identifier: Apache-2.0 */
/* process/cgroup.c: ids lie in the path that was chosen, are whole components' parts, and the walk
 * goes from the root to the leaf. */
#include <assert.h>

#include "process/cgroup.h"
#include "process/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)16 << 20);
        struct cf_span text = {(const char *)data, size};
        struct cf_span path = cf_cgroup_path(text);
        struct cf_cgroup_container found, last = {{NULL, 0}, NULL};
        const char *kept_path = NULL, *kept_id = NULL, *kept_engine = NULL;
        assert(path.size <= size);
        for (size_t at = 0, before = 0; cf_cgroup_next(path, &at, &found); before = at) {
                assert(at > before && found.id.size > 0);
                assert(found.id.data >= path.data &&
                       found.id.data + found.id.size <= path.data + path.size);
                assert(!memchr(found.id.data, '/', found.id.size));
                assert(!last.id.data || found.id.data > last.id.data);
                last = found;
        }
        if (arena && cf_process_cgroup(arena, text, &kept_path, &kept_id, &kept_engine) == 0 &&
            !memchr(path.data ? path.data : "", 0, path.size)) {
                assert(!kept_id == !last.id.size);
                assert(!kept_id || cf_span_is(last.id, kept_id));
                assert(kept_engine == last.engine);
        }
        return 0;
}
