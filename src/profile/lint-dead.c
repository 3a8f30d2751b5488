/* SPDX-License-Identifier: Apache-2.0 */
/* Names in entries without which the profile would mean the same, under all circumstances. */
#include "base/cleanup.h"
#include "profile/lint.h"

enum fate {
        FATE_UNSEEN, /* no architecture has the call, or the entry never counts: said by others */
        FATE_LIVE,
        FATE_CONTRADICTED, /* stricter entries answer every such call */
        FATE_REPEATED,     /* another entry does the same */
        FATE_DEFAULT,      /* the default action does the same */
};

/* What became of one name. */
struct outcome {
        enum fate fate;
        size_t other; /* CONTRADICTED, REPEATED: the entry */
};

struct dead {
        struct lint *lint;
        const struct cf_arch *machine;
        struct outcome **outcomes; /* of each entry, name by name */
        cf_policy *conditions;     /* of each entry on this machine; CF_POLICY_NONE: not yet */
        cf_policy *above;          /* of each use: where one that counts before it answers */
        bool *removed;             /* of each use */
};

static cf_policy condition_of(struct dead *d, size_t rule)
{
        struct cf_policies *all = d->lint->all;
        const struct cf_profile_rule *entry = &d->lint->profile->rules[rule];
        if (d->conditions[rule] == CF_POLICY_NONE)
                d->conditions[rule] = cf_policy_and(all, lint_when(all, entry, d->machine),
                                                    lint_conditions(all, entry));
        return d->conditions[rule];
}

static void settle(struct dead *d, const struct lint_use *use, enum fate fate, size_t other)
{
        struct outcome *outcome = &d->outcomes[use->rule][use->name];
        if (outcome->fate == FATE_UNSEEN || fate == FATE_LIVE)
                *outcome = (struct outcome){fate, other};
}

/* The first of uses[from … to) by which one meets a condition, and, if `value` is asked for, that
 * answers it. */
static bool find_other(struct dead *d, const struct lint_use *uses, size_t from, size_t to,
                       cf_policy where, const uint32_t *value, size_t *ret_rule)
{
        for (size_t i = to; i-- > from;) {
                size_t rule = uses[i].rule;
                if (d->removed[i] || (value && d->lint->profile->rules[rule].value != *value) ||
                    cf_policy_and(d->lint->all, condition_of(d, rule), where) == CF_POLICY_FALSE)
                        continue;
                *ret_rule = rule;
                return true;
        }
        return false;
}

/* The uses of one number: from those that are laid under the others on, each that changes nothing
 * is taken out. */
static int settle_number(struct dead *d, const struct lint_use *uses, size_t count,
                         struct cf_error *err)
{
        struct cf_policies *all = d->lint->all;
        const struct cf_profile *profile = d->lint->profile;
        cf_policy above = CF_POLICY_FALSE;
        cf_policy below = cf_policy_constant(all, profile->default_value);
        for (size_t i = count; i-- > 0;) {
                d->removed[i] = false;
                d->above[i] = above;
                above = cf_policy_or(all, above, condition_of(d, uses[i].rule));
        }
        for (size_t i = 0; i < count; i++) {
                uint32_t value = profile->rules[uses[i].rule].value;
                cf_policy condition = condition_of(d, uses[i].rule);
                cf_policy decides = cf_policy_and(all, condition, cf_policy_not(all, d->above[i]));
                cf_policy same = cf_policy_where_value(all, below, value);
                cf_policy changes = cf_policy_and(all, decides, cf_policy_not(all, same));
                size_t other = 0;
                int r = cf_policies_check(all, changes, err);
                if (r < 0)
                        return r;
                if (condition == CF_POLICY_FALSE)
                        continue;
                d->removed[i] = changes == CF_POLICY_FALSE;
                if (!d->removed[i]) {
                        below = cf_policy_choose(all, condition, cf_policy_constant(all, value),
                                                 below);
                        settle(d, &uses[i], FATE_LIVE, 0);
                } else if (decides == CF_POLICY_FALSE &&
                           find_other(d, uses, i + 1, count, condition, NULL, &other)) {
                        bool alike = profile->rules[other].value == value;
                        settle(d, &uses[i], alike ? FATE_REPEATED : FATE_CONTRADICTED, other);
                } else if (find_other(d, uses, 0, i, decides, &value, &other)) {
                        settle(d, &uses[i], FATE_REPEATED, other);
                } else {
                        settle(d, &uses[i], FATE_DEFAULT, 0);
                }
        }
        return 0;
}

