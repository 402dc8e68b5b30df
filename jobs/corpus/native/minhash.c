/* The loops of jobs/corpus/minhash.py, which has the numbers and says what they mean. */

#include <stdint.h>

#include "vectorised.h"

#define LAST_OF_TABLE 0xFFFF
#define LAST_CHARACTER 63
#define PERMUTATIONS 128
#define BLOCK 8

/* hashes: one for each word of the code points; returns how many. */
int64_t hash_words(const uint32_t *points, int64_t count, const uint8_t *in_words, const uint64_t *factors,
                   uint64_t *hashes)
{
    int64_t words = 0, position = 0;
    for (int64_t i = 0; i < count; i++) {
        const uint32_t point = points[i];
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
