/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --instead CONTAINER: one like it, made from its own configuration under another
 * name, under the engine's default profile. It is removed when it has been watched. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/audit-live.h"
#include "cli/engines.h"
#include "cli/why-instead.h"

#define PATH_SIZE 256
#define STOP_SECONDS 10
#define ID_DIGITS 64
#define HONOURS_PROFILES \
        27 /* the first Docker that gives a privileged container one (moby#47499) */

struct container {
        struct cf_why *why;
        struct cf_engine_host host;
        struct cf_engine engine;
        const struct cf_container *found;
        unsigned timeout_ms;
        struct cf_span inspected;
        struct cf_engine_copied copied;
        bool unprivileged; /* --privileged is spelled out */
        bool shared;       /* --shared */
        unsigned runs;
        const char *name; /* of the copy */
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- asking -----------------------------------------------------------------------------------
 */

/* A request that is to succeed: a status of 200 to 299, or 304 (it is so already). */
static int ask(struct container *x, const char *method, const char *path, struct cf_span body,
               struct cf_span *ret_answer, struct cf_error *err)
{
        struct cf_arena *arena = x->why->job.arena;
        long status = 0;
        struct cf_span answer = {0};
        int r = cf_engine_talk(arena, &x->host, &x->engine, x->timeout_ms, method, path, body,
                               &status, &answer, err);
        if (r == 0 && (status < 200 || status > 299) && status != 304)
                r = cf_error_set(err, -EREMOTEIO, NULL, "%s refuses (%ld): %s", x->engine.name,
                                 status, cf_engine_message(arena, answer));
        if (r == 0 && ret_answer)
                *ret_answer = answer;
        return r;
}

static void trouble(const struct cf_error *err, void *context)
{
        (void)context;
        cf_complain(err);
}

/* The first engine that knows it. */
static int find(struct container *x, const char *name, const struct cf_setting **ret_settings,
                size_t *ret_count, struct cf_error *err)
{
        struct cf_profile_job *job = &x->why->job;
        const struct cf_engine_options options = {
                .timeout_ms = x->timeout_ms, .only = &name, .only_count = 1};
        struct cf_engine_host *hosts;
        size_t count;
        int r = cf_hosts_choose(job->invocation, trouble, NULL, &hosts, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_engine_answer answer;
                struct cf_error broken = {0};
                if (cf_engine_ask(job->arena, &hosts[i], &options, &answer, trouble, NULL,
                                  &broken) < 0) {
                        cf_complain(&broken);
                        continue;
                }
                if (!answer.count)
                        continue;
                x->host = hosts[i];
                x->engine = answer.engine;
                x->found = &answer.containers[0];
                *ret_settings = answer.settings[0];
                *ret_count = answer.setting_counts[0];
                return 0;
        }
        return r < 0 ? r
                     : cf_error_set(err, -ENOENT, NULL,
                                    "no engine that answered knows a container '%s'; see docker ps "
                                    "-a",
                                    name);
}

static int inspect(struct container *x, const char *id, struct cf_span *ret_answer,
                   struct cf_error *err)
{
        char path[PATH_SIZE];
        snprintf(path, sizeof(path), "/containers/%s/json", id);
        return ask(x, NULL, path, (struct cf_span){0}, ret_answer, err);
}

/* ---- a guard ----------------------------------------------------------------------------------
 */

/* Removes the copy when this process is killed: nobody would see what it does. */
static pid_t start_guard(struct container *x, const char *id, int *ret_pipe)
{
        int ends[2];
        char path[PATH_SIZE], byte;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                close(ends[1]);
                setsid();
                struct cf_error ignored = {0};
                for (int fd = 0; fd < 3; fd++)
                        close(fd);
                snprintf(path, sizeof(path), "/containers/%s?force=1&v=1", id);
                if (read(ends[0], &byte, 1) != 1)
                        ask(x, "DELETE", path, (struct cf_span){0}, NULL, &ignored);
                _exit(0);
        }
        close(ends[0]);
        *ret_pipe = ends[1];
        return pid;
}

