/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "model/quote.h"

/* A group that some edit cuts, and what of it goes. Groups come from several findings, so the
 * same one may stand in memory several times; each becomes one node. */
struct node {
        const struct cf_group *group;
        unsigned depth; /* groups above it: a parent always has fewer, so no chain is a circle */
        struct node *parent;
        bool *cut;       /* by part */
        size_t *written; /* part → index of the replacement that cuts it */
        size_t cut_count;
        size_t whole; /* index of the replacement of the whole group */
};

/* A replacement, and what became of it when it met others. */
struct candidate {
        struct cf_replacement made;
        bool removes; /* of a group; what stands for the whole of it may remain */
        const char *refusal;
};

struct resolver {
        struct cf_arena *arena;
        struct cf_span text;
        CF_VEC(struct node) nodes;           /* sorted by identity */
        CF_VEC(struct candidate) candidates; /* [0] is none */
        size_t *request_candidate;           /* of requests that cut nothing */
};

static const char overlaps[] = "meets another edit of this file: run again";
static const char malformed[] = "its place is not in the text";

/* ---- groups --------------------------------------------------------------------------------- */

static int compare_size(size_t a, size_t b)
{
        return (a > b) - (a < b);
}

static unsigned depth_of(const struct cf_group *group)
{
        unsigned depth = 0;
        while ((group = group->parent) && depth < CF_GROUP_DEPTH)
                depth++;
        return depth;
}

/* The identity of a group: depth, kind, first part, count. */
static int compare_nodes(const void *left, const void *right)
{
        const struct node *x = left, *y = right;
        const struct cf_group *a = x->group, *b = y->group;
        int r = compare_size(x->depth, y->depth);
        if (r == 0)
                r = compare_size(a->kind, b->kind);
        if (r == 0)
                r = compare_size(a->parts[0].offset, b->parts[0].offset);
        if (r == 0)
                r = compare_size(a->parts[0].length, b->parts[0].length);
        return r ? r : compare_size(a->count, b->count);
}

static struct node *find_node(struct resolver *resolver, const struct cf_group *group)
{
        struct node key = {.group = group, .depth = depth_of(group)};
        return bsearch(&key, resolver->nodes.items, resolver->nodes.count, sizeof(key),
                       compare_nodes);
}

static bool range_fits(struct cf_span text, const struct cf_range *range)
{
        return range->offset <= text.size && range->length <= text.size - range->offset;
}

/* Parts come in order. Those with commas between lie apart; pieces may share a blank. */
static bool group_fits(struct cf_span text, const struct cf_group *group)
{
        size_t start = 0, end = 0;
        for (size_t i = 0; i < group->count; i++) {
                const struct cf_range *part = &group->parts[i];
                bool apart = group->kind == CF_GROUP_COMMAS;
                if (!range_fits(text, part) || part->offset < (apart ? end : start) ||
                    part->offset + part->length < end)
                        return false;
                start = part->offset;
                end = part->offset + part->length;
        }
        return group->count > 0 && range_fits(text, &group->whole);
}

/* A group, those above it, and the part that is meant are what they should be. */
static bool edit_fits(struct cf_span text, const struct cf_edit *edit)
{
        size_t part = edit->part;
        unsigned depth = 0;
        for (const struct cf_group *group = edit->group; group; group = group->parent) {
                if (++depth > CF_GROUP_DEPTH || part >= group->count || !group_fits(text, group))
                        return false;
                part = group->parent_part;
        }
        return true;
}

/* What an edit does when no path is put anywhere. */
static bool cuts(const struct cf_edit_request *request)
{
        return !request->refusal && !request->edit->replaces && request->edit->group &&
               !(request->profile && request->edit->value.length);
}

