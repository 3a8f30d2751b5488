/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --write FILE: the profile in use, and the least that lets through what was refused.
 *
 * In go the remedies that are a profile's: another error, a rule. What a capability or a setting of
 * the host stands behind would be refused all the same, and what the program does without needs
 * nothing: both are left out, and that is said. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/why.h"

#define LEFT_SHOWN 8u /* of what was left out; the others are counted */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

int cf_why_write_options(struct cf_why *why, struct cf_error *err)
{
        const struct cf_invocation *invocation = why->job.invocation;
        const char *path = cf_given_value(invocation, "write");
        bool quick = cf_given(invocation, "log") || cf_given(invocation, "message");
        why->write.wanted = path || cf_given(invocation, "verify");
        why->write.path = path;
        return !path   ? 0
               : quick ? cf_given_output(invocation, "write", err)
                       : cf_output_check_there(invocation, "write", path,
                                               cf_given_value(invocation, "profile"), "", err);
}

int cf_why_write_keep(struct cf_why *why, const struct cf_why_remedy *remedy)
{
        struct cf_why_remedy *kept;
        if (!why->write.wanted || remedy->verdict == CF_WHY_NOT)
                return 0;
        kept = cf_arena_one(why->job.arena, struct cf_why_remedy);
        if (!kept || cf_vec_push(why->job.arena, &why->write.remedies, kept) < 0)
                return -ENOMEM;
        *kept = *remedy;
        return 0;
}

/* ---- what goes in -----------------------------------------------------------------------------
 */

/* Each once: several kinds of failures may have one remedy. */
static int add_rule(struct cf_why *why, const struct cf_profile_addition *addition)
{
        CF_TEXT struct cf_text words = {0};
        cf_profile_addition_print(&words, addition);
        for (size_t i = 0; i < why->write.additions.count; i++) {
                CF_TEXT struct cf_text other = {0};
                cf_profile_addition_print(&other, &why->write.additions.items[i]);
                if (words.data && other.data && strcmp(words.data, other.data) == 0)
                        return 0;
        }
        return words.failed ? -ENOMEM
                            : cf_vec_push(why->job.arena, &why->write.additions, *addition);
}

