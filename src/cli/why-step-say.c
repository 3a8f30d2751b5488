/* SPDX-License-Identifier: Apache-2.0 */
/* Held calls in words: the question, what the keys mean, what was decided. */
#include <errno.h>
#include <string.h>

#include "cli/run.h"
#include "cli/why-step.h"

#define STRING_MAX 256u /* of a name that is shown; a longer one is shown as a number */
#define DANGERS_SHOWN 3u

/* "sh[4711] mount("proc", "/proc", "proc", 0, NULL)". What pointers point to is of this moment. */
static void put_call(struct cf_text *out, const struct cf_stepping_held *held)
{
        const struct cf_syscall *known = held->known;
        char text[STRING_MAX];
        cf_run_say_caller(out, held->kernel.tid);
        cf_text_putc(out, ' ');
        if (!known || known->argument_count < 0) {
                cf_explain_call(out, &held->call, NULL);
                return;
        }
        if (held->arch != cf_arch_native())
                cf_text_printf(out, "%s:", held->arch->name);
        cf_text_printf(out, "%s(", known->name);
        for (unsigned arg = 0; (int)arg < known->argument_count; arg++) {
                uint64_t value = held->call.args[arg];
                cf_text_puts(out, arg ? ", " : "");
                if (held->kernel.tid && value && cf_run_is_string(known, arg) &&
                    cf_kernel_string(held->kernel.tid, value, text, sizeof(text)) &&
                    cf_kernel_call_waits(&held->kernel)) {
                        cf_text_putc(out, '"');
                        cf_text_add_visible(out, cf_span_of(text));
                        cf_text_putc(out, '"');
                } else {
                        cf_explain_argument(out, held->arch, known, arg, value);
                }
        }
        cf_text_putc(out, ')');
}

/* What the kernel would answer next. */
static void put_behind(struct cf_text *out, const struct cf_cause *cause)
{
        bool surely = cause->unmet_count != 0;
        const struct cf_requirement *const *asked = surely ? cause->unmet : cause->perhaps;
        size_t count = surely ? cause->unmet_count : cause->perhaps_count;
        if (!count)
                return;
        cf_text_puts(out, surely ? "  the kernel would refuse it too: it asks for "
                                 : "  the kernel may ask for ");
        for (size_t i = 0; i < count; i++) {
                cf_text_puts(out, i ? " and " : "");
                cf_explain_requirement(out, asked[i]);
        }
        cf_text_putc(out, '\n');
}

static void put_dangers(struct cf_text *out, const struct cf_stepping_held *held)
{
        struct cf_why_dangers dangers = {0};
        struct cf_why_failure failure = {.call = held->call};
        memset(failure.known, true, sizeof(failure.known));
        cf_why_dangers_of_call(&dangers, held->known, &failure);
        if (dangers.count > DANGERS_SHOWN)
                dangers.count = DANGERS_SHOWN;
        cf_why_put_dangers(out, "  ", &dangers);
}

static void put_rule(struct cf_text *out, const struct cf_stepping_rule *rule)
{
        cf_text_add_visible(out, rule->rule.text);
}

void cf_stepping_ask(struct cf_stepping *step, const struct cf_stepping_held *held)
{
        struct cf_text *out = &step->line;
        cf_text_puts(out, "confined: held: ");
        put_call(out, held);
        cf_text_puts(out, ": ");
        cf_text_add_visible(out, cf_span_of(step->why->input.name));
        cf_text_puts(out, " answers ");
        cf_say_value(out, held->value);
        if (step->held.count > 1)
                cf_text_printf(out, " (%zu more wait)", step->held.count - 1);
        cf_text_putc(out, '\n');
        if (held->known && held->known->fallback && held->value == (CF_ERRNO | ENOSYS))
                cf_text_printf(out, "  nothing to do: %s\n", held->known->fallback);
        put_behind(out, &held->cause);
        put_dangers(out, held);
        if (held->least) {
                cf_text_puts(out, "  a always: ");
                put_rule(out, held->least);
                if (held->whole && held->whole != held->least) {
                        cf_text_puts(out, "   A always: ");
                        put_rule(out, held->whole);
                }
                cf_text_putc(out, '\n');
        }
        if (held->pointer)
                cf_text_printf(out,
                               "  not once: '%s' may point to memory that can change before the "
                               "kernel reads it; what is decided is about the call as a whole\n",
                               held->pointer);
        cf_text_puts(out, "confined: allow");
        cf_text_puts(out, held->pointer ? "" : " y once");
        if (held->least)
                cf_text_puts(out, held->pointer ? " a always" : ", a always");
        cf_text_puts(out, held->pointer && !held->least ? " it: no rule can; refuse n once"
                                                        : "; refuse n once");
        cf_text_puts(out, held->least ? ", N never; k kill, q ask no more, ? help: "
                                      : "; k kill, q ask no more, ? help: ");
        cf_stepping_put(step);
}

void cf_stepping_help(struct cf_stepping *step, const struct cf_stepping_held *held)
{
        struct cf_text *out = &step->line;
        (void)held;
        cf_text_puts(
                out,
                "\n"
                "  y  allow this one call, with exactly these numbers; only where no argument may "
                "be a pointer\n"
                "  a  allow it always, with these arguments: a rule of the profile that results\n"
                "  A  allow the call always, whatever its arguments\n"
                "  n  refuse it, as the profile does\n"
                "  N  refuse it, and never ask about it with these arguments again\n"
                "  k  kill the process\n"
                "  q  ask no more: refuse this and all that is not decided; the command goes on\n");
        cf_stepping_put(step);
}

void cf_stepping_told(struct cf_stepping *step, const struct cf_stepping_held *held,
                      enum cf_stepping_act act, enum cf_stepping_by by,
                      const struct cf_stepping_rule *rule, size_t count, const char *note)
{
        static const char *const words[] = {
                [CF_STEPPING_ASK] = "",
                [CF_STEPPING_ALLOW] = "allowed, always: ",
                [CF_STEPPING_ONCE] = "allowed, once: ",
                [CF_STEPPING_REFUSE] = "refused: ",
                [CF_STEPPING_KILL] = "killed: ",
        };
        struct cf_text *out = &step->line;
        if (step->shown && step->desk)
                cf_text_putc(out, '\n');
        cf_text_printf(out, "confined: %s", words[act]);
        put_call(out, held);
        if (act == CF_STEPPING_REFUSE) {
                cf_text_puts(out, " = ");
                cf_say_value(out, held->value);
        }
        if (by == CF_STEPPING_BY_LINE && rule) {
                cf_text_puts(out, " (");
                cf_text_add_visible(out, cf_span_of(step->policy));
                cf_text_printf(out, ":%u)", rule->line);
        } else if (by == CF_STEPPING_BY_NOBODY && !note) {
                cf_text_puts(out, step->quit     ? " (nothing more is asked)"
                                  : step->policy ? " (no line of the policy decides it)"
                                                 : "");
        } else if (by == CF_STEPPING_BY_SIGNAL) {
                cf_text_puts(out, " (interrupted)");
        }
        if (note)
                cf_text_printf(out, ": %s", note);
        if (count > 1)
                cf_text_printf(out, ", %zu times by now", count);
        cf_text_putc(out, '\n');
        cf_stepping_put(step);
}
