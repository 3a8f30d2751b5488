/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts and errors. */
#include "library/library.h"

const char *confined_version(void)
{
        return CF_VERSION;
}

struct confined_context *confined_context_new(void)
{
        struct confined_context *context = calloc(1, sizeof(*context));
        if (!context)
                return NULL;
        context->arena = cf_arena_new(CF_LIBRARY_MEMORY);
        context->all = cf_policies_new(0);
        context->files = cf_files_new();
        if (!context->arena || !context->all || !context->files)
                return confined_context_free(context);
        return context;
}

struct confined_context *confined_context_free(struct confined_context *context)
{
        if (!context)
                return NULL;
        for (size_t i = 0; i < context->profiles.count; i++)
                cf_arena_free(context->profiles.items[i]);
        cf_files_free(context->files);
        cf_policies_free(context->all);
        cf_arena_free(context->arena);
        cf_text_done(&context->error);
        free(context);
        return NULL;
}

const char *confined_error(const struct confined_context *context)
{
        return context->error.data ? context->error.data : "";
}

int cf_library_failed(struct confined_context *context, int code, const struct cf_error *err)
{
        struct cf_text *text = &context->error;
        cf_text_clear(text);
        text->failed = false;
        for (unsigned i = err->count; i > 0; i--) {
                const struct cf_error_frame *frame = &err->frames[i - 1];
                cf_text_puts(text, i < err->count ? "\n" : "");
                if (frame->place.path)
                        cf_text_add_visible(text, cf_span_of(frame->place.path));
                if (frame->place.path && frame->place.line)
                        cf_text_printf(text, ":%u:%u", frame->place.line, frame->place.column);
                cf_text_puts(text, frame->place.path ? ": " : "");
                cf_text_add_visible(text, cf_span_of(frame->message));
        }
        return code;
}

int cf_library_fails(struct confined_context *context, int code, const char *format, ...)
{
        struct cf_error err = {0};
        char message[CF_ERROR_TEXT];
        va_list args;
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        cf_error_set(&err, code, NULL, "%s", message);
        return cf_library_failed(context, code, &err);
}

const char *cf_library_text(struct confined_context *context, struct cf_text *text)
{
        const char *copy = text->failed || !text->data
                                   ? NULL
                                   : cf_arena_copy(context->arena, cf_text_span(text));
        cf_text_done(text);
        if (!copy)
                cf_library_fails(context, -ENOMEM, "not enough memory");
        return copy;
}

int cf_library_policy(struct confined_context *context, cf_policy policy,
                      const struct confined_policy **ret_policy)
{
        struct cf_error err = {0};
        cf_policy normal = cf_policy_normal(context->all, policy);
        struct confined_policy *made = cf_arena_one(context->arena, struct confined_policy);
        int r = cf_policies_check(context->all, normal, &err);
        if (r == 0 && !made)
                r = cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
        if (r < 0)
                return cf_library_failed(context, r, &err);
        *made = (struct confined_policy){context, policy, normal};
        *ret_policy = made;
        return 0;
}
