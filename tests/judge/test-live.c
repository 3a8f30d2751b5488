/* SPDX-License-Identifier: Apache-2.0 */
/* Engines, containers and processes: what is configured, and what the kernel says. */
#include "kit.h"

#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct cf_engine docker = {.name = "Docker",
                                        .version = "28.5.2",
                                        .host = "unix:///run/docker.sock",
                                        .kernel = "6.12.1",
                                        .local = true,
                                        .seccomp = true,
                                        .default_profile = "builtin"};
static const struct cf_engine docker_unconfined = {.name = "Docker",
                                                   .version = "26.1.0",
                                                   .host = "unix:///run/docker.sock",
                                                   .local = true,
                                                   .seccomp = true,
                                                   .default_profile = "unconfined"};
static const struct cf_engine docker_without = {.name = "Docker",
                                                .version = "20.10.24",
                                                .host = "unix:///run/docker.sock",
                                                .kernel = "6.18.0",
                                                .local = true};

/* Modes of a container's processes, a letter each: f filter, n none, u unreadable, e none and
 * entered from outside. */
static const struct cf_process *processes(struct cf_arena *arena, const char *modes)
{
        size_t count = strlen(modes);
        struct cf_process *items = cf_arena_many(arena, count, struct cf_process);
        for (size_t i = 0; i < count; i++)
                items[i] = (struct cf_process){.pid = (pid_t)(4711 + i),
                                               .name = "sh",
                                               .mode = modes[i] == 'f'   ? CF_SECCOMP_FILTER
                                                       : modes[i] == 'u' ? CF_SECCOMP_UNREADABLE
                                                                         : CF_SECCOMP_OFF,
                                               .by_exec = modes[i] == 'e',
                                               .foreign = true};
        return items;
}

struct live {
        const char *what;
        const struct cf_engine *engine;
        struct row_setting settings[ROW_SETTINGS];
        const char *status; /* NULL: running */
        const char *modes;  /* NULL: processes are not known */
        const char *want;   /* the findings, and of each its notes behind "  " */
};

#define OFF "fail seccomp-unconfined: the system call filter of container 'web' is off"

