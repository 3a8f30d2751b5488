/* SPDX-License-Identifier: Apache-2.0 */
/* src/profile/: any bytes as a seccomp profile, and what it means. The policy answers the first
 * call of each of its values as the entries do when they are looked at one by one, and the calls
 * around it. */
#include <stdlib.h>

#include "profile/profile.h"

#define INPUT_MAX 16384
#define NODES 20000u
#define MACHINES 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

struct subject {
        const struct cf_profile *profile;
        struct cf_circumstances circumstances;
        struct cf_policies *all;
        cf_policy policy;
};

static void check_call(const struct subject *s, const struct cf_call *call)
{
        struct cf_profile_decision decision;
        expect(cf_profile_decide(s->profile, &s->circumstances, call, &decision, NULL) == 0);
        expect(decision.value == cf_policy_value(s->all, s->policy, call));
}

static void check_values(const struct subject *s, struct cf_arena *arena)
{
        uint32_t *values;
        size_t count;
        if (cf_policy_values(s->all, s->policy, arena, &values, &count, NULL) < 0)
                return;
        for (size_t i = 0; i < count && i < 16; i++) {
                cf_policy where = cf_policy_where_value(s->all, s->policy, values[i]);
                struct cf_call call;
                if (!where)
                        return; /* no nodes left */
                expect(cf_policy_find(s->all, where, &call));
                check_call(s, &call);
                for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++) {
                        call.args[arg] ^= UINT64_C(1) << (arg * 11 + i) % 64;
                        check_call(s, &call);
                }
                call.nr++;
                check_call(s, &call);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const machines[MACHINES] = {"x86_64", "aarch64", "s390x"};
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        struct cf_source *source = NULL;
        struct subject s = {.all = all};
        if (size > INPUT_MAX || !arena || !all ||
            cf_source_from(arena, "p.json", (struct cf_span){(const char *)data, size}, &source,
                           NULL) < 0 ||
            cf_profile_read(arena, source, &s.profile, NULL) < 0)
                return 0;
        for (size_t i = 0; i < MACHINES; i++) {
                struct cf_error err = {0};
                s.circumstances = (struct cf_circumstances){
                        .machine = cf_arch_by_name(machines[i]),
                        .capabilities = i ? cf_capabilities_docker() : CF_CAPABILITIES_ALL,
                        .kernel_major = 4 + (unsigned)i,
                        .kernel_minor = 8,
                };
                int r = cf_profile_policy(all, s.profile, &s.circumstances, &s.policy, &err);
                expect(r == 0 ? err.count == 0 : err.code == r && err.count > 0);
                expect(r == 0 || r == -ENOTSUP || r == -E2BIG || r == -ENOMEM);
                if (r == 0)
                        check_values(&s, arena);
        }
        return 0;
}
