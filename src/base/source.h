/* SPDX-License-Identifier: Apache-2.0 */
/* Files as read: their text, their encoding, the places in it, and what they were on disk.
 *
 * Files are hostile. Only regular files are opened (never a FIFO or a device), never larger than
 * a limit, and a reader works on one snapshot of the bytes. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/place.h"
#include "base/span.h"

enum cf_encoding {
        CF_UTF8,
        CF_UTF8_BOM, /* EF BB BF in front */
        CF_UTF16LE,  /* FF FE in front */
        CF_UTF16BE,  /* FE FF in front */
};

/* Tells whether a file is still the one that was read. */
struct cf_file_id {
        dev_t device;
        ino_t inode;
        off_t size;
        int64_t mtime_ns;
        int64_t ctime_ns;
};
struct stat;
struct cf_file_id cf_file_id_of(const struct stat *st);
bool cf_file_id_equal(const struct cf_file_id *a, const struct cf_file_id *b);

/* A file's text. Offsets into `text` are "text offsets"; they differ from offsets into the file
 * where there is a byte order mark or UTF-16. Everything lives in the arena it was read into. */
struct cf_source {
        const char *path;    /* as it is shown to the user; "<stdin>" for standard input */
        struct cf_span text; /* UTF-8 (or bytes that claim to be), without a byte order mark;
                              * text.data[text.size] is NUL */
        enum cf_encoding encoding;
        struct cf_file_id id;
        mode_t mode;
        struct cf_mark
                *marks;    /* private: where lines and columns stand, every few thousand bytes */
        size_t mark_count; /* private */
};

/* Where files come from: the disk, with contents laid over it (what an edit would leave).
 * Reading is thread-safe; cf_files_overlay is not, so lay over before threads start. */
struct cf_files;
#define CF_FILE_MAX ((size_t)32 << 20) /* the largest file that is read whole, bytes */

struct cf_files *cf_files_new(void);
struct cf_files *cf_files_free(struct cf_files *files);

/* Makes later reads of `path` (any spelling of the same file) give `bytes`. `id` is what the
 * file was when it was first read. 0 or -ENOMEM. */
int cf_files_overlay(struct cf_files *files, const char *path, struct cf_span bytes,
                     const struct cf_file_id *id);

/* Reads a file whole. `path` is opened as given and shown as given. Errors: -ENOENT, -EACCES, …
 * as open(2); -EISDIR, -ENOTSUP: not a regular file; -EFBIG: over CF_FILE_MAX; -EILSEQ: broken
 * UTF-16; -ENOMEM. The message names the path and what to do. */
int cf_files_read(struct cf_files *files, struct cf_arena *arena, const char *path,
                  struct cf_source **ret_source, struct cf_error *err);

/* The same from a file that is open already (its offset does not matter and does not move). */
int cf_source_from_fd(struct cf_arena *arena, int fd, const char *path,
                      struct cf_source **ret_source, struct cf_error *err);

/* The same from bytes that are at hand (standard input, a test, an edit). Bytes are copied. */
int cf_source_from(struct cf_arena *arena, const char *path, struct cf_span bytes,
                   struct cf_source **ret_source, struct cf_error *err);

/* The place of `length` text bytes at text offset `offset` (both cut to the text). */
struct cf_place cf_source_place(const struct cf_source *source, size_t offset, size_t length);

/* Line `number` (from 1) without its line end; the empty span when there is none. LF, CRLF and
 * lone CR end a line. */
struct cf_span cf_source_line(const struct cf_source *source, unsigned number);

/* The text from a position on to the end of its line, at most `most` bytes (cut between
 * characters); the empty span when there is no such position. Costs the same however long the line
 * is. */
struct cf_span cf_source_from_column(const struct cf_source *source, unsigned line, unsigned column,
                                     size_t most);

/* The number (from 1) of the line that holds a text offset. */
unsigned cf_source_line_of(const struct cf_source *source, size_t offset);

/* Text offset of the first byte of line `number` (from 1; past the last: text.size). */
size_t cf_source_line_start(const struct cf_source *source, unsigned number);

/* The file's bytes for a changed text: byte order mark and encoding as they were. The text must
 * be UTF-8 when the encoding is UTF-16 (-EILSEQ otherwise). */
struct cf_text;
int cf_source_encode(const struct cf_source *source, struct cf_span text,
                     struct cf_text *ret_bytes);

/* True when all bytes are well-formed UTF-8; else *ret_offset (may be NULL) is the first bad one.
 */
bool cf_utf8_valid(struct cf_span text, size_t *ret_offset);

/* Decodes one character at text.data; returns its bytes (1 and U+FFFD for a bad byte; 0 at the
 * end). */
size_t cf_utf8_next(struct cf_span text, uint32_t *ret_char);

/* Path arithmetic, on text alone (no links are followed): `path` made absolute or relative to
 * the folder `dir`, "." and ".." folded; `dir` NULL or "" is the current folder, kept relative. */
char *cf_path_join(struct cf_arena *arena, const char *dir, const char *path);
/* The folder of a path: "." when it has none. */
char *cf_path_dir(struct cf_arena *arena, const char *path);
const char *cf_path_base(const char *path);
