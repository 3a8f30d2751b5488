/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats, and the proof of what they write. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "convert/formats.h"

const struct cf_conversion cf_conversions[] = {
        {"docker", "profile of Docker, Podman and containerd (JSON)", false, NULL, cf_docker_read,
         cf_docker_write},
        {"oci", "linux.seccomp of the OCI runtime specification, alone or in config.json", false,
         cf_oci_claim, cf_oci_read, cf_oci_write},
        {"kubernetes", "SeccompProfile resource of the Security Profiles Operator (YAML)", false,
         cf_kubernetes_claim, cf_kubernetes_read, cf_kubernetes_write},
        {"lxc", "LXC's lxc.seccomp.profile, version 2", false, cf_lxc_claim, cf_lxc_read,
         cf_lxc_write},
        {"firecracker", "Firecracker's filters (JSON of seccompiler), one architecture", true,
         cf_firecracker_claim, cf_firecracker_read, cf_firecracker_write},
        {"systemd", "systemd's SystemCallFilter= in a unit or drop-in", false, cf_systemd_claim,
         cf_systemd_read, cf_systemd_write},
        {"kafel", "kafel's policy language, as nsjail takes it, one architecture", true,
         cf_kafel_claim, cf_kafel_read, cf_kafel_write},
        {"minijail", "policy of minijail0 -S, one architecture", true, NULL, cf_minijail_read,
         cf_minijail_write},
        {"raw", "raw filter: an array of struct sock_filter, as bwrap --seccomp takes it", false,
         cf_raw_claim, cf_raw_read, cf_raw_write},
        {"c", "the same array as C source (output only)", false, NULL, NULL, cf_c_write},
        {"text", "the filter's instructions for people (output only)", false, NULL, NULL,
         cf_text_write},
        {0},
};

const struct cf_conversion *cf_conversion_by_name(const char *name)
{
        for (const struct cf_conversion *row = cf_conversions; row->name; row++)
                if (strcmp(row->name, name) == 0)
                        return row;
        return NULL;
}

const struct cf_conversion *cf_conversion_of(const struct cf_source *source)
{
        for (const struct cf_conversion *row = cf_conversions; row->name; row++)
                if (row->claim && row->claim(source))
                        return row;
        return &cf_conversions[0];
}

/* ---- what formats share ----------------------------------------------------------------------
 */

int cf_convert_no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory to convert this");
}

CF_PRINTF(6, 0)
static int refuse_at(const struct cf_reading *reading, int code, size_t offset, size_t length,
                     struct cf_error *err, const char *format, va_list args)
{
        struct cf_place place = cf_source_place(reading->source, offset, length);
        char message[CF_ERROR_TEXT];
        vsnprintf(message, sizeof(message), format, args);
        return cf_error_set(err, code, &place, "%s", message);
}

int cf_convert_refuse(const struct cf_reading *reading, size_t offset, size_t length,
                      struct cf_error *err, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = refuse_at(reading, -EINVAL, offset, length, err, format, args);
        va_end(args);
        return r;
}

int cf_convert_refuse_code(const struct cf_reading *reading, int code, size_t offset, size_t length,
                           struct cf_error *err, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = refuse_at(reading, code, offset, length, err, format, args);
        va_end(args);
        return r;
}

int cf_convert_warn(const struct cf_reading *reading, struct cf_warnings *warnings, size_t offset,
                    size_t length, struct cf_error *err, const char *format, ...)
{
        CF_TEXT struct cf_text text = {.max = (size_t)CF_ERROR_TEXT * 4};
        char message[CF_ERROR_TEXT];
        va_list args;
        if (warnings->list.count >= CF_PROFILE_WARNINGS_MAX) {
                warnings->more++;
                return 0;
        }
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        cf_text_add_visible(&text, cf_span_of(message));
        char *kept = text.failed ? NULL : cf_arena_copy(reading->arena, cf_text_span(&text));
        struct cf_profile_warning warning = {{offset, length}, kept};
        if (!kept || cf_vec_push(reading->arena, &warnings->list, warning) < 0)
                return cf_convert_no_memory(err);
        return 0;
}

