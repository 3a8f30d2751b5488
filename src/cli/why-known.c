/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a message's reason, as text and as JSON. */
#include "cli/why-message.h"

static const char *const certainties[] = {"sure", "likely", "perhaps"};

/* ---- as text ----------------------------------------------------------------------------------
 */

static void put_field(struct cf_text *out, const char *key, struct cf_span value)
{
        cf_text_printf(out, "  %s: ", key);
        cf_text_add_visible(out, value);
        cf_text_putc(out, '\n');
}

static void put_head(struct cf_text *out, const struct cf_why_known *known)
{
        static const char *const phrases[] = {
                [CF_HIT_SURE] = "this is its message",
                [CF_HIT_LIKELY] = "likely: its message is",
                [CF_HIT_PERHAPS] = "perhaps: its message is",
        };
        const struct cf_reason_hit *hit = known->hit;
        cf_text_printf(out, "%s (%s): ", known->reason->name, known->reason->id);
        if (!hit->message.size) {
                cf_text_puts(out,
                             "perhaps: it is known of this program; the message tells nothing");
        } else {
                cf_text_puts(out, phrases[hit->certainty]);
                if (hit->certainty != CF_HIT_SURE) {
                        cf_text_puts(out, " \"");
                        cf_text_add(out, hit->message);
                        cf_text_puts(out, "\"");
                }
        }
        cf_text_putc(out, '\n');
}

static void put_answers(struct cf_text *out, const struct cf_why_asked *asked)
{
        if (asked->count == 0)
                cf_text_puts(out, "there is no such call on this machine");
        for (size_t i = 0; i < asked->count; i++) {
                cf_text_puts(out, i ? " or " : "");
                cf_say_value(out, asked->answers[i]);
        }
        cf_text_puts(out, asked->count > 1 ? ", by its arguments" : "");
}

static void put_calls(struct cf_why_message *m, const struct cf_why_known *known)
{
        struct cf_text *out = &m->why->job.out;
        cf_text_puts(out, "  what: ");
        cf_text_add_visible(out, cf_span_of(m->why->input.name));
        cf_profile_say_as(out, &m->why->input);
        cf_text_puts(out, " answers\n");
        for (size_t i = 0; i < known->call_count; i++) {
                cf_text_puts(out, "    ");
                cf_text_add_visible(out, known->calls[i].rule->text);
                cf_text_puts(out, ": ");
                put_answers(out, &known->calls[i]);
                cf_text_putc(out, '\n');
        }
}

/* "Docker 20.10.24, kernel 6.18" */
static void put_versions(struct cf_text *out, const struct cf_why_message *m)
{
        if (m->version) {
                cf_text_printf(out, "%s ", m->engine);
                cf_text_add_visible(out, cf_span_of(m->version));
        } else {
                cf_text_puts(out, "no engine was asked");
        }
        cf_text_puts(out, ", kernel ");
        cf_text_add_visible(out, cf_span_of(m->kernel));
}

static int put_need(struct cf_why_message *m, const struct cf_why_known *known)
{
        static const char *const needs[] = {
                [CF_NEED_NOTHING] = "",
                [CF_NEED_CAPABILITY] = "a capability",
                [CF_NEED_ARGUMENT_RULE] = "a rule for these calls",
                [CF_NEED_CALL] = "",
        };
        struct cf_text *out = &m->why->job.out;
        const struct cf_reason *reason = known->reason;
        const char *sentence = cf_reason_sentence(m->why->job.arena, reason, m->version, m->kernel);
        if (!sentence)
                return -ENOMEM;
        cf_text_puts(out, "  still needed: ");
        if (known->state == CF_WHY_NOT_NEEDED && reason->need == CF_NEED_NOTHING) {
                cf_text_puts(out, "no: ");
                cf_text_puts(out, sentence);
        } else if (known->state == CF_WHY_NOT_NEEDED) {
                cf_text_puts(out, "no: the profile lets all of it through");
        } else if (known->state == CF_WHY_NEEDED_UNTIL) {
                cf_text_puts(out, "until an update: ");
                cf_text_puts(out, sentence);
        } else {
                cf_text_puts(out, "yes");
                if (needs[reason->need][0] && !known->capability_opens && reason->capabilities[0] &&
                    !reason->rules[0])
                        cf_text_puts(out, ", a rule: this profile does not know the capability");
                else if (needs[reason->need][0])
                        cf_text_printf(out, ", %s", needs[reason->need]);
        }
        cf_text_puts(out, " (");
        put_versions(out, m);
        cf_text_puts(out, ")\n");
        return 0;
}

