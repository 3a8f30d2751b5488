/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include <string.h>

#include "filter/filter.h"
#include "syscalls/syscalls.h"

#define ALLOWED ((1u << (CF_ACTION_COUNT - 1)) | (1u << (CF_ACTION_COUNT - 2))) /* ALLOW, LOG */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- policies ---------------------------------------------------------------------------------
 */

/* SECCOMP_MODE_STRICT, kernel/seccomp.c: four calls of the caller's own architecture; x32 has
 * none. */
static cf_policy strict_policy(struct cf_policies *all)
{
        static const char *const names[][4] = {{"read", "write", "exit", "rt_sigreturn"},
                                               {"read", "write", "exit", "sigreturn"}};
        cf_policy policy = cf_policy_constant(all, CF_KILL_THREAD);
        const struct cf_arch *arch;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++) {
                const char *const *allowed = names[arch->bits == 64 ? 0 : 1];
                for (size_t k = 0; k < 4 && arch->base < CF_X32_BIT; k++) {
                        uint32_t nr;
                        if (!cf_syscall_number(arch, allowed[k], &nr))
                                continue;
                        cf_policy here =
                                cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, arch->token),
                                              cf_policy_equal(all, CF_SLICE_NR, nr));
                        policy = cf_policy_choose(all, here, cf_policy_constant(all, CF_ALLOW),
                                                  policy);
                }
        }
        return policy;
}

/* The kernel runs all filters of a thread: the stricter action wins. */
static int stack(struct cf_policies *all, const struct cf_kernel_thread *thread,
                 cf_policy *ret_policy, struct cf_error *err)
{
        cf_policy policy = CF_POLICY_NONE;
        for (size_t i = thread->filter_count; i > 0; i--) {
                const struct cf_kernel_filter *filter = &thread->filters[i - 1];
                cf_policy one;
                int r = cf_filter_lift(all, (struct cf_filter){filter->code, filter->count}, &one,
                                       err);
                if (r < 0)
                        return cf_error_doing(err, r, NULL, "lifting filter %zu of %zu",
                                              thread->filter_count - i + 1, thread->filter_count);
                policy = i == thread->filter_count ? one : cf_policy_stack(all, one, policy);
        }
        policy = cf_policy_normal(all, policy);
        *ret_policy = policy;
        return cf_policies_check(all, policy, err);
}

/* The programs of a thread by their addresses: the reader keeps one copy of each. */
static int stack_key(struct cf_arena *arena, const struct cf_kernel_thread *thread,
                     struct cf_span *ret_key)
{
        const void **key = cf_arena_many(arena, thread->filter_count, const void *);
        if (!key)
                return -ENOMEM;
        for (size_t i = 0; i < thread->filter_count; i++)
                key[i] = thread->filters[i].code;
        *ret_key = (struct cf_span){(const char *)key, thread->filter_count * sizeof(*key)};
        return 0;
}

int cf_live_policy(struct cf_live *live, const struct cf_kernel_thread *thread,
                   cf_policy *ret_policy, struct cf_error *err)
{
        struct cf_policies *all = live->all;
        struct cf_span key;
        if (thread->mode != CF_KERNEL_FILTER) {
                *ret_policy = thread->mode == CF_KERNEL_STRICT ? strict_policy(all)
                                                               : cf_policy_constant(all, CF_ALLOW);
                return cf_policies_check(all, *ret_policy, err);
        }
        if (!live->stacks)
                live->stacks = cf_map_new(live->arena);
        if (!live->stacks || stack_key(live->arena, thread, &key) < 0)
                return no_memory(err);
        cf_policy *kept = cf_map_get(live->stacks, key);
        if (!kept) {
                kept = cf_arena_one(live->arena, cf_policy);
                int r = kept ? stack(all, thread, kept, err) : no_memory(err);
                if (r < 0)
                        return r;
                if (cf_map_put(live->stacks, key, kept) < 0)
                        return no_memory(err);
        }
        *ret_policy = *kept;
        return 0;
}

bool cf_live_allows_all(struct cf_policies *all, const struct cf_arch *machine, cf_policy policy)
{
        const struct cf_syscall *call;
        uint32_t nr, value;
        for (size_t i = 0; (call = cf_syscall_of_arch(machine, i, &nr)); i++) {
                cf_policy answer = cf_policy_of_call(all, policy, machine->token, nr);
                if (!cf_policy_is_constant(all, answer, &value) ||
                    !(cf_action_bit(value) & ALLOWED))
                        return false;
        }
        return true;
}

/* Holds when no argument has anything in its upper half. */
static cf_policy small_arguments(struct cf_policies *all)
{
        cf_policy small = CF_POLICY_TRUE;
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                small = cf_policy_and(all, small,
                                      cf_policy_equal(all, cf_slice_word(2 + 2 * arg), 0));
        return small;
}

cf_policy cf_live_possible(struct cf_policies *all, const struct cf_arch *machine)
{
        static const char *const companions[][2] = {
                {"x86_64", "i386"},     {"aarch64", "arm"},         {"s390x", "s390"},
                {"ppc64", "ppc"},       {"mips64", "mips"},         {"mips64", "mips64n32"},
                {"mipsel64", "mipsel"}, {"mipsel64", "mipsel64n32"}};
        cf_policy possible = cf_policy_equal(all, CF_SLICE_ARCH, machine->token);
        for (size_t i = 0; i < CF_COUNT(companions); i++) {
                const struct cf_arch *other = cf_arch_by_name(companions[i][1]);
                if (!other || strcmp(companions[i][0], machine->name) != 0)
                        continue;
                cf_policy here = cf_policy_equal(all, CF_SLICE_ARCH, other->token);
                /* 64-bit registers under another name have 64 bits. */
                if (strstr(other->name, "n32") == NULL)
                        here = cf_policy_and(all, here, small_arguments(all));
                possible = cf_policy_or(all, possible, here);
        }
        return possible;
}

/* ---- defaults ---------------------------------------------------------------------------------
 */

int cf_live_default(struct cf_arena *arena, const struct cf_engine *engine,
                    struct cf_live_default *ret_default)
{
        struct cf_live_default found = {0};
        found.profile =
                engine ? cf_profile_default_of(engine->name, engine->version, &found.newer) : NULL;
        found.known = found.profile != NULL;
        if (!found.profile)
                found.profile = cf_profile_default(
                        engine && strcmp(engine->name, "Podman") == 0 ? "podman" : "docker");
        const char *name = engine ? engine->name : "Docker",
                   *version = engine ? engine->version : NULL;
        if (!found.known)
                found.words = cf_arena_printf(arena, "the newest known default of %s (%s)", name,
                                              found.profile->name);
        else if (found.newer)
                found.words = cf_arena_printf(arena,
                                              "the default of %s (%s, the newest known; the engine "
                                              "is %s)",
                                              name, found.profile->name, version);
        else
                found.words = cf_arena_printf(arena, "the default of %s %s", name, version);
        /* Two numbers of a version tell people enough; of a newer one, what it was measured by. */
        if (found.newer)
                version = strchr(found.profile->name, '-') + 1;
        size_t digits = version ? strspn(version, "0123456789") : 0;
        if (digits && version[digits] == '.')
                digits += 1 + strspn(version + digits + 1, "0123456789");
        found.short_words =
                cf_arena_printf(arena, "%s %.*s default", name, (int)digits, digits ? version : "");
        if (!found.words || !found.short_words)
                return -ENOMEM;
        *ret_default = found;
        return 0;
}
