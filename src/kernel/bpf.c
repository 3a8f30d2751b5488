/* SPDX-License-Identifier: Apache-2.0 */
#define CF_BPF_TABLE
#include "kernel/bpf.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct cf_bpf cf_bpf;

static struct {
        pthread_once_t once;
        int result;
        char reason[256];
} loaded = {.once = PTHREAD_ONCE_INIT};

static char complaint[256];

static const struct {
        const char *name;
        size_t offset; /* of its pointer in struct cf_bpf */
} functions[] = {
#define CF_BPF_FUNCTION(name) {#name, offsetof(struct cf_bpf, name)},
        CF_BPF_FUNCTIONS
#undef CF_BPF_FUNCTION
};

/* Of a failure libbpf says much; the first line says what it was. */
__attribute__((format(printf, 2, 0))) static int keep_complaint(enum libbpf_print_level level,
                                                                const char *format, va_list words)
{
        if (level != LIBBPF_WARN || complaint[0])
                return 0;
        vsnprintf(complaint, sizeof(complaint), format, words);
        complaint[strcspn(complaint, "\n")] = '\0';
        return 0;
}

const char *cf_bpf_complaint(void)
{
        return complaint;
}

static int load_once(void)
{
        void *library = dlopen("libbpf.so.1", RTLD_NOW | RTLD_LOCAL);
        for (size_t i = 0; library && i < sizeof(functions) / sizeof(*functions); i++) {
                void *function = dlsym(library, functions[i].name);
                if (!function)
                        library = NULL;
                else
                        memcpy((char *)&cf_bpf + functions[i].offset, &function, sizeof(function));
        }
        if (!library) {
                const char *reason = dlerror();
                snprintf(loaded.reason, sizeof(loaded.reason), "%s",
                         reason ? reason : "no reason given");
                return -ENOENT;
        }
        cf_bpf.libbpf_set_print(keep_complaint);
        return 0;
}

static void load(void)
{
        loaded.result = load_once();
}

int cf_bpf_load(struct cf_error *err)
{
        pthread_once(&loaded.once, load);
        return loaded.result < 0
                       ? cf_error_set(err, loaded.result, NULL,
                                      "libbpf cannot be loaded (%s): install it (Debian: libbpf1)",
                                      loaded.reason)
                       : 0;
}
