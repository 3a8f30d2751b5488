/* SPDX-License-Identifier: Apache-2.0 */
/* One subject, its settings, and all that the rules say of it. */
#include "kit.h"

#define SERVICE CF_SUBJECT_SERVICE
#define COMMAND CF_SUBJECT_COMMAND
#define OFF_SERVICE "fail seccomp-unconfined: the system call filter of service 'web' is off"
#define OFF_COMMAND                                                                               \
        "fail seccomp-unconfined: 'docker run' of image 'nginx:latest' switches the system call " \
        "filter off"
#define PRIVILEGED "fail privileged: service 'web' is privileged: no system call filter"

static const struct row effective[] = {
        {"nothing", SERVICE, NULL, {{0}}, "", NULL},
        {"equals", SERVICE, NULL, {OPT("seccomp=unconfined")}, OFF_SERVICE, NULL},
        {"colon", SERVICE, NULL, {OPT("seccomp:unconfined")}, OFF_SERVICE, NULL},
        {"command", COMMAND, NULL, {OPT("seccomp=unconfined")}, OFF_COMMAND, NULL},
        {"other options",
         SERVICE,
         NULL,
         {OPT("label=disable"), OPT("apparmor:unconfined")},
         "",
         NULL},
        {"the last entry wins, and is a profile",
         SERVICE,
         NULL,
         {OPT("seccomp=unconfined"), OPT("seccomp=good.json")},
         "",
         NULL},
        {"the last entry wins, and is unconfined",
         SERVICE,
         NULL,
         {OPT("seccomp=good.json"), OPT("seccomp:unconfined")},
         OFF_SERVICE,
         NULL},
        {"two unconfined entries are one fact",
         SERVICE,
         NULL,
         {OPT("seccomp=unconfined"), OPT("seccomp:unconfined")},
         OFF_SERVICE,
         NULL},
        {"builtin behind unconfined",
         COMMAND,
         NULL,
         {OPT("seccomp=unconfined"), OPT("seccomp=builtin")},
         "",
         NULL},
        {"the first '=' splits, not the colon before it",
         COMMAND,
         NULL,
         {OPT("seccomp:unconfined=x")},
         "warn seccomp-misspelled: the seccomp setting of 'docker run' of image 'nginx:latest': "
         "Docker refuses 'seccomp:unconfined=x': no security option has that name",
         NULL},
        {"an assumed value",
         SERVICE,
         NULL,
         {OPT_ASSUMED("seccomp=unconfined", "SECCOMP is unset, its default is 'unconfined'")},
         OFF_SERVICE ": SECCOMP is unset, its default is 'unconfined'",
         NULL},
        {"an unknown value",
         SERVICE,
         NULL,
         {OPT_ANYTHING("OPTS is not set")},
         "unknown seccomp-unconfined: whether the system call filter of service 'web' is off "
         "cannot "
         "be told: OPTS is not set",
         NULL},
        {"an unknown value before one that is known is beaten by it",
         SERVICE,
         NULL,
         {OPT_ANYTHING("OPTS is not set"), OPT("seccomp=good.json")},
         "",
         NULL},
        {"an unknown value behind one that is known shakes it",
         SERVICE,
         NULL,
         {OPT("seccomp=unconfined"), OPT_ANYTHING("OPTS is not set")},
         "unknown seccomp-unconfined: whether the system call filter of service 'web' is off "
         "cannot "
         "be told: a later entry may replace this one: OPTS is not set\n"
         "unknown seccomp-unconfined: whether the system call filter of service 'web' is off "
         "cannot "
         "be told: OPTS is not set",
         NULL},
        {"a path that cannot be resolved",
         SERVICE,
         NULL,
         {OPT_SOME_PATH("seccomp=/x/p.json")},
         "",
         NULL},
        {"exec", CF_SUBJECT_EXEC, NULL, {PRIV("true"), OPT("seccomp=unconfined")}, "", NULL},
        {"options in a variable",
         CF_SUBJECT_OPTIONS,
         NULL,
         {OPT("seccomp=unconfined")},
         "fail seccomp-unconfined: options kept in 'web' switch the system call filter off",
         NULL},
        {"podman: an empty value is the default", COMMAND, "podman", {OPT("seccomp=")}, "", NULL},
        {"docker: an empty value is refused",
         COMMAND,
         NULL,
         {OPT("seccomp=")},
         "warn seccomp-misspelled: the seccomp setting of 'docker run' of image 'nginx:latest': "
         "Docker refuses 'seccomp=': it needs a value",
         NULL},
        {"nerdctl splits at '=' alone",
         COMMAND,
         "nerdctl",
         {OPT("seccomp:unconfined")},
         "warn seccomp-misspelled: the seccomp setting of 'nerdctl run' of image 'nginx:latest': "
         "nerdctl ignores 'seccomp:unconfined': it knows no such option, so the default profile "
         "applies",
         NULL},
        {"nerdctl",
         COMMAND,
         "nerdctl",
         {OPT("seccomp=unconfined")},
         "fail seccomp-unconfined: 'nerdctl run' of image 'nginx:latest' switches the system call "
         "filter off",
         NULL},
};