static int settle_arch(struct dead *d, const struct cf_arch *arch, struct cf_error *err)
{
        struct lint_use *uses;
        size_t count;
        int r = 0;
        if (lint_uses(d->lint->scratch, d->lint->profile, arch, &uses, &count) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        d->above = cf_arena_many(d->lint->scratch, count, cf_policy);
        d->removed = cf_arena_many(d->lint->scratch, count, bool);
        if (!d->above || !d->removed)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0, next; r == 0 && i < count; i = next) {
                for (next = i + 1; next < count && uses[next].nr == uses[i].nr;)
                        next++;
                r = settle_number(d, uses + i, next - i, err);
        }
        return r;
}

static int settle_machine(struct dead *d, struct cf_error *err)
{
        const struct cf_arch *const *arches;
        size_t count;
        int r = lint_covered_by(d->lint, d->machine, &arches, &count, err);
        memset(d->conditions, 0, d->lint->profile->rule_count * sizeof(*d->conditions));
        for (size_t i = 0; r == 0 && i < count; i++)
                r = settle_arch(d, arches[i], err);
        return r;
}

/* ---- in words -------------------------------------------------------------------------------- */

#define NAMES_SHOWN 6u

static unsigned line_of(const struct lint *lint, size_t rule)
{
        return cf_profile_place(lint->profile, lint->profile->rules[rule].part).line;
}

/* One finding for the names of an entry that share a fate. */
static void say(struct dead *d, size_t at, enum fate fate)
{
        CF_TEXT struct cf_text text = {0};
        struct lint *lint = d->lint;
        const struct cf_profile_rule *rule = &lint->profile->rules[at];
        size_t shown = 0, count = 0, other = 0, first = 0;
        for (size_t i = 0; i < rule->names.count; i++) {
                if (d->outcomes[at][i].fate != fate)
                        continue;
                if (count++ == 0) {
                        other = d->outcomes[at][i].other;
                        first = i;
                }
                if (shown < NAMES_SHOWN)
                        cf_text_printf(&text, "%s%s", shown++ ? ", " : "",
                                       rule->names.items[i].text.data);
        }
        if (count == 0)
                return;
        if (count > shown)
                cf_text_printf(&text, " and %zu more", count - shown);
        bool contradicted = fate == FATE_CONTRADICTED;
        struct cf_lint_finding *finding =
                lint_add(lint, contradicted ? CF_LINT_RULE_CONTRADICTED : CF_LINT_RULE_REDUNDANT,
                         contradicted ? CF_LINT_WARN : CF_LINT_NOTE, rule->names.items[first].part);
        if (contradicted) {
                cf_text_printf(&text,
                               ": this entry never answers, the stricter one in line %u "
                               "does",
                               line_of(lint, other));
                lint_note(finding, "of all entries whose conditions hold the strictest counts, "
                                   "wherever it stands");
                finding->remedy = "remove one of the two";
        } else if (fate == FATE_REPEATED) {
                cf_text_printf(&text, ": the entry in line %u does the same", line_of(lint, other));
                finding->remedy = "remove it: the profile means the same";
        } else {
                cf_text_puts(&text, ": the default action does the same");
                finding->remedy = "remove it: the profile means the same";
        }
        finding->message = lint_take(lint, &text);
}

int lint_dead(struct lint *lint, struct cf_error *err)
{
        const struct cf_profile *profile = lint->profile;
        struct dead d = {.lint = lint};
        int r = 0;
        d.outcomes = cf_arena_many(lint->scratch, profile->rule_count, struct outcome *);
        d.conditions = cf_arena_many(lint->scratch, profile->rule_count, cf_policy);
        for (size_t i = 0; d.outcomes && i < profile->rule_count; i++) {
                d.outcomes[i] =
                        cf_arena_many(lint->scratch, profile->rules[i].names.count, struct outcome);
                if (!d.outcomes[i])
                        d.outcomes = NULL;
        }
        if (!d.outcomes || !d.conditions)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; r == 0 && i < lint->machine_count; i++) {
                d.machine = lint->machines[i];
                r = settle_machine(&d, err);
        }
        for (size_t i = 0; r == 0 && i < profile->rule_count; i++) {
                say(&d, i, FATE_CONTRADICTED);
                say(&d, i, FATE_REPEATED);
                say(&d, i, FATE_DEFAULT);
        }
        return r;
}
