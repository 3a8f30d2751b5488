/* SPDX-License-Identifier: Apache-2.0 */
/* How does a seccomp profile differ from Docker's default? Prints each difference with a call that
 * shows it, and writes the profile as a raw filter.
 *
 *     cc -o compare compare.c $(pkg-config --cflags --libs confined)
 *     ./compare web.json web.bpf
 *
 * Exit status: 0 equal, 1 different, 2 it could not be told. */
#include <confined/confined.h>

#include <stdio.h>

static int print_differences(struct confined_context *context, const struct confined_policy *mine,
                             const struct confined_policy *docker)
{
        const struct confined_differences *differences;
        int r = confined_policy_compare(docker, mine, &differences);
        if (r < 0)
                return r;
        for (size_t i = 0; i < confined_differences_count(differences); i++) {
                struct confined_difference d = CONFINED_DIFFERENCE_INIT;
                r = confined_differences_get(differences, i, &d);
                if (r < 0)
                        return r;
                /* Calls that this machine does not make are equal or of no interest. */
                struct confined_call native;
                if (!confined_call_by_name(NULL, "read", &native) ||
                    d.witness.arch != native.arch || !d.call)
                        continue;
                const char *there = confined_value_text(context, d.value_a);
                const char *here = confined_value_text(context, d.value_b);
                const char *witness = confined_call_text(context, &d.witness);
                if (!there || !here || !witness)
                        return -1;
                printf("%s %s if %s: %s there, %s here, e.g. %s\n", d.architecture, d.call,
                       d.condition, there, here, witness);
        }
        return 0;
}

static int write_filter(const struct confined_policy *policy, const char *path)
{
        const struct confined_filter *filter;
        size_t count;
        int r = confined_policy_emit(policy, &filter);
        if (r < 0)
                return r;
        const struct sock_filter *code = confined_filter_code(filter, &count);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(code, sizeof(*code), count, file) != count) {
                perror(path);
                r = -1;
        }
        if (file && fclose(file) != 0 && r == 0) {
                perror(path);
                r = -1;
        }
        if (r == 0)
                printf("%s: %zu instructions\n", path, count);
        return r;
}

static int compare(struct confined_context *context, const char *path, const char *filter)
{
        const struct confined_profile *profile, *usual;
        const struct confined_policy *mine, *docker;
        const char *warning;
        int r = confined_profile_read(context, path, &profile);
        if (r == 0)
                r = confined_profile_default(context, "docker", &usual);
        if (r == 0)
                r = confined_profile_policy(profile, NULL, &mine);
        if (r == 0)
                r = confined_profile_policy(usual, NULL, &docker);
        if (r < 0)
                return r;
        for (size_t i = 0; (warning = confined_profile_warning(profile, i)); i++)
                fprintf(stderr, "%s\n", warning);
        r = print_differences(context, mine, docker);
        if (r == 0)
                r = write_filter(mine, filter);
        return r < 0 ? r : !confined_policy_equal(mine, docker);
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fprintf(stderr, "usage: %s PROFILE FILTER\n", argv[0]);
                return 2;
        }
        struct confined_context *context = confined_context_new();
        int r = context ? compare(context, argv[1], argv[2]) : -1;
        if (r < 0)
                fprintf(stderr, "%s\n", context ? confined_error(context) : "not enough memory");
        confined_context_free(context);
        return r < 0 ? 2 : r;
}
