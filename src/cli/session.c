/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <string.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "base/vec.h"

/* ---- printing ----------------------------------------------------------------------------- */

int cf_complain(const struct cf_error *err)
{
        CF_TEXT struct cf_text out = {0};
        cf_error_render(err, &out);
        fflush(stdout);
        if (out.data)
                fputs(out.data, stderr);
        return CF_EXIT_TROUBLE;
}

int cf_print(const struct cf_text *text)
{
        bool written = !text->failed &&
                       (text->size == 0 || fwrite(text->data, 1, text->size, stdout) == text->size);
        if (!written || fflush(stdout) != 0) {
                struct cf_error err = {0};
                if (errno == EPIPE) /* the reader has seen enough, as in `confined scan | head` */
                        return CF_EXIT_CLEAN;
                cf_error_set(&err, -EIO, NULL, "standard output cannot be written: %s",
                             strerror(errno));
                return cf_complain(&err);
        }
        return CF_EXIT_CLEAN;
}

/* ---- shared options ----------------------------------------------------------------------- */

static int one_of(const struct cf_invocation *invocation, const char *option, const char *value,
                  struct cf_error *err)
{
        (void)invocation;
        for (const struct cf_option *o = cf_report_options; o->name; o++) {
                if (strcmp(o->name, option) != 0)
                        continue;
                for (const char *word = o->words; *word;) {
                        size_t length = strcspn(word, " ");
                        if (cf_span_is((struct cf_span){word, length}, value))
                                return 0;
                        word += length + (word[length] == ' ');
                }
                return cf_error_set(err, -EINVAL, NULL, "--%s: '%s' is none of: %s", option, value,
                                    o->words);
        }
        return -EINVAL;
}

static int read_format(struct cf_session *s, const char *default_format, struct cf_error *err)
{
        const char *name = cf_given_value(s->invocation, "format");
        s->output = cf_output_find(name ? name : default_format);
        const char *command = s->invocation->command->name;
        if (s->output && (!s->output->commands || strstr(s->output->commands, command)))
                return 0;
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 0; cf_outputs[i]; i++)
                if (!cf_outputs[i]->commands || strstr(cf_outputs[i]->commands, command))
                        cf_text_printf(&names, " %s", cf_outputs[i]->name);
        return cf_error_set(err, -EINVAL, NULL, "--format: '%s' is none of:%s",
                            name ? name : default_format, names.data ? names.data : "");
}

/* "never" is a weight above all verdicts. */
#define FAIL_NEVER ((enum cf_verdict)(CF_FAIL + 1))

static int read_fail_on(struct cf_session *s, struct cf_error *err)
{
        const char *value = cf_given_value(s->invocation, "fail-on");
        s->fail_on = s->config && s->config->has_fail_on ? s->config->fail_on : CF_WARN;
        if (!value)
                return 0;
        int r = one_of(s->invocation, "fail-on", value, err);
        if (r < 0)
                return r;
        if (!cf_verdict_of(value, &s->fail_on))
                s->fail_on = FAIL_NEVER;
        return 0;
}

static int read_color(struct cf_session *s, struct cf_error *err)
{
        const char *value = cf_given_value(s->invocation, "color");
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
        bool to_file = cf_given(s->invocation, "output");
        struct winsize size;
        if (value) {
                int r = one_of(s->invocation, "color", value, err);
                if (r < 0)
                        return r;
        }
        bool terminal = isatty(STDOUT_FILENO) && !to_file;
        if (value && strcmp(value, "auto") != 0)
                s->shown.color = strcmp(value, "always") == 0;
        else
                s->shown.color = terminal && !(no_color && *no_color) &&
                                 !(term && strcmp(term, "dumb") == 0);
        if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                s->shown.width = size.ws_col;
        return 0;
}

