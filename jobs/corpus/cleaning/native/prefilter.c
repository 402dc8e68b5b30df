/* Which patterns occur in which texts, all in one pass: the loop of jobs/corpus/cleaning/prefilter.py, which says how. */

#include <stdint.h>

#include "vectorised.h"

#define END_OF_TEXT 0xFF /* no byte of UTF-8 */
#define WORDS 8

/* One bit for each place of each pattern; in two vectors, as a wider one is slow where registers are not as wide. */
typedef uint64_t Half __attribute__((vector_size(32), aligned(8)));
typedef union {
    Half half[2];
    uint64_t word[WORDS];
} Places;

static int common(const Places *left, const Places *right)
{
    uint64_t both = 0;
    for (int i = 0; i < WORDS; i++)
        both |= left->word[i] & right->word[i];
    return both != 0;
}

/* met: for each of the texts, which END_OF_TEXT separates, before the first and after the last too, and for each rule
 * whether one of its patterns' last places was reached. Of the rules that have places in the first half alone, only that
 * is moved. */
VECTORISED
void patterns_met(const uint8_t *texts, int64_t length, const Places *first, const Places *moves, const Places *stays,
                  const Places *last, int32_t rules, int32_t halves, uint8_t *met)
{
    const Half low = first->half[0], high = first->half[1];
    Places at = {0}, reached = {0};
    for (int64_t i = 0; i < length; i++) {
        const Places *move = &moves[texts[i]], *stay = &stays[texts[i]];
        at.half[0] = (((at.half[0] << 1) | low) & move->half[0]) | (at.half[0] & stay->half[0]);
        reached.half[0] |= at.half[0];
        if (halves == 2) {
            at.half[1] = (((at.half[1] << 1) | high) & move->half[1]) | (at.half[1] & stay->half[1]);
            reached.half[1] |= at.half[1];
        }
        if (texts[i] == END_OF_TEXT) {
            for (int32_t rule = 0; rule < rules && i; rule++)
                *met++ = (uint8_t)common(&reached, &last[rule]);
            reached = (Places){0};
        }
    }
}
