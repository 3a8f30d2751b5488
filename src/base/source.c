/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/text.h"

/* ---- UTF-8 and UTF-16 --------------------------------------------------------------------- */

size_t cf_utf8_next(struct cf_span text, uint32_t *ret_char)
{
        if (text.size == 0) {
                *ret_char = 0;
                return 0;
        }
        const unsigned char *s = (const unsigned char *)text.data;
        uint32_t c = s[0];
        size_t size;
        uint32_t least;
        if (c < 0x80) {
                *ret_char = c;
                return 1;
        } else if (c >= 0xc2 && c < 0xe0) {
                size = 2, c &= 0x1f, least = 0x80;
        } else if (c >= 0xe0 && c < 0xf0) {
                size = 3, c &= 0x0f, least = 0x800;
        } else if (c >= 0xf0 && c < 0xf5) {
                size = 4, c &= 0x07, least = 0x10000;
        } else {
                goto bad;
        }
        if (text.size < size)
                goto bad;
        for (size_t i = 1; i < size; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        goto bad;
                c = (c << 6) | (s[i] & 0x3f);
        }
        if (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
                goto bad;
        *ret_char = c;
        return size;
bad:
        *ret_char = 0xfffd;
        return 1;
}

bool cf_utf8_valid(struct cf_span text, size_t *ret_offset)
{
        size_t i = 0;
        while (i < text.size) {
                if ((unsigned char)text.data[i] < 0x80) {
                        i++;
                        continue;
                }
                uint32_t c;
                size_t size = cf_utf8_next(cf_span_part(text, i, 4), &c);
                if (size == 1) {
                        if (ret_offset)
                                *ret_offset = i;
                        return false;
                }
                i += size;
        }
        return true;
}

static size_t put_utf8(char *out, uint32_t c)
{
        if (c < 0x80) {
                out[0] = (char)c;
                return 1;
        }
        size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = size - 1; i > 0; i--, c >>= 6)
                out[i] = (char)(0x80 | (c & 0x3f));
        out[0] = (char)(lead[size] | c);
        return size;
}

static uint32_t unit_at(const char *bytes, bool big)
{
        unsigned char a = (unsigned char)bytes[0], b = (unsigned char)bytes[1];
        return big ? ((uint32_t)a << 8) | b : ((uint32_t)b << 8) | a;
}

/* Decodes UTF-16 behind its mark. A unit gives at most 3 bytes of UTF-8. */
static int decode_utf16(struct cf_arena *arena, const char *path, struct cf_span bytes, bool big,
                        struct cf_span *ret_text, struct cf_error *err)
{
        struct cf_place whole = {.path = path};
        if (bytes.size % 2)
                return cf_error_set(
                        err, -EILSEQ, &whole,
                        "broken UTF-16: an odd number of bytes; save the file as UTF-8");
        char *out = cf_arena_array(arena, bytes.size / 2 + 1, 3);
        if (!out)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the file");
        size_t size = 0;
        for (size_t i = 0; i < bytes.size; i += 2) {
                uint32_t c = unit_at(bytes.data + i, big);
                if (c >= 0xd800 && c < 0xdc00 && i + 4 <= bytes.size) {
                        uint32_t low = unit_at(bytes.data + i + 2, big);
                        if (low >= 0xdc00 && low < 0xe000) {
                                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                                i += 2;
                        }
                }
                if (c >= 0xd800 && c < 0xe000)
                        return cf_error_set(err, -EILSEQ, &whole,
                                            "broken UTF-16: half a surrogate pair at byte %zu; "
                                            "save the file as UTF-8",
                                            i + 2);
                size += put_utf8(out + size, c);
        }
        *ret_text = (struct cf_span){out, size};
        return 0;
}

