/* SPDX-License-Identifier: Apache-2.0 */
#include "base/gitignore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/glob.h"

struct rule {
        uint32_t start;   /* of the pattern in the text */
        uint32_t literal; /* bytes of it that stand for themselves */
        uint32_t size;    /* bytes of the pattern */
        uint32_t next;    /* the rule before it in the same list; NO_RULE: none */
        bool includes;    /* '!' in front */
        bool folders;     /* '/' at the end: folders only */
        bool by_name;     /* no other '/': held against the last part of the path */
        bool suffix;      /* by_name and '*' and literal bytes */
};
#define NO_RULE UINT32_MAX

/* Rules are listed by the byte that what they match must end with, so that few are looked at for
 * each name; those that do not tell are in a list of their own. */
#define LISTS 257
#define ANY_BYTE 256

struct cf_gitignore {
        uint32_t lists[LISTS]; /* the last rule of each */
        uint32_t count;
        size_t memory;
        struct rule *rules;
        char *text;
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_special(char c)
{
        return c == '*' || c == '?' || c == '[' || c == '\\';
}

static size_t literal_size(struct cf_span pattern)
{
        size_t size = 0;
        while (size < pattern.size && !is_special(pattern.data[size]))
                size++;
        return size;
}

/* A line as git sees it: up to a NUL, without one CR at the end, without blanks at the end unless
 * a '\' keeps them. */
static struct cf_span clean_line(struct cf_span line)
{
        if (line.size && line.data[line.size - 1] == '\r')
                line.size--;
        line.size = strnlen(line.data, line.size);
        size_t end = 0; /* behind the last byte that stays */
        for (size_t i = 0; i < line.size; i++) {
                if (line.data[i] == ' ')
                        continue;
                if (line.data[i] == '\\') {
                        if (i + 1 == line.size)
                                return line;
                        i++;
                }
                end = i + 1;
        }
        return cf_span_part(line, 0, end);
}

/* Makes a rule of a line; false when it can match nothing. */
static bool read_rule(const char *text, struct cf_span pattern, struct rule *ret_rule)
{
        struct rule rule = {0};
        if (cf_span_starts(pattern, "!")) {
                rule.includes = true;
                pattern = cf_span_part(pattern, 1, SIZE_MAX);
        }
        if (cf_span_ends(pattern, "/")) {
                rule.folders = true;
                pattern.size--;
        }
        rule.by_name = cf_span_find_byte(pattern, '/') == SIZE_MAX;
        if (cf_span_starts(pattern, "/"))
                pattern = cf_span_part(pattern, 1, SIZE_MAX);
        if (pattern.size == 0 || pattern.size > CF_GLOB_MAX)
                return false;
        size_t literal = literal_size(pattern);
        struct cf_span rest = cf_span_part(pattern, literal, SIZE_MAX);
        if (!cf_glob_valid(rest))
                return false;
        rule.start = (uint32_t)(pattern.data - text);
        rule.literal = (uint32_t)literal;
        rule.size = (uint32_t)pattern.size;
        rule.suffix = rule.by_name && pattern.data[0] == '*' &&
                      literal_size(cf_span_part(pattern, 1, SIZE_MAX)) == pattern.size - 1;
        *ret_rule = rule;
        return true;
}

static size_t list_of(const struct cf_gitignore *rules, const struct rule *rule)
{
        unsigned char last = (unsigned char)rules->text[rule->start + rule->size - 1];
        /* "**" and '/' at the end match nothing at all, too. */
        return is_special((char)last) || last == ']' || last == '/' ? ANY_BYTE : last;
}

static bool is_wild(const struct rule *rule)
{
        return rule->literal < rule->size && !rule->suffix;
}

static int read_rules(struct cf_gitignore *rules, struct cf_span text)
{
        size_t wild = 0;
        if (cf_span_starts(text, "\xef\xbb\xbf"))
                text = cf_span_part(text, 3, SIZE_MAX);
        while (text.size) {
                size_t size = cf_span_find_byte(text, '\n');
                struct cf_span line = cf_span_part(text, 0, size);
                text = cf_span_part(text, size == SIZE_MAX ? text.size : size + 1, SIZE_MAX);
                struct rule *rule = &rules->rules[rules->count];
                if (line.size == 0 || line.data[0] == '#' ||
                    !read_rule(rules->text, clean_line(line), rule))
                        continue;
                wild += is_wild(rule) ? rule->size : 0;
                if (wild > CF_GITIGNORE_WILD_MAX)
                        return -EFBIG;
                size_t list = list_of(rules, rule);
                rule->next = rules->lists[list];
                rules->lists[list] = rules->count++;
        }
        return 0;
}

/* Lines that are not empty: the most rules that there can be. One more has room, since each line is
 * read where a rule would go. */
static size_t count_lines(struct cf_span text)
{
        size_t lines = 1;
        for (size_t i = 0; i < text.size; i++)
                lines += text.data[i] != '\n' && (i == 0 || text.data[i - 1] == '\n');
        return lines;
}

int cf_gitignore_parse(struct cf_span text, struct cf_gitignore **ret_rules)
{
        if (text.size > CF_GITIGNORE_MAX)
                return -EFBIG;
        size_t lines = count_lines(text);
        size_t memory = sizeof(struct cf_gitignore) + lines * sizeof(struct rule) + text.size + 1;
        struct cf_gitignore *rules = calloc(1, memory);
        if (!rules)
                return -ENOMEM;
        rules->memory = memory;
        rules->rules = (struct rule *)(rules + 1);
        rules->text = (char *)(rules->rules + lines);
        if (text.size)
                memcpy(rules->text, text.data, text.size);
        for (size_t i = 0; i < LISTS; i++)
                rules->lists[i] = NO_RULE;
        int r = read_rules(rules, (struct cf_span){rules->text, text.size});
        if (r < 0 || rules->count == 0)
                rules = cf_gitignore_free(rules);
        if (r == 0)
                *ret_rules = rules;
        return r;
}

int cf_gitignore_read(int dirfd, const char *name, bool follow, struct cf_gitignore **ret_rules)
{
        CF_CLOSE int fd =
                openat(dirfd, name,
                       O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW));
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOTSUP;
        if ((uint64_t)st.st_size > CF_GITIGNORE_MAX)
                return -EFBIG;
        size_t room = (size_t)st.st_size, size = 0;
        CF_FREE char *text = malloc(room + 1);
        if (!text)
                return -ENOMEM;
        while (size < room) {
                ssize_t n = read(fd, text + size, room - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        return cf_gitignore_parse((struct cf_span){text, size}, ret_rules);
}

size_t cf_gitignore_memory(const struct cf_gitignore *rules)
{
        return rules ? rules->memory : 0;
}

struct cf_gitignore *cf_gitignore_free(struct cf_gitignore *rules)
{
        free(rules);
        return NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool rule_matches(const struct cf_gitignore *rules, const struct rule *rule,
                         struct cf_span path, struct cf_span name)
{
        struct cf_span pattern = {rules->text + rule->start, rule->size};
        struct cf_span text = rule->by_name ? name : path;
        if (rule->suffix)
                return text.size >= pattern.size - 1 &&
                       memcmp(text.data + (text.size - (pattern.size - 1)), pattern.data + 1,
                              pattern.size - 1) == 0;
        if (text.size < rule->literal || memcmp(text.data, pattern.data, rule->literal) != 0)
                return false;
        if (rule->literal == rule->size)
                return text.size == rule->size;
        /* git cuts the literal part off first, so that a "**" right behind it counts as one at
         * the start of a pattern: "a**" + "/b" matches "ax/b". */
        return cf_glob_match(cf_span_part(pattern, rule->literal, SIZE_MAX),
                             cf_span_part(text, rule->literal, SIZE_MAX));
}

enum cf_gitignore_answer cf_gitignore_ask(const struct cf_gitignore *rules, struct cf_span path,
                                          bool is_folder)
{
        if (!rules || path.size == 0)
                return CF_GITIGNORE_SILENT;
        const char *slash = memrchr(path.data, '/', path.size);
        struct cf_span name =
                slash ? cf_span_part(path, (size_t)(slash + 1 - path.data), SIZE_MAX) : path;
        uint32_t one = rules->lists[(unsigned char)path.data[path.size - 1]];
        uint32_t other = rules->lists[ANY_BYTE];
        while (one != NO_RULE || other != NO_RULE) {
                /* The later of the two: the last rule that matches decides. */
                bool take_one = other == NO_RULE || (one != NO_RULE && one > other);
                const struct rule *rule = &rules->rules[take_one ? one : other];
                if ((is_folder || !rule->folders) && rule_matches(rules, rule, path, name))
                        return rule->includes ? CF_GITIGNORE_INCLUDES : CF_GITIGNORE_EXCLUDES;
                *(take_one ? &one : &other) = rule->next;
        }
        return CF_GITIGNORE_SILENT;
}
