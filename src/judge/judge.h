/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: subjects → findings; and what people decide about them: configuration, suppressions,
 * baselines. A rule is written once, whatever source its subject came from. */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "model/model.h"

/* ---- the table of rules ------------------------------------------------------------------ */

/* All rules, ended by NULL. */
extern const struct cf_rule_info *const cf_rules[];
const struct cf_rule_info *cf_rule_find(const char *id);
/* The nearest id by spelling, for "did you mean"; NULL when none is near. */
const char *cf_rule_nearest(const char *id);

/* ---- configuration: .confined.yaml --------------------------------------------------------- */

struct cf_config {
        const char *path;           /* the file it came from; NULL: defaults */
        const char *const *exclude; /* paths: patterns in .gitignore syntax */
        size_t exclude_count;
        const char *profile; /* profile to use in place of unconfined (--with) */
        bool has_fail_on;    /* a weight above CF_FAIL: never */
        enum cf_verdict fail_on;
        const char *baseline; /* path of the baseline file, relative to the config's folder */
        struct cf_rule_config {
                const struct cf_rule_info *rule;
                bool off;
                bool has_severity;
                enum cf_severity severity;
        } * rules;
        size_t rule_count;
};

/* Reads a configuration. Unknown keys, rules and values are errors with their place. */
int cf_config_read(struct cf_arena *arena, struct cf_files *files, const char *path,
                   struct cf_config **ret_config, struct cf_error *err);
/* The same from text at hand; its path says which folder paths are relative to. */
int cf_config_parse(struct cf_arena *arena, const struct cf_source *source,
                    struct cf_config **ret_config, struct cf_error *err);

/* The nearest `.confined.yaml` in `dir` or a folder above it; NULL in *ret_path: none. */
int cf_config_find(struct cf_arena *arena, const char *dir, char **ret_path);

/* ---- baseline: what is known already --------------------------------------------------------- */

struct cf_baseline; /* a set of fingerprints with counts */
int cf_baseline_read(struct cf_arena *arena, struct cf_files *files, const char *path,
                     struct cf_baseline **ret_baseline, struct cf_error *err);
int cf_baseline_parse(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_baseline **ret_baseline, struct cf_error *err);
/* Writes the fingerprints of `findings` (sorted, with rule and place for a reader) as JSON. */
int cf_baseline_write(const char *path, struct cf_finding *const *findings, size_t count,
                      struct cf_error *err);

/* ---- judging ------------------------------------------------------------------------------------
 */

struct cf_judge_options {
        struct cf_files *files;         /* profiles are read through it */
        const struct cf_config *config; /* NULL: defaults */
        const char *const *only;        /* --rule: these rules alone */
        size_t only_count;
        const struct cf_baseline *baseline; /* NULL: none */
        /* Docker version and kernel release to judge files by, which may be meant for another
         * machine; NULL: unknown. A live engine's own count for its containers. */
        const char *engine_version;
        const char *kernel;
        /* The folder that paths in fingerprints are relative to, so that a baseline holds wherever
         * the command is run; NULL: the current folder. */
        const char *root;
};

struct cf_judge;
struct cf_judge *cf_judge_new(const struct cf_judge_options *options);
struct cf_judge *cf_judge_free(struct cf_judge *judge);

/* Lets every rule look at one subject. Thread-safe; keeps copies of what it needs.
 * 0, -ENOMEM. */
int cf_judge_subject(struct cf_judge *judge, const struct cf_subject *subject);

/* Keeps what profile/ found wrong with a profile. Thread-safe; copies. 0, -ENOMEM. */
struct cf_profile;
struct cf_lint_finding;
int cf_judge_lint(struct cf_judge *judge, const struct cf_profile *profile,
                  struct cf_lint_finding *const *findings, size_t count);

/* Merges findings of one place, applies suppressions and the baseline, sorts by path and place.
 * Call once, after the last subject; the result belongs to the judge. */
int cf_judge_finish(struct cf_judge *judge, struct cf_finding ***ret_findings, size_t *ret_count);

/* ---- known reasons why people switch the filter off (data/reasons.tsv) ----------------------- */

enum cf_need { CF_NEED_NOTHING, CF_NEED_CAPABILITY, CF_NEED_ARGUMENT_RULE, CF_NEED_CALL };
struct cf_reason {
        const char *id, *program;
        const char *symptom; /* messages parted by ';', "..." in them for anything; "(remarks)" */
        const char *calls;   /* as cf_call_rules_read takes them */
        const char *rules;   /* additions parted by ';', see cf_profile_addition_read; "": none */
        const char *capabilities; /* "BPF PERFMON": those that it runs with; "": none */
        enum cf_need need;
        const char *name;   /* short, for a sentence: "Delve" */
        const char *docker; /* Docker version from which the need holds: "19.03"; "": any */
        const char *kernel; /* the same of the kernel: "4.8"; "": any */
        const char *remedy, *evidence;
        const char *match; /* space separated words: see data/reasons.tsv */
};
extern const struct cf_reason cf_reasons[];
extern const size_t cf_reason_count;
/* The first reason that knows the image ("golang:1.25", "registry/x/delve@sha256:…") or the command
 * line; NULL when none does. Either may be NULL. */
const struct cf_reason *cf_reason_find(const char *image, const char *command);
/* Whether this one knows it. */
bool cf_reason_knows(const struct cf_reason *reason, const char *image, const char *command);

/* Whether what the table says of the need holds for these versions (NULL: not known): 1 yes, -1 one
 * of them is older, 0 nobody knows. */
int cf_reason_holds(const struct cf_reason *reason, const char *docker, const char *kernel);
/* A sentence: "for Delve this is not needed since Docker 19.03 on kernels from 4.8; this is Docker
 * 18.09.1". NULL when there is no memory. */
const char *cf_reason_sentence(struct cf_arena *arena, const struct cf_reason *reason,
                               const char *docker, const char *kernel);

/* What an error message is known to be of. */
enum cf_hit_certainty { CF_HIT_SURE, CF_HIT_LIKELY, CF_HIT_PERHAPS };
struct cf_reason_hit {
        const struct cf_reason *reason;
        enum cf_hit_certainty certainty;
        bool of_program;        /* the reason is about the program that was named */
        struct cf_span message; /* the known message that fits (of reason->symptom); empty: none
                                 * does, but the program is known */
        struct cf_span seen;    /* the part of the text that fits it */
        unsigned share;         /* percent of the known message that is there, by weight */
};
#define CF_REASON_HITS_MAX ((size_t)8)
#define CF_MESSAGE_MAX ((size_t)1 << 20) /* bytes; more: -E2BIG */

/* The reasons whose known messages are like this text, any bytes; the surest first. Case, numbers,
 * paths, quotes, colours and what stands around are not looked at, and words that every error has
 * ("operation not permitted") are no evidence. `program`: a program's or image's name; NULL: not
 * known, and the name that a line begins with is taken. Spans point into the text and the table. 0,
 * -E2BIG, -ENOMEM. */
int cf_reason_hits(struct cf_span text, const char *program,
                   struct cf_reason_hit ret_hits[CF_REASON_HITS_MAX], size_t *ret_count,
                   struct cf_error *err);
