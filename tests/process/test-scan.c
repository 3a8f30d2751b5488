/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that look like /proc: who is foreign, who came in from outside, whose they are. */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "process/process.h"
#include "unit.h"

#define HOST_PID_NS 4026531836u
#define HOST_MNT_NS 4026531841u
#define ID "559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3"
#define ID2 "2cbdd8e60d2d2ac5d567019b9ec9f03406ded2ca7b05901bc0f43070f0dd9333"

struct fake {
        int pid, parent;
        const char *inner; /* NSpid behind the outer number; NULL: the reader's namespace alone */
        int mode;
        const char *cgroup;
        unsigned pid_ns, mnt_ns; /* 0: no link; 1 and above stand for themselves */
        unsigned start;
        const char *name;
        const char *root; /* below the test's folder; NULL: the system's */
        char state;       /* 0: 'S' */
        int threads;      /* 0: 1 */
        bool kernel;
};

#define ROW(a, b, c, d, e) .pid = a, .parent = b, .inner = c, .mode = d, .cgroup = e
#define NS(a, b) .pid_ns = a, .mnt_ns = b

static char top[] = "/tmp/confined-proc-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static int set_up(void **state)
{
        (void)state;
        memcpy(top, "/tmp/confined-proc-XXXXXX", sizeof(top));
        assert_non_null(mkdtemp(top));
        char path[128];
        snprintf(path, sizeof(path), "%s/system", top);
        assert_int_equal(mkdir(path, 0755), 0);
        snprintf(path, sizeof(path), "%s/other", top);
        assert_int_equal(mkdir(path, 0755), 0);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(int pid, const char *name, const char *text, size_t size)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/proc/%d/%s", top, pid, name);
        CF_FCLOSE FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, size, file), size);
}

static void put_link(int pid, const char *name, const char *target)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/proc/%d/%s", top, pid, name);
        assert_int_equal(symlink(target, path), 0);
}

static void make_dir(int pid, const char *name)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/proc/%d%s%s", top, pid, *name ? "/" : "", name);
        assert_int_equal(mkdir(path, 0755), 0);
}

static int status_text(char *text, size_t room, const struct fake *fake, int mode)
{
        return snprintf(text, room,
                        "Name:\t%s\nState:\t%c\nTgid:\t%d\nPPid:\t%d\nUid:\t0\t0\t0\t0\n"
                        "NSpid:\t%d%s%s\n%s%sThreads:\t%d\nCapEff:\t0\nNoNewPrivs:\t0\n"
                        "Seccomp:\t%d\nSeccomp_filters:\t%d\n",
                        fake->name ? fake->name : "sh", fake->state ? fake->state : 'S', fake->pid,
                        fake->parent, fake->pid, fake->inner ? "\t" : "",
                        fake->inner ? fake->inner : "", fake->kernel ? "Kthread:\t1\n" : "",
                        fake->kernel || fake->state == 'Z' ? "" : "VmSize:\t1 kB\n",
                        fake->threads ? fake->threads : 1, mode, mode == 2 ? 1 : 0);
}

static void put_process(const struct fake *fake)
{
        char text[1024], link[64];
        make_dir(fake->pid, "");
        make_dir(fake->pid, "ns");
        make_dir(fake->pid, "task");
        int n = status_text(text, sizeof(text), fake, fake->mode);
        put(fake->pid, "status", text, (size_t)n);
        n = snprintf(text, sizeof(text), "0::%s\n", fake->cgroup ? fake->cgroup : "/");
        put(fake->pid, "cgroup", text, (size_t)n);
        put(fake->pid, "cmdline", "/bin/sh\0-c\0x\0", 13);
        n = snprintf(text, sizeof(text),
                     "%d (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %u 0 0\n", fake->pid,
                     fake->start);
        put(fake->pid, "stat", text, (size_t)n);
        if (fake->pid_ns) {
                snprintf(link, sizeof(link), "pid:[%u]", fake->pid_ns);
                put_link(fake->pid, "ns/pid", link);
        }
        if (fake->mnt_ns) {
                snprintf(link, sizeof(link), "mnt:[%u]", fake->mnt_ns);
                put_link(fake->pid, "ns/mnt", link);
        }
        snprintf(link, sizeof(link), "%s/%s", top, fake->root ? fake->root : "system");
        put_link(fake->pid, "root", link);
}

