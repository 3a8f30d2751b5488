/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile surface P…: how much of the kernel is within reach, beside Docker's default and
 * no filter. */
#include "cli/profile-surface.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "report/report.h"

#define LABEL_MAX 24  /* columns of a profile's name that are shown */
#define GRID_WIDTH 76 /* calls in a line */
#define FIRST_COLUMN 26

static const char *const reach_words[] = {"refused", "unprivileged", "namespace", "open"};
static const char *const reach_marks[] = {"·", "○", "◐", "●"};
static const char *const share_marks[] = {"·", "▒", "█"};

const struct cf_danger *cf_surface_danger(const struct cf_surface_arch *arch,
                                          const struct cf_syscall *call)
{
        const struct cf_danger *danger;
        for (size_t i = 0; (danger = cf_danger_at(i)); i++)
                if (danger->call == call && arch->dangers[i] >= CF_REACH_NAMESPACE)
                        return danger;
        return NULL;
}

/* ---- measuring ---------------------------------------------------------------------------------
 */

static const char *label_of(struct cf_arena *arena, const char *name)
{
        CF_TEXT struct cf_text text = {0};
        const char *slash = strrchr(name, '/');
        cf_text_add_visible(&text, cf_span_of(slash && slash[1] ? slash + 1 : name));
        struct cf_span shown = cf_text_span(&text);
        bool cut = false;
        uint32_t character;
        while (cf_report_width(shown) + cut > LABEL_MAX) {
                shown = cf_span_part(shown, cf_utf8_next(shown, &character), SIZE_MAX);
                cut = true;
        }
        return text.failed ? NULL
                           : cf_arena_printf(arena, "%s%.*s", cut ? "…" : "", (int)shown.size,
                                             shown.size ? shown.data : "");
}

static int add(struct cf_surfaces *all, const char *name, struct cf_error *err)
{
        struct cf_profile_job *job = all->job;
        struct cf_surface_column *column = &all->columns[all->count];
        struct cf_profile_input input = {0};
        int r = 0;
        if (strcmp(name, "unconfined") == 0)
                input.policy = cf_policy_constant(job->all, CF_ALLOW);
        else
                r = cf_profile_job_input(job, name, &input, err);
        if (r == 0)
                r = cf_policies_check(job->all, input.policy, err);
        if (r == 0)
                r = cf_surface_measure(job->all, input.policy, &job->circumstances, all->arches,
                                       all->arch_count, job->arena, &column->surface, err);
        if (r < 0)
                return r;
        column->name = label_of(job->arena, name);
        if (!column->name)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        all->count++;
        return 0;
}

/* The architectures whose calls the machine's kernel may answer: those of Docker's default. */
static int find_arches(struct cf_surfaces *all, struct cf_error *err)
{
        struct cf_profile_input docker;
        const struct cf_arch *const *arches;
        int r = cf_profile_job_input(all->job, "docker@written", &docker, err);
        if (r == 0)
                r = cf_profile_job_arches(all->job, &docker, &arches, &all->arch_count, err);
        if (r < 0)
                return r;
        if (all->arch_count > CF_SURFACE_ARCHES_MAX)
                all->arch_count = CF_SURFACE_ARCHES_MAX;
        for (size_t i = 0; i < all->arch_count; i++)
                all->arches[i] = arches[i];
        return 0;
}

static int measure(struct cf_surfaces *all, struct cf_error *err)
{
        static const char *const beside[] = {"docker", "unconfined"};
        const struct cf_profile_job *job = all->job;
        size_t given = job->invocation->argument_count - 1;
        int r = find_arches(all, err);
        for (size_t i = 0; r == 0 && i < given; i++)
                r = add(all, job->arguments[i], err);
        for (size_t i = 0; r == 0 && i < CF_COUNT(beside); i++) {
                bool there = false;
                for (size_t k = 0; k < given; k++)
                        there |= strcmp(job->arguments[k], beside[i]) == 0;
                r = there ? 0 : add(all, beside[i], err);
        }
        return r;
}

