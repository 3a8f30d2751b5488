#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes constants.tsv: the names that arguments of calls may have, with their values as the C
compiler sees them in the kernel's and the C library's headers of this machine.

    update-constants.py [--check]     --check: only compare with what is there
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# Set: headers, pattern of names, names that are no values of it.
SETS = {
    "address-family": (["sys/socket.h"], r"AF_[A-Z0-9_]+", "AF_MAX"),
    "socket-type": (["sys/socket.h"], r"SOCK_[A-Z_]+", ""),
    "socket-level": (["sys/socket.h"], r"SOL_[A-Z0-9_]+", ""),
    "namespaces-and-more": (["linux/sched.h"], r"CLONE_[A-Z_]+",
                            "CLONE_ARGS_SIZE_VER0 CLONE_CLEAR_SIGHAND CLONE_INTO_CGROUP"),  # clone3's
    "personality": (["linux/personality.h"], r"ADDR_[A-Z_0-9]+|PER_[A-Z0-9_]+|UNAME26|MMAP_PAGE_ZERO|"
                    r"READ_IMPLIES_EXEC|SHORT_INODE|WHOLE_SECONDS|STICKY_TIMEOUTS|FDPIC_FUNCPTRS",
                    "PER_CLEAR_ON_SETID"),
    "protection": (["sys/mman.h"], r"PROT_[A-Z_]+", ""),
    "mapping": (["sys/mman.h"], r"MAP_[A-Z0-9_]+", "MAP_FAILED MAP_HUGE_SHIFT MAP_HUGE_MASK"),
    "advice": (["sys/mman.h"], r"MADV_[A-Z_]+", ""),
    "open": (["fcntl.h"], r"O_[A-Z]+", ""),
    "descriptor": (["fcntl.h"], r"O_CLOEXEC|O_NONBLOCK", ""),
    "file-control": (["linux/fcntl.h"], r"F_(?:DUPFD|GET|SET|ADD|NOTIFY|OFD_)[A-Z_0-9]*", ""),
    "terminal-and-file-request": (["asm/ioctls.h", "linux/fs.h"],
                                  r"TIOC[A-Z0-9]+|TC[GS]ET[A-Z0-9]+|TCSBRK|TCXONC|TCFLSH|FIO[A-Z]+|FS_IOC_[A-Z_]+"
                                  r"|FI[A-Z]+",
                                  ""),
    "process-control": (["linux/prctl.h"], r"PR_(?:GET|SET(?!_MM_|_VMA_|_PTRACER_)|CAPBSET|TASK|MPX)_[A-Z0-9_]+"
                        r"|PR_CAP_AMBIENT|PR_MCE_KILL(?:_GET)?|PR_SVE_[GS]ET_VL|PR_SCHED_CORE|PR_PAC_RESET_KEYS", ""),
    "architecture-control": (["asm/prctl.h"], r"ARCH_[A-Z0-9_]+", ""),
    "trace-request": (["linux/ptrace.h"], r"PTRACE_(?!O_|EVENT_|EVENTMSG_|SYSCALL_INFO_)[A-Z0-9_]+",
                      "PTRACE_PEEKSIGINFO_SHARED"),
    "key-operation": (["linux/keyctl.h"], r"KEYCTL_(?!CAPS[01]_|SUPPORTS_)[A-Z0-9_]+", "KEYCTL_MOVE_EXCL"),
    "bpf-command": (["linux/bpf.h"], r"BPF_(?:MAP|PROG|OBJ|BTF|LINK|ITER|ENABLE|TASK|RAW)_(?!TYPE_|NAME_)[A-Z_]+",
                    ""),
    "memory-policy": (["linux/mempolicy.h"], r"MPOL_(?!MF_|F_M|F_NODE|F_ADDR|F_SHARED|MODE)[A-Z_]+", "MPOL_MAX"),
    "mount": (["linux/mount.h"], r"MS_[A-Z_]+", "MS_MGC_VAL MS_MGC_MSK MS_RMT_MASK MS_VERBOSE MS_BORN MS_ACTIVE MS_NOSEC"),
    "unmount": (["sys/mount.h"], r"MNT_[A-Z]+|UMOUNT_[A-Z]+", ""),
    "seccomp-operation": (["linux/seccomp.h"], r"SECCOMP_(?:SET|GET)_[A-Z_]+", ""),
    "futex-operation": (["linux/futex.h"], r"FUTEX_(?:WA|FD|REQUEUE|CMP|(?:UN|TRY)?LOCK_PI|PRIVATE|CLOCK)[A-Z_0-9]*",
                        "FUTEX_WAITERS FUTEX_WAITV_MAX FUTEX_WAITV_MAX"),
    "compare-kind": (["linux/kcmp.h"], r"KCMP_[A-Z]+", "KCMP_TYPES"),
    "userfault": (["linux/userfaultfd.h"], r"UFFD_USER_MODE_ONLY", ""),
    "resource": (["sys/resource.h"], r"RLIMIT_[A-Z]+", "RLIMIT_NLIMITS"),
    "ip-protocol": (["netinet/in.h"], r"IPPROTO_[A-Z]+", "IPPROTO_MAX"),
    "netlink-protocol": (["linux/netlink.h"], r"NETLINK_(?:ROUTE|USERSOCK|FIREWALL|SOCK_DIAG|NFLOG|XFRM|SELINUX|ISCSI"
                         r"|AUDIT|FIB_LOOKUP|CONNECTOR|NETFILTER|IP6_FW|DNRTMSG|KOBJECT_UEVENT|GENERIC|SCSITRANSPORT"
                         r"|ECRYPTFS|RDMA|CRYPTO|SMC)", ""),
}
# What uses them: call, argument from 0, sets.
USES = HERE / "constant-uses.tsv"
HEAD = """# SPDX-License-Identifier: Apache-2.0
# Names of values: set, name, value. Which argument has values of which set: constant-uses.tsv.
#
# Source: headers of %s, on x86_64, read by the C compiler; written by update-constants.py.
"""


