/* SPDX-License-Identifier: Apache-2.0 */
/* A command under a filter whose calls are answered by us. (The whole: tests/cli/run.bats.) */
#include <sched.h>
#include <stddef.h>

#include "target.h"

/* mkdir and mkdirat are handed over, all else is allowed. */
static const struct sock_filter handed[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_mkdir
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 1, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

struct seen {
        unsigned calls;
        pid_t tid;
        char path[64];
        struct cf_kernel_answer answer;
};

static struct cf_kernel_answer called(void *context, const struct cf_kernel_call *waiting)
{
        const struct seccomp_data *call = &waiting->data;
        struct seen *seen = context;
        unsigned path = call->nr == SYS_mkdirat ? 1 : 0;
        seen->calls++;
        seen->tid = waiting->tid;
        if (!cf_kernel_string(waiting->tid, call->args[path], seen->path, sizeof(seen->path)))
                seen->path[0] = '\0';
        return seen->answer;
}

static int watch(struct seen *seen, char *const *words, struct cf_kernel_end *ret_end)
{
        struct cf_kernel_command command = {words, handed, CF_COUNT(handed)};
        struct cf_kernel_watch with = {.called = called, .context = seen};
        struct cf_error err = {0};
        int r = cf_kernel_watch(&command, &with, ret_end, &err);
        if (r < 0)
                print_message("%s\n", err.frames[0].message);
        return r;
}

static char word_mkdir[] = "mkdir", word_path[] = "/nonexistent/of-the-test";
static char *const make_folder[] = {word_mkdir, word_path, NULL};

static void error_and_success(void **state)
{
        (void)state;
        struct seen seen = {.answer = {.error = EDQUOT}};
        struct cf_kernel_end end;
        assert_int_equal(watch(&seen, make_folder, &end), 0);
        assert_int_equal(end.exec_error, 0);
        assert_true(WIFEXITED(end.status));
        assert_int_equal(WEXITSTATUS(end.status), 1);
        assert_int_equal(seen.calls, 1);
        assert_true(seen.tid > 0);
        assert_string_equal(seen.path, make_folder[1]);
        seen = (struct seen){.answer = {.error = 0}}; /* success without being run */
        assert_int_equal(watch(&seen, make_folder, &end), 0);
        assert_int_equal(WEXITSTATUS(end.status), 0);
        assert_int_equal(seen.calls, 1);
        assert_int_equal(access(make_folder[1], F_OK), -1);
}

static void killing(void **state)
{
        (void)state;
        struct seen seen = {.answer = {.kill = true}};
        struct cf_kernel_end end;
        assert_int_equal(watch(&seen, make_folder, &end), 0);
        assert_true(WIFSIGNALED(end.status));
        assert_int_equal(WTERMSIG(end.status), SIGSYS);
        /* Ignored, which stays over exec, SIGSYS would not do it. */
        signal(SIGSYS, SIG_IGN);
        assert_int_equal(watch(&seen, make_folder, &end), 0);
        signal(SIGSYS, SIG_DFL);
        assert_true(WIFSIGNALED(end.status));
        assert_int_equal(WTERMSIG(end.status), SIGKILL);
}

static void not_started(void **state)
{
        (void)state;
        struct seen seen = {0};
        struct cf_kernel_end end = {0};
        char word_none[] = "/nonexistent/command", word_root[] = "/";
        char *const none[] = {word_none, NULL}, *const folder[] = {word_root, NULL};
        assert_int_equal(watch(&seen, none, &end), 0);
        assert_int_equal(end.exec_error, ENOENT);
        assert_int_equal(watch(&seen, folder, &end), 0);
        assert_int_equal(end.exec_error, EACCES);
        assert_int_equal(seen.calls, 0);
}

/* What the kernel refuses to load is refused with nothing left behind. */
static void broken_filter(void **state)
{
        (void)state;
        const struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 3)};
        char word_true[] = "true";
        char *const words[] = {word_true, NULL};
        struct cf_kernel_command command = {words, code, CF_COUNT(code)};
        struct cf_kernel_watch with = {.called = called};
        struct cf_kernel_end end = {.status = 77};
        struct cf_error err = {0};
        assert_int_equal(cf_kernel_watch(&command, &with, &end, &err), -EINVAL);
        assert_int_equal(end.status, 77);
        assert_int_equal(err.code, -EINVAL);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static int open_files(void)
{
        int count = 0;
        for (int fd = 0; fd < 256; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

/* Signals and descriptors are as before; an ignored SIGCHLD does not lose the status. */
static void put_back(void **state)
{
        (void)state;
        struct seen seen = {.answer = {.error = EPERM}};
        struct cf_kernel_end end;
        struct sigaction action;
        sigset_t before, after;
        int files = open_files();
        sigemptyset(&before);
        sigaddset(&before, SIGUSR2);
        sigprocmask(SIG_SETMASK, &before, NULL);
        signal(SIGCHLD, SIG_IGN);
        assert_int_equal(watch(&seen, make_folder, &end), 0);
        assert_int_equal(WEXITSTATUS(end.status), 1);
        sigaction(SIGCHLD, NULL, &action);
        assert_true(action.sa_handler == SIG_IGN);
        signal(SIGCHLD, SIG_DFL);
        sigprocmask(SIG_SETMASK, NULL, &after);
        for (int i = 1; i < 32; i++)
                assert_int_equal(sigismember(&after, i), i == SIGUSR2);
        sigemptyset(&after);
        sigprocmask(SIG_SETMASK, &after, NULL);
        assert_int_equal(open_files(), files);
}

/* ---- held calls ----------------------------------------------------------------------------- */

struct desk {
        struct cf_kernel_call call;
        bool held;
        unsigned calls, looks, interrupts;
        int signal; /* SIGKILL: to the caller, at the second look; SIGTERM: to us, at once; 0 */
        bool waited;
};

static struct cf_kernel_answer hold(void *context, const struct cf_kernel_call *call)
{
        struct desk *desk = context;
        desk->call = *call;
        desk->held = true;
        desk->calls++;
        desk->looks = 0;
        if (desk->signal == SIGTERM)
                kill(getpid(), SIGTERM);
        return (struct cf_kernel_answer){.hold = true};
}

static void attend(void *context, bool readable)
{
        struct desk *desk = context;
        assert_false(readable);
        assert_true(desk->held);
        desk->looks++;
        if (desk->looks == 2 && desk->signal == SIGKILL)
                kill(desk->call.tid, SIGKILL);
        bool waits = cf_kernel_call_waits(&desk->call);
        if (desk->looks < 2 || (desk->signal == SIGKILL && waits))
                return;
        desk->held = false;
        desk->waited = cf_kernel_call_answer(&desk->call, (struct cf_kernel_answer){.run = true});
        assert_true(waits || !desk->waited); /* it may end between the two */
}

static void interrupted(void *context, int signal)
{
        struct desk *desk = context;
        assert_int_equal(signal, SIGTERM);
        desk->interrupts++;
}

static int watch_held(struct desk *desk, char *const *words, struct cf_kernel_end *ret_end)
{
        struct cf_kernel_command command = {words, handed, CF_COUNT(handed)};
        struct cf_kernel_watch with = {.called = hold,
                                       .context = desk,
                                       .attend = attend,
                                       .input = -1,
                                       .interrupted = interrupted};
        struct cf_error err = {0};
        return cf_kernel_watch(&command, &with, ret_end, &err);
}

/* A held call waits, and is then made as it was. */
static void held_and_run(void **state)
{
        (void)state;
        char path[] = "/tmp/confined-watch-XXXXXX";
        assert_non_null(mkdtemp(path));
        char below[64];
        snprintf(below, sizeof(below), "%s/below", path);
        char *const words[] = {word_mkdir, below, NULL};
        struct desk desk = {0};
        struct cf_kernel_end end;
        assert_int_equal(watch_held(&desk, words, &end), 0);
        assert_int_equal(end.status, 0);
        assert_int_equal(desk.calls, 1);
        assert_true(desk.waited);
        assert_int_equal(rmdir(below), 0);
        assert_int_equal(rmdir(path), 0);
}

/* Killed while it waits: it is gone, and nothing hangs. */
static void held_and_gone(void **state)
{
        (void)state;
        struct desk desk = {.signal = SIGKILL};
        struct cf_kernel_end end;
        assert_int_equal(watch_held(&desk, make_folder, &end), 0);
        assert_true(WIFSIGNALED(end.status));
        assert_int_equal(WTERMSIG(end.status), SIGKILL);
        assert_int_equal(desk.calls, 1);
        /* Its exit may end the whole before it is looked at again. */
        assert_false(desk.waited);
}

/* A signal that would end it is told of. */
static void held_and_interrupted(void **state)
{
        (void)state;
        struct desk desk = {.signal = SIGTERM};
        struct cf_kernel_end end;
        assert_int_equal(watch_held(&desk, make_folder, &end), 0);
        assert_true(WIFSIGNALED(end.status));
        assert_int_equal(WTERMSIG(end.status), SIGTERM);
        assert_int_equal(desk.interrupts, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(error_and_success), cmocka_unit_test(killing),
                cmocka_unit_test(not_started),       cmocka_unit_test(broken_filter),
                cmocka_unit_test(put_back),          cmocka_unit_test(held_and_run),
                cmocka_unit_test(held_and_gone),     cmocka_unit_test(held_and_interrupted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
