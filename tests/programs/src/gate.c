/* SPDX-License-Identifier: Apache-2.0 */
/* A 64-bit program that makes calls of i386, too (int 0x80), as some language runtimes do. */
#include <unistd.h>

static int narrow(int number, int first)
{
        int result;
        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(number), "b"(first)
                         : "memory", "r8", "r9", "r10", "r11");
        return result;
}

int main(void)
{
        int copy = narrow(41, 1); /* dup; then getpid, getuid32, close */
        return !(narrow(20, 0) == getpid() && narrow(199, 0) == 0 && copy > 1 &&
                 narrow(6, copy) == 0);
}
