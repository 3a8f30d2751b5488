/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation can fail: each step is run in arenas that end sooner or later, and must say so
 * or be done. */
#include "kit.h"

#include "judge/check.h"
#include "judge/keep.h"

#define STEP 24
#define ENOUGH 65536 /* more than any of these rows needs */

static const struct row rows[] = {
        {"many findings",
         CF_SUBJECT_SERVICE,
         NULL,
         {PRIV("true"), OPT("Seccomp=x"), OPT("seccomp=nowhere.json"), OPT("seccomp=unconfined"),
          OPT_ANYTHING("X is not set")},
         NULL,
         NULL},
        {"a broken profile", CF_SUBJECT_COMMAND, NULL, {OPT("seccomp=broken.json")}, NULL, NULL},
        {"an inline profile",
         CF_SUBJECT_CONTAINER,
         NULL,
         {OPT_JSON("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}")},
         NULL,
         NULL},
        {"a daemon", CF_SUBJECT_DAEMON, NULL, {DAEMON("all.json")}, NULL, NULL},
};

/* Judges in two arenas; true when both were large enough. */
static bool judge_in(size_t limit, const struct cf_subject *subject, struct cf_files *files,
                     const char **ret_first)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(limit), *kept = cf_arena_new(limit);
        struct cf_judge_options options = {.files = files};
        struct cf_profiles *profiles = cf_profiles_new(files, NULL);
        struct cf_check check;
        struct cf_keeper keeper;
        bool done = false;
        if (cf_check_begin(&check, work, subject, &options, profiles) == 0) {
                for (size_t i = 0; cf_rules[i]; i++)
                        cf_check_run(&check, cf_rule_of(cf_rules[i]));
                cf_check_end(&check);
                done = !check.failed && cf_keeper_begin(&keeper, kept) == 0;
                for (struct cf_draft *draft = check.drafts; done && draft; draft = draft->next)
                        done = cf_keeper_take(&keeper, draft, subject->name) == 0;
                done = done && cf_keeper_finish(&keeper) == 0;
        }
        if (done)
                *ret_first = strdup(keeper.kept.items[0]->finding.message);
        cf_profiles_free(profiles);
        return done;
}

static void every_allocation(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_files *files = cf_files_new();
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_subject subject = kit_subject(arena, &rows[i]);
                const char *message = NULL;
                size_t limit = STEP;
                while (!judge_in(limit, &subject, files, &message)) {
                        limit += STEP;
                        assert_true(limit < ENOUGH);
                }
                assert_true(limit > 20 * STEP);
                assert_true(strlen(message) > 10);
                free((void *)(uintptr_t)message);
        }
        cf_files_free(files);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
