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
#include "profile/profile.h"

#define ROUNDS 30
#define CALL_ROUNDS 5

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

/* ---- What Docker loads ---------------------------------------------------------------------- */

/* The largest number that the profile names on one of libseccomp's architectures. */
static uint32_t largest(const struct engine_profile *profile, uint32_t arch)
{
        int last = 0;
        for (size_t i = 0; i < profile->rules.count; i++) {
                int nr = seccomp_syscall_resolve_name_arch(arch, profile->rules.items[i].name);
                last = nr > last ? nr : last;
        }
        return (uint32_t)last;
}

/* In front of libseccomp's filter runc has a stub that answers ENOSYS to numbers above the largest
 * that the profile names: 14 instructions for these architectures, laid out as here. */
static struct cf_filter with_stub(struct cf_arena *arena, const struct engine_profile *profile,
                                  struct cf_filter filter)
{
        uint32_t last = largest(profile, SCMP_ARCH_X86_64),
                 last32 = largest(profile, SCMP_ARCH_X86);
        uint32_t last_x32 = largest(profile, SCMP_ARCH_X32);
        const struct sock_filter stub[] = {
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 4},
                {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, SCMP_ARCH_X86},
                {BPF_JMP | BPF_JEQ | BPF_K, 4, 0, SCMP_ARCH_X86_64},
                {BPF_JMP | BPF_JA, 0, 0, 10},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                {BPF_JMP | BPF_JGT | BPF_K, 7, 0, last32},
                {BPF_JMP | BPF_JA, 0, 0, 7},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                {BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1u << 30},
                {BPF_JMP | BPF_JGT | BPF_K, 3, 1, last},
                {BPF_JMP | BPF_JGT | BPF_K, 2, 0, last_x32},
                {BPF_JMP | BPF_JA, 0, 0, 2},
                {BPF_JMP | BPF_JA, 0, 0, 1},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO | 38},
        };
        size_t count = CF_COUNT(stub) + filter.count;
        struct sock_filter *code = cf_arena_many(arena, count, struct sock_filter);
        if (!code)
                abort();
        memcpy(code, stub, sizeof(stub));
        memcpy(code + CF_COUNT(stub), filter.code, filter.count * sizeof(*code));
        return (struct cf_filter){code, count};
}

/* ---- Calls in the kernel -------------------------------------------------------------------- */

#define CALLS 500 /* short enough to be left alone by the scheduler, most of the time */
#define BATCHES 100

enum timed {
        TIMED_REFUSED,   /* acct(NULL): always EPERM */
        TIMED_ARGUMENTS, /* personality(0xffffffff): allowed by its argument */
        TIMED_ALLOWED,   /* getppid(): the kernel remembers it */
        TIMED,
};

struct per_call {
        double ns[TIMED]; /* the best */
};

/* The best of many batches. */
static double time_calls(long nr, unsigned long argument, bool refused)
{
        double best = 0;
        for (unsigned batch = 0; batch < BATCHES; batch++) {
                double start = now_ms();
                for (unsigned i = 0; i < CALLS; i++)
                        if ((syscall(nr, argument) < 0) != refused)
                                return -1;
                keep_best(&best, start);
        }
        return best * 1e6 / CALLS;
}

static void measure_calls(struct cf_filter filter, struct per_call *best)
{
        struct sock_fprog program = {(unsigned short)filter.count,
                                     (struct sock_filter *)(uintptr_t)filter.code};
        struct per_call *took = mmap(NULL, sizeof(*took), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        int status;
        pid_t child = fork();
        if (child == 0) {
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) {
                        took->ns[TIMED_REFUSED] = time_calls(SYS_acct, 0, true);
                        took->ns[TIMED_ARGUMENTS] = time_calls(SYS_personality, 0xffffffff, false);
                        took->ns[TIMED_ALLOWED] = time_calls(SYS_getppid, 0, false);
                }
                syscall(SYS_exit_group, 0);
        }
        if (child < 0 || waitpid(child, &status, 0) != child)
                abort();
        for (unsigned i = 0; i < TIMED; i++) {
                if (took->ns[i] <= 0)
                        abort();
                if (best->ns[i] == 0 || took->ns[i] < best->ns[i])
                        best->ns[i] = took->ns[i];
        }
        munmap(took, sizeof(*took));
}

static void row(const char *what, const char *unit, double ours, double theirs, const char *target)
{
        int digits = strcmp(unit, " ms") == 0 ? 3 : ours == (double)(long)ours || *unit ? 0 : 2;
        printf("%s\t%.*f%s\t%.*f%s\t%.3f\t%s\n", what, digits, ours, unit,
               theirs == (double)(long)theirs ? 0 : digits, theirs, unit, ours / theirs, target);
}

static void one_row(const char *what, double ms, const char *target)
{
        printf("%s\t%.3f ms\t\t\t%s\n", what, ms, target);
}

struct measured {
        struct figures linear, tree,
                docker;              /* of libseccomp; docker: the tree behind runc's stub */
        struct figures ours, server; /* of the same policy, the stub's too */
        struct figures plain;        /* of the policy without the stub */
        struct per_call linear_calls, docker_calls, our_calls;
        double lift_ms, text_ms;
};

