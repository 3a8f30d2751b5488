/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that wait, one after the other: who decides about them, and what may be decided. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/why-step.h"

#define TOLD_EACH 3u                       /* of a kind; then those at 10, 100, … */
#define ADDRESS_LEAST 4096u                /* nothing is mapped below */
#define ADDRESS_BEHIND ((uint64_t)1 << 56) /* nor from here on */
#define USER_NAMESPACE "user:[4026531837]" /* the first one: linux/proc_ns.h */

/* ---- what can be decided -----------------------------------------------------------------------
 */

/* An argument that is, or may be, an address of memory. */
static const char *find_pointer(const struct cf_stepping_held *held)
{
        const struct cf_syscall *known = held->known;
        if (!known || known->argument_count < 0)
                return "an argument";
        for (unsigned arg = 0; (int)arg < known->argument_count; arg++) {
                uint64_t value = held->call.args[arg];
                enum cf_argument_kind kind = known->arguments[arg].kind;
                if (held->arch->bits == 32)
                        value &= UINT32_MAX;
                bool mapped = value >= ADDRESS_LEAST && value < ADDRESS_BEHIND;
                if (kind == CF_ARGUMENT_PTR
                            ? value != 0
                            : mapped && !cf_argument_constant(known, arg, 0, NULL) &&
                                      (kind == CF_ARGUMENT_LONG || kind == CF_ARGUMENT_ULONG))
                        return known->arguments[arg].name;
        }
        return NULL;
}

/* What the caller has, as /proc tells. */
static void look_at_caller(struct cf_stepping *step, pid_t tid, struct cf_caller *caller)
{
        char path[64], line[256], name[64];
        *caller = step->why->caller;
        snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
        CF_FCLOSE FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, "CapEff:", 7) == 0)
                        caller->capabilities = strtoull(line + 7, NULL, 16);
        snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
        ssize_t size = readlink(path, name, sizeof(name) - 1);
        caller->initial =
                size > 0 && cf_span_is((struct cf_span){name, (size_t)size}, USER_NAMESPACE);
}

/* The rule of "--allow 'RULE'" or "--allow NAME", as the ways have it. */
static struct cf_stepping_rule *rule_of(struct cf_stepping *step, const char *option,
                                        struct cf_error *err)
{
        struct cf_arena *arena = step->why->job.arena;
        struct cf_span text = cf_span_of(option + strlen("--allow "));
        const struct cf_call_rule *rules;
        size_t count;
        if (text.size && text.data[0] == '\'')
                text = cf_span_part(text, 1, text.size - 2);
        struct cf_stepping_rule *row = cf_arena_one(arena, struct cf_stepping_rule);
        if (!row)
                return NULL;
        if (cf_call_rules_read(arena, "--allow", text, &rules, &count, err) < 0)
                return NULL;
        *row = (struct cf_stepping_rule){
                .act = CF_STEPPING_ALLOW,
                .rule = rules[0],
                .when = cf_call_rule_condition(step->why->job.all, &rules[0], CF_ALLOW),
        };
        return row;
}

static bool fits(const struct cf_stepping *step, const struct cf_stepping_rule *row,
                 const struct cf_call *call, const struct cf_syscall *known)
{
        if (row->all)
                return true;
        return known && row->rule.call == known && row->when != CF_POLICY_NONE &&
               cf_policy_value(step->why->job.all, row->when, call) != 0;
}

/* Whether the profile that results may say it: it lets nothing through that was decided otherwise
 * (or is to be asked about, unless that is what happens), and knows the architecture. */
static bool can_be_said(const struct cf_stepping *step, const struct cf_stepping_held *held,
                        const struct cf_stepping_rule *row, bool asked)
{
        const struct cf_profile_input *input = &step->why->input;
        bool covered = false;
        for (size_t i = 0; i < input->arch_count; i++)
                covered |= input->arches[i] == held->arch;
        for (size_t i = 0; i < step->rules.rows.count; i++) {
                const struct cf_stepping_rule *other = step->rules.rows.items[i];
                if (other->act != CF_STEPPING_ALLOW && other->act != CF_STEPPING_ONCE &&
                    !(other->act == CF_STEPPING_ASK && asked) &&
                    cf_stepping_overlap(step->why->job.all, other, row))
                        return false;
        }
        return covered && fits(step, row, &held->call, held->known);
}

