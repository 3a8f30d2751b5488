/* SPDX-License-Identifier: Apache-2.0 */
/* From a policy to a filter.
 *
 * Jumps go forward by at most 255, so the program is written from its end: what a jump leads to is
 * there before the jump is, and what has become too far is put once more (a return) or reached over
 * a jump that goes as far as it likes. Positions count from the end. */
#include <linux/seccomp.h>
#include <stdlib.h>

#include "base/vec.h"
#include "filter/filter.h"
#include "filter/plan.h"

#define REACH 250u     /* a little less than 255: what is put between may move a goal away */
#define WORD_MAX 4096u /* ranges of one word; more are decided bit by bit */
#define NO_LABEL UINT32_MAX

/* How the program stands where a label is. */
enum entry {
        ENTRY_ANY,  /* registers do not matter */
        ENTRY_WORD, /* A holds the word that the node asks for */
};

struct label {
        cf_policy policy;
        enum entry entry;
        uint32_t at; /* the nearest position that leads there */
};

struct emitter {
        struct cf_policies *all;
        struct cf_arena *arena;
        struct cf_error *err;
        const struct cf_weights *weights;
        struct sock_filter *code; /* from the end of the program to its start */
        uint32_t count;
        uint32_t arch;        /* the architecture whose numbers are decided, 0: several */
        struct label *labels; /* by hash of policy and entry; at NO_LABEL: unused */
        uint32_t label_count, label_mask;
};

static int no_memory(struct emitter *e)
{
        return cf_error_set(e->err, -ENOMEM, NULL, "no memory for a filter");
}

/* ---- Instructions and labels ---------------------------------------------------------------- */

static int put(struct emitter *e, uint16_t code, uint32_t jt, uint32_t jf, uint32_t k)
{
        if (e->count >= CF_FILTER_MAX)
                return cf_error_set(e->err, -E2BIG, NULL,
                                    "the filter would need more than %u instructions",
                                    CF_FILTER_MAX);
        e->code[e->count++] = (struct sock_filter){code, (uint8_t)jt, (uint8_t)jf, k};
        return 0;
}

static struct label *slot_of(struct emitter *e, cf_policy policy, enum entry entry)
{
        uint32_t at = (policy * 2 + entry) * 0x9e3779b1u & e->label_mask;
        while (e->labels[at].at != NO_LABEL &&
               (e->labels[at].policy != policy || e->labels[at].entry != entry))
                at = (at + 1) & e->label_mask;
        return &e->labels[at];
}

static int grow_labels(struct emitter *e, uint32_t mask)
{
        struct label *old = e->labels;
        uint32_t count = old ? e->label_mask + 1 : 0;
        e->labels = cf_arena_many(e->arena, (size_t)mask + 1, struct label);
        if (!e->labels)
                return no_memory(e);
        e->label_mask = mask;
        for (uint32_t i = 0; i <= mask; i++)
                e->labels[i].at = NO_LABEL;
        for (uint32_t i = 0; i < count; i++)
                if (old[i].at != NO_LABEL)
                        *slot_of(e, old[i].policy, old[i].entry) = old[i];
        return 0;
}

/* The instruction put last is where the policy is decided from now on. */
static int set_label(struct emitter *e, cf_policy policy, enum entry entry)
{
        struct label *label = slot_of(e, policy, entry);
        e->label_count += label->at == NO_LABEL;
        *label = (struct label){policy, entry, e->count - 1};
        return e->label_count * 2 > e->label_mask ? grow_labels(e, 2 * e->label_mask + 1) : 0;
}

/* Puts a position within reach of the next instructions: where to jump to, or negative. */
static int64_t near_position(struct emitter *e, uint32_t at)
{
        if (e->count - at <= REACH)
                return at;
        int r = put(e, BPF_JMP | BPF_JA, 0, 0, e->count - at - 1);
        return r < 0 ? r : (int64_t)e->count - 1;
}