static const struct row privileged[] = {
        {"alone", SERVICE, NULL, {PRIV("true")}, PRIVILEGED, NULL},
        {"false", SERVICE, NULL, {PRIV("false")}, "", NULL},
        {"the last one wins", COMMAND, NULL, {PRIV("true"), PRIV("false")}, "", NULL},
        {"command",
         COMMAND,
         NULL,
         {PRIV("true")},
         "fail privileged: 'docker run' of image 'nginx:latest' starts a privileged container: no "
         "system call filter",
         NULL},
        {"build",
         CF_SUBJECT_BUILD,
         NULL,
         {PRIV("true")},
         "fail privileged: the build of 'web' is privileged: what it runs has no system call "
         "filter",
         NULL},
        {"privileged and unconfined are two places",
         SERVICE,
         NULL,
         {PRIV("true"), OPT("seccomp=unconfined")},
         PRIVILEGED "\n" OFF_SERVICE,
         NULL},
        {"with a profile, engine unknown",
         SERVICE,
         NULL,
         {PRIV("true"), OPT("seccomp=good.json")},
         "warn privileged: service 'web' is privileged: Docker up to 26 ignores its profile then "
         "(no "
         "filter at all), 27.0 and later apply it",
         NULL},
        {"with a profile, Docker 26.1",
         SERVICE,
         NULL,
         {PRIV("true"), OPT("seccomp=good.json")},
         "fail privileged: service 'web' is privileged: no system call filter, since Compose "
         "ignores "
         "its profile then",
         "26.1.5"},
        {"with a profile, Docker 27.0",
         SERVICE,
         NULL,
         {PRIV("true"), OPT("seccomp=good.json")},
         "note privileged: service 'web' is privileged, but keeps its own profile: Compose honours "
         "it",
         "27.0.0-rc.1"},
        {"with a profile, Podman",
         COMMAND,
         "podman",
         {PRIV("true"), OPT("seccomp=good.json")},
         "note privileged: 'podman run' of image 'nginx:latest' starts a privileged container, but "
         "keeps its own profile: Podman honours it",
         NULL},
        {"with a profile, nerdctl",
         COMMAND,
         "nerdctl",
         {PRIV("true"), OPT("seccomp=good.json")},
         "fail privileged: 'nerdctl run' of image 'nginx:latest' starts a privileged container: no "
         "system call filter, since nerdctl ignores its profile then",
         NULL},
        {"with builtin",
         COMMAND,
         NULL,
         {PRIV("true"), OPT("seccomp=builtin")},
         "fail privileged: 'docker run' of image 'nginx:latest' starts a privileged container: no "
         "system call filter, and seccomp=builtin does not bring it back",
         NULL},
        {"with builtin, Docker 28",
         COMMAND,
         NULL,
         {PRIV("true"), OPT("seccomp=builtin")},
         "fail privileged: 'docker run' of image 'nginx:latest' starts a privileged container: "
         "with "
         "seccomp=builtin Docker 27.0 and later do not start it",
         "28.5.2"},
        {"with an entry that is unknown",
         SERVICE,
         NULL,
         {PRIV("true"), OPT_ANYTHING("X is not set")},
         PRIVILEGED
         "\nunknown seccomp-unconfined: whether the system call filter of service 'web' is "
         "off cannot be told: X is not set",
         NULL},
        {"assumed",
         SERVICE,
         NULL,
         {PRIV_ASSUMED("PRIV is unset, its default is 'true'")},
         PRIVILEGED ": PRIV is unset, its default is 'true'",
         NULL},
        {"a value that Compose refuses starts nothing",
         SERVICE,
         NULL,
         {{CF_SETTING_PRIVILEGED, CF_CERTAIN, "maybe", NULL, "'maybe' is no boolean", NULL}},
         "",
         NULL},
        {"unknown",
         SERVICE,
         NULL,
         {PRIV_ANYTHING("PRIV is not set")},
         "unknown privileged: whether service 'web' is privileged cannot be told: PRIV is not set",
         NULL},
};

