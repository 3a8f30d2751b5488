/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as Docker, Podman and containerd take them. */
#include "convert/formats.h"

int cf_docker_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                   struct cf_error *err)
{
        const struct cf_profile *profile;
        int r = cf_profile_read(reading->arena, reading->source, &profile, err);
        return r < 0 ? r : cf_convert_profile(reading, profile, ret_converted, err);
}

int cf_docker_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_PROFILE_MEMORY);
        struct cf_json_writer json = {.out = out, .tabs = true};
        struct cf_profile_entries entries;
        uint32_t value;
        int r = 0;
        if (!arena)
                return cf_convert_no_memory(err);
        cf_json_open(&json, '{');
        /* What refuses nothing anywhere is no filter. */
        if (!cf_policy_is_constant(writing->all, writing->policy, &value) || value != CF_ALLOW) {
                r = cf_convert_entries(writing, "docker", arena, &entries, err);
                if (r < 0)
                        return r;
                cf_profile_put_members(&json, &entries, writing->listener);
        }
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return 0;
}
