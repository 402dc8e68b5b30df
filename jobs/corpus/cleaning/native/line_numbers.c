/* The loops of jobs/corpus/cleaning/line_numbers.py, which says what they look for. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "bits.h"
#include "vectorised.h"

typedef struct {
    uint64_t begins;     /* a bit for each byte, the first the lowest: whether a number may begin there */
    uint64_t continuing; /* and whether it continues a character of UTF-8 */
} Looked;

/* Of BLOCK bytes, behind which one more follows: numbers are few, and begin where `sign` stands before a digit. */
VECTORISED
static Looked look_at(const uint8_t *bytes, uint8_t sign)
{
    uint8_t begins[BLOCK], continuing[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        begins[i] = (uint8_t)(bytes[i] == sign) & (uint8_t)((uint8_t)(bytes[i + 1] - '0') < 10);
        continuing[i] = (bytes[i] & 0xC0) == 0x80;
    }
    Looked looked = {bits_of(begins), bits_of(continuing)};
    return looked;
}

static Looked look(const uint8_t *bytes, int64_t length, uint8_t sign)
{
    if (length > BLOCK)
        return look_at(bytes, sign);
    uint8_t last[BLOCK + 1] = {0};
    memcpy(last, bytes, (size_t)length);
    return look_at(last, sign);
}

/* Which of a text's characters the byte at `place` of a block begins, that `before` characters are before. */
static inline int32_t character(int64_t before, const Looked *looked, int place)
{
    return (int32_t)(before + place - __builtin_popcountll(looked->continuing & ((UINT64_C(1) << place) - 1)));
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
    int64_t found = 0, characters = 0;
    const uint8_t *latest = text; /* where the last number ends */
    for (const uint8_t *block = text; block < text + length; block += BLOCK) {
        const Looked looked = look(block, text + length - block, ' ');
        for (uint64_t begins = looked.begins; begins; begins &= begins - 1) {
            const int place = __builtin_ctzll(begins);
            const uint8_t *at = block + place, *end = at < latest ? NULL : number_end(at);
            if (!end)
                continue;
            int32_t *row = rows + 3 * found++, value = 0;
            for (const uint8_t *digit = at + 1; digit < end; digit++)
                if (*digit != ' ')
                    value = 10 * value + *digit - '0';
            row[0] = character(characters, &looked, place);
            row[1] = row[0] + (int32_t)(end - at);
            row[2] = value;
            latest = end;
        }
        characters += BLOCK - __builtin_popcountll(looked.continuing);
    }
    return found;
}

/* As find_numbers, of numbers that a hyphen tears from a word's end: "-12 a" after a letter; a row begins behind the
 * hyphen. Room for as many as there are hyphens.
 */
int64_t find_torn_numbers(const uint8_t *text, int64_t length, int32_t *rows)
{
    int64_t found = 0, characters = 0;
    for (const uint8_t *block = text; block < text + length; block += BLOCK) {
        const Looked looked = look(block, text + length - block, '-');
        for (uint64_t begins = looked.begins; begins; begins &= begins - 1) {
            const int place = __builtin_ctzll(begins);
            const uint8_t *at = block + place, *end = at + 1;
            int32_t value = 0;
            for (; is_digit(*end) && end < at + 5; end++)
                value = 10 * value + *end - '0';
            if (*end != ' ' || end[1] < 'a' || end[1] > 'z')
                continue;
            int32_t *row = rows + 3 * found++;
            row[0] = character(characters, &looked, place) + 1;
            row[1] = row[0] + (int32_t)(end - at) - 1;
            row[2] = value;
        }
        characters += BLOCK - __builtin_popcountll(looked.continuing);
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
