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

#define MOVED(at, first, moves, stays) (((((at) << 1) | (first)) & (moves)) | ((at) & (stays)))

/* met: for each of the texts, which END_OF_TEXT separates, before the first and after the last too, and for each rule
 * whether one of its patterns' last places was reached. Of the rules that have places in the first half alone, only that
 * is moved. */
VECTORISED
void patterns_met(const uint8_t *texts, int64_t length, const Places *first, const Places *moves, const Places *stays,
                  const Places *last, int32_t rules, int32_t halves, uint8_t *met)
{
    const Half none = {0}, low = first->half[0], high = first->half[1];
    const uint8_t *end = texts + length;
    Half at = low & moves[*texts].half[0], at_high = high & moves[*texts].half[1]; /* before the first text */
    for (const uint8_t *byte = texts + 1; byte < end; byte++) {
        Half reached = none, reached_high = none;
        if (halves == 1)
            for (;; byte++) {
                at = MOVED(at, low, moves[*byte].half[0], stays[*byte].half[0]);
                reached |= at;
                if (*byte == END_OF_TEXT)
                    break;
            }
        else
            for (;; byte++) {
                at = MOVED(at, low, moves[*byte].half[0], stays[*byte].half[0]);
                at_high = MOVED(at_high, high, moves[*byte].half[1], stays[*byte].half[1]);
                reached |= at;
                reached_high |= at_high;
                if (*byte == END_OF_TEXT)
                    break;
            }
        const Places all = {{reached, reached_high}};
        for (int32_t rule = 0; rule < rules; rule++)
            *met++ = (uint8_t)common(&all, &last[rule]);
    }
}
