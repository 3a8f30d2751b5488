/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "judge/reasons.h"
#include "profile/profile.h"

static void found(void **state)
{
        (void)state;
        static const struct {
                const char *image, *command, *id; /* id NULL: none */
        } rows[] = {
                {"golang:1.25", NULL, "delve"},
                {"docker.io/library/golang", NULL, "delve"},
                {"GoLang:1.25", NULL, "delve"},
                {"registry:5000/x/delve@sha256:00", NULL, "delve"},
                {"registry:5000/x/delve:1@sha256:00", NULL, "delve"},
                {NULL, "dlv test ./...", "delve"},
                {NULL, "/go/bin/dlv debug", "delve"},
                {NULL, "sh -c 'cd /src && dlv test'", "delve"},
                {NULL, "bash -lc \"exec dlv test\"", "delve"},
                {NULL, "sudo gdb -p 1", "ptrace-debuggers"},
                {NULL, "A=1 env B=2 strace ls", "ptrace-debuggers"},
                {NULL, "docker-entrypoint.sh mongod --bind_ip_all", "numactl"},
                {NULL, "/usr/local/bin/docker-entrypoint.sh mysqld", "mysql-mbind"},
                {NULL, "python3 -m vllm.entrypoints.openai.api_server", "vllm-cpu"},
                {NULL, "/sbin/init", "systemd-pid1"},
                {"docker:dind", NULL, "dind"},
                {"docker:27-dind", NULL, "dind"},
                {"docker:27.1-dind-rootless", NULL, "dind"},
                {"docker:cli", NULL, NULL},
                {"docker", NULL, NULL},
                {"rocm/pytorch:latest", NULL, "rocm"},
                {"registry.example/rocm/vllm-dev", NULL, "rocm"},
                {"lscr.io/linuxserver/webtop:ubuntu", NULL, "linuxserver-gui"},
                {"mywebtop", NULL, NULL},
                {"xrocm/pytorch", NULL, NULL},
                {"selenium/standalone-chrome:4", NULL, "chromium-sandbox"},
                /* ordinary images and commands */
                {"nginx:latest", "nginx -g 'daemon off;'", NULL},
                {"postgres:18", "docker-entrypoint.sh postgres", NULL},
                {"redis:8", "docker-entrypoint.sh redis-server", NULL},
                {"python:3.13", "python3 app.py", NULL},
                {"node:24", "docker-entrypoint.sh npm run perf", NULL},
                {"ubuntu:24.04", "bash", NULL},
                {"debian", "sleep infinity", NULL},
                {"alpine", "sh -c 'echo chrome'", NULL},
                {"ruby", NULL, NULL},
                {"php:8-apache", NULL, NULL},
                {"busybox", "grep strace /log", NULL},
                {"example/service", "/app --mode perf", NULL},
                {"", "", NULL},
                {":", "'", NULL},
                {"/", "; ; ;", NULL},
                {NULL, NULL, NULL},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct cf_reason *reason = cf_reason_find(rows[i].image, rows[i].command);
                const char *id = reason ? reason->id : "none";
                const char *want = rows[i].id ? rows[i].id : "none";
                if (strcmp(id, want) != 0)
                        fail_msg("%s %s: %s, not %s", rows[i].image, rows[i].command, id, want);
        }
}

static const struct cf_reason *reason_of(const char *id)
{
        for (size_t i = 0; i < cf_reason_count; i++)
                if (strcmp(cf_reasons[i].id, id) == 0)
                        return &cf_reasons[i];
        fail_msg("no reason %s", id);
        return NULL;
}

