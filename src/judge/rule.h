/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule is made of, and the small language in which it speaks.
 *
 * A rule is one struct in one file. It looks at one subject (already read the way its engine
 * would: see struct cf_check) and adds drafts of findings; the judge fills in what every finding
 * has, merges those of one place and words them for all subjects that the place reaches.
 *
 * Memory: everything a rule makes comes from check->arena, which lives until the subject is done;
 * the judge copies what it keeps. A failed allocation sticks in check->failed, so rules need not
 * look: cf_check_add gives a spare draft then. */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "judge/judge.h"
#include "judge/pages.h"
#include "judge/profiles.h"
#include "judge/secopt.h"
#include "judge/version.h"

struct cf_check;

#define CF_LOOKS(kind) (1u << (kind))
#define CF_LOOKS_DECLARED                                            \
        (CF_LOOKS(CF_SUBJECT_SERVICE) | CF_LOOKS(CF_SUBJECT_BUILD) | \
         CF_LOOKS(CF_SUBJECT_COMMAND) | CF_LOOKS(CF_SUBJECT_OPTIONS))
#define CF_LOOKS_OPTIONS (CF_LOOKS_DECLARED | CF_LOOKS(CF_SUBJECT_CONTAINER))

struct cf_rule {
        struct cf_rule_info info;
        unsigned looks_at; /* CF_LOOKS of each kind of subject that it wants to see */
        void (*check)(struct cf_check *check);
};

/* How one subject is called in a sentence. "service " 'web' and "service " 'db' become
 * "services 'db' and 'web'". */
struct cf_who {
        const char *one, *many; /* "service ", "services " */
        const char *noun;       /* printed in quotes; NULL: `one` says it all */
};

#define CF_NOTES_MAX 8      /* most notes of one finding; later ones are dropped */
#define CF_DRAFTS_MAX 10000 /* most findings of one subject; later ones are only counted */

/* A finding in the making. Its message is `before`, the subjects in words, and `after` (or
 * `after_many`, when there are several). */
struct cf_draft {
        struct cf_finding finding;
        const char *before, *after, *after_many;
        const char *label;
        bool label_names_image; /* " to IMAGE" is put behind the label */
        const char *notes[CF_NOTES_MAX];
        size_t note_count;
        const struct cf_ignore *ignores;
        size_t ignore_count;
        const char *apart; /* findings of one rule at one place: what tells this one from others;
                            * NULL: they are one */
        const char *key;   /* findings without a place: what tells this one from others */
        struct cf_who who;
        struct cf_draft *next;
};

/* One setting of the subject and what its engine reads in it. */
struct cf_seen {
        const struct cf_setting *setting;
        struct cf_secopt option; /* SECURITY_OPT, DAEMON_PROFILE */
        bool anything;           /* its value is not known at all */
        /* The profile that it names, as read; NULL: none, or it cannot be resolved here. */
        const struct cf_profile_reading *profile;
        bool meant_word;   /* a file name that was surely meant as a word; no such file was seen */
        bool known_absent; /* and it was looked for */
};

/* Whether an engine applies a profile that is given to a privileged container. */
enum cf_honour { CF_HONOUR_NO, CF_HONOUR_YES, CF_HONOUR_DEPENDS };

/* What a rule sees. */
struct cf_check {
        struct cf_arena *arena;
        const struct cf_subject *subject;
        const struct cf_judge_options *options;
        struct cf_profiles *profiles;
        enum cf_reader_kind reader;
        struct cf_version docker; /* of the engine; unknown: major 0 */
        struct cf_version kernel;

        const struct cf_seen *seen; /* all settings, in the engine's order */
        size_t seen_count;
        /* The seccomp entry that counts: the last one. NULL: none, the default applies. */
        const struct cf_seen *deciding;
        /* A later entry whose value nobody knows: it may replace the deciding one. */
        const struct cf_seen *shaking;
        /* The privileged setting that counts, when it is or may be true; else NULL. */
        const struct cf_seen *privileged;
        bool is_privileged;     /* certainly or by an assumption; also by the engine's own word */
        enum cf_honour honours; /* a profile beside privileged */

