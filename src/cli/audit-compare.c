/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine would have loaded for a container, and what its filter lets through beyond that.
 */
#include <ctype.h>
#include <string.h>

#include "cli/audit-live.h"

#define LOOSE_MAX 1000 /* calls that are kept of one comparison */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- the configuration's side -----------------------------------------------------------------
 */

static int read_profile(struct cf_audit_work *work, struct cf_audit_reference *reference,
                        struct cf_error *err)
{
        struct cf_source *source = NULL;
        struct cf_span text = cf_span_of(reference->json ? reference->json : "");
        if (!reference->json &&
            cf_profile_default_text(work->job.arena, reference->profile, &text) < 0)
                return no_memory(err);
        int r = cf_source_from(work->job.arena, "profile", text, &source, err);
        return r < 0 ? r : cf_profile_read(work->job.arena, source, &reference->read, err);
}

/* A profile that cannot be worked out is not known; only memory running out ends all. */
static int find_reference(struct cf_audit_work *work, struct cf_audit_reference wanted,
                          struct cf_audit_reference **ret_reference, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        for (size_t i = 0; i < work->references.count; i++) {
                struct cf_audit_reference *known = work->references.items[i];
                bool same = wanted.json ? known->json && strcmp(known->json, wanted.json) == 0
                                        : !known->json && known->profile == wanted.profile;
                if (same && known->runtime == wanted.runtime &&
                    known->capabilities == wanted.capabilities) {
                        *ret_reference = known;
                        return 0;
                }
        }
        struct cf_audit_reference *reference =
                cf_arena_one(work->job.arena, struct cf_audit_reference);
        if (!reference || cf_vec_push(work->job.arena, &work->references, reference) < 0)
                return no_memory(err);
        *reference = wanted;
        work->job.circumstances.capabilities = wanted.capabilities;
        int r = read_profile(work, reference, err);
        if (r == 0)
                r = cf_profile_policy(all, reference->read, &work->job.circumstances,
                                      &reference->written, err);
        if (r == 0)
                reference->written = cf_policy_normal(all, reference->written);
        reference->known = r == 0 && reference->written != CF_POLICY_NONE;
        *ret_reference = reference;
        return r == -ENOMEM ? r : 0;
}

/* What the runtime makes of it, asked for once and only when it matters: it starts a process. */
static void load_reference(struct cf_audit_work *work, struct cf_audit_reference *reference)
{
        struct cf_policies *all = work->job.all;
        struct cf_runtime_options options;
        struct cf_runtime_loaded loaded;
        if (reference->has_loaded || !reference->known)
                return;
        reference->has_loaded = true;
        reference->loosest = reference->written;
        work->job.circumstances.capabilities = reference->capabilities;
        if (cf_profile_job_runtime(&work->job, reference->runtime, &options, NULL) < 0 ||
            cf_runtime_load(all, work->job.arena, reference->read, &work->job.circumstances,
                            &options, &loaded, NULL) < 0)
                return;
        if (loaded.obtained)
                reference->loaded = cf_policy_normal(all, loaded.policy);
        cf_policy both =
                cf_policy_union(all, reference->written, cf_policy_normal(all, loaded.policy));
        if (both != CF_POLICY_NONE)
                reference->loosest = both;
}

