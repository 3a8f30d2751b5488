/* SPDX-License-Identifier: Apache-2.0 */
/* confined scan: files → subjects → findings, and their edits. */
#include <string.h>
#include <time.h>

#include "base/progress.h"
#include "base/text.h"
#include "base/vec.h"
#include "base/walk.h"
#include "cli/command.h"
#include "cli/scan-select.h"
#include "cli/session.h"
#include "cli/words.h"
#include "fix/fix.h"
#include "manifest/manifest.h"
#include "profile/profile.h"

/* What one file (with all that it extends and includes) may need. */
#define ARENA_MAX ((size_t)512 << 20)
/* Removing one setting can bring another into force (the entry before it in a list, the value that
 * it hid): edits are made round by round until nothing more can be edited. */
#define ROUNDS_MAX 256
#define REREAD_MAX ((size_t)1 << 30) /* bytes that are read again in all rounds */

struct worker {
        struct cf_arena *arena;
        struct cf_look *look;
        struct scan *scan;
};

struct scan {
        struct cf_session session;
        struct worker *workers;
        unsigned worker_count;
        const char *const *environment;
        struct cf_scan_select select;
        struct cf_walk_stats stats;
        struct cf_progress *progress; /* NULL: nothing to draw on */
        struct cf_finding **findings;
        size_t finding_count;
        struct cf_fix *fix;
        size_t edits;
        size_t reread; /* bytes of edited files that were read again */
};

/* ---- one file ----------------------------------------------------------------------------- */

static int take_subject(const struct cf_subject *subject, void *context)
{
        struct worker *worker = context;
        cf_scan_select_meet(&worker->scan->select, subject);
        return cf_judge_subject(worker->scan->session.judge, subject);
}

static void take_trouble(const struct cf_error *err, void *context)
{
        struct worker *worker = context;
        cf_session_trouble(err, &worker->scan->session);
}

static int read_source(struct worker *worker, const struct cf_source *source)
{
        struct cf_reader reader = {
                .files = worker->scan->session.files,
                .arena = worker->arena,
                .environment = worker->scan->environment,
                .subject = take_subject,
                .trouble = take_trouble,
                .context = worker,
        };
        return cf_manifest_read(&reader, source);
}

/* One file by its path, through the overlay of edits made so far. */
static int read_path(struct worker *worker, const char *path)
{
        struct cf_error err = {0};
        struct cf_source *source;
        cf_arena_clear(worker->arena);
        if (cf_files_read(worker->scan->session.files, worker->arena, path, &source, &err) < 0) {
                take_trouble(&err, worker);
                return 0;
        }
        return read_source(worker, source);
}

static int visit(const struct cf_walk_file *file, void *context)
{
        struct scan *scan = context;
        struct worker *worker = &scan->workers[file->worker];
        struct cf_error err = {0};
        struct cf_source *source;
        CF_CLOSE int fd = -1;
        cf_progress_add(scan->progress, 0, 1);
        int r = cf_look_file(worker->look, file, &fd, &err);
        if (r == 0)
                return 0;
        cf_arena_clear(worker->arena);
        if (r < 0 || cf_source_from_fd(worker->arena, fd, file->path, &source, &err) < 0) {
                take_trouble(&err, worker);
                return 0;
        }
        return read_source(worker, source);
}

static int read_stdin(struct worker *worker)
{
        struct scan *scan = worker->scan;
        const char *name = cf_given_value(scan->session.invocation, "stdin-name");
        CF_TEXT struct cf_text bytes = {.max = CF_FILE_MAX};
        struct cf_error err = {0};
        struct cf_source *source;
        char buffer[65536];
        ssize_t n;
        while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n > 0)
                        cf_text_add(&bytes, (struct cf_span){buffer, (size_t)n});
                if (n > 0 && !bytes.failed)
                        continue;
                if (n < 0)
                        cf_error_set(&err, -errno, NULL, "standard input cannot be read: %s",
                                     strerror(errno));
                else
                        cf_error_set(&err, -EFBIG, NULL,
                                     "standard input is larger than %zu MiB: not read",
                                     CF_FILE_MAX >> 20);
                take_trouble(&err, worker);
                return 0;
        }
        scan->stats.files++;
        cf_arena_clear(worker->arena);
        if (cf_source_from(worker->arena, name ? name : "<stdin>", cf_text_span(&bytes), &source,
                           &err) < 0) {
                take_trouble(&err, worker);
                return 0;
        }
        return read_source(worker, source);
}