        const struct cf_rule *rule; /* the one that is looking */
        struct cf_draft *drafts;    /* newest first */
        size_t draft_count, dropped;
        struct cf_draft spare;
        bool failed;
};

/* Adds a draft with all that every finding has. `setting` NULL: the subject as a whole. What the
 * documentation of a project says becomes a note. Never NULL. */
struct cf_draft *cf_check_add(struct cf_check *check, enum cf_verdict verdict,
                              const struct cf_setting *setting);

/* Formatted text in the check's arena; "" when there is no memory. */
const char *cf_check_text(struct cf_check *check, const char *format, ...) CF_PRINTF(2, 3);

void cf_check_say(struct cf_draft *draft, const char *before, const char *after,
                  const char *after_many);
void cf_check_note(struct cf_check *check, struct cf_draft *draft, const char *format, ...)
        CF_PRINTF(3, 4);

/* The remedy "take it out": by an edit where the source allows one, else by hand. `then` says
 * what is true afterwards: "the default profile then applies". */
void cf_check_remedy_remove(struct cf_check *check, struct cf_draft *draft,
                            const struct cf_setting *setting, const char *then);
/* Any other remedy, which no edit can do. `command` NULL: there is nothing to type. */
void cf_check_remedy(struct cf_draft *draft, const char *text, const char *command);

/* The note that a known reason for switching the filter off gives, if one is known. */
void cf_check_reason(struct cf_check *check, struct cf_draft *draft);

/* Adds what the kernel says of the container's processes, or that it is not running. */
void cf_check_note_processes(struct cf_check *check, struct cf_draft *draft);
/* How many of its processes the kernel shows without a filter, and how many it does not show. */
size_t cf_check_unfiltered(const struct cf_container *container);
size_t cf_check_unreadable(const struct cf_container *container);

/* Lists calls in notes, by name and with the arguments under which they are let through: a few
 * notes, and how many more there are. */
void cf_check_note_loose(struct cf_check *check, struct cf_draft *draft,
                         const struct cf_loose_calls *calls);

/* ": SECCOMP is unset, …" behind a message whose setting is assumed; "" when it is certain. */
const char *cf_check_assumption(struct cf_check *check, const struct cf_setting *setting);

/* What the reader writes for this setting: "item", "option", "key", "setting". */
const char *cf_check_written_as(const struct cf_check *check, const struct cf_setting *setting);

/* Takes one that no subject gave rise to, if its rule is wanted. 0 or -ENOMEM. */
int cf_judge_draft(struct cf_judge *judge, struct cf_draft *draft);

/* Of cf_rules[i], the whole rule. */
const struct cf_rule *cf_rule_of(const struct cf_rule_info *info);

extern const struct cf_rule cf_rule_seccomp_unconfined, cf_rule_privileged,
        cf_rule_daemon_unconfined, cf_rule_profile_missing, cf_rule_profile_invalid,
        cf_rule_profile_allows_everything, cf_rule_profile_default_allow,
        cf_rule_seccomp_misspelled, cf_rule_process_unfiltered, cf_rule_seccomp_unsupported,
        cf_rule_profile_weaker_than_default, cf_rule_filter_differs, cf_rule_suppression_invalid;
/* Of profiles alone: `confined profile lint` looks (src/profile/lint.c). */
extern const struct cf_rule cf_rule_profile_name_unknown, cf_rule_profile_name_foreign,
        cf_rule_profile_rule_never, cf_rule_profile_condition_never,
        cf_rule_profile_rule_contradicted, cf_rule_profile_rule_redundant,
        cf_rule_profile_upper_half, cf_rule_profile_gone_around, cf_rule_profile_dangerous_call,
        cf_rule_profile_new_call_refused, cf_rule_profile_architecture_missing,
        cf_rule_profile_rule_lost;