/* The same for what decides a policy, which was emitted before when it is no constant. */
static int64_t near_label(struct emitter *e, cf_policy policy, enum entry entry)
{
        const struct label *label = slot_of(e, policy, entry);
        uint32_t value;
        int64_t at;
        if (label->at != NO_LABEL && e->count - label->at <= REACH)
                return label->at;
        if (cf_policy_is_constant(e->all, policy, &value)) {
                int r = put(e, BPF_RET | BPF_K, 0, 0, value);
                at = r < 0 ? r : (int64_t)e->count - 1;
        } else {
                at = near_position(e, label->at);
        }
        int r = at < 0 ? 0 : set_label(e, policy, entry);
        return r < 0 ? r : at;
}

/* A conditional jump to positions that are near. */
static int put_branch(struct emitter *e, uint16_t op, uint32_t k, int64_t yes, int64_t no)
{
        return put(e, BPF_JMP | BPF_K | op, e->count - (uint32_t)yes - 1,
                   e->count - (uint32_t)no - 1, k);
}

/* ---- A word by its ranges ------------------------------------------------------------------- */

/* Where pieces i … j of a plan are decided: emitted already when they are several. */
static int64_t near_pieces(struct emitter *e, const struct cf_plan *plan, size_t i, size_t j,
                           uint32_t at)
{
        return i == j ? near_label(e, plan->pieces[i].policy, ENTRY_ANY) : near_position(e, at);
}

static int put_chain(struct emitter *e, const struct cf_plan *plan, const struct cf_chain *chain)
{
        int64_t rest = near_label(e, plan->pieces[chain->rest].policy, ENTRY_ANY);
        for (size_t i = chain->count; i-- > 0;) {
                const struct cf_piece *piece = &plan->pieces[chain->singles[i]];
                int64_t yes = rest < 0 ? rest : near_label(e, piece->policy, ENTRY_ANY);
                if (yes >= 0 && i + 1 == chain->count)
                        rest = near_label(e, plan->pieces[chain->rest].policy, ENTRY_ANY);
                if (yes < 0 || rest < 0)
                        return (int)(yes < 0 ? yes : rest);
                int r = put_branch(e, BPF_JEQ, (uint32_t)piece->first, yes, rest);
                if (r < 0)
                        return r;
                rest = e->count - 1;
        }
        return 0;
}

/* Decides between pieces i … j, A holding the word; the first instruction is the one put last. */
static int put_tree(struct emitter *e, const struct cf_plan *plan, size_t i, size_t j)
{
        struct cf_chain chain;
        if (cf_plan_is_chain(plan, i, j, &chain))
                return put_chain(e, plan, &chain);
        size_t k = cf_plan_split(plan, i, j);
        /* the longer part first, so that the shorter one alone is jumped over */
        bool low_first = k - i > j - k - 1;
        uint32_t low = 0, high = 0;
        for (int part = 0; part < 2; part++) {
                bool is_low = low_first == (part == 0);
                size_t from = is_low ? i : k + 1, to = is_low ? k : j;
                int r = from < to ? put_tree(e, plan, from, to) : 0;
                if (r < 0)
                        return r;
                *(is_low ? &low : &high) = e->count - 1;
        }
        int64_t no = near_pieces(e, plan, i, k, low);
        int64_t yes = no < 0 ? no : near_pieces(e, plan, k + 1, j, high);
        if (yes < 0)
                return (int)yes;
        return put_branch(e, BPF_JGE, (uint32_t)plan->pieces[k + 1].first, yes, no);
}

/* ---- Weights -------------------------------------------------------------------------------- */

static uint32_t weigh(const struct emitter *e, const struct cf_arch *arch, uint32_t nr,
                      cf_policy policy)
{
        uint32_t value;
        bool cached = cf_policy_is_constant(e->all, policy, &value) && value == CF_ALLOW;
        if (e->weights && e->weights->weigh)
                return e->weights->weigh(e->weights->context, arch, nr, cached);
        return cached ? CF_WEIGHT_CACHED : CF_WEIGHT_RUN;
}

