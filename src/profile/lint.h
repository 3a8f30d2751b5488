/* SPDX-License-Identifier: Apache-2.0 */
/* What the families of lint rules share. Private to profile/. */
#pragma once

#include "base/vec.h"
#include "profile/profile.h"

/* A name of an entry, on one architecture. */
struct lint_use {
        uint32_t nr;
        int32_t rank; /* of the entry's action */
        size_t rule, name;
};

struct lint {
        struct cf_policies *all;
        struct cf_arena *arena;   /* of the findings */
        struct cf_arena *scratch; /* of everything else */
        const struct cf_profile *profile;
        const struct cf_circumstances *circumstances;
        const struct cf_arch *const *covered; /* under the circumstances, the machine's own first */
        size_t covered_count;
        cf_policy policy; /* under the circumstances, normalised */
        /* That the profile speaks of: the machine of the circumstances, those of archMap and those
         * that entries name in includes and excludes. */
        const struct cf_arch *const *machines;
        size_t machine_count;
        bool open; /* no call is refused: what else would be said of calls is in that */
        CF_VEC(struct cf_lint_finding *) findings;
        struct cf_lint_finding spare;
        bool failed; /* no memory */
};

/* Adds a finding; never NULL. */
struct cf_lint_finding *lint_add(struct lint *lint, enum cf_lint_rule rule,
                                 enum cf_lint_weight weight, struct cf_profile_part part);
/* Text in the arena of the findings; "" when there is no memory. */
const char *lint_text(struct lint *lint, const char *format, ...) CF_PRINTF(2, 3);
/* What was collected in a text, likewise. */
const char *lint_take(struct lint *lint, const struct cf_text *text);
void lint_note(struct cf_lint_finding *finding, const char *note);

/* A call goes through under these; SCMP_ACT_TRACE fails with ENOSYS when no tracer is there. */
static inline bool lint_lets_through(uint32_t value)
{
        uint32_t action = value & CF_ACTION_MASK;
        return action == CF_ALLOW || action == CF_LOG;
}
cf_policy lint_where_let_through(struct cf_policies *all, cf_policy policy);

/* What is asked of a call on a covered architecture, under the circumstances. */
cf_policy lint_of_call(const struct lint *lint, const struct cf_arch *arch, uint32_t nr);

/* Where the profile decides a call: the name in the entry, or the default action. */
struct cf_profile_part lint_part_of(struct lint *lint, const struct cf_call *call);

/* ---- whatever the circumstances --------------------------------------------------------------
 * No profile looks at the instruction pointer, so its bits stand for what is not known: one for
 * each capability, and behind them the kernel's version. What holds for all of them holds under
 * all circumstances of one machine. */

/* When an entry counts on a machine, and its conditions hold. */
cf_policy lint_when(struct cf_policies *all, const struct cf_profile_rule *rule,
                    const struct cf_arch *machine);
cf_policy lint_conditions(struct cf_policies *all, const struct cf_profile_rule *rule);

/* Fills in the machines. */
int lint_machines(struct lint *lint);

/* The architectures that are covered on one of them. */
int lint_covered_by(struct lint *lint, const struct cf_arch *machine,
                    const struct cf_arch *const **ret_arches, size_t *ret_count,
                    struct cf_error *err);

/* Every name that an architecture has: ascending by number; of one number, from what is laid under
 * the others to what counts first: the strictest, and of two alike the first. */
int lint_uses(struct cf_arena *arena, const struct cf_profile *profile, const struct cf_arch *arch,
              struct lint_use **ret_uses, size_t *ret_count);

/* ---- the families ---------------------------------------------------------------------------- */

int lint_allow(struct lint *lint, struct cf_error *err);
int lint_names(struct lint *lint, struct cf_error *err);
int lint_dead(struct lint *lint, struct cf_error *err);
int lint_around(struct lint *lint, struct cf_error *err);
int lint_danger(struct lint *lint, struct cf_error *err);
int lint_new(struct lint *lint, struct cf_error *err);
