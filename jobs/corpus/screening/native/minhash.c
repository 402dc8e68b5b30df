/* The loops of jobs/corpus/screening/minhash.py, which has the numbers and says what they mean. */

#include <stdint.h>

#include "vectorised.h"

#define END_OF_TEXT 0xFF /* no byte of UTF-8 */
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

#define SEVERAL 0xFFFF /* in the table: what a character is folded to is several */

/* The folded character where it is a letter or digit, else 0, as at the end of a text; SEVERAL, or beyond the table,
 * where Python must fold it.
 */
static inline uint32_t folded_letter(const uint16_t *letters, const uint8_t *text, int64_t *at)
{
    if (text[*at] < 0x80)
        return letters[text[(*at)++]];
    if (text[*at] == END_OF_TEXT)
        return (*at)++, 0;
    const uint32_t point = next_point(text, at);
    return point < LAST_OF_TABLE ? letters[point] : point;
}

/* The word that is being read: of no letter yet, its position is 0. */
typedef struct {
    uint64_t hash;
    int64_t position;
} Word;

/* Takes the next character, a folded letter or 0, and puts the hash of the word so far at *hashes; returns whether it
 * ends there. Without a branch, as a word's end cannot be foreseen.
 */
static inline int64_t read_letter(Word *word, uint32_t letter, const uint64_t *factors, uint64_t *hashes)
{
    const int64_t is_letter = letter > 0, ends = !is_letter & (word->position > 0);
    *hashes = word->hash += letter * factors[word->position];
    word->hash &= (uint64_t)-is_letter;
    word->position = (word->position + (word->position < LAST_CHARACTER)) & -is_letter;
    return ends;
}

/* hashes: one for each word of the texts, and room for one more; returns how many, or -1 where Python must fold the texts
 * and has not. Every `window` characters a word ends.
 */
int64_t hash_words(const uint8_t *texts, int64_t length, int64_t window, const uint16_t *letters, int32_t is_folded,
                   const uint64_t *factors, uint64_t *hashes)
{
    int64_t words = 0;
    for (int64_t at = 0; at < length;) {
        Word word = {0, 0};
        for (int64_t left = window; left > 0 && at < length; left--) {
            for (; left > 0 && texts[at] < 0x80; left--) /* the last byte is END_OF_TEXT */
                words += read_letter(&word, letters[texts[at++]], factors, hashes + words);
            if (left == 0)
                break;
            const uint32_t letter = folded_letter(letters, texts, &at);
            if (letter >= SEVERAL && !is_folded)
                return -1;
            words += read_letter(&word, letter, factors, hashes + words);
        }
        hashes[words] = word.hash;
        words += word.position > 0;
    }
    return words;
}

/* kept: the texts' letters and digits, folded, in UTF-8; returns its bytes, or -1 where Python must fold the texts. */
int64_t keep_letters(const uint8_t *texts, int64_t length, const uint16_t *letters, uint8_t *kept)
{
    uint8_t *to = kept;
    for (int64_t at = 0; at < length;) {
        for (; texts[at] < 0x80; to += *to > 0) /* the last byte is END_OF_TEXT */
            *to = (uint8_t)letters[texts[at++]];
        const uint32_t letter = folded_letter(letters, texts, &at);
        if (letter >= SEVERAL)
            return -1;
        if (letter < 0x80) {
            *to = (uint8_t)letter;
            to += letter > 0;
        } else if (letter < 0x800) {
            *to++ = (uint8_t)(0xC0 | letter >> 6);
            *to++ = (uint8_t)(0x80 | (letter & 0x3F));
        } else {
            *to++ = (uint8_t)(0xE0 | letter >> 12);
            *to++ = (uint8_t)(0x80 | (letter >> 6 & 0x3F));
            *to++ = (uint8_t)(0x80 | (letter & 0x3F));
        }
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
