/* SPDX-License-Identifier: Apache-2.0 */
/* Docker/OCI seccomp profiles: JSON → what it says, and what it means.
 *
 * The plain meaning ("as written") is what the words of the JSON say, and how engines choose among
 * its entries; what a runtime's library loses on the way to the kernel is no part of it.
 *
 * Source of the format: Moby's profiles/seccomp (types and loader), runc's libcontainer/seccomp
 * and the OCI runtime specification, config-linux.md, section Seccomp. */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "policy/policy.h"
#include "syscalls/syscalls.h"

#define CF_PROFILE_MAX ((size_t)4 << 20)         /* bytes; larger is refused with -EFBIG */
#define CF_PROFILE_MEMORY ((size_t)64 << 20)     /* what reading one may take; more: -EFBIG */
#define CF_PROFILE_WARNINGS_MAX 1000u            /* that are kept; more are counted */
#define CF_PROFILE_STEPS_MAX (UINT64_C(1) << 25) /* of building one policy; more: -E2BIG */

/* ---- What it says --------------------------------------------------------------------------- */

/* A range of the profile's text, see cf_profile_place. */
struct cf_profile_part {
        size_t offset, length;
};

/* A string of the profile. */
struct cf_profile_word {
        struct cf_span text; /* NUL-ended; a name that holds a NUL is no known name */
        struct cf_profile_part part;
};
struct cf_profile_words {
        const struct cf_profile_word *items;
        size_t count;
};

/* `includes` or `excludes` of an entry. */
struct cf_profile_when {
        struct cf_profile_words arches; /* "amd64" */
        struct cf_profile_words caps;   /* "CAP_SYS_ADMIN" */
        bool has_kernel;                /* minKernel is given */
        unsigned kernel_major, kernel_minor;
};

/* An entry of `syscalls`. */
struct cf_profile_rule {
        struct cf_profile_part part;   /* its opening brace */
        struct cf_profile_words names; /* of `names`, or the one of `name` */
        struct cf_profile_part action;
        uint32_t value; /* what it answers: the action with its data (errnoRet, by default EPERM) */
        bool errno_given;    /* errnoRet is there */
        const char *comment; /* NULL: there is none */
        /* All must hold; a masked comparison is (argument & value) == (valueTwo & value). */
        const struct cf_condition *conditions;
        size_t condition_count;
        const uint64_t *seconds; /* of each condition: valueTwo, with bits that do not count */
        struct cf_profile_when includes, excludes;
};

/* An entry of `archMap`. */
struct cf_profile_mapped {
        struct cf_profile_word machine; /* "SCMP_ARCH_X86_64" */
        struct cf_profile_words others;
};

/* What an engine takes, but not as its writer thought. */
struct cf_profile_warning {
        struct cf_profile_part part;
        const char *message;
};

struct cf_profile {
        const struct cf_source *source;
        /* It names neither a default action nor calls (`{}` and `null` do), for which engines load
         * no filter at all. */
        bool no_filter;
        const char *default_action;          /* "SCMP_ACT_ERRNO"; "": no_filter */
        struct cf_profile_part default_part; /* of the value of defaultAction; else of the whole */
        uint32_t default_value;
        bool default_errno_given; /* defaultErrnoRet is there */
        const struct cf_profile_rule *rules;
        size_t rule_count;
        struct cf_profile_words architectures;
        struct cf_profile_words flags;       /* "SECCOMP_FILTER_FLAG_LOG" */
        const char *listener;                /* listenerPath; NULL: none */
        const struct cf_profile_mapped *map; /* archMap */
        size_t map_count;
        const struct cf_profile_warning *warnings; /* in the order of the text */
        size_t warning_count, more_warnings;
};