static int compare_warnings(const void *left, const void *right)
{
        const struct cf_profile_warning *a = left, *b = right;
        return (a->part.offset > b->part.offset) - (a->part.offset < b->part.offset);
}

void cf_convert_sort_warnings(struct cf_warnings *warnings)
{
        if (warnings->list.count > 1)
                qsort(warnings->list.items, warnings->list.count, sizeof(*warnings->list.items),
                      compare_warnings);
}

int cf_convert_of_one(const struct cf_reading *reading, const struct cf_arch *arch,
                      cf_policy policy, uint32_t elsewhere, struct cf_warnings *warnings,
                      struct cf_converted *ret_converted, struct cf_error *err)
{
        struct cf_policies *all = reading->all;
        const struct cf_arch **arches = cf_arena_one(reading->arena, const struct cf_arch *);
        if (!arches)
                return cf_convert_no_memory(err);
        arches[0] = arch;
        cf_convert_sort_warnings(warnings);
        *ret_converted = (struct cf_converted){
                .policy = cf_policy_choose(all, cf_policy_equal(all, CF_SLICE_ARCH, arch->token),
                                           policy, cf_policy_constant(all, elsewhere)),
                .arches = arches,
                .arch_count = 1,
                .warnings = warnings->list.items,
                .warning_count = warnings->list.count,
                .more_warnings = warnings->more,
        };
        return 0;
}

bool cf_convert_number(struct cf_span text, uint64_t *ret_number)
{
        unsigned base = 10;
        uint64_t number = 0;
        if (text.size > 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X')) {
                base = 16;
                text = cf_span_part(text, 2, SIZE_MAX);
        } else if (text.size > 1 && text.data[0] == '0') {
                base = 8;
        }
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                unsigned digit = 16;
                if (c >= '0' && c <= '9')
                        digit = (unsigned)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        digit = (unsigned)(c - 'a') + 10;
                else if (c >= 'A' && c <= 'F')
                        digit = (unsigned)(c - 'A') + 10;
                if (digit >= base || __builtin_mul_overflow(number, base, &number) ||
                    __builtin_add_overflow(number, digit, &number))
                        return false;
        }
        *ret_number = number;
        return text.size > 0;
}

int cf_convert_profile(const struct cf_reading *reading, const struct cf_profile *profile,
                       struct cf_converted *ret_converted, struct cf_error *err)
{
        struct cf_converted converted = {
                .profile = profile,
                .warnings = profile->warnings,
                .warning_count = profile->warning_count,
                .more_warnings = profile->more_warnings,
        };
        int r = cf_profile_policy(reading->all, profile, reading->circumstances, &converted.policy,
                                  err);
        if (r == 0)
                r = cf_profile_architectures(reading->arena, profile, reading->circumstances,
                                             &converted.arches, &converted.arch_count, err);
        if (r == 0)
                *ret_converted = converted;
        return r;
}

/* Engines refuse a profile that hands calls to a listener and names none. */
static int check_listener(const struct cf_writing *writing,
                          const struct cf_profile_entries *entries, struct cf_error *err)
{
        if (entries->default_value == CF_USER_NOTIF)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "a profile cannot hand calls to a listener by default");
        for (size_t i = 0; i < entries->entry_count; i++)
                if (entries->entries[i].value == CF_USER_NOTIF && !writing->listener)
                        return cf_error_set(err, -ENOTSUP, NULL,
                                            "%s is handed to a listener, and there is no path to "
                                            "one",
                                            entries->entries[i].calls[0]->name);
        return 0;
}

