/* SPDX-License-Identifier: Apache-2.0 */
/* Reading leaves processes as they were, whatever happens to them or to the reader, and says why it
 * could not. */
#include <linux/capability.h>
#include <pthread.h>
#include <sys/wait.h>

#include "target.h"

static void prepare(void *context)
{
        (void)context;
        install(1000, 0);
}

/* Reads with a fresh reader; the result, and the message in err. */
static int try_read(pid_t pid, struct cf_kernel_process *ret_process, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_kernel_reader *reader = cf_kernel_reader_new(arena);
        struct cf_kernel_process process;
        assert_non_null(reader);
        int r = cf_kernel_process_read(reader, pid, 0, &process, err);
        if (ret_process && r == 0)
                *ret_process = process;
        return r;
}

static void expect_message(const struct cf_error *err, int code, const char *words)
{
        assert_int_equal(err->code, code);
        if (!strstr(err->frames[0].message, words))
                fail_msg("'%s' is not in: %s", words, err->frames[0].message);
}

/* ---- processes in every state --------------------------------------------------------------- */

static void stays_in_group_stop(void **state)
{
        (void)state;
        needs_root();
        struct target target = target_start(prepare, NULL);
        kill(target.pid, SIGSTOP);
        wait_state(target.pid, 'T');
        for (int i = 0; i < 20; i++) {
                struct cf_error err = {0};
                assert_int_equal(try_read(target.pid, NULL, &err), 0);
        }
        nap(20000);
        assert_int_equal(state_of(target.pid), 'T');
        kill(target.pid, SIGCONT);
        target_answers(&target);
        target_end(&target);
}

