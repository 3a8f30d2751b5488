/* SPDX-License-Identifier: Apache-2.0 */
/* Who refused a call, and the least that unblocks it: as text and as JSON. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/why.h"

#define SETTING_MAX 128 /* bytes of a sysctl's path and of its value */
#define OPENED_SHOWN 6  /* calls that are named of those that a way opens */
#define LINE_WIDTH 110  /* columns of a remedy with what it opens */
#define DANGERS_SHOWN 2 /* dangers that are told of one way, and each but once */

bool cf_why_setting(void *context, const char *name, long *ret_number)
{
        char path[SETTING_MAX], value[SETTING_MAX];
        (void)context;
        int size = snprintf(path, sizeof(path), "/proc/sys/%s", name);
        if (size < 0 || (size_t)size >= sizeof(path))
                return false;
        for (char *c = path + strlen("/proc/sys/"); *c; c++)
                *c = *c == '.' ? '/' : *c;
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t count = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);
        if (count <= 0)
                return false;
        value[count] = '\0';
        char *end;
        errno = 0;
        long number = strtol(value, &end, 10);
        if (end == value || errno)
                return false;
        *ret_number = number;
        return true;
}

/* ---- what the profile has to do with it -------------------------------------------------------
 */

int cf_why_judge(struct cf_why *why, const struct cf_why_failure *failure,
                 enum cf_why_verdict *ret_verdict, uint32_t *ret_answer, struct cf_error *err)
{
        struct cf_policies *all = why->job.all;
        cf_policy left =
                cf_policy_of_call(all, why->input.policy, failure->call.arch, failure->call.nr);
        uint32_t *values, answer = CF_ALLOW;
        size_t count;
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                if (failure->known[i])
                        left = cf_policy_fix(all, left, cf_slice_arg(i), UINT64_MAX,
                                             failure->call.args[i]);
        int r = cf_policy_values(all, left, why->job.arena, &values, &count, err);
        if (r < 0)
                return r;
        bool same = false, lets = false;
        for (size_t i = 0; i < count; i++) {
                bool refuses = cf_action_rank(values[i]) < cf_action_rank(CF_LOG);
                lets |= !refuses;
                /* Another error than the profile gives was not the profile's. */
                same |= refuses && (failure->by_filter || !failure->error ||
                                    values[i] == (CF_ERRNO | (uint32_t)failure->error));
        }
        if (!same)
                *ret_verdict = failure->by_filter ? CF_WHY_OTHER : CF_WHY_NOT;
        else
                *ret_verdict = lets || count > 1 ? CF_WHY_PERHAPS : CF_WHY_REFUSED;
        if (count == 1)
                answer = values[0];
        *ret_answer = answer;
        return 0;
}

/* ---- one failure --------------------------------------------------------------------------------
 */

struct said {
        const struct cf_why_failure *failure;
        enum cf_why_verdict verdict;
        uint32_t answer;
        struct cf_cause cause;
        struct cf_way ways[CF_WAYS_MAX];
        size_t way_count;
        struct cf_profile_decision decision; /* of the profile, where there is one */
        bool decided;
        const char *untold;     /* the call, where arguments that decide are not known; else NULL */
        const char *unknown_to; /* the library that drops its rules; else NULL */
};

/* The call's name when what its flags or kinds are is not known: then no rule can name them. */
static const char *find_untold(const struct cf_why_failure *failure)
{
        const struct cf_arch *arch = cf_arch_of_call(failure->call.arch, failure->call.nr);
        const struct cf_syscall *call = arch ? cf_syscall_by_number(arch, failure->call.nr) : NULL;
        for (unsigned i = 0; call && (int)i < call->argument_count; i++)
                if (!failure->known[i] && cf_argument_constant(call, i, 0, NULL))
                        return call->name;
        return NULL;
}

static void drop_ways_by_arguments(struct said *said)
{
        size_t count = 0;
        for (size_t i = 0; i < said->way_count; i++)
                if (said->ways[i].kind != CF_WAY_ARGUMENTS)
                        said->ways[count++] = said->ways[i];
        said->way_count = count;
}

/* Whatever an entry of the profile must name the call for. */
static void drop_ways_by_name(struct said *said)
{
        for (size_t i = 0; i < said->way_count; i++) {
                enum cf_way_kind kind = said->ways[i].kind;
                if (kind == CF_WAY_ERRNO || kind == CF_WAY_ARGUMENTS || kind == CF_WAY_CALL ||
                    kind == CF_WAY_CAPABILITY)
                        said->ways[i].enough = false;
        }
}

