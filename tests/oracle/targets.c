/* SPDX-License-Identifier: Apache-2.0 */
/* What emitted filters must reach, counted, not timed: every call that is always allowed, and no
 * other, is known to the kernel as such in the filter of every engine's default; and Docker's
 * default is as short, and runs as few instructions a call, as docs/benchmarks.md promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/filter.h"
#include "profile/profile.h"

#define EXPECT(holds)                                                              \
        do {                                                                       \
                if (!(holds)) {                                                    \
                        printf("not ok: %s:%d: %s\n", __FILE__, __LINE__, #holds); \
                        exit(1);                                                   \
                }                                                                  \
        } while (0)

static cf_policy meaning(struct cf_policies *all, struct cf_arena *arena,
                         const struct cf_profile_default *named, uint64_t capabilities,
                         const char *machine)
{
        const struct cf_circumstances here = {cf_arch_by_name(machine), capabilities, 6, 1};
        const struct cf_profile *profile;
        struct cf_source *source;
        struct cf_span text;
        cf_policy policy;
        EXPECT(cf_profile_default_text(arena, named, &text) == 0);
        EXPECT(cf_source_from(arena, named->name, text, &source, NULL) == 0);
        EXPECT(cf_profile_read(arena, source, &profile, NULL) == 0);
        EXPECT(cf_profile_policy(all, profile, &here, &policy, NULL) == 0);
        return policy;
}

/* ---- The kernel's bits ---------------------------------------------------------------------- */

static unsigned long check_bits(struct cf_policies *all, cf_policy policy, struct cf_filter filter)
{
        const struct cf_arch *arch;
        unsigned long known = 0;
        uint32_t nr, value;
        for (size_t a = 0; (arch = cf_arch_at(a)); a++)
                for (size_t i = 0; cf_syscall_of_arch(arch, i, &nr); i++) {
                        cf_policy call = cf_policy_of_call(all, policy, arch->token, nr);
                        bool allowed =
                                cf_policy_is_constant(all, call, &value) && value == CF_ALLOW;
                        EXPECT(cf_filter_is_known_allowed(filter, arch->token, nr) == allowed);
                        known += allowed;
                }
        return known;
}

static void bits(void)
{
        static const char *const machines[] = {"x86_64", "aarch64"};
        const uint64_t capabilities[] = {cf_capabilities_docker(), CF_CAPABILITIES_ALL};
        unsigned long known = 0;
        for (size_t i = 0; i < cf_profile_default_count * 4; i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct cf_filter filter;
                cf_policy policy = meaning(all, arena, &cf_profile_defaults[i / 4],
                                           capabilities[i % 2], machines[i / 2 % 2]);
                EXPECT(cf_filter_emit(all, policy, NULL, arena, &filter, NULL) == 0);
                known += check_bits(all, policy, filter);
        }
        EXPECT(known > 0);
        printf("ok 1 - %lu calls that engines' defaults always allow keep their bit\n", known);
}

/* ---- Counts --------------------------------------------------------------------------------- */

static uint32_t mix[2048]; /* weights of x86_64's numbers */

static void read_mix(const char *path)
{
        char name[64], line[256];
        unsigned weight;
        uint32_t nr;
        FILE *file = fopen(path, "re");
        EXPECT(file);
        while (fgets(line, sizeof(line), file))
                if (line[0] != '#' && sscanf(line, "%63s %9u", name, &weight) == 2 &&
                    cf_syscall_number(cf_arch_by_name("x86_64"), name, &nr) && nr < CF_COUNT(mix))
                        mix[nr] = weight;
        EXPECT(fclose(file) == 0);
}

static uint32_t weigh(void *context, const struct cf_arch *arch, uint32_t nr, bool cached)
{
        (void)context;
        (void)cached;
        return strcmp(arch->name, "x86_64") == 0 && nr < CF_COUNT(mix) && mix[nr] ? mix[nr] : 1;
}

/* Instructions run for a call of x86_64 without arguments, in hundredths: on average over all
 * calls, and over the mix. */
static void count(struct cf_filter filter, uint64_t *ret_mean, uint64_t *ret_mix)
{
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        uint64_t sum = 0, calls = 0, mix_sum = 0, mix_weight = 0;
        uint32_t nr, steps;
        for (size_t i = 0; cf_syscall_of_arch(arch, i, &nr); i++) {
                struct cf_call call = {.nr = nr, .arch = arch->token};
                cf_filter_run(filter, &call, NULL, NULL, &steps);
                sum += steps;
                calls++;
                mix_sum += (uint64_t)steps * mix[nr];
                mix_weight += mix[nr];
        }
        EXPECT(mix_weight > 0);
        *ret_mean = sum * 100 / calls;
        *ret_mix = mix_sum * 100 / mix_weight;
}

static void counts(void)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        const struct cf_weights weights = {weigh, NULL};
        const struct cf_profile_default *docker = cf_profile_default("docker-2026-06");
        struct cf_filter plain, server;
        uint64_t mean, of_mix, server_mean, server_mix;
        EXPECT(docker);
        read_mix("data/weights/server.tsv");
        cf_policy policy = meaning(all, arena, docker, cf_capabilities_docker(), "x86_64");
        EXPECT(cf_filter_emit(all, policy, NULL, arena, &plain, NULL) == 0);
        EXPECT(cf_filter_emit(all, policy, &weights, arena, &server, NULL) == 0);
        count(plain, &mean, &of_mix);
        count(server, &server_mean, &server_mix);
        printf("# %zu instructions, mean %.2f, mix %.2f; with the mix's weights %zu, %.2f, %.2f\n",
               plain.count, (double)mean / 100, (double)of_mix / 100, server.count,
               (double)server_mean / 100, (double)server_mix / 100);
        EXPECT(plain.count <= 280 && server.count <= 280);
        EXPECT(mean <= 930 && server_mix <= 680);
        EXPECT(server_mix < of_mix);
        puts("ok 2 - Docker's default is within 280 instructions, 9.3 a call, 6.8 in a server's "
             "mix");
}

int main(void)
{
        bits();
        counts();
        return 0;
}