static const struct live lives[] = {
        {"a clean one", &docker, {{0}}, NULL, "fff", ""},
        {"processes not known", &docker, {{0}}, NULL, NULL, ""},
        {"unconfined and running",
         &docker,
         {OPT("seccomp=unconfined")},
         NULL,
         "nnn",
         OFF "\n  the kernel shows no filter on 3 of 3 processes"
             "\n  to see which calls it makes: sudo strace -f -c -p 4711"},
        {"unconfined and stopped",
         &docker,
         {OPT("seccomp:unconfined")},
         "exited",
         NULL,
         OFF "\n  not running (exited): nothing is exposed now"},
        {"a profile of its own that is weaker, and stopped",
         &docker,
         {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"keyctl\"],"
                   "\"action\":\"SCMP_ACT_ALLOW\"}]}")},
         "exited",
         NULL,
         "note profile-weaker-than-default: the profile of container 'web' lets 1 call through "
         "that Docker's default refuses"
         "\n  keyctl: it reads and changes keyrings, which no namespace divides: those of other "
         "containers and of the host's users"},
        {"unconfined, processes not known",
         &docker,
         {OPT("seccomp=unconfined")},
         NULL,
         NULL,
         OFF "\n  its processes cannot be seen from here"},
        {"unconfined, but the program filters itself",
         &docker,
         {OPT("seccomp=unconfined")},
         NULL,
         "f",
         OFF "\n  the kernel shows a filter on its 1 process all the same"
             "\n  to see which calls it makes: sudo strace -f -c -p 4711"},
        {"privileged, and honoured with a profile",
         &docker,
         {PRIV("true"), OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
         NULL,
         "f",
         "note privileged: container 'web' is privileged, but keeps its own profile: Docker "
         "honours "
         "it"},
        {"privileged with a profile, on an engine that ignores it",
         &docker_unconfined,
         {PRIV("true"), OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
         "created",
         NULL,
         "fail privileged: container 'web' is privileged: no system call filter, since Docker "
         "ignores "
         "its profile then\n  not running (created): nothing is exposed now"},
        {"privileged with a profile that is not enforced",
         &docker,
         {PRIV("true"), OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
         NULL,
         "n",
         "note privileged: container 'web' is privileged, but keeps its own profile: Docker "
         "honours "
         "it\n"
         "fail process-unfiltered: no process of container 'web' has the filter that it was "
         "configured with\n  PID 4711 (sh)"},
        {"the engine's default is unconfined",
         &docker_unconfined,
         {{0}},
         NULL,
         "nn",
         OFF ": it has no profile of its own and the engine's default is unconfined"
             "\n  the kernel shows no filter on 2 of 2 processes"
             "\n  to see which calls it makes: sudo strace -f -c -p 4711"},
        {"the engine's default is unconfined, the container's is builtin",
         &docker_unconfined,
         {OPT("seccomp=builtin")},
         NULL,
         "ff",
         ""},
        {"the engine has no seccomp",
         &docker_without,
         {{0}},
         NULL,
         "n",
         "fail seccomp-unsupported: container 'web' has no system call filter: its engine has no "
         "seccomp\n  the kernel shows no filter on 1 of 1 process"
         "\n  to see which calls it makes: sudo strace -f -c -p 4711"},
        {"the engine has no seccomp, and the container is unconfined anyway",
         &docker_without,
         {OPT("seccomp=unconfined")},
         "exited",
         NULL,
         OFF "\n  not running (exited): nothing is exposed now"},
        {"someone entered",
         &docker,
         {{0}},
         NULL,
         "ffe",
         "fail process-unfiltered: 1 of 3 processes of container 'web' has no filter\n"
         "  PID 4713 (sh), entered from outside"},
        {"many entered",
         &docker,
         {{0}},
         NULL,
         "fnnnnnn",
         "fail process-unfiltered: 6 of 7 processes of container 'web' have no filter\n"
         "  PID 4712 (sh)\n  PID 4713 (sh)\n  PID 4714 (sh)\n  PID 4715 (sh)\n  and 2 more"},
        {"the runtime installs none",
         &docker,
         {{0}},
         NULL,
         "nn",
         "fail process-unfiltered: no process of container 'web' has the filter that it was "
         "configured with\n  PID 4711 (sh)\n  PID 4712 (sh)"},
        {"unreadable",
         &docker,
         {{0}},
         NULL,
         "fuu",
         "unknown process-unfiltered: whether all processes of container 'web' have a filter "
         "cannot "
         "be told: 2 of 3 cannot be read"},
        {"unreadable and unconfined: one finding",
         &docker,
         {OPT("seccomp=unconfined")},
         NULL,
         "u",
         OFF "\n  1 of 1 process cannot be read"
             "\n  to see which calls it makes: sudo strace -f -c -p 4711"},
};

static char *print_with_notes(struct cf_arena *arena, struct cf_finding *const *findings,
                              size_t count)
{
        char *text = cf_arena_string(arena, "");
        for (size_t i = 0; i < count; i++) {
                text = cf_arena_printf(arena, "%s%s%s", text, i ? "\n" : "",
                                       kit_print(arena, &findings[i], 1));
                for (size_t j = 0; j < findings[i]->note_count; j++)
                        text = cf_arena_printf(arena, "%s\n  %s", text, findings[i]->notes[j]);
        }
        return text;
}

static char *judge_one(struct cf_arena *arena, const struct cf_subject *subject)
{
        struct cf_files *files = cf_files_new();
        struct cf_judge_options options = {.files = files, .kernel = "6.1.0"};
        struct cf_judge *judge = cf_judge_new(&options);
        struct cf_finding **findings = NULL;
        size_t count = 0;
        assert_int_equal(cf_judge_subject(judge, subject), 0);
        assert_int_equal(cf_judge_finish(judge, &findings, &count), 0);
        char *text = print_with_notes(arena, findings, count);
        cf_judge_free(judge);
        cf_files_free(files);
        return text;
}

static void containers(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(lives); i++) {
                const struct live *live = &lives[i];
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_container container = {.id = ID,
                                                 .name = "web",
                                                 .image = "nginx:latest",
                                                 .command = "nginx -g daemon off;",
                                                 .status = live->status ? live->status : "running",
                                                 .running = !live->status,
                                                 .pid = live->status ? 0 : 4711,
                                                 .processes_known = live->modes};
                if (live->modes) {
                        container.processes = processes(arena, live->modes);
                        container.process_count = strlen(live->modes);
                }
                struct cf_subject subject = {.kind = CF_SUBJECT_CONTAINER,
                                             .evidence = CF_CONFIGURED,
                                             .name = "web",
                                             .image = "nginx:latest",
                                             .container = &container,
                                             .engine = live->engine};
                struct cf_setting *settings =
                        kit_settings(arena, live->settings, &subject.setting_count);
                for (size_t j = 0; j < subject.setting_count; j++)
                        settings[j].place = (struct cf_place){0};
                subject.settings = settings;
                const char *got = judge_one(arena, &subject);
                if (strcmp(got, live->want) != 0)
                        fail_msg("%s:\n  got:  %s\n  want: %s", live->what, got, live->want);
        }
}

/* What the kernel's filter was found to do, beside what is configured. */
static const struct cf_loose_call keyctl[] = {
        {.name = "keyctl", .danger = "reads and changes keyrings"}};
static const struct cf_loose_call locked[] = {
        {.name = "kexec_load", .danger = "replaces the running kernel", .lock = "CAP_SYS_BOOT"}};
static const struct cf_loose_call several[] = {
        {.name = "acct"},
        {.name = "clone", .when = "flags & 0x10000000", .danger = "gets all"},
        {.name = "personality", .when = "persona == 0x40000"},
        {.name = "swapon"}};

static void enforced(void **state)
{
        (void)state;
        static const struct {
                const char *what;
                struct cf_enforced enforced;
                struct row_setting settings[ROW_SETTINGS];
                const char *want;
        } rows[] = {
                {"the default",
                 {.state = CF_ENFORCED_FILTERS,
                  .is_default = true,
                  .by_default = "Docker 28.5 default"},
                 {{0}},
                 ""},
                {"not known", {.because = "no right"}, {{0}}, ""},
                {"allows all, whatever is configured",
                 {.state = CF_ENFORCED_ALLOWS_ALL, .instructions = 7},
                 {{0}},
                 "fail profile-allows-everything: the kernel's filter of container 'web' refuses "
                 "no call at all"
                 "\n  7 instructions, and each call is let through"},
                {"allows all, with a profile that refuses something",
                 {.state = CF_ENFORCED_ALLOWS_ALL, .instructions = 1},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
                           "\"mount\"],\"action\":\"SCMP_ACT_ERRNO\"}]}")},
                 "fail profile-allows-everything: the kernel's filter of container 'web' refuses "
                 "no call at all"
                 "\n  1 instruction, and each call is let through"},
                {"allows all, and the profile says so",
                 {.state = CF_ENFORCED_ALLOWS_ALL, .instructions = 7},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}")},
                 "fail profile-allows-everything: the profile of container 'web' refuses no call "
                 "at all"
                 "\n  the default action is SCMP_ACT_ALLOW and no rule refuses"
                 "\n  the kernel confirms it: its filter (7 instructions) lets every call through"},
                {"one dangerous call more than the default",
                 {.state = CF_ENFORCED_FILTERS,
                  .by_default = "Docker 28.5 default",
                  .than_default = {keyctl, 1}},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
                 "warn profile-weaker-than-default: the filter of container 'web' lets 1 call "
                 "through that the Docker 28.5 default refuses"
                 "\n  keyctl: it reads and changes keyrings"},
                {"a dangerous call more that the kernel refuses",
                 {.state = CF_ENFORCED_FILTERS,
                  .by_default = "Docker 28.5 default",
                  .than_default = {locked, 1}},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
                 "note profile-weaker-than-default: the filter of container 'web' lets 1 call "
                 "through that the Docker 28.5 default refuses"
                 "\n  kexec_load: it replaces the running kernel; the kernel asks for CAP_SYS_BOOT "
                 "beside, which the container does not have"},
                {"several calls more",
                 {.state = CF_ENFORCED_FILTERS,
                  .by_default = "Docker 28.5 default",
                  .than_default = {several, 4}},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
                 "warn profile-weaker-than-default: the filter of container 'web' lets 4 calls "
                 "through that the Docker 28.5 default refuses"
                 "\n  clone if flags & 0x10000000: it gets all"
                 "\n  acct, swapon\n  personality if persona == 0x40000"},
                {"one harmless call more",
                 {.state = CF_ENFORCED_FILTERS,
                  .by_default = "Docker 28.5 default",
                  .than_default = {several, 1}},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
                 "note profile-weaker-than-default: the filter of container 'web' lets 1 call "
                 "through that the Docker 28.5 default refuses"
                 "\n  acct"},
                {"no profile of its own, and weaker: one finding",
                 {.state = CF_ENFORCED_FILTERS,
                  .by_default = "Docker 28.5 default",
                  .than_default = {keyctl, 1},
                  .configured_known = true,
                  .than_configured = {keyctl, 1}},
                 {{0}},
                 "warn filter-differs: the kernel's filter of container 'web' is not the one that "
                 "it was configured with: it lets 1 call through that the Docker 28.5 default "
                 "refuses"
                 "\n  keyctl"},
                {"looser than its own profile",
                 {.state = CF_ENFORCED_FILTERS,
                  .configured_known = true,
                  .than_configured = {several, 4}},
                 {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
                 "warn filter-differs: the kernel's filter of container 'web' is not the one that "
                 "it was configured with: it lets 4 calls through that its profile refuses"
                 "\n  acct, swapon\n  clone if flags & 0x10000000\n  personality if persona == "
                 "0x40000"},
                {"processes under another filter",
                 {.state = CF_ENFORCED_FILTERS, .strangers = 2, .first_stranger = 4712},
                 {{0}},
                 "warn filter-differs: 2 processes of container 'web' are under another filter, "
                 "which lets more through"
                 "\n  PID 4712"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_container container = {.id = ID,
                                                 .name = "web",
                                                 .image = "nginx:latest",
                                                 .status = "running",
                                                 .running = true,
                                                 .pid = 4711,
                                                 .processes = processes(arena, "ff"),
                                                 .process_count = 2,
                                                 .processes_known = true,
                                                 .enforced = &rows[i].enforced};
                struct cf_subject subject = {.kind = CF_SUBJECT_CONTAINER,
                                             .evidence = CF_CONFIGURED,
                                             .name = "web",
                                             .image = "nginx:latest",
                                             .container = &container,
                                             .engine = &docker};
                struct cf_setting *settings =
                        kit_settings(arena, rows[i].settings, &subject.setting_count);
                for (size_t j = 0; j < subject.setting_count; j++)
                        settings[j].place = (struct cf_place){0};
                subject.settings = settings;
                const char *got = judge_one(arena, &subject);
                if (strcmp(got, rows[i].want) != 0)
                        fail_msg("%s:\n  got:  %s\n  want: %s", rows[i].what, got, rows[i].want);
        }
}

