/* SPDX-License-Identifier: Apache-2.0 */
/* Running a workload, or finding it, and counting its calls. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/hook.h"
#include "cli/record.h"

/* Every argument that decides, of the architectures that are watched. What a first run is under
 * refuses nothing that matters, if this process is under no filter, and it is watched for less. */
int cf_record_wanted(struct cf_record *record, bool first, struct cf_observe_wanted *ret_wanted,
                     struct cf_error *err)
{
        static const char *const names[] = {"x86_64", "i386", "x32", "aarch64", "arm"};
        CF_VEC(struct cf_observe_argument) arguments = {0};
        for (size_t i = 0; i < CF_COUNT(names); i++) {
                const struct cf_arch *arch = cf_arch_by_name(names[i]);
                const struct cf_syscall *call;
                uint32_t nr;
                for (size_t k = 0; (call = cf_syscall_of_arch(arch, k, &nr)); k++)
                        for (unsigned arg = 0; (int)arg < call->argument_count; arg++) {
                                struct cf_observe_argument wanted = {
                                        arch->token, nr, (uint8_t)arg,
                                        cf_argument_bits(arch, call, arg) <= 32};
                                /* What is behind clone3's is what decides of clone. */
                                bool behind = arg == 0 && strcmp(call->name, "clone3") == 0;
                                if ((behind || cf_argument_decides(call, arg) != CF_DECIDES_NOT) &&
                                    cf_vec_push(record->job.arena, &arguments, wanted) < 0)
                                        return cf_error_set(err, -ENOMEM, NULL,
                                                            "not enough memory");
                        }
        }
        *ret_wanted = (struct cf_observe_wanted){
                .count = true,
                .arguments = arguments.items,
                .argument_count = arguments.count,
                .permitted = first && !cf_given(record->job.invocation, "allow-refused") &&
                             prctl(PR_GET_SECCOMP) == 0,
        };
        return 0;
}

/* Lets every call through, on all that this machine runs, but clone3: its flags are in memory, so
 * that no profile could say which; who gets ENOSYS calls clone. vserver is refused by every kernel.
 * A filter that refuses nothing at all may be left out by a runtime. */
static const char allows_all[] =
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\", "
        "\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"], \"syscalls\": [{\"names\": [\"clone3\"], "
        "\"action\": "
        "\"SCMP_ACT_ERRNO\", \"errnoRet\": 38}, {\"names\": [\"vserver\"], "
        "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38, \"args\": [{\"index\": 1, \"value\": 1, "
        "\"op\": \"SCMP_CMP_EQ\"}]}]}\n";

/* ---- what was counted ------------------------------------------------------------------------ */

/* Reads the counters of an observer that is about to end. */
static int read_counts(struct cf_record *record, struct cf_observer *observer,
                       struct cf_record_run *run, struct cf_error *err)
{
        struct cf_arena *arena = record->job.arena;
        int r = cf_observer_calls(observer, arena, &run->calls, &run->call_count, err);
        if (r == 0)
                r = cf_observer_totals(observer, arena, &run->totals, &run->total_count, err);
        if (r == 0)
                r = cf_observer_values(observer, arena, &run->values, &run->value_count, err);
        run->losses = cf_observer_losses(observer);
        return r;
}

static void keep_end(struct cf_record_run *run, const struct cf_watch *watch)
{
        run->end = watch->end;
        run->ended = watch->waited;
        run->status = watch->status;
        run->seconds = watch->lasted;
        run->left = watch->left;
        run->left_pid = watch->left_pid;
        memcpy(run->left_name, watch->left_name, sizeof(run->left_name));
}

/* What the callbacks of a watch work on. */
struct counting {
        struct cf_record *record;
        struct cf_record_run *run;
        struct cf_record_line *line;
        struct cf_watch *watch;
};

bool cf_record_was_refused(const struct cf_record_run *run, uint32_t arch, uint32_t nr)
{
        for (size_t i = 0; i < run->refused_count; i++)
                if (run->refused[i].arch == arch && run->refused[i].nr == nr)
                        return true;
        return false;
}

/* The first that is seen under a marked filter is the one that loaded it. */
static void begin(struct counting *counting, const struct cf_observed *event)
{
        struct cf_record_run *run = counting->run;
        if (run->filters || run->starter[0])
                return;
        run->filters = event->filters;
        if (!counting->record->engine)
                return;
        memcpy(run->starter, event->name, sizeof(event->name));
        cf_record_find_starter(run, event);
}

