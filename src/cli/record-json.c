/* SPDX-License-Identifier: Apache-2.0 */
/* A recording as a JSON document: docs/schema/confined-record-1.json. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "cli/record.h"

static void put_string(struct cf_json_writer *json, const char *key, const char *text)
{
        cf_json_key(json, key);
        cf_json_put_string(json, text);
}

static void put_uint(struct cf_json_writer *json, const char *key, uint64_t number)
{
        cf_json_key(json, key);
        cf_json_put_uint(json, number);
}

static void put_bool(struct cf_json_writer *json, const char *key, bool value)
{
        cf_json_key(json, key);
        cf_json_put_bool(json, value);
}

/* As a shell has it; null: something that is no child of ours. */
static void put_status(struct cf_json_writer *json, const struct cf_record_run *run)
{
        cf_json_key(json, "status");
        if (!run->ended)
                cf_json_put_null(json);
        else if (WIFSIGNALED(run->status))
                cf_json_put_uint(json, 128u + (unsigned)WTERMSIG(run->status));
        else
                cf_json_put_uint(json, (unsigned)WEXITSTATUS(run->status));
}

static void put_names(struct cf_json_writer *json, const char *key,
                      const struct cf_observation *observation)
{
        cf_json_key(json, key);
        cf_json_open(json, '[');
        for (size_t i = 0; i < observation->call_count; i++) {
                CF_TEXT struct cf_text name = {0};
                cf_record_say_call(&name, &observation->calls[i]);
                cf_json_put_string(json, name.data);
        }
        cf_json_close(json, ']');
}

static void put_calls(struct cf_json_writer *json, const struct cf_record *record)
{
        cf_json_key(json, "calls");
        cf_json_open(json, '[');
        for (size_t i = 0; i < record->observation.call_count; i++) {
                const struct cf_seen_call *seen = &record->observation.calls[i];
                const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
                cf_json_open(json, '{');
                put_string(json, "arch", seen->arch->name);
                put_uint(json, "number", seen->nr);
                put_string(json, "name", call ? call->name : NULL);
                put_uint(json, "count", seen->count[CF_SEEN_WORKLOAD]);
                put_uint(json, "startUp", seen->count[CF_SEEN_RUNTIME]);
                put_uint(json, "refused", seen->refused);
                put_uint(json, "runs", seen->runs);
                put_bool(json, "new", cf_record_is_new(record, seen));
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void put_estimate(struct cf_json_writer *json, const struct cf_record *record)
{
        struct cf_estimate estimate;
        cf_observation_estimate(&record->observation, &estimate);
        cf_json_key(json, "estimate");
        cf_json_open(json, '{');
        put_uint(json, "total", estimate.total);
        put_uint(json, "kinds", estimate.kinds);
        put_uint(json, "seenOnce", estimate.singles);
        cf_json_key(json, "nextIsNew");
        cf_json_put_double(json, estimate.unseen);
        cf_json_key(json, "allKinds");
        cf_json_put_double(json, estimate.all_kinds);
        cf_json_close(json, '}');
}

static void put_dangers(struct cf_json_writer *json, const struct cf_record *record)
{
        const struct cf_danger *danger;
        cf_json_key(json, "dangers");
        cf_json_open(json, '[');
        for (size_t i = 0; (danger = cf_record_danger(record, i)); i++) {
                cf_json_open(json, '{');
                put_string(json, "call", danger->call->name);
                put_string(json, "gain", danger->gain);
                put_string(json, "known", danger->known);
                put_string(json, "capability", danger->capability);
                put_string(json, "source", danger->source);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void put_proof(struct cf_json_writer *json, const struct cf_record *record)
{
        static const char *const words[] = {[CF_VERDICT_HOLDS] = "verified",
                                            [CF_VERDICT_REFUSED] = "refused",
                                            [CF_VERDICT_STATUS] = "status",
                                            [CF_VERDICT_TROUBLE] = "trouble"};
        const struct cf_record_proof *proof = &record->proof;
        cf_json_key(json, "verification");
        if (proof->verdict == CF_VERDICT_NONE) {
                cf_json_put_null(json);
                return;
        }
        cf_json_open(json, '{');
        put_string(json, "verdict", words[proof->verdict]);
        put_uint(json, "rounds", proof->rounds);
        put_status(json, &proof->run);
        put_names(json, "refused", &proof->refused);
        put_names(json, "added", &proof->added);
        cf_json_close(json, '}');
}

static void put_check(struct cf_json_writer *json, const struct cf_record *record)
{
        cf_json_key(json, "check");
        if (!record->check) {
                cf_json_put_null(json);
                return;
        }
        cf_json_open(json, '{');
        put_string(json, "profile", record->check);
        cf_json_key(json, "missing");
        cf_json_open(json, '[');
        for (size_t i = 0; i < record->lacking_count; i++) {
                CF_TEXT struct cf_text name = {0};
                cf_record_say_call(&name, &record->observation.calls[record->lacking[i]]);
                cf_json_put_string(json, name.data);
        }
        cf_json_close(json, ']');
        cf_json_close(json, '}');
}

static int put_profile(struct cf_json_writer *json, const struct cf_record *record)
{
        struct cf_source *source;
        struct cf_json *value;
        struct cf_error err = {0};
        cf_json_key(json, "profile");
        if (!record->profile.data) {
                cf_json_put_null(json);
                return 0;
        }
        int r = cf_source_from(record->job.arena, "the profile", cf_text_span(&record->profile),
                               &source, &err);
        if (r == 0)
                r = cf_json_parse(record->job.arena, source, &value, &err);
        if (r == 0)
                cf_json_put_value(json, value);
        return r;
}

int cf_record_json(struct cf_record *record)
{
        static const char *const ends[] = {[CF_WATCH_ENDED] = "ended",
                                           [CF_WATCH_TIME] = "time",
                                           [CF_WATCH_STOPPED] = "stopped"};
        const struct cf_record_run *run = &record->run;
        struct cf_json_writer json = {.out = &record->job.out, .indent = 2};
        cf_json_open(&json, '{');
        put_string(&json, "schema", "confined-record-1");
        put_string(&json, "workload",
                   record->puts_together ? "merged"
                   : !record->words ? cf_given(record->job.invocation, "container") ? "container"
                                      : record->group                               ? "cgroup"
                                                                                    : "process"
                   : record->engine ? "run"
                                    : "command");
        put_string(&json, "target",
                   record->puts_together ? cf_given_value(record->job.invocation, "merge")
                   : record->words       ? record->words[0]
                                         : record->target);
        put_string(&json, "runtime", record->runtime);
        put_string(&json, "end", ends[run->end]);
        put_status(&json, run);
        cf_json_key(&json, "seconds");
        cf_json_put_double(&json, run->seconds);
        put_uint(&json, "runs", record->observation.runs);
        put_uint(&json, "lost", record->observation.lost);
        put_string(&json, "base", record->base.name);
        put_calls(&json, record);
        put_estimate(&json, record);
        put_dangers(&json, record);
        put_check(&json, record);
        put_proof(&json, record);
        put_string(&json, "output", record->output);
        int r = put_profile(&json, record);
        cf_json_close(&json, '}');
        cf_text_putc(&record->job.out, '\n');
        return r < 0 ? r : record->job.out.failed ? -ENOMEM : 0;
}