static int work_out(struct cf_why *why, const struct cf_why_failure *failure, struct said *said,
                    struct cf_error *err)
{
        const struct cf_profile *profile = why->input.profile;
        const struct cf_circumstances *circumstances = &why->job.circumstances;
        *said = (struct said){.failure = failure, .untold = find_untold(failure)};
        int r = cf_why_judge(why, failure, &said->verdict, &said->answer, err);
        if (r < 0)
                return r;
        cf_explain_cause(why->job.all, why->input.policy, &failure->call, &failure->behind,
                         failure->error, &why->caller, &said->cause);
        /* Arguments that are not known may be those that the profile refuses. */
        if (said->verdict == CF_WHY_PERHAPS && said->cause.blame != CF_BLAME_BOTH)
                said->cause.blame = said->cause.unmet_count ? CF_BLAME_BOTH : CF_BLAME_FILTER;
        if (said->verdict == CF_WHY_OTHER)
                return 0;
        if (profile && said->verdict == CF_WHY_REFUSED) {
                r = cf_profile_decide(profile, circumstances, &failure->call, &said->decision, err);
                said->decided = r == 0;
        }
        if (r == 0)
                r = cf_explain_ways(why->job.all, why->job.arena, &failure->call, &said->cause,
                                    profile, circumstances, why->grantable, said->ways,
                                    &said->way_count, err);
        if (r == 0 && said->untold)
                drop_ways_by_arguments(said);
        if (r == 0 && said->verdict != CF_WHY_NOT)
                said->unknown_to = cf_why_unknown_to(why, &failure->call);
        if (said->unknown_to)
                drop_ways_by_name(said);
        const struct cf_arch *arch = cf_arch_of_call(failure->call.arch, failure->call.nr);
        const struct cf_program_option *option = cf_explain_option(
                failure->program, arch ? cf_syscall_by_number(arch, failure->call.nr) : NULL);
        if (r == 0 && option && said->way_count)
                cf_explain_add_option(said->ways, &said->way_count, option);
        return r;
}

static const char *error_name(int error)
{
        const char *name = error ? strerrorname_np(error) : NULL;
        return name ? name : "killed";
}

/* ---- as text
 * -------------------------------------------------------------------------------------- */

static void put_first_line(struct cf_text *out, const struct said *said)
{
        const struct cf_why_failure *failure = said->failure;
        cf_explain_call_on(out, &failure->call, failure->known, &failure->behind);
        if (!failure->untold)
                cf_text_printf(out, " = %s",
                               failure->outcome ? failure->outcome : error_name(failure->error));
        if (failure->count > 1)
                cf_text_printf(out, ", %zu times", failure->count);
        if (failure->program || failure->where) {
                cf_text_puts(out, " (");
                cf_text_add_visible(out, cf_span_of(failure->program));
                if (failure->told_apart && failure->container) {
                        cf_text_puts(out, " in ");
                        cf_text_add_visible(out, cf_span_of(failure->container));
                }
                if (failure->where) {
                        cf_text_puts(out, failure->program ? ", first at " : "first at ");
                        cf_text_add_visible(out, cf_span_of(failure->where));
                }
                cf_text_putc(out, ')');
        }
        cf_text_putc(out, '\n');
}

/* Some entry that counts is about the call, with other arguments. */
static bool is_named(const struct cf_why *why, const struct cf_call *call)
{
        const struct cf_profile *profile = why->input.profile;
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        for (size_t i = 0; known && i < profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[i];
                if (!cf_profile_rule_applies(rule, &why->job.circumstances))
                        continue;
                for (size_t k = 0; k < rule->names.count; k++)
                        if (cf_span_is(rule->names.items[k].text, known->name))
                                return true;
        }
        return false;
}

static void put_rule(struct cf_why *why, const struct said *said)
{
        struct cf_text *out = &why->job.out;
        const struct cf_profile *profile = why->input.profile;
        if (!said->decided)
                return;
        if (said->decision.reason == CF_PROFILE_BY_RULE) {
                bool lost = cf_action_rank(said->decision.value) >= cf_action_rank(CF_LOG);
                cf_text_puts(out, lost ? ", although it is let through by the entry at "
                                       : ", by the entry at ");
                cf_profile_job_place(&why->job, profile, said->decision.name->part);
        } else if (said->decision.reason == CF_PROFILE_BY_DEFAULT) {
                cf_text_puts(out, is_named(why, &said->failure->call)
                                          ? ", which lets it through with other arguments alone"
                                          : ", which does not name it");
        } else if (said->decision.reason == CF_PROFILE_NOT_COVERED) {
                cf_text_puts(out, ", which does not know its architecture");
        }
}