/* ---- all files ---------------------------------------------------------------------------- */

/* Folders that are hidden and yet hold what this program looks for. */
static const char *const kept_names[] = {
        ".devcontainer",   ".devcontainer.json", ".docker",    ".github",      ".gitlab",
        ".gitlab-ci.yml",  ".circleci",          ".ci",        ".azure",       ".gitea",
        ".forgejo",        ".travis.yml",        ".drone.yml", ".cirrus.yml",  ".woodpecker",
        ".woodpecker.yml", ".woodpecker.yaml",   ".buildkite", ".appveyor.yml"};

static int walk_options(struct scan *scan, struct cf_walk_options *ret_options,
                        struct cf_error *err)
{
        const struct cf_invocation *invocation = scan->session.invocation;
        const struct cf_config *config = scan->session.config;
        CF_VEC(const char *) exclude = {0};
        const char *const *given;
        size_t count;
        int r = cf_given_all(invocation, "exclude", &given, &count);
        for (size_t i = 0; r == 0 && config && i < config->exclude_count; i++)
                r = cf_vec_push(scan->session.arena, &exclude, config->exclude[i]);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = cf_vec_push(scan->session.arena, &exclude, given[i]);
        if (r < 0)
                return cf_error_set(err, r, NULL, "not enough memory");
        *ret_options = (struct cf_walk_options){
                .no_ignore = cf_given(invocation, "no-ignore"),
                .hidden = cf_given(invocation, "hidden"),
                .exclude = exclude.items,
                .exclude_count = exclude.count,
                .keep = kept_names,
                .keep_count = CF_COUNT(kept_names),
        };
        const char *threads = cf_given_value(invocation, "threads");
        if (threads) {
                char *end;
                unsigned long number = strtoul(threads, &end, 10);
                if (*end || end == threads || number < 1 || number > 64)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "--threads takes a number from 1 to 64, not '%s'",
                                            threads);
                ret_options->threads = (unsigned)number;
        }
        return 0;
}

static int start_workers(struct scan *scan, unsigned count)
{
        if (scan->workers) /* the files are read again after --fix */
                return 0;
        scan->workers = cf_arena_many(scan->session.arena, count, struct worker);
        if (!scan->workers)
                return -ENOMEM;
        while (scan->worker_count < count) {
                struct worker *worker = &scan->workers[scan->worker_count++];
                worker->scan = scan;
                worker->arena = cf_arena_new(ARENA_MAX);
                worker->look = cf_look_new();
                if (!worker->arena || !worker->look)
                        return -ENOMEM;
        }
        return 0;
}

static void walk_trouble(const struct cf_error *err, void *context)
{
        struct scan *scan = context;
        cf_session_trouble(err, &scan->session);
}