/* Reads a profile as Docker and Podman do (Go's encoding/json: keys without regard to case, the
 * last of two counts, unknown ones are passed over, null is "not given"). Refused with the place,
 * as an engine would refuse it or read something else than is written: not JSON, a byte order
 * mark, not an object, unknown action, operator, architecture or flag, wrong type, no action,
 * `architectures` beside `archMap`, `name` beside `names`, an empty name, a list or object given
 * twice, an argument index above 5, an error number above 4094, a kernel version other than
 * "MAJOR.MINOR", SCMP_ACT_NOTIFY as default, for write or without listenerPath.
 *
 * Warned of: names that no architecture has (engines drop them), capabilities and architectures in
 * `includes` and `excludes` that do not exist, values that have bits outside of their mask.
 *
 * All lives in `arena` (give it one with a limit of CF_PROFILE_MEMORY) and points to `source`.
 * -EINVAL, -EFBIG, -E2BIG (nested too deep), -ENOMEM. Thread-safe for distinct arenas. */
int cf_profile_read(struct cf_arena *arena, const struct cf_source *source,
                    const struct cf_profile **ret_profile, struct cf_error *err);

/* The same from a value that was parsed already, wherever in the source it stands: the profile
 * within a larger document. */
struct cf_json;
int cf_profile_read_json(struct cf_arena *arena, const struct cf_source *source,
                         const struct cf_json *root, const struct cf_profile **ret_profile,
                         struct cf_error *err);

struct cf_place cf_profile_place(const struct cf_profile *profile, struct cf_profile_part part);

/* ---- What it is about ----------------------------------------------------------------------- */

enum cf_profile_kind {
        CF_PROFILE_FILTERS,    /* the default action refuses: a usual profile */
        CF_PROFILE_DENYLIST,   /* the default action lets calls through, some call is refused */
        CF_PROFILE_ALLOWS_ALL, /* no call is refused (see cf_profile_allows_everything), under
                                * whatever capabilities and kernel, on this machine and on those
                                * that the profile speaks of */
};
const char *cf_profile_kind_name(enum cf_profile_kind kind); /* "filters", "denylist", … */

struct cf_profile_summary {
        enum cf_profile_kind kind;
        /* "SCMP_ACT_ERRNO". "": engines load no filter; the kind is then ALLOWS_ALL. */
        const char *default_action;
        bool default_lets_through;     /* what is not named goes through */
        struct cf_place default_place; /* of the value of defaultAction; "": of the whole value */
        size_t rules;                  /* entries of "syscalls" */
        size_t names;                  /* calls named, with repetitions */
};

/* The same as cf_profile_read, and keeps the few words above. Strings of *ret_summary live in
 * `arena`, places point to source->path. */
int cf_profile_summarize(struct cf_arena *arena, const struct cf_source *source,
                         struct cf_profile_summary *ret_summary, struct cf_error *err);

/* ---- What it means -------------------------------------------------------------------------- */

/* What Docker gives a container when nothing else is asked for. */
uint64_t cf_capabilities_docker(void);

/* What the meaning of a profile depends on. */
struct cf_circumstances {
        const struct cf_arch *machine; /* the engine's architecture */
        uint64_t capabilities;         /* of the container: its bounding set */
        unsigned kernel_major, kernel_minor;
};

/* Reads "6.12", "6.1.0-18-amd64", as uname(2) tells a release. False: neither. */
bool cf_kernel_version_read(const char *release, unsigned *ret_major, unsigned *ret_minor);
/* Fills in this machine and the running kernel; leaves the capabilities. -ENOTSUP: there is no
 * table of the machine's calls, or the kernel's version is not understood. */
int cf_circumstances_here(struct cf_circumstances *circumstances, struct cf_error *err);

/* Whether the entry counts under these circumstances. `excludes` are looked at first: any
 * architecture, any capability, or a kernel from minKernel on drop the entry. Then `includes`: one
 * of the architectures, all of the capabilities and the kernel keep it. */
bool cf_profile_rule_applies(const struct cf_profile_rule *rule,
                             const struct cf_circumstances *circumstances);

/* The architectures that the filter covers, in the arena: the machine's own first, which is always
 * among them; then those of `architectures`, or those that archMap names for the machine.
 * -ENOTSUP: there are no tables for one of them, err says where it stands; -ENOMEM. */
int cf_profile_architectures(struct cf_arena *arena, const struct cf_profile *profile,
                             const struct cf_circumstances *circumstances,
                             const struct cf_arch *const **ret_arches, size_t *ret_count,
                             struct cf_error *err);