static const struct row profiles[] = {
        {"good", SERVICE, NULL, {OPT("seccomp=good.json")}, "", NULL},
        {"missing",
         SERVICE,
         NULL,
         {OPT("seccomp=nowhere/p.json")},
         "fail profile-missing: the profile 'nowhere/p.json' of service 'web' does not exist",
         NULL},
        {"missing, though a later entry wins",
         SERVICE,
         NULL,
         {OPT("seccomp=nowhere.json"), OPT("seccomp=good.json")},
         "fail profile-missing: the profile 'nowhere.json' of service 'web' does not exist",
         NULL},
        {"a folder",
         SERVICE,
         NULL,
         {OPT("seccomp=folder")},
         "fail profile-missing: the profile 'folder' of service 'web' is a folder",
         NULL},
        {"below a file",
         SERVICE,
         NULL,
         {OPT("seccomp=good.json/x")},
         "fail profile-missing: the profile 'good.json/x' of service 'web' does not exist",
         NULL},
        {"an absolute path may be meant for another machine",
         SERVICE,
         NULL,
         {OPT("seccomp=/nowhere/at/all.json")},
         "unknown profile-missing: the profile '/nowhere/at/all.json' of service 'web' is not on "
         "this "
         "machine",
         NULL},
        {"a device is not read",
         SERVICE,
         NULL,
         {OPT("seccomp=/dev/zero")},
         "unknown profile-missing: the profile '/dev/zero' of service 'web' cannot be read here",
         NULL},
        {"somebody's home", SERVICE, NULL, {OPT("seccomp=~/p.json")}, "", NULL},
        {"an address",
         COMMAND,
         NULL,
         {OPT("seccomp=https://example.com/p.json")},
         "fail profile-missing: the profile 'https://example.com/p.json' of 'docker run' of image "
         "'nginx:latest' is no file: engines fetch nothing from the network",
         NULL},
        {"broken",
         SERVICE,
         NULL,
         {OPT("seccomp=broken.json")},
         "fail profile-invalid: the profile 'broken.json' of service 'web' cannot be loaded: "
         "tests/judge/data/broken.json:1:19: unknown action 'SCMP_ACT_ALOW' (did you mean "
         "SCMP_ACT_ALLOW?)",
         NULL},
        {"broken, but a later entry wins",
         SERVICE,
         NULL,
         {OPT("seccomp=broken.json"), OPT("seccomp=good.json")},
         "",
         NULL},
        {"allows everything",
         SERVICE,
         NULL,
         {OPT("seccomp:all.json")},
         "fail profile-allows-everything: the profile 'all.json' of service 'web' refuses no call "
         "at "
         "all",
         NULL},
        {"a list of what is refused",
         SERVICE,
         NULL,
         {OPT("seccomp=./deny.json")},
         "warn profile-default-allow: the profile './deny.json' of service 'web' lets through "
         "every "
         "call that it does not name",
         NULL},
        {"a file that has the name of a misspelled word",
         SERVICE,
         NULL,
         {OPT("seccomp=Unconfined")},
         "",
         NULL},
        {"inline",
         CF_SUBJECT_CONTAINER,
         NULL,
         {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_LOG\"}")},
         "fail profile-allows-everything: the profile of container 'web' refuses no call at all",
         NULL},
        {"inline and good",
         CF_SUBJECT_CONTAINER,
         NULL,
         {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}")},
         "",
         NULL},
        {"inline and broken",
         CF_SUBJECT_CONTAINER,
         NULL,
         {OPT_JSON("{\"defaultAction\":7}")},
         "fail profile-invalid: the profile of container 'web' cannot be loaded: web:1:18: "
         "'defaultAction' must be a string, not a number",
         NULL},
        {"daemon",
         CF_SUBJECT_DAEMON,
         NULL,
         {DAEMON("all.json")},
         "fail profile-allows-everything: the profile 'all.json' of the Docker daemon refuses no "
         "call "
         "at all",
         NULL},
};