/* An earlier hit whose calls and rules are the same: they are not said twice. */
static const struct cf_reason *find_same(const struct cf_why_message *m,
                                         const struct cf_why_known *known)
{
        for (const struct cf_reason_hit *hit = m->hits; hit < known->hit; hit++)
                if (strcmp(hit->reason->calls, known->reason->calls) == 0 &&
                    strcmp(hit->reason->rules, known->reason->rules) == 0 &&
                    hit->reason->need == known->reason->need)
                        return hit->reason;
        return NULL;
}

static int put_text(struct cf_why_message *m, const struct cf_why_known *known)
{
        struct cf_text *out = &m->why->job.out;
        const struct cf_reason *reason = known->reason, *same = find_same(m, known);
        if (out->size)
                cf_text_putc(out, '\n');
        put_head(out, known);
        if (known->hit->seen.size)
                put_field(out, "seen", known->hit->seen);
        put_field(out, "who", cf_span_of(reason->program));
        int r = 0;
        if (same) {
                cf_text_printf(out, "  what: the calls and rules of %s\n", same->id);
        } else {
                put_calls(m, known);
                r = put_need(m, known);
        }
        put_field(out, "remedy", cf_span_of(reason->remedy));
        for (size_t i = 0; !same && i < known->commands.count; i++)
                put_field(out, "  type", cf_span_of(known->commands.items[i]));
        if (!same)
                cf_why_put_dangers(out, "    ", &known->dangers);
        put_field(out, "source", cf_span_of(reason->evidence));
        return r;
}

/* ---- as JSON ----------------------------------------------------------------------------------
 */

static void put_string(struct cf_json_writer *json, const char *key, const char *text)
{
        cf_json_key(json, key);
        cf_json_put_string(json, text);
}

static void put_span(struct cf_json_writer *json, const char *key, struct cf_span text)
{
        cf_json_key(json, key);
        if (text.size)
                cf_json_put_span(json, text);
        else
                cf_json_put_null(json);
}

static void put_json_calls(struct cf_json_writer *json, const struct cf_why_known *known)
{
        cf_json_key(json, "calls");
        cf_json_open(json, '[');
        for (size_t i = 0; i < known->call_count; i++) {
                const struct cf_why_asked *asked = &known->calls[i];
                cf_json_open(json, '{');
                put_span(json, "rule", asked->rule->text);
                cf_json_key(json, "refused");
                cf_json_put_bool(json, asked->refused);
                cf_json_key(json, "answers");
                cf_json_open(json, '[');
                for (size_t k = 0; k < asked->count; k++) {
                        CF_TEXT struct cf_text answer = {0};
                        cf_action_print(&answer, asked->answers[k]);
                        cf_json_put_string(json, answer.data);
                }
                cf_json_close(json, ']');
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static int put_json(struct cf_why_message *m, const struct cf_why_known *known)
{
        static const char *const needs[] = {
                [CF_NEED_NOTHING] = "nothing",
                [CF_NEED_CAPABILITY] = "capability",
                [CF_NEED_ARGUMENT_RULE] = "argument-rule",
                [CF_NEED_CALL] = "call",
        };
        static const char *const states[] = {
                [CF_WHY_NOT_NEEDED] = "no",
                [CF_WHY_NEEDED] = "yes",
                [CF_WHY_NEEDED_UNTIL] = "until-update",
        };
        struct cf_json_writer *json = &m->why->json;
        const struct cf_reason *reason = known->reason;
        const char *note = cf_reason_sentence(m->why->job.arena, reason, m->version, m->kernel);
        if (!note)
                return -ENOMEM;
        cf_json_open(json, '{');
        put_string(json, "id", reason->id);
        put_string(json, "name", reason->name);
        put_string(json, "certainty", certainties[known->hit->certainty]);
        cf_json_key(json, "share");
        cf_json_put_uint(json, known->hit->share);
        cf_json_key(json, "ofProgram");
        cf_json_put_bool(json, known->hit->of_program);
        put_span(json, "message", known->hit->message);
        put_span(json, "seen", known->hit->seen);
        put_string(json, "program", reason->program);
        put_json_calls(json, known);
        put_string(json, "need", needs[reason->need]);
        put_string(json, "stillNeeded", states[known->state]);
        put_string(json, "note", note);
        put_string(json, "remedy", reason->remedy);
        cf_json_key(json, "commands");
        cf_json_open(json, '[');
        for (size_t i = 0; i < known->commands.count; i++)
                cf_json_put_string(json, known->commands.items[i]);
        cf_json_close(json, ']');
        cf_why_json_dangers(json, &known->dangers);
        put_string(json, "evidence", reason->evidence);
        cf_json_close(json, '}');
        return 0;
}

int cf_why_say_known(struct cf_why_message *message, const struct cf_why_known *known)
{
        return message->why->job.json ? put_json(message, known) : put_text(message, known);
}
