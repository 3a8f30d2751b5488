/* SPDX-License-Identifier: Apache-2.0 */
/* Error messages as they are pasted → the known reasons whose messages they are like. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "judge/judge.h"
#include "syscalls/syscalls.h"

#define WORD_MAX 64 /* bytes of a word that are looked at */
#define MEMORY_MAX ((size_t)16 << 20)
#define GAP 5           /* words that may stand between two neighbours of a message */
#define GAP_ANYTHING 40 /* the same where the message has "..." */

/* Weights of a word: how much it tells. */
#define GENERIC 2   /* errors and small words: every program says them */
#define COMMON 6    /* in several messages of the table */
#define UNCOMMON 10 /* in two or three */
#define RARE 14     /* in one */

/* Shares of a message's weight, in percent. */
#define SHARE_FULL 95
#define SHARE_MOST 70
#define SHARE_SOME 60

/* ---- words ------------------------------------------------------------------------------------
 */

enum kind { WORD, NUMBER, PATH, ANYTHING };

struct token {
        enum kind kind;
        struct cf_span text; /* as it stands there */
};

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

static bool is_path(char c)
{
        return is_word(c) || (c && strchr("/.-+~@", c));
}

/* Bytes of a colour or another command to a terminal: ESC [ … letter. */
static size_t escape_size(struct cf_span text)
{
        size_t size = 2;
        if (!cf_span_starts(text, "\x1b["))
                return 0;
        while (size < text.size && (isdigit((unsigned char)text.data[size]) ||
                                    text.data[size] == ';' || text.data[size] == '?'))
                size++;
        return size + 1;
}

static struct token cut(struct cf_span *rest, enum kind kind, bool (*belongs)(char c))
{
        size_t size = 1;
        while (size < rest->size && belongs(rest->data[size]))
                size++;
        struct token token = {.kind = kind, .text = cf_span_part(*rest, 0, size)};
        *rest = cf_span_part(*rest, size, SIZE_MAX);
        return token;
}

static bool is_dot(char c)
{
        return c == '.';
}

static bool next_token(struct cf_span *rest, struct token *ret_token)
{
        bool behind_word = false;
        while (rest->size) {
                size_t escape = escape_size(*rest);
                char c = rest->data[0];
                if (escape) {
                        *rest = cf_span_part(*rest, escape, SIZE_MAX);
                } else if (is_word(c)) {
                        *ret_token = cut(rest, WORD, is_word);
                        bool number = true;
                        for (size_t i = 0; i < ret_token->text.size; i++)
                                number &= isdigit((unsigned char)ret_token->text.data[i]) != 0;
                        if (number || cf_span_starts(ret_token->text, "0x"))
                                ret_token->kind = NUMBER;
                        return true;
                } else if (c == '/' && !behind_word && rest->size > 1 && is_word(rest->data[1])) {
                        *ret_token = cut(rest, PATH, is_path);
                        return true;
                } else if (cf_span_starts(*rest, "...")) {
                        *ret_token = cut(rest, ANYTHING, is_dot);
                        return true;
                } else {
                        behind_word = c == '/'; /* "EPERM/ENOSYS", "a//b" are no paths */
                        *rest = cf_span_part(*rest, 1, SIZE_MAX);
                }
                if (rest->size && is_word(rest->data[0]))
                        behind_word = false;
        }
        return false;
}

/* The word in lower case, cut to WORD_MAX; a path is "/". */
static struct cf_span fold(const struct token *token, char room[WORD_MAX])
{
        if (token->kind == PATH)
                return CF_SPAN("/");
        size_t size = token->text.size < WORD_MAX ? token->text.size : WORD_MAX;
        for (size_t i = 0; i < size; i++)
                room[i] = (char)tolower((unsigned char)token->text.data[i]);
        return (struct cf_span){room, size};
}

