/* SPDX-License-Identifier: Apache-2.0 */
/* Lifting, emitting and comparing filters beside what libseccomp does with the same profile: a line
 * a measure, the best of several rounds, and the ratio. Run from the top of the source tree. */
#include <stdio.h>
#include <time.h>

#include "engine.h"

#define ROUNDS 30

static double now_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void keep_best(double *best, double start)
{
        double took = now_ms() - start;
        if (*best == 0 || took < *best)
                *best = took;
}

/* Instructions run for a call without arguments over all calls of x86_64: mean and worst. */
static double mean_steps(struct cf_filter filter, uint32_t *ret_worst)
{
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        uint32_t nr, steps;
        double sum = 0;
        size_t i = 0;
        *ret_worst = 0;
        for (; cf_syscall_of_arch(arch, i, &nr); i++) {
                struct cf_call call = {.nr = nr, .arch = arch->token};
                cf_filter_run(filter, &call, NULL, NULL, &steps);
                *ret_worst = steps > *ret_worst ? steps : *ret_worst;
                sum += steps;
        }
        return sum / (double)i;
}

static void print_filter(const char *name, struct cf_filter filter, double built_ms)
{
        uint32_t worst;
        double mean = mean_steps(filter, &worst);
        printf("  %-18s %5zu instructions, run %6.2f mean, %3u worst; built in %7.3f ms\n", name,
               filter.count, mean, worst, built_ms);
}

static void measure(const char *path)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct engine_profile profile = engine_profile_read(arena, path);
        struct cf_filter linear = {0}, tree = {0}, ours = {0};
        double linear_ms = 0, tree_ms = 0, lift_ms = 0, lift_tree_ms = 0, emit_ms = 0;
        uint32_t nodes = 0;
        for (int round = 0; round < ROUNDS; round++) {
                double start = now_ms();
                linear = engine_filter(arena, &profile, false);
                keep_best(&linear_ms, start);
                start = now_ms();
                tree = engine_filter(arena, &profile, true);
                keep_best(&tree_ms, start);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                cf_policy policy = CF_POLICY_NONE, again = CF_POLICY_NONE;
                start = now_ms();
                if (cf_filter_lift(all, linear, &policy, NULL) < 0)
                        abort();
                keep_best(&lift_ms, start);
                start = now_ms();
                if (cf_filter_emit(all, policy, NULL, arena, &ours, NULL) < 0)
                        abort();
                keep_best(&emit_ms, start);
                CF_POLICIES struct cf_policies *other = cf_policies_new(0);
                start = now_ms();
                if (cf_filter_lift(other, tree, &again, NULL) < 0)
                        abort();
                keep_best(&lift_tree_ms, start);
                nodes = cf_policy_size(all, policy);
        }
        printf("%s: %u nodes\n", path, nodes);
        print_filter("libseccomp linear", linear, linear_ms);
        print_filter("libseccomp tree", tree, tree_ms);
        print_filter("confined", ours, emit_ms);
        printf("  lifted in %.3f ms (linear), %.3f ms (tree)\n", lift_ms, lift_tree_ms);
        printf("  built, lifted and compared in %.4f of the tree's time, %.2f of its length\n",
               emit_ms / tree_ms, (double)ours.count / (double)tree.count);
}

static void measure_compare(const char *first, const char *second)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct engine_profile a = engine_profile_read(arena, first);
        struct engine_profile b = engine_profile_read(arena, second);
        cf_policy of_a, of_b;
        struct cf_difference *differences;
        size_t count;
        if (cf_filter_lift(all, engine_filter(arena, &a, false), &of_a, NULL) < 0 ||
            cf_filter_lift(all, engine_filter(arena, &b, false), &of_b, NULL) < 0)
                abort();
        double start = now_ms();
        if (cf_policy_compare(all, of_a, of_b, arena, &differences, &count, NULL) < 0)
                abort();
        printf("compared: %zu differences in %.3f ms\n", count, now_ms() - start);
}

int main(void)
{
        static const char docker[] = "data/profiles/docker-2026-06.json";
        static const char podman[] = "data/profiles/podman-debian12.json";
        measure(docker);
        measure(podman);
        measure_compare(docker, podman);
        return 0;
}
