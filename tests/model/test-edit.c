/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "model/model.h"
#include "unit.h"

#define PARTS_MAX 16

/* A text in which `<` and `>` stand around each part and `^` around the whole. */
struct marked {
        struct cf_text text;
        struct cf_range parts[PARTS_MAX];
        size_t count;
        struct cf_range whole;
};

static void marked_done(struct marked *marked)
{
        cf_text_done(&marked->text);
}
#define MARKED CF_CLEANUP(marked_done)

static void read_marks(struct marked *marked, const char *text)
{
        bool in_whole = false;
        for (; *text; text++) {
                size_t at = marked->text.size;
                if (*text == '<') {
                        assert_true(marked->count < PARTS_MAX);
                        marked->parts[marked->count].offset = at;
                } else if (*text == '>') {
                        struct cf_range *part = &marked->parts[marked->count++];
                        part->length = at - part->offset;
                } else if (*text == '^' && !in_whole) {
                        marked->whole.offset = at;
                        in_whole = true;
                } else if (*text == '^') {
                        marked->whole.length = at - marked->whole.offset;
                } else {
                        cf_text_putc(&marked->text, *text);
                }
        }
}

/* Resolves and applies; the result is NUL-ended in *out. */
static void resolve(struct cf_arena *arena, const struct marked *marked,
                    struct cf_edit_request *requests, size_t count, struct cf_text *out)
{
        struct cf_replacement *replacements = NULL;
        size_t made = 0;
        struct cf_span text = cf_text_span(&marked->text);
        assert_int_equal(cf_edits_resolve(arena, text, requests, count, &replacements, &made), 0);
        for (size_t i = 1; i < made; i++)
                assert_true(replacements[i - 1].offset + replacements[i - 1].length <=
                            replacements[i].offset);
        cf_text_puts(out, "");
        cf_edits_apply(text, replacements, made, out);
}