#define MISSPELLED "warn seccomp-misspelled: the seccomp setting of service 'web': "
#define AS_FILE(value) \
        MISSPELLED "Compose takes '" value "' as a file name, and there is no such file"
#define REFUSED(entry) MISSPELLED "Compose refuses '" entry "': no security option has that name"
#define NO_VALUE(entry) MISSPELLED "Compose refuses '" entry "': it needs the form seccomp=VALUE"

static const struct row misspelled[] = {
        {"case", SERVICE, NULL, {OPT("seccomp=UNCONFINED")}, AS_FILE("UNCONFINED"), NULL},
        {"a blank", SERVICE, NULL, {OPT("seccomp= unconfined")}, AS_FILE(" unconfined"), NULL},
        {"a slip", SERVICE, NULL, {OPT("seccomp:unconfied")}, AS_FILE("unconfied"), NULL},
        {"quotes", SERVICE, NULL, {OPT("seccomp='unconfined'")}, AS_FILE("'unconfined'"), NULL},
        {"two options in one",
         SERVICE,
         NULL,
         {OPT("seccomp=unconfined,apparmor=unconfined")},
         AS_FILE("unconfined,apparmor=unconfined"),
         NULL},
        {"another tool's word",
         SERVICE,
         NULL,
         {OPT("seccomp:runtime/default")},
         AS_FILE("runtime/default"),
         NULL},
        {"none", SERVICE, NULL, {OPT("seccomp=none")}, AS_FILE("none"), NULL},
        {"the key's case",
         SERVICE,
         NULL,
         {OPT("Seccomp=unconfined")},
         REFUSED("Seccomp=unconfined"),
         NULL},
        {"blanks around",
         SERVICE,
         NULL,
         {OPT(" seccomp = unconfined")},
         REFUSED(" seccomp = unconfined"),
         NULL},
        {"the key's spelling",
         SERVICE,
         NULL,
         {OPT("secomp=unconfined")},
         REFUSED("secomp=unconfined"),
         NULL},
        {"the option in its own value",
         SERVICE,
         NULL,
         {OPT("--security-opt seccomp=unconfined")},
         REFUSED("--security-opt seccomp=unconfined"),
         NULL},
        {"no separator",
         SERVICE,
         NULL,
         {OPT("seccomp unconfined")},
         NO_VALUE("seccomp unconfined"),
         NULL},
        {"the key alone", SERVICE, NULL, {OPT("seccomp")}, NO_VALUE("seccomp"), NULL},
        {"what the source found",
         SERVICE,
         NULL,
         {OPT_PROBLEM("a mapping in this list: Compose refuses the file")},
         MISSPELLED "a mapping in this list: Compose refuses the file",
         NULL},
        {"a misspelled entry decides nothing",
         SERVICE,
         NULL,
         {OPT("seccomp=unconfined"), OPT("Seccomp=builtin")},
         OFF_SERVICE "\n" REFUSED("Seccomp=builtin"),
         NULL},
        {"a file's name that looks nothing like a word",
         SERVICE,
         NULL,
         {OPT("seccomp=good.json")},
         "",
         NULL},
};

