/* SPDX-License-Identifier: Apache-2.0 */
/* The words in which rules speak: drafts of findings. */
#include <stdarg.h>

#include "judge/reasons.h"
#include "judge/rule.h"
#include "judge/shell.h"

const char *cf_check_text(struct cf_check *check, const char *format, ...)
{
        char buffer[2048]; /* longer texts are cut: they quote values from hostile files */
        va_list args;
        va_start(args, format);
        int size = vsnprintf(buffer, sizeof(buffer), format, args);
        va_end(args);
        const char *copy = size < 0 ? NULL : cf_arena_string(check->arena, buffer);
        check->failed |= !copy;
        return copy ? copy : "";
}

/* "'docker run'", or "this command" when little is known. */
static struct cf_who who_of_command(struct cf_check *check)
{
        const struct cf_subject *subject = check->subject;
        const char *word = subject->engine_word ? subject->engine_word : "docker";
        const char *action = subject->action ? subject->action : "run";
        const char *command = cf_check_text(check, "'%s %s'", word, action);
        if (!subject->image)
                return (struct cf_who){.one = command, .many = command};
        return (struct cf_who){.one = cf_check_text(check, "%s of image ", command),
                               .many = cf_check_text(check, "%s of images ", command),
                               .noun = subject->image};
}

static struct cf_who who_of_daemon(struct cf_check *check)
{
        const struct cf_subject *subject = check->subject;
        const struct cf_engine *engine = subject->engine;
        const char *name = "the daemon";
        if (engine)
                name = cf_check_text(check, "%s %s at %s", engine->name ? engine->name : "engine",
                                     engine->version ? engine->version : "",
                                     engine->host ? engine->host : "?");
        else if (check->reader == CF_READER_PODMAN)
                name = "Podman";
        else if (subject->engine_word)
                name = "the Docker daemon";
        return (struct cf_who){.one = name, .many = name};
}

static struct cf_who who_of_process(struct cf_check *check)
{
        const struct cf_process *process = check->subject->process;
        const char *text = "a process";
        if (process)
                text = cf_check_text(check, "process %d (%s)", (int)process->pid,
                                     process->name ? process->name : "?");
        return (struct cf_who){.one = text, .many = text};
}

static struct cf_who who_of(struct cf_check *check)
{
        const struct cf_subject *subject = check->subject;
        bool named = subject->name;
        switch (subject->kind) {
        case CF_SUBJECT_SERVICE:
                return named ? (struct cf_who){"service ", "services ", subject->name}
                             : (struct cf_who){"this service", "these services", NULL};
        case CF_SUBJECT_BUILD:
                return named ? (struct cf_who){"the build of ", "the builds of ", subject->name}
                             : (struct cf_who){"this build step", "these build steps", NULL};
        case CF_SUBJECT_OPTIONS:
                return named ? (struct cf_who){"options kept in ", "options kept in ",
                                               subject->name}
                             : (struct cf_who){"these options", "these options", NULL};
        case CF_SUBJECT_CONTAINER:
                return named ? (struct cf_who){"container ", "containers ", subject->name}
                             : (struct cf_who){"this container", "these containers", NULL};
        case CF_SUBJECT_DAEMON:
                return who_of_daemon(check);
        case CF_SUBJECT_PROCESS:
                return who_of_process(check);
        case CF_SUBJECT_COMMAND:
        case CF_SUBJECT_EXEC:
        case CF_SUBJECT_PROFILE:
                break;
        }
        return who_of_command(check);
}

/* Findings without a place are told apart by what they are about. */
static const char *key_of(struct cf_check *check)
{
        const struct cf_subject *subject = check->subject;
        if (subject->container && subject->container->id)
                return subject->container->id;
        if (subject->process)
                return cf_check_text(check, "%d %llu", (int)subject->process->pid,
                                     (unsigned long long)subject->process->start_time);
        if (subject->engine && subject->engine->host)
                return subject->engine->host;
        return subject->name ? subject->name : "";
}

