/* SPDX-License-Identifier: Apache-2.0 */
/* The first look: can any format find anything in this file? Yes, when its text (UTF-16 decoded)
 * holds one of the words of words.h. Besides, when its name says YAML, JSON or Compose:
 *
 *   - it holds the key "services" and either "extends" or "include": the words may stand in another
 *     file. A file that Compose reads by its name needs no "services" to lead to others. A key is
 *     such a word, perhaps with a quote behind it, before a ':', a comment or the line's end (as
 *     behind '?');
 *   - any of this is true once the escapes of double-quoted YAML and JSON strings (\xHH, \uHHHH,
 *     \UHHHHHHHH, an escaped line end) are replaced by what they spell.
 *
 * What has a NUL early on and is not UTF-16 is no text and holds nothing, unless its name says
 * Compose: that is a file which Compose refuses. */
#include "manifest/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/walk.h"
#include "manifest/manifest.h"

#define NO_LETTER '\1' /* stands for whatever is part of no word */

enum { KEY_SERVICES = 1, KEY_EXTENDS = 2, KEY_INCLUDE = 4 };

static const struct {
        const char *text;
        unsigned bit;
} keys[] = {
        {"services", KEY_SERVICES},
        {"extends", KEY_EXTENDS},
        {"include", KEY_INCLUDE},
};

