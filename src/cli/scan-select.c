/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan-select.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/output.h"
#include "cli/words.h"

/* ---- reading ----------------------------------------------------------------------------------
 */

/* The number behind the last colon of a text of so many bytes; false: there is none. */
static bool cut_number(const char *text, size_t *size, unsigned *ret_number)
{
        size_t digits = 0;
        while (digits < *size && text[*size - 1 - digits] >= '0' && text[*size - 1 - digits] <= '9')
                digits++;
        if (digits == 0 || digits > 9 || digits + 1 >= *size || text[*size - 1 - digits] != ':')
                return false;
        *ret_number = (unsigned)strtoul(text + *size - digits, NULL, 10);
        *size -= digits + 1;
        return *ret_number > 0;
}

static int read_place(struct cf_arena *arena, const char *given, struct cf_scan_at *at,
                      struct cf_error *err)
{
        size_t size = strlen(given);
        *at = (struct cf_scan_at){.given = given};
        if (!cut_number(given, &size, &at->line))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--at: '%s' is no place such as compose.yaml:7", given);
        size_t rest = size;
        unsigned line;
        if (cut_number(given, &rest, &line)) {
                at->column = at->line;
                at->line = line;
                size = rest;
        }
        at->path = cf_arena_copy(arena, (struct cf_span){given, size});
        return at->path ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

int cf_scan_select_read(const struct cf_invocation *invocation, struct cf_scan_select *ret_select,
                        struct cf_error *err)
{
        struct cf_scan_select select = {.arena = invocation->arena};
        const char *const *names, *const *places;
        int r = cf_given_all(invocation, "service", &names, &select.service_count);
        if (r == 0)
                r = cf_given_all(invocation, "at", &places, &select.place_count);
        if (r == 0) {
                select.services = cf_arena_many(select.arena, select.service_count + 1,
                                                struct cf_scan_service);
                select.places =
                        cf_arena_many(select.arena, select.place_count + 1, struct cf_scan_at);
        }
        if (r < 0 || !select.services || !select.places)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; i < select.service_count; i++)
                select.services[i].name = names[i];
        for (size_t i = 0; r == 0 && i < select.place_count; i++)
                r = read_place(select.arena, places[i], &select.places[i], err);
        if (r == 0 && (select.service_count || select.place_count) &&
            cf_given(invocation, "write-baseline"))
                r = cf_error_set(err, -EINVAL, NULL,
                                 "--write-baseline takes all findings: not with --service or --at");
        *ret_select = select;
        return r;
}

/* ---- selecting --------------------------------------------------------------------------------
 */

static bool is_service(enum cf_subject_kind kind)
{
        return kind == CF_SUBJECT_SERVICE || kind == CF_SUBJECT_BUILD;
}

static struct cf_scan_service *service_of(const struct cf_scan_select *select, const char *name)
{
        for (size_t i = 0; name && i < select->service_count; i++)
                if (strcmp(select->services[i].name, name) == 0)
                        return &select->services[i];
        return NULL;
}

void cf_scan_select_meet(struct cf_scan_select *select, const struct cf_subject *subject)
{
        struct cf_scan_service *service =
                is_service(subject->kind) ? service_of(select, subject->name) : NULL;
        if (service)
                atomic_store_explicit(&service->met, true, memory_order_relaxed);
}

static const char *without_dot(const char *path)
{
        while (strncmp(path, "./", 2) == 0)
                path += 2 + strspn(path + 2, "/");
        return path;
}

static bool is_at(struct cf_scan_at *at, const struct cf_place *place)
{
        if (!place->path || place->line != at->line || (at->column && at->column != place->column))
                return false;
        return strcmp(without_dot(place->path), without_dot(at->path)) == 0 ||
               cf_output_is_same(place->path, at->path);
}