/* What the kernel would answer next, or has answered. */
static void put_behind(const struct cf_why *why, struct cf_text *out, const struct said *said)
{
        const struct cf_cause *cause = &said->cause;
        bool filtered = said->verdict != CF_WHY_NOT;
        if (!filtered && cause->blame != CF_BLAME_KERNEL) {
                cf_why_put_ordinary(out, said->failure);
        } else if (cause->unmet_count) {
                cf_text_puts(out, filtered ? "  the kernel would refuse it too: it asks for "
                                           : "  it lacks ");
                cf_why_put_requirements(out, why, cause->unmet, cause->unmet_count);
        } else if (cause->perhaps_count) {
                cf_text_puts(out, filtered ? "  the kernel may ask for " : "  it may lack ");
                cf_why_put_requirements(out, why, cause->perhaps, cause->perhaps_count);
        } else if (said->untold) {
                cf_text_puts(out, "  what the kernel would answer depends on arguments");
        } else {
                cf_text_puts(out, "  the kernel would not refuse it: it asks for nothing");
        }
        cf_text_putc(out, '\n');
}

/* What a way opens to an attacker: of the call itself, and of the first that a capability opens. */
static void find_dangers(const struct said *said, const struct cf_way *way,
                         struct cf_why_dangers *dangers)
{
        const struct cf_why_failure *failure = said->failure;
        const struct cf_arch *arch = cf_arch_of_call(failure->call.arch, failure->call.nr);
        bool opens = way->kind == CF_WAY_ARGUMENTS || way->kind == CF_WAY_CALL ||
                     way->kind == CF_WAY_CAPABILITY;
        *dangers = (struct cf_why_dangers){0};
        if (!arch || !opens)
                return;
        struct cf_why_failure opened = *failure;
        if (way->kind == CF_WAY_ARGUMENTS && said->cause.has_instead) { /* clone, for clone3 */
                opened.call = said->cause.instead;
                memset(opened.known, true, sizeof(opened.known));
        }
        cf_why_dangers_of_call(dangers, cf_syscall_by_number(arch, opened.call.nr),
                               way->kind == CF_WAY_CALL ? NULL : &opened);
        for (size_t i = 0; i < way->opened_count; i++)
                cf_why_dangers_of_call(dangers, cf_syscall_by_name(way->opened[i]), NULL);
}

static void put_opened(struct cf_text *out, const struct cf_way *way)
{
        static const char *const words[] = {
                [CF_WAY_NOTHING] = "nothing to do",
                [CF_WAY_ERRNO] = "opens nothing",
                [CF_WAY_OPTION] = "opens nothing, by an option of the program: it",
                [CF_WAY_ARGUMENTS] = "opens this call with these arguments",
                [CF_WAY_CALL] = "opens the call whatever its arguments",
                [CF_WAY_CAPABILITY] = "opens this call",
                [CF_WAY_SETTING] = "on the host, for everybody",
        };
        cf_text_puts(out, words[way->kind]);
        if (way->because)
                cf_text_printf(out, "%s %s", way->kind == CF_WAY_OPTION ? "" : ":", way->because);
        for (size_t i = 0; i < way->opened_count && i < OPENED_SHOWN; i++)
                cf_text_printf(out, "%s%s",
                               i              ? ", "
                               : way->because ? "; and opens: "
                                              : " and: ",
                               way->opened[i]);
        if (way->opened_count > OPENED_SHOWN)
                cf_text_printf(out, " and %zu more", way->opened_count - OPENED_SHOWN);
}

/* What to do, and what it opens: in one line where that fits. */
static void put_way(struct cf_text *out, size_t number, const struct cf_way *way)
{
        CF_TEXT struct cf_text option = {0}, opened = {0};
        cf_text_printf(&option, "   %zu  %s", number, way->option ? way->option : "none");
        if (way->also)
                cf_text_printf(&option, " and %s", way->also);
        put_opened(&opened, way);
        cf_text_add(out, cf_text_span(&option));
        cf_text_puts(out, option.size + 3 + opened.size <= LINE_WIDTH ? "   " : "\n      ");
        cf_text_add(out, cf_text_span(&opened));
        cf_text_putc(out, '\n');
        out->failed |= option.failed || opened.failed;
}

