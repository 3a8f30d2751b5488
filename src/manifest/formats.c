/* SPDX-License-Identifier: Apache-2.0 */
/* The table of file formats. A new one is a file that defines its row, and a line here. */
#include "manifest/formats.h"

/* clang-format off */
const struct cf_format *const cf_formats[] = {
        &cf_format_compose,
        &cf_format_daemon,
        &cf_format_shell,
        &cf_format_make,
        &cf_format_markdown,
        &cf_format_rest,
        &cf_format_dockerfile,
        &cf_format_systemd,
        &cf_format_ci,
        &cf_format_text,
        NULL,
};
/* clang-format on */
