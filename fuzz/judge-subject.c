/* SPDX-License-Identifier: Apache-2.0 */
/* judge/ as a whole: a subject whose texts come from a hostile file. The first byte chooses the
 * kind of subject and its engine; then a line each for image, name, command and suppression, and
 * all other lines are settings in order. Every finding has a message, a fingerprint and an honest
 * remedy; nothing that is not there is found: without an entry that is exactly seccomp=unconfined
 * (or with ':') there is no certain seccomp-unconfined. */
#include <assert.h>

#include "judge/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SETTINGS_MAX 16
#define INPUT_MAX 65536

struct input {
        struct cf_subject subject;
        struct cf_setting settings[SETTINGS_MAX];
        struct cf_ignore ignore;
        bool unconfined; /* some entry is the word itself */
};

static const char *const engines[] = {"docker", "podman", "nerdctl", "compose"};

/* "?", "!" and "~" in front of a setting: nothing known, an error of the source, assumed. "p" alone
 * is privileged. */
static void read_setting(struct cf_setting *setting, const char *line, bool *ret_unconfined)
{
        *setting = (struct cf_setting){.kind = CF_SETTING_SECURITY_OPT,
                                       .value = line,
                                       .place = {"c.yaml", 3, 4, 1, 4, 1, 8},
                                       .edit = {.replaces = true, .text = ""}};
        if (strcmp(line, "p") == 0)
                *setting = (struct cf_setting){.kind = CF_SETTING_PRIVILEGED, .value = "true"};
        else if (line[0] == '?')
                setting->certainty = CF_UNKNOWN, setting->value = NULL, setting->because = line;
        else if (line[0] == '!')
                setting->problem = line;
        else if (line[0] == '~')
                setting->certainty = CF_ASSUMED, setting->value = line + 1, setting->because = line;
        const char *value = setting->value ? setting->value : "";
        *ret_unconfined |= strcmp(value, "seccomp=unconfined") == 0 ||
                           strcmp(value, "seccomp:unconfined") == 0;
}

static void read_input(struct cf_arena *arena, struct cf_span text, struct input *input)
{
        unsigned char choice = text.size ? (unsigned char)text.data[0] : 0;
        struct cf_span rest = cf_span_part(text, 1, SIZE_MAX), line;
        const char *heads[4] = {NULL};
        size_t count = 0;
        input->subject = (struct cf_subject){.kind = choice % (CF_SUBJECT_PROCESS + 1),
                                             .engine_word = engines[choice / 16 % 4],
                                             .documentation = choice >= 192};
        for (size_t i = 0; cf_span_next_line(&rest, &line); i++) {
                const char *copy = cf_arena_copy(arena, line);
                if (!copy || count == SETTINGS_MAX)
                        break;
                if (i < 4)
                        heads[i] = copy[0] ? copy : NULL;
                else
                        read_setting(&input->settings[count++], copy, &input->unconfined);
        }
        input->subject.image = heads[0];
        input->subject.name = heads[1];
        input->subject.action = heads[2];
        input->ignore = (struct cf_ignore){.rules = heads[3], .reason = heads[2]};
        for (size_t i = 0; heads[3] && i < count; i++) {
                input->settings[i].ignores = &input->ignore;
                input->settings[i].ignore_count = 1;
        }
        input->subject.settings = input->settings;
        input->subject.setting_count = count;
}

static void check(const struct input *input, const struct cf_finding *finding)
{
        assert(finding->rule && finding->message[0] && strlen(finding->fingerprint) == 32);
        assert(!finding->remedy.editable || finding->remedy.command);
        assert(finding->subject_count <= 1);
        if (strcmp(finding->rule->id, "seccomp-unconfined") == 0 && finding->verdict == CF_FAIL)
                assert(input->unconfined);
        if (input->subject.documentation)
                assert(finding->verdict == CF_NOTE);
        assert(input->subject.kind != CF_SUBJECT_EXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)4 << 20);
        struct cf_judge *judge = cf_judge_new(&(struct cf_judge_options){.kernel = "6.1"});
        static struct input input; /* large; one thread */
        struct cf_finding **findings = NULL;
        size_t count = 0;
        if (size > INPUT_MAX || !arena || !judge) {
                cf_judge_free(judge);
                return 0;
        }
        input = (struct input){0};
        read_input(arena, (struct cf_span){(const char *)data, size}, &input);
        cf_reason_find(input.subject.image, input.subject.name);
        assert(cf_judge_subject(judge, &input.subject) == 0);
        assert(cf_judge_subject(judge, &input.subject) == 0); /* the same again adds nothing */
        assert(cf_judge_finish(judge, &findings, &count) == 0);
        for (size_t i = 0; i < count; i++)
                check(&input, findings[i]);
        cf_judge_free(judge);
        return 0;
}
