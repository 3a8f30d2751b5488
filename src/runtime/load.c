/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "base/vec.h"
#include "runtime/plan.h"

#define LITTLE_ENDIAN_TOKEN 0x40000000u /* __AUDIT_ARCH_LE */
#define ENOSYS_USUAL 38u
#define ENOSYS_MIPS 89u

static const char *const names[] = {
        [CF_RUNTIME_RUNC] = "runc",
        [CF_RUNTIME_CRUN] = "crun",
};

const char *cf_runtime_name(enum cf_runtime_kind kind)
{
        return names[kind];
}

bool cf_runtime_by_name(const char *name, enum cf_runtime_kind *ret_kind)
{
        for (size_t i = 0; i < CF_COUNT(names); i++)
                if (strcmp(names[i], name) == 0) {
                        *ret_kind = (enum cf_runtime_kind)i;
                        return true;
                }
        return false;
}

const char *cf_runtime_cause_name(enum cf_runtime_cause cause)
{
        static const char *const causes[] = {
                [CF_RUNTIME_SKIPPED] = "an entry with the default action is passed over",
                [CF_RUNTIME_UNKNOWN] = "libseccomp does not know the name",
                [CF_RUNTIME_REPEATED] = "conditions on one argument twice become a rule each",
                [CF_RUNTIME_HALVES] = "of 32-bit calls only lower halves are compared",
                [CF_RUNTIME_LIBRARY] = "libseccomp builds something else than it is told",
                [CF_RUNTIME_STUB] = "runc answers ENOSYS above the largest number that is named",
                [CF_RUNTIME_CONTRADICTED] =
                        "entries contradict each other, and libseccomp does not take the strictest",
                [CF_RUNTIME_MULTIPLEXED] = "libseccomp makes a rule for socketcall or ipc as well",
        };
        return cause < CF_RUNTIME_CAUSES ? causes[cause] : "";
}

/* ---- the run -------------------------------------------------------------------------------- */

typedef CF_VEC(struct cf_profile_rule) cf_rules;

struct load {
        struct plan plan;
        struct cf_policies *all;
        struct cf_runtime_loaded loaded;
        struct answer answer;
        struct cf_profile variant; /* the profile with what is left of its entries */
        struct cf_error *err;
};

static int no_memory(struct load *load)
{
        return cf_error_set(load->err, -ENOMEM, NULL, "not enough memory");
}

/* ---- asking the library --------------------------------------------------------------------- */

static int refused(struct load *load)
{
        static const char *const doing[] = {"starting",
                                            "beginning a filter",
                                            "adding an architecture",
                                            "setting an attribute",
                                            "adding a rule",
                                            "writing the filter"};
        const struct answer *answer = &load->answer;
        const struct plan *plan = &load->plan;
        struct cf_place place = {.path = plan->profile->source->path};
        CF_TEXT struct cf_text what = {0};
        if (answer->stage == ANSWER_RULE && answer->at < plan->request.count) {
                const struct cf_profile_word *name = plan->uses[answer->at].name;
                place = cf_profile_place(plan->profile, name->part);
                cf_text_printf(&what, "adding a rule for '%.*s'", (int)name->text.size,
                               name->text.data);
        } else if (answer->stage == ANSWER_ARCH && answer->at < plan->request.arch_count) {
                cf_text_printf(&what, "adding the architecture %s", plan->arches[answer->at]->name);
        } else {
                cf_text_puts(&what, doing[answer->stage < CF_COUNT(doing) ? answer->stage : 0]);
        }
        if (answer->late || answer->signal == SIGXCPU)
                return cf_error_set(
                        load->err, -ETIMEDOUT, &place,
                        "libseccomp had not finished after %.3g s (%s): no container under "
                        "this profile would start within that time, if ever; simplify "
                        "the conditions on this call's arguments, or name fewer calls",
                        plan->request.timeout_ms / 1000.0, what.data);
        if (answer->signal || answer->code >= 0)
                return cf_error_set(load->err, -ENOEXEC, &place,
                                    "libseccomp died (%s, signal %d): no container would start "
                                    "under this profile",
                                    what.data, answer->signal);
        return cf_error_set(load->err, -ENOEXEC, &place,
                            "no container would start under this profile: libseccomp refuses it, "
                            "%s: %s",
                            what.data, strerror(-answer->code));
}

/* Why the library cannot be asked; NULL: it can. */
static const char *not_obtainable(struct load *load, const struct library *library)
{
        const struct cf_arch *machine = load->plan.circumstances->machine;
        const struct cf_runtime_version *version = library->version();
        if (!(machine->token & LITTLE_ENDIAN_TOKEN))
                return "filters of big-endian machines are not read";
        load->loaded.library = *version;
        return NULL;
}