static const struct cf_engine docker_allows = {.name = "Docker",
                                               .version = "28.5.2",
                                               .host = "unix:///run/docker.sock",
                                               .local = true,
                                               .seccomp = true};
static const struct cf_engine docker_old = {.name = "Docker",
                                            .version = "20.10.24",
                                            .host = "unix:///run/docker.sock",
                                            .local = true,
                                            .seccomp = true,
                                            .default_profile = "default"};

/* The engine's default is a file on this machine. */
static void default_profile_path(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char here[4096];
        assert_non_null(getcwd(here, sizeof(here)));
        struct cf_engine engine = docker_allows;
        engine.default_profile = cf_arena_printf(arena, "%s/tests/judge/data/all.json", here);
        struct cf_subject subject = {
                .kind = CF_SUBJECT_DAEMON, .evidence = CF_CONFIGURED, .engine = &engine};
        const char *want = cf_arena_printf(
                arena,
                "fail profile-allows-everything: the profile '%s' of Docker 28.5.2 at "
                "unix:///run/docker.sock refuses no call at all\n  %s:1:19: the default action is "
                "SCMP_ACT_ALLOW and no rule refuses",
                engine.default_profile, engine.default_profile);
        assert_string_equal(judge_one(arena, &subject), want);
        engine.local = false; /* the path is on another machine */
        assert_string_equal(judge_one(arena, &subject), "");
}

