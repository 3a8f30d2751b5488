/* SPDX-License-Identifier: Apache-2.0 */
/* libconfined: seccomp policies, profiles and filters, exactly.
 *
 * A *policy* is a total function from a system call (architecture, number, six 64-bit arguments,
 * instruction pointer) to what a seccomp filter returns for it. A *profile* is the JSON form that
 * container engines take, a *filter* the classic BPF form that the kernel runs. Both become
 * policies; policies are compared, joined and made into filters. Nothing is sampled: what is called
 * equal is equal for every call.
 *
 * Ownership. A context owns all that is made from it: profiles, policies, filters, differences and
 * every string that is handed out. Nothing else is freed; all ends with confined_context_free. Make
 * a context for each piece of work.
 *
 * Errors. Functions that can fail return 0 or a negative errno, and leave what they would give back
 * untouched; confined_error then tells the reason in words. NULL for a pointer that is not said to
 * be optional is a mistake that is not checked.
 *
 * Threads. A context, with all that was made from it, belongs to one thread at a time; different
 * contexts are independent. There is no global state.
 *
 * Limits. Input may be hostile: sizes, depth, memory and steps are bounded, and over a bound is
 * -E2BIG or -EFBIG (confined_error says which), -ENOMEM where memory is what ran out.
 *
 * Stability. Structures whose first member is `size` may grow at their end: initialise them with
 * their _INIT macro. All others are opaque or complete. Symbols carry the version that brought
 * them; within a major version (0 included, from 0.1 on) none is changed or removed. */
#ifndef CONFINED_CONFINED_H
#define CONFINED_CONFINED_H

#define CONFINED_VERSION_MAJOR 0
#define CONFINED_VERSION_MINOR 1
#define CONFINED_VERSION_PATCH 0

#include <confined/context.h>
#include <confined/filter.h>
#include <confined/policy.h>
#include <confined/profile.h>

#endif
