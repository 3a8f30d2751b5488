/* SPDX-License-Identifier: Apache-2.0 */
/* What every cmocka test needs, in the order that cmocka wants. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