static void engines(void **state)
{
        (void)state;
        static const struct {
                const struct cf_engine *engine;
                const char *want;
        } rows[] = {
                {&docker, ""},
                {&docker_old, ""},
                {&docker_unconfined,
                 "fail daemon-unconfined: the default seccomp profile of Docker "
                 "26.1.0 at unix:///run/docker.sock is unconfined"},
                {&docker_without,
                 "fail seccomp-unsupported: Docker 20.10.24 at "
                 "unix:///run/docker.sock has no seccomp: no container has a system "
                 "call filter\n  kernel 6.18.0"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_subject subject = {.kind = CF_SUBJECT_DAEMON,
                                             .evidence = CF_CONFIGURED,
                                             .engine_word = "docker",
                                             .engine = rows[i].engine};
                assert_string_equal(judge_one(arena, &subject), rows[i].want);
        }
}

static void lone_processes(void **state)
{
        (void)state;
        static const struct cf_enforced open = {.state = CF_ENFORCED_ALLOWS_ALL, .instructions = 7};
        static const struct {
                struct cf_process process;
                const char *want;
        } rows[] = {
                {{.mode = CF_SECCOMP_OFF}, ""},
                {{.mode = CF_SECCOMP_FILTER, .foreign = true, .container = ID}, ""},
                {{.mode = CF_SECCOMP_STRICT, .foreign = true, .container = ID}, ""},
                {{.mode = CF_SECCOMP_FILTER, .foreign = true, .container = ID, .enforced = &open},
                 "fail profile-allows-everything: the kernel's filter of process 42 (sleep) "
                 "refuses "
                 "no call at all\n  7 instructions, and each call is let through"},
                {{.mode = CF_SECCOMP_OFF,
                  .foreign = true,
                  .container = ID,
                  .engine = "docker",
                  .cgroup = "/docker/" ID,
                  .command = "sleep 9"},
                 "fail process-unfiltered: process 42 (sleep) of docker container 0123456789ab has "
                 "no "
                 "filter\n  command: sleep 9\n  cgroup: /docker/" ID},
                {{.mode = CF_SECCOMP_OFF, .foreign = true, .engine = "lxc"},
                 "fail process-unfiltered: process 42 (sleep) of a container of lxc has no filter"},
                {{.mode = CF_SECCOMP_OFF, .foreign = true},
                 "note process-unfiltered: process 42 (sleep) lives in namespaces of its own and "
                 "has "
                 "no filter"},
                {{.mode = CF_SECCOMP_UNREADABLE, .foreign = true, .container = ID},
                 "unknown process-unfiltered: whether process 42 (sleep) has a filter cannot be "
                 "told"},
                {{.mode = CF_SECCOMP_UNREADABLE, .foreign = true}, ""},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_process process = rows[i].process;
                process.pid = 42;
                process.name = "sleep";
                struct cf_subject subject = {
                        .kind = CF_SUBJECT_PROCESS, .evidence = CF_ENFORCED, .process = &process};
                assert_string_equal(judge_one(arena, &subject), rows[i].want);
        }
}

/* The next step leads to the file that made the container. */
static void compose_labels(void **state)
{
        (void)state;
        struct cf_container container = {.id = ID,
                                         .name = "shop-db-1",
                                         .running = false,
                                         .status = "exited",
                                         .compose_project = "shop",
                                         .compose_service = "db",
                                         .compose_files = "/srv/my shop/compose.yaml",
                                         .compose_dir = "/srv/my shop"};
        struct cf_setting setting = {.kind = CF_SETTING_SECURITY_OPT,
                                     .value = "seccomp=unconfined"};
        struct cf_subject subject = {.kind = CF_SUBJECT_CONTAINER,
                                     .evidence = CF_CONFIGURED,
                                     .name = "shop-db-1",
                                     .container = &container,
                                     .engine = &docker,
                                     .settings = &setting,
                                     .setting_count = 1};
        struct cf_judge *judge = cf_judge_new(&(struct cf_judge_options){0});
        struct cf_finding **findings = NULL;
        size_t count = 0;
        assert_int_equal(cf_judge_subject(judge, &subject), 0);
        assert_int_equal(cf_judge_finish(judge, &findings, &count), 0);
        assert_int_equal(count, 1);
        assert_string_equal(findings[0]->remedy.text,
                            "change service 'db' of Compose project 'shop' in /srv/my "
                            "shop/compose.yaml, then start it again");
        assert_string_equal(findings[0]->remedy.command, "confined scan '/srv/my shop'");
        assert_false(findings[0]->remedy.editable);
        assert_ptr_not_equal(findings[0]->container, &container);
        assert_string_equal(findings[0]->container->id, ID);
        cf_judge_free(judge);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(containers),     cmocka_unit_test(enforced),
                cmocka_unit_test(engines),        cmocka_unit_test(default_profile_path),
                cmocka_unit_test(lone_processes), cmocka_unit_test(compose_labels),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
