/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as a unit's SystemCallFilter=, see systemd.c. */
#include <inttypes.h>
#include <string.h>

#include "convert/systemd.h"

#define LINE_MAX_BYTES 100 /* of names on one line */

#define NOWHERE UINT32_MAX /* the answer to a call that none of the architectures has */

/* What a call with conditions shows: a call that meets them, and that others get something else. */
static int refuse_conditions(const struct cf_writing *writing, const struct cf_profile_entry *entry,
                             struct cf_error *err)
{
        struct cf_policies *all = writing->all;
        CF_TEXT struct cf_text text = {0}, value = {0};
        struct cf_call call = {0};
        uint32_t nr = 0;
        const struct cf_arch *arch = writing->arches[0];
        for (size_t i = 0; i < writing->arch_count; i++)
                if (cf_syscall_number(writing->arches[i], entry->calls[0]->name, &nr)) {
                        arch = writing->arches[i];
                        break;
                }
        cf_policy holds = cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, arch->token),
                                        cf_policy_equal(all, CF_SLICE_NR, nr));
        for (size_t i = 0; i < entry->condition_count; i++)
                holds = cf_policy_and(all, holds, cf_policy_condition(all, &entry->conditions[i]));
        if (cf_policy_find(all, holds, &call))
                cf_say_call(&text, &call);
        cf_say_value(&value, entry->value);
        return cf_error_set(err, -ENOTSUP, NULL,
                            "%s gets '%s' and other calls of %s do not: SystemCallFilter= looks at "
                            "no argument",
                            text.data ? text.data : entry->calls[0]->name,
                            value.data ? value.data : "", entry->calls[0]->name);
}

static bool is_anywhere(const struct cf_writing *writing, const char *name)
{
        uint32_t nr;
        for (size_t i = 0; i < writing->arch_count; i++)
                if (cf_syscall_number(writing->arches[i], name, &nr))
                        return true;
        return false;
}

/* What a call gets, by its place in the table of calls; the default where no entry is about it. */
static int find_answers(const struct cf_writing *writing, const struct cf_profile_entries *entries,
                        uint32_t *answers, struct cf_error *err)
{
        for (size_t i = 0; cf_syscall_at(i); i++)
                answers[i] = is_anywhere(writing, cf_syscall_at(i)->name) ? entries->default_value
                                                                          : NOWHERE;
        for (size_t i = 0; i < entries->entry_count; i++) {
                const struct cf_profile_entry *entry = &entries->entries[i];
                CF_TEXT struct cf_text value = {0};
                const char *name = entry->calls[0]->name;
                uint32_t action = entry->value & CF_ACTION_MASK;
                /* What ways of these two get follows from what the ways get. */
                if (entry->condition_count && entry->call_count == 1 &&
                    (strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0))
                        continue;
                if (entry->condition_count)
                        return refuse_conditions(writing, entry, err);
                cf_say_value(&value, entry->value);
                if (action != CF_ALLOW && action != CF_ERRNO && action != CF_KILL_PROCESS)
                        return cf_error_set(err, -ENOTSUP, NULL,
                                            "%s gets '%s', and systemd knows only allowing, errors "
                                            "and killing the process",
                                            name, value.data ? value.data : "");
                for (size_t k = 0; k < entry->call_count; k++)
                        answers[entry->calls[k] - cf_syscall_at(0)] = entry->value;
        }
        return 0;
}

/* "SystemCallFilter=~" and the calls that get a value, on lines of a bearable length. `only`: of
 * the calls of @default. `tail` stands behind every name. */
static size_t put_calls(struct cf_text *out, const char *head, const uint32_t *answers,
                        uint32_t value, const char *only, const char *tail)
{
        size_t count = 0, start = 0;
        for (size_t i = 0; cf_syscall_at(i); i++) {
                const char *name = cf_syscall_at(i)->name;
                char word[64];
                snprintf(word, sizeof(word), " %s ", name);
                if (answers[i] != value || (only && !strstr(only, word)))
                        continue;
                if (!count || out->size - start > LINE_MAX_BYTES) {
                        cf_text_printf(out, "%s%s", count ? "\n" : "", head);
                        start = out->size;
                } else {
                        cf_text_putc(out, ' ');
                }
                cf_text_printf(out, "%s%s", name, tail);
                count++;
        }
        cf_text_puts(out, count ? "\n" : "");
        return count;
}

