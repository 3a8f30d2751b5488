/* SPDX-License-Identifier: Apache-2.0 */
/* src/runtime/: any bytes as a seccomp profile, and what runtimes make of it: by their rules
 * always, by libseccomp for some. Each loss is one, and its witness shows it. */
#include <stdlib.h>

#include "runtime/runtime.h"

#define INPUT_MAX 8192
#define NODES 100000u
#define LIBRARY_EACH 8u /* inputs: each starts a process */
#define TIMEOUT_MS 200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

static void check(struct cf_policies *all, struct cf_arena *arena,
                  const struct cf_runtime_loaded *loaded)
{
        struct cf_runtime_loss *losses;
        size_t count;
        if (cf_runtime_losses(all, arena, loaded, &losses, &count, NULL) < 0)
                return;
        for (size_t i = 0; i < count; i++) {
                const struct cf_call *call = &losses[i].witness;
                expect(cf_action_normal(cf_policy_value(all, loaded->steps[0], call)) ==
                       losses[i].written);
                expect(cf_action_normal(cf_policy_value(all, loaded->policy, call)) ==
                       losses[i].loaded);
                expect(losses[i].written != losses[i].loaded && losses[i].causes);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        const struct cf_profile *profile;
        struct cf_source *source = NULL;
        struct cf_circumstances circumstances = {cf_arch_by_name("x86_64"),
                                                 cf_capabilities_docker(), 6, 1};
        if (size > INPUT_MAX || !arena || !all ||
            cf_source_from(arena, "p.json", (struct cf_span){(const char *)data, size}, &source,
                           NULL) < 0 ||
            cf_profile_read(arena, source, &profile, NULL) < 0)
                return 0;
        for (unsigned i = 0; i < 4; i++) {
                struct cf_runtime_options options = {
                        .kind = i % 2 ? CF_RUNTIME_CRUN : CF_RUNTIME_RUNC,
                        .timeout_ms = TIMEOUT_MS,
                        .library = i < 2 ? "" : NULL,
                };
                struct cf_runtime_loaded loaded;
                struct cf_error err = {0};
                if (i >= 2 && size % LIBRARY_EACH)
                        break;
                int r = cf_runtime_load(all, arena, profile, &circumstances, &options, &loaded,
                                        &err);
                expect(r == 0 ? err.count == 0 : err.code == r && err.count > 0);
                expect(r == 0 || r == -ENOTSUP || r == -E2BIG || r == -ENOMEM || r == -ENOEXEC ||
                       r == -ETIMEDOUT);
                if (r == 0)
                        check(all, arena, &loaded);
        }
        return 0;
}
