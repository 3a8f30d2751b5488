/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --message TEXT: what a pasted error message is known to be of, and the calls in it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/engines.h"
#include "cli/why-message.h"

#define ENGINE_TIMEOUT_MS 2000u /* an engine that does not answer is not waited for longer */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- the engine and its profile ---------------------------------------------------------------
 */

static void no_trouble(const struct cf_error *err, void *context)
{
        (void)err;
        (void)context;
}

/* The first engine that answers. None is no error: the newest counts. */
static void ask_engine(struct cf_why_message *m)
{
        static const char *const none[] = {"-"}; /* no container is called so: ask for none */
        struct cf_arena *arena = m->why->job.arena;
        const struct cf_engine_options options = {
                .timeout_ms = ENGINE_TIMEOUT_MS, .only = none, .only_count = 1};
        struct cf_engine_host *hosts;
        struct cf_error ignored = {0};
        size_t count = 0;
        if (cf_engine_hosts(arena, &hosts, &count, no_trouble, NULL, &ignored) < 0)
                return;
        for (size_t i = 0; i < count; i++) {
                struct cf_engine_answer answer;
                if (cf_engine_ask(arena, &hosts[i], &options, &answer, no_trouble, NULL, &ignored) <
                            0 ||
                    !answer.engine.version)
                        continue;
                m->engine = answer.engine.name;
                m->version = answer.engine.version;
                if (!m->kernel)
                        m->kernel = answer.engine.kernel;
                return;
        }
}

static const char *running_kernel(struct cf_why_message *m)
{
        const struct cf_circumstances *c = &m->why->job.circumstances;
        return cf_arena_printf(m->why->job.arena, "%u.%u", c->kernel_major, c->kernel_minor);
}

/* "docker-20.10.24": the profile by the engine's own version, not by the first that had it. */
static const char *name_of_version(struct cf_why_message *m, const struct cf_profile_default *known)
{
        size_t engine = strcspn(known->name, "-"), size = strspn(m->version, "0123456789.");
        const char *name = cf_arena_printf(m->why->job.arena, "%.*s-%.*s", (int)engine, known->name,
                                           (int)size, m->version);
        return name && cf_profile_default(name) == known ? name : known->name;
}

/* The profile that --profile names, else the engine's own in its version. */
static int choose_profile(struct cf_why_message *m)
{
        struct cf_profile_job *job = &m->why->job;
        const char *name = cf_given_value(job->invocation, "profile");
        m->version = cf_given_value(job->invocation, "engine-version");
        m->kernel = cf_given_value(job->invocation, "kernel");
        if (m->version)
                m->engine = "Docker";
        else
                ask_engine(m);
        if (!m->kernel)
                m->kernel = running_kernel(m);
        const struct cf_profile_default *known =
                m->version ? cf_profile_default_of(m->engine, m->version, NULL) : NULL;
        if (m->version && !known && cf_given(job->invocation, "engine-version"))
                return cf_error_set(m->err, -EINVAL, NULL,
                                    "--engine-version: no default profile of Docker '%s' is known; "
                                    "confined profile default --list shows those that are",
                                    m->version);
        if (!name)
                name = known ? name_of_version(m, known) : "docker";
        if (!name)
                return no_memory(m->err);
        if (!cf_given(job->invocation, "as"))
                job->as = CF_PROFILE_LOADED;
        int r = cf_profile_job_input(job, name, &m->why->input, m->err);
        if (r == -ENOTSUP && job->as == CF_PROFILE_LOADED) {
                job->as = CF_PROFILE_WRITTEN;
                r = cf_profile_job_input(job, name, &m->why->input, m->err);
        }
        m->why->caller = (struct cf_caller){
                .capabilities = job->circumstances.capabilities,
                .initial = true,
                .setting = cf_why_setting,
        };
        return r;
}

/* ---- what is known of a reason here -----------------------------------------------------------
 */

/* What a policy answers to the calls that a rule is about. */
static int ask_policy(struct cf_why_message *m, cf_policy policy, struct cf_why_asked *asked)
{
        struct cf_policies *all = m->why->job.all;
        const struct cf_arch *arch = m->why->job.circumstances.machine;
        const uint32_t elsewhere = CF_ALLOW + 1; /* no filter answers so, once it is normalised */
        uint32_t nr, *values;
        size_t count;
        asked->count = 0;
        asked->refused = false;
        if (!cf_syscall_number(arch, asked->rule->call->name, &nr))
                return 0;
        cf_policy answers =
                cf_policy_choose(all, cf_call_rule_condition(all, asked->rule, CF_ALLOW),
                                 cf_policy_of_call(all, policy, arch->token, nr),
                                 cf_policy_constant(all, elsewhere));
        int r = cf_policy_values(all, answers, m->why->job.arena, &values, &count, m->err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (values[i] == elsewhere)
                        continue;
                asked->refused |= cf_action_rank(values[i]) < cf_action_rank(CF_LOG);
                if (asked->count < CF_WHY_ANSWERS_MAX)
                        asked->answers[asked->count++] = values[i];
        }
        return r;
}

