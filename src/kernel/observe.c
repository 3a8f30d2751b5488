/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/bpf.h"
#include "kernel/observe-shared.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* generated */
#include "observe.skel.h"
#pragma GCC diagnostic pop

#define X32_BIT 0x40000000u
#define NR_CLONE3 435 /* of every architecture */
#if defined(__x86_64__)
static const uint32_t slots[CF_CALL_SLOTS] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
                                              AUDIT_ARCH_X86_64};
#else
static const uint32_t slots[CF_CALL_SLOTS] = {AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
                                              AUDIT_ARCH_AARCH64};
#endif

struct cf_observer {
        struct observe_bpf *programs;
        struct ring_buffer *ring;
        int (*seen)(void *context, const struct cf_observed *event);
        void *context;
        int exits; /* keeps sys_exit watched, where that began late; -1 */
};

/* ---- beginning ----------------------------------------------------------------------------------
 */

static bool is_locked_down(void)
{
        char text[128] = "";
        int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                close(fd);
        return size > 0 && strstr(text, "[confidentiality]");
}

static int explain(struct cf_error *err, int r)
{
        const char *complaint = cf_bpf_complaint();
        if (access("/sys/kernel/btf/vmlinux", F_OK) < 0)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "this kernel has no BTF (/sys/kernel/btf/vmlinux), without "
                                    "which it cannot be watched: boot one that is built with "
                                    "CONFIG_DEBUG_INFO_BTF");
        if ((r == -EPERM || r == -EACCES) && is_locked_down())
                return cf_error_set(err, -EPERM, NULL,
                                    "the kernel is locked down (confidentiality) and cannot be "
                                    "watched: boot with lockdown=integrity or none");
        if (r == -EPERM)
                return cf_error_set(err, -EPERM, NULL,
                                    "no right to watch the kernel: run as root (CAP_BPF and "
                                    "CAP_PERFMON, or CAP_SYS_ADMIN, in the first user namespace, "
                                    "and no filter that refuses bpf(2))");
        if (r == -ENOMEM)
                return cf_error_set(err, r, NULL, "not enough memory");
        return cf_error_set(err, -ENOTSUP, NULL,
                            "this kernel cannot be watched (%s%s%s): it needs Linux 5.15 or later "
                            "with BTF",
                            strerror(-r), *complaint ? "; " : "", complaint);
}

/* Runs the program that looks at all tasks. */
static int look(struct cf_observer *observer)
{
        char nothing[64];
        int fd = bpf_iter_create(bpf_link__fd(observer->programs->links.on_look));
        if (fd < 0)
                return -errno;
        ssize_t size;
        do
                size = read(fd, nothing, sizeof(nothing));
        while (size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN)));
        int r = size < 0 ? -errno : 0;
        close(fd);
        return r;
}

/* The counter of a call of which an argument is wanted. */
static bool call_of(const struct cf_observe_argument *argument, uint32_t *ret_call)
{
        uint32_t nr = argument->nr & ~X32_BIT, slot = 0;
        while (slot < CF_CALL_SLOTS &&
               (slots[slot] != argument->arch || (slot == 2) != ((argument->nr & X32_BIT) != 0)))
                slot++;
        *ret_call = slot * CF_CALLS + nr;
        return slot < CF_CALL_SLOTS && nr < CF_CALLS - 1 && argument->arg < CF_SEEN_ARGS;
}

/* Tells the programs which paths are read. */
static int want_paths(struct cf_observer *observer, const struct cf_observe_wanted *wanted)
{
        int fd = bpf_map__fd(observer->programs->maps.paths);
        for (size_t i = 0; i < wanted->path_count; i++) {
                uint32_t call, arg = wanted->paths[i].arg + 1u;
                if (call_of(&wanted->paths[i], &call) &&
                    bpf_map_update_elem(fd, &call, &arg, 0) < 0)
                        return -errno;
        }
        return 0;
}

/* Tells the programs which arguments' values are kept. */
static void want_arguments(struct cf_observer *observer, const struct cf_observe_wanted *wanted)
{
        for (size_t i = 0; i < wanted->argument_count; i++) {
                const struct cf_observe_argument *argument = &wanted->arguments[i];
                uint32_t call, *mask;
                if (!call_of(argument, &call))
                        continue;
                mask = &observer->programs->bss->wanted[call];
                *mask |= 1u << argument->arg;
                if (argument->narrow)
                        *mask |= 1u << (CF_NARROW_SHIFT + argument->arg);
                if ((argument->nr & ~X32_BIT) == NR_CLONE3 && argument->arg == 0)
                        *mask |= CF_VALUES_BEHIND;
        }
}