/* Of a thread with further filters nobody knows which of them refused. */
static int seen(void *context, const struct cf_observed *event)
{
        struct counting *counting = context;
        struct cf_record_run *run = counting->run;
        struct cf_record_refused refused = {event->arch, event->nr};
        if (event->kind == CF_OBSERVED_BEGUN)
                begin(counting, event);
        if (event->kind == CF_OBSERVED_BEGUN || event->filters > run->filters ||
            cf_record_was_refused(run, event->arch, event->nr))
                return 0;
        if (run->refused_count == run->refused_room) {
                size_t room = run->refused_room ? 2 * run->refused_room : 64;
                struct cf_record_refused *all =
                        cf_arena_many(counting->record->job.arena, room, struct cf_record_refused);
                if (!all)
                        return -ENOMEM;
                if (run->refused_count)
                        memcpy(all, run->refused, run->refused_count * sizeof(*all));
                run->refused = all;
                run->refused_room = room;
        }
        run->refused[run->refused_count++] = refused;
        return 0;
}

static int tick(void *context, double seconds, struct cf_error *err)
{
        struct counting *counting = context;
        if (counting->record->group && cf_record_is_empty(counting->record))
                return 1;
        return cf_record_line_tick(counting->line, counting->watch->observer, seconds, err);
}

static struct cf_watch watch_of(struct counting *counting, const char *profile, double seconds)
{
        counting->line = cf_record_line_new(counting->record, profile != NULL);
        return (struct cf_watch){
                .seconds = seconds,
                .seen = seen,
                .tick = counting->line || counting->record->group ? tick : NULL,
                .context = counting,
        };
}

/* ---- a command ---------------------------------------------------------------------------------
 */

static int emit(struct cf_record *record, const char *profile, struct cf_filter *ret_filter,
                struct cf_error *err)
{
        const struct cf_profile *read;
        struct cf_source *source;
        cf_policy policy;
        int r = cf_source_from(record->job.arena, "the profile", cf_span_of(profile), &source, err);
        if (r == 0)
                r = cf_profile_read(record->job.arena, source, &read, err);
        if (r == 0)
                r = cf_profile_policy(record->job.all, read, &record->job.circumstances, &policy,
                                      err);
        return r < 0 ? r
                     : cf_filter_emit(record->job.all, policy, NULL, record->job.arena, ret_filter,
                                      err);
}

/* The child: waits until it is watched, loads the filter, becomes the command. */
static _Noreturn void become(struct cf_record *record, const struct cf_watch *watch,
                             struct cf_filter filter, int go, int failed)
{
        struct cf_kernel_command command = {record->words, filter.code, filter.count};
        struct cf_error err = {0};
        bool loaded = false;
        char byte;
        cf_watch_child(watch);
        if (record->job.json) /* standard output is the report's */
                dup2(STDERR_FILENO, STDOUT_FILENO);
        if (read(go, &byte, 1) == 1) {
                int error = -cf_kernel_exec(&command, &loaded, &err);
                if (write(failed, &error, sizeof(error)) < 0)
                        _exit(127);
        }
        _exit(127);
}

static int watch_child(struct cf_record *record, struct cf_watch *watch,
                       struct cf_observe_wanted *wanted, int go, int failed,
                       struct cf_record_run *ret_run, struct cf_error *err)
{
        int error = 0;
        wanted->scope = CF_OBSERVE_TREE;
        wanted->pid = watch->pid;
        int r = cf_observer_open(wanted, &watch->observer, err);
        if (r < 0 || write(go, "g", 1) != 1) {
                kill(watch->pid, SIGKILL);
                waitpid(watch->pid, NULL, 0);
                return r < 0 ? r : cf_error_set(err, -EIO, NULL, "the command did not start");
        }
        watch->child = true;
        r = cf_watch_wait(watch, err);
        if (r == 0 && read(failed, &error, sizeof(error)) == sizeof(error))
                r = cf_error_set(err, -error, NULL, "'%s' cannot be started: %s", record->words[0],
                                 strerrordesc_np(error));
        return r == 0 ? read_counts(record, watch->observer, ret_run, err) : r;
}

static int start_child(struct cf_record *record, struct cf_watch *watch,
                       struct cf_observe_wanted *wanted, struct cf_filter filter,
                       struct cf_record_run *ret_run, struct cf_error *err)
{
        int go[2], failed[2];
        if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0)
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerrordesc_np(errno));
        fflush(NULL);
        watch->pid = fork();
        if (watch->pid == 0) {
                close(go[1]);
                become(record, watch, filter, go[0], failed[1]);
        }
        close(go[0]);
        close(failed[1]);
        int r = watch->pid < 0
                        ? cf_error_set(err, -errno, NULL, "no process: %s", strerrordesc_np(errno))
                        : watch_child(record, watch, wanted, go[1], failed[0], ret_run, err);
        close(go[1]);
        close(failed[0]);
        return r;
}