static void traced_by_another(void **state)
{
        (void)state;
        needs_root();
        struct cf_error err = {0};
        char words[64];
        struct target target = target_start(prepare, NULL);
        int ready[2];
        char byte;
        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid_t tracer = fork();
        if (tracer == 0) {
                long r = ptrace(PTRACE_SEIZE, target.pid, NULL, NULL);
                if (r < 0 || write(ready[1], "r", 1) != 1)
                        syscall(SYS_exit_group, 1);
                for (;;)
                        pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(try_read(target.pid, NULL, &err), -EBUSY);
        snprintf(words, sizeof(words), "is traced by PID %d (unit-kernel-sto)", (int)tracer);
        expect_message(&err, -EBUSY, words);
        target_answers(&target);
        kill(tracer, SIGKILL);
        assert_int_equal(waitpid(tracer, NULL, 0), tracer);
        err.code = 0;
        assert_int_equal(try_read(target.pid, NULL, &err), 0);
        close(ready[0]);
        close(ready[1]);
        target_end(&target);
}

static void ended(void **state)
{
        (void)state;
        struct cf_error err = {0};
        pid_t pid = fork();
        if (pid == 0)
                syscall(SYS_exit_group, 0);
        wait_state(pid, 'Z');
        assert_int_equal(try_read(pid, NULL, &err), -ESRCH);
        expect_message(&err, -ESRCH, "waits for its parent");
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(try_read(pid, NULL, &err), -ESRCH);
        expect_message(&err, -ESRCH, "there is no process");
        assert_int_equal(try_read(0, NULL, &err), -EINVAL);
        assert_int_equal(try_read(-1, NULL, &err), -EINVAL);
}

static void other_start_time(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_kernel_reader *reader = cf_kernel_reader_new(arena);
        struct cf_kernel_process process;
        struct cf_error err = {0};
        struct target target = target_start(NULL, NULL);
        assert_int_equal(cf_kernel_process_read(reader, target.pid, 0, &process, &err), 0);
        uint64_t start = process.start_time;
        assert_int_equal(cf_kernel_process_read(reader, target.pid, start, &process, &err), 0);
        assert_int_equal(cf_kernel_process_read(reader, target.pid, start + 1, &process, &err),
                         -ESRCH);
        target_end(&target);
}

static void kernel_thread(void **state)
{
        (void)state;
        struct cf_error err = {0};
        char name[32] = "";
        CF_FCLOSE FILE *file = fopen("/proc/2/comm", "re");
        if (!file || !fgets(name, sizeof(name), file) || strcmp(name, "kthreadd\n") != 0) {
                print_message("no kernel threads are shown here\n");
                skip();
        }
        assert_int_equal(try_read(2, NULL, &err), -EINVAL);
        expect_message(&err, -EINVAL, "(kthreadd) is a kernel thread");
}

/* ---- signals -------------------------------------------------------------------------------- */

static int count_fd = -1;

static void on_signal(int number)
{
        (void)number;
        if (write(count_fd, "s", 1) != 1)
                abort();
}

static void prepare_signals(void *context)
{
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        count_fd = *(int *)context;
        sigaction(SIGRTMIN, &action, NULL);
        install(1000, 0);
}

/* Each of many queued signals arrives once, though many arrive while the thread is attached. */
static void signals_arrive(void **state)
{
        (void)state;
        needs_root();
        enum { SIGNALS = 500 };
        int counted[2];
        char bytes[SIGNALS + 1];
        size_t got = 0;
        assert_int_equal(pipe2(counted, O_CLOEXEC), 0);
        struct target target = target_start(prepare_signals, &counted[1]);
        pid_t sender = fork();
        if (sender == 0) {
                for (int i = 0; i < SIGNALS; i++) {
                        kill(target.pid, SIGRTMIN);
                        nap(100);
                }
                syscall(SYS_exit_group, 0);
        }
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_kernel_reader *reader = cf_kernel_reader_new(arena);
        unsigned reads = 0;
        while (waitpid(sender, NULL, WNOHANG) == 0) {
                struct cf_kernel_process process;
                struct cf_error err = {0};
                assert_int_equal(cf_kernel_process_read(reader, target.pid, 0, &process, &err), 0);
                reads++;
        }
        assert_true(reads > 20);
        target_answers(&target);
        nap(20000);
        close(counted[1]);
        fcntl(counted[0], F_SETFL, O_NONBLOCK);
        for (ssize_t n; (n = read(counted[0], bytes, sizeof(bytes))) > 0;)
                got += (size_t)n;
        assert_int_equal(got, SIGNALS);
        close(counted[0]);
        target_end(&target);
}

/* ---- processes that change ------------------------------------------------------------------ */

static void *short_thread(void *context)
{
        return context;
}

/* Makes threads that end at once, without pause. */
static void *make_threads(void *context)
{
        for (;;) {
                pthread_t thread;
                if (pthread_create(&thread, NULL, short_thread, NULL) == 0)
                        pthread_join(thread, NULL);
        }
        return context;
}

static void prepare_threads(void *context)
{
        pthread_t thread;
        (void)context;
        install(1000, 0);
        if (pthread_create(&thread, NULL, make_threads, NULL) != 0)
                abort();
}

static void threads_that_end(void **state)
{
        (void)state;
        needs_root();
        unsigned whole = 0;
        struct target target = target_start(prepare_threads, NULL);
        for (int i = 0; i < 100; i++) {
                struct cf_kernel_process process;
                struct cf_error err = {0};
                int r = try_read(target.pid, &process, &err);
                if (r < 0)
                        assert_int_equal(r, -EAGAIN);
                else
                        whole++;
        }
        assert_true(whole > 0);
        target_answers(&target);
        target_end(&target);
}

/* A process that is killed while it is read. */
static void killed_meanwhile(void **state)
{
        (void)state;
        needs_root();
        for (int i = 0; i < 60; i++) {
                struct target target = target_start(prepare, NULL);
                struct cf_error err = {0};
                int r = 0;
                pid_t killer = fork();
                if (killer == 0) {
                        nap(i * 20);
                        kill(target.pid, SIGKILL);
                        syscall(SYS_exit_group, 0);
                }
                for (int n = 0; n < 1000 && r == 0; n++)
                        r = try_read(target.pid, NULL, &err);
                assert_int_equal(r, -ESRCH);
                waitpid(killer, NULL, 0);
                target_end(&target);
        }
}

/* execve by a thread that is not the first one takes over the process's number, whatever tracer
 * that thread has at that moment. */
static void *exec_again(void *context)
{
        char left[16];
        snprintf(left, sizeof(left), "%d", *(int *)context);
        execl("/proc/self/exe", "unit-kernel-stops", "exec", left, (char *)NULL);
        abort();
}

static int exec_loop(const char *left)
{
        int count = (int)strtol(left, NULL, 10) - 1;
        pthread_t thread;
        if (count <= 0)
                syscall(SYS_exit_group, 0); /* a leak checker would trace us at a usual end */
        if (pthread_create(&thread, NULL, exec_again, &count) != 0)
                return 1;
        pthread_join(thread, NULL);
        return 1;
}

static void execve_meanwhile(void **state)
{
        (void)state;
        needs_root();
        int status;
        unsigned whole = 0;
        pid_t pid = fork();
        if (pid == 0) {
                install(1000, 0);
                execl("/proc/self/exe", "unit-kernel-stops", "exec", "60", (char *)NULL);
                abort();
        }
        for (;;) {
                struct cf_kernel_process process;
                struct cf_error err = {0};
                siginfo_t info = {0};
                waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
                if (info.si_pid)
                        break;
                int r = try_read(pid, &process, &err);
                if (r == -ESRCH)
                        break; /* seen to end by the reader, which is its parent here */
                if (r < 0 && r != -EAGAIN)
                        fail_msg("%d: %s", r, err.frames[0].message);
                whole += r == 0;
        }
        assert_true(whole > 0);
        if (waitpid(pid, &status, 0) == pid)
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the reader dies ------------------------------------------------------------------------ */

/* The reader is stopped while it holds the process, then killed: the process goes on. */
static void reader_killed(void **state)
{
        (void)state;
        needs_root();
        struct target target = target_start(prepare, NULL);
        unsigned held = 0;
        for (int i = 0; i < 200 && held < 10; i++) {
                pid_t reader = fork();
                if (reader == 0) {
                        for (;;)
                                try_read(target.pid, NULL, NULL);
                }
                for (int n = 0; n < 3000 && state_of(target.pid) != 't'; n++)
                        ;
                kill(reader, SIGSTOP);
                wait_state(reader, 'T');
                held += state_of(target.pid) == 't';
                kill(reader, SIGKILL);
                assert_int_equal(waitpid(reader, NULL, 0), reader);
                target_answers(&target);
                assert_int_not_equal(state_of(target.pid), 't');
        }
        assert_true(held > 0);
        target_end(&target);
}

/* ---- readers without the right -------------------------------------------------------------- */

struct trial {
        int code;
        char message[CF_ERROR_TEXT];
};

/* Reads `pid` (0: itself) from a child that has prepared itself. */
static struct trial read_as(void (*change)(void), pid_t pid)
{
        struct trial trial = {0};
        int result[2];
        assert_int_equal(pipe2(result, O_CLOEXEC), 0);
        pid_t child = fork();
        if (child == 0) {
                struct cf_error err = {0};
                change();
                trial.code = try_read(pid ? pid : getpid(), NULL, &err);
                memcpy(trial.message, err.frames[0].message, sizeof(trial.message));
                if (write(result[1], &trial, sizeof(trial)) < 0)
                        abort();
                syscall(SYS_exit_group, 0);
        }
        assert_int_equal(read(result[0], &trial, sizeof(trial)), sizeof(trial));
        close(result[0]);
        close(result[1]);
        waitpid(child, NULL, 0);
        return trial;
}

static void expect_refused(struct trial trial, int code, const char *words)
{
        assert_int_equal(trial.code, code);
        if (!strstr(trial.message, words))
                fail_msg("'%s' is not in: %s", words, trial.message);
}

static void become_filtered(void)
{
        install(1, 0);
}

static void become_nobody(void)
{
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
                abort();
}

/* Keeps every capability but CAP_SYS_ADMIN. */
static void lose_admin(void)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[2];
        if (syscall(SYS_capget, &header, data) < 0)
                abort();
        data[0].effective &= ~(1u << CAP_SYS_ADMIN);
        if (syscall(SYS_capset, &header, data) < 0)
                abort();
}

static void no_change(void)
{
}

static void without_right(void **state)
{
        (void)state;
        needs_root();
        struct target target = target_start(prepare, NULL);
        expect_refused(read_as(no_change, target.pid), 0, "");
        expect_refused(read_as(become_filtered, target.pid), -EACCES, "itself runs under a filter");
        expect_refused(read_as(become_nobody, target.pid), -EPERM, "run with sudo");
        expect_refused(read_as(lose_admin, target.pid), -EACCES, "needs CAP_SYS_ADMIN");
        target_answers(&target);
        target_end(&target);
}

static void itself(void **state)
{
        (void)state;
        expect_refused(read_as(no_change, 0), 0, "");
        expect_refused(read_as(become_filtered, 0), -EACCES, "itself runs under a filter");
}

/* ---- how long ------------------------------------------------------------------------------- */

static int compare_times(const void *left, const void *right)
{
        uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
        return a < b ? -1 : a > b;
}

/* Of many reads the middle one; a busy machine may make single ones longer. */
static void held_shortly(void **state)
{
        (void)state;
        needs_root();
        uint64_t times[101];
        struct target target = target_start(prepare, NULL);
        for (size_t i = 0; i < CF_COUNT(times); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_kernel_reader *reader = cf_kernel_reader_new(arena);
                struct cf_kernel_process process;
                assert_int_equal(cf_kernel_process_read(reader, target.pid, 0, &process, NULL), 0);
                times[i] = process.threads[0].stopped_ns;
        }
        qsort(times, CF_COUNT(times), sizeof(times[0]), compare_times);
        print_message("stood still: %.3f ms in the middle, %.3f ms at most\n",
                      (double)times[50] / 1e6, (double)times[100] / 1e6);
        assert_true(times[50] < 1000000);
        target_end(&target);
}

#ifdef __x86_64__
/* Sleeps under a filter that gives restart_syscall an action, and ends with what the sleep said. */
static pid_t sleeper(uint32_t action, long milliseconds)
{
        pid_t pid = fork();
        if (pid)
                return pid;
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, action),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct timespec length = {milliseconds / 1000, milliseconds % 1000 * 1000000};
        install_code(code, CF_COUNT(code), 0);
        long r = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, &length);
        syscall(SYS_exit_group, r < 0 ? errno : 0);
        return 0;
}

