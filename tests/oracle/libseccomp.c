/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle: libseccomp, by lifting the filters that it makes. For rules on one argument of 32 bits it
 * agrees. Where it does not, with more arguments or wider values, the kernel decides: under its
 * filter the witness gets what the rules do not say, under ours what they say.
 *
 *     oracle-libseccomp [COUNT [SEED]]     random sets of rules of each kind */
#include <seccomp.h>

#include "kernel.h"
#include "plain.h"
#include "profile/profile.h"

#define BYTES_MAX 65536u
#define SECONDS 3u /* for one set of rules: there are some on which libseccomp does not return */

struct built {
        int done; /* 1: its filter is below */
        size_t size;
        char bytes[BYTES_MAX];
};
static struct built *built;
static const char *const names[] = {"getpid"};

static uint32_t value_of(struct plain_answer answer)
{
        const struct plain_action *action = &plain_actions[answer.action];
        return action->has_number ? action->value | answer.number : action->value;
}

static void build_in_child(const struct plain_profile *plain)
{
        static const enum scmp_compare operators[] = {SCMP_CMP_NE,       SCMP_CMP_LT, SCMP_CMP_LE,
                                                      SCMP_CMP_EQ,       SCMP_CMP_GE, SCMP_CMP_GT,
                                                      SCMP_CMP_MASKED_EQ};
        scmp_filter_ctx context = seccomp_init(value_of(plain->otherwise));
        alarm(SECONDS);
        for (unsigned i = 0; i < plain->count; i++) {
                const struct plain_rule *rule = &plain->rules[i];
                struct scmp_arg_cmp args[3];
                for (unsigned k = 0; k < rule->count; k++)
                        args[k] = (struct scmp_arg_cmp){rule->tests[k].arg,
                                                        operators[rule->tests[k].op],
                                                        rule->tests[k].value, rule->tests[k].two};
                uint32_t action = value_of(rule->answer);
                if (seccomp_rule_add_array(context, action, SCMP_SYS(getpid), rule->count, args) <
                    0)
                        _exit(1);
        }
        int fd = memfd_create("filter", 0);
        if (seccomp_export_bpf(context, fd) < 0)
                _exit(1);
        ssize_t size = pread(fd, built->bytes, BYTES_MAX, 0);
        built->size = size > 0 ? (size_t)size : 0;
        built->done = size > 0;
        _exit(0);
}

/* False: it did not return, or refused the rules. */
static bool build_theirs(const struct plain_profile *plain, struct cf_arena *arena,
                         struct cf_filter *ret_filter)
{
        int status;
        built->done = 0;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
                build_in_child(plain);
        if (child < 0 || waitpid(child, &status, 0) != child)
                abort();
        return built->done &&
               cf_filter_from_bytes(arena, (struct cf_span){built->bytes, built->size}, ret_filter,
                                    NULL) == 0;
}

/* One action, as runc drives it: conditions of one entry are about different arguments. */
static void random_rules(struct plain_profile *plain, unsigned args, bool wide)
{
        bool refuse = random_below(2);
        *plain = (struct plain_profile){.otherwise = {refuse ? PLAIN_ALLOW : PLAIN_ERRNO, 1},
                                        .count = 1 + random_below(3)};
        for (unsigned i = 0; i < plain->count; i++) {
                struct plain_rule *rule = &plain->rules[i];
                rule->name = names[0];
                rule->answer = (struct plain_answer){refuse ? PLAIN_ERRNO : PLAIN_ALLOW, 7};
                for (unsigned arg = 0; arg < args; arg++) {
                        uint64_t value = random_below(2) ? random_below(0x30) : random_next();
                        struct plain_test test = {arg, (enum plain_operator)random_below(6), value,
                                                  0};
                        if (!wide)
                                test.value = (uint32_t)value;
                        if (random_below(2) || (arg + 1 == args && rule->count == 0))
                                rule->tests[rule->count++] = test;
                }
        }
}

static cf_policy meaning(struct cf_policies *all, struct cf_arena *arena,
                         const struct plain_profile *plain, char *text)
{
        struct cf_source *source = NULL;
        const struct cf_profile *profile = NULL;
        const struct cf_circumstances here = {.machine = cf_arch_by_name("x86_64")};
        struct cf_span span = {text, plain_print(plain, text)};
        cf_policy policy;
        if (cf_source_from(arena, "random.json", span, &source, NULL) < 0 ||
            cf_profile_read(arena, source, &profile, NULL) < 0 ||
            cf_profile_policy(all, profile, &here, &policy, NULL) < 0)
                abort();
        return policy;
}

_Noreturn static void fail(const char *what, const char *text)
{
        printf("not ok: %s:\n%s\n", what, text);
        exit(1);
}

/* Each difference, on the kernel: their filter does not do what the rules say, ours does. */
static unsigned confirm(struct cf_policies *all, cf_policy ours, cf_policy theirs,
                        const struct plain_profile *plain, struct cf_filter their_filter,
                        struct cf_arena *arena, const char *text)
{
        struct cf_difference *differences;
        struct cf_filter our_filter;
        size_t count;
        if (cf_policy_compare(all, ours, theirs, arena, &differences, &count, NULL) < 0 ||
            cf_filter_emit(all, ours, NULL, arena, &our_filter, NULL) < 0 || count == 0)
                fail("cannot be compared", text);
        for (size_t i = 0; i < count; i++) {
                const struct cf_call *call = &differences[i].witness;
                uint32_t right = kernel_view(plain_value(plain, names[0], call->args));
                if (call->arch != AUDIT_ARCH_X86_64 || call->nr != SYS_getpid)
                        fail("it differs in other calls", text);
                const uint32_t *answer = kernel_answers(our_filter, call, 1);
                if (!answer || *answer != right)
                        fail("the kernel decides against us", text);
                answer = kernel_answers(their_filter, call, 1);
                if (!answer || *answer == right)
                        fail("the kernel does not confirm the difference", text);
        }
        return (unsigned)count;
}

static void many(unsigned long count, unsigned args, bool wide, const char *what, int number)
{
        unsigned long equal = 0, different = 0, witnesses = 0, no_filter = 0;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (unsigned long i = 0; i < count; i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct plain_profile plain;
                struct cf_filter filter;
                cf_policy theirs;
                char text[4096];
                random_rules(&plain, args, wide);
                cf_arena_clear(arena);
                cf_policy ours = meaning(all, arena, &plain, text);
                if (!build_theirs(&plain, arena, &filter)) {
                        no_filter++;
                        continue;
                }
                if (cf_filter_lift(all, filter, &theirs, NULL) < 0)
                        fail("cannot be lifted", text);
                if (ours == theirs) {
                        equal++;
                        continue;
                }
                if (args == 1 && !wide)
                        fail("libseccomp differs where it must not", text);
                witnesses += confirm(all, ours, theirs, &plain, filter, arena, text);
                different++;
        }
        printf("ok %d - %s: %lu sets of rules equal, %lu not: the kernel says as we do in all %lu "
               "witnesses; %lu without a filter\n",
               number, what, equal, different, witnesses, no_filter);
}

int main(int argc, char **argv)
{
        unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
        if (argc > 2)
                random_state ^= strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u;
        built = mmap(NULL, sizeof(*built), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0);
        if (built == MAP_FAILED)
                abort();
        many(2 * count, 1, false, "one argument of 32 bits", 1);
        many(count, 1, true, "one argument of 64 bits", 2);
        many(count, 2, false, "two arguments of 32 bits", 3);
        many(count, 3, true, "three arguments of 64 bits", 4);
        return 0;
}
