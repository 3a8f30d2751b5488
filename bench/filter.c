/* SPDX-License-Identifier: Apache-2.0 */
/* Emitting, loading, lifting and comparing filters beside what libseccomp does with the same
 * profile, in rows as bench/run wants them: each figure is the best of several rounds. Run from the
 * top of the source tree. */
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

/* ---- The server's mix ----------------------------------------------------------------------- */

static uint32_t mix[2048]; /* weights of x86_64's numbers */

static void read_mix(const char *path)
{
        char name[64];
        char line[256];
        unsigned weight;
        uint32_t nr;
        FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (line[0] != '#' && sscanf(line, "%63s %9u", name, &weight) == 2 &&
                    cf_syscall_number(cf_arch_by_name("x86_64"), name, &nr) && nr < CF_COUNT(mix))
                        mix[nr] = weight;
        if (!file || fclose(file) != 0)
                abort();
}

static uint32_t weigh(void *context, const struct cf_arch *arch, uint32_t nr, bool cached)
{
        (void)context;
        (void)cached;
        return strcmp(arch->name, "x86_64") == 0 && nr < CF_COUNT(mix) && mix[nr] ? mix[nr] : 1;
}

/* ---- Measures ------------------------------------------------------------------------------- */

struct figures {
        struct cf_filter filter;
        double mean, mix; /* instructions run for a call of x86_64 without arguments */
        uint32_t worst;
        double build_ms, load_ms;
};

static void count_steps(struct figures *f)
{
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        uint32_t nr, steps;
        double sum = 0, mix_sum = 0, mix_weight = 0;
        size_t i = 0;
        for (; cf_syscall_of_arch(arch, i, &nr); i++) {
                struct cf_call call = {.nr = nr, .arch = arch->token};
                cf_filter_run(f->filter, &call, NULL, NULL, &steps);
                f->worst = steps > f->worst ? steps : f->worst;
                sum += steps;
                mix_sum += (double)steps * mix[nr];
                mix_weight += mix[nr];
        }
        f->mean = sum / (double)i;
        f->mix = mix_sum / mix_weight;
}

/* How long the kernel takes to load it, in a child of its own. */
static void load(struct figures *f)
{
        struct sock_fprog program = {(unsigned short)f->filter.count,
                                     (struct sock_filter *)(uintptr_t)f->filter.code};
        double *took = mmap(NULL, sizeof(*took), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                            -1, 0);
        int status;
        pid_t child = fork();
        if (child == 0) {
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                double start = now_ms();
                long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
                *took = r == 0 ? now_ms() - start : -1;
                syscall(SYS_exit_group, 0);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || *took <= 0)
                abort();
        f->load_ms = f->load_ms == 0 || *took < f->load_ms ? *took : f->load_ms;
        munmap(took, sizeof(*took));
}

static void row(const char *what, const char *unit, double ours, double theirs, const char *target)
{
        int digits = strcmp(unit, " ms") == 0 ? 3 : ours == (double)(long)ours ? 0 : 2;
        printf("%s\t%.*f%s\t%.*f%s\t%.3f\t%s\n", what, digits, ours, unit,
               theirs == (double)(long)theirs ? 0 : digits, theirs, unit, ours / theirs, target);
}

static void one_row(const char *what, double ms, const char *target)
{
        printf("%s\t%.3f ms\t\t\t%s\n", what, ms, target);
}

static void measure(const char *path)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct engine_profile profile = engine_profile_read(arena, path);
        const struct cf_weights weights = {weigh, NULL};
        struct figures linear = {0}, tree = {0}, ours = {0}, server = {0};
        double lift_ms = 0;
        for (int round = 0; round < ROUNDS; round++) {
                double start = now_ms();
                linear.filter = engine_filter(arena, &profile, false);
                keep_best(&linear.build_ms, start);
                start = now_ms();
                tree.filter = engine_filter(arena, &profile, true);
                keep_best(&tree.build_ms, start);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                cf_policy policy = CF_POLICY_NONE;
                start = now_ms();
                if (cf_filter_lift(all, linear.filter, &policy, NULL) < 0)
                        abort();
                keep_best(&lift_ms, start);
                start = now_ms();
                if (cf_filter_emit(all, policy, NULL, arena, &ours.filter, NULL) < 0)
                        abort();
                keep_best(&ours.build_ms, start);
                if (cf_filter_emit(all, policy, &weights, arena, &server.filter, NULL) < 0)
                        abort();
                load(&linear);
                load(&tree);
                load(&ours);
        }
        count_steps(&linear);
        count_steps(&tree);
        count_steps(&ours);
        count_steps(&server);
        row("Docker's default as a filter against libseccomp's tree: instructions", "",
            (double)ours.filter.count, (double)tree.filter.count, "at most 280");
        row("the same against its linear form", "", (double)ours.filter.count,
            (double)linear.filter.count, "");
        row("instructions run a call, mean of all calls, against the tree", "", ours.mean,
            tree.mean, "at most 9.3");
        row("the same against the linear form", "", ours.mean, linear.mean, "");
        row("the worst call, against the tree", "", ours.worst, tree.worst, "");
        row("a server's mix, filter made for it, against the tree", "", server.mix, tree.mix,
            "at most 6.8");
        row("the same against the linear form", "", server.mix, linear.mix, "");
        row("loaded by the kernel, against the tree", " ms", ours.load_ms, tree.load_ms,
            "at most 0.45");
        row("the same against the linear form", " ms", ours.load_ms, linear.load_ms,
            "at most 0.15");
        row("policy to checked filter, against the tree's building", " ms", ours.build_ms,
            tree.build_ms, "at most 0.02, 0.3 ms");
        one_row("lifting the linear filter", lift_ms, "below 1 ms");
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
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
                double start = now_ms();
                if (cf_policy_compare(all, of_a, of_b, arena, &differences, &count, NULL) < 0)
                        abort();
                keep_best(&best, start);
        }
        one_row("exact difference of Docker's and Podman's default", best, "below 1 ms");
}

int main(void)
{
        static const char docker[] = "data/profiles/docker-2026-06.json";
        static const char podman[] = "data/profiles/podman-debian12.json";
        read_mix("data/weights/server.tsv");
        measure(docker);
        measure_compare(docker, podman);
        return 0;
}
