/* SPDX-License-Identifier: Apache-2.0 */
/* Running a workload, or finding it, and counting its calls. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/record.h"

#define TICK_MS 200
#define PATIENCE_S 10 /* between SIGTERM and SIGKILL */

static volatile sig_atomic_t told_to_stop;

static void note_signal(int signal)
{
        (void)signal;
        told_to_stop = told_to_stop + 1;
}

static double now(void)
{
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int pass_over(void *context, const struct cf_observed *event)
{
        (void)context;
        (void)event;
        return 0;
}

/* Every argument that decides, of the architectures that are watched. */
int cf_record_wanted(struct cf_record *record, enum cf_observe_scope scope, pid_t pid,
                     struct cf_observe_wanted *ret_wanted, struct cf_error *err)
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
                                if (cf_argument_decides(call, arg) != CF_DECIDES_NOT &&
                                    cf_vec_push(record->job.arena, &arguments, wanted) < 0)
                                        return cf_error_set(err, -ENOMEM, NULL,
                                                            "not enough memory");
                        }
        }
        *ret_wanted = (struct cf_observe_wanted){
                .scope = scope,
                .pid = pid,
                .count = true,
                .arguments = arguments.items,
                .argument_count = arguments.count,
        };
        return 0;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static void read_counts(struct cf_record *record, struct cf_observer *observer,
                        struct cf_record_run *run, int *r, struct cf_error *err)
{
        if (*r == 0)
                *r = cf_observer_read(observer, pass_over, NULL, err);
        if (*r == 0)
                *r = cf_observer_calls(observer, record->job.arena, &run->calls, &run->call_count,
                                       err);
        if (*r == 0)
                *r = cf_observer_totals(observer, record->job.arena, &run->totals,
                                        &run->total_count, err);
        if (*r == 0)
                *r = cf_observer_values(observer, record->job.arena, &run->values,
                                        &run->value_count, err);
        run->losses = cf_observer_losses(observer);
}

/* Asks the workload to end: first politely. A terminal has told its child already. */
static void press(pid_t pid, bool child, double since, bool *pressed)
{
        if (!child)
                return;
        if (!*pressed)
                kill(pid, SIGTERM);
        else if (now() - since > PATIENCE_S)
                kill(pid, SIGKILL);
        *pressed = true;
}

int cf_record_wait(struct cf_record *record, struct cf_observer *observer, pid_t pid, bool child,
                   struct cf_record_run *ret_run, struct cf_error *err)
{
        struct sigaction action = {.sa_handler = note_signal}, old_int, old_term;
        CF_CLOSE int fd = pidfd_open(pid, 0);
        struct cf_record_run run = {0};
        double start = now(), since = 0;
        bool pressed = false;
        int r = 0;
        told_to_stop = 0;
        sigaction(SIGINT, &action, &old_int);
        sigaction(SIGTERM, &action, &old_term);
        while (r == 0 && fd >= 0) {
                struct pollfd wait[] = {{fd, POLLIN, 0}, {cf_observer_fd(observer), POLLIN, 0}};
                poll(wait, 2, TICK_MS);
                r = cf_observer_read(observer, pass_over, NULL, err);
                if (wait[0].revents & POLLIN)
                        break;
                bool late = record->seconds > 0 && now() - start >= record->seconds;
                if (!late && !told_to_stop)
                        continue;
                if (!child)
                        break;
                since = since > 0 ? since : now();
                /* Ctrl-C reaches the whole terminal: the child has it. */
                if (late || told_to_stop > 1 || now() - since > PATIENCE_S)
                        press(pid, child, since, &pressed);
        }
        sigaction(SIGINT, &old_int, NULL);
        sigaction(SIGTERM, &old_term, NULL);
        run.seconds = now() - start;
        if (child && r == 0)
                run.ended = waitpid(pid, &run.status, 0) == pid;
        read_counts(record, observer, &run, &r, err);
        if (r == 0)
                *ret_run = run;
        return r;
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
static _Noreturn void become(struct cf_record *record, struct cf_filter filter, int go, int failed)
{
        struct cf_kernel_command command = {record->words, filter.code, filter.count};
        struct cf_error err = {0};
        bool loaded = false;
        char byte;
        if (read(go, &byte, 1) == 1) {
                int error = -cf_kernel_exec(&command, &loaded, &err);
                if (write(failed, &error, sizeof(error)) < 0)
                        _exit(127);
        }
        _exit(127);
}

static int watch_child(struct cf_record *record, pid_t pid, int go, int failed,
                       struct cf_record_run *ret_run, struct cf_error *err)
{
        struct cf_observe_wanted wanted;
        struct cf_observer *observer = NULL;
        int error = 0, r = cf_record_wanted(record, CF_OBSERVE_TREE, pid, &wanted, err);
        if (r == 0)
                r = cf_observer_open(&wanted, &observer, err);
        if (r < 0 || write(go, "g", 1) != 1) {
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                cf_observer_close(observer);
                return r < 0 ? r : cf_error_set(err, -EIO, NULL, "the command did not start");
        }
        r = cf_record_wait(record, observer, pid, true, ret_run, err);
        cf_observer_close(observer);
        if (r == 0 && read(failed, &error, sizeof(error)) == sizeof(error))
                r = cf_error_set(err, -error, NULL, "'%s' cannot be started: %s", record->words[0],
                                 strerrordesc_np(error));
        return r;
}

static int watch_command(struct cf_record *record, const char *profile,
                         struct cf_record_run *ret_run, struct cf_error *err)
{
        struct cf_filter filter;
        int go[2], failed[2];
        int r = emit(record, profile, &filter, err);
        if (r < 0)
                return r;
        if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0)
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerrordesc_np(errno));
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
                close(go[1]);
                become(record, filter, go[0], failed[1]);
        }
        close(go[0]);
        close(failed[1]);
        r = pid < 0 ? cf_error_set(err, -errno, NULL, "no process: %s", strerrordesc_np(errno))
                    : watch_child(record, pid, go[1], failed[0], ret_run, err);
        close(go[1]);
        close(failed[0]);
        return r;
}

/* ---- what runs already --------------------------------------------------------------------------
 */

static int watch_running(struct cf_record *record, struct cf_record_run *ret_run,
                         struct cf_error *err)
{
        bool container = cf_given(record->job.invocation, "container");
        struct cf_observe_wanted wanted;
        struct cf_observer *observer = NULL;
        int r = cf_record_wanted(record, container ? CF_OBSERVE_GROUP : CF_OBSERVE_TREE,
                                 record->pid, &wanted, err);
        if (r == 0)
                r = cf_observer_open(&wanted, &observer, err);
        if (r == 0)
                r = cf_record_wait(record, observer, record->pid, false, ret_run, err);
        cf_observer_close(observer);
        return r;
}

/* Lets every call through, on all that this machine runs; the one that is refused is refused by
 * every kernel. A filter that refuses nothing at all may be left out by a runtime. */
static const char allows_all[] =
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\", "
        "\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"], \"syscalls\": [{\"names\": [\"vserver\"], "
        "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38, \"args\": [{\"index\": 1, \"value\": 1, "
        "\"op\": \"SCMP_CMP_EQ\"}]}]}\n";

int cf_record_watch(struct cf_record *record, const char *profile, struct cf_record_run *ret_run,
                    struct cf_error *err)
{
        profile = profile ? profile : allows_all;
        if (!record->words)
                return watch_running(record, ret_run, err);
        return record->engine ? cf_record_engine(record, profile, ret_run, err)
                              : watch_command(record, profile, ret_run, err);
}