static int ask_calls(struct cf_why_message *m, struct cf_why_known *found)
{
        const struct cf_call_rule *rules;
        struct cf_arena *arena = m->why->job.arena;
        int r = cf_call_rules_read(arena, found->reason->id, cf_span_of(found->reason->calls),
                                   &rules, &found->call_count, m->err);
        if (r < 0)
                return r;
        found->calls = cf_arena_many(arena, found->call_count, struct cf_why_asked);
        if (!found->calls)
                return no_memory(m->err);
        for (size_t i = 0; r == 0 && i < found->call_count; i++) {
                found->calls[i].rule = &rules[i];
                r = ask_policy(m, m->why->input.policy, &found->calls[i]);
        }
        return r;
}

static uint64_t capabilities_of(const struct cf_reason *reason)
{
        struct cf_span rest = cf_span_of(reason->capabilities);
        uint64_t set = 0;
        while (rest.size) {
                char name[64] = "CAP_";
                size_t end = cf_span_find_byte(rest, ' ');
                struct cf_span word = cf_span_part(rest, 0, end);
                unsigned number;
                snprintf(name + 4, sizeof(name) - 4, "%.*s", (int)word.size, word.data);
                if (cf_capability_number(cf_span_of(name), &number))
                        set |= UINT64_C(1) << number;
                rest = end == SIZE_MAX ? (struct cf_span){0}
                                       : cf_span_part(rest, end + 1, SIZE_MAX);
        }
        return set;
}

/* Whether the reason's capabilities are enough under the profile: they may be too new for it. */
static int try_capabilities(struct cf_why_message *m, struct cf_why_known *found)
{
        const struct cf_profile *profile = m->why->input.profile;
        struct cf_circumstances with = m->why->job.circumstances;
        cf_policy policy;
        if (!profile || !found->reason->capabilities[0])
                return 0;
        with.capabilities |= capabilities_of(found->reason);
        int r = cf_profile_policy(m->why->job.all, profile, &with, &policy, m->err);
        /* A call that is a bonus may stay refused; one that is opened is what it is about. */
        for (size_t i = 0; r == 0 && i < found->call_count; i++) {
                struct cf_why_asked asked = {.rule = found->calls[i].rule};
                r = ask_policy(m, policy, &asked);
                found->capability_opens |= found->calls[i].refused && !asked.refused;
        }
        return r;
}

static void judge_state(const struct cf_why_message *m, struct cf_why_known *found)
{
        const struct cf_reason *reason = found->reason;
        bool refused = false;
        for (size_t i = 0; i < found->call_count; i++)
                refused |= found->calls[i].refused;
        if (reason->need != CF_NEED_NOTHING)
                found->state = refused ? CF_WHY_NEEDED : CF_WHY_NOT_NEEDED;
        else if (cf_reason_holds(reason, m->version, m->kernel) < 0)
                found->state = CF_WHY_NEEDED_UNTIL;
}

static int add_command(struct cf_why_message *m, struct cf_why_known *found, const char *command)
{
        if (!command || cf_vec_push(m->why->job.arena, &found->commands, command) < 0)
                return no_memory(m->err);
        return 0;
}

/* "--cap-add BPF --cap-add PERFMON" */
static const char *capability_options(struct cf_arena *arena, const struct cf_reason *reason)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_span rest = cf_span_of(reason->capabilities);
        while (rest.size) {
                size_t end = cf_span_find_byte(rest, ' ');
                cf_text_printf(&text, "%s--cap-add ", text.size ? " " : "");
                cf_text_add(&text, cf_span_part(rest, 0, end));
                rest = end == SIZE_MAX ? (struct cf_span){0}
                                       : cf_span_part(rest, end + 1, SIZE_MAX);
        }
        return text.failed ? NULL : cf_arena_copy(arena, cf_text_span(&text));
}

