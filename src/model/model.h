/* SPDX-License-Identifier: Apache-2.0 */
/* The shared nouns: subject, setting, evidence, finding, remedy.
 *
 * Sources (manifest/, engine/, process/) produce subjects; judge/ turns them into findings; fix/
 * and report/ take findings. This room knows nothing of where they come from or go to. All text
 * is NUL-ended, UTF-8 or raw bytes from a hostile file (report/ makes it safe to show), and
 * belongs to the arena that the producer was given. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/place.h"
#include "base/source.h"
#include "base/text.h"
#include "base/vec.h"

/* ---- evidence ------------------------------------------------------------------------- */

enum cf_evidence {
        CF_DECLARED,   /* what a file or a command line says */
        CF_CONFIGURED, /* what an engine stored */
        CF_ENFORCED,   /* what the kernel does */
};
const char *cf_evidence_name(enum cf_evidence evidence);

/* ---- edits: how something written can be ended in its file ------------------------------ */

/* Bytes of a source's text (text offsets, see base/source.h). */
struct cf_range {
        size_t offset;
        size_t length;
};

enum cf_group_kind {
        CF_GROUP_PIECES, /* each part goes alone: lines of a block list, words of a command */
        CF_GROUP_COMMAS, /* parts are separated by commas: one separator goes with each part */
};

/* Parts of one collection that can be cut out, each alone or all together. Two groups with the
 * same kind, path, count, first part and number of groups above are the same group. */
struct cf_group {
        enum cf_group_kind kind;
        const struct cf_range *parts; /* in order; pieces may share a blank with their neighbours */
        size_t count;
        /* When every part is cut: the parent loses its part `parent_part`; without a parent the
         * range `whole` becomes `whole_text`. */
        const struct cf_group *parent;
        size_t parent_part;
        struct cf_range whole;
        const char *whole_text;
};

/* How a value is written at its place, so that another can be put there. */
enum cf_quoting {
        CF_QUOTE_NONE,  /* as it is (systemd, plain text) */
        CF_QUOTE_SHELL, /* an unquoted shell word: quote when needed */
        CF_QUOTE_SHELL_SINGLE,
        CF_QUOTE_SHELL_DOUBLE,
        CF_QUOTE_YAML_PLAIN, /* stays plain when YAML allows it, else double quotes */
        CF_QUOTE_YAML_SINGLE,
        CF_QUOTE_YAML_DOUBLE, /* JSON strings too */
};

/* What may be done to a setting in its file. Exactly one of `group`, `replace` is usable, or
 * `refusal` says why none is. */
struct cf_edit {
        const char *refusal;          /* not NULL: cannot be edited safely, and why */
        const struct cf_group *group; /* cut part `part` of it */
        size_t part;
        bool replaces; /* no cut: `range` becomes `text` */
        struct cf_range range;
        const char *text;
        /* Where a profile's path can be put instead (length 0: nowhere). `value` covers just
         * the path or the word unconfined, inside any quotes. */
        struct cf_range value;
        enum cf_quoting quoting;
        const char *base_dir; /* folder that a relative profile path starts from; NULL: unknown */
};

#define CF_GROUP_DEPTH 32 /* most groups above one another */

/* One edit to be made, and what came of it. */
struct cf_edit_request {
        const struct cf_edit *edit;
        const char
                *profile; /* put this path at `value`, where there is one; NULL: cut or replace */
        const char *refusal; /* result: NULL when the edit is among the replacements */
};

/* `length` bytes at text offset `offset` become `text`. */
struct cf_replacement {
        size_t offset;
        size_t length;
        struct cf_span text;
};

/* Turns edits of one file into replacements of its text: sorted, none overlapping another. Parts
 * of one group are cut together: all of them cut, the parent loses its part (or `whole` becomes
 * `whole_text`); of a group with commas each run of cut parts takes exactly one comma along. An
 * edit that cannot be made (it has a refusal, it meets another one, the path cannot be written at
 * its place) gets request->refusal, the others go on; an edit that another one includes, or that
 * equals another one, counts as made. Everything returned lives in `arena`. 0 or -ENOMEM. */
