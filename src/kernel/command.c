/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming a command under a filter. */
#include "kernel/command.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

uint64_t cf_kernel_capabilities(void)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
        uint64_t bounding = 0;
        if (syscall(SYS_capget, &header, sets) != 0)
                return 0;
        for (unsigned i = 0; i < 64; i++)
                if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
                        bounding |= UINT64_C(1) << i;
        return bounding & (sets[0].permitted | (uint64_t)sets[1].permitted << 32);
}

bool cf_kernel_string(pid_t tid, uint64_t address, char *text, size_t size)
{
        size_t got = 0;
        /* Page by page: what follows the text may not be there. */
        while (got + 1 < size && !memchr(text, '\0', got)) {
                size_t page = (size_t)sysconf(_SC_PAGESIZE);
                size_t most = page - (size_t)((address + got) % page);
                if (most > size - 1 - got)
                        most = size - 1 - got;
                struct iovec here = {text + got, most};
                /* An address of the other process. NOLINTNEXTLINE(performance-no-int-to-ptr) */
                struct iovec there = {(void *)(uintptr_t)(address + got), most};
                ssize_t r = process_vm_readv(tid, &here, 1, &there, 1, 0);
                if (r <= 0)
                        return false;
                got += (size_t)r;
        }
        return memchr(text, '\0', got) != NULL;
}

int cf_kernel_load(const struct cf_kernel_command *command, unsigned flags)
{
        /* The kernel only reads it. */
        struct sock_fprog program = {(unsigned short)command->count,
                                     (struct sock_filter *)(uintptr_t)command->code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        return r < 0 ? -errno : (int)r;
}

int cf_kernel_load_failed(int code, struct cf_error *err)
{
        switch (code) {
        case -EBUSY:
                return cf_error_set(err, code, NULL,
                                    "this process already has a filter with a listener (a traced "
                                    "run inside of another?), and the kernel allows one");
        case -EINVAL:
        case -ENOSYS:
                return cf_error_set(err, code, NULL,
                                    "the kernel does not take the filter (%s): it needs Linux 5.0 "
                                    "with CONFIG_SECCOMP_FILTER",
                                    strerrorname_np(-code));
        case -EPERM:
        case -EACCES:
                return cf_error_set(err, code, NULL,
                                    "the kernel does not allow loading a filter (%s): a filter "
                                    "that is in force already refuses seccomp(2) or prctl(2)",
                                    strerrorname_np(-code));
        default:
                return cf_error_set(err, code, NULL, "the filter cannot be loaded: %s",
                                    strerror(-code));
        }
}

int cf_kernel_exec(const struct cf_kernel_command *command, bool *ret_loaded, struct cf_error *err)
{
        int r = cf_kernel_load(command, 0);
        *ret_loaded = r >= 0;
        if (r < 0)
                return cf_kernel_load_failed(r, err);
        execvp(command->words[0], command->words);
        return cf_error_set(err, -errno, NULL, "'%s' cannot be run: %s", command->words[0],
                            strerror(errno));
}
