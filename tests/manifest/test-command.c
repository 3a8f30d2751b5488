/* SPDX-License-Identifier: Apache-2.0 */
/* Container command lines: the option tables, what stands before the program, options as pflag
 * reads them. */
#include "unit.h"

#include "base/text.h"
#include "manifest/command.h"

/* ---- tables ---------------------------------------------------------------------------------- */

static void tables_are_sorted_and_whole(void **state)
{
        (void)state;
        assert_true(cf_cli_table_count > 0);
        for (size_t i = 0; i < cf_cli_table_count; i++) {
                const struct cf_cli_table *table = &cf_cli_tables[i];
                assert_true(table->count > 0);
                assert_ptr_equal(cf_cli_table(table->program, table->scope), table);
                for (size_t j = 0; j < table->count; j++) {
                        const struct cf_cli_option *option = &table->options[j];
                        if (j)
                                assert_true(strcmp(table->options[j - 1].name, option->name) < 0);
                        assert_ptr_equal(cf_cli_long(table, cf_span_of(option->name)), option);
                        if (option->letter)
                                assert_ptr_equal(cf_cli_short(table, option->letter), option);
                }
        }
        assert_null(cf_cli_table("docker", "fly"));
        assert_null(cf_cli_long(cf_cli_tables, CF_SPAN("")));
        assert_null(cf_cli_long(cf_cli_tables, CF_SPAN("zzz")));
        assert_null(cf_cli_short(cf_cli_tables, '\0'));
}

static void every_engine_has_the_options_that_matter(void **state)
{
        (void)state;
        static const char *const engines[] = {"docker", "podman", "nerdctl"};
        for (size_t i = 0; i < CF_COUNT(engines); i++) {
                const struct cf_cli_table *run = cf_cli_table(engines[i], "run");
                const struct cf_cli_table *exec = cf_cli_table(engines[i], "exec");
                const struct cf_cli_option *option = cf_cli_long(run, CF_SPAN("privileged"));
                assert_true(option && !option->value);
                option = cf_cli_long(run, CF_SPAN("security-opt"));
                assert_true(option && option->value);
                option = cf_cli_long(run, CF_SPAN("name"));
                assert_true(option && option->value);
                option = cf_cli_long(exec, CF_SPAN("privileged"));
                assert_true(option && !option->value);
                assert_null(cf_cli_long(exec, CF_SPAN("security-opt")));
        }
        const struct cf_cli_option *profile =
                cf_cli_long(cf_cli_table("dockerd", "daemon"), CF_SPAN("seccomp-profile"));
        assert_true(profile && profile->value);
}

static void knows_programs(void **state)
{
        (void)state;
        assert_string_equal(cf_engine_name(CF_SPAN("docker")), "docker");
        assert_string_equal(cf_engine_name(CF_SPAN("/usr/bin/podman")), "podman");
        assert_string_equal(cf_engine_name(CF_SPAN("nvidia-docker")), "docker");
        assert_string_equal(cf_engine_name(CF_SPAN("nerdctl.lima")), "nerdctl");
        assert_null(cf_engine_name(CF_SPAN("docker-compose")));
        assert_null(cf_engine_name(CF_SPAN("docker/run")));
        assert_null(cf_engine_name(CF_SPAN("")));
        assert_true(cf_is_daemon(CF_SPAN("/usr/bin/dockerd")));
        assert_false(cf_is_daemon(CF_SPAN("docker")));
}

static void reads_booleans(void **state)
{
        (void)state;
        static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
        static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
        static const char *const none[] = {"", "yes", "no", "on", "tRUE", "2", "true ", "TrUe"};
        bool value;
        for (size_t i = 0; i < CF_COUNT(yes); i++)
                assert_true(cf_parse_bool(cf_span_of(yes[i]), &value) && value);
        for (size_t i = 0; i < CF_COUNT(no); i++)
                assert_true(cf_parse_bool(cf_span_of(no[i]), &value) && !value);
        for (size_t i = 0; i < CF_COUNT(none); i++)
                assert_false(cf_parse_bool(cf_span_of(none[i]), &value));
}

/* ---- prefixes and options ----------------------------------------------------------------------
 */

static const struct cf_shell_events silence = {0};

static struct cf_list split(struct cf_arena *arena, struct cf_shell_code *code, const char *text)
{
        struct cf_shell_lexer lexer = {.arena = arena, .events = &silence};
        struct cf_list list = {.code = code};
        *code = (struct cf_shell_code){.text = cf_span_of(text), .file = cf_span_of(text)};
        struct cf_range whole = {0, code->text.size};
        assert_int_equal(cf_shell_split(&lexer, code, whole, &list.words, &list.count), 0);
        return list;
}

