/* SPDX-License-Identifier: Apache-2.0 */
/* What would let a refused call through, and what else it would let through. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "explain/explain.h"

struct search {
        struct cf_policies *all;
        struct cf_arena *arena;
        const struct cf_call *call;
        const struct cf_arch *arch;
        const struct cf_syscall *known;
        const struct cf_cause *cause;
        const struct cf_profile *profile;
        const struct cf_circumstances *circumstances;
        uint64_t grantable;
        struct cf_way *ways;
        size_t count;
        struct cf_error *err;
};

static int add(struct search *search, struct cf_way way)
{
        if (!way.option && way.kind != CF_WAY_NOTHING)
                return -ENOMEM;
        if (search->count < CF_WAYS_MAX)
                search->ways[search->count++] = way;
        return 0;
}

static bool is_refused(uint32_t answer)
{
        return cf_action_rank(answer) < cf_action_rank(CF_LOG);
}

static bool rules_suffice(const struct search *search)
{
        return search->cause->unmet_count == 0;
}

/* ---- rules --------------------------------------------------------------------------------------
 */

/* The rule for a call with what its telling arguments are: those whose values have names. False:
 * it has none. */
static bool put_rule(struct cf_text *rule, const struct cf_arch *arch,
                     const struct cf_syscall *known, const uint64_t args[CF_POLICY_ARGS])
{
        bool any = false;
        for (unsigned arg = 0; (int)arg < known->argument_count; arg++) {
                if (!cf_argument_constant(known, arg, 0, NULL))
                        continue;
                /* What a child's end is told by says nothing of what it may do. */
                bool masked = strcmp(known->name, "clone") == 0;
                uint64_t value = args[arg] & ~(uint64_t)(masked ? CSIGNAL : 0);
                cf_text_printf(rule, masked ? "%s(%s & ~0x%x) == " : "%s%s == ", any ? " && " : "",
                               known->arguments[arg].name, CSIGNAL);
                cf_explain_argument(rule, arch, known, arg, value);
                any = true;
        }
        return any;
}

/* clone3 whose flags the filter refuses to clone, too: with ENOSYS its caller gets as far as that.
 * Where that is the answer already, a clone that was asked for is told of by itself, and one that
 * was not helps nobody. */
static int add_clone(struct search *search)
{
        const struct cf_cause *cause = search->cause;
        CF_TEXT struct cf_text rule = {0};
        if (cause->answer == (CF_ERRNO | ENOSYS))
                return !cause->behind.went_on
                               ? 0
                               : add(search,
                                     (struct cf_way){
                                             .kind = CF_WAY_NOTHING,
                                             .because = "it went on with clone, which is told of "
                                                        "by itself",
                                             .enough = true,
                                     });
        put_rule(&rule, search->arch, cf_syscall_by_number(search->arch, cause->instead.nr),
                 cause->instead.args);
        if (rule.failed)
                return -ENOMEM;
        return add(search,
                   (struct cf_way){
                           .kind = CF_WAY_ARGUMENTS,
                           .option = cf_arena_printf(search->arena,
                                                     "--errno ENOSYS clone3 --allow 'clone(%s)'",
                                                     rule.data ? rule.data : ""),
                           .because = "programs then ask clone for the same, whose flags a filter "
                                      "sees",
                           .enough = rules_suffice(search),
                   });
}

static int add_fallback(struct search *search)
{
        bool already = search->cause->answer == (CF_ERRNO | ENOSYS);
        if (search->cause->has_instead && is_refused(search->cause->instead_answer))
                return add_clone(search);
        if (!search->known->fallback)
                return 0;
        return add(search,
                   (struct cf_way){
                           .kind = already ? CF_WAY_NOTHING : CF_WAY_ERRNO,
                           .option = already ? NULL
                                             : cf_arena_printf(search->arena, "--errno ENOSYS %s",
                                                               search->known->name),
                           .because = search->known->fallback,
                           .enough = true,
                   });
}

static int add_arguments(struct search *search)
{
        CF_TEXT struct cf_text rule = {0};
        bool any = put_rule(&rule, search->arch, search->known, search->call->args);
        if (rule.failed)
                return -ENOMEM;
        if (!any)
                return 0;
        return add(search, (struct cf_way){
                                   .kind = CF_WAY_ARGUMENTS,
                                   .option = cf_arena_printf(search->arena, "--allow '%s(%s)'",
                                                             search->known->name, rule.data),
                                   .enough = rules_suffice(search),
                           });
}

static int add_call(struct search *search)
{
        return add(search, (struct cf_way){
                                   .kind = CF_WAY_CALL,
                                   .option = cf_arena_printf(search->arena, "--allow %s",
                                                             search->known->name),
                                   .enough = rules_suffice(search),
                           });
}

/* ---- capabilities -------------------------------------------------------------------------------
 */

