/* SPDX-License-Identifier: Apache-2.0 */
/* Symptoms (symptoms.tsv): what is said of each of these calls in a container of Docker 20.10 with
 * its default profile. tests/explain/symptoms.bats makes the very same calls there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/source.h"
#include "explain/explain.h"
#include "unit.h"

#define COLUMNS 7

struct symptom {
        char *cells[COLUMNS]; /* id, call, arguments, filtered, bare, unmet, ways */
};

/* The settings of the machine that the table was measured on. */
static bool setting(void *context, const char *name, long *ret_number)
{
        static const struct {
                const char *name;
                long number;
        } table[] = {{"kernel.dmesg_restrict", 1},        {"kernel.unprivileged_bpf_disabled", 2},
                     {"kernel.perf_event_paranoid", 2},   {"vm.unprivileged_userfaultfd", 0},
                     {"user.max_user_namespaces", 10000}, {"kernel.io_uring_disabled", 0}};
        (void)context;
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (strcmp(table[i].name, name) == 0) {
                        *ret_number = table[i].number;
                        return true;
                }
        return false;
}

static uint64_t argument(const char *text)
{
        if (strcmp(text, "self") == 0)
                return 1;
        if (strcmp(text, "z") == 0 || strncmp(text, "s:", 2) == 0)
                return 0x10000;
        if (strncmp(text, "p:", 2) == 0)
                return 3;
        return strtoull(text, NULL, 0);
}

static void read_call(const struct symptom *symptom, struct cf_call *ret_call)
{
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        char copy[128], *rest = copy, *word;
        *ret_call = (struct cf_call){.arch = arch->token};
        assert_true(cf_syscall_number(arch, symptom->cells[1], &ret_call->nr));
        snprintf(copy, sizeof(copy), "%s", symptom->cells[2]);
        for (size_t i = 0; (word = strsep(&rest, " ")) != NULL && *word; i++)
                ret_call->args[i] = argument(word);
}

struct world {
        struct cf_arena *arena;
        struct cf_policies *all;
        const struct cf_profile *profile;
        struct cf_circumstances circumstances;
        cf_policy policy;
        struct cf_caller caller;
};

static void open_world(struct world *world)
{
        struct cf_source *source;
        struct cf_span text;
        struct cf_error err = {0};
        *world =
                (struct world){.arena = cf_arena_new(CF_PROFILE_MEMORY), .all = cf_policies_new(0)};
        world->circumstances = (struct cf_circumstances){.machine = cf_arch_by_name("x86_64"),
                                                         .capabilities = cf_capabilities_docker(),
                                                         .kernel_major = 6,
                                                         .kernel_minor = 18};
        world->caller = (struct cf_caller){
                .capabilities = cf_capabilities_docker(), .initial = true, .setting = setting};
        const struct cf_profile_default *known = cf_profile_default("docker-20.10.24");
        assert_non_null(known);
        assert_int_equal(cf_profile_default_text(world->arena, known, &text), 0);
        assert_int_equal(cf_source_from(world->arena, "default", text, &source, &err), 0);
        assert_int_equal(cf_profile_read(world->arena, source, &world->profile, &err), 0);
        assert_int_equal(cf_profile_policy(world->all, world->profile, &world->circumstances,
                                           &world->policy, &err),
                         0);
}

static void close_world(struct world *world)
{
        cf_policies_free(world->all);
        cf_arena_free(world->arena);
}

/* The ways in a line: "ARGUMENTS --allow 'x(…)'; CAPABILITY --cap-add SYS_ADMIN opens 20". */
static void say_ways(struct cf_text *text, const struct cf_way *ways, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                cf_text_printf(text, "%s%s%s", i ? "; " : "", ways[i].enough ? "" : "not enough: ",
                               ways[i].option ? ways[i].option : "nothing");
                if (ways[i].also)
                        cf_text_printf(text, " and %s", ways[i].also);
                if (ways[i].opened_count)
                        cf_text_printf(text, " opens %zu", ways[i].opened_count);
        }
}

static void explain(struct world *world, const struct symptom *symptom, struct cf_text *filtered,
                    struct cf_text *unmet, struct cf_text *said)
{
        struct cf_call call;
        struct cf_cause cause;
        struct cf_way ways[CF_WAYS_MAX];
        size_t count;
        struct cf_error err = {0};
        read_call(symptom, &call);
        cf_explain_cause(world->all, world->policy, &call, EPERM, &world->caller, &cause);
        cf_say_value(filtered, cause.answer);
        for (size_t i = 0; i < cause.unmet_count; i++) {
                cf_text_puts(unmet, i ? ", " : "");
                cf_explain_requirement(unmet, cause.unmet[i]);
        }
        for (size_t i = 0; i < cause.perhaps_count; i++) {
                cf_text_puts(unmet, unmet->size ? ", perhaps " : "perhaps ");
                cf_explain_requirement(unmet, cause.perhaps[i]);
        }
        if (!unmet->size)
                cf_text_putc(unmet, '-');
        assert_int_equal(cf_explain_ways(world->all, world->arena, &call, &cause, world->profile,
                                         &world->circumstances, ways, &count, &err),
                         0);
        say_ways(said, ways, count);
        if (!count)
                cf_text_putc(said, '-');
}

static void check(struct world *world, const struct symptom *symptom)
{
        CF_TEXT struct cf_text filtered = {0}, unmet = {0}, said = {0};
        explain(world, symptom, &filtered, &unmet, &said);
        if (getenv("SHOW")) {
                printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", symptom->cells[0], symptom->cells[1],
                       symptom->cells[2], symptom->cells[3], symptom->cells[4], unmet.data,
                       said.data);
                return;
        }
        /* What the filter lets through is answered by the kernel in both. */
        bool allowed = strcmp(filtered.data, "allowed") == 0;
        if (!allowed)
                assert_string_equal(filtered.data, symptom->cells[3]);
        else
                assert_string_equal(symptom->cells[3], symptom->cells[4]);
        assert_string_equal(unmet.data, symptom->cells[5]);
        assert_string_equal(said.data, symptom->cells[6]);
}

static void symptoms(void **state)
{
        struct world world;
        char line[512];
        size_t count = 0;
        (void)state;
        open_world(&world);
        FILE *file = fopen("tests/explain/symptoms.tsv", "re");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
                struct symptom symptom;
                char *rest = line;
                line[strcspn(line, "\n")] = '\0';
                if (line[0] == '#' || strncmp(line, "id\t", 3) == 0)
                        continue;
                for (size_t i = 0; i < COLUMNS; i++)
                        assert_non_null(symptom.cells[i] = strsep(&rest, "\t"));
                check(&world, &symptom);
                count++;
        }
        fclose(file);
        close_world(&world);
        assert_true(count >= 50);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(symptoms),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
