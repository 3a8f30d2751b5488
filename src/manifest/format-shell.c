/* SPDX-License-Identifier: Apache-2.0 */
/* Shell scripts: by name, by the line #!, and the files that scripts read their options from. */
#include "manifest/command.h"
#include "manifest/formats.h"
#include "manifest/names.h"

static const char *const endings[] = {".sh",    ".bash",    ".zsh",    ".ksh",     ".dash",
                                      ".ash",   ".bats",    ".envrc",  ".command", ".bashrc",
                                      ".zshrc", ".profile", ".ebuild", NULL};
static const char *const names[] = {
        ".bash_profile", ".bash_login",  ".bash_aliases", ".aliases", "bash.bashrc", "PKGBUILD",
        "APKBUILD",      "configure.ac", "rc.local",      ".kshrc",   ".zprofile",   ".zshenv",
        "bashrc",        "bash_aliases", "bash_profile",  "zshrc",    "profile",     NULL};
/* Folders whose files are read by scripts and units: /etc/default/docker. */
static const char *const folders[] = {"default", "sysconfig", "conf.d", NULL};
static const char *const daemons[] = {"docker", "docker.io", "docker-ce", "podman", NULL};

static bool is_shell(struct cf_span program)
{
        static const char *const shells[] = {"sh",  "bash", "dash", "ash",   "zsh",
                                             "ksh", "mksh", "bats", "rbash", NULL};
        return cf_name_is_one(program, shells);
}

/* The line #! names a shell, perhaps through env. */
static bool has_shebang(const struct cf_source *source)
{
        struct cf_span line = cf_source_line(source, 1), word;
        if (!cf_span_starts(line, "#!"))
                return false;
        line = cf_span_part(line, 2, SIZE_MAX);
        for (unsigned words = 0; words < 4 && line.size; words++) {
                line = cf_span_trim(line);
                size_t end = 0;
                while (end < line.size && line.data[end] != ' ' && line.data[end] != '\t')
                        end++;
                word = cf_span_part(line, 0, end);
                line = cf_span_part(line, end, SIZE_MAX);
                word = cf_span_of_path(word);
                if (is_shell(word))
                        return true;
                if (words == 0 && !cf_span_is(word, "env") && !cf_span_is(word, "busybox"))
                        return false;
        }
        return false;
}

static enum cf_claim claim(const struct cf_source *source)
{
        struct cf_span name = cf_name_plain(source->path);
        if (cf_name_ends_in_one(name, endings) || cf_name_is_one(name, names))
                return CF_CLAIM_NAME;
        if (cf_name_is_one(name, daemons) && cf_name_is_one(cf_name_folder(source->path), folders))
                return CF_CLAIM_NAME;
        return has_shebang(source) ? CF_CLAIM_NAME : CF_CLAIM_NONE;
}

static int read_shell(const struct cf_reader *reader, const struct cf_source *source,
                      struct cf_error *err)
{
        struct cf_script script;
        cf_script_init(&script, reader, source, "shell");
        struct cf_shell_code code = cf_script_source_code(&script);
        int r = cf_script_code(&script, &code, err);
        return cf_script_finish(&script, r);
}

const struct cf_format cf_format_shell = {
        .name = "shell",
        .summary = "shell scripts, and the files that daemons' scripts read their options from",
        .claim = claim,
        .read = read_shell,
};