static void one_group(void **state)
{
        (void)state;
        static const struct {
                enum cf_group_kind kind;
                const char *text;
                const char *cut; /* a letter a part: x goes */
                const char *whole_text;
                const char *expected;
        } rows[] = {
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>]", "x..", NULL, "[b, c]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>]", ".x.", NULL, "[a, c]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>]", "..x", NULL, "[a, b]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>]", "xx.", NULL, "[c]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>]", ".xx", NULL, "[a]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>]", "x.x", NULL, "[b]"},
                {CF_GROUP_COMMAS, "[<a>,<b> ,  <c>,<d>]", ".x.x", NULL, "[a ,  c]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, <c>, ]", "..x", NULL, "[a, b, ]"},
                {CF_GROUP_COMMAS, "^[<a>, <b>]^!", "xx", "[]", "[]!"},
                {CF_GROUP_COMMAS, "^[<a>]^", "x", "", ""},
                {CF_GROUP_COMMAS, "[ <a>, <b> ]", "xx", NULL, "[  ]"},
                {CF_GROUP_COMMAS, "{\n  <\"a\": 1>,\n  <\"b\": 2>\n}\n", ".x", NULL,
                 "{\n  \"a\": 1\n}\n"},
                {CF_GROUP_COMMAS, "{\n  <\"a\": 1>,\n  <\"b\": 2>\n}\n", "x.", NULL,
                 "{\n  \"b\": 2\n}\n"},
                /* comments of what stays stay */
                {CF_GROUP_COMMAS, "[\n <a>, # why a\n <b>\n]", ".x", NULL, "[\n a, # why a\n]"},
                {CF_GROUP_COMMAS, "[\r\n <a>, # why a\r\n <b>\r\n]", ".x", NULL,
                 "[\r\n a, # why a\r\n]"},
                {CF_GROUP_COMMAS, "[<a>,# why a\n <b>]", ".x", NULL, "[a,# why a\n]"},
                {CF_GROUP_COMMAS, "[<a>, # why a\n <b>, ]", ".x", NULL, "[a, # why a\n ]"},
                {CF_GROUP_COMMAS, "[<a>, # why a\n <b> # why b\n]", ".x", NULL,
                 "[a, # why a\n # why b\n]"},
                {CF_GROUP_COMMAS, "[<a>, # why a\n <b> # b\n, ]", ".x", NULL, "[a # b\n, ]"},
                {CF_GROUP_COMMAS, "[\n <a>, # why a\n <b> # why b\n]", "x.", NULL,
                 "[\n b # why b\n]"},
                {CF_GROUP_COMMAS, "[\n <a>,\n # why b\n <b>\n]", "x.", NULL, "[\n # why b\n b\n]"},
                {CF_GROUP_COMMAS, "[\r\n <a> # 1\r\n , # 2\r\n\r\n # b\r\n <b>]", "x.", NULL,
                 "[\r\n # b\r\n b]"},
                {CF_GROUP_COMMAS, "[<a>, <b>, # b\n # why c\n <c>]", "xx.", NULL, "[ # why c\n c]"},
                {CF_GROUP_COMMAS, "[<a>,\r\n# why b\r\n<b>]", "x.", NULL, "[\r\n# why b\r\nb]"},
                {CF_GROUP_COMMAS, "[<a> # a, b\n, <b>, <c>]", ".x.", NULL, "[a # a, b\n, c]"},
                {CF_GROUP_COMMAS, "[<a>, # 1\n <b>, # 2\n # 3\n <c>]", ".x.", NULL,
                 "[a, # 1\n # 3\n c]"},
                {CF_GROUP_COMMAS, "[<a>, # 1\r\n <b>, # 2\r\n <c>]", ".xx", NULL, "[a, # 1\r\n]"},
                {CF_GROUP_PIECES, "l:\n<  - a\n><  - b\n><  - c\n>end", ".x.", NULL,
                 "l:\n  - a\n  - c\nend"},
                {CF_GROUP_PIECES, "l:\n<  - a\n><  - b\n><  - c\n>end", "x.x", NULL,
                 "l:\n  - b\nend"},
                {CF_GROUP_PIECES, "l:^\n<  - a\n><  - b\n>^end", "xx", " []\n", "l: []\nend"},
                {CF_GROUP_PIECES, "run< -s a>< -s b> image", "xx", NULL, "run image"},
                {CF_GROUP_PIECES, "run< -s a>< -s b> image", "..", NULL, "run -s a -s b image"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text out = {0};
                MARKED struct marked marked = {0};
                read_marks(&marked, rows[i].text);
                assert_int_equal(marked.count, strlen(rows[i].cut));
                struct cf_edit edits[PARTS_MAX] = {0};
                struct cf_edit_request requests[PARTS_MAX] = {0};
                /* each edit has a group of its own that says the same, as copies do */
                struct cf_group groups[PARTS_MAX];
                size_t count = 0;
                for (size_t part = marked.count; part-- > 0;) {
                        if (rows[i].cut[part] != 'x')
                                continue;
                        groups[count] = (struct cf_group){.kind = rows[i].kind,
                                                          .parts = marked.parts,
                                                          .count = marked.count,
                                                          .whole = marked.whole,
                                                          .whole_text = rows[i].whole_text};
                        edits[count] = (struct cf_edit){.group = &groups[count], .part = part};
                        requests[count].edit = &edits[count];
                        count++;
                }
                resolve(arena, &marked, requests, count, &out);
                for (size_t j = 0; j < count; j++)
                        assert_null(requests[j].refusal);
                if (strcmp(out.data, rows[i].expected) != 0)
                        fail_msg("row %zu: '%s', not '%s'", i, out.data, rows[i].expected);
        }
}

/* services: web: {image, security_opt: [a, b]} in block style: the list's last item takes the key
 * along, the service's last key the service. */
static void parents(void **state)
{
        (void)state;
        static const char text[] = "s:\n web:\n  image: x\n  so:\n  - a\n  - b\n  p: t\nv: 1\n";
        static const struct cf_range keys[] = {{9, 11}, {20, 18}, {38, 7}};
        static const struct cf_range items[] = {{26, 6}, {32, 6}};
        static const struct cf_group service = {CF_GROUP_PIECES, keys,   3, NULL, 0,
                                                {8, 37},         " {}\n"};
        static const struct cf_group list = {CF_GROUP_PIECES, items, 2, &service, 1, {0, 0}, NULL};
        static const struct {
                unsigned cut; /* bits: item 0, item 1, key 0, key 1, key 2 */
                const char *expected;
        } rows[] = {
                {1, "s:\n web:\n  image: x\n  so:\n  - b\n  p: t\nv: 1\n"},
                {3, "s:\n web:\n  image: x\n  p: t\nv: 1\n"},
                {3 | 16, "s:\n web:\n  image: x\nv: 1\n"},
                {1 | 8, "s:\n web:\n  image: x\n  p: t\nv: 1\n"}, /* the item goes with its key */
                {3 | 8, "s:\n web:\n  image: x\n  p: t\nv: 1\n"},
                {3 | 4 | 16, "s:\n web: {}\nv: 1\n"},
                {1 | 4 | 8 | 16, "s:\n web: {}\nv: 1\n"}, /* the item is in what goes whole */
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text out = {0};
                MARKED struct marked marked = {0};
                cf_text_puts(&marked.text, text);
                struct cf_edit edits[5] = {0};
                struct cf_edit_request requests[5] = {0};
                size_t count = 0;
                for (unsigned bit = 0; bit < 5; bit++) {
                        if (!(rows[i].cut >> bit & 1))
                                continue;
                        edits[count].group = bit < 2 ? &list : &service;
                        edits[count].part = bit < 2 ? bit : bit - 2;
                        requests[count].edit = &edits[count];
                        count++;
                }
                resolve(arena, &marked, requests, count, &out);
                for (size_t j = 0; j < count; j++)
                        assert_null(requests[j].refusal);
                if (strcmp(out.data, rows[i].expected) != 0)
                        fail_msg("row %zu: '%s', not '%s'", i, out.data, rows[i].expected);
        }
}