/* The plain meaning. Of the entries that apply, name a call and have all their conditions true, the
 * one with the strictest action answers (of two with the same action, the first); when there is
 * none, the default action does. A name stands for its number on every architecture that the
 * filter covers, x32 being one; what is not covered is killed (KILL_THREAD), as libseccomp does,
 * which all engines use; only number -1, which is no call, gets the default action on x86_64 and
 * x32 if one of the two is covered. A profile without a filter allows every call.
 *
 * -ENOTSUP as above; -E2BIG: over a limit of policy.h or CF_PROFILE_STEPS_MAX, or
 * CF_PROFILE_MEMORY to work it out; -ENOMEM. */
int cf_profile_policy(struct cf_policies *all, const struct cf_profile *profile,
                      const struct cf_circumstances *circumstances, cf_policy *ret_policy,
                      struct cf_error *err);

/* Why a call gets its answer. */
enum cf_profile_reason {
        CF_PROFILE_BY_RULE,
        CF_PROFILE_BY_DEFAULT,
        CF_PROFILE_NOT_COVERED, /* the filter does not know the call's architecture */
        CF_PROFILE_NO_FILTER,
};
struct cf_profile_decision {
        uint32_t value;
        enum cf_profile_reason reason;
        const struct cf_profile_rule *rule; /* BY_RULE */
        const struct cf_profile_word *name; /* BY_RULE: where it names the call */
};

/* What decides one call: the same answer as the policy's. -ENOTSUP, -ENOMEM as above. */
int cf_profile_decide(const struct cf_profile *profile,
                      const struct cf_circumstances *circumstances, const struct cf_call *call,
                      struct cf_profile_decision *ret_decision, struct cf_error *err);

/* ---- From a policy back to a profile ----------------------------------------------------------
 */

/* Calls that get `value` when all conditions hold: an entry of `syscalls` to be written. */
struct cf_profile_entry {
        uint32_t value;
        const struct cf_syscall *const *calls; /* ascending by name */
        size_t call_count;
        /* No two are about one argument, and only CF_MASKED_EQ has a mask. */
        const struct cf_condition *conditions;
        size_t condition_count;
        const char *comment; /* ""; what cf_profile_order says of the calls */
        bool not_on_s390;    /* the machines s390 and s390x are excluded */
};

/* A policy as few entries: calls that get the same in the same case stand in one. Entries without
 * conditions come first, the loosest action before the others; then those with conditions, by their
 * first call. In any case entries give one answer at most, so that nothing depends on precedence;
 * only what would take more than 32 entries may rely on the stricter one. */
struct cf_profile_entries {
        uint32_t default_value;
        const struct cf_arch *const *arches; /* the machine's own first */
        size_t arch_count;
        const struct cf_profile_entry *entries;
        size_t entry_count;
};

/* How it is written; all zero is fine. */
struct cf_profile_order {
        /* Calls with the same words stay together in entries of their own, which bear the words as
         * comment. NULL, or NULL returned: no words. */
        const char *(*comment)(void *context, const struct cf_syscall *call);
        void *context;
        const char *listener; /* listenerPath; NULL: none */
};

/* The architectures that a policy covers: it does not kill (KILL_THREAD) each of their calls. The
 * machine's own is the first in any case. 0, -ENOMEM or as cf_policies_check. */
int cf_profile_covered(struct cf_policies *all, cf_policy policy, const struct cf_arch *machine,
                       struct cf_arena *arena, const struct cf_arch *const **ret_arches,
                       size_t *ret_count, struct cf_error *err);

/* The entries that mean a policy on the architectures that it covers; arches[0] is the machine's
 * own. The effect is what counts (see cf_policy_normal). Everything lives in `arena`, but `arches`
 * stays the caller's. What is answered outside of these architectures is not looked at:
 * cf_profile_prove does. -ENOTSUP: no profile can say it, err says which call or number and why
 * (numbers without a name that get several answers, a call that gets another one on another
 * architecture, the instruction pointer asked for, error 4095); -E2BIG, -ENOMEM. */
