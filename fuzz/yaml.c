/* SPDX-License-Identifier: Apache-2.0 */
/* base/yaml.c, base/yaml-look.c: every range lies in the text, in its parent and behind the one
 * before it, and holds what the style of the node says. */
#include <assert.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t end_of(const struct cf_yaml *node)
{
        return node->offset + node->length;
}

static void check_scalar(struct cf_span slice, const struct cf_yaml *node)
{
        static const char quotes[] = {[CF_YAML_SINGLE] = '\'', [CF_YAML_DOUBLE] = '"'};
        if (node->target) {
                assert(slice.size > 1 && slice.data[0] == '*');
                assert(!node->target->target && node->target->anchor.size > 0);
                assert(cf_span_equal(cf_span_part(slice, 1, SIZE_MAX), node->target->anchor));
                return;
        }
        assert(node->text.data && node->text.data[node->text.size] == '\0');
        if (node->style == CF_YAML_PLAIN) {
                assert(slice.size == 0 || !strchr(" \t\r\n", slice.data[0]));
                assert(slice.size == 0 || !strchr(" \t\r\n", slice.data[slice.size - 1]));
                assert((slice.size == 0) == (node->text.size == 0) || node->tag.size);
        } else if (node->style == CF_YAML_SINGLE || node->style == CF_YAML_DOUBLE) {
                assert(slice.size >= 2 && slice.data[0] == quotes[node->style]);
                assert(slice.data[slice.size - 1] == quotes[node->style]);
        } else {
                assert(slice.size >= 1 && (slice.data[0] == '|' || slice.data[0] == '>'));
        }
}

static void check_node(struct cf_span text, struct cf_yaml *node, unsigned depth)
{
        assert(node->offset <= text.size && node->length <= text.size - node->offset);
        assert(node->start <= node->offset && depth <= CF_YAML_DEPTH);
        struct cf_span slice = cf_span_part(text, node->offset, node->length);
        if (node->type == CF_YAML_SCALAR) {
                check_scalar(slice, node);
                return;
        }
        size_t children = node->type == CF_YAML_MAPPING ? 2 * node->count : node->count;
        size_t before = node->offset;
        for (size_t i = 0; i < children; i++) {
                struct cf_yaml *child = node->items[i];
                assert(child->start >= before && end_of(child) <= end_of(node));
                check_node(text, child, depth + 1);
                before = end_of(child);
        }
        if (node->style == CF_YAML_FLOW && slice.size && slice.data[0] == '[' && children == 0)
                assert(slice.data[slice.size - 1] == ']');
        if (node->style == CF_YAML_BLOCK && node->type == CF_YAML_SEQUENCE)
                assert(slice.data[0] == '-');
        for (size_t i = 0; node->type == CF_YAML_MAPPING && i < node->count; i++) {
                const char *key = cf_yaml_string(node->items[2 * i]);
                if (key && !cf_yaml_is_merge(node->items[2 * i]) &&
                    strlen(key) == cf_yaml_follow(node->items[2 * i])->text.size)
                        assert(cf_yaml_own(node, key, NULL) &&
                               cf_yaml_get(node, "<<", NULL, NULL) != node);
        }
        cf_yaml_duplicate(node);
        cf_yaml_get(node, "absent", NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        struct cf_source *source;
        struct cf_yaml_file *file;
        struct cf_error err = {0};
        if (!arena || cf_source_from(arena, "f", (struct cf_span){(const char *)data, size},
                                     &source, &err) < 0)
                return 0;
        if (cf_yaml_parse(arena, source, &file, &err) < 0) {
                assert(err.code < 0 && err.count > 0 && err.frames[0].message[0]);
                return 0;
        }
        for (size_t i = 0; i < file->count; i++)
                if (file->documents[i].root)
                        check_node(source->text, file->documents[i].root, 0);
        return 0;
}
