/* SPDX-License-Identifier: Apache-2.0 */
/* Docker/OCI seccomp profiles.
 *
 * Read as Docker and Podman do, and refused where an engine would refuse them or read something
 * else than is written. Source of the format: Moby's profiles/seccomp, runc's libcontainer/seccomp,
 * the OCI runtime specification. */
#ifndef CONFINED_PROFILE_H
#define CONFINED_PROFILE_H

#include <confined/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Immutable. Belongs to a context. */
struct confined_profile;

/* Reads a file of at most 4 MiB. -EINVAL: no profile; -EFBIG; or as open(2). */
int confined_profile_read(struct confined_context *context, const char *path,
                          const struct confined_profile **ret_profile);

/* The same from bytes, which are copied; `name` is the file's in messages. */
int confined_profile_parse(struct confined_context *context, const char *name, const void *bytes,
                           size_t size, const struct confined_profile **ret_profile);

/* The profile that an engine uses when none is asked for: "docker", "podman", "containerd" (the
 * newest known), "docker-20.10.24". -ENOENT: there is none of this name. */
int confined_profile_default(struct confined_context *context, const char *name,
                             const struct confined_profile **ret_profile);

/* The i-th thing in it that engines take, but not as its writer thought ("p.json:3:20: …"); NULL
 * from the last on, or when there is no memory. At most 1,000 are kept. */
const char *confined_profile_warning(const struct confined_profile *profile, size_t i);

/* What the meaning of a profile depends on. */
struct confined_circumstances {
        size_t size;              /* sizeof(struct confined_circumstances) */
        const char *architecture; /* the engine's machine; NULL: the one the library is built for */
        uint64_t capabilities;    /* the container's: bit i is capability i of linux/capability.h */
        unsigned kernel_major, kernel_minor; /* the engine's; both 0: the running one */
};
#define CONFINED_CIRCUMSTANCES_INIT                                                             \
        {                                                                                       \
                sizeof(struct confined_circumstances), NULL, CONFINED_CAPABILITIES_DOCKER, 0, 0 \
        }

/* What Docker gives a container when nothing else is asked for: CHOWN, DAC_OVERRIDE, FOWNER,
 * FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, AUDIT_WRITE,
 * SETFCAP. */
#define CONFINED_CAPABILITIES_DOCKER UINT64_C(0x00000000a80425fb)

/* The plain meaning of the profile, as it is written; `circumstances` NULL: those of the _INIT
 * macro. (What a runtime loses on the way to the kernel is no part of it.) -EINVAL: unknown
 * architecture; -ENOTSUP: the profile covers an architecture without a table; -E2BIG. */
int confined_profile_policy(const struct confined_profile *profile,
                            const struct confined_circumstances *circumstances,
                            const struct confined_policy **ret_policy);

/* The policy as a profile in Docker's style: small, sorted, proved to have the same effect on every
 * call when it is read back on this architecture (NULL: the one the library is built for). The text
 * belongs to the context. -EINVAL: unknown architecture; -ENOTSUP: no profile can say it, and
 * confined_error says which call and why; -EFBIG, -E2BIG. */
int confined_policy_json(const struct confined_policy *policy, const char *architecture,
                         const char **ret_json);

#ifdef __cplusplus
}
#endif
#endif