static int read_all(struct scan *scan, struct cf_error *err)
{
        const struct cf_invocation *invocation = scan->session.invocation;
        struct cf_walk_options options;
        int r = walk_options(scan, &options, err);
        if (r < 0)
                return r;
        r = start_workers(scan, cf_walk_threads(&options));
        CF_VEC(const char *) roots = {0};
        bool from_stdin = false;
        for (size_t i = 0; r == 0 && i < invocation->argument_count; i++) {
                if (strcmp(invocation->arguments[i], "-") == 0)
                        from_stdin = true;
                else
                        r = cf_vec_push(scan->session.arena, &roots, invocation->arguments[i]);
        }
        if (r == 0 && invocation->argument_count == 0)
                r = cf_vec_push(scan->session.arena, &roots, ".");
        if (r < 0)
                return cf_error_set(err, r, NULL, "not enough memory");
        if (roots.count) {
                static const char *const units[CF_PROGRESS_COUNTERS] = {"files", NULL};
                scan->progress = cf_progress_start(STDERR_FILENO, "scanning", units);
                r = cf_walk(roots.items, roots.count, &options, visit, walk_trouble, scan,
                            &scan->stats, err);
                scan->progress = cf_progress_stop(scan->progress);
        }
        if (r == 0 && from_stdin)
                r = read_stdin(&scan->workers[0]);
        return r < 0 && (!err || err->code == 0) ? cf_error_set(err, r, NULL, "not enough memory")
                                                 : r;
}

/* What was found, of what is asked for. */
static int finish(struct scan *scan, struct cf_finding ***ret_findings, size_t *ret_count,
                  struct cf_error *err)
{
        int r = cf_judge_finish(scan->session.judge, ret_findings, ret_count);
        if (r == 0)
                r = cf_scan_select_findings(&scan->select, *ret_findings, ret_count);
        return r < 0 ? cf_error_set(err, -ENOMEM, NULL, "not enough memory") : 0;
}

/* ---- edits -------------------------------------------------------------------------------- */

/* --with must name a profile that is one: it is about to be put in place of `unconfined`. */
static int check_profile(struct scan *scan, const char *path, struct cf_error *err)
{
        struct cf_profile_summary summary;
        struct cf_source *source;
        int r = cf_files_read(scan->session.files, scan->session.arena, path, &source, err);
        if (r == 0)
                r = cf_profile_summarize(scan->session.arena, source, &summary, err);
        if (r == 0 && summary.kind == CF_PROFILE_ALLOWS_ALL)
                r = cf_error_set(err, -EINVAL, &summary.default_place,
                                 "this profile refuses no call: it is unconfined by another name");
        return r < 0 ? cf_error_doing(err, r, NULL, "checking the profile of --with") : 0;
}

