/* SPDX-License-Identifier: Apache-2.0 */
/* Reads policies of kafel, see kafel.h.
 *
 * The first rule that fits decides. A policy is for the calls of one architecture; on x86_64 the
 * numbers of x32 are numbers like any others. Calls of other architectures kill the thread. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "convert/kafel.h"

#define SHOWN_MAX 64

/* ---- rules ----------------------------------------------------------------------------------- */

/* "ON arch" or "ON {arch, arch}" behind a call. */
static int read_guard(struct cf_kafel_reader *r, bool *ret_elsewhere)
{
        bool seen[CF_KAFEL_ARCHES] = {0}, more = true;
        struct cf_span name;
        *ret_elsewhere = false;
        if (r->token.kind != KAFEL_ON)
                return 0;
        int e = cf_kafel_advance(r);
        bool several = r->token.kind == '{';
        if (e == 0 && several)
                e = cf_kafel_advance(r);
        while (e == 0 && more) {
                e = cf_kafel_take_name(r, &name, "the name of an architecture must stand here");
                int number = e < 0 ? 0 : cf_kafel_guard(name);
                if (number < 0)
                        return cf_kafel_refuse(r, -EINVAL, name,
                                               "kafel knows no such architecture");
                if (e == 0 && seen[number])
                        return cf_kafel_refuse(r, -EINVAL, name, "stands there twice");
                seen[number] = true;
                more = several && r->token.kind == ',';
                if (e == 0 && more)
                        e = cf_kafel_advance(r);
        }
        *ret_elsewhere = !seen[r->column];
        return e == 0 && several ? cf_kafel_take(r, '}', "',' or '}' must stand here") : e;
}

/* "(fd, buf)" behind a call: what its arguments are called from here on. */
static int read_declared(struct cf_kafel_reader *r, struct cf_kafel_scope *scope)
{
        struct cf_span name;
        int e = cf_kafel_advance(r);
        scope->call = NULL;
        while (e == 0 && (r->token.kind != ')' || scope->declared_count)) {
                e = cf_kafel_take_name(r, &name, "the name of an argument must stand here");
                for (unsigned i = 0; e == 0 && i < scope->declared_count; i++)
                        if (cf_span_equal(scope->declared[i], name))
                                e = cf_kafel_refuse(r, -EINVAL, name, "is declared twice");
                if (e == 0 && scope->declared_count == CF_POLICY_ARGS)
                        e = cf_kafel_refuse(r, -EINVAL, name, "a call has six arguments");
                if (e < 0)
                        return e;
                scope->declared[scope->declared_count++] = name;
                if (r->token.kind != ',')
                        break;
                e = cf_kafel_advance(r);
        }
        return e < 0 ? e : cf_kafel_take(r, ')', "',' or ')' must stand here");
}

/* "read", "SYSCALL[3]", or a constant's name. *ret_name: it has to be kafel's name of a call. */
static int read_id(struct cf_kafel_reader *r, struct cf_kafel_entry *entry,
                   struct cf_span *ret_name)
{
        const struct cf_kafel_constant *constant;
        uint64_t number;
        *ret_name = (struct cf_span){NULL, 0};
        if (r->token.kind == KAFEL_NAME) {
                constant = cf_map_get(r->constants, r->token.text);
                if (constant)
                        entry->number = (uint32_t)constant->value;
                else
                        *ret_name = r->token.text;
                return cf_kafel_advance(r);
        }
        int e = cf_kafel_take(r, KAFEL_SYSCALL,
                              "the name of a call or SYSCALL[number] must stand here");
        if (e == 0)
                e = cf_kafel_take(r, '[', "'[' must stand here");
        if (e == 0)
                e = cf_kafel_take_number(r, &number, "a number must stand here");
        if (e == 0)
                e = cf_kafel_take(r, ']', "']' must stand here");
        if (e == 0)
                entry->number = (uint32_t)number; /* kafel drops the rest as well */
        return e;
}

