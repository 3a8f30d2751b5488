/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile extend and rebase, and show --base: a profile that is another one with a few
 * calls answered otherwise. */
#include <string.h>

#include "base/errno-name.h"
#include "base/vec.h"
#include "cli/output.h"
#include "cli/profile.h"
#include "judge/judge.h"

/* A profile on which another one stands. */
struct base {
        const char *name; /* as the new profile remembers it */
        struct cf_profile_input input;
};

struct extend {
        struct cf_profile_job *job;
        struct cf_error *err;
        struct base base;
        CF_VEC(struct cf_profile_addition) additions;
        bool *needed;
        struct cf_text text; /* the new profile */
};

static int no_memory(struct extend *x)
{
        return cf_error_set(x->err, -ENOMEM, NULL, "not enough memory");
}

static int read_base(struct extend *x, const char *name, struct base *ret_base)
{
        const struct cf_profile_default *built_in = cf_profile_default(name);
        struct base base = {.name = built_in ? built_in->name : name};
        int r = cf_profile_job_read(x->job, name, &base.input, x->err);
        if (r < 0)
                return r;
        if (!base.input.profile)
                return cf_error_set(x->err, -ENOTSUP, NULL,
                                    "%s: a raw filter has no entries that could be extended", name);
        *ret_base = base;
        return 0;
}

/* ---- what is added --------------------------------------------------------------------------
 */

static int add(struct extend *x, const struct cf_profile_addition *addition)
{
        return cf_vec_push(x->job->arena, &x->additions, *addition) < 0 ? no_memory(x) : 0;
}

static int add_rules(struct extend *x, const char *option, const char *text, uint32_t value)
{
        const struct cf_call_rule *rules;
        size_t count;
        int r = cf_call_rules_read(x->job->arena, option, cf_span_of(text), &rules, &count, x->err);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = add(x, &(struct cf_profile_addition){value, rules[i]});
        return r;
}

static const char *errno_at(size_t i, const void *context)
{
        (void)context;
        while (i < CF_ERRNO_LAST && !strerrorname_np((int)i + 1))
                i++;
        return i < CF_ERRNO_LAST ? strerrorname_np((int)i + 1) : NULL;
}

static int add_errno(struct extend *x, const char *text)
{
        size_t size = strcspn(text, " ");
        struct cf_span name = {text, size};
        unsigned number;
        if (!text[size])
                return cf_error_set(x->err, -EINVAL, NULL,
                                    "--errno needs an error and a rule: --errno ENOSYS clone3");
        if (!cf_errno_by_name(name, &number)) {
                const char *word = cf_arena_copy(x->job->arena, name);
                const char *near = word ? cf_nearest(word, errno_at, NULL) : NULL;
                return cf_error_set(x->err, -EINVAL, NULL, "--errno: there is no error '%s'%s%s%s",
                                    word ? word : "", near ? " (did you mean " : "",
                                    near ? near : "", near ? "?)" : "");
        }
        return add_rules(x, "--errno", text + size, CF_ERRNO | number);
}

static const char *reason_at(size_t i, const void *context)
{
        (void)context;
        return i < cf_reason_count ? cf_reasons[i].id : NULL;
}

static const struct cf_reason *find_reason(const char *name)
{
        for (size_t i = 0; i < cf_reason_count; i++)
                if (strcmp(cf_reasons[i].id, name) == 0)
                        return &cf_reasons[i];
        const struct cf_reason *reason = cf_reason_find(NULL, name);
        return reason ? reason : cf_reason_find(name, NULL);
}