/* Looking at a thread in a sleep makes it go on by restart_syscall, which its filter may refuse:
 * neither does that kill it, nor is the sleep of anybody else cut short. */
static void sleeps_are_spared(void **state)
{
        static const struct {
                uint32_t action;
                long milliseconds;
                int status;
        } rows[] = {
                {SECCOMP_RET_KILL_PROCESS, 20000, EINTR},
                {SECCOMP_RET_ERRNO | EPERM, 20000, EINTR},
                {SECCOMP_RET_ALLOW, 600, 0},
                {SECCOMP_RET_LOG, 600, 0},
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_error err = {0};
                struct cf_kernel_process process;
                int status;
                pid_t pid = sleeper(rows[i].action, rows[i].milliseconds);
                nap(200000);
                assert_int_equal(try_read(pid, &process, &err), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), rows[i].status);
        }
}
#endif

int main(int argc, char **argv)
{
        if (argc == 3 && strcmp(argv[1], "exec") == 0)
                return exec_loop(argv[2]);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stays_in_group_stop),
                cmocka_unit_test(traced_by_another),
                cmocka_unit_test(ended),
                cmocka_unit_test(other_start_time),
                cmocka_unit_test(kernel_thread),
                cmocka_unit_test(signals_arrive),
                cmocka_unit_test(threads_that_end),
                cmocka_unit_test(killed_meanwhile),
                cmocka_unit_test(execve_meanwhile),
                cmocka_unit_test(reader_killed),
                cmocka_unit_test(without_right),
                cmocka_unit_test(itself),
                cmocka_unit_test(held_shortly),
#ifdef __x86_64__
                cmocka_unit_test(sleeps_are_spared),
#endif
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