int cf_why_write_rules(struct cf_why *why, const char *what, const char *rules,
                       struct cf_error *err)
{
        struct cf_span rest = cf_span_of(rules);
        while (why->write.wanted && rest.size) {
                struct cf_profile_addition addition;
                size_t end = cf_span_find_byte(rest, ';');
                int r = cf_profile_addition_read(why->job.arena, what,
                                                 cf_span_trim(cf_span_part(rest, 0, end)),
                                                 &addition, err);
                if (r == 0 && add_rule(why, &addition) < 0)
                        r = no_memory(err);
                if (r < 0)
                        return r;
                rest = cf_span_part(rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
        }
        return 0;
}

bool cf_why_write_answers(const struct cf_why *why, const struct cf_why_failure *failure)
{
        const struct cf_arch *arch = cf_arch_of_call(failure->call.arch, failure->call.nr);
        const struct cf_syscall *call = arch ? cf_syscall_by_number(arch, failure->call.nr) : NULL;
        for (size_t i = 0; call && i < why->write.additions.count; i++) {
                const struct cf_profile_addition *addition = &why->write.additions.items[i];
                if (addition->rule.call == call &&
                    addition->value == (CF_ERRNO | (uint32_t)failure->error))
                        return true;
        }
        return false;
}

/* "--allow 'kcmp(type == KCMP_FILE)'" is what `profile extend` is given by a shell: without what
 * the shell takes away, and each option by itself. */
static int add_option(struct cf_why *why, const char *option, struct cf_error *err)
{
        static const char next[] = " --";
        CF_TEXT struct cf_text text = {0};
        int r = 0;
        for (const char *c = option + strlen("--"); *c; c++)
                if (*c != '\'')
                        cf_text_putc(&text, *c);
        char *rules = text.data ? cf_arena_copy(why->job.arena, cf_text_span(&text)) : NULL;
        if (!rules)
                return no_memory(err);
        for (char *rule = rules, *end; r == 0 && rule; rule = end) {
                struct cf_profile_addition addition;
                if ((end = strstr(rule, next)) != NULL) {
                        *end = '\0';
                        end += strlen(next);
                }
                r = cf_profile_addition_read(why->job.arena, option, cf_span_of(rule), &addition,
                                             err);
                if (r == 0 && add_rule(why, &addition) < 0)
                        r = no_memory(err);
        }
        return r;
}

/* The least that a profile can do about it; NULL: nothing alone. */
static const struct cf_way *find_rule(const struct cf_why_remedy *remedy)
{
        for (size_t i = 0; i < remedy->way_count; i++) {
                const struct cf_way *way = &remedy->ways[i];
                if (way->enough && !way->also && way->kind >= CF_WAY_ERRNO &&
                    way->kind <= CF_WAY_CALL && way->kind != CF_WAY_OPTION)
                        return way;
        }
        return NULL;
}

bool cf_why_write_helps(const struct cf_why_remedy *remedy)
{
        bool does_without = remedy->way_count && remedy->ways[0].kind == CF_WAY_NOTHING;
        return find_rule(remedy) != NULL && !does_without && remedy->verdict != CF_WHY_OTHER;
}

static const struct cf_way *find_other(const struct cf_why_remedy *remedy)
{
        for (size_t i = 0; i < remedy->way_count; i++)
                if (remedy->ways[i].enough && remedy->ways[i].kind != CF_WAY_NOTHING &&
                    remedy->ways[i].kind != CF_WAY_OPTION)
                        return &remedy->ways[i];
        return NULL;
}

static int leave(struct cf_why *why, const struct cf_why_remedy *remedy, enum cf_why_left_kind kind,
                 const char *because, const char *option, struct cf_error *err)
{
        struct cf_why_left left = {kind, &remedy->failure, because, option};
        return because && cf_vec_push(why->job.arena, &why->write.left, left) == 0 ? 0
                                                                                   : no_memory(err);
}

/* A rule would be dropped. ENOSYS is what a kernel without the call says: programs that make one so
 * new are made for that. */
static int leave_unknown(struct cf_why *why, const struct cf_why_remedy *remedy,
                         struct cf_error *err)
{
        bool as_old = remedy->failure.error == ENOSYS;
        return leave(why, remedy, as_old ? CF_WHY_LEFT_FALLBACK : CF_WHY_LEFT_NO_RULE,
                     cf_arena_printf(why->job.arena,
                                     "%s does not know it and drops a rule for it%s",
                                     remedy->unknown_to,
                                     as_old ? "; ENOSYS is what a kernel without it says" : ""),
                     NULL, err);
}

/* No rule helps. */
static int leave_to_others(struct cf_why *why, const struct cf_why_remedy *remedy,
                           struct cf_error *err)
{
        struct cf_arena *arena = why->job.arena;
        const struct cf_way *way = find_other(remedy);
        const char *option = way ? way->option : NULL;
        if (way && way->also)
                option = cf_arena_printf(arena, "%s and %s", way->also, way->option);
        const char *because = !way ? "no rule of a profile lets it through"
                              : way->kind == CF_WAY_SETTING
                                      ? "the kernel would refuse it too, by a setting of the host"
                                      : "the kernel would refuse it too: it asks for a capability";
        return leave(why, remedy, remedy->kernel_too ? CF_WHY_LEFT_KERNEL : CF_WHY_LEFT_NO_RULE,
                     because, option, err);
}

/* Whether the base is what refused it: other filters may be on top of it. */
static int is_the_bases(struct cf_why *why, const struct cf_why_remedy *remedy, bool *ret_is,
                        struct cf_error *err)
{
        enum cf_why_verdict verdict;
        uint32_t answer;
        why->input = why->write.base;
        int r = remedy->input.policy == why->write.base.policy
                        ? 0
                        : cf_why_judge(why, &remedy->failure, &verdict, &answer, err);
        if (r == 0)
                *ret_is = remedy->input.policy == why->write.base.policy ||
                          verdict == CF_WHY_REFUSED || verdict == CF_WHY_PERHAPS;
        return r;
}

static int take(struct cf_why *why, const struct cf_why_remedy *remedy, struct cf_error *err)
{
        bool all = cf_given(why->job.invocation, "all-refused"), is = false;
        const struct cf_way *rule = find_rule(remedy);
        int r = is_the_bases(why, remedy, &is, err);
        if (r < 0)
                return r;
        if (!is || remedy->verdict == CF_WHY_OTHER)
                return leave(why, remedy, CF_WHY_LEFT_FILTER,
                             "another filter refused it, which a profile cannot undo", NULL, err);
        if (!all && remedy->way_count && remedy->ways[0].kind == CF_WAY_NOTHING)
                return leave(why, remedy, CF_WHY_LEFT_FALLBACK,
                             cf_arena_printf(why->job.arena, "nothing to do: %s",
                                             remedy->ways[0].because),
                             NULL, err);
        if (remedy->unknown_to)
                return leave_unknown(why, remedy, err);
        return rule ? add_option(why, rule->option, err) : leave_to_others(why, remedy, err);
}

/* ---- making it --------------------------------------------------------------------------------
 */

static const char *base_name(const struct cf_profile_input *base)
{
        return base->base ? base->base : base->name;
}

/* Of a filter that is no profile that is known: it is read back to one. */
static int read_back(struct cf_why *why, struct cf_profile_input *base, struct cf_error *err)
{
        struct cf_profile_job *job = &why->job;
        CF_TEXT struct cf_text text = {0};
        const struct cf_arch *const *arches;
        struct cf_source *source;
        size_t count;
        int r = cf_profile_covered(job->all, base->policy, job->circumstances.machine, job->arena,
                                   &arches, &count, err);
        if (r == 0)
                r = cf_profile_print(job->all, base->policy, arches, count, NULL, &text, err);
        const char *own = r == 0 ? cf_arena_copy(job->arena, cf_text_span(&text)) : NULL;
        if (r == 0 && !own)
                return no_memory(err);
        if (r == 0)
                r = cf_source_from(job->arena, base->name, cf_span_of(own), &source, err);
        if (r == 0)
                r = cf_profile_read(job->arena, source, &base->profile, err);
        return r < 0 ? cf_error_doing(err, r, NULL, "writing %s as a profile", base->name) : 0;
}

/* The one filter that refused everything. */
static int find_base(struct cf_why *why, struct cf_profile_input *base, struct cf_error *err)
{
        const struct cf_why_remedy *first = NULL;
        for (size_t i = 0; i < why->write.remedies.count; i++) {
                const struct cf_why_remedy *remedy = why->write.remedies.items[i];
                if (remedy->guessed)
                        return cf_error_set(err, -ENOENT, NULL,
                                            "--write: %s: --profile FILE tells which profile it "
                                            "was",
                                            remedy->input.name);
                if (!first)
                        first = remedy;
                if (remedy->input.policy != first->input.policy)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "--write: several filters refused calls (%s, %s): "
                                            "--profile FILE tells which one to extend, or watch "
                                            "one container",
                                            first->input.name, remedy->input.name);
        }
        if (!first) /* nothing was refused */
                return 0;
        *base = first->input;
        return base->profile ? 0 : read_back(why, base, err);
}

