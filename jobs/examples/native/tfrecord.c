/* TFRecord framing: length, its masked CRC-32C, data, its masked CRC-32C; all little-endian.
 * Follows tensorflow/core/lib/io/record_writer.h and tensorflow/core/lib/hash/crc32c.h.
 */

#include <stdint.h>
#include <string.h>

#include "tfrecord.h"

#define POLYNOMIAL 0x82f63b78u /* Castagnoli's, reflected */

static uint32_t table[8][256];

static uint32_t crc_by_table(uint32_t crc, const uint8_t *data, int64_t length)
{
    for (; length >= 8; data += 8, length -= 8) { /* eight bytes at a time */
        uint32_t low, high;
        memcpy(&low, data, 4);
        memcpy(&high, data + 4, 4);
        low ^= crc;
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
              table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^ table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    while (length-- > 0)
        crc = crc >> 8 ^ table[0][(crc ^ *data++) & 0xff];
    return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *data, int64_t length)
{
    uint64_t wide = crc;
    for (; length >= 8; data += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    while (length-- > 0)
        crc = __builtin_ia32_crc32qi(crc, *data++);
    return crc;
}
#endif

static uint32_t (*crc_of)(uint32_t, const uint8_t *, int64_t) = crc_by_table;

/* Call once before framed(). `with_instruction`: use the processor's own CRC-32C where it has one. */
void prepare_crc(int with_instruction)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int i = 1; i < 8; i++)
            table[i][byte] = table[i - 1][byte] >> 8 ^ table[0][table[i - 1][byte] & 0xff];
    crc_of = crc_by_table;
#ifdef __x86_64__
    if (with_instruction && __builtin_cpu_supports("sse4.2"))
        crc_of = crc_by_instruction;
#endif
}

static uint8_t *put_masked_crc(uint8_t *to, const uint8_t *data, int64_t length)
{
    uint32_t crc = ~crc_of(0xffffffffu, data, length);
    crc = (crc >> 15 | crc << 17) + 0xa282ead8u;
    memcpy(to, &crc, 4);
    return to + 4;
}

uint8_t *framed(uint8_t *frame, uint8_t *end)
{
    uint64_t length = (uint64_t)(end - frame - FRAME_HEADER);
    memcpy(frame, &length, 8);
    put_masked_crc(frame + 8, frame, 8);
    return put_masked_crc(end, frame + FRAME_HEADER, (int64_t)length);
}
