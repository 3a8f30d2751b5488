/* SPDX-License-Identifier: Apache-2.0 */
/* Observations as JSON documents:
 *
 *     {"schema": "confined-observation-1", "runs": 1, "lost": 0, "late": false,
 *      "runtime": "runc 1.1.5", "calls": [{"arch": "x86_64", "call": "clone", "count": 12,
 * "runtime": 2, "refused": 0, "runs": 1, "open": [1], "values": [{"arg": 0, "value": 17, "count":
 * 12}]}]}
 *
 * A call without a name has "nr" in place of "call". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "record/record.h"

#define SCHEMA "confined-observation-1"

/* ---- writing
 * -------------------------------------------------------------------------------------- */

static void put_uint(struct cf_json_writer *json, const char *key, uint64_t number)
{
        cf_json_key(json, key);
        cf_json_put_uint(json, number);
}

static void put_values(struct cf_json_writer *json, const struct cf_seen_call *call)
{
        cf_json_key(json, "open");
        cf_json_open(json, '[');
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                if (call->open >> arg & 1)
                        cf_json_put_uint(json, arg);
        cf_json_close(json, ']');
        cf_json_key(json, "values");
        cf_json_open(json, '[');
        for (size_t i = 0; i < call->value_count; i++) {
                cf_json_open(json, '{');
                put_uint(json, "arg", call->values[i].arg);
                put_uint(json, "value", call->values[i].value);
                put_uint(json, "count", call->values[i].count);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

void cf_observation_put(struct cf_json_writer *json, const struct cf_observation *observation)
{
        cf_json_open(json, '{');
        cf_json_key(json, "schema");
        cf_json_put_string(json, SCHEMA);
        put_uint(json, "runs", observation->runs);
        put_uint(json, "lost", observation->lost);
        cf_json_key(json, "late");
        cf_json_put_bool(json, observation->late);
        cf_json_key(json, "runtime");
        cf_json_put_string(json, observation->runtime);
        cf_json_key(json, "calls");
        cf_json_open(json, '[');
        for (size_t i = 0; i < observation->call_count; i++) {
                const struct cf_seen_call *seen = &observation->calls[i];
                const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
                cf_json_open(json, '{');
                cf_json_key(json, "arch");
                cf_json_put_string(json, seen->arch->name);
                cf_json_key(json, call ? "call" : "nr");
                if (call)
                        cf_json_put_string(json, call->name);
                else
                        cf_json_put_uint(json, seen->nr);
                put_uint(json, "count", seen->count[CF_SEEN_WORKLOAD]);
                put_uint(json, "runtime", seen->count[CF_SEEN_RUNTIME]);
                put_uint(json, "refused", seen->refused);
                put_uint(json, "runs", seen->runs);
                put_values(json, seen);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
        cf_json_close(json, '}');
}

/* ---- reading
 * -------------------------------------------------------------------------------------- */

struct reading {
        struct cf_arena *arena;
        const struct cf_source *source;
        struct cf_error *err;
};

static int refuse(const struct reading *reading, const struct cf_json *at, const char *message)
{
        struct cf_place place = cf_source_place(reading->source, at->offset, at->length);
        return cf_error_set(reading->err, -EINVAL, &place, "%s", message);
}

/* A whole number of at most `most`; 0 when the key is not there. */
static int take_uint(const struct reading *reading, const struct cf_json *object, const char *key,
                     uint64_t most, uint64_t *ret_number)
{
        const struct cf_json *member = cf_json_get(object, key);
        *ret_number = 0;
        if (!member)
                return 0;
        if (cf_json_uint(member, ret_number) < 0 || *ret_number > most)
                return refuse(reading, member, "a whole number that fits is expected here");
        return 0;
}

static int take_values(const struct reading *reading, const struct cf_json *object,
                       struct cf_seen_call *call)
{
        const struct cf_json *list = cf_json_get(object, "values"),
                             *open = cf_json_get(object, "open");
        CF_VEC(struct cf_seen_value) values = {0};
        int r = 0;
        if ((list && list->type != CF_JSON_ARRAY) || (open && open->type != CF_JSON_ARRAY))
                return refuse(reading, list && list->type != CF_JSON_ARRAY ? list : open,
                              "a list is expected here");
        for (const struct cf_json *item = open ? open->first : NULL; item; item = item->next) {
                uint64_t arg;
                if (cf_json_uint(item, &arg) < 0 || arg >= CF_POLICY_ARGS)
                        return refuse(reading, item, "an argument is a number from 0 to 5");
                call->open |= (uint8_t)(1u << arg);
        }
        for (const struct cf_json *item = list ? list->first : NULL; item; item = item->next) {
                struct cf_seen_value value;
                uint64_t arg;
                r = take_uint(reading, item, "arg", CF_POLICY_ARGS - 1, &arg);
                if (r == 0)
                        r = take_uint(reading, item, "value", UINT64_MAX, &value.value);
                if (r == 0)
                        r = take_uint(reading, item, "count", UINT64_MAX, &value.count);
                if (r < 0)
                        return r;
                value.arg = (uint8_t)arg;
                if (cf_vec_push(reading->arena, &values, value) < 0)
                        return -ENOMEM;
        }
        call->values = values.items;
        call->value_count = values.count;
        return 0;
}

static int take_call(const struct reading *reading, const struct cf_json *object,
                     struct cf_seen_call *ret_call)
{
        const struct cf_json *arch = cf_json_get(object, "arch"),
                             *name = cf_json_get(object, "call");
        struct cf_seen_call call = {0};
        uint64_t number;
        if (!cf_json_string(arch) || !(call.arch = cf_arch_by_name(cf_json_string(arch))))
                return refuse(reading, arch ? arch : object,
                              "the name of an architecture is expected");
        int r = take_uint(reading, object, "nr", UINT32_MAX, &number);
        if (r < 0)
                return r;
        call.nr = (uint32_t)number;
        if (name && (!cf_json_string(name) ||
                     !cf_syscall_number(call.arch, cf_json_string(name), &call.nr)))
                return refuse(reading, name, "this architecture has no such call");
        if (!name &&
            (!cf_json_get(object, "nr") || cf_arch_of_call(call.arch->token, call.nr) != call.arch))
                return refuse(reading, object,
                              "a call has a name, or a number of its architecture");
        r = take_uint(reading, object, "count", UINT64_MAX, &call.count[CF_SEEN_WORKLOAD]);
        if (r == 0)
                r = take_uint(reading, object, "runtime", UINT64_MAX, &call.count[CF_SEEN_RUNTIME]);
        if (r == 0)
                r = take_uint(reading, object, "refused", UINT64_MAX, &call.refused);
        if (r == 0)
                r = take_uint(reading, object, "runs", UINT32_MAX / 2, &number);
        if (r == 0)
                r = take_values(reading, object, &call);
        call.runs = (unsigned)number;
        *ret_call = call;
        return r;
}

static int take_calls(const struct reading *reading, const struct cf_json *root,
                      struct cf_observation *observation)
{
        const struct cf_json *list = cf_json_get(root, "calls");
        CF_VEC(struct cf_seen_call) calls = {0};
        if (!list || list->type != CF_JSON_ARRAY)
                return refuse(reading, list ? list : root, "a list \"calls\" is expected");
        for (const struct cf_json *item = list->first; item; item = item->next) {
                struct cf_seen_call call;
                int r = take_call(reading, item, &call);
                if (r < 0)
                        return r;
                if (calls.count >= CF_SEEN_CALLS_MAX)
                        return -E2BIG;
                if (cf_vec_push(reading->arena, &calls, call) < 0)
                        return -ENOMEM;
        }
        return cf_observation_make(reading->arena, calls.items, calls.count, observation,
                                   reading->err);
}

int cf_observation_read(struct cf_arena *arena, const struct cf_source *source,
                        struct cf_observation *ret_observation, struct cf_error *err)
{
        struct reading reading = {arena, source, err};
        struct cf_place whole = {.path = source->path};
        struct cf_observation observation;
        struct cf_json *root;
        uint64_t runs, lost;
        if (source->text.size > CF_SEEN_FILE_MAX)
                return cf_error_set(err, -EFBIG, &whole, "larger than %zu bytes", CF_SEEN_FILE_MAX);
        int r = cf_json_parse(arena, source, &root, err);
        if (r < 0)
                return r;
        const struct cf_json *schema = cf_json_get(root, "schema"),
                             *late = cf_json_get(root, "late");
        if (!cf_json_string(schema) || strcmp(cf_json_string(schema), SCHEMA) != 0)
                return refuse(&reading, schema ? schema : root,
                              "no observation: \"schema\": \"" SCHEMA "\" is expected");
        r = take_uint(&reading, root, "runs", UINT32_MAX / 2, &runs);
        if (r == 0)
                r = take_uint(&reading, root, "lost", UINT64_MAX, &lost);
        if (r == 0)
                r = take_calls(&reading, root, &observation);
        if (r == -ENOMEM)
                return cf_error_set(err, r, &whole, "not enough memory");
        if (r == -E2BIG)
                return cf_error_set(err, r, &whole, "more than %zu calls", CF_SEEN_CALLS_MAX);
        if (r < 0)
                return r;
        observation.runs = runs ? (unsigned)runs : 1;
        observation.lost = lost;
        observation.late = late && late->type == CF_JSON_BOOL && late->boolean;
        observation.runtime = cf_json_string(cf_json_get(root, "runtime"));
        *ret_observation = observation;
        return 0;
}
