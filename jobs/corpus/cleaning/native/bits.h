/* Bytes looked at many at a time: what each is, as a bit. */

#ifndef BITS_H
#define BITS_H

#include <stdint.h>
#include <string.h>

#define BLOCK 64

/* A bit for each of BLOCK bytes that are 0 or 1, the first the lowest. */
static inline uint64_t bits_of(const uint8_t *is)
{
    uint64_t bits = 0;
    for (int i = 0; i < BLOCK; i += 8) {
        uint64_t eight;
        memcpy(&eight, is + i, sizeof eight);
        bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << i;
    }
    return bits;
}

#endif