static int compare_names(const void *left, const void *right)
{
        return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Reads again every file whose reading led to what was edited in the last round. */
static int read_edited(struct scan *scan, struct cf_error *err)
{
        CF_VEC(const char *) roots = {0};
        size_t count;
        const struct cf_fix_file *files = cf_fix_files(scan->fix, &count);
        int r = cf_session_new_judge(&scan->session, err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (!files[i].changed)
                        continue;
                scan->reread += files[i].after.size;
                r = cf_vec_push(scan->session.arena, &roots, files[i].path);
                for (size_t j = 0; r == 0 && j < files[i].root_count; j++)
                        r = cf_vec_push(scan->session.arena, &roots, files[i].roots[j]);
        }
        if (r == 0 && roots.count)
                qsort(roots.items, roots.count, sizeof(*roots.items), compare_names);
        for (size_t i = 0; r == 0 && i < roots.count; i++)
                if (i == 0 || strcmp(roots.items[i], roots.items[i - 1]) != 0)
                        r = read_path(&scan->workers[0], roots.items[i]);
        return r < 0 && err->code == 0 ? cf_error_set(err, r, NULL, "not enough memory") : r;
}

static int make_edits(struct scan *scan, struct cf_error *err)
{
        static const char *const here[] = {"."};
        const struct cf_invocation *invocation = scan->session.invocation;
        size_t paths = invocation->argument_count;
        struct cf_fix_options options = {
                .profile = cf_given_value(invocation, "with"),
                .notes = scan->session.fail_on <= CF_NOTE, /* what fails the gate is edited */
                .roots = paths ? invocation->arguments : here,
                .root_count = paths ? paths : 1,
        };
        if (!options.profile && scan->session.config)
                options.profile = scan->session.config->profile;
        if (options.profile) {
                int r = check_profile(scan, options.profile, err);
                if (r < 0)
                        return r;
        }
        scan->fix = cf_fix_new(scan->session.files, &options);
        if (!scan->fix)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        struct cf_finding **findings = scan->findings;
        size_t count = scan->finding_count;
        for (unsigned round = 0; round < ROUNDS_MAX && scan->reread < REREAD_MAX; round++) {
                size_t applied = 0;
                if (cf_fix_apply(scan->fix, findings, count, &applied, cf_session_trouble,
                                 &scan->session) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                scan->edits += applied;
                if (applied == 0 || scan->select.place_count) /* lines have moved */
                        break;
                int r = read_edited(scan, err);
                if (r == 0)
                        r = finish(scan, &findings, &count, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Prints the diff; says on standard error what was left alone. The exit status. */
static int print_diff(struct scan *scan)
{
        CF_TEXT struct cf_text out = {0};
        struct cf_error err = {0};
        if (cf_fix_diff(scan->fix, &out) < 0) {
                cf_error_set(&err, -ENOMEM, NULL, "not enough memory");
                return cf_complain(&err);
        }
        int status = cf_print(&out);
        for (size_t i = 0; i < scan->session.trouble_count; i++)
                status = cf_complain(scan->session.troubles[i]);
        if (status != CF_EXIT_CLEAN || scan->session.more_troubles)
                return CF_EXIT_TROUBLE;
        return scan->edits ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}

/* ---- the command -------------------------------------------------------------------------- */

static double seconds_since(const struct timespec *start)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static const char *plural(size_t count)
{
        return count == 1 ? "" : "s";
}

/* Writes the edits, then reports what is left: findings that cannot be edited, in all files. */
static int write_edits(struct scan *scan, const char **ret_hint, struct cf_error *err)
{
        size_t written = 0;
        if (cf_fix_write(scan->fix, &written, cf_session_trouble, &scan->session) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        *ret_hint = cf_arena_printf(scan->session.arena, "fixed: %zu edit%s in %zu file%s written",
                                    scan->edits, plural(scan->edits), written, plural(written));
        /* Read the disk again, not what should be there: a file that could not be written is as it
         * was. */
        scan->fix = cf_fix_free(scan->fix);
        cf_files_free(scan->session.files);
        scan->session.files = cf_files_new();
        scan->stats = (struct cf_walk_stats){0};
        if (!scan->session.files)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = cf_session_new_judge(&scan->session, err);
        if (r == 0)
                r = read_all(scan, err);
        return r == 0 ? finish(scan, &scan->findings, &scan->finding_count, err) : r;
}

/* "confined scan --diff" with the paths of this run and what it selects, as typed in a shell; ""
 * when that would be too long to be read, or standard input was among them. */
#define COMMAND_MAX 160
static const char *diff_command(struct scan *scan)
{
        const struct cf_invocation *invocation = scan->session.invocation;
        CF_TEXT struct cf_text command = {.max = COMMAND_MAX};
        cf_text_puts(&command, "confined scan --diff");
        cf_scan_select_type(&scan->select, &command);
        for (size_t i = 0; i < invocation->argument_count; i++) {
                if (strcmp(invocation->arguments[i], "-") == 0)
                        return "";
                cf_words_type(&command, invocation->arguments[i]);
        }
        return command.failed ? "" : cf_arena_copy(scan->session.arena, cf_text_span(&command));
}

static int report(struct scan *scan, const struct timespec *start, const char *hint)
{
        struct cf_report result = {
                .fix_command = diff_command(scan),
                .findings = scan->findings,
                .finding_count = scan->finding_count,
                .files = scan->stats.files,
                .seconds = seconds_since(start),
                .hints = &hint,
                .hint_count = hint ? 1 : 0,
        };
        return cf_session_report(&scan->session, &result);
}

static int scan_and_report(struct scan *scan, const struct timespec *start)
{
        const struct cf_invocation *invocation = scan->session.invocation;
        bool diff = cf_given(invocation, "diff"), fix = cf_given(invocation, "fix");
        struct cf_error err = {0};
        const char *hint = NULL;
        if (diff && fix) {
                cf_error_set(&err, -EINVAL, NULL,
                             "--diff shows what --fix would write: give one of them");
                return cf_complain(&err);
        }
        for (size_t i = 0; (diff || fix) && i < invocation->argument_count; i++) {
                if (strcmp(invocation->arguments[i], "-") != 0)
                        continue;
                cf_error_set(&err, -EINVAL, NULL,
                             "standard input cannot be edited: --diff and --fix need files");
                return cf_complain(&err);
        }
        int r = cf_scan_select_read(invocation, &scan->select, &err);
        if (r == 0)
                r = read_all(scan, &err);
        if (r == 0)
                r = finish(scan, &scan->findings, &scan->finding_count, &err);
        if (r == 0 && !scan->session.trouble_count) /* else that says why */
                r = cf_scan_select_check(&scan->select, diff || fix, &err);
        if (r == 0 && (diff || fix)) {
                /* The first findings must outlive the judges of later rounds. */
                struct cf_judge *first = cf_steal(scan->session.judge);
                r = make_edits(scan, &err);
                if (r == 0 && fix)
                        r = write_edits(scan, &hint, &err);
                if (r == 0 && diff)
                        r = print_diff(scan);
                else if (r == 0)
                        r = report(scan, start, hint);
                cf_judge_free(first);
                return r < 0 ? cf_complain(&err) : r;
        }
        return r < 0 ? cf_complain(&err) : report(scan, start, NULL);
}

static int run_scan(const struct cf_invocation *invocation)
{
        struct scan scan = {0};
        struct cf_error err = {0};
        struct timespec start;
        clock_gettime(CLOCK_MONOTONIC, &start);
        int status;
        if (cf_given(invocation, "environment"))
                scan.environment = (const char *const *)environ;
        if (cf_session_open(&scan.session, invocation, "terminal", &err) < 0)
                status = cf_complain(&err);
        else
                status = scan_and_report(&scan, &start);
        cf_fix_free(scan.fix);
        for (unsigned i = 0; i < scan.worker_count; i++) {
                cf_arena_free(scan.workers[i].arena);
                cf_look_free(scan.workers[i].look);
        }
        cf_session_close(&scan.session);
        return status;
}

static const struct cf_option options[] = {
        {"diff", 0, NULL, "print a unified diff of the edits, for git apply or patch -p1", 0, NULL},
        {"fix", 0, NULL, "make the edits in the files", 0, NULL},
        {"with", 0, "PROFILE", "put this profile in place of 'unconfined' instead of removing it",
         CF_COMPLETE_FILE, NULL},
        {"service", 0, "NAME", "tell of and edit this Compose service alone; repeatable", 0, NULL},
        {"at", 0, "PLACE", "tell of and edit what stands there alone: FILE:LINE; repeatable", 0,
         NULL},
        {"hidden", 0, NULL, "look at hidden files and folders too", 0, NULL},
        {"no-ignore", 0, NULL, "look at what .gitignore and .ignore exclude too", 0, NULL},
        {"exclude", 0, "PATTERN", "leave out paths that match, in .gitignore's syntax; repeatable",
         0, NULL},
        {"environment", 0, NULL,
         "let this process's environment fill in variables of Compose files", 0, NULL},
        {"stdin-name", 0, "NAME", "the file name that standard input ('-') is judged by", 0, NULL},
        {"threads", 0, "N", "use N threads (default: one a processor, at most 8)", 0, NULL},
        {0},
};

const struct cf_command cf_command_scan = {
        .name = "scan",
        .summary = "find places in files that switch the filter off, and edit them",
        .usage = "[PATH…]",
        .details = "Walks folders (default: this one) or reads files; '-' reads standard input. "
                   "Compose files, "
                   "docker, podman and nerdctl commands wherever they are written, daemon.json and "
                   "seccomp "
                   "profiles are understood.",
        .options = options,
        .reports = true,
        .most_arguments = 100000,
        .complete = CF_COMPLETE_FILE,
        .run = run_scan,
};
