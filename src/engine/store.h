/* SPDX-License-Identifier: Apache-2.0 */
/* Private to engine/: what Docker keeps of a container on this machine's disk. */
#pragma once

#include "engine/answer.h"

/* The folder of an engine's containers, below the one that it keeps its data in; -1 when it cannot
 * be opened (another machine's, no right, not Docker's). The caller closes it. */
int cf_store_open(const char *root);

/* Reads one container that does not run; its files must say that they are its. Any error means:
 * ask the engine. */
int cf_store_read(struct cf_arena *arena, struct cf_arena *scratch, int store,
                  const struct cf_listed *listed, struct cf_inspected *ret_inspected);
