/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kernel/: libbpf, loaded when something is first watched. It brings libelf and libz,
 * which no other command needs. Its functions are called by their own names, through a table that
 * cf_bpf_load fills. */
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/error.h"

#define CF_BPF_FUNCTIONS                              \
        CF_BPF_FUNCTION(bpf_object__open_skeleton)    \
        CF_BPF_FUNCTION(bpf_object__load_skeleton)    \
        CF_BPF_FUNCTION(bpf_object__attach_skeleton)  \
        CF_BPF_FUNCTION(bpf_object__detach_skeleton)  \
        CF_BPF_FUNCTION(bpf_object__destroy_skeleton) \
        CF_BPF_FUNCTION(bpf_program__set_autoattach)  \
        CF_BPF_FUNCTION(bpf_raw_tracepoint_open)      \
        CF_BPF_FUNCTION(bpf_map__fd)                  \
        CF_BPF_FUNCTION(bpf_map__set_max_entries)     \
        CF_BPF_FUNCTION(bpf_map_update_elem)          \
        CF_BPF_FUNCTION(bpf_map_lookup_elem)          \
        CF_BPF_FUNCTION(bpf_map_get_next_key)         \
        CF_BPF_FUNCTION(bpf_link__fd)                 \
        CF_BPF_FUNCTION(bpf_program__fd)              \
        CF_BPF_FUNCTION(bpf_obj_get_info_by_fd)       \
        CF_BPF_FUNCTION(bpf_iter_create)              \
        CF_BPF_FUNCTION(ring_buffer__new)             \
        CF_BPF_FUNCTION(ring_buffer__free)            \
        CF_BPF_FUNCTION(ring_buffer__consume)         \
        CF_BPF_FUNCTION(ring_buffer__epoll_fd)        \
        CF_BPF_FUNCTION(libbpf_num_possible_cpus)     \
        CF_BPF_FUNCTION(libbpf_set_print)

struct cf_bpf {
#define CF_BPF_FUNCTION(name) __typeof__(&name) name;
        CF_BPF_FUNCTIONS
#undef CF_BPF_FUNCTION
};
extern struct cf_bpf cf_bpf; /* filled by cf_bpf_load, constant from then on */

/* Loads libbpf, once. -ENOENT: it is not installed. Thread-safe. */
int cf_bpf_load(struct cf_error *err);

/* The last thing that libbpf complained of; "" for nothing. */
const char *cf_bpf_complaint(void);

#ifndef CF_BPF_TABLE
#define bpf_object__open_skeleton cf_bpf.bpf_object__open_skeleton
#define bpf_object__load_skeleton cf_bpf.bpf_object__load_skeleton
#define bpf_object__attach_skeleton cf_bpf.bpf_object__attach_skeleton
#define bpf_object__detach_skeleton cf_bpf.bpf_object__detach_skeleton
#define bpf_object__destroy_skeleton cf_bpf.bpf_object__destroy_skeleton
#define bpf_program__set_autoattach cf_bpf.bpf_program__set_autoattach
#define bpf_raw_tracepoint_open cf_bpf.bpf_raw_tracepoint_open
#define bpf_map__fd cf_bpf.bpf_map__fd
#define bpf_map__set_max_entries cf_bpf.bpf_map__set_max_entries
#define bpf_map_update_elem cf_bpf.bpf_map_update_elem
#define bpf_map_lookup_elem cf_bpf.bpf_map_lookup_elem
#define bpf_map_get_next_key cf_bpf.bpf_map_get_next_key
#define bpf_link__fd cf_bpf.bpf_link__fd
#define bpf_program__fd cf_bpf.bpf_program__fd
#define bpf_obj_get_info_by_fd cf_bpf.bpf_obj_get_info_by_fd
#define bpf_iter_create cf_bpf.bpf_iter_create
#define ring_buffer__new cf_bpf.ring_buffer__new
#define ring_buffer__free cf_bpf.ring_buffer__free
#define ring_buffer__consume cf_bpf.ring_buffer__consume
#define ring_buffer__epoll_fd cf_bpf.ring_buffer__epoll_fd
#define libbpf_num_possible_cpus cf_bpf.libbpf_num_possible_cpus
#endif
