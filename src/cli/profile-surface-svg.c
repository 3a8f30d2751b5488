/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of `confined profile surface`: a square a call, a field a profile. Self-contained: no
 * fonts, no scripts, nothing that is fetched. */
#include "cli/profile-surface.h"

/* Pixels, and squares in a line. */
static const size_t cell = 11, square = 9, per_line = 24, field = per_line * cell, gap = 36,
                    margin = 28, grid_top = 172;

static const char style[] =
        "<style>text{font-family:system-ui,sans-serif;fill:#24292f}"
        ".h{font-size:20px;font-weight:600}.n{font-size:15px;font-weight:600}"
        ".b{font-size:30px;font-weight:600}.s{font-size:12px;fill:#57606a}"
        ".none{fill:#e6e9ec}.some{fill:#e8b44c}.all{fill:#5f8fc7}.bad{fill:#cf3b3b}</style>\n";

/* XML 1.0, section 2.4. */
static void put_escaped(struct cf_text *out, const char *text)
{
        for (; *text; text++)
                switch (*text) {
                case '<':
                        cf_text_puts(out, "&lt;");
                        break;
                case '>':
                        cf_text_puts(out, "&gt;");
                        break;
                case '&':
                        cf_text_puts(out, "&amp;");
                        break;
                case '"':
                        cf_text_puts(out, "&quot;");
                        break;
                default:
                        cf_text_putc(out, *text);
                }
}

static void put_text(struct cf_text *out, size_t x, size_t y, const char *class, const char *text)
{
        cf_text_printf(out, "<text x=\"%zu\" y=\"%zu\" class=\"%s\">", x, y, class);
        put_escaped(out, text);
        cf_text_puts(out, "</text>\n");
}

static void put_square(struct cf_text *out, size_t x, size_t y, const char *class)
{
        cf_text_printf(out,
                       "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\" rx=\"1\" "
                       "class=\"%s\"",
                       x, y, square, square, class);
}

static void draw_grid(struct cf_text *out, const struct cf_surfaces *all, size_t column,
                      size_t left)
{
        static const char *const classes[] = {"none", "some", "all"};
        const struct cf_surface *surface = &all->columns[column].surface;
        const struct cf_syscall *call;
        uint32_t nr;
        size_t at = 0;
        for (size_t i = 0; (call = cf_syscall_of_arch(all->arches[0], i, &nr)); i++) {
                if (!cf_surface_has(&all->job->circumstances, call))
                        continue;
                enum cf_surface_share share = surface->arches[0].shares[at];
                const struct cf_danger *danger = cf_surface_danger(&surface->arches[0], call);
                put_square(out, left + at % per_line * cell, grid_top + at / per_line * cell,
                           danger ? "bad" : classes[share]);
                cf_text_printf(out, "><title>%s", call->name);
                if (danger) {
                        cf_text_puts(out, ": it ");
                        put_escaped(out, danger->gain);
                }
                cf_text_puts(out, "</title></rect>\n");
                at++;
        }
}

static void draw_column(struct cf_text *out, const struct cf_surfaces *all, size_t column)
{
        const struct cf_surface *surface = &all->columns[column].surface;
        size_t left = margin + column * (field + gap);
        CF_TEXT struct cf_text line = {0};
        put_text(out, left, 84, "n", all->columns[column].name);
        cf_text_printf(&line, "%zu", surface->arches[0].all + surface->arches[0].some);
        size_t number = 20 * line.size + 10;
        cf_text_putc(&line, '\0');
        put_text(out, left, 118, "b", line.failed ? "" : line.data);
        cf_text_clear(&line);
        cf_text_printf(&line, "of %zu calls on %s", surface->arches[0].count, all->arches[0]->name);
        cf_text_putc(&line, '\0');
        put_text(out, left + number, 118, "s", line.failed ? "" : line.data);
        cf_text_clear(&line);
        cf_text_printf(&line, "dangerous calls: %zu, known holes: %zu of %zu",
                       cf_reach_count(surface->dangers, surface->danger_count),
                       cf_reach_count(surface->holes, surface->hole_count), surface->hole_count);
        cf_text_putc(&line, '\0');
        put_text(out, left, 142, "s", line.failed ? "" : line.data);
        cf_text_clear(&line);
        cf_text_printf(&line, "new user namespaces: %s", surface->user_namespaces ? "yes" : "no");
        cf_text_putc(&line, '\0');
        put_text(out, left, 160, "s", line.failed ? "" : line.data);
        draw_grid(out, all, column, left);
}

static void draw_legend(struct cf_text *out, size_t top)
{
        static const struct {
                const char *class, *words;
                size_t width;
        } marks[] = {
                {"all", "let through", 104},
                {"some", "with some arguments", 164},
                {"bad", "let through, and dangerous", 0},
                {"none", "refused", 88},
        };
        static const size_t order[] = {3, 0, 1, 2};
        size_t left = margin;
        for (size_t i = 0; i < CF_COUNT(order); i++) {
                put_square(out, left, top - square, marks[order[i]].class);
                cf_text_puts(out, "/>\n");
                put_text(out, left + 15, top, "s", marks[order[i]].words);
                left += marks[order[i]].width;
        }
}

void cf_surface_draw(struct cf_text *out, const struct cf_surfaces *all)
{
        size_t lines = (all->columns[0].surface.arches[0].count + per_line - 1) / per_line;
        size_t width = 2 * margin + all->count * field + (all->count - 1) * gap;
        size_t bottom = grid_top + lines * cell;
        size_t height = bottom + 52;
        cf_text_printf(out,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
                       "viewBox=\"0 0 %zu %zu\" role=\"img\">\n",
                       width, height, width, height);
        cf_text_puts(out, "<title>System calls within reach, by profile</title>\n");
        cf_text_puts(out, style);
        cf_text_printf(out, "<rect width=\"%zu\" height=\"%zu\" fill=\"#ffffff\"/>\n", width,
                       height);
        put_text(out, margin, 44, "h", "What a program can reach of the kernel");
        for (size_t i = 0; i < all->count; i++)
                draw_column(out, all, i);
        draw_legend(out, bottom + 30);
        cf_text_puts(out, "</svg>\n");
}
