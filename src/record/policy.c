/* SPDX-License-Identifier: Apache-2.0 */
/* An observation → the policy that lets that through and no more. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "record/chance.h"

struct work {
        struct cf_policies *all;
        struct cf_arena *arena;
        const struct cf_observation *observation;
        const struct cf_record_options *options;
        const struct cf_arch *const *base; /* architectures that the base covers, for ADD */
        size_t base_count;
        struct cf_error *err;
};

static bool is_needed(const struct work *work, const struct cf_seen_call *call)
{
        return call->count[CF_SEEN_WORKLOAD] || call->count[CF_SEEN_RUNTIME] ||
               (work->options->refused && call->refused);
}

/* ---- arguments
 * ----------------------------------------------------------------------------------- */

/* What an argument was: all of its values, when they are few, or no other flags than were seen. */
static cf_policy values_condition(struct work *work, const struct cf_syscall *call, unsigned arg,
                                  const struct cf_seen_value *values, size_t count)
{
        struct cf_slice slice = cf_slice_arg(arg);
        cf_policy any = CF_POLICY_FALSE;
        uint64_t flags = 0;
        for (size_t i = 0; i < count; i++) {
                flags |= values[i].value;
                any = cf_policy_or(work->all, any,
                                   cf_policy_equal(work->all, slice, values[i].value));
        }
        if (cf_argument_decides(call, arg) == CF_DECIDES_FLAGS)
                return cf_policy_masked(work->all, slice, ~flags, 0);
        return count <= CF_RECORD_VALUES_MAX ? any : CF_POLICY_TRUE;
}

static cf_policy call_condition(struct work *work, const struct cf_syscall *call,
                                const struct cf_seen_call *seen)
{
        cf_policy condition = CF_POLICY_TRUE;
        if (!work->options->arguments)
                return condition;
        for (size_t i = 0, end; i < seen->value_count; i = end) {
                unsigned arg = seen->values[i].arg;
                for (end = i; end < seen->value_count && seen->values[end].arg == arg;)
                        end++;
                if (arg >= CF_POLICY_ARGS || seen->open >> arg & 1 ||
                    cf_argument_decides(call, arg) == CF_DECIDES_NOT)
                        continue;
                condition =
                        cf_policy_and(work->all, condition,
                                      values_condition(work, call, arg, seen->values + i, end - i));
        }
        return condition;
}

/* Profiles name a call for all architectures at once, so what was seen on one counts for all. */
struct named {
        const struct cf_syscall *call;
        cf_policy answer;
};

/* What clone must let through when clone3 was called: its flags are in memory, where no filter
 * looks. So clone3 gets ENOSYS, as engines answer it, and who calls it goes on with clone, with the
 * flags that clone3 was given. Where these are not known (not all were readable, or they are too
 * many), with any but those for new namespaces.
 *
 * clone has the signal for the parent in the low 8 bits, which clone3 has elsewhere, and takes no
 * notice of bits above the 32nd, where clone3 has flags of its own (CLONE_CLEAR_SIGHAND,
 * CLONE_INTO_CGROUP): who goes on with clone may leave them or not. Source: linux/sched.h,
 * clone(2). */
#define CLONE_NAMESPACES UINT64_C(0x7e020000) /* CLONE_NEW*, but CLONE_NEWTIME: not for clone */
#define CLONE_SIGNAL UINT64_C(0xff)
#define CLONE_FLAGS UINT64_C(0xffffff00)
#define CLONE_THREAD UINT64_C(0x10000)

static bool is_clone3(const struct cf_syscall *call)
{
        return call && strcmp(call->name, "clone3") == 0;
}

/* All flags that clone3 was called with; false: not all are known. */
static bool flags_of_clone3(const struct cf_seen_call *seen, uint64_t *ret_flags)
{
        uint64_t made =
                seen->count[CF_SEEN_WORKLOAD] + seen->count[CF_SEEN_RUNTIME] + seen->refused;
        uint64_t known = 0;
        *ret_flags = 0;
        for (size_t i = 0; i < seen->value_count; i++) {
                *ret_flags |= seen->values[i].value;
                known += seen->values[i].count;
        }
        return !(seen->open & 1) && known >= made;
}

static int name_clone(struct work *work, const struct cf_seen_call *seen, struct named *ret_named)
{
        struct cf_policies *all = work->all;
        uint64_t flags, none = CLONE_NAMESPACES;
        if (flags_of_clone3(seen, &flags))
                none = work->options->arguments ? ~(flags | CLONE_SIGNAL) : none & ~flags;
        cf_policy plain = cf_policy_masked(all, cf_slice_arg(0), none, 0);
        ret_named->call = cf_syscall_by_name("clone");
        ret_named->answer = cf_policy_choose(all, plain, cf_policy_constant(all, CF_ALLOW),
                                             cf_policy_constant(all, CF_ERRNO | EPERM));
        return ret_named->call ? 0 : -ENOENT;
}

