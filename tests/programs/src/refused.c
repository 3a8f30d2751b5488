/* SPDX-License-Identifier: Apache-2.0 */
/* What Docker's default refuses and the kernel grants to anybody: an io_uring that reads a file, a
 * key ring, a personality, unshared file tables. Ends with the number of the first that failed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring(void)
{
        struct io_uring_params params = {0};
        char text[8] = {0};
        int fd = (int)syscall(SYS_io_uring_setup, 4, &params);
        if (fd < 0)
                return -1;
        size_t size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
        char *rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                           IORING_OFF_SQ_RING);
        struct io_uring_sqe *entries =
                mmap(NULL, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
        int file = open("/etc/passwd", O_RDONLY);
        if (rings == MAP_FAILED || (void *)entries == MAP_FAILED || file < 0)
                return -1;
        entries[0] = (struct io_uring_sqe){
                .opcode = IORING_OP_READ, .fd = file, .addr = (__u64)text, .len = 4};
        ((unsigned *)(rings + params.sq_off.array))[0] = 0;
        __atomic_store_n((unsigned *)(rings + params.sq_off.tail), 1, __ATOMIC_RELEASE);
        if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
                return -1;
        struct io_uring_cqe *done = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
        return done->res == 4 && memcmp(text, "root", 4) == 0 ? 0 : -1;
}

int main(void)
{
        if (unshare(CLONE_FS | CLONE_FILES) < 0)
                return perror("unshare"), 1;
        if (personality(ADDR_NO_RANDOMIZE) < 0)
                return perror("personality"), 2;
        if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1) < 0)
                return perror("keyctl"), 3;
        if (ring() < 0)
                return perror("io_uring"), 4;
        return 0;
}
