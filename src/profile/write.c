/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as JSON, and the proof that it means what it should. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "profile/extend.h"
#include "profile/profile.h"

/* ---- writing --------------------------------------------------------------------------------
 */

static const char *profile_action(uint32_t value)
{
        static const struct {
                uint32_t value;
                const char *name;
        } names[] = {
                {CF_ALLOW, "SCMP_ACT_ALLOW"},
                {CF_LOG, "SCMP_ACT_LOG"},
                {CF_TRACE, "SCMP_ACT_TRACE"},
                {CF_USER_NOTIF, "SCMP_ACT_NOTIFY"},
                {CF_ERRNO, "SCMP_ACT_ERRNO"},
                {CF_TRAP, "SCMP_ACT_TRAP"},
                {CF_KILL_THREAD, "SCMP_ACT_KILL_THREAD"},
                {CF_KILL_PROCESS, "SCMP_ACT_KILL_PROCESS"},
        };
        for (size_t i = 0; i < CF_COUNT(names); i++)
                if (names[i].value == (value & CF_ACTION_MASK))
                        return names[i].name;
        return "SCMP_ACT_KILL_PROCESS"; /* what a value that names no action does */
}

/* Actions with data say it, EPERM too; others must not (crun refuses it). */
static void put_action(struct cf_json_writer *json, const char *key, const char *errno_key,
                       uint32_t value)
{
        uint32_t action = value & CF_ACTION_MASK;
        cf_json_key(json, key);
        cf_json_put_string(json, profile_action(value));
        if (action != CF_ERRNO && action != CF_TRACE)
                return;
        cf_json_key(json, errno_key);
        cf_json_put_uint(json, cf_action_data(value));
}

static void put_condition(struct cf_json_writer *json, const struct cf_condition *c)
{
        static const char *const operators[] = {
                [CF_NE] = "SCMP_CMP_NE",
                [CF_LT] = "SCMP_CMP_LT",
                [CF_LE] = "SCMP_CMP_LE",
                [CF_EQ] = "SCMP_CMP_EQ",
                [CF_GE] = "SCMP_CMP_GE",
                [CF_GT] = "SCMP_CMP_GT",
                [CF_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
        };
        bool masked = c->op == CF_MASKED_EQ;
        cf_json_open(json, '{');
        cf_json_key(json, "index");
        cf_json_put_uint(json, c->arg);
        cf_json_key(json, "value");
        cf_json_put_uint(json, masked ? c->mask : c->value);
        if (masked) {
                cf_json_key(json, "valueTwo");
                cf_json_put_uint(json, c->value);
        }
        cf_json_key(json, "op");
        cf_json_put_string(json, operators[c->op]);
        cf_json_close(json, '}');
}

void put_conditions(struct cf_json_writer *json, const struct cf_condition *conditions,
                    size_t count)
{
        cf_json_open(json, '[');
        for (size_t i = 0; i < count; i++)
                put_condition(json, &conditions[i]);
        cf_json_close(json, ']');
}

void cf_profile_put_entry(struct cf_json_writer *json, const struct cf_profile_entry *entry)
{
        cf_json_open(json, '{');
        cf_json_key(json, "names");
        cf_json_open(json, '[');
        for (size_t i = 0; i < entry->call_count; i++)
                cf_json_put_string(json, entry->calls[i]->name);
        cf_json_close(json, ']');
        put_action(json, "action", "errnoRet", entry->value);
        if (entry->condition_count) {
                cf_json_key(json, "args");
                put_conditions(json, entry->conditions, entry->condition_count);
        }
        if (entry->not_on_s390) {
                cf_json_key(json, "excludes");
                cf_json_open(json, '{');
                cf_json_key(json, "arches");
                cf_json_open(json, '[');
                cf_json_put_string(json, "s390");
                cf_json_put_string(json, "s390x");
                cf_json_close(json, ']');
                cf_json_close(json, '}');
        }
        if (entry->comment && entry->comment[0]) {
                cf_json_key(json, "comment");
                cf_json_put_string(json, entry->comment);
        }
        cf_json_close(json, '}');
}

void cf_profile_put_members(struct cf_json_writer *json, const struct cf_profile_entries *entries,
                            const char *listener)
{
        put_action(json, "defaultAction", "defaultErrnoRet", entries->default_value);
        cf_json_key(json, "architectures");
        cf_json_open(json, '[');
        for (size_t i = 0; i < entries->arch_count; i++)
                cf_json_put_string(json, entries->arches[i]->profile);
        cf_json_close(json, ']');
        if (listener) {
                cf_json_key(json, "listenerPath");
                cf_json_put_string(json, listener);
        }
        cf_json_key(json, "syscalls");
        cf_json_open(json, '[');
        for (size_t i = 0; i < entries->entry_count; i++)
                cf_profile_put_entry(json, &entries->entries[i]);
        cf_json_close(json, ']');
}

/* ---- the proof ------------------------------------------------------------------------------
 */

/* Says where the two part: what the policy wants of a call, and what a profile makes of it. */
static int refuse_difference(struct cf_policies *all, cf_policy wanted, cf_policy read,
                             struct cf_error *err)
{
        struct cf_call call;
        CF_TEXT struct cf_text name = {0}, want = {0}, have = {0};
        cf_policy differs = cf_policy_where_differs(all, wanted, read);
        int r = cf_policies_check(all, differs, err);
        if (r < 0)
                return r;
        if (!cf_policy_find(all, differs, &call))
                return cf_error_set(err, -EINVAL, NULL, "the profile cannot be compared");
        cf_say_call(&name, &call);
        cf_say_value(&want, cf_policy_value(all, wanted, &call));
        cf_say_value(&have, cf_policy_value(all, read, &call));
        return cf_error_set(err, -ENOTSUP, NULL,
                            "%s is answered so: %s; no profile can say that, runtimes make "
                            "it: %s",
                            name.data ? name.data : "", want.data ? want.data : "",
                            have.data ? have.data : "");
}

int cf_profile_prove(struct cf_policies *all, cf_policy policy, const struct cf_arch *machine,
                     struct cf_span text, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        const struct cf_circumstances circumstances = {.machine = machine};
        const struct cf_profile *profile;
        struct cf_source *source;
        cf_policy wanted = cf_policy_normal(all, policy), read;
        if (!arena)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = cf_source_from(arena, "the written profile", text, &source, err);
        if (r == 0)
                r = cf_profile_read(arena, source, &profile, err);
        if (r == 0)
                r = cf_profile_policy(all, profile, &circumstances, &read, err);
        if (r < 0)
                return cf_error_doing(err, r, NULL, "reading back what was written");
        read = cf_policy_normal(all, read);
        r = cf_policies_check(all, wanted, err);
        if (r == 0)
                r = cf_policies_check(all, read, err);
        if (r < 0 || wanted == read)
                return r;
        return refuse_difference(all, wanted, read, err);
}

/* Engines refuse a profile that hands calls to a listener and names none. */
static int check_listener(const struct cf_profile_entries *entries, const char *listener,
                          struct cf_error *err)
{
        if (entries->default_value == CF_USER_NOTIF)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "a profile cannot hand calls to a listener by default");
        for (size_t i = 0; i < entries->entry_count; i++) {
                const struct cf_profile_entry *entry = &entries->entries[i];
                if ((entry->value & CF_ACTION_MASK) == CF_USER_NOTIF && !listener)
                        return cf_error_set(err, -ENOTSUP, NULL,
                                            "%s is handed to a listener, and there is no path to "
                                            "one",
                                            entry->calls[0]->name);
        }
        return 0;
}