/* What a policy refuses of the clone calls that stand for a clone3 that gets ENOSYS. */
static cf_policy lacking_clone(struct work *work, const struct cf_seen_call *seen, cf_policy policy,
                               unsigned refused)
{
        struct cf_policies *all = work->all;
        cf_policy asked = CF_POLICY_FALSE;
        uint32_t nr;
        if (!cf_syscall_number(seen->arch, "clone", &nr))
                return CF_POLICY_FALSE;
        for (size_t i = 0; i < seen->value_count; i++) {
                uint64_t flags = seen->values[i].value & CLONE_FLAGS;
                flags |= flags & CLONE_THREAD ? 0 : SIGCHLD;
                asked = cf_policy_or(all, asked, cf_policy_equal(all, cf_slice_arg(0), flags));
        }
        cf_policy left = cf_policy_of_call(all, policy, seen->arch->token, nr);
        return cf_policy_and(all, asked,
                             cf_policy_where_action(all, left, refused | CF_ACTIONS_OTHER));
}

/* ---- calls, by name
 * ------------------------------------------------------------------------------- */

static int compare_named(const void *a, const void *b)
{
        return strcmp(((const struct named *)a)->call->name, ((const struct named *)b)->call->name);
}

static int name_calls(struct work *work, struct named **ret_named, size_t *ret_count)
{
        CF_VEC(struct named) named = {0};
        cf_policy allow = cf_policy_constant(work->all, CF_ALLOW);
        cf_policy refuse = cf_policy_constant(work->all, CF_ERRNO | EPERM);
        for (size_t i = 0; i < work->observation->call_count; i++) {
                const struct cf_seen_call *seen = &work->observation->calls[i];
                const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
                if (!call || !is_needed(work, seen))
                        continue;
                struct named now = {call, CF_POLICY_NONE};
                if (!is_clone3(call))
                        now.answer = cf_policy_choose(work->all, call_condition(work, call, seen),
                                                      allow, refuse);
                else if (name_clone(work, seen, &now) < 0)
                        continue;
                if (cf_vec_push(work->arena, &named, now) < 0)
                        return -ENOMEM;
        }
        unsigned chances =
                cf_chances(work->observation, work->options->started, work->options->refused);
        const char *name;
        for (size_t i = 0; (name = cf_chance_call(chances, i)); i++) {
                struct named now = {cf_syscall_by_name(name), allow};
                if (now.call && cf_vec_push(work->arena, &named, now) < 0)
                        return -ENOMEM;
        }
        if (named.count)
                qsort(named.items, named.count, sizeof(*named.items), compare_named);
        size_t kept = 0;
        for (size_t i = 0; i < named.count; i++) {
                if (kept && named.items[kept - 1].call == named.items[i].call)
                        named.items[kept - 1].answer = cf_policy_union(
                                work->all, named.items[kept - 1].answer, named.items[i].answer);
                else
                        named.items[kept++] = named.items[i];
        }
        *ret_named = named.items;
        *ret_count = kept;
        return 0;
}

static cf_policy answer_of(struct work *work, const struct named *named, size_t count,
                           const struct cf_syscall *call)
{
        size_t low = 0, high = count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(named[middle].call->name, call->name);
                if (order == 0)
                        return named[middle].answer;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return cf_policy_constant(work->all, CF_ERRNO | (call->fallback ? ENOSYS : EPERM));
}

/* ---- architectures
 * --------------------------------------------------------------------------------- */

static bool is_covered(const struct work *work, const struct cf_arch *arch)
{
        bool covered = arch == work->options->machine;
        for (size_t i = 0; i < work->base_count && !covered; i++)
                covered = work->base[i] == arch;
        for (size_t i = 0; i < work->observation->call_count && !covered; i++)
                covered = work->observation->calls[i].arch == arch &&
                          is_needed(work, &work->observation->calls[i]);
        return covered;
}

