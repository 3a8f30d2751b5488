/* SPDX-License-Identifier: Apache-2.0 */
/* What a container runtime makes of a profile: obtained, not guessed.
 *
 * A runtime hands a profile's entries to libseccomp, which builds the filter; on that way entries
 * can be lost. The installed libseccomp is driven here exactly as runc or crun drives it, in a
 * child process with limits on time and memory (there are profiles on which it never returns), and
 * what it built is lifted to a policy. It is loaded when it is first asked for: nothing here needs
 * it to be installed. Without it, the runtimes' own rules are all that can be told.
 *
 * Sources: runc, libcontainer/seccomp and its patchbpf, 1.0 to 1.5; crun, src/libcrun/seccomp.c,
 * 1.8 to 1.28; libseccomp, 2.5 and 2.6. */
#pragma once

#include "base/error.h"
#include "filter/filter.h"
#include "policy/policy.h"
#include "profile/profile.h"

#define CF_RUNTIME_TIMEOUT_MS 5000u
#define CF_RUNTIME_MEMORY                                                                         \
        ((size_t)512 << 20)                    /* what the child may take beside what it inherits \
                                                */
#define CF_RUNTIME_NAMES_MAX ((size_t)1 << 16) /* names that are handed to the library */

/* ---- as loaded ------------------------------------------------------------------------------ */

enum cf_runtime_kind {
        CF_RUNTIME_RUNC, /* Docker's, containerd's; of Podman when it is told so */
        CF_RUNTIME_CRUN, /* Podman's */
};
const char *cf_runtime_name(enum cf_runtime_kind kind); /* "runc", "crun" */
bool cf_runtime_by_name(const char *name, enum cf_runtime_kind *ret_kind);

struct cf_runtime_version {
        unsigned major, minor, patch; /* all 0: not known */
};

struct cf_runtime_options {
        enum cf_runtime_kind kind;
        struct cf_runtime_version version; /* of the runtime; not known: as the newest */
        unsigned timeout_ms;               /* 0: CF_RUNTIME_TIMEOUT_MS */
        const char *library; /* libseccomp's file; NULL: "libseccomp.so.2"; "": do without */
};

/* The ways in which a rule can get lost between what is written and what is loaded. The first are
 * steps, in the order in which they happen; the others tell more closely what the library did. */
enum cf_runtime_cause {
        CF_RUNTIME_SKIPPED,  /* the entry's action is the default one: the runtime passes it over,
                              * even where another entry is looser */
        CF_RUNTIME_UNKNOWN,  /* libseccomp does not know the name */
        CF_RUNTIME_REPEATED, /* conditions that name one argument twice become a rule each */
        CF_RUNTIME_HALVES,   /* calls of 32 bits, x32 among them: lower halves alone are compared */
        CF_RUNTIME_LIBRARY,  /* what libseccomp builds is something else than it was told */
        CF_RUNTIME_STUB,     /* runc's ENOSYS for numbers above all that the profile names */
        CF_RUNTIME_STEPS,    /* how many steps there are */
        CF_RUNTIME_CONTRADICTED = CF_RUNTIME_STEPS, /* entries of several actions name the call,
                                                     * and libseccomp does not take the strictest */
        CF_RUNTIME_MULTIPLEXED, /* rules for socket calls and System V IPC are rules for socketcall
                                 * and ipc too, which cannot look at arguments */
        CF_RUNTIME_CAUSES,      /* how many there are */
};
/* "libseccomp does not know the name", …: a few words. */
const char *cf_runtime_cause_name(enum cf_runtime_cause cause);

/* A name in an entry of the profile. */
struct cf_runtime_use {
        const struct cf_profile_rule *rule;
        const struct cf_profile_word *name;
        const struct cf_arch *arch; /* on this one alone; NULL: on all */
};

struct cf_runtime_loaded {
        enum cf_runtime_kind kind;
        struct cf_runtime_version version; /* of the runtime, as it was given */
        /* True: the library built a filter and this is it. False: by rules; `reason` says why, and
         * names that the library would not know are taken as known. */
        bool obtained;
        const char *reason;
        struct cf_runtime_version library; /* that built it */
        cf_policy policy;                  /* as loaded */
        /* None of them normalised: steps[0] is the plain meaning, steps[cause + 1] what is left
         * after that step; the last one is `policy`. */
        cf_policy steps[CF_RUNTIME_STEPS + 1];
        struct cf_filter filter; /* obtained: the library's, without the stub */
        /* Obtained: names that the library does not know, or not on an architecture that has the
         * call, in the order of the text. */
        const struct cf_runtime_use *unknown;
        size_t unknown_count;
        const struct cf_profile *profile;
        struct cf_circumstances circumstances;
};