static int encode_utf16(struct cf_span text, bool big, struct cf_text *out)
{
        while (text.size) {
                uint32_t c;
                size_t size = cf_utf8_next(text, &c);
                if (size == 1 && c == 0xfffd)
                        return -EILSEQ;
                uint32_t units[2] = {c, 0};
                unsigned count = 1;
                if (c >= 0x10000) {
                        units[0] = 0xd800 + ((c - 0x10000) >> 10);
                        units[1] = 0xdc00 + ((c - 0x10000) & 0x3ff);
                        count = 2;
                }
                for (unsigned i = 0; i < count; i++) {
                        cf_text_putc(out, (char)(big ? units[i] >> 8 : units[i]));
                        cf_text_putc(out, (char)(big ? units[i] : units[i] >> 8));
                }
                text = cf_span_part(text, size, SIZE_MAX);
        }
        return out->failed ? -ENOMEM : 0;
}

static const struct {
        enum cf_encoding encoding;
        const char *mark;
        size_t size;
} marks[] = {
        {CF_UTF8_BOM, "\xef\xbb\xbf", 3},
        {CF_UTF16LE, "\xff\xfe", 2},
        {CF_UTF16BE, "\xfe\xff", 2},
};

static size_t mark_size(enum cf_encoding encoding)
{
        for (size_t i = 0; i < CF_COUNT(marks); i++)
                if (marks[i].encoding == encoding)
                        return marks[i].size;
        return 0;
}

