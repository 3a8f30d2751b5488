/* SPDX-License-Identifier: Apache-2.0 */
/* Members that the JSON formats share. */
#include "base/source.h"
#include "report/write.h"

void cf_report_member(struct cf_json_writer *json, const char *key, const char *text)
{
        cf_json_key(json, key);
        cf_json_put_string(json, text);
}

void cf_report_member_uint(struct cf_json_writer *json, const char *key, uint64_t number)
{
        cf_json_key(json, key);
        cf_json_put_uint(json, number);
}

void cf_report_member_bool(struct cf_json_writer *json, const char *key, bool value)
{
        cf_json_key(json, key);
        cf_json_put_bool(json, value);
}

void cf_report_base64(struct cf_text *out, struct cf_span bytes)
{
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (size_t i = 0; i < bytes.size; i += 3) {
                struct cf_span three = cf_span_part(bytes, i, 3);
                uint32_t bits = 0;
                for (size_t j = 0; j < 3; j++)
                        bits = bits << 8 | (j < three.size ? (unsigned char)three.data[j] : 0u);
                for (size_t j = 0; j < 4; j++)
                        cf_text_putc(out, j > three.size ? '=' : digits[bits >> (18 - 6 * j) & 63]);
        }
}

void cf_report_member_bytes(struct cf_json_writer *json, const char *key, struct cf_span bytes)
{
        cf_json_key(json, key);
        cf_json_put_span(json, bytes);
        if (cf_utf8_valid(bytes, NULL))
                return;
        CF_TEXT struct cf_text name = {0}, encoded = {0};
        cf_text_printf(&name, "%s_base64", key);
        cf_report_base64(&encoded, bytes);
        json->out->failed |= name.failed || encoded.failed;
        if (json->out->failed)
                return;
        cf_report_member(json, name.data, encoded.data);
}
