/* SPDX-License-Identifier: Apache-2.0 */
/* confined run --trace: each refused call, as it is made. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/vec.h"
#include "cli/run.h"

#define STRING_MAX 256u /* of a name that is shown; a longer one is shown as a number */
#define CALLS_MAX 4096u /* different calls that are counted */
#define SHOWN_MAX 8u    /* of them in the last line */
#define WRITE_WAIT_MS                                                              \
        1000 /* for a reader that does not read: the command may be waiting for us \
              */

struct counted {
        uint32_t arch, nr;
        size_t times;
};

struct trace {
        struct cf_run *run;
        int out;
        size_t refused, lost; /* calls; lines that nobody read */
        CF_VEC(struct counted) calls;
        struct cf_text line;
};

/* Whoever reads this may be a part of the command, and that waits for our answer: the line is
 * given up rather than waited for. */
static void write_line(struct trace *trace)
{
        struct pollfd file = {.fd = trace->out, .events = POLLOUT};
        struct cf_text *line = &trace->line;
        if (line->failed || poll(&file, 1, WRITE_WAIT_MS) != 1 || !(file.revents & POLLOUT) ||
            write(trace->out, line->data, line->size) != (ssize_t)line->size)
                trace->lost++;
        cf_text_clear(line);
        line->failed = false;
}

void cf_run_say_caller(struct cf_text *line, pid_t tid)
{
        char path[64], name[64] = "";
        snprintf(path, sizeof(path), "/proc/%d/comm", (int)tid);
        CF_FCLOSE FILE *file = fopen(path, "re");
        if (file && fgets(name, sizeof(name), file))
                name[strcspn(name, "\n")] = '\0';
        cf_text_add_visible(line, cf_span_of(name));
        cf_text_printf(line, "[%d]", (int)tid);
}

/* Whatever the call, but for those in `not_these`, which are written to or have no NUL. */
bool cf_run_is_string(const struct cf_syscall *call, unsigned arg)
{
        static const char names[] =
                " _description _fs_name _key _type dev_name dir_name filename from_pathname name "
                "name_user new_root newname oldname path pathname put_old special specialfile "
                "to_pathname type u_name uname ";
        static const char not_these[] =
                " uname olduname oldolduname sethostname setdomainname gethostname ";
        char name[64], of[64];
        snprintf(name, sizeof(name), " %s ", call->arguments[arg].name);
        snprintf(of, sizeof(of), " %s ", call->name);
        return call->arguments[arg].kind == CF_ARGUMENT_PTR && strstr(names, name) &&
               !strstr(not_these, of);
}

static void say_made(struct cf_text *line, pid_t tid, const struct cf_call *call)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        char texts[CF_POLICY_ARGS][STRING_MAX];
        const char *strings[CF_POLICY_ARGS] = {NULL};
        for (unsigned i = 0; known && i < CF_POLICY_ARGS && (int)i < known->argument_count; i++)
                if (tid && call->args[i] && cf_run_is_string(known, i) &&
                    cf_kernel_string(tid, call->args[i], texts[i], STRING_MAX))
                        strings[i] = texts[i];
        cf_say_made_call(line, call, strings);
}

static void count(struct trace *trace, const struct cf_call *call)
{
        trace->refused++;
        for (size_t i = 0; i < trace->calls.count; i++) {
                struct counted *known = &trace->calls.items[i];
                if (known->arch == call->arch && known->nr == call->nr) {
                        known->times++;
                        return;
                }
        }
        if (trace->calls.count < CALLS_MAX) /* no memory: it is missing in the last line */
                (void)cf_vec_push(trace->run->job.arena, &trace->calls,
                                  ((struct counted){call->arch, call->nr, 1}));
}

/* The answer is the policy's, for exactly this call. What is meant for a tracer or listener finds
 * none, as it would without us: ENOSYS. */
static struct cf_kernel_answer called(void *context, const struct cf_kernel_call *waiting)
{
        const struct seccomp_data *data = &waiting->data;
        struct trace *trace = context;
        struct cf_run *run = trace->run;
        struct cf_call call = {
                .nr = (uint32_t)data->nr, .arch = data->arch, .ip = data->instruction_pointer};
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                call.args[i] = data->args[i];
        uint32_t value = cf_policy_value(run->job.all, run->input.policy, &call);
        uint32_t action = value & CF_ACTION_MASK;
        struct cf_kernel_answer answer = {.error = cf_action_data(value)};
        answer.kill = action == CF_KILL_PROCESS || action == CF_KILL_THREAD;
        cf_run_say_caller(&trace->line, waiting->tid);
        cf_text_putc(&trace->line, ' ');
        say_made(&trace->line, waiting->tid, &call);
        cf_text_puts(&trace->line, " = ");
        if (action == CF_TRACE || action == CF_USER_NOTIF) {
                answer.error = ENOSYS;
                cf_text_puts(&trace->line, "ENOSYS: ");
        }
        cf_say_value(&trace->line, value);
        if (action == CF_TRACE || action == CF_USER_NOTIF)
                cf_text_puts(&trace->line, ", and there is none");
        cf_text_putc(&trace->line, '\n');
        write_line(trace);
        count(trace, &call);
        return answer;
}

/* ---- the last line --------------------------------------------------------------------------
 */

static int compare_counts(const void *left, const void *right)
{
        const struct counted *a = left, *b = right;
        if (a->times != b->times)
                return a->times > b->times ? -1 : 1;
        return a->arch != b->arch ? (a->arch > b->arch) - (a->arch < b->arch)
                                  : (a->nr > b->nr) - (a->nr < b->nr);
}