/* Words that are no evidence of anything. */
static bool is_generic(struct cf_span word)
{
        static const char *const words[] = {
                "a",         "access",  "an",          "and",     "are",      "as",
                "be",        "but",     "by",          "call",    "can",      "cannot",
                "could",     "couldn",  "create",      "denied",  "do",       "does",
                "e",         "eacces",  "enosys",      "eperm",   "err",      "errno",
                "error",     "fail",    "failed",      "failure", "fails",    "fatal",
                "for",       "from",    "function",    "in",      "init",     "invalid",
                "is",        "it",      "load",        "mode",    "not",      "of",
                "on",        "open",    "operation",   "or",      "os",       "permission",
                "permitted", "process", "program",     "read",    "returned", "run",
                "set",       "start",   "started",     "t",       "the",      "this",
                "to",        "unable",  "use",         "warning", "was",      "with",
                "you",       "your",    "implemented", "file",    "not",      "argument",
                "syscall",   "system",  "available",   "support",
        };
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (cf_span_is(word, words[i]))
                        return true;
        return false;
}

/* ---- the known messages -----------------------------------------------------------------------
 */

struct pattern;

/* One word of one message, and how far it was found. */
struct place {
        struct pattern *pattern;
        struct known_word *word;
        bool behind_anything; /* "..." stands in front of it */
        unsigned best;        /* weight of the best chain that ends in it; 0: none */
        unsigned own;         /* words in it that tell something, names of calls apart */
        bool called;          /* a name of a call is in it */
        size_t at;            /* where it ended: the number of the text's word */
        size_t first, end;    /* offsets in the text */
};

struct known_word {
        struct cf_span text;
        unsigned weight;
        bool call; /* a system call's name: it tells what failed, but not who was it */
        CF_VEC(struct place *) places;
};

struct pattern {
        const struct cf_reason *reason;
        struct cf_span message;
        struct place *places;
        size_t count;
        unsigned weight;
        const struct place *found;
};

struct matcher {
        struct cf_arena *arena;
        struct cf_span text;
        struct cf_map *words;
        CF_VEC(struct pattern *) patterns;
};

static struct known_word *word_of(struct matcher *m, struct cf_span text)
{
        struct known_word *word = cf_map_get(m->words, text);
        if (word)
                return word;
        const char *copy = cf_arena_copy(m->arena, text);
        word = cf_arena_one(m->arena, struct known_word);
        if (!copy || !word)
                return NULL;
        word->text = (struct cf_span){copy, text.size};
        word->call = cf_syscall_by_name(copy) != NULL;
        return cf_map_put(m->words, word->text, word) < 0 ? NULL : word;
}

static int add_pattern(struct matcher *m, const struct cf_reason *reason, struct cf_span message)
{
        struct cf_span rest = message;
        struct token token;
        size_t count = 0;
        bool anything = false;
        while (next_token(&rest, &token))
                count += token.kind != ANYTHING;
        struct pattern *pattern = cf_arena_one(m->arena, struct pattern);
        struct place *places = cf_arena_many(m->arena, count + 1, struct place); /* and the best */
        if (!pattern || !places)
                return -ENOMEM;
        *pattern = (struct pattern){.reason = reason, .message = message, .places = places};
        for (rest = message; next_token(&rest, &token);) {
                char room[WORD_MAX];
                if (token.kind == ANYTHING) {
                        anything = true;
                        continue;
                }
                struct place *place = &places[pattern->count++];
                struct known_word *word = word_of(m, fold(&token, room));
                *place = (struct place){
                        .pattern = pattern, .word = word, .behind_anything = anything};
                if (!word || cf_vec_push(m->arena, &word->places, place) < 0)
                        return -ENOMEM;
                anything = false;
                if (token.kind != WORD)
                        word->weight = GENERIC;
        }
        return cf_vec_push(m->arena, &m->patterns, pattern);
}

static void weigh(struct matcher *m)
{
        struct cf_span key;
        for (size_t i = 0; i < cf_map_count(m->words); i++) {
                struct known_word *word = cf_map_at(m->words, i, &key);
                if (word->weight == GENERIC || is_generic(word->text))
                        word->weight = GENERIC;
                else
                        word->weight = word->places.count > 3   ? COMMON
                                       : word->places.count > 1 ? UNCOMMON
                                                                : RARE;
        }
        for (size_t i = 0; i < m->patterns.count; i++)
                for (size_t k = 0; k < m->patterns.items[i]->count; k++)
                        m->patterns.items[i]->weight +=
                                m->patterns.items[i]->places[k].word->weight;
}