/* `at` is the word where the program or the text starts. */
static void looks_through_prefixes(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                enum cf_prefix_kind kind;
                size_t at, end;
        } prefixes[] = {
                {"docker run", CF_PREFIX_COMMAND, 0, 2},
                {"A=b C=d docker", CF_PREFIX_COMMAND, 2, 3},
                {"A=b", CF_PREFIX_NONE, 0, 0},
                {"sudo docker", CF_PREFIX_COMMAND, 1, 2},
                {"sudo -nE -u bob -g x A=b docker", CF_PREFIX_COMMAND, 7, 8},
                {"sudo --user=bob --chdir / -- docker", CF_PREFIX_COMMAND, 5, 6},
                {"sudo -uroot docker", CF_PREFIX_COMMAND, 2, 3},
                {"env -i -u X A=b nice -n 5 docker", CF_PREFIX_COMMAND, 8, 9},
                {"timeout -s KILL 5m docker", CF_PREFIX_COMMAND, 4, 5},
                {"timeout --signal=KILL 5m docker", CF_PREFIX_COMMAND, 3, 4},
                {"xargs -0 -n 1 docker", CF_PREFIX_COMMAND, 4, 5},
                {"command -v docker", CF_PREFIX_NONE, 0, 0},
                {"command docker", CF_PREFIX_COMMAND, 1, 2},
                {"bash -c x y", CF_PREFIX_STRING, 2, 3},
                {"bash -o pipefail -ec x", CF_PREFIX_STRING, 4, 5},
                {"bash --login -c x", CF_PREFIX_STRING, 3, 4},
                {"bash +x -c x", CF_PREFIX_STRING, 3, 4},
                {"bash", CF_PREFIX_SHELL, 0, 0},
                {"bash -s", CF_PREFIX_SHELL, 0, 0},
                {"bash x.sh", CF_PREFIX_NONE, 0, 0},
                {"sudo bash -c x", CF_PREFIX_STRING, 3, 4},
                {"su - bob -c x", CF_PREFIX_STRING, 4, 5},
                {"su -c x bob", CF_PREFIX_STRING, 2, 3},
                {"su bob", CF_PREFIX_SHELL, 0, 0},
                {"runuser -u bob docker", CF_PREFIX_COMMAND, 3, 4},
                {"runuser -l bob -c x", CF_PREFIX_STRING, 4, 5},
                {"ssh -p 22 -t host a b", CF_PREFIX_STRING, 5, 7},
                {"ssh host", CF_PREFIX_SHELL, 0, 0},
                {"eval a b", CF_PREFIX_STRING, 1, 3},
                {"trap a EXIT", CF_PREFIX_STRING, 1, 2},
                {"find . -name x -exec docker {} +", CF_PREFIX_COMMAND, 5, 8},
                {"find .", CF_PREFIX_NONE, 0, 0},
                {"flock /l -c x", CF_PREFIX_STRING, 3, 4},
                {"sudo", CF_PREFIX_NONE, 0, 0},
                {"sudo -u", CF_PREFIX_NONE, 0, 0},
                {"/usr/bin/sudo docker", CF_PREFIX_COMMAND, 1, 2},
                {"echo docker", CF_PREFIX_COMMAND, 0, 2},
                {"sudo sudo sudo sudo sudo sudo sudo sudo docker", CF_PREFIX_COMMAND, 8, 9},
        };
        for (size_t i = 0; i < CF_COUNT(prefixes); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_shell_code code;
                struct cf_list list = split(arena, &code, prefixes[i].text);
                struct cf_prefix prefix = cf_command_prefix(list.words, list.count);
                if (prefix.kind != prefixes[i].kind || prefix.at != prefixes[i].at ||
                    prefix.end != prefixes[i].end)
                        fail_msg("%s: kind %d at %zu end %zu", prefixes[i].text, prefix.kind,
                                 prefix.at, prefix.end);
        }
}

/* What is read of a command line: "docker run IMAGE NAME hit hit …", hits as the words they take.
 */