static int take_event(void *context, void *data, size_t size);

static int start(struct cf_observer *observer, const struct cf_observe_wanted *wanted,
                 struct cf_error *err)
{
        observer->programs = observe_bpf__open();
        if (!observer->programs)
                return explain(err, -errno);
        struct observe_bpf *programs = observer->programs;
        if (wanted->ring_kib)
                bpf_map__set_max_entries(programs->maps.ring, wanted->ring_kib * 1024);
        static const uint32_t scopes[] = {
                [CF_OBSERVE_ALL] = CF_SCOPE_ALL,   [CF_OBSERVE_GROUP] = CF_SCOPE_GROUP,
                [CF_OBSERVE_TREE] = CF_SCOPE_TREE, [CF_OBSERVE_MARK] = CF_SCOPE_MARK,
                [CF_OBSERVE_NEW] = CF_SCOPE_NEW,
        };
        programs->rodata->asked = (struct cf_seen_asked){
                .scope = scopes[wanted->scope],
                .mark = wanted->mark,
                .failed = wanted->failed,
                .count = wanted->count,
                .bare = !wanted->count    ? CF_BARE_NOT
                        : wanted->present ? CF_BARE_PRESENT
                        : wanted->bare    ? CF_BARE_STARTED
                                          : CF_BARE_NOT,
                .ignored = (uint32_t)getpid(),
                .permitted = wanted->permitted,
        };
        if (wanted->permitted)
                bpf_program__set_autoattach(programs->progs.on_exit, false);
        int r = observe_bpf__load(programs);
        if (r < 0)
                return explain(err, r);
        struct cf_seen_settings *settings = &programs->bss->settings;
        bool looked = wanted->scope != CF_OBSERVE_ALL && wanted->scope != CF_OBSERVE_MARK;
        settings->root = looked && !wanted->group ? (uint32_t)wanted->pid : 0;
        settings->group = wanted->group;
        want_arguments(observer, wanted);
        r = want_paths(observer, wanted);
        if (r == 0)
                r = observe_bpf__attach(programs);
        if (r < 0)
                return explain(err, r);
        if (looked) {
                r = look(observer);
                if (r < 0)
                        return explain(err, r);
                if (!settings->found && !wanted->group)
                        return cf_error_set(err, -ESRCH, NULL,
                                            "there is no process %ld in the first PID namespace: "
                                            "it has ended, or confined itself runs in another",
                                            (long)wanted->pid);
        }
        observer->ring =
                ring_buffer__new(bpf_map__fd(programs->maps.ring), take_event, observer, NULL);
        if (!observer->ring)
                return explain(err, -errno);
        __atomic_store_n(&settings->on, 1, __ATOMIC_SEQ_CST);
        return 0;
}

int cf_observer_open(const struct cf_observe_wanted *wanted, struct cf_observer **ret_observer,
                     struct cf_error *err)
{
        int r = cf_bpf_load(err);
        if (r < 0)
                return r;
        struct cf_observer *observer = calloc(1, sizeof(*observer));
        if (!observer)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        observer->exits = -1;
        r = start(observer, wanted, err);
        if (r < 0) {
                cf_observer_close(observer);
                return r;
        }
        *ret_observer = observer;
        return 0;
}

void cf_observer_close(struct cf_observer *observer)
{
        if (!observer)
                return;
        if (observer->ring)
                ring_buffer__free(observer->ring);
        if (observer->exits >= 0)
                close(observer->exits);
        if (observer->programs)
                observe_bpf__destroy(observer->programs);
        free(observer);
}

int cf_observer_fd(const struct cf_observer *observer)
{
        return ring_buffer__epoll_fd(observer->ring);
}

/* ---- events -------------------------------------------------------------------------------------
 */

static enum cf_observed_kind kind_of(uint32_t kind)
{
        static const enum cf_observed_kind kinds[] = {
                [CF_SEEN_REFUSED] = CF_OBSERVED_REFUSED, [CF_SEEN_UNSURE] = CF_OBSERVED_UNSURE,
                [CF_SEEN_TRAPPED] = CF_OBSERVED_TRAPPED, [CF_SEEN_KILLED] = CF_OBSERVED_KILLED,
                [CF_SEEN_SKIPPED] = CF_OBSERVED_SKIPPED, [CF_SEEN_FAILED] = CF_OBSERVED_FAILED,
                [CF_SEEN_BEGUN] = CF_OBSERVED_BEGUN,
        };
        return kinds[kind];
}

