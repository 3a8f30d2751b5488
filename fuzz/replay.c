/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target on files: replay PATH… (a folder stands for the files in it). */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
        FILE *file = fopen(path, "rb");
        struct stat st;
        if (!file || fstat(fileno(file), &st) < 0) {
                perror(path);
                return 1;
        }
        size_t size = (size_t)st.st_size;
        uint8_t *data = malloc(size ? size : 1); /* exact size: a byte too far is seen by ASan */
        if (!data || fread(data, 1, size, file) != size) {
                perror(path);
                exit(1);
        }
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        fclose(file);
        return 0;
}

int main(int argc, char **argv)
{
        int failed = 0, count = 0;
        for (int i = 1; i < argc; i++) {
                DIR *dir = opendir(argv[i]);
                if (!dir) {
                        failed |= replay_file(argv[i]);
                        count++;
                        continue;
                }
                for (struct dirent *entry; (entry = readdir(dir));) {
                        char path[4096];
                        if (entry->d_name[0] == '.')
                                continue;
                        snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
                        failed |= replay_file(path);
                        count++;
                }
                closedir(dir);
        }
        printf("%d inputs replayed\n", count);
        return failed || count == 0;
}
