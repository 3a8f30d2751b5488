/* SPDX-License-Identifier: Apache-2.0 */
/* One subject under the rules' eyes. */
#pragma once

#include "judge/rule.h"

/* Reads the subject's settings as its engine would. 0 or -ENOMEM. The check borrows everything. */
int cf_check_begin(struct cf_check *check, struct cf_arena *arena, const struct cf_subject *subject,
                   const struct cf_judge_options *options, struct cf_profiles *profiles);

/* Lets one rule look. */
void cf_check_run(struct cf_check *check, const struct cf_rule *rule);

/* When the last rule has looked. */
void cf_check_end(struct cf_check *check);