/* Of calls that are ways of socketcall and ipc the library tells numbers of its own, down to here;
 * below are those of calls that an architecture does not have. */
#define WAYS_LAST (-9999)

/* Whether the library has not the number that the architecture has for the name. */
static bool is_missing(const struct load *load, size_t rule, size_t arch)
{
        const struct request *request = &load->plan.request;
        int32_t theirs = load->answer.numbers[rule * request->arch_count + arch];
        uint32_t ours;
        if (!cf_syscall_number(load->plan.arches[arch], request->rules[rule].name, &ours))
                return false;
        return theirs >= 0 ? (uint32_t)theirs != ours
                           : theirs == LIBRARY_NO_CALL || theirs < WAYS_LAST;
}

static int keep_unknown(struct load *load)
{
        CF_VEC(struct cf_runtime_use) unknown = {0};
        const struct request *request = &load->plan.request;
        int r = 0;
        for (size_t i = 0; r == 0 && i < request->count; i++) {
                struct cf_runtime_use use = load->plan.uses[i];
                if (load->answer.native[i] == LIBRARY_NO_CALL) {
                        r = cf_vec_push(load->plan.arena, &unknown, use);
                        continue;
                }
                for (size_t k = 0; r == 0 && k < request->arch_count; k++) {
                        use.arch = load->plan.arches[k];
                        if (is_missing(load, i, k))
                                r = cf_vec_push(load->plan.arena, &unknown, use);
                }
        }
        load->loaded.unknown = unknown.items;
        load->loaded.unknown_count = unknown.count;
        return r < 0 ? no_memory(load) : 0;
}

/* Has the library build the filter. */
static int obtain(struct load *load)
{
        struct answer *answer = &load->answer;
        int r = child_ask(load->plan.arena, &load->plan.request, answer, load->err);
        if (r < 0)
                return r;
        if (answer->large)
                return cf_error_set(load->err, -ENOEXEC, NULL,
                                    "no container would start under this profile: libseccomp "
                                    "makes more than the %u instructions that the kernel takes",
                                    CF_FILTER_MAX);
        /* In time to say that it is done, but perhaps not to hand all of it over. */
        if (answer->stage != ANSWER_DONE || answer->late)
                return refused(load);
        r = cf_filter_from_bytes(load->plan.arena, answer->program, &load->loaded.filter,
                                 load->err);
        return r == 0 ? keep_unknown(load) : r;
}

static int ask(struct load *load)
{
        const char *file = load->plan.options->library ? load->plan.options->library : LIBRARY;
        struct library *library = cf_arena_one(load->plan.arena, struct library);
        struct cf_error missing = {0};
        if (!library)
                return no_memory(load);
        if (!*file) {
                load->loaded.reason = "libseccomp was not to be used";
                return 0;
        }
        if (library_load(file, library, &missing) < 0) {
                load->loaded.reason = cf_arena_string(load->plan.arena, missing.frames[0].message);
                return load->loaded.reason ? 0 : no_memory(load);
        }
        load->loaded.reason = not_obtainable(load, library);
        if (load->loaded.reason)
                return 0;
        load->plan.request.library = library;
        load->plan.request.timeout_ms = load->plan.options->timeout_ms
                                                ? load->plan.options->timeout_ms
                                                : CF_RUNTIME_TIMEOUT_MS;
        load->loaded.obtained = true;
        return obtain(load);
}

/* ---- what is left of the entries, cause by cause -------------------------------------------- */

/* Takes over new entries and works out what they mean; no change: nothing is done. */
static int end_step(struct load *load, enum cf_runtime_cause cause, const cf_rules *rules,
                    bool changed)
{
        cf_policy *step = &load->loaded.steps[cause + 1];
        *step = load->loaded.steps[cause];
        if (!changed)
                return 0;
        load->variant.rules = rules->items;
        load->variant.rule_count = rules->count;
        return cf_profile_policy(load->all, &load->variant, load->plan.circumstances, step,
                                 load->err);
}

static int step_skipped(struct load *load)
{
        cf_rules rules = {0};
        for (size_t i = 0; i < load->variant.rule_count; i++)
                if (load->variant.rules[i].value != load->variant.default_value &&
                    cf_vec_push(load->plan.arena, &rules, load->variant.rules[i]) < 0)
                        return no_memory(load);
        return end_step(load, CF_RUNTIME_SKIPPED, &rules, rules.count != load->variant.rule_count);
}

