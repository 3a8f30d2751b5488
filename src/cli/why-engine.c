/* SPDX-License-Identifier: Apache-2.0 */
/* Which profile `docker run …` gives its container. */
#include "cli/why-engine.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cli/live.h"
#include "cli/words.h"

#define ANSWER_MAX 8192 /* bytes of what an engine says of itself */

/* What Podman gives a container when nothing else is asked for: containers-common, since 4.0. */
#define PODMAN_CAPABILITIES                                                                     \
        "CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID " \
        "SYS_CHROOT"

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- capabilities -----------------------------------------------------------------------------
 */

/* Several names, with commas or blanks between. What is no capability, the engine refuses. */
static uint64_t read_names(const char *names)
{
        uint64_t set = 0;
        for (size_t size; *names; names += size + (names[size] != '\0')) {
                char name[64] = "CAP_";
                unsigned number;
                size = strcspn(names, ", ");
                bool prefixed = size > 4 && strncasecmp(names, "CAP_", 4) == 0;
                snprintf(name + (prefixed ? 0 : 4), sizeof(name) - 4, "%.*s", (int)size, names);
                for (char *c = name; *c; c++)
                        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
                if (strcmp(name, "CAP_ALL") == 0)
                        set = CF_CAPABILITIES_ALL;
                else if (cf_capability_number(cf_span_of(name), &number))
                        set |= UINT64_C(1) << number;
        }
        return set;
}

static uint64_t read_capabilities(const struct cf_command_line *line)
{
        uint64_t added = 0, dropped = 0;
        uint64_t usual = strcmp(line->engine, "podman") == 0 ? read_names(PODMAN_CAPABILITIES)
                                                             : cf_capabilities_docker();
        for (size_t i = 0; i < line->option_count; i++) {
                const struct cf_command_option *option = &line->option_list[i];
                if (option->kind == CF_COMMAND_CAP_ADD)
                        added |= read_names(option->value);
                else if (option->kind == CF_COMMAND_CAP_DROP)
                        dropped |= read_names(option->value);
        }
        if (line->privileged)
                return CF_CAPABILITIES_ALL;
        if (added == CF_CAPABILITIES_ALL)
                return added & ~dropped;
        return dropped == CF_CAPABILITIES_ALL ? added : (usual & ~dropped) | added;
}

/* ---- what the words say -----------------------------------------------------------------------
 */

/* What stands behind "seccomp=": split at the first '=', at ':' only where there is none. */
static const char *seccomp_of(const struct cf_command_option *option)
{
        if (option->kind != CF_COMMAND_SECURITY_OPT || !option->value)
                return NULL;
        size_t key = strcspn(option->value, "=");
        if (!option->value[key])
                key = strcspn(option->value, ":");
        bool is = option->value[key] && key == strlen("seccomp") &&
                  strncmp(option->value, "seccomp", key) == 0;
        return is ? option->value + key + 1 : NULL;
}

bool cf_why_words_is_off(const struct cf_command_option *option)
{
        const char *seccomp = seccomp_of(option);
        if (option->kind == CF_COMMAND_PRIVILEGED)
                return !option->value || strcasecmp(option->value, "false") != 0;
        return seccomp && strcmp(seccomp, "unconfined") == 0;
}

static void find_seccomp(struct cf_why_words *words)
{
        const struct cf_command_line *line = &words->workload.line;
        for (size_t i = 0; i < line->option_count; i++)
                if (seccomp_of(&line->option_list[i]))
                        words->seccomp = seccomp_of(&line->option_list[i]);
}

int cf_why_words_all(struct cf_text *out, const struct cf_workload *workload)
{
        CF_TEXT struct cf_text line = {0};
        for (size_t i = 0; i < workload->word_count; i++)
                cf_words_type(&line, workload->words[i]);
        cf_text_add_visible(out, cf_text_span(&line));
        return line.failed || out->failed ? -ENOMEM : 0;
}