static const struct row daemons[] = {
        {"unconfined",
         CF_SUBJECT_DAEMON,
         NULL,
         {DAEMON("unconfined")},
         "fail daemon-unconfined: the default seccomp profile of the Docker daemon is unconfined",
         NULL},
        {"builtin", CF_SUBJECT_DAEMON, NULL, {DAEMON("builtin")}, "", NULL},
        {"empty", CF_SUBJECT_DAEMON, NULL, {DAEMON("")}, "", NULL},
        {"good", CF_SUBJECT_DAEMON, NULL, {DAEMON("good.json")}, "", NULL},
        {"the last one counts",
         CF_SUBJECT_DAEMON,
         NULL,
         {DAEMON("unconfined"), DAEMON("builtin")},
         "",
         NULL},
        {"case",
         CF_SUBJECT_DAEMON,
         NULL,
         {DAEMON("UNCONFINED")},
         "warn seccomp-misspelled: the seccomp setting of the Docker daemon: Docker takes "
         "'UNCONFINED' as a file name, and there is no such file",
         NULL},
        {"unknown",
         CF_SUBJECT_DAEMON,
         NULL,
         {DAEMON_ANYTHING("OPTS is not set")},
         "unknown daemon-unconfined: whether the Docker daemon has a default profile cannot be "
         "told: "
         "OPTS is not set",
         NULL},
        {"podman",
         CF_SUBJECT_DAEMON,
         "podman",
         {DAEMON("unconfined")},
         "fail daemon-unconfined: the default seccomp profile of Podman is unconfined",
         NULL},
};

#define TABLE(rows)                                         \
        static void rows##_rows(void **state)               \
        {                                                   \
                (void)state;                                \
                for (size_t i = 0; i < CF_COUNT(rows); i++) \
                        kit_check_row(&rows[i]);            \
        }
TABLE(effective)
TABLE(privileged)
TABLE(profiles)
TABLE(misspelled)
TABLE(daemons)

/* Every rule has what outputs and documents need. */
static void table_is_whole(void **state)
{
        (void)state;
        for (size_t i = 0; cf_rules[i]; i++) {
                const struct cf_rule_info *rule = cf_rules[i];
                assert_ptr_equal(cf_rule_find(rule->id), rule);
                assert_true(strlen(rule->title) > 10 &&
                            rule->title[strlen(rule->title) - 1] != '.');
                assert_true(strncmp(rule->page, "# ", 2) == 0);
                assert_int_equal(strncmp(rule->page + 2, rule->id, strlen(rule->id)), 0);
                assert_string_equal(cf_rule_nearest(rule->id), rule->id);
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(cf_rules[j]->id, rule->id);
        }
        assert_null(cf_rule_find("seccomp"));
        assert_null(cf_rule_find(NULL));
}

static void nearest(void **state)
{
        (void)state;
        assert_string_equal(cf_rule_nearest("seccomp-unconfind"), "seccomp-unconfined");
        assert_string_equal(cf_rule_nearest("unconfined"), "seccomp-unconfined");
        assert_string_equal(cf_rule_nearest("priviledged"), "privileged");
        assert_string_equal(cf_rule_nearest("Privileged"), "privileged");
        assert_string_equal(cf_rule_nearest("profile-mising"), "profile-missing");
        assert_null(cf_rule_nearest("x"));
        assert_null(cf_rule_nearest(""));
        assert_null(cf_rule_nearest("no-new-privileges"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(effective_rows), cmocka_unit_test(privileged_rows),
                cmocka_unit_test(profiles_rows),  cmocka_unit_test(misspelled_rows),
                cmocka_unit_test(daemons_rows),   cmocka_unit_test(table_is_whole),
                cmocka_unit_test(nearest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
