/* SPDX-License-Identifier: Apache-2.0 */
/* Random profiles as plain rules, and what they mean, said as directly as it can be: no code of the
 * model takes part. */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "random.h"

/* ---- What a profile means ------------------------------------------------------------------- */

enum plain_operator { NE, LT, LE, EQ, GE, GT, MASKED_EQ, PLAIN_OPERATORS };
static const char *const plain_operators[] = {"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"};

/* The strictest first. */
static const struct plain_action {
        const char *name;
        uint32_t value;
        bool has_number;
} plain_actions[] = {
        {"KILL_PROCESS", 0x80000000, false}, {"KILL_THREAD", 0, false},
        {"TRAP", 0x00030000, false},         {"ERRNO", 0x00050000, true},
        {"TRACE", 0x7ff00000, true},         {"LOG", 0x7ffc0000, false},
        {"ALLOW", 0x7fff0000, false},
};
#define PLAIN_ACTIONS 7u
#define PLAIN_ERRNO 3u
#define PLAIN_ALLOW 6u

struct plain_test {
        unsigned arg;
        enum plain_operator op;
        uint64_t value, two; /* of MASKED_EQ: the mask, and what must be there under it */
};

struct plain_answer {
        unsigned action; /* an index: the smaller, the stricter */
        uint32_t number;
};

struct plain_rule {
        const char *name;
        struct plain_answer answer;
        struct plain_test tests[3];
        unsigned count;
};

struct plain_profile {
        const char *architectures; /* beside the machine's own: JSON strings; NULL: none */
        struct plain_answer otherwise;
        struct plain_rule rules[5];
        unsigned count;
};

static bool plain_holds(const struct plain_test *test, const uint64_t *args)
{
        uint64_t a = args[test->arg];
        switch (test->op) {
        case NE:
                return a != test->value;
        case LT:
                return a < test->value;
        case LE:
                return a <= test->value;
        case EQ:
                return a == test->value;
        case GE:
                return a >= test->value;
        case GT:
                return a > test->value;
        default:
                return (a & test->value) == (test->two & test->value);
        }
}

static bool plain_matches(const struct plain_rule *rule, const char *name, const uint64_t *args)
{
        bool all = strcmp(rule->name, name) == 0;
        for (unsigned i = 0; i < rule->count; i++)
                all = all && plain_holds(&rule->tests[i], args);
        return all;
}

/* Of the rules that match the strictest answers, of equally strict ones the first. */
static inline uint32_t plain_value(const struct plain_profile *profile, const char *name,
                                   const uint64_t *args)
{
        const struct plain_answer *best = NULL;
        for (unsigned i = 0; i < profile->count; i++) {
                const struct plain_rule *rule = &profile->rules[i];
                if (plain_matches(rule, name, args) &&
                    (!best || rule->answer.action < best->action))
                        best = &rule->answer;
        }
        if (!best)
                best = &profile->otherwise;
        const struct plain_action *action = &plain_actions[best->action];
        return action->has_number ? action->value | best->number : action->value;
}

/* ---- As JSON -------------------------------------------------------------------------------- */

static int plain_print_answer(char *out, size_t size, const char *action, const char *number,
                              struct plain_answer answer)
{
        return snprintf(out, size, "\"%s\":\"SCMP_ACT_%s\",\"%s\":%u", action,
                        plain_actions[answer.action].name, number, answer.number);
}

/* The length of the text; `out` must hold 4096 bytes. */
static size_t plain_print(const struct plain_profile *profile, char *out)
{
        char *at = out, *end = out + 4096;
#define PUT(...) at += snprintf(at, (size_t)(end - at), __VA_ARGS__)
        PUT("{");
        at += plain_print_answer(at, (size_t)(end - at), "defaultAction", "defaultErrnoRet",
                                 profile->otherwise);
        if (profile->architectures)
                PUT(",\"architectures\":[%s]", profile->architectures);
        PUT(",\"syscalls\":[");
        for (unsigned i = 0; i < profile->count; i++) {
                const struct plain_rule *rule = &profile->rules[i];
                PUT("%s{\"names\":[\"%s\"],", i ? ",\n" : "\n", rule->name);
                at += plain_print_answer(at, (size_t)(end - at), "action", "errnoRet",
                                         rule->answer);
                PUT(",\"args\":[");
                for (unsigned k = 0; k < rule->count; k++)
                        PUT("%s{\"index\":%u,\"op\":\"SCMP_CMP_%s\",\"value\":%" PRIu64
                            ",\"valueTwo\":%" PRIu64 "}",
                            k ? "," : "", rule->tests[k].arg, plain_operators[rule->tests[k].op],
                            rule->tests[k].value, rule->tests[k].two);
                PUT("]}");
        }
        PUT("]}");
#undef PUT
        return (size_t)(at - out);
}

/* ---- At random ------------------------------------------------------------------------------ */

static struct plain_answer plain_random_answer(void)
{
        unsigned some = random_below(3);
        return (struct plain_answer){.action = some == 0   ? random_below(PLAIN_ACTIONS)
                                               : some == 1 ? PLAIN_ERRNO
                                                           : PLAIN_ALLOW,
                                     .number = 1 + random_below(4)};
}

/* Rules on the calls named, with tests of `args` different arguments; the caller gives them their
 * values. */
static inline void plain_random(struct plain_profile *profile, const char *const *names,
                                unsigned count, unsigned args)
{
        profile->otherwise = plain_random_answer();
        profile->count = 1 + random_below(5);
        unsigned first = random_below(7 - args);
        for (unsigned i = 0; i < profile->count; i++) {
                struct plain_rule *rule = &profile->rules[i];
                rule->name = names[random_below(count)];
                rule->answer = plain_random_answer();
                rule->count = random_below(4);
                for (unsigned k = 0; k < rule->count; k++)
                        rule->tests[k] = (struct plain_test){
                                .arg = first + random_below(args),
                                .op = (enum plain_operator)random_below(PLAIN_OPERATORS)};
        }
}
