/* SPDX-License-Identifier: Apache-2.0 */
/* Names that mean nothing, entries that never count, conditions that never hold. */
#include "base/cleanup.h"
#include "base/spelling.h"
#include "profile/lint.h"

static void add_machine(struct lint *lint, const struct cf_arch **items,
                        const struct cf_arch *machine)
{
        for (size_t i = 0; i < lint->machine_count; i++)
                if (items[i] == machine)
                        return;
        items[lint->machine_count++] = machine;
}

static void add_machines(struct lint *lint, const struct cf_arch **items,
                         const struct cf_profile_words *words)
{
        for (size_t i = 0; i < words->count; i++) {
                const struct cf_arch *machine = cf_arch_by_name(words->items[i].text.data);
                if (machine && machine->uname)
                        add_machine(lint, items, machine);
        }
}

int lint_machines(struct lint *lint)
{
        const struct cf_profile *profile = lint->profile;
        size_t most = 0;
        while (cf_arch_at(most))
                most++;
        const struct cf_arch **items = cf_arena_many(lint->scratch, most, const struct cf_arch *);
        if (!items)
                return -ENOMEM;
        lint->machines = items;
        add_machine(lint, items, lint->circumstances->machine);
        for (size_t i = 0; i < profile->map_count; i++)
                add_machines(lint, items, &(struct cf_profile_words){&profile->map[i].machine, 1});
        for (size_t i = 0; i < profile->rule_count; i++) {
                add_machines(lint, items, &profile->rules[i].includes.arches);
                add_machines(lint, items, &profile->rules[i].excludes.arches);
        }
        return 0;
}

int lint_covered_by(struct lint *lint, const struct cf_arch *machine,
                    const struct cf_arch *const **ret_arches, size_t *ret_count,
                    struct cf_error *err)
{
        struct cf_circumstances other = *lint->circumstances;
        other.machine = machine;
        return cf_profile_architectures(lint->scratch, lint->profile, &other, ret_arches, ret_count,
                                        err);
}

/* ---- names ----------------------------------------------------------------------------------- */

#define NEAR 3u         /* letters that may be wrong */
#define NAME_SHOWN 128u /* bytes of a name */

static const char *nearest(struct cf_span name)
{
        const char *found = NULL;
        unsigned best = name.size / 3 < NEAR ? (unsigned)(name.size / 3) : NEAR;
        const struct cf_syscall *call;
        for (size_t i = 0; best > 0 && (call = cf_syscall_at(i)); i++) {
                unsigned far = cf_spelling_distance(name, cf_span_of(call->name), best);
                if (far > best || (far == best && found))
                        continue;
                best = far;
                found = call->name;
        }
        return found;
}

static void unknown_name(struct lint *lint, const struct cf_profile_word *name)
{
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_NAME_UNKNOWN, CF_LINT_WARN, name->part);
        const char *near = nearest(name->text);
        finding->message =
                lint_text(lint, "there is no system call '%.*s'",
                          (int)(name->text.size < NAME_SHOWN ? name->text.size : NAME_SHOWN),
                          name->text.data);
        lint_note(finding, "engines pass over it without a word: what was meant gets the default "
                           "action");
        lint_note(finding, lint_text(lint,
                                     "a call newer than Linux %s would look the same: its tables "
                                     "are what is known here",
                                     cf_syscalls_kernel()));
        finding->remedy = near ? lint_text(lint, "did you mean %s?", near) : "remove the name";
}

/* Architectures that are covered on some machine: covered[i] of cf_arch_at(i). */
static int covered_somewhere(struct lint *lint, bool *covered, struct cf_error *err)
{
        for (size_t i = 0; i < lint->machine_count; i++) {
                const struct cf_arch *const *arches, *arch;
                size_t count;
                int r = lint_covered_by(lint, lint->machines[i], &arches, &count, err);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < count; k++)
                        for (size_t at = 0; (arch = cf_arch_at(at)); at++)
                                covered[at] |= arch == arches[k];
        }
        return 0;
}

static bool is_anywhere(const bool *covered, const char *name)
{
        const struct cf_arch *arch;
        uint32_t nr;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if (covered[i] && cf_syscall_number(arch, name, &nr))
                        return true;
        return false;
}

static void foreign_name(struct lint *lint, const struct cf_profile_word *name)
{
        struct cf_lint_finding *finding =
                lint_add(lint, CF_LINT_NAME_FOREIGN, CF_LINT_NOTE, name->part);
        finding->message = lint_text(lint,
                                     "no architecture that this profile covers has a call "
                                     "'%s'",
                                     name->text.data);
        finding->remedy = "remove the name, or add the architecture";
}

/* ---- entries and conditions ------------------------------------------------------------------ */

static int rule_never(struct lint *lint, const struct cf_profile_rule *rule, bool *ret_never,
                      struct cf_error *err)
{
        *ret_never = true;
        for (size_t i = 0; *ret_never && i < lint->machine_count; i++) {
                cf_policy when = lint_when(lint->all, rule, lint->machines[i]);
                int r = cf_policies_check(lint->all, when, err);
                if (r < 0)
                        return r;
                *ret_never = when == CF_POLICY_FALSE;
        }
        return 0;
}

