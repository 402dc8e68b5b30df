/* The parts of jobs/corpus/cleaning/sentences.py, seams.py and junk.py that look at every character. What they cannot
 * decide is decided there. Texts are UTF-8, each closed by END_OF_TEXT; places count characters from a text's beginning.
 */

#include <stdint.h>
#include <string.h>

#include "bits.h"
#include "vectorised.h"

#define END_OF_TEXT 0xFF /* no byte of UTF-8 */
#define LONGEST_KEY 16   /* bytes of a word that is looked up, zeros behind it */
#define LONGEST_HEADING 24 /* characters before its number's stop */
#define NOT_KNOWN (1 << 30)
#define LONGEST_NAME 5   /* small letters at a word's beginning: of as many, it is no name */

static inline int is_small(uint8_t c) { return c >= 'a' && c <= 'z'; }
static inline int is_capital(uint8_t c) { return c >= 'A' && c <= 'Z'; }
static inline int is_letter(uint8_t c) { return is_small(c | 0x20); }
static inline int is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static inline int continues(uint8_t c) { return (c & 0xC0) == 0x80; }
/* One of “ ‘ «, or what begins as they do. */
static inline int is_long_opening(const uint8_t *at) { return *at == 0xE2 || *at == 0xC2; }
static inline int is_ellipsis(const uint8_t *at) { return at[0] == 0xE2 && at[1] == 0x80 && at[2] == 0xA6; }

