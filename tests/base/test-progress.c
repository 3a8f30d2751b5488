/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/progress.h"
#include "unit.h"

#define WIPE "\r\033[K"

static const char *const units[CF_PROGRESS_COUNTERS] = {"files", "folders"};

struct terminal {
        int master, slave;
};

static int open_terminal(void **state)
{
        struct terminal *terminal = calloc(1, sizeof(*terminal));
        struct winsize size = {.ws_row = 24, .ws_col = 100};
        assert_non_null(terminal);
        setenv("TERM", "xterm", 1);
        terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        assert_true(terminal->master >= 0);
        assert_int_equal(grantpt(terminal->master), 0);
        assert_int_equal(unlockpt(terminal->master), 0);
        terminal->slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(terminal->slave >= 0);
        assert_int_equal(ioctl(terminal->slave, TIOCSWINSZ, &size), 0);
        *state = terminal;
        return 0;
}

static int close_terminal(void **state)
{
        struct terminal *terminal = *state;
        close(terminal->slave);
        close(terminal->master);
        free(terminal);
        return 0;
}

/* What was written to the terminal so far; valid until the next call. */
static const char *written(const struct terminal *terminal)
{
        static char text[65536];
        size_t size = 0;
        for (ssize_t n; (n = read(terminal->master, text + size, sizeof(text) - 1 - size)) > 0;)
                size += (size_t)n;
        text[size] = '\0';
        return text;
}

static void test_nothing_in_a_pipe(void **state)
{
        (void)state;
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        struct cf_progress *progress = cf_progress_start(ends[1], "scanning", units);
        assert_null(progress);
        /* Everything takes NULL. */
        cf_progress_add(progress, 0, 1);
        cf_progress_total(progress, 0, 1);
        cf_progress_pause(progress);
        cf_progress_resume(progress);
        assert_null(cf_progress_stop(progress));
        close(ends[0]);
        close(ends[1]);
}

static void test_nothing_on_a_dumb_terminal(void **state)
{
        struct terminal *terminal = *state;
        setenv("TERM", "dumb", 1);
        assert_null(cf_progress_start(terminal->slave, "scanning", units));
}

static void test_short_work_is_silent(void **state)
{
        struct terminal *terminal = *state;
        struct cf_progress *progress = cf_progress_start(terminal->slave, "scanning", units);
        assert_non_null(progress);
        cf_progress_add(progress, 0, 10);
        usleep(100000);
        assert_null(cf_progress_stop(progress));
        assert_string_equal(written(terminal), "");
}

static void *count(void *argument)
{
        for (unsigned i = 0; i < 10000; i++) {
                cf_progress_add(argument, 0, 1);
                cf_progress_add(argument, 1, i % 10 == 0);
        }
        return NULL;
}

static void test_long_work(void **state)
{
        struct terminal *terminal = *state;
        struct cf_progress *progress = cf_progress_start(terminal->slave, "scanning", units);
        pthread_t threads[4];
        assert_non_null(progress);
        for (size_t i = 0; i < CF_COUNT(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, count, progress), 0);
        for (size_t i = 0; i < CF_COUNT(threads); i++)
                pthread_join(threads[i], NULL);
        usleep(1400000);
        cf_progress_pause(progress);
        const char *text = written(terminal);
        assert_non_null(strstr(text, "\rscanning: 40,000 files, 4,000 folders   1 s\033[K"));
        assert_string_equal(text + strlen(text) - strlen(WIPE), WIPE);
        /* Nothing is drawn while something else is written. */
        usleep(500000);
        assert_string_equal(written(terminal), "");
        cf_progress_total(progress, 0, 1234567);
        cf_progress_resume(progress);
        usleep(500000);
        assert_null(cf_progress_stop(progress));
        text = written(terminal);
        assert_non_null(strstr(text, "scanning: 40,000 of 1,234,567 files, 4,000 folders"));
        assert_string_equal(text + strlen(text) - strlen(WIPE), WIPE);
}

static void test_one_line_on_a_narrow_terminal(void **state)
{
        struct terminal *terminal = *state;
        struct winsize size = {.ws_row = 24, .ws_col = 16};
        const char *const one[CF_PROGRESS_COUNTERS] = {"containers"};
        assert_int_equal(ioctl(terminal->slave, TIOCSWINSZ, &size), 0);
        struct cf_progress *progress = cf_progress_start(terminal->slave, "asking", one);
        assert_non_null(progress);
        usleep(1200000);
        assert_null(cf_progress_stop(progress));
        assert_non_null(strstr(written(terminal), "\rasking: 0 conta\033[K"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_terminal, close_terminal)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_in_a_pipe), TEST(test_nothing_on_a_dumb_terminal),
                TEST(test_short_work_is_silent),          TEST(test_long_work),
                TEST(test_one_line_on_a_narrow_terminal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