static bool names_unknown(const struct cf_profile_when *when, const char **ret_what,
                          struct cf_profile_part *ret_part)
{
        unsigned number;
        for (size_t i = 0; i < when->caps.count; i++)
                if (!cf_capability_number(when->caps.items[i].text, &number)) {
                        *ret_what = "a capability in it does not exist";
                        *ret_part = when->caps.items[i].part;
                        return true;
                }
        for (size_t i = 0; i < when->arches.count; i++)
                if (!cf_arch_by_name(when->arches.items[i].text.data)) {
                        *ret_what = "an architecture in it does not exist";
                        *ret_part = when->arches.items[i].part;
                        return true;
                }
        return false;
}

static void say_never(struct lint *lint, const struct cf_profile_rule *rule)
{
        struct cf_profile_part part = rule->part;
        const char *what = "what includes ask for, excludes rule out";
        names_unknown(&rule->includes, &what, &part);
        struct cf_lint_finding *finding = lint_add(lint, CF_LINT_RULE_NEVER, CF_LINT_WARN, part);
        finding->message = "this entry counts under no circumstances";
        lint_note(finding, what);
        finding->remedy = "correct the condition, or remove the entry";
}

static void unknown_exclude(struct lint *lint, const struct cf_profile_rule *rule)
{
        struct cf_profile_part part;
        const char *what;
        if (!names_unknown(&rule->excludes, &what, &part))
                return;
        struct cf_lint_finding *finding = lint_add(lint, CF_LINT_RULE_NEVER, CF_LINT_WARN, part);
        finding->message = "this exclusion never counts: it names what does not exist";
        finding->remedy = "capabilities are written as CAP_SYS_ADMIN, architectures as amd64";
}

/* An argument beyond those that each call of the entry has. */
static bool beyond(const struct cf_profile_rule *rule, unsigned *ret_arg)
{
        for (size_t i = 0; i < rule->condition_count; i++) {
                unsigned arg = rule->conditions[i].arg;
                size_t past = 0;
                for (size_t k = 0; k < rule->names.count; k++) {
                        const struct cf_syscall *call =
                                cf_syscall_by_name(rule->names.items[k].text.data);
                        past += call && call->argument_count >= 0 &&
                                arg >= (unsigned)call->argument_count;
                }
                *ret_arg = arg;
                if (past > 0 && past == rule->names.count)
                        return true;
        }
        return false;
}

static int conditions(struct lint *lint, const struct cf_profile_rule *rule, struct cf_error *err)
{
        cf_policy condition = lint_conditions(lint->all, rule);
        int r = cf_policies_check(lint->all, condition, err);
        unsigned arg;
        if (r < 0)
                return r;
        if (condition == CF_POLICY_FALSE) {
                struct cf_lint_finding *finding =
                        lint_add(lint, CF_LINT_CONDITION_NEVER, CF_LINT_WARN, rule->part);
                finding->message = "the conditions of this entry never hold: it does nothing";
                for (size_t i = 0; i < rule->condition_count; i++)
                        if (rule->conditions[i].value & ~rule->conditions[i].mask)
                                lint_note(finding, "a value has bits outside of its mask: in "
                                                   "SCMP_CMP_MASKED_EQ 'value' is the mask and "
                                                   "'valueTwo' what must be left");
                finding->remedy = "several values of one argument are several entries";
        } else if (beyond(rule, &arg)) {
                struct cf_lint_finding *finding =
                        lint_add(lint, CF_LINT_CONDITION_NEVER, CF_LINT_WARN, rule->part);
                finding->message = lint_text(
                        lint, "a condition looks at argument %u, which the call does not have",
                        arg);
                lint_note(finding, "it compares what the caller left in a register: anything");
                finding->remedy = "arguments count from 0: correct 'index'";
        }
        return 0;
}

int lint_names(struct lint *lint, struct cf_error *err)
{
        const struct cf_profile *profile = lint->profile;
        size_t arches = 0;
        while (cf_arch_at(arches))
                arches++;
        bool *covered = cf_arena_many(lint->scratch, arches, bool);
        if (!covered)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = covered_somewhere(lint, covered, err);
        for (size_t i = 0; r == 0 && i < profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[i];
                bool never;
                for (size_t k = 0; k < rule->names.count; k++) {
                        const struct cf_profile_word *name = &rule->names.items[k];
                        bool known = strlen(name->text.data) == name->text.size &&
                                     cf_syscall_by_name(name->text.data);
                        if (!known)
                                unknown_name(lint, name);
                        else if (!is_anywhere(covered, name->text.data))
                                foreign_name(lint, name);
                }
                r = rule_never(lint, rule, &never, err);
                if (r == 0 && never)
                        say_never(lint, rule);
                else if (r == 0)
                        unknown_exclude(lint, rule);
                if (r == 0)
                        r = conditions(lint, rule, err);
        }
        return r;
}