/* Whether the letters from `begin` to `end` are one of the sorted keys, in small letters. */
static int is_among(const uint8_t *keys, int32_t count, const uint8_t *begin, const uint8_t *end)
{
    uint8_t key[LONGEST_KEY] = {0};
    if (end - begin > LONGEST_KEY)
        return 0;
    for (int i = 0; begin + i < end; i++)
        key[i] = begin[i] | 0x20;
    int32_t low = 0, high = count;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        int order = memcmp(keys + (int64_t)middle * LONGEST_KEY, key, LONGEST_KEY);
        if (order == 0)
            return 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

enum { NO_END, END, UNDECIDED, UNREAD };

/* What the pattern may find at a stop, where `after` is behind it: by the sign that follows. */
static int is_candidate(const uint8_t *text, const uint8_t *stop, const uint8_t *after)
{
    if (*after == ' ')
        return after[1] == '[' && is_digit(after[2]) ? UNREAD : UNDECIDED;
    if (*after == END_OF_TEXT)
        return NO_END;
    if (*after >= 0x80 || strchr(".!?\"')]", *after) || (*after == '[' && is_digit(after[1])))
        return UNREAD;
    if (*stop == '.' && is_digit(*after) && stop > text && (is_small(stop[-1]) || stop[-1] == ')' || stop[-1] == ']'))
        return UNREAD;
    return NO_END;
}

/* Whether the stop of one sign, behind which `next` begins, ends a sentence, where that is plain: before a capital or a
 * number, after a word that is none of the keys and has no stop in it. A number may be a heading's, but not where the
 * sentence began far away.
 */
static int verdict(const uint8_t *text, const uint8_t *stop, const uint8_t *next, int is_far, const uint8_t *keys,
                   int32_t count)
{
    if (*next == END_OF_TEXT)
        return NO_END;
    if (is_small(*next)) {
        int small = 1;
        while (small < LONGEST_NAME && is_small(next[small]))
            small++;
        uint8_t c = next[small];
        int named = is_digit(c) || is_capital(c) || c == ')' || (small == 1 && c == '-');
        return small < LONGEST_NAME && named ? UNDECIDED : NO_END;
    }
    if (!is_capital(*next) && !is_digit(*next))
        return UNDECIDED;
    if (*stop != '.')
        return END;
    const uint8_t *begin = stop;
    int letters = 0, dots = 0;
    while (begin > text && begin[-1] != ' ') {
        begin--;
        letters += is_letter(*begin);
        dots += *begin == '.';
    }
    while (begin < stop && strchr("([{\"'", *begin))
        begin++;
    if (stop - begin < 2 || letters == 0 || dots || is_long_opening(begin))
        return is_digit(stop[-1]) && !dots && is_far && is_capital(*next) ? END : UNDECIDED;
    if (is_digit(stop[-1]))
        return is_far && is_capital(*next) ? END : UNDECIDED;
    return letters == stop - begin && is_among(keys, count, begin, stop) ? UNDECIDED : END;
}

/* Of BLOCK bytes a bit each, the first the lowest: whether one may be a stop or is a text's end, and whether a character
 * begins with it.
 */
typedef uint8_t Bytes __attribute__((vector_size(16))); /* compilers make a bit test of comparisons in a loop */

typedef struct {
    uint64_t stops, characters;
} Signs;

static inline Signs signs_of(const uint8_t *bytes)
{
    uint8_t stops[BLOCK], characters[BLOCK];
    for (int i = 0; i < BLOCK; i += (int)sizeof(Bytes)) {
        Bytes c, is;
        memcpy(&c, bytes + i, sizeof c);
        is = (Bytes)((c == '.') | (c == '!') | (c == '?') | (c == 0xE2) | (c == END_OF_TEXT)) & 1;
        memcpy(stops + i, &is, sizeof is);
        is = (Bytes)((c & 0xC0) != 0x80) & 1;
        memcpy(characters + i, &is, sizeof is);
    }
    return (Signs){bits_of(stops), bits_of(characters)};
}

static inline int is_sign(uint8_t c) { return c == '.' || c == '!' || c == '?'; }

/* Whether the character before `at` is a stop. */
static inline int follows_stop(const uint8_t *text, const uint8_t *at)
{
    return at > text && (is_sign(at[-1]) || (at - text > 2 && is_ellipsis(at - 3)));
}

/* rows: for each stop that may end a sentence the text's number, its place, the place of what follows and whether it
 * ends one; room for as many as there are bytes, by two. keys: `count` sorted words of LONGEST_KEY bytes that announce
 * the next one. Returns the number of rows.
 */
VECTORISED
int64_t find_stops(const uint8_t *texts, int64_t length, const uint8_t *keys, int32_t count, int32_t *rows)
{
    const uint8_t *text = texts, *limit = texts + length;
    int32_t number = 0, before = 0; /* characters of the text before the block */
    int32_t latest = 0;             /* the last place where the sentence may have begun */
    int64_t found = 0;
    for (const uint8_t *block = texts; block < limit; block += BLOCK) {
        uint8_t last[BLOCK] = {0};
        if (limit - block < BLOCK)
            memcpy(last, block, (size_t)(limit - block));
        Signs signs = signs_of(limit - block < BLOCK ? last : block);
        for (uint64_t stops = signs.stops; stops; stops &= stops - 1) {
            int bit = __builtin_ctzll(stops);
            const uint8_t *at = block + bit;
            int32_t place = before + __builtin_popcountll(signs.characters & ((UINT64_C(1) << bit) - 1));
            if (*at == END_OF_TEXT) {
                text = at + 1;
                number++;
                before -= place + 1;
                latest = 0;
                continue;
            }
            if ((!is_sign(*at) && !is_ellipsis(at)) || follows_stop(text, at))
                continue;
            const uint8_t *after = at + (is_sign(*at) ? 1 : 3);
            int kind = is_candidate(text, at, after);
            if (kind == UNDECIDED)
                kind = verdict(text, at, after + 1, place - latest >= LONGEST_HEADING, keys, count);
            if (kind != NO_END) {
                int32_t row[] = {number, place, place + 2, kind};
                memcpy(rows + 4 * found++, row, sizeof row);
                latest = kind == UNREAD ? NOT_KNOWN : place + 2;
            }
        }
        before += __builtin_popcountll(signs.characters);
    }
    return found;
}

enum { BEFORE_CAPITAL, BEHIND_STOP };

/* Whether what ends at `end` may be the last word of a sentence that lost its stop: a word of three small letters or
 * more, such a word and a closing bracket, a bracket that opens, or a word that is alone before its sentence.
 */
static int may_be_last(const uint8_t *text, const uint8_t *end)
{
    if (end[-1] == '(')
        return end - text > 1;
    end -= end[-1] == ')' || end[-1] == ']';
    if (end - text < 3 || !is_small(end[-1]) || !is_small(end[-2]) || !is_small(end[-3]))
        return 0;
    const uint8_t *begin = end - 3;
    while (begin > text && is_letter(begin[-1]))
        begin--;
    if (!is_capital(*begin))
        return 1;
    return begin == text || (begin - text > 2 && begin[-1] == ' ' && begin[-2] == '.');
}

/* Whether a stop is at `stop`, and behind it a word of two small letters or more, before it one of four. */
static int is_lone_stop(const uint8_t *text, const uint8_t *stop, const uint8_t *next)
{
    if (*stop != '.' || !is_small(next[0]) || !is_small(next[1]))
        return 0;
    stop -= stop > text && (stop[-1] == ')' || stop[-1] == ']');
    return stop - text >= 4 && is_small(stop[-1]) && is_small(stop[-2]) && is_small(stop[-3]) && is_small(stop[-4]);
}

/* A bit for each of BLOCK bytes, the first the lowest: whether it is a text's end, or a blank before a capital, or one
 * behind a stop and before a small letter. One more byte follows, or precedes, than is told of.
 */
VECTORISED
static uint64_t seams_of(const uint8_t *bytes)
{
    uint8_t is[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        uint8_t next = bytes[i + 1];
        uint8_t large = (uint8_t)(next - 'A') < 26, small = (uint8_t)(next - 'a') < 26;
        is[i] = (uint8_t)((bytes[i] == END_OF_TEXT) | ((bytes[i] == ' ') & (large | (small & (bytes[i - 1] == '.')))));
    }
    return bits_of(is);
}

/* rows: for each place where two sentences may have been set together the text's number, the place of the second's first
 * character, and what tells it; room for as many as there are bytes, by three. keys: as in find_stops, of the words that
 * begin a sentence. Returns the number of rows.
 */
int64_t find_seams(const uint8_t *texts, int64_t length, const uint8_t *keys, int32_t count, int32_t *rows)
{
    const uint8_t *text = texts, *counted = texts, *limit = texts + length; /* up to where characters are counted */
    int32_t number = 0, place = 0;
    int64_t found = 0;
    for (const uint8_t *block = texts; block < limit; block += BLOCK) {
        uint8_t last[BLOCK + 2] = {0};
        const uint8_t *bytes = block;
        if (block == texts || limit - block <= BLOCK) { /* what is beside it is none of the texts */
            memcpy(last + 1, block, limit - block <= BLOCK ? (size_t)(limit - block) : BLOCK + 1);
            last[0] = block == texts ? 0 : block[-1];
            bytes = last + 1;
        }
        for (uint64_t seams = seams_of(bytes); seams; seams &= seams - 1) {
            const uint8_t *at = block + __builtin_ctzll(seams), *next = at + 1, *end = next;
            if (*at == END_OF_TEXT) {
                text = counted = next;
                number++;
                place = 0;
                continue;
            }
            int kind = BEHIND_STOP;
            if (is_capital(*next)) {
                for (end++; is_small(*end);)
                    end++;
                const uint8_t *following = end + (*end == ',');
                if (*following != ' ' || !is_small(following[1]) || !is_small(following[2]) || at == text ||
                    !may_be_last(text, at) || !is_among(keys, count, next, end))
                    continue;
                kind = BEFORE_CAPITAL;
            } else if (at == text || !is_lone_stop(text, at - 1, next))
                continue;
            for (; counted < next; counted++)
                place += !continues(*counted);
            int32_t row[] = {number, place, kind};
            memcpy(rows + 3 * found++, row, sizeof row);
        }
    }
    return found;
}

typedef struct {
    double shortest_word, longest_word, most_others;
    int32_t fewest_words, longest_label, letters_a_capital;
} Limits;

enum { SENTENCE, JUNK, MAYBE_JUNK, LARGE, BEGINS_LIKE_STATEMENT = 4 };

/* Whether the sentence begins with one of the keys, eight bytes each, or with a character and then a capital or a stop, as
 * initials do. */
static inline int begins_like_statement(const uint8_t *at, const uint8_t *end, const uint64_t *keys, int32_t count)
{
    uint64_t beginning;
    if (end - at < (int64_t)sizeof beginning)
        return 0;
    memcpy(&beginning, at, sizeof beginning);
    int is = is_capital(at[1]) || at[1] == '.';
    for (int32_t i = 0; i < count; i++)
        is |= keys[i] == beginning;
    return is;
}

/* Whether one of the keys, small letters with zeros behind them, is a word between two blanks, and the last word ends
 * with a small letter and not as "et al." does. */
static inline int is_plain(const uint8_t *at, const uint8_t *end, const uint32_t *keys, int32_t count)
{
    const uint8_t *last = end - 1;
    while (last > at && (*last == ' ' || *last == '.' || *last == ')'))
        last--;
    if (last <= at || !is_small(*last) || (*last == 'l' && last[-1] == 'a'))
        return 0;
    while ((at = memchr(at, ' ', (size_t)(last - at)))) {
        uint32_t word = 0;
        int size = 0;
        for (at++; size <= (int)sizeof word && is_small(at[size]);)
            size++;
        if (size < 2 || size > (int)sizeof word || at[size] != ' ')
            continue;
        memcpy(&word, at, (size_t)size);
        int is = 0;
        for (int32_t i = 0; i < count; i++)
            is |= keys[i] == word;
        if (is)
            return 1;
    }
    return 0;
}

#define COUNTED 255 /* bytes, as many as a byte can count */

/* verdicts: for each text whether it is junk by the number of its letters and words, or may be by its length, its
 * capitals or its beginning, which is then one of the keys; by the first two it is not with one of the words in it. */
VECTORISED
void judge_sentences(const uint8_t *texts, int64_t length, const Limits *limits, const uint64_t *beginnings,
                     int32_t beginnings_count, const uint32_t *words_said, int32_t words_count, uint8_t *verdicts)
{
    for (const uint8_t *at = texts, *end; at < texts + length; at = end + 1) {
        int64_t blanks = 0, letters = 0, capitals = 0, ascii = 0, beyond = 0;
        end = memchr(at, END_OF_TEXT, (size_t)(texts + length - at));
        const uint8_t *begin = at;
        int begins = begins_like_statement(at, end, beginnings, beginnings_count);
        while (at < end) {
            int64_t size = end - at < COUNTED ? end - at : COUNTED;
            uint8_t counts[5] = {0};
            for (int64_t i = 0; i < size; i++) {
                counts[0] = (uint8_t)(counts[0] + (at[i] == ' '));
                counts[1] = (uint8_t)(counts[1] + ((uint8_t)((at[i] | 0x20) - 'a') < 26));
                counts[2] = (uint8_t)(counts[2] + (at[i] < 0x80));
                counts[3] = (uint8_t)(counts[3] + (at[i] >= 0xC0));
                counts[4] = (uint8_t)(counts[4] + ((uint8_t)(at[i] - 'A') < 26));
            }
            blanks += counts[0];
            letters += counts[1];
            ascii += counts[2];
            beyond += counts[3];
            capitals += counts[4];
            at += size;
        }
        int64_t words = blanks + 1, plain = ascii - blanks, visible = plain + beyond, others = plain - letters;
        int judged = visible + blanks <= limits->longest_label          ? MAYBE_JUNK
                     : capitals * limits->letters_a_capital >= letters ? LARGE
                                                                       : SENTENCE;
        if (judged != SENTENCE && is_plain(begin, end, words_said, words_count))
            judged = SENTENCE;
        if (letters == 0)
            judged = beyond ? MAYBE_JUNK : JUNK;
        if ((words < limits->fewest_words && !beyond) || (double)visible < limits->shortest_word * (double)words ||
            (double)plain > limits->longest_word * (double)words ||
            (others * 2 > visible && (double)others > limits->most_others * (double)plain))
            judged = JUNK;
        *verdicts++ = (uint8_t)(judged == JUNK || !begins ? judged : judged | BEGINS_LIKE_STATEMENT);
    }
}