/* Something may be refused from now on. Threads that are in a call have no mark: their next return
 * is not taken for a refusal. */
static int watch_exits(struct cf_observer *observer)
{
        struct observe_bpf *programs = observer->programs;
        if (observer->exits >= 0)
                return 0;
        __atomic_store_n(&programs->bss->settings.exits, 1, __ATOMIC_SEQ_CST);
        observer->exits = bpf_raw_tracepoint_open(NULL, bpf_program__fd(programs->progs.on_exit));
        return observer->exits < 0 ? -errno : 0;
}

static int take_event(void *context, void *data, size_t size)
{
        struct cf_observer *observer = context;
        const struct cf_seen_event *seen = data;
        if (size < offsetof(struct cf_seen_event, path))
                return 0;
        if (seen->kind == CF_SEEN_LOADS)
                return watch_exits(observer);
        struct cf_observed event = {
                .kind = kind_of(seen->kind),
                .time_ns = seen->time_ns,
                .group = seen->group,
                .arch = seen->arch,
                .nr = seen->nr,
                .result = seen->result,
                .pid = (pid_t)seen->pid,
                .tid = (pid_t)seen->tid,
                .parent = (pid_t)seen->parent,
                .capabilities = seen->capabilities,
                .initial = seen->user_level == 0,
                .mode = seen->mode,
                .filters = seen->filters,
        };
        memcpy(event.args, seen->args, sizeof(event.args));
        memcpy(event.name, seen->comm, sizeof(seen->comm));
        event.clone_flags = seen->clone_flags;
        if (size >= sizeof(*seen))
                memcpy(event.path, seen->path, sizeof(event.path) - 1);
        return observer->seen(observer->context, &event);
}

int cf_observer_read(struct cf_observer *observer,
                     int (*seen)(void *context, const struct cf_observed *event), void *context,
                     struct cf_error *err)
{
        observer->seen = seen;
        observer->context = context;
        int r = ring_buffer__consume(observer->ring);
        return r < 0 ? cf_error_set(err, r, NULL, "reading what was seen: %s", strerror(-r)) : 0;
}

/* ---- counts -------------------------------------------------------------------------------------
 */

int cf_observer_totals(struct cf_observer *observer, struct cf_arena *arena,
                       struct cf_observed_total **ret_totals, size_t *ret_count,
                       struct cf_error *err)
{
        int fd = bpf_map__fd(observer->programs->maps.counters);
        struct cf_seen_key key, next;
        struct cf_observed_total *totals =
                cf_arena_many(arena, CF_OBSERVE_TOTALS_MAX, __typeof__(*totals));
        size_t count = 0;
        if (!totals)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (void *before = NULL; bpf_map_get_next_key(fd, before, &next) == 0; before = &key) {
                uint64_t value;
                key = next;
                if (count == CF_OBSERVE_TOTALS_MAX || bpf_map_lookup_elem(fd, &key, &value) < 0)
                        continue;
                totals[count++] = (struct cf_observed_total){
                        .group = key.group,
                        .arch = key.arch,
                        .nr = key.nr,
                        .error = -key.result,
                        .kind = kind_of(key.kind),
                        .count = value,
                };
        }
        *ret_totals = totals;
        *ret_count = count;
        return 0;
}

/* A program that is entered again on the same processor is not run. */
static uint64_t not_run(const struct cf_observer *observer)
{
        const struct bpf_program *programs[] = {
                observer->programs->progs.on_enter, observer->programs->progs.on_exit,
                observer->programs->progs.on_fork, observer->programs->progs.on_exec};
        uint64_t sum = 0;
        for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
                struct bpf_prog_info info = {0};
                uint32_t size = sizeof(info);
                if (bpf_obj_get_info_by_fd(bpf_program__fd(programs[i]), &info, &size) == 0)
                        sum += info.recursion_misses;
        }
        return sum;
}

struct cf_observed_losses cf_observer_losses(const struct cf_observer *observer)
{
        const struct cf_seen_settings *settings = &observer->programs->bss->settings;
        return (struct cf_observed_losses){
                .events = __atomic_load_n(&settings->dropped, __ATOMIC_RELAXED),
                .uncounted = __atomic_load_n(&settings->uncounted, __ATOMIC_RELAXED),
                .unmarked =
                        __atomic_load_n(&settings->unmarked, __ATOMIC_RELAXED) + not_run(observer),
        };
}