/* What the kernel would get from the runtime for this profile. All lives in the arena, policies in
 * `all`.
 *
 * -ETIMEDOUT: libseccomp did not finish within the limit (a runtime would hang likewise);
 * -ENOEXEC: the runtime would refuse the profile and start no container, err says why and where;
 * -ENOTSUP, -E2BIG, -ENOMEM as cf_profile_policy; -E2BIG: more than CF_RUNTIME_NAMES_MAX names;
 * -EAGAIN, -EMFILE, …: no child could be started. May be called from several threads. */
int cf_runtime_load(struct cf_policies *all, struct cf_arena *arena,
                    const struct cf_profile *profile, const struct cf_circumstances *circumstances,
                    const struct cf_runtime_options *options, struct cf_runtime_loaded *ret_loaded,
                    struct cf_error *err);

/* ---- what got lost -------------------------------------------------------------------------- */

/* One call, on one architecture, that is answered otherwise than the profile says. */
struct cf_runtime_loss {
        const struct cf_arch *arch;
        const struct cf_syscall *call; /* NULL: numbers without a name, from witness.nr on */
        uint32_t nr_last;              /* the last of these numbers; else witness.nr */
        cf_policy condition;           /* on the arguments */
        uint32_t written, loaded;      /* values */
        struct cf_call witness;
        /* Bit i: enum cf_runtime_cause i had a part in it. CONTRADICTED, MULTIPLEXED and UNKNOWN
         * stand in place of LIBRARY where that is what happened. */
        unsigned causes;
        /* Where the profile says otherwise: the entry that decides this call as written; else the
         * first that names it. rule NULL: there is none. */
        struct cf_runtime_use use;
};

/* Why one call is answered otherwise than the profile says: its causes as above, and where the
 * profile says it; 0 and no rule when it is answered alike. 0 or negative. */
int cf_runtime_explain(const struct cf_policies *all, const struct cf_runtime_loaded *loaded,
                       const struct cf_call *call, unsigned *ret_causes,
                       struct cf_runtime_use *ret_use, struct cf_error *err);

/* Every difference between as written and as loaded that a process can meet: of architectures that
 * have 32-bit registers (x32 has not), calls with something in upper halves are left out. Ascending
 * by architecture, number and causes, in the arena. Values of the same effect are the same. 0 or
 * negative. */
int cf_runtime_losses(struct cf_policies *all, struct cf_arena *arena,
                      const struct cf_runtime_loaded *loaded, struct cf_runtime_loss **ret_losses,
                      size_t *ret_count, struct cf_error *err);

/* ---- which runtime is here ------------------------------------------------------------------ */

struct cf_runtime_found {
        const char *path; /* NULL: none is installed */
        struct cf_runtime_version version;
        struct cf_runtime_version library; /* that is built in, as runc tells; not known: all 0 */
};

/* The runtime that is installed in one of the system's own folders, as `--version` tells. It is run
 * for that, for two seconds at most. None is no error. -ENOMEM. */
int cf_runtime_find(struct cf_arena *arena, enum cf_runtime_kind kind,
                    struct cf_runtime_found *ret_found, struct cf_error *err);

/* The same of the runtime that is at a path. */
void cf_runtime_ask(const char *path, enum cf_runtime_kind kind,
                    struct cf_runtime_found *ret_found);

/* The same from what `--version` printed: "runc version 1.1.5+ds1", "libseccomp: 2.5.4". */
void cf_runtime_read_version(struct cf_span text, struct cf_runtime_found *found);

/* Whether the installed libseccomp knows a call on an architecture; a rule for one that it does not
 * know is dropped when a runtime loads the profile, whatever it says. *ret_version: the library's.
 * 1 or 0; -ENOENT: there is no library. */
int cf_runtime_knows(const char *library, const struct cf_arch *arch, const struct cf_syscall *call,
                     struct cf_runtime_version *ret_version, struct cf_error *err);
