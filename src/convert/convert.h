/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in the formats of other tools: text → policy, and policy → text.
 *
 * One file a format, one row in the table `cf_conversions`; help, completions and the man page
 * follow the table. A reader makes exactly the policy that the format's own tool would install. A
 * writer's text is read back by the reader and compared before it is handed out. What a format
 * cannot say is refused, never approximated. */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "filter/filter.h"
#include "policy/policy.h"
#include "profile/profile.h"

#define CF_CONVERT_MAX CF_PROFILE_MAX             /* bytes of a text; larger: -EFBIG */
#define CF_CONVERT_MEMORY ((size_t)128 << 20)     /* what reading or writing one may take */
#define CF_CONVERT_STEPS_MAX CF_PROFILE_STEPS_MAX /* of building one policy; more: -E2BIG */

struct cf_reading {
        struct cf_policies *all;
        struct cf_arena *arena; /* what is read lives here */
        struct cf_files *files; /* where files are looked for that the text names */
        const struct cf_source *source;
        const struct cf_circumstances *circumstances;
        const char *part; /* which of several policies in the text; NULL: there must be one */
};

/* A text, read. */
struct cf_converted {
        cf_policy policy; /* normalised: values of the same effect are the same */
        /* Those that the text knows, the machine's own first. */
        const struct cf_arch *const *arches;
        size_t arch_count;
        const struct cf_profile *profile;          /* NULL: its format has another logic */
        struct cf_filter filter;                   /* of raw BPF; else no code */
        const struct cf_profile_warning *warnings; /* of the source, in order */
        size_t warning_count, more_warnings;
};

struct cf_writing {
        struct cf_policies *all;
        struct cf_arena *arena;
        cf_policy policy; /* normalised */
        /* Those to be written, the machine's own first. */
        const struct cf_arch *const *arches;
        size_t arch_count;
        /* Only calls of these architectures need the same answer; others get what the format gives
         * them. False: every call does. */
        bool within;
        const char *name; /* what a resource or a policy in the text is called; NULL: "confined" */
        const struct cf_profile_order *order; /* of entries, where comments have a place; or NULL */
        const char *listener; /* who answers calls that are handed over; NULL: none */
};

/* A format. */
struct cf_conversion {
        const char *name; /* "kubernetes" */
        const char
                *title; /* "Kubernetes SeccompProfile of the Security Profiles Operator (YAML)" */
        bool one_arch;  /* its texts are for one architecture */
        /* Whether a text is certainly of this format. NULL: only a person can tell. */
        bool (*claim)(const struct cf_source *source);
        /* NULL: it can only be written. -EINVAL and the place: the format's tool would refuse the
         * text; -ENOTSUP and the place: it is not known here what the tool would do. */
        int (*read)(const struct cf_reading *reading, struct cf_converted *ret_converted,
                    struct cf_error *err);
        /* NULL: it can only be read. Adds the text. -ENOTSUP: it cannot say the policy, err names
         * the call and the reason. */
        int (*write)(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err);
};

/* Ended by a row without a name. */
extern const struct cf_conversion cf_conversions[];

/* NULL when there is none of this name. */
const struct cf_conversion *cf_conversion_by_name(const char *name);

/* The format that the text certainly is of; Docker's when nothing is certain. */
const struct cf_conversion *cf_conversion_of(const struct cf_source *source);

/* Reads a text. `format` NULL: what cf_conversion_of says. Errors as cf_conversion.read; -EFBIG,
 * -E2BIG, -ENOMEM. On failure *ret_converted is untouched. */
int cf_convert_read(const struct cf_reading *reading, const struct cf_conversion *format,
                    struct cf_converted *ret_converted, struct cf_error *err);

/* Writes a policy: adds a text which was read back and means the same. Nothing is added on failure.
 * Errors as cf_conversion.write; -EFBIG, -E2BIG, -ENOMEM. */
int cf_convert_write(const struct cf_writing *writing, const struct cf_conversion *format,
                     struct cf_text *out, struct cf_error *err);

/* The architectures that a policy without names knows: it does not treat all their calls alike. The
 * machine's own is always among them, and first. */
int cf_convert_arches(struct cf_policies *all, cf_policy policy, const struct cf_arch *machine,
                      struct cf_arena *arena, const struct cf_arch *const **ret_arches,
                      size_t *ret_count, struct cf_error *err);

/* Holds for the calls of these architectures. */
cf_policy cf_convert_calls_of(struct cf_policies *all, const struct cf_arch *const *arches,
                              size_t count);