int cf_profile_print(struct cf_policies *all, cf_policy policy, const struct cf_arch *const *arches,
                     size_t arch_count, const struct cf_profile_order *order, struct cf_text *out,
                     struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        CF_TEXT struct cf_text text = {.max = CF_PROFILE_MAX};
        struct cf_json_writer json = {.out = &text, .tabs = true};
        struct cf_profile_entries entries;
        const char *listener = order ? order->listener : NULL;
        if (!arena)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        uint32_t value;
        int r = 0;
        cf_json_open(&json, '{');
        /* What refuses nothing anywhere is no filter. */
        if (!cf_policy_is_constant(all, policy, &value) || value != CF_ALLOW) {
                r = cf_profile_entries(all, policy, arches, arch_count, order, arena, &entries,
                                       err);
                if (r == -ENOMEM && cf_arena_is_full(arena))
                        r = cf_error_set(err, -E2BIG, NULL,
                                         "the policy is too complex: to find the profile's entries "
                                         "takes more than %zu MiB",
                                         CF_PROFILE_MEMORY >> 20);
                if (r == 0)
                        r = check_listener(&entries, listener, err);
                if (r < 0)
                        return r;
                cf_profile_put_members(&json, &entries, listener);
        }
        cf_json_close(&json, '}');
        cf_text_putc(&text, '\n');
        if (text.failed)
                return cf_error_set(err, -EFBIG, NULL,
                                    "the profile would be larger than %zu bytes, the most that is "
                                    "read",
                                    CF_PROFILE_MAX);
        r = cf_profile_prove(all, policy, arches[0], cf_text_span(&text), err);
        if (r == 0)
                cf_text_add(out, cf_text_span(&text));
        return r;
}