static void end_guard(pid_t pid, int end)
{
        if (pid < 0)
                return;
        (void)!write(end, "", 1);
        close(end);
        waitpid(pid, NULL, 0);
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static int create(struct container *x, const struct cf_workload_run *run, const char **ret_id,
                  struct cf_error *err)
{
        struct cf_arena *arena = x->why->job.arena;
        CF_TEXT struct cf_text body = {0};
        char path[PATH_SIZE], *marked;
        struct cf_span answer;
        struct cf_source *source;
        struct cf_json *root;
        struct cf_engine_copy wanted = {.unprivileged = x->unprivileged};
        int r = cf_workload_mark(arena, run->profile, run->wanted.mark, &marked, err);
        if (r < 0)
                return r;
        wanted.profile = marked;
        wanted.label = cf_arena_printf(arena, "confined.run=%" PRIx64, run->wanted.mark);
        x->name = cf_arena_printf(arena, "%s-confined-%d-%u", x->copied.name, getpid(), ++x->runs);
        if (!wanted.label || !x->name)
                return no_memory(err);
        snprintf(path, sizeof(path), "/containers/create?name=%s", x->name);
        r = cf_engine_copy(arena, x->inspected, &wanted, &body, &x->copied, err);
        if (r == 0)
                r = ask(x, "POST", path, cf_text_span(&body), &answer, err);
        if (r == 0)
                r = cf_source_from(arena, "the answer", answer, &source, err);
        if (r == 0)
                r = cf_json_parse(arena, source, &root, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "making '%s' again", x->copied.name);
        *ret_id = cf_json_string(cf_json_get(root, "Id"));
        if (*ret_id && strlen(*ret_id) == ID_DIGITS &&
            strspn(*ret_id, "0123456789abcdef") == ID_DIGITS)
                return 0;
        *ret_id = NULL;
        return cf_error_set(err, -EPROTO, NULL, "%s names no container", x->engine.name);
}

static int connect_networks(struct container *x, const char *id, struct cf_error *err)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < x->copied.network_count; i++) {
                char path[PATH_SIZE], body[PATH_SIZE];
                snprintf(path, sizeof(path), "/networks/%s/connect", x->copied.networks[i]);
                snprintf(body, sizeof(body), "{\"Container\": \"%s\"}", id);
                r = ask(x, "POST", path, cf_span_of(body), NULL, err);
        }
        return r;
}

/* Its first process, or how it ended. */
static int read_state(struct container *x, const char *id, pid_t *ret_pid, int *ret_status,
                      struct cf_error *err)
{
        struct cf_span answer;
        struct cf_source *source;
        struct cf_json *root;
        int64_t pid = 0, code = 0;
        int r = inspect(x, id, &answer, err);
        if (r == 0)
                r = cf_source_from(x->why->job.arena, "the container", answer, &source, err);
        if (r == 0)
                r = cf_json_parse(x->why->job.arena, source, &root, err);
        if (r < 0)
                return r;
        const struct cf_json *state = cf_json_get(root, "State");
        (void)cf_json_int(state ? cf_json_get(state, "Pid") : NULL, &pid);
        (void)cf_json_int(state ? cf_json_get(state, "ExitCode") : NULL, &code);
        *ret_pid = (pid_t)pid;
        *ret_status = (int)(code & 0xff) << 8;
        return 0;
}

/* Starts it and waits. */
static int watch_it(struct container *x, struct cf_workload_run *run, const char *id,
                    struct cf_error *err)
{
        char start[PATH_SIZE], stop[PATH_SIZE];
        struct cf_watch *watch = &run->watch;
        pid_t pid;
        snprintf(start, sizeof(start), "/containers/%s/start", id);
        snprintf(stop, sizeof(stop), "/containers/%s/stop?t=%d", id, STOP_SECONDS);
        int r = cf_watch_open(watch, err);
        if (r < 0)
                return r;
        r = ask(x, "POST", start, (struct cf_span){0}, NULL, err);
        if (r == 0)
                r = read_state(x, id, &watch->pid, &watch->status, err);
        if (r == 0 && watch->pid > 0)
                r = cf_watch_wait(watch, err);
        cf_watch_close(watch);
        /* Also where it has ended: its exit status is told when the engine has noticed. */
        if (r == 0)
                r = ask(x, "POST", stop, (struct cf_span){0}, NULL, err);
        if (r == 0)
                r = read_state(x, id, &pid, &watch->status, err);
        watch->waited = r == 0;
        if (r == 0 && run->ended)
                r = run->ended(watch->context, watch->observer, err);
        return r;
}