int cf_source_encode(const struct cf_source *source, struct cf_span text, struct cf_text *ret_bytes)
{
        for (size_t i = 0; i < CF_COUNT(marks); i++)
                if (marks[i].encoding == source->encoding)
                        cf_text_add(ret_bytes, (struct cf_span){marks[i].mark, marks[i].size});
        if (source->encoding == CF_UTF16LE || source->encoding == CF_UTF16BE)
                return encode_utf16(text, source->encoding == CF_UTF16BE, ret_bytes);
        cf_text_add(ret_bytes, text);
        return ret_bytes->failed ? -ENOMEM : 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

bool cf_file_id_equal(const struct cf_file_id *a, const struct cf_file_id *b)
{
        return a->device == b->device && a->inode == b->inode && a->size == b->size &&
               a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

struct cf_file_id cf_file_id_of(const struct stat *st)
{
        const int64_t second = INT64_C(1000000000);
        return (struct cf_file_id){
                .device = st->st_dev,
                .inode = st->st_ino,
                .size = st->st_size,
                .mtime_ns = (int64_t)st->st_mtim.tv_sec * second + st->st_mtim.tv_nsec,
                .ctime_ns = (int64_t)st->st_ctim.tv_sec * second + st->st_ctim.tv_nsec,
        };
}

static int make_marks(struct cf_arena *arena, struct cf_source *source);

/* Makes a source of NUL-ended bytes that live in the arena. */
static int make_source(struct cf_arena *arena, const char *path, struct cf_span bytes,
                       struct cf_source **ret_source, struct cf_error *err)
{
        struct cf_source *source = cf_arena_one(arena, struct cf_source);
        char *shown = cf_arena_string(arena, path);
        if (!source || !shown)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory to read '%s'", path);
        source->path = shown;
        source->text = bytes;
        for (size_t i = 0; i < CF_COUNT(marks); i++) {
                if (bytes.size < marks[i].size ||
                    memcmp(bytes.data, marks[i].mark, marks[i].size) != 0)
                        continue;
                source->encoding = marks[i].encoding;
                source->text = cf_span_part(bytes, marks[i].size, SIZE_MAX);
                if (source->encoding != CF_UTF8_BOM) {
                        int r = decode_utf16(arena, path, source->text,
                                             source->encoding == CF_UTF16BE, &source->text, err);
                        if (r < 0)
                                return r;
                }
                break;
        }
        if (make_marks(arena, source) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory to read '%s'", path);
        *ret_source = source;
        return 0;
}

int cf_source_from(struct cf_arena *arena, const char *path, struct cf_span bytes,
                   struct cf_source **ret_source, struct cf_error *err)
{
        char *copy = cf_arena_copy(arena, bytes);
        if (!copy)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory to read '%s'", path);
        return make_source(arena, path, (struct cf_span){copy, bytes.size}, ret_source, err);
}

int cf_source_from_fd(struct cf_arena *arena, int fd, const char *path,
                      struct cf_source **ret_source, struct cf_error *err)
{
        struct cf_place whole = {.path = path};
        struct stat st;
        if (fstat(fd, &st) < 0)
                return cf_error_set(err, -errno, &whole, "cannot be looked at: %s",
                                    strerror(errno));
        if (S_ISDIR(st.st_mode))
                return cf_error_set(err, -EISDIR, &whole, "is a folder where a file is expected");
        if (!S_ISREG(st.st_mode))
                return cf_error_set(err, -ENOTSUP, &whole,
                                    "is not a regular file (a pipe, socket or device): not read");
        if ((uint64_t)st.st_size > CF_FILE_MAX)
                return cf_error_set(err, -EFBIG, &whole,
                                    "is larger than %zu MiB: not read; split it, or exclude it",
                                    CF_FILE_MAX >> 20);
        size_t room = (size_t)st.st_size;
        char *data = cf_arena_alloc(arena, room + 1);
        if (!data)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the file");
        size_t size = 0;
        while (size < room) { /* a file that grows meanwhile is read up to the size it had */
                ssize_t n = pread(fd, data + size, room - size, (off_t)size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return cf_error_set(err, -errno, &whole, "cannot be read: %s",
                                            strerror(errno));
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        data[size] = '\0';
        struct cf_source *source;
        int r = make_source(arena, path, (struct cf_span){data, size}, &source, err);
        if (r < 0)
                return r;
        source->id = cf_file_id_of(&st);
        source->mode = st.st_mode;
        *ret_source = source;
        return 0;
}

static int read_from_disk(struct cf_arena *arena, const char *path, struct cf_source **ret_source,
                          struct cf_error *err)
{
        /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
        CF_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0) {
                struct cf_place whole = {.path = path};
                return cf_error_set(err, -errno, &whole, "cannot be opened: %s", strerror(errno));
        }
        return cf_source_from_fd(arena, fd, path, ret_source, err);
}

/* ---- overlays ----------------------------------------------------------------------------- */

struct overlay {
        struct cf_text bytes; /* outside of the arena: an edited file is laid over many times */
        struct cf_file_id id;
        mode_t mode;
};

struct cf_files {
        struct cf_arena *arena;
        struct cf_map *overlays; /* by resolved path */
};

struct cf_files *cf_files_new(void)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_files *files = arena ? cf_arena_one(arena, struct cf_files) : NULL;
        if (!files)
                return NULL;
        files->overlays = cf_map_new(arena);
        if (!files->overlays)
                return NULL;
        files->arena = cf_steal(arena);
        return files;
}

struct cf_files *cf_files_free(struct cf_files *files)
{
        if (!files)
                return NULL;
        for (size_t i = 0; i < cf_map_count(files->overlays); i++) {
                struct overlay *overlay = cf_map_at(files->overlays, i, NULL);
                cf_text_done(&overlay->bytes);
        }
        cf_arena_free(files->arena); /* holds *files as well */
        return NULL;
}

int cf_files_overlay(struct cf_files *files, const char *path, struct cf_span bytes,
                     const struct cf_file_id *id)
{
        CF_FREE char *resolved = realpath(path, NULL);
        struct stat st;
        if (!resolved || stat(resolved, &st) < 0)
                return errno ? -errno : -ENOENT;
        struct overlay *overlay = cf_map_get(files->overlays, cf_span_of(resolved));
        if (!overlay) {
                char *key = cf_arena_string(files->arena, resolved);
                overlay = cf_arena_one(files->arena, struct overlay);
                if (!key || !overlay || cf_map_put(files->overlays, cf_span_of(key), overlay) < 0)
                        return -ENOMEM;
        }
        struct cf_text copy = {0};
        cf_text_add(&copy, bytes);
        if (copy.failed)
                return -ENOMEM;
        cf_text_done(&overlay->bytes);
        *overlay = (struct overlay){copy, *id, st.st_mode};
        return 0;
}

int cf_files_read(struct cf_files *files, struct cf_arena *arena, const char *path,
                  struct cf_source **ret_source, struct cf_error *err)
{
        if (files && cf_map_count(files->overlays) > 0) {
                CF_FREE char *resolved = realpath(path, NULL);
                const struct overlay *overlay =
                        resolved ? cf_map_get(files->overlays, cf_span_of(resolved)) : NULL;
                if (overlay) {
                        struct cf_source *source;
                        int r = cf_source_from(arena, path, cf_text_span(&overlay->bytes), &source,
                                               err);
                        if (r < 0)
                                return r;
                        source->id = overlay->id;
                        source->mode = overlay->mode;
                        *ret_source = source;
                        return 0;
                }
        }
        return read_from_disk(arena, path, ret_source, err);
}

/* ---- places ------------------------------------------------------------------------------- */

/* Where a character stands. Sources keep one such mark every MARK_EVERY bytes, so that finding a
 * place costs the same anywhere, however long the file or its lines are. */
struct cf_mark {
        size_t offset; /* in the text */
        size_t units;  /* UTF-16 code units before it; counted for UTF-16 files only */
        unsigned line, column;
};
#define MARK_EVERY 4096

/* Moves over one character. CR LF counts as one line end: the CR is then an ordinary column. */
static void step(struct cf_span text, struct cf_mark *at)
{
        unsigned char byte = (unsigned char)text.data[at->offset];
        if (byte < 0x80) {
                at->offset++;
                at->units++;
                bool ends = byte == '\n' || (byte == '\r' && (at->offset == text.size ||
                                                              text.data[at->offset] != '\n'));
                at->column = ends ? 1 : at->column + 1;
                at->line += ends;
                return;
        }
        uint32_t c;
        at->offset += cf_utf8_next(cf_span_part(text, at->offset, 4), &c);
        at->units += c >= 0x10000 ? 2 : 1;
        at->column++;
}

/* How many of `size` bytes are ASCII and no CR: each is a character, a column, a unit. */
static size_t plain_size(const char *bytes, size_t size)
{
        enum { BLOCK = 32 };
        const char *cr = memchr(bytes, '\r', size);
        size_t i = 0;
        if (cr)
                size = (size_t)(cr - bytes);
        for (; i + BLOCK <= size; i += BLOCK) {
                unsigned char any = 0;
                for (size_t k = 0; k < BLOCK; k++)
                        any |= (unsigned char)bytes[i + k];
                if (any >= 0x80)
                        break;
        }
        while (i < size && (unsigned char)bytes[i] < 0x80)
                i++;
        return i;
}

/* Moves over some characters, at most up to `limit` or behind the next line end; over one that
 * lies across `limit`. */
static void advance(struct cf_span text, struct cf_mark *at, size_t limit)
{
        enum { WINDOW = 256 };
        const char *from = text.data + at->offset;
        size_t room = limit - at->offset;
        size_t size = plain_size(from, room < WINDOW ? room : WINDOW);
        if (size == 0) {
                step(text, at);
                return;
        }
        const char *end = memchr(from, '\n', size);
        if (end)
                size = (size_t)(end - from) + 1;
        at->offset += size;
        at->units += size;
        at->column = end ? 1 : at->column + (unsigned)size;
        at->line += end != NULL;
}

static int make_marks(struct cf_arena *arena, struct cf_source *source)
{
        size_t count = source->text.size / MARK_EVERY + 1, made = 0;
        source->marks = cf_arena_many(arena, count, struct cf_mark);
        if (!source->marks)
                return -ENOMEM;
        struct cf_mark at = {.line = 1, .column = 1};
        source->marks[made++] = at;
        while (at.offset < source->text.size && made < count) {
                size_t limit = made * MARK_EVERY;
                advance(source->text, &at, limit < source->text.size ? limit : source->text.size);
                if (at.offset >= made * MARK_EVERY)
                        source->marks[made++] = at;
        }
        source->mark_count = made;
        return 0;
}

/* The mark of a text offset (cut to the text; inside a character: the character's own). */
static struct cf_mark find_mark(const struct cf_source *source, size_t offset)
{
        if (offset > source->text.size)
                offset = source->text.size;
        size_t nearest = offset / MARK_EVERY;
        if (nearest >= source->mark_count)
                nearest = source->mark_count - 1;
        if (source->marks[nearest].offset > offset)
                nearest--;
        struct cf_mark at = source->marks[nearest];
        while (at.offset < offset) {
                struct cf_mark next = at;
                advance(source->text, &next, offset);
                if (next.offset > offset)
                        break;
                at = next;
        }
        return at;
}

static size_t file_offset(const struct cf_source *source, const struct cf_mark *at)
{
        bool wide = source->encoding == CF_UTF16LE || source->encoding == CF_UTF16BE;
        return mark_size(source->encoding) + (wide ? at->units * 2 : at->offset);
}

struct cf_place cf_source_place(const struct cf_source *source, size_t offset, size_t length)
{
        if (offset > source->text.size)
                offset = source->text.size;
        if (length > source->text.size - offset)
                length = source->text.size - offset;
        struct cf_mark start = find_mark(source, offset), end = find_mark(source, offset + length);
        size_t from = file_offset(source, &start);
        return (struct cf_place){
                .path = source->path,
                .offset = from,
                .length = file_offset(source, &end) - from,
                .line = start.line,
                .column = start.column,
                .end_line = end.line,
                .end_column = end.column,
        };
}

static bool is_before(const struct cf_mark *at, unsigned line, unsigned column)
{
        return at->line < line || (at->line == line && at->column < column);
}

struct cf_span cf_source_from_column(const struct cf_source *source, unsigned line, unsigned column,
                                     size_t most)
{
        struct cf_span text = source->text;
        size_t low = 0, high = source->mark_count;
        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;
                if (is_before(&source->marks[middle], line, column))
                        low = middle;
                else
                        high = middle;
        }
        struct cf_mark at = source->marks[low];
        while (at.offset < text.size && is_before(&at, line, column))
                step(text, &at);
        if (at.line != line || at.column != column)
                return (struct cf_span){NULL, 0};
        size_t size = 0, next;
        uint32_t c;
        while ((next = cf_utf8_next(cf_span_part(text, at.offset + size, 4), &c)) > 0 &&
               c != '\n' && c != '\r' && size + next <= most)
                size += next;
        return cf_span_part(text, at.offset, size);
}

unsigned cf_source_line_of(const struct cf_source *source, size_t offset)
{
        return find_mark(source, offset).line;
}

size_t cf_source_line_start(const struct cf_source *source, unsigned number)
{
        if (number <= 1)
                return 0;
        size_t low = 0, high = source->mark_count; /* the last mark before the line starts */
        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;
                if (source->marks[middle].line < number)
                        low = middle;
                else
                        high = middle;
        }
        struct cf_mark at = source->marks[low];
        while (at.line < number && at.offset < source->text.size)
                advance(source->text, &at, source->text.size);
        return at.offset;
}

struct cf_span cf_source_line(const struct cf_source *source, unsigned number)
{
        size_t start = cf_source_line_start(source, number);
        if (number == 0 || cf_source_line_of(source, start) != number)
                return (struct cf_span){NULL, 0};
        size_t end = start;
        while (end < source->text.size && source->text.data[end] != '\n' &&
               source->text.data[end] != '\r')
                end++;
        return (struct cf_span){source->text.data + start, end - start};
}
