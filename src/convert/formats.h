/* SPDX-License-Identifier: Apache-2.0 */
/* The formats, and what several of them share. Private to convert/. */
#pragma once

#include "base/errno-name.h"
#include "base/json.h"
#include "base/vec.h"
#include "convert/convert.h"

int cf_docker_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_docker_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
bool cf_oci_claim(const struct cf_source *);
int cf_oci_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_oci_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
bool cf_raw_claim(const struct cf_source *);
int cf_raw_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_raw_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
int cf_c_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
int cf_text_write(const struct cf_writing *, struct cf_text *, struct cf_error *);

bool cf_kubernetes_claim(const struct cf_source *);
int cf_kubernetes_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_kubernetes_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
bool cf_firecracker_claim(const struct cf_source *);
int cf_firecracker_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_firecracker_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
bool cf_lxc_claim(const struct cf_source *);
int cf_lxc_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_lxc_write(const struct cf_writing *, struct cf_text *, struct cf_error *);

int cf_minijail_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_minijail_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
bool cf_kafel_claim(const struct cf_source *);
int cf_kafel_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_kafel_write(const struct cf_writing *, struct cf_text *, struct cf_error *);
bool cf_systemd_claim(const struct cf_source *);
int cf_systemd_read(const struct cf_reading *, struct cf_converted *, struct cf_error *);
int cf_systemd_write(const struct cf_writing *, struct cf_text *, struct cf_error *);

/* -ENOMEM, said. */
int cf_convert_no_memory(struct cf_error *err);

/* Fills err with a place in the text and what is wrong there: -EINVAL, or any code. */
int cf_convert_refuse(const struct cf_reading *reading, size_t offset, size_t length,
                      struct cf_error *err, const char *format, ...) CF_PRINTF(5, 6);
int cf_convert_refuse_code(const struct cf_reading *reading, int code, size_t offset, size_t length,
                           struct cf_error *err, const char *format, ...) CF_PRINTF(6, 7);

/* Makes of a profile that was read what a reader gives. */
int cf_convert_profile(const struct cf_reading *reading, const struct cf_profile *profile,
                       struct cf_converted *ret_converted, struct cf_error *err);

/* The entries of the policy (see cf_profile_entries), for a format that has a place for them.
 * -ENOTSUP also when calls are handed to a listener, as such a format needs its path. */
int cf_convert_entries(const struct cf_writing *writing, const char *format, struct cf_arena *arena,
                       struct cf_profile_entries *ret_entries, struct cf_error *err);

/* -EINVAL and the place when the object has one of the words (ended by NULL) as a member. */
int cf_convert_refuse_words(const struct cf_reading *reading, const struct cf_json *object,
                            const char *const *words, const char *why, struct cf_error *err);
/* The same for what Docker's profiles have and the OCI runtime specification does not. */
int cf_convert_check_oci(const struct cf_reading *reading, const struct cf_json *root,
                         const char *why, struct cf_error *err);

/* Warnings of a reader, in the order of the text. */
struct cf_warnings {
        CF_VEC(struct cf_profile_warning) list;
        size_t more;
};
/* Notes what the text's writer should know about a part of it. 0 or -ENOMEM. */
int cf_convert_warn(const struct cf_reading *reading, struct cf_warnings *warnings, size_t offset,
                    size_t length, struct cf_error *err, const char *format, ...) CF_PRINTF(6, 7);

/* What was read from a format that is for one architecture: `policy` there, `elsewhere` (a value)
 * for calls of all others. 0 or -ENOMEM. */
int cf_convert_of_one(const struct cf_reading *reading, const struct cf_arch *arch,
                      cf_policy policy, uint32_t elsewhere, struct cf_warnings *warnings,
                      struct cf_converted *ret_converted, struct cf_error *err);

/* Puts them in the order of the text. */
void cf_convert_sort_warnings(struct cf_warnings *warnings);

/* Where in the source a part of its text starts. */
static inline size_t cf_offset_of(const struct cf_reading *reading, struct cf_span part)
{
        return (size_t)(part.data - reading->source->text.data);
}

/* A decimal, octal (0…) or hexadecimal (0x…) number that fills the whole text. */
bool cf_convert_number(struct cf_span text, uint64_t *ret_number);
