/* SPDX-License-Identifier: Apache-2.0 */
/* What a command line such as `docker run …` says of seccomp, and the profile that the engine would
 * give the container. Private to cli/. */
#pragma once

#include "cli/why.h"
#include "cli/workload.h"

struct cf_why_words {
        struct cf_workload workload;
        const char *seccomp;   /* behind "seccomp=" of the last one that counts; NULL: none */
        uint64_t capabilities; /* that the container gets */
        /* The container has no filter: the words switch it off, or leave it to a daemon that does.
         * `off_words` are the options, "--privileged"; NULL: the daemon's configuration. */
        bool off;
        const char *off_words;
        unsigned version; /* of Docker: the first number; 0: not known, or another engine */
        /* The profile in use, as written; profile NULL: there is none. */
        struct cf_profile_input in_use;
        const char *in_use_words; /* "the default of Docker 20.10.24" */
        /* The engine's default, whatever the words say. */
        struct cf_profile_input standard;
        const char *standard_words;
};

/* Reads the words and asks the engine, by its own command line: its options before `run`, its
 * contexts and variables count. Sets why->job.circumstances.capabilities. `with` stands for what
 * --profile says of the default; NULL: ask. 0; negative: -EINVAL, a profile that cannot be read;
 * -EIO: the engine does not answer. */
int cf_why_words_read(struct cf_why *why, const struct cf_workload *workload, const char *with,
                      struct cf_why_words *ret_words, struct cf_error *err);

/* The words as they are typed in a shell, what they say of seccomp left out (but --privileged, if
 * that stays); `profile`, unless NULL: with this one. */
int cf_why_words_print(struct cf_text *out, const struct cf_workload *workload,
                       bool privileged_stays, const char *profile);

/* All words, as they are typed in a shell. 0 or -ENOMEM. */
int cf_why_words_all(struct cf_text *out, const struct cf_workload *workload);

/* Whether the option switches the filter off, or would. */
bool cf_why_words_is_off(const struct cf_command_option *option);
