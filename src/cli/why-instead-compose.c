/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --instead --compose FILE SERVICE: a service of a Compose file, run apart under the
 * engine's default. */
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "cli/why-instead.h"

struct service {
        struct cf_why *why;
        struct cf_workload workload; /* the service */
        struct cf_why_words words;   /* of a command line that would start what it starts */
};

static int run_service(void *context, struct cf_workload_run *run, struct cf_error *err)
{
        struct service *x = context;
        return cf_workload_run(&x->workload, run, err);
}

static bool has_failed(void *context, const struct cf_workload_run *run, struct cf_error *err)
{
        struct service *x = context;
        return cf_workload_failed(&x->workload, run, err);
}

static int edit_service(void *context, struct cf_text *out, const char *profile)
{
        const struct service *x = context;
        return cf_service_say_edit(x->workload.compose, profile, out);
}

/* `docker run` with the service's capabilities, of which the engine's default depends. */
static int make_words(struct service *x, struct cf_why_words *ret_words, struct cf_error *err)
{
        static const struct {
                const char *key, *option;
        } lists[] = {{"cap_add", "--cap-add"}, {"cap_drop", "--cap-drop"}};
        struct cf_arena *arena = x->why->job.arena;
        const struct cf_service *service = x->workload.compose;
        struct cf_yaml *mapping = cf_service_mapping(service->config, service->service);
        CF_VEC(const char *) words = {0};
        struct cf_workload workload;
        int r = cf_vec_push(arena, &words, "docker");
        if (r == 0)
                r = cf_vec_push(arena, &words, "run");
        for (size_t i = 0; r == 0 && i < CF_COUNT(lists); i++) {
                struct cf_yaml *list =
                        cf_yaml_follow(cf_yaml_get(mapping, lists[i].key, NULL, NULL));
                for (size_t k = 0;
                     r == 0 && list && list->type == CF_YAML_SEQUENCE && k < list->count; k++) {
                        const char *name = cf_yaml_string(list->items[k]);
                        char *word =
                                cf_arena_printf(arena, "%s=%s", lists[i].option, name ? name : "");
                        r = word ? cf_vec_push(arena, &words, word) : -ENOMEM;
                }
        }
        if (r == 0 && cf_service_is_privileged(service->config, service->service))
                r = cf_vec_push(arena, &words, "--cap-add=ALL");
        if (r == 0)
                r = cf_vec_push(arena, &words, "image");
        if (r < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        r = cf_workload_read(arena, words.items, words.count, &workload, err);
        return r < 0 ? r
                     : cf_why_words_read(x->why, &workload,
                                         cf_given_value(x->why->job.invocation, "profile"),
                                         ret_words, err);
}

int cf_why_instead_compose(struct cf_why *why, const char *file, struct cf_error *err)
{
        const struct cf_invocation *invocation = why->job.invocation;
        struct service x = {.why = why};
        struct cf_why_workload workload = {.engine = "docker",
                                           .run = run_service,
                                           .failed = has_failed,
                                           .edit = edit_service,
                                           .context = &x};
        int r = cf_workload_compose(why->job.arena, file, invocation->arguments,
                                    invocation->argument_count, &x.workload, err);
        if (r < 0)
                return r;
        const struct cf_service *service = x.workload.compose;
        const char *seccomp = cf_service_seccomp(service->config, service->service);
        bool privileged = cf_service_is_privileged(service->config, service->service);
        workload.instead = privileged ? "privileged: true"
                           : seccomp  ? cf_arena_printf(why->job.arena, "seccomp:%s", seccomp)
                                      : NULL;
        if (!privileged && !seccomp)
                return cf_error_set(err, -EINVAL, NULL,
                                    "service '%s' has the engine's default already: nothing stands "
                                    "in its place",
                                    service->service);
        r = make_words(&x, &x.words, err);
        if (r < 0)
                return r;
        workload.standard = x.words.standard;
        workload.standard_words = x.words.standard_words;
        workload.differs =
                privileged ? "a project of its own, with new volumes, removed afterwards; in place "
                             "of privileged it had every capability, and no devices"
                           : "a project of its own, with new volumes, removed afterwards";
        if (privileged)
                workload.advice =
                        "the filter can stay on: what it has for its capabilities, cap_add gives";
        return workload.instead ? cf_why_instead_of(why, &workload, err)
                                : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}