unsigned cf_look_name_kind(const char *name)
{
        static const struct {
                const char *part; /* small letters */
                size_t size;
                unsigned kind;
        } parts[] = {
                {".yml", 4, CF_LOOK_STRUCTURED},
                {".yaml", 5, CF_LOOK_STRUCTURED},
                {".json", 5, CF_LOOK_STRUCTURED},
                {"compose", 7, CF_LOOK_STRUCTURED | CF_LOOK_COMPOSE},
        };
        unsigned kind = 0;
        for (; *name; name++) {
                if (*name != '.' && *name != 'c' && *name != 'C')
                        continue;
                for (size_t i = 0; i < CF_COUNT(parts); i++)
                        if (strncasecmp(name, parts[i].part, parts[i].size) == 0)
                                kind |= parts[i].kind;
        }
        return kind;
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_name_byte(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_' || c == '-' || c == NO_LETTER;
}

/* May the word of `size` bytes at `at` be a key? What is behind the piece's end may make it one. */
static bool is_key(struct cf_span bytes, size_t at, size_t size)
{
        if (at > 0 && is_name_byte(bytes.data[at - 1]))
                return false;
        struct cf_span rest = cf_span_part(bytes, at + size, SIZE_MAX);
        if (cf_span_starts(rest, "\"") || cf_span_starts(rest, "'"))
                rest = cf_span_part(rest, 1, SIZE_MAX);
        while (cf_span_starts(rest, " ") || cf_span_starts(rest, "\t"))
                rest = cf_span_part(rest, 1, SIZE_MAX);
        return rest.size == 0 || rest.data[0] == ':' || rest.data[0] == '\n' ||
               rest.data[0] == '\r' || rest.data[0] == '#';
}

static bool has_key(struct cf_span bytes, struct cf_span key)
{
        for (size_t at = 0, next;
             (next = cf_span_find(cf_span_part(bytes, at, SIZE_MAX), key)) != SIZE_MAX; at++) {
                at += next;
                if (is_key(bytes, at, key.size))
                        return true;
        }
        return false;
}

static void find_keys(struct cf_look_text *text, struct cf_span bytes)
{
        for (size_t i = 0; i < CF_COUNT(keys); i++)
                if (!(text->keys & keys[i].bit) && has_key(bytes, cf_span_of(keys[i].text)))
                        text->keys |= keys[i].bit;
}

static bool is_enough(unsigned name_kind, unsigned found)
{
        if ((name_kind & CF_LOOK_COMPOSE) && (found & (KEY_INCLUDE | KEY_EXTENDS)))
                return true;
        return (found & KEY_SERVICES) && (found & (KEY_EXTENDS | KEY_INCLUDE));
}

static bool look_at(struct cf_look_text *text, unsigned name_kind, struct cf_span bytes)
{
        if (cf_words_found(bytes))
                return true;
        if (!(name_kind & CF_LOOK_STRUCTURED))
                return false;
        find_keys(text, bytes);
        return is_enough(name_kind, text->keys);
}

/* Looks at the next piece of a text: true when it is enough. */
static bool look_on(struct cf_look_text *text, unsigned name_kind, struct cf_span bytes)
{
        char seam[2 * CF_LOOK_OVERLAP];
        size_t size = text->tail_size;
        struct cf_span head = cf_span_part(bytes, 0, CF_LOOK_OVERLAP);
        if (bytes.size == 0)
                return false;
        memcpy(seam, text->tail, size);
        memcpy(seam + size, head.data, head.size);
        if (size && look_at(text, name_kind, (struct cf_span){seam, size + head.size}))
                return true;
        if (look_at(text, name_kind, bytes))
                return true;
        if (bytes.size >= CF_LOOK_OVERLAP) {
                memcpy(text->tail, bytes.data + (bytes.size - CF_LOOK_OVERLAP), CF_LOOK_OVERLAP);
                text->tail_size = CF_LOOK_OVERLAP;
        } else {
                size_t all = size + bytes.size;
                text->tail_size = all < CF_LOOK_OVERLAP ? all : CF_LOOK_OVERLAP;
                memcpy(text->tail, seam + (all - text->tail_size), text->tail_size);
        }
        return false;
}

/* ---- escapes --------------------------------------------------------------------------------- */

static bool may_spell(char c)
{
        return c == 'x' || c == 'u' || c == 'U' || c == '\n' || c == '\r';
}

/* Is there an escape in these bytes that may spell a letter or nothing? */
static bool has_spelling(struct cf_look_state *look, struct cf_span bytes)
{
        if (bytes.size == 0)
                return false;
        if (look->backslash && may_spell(bytes.data[0]))
                return true;
        size_t i = look->backslash; /* what a backslash stands before starts no escape */
        look->backslash = false;
        for (const char *at; (at = memchr(bytes.data + i, '\\', bytes.size - i)); i++) {
                i = (size_t)(at - bytes.data) + 1;
                look->backslash = i == bytes.size;
                if (look->backslash)
                        break;
                if (may_spell(bytes.data[i]))
                        return true;
        }
        return false;
}

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What one byte behind a backslash makes of it: a byte, or -1 when that is not known yet. */
static int begin_escape(struct cf_look_state *look, char c)
{
        look->code = 0;
        look->digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        look->state = look->digits             ? CF_LOOK_HEX
                      : c == '\n' || c == '\r' ? CF_LOOK_FOLD
                                               : CF_LOOK_PLAIN;
        return look->state == CF_LOOK_PLAIN ? NO_LETTER : -1;
}

/* The next byte of the spelled text, or -1 when this one gives none. */
static int spell(struct cf_look_state *look, char c)
{
        int digit = hex_value(c);
        switch (look->state) {
        case CF_LOOK_ESCAPE:
                return begin_escape(look, c);
        case CF_LOOK_HEX:
                if (digit < 0)
                        break;
                look->code = look->code << 4 | (uint32_t)digit;
                if (--look->digits)
                        return -1;
                look->state = CF_LOOK_PLAIN;
                return look->code < 0x80 ? (int)look->code : NO_LETTER;
        case CF_LOOK_FOLD:
                if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
                        return -1;
                break;
        case CF_LOOK_PLAIN:
                break;
        }
        look->state = c == '\\' ? CF_LOOK_ESCAPE : CF_LOOK_PLAIN;
        return c == '\\' ? -1 : (unsigned char)c;
}

static bool look_at_spelled(struct cf_look_state *look, struct cf_span bytes)
{
        char piece[CF_LOOK_PIECE];
        size_t size = 0;
        for (size_t i = 0; i < bytes.size; i++) {
                int c = spell(look, bytes.data[i]);
                if (c >= 0)
                        piece[size++] = (char)c;
                if (size < sizeof(piece) && i + 1 < bytes.size)
                        continue;
                if (look_on(&look->spelled, look->name_kind, (struct cf_span){piece, size}))
                        return true;
                size = 0;
        }
        return false;
}

/* ---- the look -------------------------------------------------------------------------------- */

/* From these bytes on the text is looked at as it is spelled, too: true when what came before them
 * is already enough. */
static bool begin_spelling(struct cf_look_state *look, bool in_escape)
{
        look->spelling = true;
        look->spelled = look->raw; /* the same so far, or less broken up */
        look->spelled.tail_size -= in_escape;
        look->state = in_escape ? CF_LOOK_ESCAPE : CF_LOOK_PLAIN;
        return look_at(&look->spelled, look->name_kind,
                       (struct cf_span){look->spelled.tail, look->spelled.tail_size});
}

static bool look_at_text(struct cf_look_state *look, struct cf_span bytes)
{
        bool in_escape = look->backslash;
        if ((look->name_kind & CF_LOOK_STRUCTURED) && !look->spelling &&
            has_spelling(look, bytes) && begin_spelling(look, in_escape))
                return true;
        return look_on(&look->raw, look->name_kind, bytes) ||
               (look->spelling && look_at_spelled(look, bytes));
}

static bool look_at_utf16(struct cf_look_state *look, struct cf_span bytes)
{
        char piece[CF_LOOK_PIECE];
        size_t size = 0;
        for (size_t i = 0; i < bytes.size; i++) {
                unsigned char byte = (unsigned char)bytes.data[i];
                if (look->unit >= 0) {
                        unsigned one = (unsigned)look->unit, two = byte;
                        unsigned unit =
                                look->encoding == CF_LOOK_UTF16BE ? one << 8 | two : two << 8 | one;
                        piece[size++] = unit < 0x80 ? (char)unit : NO_LETTER;
                        look->unit = -1;
                } else {
                        look->unit = byte;
                }
                if (size < sizeof(piece) && i + 1 < bytes.size)
                        continue;
                if (look_at_text(look, (struct cf_span){piece, size}))
                        return true;
                size = 0;
        }
        return false;
}

void cf_look_start(struct cf_look_state *look, const char *name)
{
        *look = (struct cf_look_state){.name_kind = cf_look_name_kind(name), .unit = -1};
}

static bool is_binary(struct cf_span bytes)
{
        return cf_span_find_byte(cf_span_part(bytes, 0, CF_LOOK_BINARY_SIZE), '\0') != SIZE_MAX;
}

bool cf_look_feed(struct cf_look_state *look, struct cf_span bytes)
{
        if (look->decided || bytes.size == 0)
                return look->decided;
        if (!look->started) {
                look->started = true;
                if (cf_span_starts(bytes, "\xff\xfe"))
                        look->encoding = CF_LOOK_UTF16LE;
                else if (cf_span_starts(bytes, "\xfe\xff"))
                        look->encoding = CF_LOOK_UTF16BE;
                else if (!(look->name_kind & CF_LOOK_COMPOSE) && is_binary(bytes))
                        return look->decided = true;
        }
        look->may_hold = look->encoding == CF_LOOK_BYTES ? look_at_text(look, bytes)
                                                         : look_at_utf16(look, bytes);
        return look->decided = look->may_hold;
}

bool cf_look_end(const struct cf_look_state *look)
{
        return look->may_hold;
}

bool cf_manifest_may_hold(const char *name, struct cf_span bytes)
{
        struct cf_look_state look;
        cf_look_start(&look, name);
        cf_look_feed(&look, bytes);
        return cf_look_end(&look);
}

/* ---- files ----------------------------------------------------------------------------------- */

#define BUFFER_SIZE ((size_t)64 << 10)

struct cf_look {
        char bytes[BUFFER_SIZE];
};

struct cf_look *cf_look_new(void)
{
        return malloc(sizeof(struct cf_look));
}

struct cf_look *cf_look_free(struct cf_look *look)
{
        free(look);
        return NULL;
}

/* Reads the file on from `offset` into the buffer, until it is full or the file ends. Bytes read or
 * negative errno. */
static ssize_t fill(struct cf_look *look, int fd, size_t size, size_t offset)
{
        while (size < BUFFER_SIZE) {
                ssize_t n =
                        pread(fd, look->bytes + size, BUFFER_SIZE - size, (off_t)(offset + size));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        return (ssize_t)size;
}

/* Looks at a file that one read did not give whole: `n` bytes of it are in the buffer. */
static int look_at_large(struct cf_look *look, struct cf_look_state *state, int fd, size_t n)
{
        size_t offset = 0;
        for (;;) {
                ssize_t filled = fill(look, fd, n, offset);
                if (filled < 0)
                        return (int)filled;
                if (cf_look_feed(state, (struct cf_span){look->bytes, (size_t)filled}) ||
                    (size_t)filled < BUFFER_SIZE)
                        return cf_look_end(state);
                offset += (size_t)filled;
                n = 0;
        }
}

/* 1: may hold something; 0: does not; negative errno. */
static int look_at_file(struct cf_look *look, int fd, const char *name)
{
        struct cf_look_state state;
        ssize_t n = read(fd, look->bytes, BUFFER_SIZE);
        int r = n < 0 ? -errno : 0;
        cf_look_start(&state, name);
        /* Most files end here: the cheapest way to know that a read gave all is to ask where the
         * file ends. (A short read alone does not tell: it may be the one before an error.) */
        if (n >= 0 && (size_t)n < BUFFER_SIZE && lseek(fd, 0, SEEK_END) == n) {
                cf_look_feed(&state, (struct cf_span){look->bytes, (size_t)n});
                return cf_look_end(&state);
        }
        struct stat st;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return 0; /* gave way to something else since it was listed */
        return r < 0 ? r : look_at_large(look, &state, fd, (size_t)n);
}

int cf_look_file(struct cf_look *look, const struct cf_walk_file *file, int *ret_fd,
                 struct cf_error *err)
{
        struct cf_place whole = {.path = file->path};
        CF_CLOSE int fd = cf_walk_open(file);
        if ((fd == -ENOENT || fd == -ELOOP) && !file->given)
                return 0; /* it went, or gave way to a link, since it was listed */
        if (fd < 0)
                return cf_error_set(err, fd, &whole, "cannot be opened: %s", strerrordesc_np(-fd));
        int r = look_at_file(look, fd, file->name);
        if (r < 0)
                return cf_error_set(err, r, &whole, "cannot be read: %s", strerrordesc_np(-r));
        if (r > 0)
                *ret_fd = cf_steal_fd(&fd);
        return r;
}