/* The rules that a program is known to need; when it needs none, that is said. */
static int add_reason(struct extend *x, const char *name)
{
        static const char *const phrases[] = {
                [CF_NEED_NOTHING] = "nothing is needed",
                [CF_NEED_CAPABILITY] = "a capability is enough",
                [CF_NEED_ARGUMENT_RULE] = "no rule is known",
                [CF_NEED_CALL] = "no rule helps",
        };
        const struct cf_reason *reason = find_reason(name);
        if (!reason) {
                const char *near = cf_nearest(name, reason_at, NULL);
                return cf_error_set(x->err, -EINVAL, NULL,
                                    "--for: nothing is known of '%s'%s%s%s; give --allow RULE",
                                    name, near ? " (did you mean " : "", near ? near : "",
                                    near ? "?)" : "");
        }
        struct cf_span rest = cf_span_of(reason->rules);
        if (!rest.size)
                fprintf(stderr, "confined: for %s %s%s%s%s%s: %s\n", reason->name,
                        phrases[reason->need], reason->docker[0] ? " since Docker " : "",
                        reason->docker, reason->kernel[0] ? " on kernels from " : "",
                        reason->kernel, reason->remedy);
        while (rest.size) {
                struct cf_profile_addition addition;
                size_t end = cf_span_find_byte(rest, ';');
                int r = cf_profile_addition_read(x->job->arena, reason->id,
                                                 cf_span_trim(cf_span_part(rest, 0, end)),
                                                 &addition, x->err);
                if (r == 0)
                        r = add(x, &addition);
                if (r < 0)
                        return r;
                rest = cf_span_part(rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
        }
        return 0;
}

static int add_options(struct extend *x)
{
        const struct cf_invocation *invocation = x->job->invocation;
        bool any = false;
        int r = 0;
        for (size_t i = 0; r == 0 && i < invocation->given_count; i++) {
                const char *name = invocation->given[i].option->name;
                const char *value = invocation->given[i].value;
                bool is_rule = true;
                if (strcmp(name, "allow") == 0)
                        r = add_rules(x, "--allow", value, CF_ALLOW);
                else if (strcmp(name, "deny") == 0)
                        r = add_rules(x, "--deny", value, CF_ERRNO | EPERM);
                else if (strcmp(name, "errno") == 0)
                        r = add_errno(x, value);
                else if (strcmp(name, "for") == 0)
                        r = add_reason(x, value);
                else
                        is_rule = false;
                any |= is_rule;
        }
        if (r == 0 && !any)
                return cf_error_set(x->err, -EINVAL, NULL,
                                    "'profile extend' needs something to add: --allow RULE, "
                                    "--errno NAME RULE, --deny RULE or --for NAME");
        return r;
}

/* ---- making it ------------------------------------------------------------------------------
 */

static int make(struct extend *x)
{
        x->needed = cf_arena_many(x->job->arena, x->additions.count, bool);
        if (!x->needed)
                return no_memory(x);
        return cf_profile_extend(x->job->all, x->job->arena, x->base.input.profile->source,
                                 x->base.name, x->additions.items, x->additions.count, x->needed,
                                 &x->text, x->err);
}

/* Reads back what was made. */
static int read_made(struct extend *x, struct cf_profile_input *ret_made)
{
        struct cf_profile_input made = {.name = "the new profile", .base = "the new profile"};
        struct cf_source *source;
        int r = cf_source_from(x->job->arena, made.name, cf_text_span(&x->text), &source, x->err);
        if (r == 0)
                r = cf_profile_read(x->job->arena, source, &made.profile, x->err);
        if (r == 0)
                r = cf_profile_job_work_out(x->job, &made, CF_PROFILE_WRITTEN, x->err);
        if (r == 0)
                *ret_made = made;
        return r;
}

/* Warns of additions of which this machine's runtime would make something else. */
static int warn_of_losses(struct extend *x)
{
        struct cf_profile_input made, loaded;
        struct cf_error why = {0};
        int r = read_made(x, &made);
        if (r < 0)
                return r;
        loaded = made;
        if (x->job->circumstances.machine != cf_arch_native() ||
            cf_profile_job_work_out(x->job, &loaded, CF_PROFILE_LOADED, &why) < 0)
                return 0;
        for (size_t i = 0; i < x->additions.count; i++) {
                const struct cf_syscall *call = x->additions.items[i].rule.call;
                const struct cf_arch *arch = x->job->circumstances.machine;
                CF_TEXT struct cf_text words = {0}, want = {0}, have = {0};
                struct cf_call example;
                uint32_t nr;
                if (!cf_syscall_number(arch, call->name, &nr))
                        continue;
                cf_policy a = cf_policy_of_call(x->job->all, made.policy, arch->token, nr);
                cf_policy b = cf_policy_of_call(x->job->all, loaded.policy, arch->token, nr);
                cf_policy differs = cf_policy_where_differs(x->job->all, a, b);
                r = cf_policies_check(x->job->all, differs, x->err);
                if (r < 0)
                        return r;
                if (!cf_policy_find(x->job->all, differs, &example))
                        continue;
                example.arch = arch->token;
                example.nr = nr;
                cf_say_call(&words, &example);
                cf_say_value(&want, cf_policy_value(x->job->all, made.policy, &example));
                cf_say_value(&have, cf_policy_value(x->job->all, loaded.policy, &example));
                fprintf(stderr,
                        "confined: warning: this machine's runtime makes something else of the "
                        "rules of %s: %s is written '%s' and loaded '%s'\n",
                        call->name, words.data, want.data, have.data);
        }
        return 0;
}

/* What a call of the additions is answered already. True when nothing is left to write. */
static bool tell_needless(struct extend *x)
{
        bool all = true;
        for (size_t i = 0; i < x->additions.count; i++) {
                CF_TEXT struct cf_text words = {0};
                all &= !x->needed[i];
                if (x->needed[i])
                        continue;
                cf_profile_addition_print(&words, &x->additions.items[i]);
                fprintf(stderr, "confined: %s: %s answers so already\n",
                        words.data ? words.data : "", x->base.name);
        }
        return all;
}

static int hand_out(struct extend *x)
{
        cf_text_add(&x->job->out, cf_text_span(&x->text));
        return cf_profile_job_write(x->job, false, x->err);
}

/* ---- extend ---------------------------------------------------------------------------------
 */

/* A base that was itself extended is taken apart again, unless it was edited since or its own base
 * is not there any more as it was. */
static int unfold(struct extend *x)
{
        struct cf_profile_origin origin;
        struct cf_error why = {0};
        struct base below;
        char hash[CF_PROFILE_HASH_SIZE];
        const struct cf_source *source = x->base.input.profile->source;
        struct extend quiet = {.job = x->job, .err = &why};
        int r = 0;
        if (cf_profile_origin_read(x->job->arena, source, &origin, &why) < 0 || origin.edited ||
            read_base(&quiet, origin.base, &below) < 0)
                return 0;
        cf_profile_hash(below.input.profile->source, hash);
        if (strcmp(hash, origin.base_hash) != 0)
                return 0;
        x->base = below;
        for (size_t i = 0; r == 0 && i < origin.count; i++)
                r = add(x, &origin.additions[i]);
        return r;
}

int cf_profile_run_extend(struct cf_profile_job *job, struct cf_error *err)
{
        struct extend x = {.job = job, .err = err};
        int r = read_base(&x, job->arguments[0], &x.base);
        if (r == 0)
                r = unfold(&x);
        size_t before = x.additions.count;
        if (r == 0)
                r = add_options(&x);
        if (r == 0 && x.additions.count == before)
                return CF_EXIT_FINDINGS; /* it was said why nothing is written */
        if (r == 0)
                r = make(&x);
        if (r == 0 && tell_needless(&x))
                r = CF_EXIT_FINDINGS;
        if (r == 0)
                r = warn_of_losses(&x);
        if (r == 0)
                r = hand_out(&x);
        cf_text_done(&x.text);
        return r;
}

/* Lays them over what the base was made from, where it says so, or over the base itself. */
static int lay_over(struct extend *x, bool unfolded, const struct cf_profile_addition *additions,
                    size_t count, bool *ret_changes)
{
        int r = unfolded ? unfold(x) : 0;
        size_t before = x->additions.count;
        for (size_t i = 0; r == 0 && i < count; i++)
                r = add(x, &additions[i]);
        if (r == 0)
                r = make(x);
        *ret_changes = false;
        for (size_t i = before; r == 0 && i < x->additions.count; i++)
                *ret_changes |= x->needed[i];
        return r;
}

int cf_profile_job_extend(struct cf_profile_job *job, const struct cf_profile_input *base,
                          const char *name, const struct cf_profile_addition *additions,
                          size_t count, bool *ret_changes, struct cf_text *out,
                          struct cf_error *err)
{
        const struct cf_profile_default *built_in = cf_profile_default(name);
        const struct base first = {built_in ? built_in->name : name, *base};
        struct cf_error why = {0};
        struct extend x = {.job = job, .err = &why, .base = first};
        int r = lay_over(&x, true, additions, count, ret_changes);
        if (r == -EINVAL) { /* they take back what the base added */
                cf_text_done(&x.text);
                x = (struct extend){.job = job, .err = err, .base = first};
                r = lay_over(&x, false, additions, count, ret_changes);
        } else if (r < 0) {
                cf_error_copy(err, &why);
        }
        x.err = err;
        if (r == 0)
                r = warn_of_losses(&x);
        if (r == 0)
                cf_text_add(out, cf_text_span(&x.text));
        cf_text_done(&x.text);
        return r;
}

/* ---- rebase and show --base -----------------------------------------------------------------
 */

static int read_origin(struct extend *x, const char *name, struct cf_profile_input *ret_input,
                       struct cf_profile_origin *ret_origin)
{
        int r = cf_profile_job_read(x->job, name, ret_input, x->err);
        if (r == 0 && !ret_input->profile)
                r = cf_error_set(x->err, -ENOENT, NULL,
                                 "%s: a raw filter does not say what it was "
                                 "made from",
                                 name);
        return r < 0 ? r
                     : cf_profile_origin_read(x->job->arena, ret_input->profile->source, ret_origin,
                                              x->err);
}

/* "docker-2025-01" → "docker": the newest of the same engine; a file is itself. */
static const char *newest_of(struct extend *x, const char *base)
{
        const char *engine =
                cf_arena_copy(x->job->arena, (struct cf_span){base, strcspn(base, "-")});
        return engine && cf_profile_default(base) && cf_profile_default(engine) ? engine : base;
}

int cf_profile_run_rebase(struct cf_profile_job *job, struct cf_error *err)
{
        struct extend x = {.job = job, .err = err};
        struct cf_profile_origin origin;
        struct cf_profile_input old, made;
        const char *onto = cf_given_value(job->invocation, "onto");
        int r = read_origin(&x, job->arguments[0], &old, &origin);
        if (r == 0 && origin.edited) {
                struct cf_place whole = {.path = old.profile->source->path};
                r = cf_error_set(err, -EINVAL, &whole,
                                 "was edited by hand since it was written, and rebase would lose "
                                 "that; see what it adds: confined profile show --base");
        }
        if (r == 0)
                r = read_base(&x, onto ? onto : newest_of(&x, origin.base), &x.base);
        for (size_t i = 0; r == 0 && i < origin.count; i++)
                r = add(&x, &origin.additions[i]);
        if (r == 0)
                r = make(&x);
        if (r == 0)
                tell_needless(&x);
        if (r == 0)
                r = read_made(&x, &made);
        if (r == 0)
                r = warn_of_losses(&x);
        /* What changes goes to standard output when the profile does not. */
        if (r == 0 && cf_given_value(job->invocation, "output")) {
                r = cf_output_write(job->invocation, cf_given_value(job->invocation, "output"),
                                    job->arguments[0], cf_text_span(&x.text), err);
                cf_text_printf(&job->out, "from %s to %s:\n", origin.base, x.base.name);
                r = r < 0 ? r : cf_profile_job_diff(job, &old, &made, err);
        } else if (r == 0) {
                CF_TEXT struct cf_text said = {0};
                cf_text_printf(&job->out, "from %s to %s:\n", origin.base, x.base.name);
                r = cf_profile_job_diff(job, &old, &made, err);
                said = job->out;
                job->out = (struct cf_text){0};
                if (r >= 0 && !said.failed)
                        fputs(said.data, stderr);
                r = r < 0 ? r : hand_out(&x);
        }
        cf_text_done(&x.text);
        return r < 0 ? r : CF_EXIT_CLEAN;
}

int cf_profile_job_show_base(struct cf_profile_job *job, const char *name, struct cf_error *err)
{
        struct extend x = {.job = job, .err = err};
        struct cf_profile_origin origin;
        struct cf_profile_input input;
        struct cf_error why = {0};
        struct base base;
        char hash[CF_PROFILE_HASH_SIZE] = "";
        int r = read_origin(&x, name, &input, &origin);
        if (r < 0)
                return r;
        cf_text_puts(&job->out, "base   ");
        cf_text_add_visible(&job->out, cf_span_of(origin.base));
        x.err = &why;
        if (read_base(&x, origin.base, &base) == 0)
                cf_profile_hash(base.input.profile->source, hash);
        if (!hash[0])
                cf_text_puts(&job->out, " (it cannot be read here)");
        else if (strcmp(hash, origin.base_hash) != 0)
                cf_text_puts(&job->out, " (it is no longer what it was)");
        cf_text_putc(&job->out, '\n');
        for (size_t i = 0; i < origin.count; i++) {
                cf_profile_addition_print(&job->out, &origin.additions[i]);
                cf_text_putc(&job->out, '\n');
        }
        if (origin.edited)
                cf_text_puts(&job->out, "edited by hand since: what it says now is shown without "
                                        "--base\n");
        return origin.edited ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}