/* The dangers of a way that were not told before, of this call or another. */
static void put_new_dangers(struct cf_why *why, const struct said *said, const struct cf_way *way)
{
        struct cf_why_dangers all, new = {0};
        find_dangers(said, way, &all);
        for (size_t i = 0; i < all.count && i < DANGERS_SHOWN; i++) {
                bool known = false;
                for (size_t k = 0; k < why->told.count; k++)
                        known |= why->told.items[k] == all.items[i];
                if (known)
                        continue;
                new.items[new.count++] = all.items[i];
                if (cf_vec_push(why->job.arena, &why->told, all.items[i]) < 0)
                        why->job.out.failed = true;
        }
        cf_why_put_dangers(&why->job.out, "         ", &new);
}

static void put_ways(struct cf_why *why, const struct said *said)
{
        struct cf_text *out = &why->job.out;
        bool any = false;
        for (size_t i = 0; i < said->way_count; i++) {
                const struct cf_way *way = &said->ways[i];
                if (!way->enough)
                        continue;
                if (!any)
                        cf_text_puts(out, "  least remedy, in order of what they open:\n");
                any = true;
                put_way(out, i + 1, way);
                put_new_dangers(why, said, way);
        }
        if (any && said->untold && !said->cause.unmet_count)
                cf_text_printf(
                        out,
                        "  a rule for its arguments opens less: strace -f -e trace=%s -o log "
                        "COMMAND tells them, then confined why --log log\n",
                        said->untold);
        const struct cf_way *first = said->ways;
        while (first < said->ways + said->way_count && first->kind == CF_WAY_OPTION)
                first++;
        if (any && why->input.base && first < said->ways + said->way_count && first->option &&
            first->kind <= CF_WAY_CALL && first->enough) {
                cf_text_puts(out, "  write it: confined profile extend ");
                cf_text_add_visible(out, cf_span_of(why->input.base));
                cf_text_printf(out, " %s -o profile.json\n", first->option);
        }
}

/* That no profile can let it through, and what the program is left with. */
static void put_unknown(struct cf_text *out, const struct said *said)
{
        const struct cf_call *call = &said->failure->call;
        if (!said->unknown_to)
                return;
        cf_text_printf(out,
                       "  no rule helps: %s, which loads profiles here, does not know %s and drops "
                       "its rules;\n  a newer one is needed, or the program does with %s\n",
                       said->unknown_to,
                       cf_syscall_by_number(cf_arch_of_call(call->arch, call->nr), call->nr)->name,
                       error_name(said->failure->error));
}

/* How sure that is, where it was not seen. */
static void put_sureness(struct cf_text *out, const struct said *said)
{
        struct cf_why_sureness sure = cf_why_sureness(said->failure, said->verdict);
        if (sure.word)
                cf_text_printf(out, "  %s: %s\n", sure.word, sure.because);
}

static void put_text(struct cf_why *why, const struct said *said)
{
        struct cf_text *out = &why->job.out;
        put_first_line(out, said);
        if (said->verdict == CF_WHY_NOT && !why->input.name) {
                cf_text_puts(out, "  not seccomp: it has no filter\n");
        } else if (said->verdict == CF_WHY_NOT) {
                cf_text_puts(out, "  not seccomp: ");
                cf_text_add_visible(out, cf_span_of(why->input.name));
                cf_text_puts(out, " lets it through\n");
        } else if (said->verdict == CF_WHY_OTHER && said->failure->by_own) {
                cf_text_puts(
                        out,
                        "  refused by a filter that the program loaded itself: no profile lets "
                        "it through\n  (");
                cf_text_add_visible(out, cf_span_of(why->input.name));
                cf_text_puts(out, " would)\n");
                return;
        } else if (said->verdict == CF_WHY_OTHER) {
                cf_text_puts(out, "  refused by a filter, but ");
                cf_text_add_visible(out, cf_span_of(why->input.name));
                cf_text_puts(out, " lets it through: another profile was in use\n");
                put_sureness(out, said);
                return;
        } else {
                cf_text_printf(out, "  %s by seccomp: by ",
                               said->verdict == CF_WHY_PERHAPS
                                       ? "refused with some arguments (they are not known)"
                                       : "refused");
                cf_text_add_visible(out, cf_span_of(why->input.name));
                put_rule(why, said);
                cf_text_putc(out, '\n');
        }
        if (said->failure->behind.clone_flags)
                cf_text_puts(out,
                             "  its flags are in memory, as it was seen: no filter looks there\n");
        put_sureness(out, said);
        put_behind(why, out, said);
        put_unknown(out, said);
        put_ways(why, said);
}

/* ---- as JSON
 * -------------------------------------------------------------------------------------- */

static void put_string(struct cf_json_writer *json, const char *key, const char *text)
{
        cf_json_key(json, key);
        cf_json_put_string(json, text);
}

