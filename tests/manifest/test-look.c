/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "manifest/look.h"
#include "manifest/manifest.h"
#include "slow-look.h"
#include "unit.h"

/* ---- words ----------------------------------------------------------------------------------- */

static const char *const present[] = {
        "seccomp",     "SECCOMP",     "SecComp",     "unconfined",   "Unconfined",
        "privileged",  "Privileged",  "PRIVILEGED",  "security-opt", "security_opt",
        "securityOpt", "--Security=", "SECURITY_OPT"};
static const char *const absent[] = {"secomp",        "seccom",     "sec comp",    "unconfine",
                                     "unconfigured",  "privilege",  "privileges",  "security",
                                     "security opt",  "security-",  "security-op", "security--opt",
                                     "security:",     "-security=", "security=",   "privilege\x84",
                                     "\x13seccom\xf0"};

/* Every way must see a word at every place of texts of every size around its vectors' sizes, and
 * read no byte beside the text (which is allocated to measure for the sanitizer). */
static void check_everywhere(const struct cf_words_way *way, const char *word, bool expected)
{
        size_t size = strlen(word);
        for (size_t room = size; room < size + 300; room += room < 90 ? 1 : 13) {
                char *text = malloc(room);
                assert_non_null(text);
                for (size_t at = 0; at + size <= room; at++) {
                        memset(text, "cufv\n"[at % 5], room);
                        memcpy(text + at, word, size);
                        if (way->found((struct cf_span){text, room}) != expected)
                                fail_msg("%s: '%s' at %zu of %zu", way->name, word, at, room);
                }
                free(text);
        }
}

static void test_words_everywhere(void **state)
{
        (void)state;
        for (size_t i = 0; i < cf_words_way_count; i++) {
                const struct cf_words_way *way = &cf_words_ways[i];
                if (!way->usable())
                        continue;
                for (size_t k = 0; k < CF_COUNT(present); k++)
                        check_everywhere(way, present[k], true);
                for (size_t k = 0; k < CF_COUNT(absent); k++)
                        check_everywhere(way, absent[k], false);
                assert_false(way->found((struct cf_span){NULL, 0}));
        }
}

static void test_a_way_without_vectors(void **state)
{
        (void)state;
        assert_true(cf_words_way_count >= 1);
        assert_string_equal(cf_words_ways[cf_words_way_count - 1].name, "plain");
        assert_true(cf_words_ways[cf_words_way_count - 1].usable());
}

/* ---- texts ----------------------------------------------------------------------------------- */

#define UTF16LE(...) "\xff\xfe" __VA_ARGS__

