/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define PROGRAM_MAX (CF_FILTER_MAX * sizeof(struct sock_filter))
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

/* What both processes see. Behind it: for each rule its number, then those on
 * each architecture. */
struct shared {
        volatile uint32_t stage;
        volatile int32_t code;
        volatile uint64_t at;
};

/* ---- the child ------------------------------------------------------------------------------ */

struct work {
        const struct request *request;
        struct shared *shared;
        int32_t *native, *numbers;
        int fd;
};

static int add_arches(struct work *work, void *filter)
{
        const struct library *library = work->request->library;
        int r = 0;
        /* Taken away first: the library refuses machines of two byte orders in one filter. */
        if (work->request->foreign) {
                r = library->arch_remove(filter, library->arch_native());
                if (r == 0)
                        r = library->arch_add(filter, work->request->machine);
        }
        for (size_t i = 0; r == 0 && i < work->request->arch_count; i++) {
                work->shared->at = i;
                r = library->arch_add(filter, work->request->arches[i]);
                if (r == -EEXIST)
                        r = 0;
        }
        return r;
}

static int add_rule(struct work *work, void *filter, const struct request_rule *rule)
{
        const struct library *library = work->request->library;
        int call = library->syscall_resolve_name(rule->name), r = 0;
        if (call == LIBRARY_NO_CALL)
                return 0;
        if (!rule->apart)
                return library->rule_add_array(filter, rule->value, call, rule->count,
                                               rule->conditions);
        for (unsigned i = 0; r == 0 && i < rule->count; i++)
                r = library->rule_add_array(filter, rule->value, call, 1, &rule->conditions[i]);
        return r;
}

/* What the library knows of the names; asked first, so that it is told whatever happens later. */
static void look_names_up(struct work *work)
{
        const struct request *request = work->request;
        int32_t *number = work->numbers;
        for (size_t i = 0; i < request->count; i++) {
                const char *name = request->rules[i].name;
                work->native[i] = request->library->syscall_resolve_name(name);
                for (size_t k = 0; k < request->arch_count; k++)
                        *number++ = request->library->syscall_resolve_name_arch(request->arches[k],
                                                                                name);
        }
}

static int build(struct work *work)
{
        const struct request *request = work->request;
        const struct library *library = request->library;
        look_names_up(work);
        work->shared->stage = ANSWER_INIT;
        void *filter = library->init(request->default_value);
        if (!filter)
                return -EINVAL;
        work->shared->stage = ANSWER_ARCH;
        int r = add_arches(work, filter);
        if (r < 0)
                return r;
        work->shared->stage = ANSWER_TREE;
        if (request->tree)
                library->attr_set(filter, LIBRARY_OPTIMIZE, 2); /* an old one may not know it */
        r = library->attr_set(filter, LIBRARY_NO_NEW_PRIVILEGES, 0);
        if (r < 0)
                return r;
        work->shared->stage = ANSWER_RULE;
        for (size_t i = 0; r == 0 && i < request->count; i++) {
                work->shared->at = i;
                if (!request->rules[i].skipped)
                        r = add_rule(work, filter, &request->rules[i]);
        }
        if (r < 0)
                return r;
        work->shared->stage = ANSWER_EXPORT;
        r = library->export_bpf(filter, work->fd);
        if (r == 0)
                work->shared->stage = ANSWER_DONE;
        return r;
}

/* Memory that the process has now, in bytes. */
static size_t memory_now(void)
{
        char text[64] = "";
        CF_CLOSE int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        return size <= 0 ? 0 : strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void limit(const struct request *request, size_t memory)
{
        rlim_t seconds = (request->timeout_ms + 999) / 1000 + 1;
        setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds + 1});
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef SANITIZED /* shadow memory has no limit */
        if (memory)
                setrlimit(RLIMIT_AS,
                          &(struct rlimit){memory + CF_RUNTIME_MEMORY, memory + CF_RUNTIME_MEMORY});
#else
        (void)memory;
#endif
}

_Noreturn static void run_child(struct work *work, pid_t parent, size_t memory)
{
        sigset_t none;
        unsigned fd = (unsigned)work->fd;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(1);
        for (int i = 1; i < SIGRTMIN; i++) /* the parent's handlers are none of the child's */
                signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        /* Nothing of the parent's is kept open, least of all another child's pipe. */
        if (fd > 0)
                close_range(0, fd - 1, 0);
        close_range(fd + 1, ~0u, 0);
        limit(work->request, memory);
        work->shared->code = build(work);
        _exit(0);
}

