/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes a name on the command line stands for. */
#include <limits.h>
#include <string.h>

#include "cli/engines.h"
#include "cli/prove.h"
#include "process/process.h"

/* What engines and the kernel say of the containers that were named. */
struct found {
        CF_VEC(const char *) names;
        struct cf_engine_answer *answers;
        size_t answer_count, host_count;
        struct cf_process_list processes;
        bool looked;
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static void trouble(const struct cf_error *err, void *context)
{
        struct cf_prove *prove = context;
        cf_complain(err);
        prove->status = CF_EXIT_TROUBLE;
}

static bool is_number(const char *word)
{
        return *word && word[strspn(word, "0123456789")] == 0;
}

static int add_pid(struct cf_prove *prove, const char *word, struct cf_prove_target *target,
                   struct cf_error *err)
{
        errno = 0;
        unsigned long number = strtoul(word, NULL, 10);
        struct cf_process *process = cf_arena_one(prove->job.arena, struct cf_process);
        if (!process)
                return no_memory(err);
        if (errno || number == 0 || number > INT_MAX)
                return cf_error_set(err, -EINVAL, NULL, "'%s' is no PID", word);
        process->pid = (pid_t)number;
        *target = (struct cf_prove_target){.name = word, .processes = process, .process_count = 1};
        return cf_live_default(prove->job.arena, NULL, &target->by_default) < 0 ? no_memory(err)
                                                                                : 0;
}

/* ---- containers -------------------------------------------------------------------------------
 */

static int ask(struct cf_prove *prove, struct found *found, struct cf_error *err)
{
        const struct cf_invocation *invocation = prove->job.invocation;
        struct cf_engine_options options = {.only = found->names.items,
                                            .only_count = found->names.count};
        struct cf_engine_host *hosts;
        int r = cf_timeout_read(invocation, &options.timeout_ms, err);
        if (r == 0)
                r = cf_hosts_choose(invocation, trouble, prove, &hosts, &found->host_count, err);
        if (r < 0)
                return r;
        found->answers =
                cf_arena_many(prove->job.arena, found->host_count, struct cf_engine_answer);
        if (!found->answers)
                return no_memory(err);
        for (size_t i = 0; i < found->host_count; i++) {
                struct cf_engine_answer *answer = &found->answers[found->answer_count];
                struct cf_error broken = {0};
                if (cf_engine_ask(prove->job.arena, &hosts[i], &options, answer, trouble, prove,
                                  &broken) < 0)
                        trouble(&broken, prove);
                else
                        found->answer_count++;
        }
        r = cf_process_scan(prove->job.arena, NULL, &found->processes, err);
        for (size_t i = 0; r == 0 && i < found->answer_count; i++) {
                struct cf_engine_answer *answer = &found->answers[i];
                size_t *owners;
                if (answer->engine.local &&
                    cf_process_attribute(prove->job.arena, &found->processes, answer->containers,
                                         answer->count, &owners) < 0)
                        r = no_memory(err);
        }
        return r;
}

/* Whether the engine means this container by that word: its name, or the beginning of its id. */
static bool is_meant(const struct cf_container *container, const char *word)
{
        return strcmp(container->name, word) == 0 ||
               strncmp(container->id, word, strlen(word)) == 0;
}

/* The container of a name that is a name somewhere beats those whose ids begin so. */
static const struct cf_container *choose(const struct found *found, const char *word,
                                         const struct cf_engine **ret_engine,
                                         struct cf_prove_target *target)
{
        const struct cf_container *best = NULL;
        for (size_t i = 0; i < found->answer_count; i++) {
                const struct cf_engine_answer *answer = &found->answers[i];
                for (size_t k = 0; k < answer->count; k++) {
                        const struct cf_container *container = &answer->containers[k];
                        if (!is_meant(container, word) ||
                            (best && strcmp(container->name, word) != 0))
                                continue;
                        best = container;
                        *ret_engine = &answer->engine;
                        target->settings = answer->settings[k];
                        target->setting_count = answer->setting_counts[k];
                }
        }
        return best;
}

static int find_container(struct cf_arena *arena, const struct found *found, const char *word,
                          struct cf_prove_target *target, struct cf_error *err)
{
        const struct cf_engine *engine = NULL;
        const struct cf_container *container = choose(found, word, &engine, target);
        if (!container && found->host_count == 0)
                return cf_error_set(err, -ENOENT, NULL,
                                    "no engine was found to ask for a container '%s': name one "
                                    "with --host URL, or give a PID",
                                    word);
        if (!container)
                return cf_error_set(err, -ENOENT, NULL,
                                    "no engine that answered knows a container '%s'; see docker "
                                    "ps -a",
                                    word);
        if (!container->running)
                return cf_error_set(err, -ESRCH, NULL,
                                    "container '%s' is not running: the kernel enforces nothing "
                                    "on it; start it, or see: confined audit %s",
                                    word, word);
        if (!container->process_count)
                return cf_error_set(err, -ESRCH, NULL,
                                    "the processes of container '%s' cannot be seen from here "
                                    "(another machine or PID namespace): run confined where they "
                                    "run",
                                    word);
        target->name = word;
        target->engine = engine;
        target->image = container->image ? container->image : "";
        target->processes = container->processes;
        target->process_count = container->process_count;
        target->container = container;
        return cf_live_default(arena, engine, &target->by_default) < 0 ? no_memory(err) : 0;
}

/* ---- all names --------------------------------------------------------------------------------
 */

static bool is_pid(const struct cf_prove *prove, const char *word)
{
        return !prove->names && is_number(word);
}

static int resolve(struct cf_prove *prove, const struct found *found, const char *word,
                   struct cf_prove_target *target, struct cf_error *err)
{
        return is_pid(prove, word) ? add_pid(prove, word, target, err)
                                   : find_container(prove->job.arena, found, word, target, err);
}

/* --against names something live when it is neither an engine's own profile nor a file. */
static bool against_is_live(const char *word)
{
        return is_number(word) || (strcmp(word, "default") != 0 && !cf_profile_default(word) &&
                                   !strchr(word, '/') && access(word, F_OK) != 0);
}

int cf_prove_find(struct cf_prove *prove, struct cf_error *err)
{
        const struct cf_invocation *invocation = prove->job.invocation;
        const char *live =
                prove->against && against_is_live(prove->against_base) ? prove->against_base : NULL;
        struct found found = {0};
        int r = 0;
        for (size_t i = 0; r == 0 && i < invocation->argument_count; i++)
                if (!is_pid(prove, invocation->arguments[i]))
                        r = cf_vec_push(prove->job.arena, &found.names, invocation->arguments[i]);
        if (r == 0 && live && !is_number(live))
                r = cf_vec_push(prove->job.arena, &found.names, live);
        if (r < 0)
                return no_memory(err);
        if (live && prove->against_as_given)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--against %s: '%s' is neither a file nor an engine's own "
                                    "profile: of what lives no runtime makes something else",
                                    prove->against, live);
        if (found.names.count)
                r = ask(prove, &found, err);
        if (r == 0 && live) {
                prove->against_live = cf_arena_one(prove->job.arena, struct cf_prove_target);
                r = prove->against_live ? resolve(prove, &found, live, prove->against_live, err)
                                        : no_memory(err);
                if (r < 0)
                        return cf_error_doing(err, r, NULL, "--against %s", live);
        }
        for (size_t i = 0; r == 0 && i < invocation->argument_count; i++) {
                struct cf_prove_target target = {0};
                struct cf_error unknown = {0};
                if (resolve(prove, &found, invocation->arguments[i], &target, &unknown) < 0)
                        trouble(&unknown, prove);
                else if (cf_vec_push(prove->job.arena, &prove->targets, target) < 0)
                        r = no_memory(err);
        }
        return r;
}