/* Whether the word belongs to an option that goes. */
static bool goes(const struct cf_command_line *line, size_t at, bool privileged_stays)
{
        for (size_t i = 0; i < line->option_count; i++) {
                const struct cf_command_option *option = &line->option_list[i];
                if (at < option->first || at > option->last)
                        continue;
                if (option->kind == CF_COMMAND_PRIVILEGED)
                        return !privileged_stays;
                if (seccomp_of(option))
                        return true;
        }
        return false;
}

int cf_why_words_print(struct cf_text *out, const struct cf_workload *workload,
                       bool privileged_stays, const char *profile)
{
        CF_TEXT struct cf_text line = {0};
        for (size_t i = 0; i < workload->word_count; i++) {
                if (i == workload->line.end && profile) {
                        CF_TEXT struct cf_text option = {0};
                        cf_text_printf(&option, "seccomp=%s", profile);
                        cf_words_type(&line, "--security-opt");
                        cf_words_type(&line, option.data ? option.data : "");
                }
                if (!goes(&workload->line, i, privileged_stays))
                        cf_words_type(&line, workload->words[i]);
        }
        cf_text_add_visible(out, cf_text_span(&line));
        return line.failed || out->failed ? -ENOMEM : 0;
}

/* ---- the engine's default ---------------------------------------------------------------------
 */

/* A profile by name or file: as written. */
static int read_profile(struct cf_why *why, const char *name, struct cf_profile_input *ret_input,
                        struct cf_error *err)
{
        int r = cf_profile_job_read(&why->job, name, ret_input, err);
        if (r == 0 && !ret_input->profile)
                r = cf_error_set(err, -EINVAL, NULL, "%s: engines take no raw filter", name);
        return r;
}

static int use_version(struct cf_why *why, struct cf_why_words *words, const char *name,
                       const char *version, struct cf_error *err)
{
        const struct cf_engine engine = {.name = name, .version = version};
        struct cf_live_default found;
        if (cf_live_default(why->job.arena, &engine, &found) < 0)
                return no_memory(err);
        words->standard_words = found.words;
        return read_profile(why, found.profile->name, &words->standard, err);
}

static int use_file(struct cf_why *why, struct cf_why_words *words, const char *name,
                    const char *path, struct cf_error *err)
{
        words->standard_words =
                cf_arena_printf(why->job.arena, "the default of this %s, %s", name, path);
        return words->standard_words ? read_profile(why, path, &words->standard, err)
                                     : no_memory(err);
}

static int does_not_answer(const struct cf_why_words *words, struct cf_error *err)
{
        return cf_error_set(err, -EIO, NULL,
                            "'%s info' fails: start the engine, or say which one is meant, as its "
                            "command line takes it (DOCKER_HOST, --host, --context)",
                            words->workload.line.engine);
}

/* "20.10.24 ["name=seccomp,profile=default",…]": *ret_off when the daemon has it switched off. */
static int ask_docker(struct cf_why *why, struct cf_why_words *words, bool *ret_off,
                      struct cf_error *err)
{
        static const char *const ask[] = {"info", "--format",
                                          "{{.ServerVersion}} {{json .SecurityOptions}}"};
        static const char mark[] = "name=seccomp,profile=";
        char answer[ANSWER_MAX];
        if (cf_workload_ask(&words->workload, ask, CF_COUNT(ask), answer, sizeof(answer)) < 0)
                return does_not_answer(words, err);
        size_t size = strcspn(answer, " \n");
        const char *options = answer[size] ? answer + size + 1 : "";
        const char *version = cf_arena_copy(why->job.arena, (struct cf_span){answer, size});
        const char *profile = strstr(options, mark);
        if (!version)
                return no_memory(err);
        if (!strstr(options, "name=seccomp"))
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "the engine (Docker %s) has no seccomp: nothing can be refused",
                                    version);
        words->version = (unsigned)strtoul(version, NULL, 10);
        profile = profile ? profile + strlen(mark) : "default";
        struct cf_span name = {profile, strcspn(profile, "\",")};
        *ret_off = cf_span_is(name, "unconfined");
        if (*ret_off || cf_span_is(name, "default") || cf_span_is(name, "builtin"))
                return use_version(why, words, "Docker", version, err);
        const char *path = cf_arena_copy(why->job.arena, name);
        return path ? use_file(why, words, "Docker", path, err) : no_memory(err);
}