/* ---- in words ----------------------------------------------------------------------------------
 */

static size_t width_of(const struct cf_surface_column *column)
{
        size_t length = cf_report_width(cf_span_of(column->name));
        return length < 10 ? 12 : length + 2;
}

static void put_cell(struct cf_text *out, const struct cf_surface_column *column, size_t number)
{
        cf_text_printf(out, "%*zu", (int)width_of(column), number);
}

static void put_words(struct cf_text *out, const struct cf_surface_column *column,
                      const char *words)
{
        cf_text_repeat(out, ' ', width_of(column) - cf_report_width(cf_span_of(words)));
        cf_text_puts(out, words);
}

static void put_row(struct cf_text *out, const char *name, const char *on)
{
        int used = (int)(strlen(name) + strlen(on));
        cf_text_printf(out, "  %s%s%*s", name, on, used < FIRST_COLUMN ? FIRST_COLUMN - used : 1,
                       "");
}

static void print_numbers(const struct cf_surfaces *all)
{
        struct cf_text *out = &all->job->out;
        const struct cf_surface_column *last = &all->columns[all->count - 1];
        put_row(out, "", "");
        for (size_t i = 0; i < all->count; i++)
                put_words(out, &all->columns[i], all->columns[i].name);
        cf_text_putc(out, '\n');
        for (size_t a = 0; a < all->arch_count; a++) {
                put_row(out, "calls on ", all->arches[a]->name);
                for (size_t i = 0; i < all->count; i++)
                        put_cell(out, &all->columns[i],
                                 all->columns[i].surface.arches[a].all +
                                         all->columns[i].surface.arches[a].some);
                cf_text_printf(out, "  of %zu\n", last->surface.arches[a].count);
                put_row(out, "  ", "some arguments only");
                for (size_t i = 0; i < all->count; i++)
                        put_cell(out, &all->columns[i], all->columns[i].surface.arches[a].some);
                cf_text_putc(out, '\n');
        }
        put_row(out, "dangerous calls", "");
        for (size_t i = 0; i < all->count; i++)
                put_cell(out, &all->columns[i],
                         cf_reach_count(all->columns[i].surface.dangers,
                                        all->columns[i].surface.danger_count));
        cf_text_printf(out, "  of %zu\n", last->surface.danger_count);
        put_row(out, "known kernel holes", "");
        for (size_t i = 0; i < all->count; i++)
                put_cell(out, &all->columns[i],
                         cf_reach_count(all->columns[i].surface.holes,
                                        all->columns[i].surface.hole_count));
        cf_text_printf(out, "  of %zu\n", last->surface.hole_count);
        put_row(out, "user namespaces", "");
        for (size_t i = 0; i < all->count; i++)
                put_words(out, &all->columns[i],
                          all->columns[i].surface.user_namespaces ? "yes" : "no");
        cf_text_putc(out, '\n');
}

static void print_grid(const struct cf_surfaces *all)
{
        struct cf_text *out = &all->job->out;
        cf_text_printf(out,
                       "\nThe calls of %s by number: %s let through, %s with some arguments, %s "
                       "refused\n",
                       all->arches[0]->name, share_marks[CF_SURFACE_ALL],
                       share_marks[CF_SURFACE_SOME], share_marks[CF_SURFACE_NONE]);
        for (size_t i = 0; i < all->count; i++) {
                const struct cf_surface_arch *arch = &all->columns[i].surface.arches[0];
                cf_text_printf(out, "  %s", all->columns[i].name);
                for (size_t k = 0; k < arch->count; k++)
                        cf_text_printf(out, "%s%s", k % GRID_WIDTH ? "" : "\n    ",
                                       share_marks[arch->shares[k]]);
                cf_text_putc(out, '\n');
        }
}

