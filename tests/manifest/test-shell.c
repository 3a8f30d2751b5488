/* SPDX-License-Identifier: Apache-2.0 */
/* The shell lexer: which commands and words it sees, where they stand, and its limits. */
#include "unit.h"

#include "base/text.h"
#include "manifest/shell.h"

/* ---- what is seen ---------------------------------------------------------------------------- */

struct seen {
        struct cf_text text;
        bool run_documents;
        size_t commands;
};

static void put_words(struct cf_text *text, const struct cf_shell_word *words, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                cf_text_puts(text, i ? " [" : "[");
                for (size_t j = 0; j < words[i].value.size; j++)
                        cf_text_putc(text, words[i].value.data[j] == CF_SHELL_MARK
                                                   ? '?'
                                                   : words[i].value.data[j]);
                cf_text_putc(text, ']');
        }
}

static int on_command(struct cf_shell_lexer *lexer, const struct cf_shell_command *command)
{
        struct seen *seen = lexer->context;
        seen->commands++;
        if (seen->text.size)
                cf_text_puts(&seen->text, "; ");
        if (command->piped)
                cf_text_puts(&seen->text, "| ");
        if (command->kind == CF_SHELL_FOR)
                cf_text_puts(&seen->text, "for ");
        put_words(&seen->text, command->words, command->count);
        if (seen->run_documents)
                cf_shell_run_documents(lexer);
        return 0;
}

static int on_array(struct cf_shell_lexer *lexer, const struct cf_shell_command *command,
                    const struct cf_shell_word *name, const struct cf_shell_word *elements,
                    size_t count, struct cf_range inner)
{
        struct seen *seen = lexer->context;
        (void)inner;
        if (seen->text.size)
                cf_text_puts(&seen->text, "; ");
        cf_text_printf(&seen->text, "%.*s=(", (int)name->name_length,
                       command->code->text.data + name->offset);
        put_words(&seen->text, elements, count);
        cf_text_putc(&seen->text, ')');
        return 0;
}

static const struct cf_shell_events events = {.command = on_command, .array = on_array};

/* Reads a text that ends where its memory ends. */
static int read_text(struct cf_arena *arena, const char *text, unsigned flags, struct seen *seen)
{
        size_t size = strlen(text);
        CF_FREE char *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, text, size);
        struct cf_shell_code code = {.text = {copy, size}, .file = {copy, size}, .flags = flags};
        struct cf_shell_lexer lexer = {.arena = arena, .events = &events, .context = seen};
        return cf_shell_parse(&lexer, &code, NULL);
}

