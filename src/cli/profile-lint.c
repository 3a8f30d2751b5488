/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile lint PROFILE…: what is wrong with profiles, by rules. */
#include <errno.h>
#include <time.h>

#include "base/vec.h"
#include "cli/profile.h"

#define FILE_MEMORY ((size_t)512 << 20) /* of one profile, and of what is said of it */
#define LOSSES_SHOWN 50u                /* of one profile */

typedef CF_VEC(struct cf_lint_finding *) findings_list;

/* ---- what a runtime makes of it ---------------------------------------------------------------
 */

static struct cf_lint_finding *lost(struct cf_profile_job *job, findings_list *list,
                                    enum cf_lint_weight weight, struct cf_profile_part part)
{
        struct cf_lint_finding *finding = cf_arena_one(job->arena, struct cf_lint_finding);
        if (!finding || cf_vec_push(job->arena, list, finding) < 0)
                return NULL;
        finding->rule = CF_LINT_RULE_LOST;
        finding->weight = weight;
        finding->part = part;
        return finding;
}

static int text_of(struct cf_profile_job *job, const struct cf_text *text, const char **ret_text,
                   struct cf_error *err)
{
        *ret_text = text->failed ? NULL : cf_arena_copy(job->arena, cf_text_span(text));
        return *ret_text ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* Names that the library does not know, all in one. */
static int say_unknown(struct cf_profile_job *job, const struct cf_runtime_loaded *loaded,
                       findings_list *list, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {0};
        size_t count = 0;
        const struct cf_profile_word *first = NULL;
        for (size_t i = 0; i < loaded->unknown_count; i++) {
                const struct cf_runtime_use *use = &loaded->unknown[i];
                /* Names that nobody knows are said elsewhere. */
                if (use->arch || !cf_syscall_by_name(use->name->text.data))
                        continue;
                first = first ? first : use->name;
                cf_text_printf(&text, "%s%s", count++ ? ", " : "", use->name->text.data);
        }
        if (count == 0)
                return 0;
        cf_text_printf(&text, ": libseccomp %u.%u.%u, which is installed here, does not know %s",
                       loaded->library.major, loaded->library.minor, loaded->library.patch,
                       count == 1 ? "it" : "them");
        struct cf_lint_finding *finding = lost(job, list, CF_LINT_NOTE, first->part);
        if (!finding)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        finding->notes[0] = "what an entry says of an unknown name is lost when it is loaded";
        finding->remedy = "a newer libseccomp, below the runtime, knows more names";
        return text_of(job, &text, &finding->message, err);
}

/* What the library makes something else of. x32 and calls that runc answers itself apart. */
static bool is_worth_saying(const struct cf_runtime_loss *loss)
{
        unsigned said = 1u << CF_RUNTIME_REPEATED | 1u << CF_RUNTIME_LIBRARY |
                        1u << CF_RUNTIME_CONTRADICTED | 1u << CF_RUNTIME_MULTIPLEXED |
                        1u << CF_RUNTIME_SKIPPED;
        return loss->call && loss->use.rule && (loss->causes & said) &&
               !(loss->causes & (1u << CF_RUNTIME_STUB | 1u << CF_RUNTIME_UNKNOWN));
}

/* Several architectures lose the same: the first of them stands for all. */
static bool is_same(const struct cf_runtime_loss *a, const struct cf_runtime_loss *b)
{
        return a->call == b->call && a->written == b->written && a->loaded == b->loaded &&
               a->use.rule == b->use.rule;
}

static bool is_first(const struct cf_runtime_loss *losses, size_t at)
{
        for (size_t i = 0; i < at; i++)
                if (is_worth_saying(&losses[i]) && is_same(&losses[i], &losses[at]))
                        return false;
        return true;
}

static int say_loss(struct cf_profile_job *job, const struct cf_runtime_loaded *loaded,
                    const struct cf_runtime_loss *loss, findings_list *list, struct cf_error *err)
{
        CF_TEXT struct cf_text message = {0}, witness = {0}, causes = {0};
        struct cf_profile_part part = loss->use.name ? loss->use.name->part : loss->use.rule->part;
        struct cf_lint_finding *finding = lost(job, list, CF_LINT_WARN, part);
        if (!finding)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        cf_text_printf(&message, "%s on %s: ", loss->call->name, loss->arch->name);
        cf_say_value(&message, loss->written);
        cf_text_puts(&message, " is written, ");
        cf_say_value(&message, loss->loaded);
        cf_text_printf(&message, " is what %s loads", cf_runtime_name(loaded->kind));
        cf_text_puts(&witness, "for example ");
        cf_say_call(&witness, &loss->witness);
        for (unsigned cause = 0; cause < CF_RUNTIME_CAUSES; cause++)
                if (loss->causes >> cause & 1)
                        cf_text_printf(&causes, "%s%s", causes.size ? "; " : "",
                                       cf_runtime_cause_name((enum cf_runtime_cause)cause));
        finding->has_witness = true;
        finding->witness = loss->witness;
        finding->value = loss->loaded;
        finding->remedy = "write it so that nothing is lost: one condition an argument, one "
                          "action a call; confined profile diff P P@loaded compares";
        int r = text_of(job, &message, &finding->message, err);
        if (r == 0)
                r = text_of(job, &witness, &finding->notes[0], err);
        if (r == 0 && causes.size)
                r = text_of(job, &causes, &finding->notes[1], err);
        return r;
}

/* A profile that the runtime refuses or that libseccomp does not finish is a finding, too. */
static int say_refused(struct cf_profile_job *job, const struct cf_profile *profile, int code,
                       const struct cf_error *why, findings_list *list, struct cf_error *err)
{
        struct cf_lint_finding *finding = lost(job, list, CF_LINT_WARN, profile->default_part);
        if (!finding)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        finding->message = code == -ETIMEDOUT
                                   ? "libseccomp does not finish with this profile: no container "
                                     "would start under it"
                                   : "the runtime refuses this profile: no container would start";
        if (why->count > 0)
                finding->notes[0] = cf_arena_string(job->arena, why->frames[0].message);
        finding->remedy = "use fewer conditions on several arguments";
        return 0;
}

static int lint_loaded(struct cf_profile_job *job, struct cf_profile_input *input,
                       findings_list *list, struct cf_error *err)
{
        struct cf_runtime_loss *losses;
        struct cf_error why = {0};
        size_t count, shown = 0;
        enum cf_profile_as as = job->as == CF_PROFILE_WRITTEN ? CF_PROFILE_LOADED : job->as;
        int r = cf_profile_job_work_out(job, input, as, &why);
        if (r == -ETIMEDOUT || r == -ENOEXEC)
                return say_refused(job, input->profile, r, &why, list, err);
        if (r < 0) {
                *err = why;
                return r;
        }
        if (!input->loaded || !input->loaded->obtained || input->profile->no_filter)
                return 0;
        r = say_unknown(job, input->loaded, list, err);
        if (r == 0)
                r = cf_runtime_losses(job->all, job->arena, input->loaded, &losses, &count, err);
        for (size_t i = 0; r == 0 && i < count && shown < LOSSES_SHOWN; i++)
                if (is_worth_saying(&losses[i]) && is_first(losses, i)) {
                        r = say_loss(job, input->loaded, &losses[i], list, err);
                        shown++;
                }
        return r;
}

/* ---- one profile ------------------------------------------------------------------------------
 */

static int lint_one(const struct cf_profile_job *shared, struct cf_session *session,
                    const char *name, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(FILE_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_profile_job job = *shared;
        struct cf_profile_input input;
        struct cf_lint_finding *const *findings;
        findings_list lost_rules = {0};
        size_t count;
        if (!arena || !all)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        job.arena = arena;
        job.all = all;
        job.files = session->files;
        job.no_warnings = true;
        int r = cf_profile_job_read(&job, name, &input, err);
        if (r < 0)
                return r;
        if (!input.profile)
                return cf_error_set(err, -EINVAL, NULL,
                                    "'%s' is a filter, and lint reads profiles; see: confined "
                                    "profile show",
                                    name);
        r = cf_profile_lint(all, arena, input.profile, &job.circumstances, &findings, &count, err);
        if (r == 0)
                r = lint_loaded(&job, &input, &lost_rules, err);
        if (r == 0 &&
            (cf_judge_lint(session->judge, input.profile, findings, count) < 0 ||
             cf_judge_lint(session->judge, input.profile, lost_rules.items, lost_rules.count) < 0))
                r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return r;
}

int cf_profile_lint_run(struct cf_profile_job *job, struct cf_error *err)
{
        struct cf_session session;
        struct timespec start, end;
        struct cf_finding **findings;
        size_t count, files = job->invocation->argument_count - 1;
        clock_gettime(CLOCK_MONOTONIC, &start);
        int r = cf_session_open(&session, job->invocation, "terminal", err);
        for (size_t i = 0; r == 0 && i < files; i++) {
                struct cf_error trouble = {0};
                if (lint_one(job, &session, job->arguments[i], &trouble) < 0)
                        cf_session_trouble(&trouble, &session);
        }
        if (r == 0 && cf_judge_finish(session.judge, &findings, &count) < 0)
                r = cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r == 0) {
                clock_gettime(CLOCK_MONOTONIC, &end);
                struct cf_report report = {
                        .fix_command = "",
                        .findings = findings,
                        .finding_count = count,
                        .files = files,
                        .seconds = (double)(end.tv_sec - start.tv_sec) +
                                   (double)(end.tv_nsec - start.tv_nsec) / 1e9,
                };
                r = cf_session_report(&session, &report);
        }
        cf_session_close(&session);
        return r;
}
