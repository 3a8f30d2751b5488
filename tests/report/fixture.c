/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <assert.h>

#include "base/source.h"

const struct cf_rule_info rule_unconfined = {
        .id = "seccomp-unconfined",
        .title = "the system call filter is switched off",
        .severity = CF_MEDIUM,
        .cis = "CIS Docker 5.22",
        .page = "# seccomp-unconfined\n\nThe container runs without a filter:\nevery call of the "
                "kernel is open to it.\n\n## Bad\n\n```yaml\nsecurity_opt:\n  - "
                "seccomp:${SECCOMP:-unconfined}\n```\n",
};
const struct cf_rule_info rule_privileged = {
        .id = "privileged",
        .title = "a privileged container has no system call filter",
        .severity = CF_HIGH,
        .page = "# privileged\n\nPrivileged containers run without a filter.\n",
};
const struct cf_rule_info rule_missing = {
        .id = "profile-missing",
        .title = "the profile is not there",
        .severity = CF_MEDIUM,
};
const struct cf_rule_info rule_misspelled = {
        .id = "seccomp-misspelled",
        .title = "an entry that is nearly about seccomp",
        .severity = CF_LOW,
};
const struct cf_rule_info rule_process = {
        .id = "process-unfiltered",
        .title = "a process of a confined container has no filter",
        .severity = CF_CRITICAL,
};
const struct cf_rule_info rule_daemon = {
        .id = "daemon-unconfined",
        .title = "the daemon's default is no filter",
        .severity = CF_HIGH,
        .cis = "CIS Docker 2.16",
};
static const struct cf_rule_info *const all_rules[] = {
        &rule_daemon,  &rule_privileged, &rule_process, &rule_misspelled,
        &rule_missing, &rule_unconfined, NULL,
};

struct fixture *fixture_new(const char *command)
{
        struct cf_arena *arena = cf_arena_new(0);
        struct fixture *fixture = cf_arena_one(arena, struct fixture);
        struct cf_files *files = cf_files_new();
        assert(fixture && files);
        fixture->arena = arena;
        fixture->report = (struct cf_report){
                .command = command,
                .tool_version = "0.1.0",
                .findings = fixture->findings,
                .troubles = fixture->troubles,
                .seconds = 0.0412,
                .fail_on = CF_WARN,
                .rules = all_rules,
                .sources = files,
        };
        return fixture;
}

void fixture_free(struct fixture *fixture)
{
        cf_files_free(fixture->report.sources);
        cf_arena_free(fixture->arena);
}

struct cf_source *fixture_source(struct fixture *fixture, const char *path, struct cf_span bytes)
{
        struct cf_source *source = NULL;
        int r = cf_source_from(fixture->arena, path, bytes, &source, NULL);
        assert(r == 0);
        (void)r;
        return source;
}

struct cf_finding *fixture_finding(struct fixture *fixture, const struct cf_source *source,
                                   const char *needle, const struct cf_rule_info *rule,
                                   enum cf_verdict verdict, const char *message)
{
        struct cf_finding *finding = cf_arena_one(fixture->arena, struct cf_finding);
        size_t index = fixture->report.finding_count++;
        assert(finding && index < CF_COUNT(fixture->findings));
        fixture->findings[index] = finding;
        finding->rule = rule;
        finding->verdict = verdict;
        finding->severity = rule->severity;
        finding->message = message;
        finding->fingerprint = cf_arena_printf(fixture->arena, "%032zx", index + 0xfee1);
        if (!source)
                return finding;
        finding->root = source->path;
        if (!needle) {
                finding->place = (struct cf_place){.path = source->path};
                return finding;
        }
        size_t offset = cf_span_find(source->text, cf_span_of(needle));
        assert(offset != SIZE_MAX);
        finding->place = cf_source_place(source, offset, strlen(needle));
        int r = cf_excerpt_take(fixture->arena, source, &finding->place, &finding->excerpt);
        assert(r == 0);
        (void)r;
        return finding;
}

void fixture_trouble(struct fixture *fixture, int code, const struct cf_place *place,
                     const char *message, const struct cf_place *doing_place, const char *doing)
{
        struct cf_error *err = cf_arena_one(fixture->arena, struct cf_error);
        size_t index = fixture->report.trouble_count++;
        assert(err && index < CF_COUNT(fixture->troubles));
        cf_error_set(err, code, place, "%s", message);
        if (doing)
                cf_error_doing(err, code, doing_place, "%s", doing);
        fixture->troubles[index] = err;
}

