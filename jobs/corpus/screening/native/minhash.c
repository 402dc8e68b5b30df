/* The loops of jobs/corpus/screening/minhash.py, which has the numbers and says what they mean. */

#include <stdint.h>

#include "vectorised.h"

#define LAST_OF_TABLE 0xFFFF
#define LAST_CHARACTER 63
#define PERMUTATIONS 128
#define BLOCK 8

/* The code point that begins at *at of UTF-8, which is moved behind it. */
static inline uint32_t next_point(const uint8_t *text, int64_t *at)
{
    uint32_t point = text[(*at)++];
    if (point >= 0xC0) {
        point &= point < 0xE0 ? 0x1F : point < 0xF0 ? 0x0F : 0x07;
        while ((text[*at] & 0xC0) == 0x80) /* Python closes its bytes with a zero */
            point = point << 6 | (text[(*at)++] & 0x3F);
    }
    return point;
}

/* hashes: one for each word of the text; returns how many. */
int64_t hash_words(const uint8_t *text, int64_t length, const uint8_t *in_words, const uint64_t *factors,
                   uint64_t *hashes)
{
    int64_t words = 0, position = 0;
    for (int64_t at = 0; at < length;) {
        const uint32_t point = next_point(text, &at);
        if (!in_words[point < LAST_OF_TABLE ? point : LAST_OF_TABLE]) {
            position = 0;
            continue;
        }
        if (position == 0)
            hashes[words++] = 0;
        hashes[words - 1] += point * factors[position < LAST_CHARACTER ? position : LAST_CHARACTER];
        position++;
    }
    return words;
}

/* kept: the bytes of the text's letters and digits; returns how many, or -1 where the table does not reach. */
int64_t keep_letters(const uint8_t *text, int64_t length, const uint8_t *in_words, uint8_t *kept)
{
    uint8_t *to = kept;
    for (int64_t at = 0; at < length;) {
        const int64_t begin = at;
        const uint32_t point = next_point(text, &at);
        if (point >= LAST_OF_TABLE)
            return -1;
        for (int64_t i = begin; i < at; i++)
            to[i - begin] = text[i];
        to += in_words[point] ? at - begin : 0;
    }
    return to - kept;
}

static uint64_t mixed(uint64_t value)
{
    value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCDull;
    value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53ull;
    return value ^ (value >> 33);
}

/* smallest[i]: of the values of all runs of run_length words under permutation i. */
VECTORISED
void smallest_hashes(const uint64_t *words, int64_t runs, const uint64_t *places, int32_t run_length,
                     const uint32_t *factors, const uint32_t *terms, uint32_t *smallest)
{
    for (int i = 0; i < PERMUTATIONS; i++)
        smallest[i] = UINT32_MAX;
    for (int64_t start = 0; start < runs; start += BLOCK) {
        const int count = runs - start < BLOCK ? (int)(runs - start) : BLOCK;
        uint32_t shingles[BLOCK];
        for (int k = 0; k < BLOCK; k++) { /* a last block that is not full has its first run again */
            const uint64_t *run = words + start + (k < count ? k : 0);
            uint64_t combined = 0;
            for (int32_t place = 0; place < run_length; place++)
                combined += run[place] * places[place];
            shingles[k] = (uint32_t)mixed(combined);
        }
        for (int i = 0; i < PERMUTATIONS; i++) {
            uint32_t least = smallest[i];
            for (int k = 0; k < BLOCK; k++) {
                const uint32_t value = shingles[k] * factors[i] + terms[i];
                least = value < least ? value : least;
            }
            smallest[i] = least;
        }
    }
}