static const struct {
        const char *name;
        struct cf_span bytes;
        bool may_hold;
} rows[] = {
        {"a", CF_SPAN(""), false},
        {"a", CF_SPAN("docker run alpine"), false},
        {"a", CF_SPAN("docker run --privileged alpine"), true},
        {"a", CF_SPAN("docker run --security-opt x"), true},
        {"Dockerfile", CF_SPAN("RUN --security=insecure x"), true},
        {"daemon.json", CF_SPAN("{\"seccomp-profile\": \"x\"}"), true},
        /* files that lead to others */
        {"a.yaml", CF_SPAN("services:\n  a:\n    image: x\n"), false},
        {"a.yaml", CF_SPAN("services:\n  a:\n    extends: b\n"), true},
        {"a.yml", CF_SPAN("include: [b]\nservices: {}\n"), true},
        {"a.yml", CF_SPAN("include: [b]\n"), false},
        {"a.json", CF_SPAN("{\"services\":{},\"include\":[]}"), true},
        {"a.yaml", CF_SPAN("? services\n: {a: {? extends # so\n : b}}"), true},
        {"a.yaml", CF_SPAN("'services' :\n  a:\n    \"extends\"\t: b\n"), true},
        {"a.yaml", CF_SPAN("# all services: they include\nservices: {a: {image: b}}"), true},
        {"a.yaml", CF_SPAN("# these services include\tthis\nservices: {a: {image: b}}"), false},
        {"a.yaml", CF_SPAN("my_services: {a: {extends: b}}"), false},
        {"a.yaml", CF_SPAN("services: {a: {extends-x: b, re-include: c}}"), false},
        {"A.YAML", CF_SPAN("services: {a: {extends: b}}"), true},
        {"a.yaml.j2", CF_SPAN("services: {a: {extends: b}}"), true},
        {"a.c", CF_SPAN("#include <services.h>"), false},
        {"compose.yaml", CF_SPAN("include:\n  - b.yaml\n"), true},
        {"docker-compose.override.yml", CF_SPAN("include: b\n"), true},
        {"compose.yaml", CF_SPAN("web:\n  extends: {file: b, service: c}\n"), true},
        {"compose.yaml", CF_SPAN("a: \0\nprivileged: true\n"), true},
        {"a.yaml", CF_SPAN("a: \0\nprivileged: true\n"), false},
        {"compose.yaml", CF_SPAN("services: {a: {image: x}}"), false},
        /* escapes */
        {"a.yaml", CF_SPAN("- \"secc\\x6fmp:x\""), true},
        {"a.yaml", CF_SPAN("- \"\\x73eccomp:x\""), true},
        {"a.json", CF_SPAN("[\"secc\\u006Fmp\"]"), true},
        {"a.json", CF_SPAN("{\"security\\u005fopt\": 1}"), true},
        {"a.yaml", CF_SPAN("\"secc\\U0000006fmp\""), true},
        {"a.yaml", CF_SPAN("\"secc\\\n    omp\""), true},
        {"a.yaml", CF_SPAN("\"secc\\\r\n\tomp\""), true},
        {"a.yaml", CF_SPAN("\"secc\\\\x6fmp\""), false},
        {"a.yaml", CF_SPAN("\"secc\\u016fmp\""), false},
        {"a.yaml", CF_SPAN("\"secc\\xzzomp\""), false},
        {"a.yaml", CF_SPAN("\"secc\\nomp \\x41\""), false},
        {"a.yaml", CF_SPAN("\"\\x73ervices\": {a: {\"extend\\x73\": b}}"), true},
        {"compose.yml", CF_SPAN("\"\\x69nclude\": b"), true},
        {"a.txt", CF_SPAN("secc\\x6fmp"), false},
        {"a.yaml", CF_SPAN("secc\\"), false},
        {"a.yaml", CF_SPAN("secc\\x6"), false},
        /* encodings */
        {"a", CF_SPAN("\xef\xbb\xbfseccomp"), true},
        {"a", CF_SPAN("\xff\xfes\0e\0c\0c\0o\0m\0p\0"), true},
        {"a", CF_SPAN("\xfe\xff\0s\0e\0c\0c\0o\0m\0p"), true},
        {"a", CF_SPAN("\xff\xfe\0s\0e\0c\0c\0o\0m\0p"), false},
        {"a", CF_SPAN("\xff\xfes\0e\0c\0c\0o\0m\0\x70\x01"), false},
        {"a", CF_SPAN("s\0e\0c\0c\0o\0m\0p\0"), false},
        {"a.yaml", CF_SPAN("\xff\xfes\0e\0c\0c\0\\\0x\0\x36\0f\0m\0p\0"), true},
        /* no text */
        {"a", CF_SPAN("seccomp\0"), false},
        {"a",
         CF_SPAN("\x7f"
                 "ELF\0 seccomp"),
         false},
};

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                if (cf_manifest_may_hold(rows[i].name, rows[i].bytes) != rows[i].may_hold)
                        fail_msg("row %zu: '%s' in %s", i, rows[i].bytes.data, rows[i].name);
                if (slow_may_hold(rows[i].name, rows[i].bytes) != rows[i].may_hold)
                        fail_msg("row %zu: the slow definition differs", i);
        }
}

static void test_nul_behind_the_start(void **state)
{
        (void)state;
        static char text[CF_LOOK_BINARY_SIZE + 16];
        memset(text, 'x', sizeof(text));
        memcpy(text, "seccomp", 7);
        text[CF_LOOK_BINARY_SIZE - 1] = '\0';
        assert_false(cf_manifest_may_hold("a", (struct cf_span){text, sizeof(text)}));
        text[CF_LOOK_BINARY_SIZE - 1] = 'x';
        text[CF_LOOK_BINARY_SIZE] = '\0';
        assert_true(cf_manifest_may_hold("a", (struct cf_span){text, sizeof(text)}));
}

static bool feed_split(const char *name, struct cf_span bytes, size_t first, size_t second)
{
        struct cf_look_state look;
        cf_look_start(&look, name);
        cf_look_feed(&look, cf_span_part(bytes, 0, first));
        cf_look_feed(&look, cf_span_part(bytes, first, second));
        cf_look_feed(&look, cf_span_part(bytes, first + second, SIZE_MAX));
        return cf_look_end(&look);
}