/* What to type. */
static int add_commands(struct cf_why_message *m, struct cf_why_known *found)
{
        const struct cf_reason *reason = found->reason;
        struct cf_arena *arena = m->why->job.arena;
        const char *base = m->why->input.base;
        bool rules = reason->rules[0] != '\0';
        if (found->state != CF_WHY_NEEDED)
                return found->state == CF_WHY_NOT_NEEDED
                               ? add_command(m, found, "remove --security-opt seccomp=unconfined")
                               : 0;
        int r = 0;
        if (rules)
                r = add_command(m, found,
                                cf_arena_printf(arena,
                                                "confined profile extend %s --for %s -o %s.json",
                                                base, reason->id, reason->id));
        else if (reason->need == CF_NEED_CAPABILITY && !found->capability_opens)
                r = add_command(m, found,
                                cf_arena_printf(arena,
                                                "confined profile extend %s --allow '%s' -o "
                                                "%s.json",
                                                base, reason->calls, reason->id));
        if (r == 0 && found->commands.count)
                r = add_command(m, found,
                                cf_arena_printf(arena,
                                                "docker run --security-opt seccomp=%s.json%s%s",
                                                reason->id, reason->capabilities[0] ? " " : "",
                                                capability_options(arena, reason)));
        else if (r == 0 && reason->capabilities[0])
                r = add_command(
                        m, found,
                        cf_arena_printf(arena, "docker run %s", capability_options(arena, reason)));
        return r;
}

