/* SPDX-License-Identifier: Apache-2.0 */
/* A service of a Compose file, run as a project of its own and taken down again. */
#include "cli/compose-run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/words.h"

#define DOWN_TRIES 3
#define DOWN_SECONDS "1" /* for what SERVICE depends on: nobody needs it any more */
#define GRACE_S 2        /* for what is under way when this process was killed */

/* ---- other programs
 * ----------------------------------------------------------------------------- */

static _Noreturn void become(char *const *words, int output, int errors)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(output >= 0 ? output : null, STDOUT_FILENO);
        if (errors < 0)
                dup2(null, STDERR_FILENO);
        execvp(words[0], words);
        _exit(127);
}

/* Its standard output in `out` (NULL: passed over). 0, or what it ended with: an exit status, 255
 * for something else; or -ENOMEM, -EFBIG. */
static int run(struct cf_words *words, struct cf_text *out, bool quiet)
{
        int ends[2], status = 0;
        char bytes[4096];
        ssize_t size = 0;
        cf_words_add(words, NULL);
        if (words->failed || pipe2(ends, O_CLOEXEC) < 0)
                return -ENOMEM;
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
                become(words->items, ends[1], quiet ? -1 : STDERR_FILENO);
        close(ends[1]);
        while (pid > 0 &&
               ((size = read(ends[0], bytes, sizeof(bytes))) > 0 || (size < 0 && errno == EINTR)))
                if (out && size > 0)
                        cf_text_add(out, (struct cf_span){bytes, (size_t)size});
        close(ends[0]);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return -ENOMEM;
        if (out && out->failed)
                return -EFBIG;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* "docker compose" where it is installed, else "docker-compose". */
static int find_program(struct cf_service *compose, struct cf_error *err)
{
        static const char *const plugin[] = {"docker", "compose"};
        static const char *const alone[] = {"docker-compose"};
        struct cf_words asked = {.arena = compose->arena}, again = {.arena = compose->arena};
        CF_WORDS_ADD(&asked, "docker", "compose", "version");
        CF_WORDS_ADD(&again, "docker-compose", "version");
        if (run(&asked, NULL, true) == 0) {
                compose->program = plugin;
                compose->program_words = CF_COUNT(plugin);
                return 0;
        }
        if (run(&again, NULL, true) == 0) {
                compose->program = alone;
                compose->program_words = CF_COUNT(alone);
                return 0;
        }
        return cf_error_set(err, -ENOENT, NULL,
                            "neither 'docker compose' nor 'docker-compose' runs here: install one "
                            "of them");
}

/* ---- the user's files
 * --------------------------------------------------------------------------- */

/* The override file that goes with one of the names that Compose looks for. */
static const char *override_of(struct cf_service *compose)
{
        static const char *const names[] = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                            "docker-compose.yaml"};
        static const char *const overrides[] = {"compose.override.yml", "compose.override.yaml",
                                                "docker-compose.override.yml",
                                                "docker-compose.override.yaml"};
        const char *base = cf_path_base(compose->file);
        bool known = false;
        for (size_t i = 0; i < CF_COUNT(names); i++)
                known = known || strcmp(base, names[i]) == 0;
        for (size_t i = 0; known && i < CF_COUNT(overrides); i++) {
                const char *path =
                        cf_arena_printf(compose->arena, "%s/%s", compose->folder, overrides[i]);
                if (path && access(path, F_OK) == 0)
                        return path;
        }
        return NULL;
}

static int read_config(struct cf_service *compose, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {.max = CF_COMPOSE_CONFIG_MAX};
        struct cf_words words = {.arena = compose->arena};
        const char *override = compose->override = override_of(compose);
        struct cf_source *source;
        cf_words_add_all(&words, compose->program, compose->program_words);
        CF_WORDS_ADD(&words, "--project-name", compose->project, "--file", compose->file);
        if (override)
                CF_WORDS_ADD(&words, "--file", override);
        if (compose->program_words == 2) /* the older one prints every service anyway */
                CF_WORDS_ADD(&words, "--profile", "*");
        cf_words_add(&words, "config");
        int r = run(&words, &text, false);
        if (r != 0)
                return cf_error_set(err, r < 0 ? r : -EINVAL, NULL,
                                    "%s cannot be read by Compose (see above)", compose->file);
        r = cf_source_from(compose->arena, "the configuration", cf_text_span(&text), &source, err);
        if (r == 0)
                r = cf_yaml_parse(compose->arena, source, &compose->config, err);
        if (r == 0 && !cf_service_mapping(compose->config, compose->service))
                r = cf_error_set(err, -EINVAL, NULL, "%s has no service '%s'", compose->file,
                                 compose->service);
        return r;
}