int cf_profile_entries(struct cf_policies *all, cf_policy policy,
                       const struct cf_arch *const *arches, size_t arch_count,
                       const struct cf_profile_order *order, struct cf_arena *arena,
                       struct cf_profile_entries *ret_entries, struct cf_error *err);

/* Writes the members of a profile into an open object, as Docker's JSON and the OCI runtime
 * specification's linux.seccomp have them; one entry as an object. */
struct cf_json_writer;
void cf_profile_put_members(struct cf_json_writer *json, const struct cf_profile_entries *entries,
                            const char *listener);
void cf_profile_put_entry(struct cf_json_writer *json, const struct cf_profile_entry *entry);

/* 0 when the text, read as a profile on this machine (without capabilities, on kernel 0.0), has the
 * effect of the policy in every call; -ENOTSUP and a call that shows the difference when not. */
int cf_profile_prove(struct cf_policies *all, cf_policy policy, const struct cf_arch *machine,
                     struct cf_span text, struct cf_error *err);

/* All of it: adds the policy as a profile, in Docker's style, proved. Nothing is added on failure.
 * Errors as above; -E2BIG: finding the entries takes more than CF_PROFILE_MEMORY or than a limit of
 * policy.h; -EFBIG: larger than CF_PROFILE_MAX. */
int cf_profile_print(struct cf_policies *all, cf_policy policy, const struct cf_arch *const *arches,
                     size_t arch_count, const struct cf_profile_order *order, struct cf_text *out,
                     struct cf_error *err);

/* ---- Rules as they are typed ------------------------------------------------------------------
 */

/* A call, and when the rule is about it:
 *
 *     RULES      RULE { "," RULE }
 *     RULE       CALL [ "(" [ CONDITION { "&&" CONDITION } ] ")" ]
 *     CONDITION  ARGUMENT OP VALUE | "(" ARGUMENT "&" VALUE ")" OP VALUE
 *                | ARGUMENT "&" VALUE                   some of these bits are set
 *     ARGUMENT   its name, the end of its name behind a "_", or arg0 … arg5
 *     OP         == != < <= > >=                        unsigned
 *     VALUE      TERM { "|" TERM }, in parentheses or not
 *     TERM       [ "-" | "~" ] NUMBER as in C, or a constant of the argument: AF_VSOCK
 */
struct cf_call_rule {
        const struct cf_syscall *call;
        const struct cf_condition *conditions; /* any operator, any mask; all must hold */
        size_t condition_count;
        struct cf_span text; /* the rule alone, as it was typed */
};

#define CF_CALL_RULES_TEXT_MAX ((size_t)65536) /* bytes; more: -E2BIG */

/* `what` stands in front of errors: "--allow". Rules live in the arena and point into `text`.
 * -EINVAL: err tells the column and, of a misspelled name, what was most likely meant; -ENOMEM. */
int cf_call_rules_read(struct cf_arena *arena, const char *what, struct cf_span text,
                       const struct cf_call_rule **ret_rules, size_t *ret_count,
                       struct cf_error *err);

/* The same of a part of a file's text: errors tell the place in it. */
int cf_call_rules_read_in(struct cf_arena *arena, const struct cf_source *source,
                          struct cf_span text, const struct cf_call_rule **ret_rules,
                          size_t *ret_count, struct cf_error *err);

/* The condition on arguments under which the rule gives its call `value`. The kernel drops what an
 * argument has above its own width, so comparisons of narrow arguments look at the low bits alone:
 * no call goes around a rule that refuses, nor slips through one that allows. A rule that lets
 * through by ==, < or <= a number that is not negative may look at all 64 bits: that is the
 * stricter. */
cf_policy cf_call_rule_condition(struct cf_policies *all, const struct cf_call_rule *rule,
                                 uint32_t value);

/* Whether no call of any architecture that the filter covers is refused (it gets SCMP_ACT_ALLOW or
 * SCMP_ACT_LOG), whatever its arguments: calls are those that the tables know, so a list of all
 * their names counts like an allowing default action. 1 yes; 0 no, and *ret_witness (may be NULL)
 * is a call that is refused. With `whatever`, under all capabilities and kernels of the machine,
 * not just those of the circumstances; the witness is then refused under some. -ENOTSUP, -E2BIG,
 * -ENOMEM as above. */
