/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge.h"

#include <pthread.h>

#include "judge/baseline.h"
#include "judge/check.h"
#include "judge/fingerprint.h"
#include "judge/keep.h"
#include "judge/suppress.h"

#define JUDGE_MEMORY ((size_t)512 << 20)  /* of all findings */
#define SUBJECT_MEMORY ((size_t)64 << 20) /* of one subject's drafts */

struct cf_judge {
        struct cf_judge_options options;
        struct cf_arena *arena;
        struct cf_profiles *profiles;
        pthread_mutex_t lock; /* of keeper */
        struct cf_keeper keeper;
};

static void judge_freep(struct cf_judge **judge)
{
        cf_judge_free(*judge);
}

struct cf_judge *cf_judge_new(const struct cf_judge_options *options)
{
        CF_CLEANUP(judge_freep) struct cf_judge *judge = NULL;
        struct cf_judge *made = calloc(1, sizeof(*made));
        if (!made)
                return NULL;
        if (pthread_mutex_init(&made->lock, NULL) != 0) {
                free(made);
                return NULL;
        }
        judge = made;
        judge->options = *options;
        judge->arena = cf_arena_new(JUDGE_MEMORY);
        judge->profiles = cf_profiles_new(options->files, options->engine_version);
        if (!judge->arena || !judge->profiles || cf_keeper_begin(&judge->keeper, judge->arena) < 0)
                return NULL;
        return cf_steal(judge);
}

struct cf_judge *cf_judge_free(struct cf_judge *judge)
{
        if (judge) {
                cf_profiles_free(judge->profiles);
                cf_arena_free(judge->arena);
                pthread_mutex_destroy(&judge->lock);
                free(judge);
        }
        return NULL;
}

static const struct cf_rule_config *config_of(const struct cf_judge *judge,
                                              const struct cf_rule_info *rule)
{
        const struct cf_config *config = judge->options.config;
        for (size_t i = 0; config && i < config->rule_count; i++)
                if (config->rules[i].rule == rule)
                        return &config->rules[i];
        return NULL;
}

static bool is_wanted(const struct cf_judge *judge, const struct cf_rule_info *rule)
{
        const struct cf_rule_config *config = config_of(judge, rule);
        for (size_t i = 0; i < judge->options.only_count; i++)
                if (strcmp(judge->options.only[i], rule->id) == 0)
                        return true;
        return judge->options.only_count == 0 && !(config && config->off);
}

/* What people decided about a draft: severity and suppression. */
static void apply_decisions(const struct cf_judge *judge, struct cf_draft *draft)
{
        struct cf_finding *finding = &draft->finding;
        const struct cf_rule_config *config = config_of(judge, finding->rule);
        if (config && config->has_severity)
                finding->severity = config->severity;
        for (size_t i = 0; i < draft->ignore_count && !finding->suppressed_by; i++)
                if (cf_ignore_covers(&draft->ignores[i], finding->rule->id))
                        finding->suppressed_by = draft->ignores[i].reason;
}

/* Oldest first, so that a subject's findings come in the order of the rules. */
static struct cf_draft *in_order(struct cf_draft *newest)
{
        struct cf_draft *first = NULL;
        while (newest) {
                struct cf_draft *next = newest->next;
                newest->next = first;
                first = newest;
                newest = next;
        }
        return first;
}

static int keep(struct cf_judge *judge, struct cf_draft *drafts, const char *name)
{
        int r = 0;
        if (!drafts)
                return 0;
        pthread_mutex_lock(&judge->lock);
        for (struct cf_draft *draft = drafts; draft && r == 0; draft = draft->next)
                r = cf_keeper_take(&judge->keeper, draft, name);
        pthread_mutex_unlock(&judge->lock);
        return r;
}

int cf_judge_draft(struct cf_judge *judge, struct cf_draft *draft)
{
        if (!is_wanted(judge, draft->finding.rule))
                return 0;
        apply_decisions(judge, draft);
        return keep(judge, draft, NULL);
}

/* Most of what a file declares says nothing about seccomp: the default applies, as it should. */
static bool says_nothing(const struct cf_subject *subject)
{
        return subject->setting_count == 0 && !subject->engine && !subject->container &&
               !subject->process;
}

int cf_judge_subject(struct cf_judge *judge, const struct cf_subject *subject)
{
        struct cf_check check;
        if (says_nothing(subject))
                return 0;
        CF_ARENA struct cf_arena *arena = cf_arena_new(SUBJECT_MEMORY);
        if (!arena)
                return -ENOMEM;
        int r = cf_check_begin(&check, arena, subject, &judge->options, judge->profiles);
        if (r < 0)
                return r;
        for (size_t i = 0; cf_rules[i]; i++)
                if (is_wanted(judge, cf_rules[i]))
                        cf_check_run(&check, cf_rule_of(cf_rules[i]));
        cf_check_end(&check);
        if (check.failed)
                return -ENOMEM;
        struct cf_draft *drafts = in_order(check.drafts);
        for (struct cf_draft *draft = drafts; draft; draft = draft->next)
                apply_decisions(judge, draft);
        return keep(judge, drafts, subject->name);
}

/* Marks the findings that the baseline knows: of several with one fingerprint as many as it
 * counts. */
static int apply_baseline(struct cf_judge *judge)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(0);
        struct cf_map *used = work ? cf_map_new(work) : NULL;
        if (!used)
                return -ENOMEM;
        for (size_t i = 0; i < judge->keeper.kept.count; i++) {
                struct cf_finding *finding = &judge->keeper.kept.items[i]->finding;
                if (finding->suppressed_by)
                        continue;
                struct cf_span key = cf_span_of(finding->fingerprint);
                size_t *count = cf_map_get(used, key);
                if (!count) {
                        count = cf_arena_one(work, size_t);
                        if (!count || cf_map_put(used, key, count) < 0)
                                return -ENOMEM;
                }
                finding->in_baseline = (*count)++ < cf_baseline_count(judge->options.baseline,
                                                                      finding->fingerprint);
        }
        return 0;
}

int cf_judge_finish(struct cf_judge *judge, struct cf_finding ***ret_findings, size_t *ret_count)
{
        struct cf_keeper *keeper = &judge->keeper;
        size_t count = keeper->kept.count;
        struct cf_finding **findings = cf_arena_many(judge->arena, count, struct cf_finding *);
        if (!findings || cf_keeper_finish(keeper) < 0 ||
            cf_fingerprint_all(keeper, judge->options.root) < 0)
                return -ENOMEM;
        if (judge->options.baseline && apply_baseline(judge) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                findings[i] = &keeper->kept.items[i]->finding;
        *ret_findings = findings;
        *ret_count = count;
        return 0;
}