static void put_thread(const struct fake *fake, int tid, int mode)
{
        char text[1024], name[64];
        snprintf(name, sizeof(name), "task/%d", tid);
        make_dir(fake->pid, name);
        snprintf(name, sizeof(name), "task/%d/status", tid);
        struct fake thread = *fake;
        if (tid != fake->pid)
                thread.state = 'S';
        int n = status_text(text, sizeof(text), &thread, mode);
        put(fake->pid, name, text, (size_t)n);
}

static void make_proc(const struct fake *fakes, size_t count)
{
        char path[128];
        snprintf(path, sizeof(path), "%s/proc", top);
        assert_int_equal(mkdir(path, 0755), 0);
        for (size_t i = 0; i < count; i++)
                put_process(&fakes[i]);
}

static void scan(struct cf_arena *arena, struct cf_process_list *list)
{
        char path[128];
        struct cf_error err = {0};
        snprintf(path, sizeof(path), "%s/proc", top);
        if (cf_process_scan(arena, path, list, &err) < 0)
                fail_msg("%s", err.frames[0].message);
}

static const struct cf_process *find(const struct cf_process_list *list, int pid)
{
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i].pid == pid)
                        return &list->items[i];
        return NULL;
}

static const struct fake first = {ROW(1, 0, NULL, 0, "/init.scope"), NS(HOST_PID_NS, HOST_MNT_NS),
                                  .start = 1};

static void who_is_foreign(void **state)
{
        (void)state;
        static const struct {
                struct fake fake;
                bool foreign;
        } rows[] = {
                /* a service with PrivateTmp=, a browser's helper, a rootless engine's own process
                 */
                {{ROW(10, 1, NULL, 0, "/system.slice/a.service"), NS(HOST_PID_NS, 77)}, false},
                {{ROW(11, 1, "1", 0, "/user.slice/b.scope"), NS(78, HOST_MNT_NS)}, false},
                {{ROW(12, 1, NULL, 0, "/user.slice/c.service"), NS(HOST_PID_NS, 79)}, false},
                /* put into a container's cgroup by hand: not foreign, and attributed by its id */
                {{ROW(13, 1, NULL, 0, "/docker/" ID), NS(HOST_PID_NS, HOST_MNT_NS)}, false},
                /* a container; with --pid=host; a root directory of its own; with --rootfs / */
                {{ROW(20, 1, "1", 0, "/docker/" ID), NS(80, 81), .root = "other"}, true},
                {{ROW(21, 1, NULL, 0, "/docker/" ID2), NS(HOST_PID_NS, 82), .root = "other"}, true},
                {{ROW(22, 1, NULL, 0, "/x.service"), NS(HOST_PID_NS, 83), .root = "other"}, true},
                {{ROW(23, 1, "1", 0, "/x.service"), NS(84, 85)}, true},
                {{ROW(24, 1, NULL, 0, "/libpod_parent/libpod-" ID), NS(HOST_PID_NS, 86)}, true},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(&first, 1);
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                put_process(&rows[i].fake);
        scan(arena, &list);
        assert_int_equal(list.count, CF_COUNT(rows) + 1);
        assert_true(list.pid_ns == HOST_PID_NS && list.mnt_ns == HOST_MNT_NS);
        assert_false(list.hidden);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct cf_process *process = find(&list, rows[i].fake.pid);
                assert_non_null(process);
                if (process->foreign != rows[i].foreign)
                        fail_msg("PID %d", process->pid);
        }
        assert_string_equal(find(&list, 20)->command, "/bin/sh -c x");
        assert_string_equal(find(&list, 20)->container, ID);
        assert_string_equal(find(&list, 20)->engine, "docker");
        assert_null(find(&list, 10)->command);
}

