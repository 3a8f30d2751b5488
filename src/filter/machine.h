/* SPDX-License-Identifier: Apache-2.0 */
/* Private to filter/: what instructions compute. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a op b for the operation of a BPF_ALU instruction; b is not 0 for BPF_DIV. Shifts take the lower
 * five bits of b, as the kernel's machine does. */
uint32_t cf_compute(unsigned op, uint32_t a, uint32_t b);

/* The test of a conditional jump. */
bool cf_compare(unsigned op, uint32_t a, uint32_t b);

/* The kernel's reason against an instruction by itself, or NULL. `left` instructions follow it. */
const char *cf_instruction_refused(const struct sock_filter *i, size_t left);
