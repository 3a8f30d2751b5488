/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "policy/policy.h"

#define ERRNO_MAX 4095u /* the kernel's MAX_ERRNO */

enum data_use {
        DATA_IGNORED,
        DATA_USED,
        DATA_ERRNO,
};

/* From the strictest. */
static const struct {
        uint32_t value;
        const char *name;
        enum data_use data;
} actions[CF_ACTION_COUNT] = {
        {CF_KILL_PROCESS, "KILL_PROCESS", DATA_IGNORED},
        {CF_KILL_THREAD, "KILL_THREAD", DATA_IGNORED},
        {CF_TRAP, "TRAP", DATA_USED},
        {CF_ERRNO, "ERRNO", DATA_ERRNO},
        {CF_USER_NOTIF, "USER_NOTIF", DATA_IGNORED},
        {CF_TRACE, "TRACE", DATA_USED},
        {CF_LOG, "LOG", DATA_IGNORED},
        {CF_ALLOW, "ALLOW", DATA_IGNORED},
};

static unsigned index_of(uint32_t value)
{
        unsigned i = 0;
        while (i < CF_ACTION_COUNT && actions[i].value != (value & CF_ACTION_MASK))
                i++;
        return i;
}

uint32_t cf_action_at(unsigned i)
{
        return actions[i].value;
}

unsigned cf_action_bit(uint32_t value)
{
        return 1u << index_of(value);
}

uint32_t cf_action_normal(uint32_t value)
{
        unsigned i = index_of(value);
        if (i == CF_ACTION_COUNT)
                return CF_KILL_PROCESS;
        uint32_t data = cf_action_data(value);
        if (actions[i].data == DATA_IGNORED)
                data = 0;
        else if (actions[i].data == DATA_ERRNO && data > ERRNO_MAX)
                data = ERRNO_MAX;
        return actions[i].value | data;
}

const char *cf_action_name(uint32_t value)
{
        unsigned i = index_of(value);
        return i < CF_ACTION_COUNT ? actions[i].name : NULL;
}

bool cf_action_by_name(const char *name, uint32_t *ret_value)
{
        for (unsigned i = 0; i < CF_ACTION_COUNT; i++) {
                if (strcmp(actions[i].name, name) == 0) {
                        *ret_value = actions[i].value;
                        return true;
                }
        }
        return false;
}

void cf_action_print(struct cf_text *text, uint32_t value)
{
        unsigned i = index_of(value);
        uint32_t data = cf_action_data(value);
        if (i == CF_ACTION_COUNT)
                cf_text_printf(text, "0x%08x", value);
        else if (data || actions[i].data == DATA_ERRNO)
                cf_text_printf(text, "%s(%u)", actions[i].name, data);
        else
                cf_text_puts(text, actions[i].name);
}
