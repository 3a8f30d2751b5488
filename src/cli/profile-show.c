/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile show P: every call and what it gets. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/profile.h"

#define NAME_COLUMN 26

struct row {
        const struct cf_syscall *call;
        const struct cf_arch *arch;
        cf_policy answer;
        size_t order; /* of the architecture */
};

struct show {
        struct cf_profile_job *job;
        struct cf_profile_input input;
        const struct cf_arch *const *arches;
        size_t arch_count;
        CF_VEC(struct row) rows;
};

/* By name; what is answered alike on several architectures stands together. */
static int compare_rows(const void *left, const void *right)
{
        const struct row *a = left, *b = right;
        int r = strcmp(a->call->name, b->call->name);
        if (r)
                return r;
        if (a->answer != b->answer)
                return a->answer < b->answer ? -1 : 1;
        return (a->order > b->order) - (a->order < b->order);
}

static int collect(struct show *show)
{
        const struct cf_syscall *call;
        uint32_t nr;
        for (size_t i = 0; i < show->arch_count; i++) {
                const struct cf_arch *arch = show->arches[i];
                for (size_t k = 0; (call = cf_syscall_of_arch(arch, k, &nr)); k++) {
                        struct row row = {call, arch,
                                          cf_policy_of_call(show->job->all, show->input.policy,
                                                            arch->token, nr),
                                          i};
                        if (cf_vec_push(show->job->arena, &show->rows, row) < 0)
                                return -ENOMEM;
                }
        }
        if (show->rows.count > 1)
                qsort(show->rows.items, show->rows.count, sizeof(*show->rows.items), compare_rows);
        return 0;
}

/* Rows from `first` on with the same name, and with the same answer. */
static size_t end_of(const struct show *show, size_t first, bool same_answer)
{
        const struct row *rows = show->rows.items;
        size_t i = first + 1;
        while (i < show->rows.count && rows[i].call == rows[first].call &&
               (!same_answer || rows[i].answer == rows[first].answer))
                i++;
        return i;
}

static int print_row(struct show *show, const struct row *rows, size_t count, bool all,
                     struct cf_error *err)
{
        struct cf_text *out = &show->job->out;
        size_t length = strlen(rows->call->name);
        cf_text_puts(out, rows->call->name);
        cf_text_repeat(out, ' ', length < NAME_COLUMN ? NAME_COLUMN - length : 1);
        int r = cf_profile_job_answer(show->job, out, rows->call, rows->answer, err);
        for (size_t i = 0; !all && i < count; i++)
                cf_text_printf(out, "%s%s", i ? ", " : "    on ", rows[i].arch->name);
        cf_text_putc(out, '\n');
        return r;
}

static int json_row(struct show *show, struct cf_json_writer *json, const struct row *rows,
                    size_t count, struct cf_error *err)
{
        CF_TEXT struct cf_text words = {0}, action = {0};
        uint32_t value;
        int r = cf_profile_job_answer(show->job, &words, rows->call, rows->answer, err);
        cf_json_open(json, '{');
        cf_json_key(json, "call");
        cf_json_put_string(json, rows->call->name);
        cf_json_key(json, "architectures");
        cf_json_open(json, '[');
        for (size_t i = 0; i < count; i++)
                cf_json_put_string(json, rows[i].arch->name);
        cf_json_close(json, ']');
        cf_json_key(json, "action"); /* null: arguments decide */
        if (cf_policy_is_constant(show->job->all, rows->answer, &value)) {
                cf_action_print(&action, value);
                cf_json_put_span(json, cf_text_span(&action));
        } else {
                cf_json_put_null(json);
        }
        cf_json_key(json, "answer");
        cf_json_put_span(json, cf_text_span(&words));
        cf_json_close(json, '}');
        show->job->out.failed |= words.failed || action.failed;
        return r;
}