int cf_edits_resolve(struct cf_arena *arena, struct cf_span text, struct cf_edit_request *requests,
                     size_t count, struct cf_replacement **ret_replacements, size_t *ret_count);

/* Appends the text with its replacements made (as cf_edits_resolve returns them) to *out. */
void cf_edits_apply(struct cf_span text, const struct cf_replacement *replacements, size_t count,
                    struct cf_text *out);

/* ---- settings and subjects ---------------------------------------------------------------- */

enum cf_setting_kind {
        CF_SETTING_SECURITY_OPT, /* one entry of security_opt / one --security-opt: "seccomp=…" */
        CF_SETTING_PRIVILEGED,   /* value "true" or "false" */
        CF_SETTING_DAEMON_PROFILE, /* a daemon's default profile: "unconfined", "builtin", a path */
};

enum cf_certainty {
        CF_CERTAIN,
        CF_ASSUMED, /* a variable is unset and its default was taken; `because` says so */
        CF_UNKNOWN, /* the value cannot be known; `because` says why */
};

/* `# confined: ignore RULE[,RULE…] -- reason`, found beside or above a setting or subject. */
struct cf_ignore {
        const char *rules;  /* as written: "seccomp-unconfined, privileged" */
        const char *reason; /* NULL: none was given */
        struct cf_place place;
};

/* The lines that a place is shown with. */
struct cf_excerpt {
        unsigned first_line; /* number of lines[0]; 0: no excerpt */
        /* Column of lines[0]'s first character: 1, except when the place stands far to the right
         * of a very long line; the excerpt is then a part of that line alone. */
        unsigned first_column;
        const char *lines[4]; /* at most CF_EXCERPT_LINE bytes each, cut at a character */
        unsigned line_count;
};
#define CF_EXCERPT_LINE 240

/* One thing written (or stored) that decides about seccomp. */
struct cf_setting {
        enum cf_setting_kind kind;
        enum cf_certainty certainty;
        const char *value;   /* after interpolation; NULL when CF_UNKNOWN and nothing is known */
        const char *because; /* not CF_CERTAIN: "SECCOMP is unset, its default is 'unconfined'" */
        const char *problem; /* not NULL: no engine accepts it as written, and what happens:
                              * "a mapping in this list: Compose refuses the file" */
        struct cf_place place;
        struct cf_excerpt excerpt;
        struct cf_edit edit;
        struct cf_file_id file_id; /* the file's identity when it was read */
        const char *base_dir; /* folder that a relative profile path starts from; NULL: unknown */
        const char *profile_json; /* CONFIGURED: the profile's whole JSON when inline, else NULL */
        const struct cf_ignore *ignores;
        size_t ignore_count;
};

enum cf_subject_kind {
        CF_SUBJECT_SERVICE,   /* a Compose service */
        CF_SUBJECT_BUILD,     /* the build section of a Compose service */
        CF_SUBJECT_COMMAND,   /* docker/podman/nerdctl run or create on a command line */
        CF_SUBJECT_EXEC,      /* … exec: privileged adds capabilities only */
        CF_SUBJECT_OPTIONS,   /* options kept in a variable that could not be joined to a command */
        CF_SUBJECT_DAEMON,    /* a daemon's configuration, or a live daemon */
        CF_SUBJECT_CONTAINER, /* a container in an engine */
        CF_SUBJECT_PROFILE,   /* a seccomp profile by itself */
        CF_SUBJECT_PROCESS,   /* a process that belongs to no container we were told of */
};
const char *cf_subject_kind_name(enum cf_subject_kind kind);

enum cf_seccomp_mode {
        CF_SECCOMP_OFF = 0,
        CF_SECCOMP_STRICT = 1,
        CF_SECCOMP_FILTER = 2,
        CF_SECCOMP_UNREADABLE = -1
};

struct cf_enforced;

