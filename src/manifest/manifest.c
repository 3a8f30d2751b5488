/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/manifest.h"

/* Tells a callback's own failure from a broken file. */
struct handing {
        const struct cf_reader *reader;
        int failed;
};

static int hand_on(const struct cf_subject *subject, void *context)
{
        struct handing *handing = context;
        int r = handing->reader->subject(subject, handing->reader->context);
        if (r < 0)
                handing->failed = r;
        return r;
}

static void report(const struct cf_error *err, void *context)
{
        struct handing *handing = context;
        if (handing->reader->trouble)
                handing->reader->trouble(err, handing->reader->context);
}

int cf_manifest_read(const struct cf_reader *reader, const struct cf_source *source)
{
        struct handing handing = {.reader = reader};
        struct cf_reader inner = *reader;
        inner.subject = hand_on;
        inner.trouble = report;
        inner.context = &handing;
        for (const struct cf_format *const *row = cf_formats; *row; row++) {
                enum cf_claim claim = (*row)->claim(source);
                if (claim == CF_CLAIM_NONE)
                        continue;
                struct cf_error err = {0};
                int r = (*row)->read(&inner, source, &err);
                if (handing.failed < 0)
                        return handing.failed;
                if (r == -ENOMEM) {
                        /* What one file may use is limited: the others are still read. */
                        struct cf_place whole = {.path = source->path};
                        cf_error_set(
                                &err, r, &whole,
                                "reading it needs more memory than one file is given: not read "
                                "(to the end); look at it by hand, and --exclude it");
                }
                if (r == -ENOMEM || (r < 0 && claim == CF_CLAIM_NAME))
                        report(&err, &handing);
        }
        return 0;
}