/* Adds the weights of an architecture's calls to the pieces that they are in. */
static void weigh_calls(const struct emitter *e, const struct cf_arch *arch,
                        const struct cf_piece *pieces, size_t count, uint64_t *weights)
{
        size_t i = 0;
        uint32_t nr;
        /* a second ABI under the same token (x32) is as good as unused */
        uint64_t scale = e->weights && e->weights->weigh ? 1000 : arch->base ? 10 : 1000;
        for (size_t call = 0; cf_syscall_of_arch(arch, call, &nr); call++) {
                while (i + 1 < count && pieces[i].last < nr)
                        i++;
                weights[i] += scale * weigh(e, arch, nr, pieces[i].policy);
        }
}

#define FIRST_ARCH                                                                     \
        1000000u /* the native architecture before others, those known before the rest \
                  */

static void weigh_pieces(const struct emitter *e, unsigned word, const struct cf_piece *pieces,
                         size_t count, uint64_t *weights)
{
        const struct cf_arch *arch;
        for (size_t i = 0; i < count; i++) {
                weights[i] = 1; /* whatever is possible has some weight */
                /* the upper half of an argument is 0 almost always */
                if (word >= 2 && word % 2 == 0 && pieces[i].first == 0)
                        weights[i] = 100;
        }
        for (size_t a = 0; word < 2 && (arch = cf_arch_at(a)); a++) {
                if (word == 1 && arch->token == e->arch)
                        weigh_calls(e, arch, pieces, count, weights);
                for (size_t i = 0; word == 0 && i < count; i++)
                        if (pieces[i].first <= arch->token && arch->token <= pieces[i].last)
                                weights[i] += arch == cf_arch_native() ? FIRST_ARCH : 1000;
        }
}

/* ---- A word --------------------------------------------------------------------------------- */

/* How a word is decided. */
struct form {
        uint32_t mask; /* what A is masked with first; all ones: it is not */
        struct cf_piece *pieces;
        size_t count; /* 0: bit by bit */
};

/* Nodes of one word, children in front of parents, and the set of them. */
struct nodes {
        struct emitter *e;
        unsigned word;
        CF_VEC(cf_policy) list;
        cf_policy *slots; /* by hash, 0: empty; twice as many as nodes at most */
        uint32_t slot_mask, limit;
};

static cf_policy *node_slot(const struct nodes *nodes, cf_policy policy)
{
        uint32_t at = policy * 0x9e3779b1u & nodes->slot_mask;
        while (nodes->slots[at] && nodes->slots[at] != policy)
                at = (at + 1) & nodes->slot_mask;
        return &nodes->slots[at];
}

/* 0, -ENOMEM, or -E2BIG when there are more than the limit. At most 32 deep. */
static int list_below(struct nodes *nodes, cf_policy policy)
{
        unsigned word, bit;
        cf_policy low, high;
        if (!cf_policy_branch(nodes->e->all, policy, &word, &bit, &low, &high) ||
            word != nodes->word || *node_slot(nodes, policy))
                return 0;
        if (nodes->list.count >= nodes->limit)
                return -E2BIG;
        int r = list_below(nodes, low);
        if (r == 0)
                r = list_below(nodes, high);
        if (r < 0)
                return r;
        if (nodes->list.count >= nodes->limit)
                return -E2BIG;
        *node_slot(nodes, policy) = policy;
        return cf_vec_push(nodes->e->arena, &nodes->list, policy);
}

static int list_nodes(struct nodes *nodes, cf_policy policy, uint32_t limit)
{
        nodes->limit = limit;
        nodes->slot_mask = 15;
        while (nodes->slot_mask < 2 * limit)
                nodes->slot_mask = 2 * nodes->slot_mask + 1;
        nodes->slots = cf_arena_many(nodes->e->arena, (size_t)nodes->slot_mask + 1, cf_policy);
        return nodes->slots ? list_below(nodes, policy) : -ENOMEM;
}

