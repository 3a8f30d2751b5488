/* SPDX-License-Identifier: Apache-2.0 */
/* Reports to write: findings whose places and excerpts are taken from real text, as a format
 * does it. Everything lives in the fixture's arena. */
#pragma once

#include "base/arena.h"
#include "model/model.h"
#include "report/report.h"

struct fixture {
        struct cf_arena *arena;
        struct cf_report report;
        struct cf_finding *findings[64];
        const struct cf_error *troubles[8];
};

extern const struct cf_rule_info rule_unconfined, rule_privileged, rule_missing, rule_misspelled,
        rule_process, rule_daemon;

/* A report of `command` with nothing in it; fixture_free frees all. */
struct fixture *fixture_new(const char *command);
void fixture_free(struct fixture *fixture);

struct cf_source *fixture_source(struct fixture *fixture, const char *path, struct cf_span bytes);

/* Adds a finding about the first `needle` in the source (NULL: the whole file). */
struct cf_finding *fixture_finding(struct fixture *fixture, const struct cf_source *source,
                                   const char *needle, const struct cf_rule_info *rule,
                                   enum cf_verdict verdict, const char *message);

void fixture_trouble(struct fixture *fixture, int code, const struct cf_place *place,
                     const char *message, const struct cf_place *doing_place, const char *doing);

/* The reports of the golden files, by name. */
struct fixture *fixture_scan(void);     /* every kind of finding and trouble */
struct fixture *fixture_clean(void);    /* nothing found */
struct fixture *fixture_excerpts(void); /* tabs, wide characters, long lines, several lines */
struct fixture *fixture_hostile(void);  /* text that means to do harm */
struct fixture *fixture_audit(void);    /* two engines and processes outside containers */
struct fixture *fixture_kernel(void);   /* processes alone */