static void put_marks(const struct cf_surfaces *all, size_t at, bool holes)
{
        for (size_t i = 0; i < all->count; i++) {
                const struct cf_surface *surface = &all->columns[i].surface;
                enum cf_reach reach = holes ? surface->holes[at] : surface->dangers[at];
                cf_text_printf(&all->job->out, "%s%s", i ? " " : "  ", reach_marks[reach]);
        }
}

/* Whether the first profile, or any, leaves it within reach: what no profile does, and nobody would
 * miss, is left out. */
static bool any_reach(const struct cf_surfaces *all, size_t at, bool holes)
{
        for (size_t i = 0; i < all->count; i++) {
                const struct cf_surface *surface = &all->columns[i].surface;
                if ((holes ? surface->holes[at] : surface->dangers[at]) != CF_REACH_REFUSED)
                        return true;
        }
        return false;
}

static void print_columns(const struct cf_surfaces *all, const char *title)
{
        struct cf_text *out = &all->job->out;
        cf_text_printf(out, "\n%s; columns are", title);
        for (size_t i = 0; i < all->count; i++)
                cf_text_printf(out, "%s%s", i ? ", " : " ", all->columns[i].name);
        cf_text_putc(out, '\n');
}

static void print_dangers(const struct cf_surfaces *all)
{
        struct cf_text *out = &all->job->out;
        const struct cf_danger *danger;
        cf_text_printf(out,
                       "\n%s within reach, %s by a user namespace of one's own, %s only with a "
                       "capability that is not there, %s refused\n",
                       reach_marks[CF_REACH_OPEN], reach_marks[CF_REACH_NAMESPACE],
                       reach_marks[CF_REACH_UNPRIVILEGED], reach_marks[CF_REACH_REFUSED]);
        print_columns(all, "Dangerous calls, and what an attacker gains");
        for (size_t i = 0; (danger = cf_danger_at(i)); i++) {
                if (!any_reach(all, i, false))
                        continue;
                put_marks(all, i, false);
                cf_text_printf(out, "  %s: it %s\n", danger->call->name, danger->gain);
        }
}

/* Holes of one part of the kernel, which take the same, stand in one line. */
static void print_part(const struct cf_surfaces *all, size_t first)
{
        struct cf_text *out = &all->job->out;
        const struct cf_hole *hole, *leader = cf_hole_at(first);
        size_t count = 0;
        for (size_t i = 0; i < first; i++)
                if (strcmp(cf_hole_at(i)->part, leader->part) == 0)
                        return;
        put_marks(all, first, true);
        cf_text_printf(out, "  %s:", leader->part);
        for (size_t i = first; (hole = cf_hole_at(i)); i++)
                if (strcmp(hole->part, leader->part) == 0)
                        cf_text_printf(out, "%s %s", count++ ? "," : "", hole->cve);
        cf_text_putc(out, '\n');
}

static void print_holes(const struct cf_surfaces *all)
{
        print_columns(all, "Holes that kernels had, by what they were in");
        for (size_t i = 0; cf_hole_at(i); i++)
                if (any_reach(all, i, true))
                        print_part(all, i);
        cf_text_puts(
                &all->job->out,
                "\nKernels of today have few of these holes, or none. They are counted because "
                "the next ones\nwill be behind the same calls.\n");
}

/* ---- as JSON -----------------------------------------------------------------------------------
 */