/* What kafel calls the call that has this name elsewhere. */
static int refuse_call(struct cf_kafel_reader *r, struct cf_span name)
{
        const struct cf_arch *arch = r->reading->circumstances->machine;
        const struct cf_kafel_call *other = NULL;
        char text[SHOWN_MAX];
        uint32_t number;
        snprintf(text, sizeof(text), "%.*s", (int)cf_span_part(name, 0, SHOWN_MAX).size, name.data);
        if (cf_syscall_number(arch, text, &number))
                other = cf_kafel_call_numbered(r->column, number, "");
        if (!other || !cf_kafel_is_name(cf_span_of(other->name)))
                return cf_kafel_refuse(r, -EINVAL, name,
                                       "no constant, and no call of this architecture by kafel's "
                                       "names (those of 2026-04); write SYSCALL[number]");
        return cf_convert_refuse(r->reading, cf_offset_of(r->reading, name), name.size, r->err,
                                 "kafel calls this '%s' here: '%s'", other->name, text);
}

/* A name that is another call's for everybody else. */
static int warn_of_name(struct cf_kafel_reader *r, struct cf_span name,
                        const struct cf_kafel_call *call, uint32_t number)
{
        const struct cf_arch *arch = r->reading->circumstances->machine;
        const struct cf_syscall *known = cf_syscall_by_name(call->name);
        const struct cf_syscall *real = cf_syscall_by_number(arch, number);
        if (!known || !real || known == real)
                return 0;
        return cf_convert_warn(r->reading, &r->warnings, cf_offset_of(r->reading, name), name.size,
                               r->err, "kafel's '%s' is number %" PRIu32 ", which is %s",
                               call->name, number, real->name);
}

static int find_call(struct cf_kafel_reader *r, struct cf_span name, struct cf_kafel_entry *entry,
                     struct cf_kafel_scope *scope, bool declared)
{
        const struct cf_kafel_call *call = cf_kafel_call_named(r->column, name);
        if (!call)
                return refuse_call(r, name);
        entry->number = (uint32_t)call->numbers[r->column];
        if (!declared)
                scope->call = call;
        return warn_of_name(r, name, call, entry->number);
}