/* The calls that get a looser answer with the capability than without, the one in question apart.
 */
static int list_opened(struct search *search, const struct cf_circumstances *with,
                       struct cf_way *way)
{
        const struct cf_arch *arch = search->circumstances->machine;
        CF_VEC(const char *) names = {0};
        cf_policy before, after;
        uint32_t nr;
        int r = cf_profile_policy(search->all, search->profile, search->circumstances, &before,
                                  search->err);
        if (r == 0)
                r = cf_profile_policy(search->all, search->profile, with, &after, search->err);
        if (r < 0)
                return r;
        cf_policy looser = cf_policy_where_looser(search->all, after, before);
        if ((r = cf_policies_check(search->all, looser, search->err)) < 0)
                return r;
        const struct cf_syscall *call;
        for (size_t i = 0; (call = cf_syscall_of_arch(arch, i, &nr)); i++)
                if (call != search->known &&
                    cf_policy_of_call(search->all, looser, arch->token, nr) != CF_POLICY_FALSE &&
                    cf_vec_push(search->arena, &names, call->name) < 0)
                        return -ENOMEM;
        way->opened = names.items;
        way->opened_count = names.count;
        return 0;
}

/* The calls that one more capability opens. */
static int list_more(struct search *search, unsigned number, struct cf_way *way)
{
        if (!search->profile || search->circumstances->capabilities >> number & 1)
                return 0;
        struct cf_circumstances with = *search->circumstances;
        with.capabilities |= UINT64_C(1) << number;
        return list_opened(search, &with, way);
}

static bool answers(const struct search *search, const char *capability)
{
        for (size_t i = 0; i < search->cause->unmet_count; i++) {
                const char *asked = search->cause->unmet[i]->capability;
                if (!asked || !cf_explain_suffices(capability, asked))
                        return false;
        }
        return true;
}

static int add_capability(struct search *search, unsigned number)
{
        const char *name = cf_capability_name(number);
        struct cf_way way = {
                .kind = CF_WAY_CAPABILITY,
                .option = cf_arena_printf(search->arena, "--cap-add %s", name + 4),
                .enough = answers(search, name),
        };
        int r = list_more(search, number, &way);
        return r < 0 ? r : add(search, way);
}

/* Whether the profile lets the call through under these circumstances. 0 or negative. */
static int lets_through(struct search *search, const struct cf_circumstances *circumstances,
                        bool *ret_lets)
{
        struct cf_profile_decision decision;
        int r = cf_profile_decide(search->profile, circumstances, search->call, &decision,
                                  search->err);
        if (r == 0)
                *ret_lets = !is_refused(decision.value);
        return r;
}

/* Those on which an entry depends that lets the call through. What is let through already, and lost
 * when the profile is loaded, no capability brings back. */
static int add_unlocking(struct search *search)
{
        bool lets = false;
        int r = search->profile ? lets_through(search, search->circumstances, &lets) : 0;
        for (unsigned i = 0; r == 0 && !lets && search->profile && i < CF_CAPABILITIES; i++) {
                struct cf_circumstances with = *search->circumstances;
                bool unlocks = false;
                if (with.capabilities >> i & 1 || !(search->grantable >> i & 1))
                        continue;
                with.capabilities |= UINT64_C(1) << i;
                r = lets_through(search, &with, &unlocks);
                if (r == 0 && unlocks)
                        r = add_capability(search, i);
        }
        return r;
}

/* ---- what the kernel asks for --------------------------------------------------------------- */

/* The capability that is asked for, or the one from which it was split off, where the engine does
 * not know it. False: there is none that it can give. */
static bool find_grantable(const struct search *search, const char *asked, unsigned *ret_number)
{
        if (!cf_capability_number(cf_span_of(asked), ret_number))
                return false;
        if (search->grantable >> *ret_number & 1)
                return true;
        return cf_explain_suffices("CAP_SYS_ADMIN", asked) &&
               cf_capability_number(cf_span_of("CAP_SYS_ADMIN"), ret_number);
}

static int add_setting(struct search *search, const struct cf_requirement *requirement)
{
        long value = requirement->value;
        if (requirement->test == CF_REQUIRE_LESS)
                value--;
        else if (requirement->test != CF_REQUIRE_EQUAL)
                value++;
        return add(search, (struct cf_way){
                                   .kind = CF_WAY_SETTING,
                                   .option = cf_arena_printf(search->arena, "%s=%ld",
                                                             requirement->setting, value),
                                   .enough = search->cause->unmet_count <= 1 &&
                                             search->cause->blame == CF_BLAME_KERNEL,
                           });
}

static int add_met(struct search *search, const struct cf_requirement *requirement, bool filtered)
{
        unsigned number;
        int r = 0;
        if (!filtered && requirement->capability &&
            find_grantable(search, requirement->capability, &number))
                r = add_capability(search, number);
        return r == 0 && requirement->setting ? add_setting(search, requirement) : r;
}