/* ---- the parent ----------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Reads until the child has closed its end, or the time is up. */
static size_t read_program(int fd, char *program, size_t room, int64_t deadline, bool *ret_late)
{
        size_t size = 0;
        *ret_late = false;
        while (size < room) {
                int64_t left = deadline - now_ms();
                struct pollfd ready = {.fd = fd, .events = POLLIN};
                int r = left <= 0 ? 0 : poll(&ready, 1, (int)left);
                if (r < 0 && errno == EINTR)
                        continue;
                if (r <= 0) {
                        *ret_late = true;
                        break;
                }
                ssize_t more = read(fd, program + size, room - size);
                if (more < 0 && errno == EINTR)
                        continue;
                if (more <= 0)
                        break;
                size += (size_t)more;
        }
        return size;
}

/* Ends the child if it has not ended; how it ended. */
static int reap(pid_t child)
{
        int status = 0;
        pid_t r;
        kill(child, SIGKILL); /* it has closed its end, or has had its time */
        while ((r = waitpid(child, &status, 0)) < 0 && errno == EINTR)
                ;
        return r == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int start(struct work *work, int ends[2], pid_t *ret_child, struct cf_error *err)
{
        size_t memory = memory_now();
        pid_t parent = getpid();
        if (pipe2(ends, O_CLOEXEC) < 0)
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerror(errno));
        work->fd = ends[1];
        pid_t child = fork();
        if (child == 0) {
                close(ends[0]);
                run_child(work, parent, memory);
        }
        int r = child < 0 ? -errno : 0;
        close(ends[1]);
        if (r < 0) {
                close(ends[0]);
                return cf_error_set(err, r, NULL, "no process to run libseccomp in: %s",
                                    strerror(-r));
        }
        *ret_child = child;
        return 0;
}

/* Copies what the child told, checked, out of what it can no longer change. */
static int copy_answer(struct cf_arena *arena, const struct work *work, struct answer *answer)
{
        const struct request *request = work->request;
        answer->stage = work->shared->stage <= ANSWER_DONE ? work->shared->stage : ANSWER_STARTED;
        answer->code = work->shared->code;
        answer->at = work->shared->at <= SIZE_MAX ? (size_t)work->shared->at : 0;
        size_t numbers = request->count * request->arch_count;
        answer->native = cf_arena_many(arena, request->count, int32_t);
        answer->numbers = cf_arena_many(arena, numbers, int32_t);
        if (!answer->native || !answer->numbers)
                return -ENOMEM;
        memcpy(answer->native, work->native, request->count * sizeof(int32_t));
        memcpy(answer->numbers, work->numbers, numbers * sizeof(int32_t));
        return 0;
}

static int ask(struct cf_arena *arena, struct work *work, struct answer *answer,
               struct cf_error *err)
{
        int ends[2];
        pid_t child = 0;
        size_t room = PROGRAM_MAX + 1;
        char *program = cf_arena_alloc(arena, room);
        if (!program)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int64_t deadline = now_ms() + work->request->timeout_ms;
        int r = start(work, ends, &child, err);
        if (r < 0)
                return r;
        size_t size = read_program(ends[0], program, room, deadline, &answer->late);
        close(ends[0]);
        answer->signal = reap(child);
        answer->large = size == room;
        answer->program = (struct cf_span){program, size};
        return copy_answer(arena, work, answer) < 0
                       ? cf_error_set(err, -ENOMEM, NULL, "not enough memory")
                       : 0;
}

int child_ask(struct cf_arena *arena, const struct request *request, struct answer *ret_answer,
              struct cf_error *err)
{
        /* Names are limited, and architectures are few. */
        size_t size = sizeof(struct shared) +
                      request->count * (request->arch_count + 1) * sizeof(int32_t);
        struct answer answer = {0};
        struct shared *shared =
                mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        struct work work = {
                .request = request, .shared = shared, .native = (int32_t *)(shared + 1)};
        work.numbers = work.native + request->count;
        int r = ask(arena, &work, &answer, err);
        munmap(shared, size);
        if (r == 0)
                *ret_answer = answer;
        return r;
}
