/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of clone3. Private to explain/. */
#pragma once

#include "explain/explain.h"

/* "CLONE_INTO_CGROUP" and others that clone does not have. */
bool cf_explain_clone_flag(struct cf_span name, uint64_t *ret_value);