static int ask_podman(struct cf_why *why, struct cf_why_words *words, struct cf_error *err)
{
        static const char *const ask[] = {
                "info", "--format", "{{.Version.Version}} {{.Host.Security.SECCOMPProfilePath}}"};
        char answer[ANSWER_MAX];
        if (cf_workload_ask(&words->workload, ask, CF_COUNT(ask), answer, sizeof(answer)) < 0)
                return does_not_answer(words, err);
        size_t size = strcspn(answer, " \n");
        struct cf_span rest = {answer + size, strlen(answer) - size};
        const char *version = cf_arena_copy(why->job.arena, (struct cf_span){answer, size});
        const char *path = cf_arena_copy(why->job.arena, cf_span_trim(rest));
        if (!version || !path)
                return no_memory(err);
        return *path ? use_file(why, words, "Podman", path, err)
                     : use_version(why, words, "Podman", version, err);
}

static int ask_engine(struct cf_why *why, struct cf_why_words *words, const char *with,
                      bool *ret_off, struct cf_error *err)
{
        const char *engine = words->workload.line.engine;
        if (with) {
                words->standard_words = with;
                return read_profile(why, with, &words->standard, err);
        }
        if (strcmp(engine, "docker") == 0)
                return ask_docker(why, words, ret_off, err);
        if (strcmp(engine, "podman") == 0)
                return ask_podman(why, words, err);
        words->standard_words = "the newest known default of containerd";
        return read_profile(why, "containerd", &words->standard, err);
}

/* ---- both -------------------------------------------------------------------------------------
 */

/* Docker before 27 gives a privileged container no filter, whatever it is told (moby#47499),
 * nerdctl none at all (its privileged containers are containerd's WithPrivileged, which ends with
 * no filter behind whatever profile was set). */
static bool privileged_takes_none(const struct cf_why_words *words)
{
        bool old = words->version && words->version < 27;
        return words->workload.line.privileged &&
               (old || strcmp(words->workload.line.engine, "nerdctl") == 0);
}

static const char *words_of(struct cf_why *why, const struct cf_why_words *words)
{
        const struct cf_command_line *line = &words->workload.line;
        CF_TEXT struct cf_text text = {0};
        for (size_t i = 0; i < line->option_count; i++) {
                const struct cf_command_option *option = &line->option_list[i];
                if (!cf_why_words_is_off(option))
                        continue;
                for (size_t k = option->first; k <= option->last; k++)
                        cf_words_type(&text, words->workload.words[k]);
        }
        return text.data ? cf_arena_copy(why->job.arena, cf_text_span(&text)) : NULL;
}

static int choose(struct cf_why *why, struct cf_why_words *words, bool daemon_off,
                  struct cf_error *err)
{
        const char *seccomp = words->seccomp;
        bool own = seccomp && strcmp(seccomp, "unconfined") != 0 &&
                   strcmp(seccomp, "builtin") != 0 && strcmp(seccomp, "default") != 0;
        words->off = (seccomp && strcmp(seccomp, "unconfined") == 0) ||
                     (!seccomp && (words->workload.line.privileged || daemon_off)) ||
                     privileged_takes_none(words);
        if (words->off) {
                words->off_words = words_of(why, words);
                return 0;
        }
        if (!own) {
                words->in_use = words->standard;
                words->in_use_words = words->standard_words;
                return 0;
        }
        words->in_use_words = seccomp;
        return read_profile(why, seccomp, &words->in_use, err);
}

int cf_why_words_read(struct cf_why *why, const struct cf_workload *workload, const char *with,
                      struct cf_why_words *ret_words, struct cf_error *err)
{
        struct cf_why_words words = {.workload = *workload,
                                     .capabilities = read_capabilities(&workload->line)};
        bool daemon_off = false;
        find_seccomp(&words);
        why->job.circumstances.capabilities = words.capabilities;
        int r = ask_engine(why, &words, with, &daemon_off, err);
        if (r == 0)
                r = choose(why, &words, daemon_off, err);
        if (r == 0)
                *ret_words = words;
        return r;
}