static int compare(struct cf_why *why, struct cf_error *err)
{
        struct cf_why_write *write = &why->write;
        struct cf_profile_input before = write->base;
        int r = cf_profile_job_work_out(&why->job, &write->made, CF_PROFILE_WRITTEN, err);
        if (r == 0)
                r = cf_profile_job_work_out(&why->job, &before, CF_PROFILE_WRITTEN, err);
        return r < 0 ? r
                     : cf_profile_job_differences(&why->job, before.policy, write->made.policy,
                                                  &write->items, &write->item_count, err);
}

/* Reads what was made, as whoever uses it will. */
static int read_made(struct cf_why *why, struct cf_error *err)
{
        struct cf_why_write *write = &why->write;
        const char *name = write->path ? write->path : "the least profile";
        struct cf_source *source;
        const char *own = cf_arena_copy(why->job.arena, cf_text_span(&write->text));
        write->made = (struct cf_profile_input){.name = name, .base = name};
        if (!own)
                return no_memory(err);
        int r = cf_source_from(why->job.arena, name, cf_span_of(own), &source, err);
        if (r == 0)
                r = cf_profile_read(why->job.arena, source, &write->made.profile, err);
        write->made.source = source;
        return r;
}

int cf_why_write_make(struct cf_why *why, const struct cf_profile_input *base, struct cf_error *err)
{
        struct cf_why_write *write = &why->write;
        bool changes = false;
        int r = 0;
        if (!write->wanted)
                return 0;
        write->base = *base;
        if (!base->profile)
                r = find_base(why, &write->base, err);
        write->left.count = 0;
        for (size_t i = 0; r == 0 && i < write->remedies.count; i++)
                r = take(why, write->remedies.items[i], err);
        write->made.profile = NULL;
        if (r < 0 || !write->additions.count || !write->base.profile)
                return r;
        cf_text_clear(&write->text);
        r = cf_profile_job_extend(&why->job, &write->base, base_name(&write->base),
                                  write->additions.items, write->additions.count, &changes,
                                  &write->text, err);
        if (r < 0 || !changes)
                return r;
        r = read_made(why, err);
        return r == 0 ? compare(why, err) : r;
}