/* What the kernel says of a process (proc(5), /proc/PID/status and neighbours). */
struct cf_process {
        pid_t pid;
        pid_t parent;
        uint64_t start_time; /* clock ticks after boot: tells a reused PID */
        enum cf_seccomp_mode mode;
        unsigned filters; /* Seccomp_filters (since Linux 5.9); 0 when not shown */
        bool filters_known;
        int no_new_privs; /* 0, 1; -1: not shown */
        uid_t uid;
        uint64_t cap_effective;
        const char *name;      /* comm */
        const char *command;   /* command line, spaces between; NULL: none (or not readable) */
        const char *cgroup;    /* the cgroup v2 path, or the most telling v1 one; NULL: unknown */
        const char *container; /* container id found in the cgroup (64 hex digits); NULL: none */
        const char *engine; /* "docker", "podman", "containerd", "cri-o", "kubernetes", "lxc", …
                             * by the cgroup's form; NULL: unknown */
        uint64_t pid_ns, mnt_ns, user_ns; /* inode numbers; 0: not readable */
        bool foreign; /* lives in other namespaces than the first process of the system */
        bool by_exec; /* entered later: its parent is not in the container's own tree */
        const struct cf_enforced *enforced; /* NULL: not looked at. No copy of a process has it */
};

/* A call that is let through where something else refuses it. */
struct cf_loose_call {
        const char *name;   /* "socket", "numbers 470 to 1023 (no names)" */
        const char *when;   /* "family == 38 (AF_ALG)"; NULL: whatever its arguments are */
        const char *danger; /* what it gives an attacker, behind "it"; NULL: nothing is known */
        const char *lock;   /* the capability that the kernel asks for beside, and the container
                             * does not have; NULL: none */
};
struct cf_loose_calls {
        const struct cf_loose_call *items;
        size_t count;
};

enum cf_enforced_state {
        CF_ENFORCED_UNKNOWN,    /* `because` says why; nothing else is known */
        CF_ENFORCED_NOTHING,    /* no process has a filter */
        CF_ENFORCED_ALLOWS_ALL, /* a filter that refuses no call of this machine */
        CF_ENFORCED_FILTERS,
};

/* What the kernel's filter of a container does, worked out from its instructions. The filter is the
 * one that its first process started under: the oldest. */
struct cf_enforced {
        enum cf_enforced_state state;
        const char *because;
        size_t instructions;
        size_t calls; /* of this machine that it lets through, some by their arguments */
        /* The engine's built-in default in its version: "Docker 20.10 default"; NULL: the engine's
         * version is not known. What the filter lets through and the default refuses, whether as
         * written or as a runtime loads it. */
        const char *by_default;
        struct cf_loose_calls than_default;
        bool is_default; /* it is the default, as written or as a runtime loads it (proved) */
        /* What was configured, if that names a filter and is known; what the filter lets through
         * and the configuration refuses. */
        bool configured_known;
        struct cf_loose_calls than_configured;
        /* Processes whose filters together let through what the container's own refuses. */
        size_t strangers;
        pid_t first_stranger;
};

struct cf_container {
        const char *id;      /* 64 hex digits */
        const char *name;    /* without the leading slash */
        const char *image;   /* as the engine shows it */
        const char *command; /* Path and Args, spaces between */
        const char *status;  /* "running", "created", "exited", … */
        bool running;
        bool privileged;
        pid_t pid;            /* first process; 0: not running */
        const char *cis_line; /* HostConfig.SecurityOpt as `docker inspect --format` prints it */
        const char *compose_project, *compose_service, *compose_files,
                *compose_dir;               /* labels; NULL */
        const struct cf_process *processes; /* all that the kernel shows of it */
        size_t process_count;
        bool processes_known;       /* false: /proc could not be asked (remote engine, no right) */
        const char *const *cap_add; /* HostConfig.CapAdd, .CapDrop, as typed */
        size_t cap_add_count;
        const char *const *cap_drop;
        size_t cap_drop_count;
        const struct cf_enforced *enforced; /* NULL: not looked at. No copy of a container has it */
};

struct cf_engine {
        const char *name;    /* "Docker", "Podman" */
        const char *version; /* "28.5.2" */
        const char *api_version;
        const char *host;   /* "unix:///var/run/docker.sock" */
        const char *kernel; /* "6.12.1", as the engine says */
        bool local;         /* processes can be looked up on this machine */
        bool seccomp;       /* the engine says that it has seccomp */
        const char
                *default_profile; /* "default", "builtin", "unconfined", a path; NULL: not told */
};