/* What is to be added is written as 'profile extend' reads it. */
static void rules(void **state)
{
        (void)state;
        size_t count = 0;
        for (size_t i = 0; i < cf_reason_count; i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_span rest = cf_span_of(cf_reasons[i].rules);
                while (rest.size) {
                        struct cf_profile_addition addition;
                        struct cf_error err = {0};
                        size_t end = cf_span_find_byte(rest, ';');
                        struct cf_span text = cf_span_trim(cf_span_part(rest, 0, end));
                        if (cf_profile_addition_read(arena, cf_reasons[i].id, text, &addition,
                                                     &err) < 0)
                                fail_msg("%s", err.frames[0].message);
                        rest = cf_span_part(rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
                        count++;
                }
        }
        assert_true(count > 30);
}

/* What is concerned is written as rules are. */
static void calls(void **state)
{
        (void)state;
        for (size_t i = 0; i < cf_reason_count; i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const struct cf_call_rule *read;
                struct cf_error err = {0};
                size_t count;
                if (cf_call_rules_read(arena, cf_reasons[i].id, cf_span_of(cf_reasons[i].calls),
                                       &read, &count, &err) < 0)
                        fail_msg("%s", err.frames[0].message);
        }
}

/* Every message of the table is found as it is. */
static void messages_are_reachable(void **state)
{
        (void)state;
        for (size_t i = 0; i < cf_reason_count; i++) {
                struct cf_span rest = cf_span_of(cf_reasons[i].symptom);
                while (rest.size) {
                        struct cf_reason_hit hits[CF_REASON_HITS_MAX];
                        size_t count, end = cf_span_find_byte(rest, ';'), at = 0;
                        struct cf_span text = cf_span_trim(cf_span_part(rest, 0, end));
                        rest = cf_span_part(rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
                        if (text.size && text.data[0] == '(')
                                continue;
                        assert_int_equal(cf_reason_hits(text, NULL, hits, &count, NULL), 0);
                        while (at < count && hits[at].reason != &cf_reasons[i])
                                at++;
                        if (at == count || hits[at].share < 100)
                                fail_msg("%s: \"%.*s\" is not found", cf_reasons[i].id,
                                         (int)text.size, text.data);
                }
        }
}

static void messages(void **state)
{
        (void)state;
        static const struct {
                const char *text, *program, *id; /* id NULL: nothing is */
                enum cf_hit_certainty certainty;
        } rows[] = {
                /* as they are seen: prefixes, numbers, paths, case, quotes, colours, lines */
                {"WARNING: ERROR DISABLING ADDRESS SPACE RANDOMIZATION: OPERATION NOT PERMITTED",
                 NULL, "gdb-aslr", CF_HIT_SURE},
                {"db_1  | 2024-01-02T03:04:05Z 7 [Warning] mbind: Operation not permitted", NULL,
                 "mysql-mbind", CF_HIT_PERHAPS},
                {"mbind: Operation not permitted", "mysqld", "mysql-mbind", CF_HIT_SURE},
                {"mbind: Operation not permitted", "docker.io/library/mysql:8", "mysql-mbind",
                 CF_HIT_SURE},
                {"mysqld: mbind: Operation not permitted", NULL, "mysql-mbind", CF_HIT_SURE},
                {"\x1b[31mbwrap:\x1b[0m No permissions to\ncreate new namespace, likely because "
                 "the kernel does not allow non-privileged user namespaces",
                 NULL, "bwrap-flatpak", CF_HIT_SURE},
                {"[1:1:0102/030405.678:FATAL:zygote_host_impl_linux.cc(117)] No usable sandbox! "
                 "Update your kernel or see https://x/y/z.md for more information on developing "
                 "with the SUID sandbox.",
                 NULL, "chromium-sandbox", CF_HIT_SURE},
                {"could not launch process: fork/exec /tmp/a b/__debug_bin: operation not "
                 "permitted",
                 NULL, "delve", CF_HIT_SURE},
                {"tar: ./usr/lib: Cannot change mode to rwxr-xr-x: Operation not permitted", NULL,
                 "fchmodat2-tar", CF_HIT_SURE},
                {"RuntimeError: can\xe2\x80\x99t start new thread", NULL, "clone3-glibc234",
                 CF_HIT_SURE},
                {"Read -1, expected 131072, errno = 1", NULL, "openmpi-cma", CF_HIT_SURE},
                {"ntp_gettime() fails", "ntptime", "clock-adjtime", CF_HIT_LIKELY},
                /* the program alone */
                {"Operation not permitted", "dlv", "delve", CF_HIT_PERHAPS},
                {"", "chrome", "chromium-sandbox", CF_HIT_PERHAPS},
                /* what every program says */
                {"Operation not permitted", NULL, NULL, 0},
                {"error: operation not permitted (os error 1)", NULL, NULL, 0},
                {"PermissionError: [Errno 1] Operation not permitted", NULL, NULL, 0},
                {"fatal: failed to open file: permission denied", NULL, NULL, 0},
                {"Operation not permitted", "nginx", NULL, 0},
                {"bash: ./x: Permission denied", NULL, NULL, 0},
                {"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", NULL, NULL,
                 0},
                {"mkdir: cannot create directory '/x': Permission denied", NULL, NULL, 0},
                {"Segmentation fault (core dumped)", NULL, NULL, 0},
                {"iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission "
                 "denied (you must be root)",
                 NULL, NULL, 0},
                {"the read failed because of the network namespace", NULL, NULL, 0},
                {"Error response from daemon: No such container: kernel", NULL, NULL, 0},
                {"ERROR: failed to solve: process \"/bin/sh -c make\" did not complete "
                 "successfully: exit code: 2",
                 NULL, NULL, 0},
                {"", NULL, NULL, 0},
                {"... ; (", "...", NULL, 0},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_reason_hit hits[CF_REASON_HITS_MAX];
                size_t count;
                assert_int_equal(cf_reason_hits(cf_span_of(rows[i].text), rows[i].program, hits,
                                                &count, NULL),
                                 0);
                const char *id = count ? hits[0].reason->id : "none";
                if (strcmp(id, rows[i].id ? rows[i].id : "none") != 0 ||
                    (count && hits[0].certainty != rows[i].certainty))
                        fail_msg("\"%s\" of %s: %s (%d, %u %%)", rows[i].text, rows[i].program, id,
                                 count ? (int)hits[0].certainty : 0, count ? hits[0].share : 0);
        }
}

/* A message that a page of other text stands around, or within, and more than is looked at. */
static void long_messages(void **state)
{
        (void)state;
        struct cf_reason_hit hits[CF_REASON_HITS_MAX];
        struct cf_error err = {0};
        CF_TEXT struct cf_text text = {0};
        size_t count;
        for (size_t i = 0; i < 5000; i++)
                cf_text_printf(&text, "line %zu: operation of process /a/b not permitted\n", i);
        assert_int_equal(cf_reason_hits(cf_text_span(&text), NULL, hits, &count, NULL), 0);
        assert_int_equal(count, 0);
        size_t at = text.size;
        cf_text_puts(&text, "setting membind: Operation not permitted\n");
        for (size_t i = 0; i < 5000; i++)
                cf_text_printf(&text, "%zu membind and other words\n", i);
        assert_int_equal(cf_reason_hits(cf_text_span(&text), NULL, hits, &count, NULL), 0);
        assert_int_equal(count, 1);
        assert_string_equal(hits[0].reason->id, "numactl");
        assert_int_equal(hits[0].certainty, CF_HIT_SURE);
        assert_ptr_equal(hits[0].seen.data, text.data + at);
        cf_text_repeat(&text, 'x', CF_MESSAGE_MAX);
        assert_int_equal(cf_reason_hits(cf_text_span(&text), NULL, hits, &count, &err), -E2BIG);
}

static void notes(void **state)
{
        (void)state;
        static const struct {
                const char *id, *docker, *kernel, *want;
        } rows[] = {
                {"delve", NULL, NULL,
                 "for Delve this is not needed since Docker 19.03 on kernels from 4.8"},
                {"delve", "28.5.2", "6.12",
                 "for Delve this is not needed since Docker 19.03 on kernels from 4.8"},
                {"delve", "18.09.1", "6.12",
                 "for Delve this is not needed since Docker 19.03 on kernels from 4.8; this is "
                 "Docker "
                 "18.09.1"},
                {"delve", "20.10.24+dfsg1", "4.4.0-x",
                 "for Delve this is not needed since Docker 19.03 on kernels from 4.8; this is "
                 "kernel "
                 "4.4.0"},
                {"clone3-glibc234", "20.10.9", NULL,
                 "for programs on glibc 2.34 and later this is not needed since Docker 20.10.10; "
                 "this "
                 "is Docker 20.10.9"},
                {"bazel-sandbox", NULL, NULL,
                 "for Bazel this is not needed: Bazel falls back by itself "
                 "(processwrapper-sandbox). "
                 "To have linux-sandbox all the same, let clone through with CLONE_NEWUSER, and "
                 "mount, and unmask /proc (--security-opt systempaths=unconfined), over which it "
                 "mounts another"},
                {"chrony-set", NULL, NULL,
                 "for setting the clock a capability is enough: --cap-add SYS_TIME"},
                {"keyring", NULL, NULL,
                 "for kernel keyrings: runc --no-new-keyring, crun --no-new-keyring and "
                 "KeyringMode=inherit do without; else let keyctl through with "
                 "KEYCTL_GET_KEYRING_ID and KEYCTL_JOIN_SESSION_KEYRING alone"},
                {"bpf-tools", "20.10.24", NULL,
                 "for eBPF tools a capability is enough (from Docker 24.0 on; this is 20.10.24): "
                 "--cap-add BPF and PERFMON, since Docker 24.0 (before: SYS_ADMIN)"},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                assert_string_equal(cf_reason_note(arena, reason_of(rows[i].id),
                                                   cf_version_of(rows[i].docker),
                                                   cf_version_of(rows[i].kernel)),
                                    rows[i].want);
        for (size_t i = 0; i < cf_reason_count; i++)
                assert_non_null(cf_reason_note(arena, &cf_reasons[i], (struct cf_version){0},
                                               (struct cf_version){0}));
}

/* Every word of the table finds its own row, or an earlier one on purpose. */
static void words_are_reachable(void **state)
{
        (void)state;
        for (size_t i = 0; i < cf_reason_count; i++) {
                char words[1024], *rest = words;
                assert_true(strlen(cf_reasons[i].match) < sizeof(words));
                memcpy(words, cf_reasons[i].match, strlen(cf_reasons[i].match) + 1);
                for (char *word; (word = strtok_r(rest, " ", &rest));) {
                        char image[256];
                        bool folder = word[strlen(word) - 1] == '/', path = word[0] == '/';
                        snprintf(image, sizeof(image), folder ? "r.example/%sx:1" : "r.example/%s",
                                 word);
                        const struct cf_reason *reason =
                                path ? cf_reason_find(NULL, word) : cf_reason_find(image, NULL);
                        if (reason != &cf_reasons[i])
                                fail_msg("'%s' of %s finds %s", word, cf_reasons[i].id,
                                         reason ? reason->id : "nothing");
                }
        }
}

static void versions(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                struct cf_version want;
        } rows[] = {
                {"28.5.2", {28, 5, 2}},
                {"20.10.24+dfsg1", {20, 10, 24}},
                {"6.12.1-amd64", {6, 12, 1}},
                {"27.0.0-rc.1", {27, 0, 0}},
                {"19.03", {19, 3, 0}},
                {"6", {6, 0, 0}},
                {"6.", {6, 0, 0}},
                {"6.x", {6, 0, 0}},
                {"", {0, 0, 0}},
                {"dev", {0, 0, 0}},
                {NULL, {0, 0, 0}},
                {"99999999999999.1", {1000000, 1, 0}},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_version got = cf_version_of(rows[i].text);
                assert_int_equal(cf_version_compare(got, rows[i].want), 0);
        }
        assert_true(cf_version_compare(cf_version_of("19.03"), cf_version_of("18.09.9")) > 0);
        assert_true(cf_version_compare(cf_version_of("26.1"), cf_version_of("27.0")) < 0);
        assert_true(cf_version_compare(cf_version_of("20.10.9"), cf_version_of("20.10.10")) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(found),
                cmocka_unit_test(notes),
                cmocka_unit_test(rules),
                cmocka_unit_test(calls),
                cmocka_unit_test(messages_are_reachable),
                cmocka_unit_test(messages),
                cmocka_unit_test(long_messages),
                cmocka_unit_test(words_are_reachable),
                cmocka_unit_test(versions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