static void json_arches(struct cf_json_writer *json, const struct cf_surface *surface)
{
        cf_json_key(json, "architectures");
        cf_json_open(json, '[');
        for (size_t i = 0; i < surface->arch_count; i++) {
                const struct cf_surface_arch *arch = &surface->arches[i];
                cf_json_open(json, '{');
                cf_json_key(json, "name");
                cf_json_put_string(json, arch->arch->name);
                cf_json_key(json, "calls");
                cf_json_put_uint(json, arch->count);
                cf_json_key(json, "allowed");
                cf_json_put_uint(json, arch->all);
                cf_json_key(json, "byArguments");
                cf_json_put_uint(json, arch->some);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void json_dangers(struct cf_json_writer *json, const struct cf_surface *surface)
{
        cf_json_key(json, "dangers");
        cf_json_open(json, '[');
        for (size_t i = 0; i < surface->danger_count; i++) {
                const struct cf_danger *danger = cf_danger_at(i);
                cf_json_open(json, '{');
                cf_json_key(json, "call");
                cf_json_put_string(json, danger->call->name);
                cf_json_key(json, "gain");
                cf_json_put_string(json, danger->gain);
                cf_json_key(json, "capability");
                cf_json_put_string(json, danger->capability);
                cf_json_key(json, "reach");
                cf_json_put_string(json, reach_words[surface->dangers[i]]);
                cf_json_key(json, "architectures"); /* on which it reaches so far */
                cf_json_open(json, '[');
                for (size_t k = 0; k < surface->arch_count; k++)
                        if (surface->dangers[i] != CF_REACH_REFUSED &&
                            surface->arches[k].dangers[i] == surface->dangers[i])
                                cf_json_put_string(json, surface->arches[k].arch->name);
                cf_json_close(json, ']');
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void json_holes(struct cf_json_writer *json, const struct cf_surface *surface)
{
        cf_json_key(json, "holes");
        cf_json_open(json, '[');
        for (size_t i = 0; i < surface->hole_count; i++) {
                const struct cf_hole *hole = cf_hole_at(i);
                cf_json_open(json, '{');
                cf_json_key(json, "cve");
                cf_json_put_string(json, hole->cve);
                cf_json_key(json, "part");
                cf_json_put_string(json, hole->part);
                cf_json_key(json, "needs");
                cf_json_put_string(json, hole->needs);
                cf_json_key(json, "since");
                cf_json_put_string(json, hole->since);
                cf_json_key(json, "fixed");
                cf_json_put_string(json, hole->fixed);
                cf_json_key(json, "reach");
                cf_json_put_string(json, reach_words[surface->holes[i]]);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void json_column(struct cf_json_writer *json, const struct cf_surface_column *column)
{
        const struct cf_surface *surface = &column->surface;
        cf_json_open(json, '{');
        cf_json_key(json, "name");
        cf_json_put_string(json, column->name);
        json_arches(json, surface);
        cf_json_key(json, "userNamespaces");
        cf_json_put_bool(json, surface->user_namespaces);
        cf_json_key(json, "dangersReached");
        cf_json_put_uint(json, cf_reach_count(surface->dangers, surface->danger_count));
        cf_json_key(json, "holesReached");
        cf_json_put_uint(json, cf_reach_count(surface->holes, surface->hole_count));
        json_dangers(json, surface);
        json_holes(json, surface);
        cf_json_close(json, '}');
}

static void print_json(const struct cf_surfaces *all)
{
        struct cf_json_writer json;
        cf_profile_job_json_open(all->job, &json, "surface");
        cf_json_key(&json, "profiles");
        cf_json_open(&json, '[');
        for (size_t i = 0; i < all->count; i++)
                json_column(&json, &all->columns[i]);
        cf_json_close(&json, ']');
        cf_json_close(&json, '}');
        cf_text_putc(&all->job->out, '\n');
}

int cf_profile_surface(struct cf_profile_job *job, struct cf_error *err)
{
        struct cf_surfaces all = {.job = job};
        const char *format = cf_given_value(job->invocation, "format");
        const char *path = cf_given_value(job->invocation, "output");
        size_t length = path ? strlen(path) : 0;
        bool picture = format ? strcmp(format, "svg") == 0
                              : length > 4 && strcmp(path + length - 4, ".svg") == 0;
        int r = measure(&all, err);
        if (r < 0)
                return r;
        if (picture) {
                cf_surface_draw(&job->out, &all);
        } else if (job->json) {
                print_json(&all);
        } else {
                print_numbers(&all);
                print_grid(&all);
                print_dangers(&all);
                print_holes(&all);
        }
        return cf_profile_job_write(job, true, err);
}
