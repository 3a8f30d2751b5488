/* SPDX-License-Identifier: Apache-2.0 */
/* confined audit: engines and the kernel → subjects → findings. */
#include "cli/audit.h"

#include <string.h>
#include <time.h>

#include "cli/engines.h"

/* What all answers and processes together may need. */
#define ARENA_MAX ((size_t)2 << 30)

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- engines ------------------------------------------------------------------------------------
 */

static int choose_hosts(struct cf_audit *audit, struct cf_error *err)
{
        const struct cf_invocation *invocation = audit->session.invocation;
        if (!cf_given(invocation, "no-engine"))
                return cf_hosts_choose(invocation, cf_session_trouble, &audit->session,
                                       &audit->hosts, &audit->host_count, err);
        if (cf_given(invocation, "host"))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--no-engine asks no engine: leave out --host");
        if (invocation->argument_count)
                return cf_error_set(err, -EINVAL, NULL,
                                    "without an engine containers have no names: leave "
                                    "out '%s' or --no-engine",
                                    invocation->arguments[0]);
        return 0;
}

/* Says which of the containers that were asked for no engine knows. */
static void report_missing(struct cf_audit *audit)
{
        const struct cf_invocation *invocation = audit->session.invocation;
        for (size_t i = 0; i < invocation->argument_count; i++) {
                bool found = false;
                for (size_t j = 0; j < audit->answer_count; j++)
                        found |= audit->answers[j].found[i];
                struct cf_error err = {0};
                cf_error_set(&err, -ENOENT, NULL,
                             "no engine that answered knows a container '%s'; see docker ps -a",
                             invocation->arguments[i]);
                if (!found)
                        cf_session_trouble(&err, &audit->session);
        }
}

static int ask_engines(struct cf_audit *audit, struct cf_error *err)
{
        const struct cf_invocation *invocation = audit->session.invocation;
        struct cf_engine_options options = {
                .only = invocation->argument_count ? invocation->arguments : NULL,
                .only_count = invocation->argument_count,
        };
        int r = cf_timeout_read(invocation, &options.timeout_ms, err);
        if (r == 0)
                r = choose_hosts(audit, err);
        if (r < 0)
                return r;
        audit->answers = cf_arena_many(audit->arena, audit->host_count, struct cf_engine_answer);
        if (!audit->answers)
                return no_memory(err);
        for (size_t i = 0; i < audit->host_count; i++) {
                struct cf_error broken = {0};
                if (cf_engine_ask(audit->arena, &audit->hosts[i], &options,
                                  &audit->answers[audit->answer_count], cf_session_trouble,
                                  &audit->session, &broken) < 0)
                        cf_session_trouble(&broken, &audit->session);
                else
                        audit->answer_count++;
        }
        report_missing(audit);
        return 0;
}

/* ---- processes
 * ------------------------------------------------------------------------------------ */

static int look_at_processes(struct cf_audit *audit, struct cf_error *err)
{
        bool wanted = audit->answer_count == 0;
        for (size_t i = 0; i < audit->answer_count; i++)
                wanted |= audit->answers[i].engine.local;
        if (!wanted || (audit->session.invocation->argument_count && !audit->answer_count))
                return 0;
        int r = cf_process_scan(audit->arena, NULL, &audit->processes, err);
        if (r < 0)
                return r;
        audit->looked = true;
        audit->owned = cf_arena_many(audit->arena, audit->processes.count, bool);
        if (!audit->owned)
                return no_memory(err);
        for (size_t i = 0; i < audit->answer_count; i++) {
                struct cf_engine_answer *answer = &audit->answers[i];
                size_t *owners;
                if (!answer->engine.local)
                        continue;
                if (cf_process_attribute(audit->arena, &audit->processes, answer->containers,
                                         answer->count, &owners) < 0)
                        return no_memory(err);
                for (size_t j = 0; j < audit->processes.count; j++)
                        audit->owned[j] |= owners[j] != SIZE_MAX;
        }
        return 0;
}

/* ---- subjects
 * ------------------------------------------------------------------------------------- */

static int add_daemon(struct cf_audit *audit, const struct cf_engine_answer *answer)
{
        const struct cf_engine *engine = &answer->engine;
        struct cf_subject subject = {
                .kind = CF_SUBJECT_DAEMON,
                .evidence = CF_CONFIGURED,
                .name = engine->name,
                .engine_word = strcmp(engine->name, "Podman") == 0 ? "podman" : "dockerd",
                .engine = engine,
        };
        if (!answer->info_known)
                return 0;
        /* The words are judged as the engine says them; a file can be looked into when it is here.
         */
        if (engine->local && engine->default_profile && engine->default_profile[0] == '/') {
                struct cf_setting *setting = cf_arena_one(audit->arena, struct cf_setting);
                if (!setting)
                        return -ENOMEM;
                *setting = (struct cf_setting){.kind = CF_SETTING_DAEMON_PROFILE,
                                               .value = engine->default_profile};
                subject.settings = setting;
                subject.setting_count = 1;
        }
        return cf_vec_push(audit->arena, &audit->subjects, subject);
}