/* Adds one architecture: its numbers and those between them. */
static cf_policy add_arch(struct work *work, cf_policy policy, const struct cf_arch *arch,
                          const struct named *named, size_t count)
{
        struct cf_policies *all = work->all;
        cf_policy refuse = cf_policy_constant(all, CF_ERRNO | EPERM);
        CF_VEC(struct cf_piece) pieces = {0};
        uint64_t next = 0;
        const struct cf_syscall *call;
        uint32_t nr;
        for (size_t i = 0; (call = cf_syscall_of_arch(arch, i, &nr)); i++) {
                struct cf_piece between = {next, (uint64_t)nr - 1, refuse};
                if (nr > next && cf_vec_push(work->arena, &pieces, between) < 0)
                        return CF_POLICY_NONE;
                struct cf_piece own = {nr, nr, answer_of(work, named, count, call)};
                if (cf_vec_push(work->arena, &pieces, own) < 0)
                        return CF_POLICY_NONE;
                next = (uint64_t)nr + 1;
        }
        struct cf_piece rest = {next, UINT32_MAX, refuse};
        if (next <= UINT32_MAX && cf_vec_push(work->arena, &pieces, rest) < 0)
                return CF_POLICY_NONE;
        cf_policy numbers = cf_policy_cases(all, CF_SLICE_NR, pieces.items, pieces.count);
        cf_policy where = cf_policy_equal(all, CF_SLICE_ARCH, arch->token);
        /* x32 is x86_64's numbers from bit 30 on; number -1 is nobody's call. */
        const struct cf_arch *other = cf_arch_of_call(arch->token, arch->base ^ CF_X32_BIT);
        if (other && other != arch) {
                bool x32 = arch->base == CF_X32_BIT;
                cf_policy half = cf_policy_range(all, CF_SLICE_NR, x32 ? CF_X32_BIT : 0,
                                                 x32 ? UINT32_MAX : CF_X32_BIT - 1);
                cf_policy skipped = cf_policy_equal(all, CF_SLICE_NR, UINT32_MAX);
                where = cf_policy_and(all, where, cf_policy_or(all, half, skipped));
        }
        return cf_policy_choose(all, where, numbers, policy);
}

static int seen_policy(struct work *work, cf_policy *ret_policy)
{
        struct named *named;
        size_t count;
        const struct cf_arch *arch;
        if (name_calls(work, &named, &count) < 0)
                return cf_error_set(work->err, -ENOMEM, NULL, "not enough memory");
        cf_policy policy = cf_policy_constant(work->all, CF_KILL_THREAD);
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if (is_covered(work, arch))
                        policy = add_arch(work, policy, arch, named, count);
        *ret_policy = policy;
        return cf_policies_check(work->all, policy, work->err);
}

int cf_record_policy(struct cf_policies *all, const struct cf_observation *observation,
                     const struct cf_record_options *options, cf_policy *ret_policy,
                     struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        struct work work = {.all = all,
                            .arena = arena,
                            .observation = observation,
                            .options = options,
                            .err = err};
        cf_policy policy = CF_POLICY_NONE;
        if (!arena)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = options->base != CF_RECORD_ADD
                        ? 0
                        : cf_profile_covered(all, options->policy, options->machine, arena,
                                             &work.base, &work.base_count, err);
        if (r == 0)
                r = seen_policy(&work, &policy);
        if (r < 0)
                return r;
        if (options->base == CF_RECORD_TIGHTEN) {
                policy = cf_policy_intersection(all, policy, options->policy);
        } else if (options->base == CF_RECORD_ADD) {
                /* Only what is let through is added: the base's refusals keep their errors. */
                unsigned passes = cf_action_bit(CF_ALLOW);
                cf_policy added = cf_policy_where_action(all, policy, passes);
                policy = cf_policy_choose(all, added, cf_policy_constant(all, CF_ALLOW),
                                          options->policy);
        }
        r = cf_policies_check(all, policy, err);
        if (r == 0)
                *ret_policy = policy;
        return r;
}

/* ---- why
 * ------------------------------------------------------------------------------------------- */

/* Of the workload, and not of what starts it. */
#define OWN_CHANCES                                                                              \
        (CF_CHANCE_END | CF_CHANCE_HANDLER | CF_CHANCE_OLD | CF_CHANCE_WAIT | CF_CHANCE_THREAD | \
         CF_CHANCE_LANGUAGE)
#define VALUES_SAID 4u /* of one argument, in a reason */

static void say_values(struct cf_text *out, const struct cf_syscall *call,
                       const struct cf_seen_call *seen)
{
        unsigned said = 0, before = CF_POLICY_ARGS;
        for (size_t i = 0; i < seen->value_count; i++) {
                unsigned arg = seen->values[i].arg;
                if (arg >= CF_POLICY_ARGS || seen->open >> arg & 1 ||
                    cf_argument_decides(call, arg) == CF_DECIDES_NOT)
                        continue;
                said = arg == before ? said + 1 : 1;
                if (said > VALUES_SAID + 1)
                        continue;
                if (said > VALUES_SAID) {
                        cf_text_puts(out, ", …");
                        continue;
                }
                struct cf_condition condition = {.arg = (uint8_t)arg,
                                                 .op = CF_EQ,
                                                 .mask = UINT64_MAX,
                                                 .value = seen->values[i].value};
                cf_text_puts(out, arg != before ? "; " : ", ");
                before = arg;
                cf_say_condition(out, call, &condition);
        }
}

