/* SPDX-License-Identifier: Apache-2.0 */
/* A 32-bit program with threads, a child, a socket and a clock: cc -m32. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *work(void *fd)
{
        return send(*(int *)fd, "narrow", 6, 0) == 6 ? NULL : fd;
}

int main(void)
{
        int pair[2], status;
        char text[8] = {0};
        struct timespec time;
        pthread_t thread;
        if (sizeof(void *) != 4 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
            pthread_create(&thread, NULL, work, &pair[0]) != 0 || recv(pair[1], text, 6, 0) != 6)
                return 1;
        pthread_join(thread, NULL);
        pid_t pid = fork();
        if (pid == 0)
                _exit(clock_gettime(CLOCK_REALTIME, &time) < 0);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
                return 2;
        return puts(text) < 0;
}
