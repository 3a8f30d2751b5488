/* SPDX-License-Identifier: Apache-2.0 */
/* clone3 FLAGS [FILE]: makes a child by clone3 with these flags (hexadecimal) and SIGCHLD, or by
 * clone where that gives ENOSYS; says which it was. With FILE: makes FILE first, and waits until it
 * is gone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        struct clone_args args = {.exit_signal = SIGCHLD};
        const char *how = "clone3";
        int status = 1;
        args.flags = argc > 1 ? strtoull(argv[1], NULL, 16) : 0;
        if (argc > 2) {
                close(open(argv[2], O_WRONLY | O_CREAT, 0600));
                while (access(argv[2], F_OK) == 0)
                        usleep(10000);
        }
        long pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0 && errno == ENOSYS) {
                how = "clone";
                pid = syscall(SYS_clone, (uint32_t)args.flags | SIGCHLD, 0, 0, 0, 0);
        }
        if (pid == 0)
                syscall(SYS_exit_group, 7);
        if (pid < 0 || waitpid((pid_t)pid, &status, 0) != pid || WEXITSTATUS(status) != 7) {
                perror(how);
                return 1;
        }
        puts(how);
        return 0;
}