int cf_why_write_file(struct cf_why *why, struct cf_error *err)
{
        if (!why->write.path || !why->write.made.profile)
                return 0;
        return cf_output_write(why->job.invocation, why->write.path,
                               cf_given_value(why->job.invocation, "profile"),
                               cf_text_span(&why->write.text), err);
}

/* ---- saying it --------------------------------------------------------------------------------
 */

void cf_why_write_say_left(struct cf_why *why)
{
        struct cf_text *out = &why->job.out;
        for (size_t i = 0; i < why->write.left.count && i < LEFT_SHOWN; i++) {
                const struct cf_why_left *left = &why->write.left.items[i];
                cf_text_puts(out, "  left out: ");
                cf_explain_call_on(out, &left->failure->call, left->failure->known,
                                   &left->failure->behind);
                cf_text_printf(out, ": %s", left->why);
                if (left->option)
                        cf_text_printf(out, " (%s)", left->option);
                cf_text_putc(out, '\n');
        }
        if (why->write.left.count > LEFT_SHOWN)
                cf_text_printf(out, "  left out: %zu more\n", why->write.left.count - LEFT_SHOWN);
}

int cf_why_write_say_differences(struct cf_why *why, struct cf_error *err)
{
        struct cf_why_write *write = &why->write;
        struct cf_text *out = &why->job.out;
        int r = 0;
        for (size_t i = 0, next; r == 0 && i < write->item_count; i = next) {
                const struct cf_profile_item *item = &write->items[i];
                next = cf_profile_items_end(write->items, write->item_count, i);
                cf_text_puts(out, "  ");
                cf_profile_say_label(out, item);
                if (item->difference->condition != CF_POLICY_TRUE) {
                        cf_text_puts(out, " if ");
                        r = cf_profile_job_condition(&why->job, out, item->call,
                                                     item->difference->condition, err);
                }
                cf_text_puts(out, ": ");
                cf_say_value(out, item->difference->value_a);
                cf_text_puts(out, " → ");
                cf_say_value(out, item->difference->value_b);
                cf_text_putc(out, '\n');
        }
        return r;
}

void cf_why_write_advise(struct cf_why *why)
{
        if (why->rules > 1 && !why->write.wanted)
                cf_text_puts(&why->job.out,
                             "all of it as one profile: the same command with --write FILE\n");
}