static void paths(void **state)
{
        (void)state;
        static const struct {
                enum cf_quoting quoting;
                const char *text; /* the value between < and > */
                const char *path;
                const char *expected; /* NULL: refused */
        } rows[] = {
                {CF_QUOTE_YAML_PLAIN, "- seccomp:<unconfined>", "./p/web.json",
                 "- seccomp:./p/web.json"},
                {CF_QUOTE_YAML_PLAIN, "- seccomp:<unconfined>", "my web.json",
                 "- \"seccomp:my web.json\""},
                {CF_QUOTE_YAML_PLAIN, "[seccomp=<unconfined>]", "a,b.json",
                 "[\"seccomp=a,b.json\"]"},
                {CF_QUOTE_YAML_PLAIN, "- seccomp:<unconfined>", "a\"b\\c: d.json",
                 "- \"seccomp:a\\\"b\\\\c: d.json\""},
                {CF_QUOTE_YAML_PLAIN, "- xseccomp:<unconfined>", "my web.json", NULL},
                {CF_QUOTE_YAML_PLAIN, "profile: <unconfined>", "/p/web.json",
                 "profile: /p/web.json"},
                {CF_QUOTE_YAML_PLAIN, "profile: <unconfined>", "web.json", "profile: web.json"},
                {CF_QUOTE_YAML_PLAIN, "profile: <unconfined>", "12", "profile: \"12\""},
                {CF_QUOTE_YAML_PLAIN, "profile: <unconfined>", "null", "profile: \"null\""},
                {CF_QUOTE_YAML_PLAIN, "profile: <unconfined>", "a b/c", "profile: \"a b/c\""},
                {CF_QUOTE_YAML_PLAIN, "<unconfined>", "p/\xc3\xa9.json", "p/\xc3\xa9.json"},
                {CF_QUOTE_YAML_SINGLE, "'seccomp:<unconfined>'", "it's/p.json",
                 "'seccomp:it''s/p.json'"},
                {CF_QUOTE_YAML_DOUBLE, "\"seccomp=<unconfined>\"", "a \"b\"\\c.json",
                 "\"seccomp=a \\\"b\\\"\\\\c.json\""},
                {CF_QUOTE_SHELL, "seccomp=<unconfined> x", "p/web.json", "seccomp=p/web.json x"},
                {CF_QUOTE_SHELL, "seccomp=<unconfined> x", "my web.json",
                 "seccomp='my web.json' x"},
                {CF_QUOTE_SHELL, "seccomp=<unconfined> x", "it's.json",
                 "seccomp='it'\\''s.json' x"},
                {CF_QUOTE_SHELL, "seccomp=<unconfined> x", "~/web.json", "seccomp='~/web.json' x"},
                {CF_QUOTE_SHELL_SINGLE, "'seccomp=<unconfined>'", "it's a.json",
                 "'seccomp=it'\\''s a.json'"},
                {CF_QUOTE_SHELL_DOUBLE, "\"seccomp=<unconfined>\"", "a \"b\"\\c.json",
                 "\"seccomp=a \\\"b\\\"\\\\c.json\""},
                {CF_QUOTE_NONE, "seccomp=<unconfined>", "/etc/p.json", "seccomp=/etc/p.json"},
                {CF_QUOTE_NONE, "seccomp=<unconfined>", "a b.json", NULL},
                {CF_QUOTE_SHELL, "seccomp=<unconfined>", "", NULL},
                {CF_QUOTE_SHELL, "seccomp=<unconfined>", "a$b.json", NULL},
                {CF_QUOTE_SHELL, "seccomp=<unconfined>", "a`b.json", NULL},
                {CF_QUOTE_SHELL, "seccomp=<unconfined>", "a%b.json", NULL},
                {CF_QUOTE_SHELL, "seccomp=<unconfined>", "a#b.json", NULL},
                {CF_QUOTE_YAML_DOUBLE, "\"<unconfined>\"", "a\nb.json", NULL},
                {CF_QUOTE_YAML_DOUBLE, "\"<unconfined>\"", "a\xff.json", NULL},
                {CF_QUOTE_YAML_DOUBLE, "\"<unconfined>\"", "a\xe2\x80\xa8.json", NULL},
                {CF_QUOTE_YAML_DOUBLE, "\"<unconfined>\"", "{{p}}.json", NULL},
                {CF_QUOTE_YAML_DOUBLE, "\"<unconfined>\"", "{p}.json", "\"{p}.json\""},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text out = {0};
                MARKED struct marked marked = {0};
                read_marks(&marked, rows[i].text);
                struct cf_edit edit = {.value = marked.parts[0], .quoting = rows[i].quoting};
                struct cf_edit_request request = {.edit = &edit, .profile = rows[i].path};
                resolve(arena, &marked, &request, 1, &out);
                if (!rows[i].expected) {
                        if (!request.refusal)
                                fail_msg("row %zu: not refused: %s", i, out.data);
                        assert_true(cf_span_equal(cf_text_span(&out), cf_text_span(&marked.text)));
                        continue;
                }
                if (request.refusal || strcmp(out.data, rows[i].expected) != 0)
                        fail_msg("row %zu: '%s' (%s), not '%s'", i, out.data,
                                 request.refusal ? request.refusal : "-", rows[i].expected);
        }
}

