/* Which patterns occur in which texts, all in one pass: the loop of jobs/corpus/cleaning/prefilter.py, which says how. */

#include <stdint.h>
#include <string.h>

#include "vectorised.h"

#define END_OF_TEXT 0xFF /* no byte of UTF-8 */
#define WORDS 8

/* One bit for each place of each pattern; in two vectors, as a wider one is slow where registers are not as wide. */
typedef uint64_t Half __attribute__((vector_size(32), aligned(8)));
typedef union {
    Half half[2];
    uint64_t word[WORDS];
} Places;

/* Some of the texts, as far as they were looked at; `met` is where their results go. */
typedef struct {
    const uint8_t *byte, *end;
    uint8_t *met;
    Half at[2], reached[2];
} Run;

#define INLINED static inline __attribute__((always_inline))

INLINED void move(Run *run, const Places *first, const Places *moves, const Places *stays, int halves)
{
    const Places *move = &moves[*run->byte], *stay = &stays[*run->byte];
    for (int i = 0; i < halves; i++) {
        run->at[i] = (((run->at[i] << 1) | first->half[i]) & move->half[i]) | (run->at[i] & stay->half[i]);
        run->reached[i] |= run->at[i];
    }
}

/* What was reached in a text, for each rule. Apart, as it is seldom done and would take registers. */
static __attribute__((noinline)) uint8_t *tell(const Places *reached, const Places *last, int32_t rules, uint8_t *met)
{
    for (int32_t rule = 0; rule < rules; rule++) {
        uint64_t both = 0;
        for (int i = 0; i < WORDS; i++)
            both |= reached->word[i] & last[rule].word[i];
        *met++ = both != 0;
    }
    return met;
}

/* Goes on to the next byte, behind a text's end to the next text. */
INLINED void pass(Run *run, const Places *last, int32_t rules)
{
    if (*run->byte++ != END_OF_TEXT)
        return;
    const Places reached = {{run->reached[0], run->reached[1]}};
    run->met = tell(&reached, last, rules, run->met);
    run->reached[0] = run->reached[1] = (Half){0};
}

/* Two runs of texts by turns, as each step of one takes several cycles to follow the one before. */
INLINED void look(Run one, Run other, const Places first, const Places *moves, const Places *stays, const Places *last,
                  int32_t rules, int halves)
{
    while (one.byte < one.end && other.byte < other.end) {
        for (;; one.byte++, other.byte++) {
            move(&one, &first, moves, stays, halves);
            move(&other, &first, moves, stays, halves);
            if (*one.byte == END_OF_TEXT || *other.byte == END_OF_TEXT)
                break;
        }
        pass(&one, last, rules);
        pass(&other, last, rules);
    }
    for (; one.byte < one.end; pass(&one, last, rules))
        move(&one, &first, moves, stays, halves);
    for (; other.byte < other.end; pass(&other, last, rules))
        move(&other, &first, moves, stays, halves);
}

/* met: for each of the texts, which END_OF_TEXT separates, before the first and after the last too, and for each rule
 * whether one of its patterns' last places was reached. Of the rules that have places in the first half alone, only that
 * is moved. */
VECTORISED
void patterns_met(const uint8_t *texts, int64_t length, const Places *first, const Places *moves, const Places *stays,
                  const Places *last, int32_t rules, int32_t halves, uint8_t *met)
{
    const uint8_t *begin = texts + 1, *end = texts + length, *middle = begin;
    int64_t before = 0; /* texts before the middle */
    for (const uint8_t *at = begin; at < end && (at - begin) * 2 < end - begin; before++)
        middle = at = (const uint8_t *)memchr(at, END_OF_TEXT, (size_t)(end - at)) + 1;
    const Places *start = &moves[END_OF_TEXT];
    Run one = {begin, middle, met, {first->half[0] & start->half[0], first->half[1] & start->half[1]}, {{0}}};
    Run other = one;
    other.byte = middle, other.end = end, other.met += before * rules;
    if (halves == 1)
        look(one, other, *first, moves, stays, last, rules, 1);
    else
        look(one, other, *first, moves, stays, last, rules, 2);
}