int cf_convert_entries(const struct cf_writing *writing, const char *format, struct cf_arena *arena,
                       struct cf_profile_entries *ret_entries, struct cf_error *err)
{
        struct cf_profile_entries entries;
        int r = cf_profile_entries(writing->all, writing->policy, writing->arches,
                                   writing->arch_count, writing->order, arena, &entries, err);
        if (r == 0)
                r = check_listener(writing, &entries, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "writing it as '%s'", format);
        *ret_entries = entries;
        return 0;
}

/* Some two calls of the architecture get different answers. */
static bool is_known(const struct cf_policies *all, cf_policy policy, const struct cf_arch *arch)
{
        cf_policy first = CF_POLICY_NONE;
        uint32_t nr;
        for (size_t i = 0; cf_syscall_of_arch(arch, i, &nr); i++) {
                cf_policy answer = cf_policy_of_call(all, policy, arch->token, nr);
                if (first != CF_POLICY_NONE && answer != first)
                        return true;
                first = answer;
        }
        return false;
}

int cf_convert_arches(struct cf_policies *all, cf_policy policy, const struct cf_arch *machine,
                      struct cf_arena *arena, const struct cf_arch *const **ret_arches,
                      size_t *ret_count, struct cf_error *err)
{
        CF_VEC(const struct cf_arch *) arches = {0};
        const struct cf_arch *arch;
        int r = cf_vec_push(arena, &arches, machine);
        for (size_t i = 0; r == 0 && (arch = cf_arch_at(i)); i++)
                if (arch != machine && is_known(all, policy, arch))
                        r = cf_vec_push(arena, &arches, arch);
        if (r < 0)
                return cf_convert_no_memory(err);
        *ret_arches = arches.items;
        *ret_count = arches.count;
        return 0;
}

cf_policy cf_convert_calls_of(struct cf_policies *all, const struct cf_arch *const *arches,
                              size_t count)
{
        const uint32_t shared = cf_arch_by_name("x32")->token;
        cf_policy any = CF_POLICY_FALSE;
        for (size_t i = 0; i < count; i++) {
                cf_policy one = cf_policy_equal(all, CF_SLICE_ARCH, arches[i]->token);
                /* Of two architectures with one token the number tells. */
                if (arches[i]->token == shared)
                        one = cf_policy_and(
                                all, one,
                                cf_policy_range(all, CF_SLICE_NR, arches[i]->base,
                                                arches[i]->base ? UINT32_MAX : CF_X32_BIT - 1));
                any = cf_policy_or(all, any, one);
        }
        return any;
}

/* ---- reading ---------------------------------------------------------------------------------
 */

int cf_convert_read(const struct cf_reading *reading, const struct cf_conversion *format,
                    struct cf_converted *ret_converted, struct cf_error *err)
{
        struct cf_place whole = {.path = reading->source->path};
        struct cf_converted converted = {0};
        format = format ? format : cf_conversion_of(reading->source);
        if (!format->read)
                return cf_error_set(err, -ENOTSUP, &whole, "'%s' can be written, but not read",
                                    format->name);
        if (reading->source->text.size > CF_CONVERT_MAX)
                return cf_error_set(err, -EFBIG, &whole,
                                    "is larger than %zu MiB: no seccomp policy; not read",
                                    CF_CONVERT_MAX >> 20);
        uint64_t steps = cf_policies_budget(reading->all, CF_CONVERT_STEPS_MAX);
        int r = format->read(reading, &converted, err);
        if (r == 0) {
                converted.policy = cf_policy_normal(reading->all, converted.policy);
                r = cf_policies_check(reading->all, converted.policy, err);
                if (r < 0)
                        cf_error_doing(err, r, &whole, "working out what it means");
        }
        cf_policies_budget(reading->all, steps);
        if (r == 0)
                *ret_converted = converted;
        return r;
}

/* ---- writing ---------------------------------------------------------------------------------
 */

static void add_arches(const struct cf_writing *writing, const char *between, struct cf_text *names)
{
        for (size_t i = 0; i < writing->arch_count; i++)
                cf_text_printf(names, "%s%s", i ? between : "", writing->arches[i]->name);
}