struct cf_draft *cf_check_add(struct cf_check *check, enum cf_verdict verdict,
                              const struct cf_setting *setting)
{
        const struct cf_subject *subject = check->subject;
        if (check->draft_count == CF_DRAFTS_MAX) {
                check->dropped++;
                return &check->spare;
        }
        struct cf_draft *draft = cf_arena_one(check->arena, struct cf_draft);
        if (!draft) {
                check->failed = true;
                return &check->spare;
        }
        draft->finding = (struct cf_finding){
                .rule = &check->rule->info,
                .verdict = subject->documentation && verdict > CF_NOTE ? CF_NOTE : verdict,
                .severity = check->rule->info.severity,
                .evidence = subject->evidence,
                .root = subject->root,
                .subject_kind = subject->kind,
                .image = subject->image,
                .container = subject->container,
                .process = subject->process,
        };
        if (setting) {
                draft->finding.place = setting->place;
                draft->finding.excerpt = setting->excerpt;
                draft->finding.edit = setting->edit;
                draft->finding.file_id = setting->file_id;
                draft->finding.context = setting->value;
                draft->ignores = setting->ignores;
                draft->ignore_count = setting->ignore_count;
        } else {
                draft->finding.place = subject->place;
        }
        draft->key = key_of(check);
        draft->who = who_of(check);
        draft->next = check->drafts;
        check->drafts = draft;
        check->draft_count++;
        return draft;
}

void cf_check_say(struct cf_draft *draft, const char *before, const char *after,
                  const char *after_many)
{
        draft->before = before;
        draft->after = after;
        draft->after_many = after_many;
}

void cf_check_note(struct cf_check *check, struct cf_draft *draft, const char *format, ...)
{
        char buffer[2048];
        va_list args;
        va_start(args, format);
        int size = vsnprintf(buffer, sizeof(buffer), format, args);
        va_end(args);
        if (size >= 0 && draft->note_count < CF_NOTES_MAX)
                draft->notes[draft->note_count++] = cf_check_text(check, "%s", buffer);
}

const char *cf_check_assumption(struct cf_check *check, const struct cf_setting *setting)
{
        if (setting->certainty != CF_ASSUMED || !setting->because)
                return "";
        return cf_check_text(check, ": %s", setting->because);
}

const char *cf_check_written_as(const struct cf_check *check, const struct cf_setting *setting)
{
        const struct cf_subject *subject = check->subject;
        bool compose = subject->format && strcmp(subject->format, "compose") == 0;
        switch (subject->kind) {
        case CF_SUBJECT_BUILD:
                return compose ? "key" : "option";
        case CF_SUBJECT_SERVICE:
                return setting->kind == CF_SETTING_PRIVILEGED ? "key" : "item";
        case CF_SUBJECT_COMMAND:
        case CF_SUBJECT_EXEC:
        case CF_SUBJECT_OPTIONS:
                return "option";
        default:
                return "setting";
        }
}

#define LOOSE_LISTED 20 /* calls that one note names */
#define LOOSE_SAID 4    /* those that depend on arguments: a note each */

/* ---- remedies ---------------------------------------------------------------------------------
 */

void cf_check_remedy(struct cf_draft *draft, const char *text, const char *command)
{
        draft->finding.remedy = (struct cf_remedy){.text = text, .command = command};
        draft->finding.edit = (struct cf_edit){0};
}

static bool can_edit(const struct cf_setting *setting)
{
        const struct cf_edit *edit = &setting->edit;
        return setting->place.path && setting->place.path[0] != '<' && !edit->refusal &&
               (edit->group || edit->replaces);
}

/* A container's options cannot be changed: it is made anew, where it was made. */
static void remedy_of_container(struct cf_check *check, struct cf_draft *draft)
{
        const struct cf_container *container = check->subject->container;
        if (!container || !container->compose_dir) {
                cf_check_remedy(draft,
                                "create the container anew without it (the default profile then "
                                "applies)",
                                NULL);
                return;
        }
        const char *service = container->compose_service ? container->compose_service : "?";
        const char *project = container->compose_project ? container->compose_project : "?";
        const char *files =
                container->compose_files ? container->compose_files : container->compose_dir;
        cf_check_remedy(
                draft,
                cf_check_text(check,
                              "change service '%s' of Compose project '%s' in %s, then start it "
                              "again",
                              service, project, files),
                cf_check_text(check, "confined scan %s",
                              cf_shell_word(check->arena, container->compose_dir)));
}