/* Lines for what is refused with something else than `usual`. */
static void put_others(struct cf_text *out, const uint32_t *answers, uint32_t usual)
{
        for (size_t i = 0; cf_syscall_at(i); i++) {
                char tail[24] = ":kill";
                bool seen = answers[i] == usual || answers[i] == CF_ALLOW || answers[i] == NOWHERE;
                for (size_t k = 0; !seen && k < i; k++)
                        seen = answers[k] == answers[i];
                if (seen)
                        continue;
                if (answers[i] != CF_KILL_PROCESS)
                        snprintf(tail, sizeof(tail), ":%" PRIu32, cf_action_data(answers[i]));
                put_calls(out, "SystemCallFilter=~", answers, answers[i], NULL, tail);
        }
}

static int put_lists(const struct cf_profile_entries *entries, const uint32_t *answers,
                     struct cf_text *out, struct cf_error *err)
{
        uint32_t other = entries->default_value;
        char always[4096] = "";
        bool allow = other != CF_ALLOW;
        snprintf(always, sizeof(always), " %s ", cf_systemd_set("@default"));
        /* The first value refused needs no mention at every call. */
        for (size_t i = 0; i < entries->entry_count && other == CF_ALLOW; i++)
                other = entries->entries[i].value;
        if (other == CF_ALLOW)
                return 0;
        if ((other & CF_ACTION_MASK) == CF_ERRNO && cf_action_data(other))
                cf_text_printf(out, "SystemCallErrorNumber=%" PRIu32 "\n", cf_action_data(other));
        else if (allow && other != CF_KILL_PROCESS)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "calls without a rule get what systemd cannot answer by "
                                    "default: it kills the process or gives an error from 1 on");
        else if (other != CF_KILL_PROCESS)
                other = CF_KILL_PROCESS; /* no error: said at every call */
        if (!allow) {
                put_calls(out, "SystemCallFilter=~", answers, other, NULL, "");
        } else {
                if (!put_calls(out, "SystemCallFilter=", answers, CF_ALLOW, NULL, ""))
                        cf_text_puts(out, "SystemCallFilter=@default\n");
                put_calls(out, "SystemCallFilter=~", answers, other, always, "");
        }
        put_others(out, answers, other);
        return 0;
}

/* Nothing when all that the machine runs is wanted. */
static void put_arches(const struct cf_writing *writing, const struct cf_systemd_machine *machine,
                       struct cf_text *out)
{
        size_t local = 1;
        CF_TEXT struct cf_text names = {0};
        for (size_t i = 1; i < writing->arch_count; i++)
                for (size_t k = 0; cf_systemd_arches[k].name; k++)
                        if (strcmp(cf_systemd_arches[k].arch, writing->arches[i]->name) == 0)
                                cf_text_printf(&names, " %s", cf_systemd_arches[k].name);
        while (local < CF_SYSTEMD_LOCAL_MAX && machine->arches[local])
                local++;
        if (local > writing->arch_count)
                cf_text_printf(out, "SystemCallArchitectures=native%s\n",
                               names.data ? names.data : "");
}

int cf_systemd_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        const struct cf_systemd_machine *machine = cf_systemd_machine_of(writing->arches[0]);
        uint32_t *answers = cf_arena_many(writing->arena, cf_systemd_call_count(), uint32_t);
        struct cf_profile_entries entries;
        uint32_t value;
        if (!answers)
                return cf_convert_no_memory(err);
        if (!machine)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "what systemd does on %s is not known here",
                                    writing->arches[0]->name);
        if (cf_policy_is_constant(writing->all, writing->policy, &value) && value == CF_ALLOW)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "this refuses nothing on any architecture: in a unit that is "
                                    "no SystemCallFilter= at all");
        int r = cf_convert_entries(writing, "systemd", writing->arena, &entries, err);
        if (r == 0)
                r = find_answers(writing, &entries, answers, err);
        if (r < 0)
                return r;
        cf_text_puts(out, "[Service]\n");
        put_arches(writing, machine, out);
        return put_lists(&entries, answers, out, err);
}