/* The configuration that was named, or the nearest one above the first path that is looked at. */
static int read_config(struct cf_session *s, struct cf_error *err)
{
        const char *path = cf_given_value(s->invocation, "config");
        if (!path && !cf_given(s->invocation, "no-config")) {
                char *found = NULL;
                int r = cf_config_find(s->arena, ".", &found);
                if (r < 0)
                        return cf_error_set(err, r, NULL, "cannot look for .confined.yaml: %s",
                                            strerror(-r));
                path = found;
        }
        if (!path)
                return 0;
        s->config_dir = cf_path_dir(s->arena, path);
        if (!s->config_dir)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return cf_config_read(s->arena, s->files, path, &s->config, err);
}

static int read_baseline(struct cf_session *s, struct cf_error *err)
{
        const char *path = cf_given_value(s->invocation, "baseline");
        if (!path && s->config && s->config->baseline) {
                /* A new baseline is written in place of one that need not be there yet. */
                const char *wanted = cf_given_value(s->invocation, "write-baseline");
                if (!wanted || strcmp(wanted, s->config->baseline) != 0)
                        path = s->config->baseline;
        }
        return path ? cf_baseline_read(s->arena, s->files, path, &s->baseline, err) : 0;
}

static int read_rules(struct cf_session *s, struct cf_error *err)
{
        if (cf_given_all(s->invocation, "rule", &s->only, &s->only_count) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; i < s->only_count; i++) {
                if (cf_rule_find(s->only[i]))
                        continue;
                const char *near = cf_rule_nearest(s->only[i]);
                if (near)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "--rule: there is no rule '%s' (did you mean %s?)",
                                            s->only[i], near);
                return cf_error_set(err, -EINVAL, NULL,
                                    "--rule: there is no rule '%s'; all rules: confined explain",
                                    s->only[i]);
        }
        return 0;
}