/* Finds out what can be decided of a call. `asked`: by a key. 0 or negative. */
static int look(struct cf_stepping *step, struct cf_stepping_held *held, bool asked,
                struct cf_error *err)
{
        struct cf_why *why = step->why;
        struct cf_way ways[CF_WAYS_MAX];
        struct cf_caller caller;
        size_t count;
        held->pointer = find_pointer(held);
        held->least = held->whole = NULL;
        look_at_caller(step, held->kernel.tid, &caller);
        cf_explain_cause(why->job.all, why->input.policy, &held->call, NULL, 0, &caller,
                         &held->cause);
        int r = cf_explain_ways(why->job.all, why->job.arena, &held->call, &held->cause, NULL,
                                &why->job.circumstances, CF_CAPABILITIES_ALL, ways, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                bool whole = ways[i].kind == CF_WAY_CALL;
                if (!whole && ways[i].kind != CF_WAY_ARGUMENTS)
                        continue;
                struct cf_stepping_rule *row = rule_of(step, ways[i].option, err);
                if (row && can_be_said(step, held, row, asked))
                        *(whole ? &held->whole : &held->least) = row;
        }
        if (!held->least)
                held->least = held->whole;
        return r;
}

/* ---- what was decided --------------------------------------------------------------------------
 */

/* How many of its kind there are by now; 0: not known. */
static size_t count_kind(struct cf_stepping *step, const struct cf_stepping_held *held,
                         enum cf_stepping_act act, enum cf_stepping_by by, unsigned line)
{
        struct cf_arena *arena = step->why->job.arena;
        CF_TEXT struct cf_text key = {0};
        struct cf_why_failure failure = {.call = held->call};
        /* Addresses differ from run to run and say nothing. */
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                failure.known[arg] = held->known && (int)arg < held->known->argument_count &&
                                     (held->known->arguments[arg].kind != CF_ARGUMENT_PTR ||
                                      held->call.args[arg] == 0);
        cf_text_printf(&key, "%x:%d:%d:%u:%x ", held->value, act, by, line, held->call.nr);
        cf_explain_call(&key, &held->call, failure.known);
        struct cf_stepping_kind *kind = cf_map_get(step->kinds, cf_text_span(&key));
        if (kind)
                return ++kind->count;
        kind = step->order.count < CF_STEPPING_KINDS_MAX
                       ? cf_arena_one(arena, struct cf_stepping_kind)
                       : NULL;
        char *kept = kind ? cf_arena_copy(arena, cf_text_span(&key)) : NULL;
        if (!kept || cf_vec_push(arena, &step->order, kind) < 0) {
                step->more_kinds++;
                return 0;
        }
        *kind = (struct cf_stepping_kind){failure, held->value, act, by, line, 1};
        (void)cf_map_put(step->kinds, cf_span_of(kept), kind); /* else it is listed twice */
        return 1;
}

/* The first few, and then those at 10, 100, 1000, … */
static bool is_to_be_told(size_t count)
{
        while (count >= 10 && count % 10 == 0)
                count /= 10;
        return count <= TOLD_EACH;
}

/* What the profile answers. What is meant for a tracer or a listener finds none: ENOSYS. */
static struct cf_kernel_answer as_profile(uint32_t value)
{
        uint32_t action = value & CF_ACTION_MASK;
        struct cf_kernel_answer answer = {.error = cf_action_data(value)};
        answer.kill = action == CF_KILL_PROCESS || action == CF_KILL_THREAD;
        if (action == CF_TRACE || action == CF_USER_NOTIF)
                answer.error = ENOSYS;
        return answer;
}

/* Decided: told and counted. The answer. */
static struct cf_kernel_answer settle(struct cf_stepping *step, const struct cf_stepping_held *held,
                                      enum cf_stepping_act act, enum cf_stepping_by by,
                                      struct cf_stepping_rule *rule, const char *note)
{
        unsigned line = by == CF_STEPPING_BY_LINE && rule ? rule->line : 0;
        if (rule)
                rule->met++;
        step->undecided += by == CF_STEPPING_BY_NOBODY;
        size_t count = count_kind(step, held, act, by, line);
        if (by == CF_STEPPING_BY_KEY || is_to_be_told(count))
                cf_stepping_told(step, held, act, by, rule, count, note);
        if (act == CF_STEPPING_ALLOW || act == CF_STEPPING_ONCE)
                return (struct cf_kernel_answer){.run = true};
        return act == CF_STEPPING_KILL ? (struct cf_kernel_answer){.kill = true}
                                       : as_profile(held->value);
}

/* "allow *": the least rule for it joins the others. */
static struct cf_kernel_answer allow_any(struct cf_stepping *step, struct cf_stepping_held *held,
                                         struct cf_stepping_rule *row)
{
        struct cf_error err = {0};
        if (look(step, held, false, &err) < 0 || !held->least)
                return settle(step, held, CF_STEPPING_REFUSE, CF_STEPPING_BY_NOBODY, NULL,
                              "no rule of a profile can allow just this");
        struct cf_stepping_rule *least = held->least;
        least->line = row->line;
        if (cf_vec_push(step->why->job.arena, &step->rules.rows, least) < 0)
                return settle(step, held, CF_STEPPING_REFUSE, CF_STEPPING_BY_NOBODY, NULL,
                              "not enough memory");
        row->met++;
        return settle(step, held, CF_STEPPING_ALLOW, CF_STEPPING_BY_LINE, least, NULL);
}