void cf_record_reason(const struct cf_observation *observation, const char *base,
                      const struct cf_syscall *call, struct cf_text *out)
{
        const struct cf_seen_call *by_workload = NULL, *by_runtime = NULL, *refused = NULL;
        const struct cf_seen_call *replaced = NULL;
        bool clone = strcmp(call->name, "clone") == 0;
        unsigned chances = cf_chances(observation, true, true), own_chances = chances & OWN_CHANCES;
        const char *chance;
        for (size_t i = 0; i < observation->call_count; i++) {
                const struct cf_seen_call *seen = &observation->calls[i];
                const struct cf_syscall *own = cf_syscall_by_number(seen->arch, seen->nr);
                replaced = clone && is_clone3(own) ? seen : replaced;
                if (own != call)
                        continue;
                by_workload = seen->count[CF_SEEN_WORKLOAD] ? seen : by_workload;
                by_runtime = seen->count[CF_SEEN_RUNTIME] ? seen : by_runtime;
                refused = seen->refused ? seen : refused;
        }
        if (is_clone3(call)) {
                cf_text_puts(out, "its flags are in memory, where no filter looks: who gets "
                                  "ENOSYS calls clone");
        } else if (by_workload) {
                cf_text_puts(out, "made by the workload");
                if (observation->runs > 1)
                        cf_text_printf(out, " in %u of %u runs", by_workload->runs,
                                       observation->runs);
                say_values(out, call, by_workload);
        } else if (by_runtime) {
                cf_text_printf(out, "start-up of the container%s%s",
                               observation->runtime ? " by " : "",
                               observation->runtime ? observation->runtime : "");
        } else if (replaced) {
                cf_text_puts(out, "in place of clone3, whose flags no filter sees");
                say_values(out, call, replaced);
        } else if (refused) {
                cf_text_puts(out, "tried, and refused until now");
        } else if ((chance = cf_chance_reason(own_chances, call->name))) {
                cf_text_puts(out, chance);
        } else if (base) {
                cf_text_printf(out, "of %s", base);
        } else if ((chance = cf_chance_reason(chances, call->name))) {
                cf_text_puts(out, chance);
        } else if (call->fallback) {
                cf_text_puts(out, "not made: programs do without it after ENOSYS");
        }
}

/* ---- what is missing
 * ------------------------------------------------------------------------------- */

int cf_record_missing(struct cf_policies *all, struct cf_arena *arena,
                      const struct cf_observation *observation, cf_policy policy,
                      size_t **ret_missing, size_t *ret_count, struct cf_error *err)
{
        CF_VEC(size_t) missing = {0};
        struct cf_record_options options = {.arguments = true};
        struct work work = {.all = all,
                            .arena = arena,
                            .observation = observation,
                            .options = &options,
                            .err = err};
        unsigned refused = 0;
        for (unsigned i = 0; i < CF_ACTION_COUNT; i++)
                if (cf_action_rank(cf_action_at(i)) < cf_action_rank(CF_LOG))
                        refused |= 1u << i;
        for (size_t i = 0; i < observation->call_count; i++) {
                const struct cf_seen_call *seen = &observation->calls[i];
                const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
                if (!is_needed(&work, seen))
                        continue;
                cf_policy left = cf_policy_of_call(all, policy, seen->arch->token, seen->nr);
                cf_policy asked = call ? call_condition(&work, call, seen) : CF_POLICY_TRUE;
                cf_policy lacking = cf_policy_and(
                        all, asked, cf_policy_where_action(all, left, refused | CF_ACTIONS_OTHER));
                if (is_clone3(call)) { /* who gets ENOSYS goes on with clone */
                        cf_policy enosys = cf_policy_where_value(all, left, CF_ERRNO | ENOSYS);
                        lacking = cf_policy_and(all, lacking, cf_policy_not(all, enosys));
                        if (enosys != CF_POLICY_FALSE)
                                lacking = cf_policy_or(all, lacking,
                                                       lacking_clone(&work, seen, policy, refused));
                }
                int r = cf_policies_check(all, lacking, err);
                if (r == 0 && lacking != CF_POLICY_FALSE && cf_vec_push(arena, &missing, i) < 0)
                        r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                if (r < 0)
                        return r;
        }
        *ret_missing = missing.items;
        *ret_count = missing.count;
        return 0;
}