static void describe(struct cf_arena *arena, const char *text, struct cf_text *out)
{
        struct cf_shell_code code;
        struct cf_list list = split(arena, &code, text);
        struct cf_arguments arguments = {0};
        struct cf_parsed parsed;
        int r;
        for (size_t i = 0; i < list.count; i++)
                assert_int_equal(cf_vec_push(arena, &arguments,
                                             (struct cf_argument){.list = &list,
                                                                  .index = i,
                                                                  .word = &list.words[i]}),
                                 0);
        const char *engine = cf_engine_name(list.words[0].value);
        assert_non_null(engine);
        if (!cf_command_read(arena, arguments.items, arguments.count, 0, engine, &parsed, &r)) {
                assert_int_equal(r, 0);
                cf_text_puts(out, "none");
                return;
        }
        cf_text_printf(out, "%s %s", parsed.engine, parsed.action);
        cf_text_puts(out, " ");
        if (parsed.image == SIZE_MAX)
                cf_text_puts(out, "-");
        else
                cf_text_add(out, list.words[parsed.image].value);
        for (size_t i = 0; i < parsed.hits.count; i++) {
                const struct cf_hit *hit = &parsed.hits.items[i];
                cf_text_puts(out, hit->kind == CF_HIT_PRIVILEGED ? " privileged=" : " opt=");
                if (!hit->implied)
                        cf_text_add(out,
                                    cf_span_part(list.words[hit->value].value, hit->at, SIZE_MAX));
        }
        if (parsed.name != SIZE_MAX) {
                cf_text_puts(out, " name=");
                cf_text_add(out,
                            cf_span_part(list.words[parsed.name].value, parsed.name_at, SIZE_MAX));
        }
}

static void reads_options_as_pflag_does(void **state)
{
        (void)state;
        static const struct {
                const char *text, *read;
        } lines[] = {
                {"docker run img", "docker run img"},
                {"docker run", "docker run -"},
                {"docker", "none"},
                {"docker ps", "none"},
                {"docker container run img", "docker run img"},
                {"docker container container run img", "none"},
                {"docker container ls", "none"},
                {"docker create img", "docker create img"},
                {"docker exec --privileged web sh", "docker exec web privileged="},
                {"docker exec --security-opt x web", "docker exec x"},
                {"docker run --privileged img", "docker run img privileged="},
                {"docker run --privileged=false img", "docker run img privileged=false"},
                {"docker run --privileged= img", "docker run img privileged="},
                {"docker run --privileged true", "docker run true privileged="},
                {"docker run --security-opt a=b img", "docker run img opt=a=b"},
                {"docker run --security-opt=a=b img", "docker run img opt=a=b"},
                {"docker run --security-opt= img", "docker run img opt="},
                {"docker run --security-opt", "docker run -"},
                {"docker run --security-opt a --security-opt=b c", "docker run c opt=a opt=b"},
                {"docker run -security-opt a img", "docker run a"},
                {"docker run --security-op a=b img", "docker run a=b"},
                {"docker run --name web img", "docker run img name=web"},
                {"docker run --name=web img", "docker run img name=web"},
                {"docker run --name --privileged img", "docker run img name=--privileged"},
                {"docker run img --privileged", "docker run img"},
                {"docker run -- img --privileged", "docker run img"},
                {"docker run --privileged -- --img", "docker run --img privileged="},
                {"docker run - --privileged", "docker run -"},
                {"docker run -it img", "docker run img"},
                {"docker run -itv a:b img", "docker run img"},
                {"docker run -itva:b img", "docker run img"},
                {"docker run -p80:80 img", "docker run img"},
                {"docker run -p 80:80 img", "docker run img"},
                {"docker run -e=A=b img", "docker run img"},
                {"docker run -i=false img", "docker run img"},
                {"docker run -P img", "docker run img"},
                {"docker run -dp 80 img", "docker run img"},
                {"docker run -m 1g -c 2 -h x -l y -u z -w / -a stdin img", "docker run img"},
                {"docker run --rm --init --read-only --sig-proxy img", "docker run img"},
                {"docker run --sig-proxy=false --init=true img", "docker run img"},
                {"docker run --gpus all --pull always --platform x img", "docker run img"},
                {"docker run --net host --dns-opt x --net-alias y img", "docker run img"},
                {"docker -H x --tls -l debug run img", "docker run img"},
                {"docker -Hx --context=y -c z --config d run img", "docker run img"},
                {"docker -D -v run img", "docker run img"},
                {"docker --host run img", "none"},
                {"docker --privileged run img", "docker run img"},
                {"podman --log-level debug --root / run img", "podman run img"},
                {"podman run --log-level debug --privileged img", "podman run img privileged="},
                {"podman -r run --replace --tls-verify=false img", "podman run img"},
                {"podman run --pod p --secret s --userns x img", "podman run img"},
                {"podman run --health-startup-cmd x --retry 3 img", "podman run img"},
                {"podman exec -l --privileged sh", "podman exec sh privileged="},
                {"nerdctl -n k8s.io --address x run img", "nerdctl run img"},
                {"nerdctl run -n k8s.io --privileged img", "nerdctl run img privileged="},
                {"nerdctl run --rootfs --cosign-key k img", "nerdctl run img"},
                {"docker run --new-flag --privileged img", "docker run img privileged="},
                {"docker run --new-flag img --arg", "docker run img"},
                {"docker run --new-option v --privileged img", "docker run img privileged="},
                {"docker run --new-option=v --privileged img", "docker run img privileged="},
                {"docker run -Z --privileged img", "docker run img privileged="},
        };
        for (size_t i = 0; i < CF_COUNT(lines); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text text = {0};
                describe(arena, lines[i].text, &text);
                if (strcmp(text.data, lines[i].read) != 0)
                        fail_msg("%s\nread     %s\nexpected %s", lines[i].text, text.data,
                                 lines[i].read);
        }
}

