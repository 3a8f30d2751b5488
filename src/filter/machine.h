/* SPDX-License-Identifier: Apache-2.0 */
/* Private to filter/: what instructions compute. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* a op b for the operation of a BPF_ALU instruction; b is not 0 for BPF_DIV. Shifts take the lower
 * five bits of b, as the kernel's machine does. */
uint32_t cf_compute(unsigned op, uint32_t a, uint32_t b);

/* The test of a conditional jump. */
bool cf_compare(unsigned op, uint32_t a, uint32_t b);
