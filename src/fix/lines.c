/* SPDX-License-Identifier: Apache-2.0 */
#include "fix/lines.h"

#include <stdint.h>

#include "base/vec.h"

/* E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986, in its form with linear
 * memory: the middle of a shortest way from (0, 0) to (N, M) is met by searching from both ends,
 * then both halves are solved alike. */

#define STEPS_MAX 1024              /* edits searched from each end; then the way is cut in two */
#define WORK_MAX ((int64_t)1 << 26) /* lines compared; then what is left counts as changed */
#define BYTES_A_WORK 64             /* comparing so many bytes counts as one more line */

/* One side: its lines between the common head and tail of both texts. */
struct side {
        const char *text;
        size_t *starts; /* of each line; [count]: the end */
        uint32_t *hashes;
        size_t count;
        bool *changed; /* by line */
};

struct box {
        size_t before, before_end, after, after_end;
};

/* How far one can come from one end: reach[k] is the most lines of `before` passed on diagonal k
 * (lines of before passed less lines of after passed), -1: not there yet. */
struct frontier {
        ptrdiff_t *reach;
        ptrdiff_t steps; /* edits made so far; -1: none tried */
        bool from_end;
};

struct search {
        struct cf_arena *arena;
        struct side before, after;
        int64_t work; /* left */
        struct frontier forward, backward;
        CF_VEC(struct box) boxes;
};

/* ---- lines ------------------------------------------------------------------------------------
 */

static uint32_t hash_line(struct cf_span line)
{
        uint32_t hash = 2166136261u; /* FNV-1a: equal hashes are compared byte by byte */
        for (size_t i = 0; i < line.size; i++)
                hash = (hash ^ (unsigned char)line.data[i]) * 16777619u;
        return hash;
}

/* Cuts the first line off *rest, line end included. */
static struct cf_span next_line(struct cf_span *rest)
{
        size_t end = cf_span_find_byte(*rest, '\n');
        struct cf_span line = cf_span_part(*rest, 0, end == SIZE_MAX ? rest->size : end + 1);
        *rest = cf_span_part(*rest, line.size, SIZE_MAX);
        return line;
}

static size_t count_lines(struct cf_span text)
{
        size_t count = 0;
        while (text.size) {
                next_line(&text);
                count++;
        }
        return count;
}

static int read_side(struct cf_arena *arena, struct cf_span text, struct side *side)
{
        side->text = text.data;
        side->count = count_lines(text);
        side->starts = cf_arena_many(arena, side->count + 1, size_t);
        side->hashes = cf_arena_many(arena, side->count, uint32_t);
        side->changed = cf_arena_many(arena, side->count, bool);
        if (!side->starts || !side->hashes || !side->changed)
                return -ENOMEM;
        struct cf_span rest = text;
        for (size_t i = 0; i < side->count; i++) {
                side->starts[i] = text.size - rest.size;
                side->hashes[i] = hash_line(next_line(&rest));
        }
        side->starts[side->count] = text.size;
        return 0;
}

static struct cf_span lines_of(const struct side *side, size_t first, size_t count)
{
        size_t start = side->starts[first];
        return (struct cf_span){side->text + start, side->starts[first + count] - start};
}

static bool same_line(struct search *search, size_t before, size_t after)
{
        search->work--;
        if (search->before.hashes[before] != search->after.hashes[after])
                return false;
        struct cf_span a = lines_of(&search->before, before, 1);
        search->work -= (int64_t)(a.size / BYTES_A_WORK);
        return cf_span_equal(a, lines_of(&search->after, after, 1));
}

/* ---- the search ---------------------------------------------------------------------------------
 */

/* Farthest point on diagonal k after one more edit; -1: none inside the box. */
static ptrdiff_t enter(const struct frontier *frontier, ptrdiff_t k, ptrdiff_t n, ptrdiff_t m)
{
        if (frontier->steps == 0)
                return 0;
        ptrdiff_t removed = frontier->reach[k - 1] < 0 ? -1 : frontier->reach[k - 1] + 1;
        ptrdiff_t added = frontier->reach[k + 1];
        if (removed > n)
                removed = -1;
        if (added - k > m)
                added = -1;
        return removed > added ? removed : added;
}