int cf_session_new_judge(struct cf_session *session, struct cf_error *err)
{
        struct cf_judge_options options = {
                .files = session->files,
                .config = session->config,
                .only = session->only,
                .only_count = session->only_count,
                .baseline = session->baseline,
                .root = session->config_dir,
        };
        session->judge = cf_judge_free(session->judge);
        session->judge = cf_judge_new(&options);
        return session->judge ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

int cf_session_open(struct cf_session *session, const struct cf_invocation *invocation,
                    const char *default_format, struct cf_error *err)
{
        *session = (struct cf_session){.invocation = invocation, .arena = invocation->arena};
        pthread_mutex_init(&session->lock, NULL);
        session->files = cf_files_new();
        session->trouble_arena = cf_arena_new(0);
        if (!session->files || !session->trouble_arena)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        session->shown.quiet = cf_given(invocation, "quiet");
        session->shown.all = cf_given(invocation, "all");
        int r = read_format(session, default_format, err);
        if (r == 0)
                r = read_color(session, err);
        if (r == 0)
                r = read_rules(session, err);
        if (r == 0)
                r = read_config(session, err);
        if (r == 0)
                r = read_fail_on(session, err);
        if (r == 0)
                r = read_baseline(session, err);
        return r == 0 ? cf_session_new_judge(session, err) : r;
}

void cf_session_close(struct cf_session *session)
{
        cf_judge_free(session->judge);
        cf_files_free(session->files);
        cf_arena_free(session->trouble_arena);
        free(session->troubles);
        pthread_mutex_destroy(&session->lock);
}

void cf_session_trouble(const struct cf_error *err, void *context)
{
        struct cf_session *session = context;
        pthread_mutex_lock(&session->lock);
        const struct cf_error **grown = NULL;
        struct cf_error *copy = NULL;
        if (session->trouble_count < CF_TROUBLES_MAX) {
                copy = cf_arena_one(session->trouble_arena, struct cf_error);
                grown = reallocarray(session->troubles, session->trouble_count + 1, sizeof(*grown));
        }
        if (grown)
                session->troubles = grown;
        if (grown && copy) {
                cf_error_copy(copy, err);
                session->troubles[session->trouble_count++] = copy;
        } else {
                session->more_troubles++;
        }
        pthread_mutex_unlock(&session->lock);
}

/* ---- the report --------------------------------------------------------------------------- */

static int write_report(struct cf_session *session, const struct cf_report *report)
{
        CF_TEXT struct cf_text out = {0};
        const char *path = cf_given_value(session->invocation, "output");
        struct cf_error err = {0};
        int r = session->output->write(report, &session->shown, &out);
        if (r < 0 || out.failed) {
                cf_error_set(&err, -ENOMEM, NULL,
                             "the report is too large for memory; choose fewer paths or another "
                             "--format");
                return cf_complain(&err);
        }
        if (!path)
                return cf_print(&out);
        if (cf_file_write(path, cf_text_span(&out), &err) < 0) {
                cf_error_doing(&err, err.code, NULL, "writing the report");
                return cf_complain(&err);
        }
        return CF_EXIT_CLEAN;
}

static int write_baseline(struct cf_session *session, const struct cf_report *report)
{
        const char *path = cf_given_value(session->invocation, "write-baseline");
        struct cf_error err = {0};
        if (!path || cf_baseline_write(path, report->findings, report->finding_count, &err) == 0)
                return CF_EXIT_CLEAN;
        cf_error_doing(&err, err.code, NULL, "writing the baseline");
        return cf_complain(&err);
}

/* By path and place, so that output does not depend on which thread was faster. */
static int compare_troubles(const void *left, const void *right)
{
        const struct cf_error *const *a = left, *const *b = right;
        const struct cf_error_frame *x = &(*a)->frames[0], *y = &(*b)->frames[0];
        int r = strcmp(x->path, y->path);
        if (r == 0 && x->place.offset != y->place.offset)
                r = x->place.offset < y->place.offset ? -1 : 1;
        return r ? r : strcmp(x->message, y->message);
}

static bool is_same_trouble(const struct cf_error *a, const struct cf_error *b)
{
        for (unsigned i = 0; i < a->count && i < b->count; i++)
                if (strcmp(a->frames[i].path, b->frames[i].path) != 0 ||
                    strcmp(a->frames[i].message, b->frames[i].message) != 0 ||
                    a->frames[i].place.offset != b->frames[i].place.offset)
                        return false;
        return a->count == b->count;
}

/* In order, each once: a file that is read for two others is broken once. */
static void sort_troubles(struct cf_session *session)
{
        size_t kept = 0;
        if (session->trouble_count > 1)
                qsort(session->troubles, session->trouble_count, sizeof(*session->troubles),
                      compare_troubles);
        for (size_t i = 0; i < session->trouble_count; i++)
                if (kept == 0 ||
                    !is_same_trouble(session->troubles[kept - 1], session->troubles[i]))
                        session->troubles[kept++] = session->troubles[i];
        session->trouble_count = kept;
}

int cf_session_report(struct cf_session *session, struct cf_report *report)
{
        sort_troubles(session);
        report->command = session->invocation->command->name;
        report->tool_version = CF_VERSION;
        report->troubles = session->troubles;
        report->trouble_count = session->trouble_count;
        report->more_troubles = session->more_troubles;
        report->fail_on = session->fail_on;
        report->rules = cf_rules;
        report->baseline = session->baseline != NULL;
        report->sources = session->files;
        for (size_t i = 0; i < session->trouble_count; i++)
                cf_complain(session->troubles[i]);
        if (session->more_troubles)
                fprintf(stderr, "confined: %zu more errors are not shown\n",
                        session->more_troubles);
        int status = write_report(session, report);
        if (write_baseline(session, report) != CF_EXIT_CLEAN)
                status = CF_EXIT_TROUBLE;
        return status == CF_EXIT_CLEAN ? cf_report_status(report) : CF_EXIT_TROUBLE;
}