/* ---- scan ------------------------------------------------------------------------------- */

#define FILES "tests/report/files/"

static const char script[] = "#!/bin/sh\n"
                             "docker run --rm \\\n"
                             "  --security-opt \\\n"
                             "  seccomp=unconfined \\\n"
                             "  golang:1.25 dlv test\n";

static struct cf_source *read_file(struct fixture *fixture, const char *path)
{
        struct cf_source *source = NULL;
        int r = cf_files_read(fixture->report.sources, fixture->arena, path, &source, NULL);
        assert(r == 0);
        (void)r;
        return source;
}

static struct cf_range range_of(const struct cf_source *source, const char *needle)
{
        size_t offset = cf_span_find(source->text, cf_span_of(needle));
        assert(offset != SIZE_MAX);
        return (struct cf_range){offset, strlen(needle)};
}

/* Cutting part `part` of a group; all parts cut, `whole` becomes `whole_text`. */
static void edit_group(struct fixture *fixture, struct cf_finding *finding,
                       const struct cf_source *source, enum cf_group_kind kind,
                       const char *const *parts, size_t count, size_t part, const char *whole)
{
        struct cf_group *group = cf_arena_one(fixture->arena, struct cf_group);
        struct cf_range *ranges = cf_arena_many(fixture->arena, count, struct cf_range);
        assert(group && ranges);
        for (size_t i = 0; i < count; i++)
                ranges[i] = range_of(source, parts[i]);
        *group = (struct cf_group){.kind = kind,
                                   .parts = ranges,
                                   .count = count,
                                   .whole = range_of(source, whole),
                                   .whole_text = ""};
        finding->edit.group = group;
        finding->edit.part = part;
        finding->remedy.editable = true;
        finding->file_id = source->id;
}

static void edit_range(struct cf_finding *finding, const struct cf_source *source,
                       const char *needle, const char *text)
{
        finding->edit.replaces = true;
        finding->edit.range = range_of(source, needle);
        finding->edit.text = text;
        finding->remedy.editable = true;
        finding->file_id = source->id;
}

static void name_subject(struct cf_finding *finding, const char *const *name)
{
        finding->subjects = name;
        finding->subject_count = 1;
}

/* Where the line is the last of its key, the key goes too; from a flow list, a comma. */
static void add_compose(struct fixture *fixture)
{
        static const char *const web = "web", *const db = "db", *const cache = "cache";
        static const char *const notes[] = {
                "Compose joins this list with that of compose.override.yaml",
                "the default profile refuses 44 of 361 calls"};
        static const char *const block[] = {"      - seccomp:unconfined\n"};
        static const char *const flow[] = {"label=disable", "seccomp=unconfined", "apparmor=x"};
        struct cf_source *source = read_file(fixture, "./" FILES "shop/compose.yaml");
        struct cf_finding *f =
                fixture_finding(fixture, source, "seccomp:unconfined", &rule_unconfined, CF_FAIL,
                                "the system call filter of service 'web' is off");
        f->label = "every kernel call is open to nginx:latest";
        f->notes = notes;
        f->note_count = CF_COUNT(notes);
        f->image = "nginx:latest";
        name_subject(f, &web);
        f->remedy.text = "remove the item (the default profile then applies)";
        f->remedy.command = "confined scan --fix shop/compose.yaml";
        edit_group(fixture, f, source, CF_GROUP_PIECES, block, 1, 0,
                   "    security_opt:\n      - seccomp:unconfined\n");
        f = fixture_finding(fixture, source, "privileged: true", &rule_privileged, CF_FAIL,
                            "service 'db' is privileged: it runs without a system call filter");
        name_subject(f, &db);
        f->remedy.text = "remove the line";
        f->remedy.command = "confined scan --fix shop/compose.yaml";
        edit_range(f, source, "    privileged: true\n", "");
        f = fixture_finding(fixture, source, "seccomp=unconfined", &rule_unconfined, CF_FAIL,
                            "the system call filter of service 'db' is off");
        name_subject(f, &db);
        edit_group(fixture, f, source, CF_GROUP_COMMAS, flow, CF_COUNT(flow), 1,
                   "    security_opt: [label=disable, seccomp=unconfined, apparmor=x]\n");
        f = fixture_finding(fixture, source, "seccomp=${CACHE_SECCOMP}", &rule_unconfined,
                            CF_UNDECIDED, "whether service 'cache' has a filter cannot be known");
        f->label = "CACHE_SECCOMP is set in no .env file";
        name_subject(f, &cache);
        f->edit.refusal = "the value comes from a variable";
}