static bool is_selected(struct cf_scan_select *select, const struct cf_finding *finding)
{
        bool by_service = select->service_count == 0, by_place = select->place_count == 0;
        for (size_t i = 0;
             !by_service && is_service(finding->subject_kind) && i < finding->subject_count; i++)
                by_service = service_of(select, finding->subjects[i]) != NULL;
        for (size_t i = 0; i < select->place_count; i++) {
                bool there = is_at(&select->places[i], &finding->place);
                select->places[i].met |= there;
                by_place |= there;
        }
        return by_service && by_place;
}

/* The services that the place reaches besides: "'a', 'b'". */
static size_t add_others(const struct cf_scan_select *select, const struct cf_finding *finding,
                         struct cf_text *out)
{
        size_t others = 0;
        for (size_t i = 0; select->service_count && i < finding->subject_count; i++)
                if (!service_of(select, finding->subjects[i]))
                        cf_text_printf(out, "%s'%s'", others++ ? ", " : "", finding->subjects[i]);
        return others;
}

/* What is another one's, too, cannot be edited for one; the rest by a command that says which. */
static int word(struct cf_scan_select *select, struct cf_finding *finding)
{
        static const char begin[] = "confined scan --fix";
        struct cf_remedy *remedy = &finding->remedy;
        CF_TEXT struct cf_text others = {0}, command = {0};
        if (!remedy->editable)
                return 0;
        if (add_others(select, finding, &others) > 0) {
                remedy->text = cf_arena_printf(
                        select->arena,
                        "what stands here is also that of %s: give the service an entry of its "
                        "own, or name the others by --service, too",
                        others.data ? others.data : "another");
                remedy->command = NULL;
                remedy->editable = false;
                if (remedy->text && !select->shared.count)
                        cf_error_set(&select->shared, -EBUSY, &finding->place, "%s", remedy->text);
                return remedy->text ? 0 : -ENOMEM;
        }
        if (!remedy->command || strncmp(remedy->command, begin, strlen(begin)) != 0)
                return 0;
        cf_text_puts(&command, begin);
        cf_scan_select_type(select, &command);
        cf_text_puts(&command, remedy->command + strlen(begin));
        remedy->command =
                command.failed ? NULL : cf_arena_copy(select->arena, cf_text_span(&command));
        return remedy->command ? 0 : -ENOMEM;
}

void cf_scan_select_type(const struct cf_scan_select *select, struct cf_text *out)
{
        for (size_t i = 0; i < select->service_count; i++) {
                cf_words_type(out, "--service");
                cf_words_type(out, select->services[i].name);
        }
        for (size_t i = 0; i < select->place_count; i++) {
                cf_words_type(out, "--at");
                cf_words_type(out, select->places[i].given);
        }
}

int cf_scan_select_findings(struct cf_scan_select *select, struct cf_finding **findings,
                            size_t *count)
{
        size_t kept = 0;
        for (size_t i = 0; i < *count; i++) {
                if (!is_selected(select, findings[i]))
                        continue;
                if (word(select, findings[i]) < 0)
                        return -ENOMEM;
                findings[kept++] = findings[i];
        }
        *count = kept;
        return 0;
}

int cf_scan_select_check(const struct cf_scan_select *select, bool edits, struct cf_error *err)
{
        for (size_t i = 0; i < select->service_count; i++)
                if (!atomic_load_explicit(&select->services[i].met, memory_order_relaxed))
                        return cf_error_set(err, -ENOENT, NULL,
                                            "--service: no Compose file that was looked at has a "
                                            "service '%s'",
                                            select->services[i].name);
        for (size_t i = 0; i < select->place_count; i++)
                if (!select->places[i].met)
                        return cf_error_set(err, -ENOENT, NULL,
                                            "--at: nothing is found at %s; all that is: confined "
                                            "scan %s",
                                            select->places[i].given, select->places[i].path);
        if (edits && select->shared.count)
                cf_error_copy(err, &select->shared);
        return edits && select->shared.count ? -EBUSY : 0;
}