/* A path goes to `value` where there is one; elsewhere the setting is cut. */
static void path_or_cut(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text out = {0};
        MARKED struct marked marked = {0};
        read_marks(&marked, "run< --privileged>< -s unconfined> x");
        struct cf_group group = {.kind = CF_GROUP_PIECES, .parts = marked.parts, .count = 2};
        struct cf_edit edits[] = {
                {.group = &group, .part = 0},
                {.group = &group, .part = 1, .value = {20, 10}, .quoting = CF_QUOTE_SHELL},
        };
        assert_memory_equal(marked.text.data + 20, "unconfined", 10);
        struct cf_edit_request requests[] = {{&edits[0], "p.json", NULL},
                                             {&edits[1], "p.json", NULL}};
        resolve(arena, &marked, requests, 2, &out);
        assert_string_equal(out.data, "run -s p.json x");
        assert_null(requests[0].refusal);
        assert_null(requests[1].refusal);
}

static void meetings(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        MARKED struct marked marked = {0};
        cf_text_puts(&marked.text, "0123456789");
        static const struct cf_range parts[] = {{2, 4}};
        static const struct cf_group group = {.kind = CF_GROUP_PIECES, .parts = parts, .count = 1};
        static const struct cf_edit cut = {.group = &group},
                                    inside = {.replaces = true, .range = {3, 2}, .text = "x"},
                                    across = {.replaces = true, .range = {5, 3}, .text = "y"},
                                    beside = {.replaces = true, .range = {6, 1}, .text = "z"},
                                    later = {.replaces = true, .range = {5, 3}, .text = ""},
                                    smaller = {.replaces = true, .range = {3, 1}, .text = ""};
        static const struct {
                const struct cf_edit *first, *second;
                const char *expected;
                bool refused; /* the second, or what stands later */
        } rows[] = {
                {&cut, &cut, "016789", false},        {&cut, &inside, "016789", true},
                {&inside, &cut, "016789", true},      {&cut, &across, "016789", true},
                {&cut, &beside, "01z789", false},     {&cut, &smaller, "016789", false},
                {&beside, &cut, "01z789", false},     {&inside, &inside, "012x56789", false},
                {&across, &beside, "01234y89", true}, {&cut, &later, "0189", false},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                struct cf_edit_request requests[] = {{rows[i].first, NULL, NULL},
                                                     {rows[i].second, NULL, NULL}};
                resolve(arena, &marked, requests, 2, &out);
                if (strcmp(out.data, rows[i].expected) != 0)
                        fail_msg("row %zu: '%s', not '%s'", i, out.data, rows[i].expected);
                assert_int_equal(requests[0].refusal || requests[1].refusal, rows[i].refused);
        }
}