/* Unknown names are kept in the order of the text. */
static bool is_unknown(const struct load *load, const struct cf_profile_word *name)
{
        const struct cf_runtime_use *unknown = load->loaded.unknown;
        size_t low = 0, high = load->loaded.unknown_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (unknown[middle].name->part.offset < name->part.offset)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < load->loaded.unknown_count && unknown[low].name == name && !unknown[low].arch;
}

static int step_unknown(struct load *load)
{
        cf_rules rules = {0};
        for (size_t i = 0; load->loaded.unknown_count && i < load->variant.rule_count; i++) {
                struct cf_profile_rule rule = load->variant.rules[i];
                CF_VEC(struct cf_profile_word) left = {0};
                for (size_t k = 0; k < rule.names.count; k++)
                        if (!is_unknown(load, &rule.names.items[k]) &&
                            cf_vec_push(load->plan.arena, &left, rule.names.items[k]) < 0)
                                return no_memory(load);
                rule.names = (struct cf_profile_words){left.items, left.count};
                if (cf_vec_push(load->plan.arena, &rules, rule) < 0)
                        return no_memory(load);
        }
        return end_step(load, CF_RUNTIME_UNKNOWN, &rules, load->loaded.unknown_count > 0);
}

static int step_repeated(struct load *load)
{
        cf_rules rules = {0};
        bool changed = false;
        for (size_t i = 0; i < load->variant.rule_count; i++) {
                struct cf_profile_rule rule = load->variant.rules[i];
                size_t count;
                bool apart = plan_is_apart(load->loaded.kind, &rule, &count);
                changed |= apart || count != rule.condition_count;
                rule.condition_count = apart ? 1 : count;
                for (size_t k = 0; k < (apart ? count : 1); k++) {
                        if (cf_vec_push(load->plan.arena, &rules, rule) < 0)
                                return no_memory(load);
                        rule.conditions++;
                }
        }
        return end_step(load, CF_RUNTIME_REPEATED, &rules, changed);
}

/* Calls of architectures that libseccomp takes for 32-bit ones, of those that are covered. */
static cf_policy narrow_calls(struct load *load)
{
        cf_policy narrow = CF_POLICY_FALSE;
        for (size_t i = 0; i < load->plan.request.arch_count; i++) {
                const struct cf_arch *arch = load->plan.arches[i];
                if (arch->bits != 32)
                        continue;
                cf_policy calls = cf_policy_equal(load->all, CF_SLICE_ARCH, arch->token);
                if (arch->base >= CF_X32_BIT)
                        calls = cf_policy_and(
                                load->all, calls,
                                cf_policy_range(load->all, CF_SLICE_NR, arch->base, UINT32_MAX));
                narrow = cf_policy_or(load->all, narrow, calls);
        }
        return narrow;
}

static int step_halves(struct load *load)
{
        const struct cf_profile_rule *wide_rules = load->variant.rules;
        cf_policy narrow = narrow_calls(load), wide = load->loaded.steps[CF_RUNTIME_HALVES];
        cf_policy *step = &load->loaded.steps[CF_RUNTIME_HALVES + 1];
        cf_rules rules = {0};
        bool any = false;
        for (size_t i = 0; i < load->variant.rule_count; i++) {
                struct cf_profile_rule rule = wide_rules[i];
                struct cf_condition *conditions =
                        cf_arena_many(load->plan.arena, rule.condition_count, struct cf_condition);
                if (!conditions)
                        return no_memory(load);
                for (size_t k = 0; k < rule.condition_count; k++) {
                        conditions[k] = rule.conditions[k];
                        conditions[k].mask &= UINT32_MAX;
                        conditions[k].value &= UINT32_MAX;
                        any = true;
                }
                rule.conditions = conditions;
                if (cf_vec_push(load->plan.arena, &rules, rule) < 0)
                        return no_memory(load);
        }
        int r = end_step(load, CF_RUNTIME_HALVES, &rules, any && narrow != CF_POLICY_FALSE);
        *step = cf_policy_choose(load->all, narrow, *step, wide);
        return r == 0 ? cf_policies_check(load->all, *step, load->err) : r;
}

static int step_library(struct load *load)
{
        cf_policy *step = &load->loaded.steps[CF_RUNTIME_LIBRARY + 1];
        *step = load->loaded.steps[CF_RUNTIME_LIBRARY];
        if (!load->loaded.obtained)
                return 0;
        int r = cf_filter_lift(load->all, load->loaded.filter, step, load->err);
        return r < 0 ? cf_error_doing(load->err, r, NULL, "lifting what libseccomp built") : 0;
}