/* A profile's text to a filter that was checked. */
static void from_text(struct cf_span text, double *best)
{
        const struct cf_circumstances here = {cf_arch_by_name("x86_64"), cf_capabilities_docker(),
                                              6, 1};
        double start = now_ms();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        const struct cf_profile *profile;
        struct cf_source *source;
        struct cf_filter filter;
        cf_policy policy;
        if (cf_source_from(arena, "docker.json", text, &source, NULL) < 0 ||
            cf_profile_read(arena, source, &profile, NULL) < 0 ||
            cf_profile_policy(all, profile, &here, &policy, NULL) < 0 ||
            cf_filter_emit(all, policy, NULL, arena, &filter, NULL) < 0)
                abort();
        keep_best(best, start);
}

static void measure_once(struct cf_arena *arena, const struct engine_profile *profile,
                         struct measured *m)
{
        const struct cf_weights weights = {weigh, NULL};
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        cf_policy policy = CF_POLICY_NONE, stubbed = CF_POLICY_NONE;
        double start = now_ms();
        m->linear.filter = engine_filter(arena, profile, false);
        keep_best(&m->linear.build_ms, start);
        start = now_ms();
        m->tree.filter = engine_filter(arena, profile, true);
        keep_best(&m->tree.build_ms, start);
        m->docker.filter = with_stub(arena, profile, m->tree.filter);
        start = now_ms();
        if (cf_filter_lift(all, m->linear.filter, &policy, NULL) < 0)
                abort();
        keep_best(&m->lift_ms, start);
        start = now_ms();
        if (cf_filter_emit(all, policy, NULL, arena, &m->plain.filter, NULL) < 0)
                abort();
        keep_best(&m->plain.build_ms, start);
        if (cf_filter_lift(all, m->docker.filter, &stubbed, NULL) < 0 ||
            cf_filter_emit(all, stubbed, NULL, arena, &m->ours.filter, NULL) < 0 ||
            cf_filter_emit(all, stubbed, &weights, arena, &m->server.filter, NULL) < 0)
                abort();
        load(&m->linear);
        load(&m->tree);
        load(&m->docker);
        load(&m->plain);
        load(&m->ours);
}

static void print_filters(const struct figures *ours, const struct figures *server,
                          const struct figures *theirs, const char *name, bool promised,
                          const char *load)
{
        char what[128];
        snprintf(what, sizeof(what), "Docker's default as a filter against %s: instructions", name);
        row(what, "", (double)ours->filter.count, (double)theirs->filter.count,
            promised ? "at most 280" : "");
        row("instructions run a call, mean of all calls", "", ours->mean, theirs->mean,
            promised ? "at most 9.3" : "");
        row("the worst call", "", ours->worst, theirs->worst, "");
        row("a server's mix, filter made for it", "", server->mix, theirs->mix,
            promised ? "at most 6.8" : "");
        row("loaded by the kernel", " ms", ours->load_ms, theirs->load_ms, load);
}

static void print_calls(const struct measured *m, enum timed i, const char *what)
{
        char text[128];
        snprintf(text, sizeof(text), "%s, against what Docker loads", what);
        row(text, " ns", m->our_calls.ns[i], m->docker_calls.ns[i], "");
        row("the same against the linear form", " ns", m->our_calls.ns[i], m->linear_calls.ns[i],
            "");
}

static void measure(const char *path)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct engine_profile profile = engine_profile_read(arena, path);
        struct cf_files *files = cf_files_new();
        struct measured m = {.text_ms = 0};
        struct cf_source *source;
        if (cf_files_read(files, arena, path, &source, NULL) < 0)
                abort();
        for (int round = 0; round < ROUNDS; round++) {
                measure_once(arena, &profile, &m);
                from_text(source->text, &m.text_ms);
        }
        for (int round = 0; round < CALL_ROUNDS; round++) {
                measure_calls(m.linear.filter, &m.linear_calls);
                measure_calls(m.docker.filter, &m.docker_calls);
                measure_calls(m.ours.filter, &m.our_calls);
        }
        cf_files_free(files);
        struct figures *all[] = {&m.linear, &m.tree, &m.docker, &m.plain, &m.ours, &m.server};
        for (size_t i = 0; i < CF_COUNT(all); i++)
                count_steps(all[i]);
        print_filters(&m.ours, &m.server, &m.docker, "what Docker loads (tree, runc's stub)", true,
                      "");
        print_filters(&m.plain, &m.server, &m.tree, "libseccomp's tree", false, "at most 0.45");
        print_filters(&m.plain, &m.server, &m.linear, "its linear form", false, "at most 0.15");
        print_calls(&m, TIMED_REFUSED, "a refused call in the kernel");
        print_calls(&m, TIMED_ARGUMENTS, "a call allowed by its argument");
        print_calls(&m, TIMED_ALLOWED, "a call that is always allowed");
        row("policy to checked filter, against the tree's building", " ms", m.plain.build_ms,
            m.tree.build_ms, "at most 0.02, 0.3 ms");
        one_row("a profile's text to checked filter", m.text_ms, "at most 1 ms");
        one_row("lifting the linear filter", m.lift_ms, "below 1 ms");
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