/* The shortest form of a policy's first word. `nodes` are listed when ranges are many. */
static int choose_form(struct emitter *e, cf_policy policy, unsigned word, struct nodes *nodes,
                       struct form *form)
{
        struct cf_slice slice = cf_slice_word(word);
        struct cf_piece *masked = NULL;
        size_t count = 0, masked_count = SIZE_MAX, best;
        uint32_t support[CF_WORDS];
        *form = (struct form){.mask = UINT32_MAX};
        cf_policy_support(e->all, policy, support);
        int r = cf_policy_masked_pieces(e->all, policy, slice, UINT32_MAX, WORD_MAX, e->arena,
                                        &form->pieces, &count, e->err);
        best = r == 0 ? count : SIZE_MAX;
        if ((r == 0 || r == -E2BIG) && support[word] != UINT32_MAX && best > 2) {
                r = cf_policy_masked_pieces(e->all, policy, slice, support[word], WORD_MAX,
                                            e->arena, &masked, &masked_count, e->err);
                if (r == 0 && masked_count + 1 < best) {
                        form->mask = support[word];
                        form->pieces = masked;
                        best = masked_count;
                }
        }
        if (r < 0 && r != -E2BIG)
                return r;
        form->count = best;
        if (best <= 8)
                return 0;
        uint32_t limit = best < WORD_MAX ? (uint32_t)best : WORD_MAX;
        r = list_nodes(nodes, policy, limit);
        if (r == 0)
                form->count = 0;
        else if (r == -ENOMEM || best == SIZE_MAX)
                return r == -ENOMEM
                               ? no_memory(e)
                               : cf_error_set(e->err, r, NULL,
                                              "the filter would need more than %u instructions",
                                              CF_FILTER_MAX);
        return 0;
}

static int put_policy(struct emitter *e, cf_policy policy);

struct exit {
        uint64_t weight;
        size_t piece;
};

static int by_weight(const void *a, const void *b)
{
        const struct exit *x = a, *y = b;
        if (x->weight != y->weight)
                return x->weight < y->weight ? -1 : 1;
        return x->piece < y->piece ? -1 : x->piece > y->piece;
}

