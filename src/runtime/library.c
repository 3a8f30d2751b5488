/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/library.h"

#include <dlfcn.h>
#include <string.h>

static const struct {
        const char *name;
        size_t offset; /* of its pointer in struct library */
} functions[] = {
#define FUNCTION(name)                                           \
        {                                                        \
                "seccomp_" #name, offsetof(struct library, name) \
        }
        FUNCTION(version),
        FUNCTION(arch_native),
        FUNCTION(init),
        FUNCTION(arch_add),
        FUNCTION(arch_remove),
        FUNCTION(attr_set),
        FUNCTION(syscall_resolve_name),
        FUNCTION(syscall_resolve_name_arch),
        FUNCTION(rule_add_array),
        FUNCTION(export_bpf),
#undef FUNCTION
};

static int give_up(struct cf_error *err)
{
        const char *reason = dlerror();
        return cf_error_set(err, -ENOENT, NULL,
                            "libseccomp cannot be loaded (%s): install it (Debian: libseccomp2)",
                            reason ? reason : "no reason given");
}

int library_load(const char *file, struct library *ret_library, struct cf_error *err)
{
        struct library library;
        void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (!handle)
                return give_up(err);
        for (size_t i = 0; i < CF_COUNT(functions); i++) {
                void *function = dlsym(handle, functions[i].name);
                if (!function) {
                        int r = give_up(err);
                        dlclose(handle);
                        return r;
                }
                memcpy((char *)&library + functions[i].offset, &function, sizeof(function));
        }
        dlclose(handle); /* it stays loaded */
        *ret_library = library;
        return 0;
}