/* Passes equal lines from (x, x - k) on. */
static ptrdiff_t slide(struct search *search, const struct box *box, bool from_end, ptrdiff_t x,
                       ptrdiff_t k)
{
        ptrdiff_t n = (ptrdiff_t)(box->before_end - box->before);
        ptrdiff_t m = (ptrdiff_t)(box->after_end - box->after);
        for (; x < n && x - k < m; x++) {
                size_t at = (size_t)x, other = (size_t)(x - k);
                if (!(from_end ? same_line(search, box->before_end - 1 - at,
                                           box->after_end - 1 - other)
                               : same_line(search, box->before + at, box->after + other)))
                        break;
        }
        return x;
}

/* Goes one edit further from one end. True when that meets what was reached from the other end:
 * *ret_x and *ret_y are then where, in lines from the start of the box. */
static bool advance(struct search *search, const struct box *box, struct frontier *frontier,
                    const struct frontier *other, size_t *ret_x, size_t *ret_y)
{
        ptrdiff_t n = (ptrdiff_t)(box->before_end - box->before);
        ptrdiff_t m = (ptrdiff_t)(box->after_end - box->after);
        ptrdiff_t steps = ++frontier->steps;
        frontier->reach[steps + 1] = frontier->reach[-steps - 1] = -1;
        for (ptrdiff_t k = -steps; k <= steps; k += 2) {
                ptrdiff_t x = k < -m || k > n ? -1 : enter(frontier, k, n, m);
                if (x >= 0)
                        x = slide(search, box, frontier->from_end, x, k);
                frontier->reach[k] = x;
                ptrdiff_t facing = n - m - k; /* the same diagonal, seen from the other end */
                if (x < 0 || facing < -other->steps || facing > other->steps ||
                    other->reach[facing] < 0 || x + other->reach[facing] < n)
                        continue;
                *ret_x = (size_t)(frontier->from_end ? n - x : x);
                *ret_y = (size_t)(frontier->from_end ? m - (x - k) : x - k);
                return true;
        }
        return false;
}

/* The point farthest from the start that was reached. */
static void farthest(const struct frontier *forward, size_t *ret_x, size_t *ret_y)
{
        ptrdiff_t best = -1;
        for (ptrdiff_t k = -forward->steps; k <= forward->steps; k++) {
                ptrdiff_t x = forward->reach[k];
                if (x < 0 || 2 * x - k <= best)
                        continue;
                best = 2 * x - k;
                *ret_x = (size_t)x;
                *ret_y = (size_t)(x - k);
        }
}

/* Where to cut a box in two. False: no more work may be done. */
static bool find_middle(struct search *search, const struct box *box, size_t *ret_x, size_t *ret_y)
{
        search->forward.steps = search->backward.steps = -1;
        for (int steps = 0; steps < STEPS_MAX; steps++) {
                if (search->work < 0)
                        return false;
                if (advance(search, box, &search->forward, &search->backward, ret_x, ret_y) ||
                    advance(search, box, &search->backward, &search->forward, ret_x, ret_y))
                        return true;
        }
        farthest(&search->forward, ret_x, ret_y);
        return true;
}

static void trim(struct search *search, struct box *box)
{
        while (box->before < box->before_end && box->after < box->after_end &&
               same_line(search, box->before, box->after)) {
                box->before++;
                box->after++;
        }
        while (box->before < box->before_end && box->after < box->after_end &&
               same_line(search, box->before_end - 1, box->after_end - 1)) {
                box->before_end--;
                box->after_end--;
        }
}

static void mark(bool *changed, size_t from, size_t end)
{
        for (size_t i = from; i < end; i++)
                changed[i] = true;
}