int cf_why_write_say(struct cf_why *why, struct cf_error *err)
{
        struct cf_why_write *write = &why->write;
        struct cf_text *out = &why->job.out;
        if (!write->wanted)
                return 0;
        cf_text_putc(out, '\n');
        if (!write->made.profile) {
                cf_text_printf(out, "%s%snothing to write: %s\n", write->path ? write->path : "",
                               write->path ? ": " : "",
                               write->additions.count  ? "the profile lets it through already"
                               : write->remedies.count ? "no rule of a profile is needed or helps"
                               : cf_given(why->job.invocation, "message")
                                       ? "no rule is known to be needed"
                                       : "nothing was refused");
                cf_why_write_say_left(why);
                return 0;
        }
        cf_text_add_visible(out, cf_span_of(write->made.name));
        cf_text_puts(out, ": ");
        cf_text_add_visible(out, cf_span_of(base_name(&write->base)));
        cf_text_puts(out, " with\n");
        int r = cf_why_write_say_differences(why, err);
        cf_text_puts(out, "  everything else is equal (proved)\n");
        cf_why_write_say_left(why);
        if (write->path) {
                cf_text_puts(out, "use it: --security-opt seccomp=");
                cf_text_add_visible(out, cf_span_of(write->path));
                cf_text_puts(out, ", or in files: confined scan --fix --with ");
                cf_text_add_visible(out, cf_span_of(write->path));
                cf_text_putc(out, '\n');
        }
        return r;
}

static void json_left(struct cf_why *why)
{
        struct cf_json_writer *json = &why->json;
        cf_json_key(json, "leftOut");
        cf_json_open(json, '[');
        for (size_t i = 0; i < why->write.left.count; i++) {
                const struct cf_why_left *left = &why->write.left.items[i];
                CF_TEXT struct cf_text call = {0};
                cf_explain_call_on(&call, &left->failure->call, left->failure->known,
                                   &left->failure->behind);
                cf_json_open(json, '{');
                cf_json_key(json, "call");
                cf_json_put_string(json, call.data);
                cf_json_key(json, "because");
                cf_json_put_string(json, left->why);
                cf_json_key(json, "option");
                cf_json_put_string(json, left->option);
                cf_json_key(json, "needed");
                cf_json_put_bool(json, left->kind != CF_WHY_LEFT_FALLBACK);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

int cf_why_write_json(struct cf_why *why, struct cf_error *err)
{
        struct cf_why_write *write = &why->write;
        struct cf_json_writer *json = &why->json;
        bool made = write->made.profile != NULL;
        int r = 0;
        cf_json_key(json, "written");
        if (!write->wanted) {
                cf_json_put_null(json);
                return 0;
        }
        cf_json_open(json, '{');
        cf_json_key(json, "file");
        cf_json_put_string(json, made ? write->path : NULL);
        cf_json_key(json, "base");
        cf_json_put_string(json, write->base.profile ? base_name(&write->base) : NULL);
        cf_json_key(json, "rules");
        cf_json_open(json, '[');
        for (size_t i = 0; made && i < write->additions.count; i++) {
                CF_TEXT struct cf_text rule = {0};
                cf_profile_addition_print(&rule, &write->additions.items[i]);
                cf_json_put_string(json, rule.data);
        }
        cf_json_close(json, ']');
        json_left(why);
        cf_json_key(json, "verified");
        if (write->verified == CF_WHY_UNVERIFIED)
                cf_json_put_null(json);
        else
                cf_json_put_bool(json, write->verified == CF_WHY_VERIFIED);
        cf_json_key(json, "differences");
        cf_json_open(json, '[');
        for (size_t i = 0, next; r == 0 && made && i < write->item_count; i = next) {
                next = cf_profile_items_end(write->items, write->item_count, i);
                r = cf_profile_job_json_item(&why->job, json, write->items + i, next - i, err);
        }
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        return r;
}