static void add_others(struct fixture *fixture)
{
        struct cf_source *source = read_file(fixture, FILES "bom.yaml");
        struct cf_finding *f =
                fixture_finding(fixture, source, "Seccomp=unconfined", &rule_misspelled, CF_WARN,
                                "'Seccomp=unconfined' is no option: Docker refuses to start");
        edit_range(f, source, "Seccomp=unconfined", "seccomp=p\xe9.json");
        source = fixture_source(fixture, "./run.sh", cf_span_of(script));
        f = fixture_finding(fixture, source, "--security-opt \\\n  seccomp=unconfined",
                            &rule_unconfined, CF_FAIL,
                            "'docker run' of image 'golang:1.25' switches the filter off");
        f->subject_kind = CF_SUBJECT_COMMAND;
        f->label = "two lines of one option";
        f->suppressed_by = "delve, until the builders have Docker 19.03";
        source = fixture_source(fixture, "./lat\xe9in.yaml", CF_SPAN("privileged: true\n"));
        f = fixture_finding(fixture, source, "privileged: true", &rule_privileged, CF_FAIL,
                            "service 'old' is privileged");
        edit_range(f, source, "privileged: true\n", "");
        source = fixture_source(fixture, "./profiles/gone.json", CF_SPAN(""));
        f = fixture_finding(fixture, source, NULL, &rule_missing, CF_FAIL,
                            "the profile of service 'web' is not there");
        f->label = "named in shop/compose.yaml";
        f->in_baseline = true;
        source = fixture_source(fixture, "/srv/a b/README.md",
                                CF_SPAN("Run `docker run --security-opt seccomp=unconfined x`.\n"));
        f = fixture_finding(fixture, source, "--security-opt seccomp=unconfined", &rule_unconfined,
                            CF_NOTE, "this text tells its readers to switch the filter off");
        f->subject_kind = CF_SUBJECT_COMMAND;
}

struct fixture *fixture_scan(void)
{
        struct fixture *fixture = fixture_new("scan");
        add_compose(fixture);
        add_others(fixture);
        fixture->report.files = 1204;
        fixture->report.baseline = true;
        struct cf_place cause = {.path = "profiles/web.json", .line = 41, .column = 17};
        struct cf_place doing = {.path = "shop/compose.yaml", .line = 7, .column = 9};
        fixture_trouble(fixture, -EINVAL, &cause,
                        "unknown action 'SCMP_ACT_ALOW' (did you mean SCMP_ACT_ALLOW?)", &doing,
                        "reading the profile of service 'web'");
        struct cf_place file = {.path = "secret/compose.yaml"};
        fixture_trouble(fixture, -EACCES, &file, "cannot be opened: Permission denied", NULL, NULL);
        return fixture;
}

struct fixture *fixture_clean(void)
{
        struct fixture *fixture = fixture_new("scan");
        fixture->report.files = 1204;
        fixture->report.rules = NULL;
        return fixture;
}

/* ---- excerpts --------------------------------------------------------------------------- */

static void add_excerpt(struct fixture *fixture, const char *path, const char *text,
                        const char *needle, const char *label)
{
        struct cf_source *source = fixture_source(fixture, path, cf_span_of(text));
        fixture_finding(fixture, source, needle, &rule_unconfined, CF_FAIL, path)->label = label;
}