/* Whether a container of the user's own project runs for a service. */
static bool does_run(struct cf_service *compose, const char *service)
{
        CF_TEXT struct cf_text text = {.max = (size_t)1 << 16};
        struct cf_words words = {.arena = compose->arena};
        const char *folder = cf_arena_printf(
                compose->arena, "label=com.docker.compose.project.working_dir=%s", compose->folder);
        const char *label =
                cf_arena_printf(compose->arena, "label=com.docker.compose.service=%s", service);
        if (!folder || !label)
                return false;
        CF_WORDS_ADD(&words, "docker", "ps", "--quiet", "--filter", folder, "--filter", label);
        return run(&words, &text, true) == 0 && text.size > 0;
}

/* What two containers write to at a time may be spoilt: a database's files. */
static int look_beside(struct cf_service *compose, struct cf_error *err)
{
        const char *const *names;
        size_t count;
        if (cf_service_needed(compose->arena, compose->config, compose->service, &names, &count) <
            0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        compose->hide_ports = does_run(compose, compose->service);
        for (size_t i = 0; i < count; i++) {
                const char *shared = cf_service_shared(compose->arena, compose->config, names[i]);
                if (shared && (i == 0 ? compose->hide_ports : does_run(compose, names[i])))
                        return cf_error_set(err, -EBUSY, NULL,
                                            "service '%s' runs and writes to %s, as a second one "
                                            "would at the same time: stop it first (%s --file %s "
                                            "stop %s)",
                                            names[i], shared,
                                            compose->program_words == 2 ? "docker compose"
                                                                        : "docker-compose",
                                            compose->file, names[i]);
        }
        return 0;
}

static int name_project(struct cf_service *compose, struct cf_error *err)
{
        uint32_t random;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return cf_error_set(err, -errno, NULL, "no random number: %s",
                                    strerrordesc_np(errno));
        compose->project =
                cf_arena_printf(compose->arena, "confined-%ld-%08x", (long)getpid(), random);
        return compose->project ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static int find_folder(struct cf_service *compose, struct cf_error *err)
{
        CF_FREE char *real = realpath(compose->file, NULL);
        if (!real)
                return cf_error_set(err, -errno, NULL, "%s: %s", compose->file,
                                    strerrordesc_np(errno));
        compose->folder = cf_path_dir(compose->arena, real);
        return compose->folder ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

int cf_service_open(struct cf_arena *arena, const char *file, const char *const *words,
                    size_t count, struct cf_service **ret_compose, struct cf_error *err)
{
        struct cf_service *compose = cf_arena_one(arena, struct cf_service);
        if (!compose)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (count == 0)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--compose FILE needs a service: --compose %s SERVICE", file);
        *compose = (struct cf_service){.arena = arena,
                                       .file = file,
                                       .service = words[0],
                                       .more = words + 1,
                                       .more_count = count - 1,
                                       .memory = -1,
                                       .keeper = -1};
        int r = find_folder(compose, err);
        if (r == 0)
                r = name_project(compose, err);
        if (r == 0)
                r = find_program(compose, err);
        if (r == 0)
                r = read_config(compose, err);
        if (r == 0)
                r = look_beside(compose, err);
        if (r < 0)
                return r;
        compose->off = cf_service_is_off(compose->config, compose->service);
        *ret_compose = compose;
        return 0;
}

/* ---- the next step
 * ------------------------------------------------------------------------------- */

int cf_service_say_edit(const struct cf_service *compose, const char *profile, struct cf_text *out)
{
        CF_TEXT struct cf_text text = {0};
        const char *seccomp = cf_service_seccomp(compose->config, compose->service);
        /* `scan` puts a profile where "unconfined" is; of `privileged` it can only be rid. */
        if (profile ? seccomp && strcmp(seccomp, "unconfined") == 0 : compose->off) {
                cf_text_puts(&text, "confined scan --fix");
                if (profile) {
                        cf_words_type(&text, "--with");
                        cf_words_type(&text, profile);
                }
                cf_words_type(&text, "--service");
                cf_words_type(&text, compose->service);
                cf_words_type(&text, compose->file);
                if (compose->override) { /* beside the file, and named as that is */
                        const char *folder = cf_path_dir(compose->arena, compose->file);
                        const char *base = cf_path_base(compose->override);
                        const char *path =
                                folder && strcmp(folder, ".") != 0
                                        ? cf_arena_printf(compose->arena, "%s/%s", folder, base)
                                        : base;
                        cf_words_type(&text, path ? path : base);
                }
        } else {
                cf_text_printf(&text, "security_opt of service '%s' in %s: %s%s", compose->service,
                               compose->file, profile ? "seccomp:" : "nothing of seccomp",
                               profile ? profile : "");
        }
        cf_text_add_visible(out, cf_text_span(&text));
        return text.failed || out->failed ? -ENOMEM : 0;
}

/* ---- the changed file
 * --------------------------------------------------------------------------- */

static int hold(struct cf_service *compose, const char *profile, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_service_change change = {.project = compose->project,
                                           .service = compose->service,
                                           .seccomp = profile,
                                           .hide_ports = compose->hide_ports};
        int r = cf_service_change(compose->config, &change, &text, err);
        if (r < 0)
                return r;
        int fd = cf_file_in_memory("compose", cf_text_span(&text));
        if (fd < 0)
                return cf_error_set(err, fd, NULL, "no memory for the configuration: %s",
                                    strerrordesc_np(-fd));
        compose->memory = fd;
        return 0;
}

static void add_project(struct cf_service *compose, struct cf_words *words)
{
        char *path =
                cf_arena_printf(compose->arena, "/proc/%ld/fd/%d", (long)getpid(), compose->memory);
        cf_words_add_all(words, compose->program, compose->program_words);
        CF_WORDS_ADD(words, "--project-name", compose->project, "--project-directory",
                     compose->folder, "--file", path);
        words->failed = words->failed || !path;
}

/* ---- taking it down
 * ----------------------------------------------------------------------------- */

static int take_down(struct cf_service *compose)
{
        int r = -EIO;
        for (unsigned i = 0; i < DOWN_TRIES && r != 0; i++) {
                struct cf_words words = {.arena = compose->arena};
                if (i)
                        sleep(1);
                add_project(compose, &words);
                CF_WORDS_ADD(&words, "down", "--volumes", "--remove-orphans", "--rmi", "local",
                             "--timeout", DOWN_SECONDS);
                r = run(&words, NULL, true);
        }
        return r;
}

/* Outlives this process, whatever ends that; and is asked by it otherwise. */
static _Noreturn void be_remover(struct cf_service *compose, int end)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        /* Compose reads the profile's file even then, and that ends with the first process. This
         * configuration starts nothing. */
        if (hold(compose, "unconfined", NULL) < 0)
                _exit(1);
        int low = end < compose->memory ? end : compose->memory;
        int high = end < compose->memory ? compose->memory : end;
        char byte;
        ssize_t size;
        sigset_t none;
        /* It keeps nobody waiting for output, and nothing in the kernel alive. */
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                dup2(null, fd);
        if (low > STDERR_FILENO + 1)
                close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
        if (high > low + 1)
                close_range((unsigned)low + 1, (unsigned)high - 1, 0);
        close_range((unsigned)high + 1, ~0u, 0);
        setsid(); /* Ctrl-C on the terminal is not for it */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        while ((size = read(end, &byte, 1)) < 0 && errno == EINTR)
                ;
        if (size <= 0)
                sleep(GRACE_S); /* Compose's own program is being ended, too */
        int r = take_down(compose);
        if (size <= 0 && r == 0) {
                sleep(GRACE_S);
                r = take_down(compose);
        }
        _exit(r == 0 ? 0 : 1);
}

static int start_remover(struct cf_service *compose, struct cf_error *err)
{
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
                return cf_error_set(err, -errno, NULL, "no pipe: %s", strerrordesc_np(errno));
        fflush(NULL);
        compose->removal = fork();
        if (compose->removal == 0) {
                close(ends[1]);
                be_remover(compose, ends[0]);
        }
        close(ends[0]);
        compose->keeper = ends[1];
        if (compose->removal > 0)
                return 0;
        close(cf_steal_fd(&compose->keeper));
        return cf_error_set(err, -errno, NULL, "no process: %s", strerrordesc_np(errno));
}

int cf_service_end(struct cf_service *compose, struct cf_error *err)
{
        int status = 0;
        if (compose->keeper < 0)
                return 0;
        bool asked = write(compose->keeper, "e", 1) == 1;
        close(cf_steal_fd(&compose->keeper));
        close(cf_steal_fd(&compose->memory));
        while (waitpid(compose->removal, &status, 0) < 0 && errno == EINTR)
                ;
        if (asked && WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        return cf_error_set(err, -EIO, NULL,
                            "what was started for '%s' could not be removed: docker ps --all "
                            "--filter label=com.docker.compose.project=%s",
                            compose->service, compose->project);
}

/* ---- running it
 * --------------------------------------------------------------------------------- */

int cf_service_begin(struct cf_service *compose, const char *profile, const char *label,
                     char *const **ret_words, struct cf_error *err)
{
        struct cf_words words = {.arena = compose->arena};
        int r = hold(compose, profile, err);
        if (r == 0)
                r = start_remover(compose, err);
        if (r < 0)
                return r;
        add_project(compose, &words);
        CF_WORDS_ADD(&words, "run", "--rm", "--use-aliases", "--label", label);
        if (!compose->hide_ports)
                cf_words_add(&words, "--service-ports");
        if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                cf_words_add(&words, "-T");
        cf_words_add(&words, compose->service);
        cf_words_add_all(&words, compose->more, compose->more_count);
        cf_words_add(&words, NULL);
        if (words.failed) {
                (void)cf_service_end(compose, NULL);
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        *ret_words = words.items;
        return 0;
}