static int add_patterns(struct matcher *m)
{
        int r = 0;
        m->words = cf_map_new(m->arena);
        if (!m->words)
                return -ENOMEM;
        for (size_t i = 0; i < cf_reason_count; i++) {
                struct cf_span rest = cf_span_of(cf_reasons[i].symptom);
                while (r == 0 && rest.size) {
                        size_t end = cf_span_find_byte(rest, ';');
                        struct cf_span message = cf_span_trim(cf_span_part(rest, 0, end));
                        if (message.size && message.data[0] != '(')
                                r = add_pattern(m, &cf_reasons[i], message);
                        rest = cf_span_part(rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
                }
        }
        if (r == 0)
                weigh(m);
        return r;
}

/* ---- looking ----------------------------------------------------------------------------------
 */

/* The longest way that the place may be behind an earlier one of its message. */
static size_t reach(const struct place *from, const struct place *to)
{
        size_t words = GAP;
        for (const struct place *p = from + 1; p <= to; p++)
                words += p->behind_anything ? GAP_ANYTHING : 1;
        return words;
}

/* The word at `at` is this one of the message: lengthens the best chain of those before it. */
static void meet(struct place *place, size_t at, size_t first, size_t end)
{
        const struct place *before = NULL;
        const struct known_word *word = place->word;
        for (const struct place *p = place->pattern->places; p < place; p++)
                if (p->best && p->end <= first && at - p->at <= reach(p, place) &&
                    (!before || p->best >= before->best))
                        before = p;
        unsigned best = word->weight + (before ? before->best : 0);
        bool old = place->best && at - place->at > GAP_ANYTHING;
        if (best < place->best && !old)
                return;
        place->best = best;
        place->own = (before ? before->own : 0) + (word->weight > GENERIC && !word->call);
        place->called = (before && before->called) || word->call;
        place->at = at;
        place->first = before ? before->first : first;
        place->end = end;
        struct pattern *pattern = place->pattern;
        /* A copy, since a place is met again further on. */
        if (pattern->found && pattern->found->best >= best)
                return;
        struct place *found = &pattern->places[pattern->count];
        *found = *place;
        pattern->found = found;
}

static void look(struct matcher *m)
{
        struct cf_span rest = m->text;
        struct token token;
        size_t at = 0;
        while (next_token(&rest, &token)) {
                char room[WORD_MAX];
                const struct known_word *word = cf_map_get(m->words, fold(&token, room));
                size_t end = m->text.size - rest.size;
                at += token.kind != NUMBER && token.kind != ANYTHING;
                /* From the message's end, so that no word of the text counts twice. */
                for (size_t i = word ? word->places.count : 0; i-- > 0;)
                        meet(word->places.items[i], at, end - token.text.size, end);
        }
}

/* ---- how sure ---------------------------------------------------------------------------------
 */

static bool rate(const struct pattern *pattern, bool of_program, struct cf_reason_hit *hit)
{
        const struct place *found = pattern->found;
        if (!found)
                return false;
        unsigned share = 100 * found->best / pattern->weight;
        bool strong = found->own > 1 || (found->own == 1 && found->best >= RARE);
        if (share >= SHARE_FULL && (strong || (of_program && (found->own || found->called))))
                hit->certainty = CF_HIT_SURE;
        else if ((share >= SHARE_FULL && found->own) || (share >= SHARE_MOST && strong) ||
                 (share >= SHARE_SOME && of_program && (found->own || found->called)))
                hit->certainty = CF_HIT_LIKELY;
        else if ((share >= SHARE_SOME && strong) || (share >= SHARE_FULL && found->called))
                hit->certainty = CF_HIT_PERHAPS;
        else
                return false;
        hit->share = share;
        return true;
}

static bool is_better(const struct cf_reason_hit *a, const struct cf_reason_hit *b)
{
        if (a->certainty != b->certainty)
                return a->certainty < b->certainty;
        if (a->of_program != b->of_program)
                return a->of_program;
        if (a->share != b->share)
                return a->share > b->share;
        return a->message.size > b->message.size;
}

/* Keeps the best hit of each reason, in order; of equals the first of the table. */
static void keep(struct cf_reason_hit *hits, size_t *count, const struct cf_reason_hit *hit)
{
        size_t at = 0;
        for (size_t i = 0; i < *count; i++) {
                if (hits[i].reason != hit->reason)
                        continue;
                if (!is_better(hit, &hits[i]))
                        return;
                memmove(&hits[i], &hits[i + 1], (*count - i - 1) * sizeof(*hits));
                --*count;
        }
        while (at < *count && !is_better(hit, &hits[at]))
                at++;
        if (at == CF_REASON_HITS_MAX)
                return;
        if (*count < CF_REASON_HITS_MAX)
                ++*count;
        memmove(&hits[at + 1], &hits[at], (*count - at - 1) * sizeof(*hits));
        hits[at] = *hit;
}

/* "bwrap: …", "mysqld[7]: …": who a line says it is from. */
static struct cf_span speaker(struct cf_span text)
{
        struct cf_span line;
        if (!cf_span_next_line(&text, &line))
                return (struct cf_span){0};
        line = cf_span_trim(line);
        line = cf_span_part(line, escape_size(line), SIZE_MAX);
        size_t size = 0;
        while (size < line.size && (is_word(line.data[size]) || line.data[size] == '-'))
                size++;
        struct cf_span name = cf_span_part(line, 0, size),
                       rest = cf_span_part(line, size, SIZE_MAX);
        if (size == 0 || !(cf_span_starts(rest, ":") || cf_span_starts(rest, "[")))
                return (struct cf_span){0};
        return name;
}

static void judge_hits(struct matcher *m, const char *program, struct cf_reason_hit *hits,
                       size_t *count)
{
        for (size_t i = 0; i < m->patterns.count; i++) {
                const struct pattern *pattern = m->patterns.items[i];
                struct cf_reason_hit hit = {
                        .reason = pattern->reason,
                        .message = pattern->message,
                        .of_program = program && pattern->found &&
                                      cf_reason_knows(pattern->reason, program, program),
                };
                if (!rate(pattern, hit.of_program, &hit))
                        continue;
                hit.seen = cf_span_part(m->text, pattern->found->first,
                                        pattern->found->end - pattern->found->first);
                keep(hits, count, &hit);
        }
}

static bool overlap(struct cf_span a, struct cf_span b)
{
        return a.size && b.size && a.data < b.data + b.size && b.data < a.data + a.size;
}

/* A part of the text that surely is one message is no other one. */
static void drop_weaker(struct cf_reason_hit *hits, size_t *count)
{
        size_t kept = 0;
        for (size_t i = 0; i < *count; i++) {
                bool taken = false;
                for (size_t k = 0; k < kept; k++)
                        taken |= hits[k].certainty < hits[i].certainty &&
                                 overlap(hits[k].seen, hits[i].seen);
                if (!taken)
                        hits[kept++] = hits[i];
        }
        *count = kept;
}

/* What is known of the program, when its messages tell nothing. */
static void add_program(const char *program, struct cf_reason_hit *hits, size_t *count)
{
        for (size_t i = 0; i < cf_reason_count; i++)
                if (cf_reason_knows(&cf_reasons[i], program, program))
                        keep(hits, count,
                             &(struct cf_reason_hit){.reason = &cf_reasons[i],
                                                     .certainty = CF_HIT_PERHAPS,
                                                     .of_program = true});
}

int cf_reason_hits(struct cf_span text, const char *program,
                   struct cf_reason_hit ret_hits[CF_REASON_HITS_MAX], size_t *ret_count,
                   struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY_MAX);
        struct matcher m = {.arena = arena, .text = text};
        size_t count = 0;
        if (text.size > CF_MESSAGE_MAX)
                return cf_error_set(err, -E2BIG, NULL, "the message has more than %zu bytes",
                                    CF_MESSAGE_MAX);
        bool given = program && *program;
        if (arena && !given) {
                struct cf_span name = speaker(text);
                program = name.size ? cf_arena_copy(arena, name) : NULL;
        }
        if (!arena || add_patterns(&m) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory to look a message up");
        look(&m);
        judge_hits(&m, program, ret_hits, &count);
        drop_weaker(ret_hits, &count);
        if (given && (count == 0 || !ret_hits[0].of_program))
                add_program(program, ret_hits, &count);
        *ret_count = count;
        return 0;
}