/* Says where the two part: what the policy wants of a call, and what the format makes of it. */
static int refuse_difference(const struct cf_writing *writing, const struct cf_conversion *format,
                             cf_policy differs, cf_policy read, struct cf_error *err)
{
        CF_TEXT struct cf_text name = {0}, want = {0}, have = {0}, all = {0};
        const struct cf_arch *arch = NULL;
        struct cf_call call;
        bool own = false;
        if (!cf_policy_find(writing->all, differs, &call))
                return cf_error_set(err, -EINVAL, NULL, "the written text cannot be compared");
        arch = cf_arch_of_call(call.arch, call.nr);
        for (size_t i = 0; i < writing->arch_count; i++)
                own |= writing->arches[i] == arch;
        if (!arch)
                cf_text_printf(&name, "a call of architecture 0x%" PRIx32, call.arch);
        else
                cf_say_call(&name, &call);
        cf_say_value(&want, cf_policy_value(writing->all, writing->policy, &call));
        cf_say_value(&have, cf_policy_value(writing->all, read, &call));
        add_arches(writing, ",", &all);
        cf_error_set(err, -ENOTSUP, NULL,
                     "'%s' cannot say what %s gets: '%s' is wanted, and it would be '%s'%s%s",
                     format->name, name.data ? name.data : "", want.data ? want.data : "",
                     have.data ? have.data : "",
                     own && arch ? "" : "; to leave other architectures to the format: --within ",
                     (own && arch) || !all.data ? "" : all.data);
        return -ENOTSUP;
}

/* 0 when the text, read again, means the policy. */
static int prove(const struct cf_writing *writing, const struct cf_conversion *format,
                 struct cf_span text, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_CONVERT_MEMORY);
        const struct cf_circumstances circumstances = {.machine = writing->arches[0]};
        struct cf_reading reading = {
                .all = writing->all,
                .arena = arena,
                .circumstances = &circumstances,
        };
        struct cf_converted back;
        struct cf_source *source = NULL;
        if (!arena)
                return cf_convert_no_memory(err);
        int r = cf_source_from(arena, "the written text", text, &source, err);
        reading.source = source;
        if (r == 0)
                r = cf_convert_read(&reading, format, &back, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "reading back what was written as '%s'",
                                      format->name);
        cf_policy differs = cf_policy_where_differs(writing->all, writing->policy, back.policy);
        if (writing->within)
                differs = cf_policy_and(
                        writing->all, differs,
                        cf_convert_calls_of(writing->all, writing->arches, writing->arch_count));
        r = cf_policies_check(writing->all, differs, err);
        if (r < 0 || differs == CF_POLICY_FALSE)
                return r;
        return refuse_difference(writing, format, differs, back.policy, err);
}

int cf_convert_write(const struct cf_writing *writing, const struct cf_conversion *format,
                     struct cf_text *out, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {.max = CF_CONVERT_MAX};
        if (!format->write)
                return cf_error_set(err, -ENOTSUP, NULL, "'%s' can be read, but not written",
                                    format->name);
        if (format->one_arch && writing->arch_count > 1) {
                CF_TEXT struct cf_text names = {0};
                add_arches(writing, ", ", &names);
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "'%s' is for one architecture, and this is for %zu: choose one "
                                    "with --within ARCHITECTURE (%s)",
                                    format->name, writing->arch_count,
                                    names.data ? names.data : "");
        }
        int r = format->write(writing, &text, err);
        if (r < 0)
                return r;
        if (text.failed)
                return cf_error_set(err, -EFBIG, NULL,
                                    "the text would be larger than %zu bytes, the most that is "
                                    "read",
                                    CF_CONVERT_MAX);
        if (format->read)
                r = prove(writing, format, cf_text_span(&text), err);
        if (r == 0)
                cf_text_add(out, cf_text_span(&text));
        return r;
}
