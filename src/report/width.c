/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/source.h"
#include "report/write.h"

struct range {
        uint32_t first, last;
};

#include "width-table.inc"

static bool holds(const struct range *ranges, size_t count, uint32_t character)
{
        size_t low = 0, high = count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (character < ranges[middle].first)
                        high = middle;
                else if (character > ranges[middle].last)
                        low = middle + 1;
                else
                        return true;
        }
        return false;
}

unsigned cf_report_char_width(uint32_t character)
{
        if (character < 0x300)
                return 1;
        if (holds(zero_width, CF_COUNT(zero_width), character))
                return 0;
        return holds(double_width, CF_COUNT(double_width), character) ? 2 : 1;
}

size_t cf_report_width(struct cf_span text)
{
        size_t width = 0, size;
        uint32_t character;
        while ((size = cf_utf8_next(text, &character)) > 0) {
                width += cf_report_char_width(character);
                text = cf_span_part(text, size, SIZE_MAX);
        }
        return width;
}