def names(headers, pattern):
    text = "".join(f"#include <{h}>\n" for h in headers)
    macros = subprocess.run(["cc", "-D_GNU_SOURCE", "-dM", "-E", "-"], input=text, text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    found = {m[1] for m in re.finditer(r"^#define (\w+) ", macros, re.M) if re.fullmatch(pattern, m[1])}
    whole = subprocess.run(["cc", "-D_GNU_SOURCE", "-E", "-P", "-"], input=text, text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    for body in re.findall(r"\benum\b[^{;]*\{([^}]*)\}", whole):
        found |= {w for w in re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", body) if re.fullmatch(pattern, w)}
    return found


def values(headers, found):
    """Those that are whole numbers, with their values."""
    for attempt in range(2):
        lines = "".join(f'P({n})\n' for n in sorted(found))
        program = ("#define _GNU_SOURCE\n#include <stdio.h>\n" + "".join(f"#include <{h}>\n" for h in headers) +
                   '#define P(n) printf("%s %llu\\n", #n, (unsigned long long)(unsigned)(n));\n'
                   "int main(void) {\n" + lines + "return 0; }\n")
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "p.c"
            source.write_text(program)
            done = subprocess.run(["cc", "-w", "-o", folder + "/p", str(source)], text=True,
                                  stderr=subprocess.PIPE)
            if done.returncode == 0:
                out = subprocess.run([folder + "/p"], text=True, stdout=subprocess.PIPE, check=True).stdout
                return {n: int(v) for n, v in (line.split() for line in out.splitlines())}
            bad = {int(m[1]) for m in re.finditer(r"p\.c:(\d+):", done.stderr)}
            rows = program.split("\n")
            found = found - {m[1] for b in bad for m in [re.match(r"P\((\w+)\)", rows[b - 1])] if m}
    sys.exit(f"update-constants.py: {headers}: cannot be compiled")


def version(package):
    return subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", package], text=True,
                          stdout=subprocess.PIPE, check=True).stdout


def main():
    out = [HEAD % " and ".join(version(p) for p in ("linux-libc-dev", "libc6-dev")), "set\tname\tvalue\n"]
    for key, (headers, pattern, without) in SETS.items():
        found = names(headers, pattern) - set(without.split())
        for name, value in sorted(values(headers, found).items(), key=lambda item: (item[1], item[0])):
            out.append(f"{key}\t{name}\t{value:#x}\n")
    path, text = HERE / "constants.tsv", "".join(out)
    if "--check" in sys.argv[1:]:
        return path.read_text() != text
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
