/* SPDX-License-Identifier: Apache-2.0 */
/* process/status.c: nothing that a process may put into its name changes what is read behind it. */
#include <assert.h>
#include <stdio.h>

#include "base/text.h"
#include "process/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kernel's own text around a name that the process chose, escaped as the kernel does. */
static void check_name(struct cf_span name)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_status status;
        cf_text_puts(&text, "Name:\t");
        for (size_t i = 0; i < name.size && i < 15; i++) {
                char c = name.data[i];
                if (c == 0)
                        break;
                if (c == '\n')
                        cf_text_puts(&text, "\\n");
                else if (c == '\\')
                        cf_text_puts(&text, "\\\\");
                else
                        cf_text_putc(&text, c);
        }
        cf_text_puts(&text, "\nState:\tS (sleeping)\nTgid:\t7\nPPid:\t3\nVmSize:\t1 kB\n"
                            "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n");
        cf_status_parse(cf_text_span(&text), &status);
        assert(status.pid == 7 && status.parent == 3 && status.state == 'S' && status.has_memory);
        assert(status.no_new_privs == 0 && status.mode == CF_SECCOMP_FILTER);
        assert(status.filters == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_span text = {(const char *)data, size};
        struct cf_status status;
        cf_status_parse(text, &status);
        assert(status.mode >= CF_SECCOMP_UNREADABLE && status.mode <= CF_SECCOMP_FILTER);
        assert(status.no_new_privs >= -1 && status.no_new_privs <= 1);
        assert(status.pid >= 0 && status.parent >= 0 && status.inner_pid >= 0);
        if (status.name.size)
                assert(status.name.data >= text.data &&
                       status.name.data + status.name.size <= text.data + text.size);
        check_name(text);
        return 0;
}