struct fixture *fixture_excerpts(void)
{
        struct fixture *fixture = fixture_new("scan");
        add_excerpt(fixture, "first-line", "seccomp:unconfined\nnext\n", "seccomp:unconfined",
                    "here");
        add_excerpt(fixture, "tabs", "a:\n\tb:\t- seccomp:unconfined\t# why\n",
                    "seccomp:unconfined", "below tabs");
        add_excerpt(fixture, "tab-inside", "run\t--security-opt\tseccomp=unconfined x\n",
                    "--security-opt\tseccomp=unconfined", "with a tab in it");
        add_excerpt(fixture, "wide", "# 設定を変更\n設定: 容器 seccomp:unconfined 結束\n",
                    "seccomp:unconfined", "behind wide characters");
        add_excerpt(fixture, "wide-inside", "x: \"容器=無制限\"\n", "\"容器=無制限\"", "is wide");
        add_excerpt(fixture, "combining", "cafe\xcc\x81: e\xcc\x81 seccomp:unconfined\n",
                    "seccomp:unconfined", "behind combining marks");
        add_excerpt(fixture, "not-utf8", "caf\xe9: \xff seccomp:unconfined\n", "seccomp:unconfined",
                    "behind escapes");
        add_excerpt(fixture, "escape", "a\033[31mred\033[0m \xe2\x80\xae seccomp:unconfined\n",
                    "seccomp:unconfined", "behind what could colour and turn");
        add_excerpt(fixture, "three-lines", "x \\\n  --security-opt \\\n\n  seccomp=unconfined y\n",
                    "--security-opt \\\n\n  seccomp=unconfined", "all of it");
        add_excerpt(fixture, "many-lines", "[\n one,\n two,\n three,\n four,\n five\n]\n",
                    "one,\n two,\n three,\n four,\n five\n", "goes on");
        add_excerpt(fixture, "long-right",
                    "docker run seccomp=unconfined --name a-rather-long-name --env "
                    "A_VARIABLE=of-some-length --volume /srv/data/of/something:/data image\n",
                    "seccomp=unconfined", "near the start");
        add_excerpt(fixture, "long-left",
                    "# short\ndocker run --name a-rather-long-name --env A_VARIABLE=of-some-length "
                    "--volume /srv/data/of/something:/data --security-opt seccomp=unconfined "
                    "image and what it runs\n",
                    "seccomp=unconfined", "far to the right of a long line");
        char *far = cf_arena_alloc(fixture->arena, 4000);
        assert(far);
        memset(far, 'x', 3900);
        struct cf_span option = CF_SPAN(" seccomp=unconfined ");
        memcpy(far + 3000, option.data, option.size);
        add_excerpt(fixture, "machine-made", far, "seccomp=unconfined", "in a line of 3,900 bytes");
        add_excerpt(fixture, "line-12345", "", "", NULL);
        fixture->findings[fixture->report.finding_count - 1]->excerpt.lines[0] = "x";
        fixture->findings[fixture->report.finding_count - 1]->excerpt.first_line = 12345;
        fixture->findings[fixture->report.finding_count - 1]->place.line = 12345;
        fixture->findings[fixture->report.finding_count - 1]->place.end_line = 12345;
        fixture->report.files = fixture->report.finding_count;
        return fixture;
}

/* ---- hostile ---------------------------------------------------------------------------- */

struct fixture *fixture_hostile(void)
{
        static const char evil[] =
                "\033]0;title\a\r\n::error::x\xff\xc2\x9b]]>\"'<&%\x01{0}[a](http://b)"
                "\xe2\x80\xae\xef\xbf\xbe\t|,:";
        static const char *const texts[] = {evil};
        struct fixture *fixture = fixture_new("scan");
        struct cf_source *source = fixture_source(fixture, evil, cf_span_of(evil));
        struct cf_finding *f =
                fixture_finding(fixture, source, "error", &rule_unconfined, CF_FAIL, evil);
        f->label = evil;
        f->notes = f->subjects = texts;
        f->note_count = f->subject_count = 1;
        f->image = f->remedy.text = f->remedy.command = f->suppressed_by = evil;
        f = fixture_finding(fixture, NULL, NULL, &rule_unconfined, CF_WARN, evil);
        f->subjects = texts;
        f->subject_count = 1;
        source = fixture_source(fixture, "::set-output name=a::b.yaml", cf_span_of(evil));
        fixture_finding(fixture, source, "error", &rule_unconfined, CF_FAIL,
                        "a path like a command");
        struct cf_place place = {.path = evil, .line = 1, .column = 1};
        fixture_trouble(fixture, -EIO, &place, evil, &place, evil);
        fixture->report.files = 1;
        fixture->report.hints = texts;
        fixture->report.hint_count = 1;
        fixture->report.fix_command = evil;
        return fixture;
}

/* ---- audit ------------------------------------------------------------------------------ */

