/* SPDX-License-Identifier: Apache-2.0 */
/* The word of each enum value: the same in every output, in configuration and in tests. */
#include "model/model.h"

static const char *const evidence_names[] = {
        [CF_DECLARED] = "declared",
        [CF_CONFIGURED] = "configured",
        [CF_ENFORCED] = "enforced",
};

static const char *const subject_kind_names[] = {
        [CF_SUBJECT_SERVICE] = "service", [CF_SUBJECT_BUILD] = "build",
        [CF_SUBJECT_COMMAND] = "command", [CF_SUBJECT_EXEC] = "exec",
        [CF_SUBJECT_OPTIONS] = "options", [CF_SUBJECT_DAEMON] = "daemon",
        [CF_SUBJECT_PROFILE] = "profile", [CF_SUBJECT_CONTAINER] = "container",
        [CF_SUBJECT_PROCESS] = "process",
};

static const char *const verdict_names[] = {
        [CF_PASS] = "pass",         [CF_NOTE] = "note", [CF_WARN] = "warn",
        [CF_UNDECIDED] = "unknown", [CF_FAIL] = "fail",
};

static const char *const severity_names[] = {
        [CF_LOW] = "low",
        [CF_MEDIUM] = "medium",
        [CF_HIGH] = "high",
        [CF_CRITICAL] = "critical",
};

/* A value that is none of the enum's is a bug of ours; it gets a word rather than a crash. */
static const char *name_at(const char *const *names, size_t count, unsigned value)
{
        return value < count ? names[value] : "?";
}

static bool value_of(const char *const *names, size_t count, const char *name, unsigned *ret_value)
{
        for (unsigned i = 0; name && i < count; i++) {
                if (strcmp(names[i], name) != 0)
                        continue;
                *ret_value = i;
                return true;
        }
        return false;
}

const char *cf_evidence_name(enum cf_evidence evidence)
{
        return name_at(evidence_names, CF_COUNT(evidence_names), evidence);
}

const char *cf_subject_kind_name(enum cf_subject_kind kind)
{
        return name_at(subject_kind_names, CF_COUNT(subject_kind_names), kind);
}

const char *cf_verdict_name(enum cf_verdict verdict)
{
        return name_at(verdict_names, CF_COUNT(verdict_names), verdict);
}

bool cf_verdict_of(const char *name, enum cf_verdict *ret_verdict)
{
        unsigned value;
        if (!value_of(verdict_names, CF_COUNT(verdict_names), name, &value))
                return false;
        *ret_verdict = (enum cf_verdict)value;
        return true;
}

const char *cf_severity_name(enum cf_severity severity)
{
        return name_at(severity_names, CF_COUNT(severity_names), severity);
}

bool cf_severity_of(const char *name, enum cf_severity *ret_severity)
{
        unsigned value;
        if (!value_of(severity_names, CF_COUNT(severity_names), name, &value))
                return false;
        *ret_severity = (enum cf_severity)value;
        return true;
}