static uint64_t capability(const char *word)
{
        char name[64] = "CAP_";
        unsigned number;
        bool prefixed = strncasecmp(word, "CAP_", 4) == 0;
        if (strcasecmp(word, "ALL") == 0)
                return CF_CAPABILITIES_ALL;
        snprintf(name + (prefixed ? 0 : 4), sizeof(name) - (prefixed ? 0 : 4), "%s", word);
        for (char *c = name; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        return cf_capability_number(cf_span_of(name), &number) ? UINT64_C(1) << number : 0;
}

uint64_t cf_audit_capabilities(const struct cf_container *container)
{
        uint64_t added = 0, dropped = 0;
        for (size_t i = 0; i < container->cap_add_count; i++)
                added |= capability(container->cap_add[i]);
        for (size_t i = 0; i < container->cap_drop_count; i++)
                dropped |= capability(container->cap_drop[i]);
        if (container->privileged)
                return CF_CAPABILITIES_ALL;
        if (added == CF_CAPABILITIES_ALL)
                return added & ~dropped;
        return dropped == CF_CAPABILITIES_ALL ? added
                                              : (cf_capabilities_docker() & ~dropped) | added;
}

/* ---- side by side -----------------------------------------------------------------------------
 */

static struct cf_loose_call loose_call(struct cf_audit_work *work,
                                       const struct cf_profile_item *item, uint64_t capabilities)
{
        struct cf_loose_call call = {.name = item->label};
        const struct cf_danger *danger =
                item->call ? cf_danger_met(work->job.all, item->call, item->difference->condition,
                                           capabilities)
                           : NULL;
        if (danger) {
                call.danger = danger->gain;
                call.lock = cf_danger_is_granted(danger, capabilities) ? NULL : danger->capability;
        }
        return call;
}

static int keep_loose(struct cf_audit_work *work, const struct cf_profile_item *items, size_t count,
                      uint64_t capabilities, struct cf_loose_calls *ret_calls, struct cf_error *err)
{
        CF_VEC(struct cf_loose_call) calls = {0};
        for (size_t i = 0, next; i < count && calls.count < LOOSE_MAX; i = next) {
                next = cf_profile_items_end(items, count, i);
                struct cf_loose_call call = loose_call(work, &items[i], capabilities);
                if (items[i].difference->condition != CF_POLICY_TRUE) {
                        CF_TEXT struct cf_text words = {0};
                        int r = cf_profile_job_condition(&work->job, &words, items[i].call,
                                                         items[i].difference->condition, err);
                        if (r < 0)
                                return r;
                        call.when = cf_arena_copy(work->job.arena, cf_text_span(&words));
                        if (!call.when)
                                return no_memory(err);
                }
                /* The same name on another architecture says nothing new. */
                if (calls.count && strcmp(calls.items[calls.count - 1].name, call.name) == 0)
                        continue;
                if (cf_vec_push(work->job.arena, &calls, call) < 0)
                        return no_memory(err);
        }
        *ret_calls = (struct cf_loose_calls){calls.items, calls.count};
        return 0;
}

/* The calls that the policy lets through (or answers more loosely) where the reference does not. */
static int compare(struct cf_audit_work *work, cf_policy policy, cf_policy reference,
                   uint64_t capabilities, struct cf_loose_calls *ret_calls, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        struct cf_profile_item *items;
        size_t count;
        for (size_t i = 0; i < work->comparisons.count; i++) {
                const struct cf_audit_comparison *known = work->comparisons.items[i];
                if (known->policy == policy && known->reference == reference &&
                    known->capabilities == capabilities) {
                        *ret_calls = known->calls;
                        return 0;
                }
        }
        struct cf_audit_comparison *made =
                cf_arena_one(work->job.arena, struct cf_audit_comparison);
        if (!made || cf_vec_push(work->job.arena, &work->comparisons, made) < 0)
                return no_memory(err);
        *made = (struct cf_audit_comparison){
                .policy = policy, .reference = reference, .capabilities = capabilities};
        cf_policy loose =
                cf_policy_and(all, work->possible, cf_policy_where_looser(all, policy, reference));
        cf_policy other = cf_policy_choose(all, loose, policy, reference);
        int r = cf_policies_check(all, other, err);
        if (r == 0)
                r = cf_profile_job_differences(&work->job, other, reference, &items, &count, err);
        if (r == 0)
                r = keep_loose(work, items, count, capabilities, &made->calls, err);
        *ret_calls = made->calls;
        return r;
}

/* What libseccomp makes of x32 calls: it compares the lower halves of their arguments alone. */
static cf_policy with_x32_halves(struct cf_policies *all, cf_policy written)
{
        cf_policy x32 = cf_policy_and(
                all, cf_policy_equal(all, CF_SLICE_ARCH, cf_arch_by_name("x32")->token),
                cf_policy_masked(all, CF_SLICE_NR, CF_X32_BIT, CF_X32_BIT));
        cf_policy folded = written;
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                folded = cf_policy_fix(all, folded, cf_slice_word(2 + 2 * arg), UINT32_MAX, 0);
        return cf_policy_choose(all, x32, folded, written);
}

/* Whether it lets through nothing but what the profile as written does. That needs no runtime. */
static bool is_as_strict(struct cf_audit_work *work, cf_policy policy,
                         const struct cf_audit_reference *reference)
{
        struct cf_policies *all = work->job.all;
        cf_policy written =
                cf_policy_union(all, reference->written, with_x32_halves(all, reference->written));
        return cf_policy_and(all, work->possible, cf_policy_where_looser(all, policy, written)) ==
               CF_POLICY_FALSE;
}

/* The runtime's own rules, which cost nothing: when no name is unknown to its library they tell
 * all.
 */
static void rule_reference(struct cf_audit_work *work, struct cf_audit_reference *reference)
{
        struct cf_runtime_options options = {.kind = reference->runtime, .library = ""};
        struct cf_runtime_loaded loaded;
        if (reference->has_ruled)
                return;
        reference->has_ruled = true;
        work->job.circumstances.capabilities = reference->capabilities;
        if (cf_runtime_load(work->job.all, work->job.arena, reference->read,
                            &work->job.circumstances, &options, &loaded, NULL) == 0)
                reference->ruled = cf_policy_normal(work->job.all, loaded.policy);
}

/* Of all calls that this machine can make. */
static bool is_equal(struct cf_audit_work *work, cf_policy one, cf_policy other)
{
        return cf_policy_and(work->job.all, work->possible,
                             cf_policy_where_differs(work->job.all, one, other)) == CF_POLICY_FALSE;
}

static bool is_same(struct cf_audit_work *work, cf_policy policy,
                    struct cf_audit_reference *reference)
{
        rule_reference(work, reference);
        if (is_equal(work, policy, reference->written) || is_equal(work, policy, reference->ruled))
                return true;
        load_reference(work, reference);
        return is_equal(work, policy, reference->loaded);
}

int cf_audit_compare(struct cf_audit_work *work, const struct cf_audit_own *own,
                     struct cf_audit_reference wanted, uint64_t given, bool *ret_known,
                     bool *ret_same, struct cf_loose_calls *ret_calls, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        struct cf_audit_reference *now, *then;
        int r = find_reference(work, wanted, &now, err);
        wanted.capabilities = given;
        if (r == 0)
                r = find_reference(work, wanted, &then, err);
        if (r < 0 || !now->known || !then->known)
                return r;
        *ret_known = true;
        if (ret_same) {
                *ret_same = is_same(work, own->policy, now) || is_same(work, own->policy, then);
                if (*ret_same)
                        return 0;
        }
        if (is_as_strict(work, own->policy, now) || is_as_strict(work, own->policy, then))
                return 0;
        load_reference(work, now);
        load_reference(work, then);
        return compare(work, own->policy, cf_policy_union(all, now->loosest, then->loosest), given,
                       ret_calls, err);
}