static const struct row {
        const char *text;
        const char *seen;
        unsigned flags;
        bool run_documents;
} rows[] = {
        {"", "", 0, 0},
        {"a b c", "[a] [b] [c]", 0, 0},
        {"  a\tb\n", "[a] [b]", 0, 0},
        {"a;b&c|d", "[a]; [b]; [c]; | [d]", 0, 0},
        {"a&&b||c", "[a]; [b]; [c]", 0, 0},
        {"a |& b", "[a]; | [b]", 0, 0},
        {"a 'b c' \"d e\" f\\ g", "[a] [b c] [d e] [f g]", 0, 0},
        {"a'b'\"c\"d", "[abcd]", 0, 0},
        {"a '' \"\"", "[a] [] []", 0, 0},
        {"\"\\$a\\\"b\\\\c\\d\"", "[$a\"b\\c\\d]", 0, 0},
        {"$'a\\'b' $\"c\"", "[a'b] [c]", 0, 0},
        {"a \\\n b\\\n c", "[a] [b] [c]", 0, 0},
        {"a\\\nb", "[ab]", 0, 0},
        {"a \\\r\n b\r\nc", "[a] [b]; [c]", 0, 0},
        {"\"a\\\nb\"", "[ab]", 0, 0},
        {"a # b\n#c\nd#e", "[a]; [d#e]", 0, 0},
        {"$a ${b} ${c:-d} $1 $@ $$", "[?] [?] [?] [?] [?] [?]", 0, 0},
        {"a$b-c", "[a?-c]", 0, 0},
        {"$ a $", "[$] [a] [$]", 0, 0},
        {"a $(b c) `d e`", "[b] [c]; [d] [e]; [a] [?] [?]", 0, 0},
        {"a \"$(b \"c d\")\"", "[b] [c d]; [a] [?]", 0, 0},
        {"a `b \\`c\\``", "[c]; [b] [?]; [a] [?]", 0, 0},
        {"a $((1 + (2))) b", "[a] [?] [b]", 0, 0},
        {"a $( (b) ) c", "[b]; [a] [?] [c]", 0, 0},
        {"a ${b:-$(c)}", "[c]; [a] [?]", 0, 0},
        {"a <(b) >(c)", "[b]; [c]; [a] [?] [?]", 0, 0},
        {"a >b 2>&1 <c d &>e >>f", "[a] [d]", 0, 0},
        {"a 2 >b", "[a] [2]", 0, 0},
        {"a <<<b c", "[a] [c]", 0, 0},
        {"A=b C=\"d e\" f", "[A=b] [C=d e] [f]", 0, 0},
        {"a=(b 'c d' # e\n f) g", "a=([b] [c d] [f]); [a=(b 'c d' # e\n f)] [g]", 0, 0},
        {"a+=(b)", "a=([b]); [a+=(b)]", 0, 0},
        {"(a; b)", "[a]; [b]", 0, 0},
        {"{ a; b; }", "[a]; [b]", 0, 0},
        {"if a; then b; elif c; then d; else e; fi", "[a]; [b]; [c]; [d]; [e]", 0, 0},
        {"while a; do b; done <c", "[a]; [b]", 0, 0},
        {"for x in a b; do c; done", "for [x] [in] [a] [b]; [c]", 0, 0},
        {"for x; do c; done", "for [x]; [c]", 0, 0},
        {"for x do c; done", "for [x]; [c]", 0, 0},
        {"for ((i = 0; i < 3; i++)); do a; done", "[a]", 0, 0},
        {"case a in b|c) d;; (e) f;& g) h;;& *) i; esac; j", "[d]; [f]; [h]; [i]; [j]", 0, 0},
        {"case a in\nb)\nc\n;;\n# d)\nesac\ne", "[c]; [e]", 0, 0},
        {"a $(case b in c) d;; esac) e", "[d]; [a] [?] [e]", 0, 0},
        {"case esac in (esac) a;; esac; b", "[a]; [b]", 0, 0},
        {"a() { b; }; a () ( c ); function d { e; }; function f() { g; }", "[b]; [c]; [e]; [g]", 0,
         0},
        {"[[ a && b > c || ( d ) ]] && e", "[e]", 0, 0},
        {"((a < b)) || c", "[c]", 0, 0},
        {"((a); b)", "[a]; [b]", 0, 0},
        {"! a; time b; coproc c", "[a]; [time] [b]; [c]", 0, 0},
        {"echo if then fi", "[echo] [if] [then] [fi]", 0, 0},
        {"'if' a", "[if] [a]", 0, 0},
        {"cat <<E\na $(b)\nE\nc", "[cat]; [b]; [c]", 0, 0},
        {"cat <<'E'\na $(b)\nE\nc", "[cat]; [c]", 0, 0},
        {"cat <<\\E\na $(b)\nE\nc", "[cat]; [c]", 0, 0},
        {"cat <<-E\n\ta\n\tE\nc", "[cat]; [c]", 0, 0},
        {"cat <<A <<B\na\nA\nb\nB\nc", "[cat]; [c]", 0, 0},
        {"cat <<E; b\na\nE\nc", "[cat]; [b]; [c]", 0, 0},
        {"$(cat <<E\na\nE\n) b", "[cat]; [?] [b]", 0, 0},
        {"cat <<E\na\nE", "[cat]; [a]", 0, true},
        {"cat <<E | x\na\nE\nb", "[cat]; | [x]; [a]; [b]", 0, true},
        {"cat <<E\na", "[cat]; [a]", 0, 0},
        {"a <b> c", "[a] [?] [c]", CF_SHELL_PLACEHOLDERS, 0},
        {"a <b> c", "[a]", 0, 0},
        {"a x=<the file>", "[a] [x=?]", CF_SHELL_PLACEHOLDERS, 0},
        {"a {{ b c }} d", "[a] [?] [d]", 0, 0},
        {"a '{{ b }}'x @C@ ${{ d }}", "[a] [?x] [?] [?]", 0, 0},
        {"a {{ b\nc", "[a] [{{] [b]; [c]", 0, 0},
        {"a@b.c {d,e}", "[a@b.c] [{d,e}]", 0, 0},
        {"a \x01 b\x02N\x03", "[a] [?] [b?]", 0, 0},
        {"a '\x02N\x03'", "[a] [?]", 0, 0},
        {"a +(b|c) d", "[a] [+?] [d]", 0, 0},
        {"a \"b\nc\nd", "[c]; [d]", 0, 0},
        {"a $(b\nc", "[b]; [c]; [c]", 0, 0},
        {"a `b\nc", "[c]", 0, 0},
        {"a ${b\nc", "[c]", 0, 0},
        {") a } b fi", "[a] [}] [b] [fi]", 0, 0},
        {";;& | a", "| [a]", 0, 0},
};