int cf_profile_allows_everything(struct cf_policies *all, const struct cf_profile *profile,
                                 const struct cf_circumstances *circumstances, bool whatever,
                                 struct cf_call *ret_witness, struct cf_error *err);

/* The first way to attack that a call opens under a condition on its arguments; of several one that
 * asks for no capability but these. NULL: none is known. */
const struct cf_danger *cf_danger_met(struct cf_policies *all, const struct cf_syscall *call,
                                      cf_policy condition, uint64_t capabilities);
/* Whether a container with these capabilities has the one that the kernel asks for. */
bool cf_danger_is_granted(const struct cf_danger *danger, uint64_t capabilities);

/* ---- What is wrong with it -------------------------------------------------------------------
 */

enum cf_lint_rule {
        CF_LINT_ALLOWS_EVERYTHING,    /* no call is refused */
        CF_LINT_DEFAULT_ALLOW,        /* what is not named is allowed */
        CF_LINT_NAME_UNKNOWN,         /* a name that no architecture has */
        CF_LINT_NAME_FOREIGN,         /* a name that no covered architecture has */
        CF_LINT_RULE_NEVER,           /* an entry that counts under no circumstances */
        CF_LINT_CONDITION_NEVER,      /* conditions that never hold, or look at no argument */
        CF_LINT_RULE_CONTRADICTED,    /* stricter entries answer every call of an entry */
        CF_LINT_RULE_REDUNDANT,       /* without it the profile means the same */
        CF_LINT_UPPER_HALF,           /* a refusal is got around by bits that the kernel drops */
        CF_LINT_GONE_AROUND,          /* a refusal is got around by another call */
        CF_LINT_DANGEROUS_CALL,       /* a call is allowed that attacks are known of */
        CF_LINT_NEW_CALL_REFUSED,     /* ENOSYS is expected where another error is answered */
        CF_LINT_ARCHITECTURE_MISSING, /* calls of an architecture of the machine are killed */
        CF_LINT_RULE_LOST,            /* the runtime loads something else than is written */
        CF_LINT_RULES,
};
/* "profile-name-unknown", … */
const char *cf_lint_rule_id(enum cf_lint_rule rule);

enum cf_lint_weight { CF_LINT_NOTE, CF_LINT_WARN, CF_LINT_FAIL };

#define CF_LINT_NOTES 4
#define CF_LINT_FINDINGS_MAX 10000u /* more are only counted */

struct cf_lint_finding {
        enum cf_lint_rule rule;
        enum cf_lint_weight weight;
        struct cf_profile_part part;
        const char *message;              /* holds words of the profile as they are */
        const char *notes[CF_LINT_NOTES]; /* NULL behind the last */
        const char *remedy;
        bool has_witness; /* a call that shows it, and what the profile answers to it */
        struct cf_call witness;
        uint32_t value;
};

/* Everything that is wrong under these circumstances, in the order of the text, in the arena. What
 * is said of entries that do nothing holds under all capabilities, kernels and machines that the
 * profile speaks of. -ENOTSUP, -E2BIG, -ENOMEM as cf_profile_policy. */
int cf_profile_lint(struct cf_policies *all, struct cf_arena *arena,
                    const struct cf_profile *profile, const struct cf_circumstances *circumstances,
                    struct cf_lint_finding *const **ret_findings, size_t *ret_count,
                    struct cf_error *err);

/* ---- A profile with a few calls answered otherwise --------------------------------------------
 */

struct cf_profile_addition {
        uint32_t value; /* CF_ALLOW or CF_ERRNO with its error */
        struct cf_call_rule rule;
};

/* "allow RULE", "deny RULE" (EPERM) or "errno NAME RULE", and back; `what` stands in front of
 * errors. -EINVAL, -ENOMEM. */
void cf_profile_addition_print(struct cf_text *text, const struct cf_profile_addition *addition);
int cf_profile_addition_read(struct cf_arena *arena, const char *what, struct cf_span text,
                             struct cf_profile_addition *ret_addition, struct cf_error *err);

