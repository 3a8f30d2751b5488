/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4). Fingerprints name findings in files that people sign off, so two findings
 * must not share one by accident or by design. */
#pragma once

#include <stdint.h>

#include "base/span.h"

#define CF_SHA256_SIZE 32

struct cf_sha256 {
        uint32_t state[8];
        uint64_t size; /* bytes taken so far */
        unsigned char block[64];
};

void cf_sha256_begin(struct cf_sha256 *hash);
void cf_sha256_add(struct cf_sha256 *hash, struct cf_span bytes);
void cf_sha256_end(struct cf_sha256 *hash, unsigned char ret_digest[CF_SHA256_SIZE]);