struct cf_subject {
        enum cf_subject_kind kind;
        enum cf_evidence evidence;
        const char *name;        /* service, container or program: 'web'; NULL: none */
        const char *image;       /* NULL: not known */
        const char *engine_word; /* "docker", "podman", "nerdctl", "compose", "dockerd" */
        const char *action;      /* COMMAND: "run", "create", … */
        const char *format;      /* manifest format that found it: "compose", "shell", … */
        bool documentation;      /* text that tells a reader what to type: findings become notes */
        const char *root; /* file whose reading produced it (Compose: the project's main file) */
        struct cf_place place;
        const struct cf_setting *settings; /* in the order in which the engine would see them */
        size_t setting_count;
        const struct cf_container *container; /* CONTAINER */
        const struct cf_process *process;     /* PROCESS */
        const struct cf_engine *engine;       /* CONTAINER, live DAEMON */
};

/* ---- findings -------------------------------------------------------------------------------- */

enum cf_verdict { CF_PASS, CF_NOTE, CF_WARN, CF_UNDECIDED, CF_FAIL }; /* in order of weight */
const char *cf_verdict_name(
        enum cf_verdict verdict); /* "pass", "note", "warn", "unknown", "fail" */
bool cf_verdict_of(const char *name, enum cf_verdict *ret_verdict);

enum cf_severity { CF_LOW, CF_MEDIUM, CF_HIGH, CF_CRITICAL };
const char *cf_severity_name(enum cf_severity severity);
bool cf_severity_of(const char *name, enum cf_severity *ret_severity);

/* What is constant about a rule; judge/ holds the table. */
struct cf_rule_info {
        const char *id;    /* "seccomp-unconfined"; never changes, never reused */
        const char *title; /* one line, no full stop */
        enum cf_severity severity;
        const char *cis;  /* "CIS Docker 5.22"; NULL: no control of its own */
        const char *page; /* its whole page of docs/rules, Markdown */
};

struct cf_remedy {
        const char *text;    /* "remove the item (the default profile then applies)" */
        const char *command; /* what to type next; NULL: nothing */
        bool editable;       /* `edit` of the finding can be applied */
};

struct cf_finding {
        const struct cf_rule_info *rule;
        enum cf_verdict verdict;
        enum cf_severity severity; /* the rule's, or what the configuration says */
        enum cf_evidence evidence;
        const char *message; /* the first line: what is wrong, without place and rule */
        const char *label;   /* beside the carets: why it matters here; NULL: none */
        const char *const *notes;
        size_t note_count;
        struct cf_place place; /* place.path NULL: not in a file */
        struct cf_excerpt excerpt;
        struct cf_remedy remedy;
        struct cf_edit edit;
        struct cf_file_id file_id;
        const char *root; /* as cf_subject.root */
        enum cf_subject_kind subject_kind;
        const char *const
                *subjects; /* names that the place reaches, sorted, unique; container: name */
        size_t subject_count;
        const char *image;
        const struct cf_container *container;
        const struct cf_process *process;
        const char *fingerprint;   /* 32 hex digits: the same in the next run though lines move */
        const char *suppressed_by; /* reason of the inline suppression; NULL: none */
        bool in_baseline;
        const char *context; /* private to judge/: what makes the fingerprint unique */
};

/* Deep copies into `arena`; NULL when there is no memory. The rule is shared, not copied. */
struct cf_finding *cf_finding_copy(struct cf_arena *arena, const struct cf_finding *finding);
struct cf_container *cf_container_copy(struct cf_arena *arena,
                                       const struct cf_container *container);
struct cf_process *cf_process_copy(struct cf_arena *arena, const struct cf_process *process);
/* With its parents. */
const struct cf_group *cf_group_copy(struct cf_arena *arena, const struct cf_group *group);

/* Takes the lines around a place out of a source (at most 4: the one before, and the first
 * lines of the place). 0 or -ENOMEM. */
int cf_excerpt_take(struct cf_arena *arena, const struct cf_source *source,
                    const struct cf_place *place, struct cf_excerpt *ret_excerpt);
