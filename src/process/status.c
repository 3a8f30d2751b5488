/* SPDX-License-Identifier: Apache-2.0 */
#include "process/status.h"

#include <limits.h>

static unsigned digit_of(char c)
{
        if (c >= '0' && c <= '9')
                return (unsigned)(c - '0');
        if (c >= 'a' && c <= 'f')
                return (unsigned)(c - 'a') + 10;
        return UINT_MAX;
}

/* What Linux since 5.16 shows of a thread that its filter is killing: it makes no call any more. */
#define MODE_DEAD 3

/* Cuts the next number off `*rest`: blanks, then digits. False when there is none, or when it is
 * above `max`. */
static bool next_number(struct cf_span *rest, unsigned base, uint64_t max, uint64_t *ret_number)
{
        size_t i = 0;
        while (i < rest->size && (rest->data[i] == ' ' || rest->data[i] == '\t'))
                i++;
        uint64_t number = 0;
        size_t start = i;
        for (; i < rest->size; i++) {
                unsigned digit = digit_of(rest->data[i]);
                if (digit >= base)
                        break;
                if (digit > max || number > (max - digit) / base)
                        return false;
                number = number * base + digit;
        }
        if (i == start)
                return false;
        *rest = cf_span_part(*rest, i, rest->size);
        *ret_number = number;
        return true;
}

static void read_name(struct cf_span value, struct cf_status *status)
{
        /* One tab stands before it; blanks at either end belong to the name. */
        status->name = cf_span_starts(value, "\t") ? cf_span_part(value, 1, value.size) : value;
}

static void read_state(struct cf_span value, struct cf_status *status)
{
        value = cf_span_trim(value);
        status->state = value.size ? value.data[0] : 0;
}

static void read_pid(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        if (next_number(&value, 10, INT_MAX, &number))
                status->pid = (pid_t)number;
}

static void read_parent(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        if (next_number(&value, 10, INT_MAX, &number))
                status->parent = (pid_t)number;
}

static void read_uid(struct cf_span value, struct cf_status *status)
{
        uint64_t real, effective;
        if (next_number(&value, 10, UINT_MAX, &real) &&
            next_number(&value, 10, UINT_MAX, &effective))
                status->uid = (uid_t)effective;
}

static void read_inner_pids(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        unsigned depth = 0;
        while (next_number(&value, 10, INT_MAX, &number)) {
                status->inner_pid = (pid_t)number;
                depth++;
        }
        status->pid_depth = depth;
}

static void read_kernel_thread(struct cf_span value, struct cf_status *status)
{
        status->kernel_thread = cf_span_is(cf_span_trim(value), "1");
}

static void read_memory(struct cf_span value CF_UNUSED, struct cf_status *status)
{
        status->has_memory = true;
}

static void read_threads(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        if (next_number(&value, 10, UINT_MAX, &number))
                status->threads = (unsigned)number;
}

static void read_capabilities(struct cf_span value, struct cf_status *status)
{
        (void)next_number(&value, 16, UINT64_MAX, &status->cap_effective);
}

static void read_no_new_privs(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        if (next_number(&value, 10, 1, &number))
                status->no_new_privs = (int)number;
}

static void read_mode(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        if (next_number(&value, 10, MODE_DEAD, &number))
                status->mode =
                        number == MODE_DEAD ? CF_SECCOMP_FILTER : (enum cf_seccomp_mode)number;
}

static void read_filters(struct cf_span value, struct cf_status *status)
{
        uint64_t number;
        if (next_number(&value, 10, UINT_MAX, &number)) {
                status->filters = (unsigned)number;
                status->filters_known = true;
        }
}

static const struct field {
        const char *key;
        void (*read)(struct cf_span value, struct cf_status *status);
} fields[] = {
        {"Name", read_name},
        {"State", read_state},
        {"Tgid", read_pid},
        {"PPid", read_parent},
        {"Uid", read_uid},
        {"NSpid", read_inner_pids},
        {"Kthread", read_kernel_thread},
        {"VmSize", read_memory},
        {"Threads", read_threads},
        {"CapEff", read_capabilities},
        {"NoNewPrivs", read_no_new_privs},
        {"Seccomp", read_mode},
        {"Seccomp_filters", read_filters},
};

void cf_status_parse(struct cf_span text, struct cf_status *ret_status)
{
        struct cf_status status = {.no_new_privs = -1, .mode = CF_SECCOMP_UNREADABLE};
        struct cf_span line;
        /* The kernel writes the fields in the table's order, each once, and escapes line feeds in
         * the name. Looking from the last match on makes reading linear; and a name cannot pass
         * for a later field, because it comes first and alone. */
        size_t next = 0;
        while (next < CF_COUNT(fields) && cf_span_next_line(&text, &line)) {
                const char *colon = memchr(line.data, ':', line.size);
                if (!colon)
                        continue;
                struct cf_span key = {line.data, (size_t)(colon - line.data)};
                for (size_t i = next; i < CF_COUNT(fields); i++) {
                        if (fields[i].key[0] != line.data[0] || !cf_span_is(key, fields[i].key))
                                continue;
                        fields[i].read(cf_span_part(line, key.size + 1, line.size), &status);
                        next = i + 1;
                        break;
                }
        }
        *ret_status = status;
}