/* Where the kernel asks for a capability and no entry depends on it, a rule helps together with it.
 */
static int add_both(struct search *search)
{
        const char *asked = search->cause->unmet_count ? search->cause->unmet[0]->capability : NULL;
        unsigned number;
        int r = 0;
        if (!asked || !answers(search, asked) || !find_grantable(search, asked, &number))
                return 0;
        for (size_t i = 0; i < search->count; i++)
                if (search->ways[i].enough && search->ways[i].kind != CF_WAY_ERRNO)
                        return 0;
        for (size_t i = 0; r == 0 && i < search->count; i++) {
                struct cf_way *way = &search->ways[i];
                if (way->kind != CF_WAY_ARGUMENTS && way->kind != CF_WAY_CALL)
                        continue;
                way->also = cf_arena_printf(search->arena, "--cap-add %s",
                                            cf_capability_name(number) + 4);
                way->enough = true;
                r = !way->also ? -ENOMEM : list_more(search, number, way);
        }
        return r;
}

/* ---- what the program can be told ------------------------------------------------------------ */

/* `pattern`: a name, or its beginning and '*'. */
static bool is_named(const char *program, size_t size, const char *pattern)
{
        size_t length = strcspn(pattern, "*");
        return (pattern[length] ? size >= length : size == length) &&
               memcmp(pattern, program, length) == 0;
}

const struct cf_program_option *cf_explain_option(const char *program,
                                                  const struct cf_syscall *call)
{
        size_t size = program ? strcspn(program, "[") : 0;
        for (size_t i = 0; size && call && i < cf_program_option_count; i++) {
                const struct cf_program_option *option = &cf_program_options[i];
                if (is_named(program, size, option->program) &&
                    strcmp(option->call, call->name) == 0)
                        return option;
        }
        return NULL;
}

void cf_explain_add_option(struct cf_way ways[CF_WAYS_MAX], size_t *count,
                           const struct cf_program_option *option)
{
        size_t place = 0;
        if (*count >= CF_WAYS_MAX)
                return;
        while (place < *count && ways[place].enough && ways[place].kind < CF_WAY_OPTION)
                place++;
        memmove(&ways[place + 1], &ways[place], (*count - place) * sizeof(*ways));
        ways[place] = (struct cf_way){.kind = CF_WAY_OPTION,
                                      .option = option->option,
                                      .because = option->loses,
                                      .enough = true};
        (*count)++;
}

/* ---- all of them -------------------------------------------------------------------------- */

static int compare_ways(const void *a, const void *b)
{
        const struct cf_way *one = a, *other = b;
        if (one->enough != other->enough)
                return one->enough ? -1 : 1;
        if (one->kind != other->kind)
                return one->kind < other->kind ? -1 : 1;
        return (one->opened_count > other->opened_count) -
               (one->opened_count < other->opened_count);
}

int cf_explain_ways(struct cf_policies *all, struct cf_arena *arena, const struct cf_call *call,
                    const struct cf_cause *cause, const struct cf_profile *profile,
                    const struct cf_circumstances *circumstances, uint64_t grantable,
                    struct cf_way ret_ways[CF_WAYS_MAX], size_t *ret_count, struct cf_error *err)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        bool filtered = cause->blame == CF_BLAME_FILTER || cause->blame == CF_BLAME_BOTH;
        struct search search = {
                .all = all,
                .arena = arena,
                .call = call,
                .arch = arch,
                .known = arch ? cf_syscall_by_number(arch, call->nr) : NULL,
                .cause = cause,
                .profile = profile,
                .circumstances = circumstances,
                .grantable = grantable,
                .ways = ret_ways,
                .err = err,
        };
        int r = 0;
        *ret_count = 0;
        if (!search.known || cause->blame == CF_BLAME_NONE)
                return 0;
        if (filtered) {
                r = add_fallback(&search);
                if (r == 0)
                        r = add_arguments(&search);
                if (r == 0)
                        r = add_call(&search);
                if (r == 0)
                        r = add_unlocking(&search);
                if (r == 0)
                        r = add_both(&search);
        }
        for (size_t i = 0; r == 0 && i < cause->unmet_count; i++)
                r = add_met(&search, cause->unmet[i], filtered);
        for (size_t i = 0; r == 0 && !cause->unmet_count && !filtered && i < cause->perhaps_count;
             i++)
                r = add_met(&search, cause->perhaps[i], filtered);
        if (r == -ENOMEM)
                return cf_error_set(err, r, NULL, "not enough memory to explain the call");
        if (r < 0)
                return r;
        qsort(ret_ways, search.count, sizeof(*ret_ways), compare_ways);
        *ret_count = search.count;
        return 0;
}