static void the_last_settings_are_kept(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text line = {0}, read = {0};
        cf_text_puts(&line, "docker run");
        for (size_t i = 0; i < CF_COMMAND_SETTINGS + 3; i++)
                cf_text_printf(&line, " --security-opt=%zu", i);
        cf_text_puts(&line, " img");
        describe(arena, line.data, &read);
        assert_true(cf_span_starts(cf_text_span(&read), "docker run img opt=3 opt=4 "));
        assert_true(cf_span_ends(cf_text_span(&read), " opt=66"));
}

static void finds_the_image(void **state)
{
        static const struct {
                const char *words[10];
                int found;
                size_t image;
                bool detached;
        } rows[] = {
                {{"docker", "run", "nginx"}, 1, 2, false},
                {{"/usr/bin/docker", "--host", "tcp://a", "container", "run", "--rm", "nginx",
                  "-d"},
                 1,
                 6,
                 false},
                {{"docker", "run", "-itd", "--name", "run", "nginx"}, 1, 5, true},
                {{"docker", "run", "--detach=false", "nginx"}, 1, 3, false},
                {{"docker", "run", "--detach", "-p", "80:80", "nginx", "x"}, 1, 5, true},
                {{"docker", "run", "-e", "-d", "nginx"}, 1, 4, false},
                {{"podman", "create", "nginx"}, 1, 2, false},
                {{"docker", "exec", "web", "sh"}, 0, 0, false},
                {{"docker", "run", "--rm"}, 0, 0, false},
                {{"docker"}, 0, 0, false},
                {{"ls", "run", "nginx"}, 0, 0, false},
        };
        (void)state;
        struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_command_line line = {0};
                size_t count = 0;
                while (rows[i].words[count])
                        count++;
                assert_int_equal(cf_command_line_read(arena, rows[i].words, count, &line),
                                 rows[i].found);
                assert_int_equal(line.image, rows[i].image);
                assert_int_equal(line.detached, rows[i].detached);
        }
        cf_arena_free(arena);
}

static void tells_what_a_command_line_says_of_its_container(void **state)
{
        const char *const words[] = {"docker", "-H",         "unix:///a", "run", "-it",
                                     "--rm",   "--name=web", "--cidfile", "id",  "--privileged",
                                     "--",     "nginx",      "--name=x"};
        const char *const plain[] = {"podman", "run", "--rm=false", "--privileged=0", "nginx"};
        struct cf_command_line line = {0};
        (void)state;
        struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
        assert_int_equal(cf_command_line_read(arena, words, CF_COUNT(words), &line), 1);
        assert_int_equal(line.options, 4);
        assert_int_equal(line.end, 10);
        assert_int_equal(line.image, 11);
        assert_string_equal(line.name, "web");
        assert_true(line.removed && line.id_file && line.terminal && line.privileged);
        assert_int_equal(cf_command_line_read(arena, plain, CF_COUNT(plain), &line), 1);
        assert_int_equal(line.end, 4);
        assert_null(line.name);
        assert_false(line.removed || line.id_file || line.terminal || line.privileged);
        cf_arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tables_are_sorted_and_whole),
                cmocka_unit_test(every_engine_has_the_options_that_matter),
                cmocka_unit_test(knows_programs),
                cmocka_unit_test(finds_the_image),
                cmocka_unit_test(tells_what_a_command_line_says_of_its_container),
                cmocka_unit_test(reads_booleans),
                cmocka_unit_test(looks_through_prefixes),
                cmocka_unit_test(reads_options_as_pflag_does),
                cmocka_unit_test(the_last_settings_are_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
