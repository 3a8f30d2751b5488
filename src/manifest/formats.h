/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: the rows that formats.c lists. */
#pragma once

#include "manifest/manifest.h"

extern const struct cf_format cf_format_compose;
extern const struct cf_format cf_format_daemon;
extern const struct cf_format cf_format_shell;
extern const struct cf_format cf_format_make;
extern const struct cf_format cf_format_markdown;
extern const struct cf_format cf_format_rest;
extern const struct cf_format cf_format_dockerfile;
extern const struct cf_format cf_format_systemd;
extern const struct cf_format cf_format_text;
extern const struct cf_format cf_format_ci;