/* What a word leads to must be there before it, the most frequent last and so nearest. */
static int put_exits(struct emitter *e, unsigned word, const struct form *form,
                     const uint64_t *weights)
{
        size_t count = 0;
        struct exit *exits = cf_arena_many(e->arena, form->count, struct exit);
        if (!exits)
                return no_memory(e);
        for (size_t i = 0; i < form->count; i++)
                if (!cf_policy_is_constant(e->all, form->pieces[i].policy, NULL))
                        exits[count++] = (struct exit){weights[i], i};
        if (count)
                qsort(exits, count, sizeof(*exits), by_weight);
        for (size_t i = 0; i < count; i++) {
                const struct cf_piece *piece = &form->pieces[exits[i].piece];
                if (word == 0)
                        e->arch = piece->first == piece->last ? (uint32_t)piece->first : 0;
                int r = put_policy(e, piece->policy);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_pieces(struct emitter *e, unsigned word, const struct form *form)
{
        struct cf_plan plan;
        uint64_t *weights = cf_arena_many(e->arena, form->count, uint64_t);
        if (!weights)
                return no_memory(e);
        weigh_pieces(e, word, form->pieces, form->count, weights);
        int r = put_exits(e, word, form, weights);
        if (r < 0)
                return r;
        /* "no bit of the mask" is one comparison and needs no masking */
        if (form->mask != UINT32_MAX && form->count == 2 && form->pieces[0].last == 0) {
                int64_t no = near_label(e, form->pieces[0].policy, ENTRY_ANY);
                int64_t yes = no < 0 ? no : near_label(e, form->pieces[1].policy, ENTRY_ANY);
                return yes < 0 ? (int)yes : put_branch(e, BPF_JSET, form->mask, yes, no);
        }
        if (cf_plan_make(e->arena, form->pieces, weights, form->count, &plan) < 0)
                return no_memory(e);
        r = put_tree(e, &plan, 0, form->count - 1);
        if (r == 0 && form->mask != UINT32_MAX)
                r = put(e, BPF_ALU | BPF_AND | BPF_K, 0, 0, form->mask);
        return r;
}

/* Decides a word bit by bit, a comparison a node. */
static int put_bits(struct emitter *e, const struct nodes *nodes)
{
        for (size_t i = 0; i < nodes->list.count; i++) {
                cf_policy next[2];
                unsigned word, bit;
                int64_t at[2] = {0, 0};
                cf_policy_branch(e->all, nodes->list.items[i], &word, &bit, &next[0], &next[1]);
                for (unsigned side = 0; side < 2; side++) {
                        enum entry entry = cf_policy_first_word(e->all, next[side]) == word
                                                   ? ENTRY_WORD
                                                   : ENTRY_ANY;
                        int r = entry == ENTRY_ANY ? put_policy(e, next[side]) : 0;
                        at[side] = r < 0 ? r : near_label(e, next[side], entry);
                        if (at[side] < 0)
                                return (int)at[side];
                }
                /* what was put for the second may have moved the first away */
                at[0] = near_position(e, (uint32_t)at[0]);
                if (at[0] < 0)
                        return (int)at[0];
                int r = put_branch(e, BPF_JSET, 1u << bit, at[1], at[0]);
                if (r == 0)
                        r = set_label(e, nodes->list.items[i], ENTRY_WORD);
                if (r < 0)
                        return r;
        }
        return 0;
}

static uint32_t offset_of_word(unsigned word)
{
        if (word < 2)
                return word == 0 ? offsetof(struct seccomp_data, arch)
                                 : offsetof(struct seccomp_data, nr);
        if (word >= 14)
                return offsetof(struct seccomp_data, instruction_pointer) + (word == 14 ? 4 : 0);
        return (uint32_t)offsetof(struct seccomp_data, args) + 4 * ((word - 2) ^ 1);
}

/* Puts what decides a policy, registers being unknown, unless it is there. Recurses once a word. */
static int put_policy(struct emitter *e, cf_policy policy)
{
        unsigned word = cf_policy_first_word(e->all, policy);
        if (word == CF_WORDS || slot_of(e, policy, ENTRY_ANY)->at != NO_LABEL)
                return 0; /* returns are put where they are needed */
        struct nodes nodes = {.e = e, .word = word};
        struct form form;
        int r = choose_form(e, policy, word, &nodes, &form);
        if (r < 0)
                return r;
        if (form.count == 0)
                r = put_bits(e, &nodes);
        else
                r = put_pieces(e, word, &form);
        if (r == 0)
                r = put(e, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset_of_word(word));
        return r == 0 ? set_label(e, policy, ENTRY_ANY) : r;
}

/* ---- The whole ------------------------------------------------------------------------------ */

static int check_result(struct emitter *e, cf_policy policy, struct cf_filter filter)
{
        cf_policy lifted;
        int r = cf_filter_lift(e->all, filter, &lifted, e->err);
        if (r == 0 && lifted != policy)
                r = cf_error_set(e->err, -EIO, NULL,
                                 "the filter that was made is not the policy: this is a bug");
        return r < 0 ? cf_error_doing(e->err, r, NULL, "checking the filter that was made") : 0;
}

int cf_filter_emit(struct cf_policies *all, cf_policy policy, const struct cf_weights *weights,
                   struct cf_arena *arena, struct cf_filter *ret_filter, struct cf_error *err)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(0);
        if (!work)
                return cf_error_set(err, -ENOMEM, NULL, "no memory for a filter");
        struct cf_error why = {0};
        struct emitter e = {.all = all, .arena = work, .err = &why, .weights = weights};
        struct sock_filter *code = NULL;
        uint32_t value;
        e.code = cf_arena_many(work, CF_FILTER_MAX, struct sock_filter);
        int r = e.code ? grow_labels(&e, 255) : no_memory(&e);
        if (r == 0 && cf_policy_is_constant(all, policy, &value))
                r = put(&e, BPF_RET | BPF_K, 0, 0, value);
        else if (r == 0)
                r = put_policy(&e, policy);
        if (r == 0 && !(code = cf_arena_many(arena, e.count, struct sock_filter)))
                r = no_memory(&e);
        for (uint32_t i = 0; r == 0 && i < e.count; i++)
                code[i] = e.code[e.count - 1 - i];
        struct cf_filter filter = {code, e.count};
        if (r == 0)
                r = check_result(&e, policy, filter);
        if (r < 0) {
                if (err)
                        cf_error_copy(err, &why);
                return r;
        }
        *ret_filter = filter;
        return 0;
}