static int find_dangers(struct cf_why_message *m, struct cf_why_known *found)
{
        struct cf_policies *all = m->why->job.all;
        struct cf_span rest = cf_span_of(found->reason->rules);
        if (found->state != CF_WHY_NEEDED)
                return 0;
        for (size_t i = 0; !rest.size && i < found->call_count; i++)
                cf_why_dangers_of_rule(&found->dangers, all, found->calls[i].rule->call,
                                       cf_call_rule_condition(all, found->calls[i].rule, CF_ALLOW));
        while (rest.size) {
                struct cf_profile_addition addition;
                size_t end = cf_span_find_byte(rest, ';');
                int r = cf_profile_addition_read(m->why->job.arena, found->reason->id,
                                                 cf_span_trim(cf_span_part(rest, 0, end)),
                                                 &addition, m->err);
                if (r < 0)
                        return r;
                if (addition.value == CF_ALLOW)
                        cf_why_dangers_of_rule(
                                &found->dangers, all, addition.rule.call,
                                cf_call_rule_condition(all, &addition.rule, CF_ALLOW));
                rest = cf_span_part(rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
        }
        return 0;
}

static int work_out(struct cf_why_message *m, const struct cf_reason_hit *hit,
                    struct cf_why_known *found)
{
        *found = (struct cf_why_known){
                .hit = hit, .reason = hit->reason, .state = CF_WHY_NOT_NEEDED};
        int r = ask_calls(m, found);
        if (r == 0)
                r = try_capabilities(m, found);
        if (r < 0)
                return r;
        judge_state(m, found);
        m->needs += found->state != CF_WHY_NOT_NEEDED && hit->certainty != CF_HIT_PERHAPS;
        r = add_commands(m, found);
        return r == 0 ? find_dangers(m, found) : r;
}

/* ---- the calls that it names ------------------------------------------------------------------
 */

static int say_call(struct cf_why_message *m, const struct cf_told *told)
{
        struct cf_arena *arena = m->why->job.arena;
        const struct cf_logged *logged = &told->logged;
        struct cf_why_failure failure = {
                .call = logged->call,
                .error = logged->error,
                .source = logged->by_filter ? CF_WHY_LOGGED : CF_WHY_TOLD,
                .untold = !logged->error && !logged->by_filter,
                .by_filter = logged->by_filter,
                .count = 1,
                .program = m->program             ? m->program
                           : logged->program.size ? cf_arena_copy(arena, logged->program)
                                                  : NULL,
                .pid = -1,
        };
        memcpy(failure.known, logged->known, sizeof(failure.known));
        return cf_why_say(m->why, &failure, m->err);
}

/* ---- what would tell more -------------------------------------------------------------------- */

static const char *const next_steps[] = {
        "the whole message and the program's name: confined why --message 'TEXT' --program NAME",
        "every failed call: strace -f -o log COMMAND, then confined why --log log",
        "the kernel's own lines of killed processes: dmesg >log, then confined why --log log",
        "what the container's profile refuses: confined prove CONTAINER",
};

static void put_next(struct cf_why_message *m)
{
        struct cf_why *why = m->why;
        bool nothing = m->hit_count == 0 && m->told_count == 0;
        if (why->job.json) {
                cf_json_key(&why->json, "next");
                cf_json_open(&why->json, '[');
                for (size_t i = 0; nothing && i < CF_COUNT(next_steps); i++)
                        cf_json_put_string(&why->json, next_steps[i]);
                cf_json_close(&why->json, ']');
                return;
        }
        if (!nothing)
                return;
        cf_text_puts(&why->job.out,
                     "this message is not known, and it names no call that failed: every program "
                     "says so of any refusal\nwhat would tell:\n");
        for (size_t i = 0; i < CF_COUNT(next_steps); i++)
                cf_text_printf(&why->job.out, "  %s\n", next_steps[i]);
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static void put_key(struct cf_json_writer *json, const char *key, const char *value)
{
        cf_json_key(json, key);
        cf_json_put_string(json, value);
}

static int say_reasons(struct cf_why_message *m)
{
        struct cf_json_writer *json = &m->why->json;
        int r = 0;
        if (m->why->job.json) {
                cf_why_json_open(m->why);
                put_key(json, "engine", m->version ? m->engine : NULL);
                put_key(json, "engineVersion", m->version);
                put_key(json, "kernel", m->kernel);
                cf_json_key(json, "reasons");
                cf_json_open(json, '[');
        }
        for (size_t i = 0; r == 0 && i < m->hit_count; i++) {
                struct cf_why_known known;
                r = work_out(m, &m->hits[i], &known);
                if (r == 0 && known.state == CF_WHY_NEEDED &&
                    known.hit->certainty != CF_HIT_PERHAPS)
                        r = cf_why_write_rules(m->why, known.reason->id, known.reason->rules,
                                               m->err);
                if (r == 0 && cf_why_say_known(m, &known) < 0)
                        r = no_memory(m->err);
        }
        if (m->why->job.json)
                cf_json_close(json, ']');
        return r;
}

/* A reason that is about this call has told of it. */
static bool is_said(const struct cf_why_message *m, const struct cf_told *told)
{
        const struct cf_call *call = &told->logged.call;
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        for (size_t i = 0; known && i < m->hit_count; i++) {
                struct cf_span calls = cf_span_of(m->hits[i].reason->calls);
                size_t at = cf_span_find(calls, cf_span_of(known->name));
                if (m->hits[i].certainty != CF_HIT_PERHAPS && at != SIZE_MAX)
                        return true;
        }
        return false;
}

static int say_calls(struct cf_why_message *m)
{
        struct cf_json_writer *json = &m->why->json;
        int r = 0;
        if (m->why->job.json) {
                cf_json_key(json, "calls");
                cf_json_open(json, '[');
        }
        m->why->all_errors = true; /* what was asked about is answered, whoever it was */
        for (size_t i = 0; r == 0 && i < m->told_count; i++)
                if (m->why->job.json || !is_said(m, &m->told[i]))
                        r = say_call(m, &m->told[i]);
        if (m->why->job.json)
                cf_json_close(json, ']');
        return r;
}

/* The text itself, or with "-" what stands on the standard input. */
static int read_text(struct cf_why_message *m)
{
        const char *given = cf_given_value(m->why->job.invocation, "message");
        struct cf_arena *arena = m->why->job.arena;
        m->text = cf_span_of(given);
        if (strcmp(given, "-") != 0)
                return 0;
        char *text = cf_arena_many(arena, CF_MESSAGE_MAX + 1, char);
        size_t size = 0;
        ssize_t got = 1;
        if (!text)
                return no_memory(m->err);
        while (size <= CF_MESSAGE_MAX && got > 0) {
                got = read(STDIN_FILENO, text + size, CF_MESSAGE_MAX + 1 - size);
                if (got < 0 && errno != EINTR)
                        return cf_error_set(m->err, -errno, NULL,
                                            "cannot read the standard input: %s", strerror(errno));
                size += got > 0 ? (size_t)got : 0;
                got = got < 0 ? 1 : got;
        }
        m->text = (struct cf_span){text, size};
        return 0;
}

int cf_why_message(struct cf_why *why, struct cf_error *err)
{
        struct cf_why_message m = {
                .why = why,
                .program = cf_given_value(why->job.invocation, "program"),
                .err = err,
        };
        int r = read_text(&m);
        if (r == 0)
                r = cf_reason_hits(m.text, m.program, m.hits, &m.hit_count, err);
        if (r == 0)
                r = choose_profile(&m);
        if (r < 0)
                return r;
        m.told_count = cf_explain_message(m.text, why->job.circumstances.machine, m.told);
        /* What is sure comes first. */
        bool calls_first =
                !why->job.json && (!m.hit_count || m.hits[0].certainty == CF_HIT_PERHAPS);
        r = calls_first ? say_calls(&m) : say_reasons(&m);
        if (r == 0)
                r = calls_first ? say_reasons(&m) : say_calls(&m);
        if (r < 0)
                return r;
        put_next(&m);
        struct cf_profile_input base = why->input;
        r = cf_why_write_make(why, &base, err);
        if (why->job.json)
                cf_why_json_close(why);
        else if (r == 0)
                r = cf_why_write_say(why, err);
        if (r == 0)
                r = cf_why_write_file(why, err);
        if (r < 0)
                return r;
        if (m.hit_count == 0 && m.told_count == 0)
                return CF_EXIT_TROUBLE;
        return m.needs || why->refused ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}
