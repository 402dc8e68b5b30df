/* The search of jobs/corpus/cleaning/lost_hyphens.py: words of letters of ASCII that a document also writes with a
 * hyphen more. A text is UTF-8, closed by END_OF_TEXT.
 */

#include <stdint.h>
#include <string.h>

#include "bits.h"
#include "vectorised.h"

#define SHORTEST 6 /* letters without a hyphen in a word that lost one */
#define LONGEST 63

/* By a word's last two letters and its number of letters: whether it may be a compound's, so most are passed over. */
typedef struct {
    uint64_t lengths[32 * 32];
} Filter;

typedef struct {
    uint64_t hash; /* of its letters; 0 where there is none */
    int64_t place; /* where it first stands with most hyphens */
    int32_t hyphens, count;
} Compound;

static inline int is_letter(uint8_t c) { return (uint8_t)((c | 0x20) - 'a') < 26; }
static inline int is_part(uint8_t c) { return is_letter(c) || c == '-'; }
/* What no word begins or ends beside: a numeral, what is joined to it, a letter beyond ASCII. */
static inline int joins(uint8_t c) { return (uint8_t)(c - '0') < 10 || c == '_' || c == '@' || (c >= 0x80 && c < 0xFF); }

typedef struct {
    uint64_t hash;
    int32_t letters, hyphens;
} Word;

static Word read_word(const uint8_t *begin, const uint8_t *end)
{
    Word word = {0, 0, 0};
    for (const uint8_t *at = begin; at < end; at++) {
        if (*at == '-') {
            word.hyphens++;
            continue;
        }
        word.hash = (word.hash ^ (*at | 0x20)) * UINT64_C(0x100000001B3);
        word.letters++;
    }
    word.hash |= 1;
    return word;
}

static int is_word(const uint8_t *texts, const uint8_t *begin, const uint8_t *end, const uint8_t *limit)
{
    return *begin != '-' && end[-1] != '-' && !(begin > texts && joins(begin[-1])) && !(end < limit && joins(*end));
}

static inline uint64_t *lengths(Filter *filter, const uint8_t *end)
{
    return filter->lengths + (end[-1] & 31) * 32 + (end[-2] & 31);
}

static Compound *slot(Compound *table, int64_t size, uint64_t hash)
{
    int64_t at = (int64_t)((hash >> 20) & (uint64_t)(size - 1));
    while (table[at].hash && table[at].hash != hash)
        at = (at + 1) & (size - 1);
    return table + at;
}

/* A bit for each of BLOCK bytes, the first the lowest: whether it is a letter. */
VECTORISED
static uint64_t letters_of(const uint8_t *bytes)
{
    uint8_t is[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        is[i] = (uint8_t)((bytes[i] | 0x20) - 'a') < 26;
    return bits_of(is);
}

static const uint8_t *word_end(const uint8_t *at, const uint8_t *limit)
{
    while (at < limit && is_part(*at))
        at++;
    return at;
}

/* table: zeros, `size` of them, a power of two and more than twice as many as there are hyphens. rows: for each word with
 * fewer hyphens than another of the same letters has, which stands there more than once: its own place, that of the other,
 * and how often that one stands there; room for as many as there are bytes, by SHORTEST. Returns the number of rows.
 */
int64_t find_lost_hyphens(const uint8_t *texts, int64_t length, Compound *table, int64_t size, int64_t *rows)
{
    const uint8_t *limit = texts + length;
    Filter filter = {{0}};
    int repeated = 0;
    for (const uint8_t *end = texts, *at; (at = memchr(end, '-', (size_t)(limit - end)));) {
        const uint8_t *begin = at;
        while (begin > texts && is_part(begin[-1]))
            begin--;
        end = word_end(at + 1, limit);
        if (end - begin <= SHORTEST || !is_word(texts, begin, end, limit))
            continue;
        Word word = read_word(begin, end);
        if (word.letters < SHORTEST || word.letters > LONGEST)
            continue;
        Compound *compound = slot(table, size, word.hash);
        if (word.hyphens > compound->hyphens) {
            Compound found = {word.hash, begin - texts, word.hyphens, 1};
            *compound = found;
        } else
            compound->count += word.hyphens == compound->hyphens;
        if (compound->count > 1 && is_letter(end[-2])) {
            *lengths(&filter, end) |= UINT64_C(1) << word.letters;
            repeated = 1;
        }
    }
    int64_t found = 0;
    const uint8_t *latest = texts; /* where the last word that was looked at ends */
    for (const uint8_t *block = texts; repeated && block < limit; block += BLOCK - SHORTEST + 1) {
        uint64_t letters;
        if (limit - block >= BLOCK)
            letters = letters_of(block);
        else {
            uint8_t last[BLOCK] = {0};
            memcpy(last, block, (size_t)(limit - block));
            letters = letters_of(last);
        }
        uint64_t two = letters & letters >> 1, runs = two & two >> 2 & two >> 4;
        for (runs &= ~(runs << 1); runs; runs &= runs - 1) {
            int at = __builtin_ctzll(runs);
            const uint8_t *begin = block + at;
            if (begin < latest)
                continue;
            int run = at ? __builtin_ctzll(~(letters >> at)) : BLOCK; /* the next block tells where it ends */
            if (at + run < BLOCK && !is_part(begin[-1]) && begin[run] != '-' &&
                !(*lengths(&filter, begin + run) >> run & 1))
                continue;
            while (begin > texts && is_part(begin[-1]))
                begin--;
            const uint8_t *end = latest = word_end(begin, limit);
            uint64_t possible = is_letter(end[-1]) && is_letter(end[-2]) ? *lengths(&filter, end) : 0;
            if (!possible || !is_word(texts, begin, end, limit))
                continue;
            Word word = read_word(begin, end);
            if (word.letters > LONGEST || !(possible >> word.letters & 1))
                continue;
            const Compound *compound = slot(table, size, word.hash);
            if (compound->count > 1 && word.hyphens < compound->hyphens) {
                int64_t row[] = {begin - texts, compound->place, compound->count};
                memcpy(rows + 3 * found++, row, sizeof row);
            }
        }
    }
    return found;
}
