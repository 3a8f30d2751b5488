/* SPDX-License-Identifier: Apache-2.0 */
/* A call that failed → who refused it, what the kernel would answer next, and the least that
 * unblocks it. Exact for the filter, since its policy is evaluated on that very call; what lies
 * behind it is told from data/syscalls/requirements.tsv and what the caller has. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "policy/policy.h"
#include "profile/profile.h"
#include "syscalls/syscalls.h"

/* ---- who refused it ---------------------------------------------------------------------------
 */

/* What the process that made the call has. */
struct cf_caller {
        uint64_t capabilities; /* effective: bit i is capability i of linux/capability.h */
        bool initial;          /* it is in the first user namespace */
        /* The number of a sysctl ("kernel.dmesg_restrict"). False: this kernel does not have it, or
         * it cannot be read. NULL: none can. */
        bool (*setting)(void *context, const char *name, long *ret_number);
        void *context;
};

/* Whether a capability is enough where another is asked for: it is the same, or CAP_SYS_ADMIN, from
 * which that one was split off (capabilities(7)). */
bool cf_explain_suffices(const char *held, const char *asked);

/* What pointers of a call led to, as it was seen from outside, or as a log has it. The program may
 * have changed it meanwhile, and no filter looks at it: it is shown, and advice goes by it, no
 * verdict does. */
struct cf_behind {
        const char *path;     /* of cf_explain_path_argument; NULL: not known */
        uint64_t clone_flags; /* of clone3: what it asks for; 0: nothing, or not known */
        bool went_on;         /* of clone3: clone was then asked for the same (set before ways are
                               * looked for, where that can be known) */
};

/* "CLONE_NEWUSER|CLONE_INTO_CGROUP" */
void cf_explain_clone_flags(struct cf_text *text, uint64_t flags);

/* The clone that asks for what a clone3 with these flags does, as far as clone can, with SIGCHLD.
 * False: it is no clone3, or there is none. */
bool cf_explain_clone_instead(const struct cf_call *call, uint64_t flags,
                              struct cf_call *ret_clone);
/* Whether a call is that clone, whatever its signal. */
bool cf_explain_is_instead(const struct cf_call *call, const struct cf_call *clone);

enum cf_blame {
        CF_BLAME_NONE,   /* nothing here refuses it: an ordinary error, or a security module */
        CF_BLAME_FILTER, /* the filter, and nothing that is known behind it */
        CF_BLAME_BOTH,   /* the filter, and then the kernel */
        CF_BLAME_KERNEL, /* the kernel: a capability or a setting is missing */
};

struct cf_cause {
        enum cf_blame blame;
        uint32_t answer; /* the filter's, normalised; CF_ALLOW without one */
        /* What the kernel asks for and the caller does not have: surely, or perhaps (depending on
         * what arguments do not tell). */
        const struct cf_requirement *unmet[CF_REQUIREMENTS_MAX], *perhaps[CF_REQUIREMENTS_MAX];
        size_t unmet_count, perhaps_count;
        struct cf_behind behind;
        /* clone3 whose flags are known: cf_explain_clone_instead, and what the filter says to it.
         */
        bool has_instead;
        struct cf_call instead;
        uint32_t instead_answer;
};

/* `policy`: of all filters of the thread together (CF_POLICY_NONE: it has none). `error` is what
 * the call returned (EPERM, …; 0: not known); without a filter's refusal a requirement is only
 * blamed for the error that it gives. `behind`: NULL: nothing is known. */
void cf_explain_cause(const struct cf_policies *all, cf_policy policy, const struct cf_call *call,
                      const struct cf_behind *behind, int error, const struct cf_caller *caller,
                      struct cf_cause *ret_cause);

/* Who refuses, one behind the other: "seccomp", "seccomp, then capability", "capability or sysctl",
 * "perhaps capability" (arguments do not tell), "ordinary": nobody of these. `filtered`: a filter
 * refused it. */
void cf_explain_who(struct cf_text *text, const struct cf_cause *cause, bool filtered);

/* ---- the least that unblocks it ----------------------------------------------------------------
 */

enum cf_way_kind {
        CF_WAY_NOTHING,    /* the program does without the call already */
        CF_WAY_ERRNO,      /* another error, with which it does without */
        CF_WAY_OPTION,     /* an option of the program, with which it does not make the call */
        CF_WAY_ARGUMENTS,  /* the call with these arguments */
        CF_WAY_CALL,       /* the call whatever its arguments */
        CF_WAY_CAPABILITY, /* a capability of the container, on which an entry depends */
        CF_WAY_SETTING,    /* a sysctl of the host */
};

struct cf_way {
        enum cf_way_kind kind;
        const char *option;  /* what `profile extend` takes: "--allow 'kcmp(type == KCMP_FILE)'"; or
                              * "--cap-add SYS_NICE", "kernel.dmesg_restrict=0"; NULL: NOTHING.
                              * OPTION: as the program takes it. Of clone3 two options may stand
                              * here: "--errno ENOSYS clone3 --allow 'clone(…)'" */
        const char *also;    /* "--cap-add SYS_ADMIN": only together with it; NULL: alone */
        const char *because; /* ERRNO, NOTHING: who falls back; OPTION: what it costs; else NULL,
                              * or how */
        const char *const *opened; /* calls that it lets through beside the one, by name */
        size_t opened_count;
        bool enough; /* false: the kernel refuses the call even then (see cf_cause.unmet) */
};