void cf_check_remedy_remove(struct cf_check *check, struct cf_draft *draft,
                            const struct cf_setting *setting, const char *then)
{
        if (check->subject->kind == CF_SUBJECT_CONTAINER || !setting) {
                remedy_of_container(check, draft);
                return;
        }
        const struct cf_config *config = check->options->config;
        const char *what = cf_check_written_as(check, setting);
        struct cf_remedy *remedy = &draft->finding.remedy;
        if (config && config->profile && setting->edit.value.length > 0)
                remedy->text = cf_check_text(check, "put %s in its place", config->profile);
        else
                remedy->text = cf_check_text(check, "remove the %s (%s)", what, then);
        remedy->editable = can_edit(setting);
        if (remedy->editable)
                remedy->command =
                        cf_check_text(check, "confined scan %s--fix %s",
                                      /* notes are edited only when they count */
                                      draft->finding.verdict == CF_NOTE ? "--fail-on note " : "",
                                      cf_shell_word(check->arena, setting->place.path));
}

/* ---- what is known besides --------------------------------------------------------------------
 */

void cf_check_reason(struct cf_check *check, struct cf_draft *draft)
{
        const struct cf_subject *subject = check->subject;
        const char *command = subject->container ? subject->container->command : NULL;
        const struct cf_reason *reason = cf_reason_find(subject->image, command);
        if (!reason && subject->name && subject->kind != CF_SUBJECT_OPTIONS)
                reason = cf_reason_find(subject->name, NULL);
        if (!reason)
                return;
        const char *note = cf_reason_note(check->arena, reason, check->docker, check->kernel);
        check->failed |= !note;
        if (note)
                cf_check_note(check, draft, "%s", note);
}

static size_t count_mode(const struct cf_container *container, enum cf_seccomp_mode mode)
{
        size_t count = 0;
        for (size_t i = 0; i < container->process_count; i++)
                count += container->processes[i].mode == mode;
        return count;
}

size_t cf_check_unfiltered(const struct cf_container *container)
{
        return count_mode(container, CF_SECCOMP_OFF);
}

size_t cf_check_unreadable(const struct cf_container *container)
{
        return count_mode(container, CF_SECCOMP_UNREADABLE);
}

void cf_check_note_processes(struct cf_check *check, struct cf_draft *draft)
{
        const struct cf_container *container = check->subject->container;
        if (!container)
                return;
        if (!container->running) {
                cf_check_note(check, draft, "not running (%s): nothing is exposed now",
                              container->status ? container->status : "stopped");
                return;
        }
        if (!container->processes_known) {
                cf_check_note(check, draft, "its processes cannot be seen from here");
                return;
        }
        size_t off = cf_check_unfiltered(container), all = container->process_count;
        size_t unreadable = cf_check_unreadable(container);
        const char *plural = all == 1 ? "" : "es";
        if (off > 0)
                cf_check_note(check, draft, "the kernel shows no filter on %zu of %zu process%s",
                              off, all, plural);
        else if (unreadable > 0)
                cf_check_note(check, draft, "%zu of %zu process%s cannot be read", unreadable, all,
                              plural);
        else
                cf_check_note(check, draft,
                              "the kernel shows a filter on %s%zu process%s all the same",
                              all == 1 ? "its " : "all ", all, plural);
        if (container->pid > 0)
                cf_check_note(check, draft, "to see which calls it makes: sudo strace -f -c -p %d",
                              (int)container->pid);
}

void cf_check_note_loose(struct cf_check *check, struct cf_draft *draft,
                         const struct cf_loose_calls *calls)
{
        CF_TEXT struct cf_text names = {0};
        size_t listed = 0;
        for (size_t i = 0; i < calls->count && listed < LOOSE_LISTED; i++)
                if (!calls->items[i].when) {
                        cf_text_puts(&names, listed++ ? ", " : "");
                        cf_text_puts(&names, calls->items[i].name);
                }
        if (listed)
                cf_check_note(check, draft, "%s", names.data ? names.data : "");
        for (size_t i = 0, said = 0; i < calls->count && said < LOOSE_SAID; i++)
                if (calls->items[i].when) {
                        cf_check_note(check, draft, "%s if %s", calls->items[i].name,
                                      calls->items[i].when);
                        said++;
                        listed++;
                }
        if (listed < calls->count)
                cf_check_note(check, draft, "and %zu more", calls->count - listed);
}
