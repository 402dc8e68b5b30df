/* The loops of jobs/corpus/cleaning/line_numbers.py, which says what they look for. */

#include <math.h>
#include <stdint.h>

#include "vectorised.h"

#define BLOCK 64

/* How many of the bytes that are looked at have no number: numbers are few, and this is done many bytes at a time. Adds
 * the continuing bytes of UTF-8 among them to `continuing`. A number may begin where `sign` stands before a digit.
 */
VECTORISED
static int64_t without_number(const uint8_t *text, int64_t length, uint8_t sign, int32_t *continuing)
{
    int64_t at = 0;
    for (; at + BLOCK <= length; at += BLOCK) {
        uint8_t begins = 0, more = 0;
        for (int i = 0; i < BLOCK; i++) {
            begins |= (uint8_t)(text[at + i] == sign) & (uint8_t)((uint8_t)(text[at + i + 1] - '0') < 10);
            more = (uint8_t)(more + ((text[at + i] & 0xC0) == 0x80));
        }
        if (begins)
            break;
        *continuing += more;
    }
    return at;
}

static inline int is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/* Where a number that begins at the blank `at` ends, before a blank; NULL where none does. */
static const uint8_t *number_end(const uint8_t *at)
{
    if (!is_digit(at[1]))
        return 0;
    if (at[2] == ' ' && is_digit(at[3])) { /* digits apart: three, else two, else one */
        if (at[4] == ' ' && is_digit(at[5]) && at[6] == ' ')
            return at + 6;
        return at[4] == ' ' ? at + 4 : at + 2;
    }
    const uint8_t *end = at + 2;
    while (is_digit(*end) && end < at + 5)
        end++;
    return *end == ' ' ? end : 0;
}

/* rows: where each number begins and ends, in characters, and its value; room for as many as there are blanks.
 * `text` is UTF-8 with a zero behind it. Returns the number of rows.
 */
int64_t find_numbers(const uint8_t *text, int64_t length, int32_t *rows)
{
    int64_t found = 0;
    int32_t continuing = 0; /* bytes */
    const uint8_t *looked = text;
    for (const uint8_t *at = text; at < text + length; at++) {
        if (at >= looked) {
            at += without_number(at, text + length - at, ' ', &continuing);
            looked = at + BLOCK;
            if (at == text + length)
                break;
        }
        continuing += (*at & 0xC0) == 0x80;
        const uint8_t *end = *at == ' ' ? number_end(at) : 0;
        if (!end)
            continue;
        int32_t value = 0;
        for (const uint8_t *digit = at + 1; digit < end; digit++)
            if (*digit != ' ')
                value = 10 * value + *digit - '0';
        int32_t *row = rows + 3 * found++;
        row[0] = (int32_t)(at - text) - continuing;
        row[1] = (int32_t)(end - text) - continuing;
        row[2] = value;
        at = end - 1;
    }
    return found;
}

/* As find_numbers, of numbers that a hyphen tears from a word's end: "-12 a" after a letter; a row begins behind the
 * hyphen. Room for as many as there are hyphens.
 */
int64_t find_torn_numbers(const uint8_t *text, int64_t length, int32_t *rows)
{
    int64_t found = 0;
    int32_t continuing = 0; /* bytes */
    const uint8_t *looked = text;
    for (const uint8_t *at = text; at < text + length; at++) {
        if (at >= looked) {
            at += without_number(at, text + length - at, '-', &continuing);
            looked = at + BLOCK;
            if (at == text + length)
                break;
        }
        continuing += (*at & 0xC0) == 0x80;
        if (*at != '-' || !is_digit(at[1]))
            continue;
        int32_t value = 0;
        const uint8_t *end = at + 1;
        for (; is_digit(*end) && end < at + 5; end++)
            value = 10 * value + *end - '0';
        if (*end != ' ' || end[1] < 'a' || end[1] > 'z')
            continue;
        int32_t *row = rows + 3 * found++;
        row[0] = (int32_t)(at + 1 - text) - continuing;
        row[1] = (int32_t)(end - text) - continuing;
        row[2] = value;
    }
    return found;
}

#define CANDIDATES 3

typedef struct {
    double pace; /* characters per line */
    int32_t skipped, longest_line, interruption;
} Lines;

/* scores, previous: for each number the best series that ends with it, and the number before it there, or -1.
 * recent: CANDIDATES places for each value from -skipped on, all -1 at first; they are used up.
 */
void link_numbers(const int32_t *values, const int32_t *places, int64_t count, const Lines *lines, int32_t *recent,
                  double *scores, int32_t *previous)
{
    recent += CANDIDATES * (int64_t)lines->skipped;
    for (int64_t number = 0; number < count; number++) {
        double best = 1.0;
        int32_t before = -1;
        for (int32_t skipped = 1; skipped <= lines->skipped; skipped++) {
            const int32_t *candidates = recent + CANDIDATES * (int64_t)(values[number] - skipped);
            for (int i = 0; i < CANDIDATES; i++) {
                int32_t candidate = candidates[i];
                if (candidate < 0)
                    continue;
                int32_t gap = places[number] - places[candidate];
                if (gap > lines->longest_line * skipped + lines->interruption)
                    continue;
                double stray = fabs((double)gap / skipped - lines->pace) / lines->pace;
                double score = scores[candidate] + 1.0 - 0.5 * (stray < 1.0 ? stray : 1.0) - 0.05 * skipped;
                if (score > best) {
                    best = score;
                    before = candidate;
                }
            }
        }
        scores[number] = best;
        previous[number] = before;
        int32_t *own = recent + CANDIDATES * (int64_t)values[number];
        for (int i = 1; i < CANDIDATES; i++)
            own[i - 1] = own[i];
        own[CANDIDATES - 1] = (int32_t)number;
    }
}