static int run_copy(void *context, struct cf_workload_run *run, struct cf_error *err)
{
        struct container *x = context;
        const char *id = NULL;
        char path[PATH_SIZE];
        int guard_end = -1;
        pid_t guard = -1;
        int r = cf_workload_new_mark(&run->wanted.mark, err);
        run->wanted.scope = CF_OBSERVE_MARK;
        if (r == 0)
                r = cf_observer_open(&run->wanted, &run->watch.observer, err);
        if (r == 0)
                r = create(x, run, &id, err);
        if (r == 0) {
                guard = start_guard(x, id, &guard_end);
                fprintf(stderr, "confined: watching '%s'; Ctrl-C ends it\n", x->name);
                r = connect_networks(x, id, err);
        }
        if (r == 0)
                r = watch_it(x, run, id, err);
        cf_observer_close(run->watch.observer);
        run->watch.observer = NULL;
        end_guard(guard, guard_end);
        if (id) {
                struct cf_error ignored = {0};
                snprintf(path, sizeof(path), "/containers/%s?force=1&v=1", id);
                if (ask(x, "DELETE", path, (struct cf_span){0}, NULL, r < 0 ? &ignored : err) < 0 &&
                    r == 0)
                        r = cf_error_doing(err, -EIO, NULL, "removing '%s'", x->name);
        }
        return r;
}

/* ---- the question -----------------------------------------------------------------------------
 */

static int edit_container(void *context, struct cf_text *out, const char *profile)
{
        const struct container *x = context;
        if (x->found->compose_service) {
                cf_text_puts(out, "in the Compose file, service '");
                cf_text_add_visible(out, cf_span_of(x->found->compose_service));
                cf_text_puts(out,
                             profile ? "': confined scan --fix --with " : "': confined scan --fix");
        } else {
                cf_text_puts(out, "make '");
                cf_text_add_visible(out, cf_span_of(x->copied.name));
                cf_text_puts(out, profile ? "' again with --security-opt seccomp="
                                          : "' again without it");
        }
        if (profile)
                cf_text_add_visible(out, cf_span_of(profile));
        return out->failed ? -ENOMEM : 0;
}

/* Two that write to one place may break what is there: databases do. */
static int check_shared(const struct container *x, struct cf_error *err)
{
        if (!x->copied.running || !x->copied.shared_count || x->shared)
                return 0;
        return cf_error_set(err, -EBUSY, NULL,
                            "'%s' runs, and a second one would write to the same %s%s: stop it "
                            "first, or give --shared when two may",
                            x->copied.name, x->copied.shared[0],
                            x->copied.shared_count > 1 ? " and other places" : "");
}

static const char *describe(const struct container *x)
{
        CF_TEXT struct cf_text text = {0};
        cf_text_puts(&text, "a container of its own, removed afterwards");
        if (x->copied.ports)
                cf_text_puts(&text, "; no port is published");
        if (x->copied.volumes)
                cf_text_puts(&text, "; anonymous volumes were new ones");
        if (x->copied.shared_count) {
                cf_text_puts(&text, "; shared with it: ");
                for (size_t i = 0; i < x->copied.shared_count; i++) {
                        cf_text_puts(&text, i ? ", " : "");
                        cf_text_add_visible(&text, cf_span_of(x->copied.shared[i]));
                }
        }
        if (x->unprivileged)
                cf_text_puts(&text,
                             "; in place of --privileged, which this Docker gives no filter, "
                             "every capability and device, with /sys and the control groups "
                             "read-only");
        return text.failed ? NULL : cf_arena_copy(x->why->job.arena, cf_text_span(&text));
}