static void say_counted(struct cf_text *line, const struct counted *counted)
{
        const struct cf_arch *arch = cf_arch_of_call(counted->arch, counted->nr);
        const struct cf_syscall *call = arch ? cf_syscall_by_number(arch, counted->nr) : NULL;
        if (arch && arch != cf_arch_native())
                cf_text_printf(line, "%s:", arch->name);
        if (call)
                cf_text_puts(line, call->name);
        else
                cf_text_printf(line, "%u", counted->nr);
}

static void say_end(struct trace *trace)
{
        struct cf_text *line = &trace->line;
        size_t count = trace->calls.count;
        if (!trace->refused) {
                cf_text_printf(line, "confined: '%s' refused no call\n", trace->run->profile);
                write_line(trace);
                return;
        }
        if (count > 1)
                qsort(trace->calls.items, count, sizeof(*trace->calls.items), compare_counts);
        cf_text_printf(line, "confined: '%s' refused %zu call%s:", trace->run->profile,
                       trace->refused, trace->refused == 1 ? "" : "s");
        for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
                cf_text_puts(line, i ? ", " : " ");
                say_counted(line, &trace->calls.items[i]);
                if (trace->calls.items[i].times > 1)
                        cf_text_printf(line, " (%zu times)", trace->calls.items[i].times);
        }
        if (count > SHOWN_MAX)
                cf_text_printf(line, " and %zu others", count - SHOWN_MAX);
        if (count) {
                cf_text_printf(line, "; what decides: confined profile explain %s ",
                               trace->run->profile);
                say_counted(line, &trace->calls.items[0]);
        }
        cf_text_putc(line, '\n');
        if (trace->lost)
                cf_text_printf(line, "confined: %zu lines were not read by anyone\n", trace->lost);
        write_line(trace);
}

/* ---- the command ----------------------------------------------------------------------------
 */

/* A trap is left to the kernel: only it can send that signal, and the program may live by it. */
int cf_run_handed_filter(struct cf_profile_job *job, cf_policy policy, struct cf_filter *ret_filter,
                         bool *ret_trapped, struct cf_error *err)
{
        unsigned taken = cf_action_bit(CF_KILL_PROCESS) | cf_action_bit(CF_KILL_THREAD) |
                         cf_action_bit(CF_ERRNO) | cf_action_bit(CF_TRACE) |
                         cf_action_bit(CF_USER_NOTIF);
        uint32_t token = job->circumstances.machine->token;
        cf_policy watched =
                cf_policy_choose(job->all, cf_policy_where_action(job->all, policy, taken),
                                 cf_policy_constant(job->all, CF_USER_NOTIF), policy);
        cf_policy trapped = cf_policy_where_action(
                job->all, cf_policy_fix(job->all, policy, CF_SLICE_ARCH, UINT32_MAX, token),
                cf_action_bit(CF_TRAP));
        int r = cf_policies_check(job->all, watched, err);
        if (r == 0)
                r = cf_policies_check(job->all, trapped, err);
        if (r == 0)
                r = cf_filter_emit(job->all, watched, NULL, job->arena, ret_filter, err);
        if (r == 0)
                *ret_trapped = trapped != CF_POLICY_FALSE;
        return r;
}

static int watched_filter(struct trace *trace, struct cf_filter *ret_filter, struct cf_error *err)
{
        bool trapped;
        int r = cf_run_handed_filter(&trace->run->job, trace->run->input.policy, ret_filter,
                                     &trapped, err);
        if (r < 0 || !trapped)
                return r;
        cf_text_puts(&trace->line,
                     "confined: calls that get SIGSYS (SCMP_ACT_TRAP) are left to the "
                     "kernel and not shown\n");
        write_line(trace);
        return 0;
}

static int status_of(const struct cf_kernel_end *end)
{
        return WIFSIGNALED(end->status) ? CF_RUN_BY_SIGNAL + WTERMSIG(end->status)
                                        : WEXITSTATUS(end->status);
}

static int trace_command(struct trace *trace, struct cf_error *err)
{
        struct cf_kernel_watch watch = {.called = called, .context = trace};
        struct cf_kernel_command *command = &trace->run->command;
        struct cf_kernel_end end;
        struct cf_filter filter;
        int r = watched_filter(trace, &filter, err);
        if (r < 0)
                return r;
        command->code = filter.code;
        command->count = filter.count;
        r = cf_kernel_watch(command, &watch, &end, err);
        if (r < 0)
                return r;
        if (end.exec_error) {
                cf_error_set(err, -end.exec_error, NULL, "'%s' cannot be run: %s",
                             command->words[0], strerror(end.exec_error));
                cf_complain(err);
                return cf_run_not_started(end.exec_error);
        }
        say_end(trace);
        return status_of(&end);
}

int cf_run_trace(struct cf_run *run, struct cf_error *err)
{
        const char *path = cf_given_value(run->job.invocation, "output");
        CF_CLOSE int file = -1;
        struct trace trace = {.run = run, .out = STDERR_FILENO};
        if (path) {
                file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
                if (file < 0)
                        return cf_error_set(err, -errno, NULL, "'%s' cannot be written: %s", path,
                                            strerror(errno));
                trace.out = file;
        }
        int r = trace_command(&trace, err);
        cf_text_done(&trace.line);
        return r;
}