static void put_json_requirements(struct cf_json_writer *json, const char *key,
                                  const struct cf_requirement *const *all, size_t count)
{
        cf_json_key(json, key);
        cf_json_open(json, '[');
        for (size_t i = 0; i < count; i++) {
                CF_TEXT struct cf_text text = {0};
                cf_explain_requirement(&text, all[i]);
                cf_json_put_string(json, text.data);
        }
        cf_json_close(json, ']');
}

static void put_json_way(struct cf_json_writer *json, const struct said *said,
                         const struct cf_way *way)
{
        struct cf_why_dangers dangers;
        static const char *const kinds[] = {"nothing", "errno",      "option", "arguments",
                                            "call",    "capability", "setting"};
        cf_json_open(json, '{');
        put_string(json, "kind", kinds[way->kind]);
        put_string(json, "option", way->option);
        put_string(json, "also", way->also);
        put_string(json, "because", way->because);
        cf_json_key(json, "enough");
        cf_json_put_bool(json, way->enough);
        cf_json_key(json, "opens");
        cf_json_open(json, '[');
        for (size_t i = 0; i < way->opened_count; i++)
                cf_json_put_string(json, way->opened[i]);
        cf_json_close(json, ']');
        find_dangers(said, way, &dangers);
        cf_why_json_dangers(json, &dangers);
        cf_json_close(json, '}');
}

static void put_json(struct cf_why *why, const struct said *said)
{
        static const char *const verdicts[] = {"refused", "perhaps", "other-filter", "not-seccomp"};
        struct cf_json_writer *json = &why->json;
        const struct cf_why_failure *failure = said->failure;
        struct cf_why_sureness sure = cf_why_sureness(failure, said->verdict);
        CF_TEXT struct cf_text call = {0}, answer = {0}, who = {0}, flags = {0};
        cf_explain_call_on(&call, &failure->call, failure->known, &failure->behind);
        cf_explain_clone_flags(&flags, failure->behind.clone_flags);
        bool module = failure->label && said->verdict == CF_WHY_NOT &&
                      said->cause.blame != CF_BLAME_KERNEL;
        cf_text_puts(&who, module ? "security module or " : "");
        cf_explain_who(&who, &said->cause, said->verdict != CF_WHY_NOT);
        cf_action_print(&answer, said->answer);
        cf_json_open(json, '{');
        put_string(json, "call", call.data);
        put_string(json, "path", failure->behind.path);
        put_string(json, "cloneFlags", failure->behind.clone_flags ? flags.data : NULL);
        put_string(json, "error", failure->error ? error_name(failure->error) : NULL);
        put_string(json, "outcome", failure->outcome);
        cf_json_key(json, "count");
        cf_json_put_uint(json, failure->count);
        put_string(json, "program", failure->program);
        put_string(json, "container", failure->container);
        put_string(json, "where", failure->where);
        put_string(json, "verdict", verdicts[said->verdict]);
        put_string(json, "sure", sure.word);
        put_string(json, "because", sure.because);
        put_string(json, "who", who.data);
        put_string(json, "answer", said->verdict == CF_WHY_REFUSED ? answer.data : NULL);
        put_json_requirements(json, "asked", said->cause.unmet, said->cause.unmet_count);
        put_json_requirements(json, "perhapsAsked", said->cause.perhaps, said->cause.perhaps_count);
        put_string(json, "unknownTo", said->unknown_to);
        cf_json_key(json, "ways");
        cf_json_open(json, '[');
        for (size_t i = 0; i < said->way_count; i++)
                put_json_way(json, said, &said->ways[i]);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
}

int cf_why_say(struct cf_why *why, const struct cf_why_failure *failure, struct cf_error *err)
{
        struct said said;
        int r = work_out(why, failure, &said, err);
        if (r < 0)
                return r;
        why->refused += said.verdict != CF_WHY_NOT;
        if (said.verdict == CF_WHY_NOT && !why->all_errors && said.cause.blame != CF_BLAME_KERNEL)
                return 0;
        struct cf_why_remedy remedy = {.failure = *failure,
                                       .verdict = said.verdict,
                                       .way_count = said.way_count,
                                       .input = why->input,
                                       .guessed = why->guessed,
                                       .unknown_to = said.unknown_to,
                                       .kernel_too = said.cause.unmet_count > 0};
        memcpy(remedy.ways, said.ways, sizeof(remedy.ways));
        why->rules += cf_why_write_helps(&remedy);
        if (cf_why_write_keep(why, &remedy) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (why->job.json) {
                put_json(why, &said);
                return 0;
        }
        if (why->job.out.size)
                cf_text_putc(&why->job.out, '\n');
        put_text(why, &said);
        return 0;
}