static struct cf_kernel_answer by_rule(struct cf_stepping *step, struct cf_stepping_held *held,
                                       struct cf_stepping_rule *row)
{
        enum cf_stepping_by by = row->line ? CF_STEPPING_BY_LINE : CF_STEPPING_BY_KEY;
        if (row->act == CF_STEPPING_ALLOW && row->all)
                return allow_any(step, held, row);
        if (row->act == CF_STEPPING_ONCE && (held->pointer = find_pointer(held)) != NULL)
                return settle(step, held, CF_STEPPING_REFUSE, CF_STEPPING_BY_NOBODY, NULL,
                              "once it cannot be allowed: an argument may be a pointer");
        return settle(step, held, row->act, by, row, NULL);
}

/* A rule that was made by a key. */
static struct cf_stepping_rule *find_made(const struct cf_stepping *step,
                                          const struct cf_stepping_held *held)
{
        for (size_t i = 0; i < step->rules.rows.count; i++) {
                struct cf_stepping_rule *row = step->rules.rows.items[i];
                if (!row->line && fits(step, row, &held->call, held->known))
                        return row;
        }
        return NULL;
}

/* The rule that decides. What was answered goes before what is to be asked, and "*" comes last. */
static struct cf_stepping_rule *find_rule(const struct cf_stepping *step,
                                          const struct cf_stepping_held *held)
{
        struct cf_stepping_rule *all = NULL, *made;
        for (size_t i = 0; i < step->rules.rows.count; i++) {
                struct cf_stepping_rule *row = step->rules.rows.items[i];
                if (row->all)
                        all = row;
                else if (fits(step, row, &held->call, held->known))
                        return row->act == CF_STEPPING_ASK && (made = find_made(step, held)) ? made
                                                                                             : row;
        }
        return all;
}

static struct cf_stepping_held make_held(const struct cf_stepping *step,
                                         const struct cf_kernel_call *kernel)
{
        const struct cf_why *why = step->why;
        struct cf_stepping_held held = {.kernel = *kernel};
        held.call.nr = (uint32_t)kernel->data.nr;
        held.call.arch = kernel->data.arch;
        held.call.ip = kernel->data.instruction_pointer;
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                held.call.args[i] = kernel->data.args[i];
        held.arch = cf_arch_of_call(held.call.arch, held.call.nr);
        held.known = held.arch ? cf_syscall_by_number(held.arch, held.call.nr) : NULL;
        held.value = cf_action_normal(cf_policy_value(why->job.all, why->input.policy, &held.call));
        return held;
}

/* Its answer, if nobody is to be asked: true. */
static bool decide(struct cf_stepping *step, struct cf_stepping_held *held,
                   struct cf_kernel_answer *ret_answer)
{
        struct cf_stepping_rule *row = find_rule(step, held);
        if (row && row->act != CF_STEPPING_ASK)
                *ret_answer = by_rule(step, held, row);
        else if (!step->asks || step->quit)
                *ret_answer =
                        settle(step, held, CF_STEPPING_REFUSE, CF_STEPPING_BY_NOBODY, NULL, NULL);
        else
                return false;
        return true;
}

static void forget(struct cf_stepping *step, size_t at)
{
        memmove(step->held.items + at, step->held.items + at + 1,
                (step->held.count - at - 1) * sizeof(*step->held.items));
        step->held.count--;
        if (at == 0)
                step->shown = false;
}

/* Calls whose callers are gone. */
static void drop_gone(struct cf_stepping *step)
{
        for (size_t i = 0; i < step->held.count;) {
                struct cf_stepping_held *held = step->held.items[i];
                if (cf_kernel_call_waits(&held->kernel)) {
                        i++;
                        continue;
                }
                cf_kernel_call_answer(&held->kernel, (struct cf_kernel_answer){0});
                step->dropped++;
                if (i == 0 && step->shown) {
                        cf_text_puts(&step->line, "\nconfined: its caller is gone\n");
                        cf_stepping_put(step);
                }
                forget(step, i);
        }
}

/* Decides what is decided by now of those that wait. */
static void decide_waiting(struct cf_stepping *step)
{
        for (size_t i = 0; i < step->held.count;) {
                struct cf_stepping_held *held = step->held.items[i];
                struct cf_kernel_answer answer;
                if (!decide(step, held, &answer)) {
                        i++;
                        continue;
                }
                cf_kernel_call_answer(&held->kernel, answer);
                forget(step, i);
        }
}

/* ---- keys --------------------------------------------------------------------------------------
 */

