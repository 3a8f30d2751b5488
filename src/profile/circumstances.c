/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "profile/profile.h"

/* Moby, daemon/pkg/oci/caps/defaults.go. */
static const char *const docker[] = {
        "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
        "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
        "CAP_KILL",    "CAP_AUDIT_WRITE",
};

uint64_t cf_capabilities_docker(void)
{
        uint64_t set = 0;
        unsigned number = 0;
        for (size_t i = 0; i < CF_COUNT(docker); i++)
                if (cf_capability_number(cf_span_of(docker[i]), &number))
                        set |= UINT64_C(1) << number;
        return set;
}

bool cf_kernel_version_read(const char *release, unsigned *ret_major, unsigned *ret_minor)
{
        unsigned major, minor;
        int read = 0;
        /* Three digits each cannot overflow. NOLINTNEXTLINE(cert-err34-c) */
        if (sscanf(release, "%3u.%3u%n", &major, &minor, &read) != 2 ||
            isdigit((unsigned char)release[read]))
                return false;
        *ret_major = major;
        *ret_minor = minor;
        return true;
}

int cf_circumstances_here(struct cf_circumstances *circumstances, struct cf_error *err)
{
        struct cf_circumstances here = *circumstances;
        struct utsname system = {0};
        here.machine = cf_arch_native();
        if (!here.machine)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "there is no table of this machine's system calls");
        uname(&system);
        if (!cf_kernel_version_read(system.release, &here.kernel_major, &here.kernel_minor))
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "the running kernel's version '%s' is not understood",
                                    system.release);
        *circumstances = here;
        return 0;
}
