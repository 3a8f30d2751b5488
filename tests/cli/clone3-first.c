/* SPDX-License-Identifier: Apache-2.0 */
/* A child in a new user namespace, as careful programs make it: by clone3, and where that is not
 * there (ENOSYS) by clone. Exit status 0: there was a child. */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
        struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
        long child = syscall(SYS_clone3, &args, sizeof(args));
        if (child < 0 && errno == ENOSYS)
                child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0L);
        if (child == 0)
                _exit(0);
        if (child < 0) {
                printf("no child: %s\n", strerror(errno));
                return 1;
        }
        return waitpid((pid_t)child, NULL, 0) == child ? 0 : 1;
}