/* A group and the one above it may look alike: one part, the same bytes. */
static void alike_at_two_depths(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text out = {0};
        MARKED struct marked marked = {0};
        read_marks(&marked, "^0<12>3^");
        struct cf_group above = {.kind = CF_GROUP_PIECES,
                                 .parts = marked.parts,
                                 .count = 1,
                                 .whole = marked.whole,
                                 .whole_text = "{}"};
        struct cf_group group = {
                .kind = CF_GROUP_PIECES, .parts = marked.parts, .count = 1, .parent = &above};
        struct cf_edit edit = {.group = &group};
        struct cf_edit_request request = {.edit = &edit};
        resolve(arena, &marked, &request, 1, &out);
        assert_null(request.refusal);
        assert_string_equal(out.data, "{}");
}

/* Places that no text has must be refused, not followed. */
static void malformed(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        MARKED struct marked marked = {0};
        cf_text_puts(&marked.text, "0123456789");
        static const struct cf_range beyond[] = {{2, 9}}, far[] = {{SIZE_MAX, 2}},
                                     huge[] = {{2, SIZE_MAX}}, unsorted[] = {{4, 2}, {1, 2}},
                                     good[] = {{1, 2}, {3, 2}};
        static const struct cf_group groups[] = {
                {.parts = beyond, .count = 1},
                {.parts = far, .count = 1},
                {.parts = huge, .count = 1},
                {.parts = unsorted, .count = 2},
                {.parts = good, .count = 0},
                {.parts = good, .count = 2, .whole = {9, 2}},
                {.parts = good, .count = 2, .parent = &groups[0]},
                {.parts = good, .count = 2, .parent = &groups[7]}, /* above itself */
                {.parts = good, .count = 2, .parent = &groups[9], .parent_part = 2},
                {.parts = good, .count = 2},
        };
        static const struct cf_edit more[] = {
                {.group = &groups[9], .part = 2},
                {.replaces = true, .range = {10, 1}, .text = ""},
                {.replaces = true, .range = {SIZE_MAX, SIZE_MAX}, .text = ""},
                {.refusal = "a template"},
                {.part = 0},
        };
        for (size_t i = 0; i < CF_COUNT(groups) - 1 + CF_COUNT(more); i++) {
                CF_TEXT struct cf_text out = {0};
                size_t last = CF_COUNT(groups) - 1;
                struct cf_edit edit = {.group = &groups[i < last ? i : last]};
                struct cf_edit_request request = {.edit = i < last ? &edit : &more[i - last]};
                resolve(arena, &marked, &request, 1, &out);
                if (!request.refusal)
                        fail_msg("row %zu is not refused", i);
                assert_string_equal(out.data, "0123456789");
        }
        struct cf_edit value = {.value = {8, 5}};
        struct cf_edit_request request = {.edit = &value, .profile = "p.json"};
        CF_TEXT struct cf_text out = {0};
        resolve(arena, &marked, &request, 1, &out);
        assert_non_null(request.refusal);
}

static void no_memory(void **state)
{
        (void)state;
        static const struct cf_range parts[] = {{1, 2}, {3, 2}};
        static const struct cf_group group = {.kind = CF_GROUP_COMMAS, .parts = parts, .count = 2};
        static const struct cf_edit edits[] = {{.group = &group},
                                               {.value = {6, 2}, .quoting = CF_QUOTE_SHELL}};
        bool worked = false;
        for (size_t limit = 1; limit < 8192 && !worked; limit += 16) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(limit);
                struct cf_edit_request requests[] = {{&edits[0], NULL, NULL},
                                                     {&edits[1], "p.json", NULL}};
                struct cf_replacement *made = NULL;
                size_t count = 99;
                int r = cf_edits_resolve(arena, CF_SPAN("0123456789"), requests, 2, &made, &count);
                worked = r == 0;
                if (!worked) {
                        assert_int_equal(r, -ENOMEM);
                        assert_int_equal(count, 99);
                }
        }
        assert_true(worked);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_group), cmocka_unit_test(parents),
                cmocka_unit_test(paths),     cmocka_unit_test(path_or_cut),
                cmocka_unit_test(meetings),  cmocka_unit_test(malformed),
                cmocka_unit_test(no_memory), cmocka_unit_test(alike_at_two_depths),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
