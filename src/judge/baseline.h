/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "judge/judge.h"

/* How many findings of this fingerprint are known. */
size_t cf_baseline_count(const struct cf_baseline *baseline, const char *fingerprint);