static int watch_command(struct cf_record *record, const char *profile, double seconds,
                         struct cf_record_run *ret_run, struct cf_error *err)
{
        struct counting counting = {record, ret_run, NULL, NULL};
        struct cf_watch watch = watch_of(&counting, profile, seconds);
        struct cf_observe_wanted wanted;
        struct cf_filter filter;
        counting.watch = &watch;
        watch.adopts = true;
        int r = emit(record, profile ? profile : allows_all, &filter, err);
        if (r == 0)
                r = cf_record_wanted(record, !profile, &wanted, err);
        if (r == 0)
                r = cf_watch_open(&watch, err);
        if (r < 0)
                return r;
        r = start_child(record, &watch, &wanted, filter, ret_run, err);
        cf_record_line_wipe(counting.line);
        cf_watch_close(&watch);
        cf_observer_close(watch.observer);
        if (r == 0)
                keep_end(ret_run, &watch);
        return r;
}

/* ---- a container, or what runs already ------------------------------------------------------- */

static int ended(void *context, struct cf_observer *observer, struct cf_error *err)
{
        struct counting *counting = context;
        return read_counts(counting->record, observer, counting->run, err);
}

static int watch_container(struct cf_record *record, const char *profile, double seconds,
                           struct cf_record_run *ret_run, struct cf_error *err)
{
        struct counting counting = {record, ret_run, NULL, NULL};
        struct cf_workload_run run = {
                .profile = profile ? profile : allows_all,
                .again = profile != NULL,
                .quiet = record->job.json,
                .watch = watch_of(&counting, profile, seconds),
                .ended = ended,
        };
        counting.watch = &run.watch;
        int r = cf_record_wanted(record, !profile, &run.wanted, err);
        if (r == 0)
                r = cf_workload_run(&record->workload, &run, err);
        cf_record_line_wipe(counting.line);
        if (r == 0 && cf_workload_failed(&record->workload, &run, err))
                r = -EIO;
        if (r == 0)
                keep_end(ret_run, &run.watch);
        return r;
}

static int say_ready(const struct cf_record_hook *hook, struct cf_error *err)
{
        static const char ready = 1;
        bool said = write(hook->ready, &ready, 1) == 1;
        close(hook->ready);
        return said ? 0 : cf_error_set(err, -EPIPE, NULL, "the hook was ended while it waited");
}

/* A hook's recorder is told to end together with the container, and that may take a while. */
static void wait_longer(struct cf_watch *watch)
{
        CF_CLOSE int fd = pidfd_open(watch->pid, 0);
        struct pollfd wait = {fd, POLLIN, 0};
        if (fd < 0 || poll(&wait, 1, CF_WATCH_PATIENCE * 1000) > 0)
                watch->end = CF_WATCH_ENDED;
}

static int watch_running(struct cf_record *record, struct cf_record_run *ret_run,
                         struct cf_error *err)
{
        bool container = cf_given(record->job.invocation, "container");
        bool tree = cf_given(record->job.invocation, "pid") ||
                    (container && !cf_hook_has_own_group(record->pid));
        struct counting counting = {record, ret_run, NULL, NULL};
        struct cf_watch watch = watch_of(&counting, NULL, record->seconds);
        struct cf_observe_wanted wanted;
        counting.watch = &watch;
        watch.pid = record->pid;
        int r = cf_record_wanted(record, false, &wanted, err);
        wanted.scope = record->hook ? record->hook->scope
                       : tree       ? CF_OBSERVE_TREE
                                    : CF_OBSERVE_GROUP;
        wanted.bare = record->hook && record->hook->bare;
        wanted.present = !record->hook && !container && (tree || record->group);
        wanted.pid = record->pid;
        wanted.group = record->group;
        if (r == 0)
                r = cf_watch_open(&watch, err);
        if (r < 0)
                return r;
        r = cf_observer_open(&wanted, &watch.observer, err);
        if (r == 0 && record->hook)
                r = say_ready(record->hook, err);
        if (r == 0 && container && tree)
                fprintf(stderr, "it has no control group of its own: what is executed in it from "
                                "outside is not seen\n");
        if (r == 0)
                r = cf_watch_wait(&watch, err);
        if (r == 0 && record->hook && watch.end == CF_WATCH_STOPPED)
                wait_longer(&watch);
        cf_record_line_wipe(counting.line);
        if (r == 0)
                r = read_counts(record, watch.observer, ret_run, err);
        cf_observer_close(watch.observer);
        cf_watch_close(&watch);
        if (r == 0)
                keep_end(ret_run, &watch);
        return r;
}

int cf_record_watch(struct cf_record *record, const char *profile, double seconds,
                    struct cf_record_run *ret_run, struct cf_error *err)
{
        if (!record->words)
                return watch_running(record, ret_run, err);
        return record->engine ? watch_container(record, profile, seconds, ret_run, err)
                              : watch_command(record, profile, seconds, ret_run, err);
}