/* ---- the stub ------------------------------------------------------------------------------- */

/* The largest number that any entry names, as far as the library (without it: our tables) knows
 * the names. */
static bool largest_number(const struct load *load, size_t at, uint32_t *ret_last)
{
        const struct cf_arch *arch = load->plan.arches[at];
        const struct request *request = &load->plan.request;
        uint32_t nr = 0;
        *ret_last = 0;
        for (size_t i = 0; i < request->count; i++) {
                if (load->loaded.obtained) {
                        int32_t theirs = load->answer.numbers[i * request->arch_count + at];
                        nr = theirs > 0 ? (uint32_t)theirs : 0;
                } else if (!cf_syscall_number(arch, request->rules[i].name, &nr)) {
                        nr = 0;
                }
                *ret_last = nr > *ret_last ? nr : *ret_last;
        }
        return *ret_last != 0;
}

static cf_policy above(struct load *load, size_t at, uint32_t last)
{
        struct cf_policies *all = load->all;
        const struct cf_arch *arch = load->plan.arches[at];
        cf_policy numbers = cf_policy_range(all, CF_SLICE_NR, (uint64_t)last + 1, UINT32_MAX);
        if (arch->token == cf_arch_by_name("x32")->token)
                numbers = cf_policy_and(
                        all, numbers,
                        cf_policy_masked(all, CF_SLICE_NR, CF_X32_BIT, arch->base & CF_X32_BIT));
        /* There number 0 stands for numbers that the kernel does not know. */
        if (strncmp(arch->name, "s390", 4) == 0)
                numbers = cf_policy_or(all, numbers, cf_policy_equal(all, CF_SLICE_NR, 0));
        return cf_policy_and(all, numbers, cf_policy_equal(all, CF_SLICE_ARCH, arch->token));
}

static int step_stub(struct load *load)
{
        cf_policy policy = load->loaded.steps[CF_RUNTIME_STUB];
        bool mips = strncmp(load->plan.circumstances->machine->name, "mips", 4) == 0;
        cf_policy enosys =
                cf_policy_constant(load->all, CF_ERRNO | (mips ? ENOSYS_MIPS : ENOSYS_USUAL));
        uint32_t last;
        for (size_t i = 0; plan_has_stub(&load->plan) && i < load->plan.request.arch_count; i++)
                if (plan_has_stub_for(&load->plan, i) && largest_number(load, i, &last))
                        policy = cf_policy_choose(load->all, above(load, i, last), enosys, policy);
        load->loaded.steps[CF_RUNTIME_STUB + 1] = policy;
        return cf_policies_check(load->all, policy, load->err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int plan_all(struct load *load)
{
        return plan_make(&load->plan, load->err);
}

static int run(struct load *load)
{
        struct cf_runtime_loaded *loaded = &load->loaded;
        int r = cf_profile_policy(load->all, loaded->profile, &loaded->circumstances,
                                  &loaded->steps[0], load->err);
        if (r < 0)
                return r;
        if (loaded->profile->no_filter) {
                for (size_t i = 1; i < CF_COUNT(loaded->steps); i++)
                        loaded->steps[i] = loaded->steps[0];
                loaded->obtained = true;
                return 0;
        }
        static int (*const steps[])(struct load *) = {plan_all,     ask,           step_skipped,
                                                      step_unknown, step_repeated, step_halves,
                                                      step_library, step_stub};
        for (size_t i = 0; r == 0 && i < CF_COUNT(steps); i++)
                r = steps[i](load);
        return r;
}

int cf_runtime_load(struct cf_policies *all, struct cf_arena *arena,
                    const struct cf_profile *profile, const struct cf_circumstances *circumstances,
                    const struct cf_runtime_options *options, struct cf_runtime_loaded *ret_loaded,
                    struct cf_error *err)
{
        struct cf_place whole = {.path = profile->source->path};
        struct load load = {
                .plan = {arena, profile, circumstances, options, {0}, NULL, NULL, false},
                .all = all,
                .loaded = {.kind = options->kind,
                           .version = options->version,
                           .profile = profile,
                           .circumstances = *circumstances},
                .variant = *profile,
                .err = err,
        };
        uint64_t steps = cf_policies_budget(all, 2 * CF_PROFILE_STEPS_MAX);
        int r = run(&load);
        cf_policies_budget(all, steps);
        if (r < 0)
                return cf_error_doing(err, r, &whole, "working out what %s makes of the profile",
                                      cf_runtime_name(options->kind));
        load.loaded.policy = load.loaded.steps[CF_RUNTIME_STEPS];
        *ret_loaded = load.loaded;
        return 0;
}