static int add_containers(struct cf_audit *audit, const struct cf_engine_answer *answer)
{
        const struct cf_engine *engine = &answer->engine;
        for (size_t i = 0; i < answer->count; i++) {
                const struct cf_container *container = &answer->containers[i];
                struct cf_subject subject = {
                        .kind = CF_SUBJECT_CONTAINER,
                        .evidence = CF_CONFIGURED,
                        .name = container->name,
                        .image = container->image,
                        .engine_word = strcmp(engine->name, "Podman") == 0 ? "podman" : "docker",
                        .settings = answer->settings[i],
                        .setting_count = answer->setting_counts[i],
                        .container = container,
                        .engine = engine,
                };
                if (cf_vec_push(audit->arena, &audit->subjects, subject) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Processes of no known container. One that has a filter is as confined as can be told. */
static int add_strays(struct cf_audit *audit)
{
        if (audit->session.invocation->argument_count)
                return 0;
        for (size_t i = 0; i < audit->processes.count; i++) {
                const struct cf_process *process = &audit->processes.items[i];
                if (!process->foreign || audit->owned[i] || process->mode == CF_SECCOMP_FILTER ||
                    process->mode == CF_SECCOMP_STRICT)
                        continue;
                struct cf_subject subject = {
                        .kind = CF_SUBJECT_PROCESS,
                        .evidence = CF_ENFORCED,
                        .name = process->name,
                        .engine_word = process->engine,
                        .process = process,
                };
                if (cf_vec_push(audit->arena, &audit->subjects, subject) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* The benchmark's own output asks for what is configured: no process needs to be stopped for it. */
static bool is_about_settings_alone(const struct cf_audit *audit)
{
        const char *format = cf_given_value(audit->session.invocation, "format");
        return format && strcmp(format, "cis") == 0;
}

static int judge(struct cf_audit *audit, struct cf_error *err)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < audit->answer_count; i++) {
                r = add_daemon(audit, &audit->answers[i]);
                if (r == 0)
                        r = add_containers(audit, &audit->answers[i]);
        }
        if (r == 0)
                r = add_strays(audit);
        if (r == 0 && !is_about_settings_alone(audit))
                r = cf_audit_enforce(audit);
        for (size_t i = 0; r == 0 && i < audit->subjects.count; i++)
                r = cf_judge_subject(audit->session.judge, &audit->subjects.items[i]);
        if (r == 0)
                r = cf_judge_finish(audit->session.judge, &audit->findings, &audit->finding_count);
        return r < 0 ? no_memory(err) : 0;
}

/* ---- the command
 * ------------------------------------------------------------------------------------ */

static double seconds_since(const struct timespec *start)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int report(struct cf_audit *audit, const struct timespec *start)
{
        struct cf_report result = {
                .findings = audit->findings,
                .finding_count = audit->finding_count,
                .processes = audit->processes.count,
        };
        struct cf_report_row *rows;
        struct cf_error err = {0};
        struct cf_engine *engines =
                cf_arena_many(audit->arena, audit->answer_count, struct cf_engine);
        if (!engines || cf_audit_rows(audit, &rows, &result.row_count) < 0 ||
            cf_audit_hints(audit, rows, result.row_count, &result.hints, &result.hint_count) < 0) {
                no_memory(&err);
                return cf_complain(&err);
        }
        for (size_t i = 0; i < audit->answer_count; i++)
                engines[i] = audit->answers[i].engine;
        result.engines = engines;
        result.engine_count = audit->answer_count;
        result.rows = rows;
        result.seconds = seconds_since(start);
        return cf_session_report(&audit->session, &result);
}

static int run_audit(const struct cf_invocation *invocation)
{
        struct cf_audit audit = {.arena = cf_arena_new(ARENA_MAX)};
        struct cf_error err = {0};
        struct timespec start;
        clock_gettime(CLOCK_MONOTONIC, &start);
        int r = cf_session_open(&audit.session, invocation, "terminal", &err);
        if (r == 0 && !audit.arena)
                r = no_memory(&err);
        if (r == 0)
                r = ask_engines(&audit, &err);
        if (r == 0)
                r = look_at_processes(&audit, &err);
        if (r == 0)
                r = judge(&audit, &err);
        int status = r < 0 ? cf_complain(&err) : report(&audit, &start);
        cf_session_close(&audit.session);
        cf_arena_free(audit.arena);
        return status;
}

static const struct cf_option options[] = {
        {"host", 0, "URL",
         "ask this engine (unix://PATH, tcp://HOST:PORT); may be given several times", 0, NULL},
        {"no-engine", 0, NULL, "ask no engine: the kernel's view alone", 0, NULL},
        {"timeout", 0, "SECONDS", "wait this long for each answer of an engine (default: 30)", 0,
         NULL},
        {0},
};

const struct cf_command cf_command_audit = {
        .name = "audit",
        .summary = "audit the containers of live engines and every process of this machine",
        .usage = "[CONTAINER…]",
        .details = "Asks Docker and Podman for all containers, running or not (those named, when "
                   "any is), and\n"
                   "the kernel for the filter of every process. Without --host: DOCKER_HOST, else "
                   "the\n"
                   "current Docker context and the usual sockets that exist.",
        .options = options,
        .reports = true,
        .most_arguments = 4096,
        .run = run_audit,
};