/* What it has in place of the default; NULL: it has the default. */
static const char *instead_of(const struct container *x, const struct cf_setting *settings,
                              size_t count)
{
        const struct cf_setting *last = NULL;
        for (size_t i = 0; i < count; i++)
                if (settings[i].kind == CF_SETTING_SECURITY_OPT)
                        last = &settings[i];
        if (last && last->profile_json)
                return "its own profile";
        if (last && last->value && strstr(last->value, "unconfined"))
                return "--security-opt seccomp=unconfined";
        if (x->found->privileged)
                return "--privileged";
        if (!last && x->engine.default_profile &&
            strcmp(x->engine.default_profile, "unconfined") == 0)
                return "the engine's configuration";
        return NULL;
}

static int use_default(struct container *x, struct cf_why_workload *workload, struct cf_error *err)
{
        struct cf_profile_job *job = &x->why->job;
        const char *given = cf_given_value(job->invocation, "profile");
        const char *own = x->engine.default_profile;
        struct cf_live_default found;
        if (cf_live_default(job->arena, &x->engine, &found) < 0)
                return no_memory(err);
        bool file = !given && own && own[0] == '/';
        workload->standard_words = given ? given : file ? own : found.words;
        return cf_profile_job_read(job,
                                   given  ? given
                                   : file ? own
                                          : found.profile->name,
                                   &workload->standard, err);
}

static int tell_command(struct container *x, const char *name, struct cf_error *err)
{
        char path[PATH_SIZE];
        struct cf_span inspected;
        snprintf(path, sizeof(path), "/libpod/containers/%s/json", x->found->id);
        int r = ask(x, NULL, path, (struct cf_span){0}, &inspected, err);
        return r < 0 ? r : cf_why_instead_podman(x->why, name, inspected, err);
}

int cf_why_instead_container(struct cf_why *why, const char *name, struct cf_error *err)
{
        struct container x = {.why = why, .shared = cf_given(why->job.invocation, "shared")};
        struct cf_why_workload workload = {.run = run_copy, .edit = edit_container, .context = &x};
        const struct cf_setting *settings = NULL;
        const struct cf_engine_copy none = {.profile = "", .label = ""};
        CF_TEXT struct cf_text body = {0};
        size_t count = 0;
        int r = cf_timeout_read(why->job.invocation, &x.timeout_ms, err);
        if (r == 0)
                r = find(&x, name, &settings, &count, err);
        if (r == 0 && strcmp(x.engine.name, "Podman") == 0)
                return tell_command(&x, name, err);
        if (r == 0 && strcmp(x.engine.name, "Docker") != 0)
                r = cf_error_set(err, -ENOTSUP, NULL,
                                 "'%s' is %s's, of which the command is asked for: confined why "
                                 "--instead -- nerdctl run …",
                                 name, x.engine.name);
        if (r == 0 && !x.engine.local)
                r = cf_error_set(err, -ENOTSUP, NULL,
                                 "'%s' is on another machine: run confined there", name);
        if (r == 0)
                r = inspect(&x, x.found->id, &x.inspected, err);
        if (r == 0)
                r = cf_engine_copy(why->job.arena, x.inspected, &none, &body, &x.copied, err);
        if (r < 0)
                return r;
        workload.engine = x.engine.name;
        workload.instead = instead_of(&x, settings, count);
        if (!workload.instead)
                return cf_error_set(err, -EINVAL, NULL,
                                    "'%s' has the engine's default already; what that refuses: "
                                    "confined why %s",
                                    name, name);
        why->job.circumstances.capabilities = cf_audit_capabilities(x.found);
        unsigned long version = x.engine.version ? strtoul(x.engine.version, NULL, 10) : 0;
        x.unprivileged = x.found->privileged && version < HONOURS_PROFILES;
        r = check_shared(&x, err);
        if (r == 0)
                r = use_default(&x, &workload, err);
        if (r < 0)
                return r;
        workload.differs = describe(&x);
        if (x.found->privileged)
                workload.advice =
                        "the filter can stay on: what it has for its capabilities, --cap-add gives";
        return workload.differs ? cf_why_instead_of(why, &workload, err) : no_memory(err);
}