static int collect_nodes(struct resolver *resolver, struct cf_edit_request *requests, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (!cuts(&requests[i]))
                        continue;
                for (const struct cf_group *group = requests[i].edit->group; group;
                     group = group->parent) {
                        struct node node = {.group = group, .depth = depth_of(group)};
                        if (cf_vec_push(resolver->arena, &resolver->nodes, node) < 0)
                                return -ENOMEM;
                }
        }
        struct node *nodes = resolver->nodes.items;
        size_t kept = 0;
        if (resolver->nodes.count)
                qsort(nodes, resolver->nodes.count, sizeof(*nodes), compare_nodes);
        for (size_t i = 0; i < resolver->nodes.count; i++)
                if (kept == 0 || compare_nodes(&nodes[kept - 1], &nodes[i]) != 0)
                        nodes[kept++] = nodes[i];
        resolver->nodes.count = kept;
        for (size_t i = 0; i < kept; i++) {
                const struct cf_group *group = nodes[i].group;
                nodes[i].parent = group->parent ? find_node(resolver, group->parent) : NULL;
                nodes[i].cut = cf_arena_many(resolver->arena, group->count, bool);
                nodes[i].written = cf_arena_many(resolver->arena, group->count, size_t);
                if (!nodes[i].cut || !nodes[i].written)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_gone(const struct node *node)
{
        return node->cut_count == node->group->count;
}

/* When nothing is said about a group that is gone, its parts are cut like those of any other. */
static bool has_whole(const struct node *node)
{
        return node->group->whole.length > 0 || node->group->whole_text;
}

/* Cuts a part, and what is above once nothing of the group is left. */
static void cut_part(struct node *node, size_t part)
{
        for (unsigned depth = 0; node && depth < CF_GROUP_DEPTH; depth++) {
                if (node->cut[part])
                        return;
                node->cut[part] = true;
                node->cut_count++;
                if (!is_gone(node))
                        return;
                part = node->group->parent_part;
                node = node->parent;
        }
}

/* ---- replacements --------------------------------------------------------------------------- */

/* Index of a new candidate, or 0 when there is no memory. */
static size_t add_candidate(struct resolver *resolver, size_t start, size_t end,
                            struct cf_span text, bool removes)
{
        struct candidate candidate = {.made = {start, end - start, text}, .removes = removes};
        if (cf_vec_push(resolver->arena, &resolver->candidates, candidate) < 0)
                return 0;
        return resolver->candidates.count - 1;
}

static size_t range_end(const struct cf_range *range)
{
        return range->offset + range->length;
}

/* ---- commas, and comments of flow collections between the parts ------------------------------ */

static bool is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Passes blanks, line ends and comments from `at` on; *ret_comments counts the comments. */
static size_t pass_gap(struct cf_span text, size_t at, size_t end, size_t *ret_comments)
{
        bool in_comment = false;
        *ret_comments = 0;
        for (; at < end; at++) {
                char c = text.data[at];
                if (c == '\n')
                        in_comment = false;
                else if (c == '#' && !in_comment)
                        in_comment = ++*ret_comments > 0;
                else if (!in_comment && !is_space(c))
                        break;
        }
        return at;
}

/* A gap between two parts: where its comma is, and whether comments stand there. */
static bool has_comment(struct cf_span text, size_t start, size_t end, size_t *ret_comma)
{
        size_t before, after;
        *ret_comma = pass_gap(text, start, end, &before);
        pass_gap(text, *ret_comma < end ? *ret_comma + 1 : end, end, &after);
        return before + after > 0;
}

/* Where a cut ends that leaves the next part as it is: there, or at comment lines above it. */
static size_t end_before(struct cf_span text, size_t start, size_t end, size_t next)
{
        size_t at;
        if (!has_comment(text, end, next, &at))
                return next;
        while (at < next && text.data[at] != '\n')
                at++;
        while (at < next && is_space(text.data[at]))
                at++;
        /* What is a comment behind a blank need not be one behind a bracket. */
        if (at < next && start > 0 && !is_space(text.data[start - 1])) {
                at--;
                if (text.data[at] == '\n' && text.data[at - 1] == '\r')
                        at--;
        }
        return at;
}

/* The last parts go and a comment in front of them stays: so does the comma before it, which may
 * end a flow collection, and the one behind the parts goes in its place. False: it cannot be. */
static bool cut_behind_comment(struct cf_span text, size_t *start, size_t *end)
{
        size_t comments, at = pass_gap(text, *end, text.size, &comments);
        if (at < text.size && text.data[at] == ',') {
                if (comments)
                        return false;
                *end = at + 1;
        }
        while (*start > 0 && strchr(" \t", text.data[*start - 1]))
                --*start;
        bool line_ends = *end < text.size && strchr("\r\n", text.data[*end]);
        if (line_ends && *start > 0 && text.data[*start - 1] == '\n') {
                --*start;
                if (*start > 0 && text.data[*start - 1] == '\r')
                        --*start;
        }
        return true;
}

/* Cuts the parts first…last of a group with commas. */
static size_t cut_run(struct resolver *resolver, const struct cf_group *group, size_t first,
                      size_t last)
{
        const struct cf_range *parts = group->parts;
        size_t start = parts[first].offset, end = range_end(&parts[last]), comma;
        size_t before = first > 0 ? range_end(&parts[first - 1]) : 0;
        bool comment = first > 0 && has_comment(resolver->text, before, start, &comma);
        if (last + 1 < group->count && (first == 0 || comment))
                end = end_before(resolver->text, start, end, parts[last + 1].offset);
        else if (first > 0 && (!comment || !cut_behind_comment(resolver->text, &start, &end)))
                start = before;
        return add_candidate(resolver, start, end, CF_SPAN(""), true);
}

static int write_parts(struct resolver *resolver, struct node *node)
{
        const struct cf_group *group = node->group;
        for (size_t i = 0, next; i < group->count; i = next) {
                next = i + 1;
                if (!node->cut[i])
                        continue;
                size_t made;
                if (group->kind == CF_GROUP_COMMAS) {
                        while (next < group->count && node->cut[next])
                                next++;
                        made = cut_run(resolver, group, i, next - 1);
                } else {
                        const struct cf_range *part = &group->parts[i];
                        made = add_candidate(resolver, part->offset, range_end(part), CF_SPAN(""),
                                             true);
                }
                if (!made)
                        return -ENOMEM;
                for (size_t part = i; part < next; part++)
                        node->written[part] = made;
        }
        return 0;
}

static int write_node(struct resolver *resolver, struct node *node)
{
        const struct cf_group *group = node->group;
        if (is_gone(node) && node->parent)
                return 0; /* the parent's part goes instead */
        if (!is_gone(node) || !has_whole(node))
                return write_parts(resolver, node);
        node->whole = add_candidate(resolver, group->whole.offset, range_end(&group->whole),
                                    cf_span_of(group->whole_text), true);
        return node->whole ? 0 : -ENOMEM;
}

/* The candidate that cuts the part of a request. */
static size_t candidate_of(struct resolver *resolver, const struct cf_edit *edit)
{
        const struct node *node = find_node(resolver, edit->group);
        size_t part = edit->part;
        while (is_gone(node) && node->parent) {
                part = node->group->parent_part;
                node = node->parent;
        }
        return is_gone(node) && has_whole(node) ? node->whole : node->written[part];
}

/* A replacement of its own: a path put at `value`, or `range` that becomes `text`. */
static int write_request(struct resolver *resolver, struct cf_edit_request *request,
                         size_t *ret_candidate)
{
        const struct cf_edit *edit = request->edit;
        struct cf_replacement made = {edit->range.offset, edit->range.length,
                                      cf_span_of(edit->text)};
        if (request->profile && edit->value.length) {
                if (!range_fits(resolver->text, &edit->value)) {
                        request->refusal = malformed;
                        return 0;
                }
                int r = quote_path(resolver->arena, resolver->text, edit, request->profile, &made,
                                   &request->refusal);
                if (r < 0 || request->refusal)
                        return r;
        } else if (!range_fits(resolver->text, &edit->range)) {
                request->refusal = malformed;
                return 0;
        }
        *ret_candidate = add_candidate(resolver, made.offset, made.offset + made.length, made.text,
                                       made.text.size == 0);
        return *ret_candidate ? 0 : -ENOMEM;
}

/* ---- meeting one another ----------------------------------------------------------------------
 */

static int compare_candidates(const void *left, const void *right)
{
        const struct candidate *a = *(const struct candidate *const *)left;
        const struct candidate *b = *(const struct candidate *const *)right;
        int r = compare_size(a->made.offset, b->made.offset);
        if (r == 0)
                r = compare_size(b->made.length, a->made.length);
        return r ? r : compare_size((uintptr_t)a, (uintptr_t)b);
}

static bool meets(const struct cf_replacement *before, const struct cf_replacement *after)
{
        return after->offset < before->offset + before->length || after->offset == before->offset;
}

/* True when making `a` makes `b`, too. */
static bool includes(const struct candidate *a, const struct candidate *b)
{
        const struct cf_replacement *outer = &a->made, *inner = &b->made;
        if (outer->offset == inner->offset && outer->length == inner->length &&
            cf_span_equal(outer->text, inner->text))
                return true;
        return a->removes && b->removes &&
               inner->offset + inner->length <= outer->offset + outer->length;
}

/* Two cuts that share some bytes become one: *made grows. */
static bool unite(struct cf_replacement *made, const struct candidate *last,
                  const struct candidate *next)
{
        if (!last->removes || !next->removes || made->text.size || next->made.text.size)
                return false;
        size_t end = next->made.offset + next->made.length;
        if (end > made->offset + made->length)
                made->length = end - made->offset;
        return true;
}

/* Sorts the candidates and keeps those that can be made together. */
static int settle(struct resolver *resolver, struct cf_replacement **ret_replacements,
                  size_t *ret_count)
{
        size_t count = resolver->candidates.count - 1, made = 0;
        const struct candidate *last = NULL;
        struct candidate **sorted = cf_arena_many(resolver->arena, count, struct candidate *);
        struct cf_replacement *replacements =
                cf_arena_many(resolver->arena, count, struct cf_replacement);
        if (!sorted || !replacements)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                sorted[i] = &resolver->candidates.items[i + 1];
        if (count)
                qsort(sorted, count, sizeof(struct candidate *), compare_candidates);
        for (size_t i = 0; i < count; i++) {
                struct cf_replacement *grown = made ? &replacements[made - 1] : NULL;
                if (!last || !meets(grown, &sorted[i]->made)) {
                        last = sorted[i];
                        replacements[made++] = last->made;
                } else if (!includes(last, sorted[i]) && !unite(grown, last, sorted[i])) {
                        sorted[i]->refusal = overlaps;
                }
        }
        *ret_replacements = replacements;
        *ret_count = made;
        return 0;
}

static const char *why_not(struct cf_span text, const struct cf_edit_request *request)
{
        const struct cf_edit *edit = request->edit;
        bool puts = request->profile && edit->value.length;
        if (edit->refusal)
                return edit->refusal;
        if (!edit->group && !edit->replaces && !puts)
                return "nothing here can be edited";
        return edit_fits(text, edit) ? NULL : malformed;
}

int cf_edits_resolve(struct cf_arena *arena, struct cf_span text, struct cf_edit_request *requests,
                     size_t count, struct cf_replacement **ret_replacements, size_t *ret_count)
{
        struct resolver resolver = {.arena = arena, .text = text};
        resolver.request_candidate = cf_arena_many(arena, count, size_t);
        if (!resolver.request_candidate ||
            cf_vec_push(arena, &resolver.candidates, (struct candidate){0}) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                requests[i].refusal = why_not(text, &requests[i]);
        int r = collect_nodes(&resolver, requests, count);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (cuts(&requests[i]))
                        cut_part(find_node(&resolver, requests[i].edit->group),
                                 requests[i].edit->part);
                else if (!requests[i].refusal)
                        r = write_request(&resolver, &requests[i], &resolver.request_candidate[i]);
        }
        for (size_t i = 0; r == 0 && i < resolver.nodes.count; i++)
                r = write_node(&resolver, &resolver.nodes.items[i]);
        if (r == 0)
                r = settle(&resolver, ret_replacements, ret_count);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (requests[i].refusal)
                        continue;
                size_t made = cuts(&requests[i]) ? candidate_of(&resolver, requests[i].edit)
                                                 : resolver.request_candidate[i];
                requests[i].refusal = resolver.candidates.items[made].refusal;
        }
        return r;
}

void cf_edits_apply(struct cf_span text, const struct cf_replacement *replacements, size_t count,
                    struct cf_text *out)
{
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
                cf_text_add(out, cf_span_part(text, at, replacements[i].offset - at));
                cf_text_add(out, replacements[i].text);
                at = replacements[i].offset + replacements[i].length;
        }
        cf_text_add(out, cf_span_part(text, at, SIZE_MAX));
}