/* However a file is cut into pieces, nothing is missed; and nothing is seen that is not there, but
 * for keys and escapes, of which a piece may hold only a part. */
static void test_pieces(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_span bytes = rows[i].bytes;
                bool exact = !rows[i].may_hold && !slow_is_structured(rows[i].name) &&
                             !memchr(bytes.data, '\0', bytes.size);
                for (size_t first = 2; first <= bytes.size; first++)
                        for (size_t second = 0; second <= bytes.size - first; second++) {
                                bool seen = feed_split(rows[i].name, bytes, first, second);
                                if ((rows[i].may_hold && !seen) || (exact && seen))
                                        fail_msg("row %zu cut at %zu and %zu", i, first, second);
                        }
        }
}

static void test_against_slow_definition(void **state)
{
        (void)state;
        static const char *const pieces[] = {
                "secc", "omp", "sec",    "comp",  "priv",  "ileged",   "security", "-opt",
                "_",    "opt", "=",      "uncon", "fined", "services", "extends",  "include",
                "\\",   "x6f", "u006f",  "\n",    " ",     "\\\n",     "\\x73",    "\\u0065",
                "\\\\", "i",   "nclude", "s",     "e",     "\xc3\xa9"};
        static const char *const names[] = {"a", "a.yaml", "compose.yml", "x.json"};
        unsigned seed = 3, found = 0, seen = 0;
        for (unsigned round = 0; round < 60000; round++) {
                char text[128];
                char *at = text;
                for (unsigned i = (unsigned)rand_r(&seed) % 9; i > 0; i--)
                        at = stpcpy(at, pieces[(size_t)rand_r(&seed) % CF_COUNT(pieces)]);
                struct cf_span bytes = {text, (size_t)(at - text)};
                const char *name = names[(size_t)rand_r(&seed) % CF_COUNT(names)];
                bool slow = slow_may_hold(name, bytes);
                found += slow;
                bool fast = cf_manifest_may_hold(name, bytes);
                seen += fast;
                if (slow && !fast)
                        fail_msg("'%.*s' in %s", (int)bytes.size, text, name);
                size_t cut = bytes.size > 2 ? 2 + (size_t)rand_r(&seed) % (bytes.size - 1) : 2;
                /* Cut in pieces it may see more: escapes of earlier pieces are not looked back at.
                 */
                if (slow && !feed_split(name, bytes, cut, 3))
                        fail_msg("'%.*s' in %s, cut at %zu", (int)bytes.size, text, name, cut);
        }
        assert_in_range(found, 500, 59500);
        assert_true(seen - found < found / 100); /* what it sees too much is next to nothing */
}

/* ---- files ----------------------------------------------------------------------------------- */

struct place {
        char path[64];
        int fd; /* of the folder */
        struct cf_look *look;
};

static int enter(void **state)
{
        struct place *place = calloc(1, sizeof(*place));
        strcpy(place->path, "/tmp/confined-test-XXXXXX");
        assert_non_null(mkdtemp(place->path));
        place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        place->look = cf_look_new();
        assert_true(place->fd >= 0 && place->look);
        *state = place;
        return 0;
}

static int leave(void **state)
{
        struct place *place = *state;
        unlinkat(place->fd, "file", 0);
        unlinkat(place->fd, "other", 0);
        close(place->fd);
        assert_int_equal(rmdir(place->path), 0);
        cf_look_free(place->look);
        free(place);
        return 0;
}