/* Adds the base profile with the additions laid over it, as one profile that engines take. The
 * base's entries stay as they are, with what they ask of capabilities, machine and kernel; only
 * where one answers a call that an addition answers otherwise, that call (or the cases in question)
 * is taken out of it, so that nothing depends on which of two entries a runtime prefers. Proved
 * under every machine, kernel and set of capabilities that the entries concerned ask for. The
 * member "confined", which engines pass over, tells the base by `base_name` and hash, and the
 * additions.
 *
 * ret_needed[i]: addition i makes a difference. Nothing is added to `out` on failure. -EINVAL: the
 * base is no profile, additions contradict each other or their conditions never hold; -ENOTSUP: no
 * profile can say it; -E2BIG: it would take too many entries; -EFBIG, -ENOMEM. */
int cf_profile_extend(struct cf_policies *all, struct cf_arena *arena, const struct cf_source *base,
                      const char *base_name, const struct cf_profile_addition *additions,
                      size_t count, bool *ret_needed, struct cf_text *out, struct cf_error *err);

/* What a profile says it was made from. */
struct cf_profile_origin {
        const char *base;      /* the name of an engine's own, or a file */
        const char *base_hash; /* SHA-256 of its text, in hexadecimal */
        const struct cf_profile_addition *additions;
        size_t count;
        bool edited; /* what is in the file is no longer what was written (layout apart) */
};

/* -ENOENT: it does not say; -EINVAL: not JSON, or not as it was written; -ENOMEM. */
int cf_profile_origin_read(struct cf_arena *arena, const struct cf_source *source,
                           struct cf_profile_origin *ret_origin, struct cf_error *err);

/* SHA-256 of a profile's text as `base_hash` has it. */
#define CF_PROFILE_HASH_SIZE 65u
void cf_profile_hash(const struct cf_source *source, char ret_hex[CF_PROFILE_HASH_SIZE]);

/* ---- The engines' own ----------------------------------------------------------------------- */

#define CF_PROFILE_SHORT_NAMES 3

struct cf_profile_history;

/* A profile that an engine uses when none is asked for. data/profiles says where each is from. */
struct cf_profile_default {
        const char *name;                                /* "docker-20.10.18": its first release */
        const char *short_names[CF_PROFILE_SHORT_NAMES]; /* "docker"; NULL behind the last */
        const char *title;  /* "Docker's default profile as of 20.10.18" */
        const char *source; /* where it is from */
        /* Private: the file as it is, or what it is put together from. */
        struct cf_span verbatim;
        const struct cf_profile_history *history;
        unsigned bit;
        const char *head;
};
extern const struct cf_profile_default cf_profile_defaults[];
extern const size_t cf_profile_default_count;

/* The one of this name or short name, of an engine ("containerd": its newest) or of an engine's
 * version ("docker-20.10.24", "docker-20.10": that line's last). NULL when there is none. */
const struct cf_profile_default *cf_profile_default(const char *name);

/* The default of an engine ("docker", "containerd", "podman"; in any case) of this version, as the
 * engine tells it: "28.5.2", "20.10.24+dfsg1". NULL: not known. *ret_newer (may be NULL): the
 * version is newer than those that were looked at, and the newest profile known is given. A
 * distribution may have changed it, and Podman prefers a file of the machine to its own. */
const struct cf_profile_default *cf_profile_default_of(const char *engine, const char *version,
                                                       bool *ret_newer);

/* Its JSON, in the arena or static, NUL-ended. 0 or -ENOMEM. */
int cf_profile_default_text(struct cf_arena *arena, const struct cf_profile_default *profile,
                            struct cf_span *ret_text);

/* ---- In words ------------------------------------------------------------------------------- */

/* What a call gets: "allowed", "EPERM", "process killed". */
void cf_say_value(struct cf_text *text, uint32_t value);

/* "family == 40 (AF_VSOCK)", "low 32 bits of family > 40". `call` names the arguments; NULL: they
 * are arg0, … */