static bool by_key(struct cf_stepping *step, struct cf_stepping_held *held,
                   enum cf_stepping_act act, struct cf_stepping_rule *rule)
{
        cf_kernel_call_answer(&held->kernel,
                              settle(step, held, act, CF_STEPPING_BY_KEY, rule, NULL));
        forget(step, 0);
        return true;
}

/* Says why a key does nothing, and asks again. */
CF_PRINTF(2, 3)
static bool not_so(struct cf_stepping *step, const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        va_list list;
        va_start(list, format);
        vsnprintf(message, sizeof(message), format, list);
        va_end(list);
        cf_text_printf(&step->line, "\nconfined: %s\n", message);
        cf_stepping_put(step);
        step->shown = false;
        return false;
}

/* A rule that holds from now on. */
static bool by_new_rule(struct cf_stepping *step, struct cf_stepping_held *held,
                        enum cf_stepping_act act, struct cf_stepping_rule *rule)
{
        if (rule)
                rule->act = act;
        if (!rule || cf_vec_push(step->why->job.arena, &step->rules.rows, rule) < 0)
                return not_so(step, "no rule can say that: the call has no name, or its "
                                    "architecture is not in the profile, or the rule would decide "
                                    "what was decided otherwise");
        return by_key(step, held, act, rule);
}

/* True: the call was decided. */
static bool take_key(struct cf_stepping *step, struct cf_stepping_held *held, int key)
{
        switch (key) {
        case 'y':
                if (!held->pointer)
                        return by_key(step, held, CF_STEPPING_ONCE, NULL);
                return not_so(step,
                              "not once: '%s' may point to memory, which another thread can change "
                              "before the kernel reads it; decide about the call as a whole: a, A, "
                              "n or N",
                              held->pointer);
        case 'a':
                return by_new_rule(step, held, CF_STEPPING_ALLOW, held->least);
        case 'A':
                return by_new_rule(step, held, CF_STEPPING_ALLOW, held->whole);
        case 'n':
                return by_key(step, held, CF_STEPPING_REFUSE, NULL);
        case 'N':
                return by_new_rule(step, held, CF_STEPPING_REFUSE, held->least);
        case 'k':
                return by_key(step, held, CF_STEPPING_KILL, NULL);
        case 'q':
        case -1:
                step->quit = true;
                cf_text_puts(&step->line, key == 'q'
                                                  ? "\nconfined: nothing more is asked\n"
                                                  : "\nconfined: nobody answers any more: nothing "
                                                    "more is asked\n");
                cf_stepping_put(step);
                return true;
        default:
                cf_stepping_help(step, held);
                step->shown = false;
                return false;
        }
}

void cf_stepping_attend(void *context, bool readable)
{
        struct cf_stepping *step = context;
        struct cf_error err = {0};
        drop_gone(step);
        if (readable && step->shown && step->held.count) {
                struct cf_stepping_held *held = step->held.items[0];
                int key = cf_stepping_desk_key(step);
                if (key && take_key(step, held, key))
                        decide_waiting(step);
        }
        if (step->held.count && !step->shown && cf_stepping_desk_take(step)) {
                struct cf_stepping_held *held = step->held.items[0];
                if (look(step, held, true, &err) < 0)
                        held->least = held->whole = NULL;
                cf_stepping_ask(step, held);
                step->shown = true;
        }
        if (!step->held.count)
                cf_stepping_desk_give(step);
}

/* Refused, so that what it is to end or stop can see the signal. */
void cf_stepping_interrupted(void *context, int signal)
{
        struct cf_stepping *step = context;
        if (signal == SIGTSTP) {
                cf_stepping_desk_give(step);
                kill(getpid(), SIGSTOP);
                step->shown = false;
                return;
        }
        drop_gone(step);
        while (step->held.count) {
                struct cf_stepping_held *held = step->held.items[0];
                cf_kernel_call_answer(&held->kernel, settle(step, held, CF_STEPPING_REFUSE,
                                                            CF_STEPPING_BY_SIGNAL, NULL, NULL));
                forget(step, 0);
        }
        cf_stepping_desk_give(step);
}

struct cf_kernel_answer cf_stepping_called(void *context, const struct cf_kernel_call *call)
{
        struct cf_stepping *step = context;
        struct cf_stepping_held held = make_held(step, call);
        struct cf_kernel_answer answer;
        step->calls++;
        if (decide(step, &held, &answer))
                return answer;
        struct cf_stepping_held *kept = cf_arena_one(step->why->job.arena, struct cf_stepping_held);
        if (!kept || cf_vec_push(step->why->job.arena, &step->held, kept) < 0)
                return settle(step, &held, CF_STEPPING_REFUSE, CF_STEPPING_BY_NOBODY, NULL,
                              "not enough memory to hold it");
        *kept = held;
        return (struct cf_kernel_answer){.hold = true};
}