#define CF_WAYS_MAX 8u

/* The ways, from the one that opens least to the one that opens most; none when nothing is known
 * that would help. `profile` is what is in force under these circumstances, to tell what a
 * capability would open; NULL: not known, and no capability is proposed for the filter's sake.
 * `grantable`: capabilities that the engine knows and so can give, bits as in cf_caller.
 * Everything lives in the arena. 0 or negative (-ENOMEM, as cf_profile_policy). */
int cf_explain_ways(struct cf_policies *all, struct cf_arena *arena, const struct cf_call *call,
                    const struct cf_cause *cause, const struct cf_profile *profile,
                    const struct cf_circumstances *circumstances, uint64_t grantable,
                    struct cf_way ret_ways[CF_WAYS_MAX], size_t *ret_count, struct cf_error *err);

/* What a program can be told so that it does without a call: data/program-options.tsv. */
struct cf_program_option {
        const char *program, *call, *option;
        const char *loses; /* behind "it" */
        const char *source;
};
extern const struct cf_program_option cf_program_options[];
extern const size_t cf_program_option_count;

/* `program`: the name of a process, what stands behind '[' apart ("gdb[123]"). NULL: none is known.
 */
const struct cf_program_option *cf_explain_option(const char *program,
                                                  const struct cf_syscall *call);

/* Adds it to the ways, in its place. */
void cf_explain_add_option(struct cf_way ways[CF_WAYS_MAX], size_t *count,
                           const struct cf_program_option *option);

/* ---- after the fact ----------------------------------------------------------------------------
 */

/* A call that failed, as a line of a log tells it. */
struct cf_logged {
        struct cf_call call;
        bool known[CF_POLICY_ARGS]; /* arguments that the line tells; the others are 0 */
        int error;              /* what it returned; 0: it was killed, or the line does not say */
        bool by_filter;         /* the line says that a filter answered it */
        uint32_t answer;        /* by_filter: with what, as far as the line tells */
        long pid;               /* -1: not told */
        struct cf_span program; /* part of the line; empty: not told */
        uint64_t clone_flags;   /* as in cf_behind */
};

/* Reads one line: of strace (any of its prefixes; -f or not), where a call fails or a trap is told
 * ("--- SIGSYS {…} ---"), or of the kernel's or auditd's log, of type 1326 (SECCOMP), numbers or
 * names (ausearch -i). False: it tells of no failed call. Lines of strace are taken to be of
 * `arch`. */
bool cf_explain_log_line(struct cf_span line, const struct cf_arch *arch,
                         struct cf_logged *ret_logged);

/* A call that an error message names. */
struct cf_told {
        struct cf_logged logged; /* error 0: the message tells none, unless it was killed */
        bool killed;             /* "Bad system call" */
        struct cf_span seen;     /* the part of the text that names it and its error */
};
#define CF_TOLD_MAX ((size_t)8)

/* The calls that a pasted message names in a way that says that they failed: "unshare: Operation
 * not permitted", "clone(CLONE_NEWUSER) failed", "EPERM: operation not permitted, mount", lines of
 * logs as above; each once, in order, CF_TOLD_MAX at most. Any bytes. A name alone says nothing: it
 * may be a program's or an English word. Returns how many. */
size_t cf_explain_message(struct cf_span text, const struct cf_arch *arch,
                          struct cf_told ret_told[CF_TOLD_MAX]);

/* ---- in words ---------------------------------------------------------------------------------
 */

/* "unshare(CLONE_NEWNS|CLONE_NEWUSER)", "socket(AF_VSOCK, SOCK_STREAM, 0)"; pointers and what has
 * no names as numbers; as many arguments as the call has. "i386:" in front when that is not this
 * machine's architecture. Arguments that are not `known` are "_" (NULL: all are). */
void cf_explain_call(struct cf_text *text, const struct cf_call *call, const bool *known);

/* The argument that tells best which file the call is about; -1: it has none that is a path. */
int cf_explain_path_argument(const struct cf_syscall *call);

/* cf_explain_call, with what is behind pointers in their place: the path in quotes,
 * "{flags=CLONE_NEWUSER}". NULL: nothing is known. */
void cf_explain_call_on(struct cf_text *text, const struct cf_call *call, const bool *known,
                        const struct cf_behind *behind);

/* The same of one argument. */
void cf_explain_argument(struct cf_text *text, const struct cf_arch *arch,
                         const struct cf_syscall *call, unsigned arg, uint64_t value);

/* "CAP_SYS_ADMIN", "CAP_SYSLOG or kernel.dmesg_restrict == 0". */
void cf_explain_requirement(struct cf_text *text, const struct cf_requirement *requirement);