/* Solves one box: marks its lines or leaves smaller boxes. */
static int solve(struct search *search, struct box box)
{
        size_t x = 0, y = 0;
        trim(search, &box);
        size_t n = box.before_end - box.before, m = box.after_end - box.after;
        bool split = n > 0 && m > 0 && search->work >= 0 && find_middle(search, &box, &x, &y) &&
                     x + y > 0 && x + y < n + m;
        if (!split) {
                mark(search->before.changed, box.before, box.before_end);
                mark(search->after.changed, box.after, box.after_end);
                return 0;
        }
        struct box head = {box.before, box.before + x, box.after, box.after + y};
        struct box tail = {box.before + x, box.before_end, box.after + y, box.after_end};
        return cf_vec_push(search->arena, &search->boxes, head) < 0 ||
                               cf_vec_push(search->arena, &search->boxes, tail) < 0
                       ? -ENOMEM
                       : 0;
}

static int mark_changed(struct search *search)
{
        size_t room = 2 * STEPS_MAX + 5;
        ptrdiff_t *reach = cf_arena_many(search->arena, 2 * room, ptrdiff_t);
        if (!reach)
                return -ENOMEM;
        search->forward.reach = reach + room / 2;
        search->backward.reach = reach + room + room / 2;
        search->backward.from_end = true;
        search->work = WORK_MAX;
        struct box all = {0, search->before.count, 0, search->after.count};
        int r = cf_vec_push(search->arena, &search->boxes, all);
        while (r == 0 && search->boxes.count > 0)
                r = solve(search, search->boxes.items[--search->boxes.count]);
        return r;
}

/* ---- the changes --------------------------------------------------------------------------------
 */

/* Bytes at the start (of whole lines) that both texts share. */
static size_t common_head(struct cf_span a, struct cf_span b)
{
        size_t most = a.size < b.size ? a.size : b.size, size = 0;
        while (size < most && a.data[size] == b.data[size])
                size++;
        if (size == a.size && size == b.size)
                return size;
        while (size > 0 && a.data[size - 1] != '\n')
                size--;
        return size;
}

/* The same at the end, where at least `head` bytes stay in front. */
static size_t common_tail(struct cf_span a, struct cf_span b, size_t head)
{
        size_t most = (a.size < b.size ? a.size : b.size) - head, size = 0;
        while (size < most && a.data[a.size - 1 - size] == b.data[b.size - 1 - size])
                size++;
        /* A line starts there in both texts only behind a line end. */
        while (size > 0 && ((a.size > size && a.data[a.size - size - 1] != '\n') ||
                            (b.size > size && b.data[b.size - size - 1] != '\n')))
                size--;
        return size;
}

static int collect(struct cf_arena *arena, const struct search *search, size_t first_line,
                   struct change **ret_changes, size_t *ret_count)
{
        const struct side *before = &search->before, *after = &search->after;
        CF_VEC(struct change) changes = {0};
        size_t i = 0, j = 0;
        while (i < before->count || j < after->count) {
                size_t from = i, to = j;
                while (i < before->count && before->changed[i])
                        i++;
                while (j < after->count && after->changed[j])
                        j++;
                if (i > from || j > to) {
                        struct change change = {.before_line = first_line + from,
                                                .before_count = i - from,
                                                .after_line = first_line + to,
                                                .after_count = j - to,
                                                .before = lines_of(before, from, i - from),
                                                .after = lines_of(after, to, j - to)};
                        if (cf_vec_push(arena, &changes, change) < 0)
                                return -ENOMEM;
                        continue;
                }
                i++;
                j++;
        }
        *ret_changes = changes.items;
        *ret_count = changes.count;
        return 0;
}

int find_changes(struct cf_arena *arena, struct cf_span before, struct cf_span after,
                 struct change **ret_changes, size_t *ret_count)
{
        CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
        struct search search = {.arena = scratch};
        size_t head = common_head(before, after), tail = common_tail(before, after, head);
        if (!scratch ||
            read_side(scratch, cf_span_part(before, head, before.size - head - tail),
                      &search.before) < 0 ||
            read_side(scratch, cf_span_part(after, head, after.size - head - tail), &search.after) <
                    0 ||
            mark_changed(&search) < 0)
                return -ENOMEM;
        return collect(arena, &search, count_lines(cf_span_part(before, 0, head)), ret_changes,
                       ret_count);
}