static int read_rule(struct cf_kafel_reader *r, struct cf_kafel_entry *entry, bool *ret_elsewhere)
{
        struct cf_kafel_scope scope = {0};
        struct cf_span name;
        bool declared;
        int e = read_id(r, entry, &name);
        declared = e == 0 && r->token.kind == '(';
        if (declared)
                e = read_declared(r, &scope);
        if (e == 0)
                e = read_guard(r, &scope.elsewhere);
        if (e == 0 && name.size && !scope.elsewhere)
                e = find_call(r, name, entry, &scope, declared);
        *ret_elsewhere = scope.elsewhere;
        entry->holds = CF_POLICY_TRUE;
        if (e < 0 || r->token.kind != '{')
                return e;
        e = cf_kafel_advance(r);
        if (e < 0 || r->token.kind == '}')
                return e < 0 ? e : cf_kafel_advance(r);
        e = cf_kafel_read_condition(r, &scope, &entry->holds);
        return e < 0 ? e : cf_kafel_take(r, '}', "an operator, ',' or '}' must stand here");
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool is_action(int kind)
{
        return kind >= KAFEL_ALLOW && kind <= KAFEL_TRACE;
}

static int read_action(struct cf_kafel_reader *r, uint32_t *ret_value)
{
        /* In the order of the tokens. */
        static const uint32_t values[] = {
                CF_ALLOW,       CF_LOG,         CF_USER_NOTIF, CF_KILL_PROCESS, CF_KILL_THREAD,
                CF_KILL_THREAD, CF_KILL_THREAD, CF_ERRNO,      CF_TRAP,         CF_TRACE,
        };
        int kind = r->token.kind;
        struct cf_span text;
        uint64_t number = 0;
        if (!is_action(kind))
                return cf_kafel_refuse(r, -EINVAL, r->token.text,
                                       "an action must stand here (ALLOW, LOG, KILL, KILL_PROCESS, "
                                       "ERRNO(number), …)");
        int e = cf_kafel_advance(r);
        if (e == 0 && kind >= KAFEL_ERRNO) {
                e = cf_kafel_take(r, '(', "'(' and a number must stand here");
                text = r->token.text;
                if (e == 0)
                        e = cf_kafel_take_number(r, &number, "a number must stand here, no name");
                if (e == 0 && number > UINT16_MAX)
                        e = cf_kafel_refuse(r, -EINVAL, text, "must be 0 to 65535");
                if (e == 0)
                        e = cf_kafel_take(r, ')', "')' must stand here");
        }
        *ret_value = values[kind - KAFEL_ALLOW] | (uint32_t)number;
        return e;
}

static int add_entry(struct cf_kafel_reader *r, struct cf_kafel_policy *policy,
                     const struct cf_kafel_entry *entry)
{
        return cf_vec_push(r->reading->arena, &policy->entries, *entry) < 0
                       ? cf_convert_no_memory(r->err)
                       : 0;
}

/* "ALLOW {read, write}" */
static int read_block(struct cf_kafel_reader *r, struct cf_kafel_policy *policy)
{
        struct cf_kafel_entry entry = {0};
        bool elsewhere;
        int e = read_action(r, &entry.value);
        if (e == 0)
                e = cf_kafel_take(r, '{', "'{' must stand here");
        if (e == 0 && r->token.kind == '}')
                return cf_kafel_advance(r);
        while (e == 0) {
                e = read_rule(r, &entry, &elsewhere);
                if (e == 0 && !elsewhere)
                        e = add_entry(r, policy, &entry);
                if (e == 0 && r->token.kind != ',')
                        return cf_kafel_take(r, '}', "',' or '}' must stand here");
                if (e == 0)
                        e = cf_kafel_advance(r);
        }
        return e;
}

static int read_use(struct cf_kafel_reader *r, struct cf_kafel_policy *policy)
{
        struct cf_kafel_entry entry = {0};
        struct cf_span name;
        int e = cf_kafel_advance(r);
        if (e == 0)
                e = cf_kafel_take_name(r, &name, "the name of a policy must stand here");
        if (e < 0)
                return e;
        entry.use = cf_map_get(r->policies, name);
        if (!entry.use)
                return cf_kafel_refuse(r, -EINVAL, name, "no policy of this name stands above");
        return add_entry(r, policy, &entry);
}

/* Blocks and uses, with ',' between two. */
static int read_statements(struct cf_kafel_reader *r, struct cf_kafel_policy *policy)
{
        for (;;) {
                int e = r->token.kind == KAFEL_USE ? read_use(r, policy) : read_block(r, policy);
                if (e < 0 || r->token.kind != ',')
                        return e;
                e = cf_kafel_advance(r);
                if (e < 0)
                        return e;
        }
}

static int read_policy(struct cf_kafel_reader *r)
{
        struct cf_kafel_policy *policy = cf_arena_one(r->reading->arena, struct cf_kafel_policy);
        struct cf_span name;
        if (!policy)
                return cf_convert_no_memory(r->err);
        int e = cf_kafel_advance(r);
        if (e == 0)
                e = cf_kafel_take_name(r, &name, "the policy's name must stand here");
        if (e == 0)
                e = cf_kafel_take(r, '{', "'{' must stand here");
        if (e == 0 && r->token.kind != '}')
                e = read_statements(r, policy);
        if (e == 0)
                e = cf_kafel_take(r, '}', "',' or '}' must stand here");
        if (e < 0)
                return e;
        if (cf_map_get(r->policies, name))
                return cf_kafel_refuse(r, -EINVAL, name, "a policy of this name stands above");
        return cf_map_put(r->policies, name, policy) < 0 ? cf_convert_no_memory(r->err) : 0;
}

/* "#define NAME NUMBER" */
static int read_constant(struct cf_kafel_reader *r)
{
        const struct cf_kafel_constant *before;
        struct cf_kafel_constant *constant =
                cf_arena_one(r->reading->arena, struct cf_kafel_constant);
        struct cf_span name;
        if (!constant)
                return cf_convert_no_memory(r->err);
        int e = cf_kafel_advance(r);
        if (e == 0)
                e = cf_kafel_take(r, KAFEL_DEFINE,
                                  "'#define' or '#include' must stand here (comments are "
                                  "'//' and '/* */')");
        if (e == 0)
                e = cf_kafel_take_name(r, &name, "the constant's name must stand here");
        if (e == 0)
                e = cf_kafel_take_number(r, &constant->value,
                                         "the constant's number must stand here");
        if (e < 0)
                return e;
        before = cf_map_get(r->constants, name);
        if (before && before->value != constant->value)
                return cf_kafel_refuse(r, -EINVAL, name, "was defined as another number above");
        return cf_map_put(r->constants, name, constant) < 0 ? cf_convert_no_memory(r->err) : 0;
}

static int read_default(struct cf_kafel_reader *r)
{
        struct cf_span word = r->token.text;
        if (r->has_default)
                return cf_kafel_refuse(r, -EINVAL, word, "there is a default action above");
        r->has_default = true;
        int e = cf_kafel_advance(r);
        return e < 0 ? e : read_action(r, &r->default_value);
}

static int read_text(struct cf_kafel_reader *r)
{
        int e = cf_kafel_advance(r);
        if (e == 0 && r->token.kind == KAFEL_END)
                return cf_kafel_refuse(r, -EINVAL, r->token.text,
                                       "kafel refuses a text without a policy");
        while (e == 0 && r->token.kind != KAFEL_END) {
                int kind = r->token.kind;
                if (kind == '#')
                        e = read_constant(r);
                else if (kind == KAFEL_POLICY)
                        e = read_policy(r);
                else if (kind == KAFEL_DEFAULT)
                        e = read_default(r);
                else if (kind == KAFEL_USE || is_action(kind))
                        e = read_statements(r, &r->top);
                else
                        e = cf_kafel_refuse(r, -EINVAL, r->token.text,
                                            "POLICY, USE, DEFAULT, #define or an action must stand "
                                            "here");
        }
        return e;
}

/* ---- what it means --------------------------------------------------------------------------- */

/* What a call gets, from the last of its rules to the first. */
static cf_policy answer(struct cf_kafel_reader *r, const struct cf_kafel_entry *rules, size_t count)
{
        struct cf_policies *all = r->reading->all;
        cf_policy policy = cf_policy_constant(all, r->default_value);
        while (count-- > 0)
                policy = cf_policy_choose(all, rules[count].holds,
                                          cf_policy_constant(all, rules[count].value), policy);
        return policy;
}

/* The rules of a policy and of those it uses, in order. One that is used again adds nothing: its
 * rules have been tried. */
static int collect(struct cf_kafel_reader *r, struct cf_kafel_policy *top,
                   struct cf_kafel_policy *all)
{
        struct place {
                struct cf_kafel_policy *policy;
                size_t next;
        };
        struct cf_arena *arena = r->reading->arena;
        CF_VEC(struct place) open = {0};
        int e = cf_vec_push(arena, &open, (struct place){top, 0});
        while (e == 0 && open.count) {
                struct place *last = &open.items[open.count - 1];
                if (last->next == last->policy->entries.count) {
                        open.count--;
                        continue;
                }
                struct cf_kafel_entry *entry = &last->policy->entries.items[last->next++];
                if (!entry->use) {
                        entry->order = all->entries.count;
                        e = cf_vec_push(arena, &all->entries, *entry);
                } else if (!entry->use->used) {
                        entry->use->used = true;
                        e = cf_vec_push(arena, &open, (struct place){entry->use, 0});
                }
        }
        return e < 0 ? cf_convert_no_memory(r->err) : 0;
}

static int compare_entries(const void *left, const void *right)
{
        const struct cf_kafel_entry *a = left, *b = right;
        if (a->number != b->number)
                return a->number < b->number ? -1 : 1;
        return (a->order > b->order) - (a->order < b->order);
}

/* Of the architecture's calls. */
static int work_out(struct cf_kafel_reader *r, cf_policy *ret_policy)
{
        struct cf_policies *all = r->reading->all;
        struct cf_arena *arena = r->reading->arena;
        struct cf_kafel_policy rules = {0};
        CF_VEC(struct cf_piece) pieces = {0};
        cf_policy rest = cf_policy_constant(all, r->default_value);
        uint64_t from = 0;
        int e = collect(r, &r->top, &rules);
        if (e < 0)
                return e;
        struct cf_kafel_entry *first = rules.entries.items, *end = first + rules.entries.count;
        if (first)
                qsort(first, rules.entries.count, sizeof(*first), compare_entries);
        while (e == 0 && first < end) {
                uint32_t number = first->number;
                size_t count = 1;
                while (first + count < end && first[count].number == number)
                        count++;
                if (from < number)
                        e = cf_vec_push(arena, &pieces, (struct cf_piece){from, number - 1, rest});
                if (e == 0)
                        e = cf_vec_push(arena, &pieces,
                                        (struct cf_piece){number, number, answer(r, first, count)});
                from = (uint64_t)number + 1;
                first += count;
        }
        if (e == 0 && from <= UINT32_MAX)
                e = cf_vec_push(arena, &pieces, (struct cf_piece){from, UINT32_MAX, rest});
        if (e < 0)
                return cf_convert_no_memory(r->err);
        *ret_policy = cf_policy_cases(all, CF_SLICE_NR, pieces.items, pieces.count);
        /* kafel then leaves out how the filter starts, but not the comparisons in it. */
        if (*ret_policy == cf_policy_constant(all, CF_KILL_THREAD) && r->compared.size)
                return cf_kafel_refuse(r, -ENOTSUP, r->compared,
                                       "no call gets anything but KILL, and of such a policy kafel "
                                       "makes a filter that means something else as long as there "
                                       "is a comparison in it");
        return 0;
}

bool cf_kafel_claim(const struct cf_source *source)
{
        struct cf_span rest = source->text;
        struct cf_kafel_token token, after;
        cf_kafel_next(&rest, &token);
        while (token.kind == '#') {
                const int wanted[] = {KAFEL_DEFINE, KAFEL_NAME, KAFEL_NUMBER};
                for (size_t i = 0; i < CF_COUNT(wanted); i++) {
                        cf_kafel_next(&rest, &token);
                        if (token.kind != wanted[i])
                                return false;
                }
                cf_kafel_next(&rest, &token);
        }
        cf_kafel_next(&rest, &after);
        if (token.kind == KAFEL_POLICY || token.kind == KAFEL_USE)
                return after.kind == KAFEL_NAME;
        if (token.kind == KAFEL_DEFAULT)
                return is_action(after.kind);
        return is_action(token.kind) && (after.kind == '{' || after.kind == '(');
}

int cf_kafel_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                  struct cf_error *err)
{
        const struct cf_arch *arch = reading->circumstances->machine;
        struct cf_kafel_reader r = {
                .reading = reading,
                .err = err,
                .column = cf_kafel_column(arch),
                .rest = reading->source->text,
                .constants = cf_map_new(reading->arena),
                .policies = cf_map_new(reading->arena),
                .default_value = CF_KILL_THREAD,
        };
        cf_policy policy = CF_POLICY_NONE;
        if (!r.constants || !r.policies)
                return cf_convert_no_memory(err);
        if (r.column < 0)
                return cf_convert_refuse_code(reading, -ENOTSUP, 0, 0, err,
                                              "what kafel does on %s is not known here",
                                              arch->name);
        if (reading->source->encoding != CF_UTF8)
                return cf_convert_refuse(reading, 0, 0, err,
                                         "kafel refuses a byte order mark in front");
        int e = read_text(&r);
        if (e == 0)
                e = work_out(&r, &policy);
        if (e < 0)
                return e;
        return cf_convert_of_one(reading, arch, policy, CF_KILL_THREAD, &r.warnings, ret_converted,
                                 err);
}