static const struct cf_engine engines[] = {
        {.name = "Docker",
         .version = "28.5.2",
         .api_version = "1.51",
         .host = "unix:///var/run/docker.sock",
         .kernel = "6.12.1",
         .local = true,
         .seccomp = true,
         .default_profile = "builtin"},
        {.name = "Podman", .version = "5.2.0", .host = "tcp://far.example:2376", .kernel = "6.1.0"},
};

static struct cf_process processes[] = {
        {.pid = 4711,
         .parent = 4700,
         .mode = CF_SECCOMP_OFF,
         .filters_known = true,
         .no_new_privs = 0,
         .uid = 0,
         .cap_effective = 0x1ffffffffff,
         .name = "sh",
         .command = "sh -c 'sleep 1d'",
         .cgroup = "/system.slice/docker-aa.scope",
         .container = "aa11223344556677889900aabbccddeeff00112233445566778899aabbccddee",
         .engine = "docker",
         .foreign = true,
         .by_exec = true},
        {.pid = 812,
         .parent = 1,
         .mode = CF_SECCOMP_FILTER,
         .filters = 2,
         .filters_known = true,
         .no_new_privs = 1,
         .uid = 1000,
         .name = "worker",
         .cgroup = "/user.slice/user-1000.slice/lxc.payload.build"},
        {.pid = 900, .mode = CF_SECCOMP_UNREADABLE, .no_new_privs = -1, .name = "x"},
};

static const struct cf_setting colon = {.kind = CF_SETTING_SECURITY_OPT,
                                        .value = "seccomp:unconfined"};
static const struct cf_setting file = {.kind = CF_SETTING_SECURITY_OPT,
                                       .value = "seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"};

static const struct {
        struct cf_container container;
        const struct cf_setting *setting;
        const char *declared, *enforced;
        enum cf_verdict verdict;
        const struct cf_rule_info *rule;
        size_t engine;
} containers[] = {
        {{.name = "web",
          .image = "nginx:latest",
          .cis_line = "<no value>",
          .running = true,
          .status = "running",
          .processes_known = true},
         NULL,
         NULL,
         "Docker 28.5 default",
         CF_PASS,
         NULL,
         0},
        {{.name = "debugger",
          .image = "golang:1.25",
          .cis_line = "[seccomp:unconfined]",
          .running = true,
          .status = "running",
          .processes = processes,
          .process_count = 1,
          .processes_known = true,
          .pid = 4711},
         &colon,
         "unconfined",
         "no filter (3 processes)",
         CF_FAIL,
         &rule_unconfined,
         0},
        {{.name = "db",
          .image = "postgres:18",
          .cis_line = "[seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}]",
          .status = "exited",
          .compose_project = "shop",
          .compose_service = "db",
          .compose_files = "/srv/shop/compose.yaml",
          .compose_dir = "/srv/shop"},
         &file,
         "a profile of its own",
         "not running",
         CF_UNDECIDED,
         &rule_missing,
         0},
        {{.name = "ci",
          .image = "registry.example/a/rather/long/name/of/an/image:2026-11-24",
          .cis_line = "[label=disable]",
          .privileged = true,
          .running = true,
          .status = "running"},
         NULL,
         "privileged",
         NULL,
         CF_FAIL,
         &rule_privileged,
         1},
};

static const char *const ids[] = {
        "1111111111111111111111111111111111111111111111111111111111111111",
        "2222222222222222222222222222222222222222222222222222222222222222",
        "3333333333333333333333333333333333333333333333333333333333333333",
        "4444444444444444444444444444444444444444444444444444444444444444",
};