static void sees_commands(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
                struct seen seen = {.run_documents = rows[i].run_documents};
                assert_int_equal(read_text(arena, rows[i].text, rows[i].flags, &seen), 0);
                if (strcmp(seen.text.data ? seen.text.data : "", rows[i].seen) != 0)
                        fail_msg("row %zu: %s\nseen     %s\nexpected %s", i, rows[i].text,
                                 seen.text.data ? seen.text.data : "", rows[i].seen);
                cf_text_done(&seen.text);
        }
}

/* ---- places ---------------------------------------------------------------------------------- */

static void knows_places(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_shell_code outer = {.text = CF_SPAN("x 'a b' c"), .base = 100}, inner, innermost;
        struct cf_shell_builder builder = {.arena = arena, .from = &outer};
        cf_shell_build_copy(&builder, 3, 1);               /* a */
        cf_shell_build_put(&builder, CF_SPAN("--"), 4, 1); /* for the blank */
        cf_shell_build_copy(&builder, 5, 1);               /* b */
        assert_int_equal(cf_shell_build_done(&builder, &inner), 0);
        assert_memory_equal(inner.text.data, "a--b", 4);
        assert_int_equal(cf_shell_source(&inner, 0), 103);
        assert_int_equal(cf_shell_source(&inner, 1), 104);
        assert_int_equal(cf_shell_source(&inner, 2), 104);
        assert_int_equal(cf_shell_source_end(&inner, 2), 105);
        assert_int_equal(cf_shell_source_end(&inner, 3), 105);
        assert_int_equal(cf_shell_source(&inner, 3), 105);
        assert_int_equal(cf_shell_source(&inner, 4), 106);
        struct cf_range range = cf_shell_source_range(&inner, 0, 4);
        assert_int_equal(range.offset, 103);
        assert_int_equal(range.length, 3);

        struct cf_shell_builder again = {.arena = arena, .from = &inner};
        cf_shell_build_copy(&again, 2, 2); /* half of what stands for the blank, and b */
        assert_int_equal(cf_shell_build_done(&again, &innermost), 0);
        range = cf_shell_source_range(&innermost, 0, 2);
        assert_int_equal(range.offset, 104);
        assert_int_equal(range.length, 2);

        struct cf_span left;
        assert_int_equal(cf_shell_without(arena, &inner, (struct cf_range){0, 4},
                                          (struct cf_range){104, 1}, &left),
                         0);
        assert_int_equal(left.size, 2);
        assert_memory_equal(left.data, "ab", 2);
}

static int check_places(struct cf_shell_lexer *lexer, const struct cf_shell_command *command)
{
        size_t *next = lexer->context;
        struct cf_span text = command->code->text;
        static const char *const words[] = {"'a'b", "\"c d\"", "e\\ f"};
        for (size_t i = 0; i < command->count; i++) {
                const struct cf_shell_word *word = &command->words[i];
                struct cf_span raw = cf_span_part(text, word->offset, word->length);
                assert_true(cf_span_is(raw, words[(*next)++]));
        }
        return 0;
}

static void words_end_before_a_continuation(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_shell_events places = {.command = check_places};
        size_t next = 0;
        struct cf_shell_lexer lexer = {.arena = arena, .events = &places, .context = &next};
        struct cf_shell_code code = {.text = CF_SPAN("'a'b\\\n \"c d\"\\\r\n\te\\ f\\\n")};
        assert_int_equal(cf_shell_parse(&lexer, &code, NULL), 0);
        assert_int_equal(next, 3);
}

static void splits_values(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        const struct cf_shell_events silence = {0};
        struct cf_shell_lexer lexer = {.arena = arena, .events = &silence};
        struct cf_shell_code code = {.text = CF_SPAN(" --a\n 'b c' $d;e <f ")};
        const struct cf_shell_word *words;
        size_t count;
        assert_int_equal(
                cf_shell_split(&lexer, &code, (struct cf_range){0, code.text.size}, &words, &count),
                0);
        CF_TEXT struct cf_text text = {0};
        put_words(&text, words, count);
        assert_string_equal(text.data, "[--a] [b c] [?] [e] [f]");
}

/* ---- limits ---------------------------------------------------------------------------------- */