/* What the numbers of an architecture without a name get: the first such number of each answer. */
static int print_unnamed(struct show *show, const struct cf_arch *arch, struct cf_error *err)
{
        struct cf_profile_job *job = show->job;
        struct cf_text *out = &job->out;
        CF_VEC(cf_policy) seen = {0};
        struct cf_piece *pieces;
        size_t count;
        uint64_t low = arch->base >= CF_X32_BIT ? CF_X32_BIT : 0;
        uint64_t high =
                cf_arch_of_call(arch->token, CF_X32_BIT) == arch ? UINT32_MAX : CF_X32_BIT - 1;
        cf_policy fixed =
                cf_policy_fix(job->all, show->input.policy, CF_SLICE_ARCH, UINT32_MAX, arch->token);
        int r = cf_policies_check(job->all, fixed, err);
        if (r == 0)
                r = cf_policy_pieces(job->all, fixed, CF_SLICE_NR, job->arena, &pieces, &count,
                                     err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                uint64_t nr = pieces[i].first < low ? low : pieces[i].first;
                uint64_t last = pieces[i].last > high ? high : pieces[i].last;
                size_t known = 0;
                while (nr <= last && cf_syscall_by_number(arch, (uint32_t)nr))
                        nr++;
                while (known < seen.count && seen.items[known] != pieces[i].policy)
                        known++;
                if (nr > last || known < seen.count)
                        continue;
                if (cf_vec_push(job->arena, &seen, pieces[i].policy) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                cf_text_printf(out, "numbers without a name on %s%s", arch->name,
                               seen.count > 1 ? ", from " : ": ");
                if (seen.count > 1)
                        cf_text_printf(out, "%" PRIu64 ": ", nr);
                r = cf_profile_job_answer(job, out, NULL, pieces[i].policy, err);
                cf_text_putc(out, '\n');
        }
        return r;
}

static int print_summary(struct show *show, struct cf_error *err)
{
        struct cf_profile_job *job = show->job;
        struct cf_text *out = &job->out;
        int r = 0;
        cf_text_putc(out, '\n');
        for (size_t i = 0; r == 0 && i < show->arch_count; i++)
                r = print_unnamed(show, show->arches[i], err);
        for (size_t i = 0; r == 0 && i < show->arch_count; i++) {
                size_t allowed = 0, depends = 0, all = 0;
                for (size_t k = 0; k < show->rows.count; k++) {
                        const struct row *row = &show->rows.items[k];
                        uint32_t value;
                        bool constant = cf_policy_is_constant(job->all, row->answer, &value);
                        if (row->arch != show->arches[i])
                                continue;
                        all++;
                        depends += !constant;
                        allowed += constant && (value == CF_ALLOW || value == CF_LOG);
                }
                cf_text_printf(
                        out, "%s: %zu calls, %zu allowed, %zu by their arguments, %zu refused\n",
                        show->arches[i]->name, all, allowed, depends, all - allowed - depends);
        }
        return r;
}

static int print_rows(struct show *show, struct cf_json_writer *json, struct cf_error *err)
{
        int r = 0;
        for (size_t i = 0, next; r == 0 && i < show->rows.count; i = next) {
                next = end_of(show, i, true);
                bool first = i == 0 || show->rows.items[i - 1].call != show->rows.items[i].call;
                bool all = first && next == end_of(show, i, false);
                r = json ? json_row(show, json, &show->rows.items[i], next - i, err)
                         : print_row(show, &show->rows.items[i], next - i, all, err);
        }
        return r;
}

int cf_profile_show(struct cf_profile_job *job, struct cf_error *err)
{
        struct show show = {.job = job};
        struct cf_json_writer json;
        if (cf_given(job->invocation, "base"))
                return cf_profile_job_show_base(job, job->arguments[0], err);
        int r = cf_profile_job_input(job, job->arguments[0], &show.input, err);
        if (r == 0)
                r = cf_profile_job_arches(job, &show.input, &show.arches, &show.arch_count, err);
        if (r == 0 && collect(&show) < 0)
                r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r < 0)
                return r;
        if (!job->json) {
                cf_profile_job_say_loaded(job, &show.input);
                r = print_rows(&show, NULL, err);
                return r == 0 ? print_summary(&show, err) : r;
        }
        cf_profile_job_json_open(job, &json, "show");
        cf_json_key(&json, "loaded");
        cf_profile_job_json_loaded(job, &json, &show.input);
        cf_json_key(&json, "calls");
        cf_json_open(&json, '[');
        r = print_rows(&show, &json, err);
        cf_json_close(&json, ']');
        cf_json_close(&json, '}');
        cf_text_putc(&job->out, '\n');
        return r;
}