/* Another user's processes, read without rights: no links. */
static void without_rights(void **state)
{
        (void)state;
        const struct fake fakes[] = {
                {ROW(2, 0, NULL, 0, "/"), .kernel = true, .name = "kthreadd"},
                {ROW(5, 1, NULL, 0, "/user.slice"), NS(HOST_PID_NS, HOST_MNT_NS)},
                {ROW(10, 1, "1", 0, "/docker/" ID)},
                {ROW(11, 1, "1", 0, "/user.slice/browser.scope")},
                {ROW(12, 1, NULL, 0, "/system.slice/a.service")},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(fakes, CF_COUNT(fakes));
        char path[128];
        snprintf(path, sizeof(path), "%s/proc/self", top);
        assert_int_equal(symlink("5", path), 0);
        scan(arena, &list);
        assert_int_equal(list.count, 4);
        assert_true(list.hidden);
        assert_int_equal(list.unplaced, 1);
        assert_true(list.mnt_ns == HOST_MNT_NS);
        assert_true(find(&list, 10)->foreign);
        assert_false(find(&list, 11)->foreign);
        assert_false(find(&list, 12)->foreign);
}

static void who_is_left_out(void **state)
{
        (void)state;
        const struct fake fakes[] = {
                first,
                {ROW(2, 0, NULL, 0, "/"), .kernel = true},
                {ROW(30, 1, NULL, 0, "/"), NS(HOST_PID_NS, HOST_MNT_NS), .state = 'Z'},
                {ROW(32, 1, NULL, 2, "/docker/" ID), NS(80, 81), .state = 'Z', .threads = 2},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(fakes, CF_COUNT(fakes));
        put_thread(&fakes[3], 32, 2);
        put_thread(&fakes[3], 33, 0);
        make_dir(40, ""); /* ended while it was looked at */
        make_dir(41, "");
        make_dir(41, "status");
        scan(arena, &list);
        assert_int_equal(list.count, 2);
        /* A main thread that ended hides nothing: its other threads count. */
        assert_int_equal(find(&list, 32)->mode, CF_SECCOMP_OFF);
}

static void least_filtered_thread(void **state)
{
        (void)state;
        const struct fake fakes[] = {
                first,
                {ROW(20, 1, "1", 2, "/docker/" ID), NS(80, 81), .threads = 2},
                {ROW(21, 20, "9", 2, "/docker/" ID), NS(80, 81), .threads = 2},
                {ROW(22, 20, "9", 1, "/docker/" ID), NS(80, 81), .threads = 2},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(fakes, CF_COUNT(fakes));
        put_thread(&fakes[1], 20, 2);
        put_thread(&fakes[1], 120, 2);
        put_thread(&fakes[2], 21, 2);
        put_thread(&fakes[2], 121, 0);
        put_thread(&fakes[3], 22, 1);
        put_thread(&fakes[3], 122, 2);
        scan(arena, &list);
        assert_int_equal(find(&list, 20)->mode, CF_SECCOMP_FILTER);
        assert_int_equal(find(&list, 20)->filters, 1);
        assert_int_equal(find(&list, 21)->mode, CF_SECCOMP_OFF);
        assert_int_equal(find(&list, 21)->filters, 0);
        assert_int_equal(find(&list, 22)->mode, CF_SECCOMP_FILTER);
}

static const struct fake family[] = {
        {ROW(1, 0, NULL, 0, "/init.scope"), NS(HOST_PID_NS, HOST_MNT_NS), .start = 1},
        {ROW(50, 1, NULL, 0, "/system.slice/docker.service"), NS(HOST_PID_NS, HOST_MNT_NS),
         .start = 5, .name = "containerd-shim"},
        {ROW(60, 50, "1", 2, "/docker/" ID), NS(80, 81), .start = 10}, /* the container's first */
        {ROW(61, 60, "7", 2, "/docker/" ID), NS(80, 81), .start = 11}, /* its child */
        {ROW(62, 61, "8", 2, "/docker/" ID "/init.scope"), NS(80, 81),
         .start = 11},                                                  /* and its grandchild */
        {ROW(70, 50, "12", 2, "/docker/" ID), NS(80, 81), .start = 20}, /* docker exec */
        {ROW(71, 70, "13", 2, "/docker/" ID), NS(80, 81), .start = 21},
        {ROW(75, 1, NULL, 0, "/user.slice"), NS(HOST_PID_NS, 81), .start = 30,
         .root = "other"},                                              /* nsenter */
        {ROW(76, 75, "19", 0, "/user.slice"), NS(80, 81), .start = 31}, /* and what it runs */
        {ROW(80, 1, NULL, 0, "/docker/" ID), NS(HOST_PID_NS, HOST_MNT_NS),
         .start = 40}, /* moved by cgroup.procs */
        /* --pid=host: the earliest is its first, whatever the numbers */
        {ROW(92, 50, NULL, 2, "/docker/" ID2), NS(HOST_PID_NS, 91), .start = 10},
        {ROW(93, 92, NULL, 2, "/docker/" ID2), NS(HOST_PID_NS, 91), .start = 11},
        {ROW(90, 50, NULL, 2, "/docker/" ID2), NS(HOST_PID_NS, 91), .start = 50},
};

static void who_came_from_outside(void **state)
{
        (void)state;
        static const int guests[] = {70, 71, 75, 76, 80, 90};
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(family, CF_COUNT(family));
        scan(arena, &list);
        for (size_t i = 0; i < list.count; i++) {
                bool expected = false;
                for (size_t j = 0; j < CF_COUNT(guests); j++)
                        expected |= guests[j] == list.items[i].pid;
                if (list.items[i].by_exec != expected)
                        fail_msg("PID %d", list.items[i].pid);
        }
        /* In a container's namespaces, whatever the cgroup: in the container. */
        assert_string_equal(find(&list, 75)->container, ID);
        assert_string_equal(find(&list, 76)->container, ID);
        assert_string_equal(find(&list, 76)->engine, "docker");
        assert_string_equal(find(&list, 76)->cgroup, "/user.slice");
        assert_null(find(&list, 50)->container);
}

/* Containers of one Kubernetes pod may share a PID namespace: each has its own first process. */
static void shared_pid_namespace(void **state)
{
        (void)state;
#define POD "/kubepods/burstable/pod1/"
        const struct fake fakes[] = {
                first,
                {ROW(50, 1, NULL, 0, "/x"), NS(HOST_PID_NS, HOST_MNT_NS), .start = 5},
                {ROW(60, 50, "1", 2, POD ID), NS(80, 81), .start = 10},
                {ROW(61, 50, "7", 2, POD ID2), NS(80, 82), .start = 11},
                {ROW(62, 61, "8", 2, POD ID2), NS(80, 82), .start = 12},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(fakes, CF_COUNT(fakes));
        scan(arena, &list);
        for (size_t i = 0; i < list.count; i++)
                assert_false(list.items[i].by_exec);
        assert_string_equal(find(&list, 62)->container, ID2);
}

/* A loop of parents cannot be; read at different times it may seem so. */
static void loop_of_parents(void **state)
{
        (void)state;
        const struct fake fakes[] = {
                first,
                {ROW(60, 61, "1", 2, "/docker/" ID), NS(80, 81), .start = 10},
                {ROW(61, 62, "2", 2, "/docker/" ID), NS(80, 81), .start = 11},
                {ROW(62, 60, "3", 2, "/docker/" ID), NS(80, 81), .start = 12},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        make_proc(fakes, CF_COUNT(fakes));
        scan(arena, &list);
        assert_int_equal(list.count, 4);
}

static bool holds(const struct cf_container *container, int pid)
{
        for (size_t i = 0; i < container->process_count; i++)
                if (container->processes[i].pid == pid)
                        return true;
        return false;
}

static void whose_they_are(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        struct cf_container containers[] = {
                {.id = ID, .pid = 60, .running = true},
                {.id = ID2, .pid = 92, .running = true},
                /* of an engine elsewhere: its number is somebody else's here */
                {.id = "aa0c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3",
                 .pid = 50,
                 .running = true},
                {.id = "bb0c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3",
                 .pid = 60,
                 .running = true},
                {.id = "cc0c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3",
                 .pid = 4242,
                 .running = true},
        };
        size_t *owners;
        make_proc(family, CF_COUNT(family));
        scan(arena, &list);
        assert_int_equal(
                cf_process_attribute(arena, &list, containers, CF_COUNT(containers), &owners), 0);
        static const int of_first[] = {60, 61, 62, 70, 71, 75, 76, 80};
        assert_int_equal(containers[0].process_count, CF_COUNT(of_first));
        for (size_t i = 0; i < CF_COUNT(of_first); i++)
                assert_true(holds(&containers[0], of_first[i]));
        assert_int_equal(containers[1].process_count, 3);
        assert_true(containers[0].processes_known && containers[1].processes_known);
        for (size_t i = 2; i < CF_COUNT(containers); i++) {
                assert_int_equal(containers[i].process_count, 0);
                assert_false(containers[i].processes_known);
        }
        for (size_t i = 0; i < list.count; i++) {
                int pid = list.items[i].pid;
                size_t expected = pid >= 90 ? 1 : pid >= 60 ? 0 : SIZE_MAX;
                if (owners[i] != expected)
                        fail_msg("PID %d: owner %zu", pid, owners[i]);
        }
}

/* No cgroup and no links: the tree below the first process. */
static void tree_below_the_first(void **state)
{
        (void)state;
        const struct fake fakes[] = {
                first,
                {ROW(50, 1, NULL, 0, "/")},
                {ROW(60, 50, "1", 2, "/docker/" ID)},
                {ROW(61, 60, "2", 2, "/")},
                {ROW(62, 61, "3", 2, "/")},
                {ROW(63, 50, NULL, 0, "/")},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        struct cf_container container = {.id = ID, .pid = 60, .running = true};
        size_t *owners;
        make_proc(fakes, CF_COUNT(fakes));
        scan(arena, &list);
        assert_int_equal(cf_process_attribute(arena, &list, &container, 1, &owners), 0);
        assert_int_equal(container.process_count, 3);
        assert_true(holds(&container, 62));
        assert_false(holds(&container, 63));
}

static void nothing_there(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        struct cf_error err = {0};
        size_t *owners;
        assert_int_equal(cf_process_scan(arena, "/nonexistent", &list, &err), -ENOENT);
        assert_non_null(strstr(err.frames[0].message, "/nonexistent"));
        make_proc(NULL, 0);
        scan(arena, &list);
        assert_int_equal(list.count, 0);
        assert_int_equal(cf_process_attribute(arena, &list, NULL, 0, &owners), 0);
}

/* The kernel's own /proc: this process is there, itself and no container. */
static void real_proc(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_process_list list;
        assert_int_equal(cf_process_scan(arena, NULL, &list, NULL), 0);
        const struct cf_process *self = find(&list, getpid());
        assert_non_null(self);
        assert_int_equal(self->parent, getppid());
        assert_int_equal(self->uid, geteuid());
        assert_true(self->mode != CF_SECCOMP_UNREADABLE);
        for (size_t i = 1; i < list.count; i++)
                assert_true(list.items[i - 1].pid < list.items[i].pid);
}

static void out_of_memory(void **state)
{
        (void)state;
        make_proc(family, CF_COUNT(family));
        char path[128];
        snprintf(path, sizeof(path), "%s/proc", top);
        bool done = false;
        for (size_t limit = 64; limit < 1 << 20 && !done; limit += limit / 4) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(limit);
                struct cf_process_list list;
                struct cf_error err = {0};
                struct cf_container container = {.id = ID, .pid = 60, .running = true};
                size_t *owners;
                int r = cf_process_scan(arena, path, &list, &err);
                assert_true(r == 0 || (r == -ENOMEM && err.code == -ENOMEM));
                if (r == 0)
                        r = cf_process_attribute(arena, &list, &container, 1, &owners);
                assert_true(r == 0 || r == -ENOMEM);
                done = r == 0;
        }
        assert_true(done);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(who_is_foreign),        TEST(without_rights),
                TEST(who_is_left_out),       TEST(least_filtered_thread),
                TEST(who_came_from_outside), TEST(shared_pid_namespace),
                TEST(loop_of_parents),       TEST(whose_they_are),
                TEST(tree_below_the_first),  TEST(nothing_there),
                TEST(out_of_memory),         cmocka_unit_test(real_proc),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