/* The architecture and the number of a counter. */
static uint32_t arch_of(uint32_t call)
{
        return slots[call / CF_CALLS];
}

static uint32_t number_of(uint32_t call)
{
        return call % CF_CALLS | (call / CF_CALLS == 2 ? X32_BIT : 0);
}

int cf_observer_calls(struct cf_observer *observer, struct cf_arena *arena,
                      struct cf_observed_call **ret_calls, size_t *ret_count, struct cf_error *err)
{
        int fd = bpf_map__fd(observer->programs->maps.calls), cpus = libbpf_num_possible_cpus();
        if (cpus <= 0)
                return cf_error_set(err, cpus, NULL, "the number of processors is not known");
        uint64_t *values = cf_arena_many(arena, (size_t)cpus, uint64_t);
        struct cf_observed_call *calls =
                cf_arena_many(arena, (size_t)CF_CALLS * CF_CALL_SLOTS, __typeof__(*calls));
        size_t count = 0;
        if (!values || !calls)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (uint32_t i = 0; i < CF_CALL_KINDS; i++) {
                struct cf_observed_call call = {.arch = arch_of(i), .nr = number_of(i)};
                uint32_t before = i + CF_CALL_KINDS;
                if (bpf_map_lookup_elem(fd, &i, values) < 0)
                        return cf_error_set(err, -errno, NULL, "reading counters of calls: %s",
                                            strerror(errno));
                for (int k = 0; k < cpus; k++)
                        call.count += values[k];
                if (bpf_map_lookup_elem(fd, &before, values) == 0)
                        for (int k = 0; k < cpus; k++)
                                call.before += values[k];
                if (call.count || call.before)
                        calls[count++] = call;
        }
        *ret_calls = calls;
        *ret_count = count;
        return 0;
}

static uint8_t argument_of(uint32_t column)
{
        return (uint8_t)(column < CF_SEEN_ARGS ? column : 0);
}

/* Rows for arguments of which there are more values than are kept. */
static int add_open(struct cf_observer *observer, struct cf_observed_value *values, size_t *count)
{
        int fd = bpf_map__fd(observer->programs->maps.kept);
        for (uint32_t i = 0; i < CF_CALL_KINDS * CF_VALUE_ARGS; i++) {
                uint32_t kept, call = i / CF_VALUE_ARGS;
                if (bpf_map_lookup_elem(fd, &i, &kept) < 0)
                        return -errno;
                if (kept > CF_VALUES_EACH)
                        values[(*count)++] = (struct cf_observed_value){
                                .arch = arch_of(call),
                                .nr = number_of(call),
                                .arg = argument_of(i % CF_VALUE_ARGS),
                                .open = true,
                                .behind = i % CF_VALUE_ARGS == CF_SEEN_ARGS,
                        };
        }
        return 0;
}

int cf_observer_values(struct cf_observer *observer, struct cf_arena *arena,
                       struct cf_observed_value **ret_values, size_t *ret_count,
                       struct cf_error *err)
{
        int fd = bpf_map__fd(observer->programs->maps.values);
        struct cf_value_key key, next;
        struct cf_observed_value *values = cf_arena_many(
                arena, CF_VALUES_MAX + (size_t)CF_CALL_KINDS * CF_VALUE_ARGS, __typeof__(*values));
        size_t count = 0;
        if (!values)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (void *before = NULL; bpf_map_get_next_key(fd, before, &next) == 0; before = &key) {
                uint64_t number;
                key = next;
                if (count == CF_VALUES_MAX || key.call >= CF_CALL_KINDS ||
                    bpf_map_lookup_elem(fd, &key, &number) < 0)
                        continue;
                values[count++] = (struct cf_observed_value){
                        .arch = arch_of(key.call),
                        .nr = number_of(key.call),
                        .arg = argument_of(key.arg),
                        .behind = key.arg == CF_SEEN_ARGS,
                        .value = key.value,
                        .count = number,
                };
        }
        int r = add_open(observer, values, &count);
        if (r < 0)
                return cf_error_set(err, r, NULL, "reading values of arguments: %s", strerror(-r));
        *ret_values = values;
        *ret_count = count;
        return 0;
}
