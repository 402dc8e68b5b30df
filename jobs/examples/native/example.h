/* tensorflow.train.Example, a protocol buffer: features by name, each a packed list of numbers. Sizes stand before
 * what they measure, so they are worked out first and every byte is written where it stays.
 */
#ifndef COVID_CTL_EXAMPLE_H
#define COVID_CTL_EXAMPLE_H

#include <stdint.h>
#include <string.h>

static inline uint32_t varint_size(uint32_t value)
{
    return 1 + (value >= 1u << 7) + (value >= 1u << 14) + (value >= 1u << 21);
}

/* Seven bits a byte, a high bit on all but the last. Writes four bytes, of which the last may not count: ids of one,
 * two and three bytes alternate at random, so that a loop's end could not be guessed. `value` is below 2^28, as
 * ids, positions and sizes are.
 */
static inline uint8_t *put_varint(uint8_t *to, uint32_t value)
{
    uint32_t size = varint_size(value);
    uint32_t bytes = (value & 0x7f) | (value & 0x3f80) << 1 | (value & 0x1fc000) << 2 | (value & 0xfe00000) << 3;
    bytes |= 0x00808080u & ((1u << (8 * (size - 1))) - 1);
    memcpy(to, &bytes, 4);
    return to + size;
}

static inline uint8_t *put_header(uint8_t *to, int field, uint32_t length)
{
    *to++ = (uint8_t)(field << 3 | 2);
    return put_varint(to, length);
}

/* Of a field that is written as a header and `length` bytes. */
static inline uint32_t field_size(uint32_t length) { return 1 + varint_size(length) + length; }

enum { FLOATS = 2, INTEGERS = 3 };

typedef struct {
    const char *name;
    uint32_t name_size;
    int kind;
} Feature;

#define FEATURE(name, kind) {name, sizeof name - 1, kind}

/* In the order of their names, as protobuf writes maps when asked to be deterministic. */
enum { INPUT_IDS, INPUT_MASK, MASKED_IDS, MASKED_POSITIONS, MASKED_WEIGHTS, NEXT_SENTENCE, SEGMENT_IDS, FEATURES };
static const Feature features[FEATURES] = {
    FEATURE("input_ids", INTEGERS),           FEATURE("input_mask", INTEGERS),
    FEATURE("masked_lm_ids", INTEGERS),       FEATURE("masked_lm_positions", INTEGERS),
    FEATURE("masked_lm_weights", FLOATS),     FEATURE("next_sentence_labels", INTEGERS),
    FEATURE("segment_ids", INTEGERS),
};

static inline uint32_t entry_size(const Feature *f, uint32_t packed)
{
    return field_size(f->name_size) + field_size(field_size(field_size(packed)));
}

/* All of a feature but its `packed` bytes of numbers, which are to follow. */
static inline uint8_t *put_feature(uint8_t *to, const Feature *f, uint32_t packed)
{
    to = put_header(to, 1, entry_size(f, packed));
    to = put_header(to, 1, f->name_size);
    memcpy(to, f->name, f->name_size);
    to = put_header(to + f->name_size, 2, field_size(field_size(packed)));
    to = put_header(to, f->kind, field_size(packed));
    return put_header(to, 1, packed);
}

static uint32_t packed_size(const int32_t *numbers, int32_t count)
{
    uint32_t size = 0;
    for (int32_t i = 0; i < count; i++)
        size += varint_size((uint32_t)numbers[i]);
    return size;
}

static uint8_t *put_packed(uint8_t *to, const int32_t *numbers, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        to = put_varint(to, (uint32_t)numbers[i]);
    return to;
}

static inline uint8_t *put_bytes(uint8_t *to, const uint8_t *bytes, uint32_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

static inline uint8_t *put_run(uint8_t *to, int value, int32_t count)
{
    memset(to, value, (size_t)count);
    return to + count;
}

#endif
