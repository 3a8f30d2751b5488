/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/fingerprint.h"

#include <limits.h>

#include "base/sha256.h"

/* Changing what goes into a fingerprint makes every baseline void: then the number changes too. */
#define SCHEME "confined 1"

static void digits_of(struct cf_sha256 *hash, char ret_digits[CF_FINGERPRINT_SIZE])
{
        static const char hex[] = "0123456789abcdef";
        unsigned char digest[CF_SHA256_SIZE];
        cf_sha256_end(hash, digest);
        for (size_t i = 0; i + 1 < CF_FINGERPRINT_SIZE; i++)
                ret_digits[i] = hex[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4];
        ret_digits[CF_FINGERPRINT_SIZE - 1] = '\0';
}

void cf_fingerprint_of_text(struct cf_span text, char ret_digits[CF_FINGERPRINT_SIZE])
{
        struct cf_sha256 hash;
        cf_sha256_begin(&hash);
        cf_sha256_add(&hash, text);
        digits_of(&hash, ret_digits);
}

/* Parts are ended by NUL, so that "ab" + "c" is not "a" + "bc". */
static void add(struct cf_sha256 *hash, const char *text)
{
        cf_sha256_add(hash, (struct cf_span){text ? text : "", (text ? strlen(text) : 0) + 1});
}

/* The same file has the same name whether it was given as ./a, a or /root/a. */
static const char *stable_path(struct cf_arena *arena, const char *root, const char *path)
{
        if (!path || path[0] == '<')
                return path;
        const char *whole = cf_path_join(arena, root, path);
        size_t size = strlen(root);
        if (!whole)
                return NULL;
        if (strncmp(whole, root, size) == 0 && whole[size] == '/')
                return whole + size + 1;
        return whole;
}

static void add_finding(struct cf_sha256 *hash, const struct cf_kept *kept, const char *path)
{
        const struct cf_finding *finding = &kept->finding;
        add(hash, SCHEME);
        add(hash, finding->rule->id);
        add(hash, path);
        add(hash, cf_subject_kind_name(finding->subject_kind));
        for (size_t i = 0; i < finding->subject_count; i++)
                add(hash, finding->subjects[i]);
        add(hash, "");
        add(hash, finding->context);
        if (finding->place.path)
                return;
        add(hash, finding->image);
        if (finding->process) {
                add(hash, finding->process->container);
                add(hash,
                    finding->process->command ? finding->process->command : finding->process->name);
        }
}

/* How many findings alike came before this one. */
static int ordinal_of(struct cf_map *seen, struct cf_arena *arena, const char *digits,
                      unsigned *ret_ordinal)
{
        unsigned *count = cf_map_get(seen, cf_span_of(digits));
        if (!count) {
                char *key = cf_arena_string(arena, digits);
                count = cf_arena_one(arena, unsigned);
                if (!key || !count || cf_map_put(seen, cf_span_of(key), count) < 0)
                        return -ENOMEM;
        }
        *ret_ordinal = (*count)++;
        return 0;
}

int cf_fingerprint_all(struct cf_keeper *keeper, const char *root)
{
        char current[PATH_MAX] = "/";
        CF_ARENA struct cf_arena *work = cf_arena_new(0);
        struct cf_map *seen = work ? cf_map_new(work) : NULL;
        if (!seen)
                return -ENOMEM;
        const char *here = getcwd(current, sizeof(current)) ? current : "/";
        const char *base = root ? cf_path_join(work, here, root) : here;
        if (!base)
                return -ENOMEM;
        for (size_t i = 0; i < keeper->kept.count; i++) {
                struct cf_kept *kept = keeper->kept.items[i];
                struct cf_sha256 hash;
                char digits[CF_FINGERPRINT_SIZE], number[16];
                unsigned ordinal;
                const char *path = stable_path(work, base, kept->finding.place.path);
                if (!path && kept->finding.place.path)
                        return -ENOMEM;
                cf_sha256_begin(&hash);
                add_finding(&hash, kept, path);
                digits_of(&hash, digits);
                if (ordinal_of(seen, work, digits, &ordinal) < 0)
                        return -ENOMEM;
                if (ordinal > 0) {
                        snprintf(number, sizeof(number), "%u", ordinal);
                        cf_sha256_begin(&hash);
                        add(&hash, digits);
                        add(&hash, number);
                        digits_of(&hash, digits);
                }
                kept->finding.fingerprint = cf_arena_string(keeper->arena, digits);
                if (!kept->finding.fingerprint)
                        return -ENOMEM;
        }
        return 0;
}