static void add_containers(struct fixture *fixture, struct cf_report_row *rows)
{
        static const char *const messages[] = {
                NULL, "it was started with seccomp:unconfined: 3 processes have no filter",
                "whether its profile is there cannot be known",
                "container 'ci' is privileged: it has no filter"};
        for (size_t i = 0; i < CF_COUNT(containers); i++) {
                struct cf_container *container = cf_arena_one(fixture->arena, struct cf_container);
                struct cf_subject *subject = cf_arena_one(fixture->arena, struct cf_subject);
                assert(container && subject);
                *container = containers[i].container;
                container->id = ids[i];
                *subject = (struct cf_subject){.kind = CF_SUBJECT_CONTAINER,
                                               .evidence = CF_CONFIGURED,
                                               .name = container->name,
                                               .settings = containers[i].setting,
                                               .setting_count = containers[i].setting != NULL,
                                               .container = container};
                rows[i] = (struct cf_report_row){.subject = subject,
                                                 .engine = &engines[containers[i].engine],
                                                 .declared = containers[i].declared,
                                                 .enforced = containers[i].enforced,
                                                 .verdict = containers[i].verdict,
                                                 .rule = containers[i].rule ? containers[i].rule->id
                                                                            : NULL};
                if (!containers[i].rule)
                        continue;
                struct cf_finding *f = fixture_finding(fixture, NULL, NULL, containers[i].rule,
                                                       containers[i].verdict, messages[i]);
                f->subject_kind = CF_SUBJECT_CONTAINER;
                f->evidence = CF_CONFIGURED;
                f->container = container;
                f->subjects = &container->name;
                f->subject_count = 1;
                f->image = container->image;
                if (i == 1)
                        f->remedy = (struct cf_remedy){
                                .text = "delve needs no open filter since Docker 19.03",
                                .command = "sudo confined why --instead debugger"};
        }
}

static void add_process(struct fixture *fixture, struct cf_report_row *row,
                        const struct cf_process *process, enum cf_verdict verdict)
{
        struct cf_subject *subject = cf_arena_one(fixture->arena, struct cf_subject);
        assert(subject);
        *subject = (struct cf_subject){.kind = CF_SUBJECT_PROCESS,
                                       .evidence = CF_ENFORCED,
                                       .name = process->name,
                                       .process = process};
        *row = (struct cf_report_row){.subject = subject,
                                      .enforced = process->mode == CF_SECCOMP_OFF ? "no filter"
                                                  : process->mode == CF_SECCOMP_FILTER
                                                          ? "filter (2)"
                                                          : "not readable",
                                      .verdict = verdict,
                                      .rule = verdict == CF_PASS ? NULL : "process-unfiltered"};
        if (verdict == CF_PASS)
                return;
        struct cf_finding *f =
                fixture_finding(fixture, NULL, NULL, &rule_process, verdict,
                                verdict == CF_FAIL ? "it lives in the namespaces of a container "
                                                     "and has no filter"
                                                   : "its status could not be read: run as root");
        f->subject_kind = CF_SUBJECT_PROCESS;
        f->evidence = CF_ENFORCED;
        f->process = process;
}

struct fixture *fixture_audit(void)
{
        static const char *const hints[] = {
                "db: started by Compose project 'shop' (/srv/shop/compose.yaml, service 'db'): "
                "confined scan /srv/shop"};
        static const char *const host[] = {"Podman at tcp://far.example:2376"};
        struct fixture *fixture = fixture_new("audit");
        struct cf_report_row *rows = cf_arena_many(fixture->arena, 5, struct cf_report_row);
        assert(rows);
        add_containers(fixture, rows);
        add_process(fixture, &rows[4], &processes[0], CF_FAIL);
        struct cf_finding *f = fixture_finding(fixture, NULL, NULL, &rule_daemon, CF_FAIL,
                                               "this engine has no seccomp");
        f->subject_kind = CF_SUBJECT_DAEMON;
        f->evidence = CF_CONFIGURED;
        f->subjects = host;
        f->subject_count = 1;
        fixture->report.engines = engines;
        fixture->report.engine_count = CF_COUNT(engines);
        fixture->report.rows = rows;
        fixture->report.row_count = 5;
        fixture->report.processes = 312;
        fixture->report.hints = hints;
        fixture->report.hint_count = CF_COUNT(hints);
        fixture->report.seconds = 0.0061;
        return fixture;
}

struct fixture *fixture_kernel(void)
{
        struct fixture *fixture = fixture_new("audit");
        struct cf_report_row *rows = cf_arena_many(fixture->arena, 3, struct cf_report_row);
        assert(rows);
        add_process(fixture, &rows[0], &processes[0], CF_FAIL);
        add_process(fixture, &rows[1], &processes[1], CF_PASS);
        add_process(fixture, &rows[2], &processes[2], CF_UNDECIDED);
        fixture->report.rows = rows;
        fixture->report.row_count = 3;
        fixture->report.processes = 41207;
        fixture->report.seconds = 72.4;
        fixture_trouble(
                fixture, -ECONNREFUSED, NULL,
                "cannot ask Docker at unix:///var/run/docker.sock: connection refused; is it "
                "running?",
                NULL, NULL);
        fixture->report.interrupted = true;
        return fixture;
}