static void write_file(struct place *place, const char *text, size_t size)
{
        int fd = openat(place->fd, "file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, size), size);
        close(fd);
}

static int look_at(struct place *place, const char *name, bool given, int *ret_fd,
                   struct cf_error *err)
{
        struct cf_walk_file file = {place->fd, name, name, given, 0};
        *ret_fd = -1;
        return cf_look_file(place->look, &file, ret_fd, err);
}

static void test_candidate_is_handed_over_open(void **state)
{
        struct place *place = *state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_source *source;
        int fd;
        write_file(place, "--privileged\n", 13);
        assert_int_equal(look_at(place, "file", false, &fd, NULL), 1);
        assert_int_equal(cf_source_from_fd(arena, fd, "file", &source, NULL), 0);
        assert_true(cf_span_is(source->text, "--privileged\n"));
        close(fd);
        write_file(place, "nothing\n", 8);
        assert_int_equal(look_at(place, "file", false, &fd, NULL), 0);
        assert_int_equal(fd, -1);
        write_file(place, "", 0);
        assert_int_equal(look_at(place, "file", false, &fd, NULL), 0);
}

/* A word across the ends of what is read at once. */
static void test_large_files(void **state)
{
        struct place *place = *state;
        size_t room = ((size_t)64 << 10) * 3 + 100;
        char *text = malloc(room);
        int fd;
        assert_non_null(text);
        for (size_t at = ((size_t)64 << 10) - 12; at < ((size_t)64 << 10) + 3; at++) {
                for (unsigned piece = 0; piece < 3; piece++) {
                        size_t start = at + piece * ((size_t)64 << 10);
                        memset(text, 'c', room);
                        memcpy(text + start, "unconfined", 10);
                        write_file(place, text, room);
                        if (look_at(place, "file", false, &fd, NULL) != 1)
                                fail_msg("not found at %zu", start);
                        close(fd);
                        memcpy(text + start, "unconfused", 10);
                        write_file(place, text, room);
                        assert_int_equal(look_at(place, "file", false, &fd, NULL), 0);
                }
        }
        for (size_t size = ((size_t)64 << 10) - 1; size < ((size_t)64 << 10) + 2; size++) {
                memset(text, 'c', room);
                memcpy(text + size - 7, "seccomp", 7);
                write_file(place, text, size);
                assert_int_equal(look_at(place, "file", false, &fd, NULL), 1);
                close(fd);
        }
        free(text);
}

static void test_what_took_a_files_place(void **state)
{
        struct place *place = *state;
        struct cf_error err = {0};
        int fd;
        assert_int_equal(look_at(place, "gone", false, &fd, &err), 0);
        assert_int_equal(mkfifoat(place->fd, "file", 0644), 0);
        assert_int_equal(look_at(place, "file", false, &fd, &err), 0);
        assert_int_equal(unlinkat(place->fd, "file", 0), 0);
        assert_int_equal(symlinkat("/proc/self/status", place->fd, "file"), 0);
        assert_int_equal(look_at(place, "file", false, &fd, &err), 0);
        assert_int_equal(look_at(place, ".", false, &fd, &err), 0);
        assert_int_equal(err.count, 0);
        /* A given link is followed, and the kernel's files are read though their size is 0:
         * this one has a line "Seccomp:". */
        assert_int_equal(look_at(place, "file", true, &fd, &err), 1);
        close(fd);
        assert_int_equal(look_at(place, "gone", true, &fd, &err), -ENOENT);
        assert_string_equal(err.frames[0].path, "gone");
        assert_string_equal(err.frames[0].message, "cannot be opened: No such file or directory");
}

static void test_unreadable_files(void **state)
{
        struct place *place = *state;
        struct cf_error err = {0};
        int fd;
        write_file(place, "seccomp", 7);
        assert_int_equal(fchmodat(place->fd, "file", 0, 0), 0);
        if (geteuid() == 0) {
                assert_int_equal(fchmod(place->fd, 0755), 0);
                assert_int_equal(seteuid(65534), 0);
        }
        int r = look_at(place, "file", false, &fd, &err);
        if (getuid() == 0)
                assert_int_equal(seteuid(0), 0);
        assert_int_equal(r, -EACCES);
        assert_string_equal(err.frames[0].message, "cannot be opened: Permission denied");
}

static void test_read_errors_are_told(void **state)
{
        struct place *place = *state;
        struct cf_error err = {0};
        int fd;
        /* Reading another process's memory at offset 0 fails with EIO. */
        if (symlinkat("/proc/self/mem", place->fd, "file") < 0)
                skip();
        assert_int_equal(look_at(place, "file", true, &fd, &err), -EIO);
        assert_string_equal(err.frames[0].message, "cannot be read: Input/output error");
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_everywhere),
                cmocka_unit_test(test_a_way_without_vectors),
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_nul_behind_the_start),
                cmocka_unit_test(test_pieces),
                cmocka_unit_test(test_against_slow_definition),
                FILE_TEST(test_candidate_is_handed_over_open),
                FILE_TEST(test_large_files),
                FILE_TEST(test_what_took_a_files_place),
                FILE_TEST(test_unreadable_files),
                FILE_TEST(test_read_errors_are_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