void cf_say_condition(struct cf_text *text, const struct cf_syscall *call,
                      const struct cf_condition *condition);

/* All clauses, joined by "and" and "or"; "always" when nothing is asked, "never" for none. */
void cf_say_clauses(struct cf_text *text, const struct cf_syscall *call,
                    const struct cf_clauses *clauses);

/* "socket(0x100000028, 0, 0)"; with "i386:" in front when that is not this machine's. */
void cf_say_call(struct cf_text *text, const struct cf_call *call);

/* "socket(family=40 (AF_VSOCK), type=1, protocol=0)": as somebody made it, with the names.
 * `strings`, unless NULL, has for each argument what it points to, or NULL. */
void cf_say_made_call(struct cf_text *text, const struct cf_call *call,
                      const char *const strings[CF_POLICY_ARGS]);

/* A difference of two policies, or the part of it that is about one call or about numbers without a
 * name. */
struct cf_named_difference {
        const struct cf_difference *difference;
        const struct cf_arch *arch;    /* NULL: none with a name */
        const struct cf_syscall *call; /* NULL: numbers without a name */
        uint32_t token, nr_first, nr_last;
};

/* All of them, in the arena; they point to `differences`. Of the architectures without a name that
 * a difference is about, one stands for all. 0 or -ENOMEM. */
int cf_differences_name(struct cf_arena *arena, const struct cf_difference *differences,
                        size_t count, const struct cf_named_difference **ret_named,
                        size_t *ret_count);

/* The value of a constant that an argument of a call may have: AF_VSOCK for socket's first. */
bool cf_constant_value(const struct cf_syscall *call, unsigned arg, struct cf_span name,
                       uint64_t *ret_value);

/* ---- How much of the kernel is within reach ---------------------------------------------------
 *
 * Calls, those that attacks are known of, and holes that the kernel had. It is a measure by a list
 * of known ones: it tells what the next hole of their kind would meet, not that there is none. */

#define CF_SURFACE_ARCHES_MAX 8u

enum cf_reach {
        CF_REACH_REFUSED,      /* the filter answers; TRACE and USER_NOTIF count as refused */
        CF_REACH_UNPRIVILEGED, /* let through, but the container lacks the capability it takes */
        CF_REACH_NAMESPACE,    /* let through, and a user namespace that it lets one make gives the
                                * capability */
        CF_REACH_OPEN,
};

/* What is let through of a call. */
enum cf_surface_share { CF_SURFACE_NONE, CF_SURFACE_SOME, CF_SURFACE_ALL };

struct cf_surface_arch {
        const struct cf_arch *arch;
        size_t all, some, none;        /* calls of the kernel */
        enum cf_surface_share *shares; /* of its calls by number, as cf_syscall_of_arch counts them,
                                        * without those that `cf_surface_has` denies */
        size_t count;
        enum cf_reach *dangers; /* by cf_danger_at */
};

struct cf_surface {
        struct cf_surface_arch arches[CF_SURFACE_ARCHES_MAX];
        size_t arch_count;
        bool user_namespaces;   /* it lets one make a user namespace */
        enum cf_reach *dangers; /* by cf_danger_at, on whichever architecture reaches furthest */
        size_t danger_count;
        enum cf_reach *holes; /* by cf_hole_at */
        size_t hole_count;
};

/* Whether a kernel of these circumstances has the call, as far as is known. */
bool cf_surface_has(const struct cf_circumstances *circumstances, const struct cf_syscall *call);

/* Measures a policy on these architectures, the machine's own first, with the circumstances'
 * capabilities. All lives in the arena. -E2BIG (also: too many architectures), -ENOMEM as
 * cf_policies_check. */
int cf_surface_measure(struct cf_policies *all, cf_policy policy,
                       const struct cf_circumstances *circumstances,
                       const struct cf_arch *const *arches, size_t arch_count,
                       struct cf_arena *arena, struct cf_surface *ret_surface,
                       struct cf_error *err);

/* Those that are let through somehow: CF_REACH_NAMESPACE or CF_REACH_OPEN. */
size_t cf_reach_count(const enum cf_reach *reaches, size_t count);