static int read_nested(const char *open, size_t count)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        CF_TEXT struct cf_text text = {0};
        struct seen seen = {0};
        for (size_t i = 0; i < count; i++)
                cf_text_puts(&text, open);
        cf_text_puts(&text, "a");
        int r = read_text(arena, text.data, 0, &seen);
        cf_text_done(&seen.text);
        return r;
}

static void nesting_is_bounded(void **state)
{
        (void)state;
        /* The outermost list counts as well. */
        assert_int_equal(read_nested("(", CF_SHELL_DEPTH - 1), 0);
        assert_int_equal(read_nested("(", CF_SHELL_DEPTH), -E2BIG);
        assert_int_equal(read_nested("$(", CF_SHELL_DEPTH - 1), 0);
        assert_int_equal(read_nested("$(", 1000000), -E2BIG);
        assert_int_equal(read_nested("\"$(", 100000), -E2BIG);
        assert_int_equal(read_nested("${a:-", 100000), -E2BIG);
        assert_int_equal(read_nested("<(", 100000), -E2BIG);
        assert_int_equal(read_nested("a=(", 100000), -E2BIG);
        assert_int_equal(read_nested("if ", CF_SHELL_BLOCKS), 0);
        assert_int_equal(read_nested("if ", CF_SHELL_BLOCKS + 1), -E2BIG);
        assert_int_equal(read_nested("{ ", 100000), -E2BIG);
        assert_int_equal(read_nested("case a in b) ", 100000), -E2BIG);
}

static size_t count_words(size_t count)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)256 << 20);
        CF_TEXT struct cf_text text = {0};
        struct seen seen = {0};
        for (size_t i = 0; i < count; i++)
                cf_text_puts(&text, "a ");
        assert_int_equal(read_text(arena, text.data, 0, &seen), 0);
        size_t words = 0;
        for (size_t i = 0; i < seen.text.size; i++)
                words += seen.text.data[i] == '[';
        cf_text_done(&seen.text);
        return words;
}

static void words_are_bounded(void **state)
{
        (void)state;
        assert_int_equal(count_words(CF_SHELL_WORDS), CF_SHELL_WORDS);
        assert_int_equal(count_words(CF_SHELL_WORDS + 10), CF_SHELL_WORDS);
}

static void parts_are_bounded(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        CF_TEXT struct cf_text text = {0};
        struct seen seen = {0};
        for (size_t i = 0; i < 2 * CF_SHELL_PARTS; i++)
                cf_text_puts(&text, "$a");
        cf_text_puts(&text, " b");
        assert_int_equal(read_text(arena, text.data, 0, &seen), 0);
        assert_int_equal(seen.commands, 1);
        assert_int_equal(seen.text.size, CF_SHELL_PARTS + 2 + strlen(" [b]"));
        cf_text_done(&seen.text);
}

/* Text in which every line opens what never closes: the time must not grow with its square. */
static void open_text_takes_linear_time(void **state)
{
        (void)state;
        static const char *const lines[] = {"cat <<E", "a \"$(", "a `", "${x",  "{{ ",      "$((",
                                            "'",       "a=(",    "<(",  "[[ a", "case x in"};
        for (size_t i = 0; i < CF_COUNT(lines); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)512 << 20);
                CF_TEXT struct cf_text text = {0};
                struct seen seen = {0};
                for (size_t j = 0; j < 50000; j++) {
                        cf_text_puts(&text, lines[i]);
                        cf_text_putc(&text, '\n');
                }
                int r = read_text(arena, text.data, 0, &seen);
                assert_true(r == 0 || r == -E2BIG);
                cf_text_done(&seen.text);
        }
}

static void memory_can_run_out(void **state)
{
        (void)state;
        static const char text[] =
                "a=(b \"c $(d)\"); e `f \\`g\\`` <<E; case x in y) z;; esac\nE\n";
        bool whole = false;
        for (size_t limit = 256; !whole; limit += 64) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(limit);
                struct seen seen = {0};
                int r = read_text(arena, text, 0, &seen);
                assert_true(r == 0 || r == -ENOMEM);
                whole = r == 0;
                cf_text_done(&seen.text);
                assert_true(limit < 1 << 20);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sees_commands),
                cmocka_unit_test(knows_places),
                cmocka_unit_test(words_end_before_a_continuation),
                cmocka_unit_test(splits_values),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(words_are_bounded),
                cmocka_unit_test(parts_are_bounded),
                cmocka_unit_test(open_text_takes_linear_time),
                cmocka_unit_test(memory_can_run_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
