/* Text to WordPiece ids, equal to google-research/bert's FullTokenizer. An uncased tokenizer gives it text that is
 * lower-cased already, with accents apart from their letters, and a table that drops these.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a code point is to the tokenizer; the caller's table says. */
enum { PART_OF_WORD, SPACE, DROPPED, STANDS_ALONE, LINE_END, UNKNOWN = 255 };

#define MAX_WORD 200 /* characters; a longer word is one [UNK] */
#define MAX_CODE_POINT 0x110000

typedef struct {
    const uint8_t *text;
    int32_t length;
    int32_t id;
} Entry;

/* A vocabulary: two open-addressing hash tables, of entries that begin a word and that continue one. */
typedef struct {
    uint8_t *text;
    Entry *entries[2];
    uint32_t mask;
    int32_t longest; /* bytes of the longest entry */
    int32_t unknown; /* id of [UNK] */
} Vocabulary;

static inline uint64_t extended(uint64_t hash, uint8_t byte) { return (hash ^ byte) * 0x100000001b3ull; }

#define EMPTY_HASH 0xcbf29ce484222325ull

static inline uint32_t slot_of(uint64_t hash) { return (uint32_t)(hash ^ (hash >> 29)); }

static inline int32_t find(const Vocabulary *v, int table, const uint8_t *text, int32_t length, uint64_t hash)
{
    const Entry *entries = v->entries[table];
    for (uint32_t slot = slot_of(hash) & v->mask;; slot = (slot + 1) & v->mask) {
        if (!entries[slot].text)
            return -1;
        if (entries[slot].length == length && !memcmp(entries[slot].text, text, (size_t)length))
            return entries[slot].id;
    }
}

static void add(Vocabulary *v, int table, const uint8_t *text, int32_t length, int32_t id)
{
    uint64_t hash = EMPTY_HASH;
    for (int32_t i = 0; i < length; i++)
        hash = extended(hash, text[i]);
    uint32_t slot = slot_of(hash) & v->mask;
    while (v->entries[table][slot].text)
        slot = (slot + 1) & v->mask;
    v->entries[table][slot] = (Entry){text, length, id};
}

void vocabulary_free(Vocabulary *v)
{
    if (!v)
        return;
    free(v->text);
    free(v->entries[0]);
    free(v->entries[1]);
    free(v);
}

/* `text` holds all entries without separator, entry i ending at ends[i]. NULL when memory is short. */
Vocabulary *vocabulary_new(const uint8_t *text, const int64_t *ends, int32_t count, int32_t unknown)
{
    Vocabulary *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    uint32_t slots = 1024;
    while (slots < 4u * (uint32_t)count)
        slots *= 2;
    v->mask = slots - 1;
    v->unknown = unknown;
    v->text = malloc((size_t)ends[count - 1] + 1);
    v->entries[0] = calloc(slots, sizeof(Entry));
    v->entries[1] = calloc(slots, sizeof(Entry));
    if (!v->text || !v->entries[0] || !v->entries[1]) {
        vocabulary_free(v);
        return NULL;
    }
    memcpy(v->text, text, (size_t)ends[count - 1]);
    for (int32_t id = 0; id < count; id++) {
        const uint8_t *entry = v->text + (id ? ends[id - 1] : 0);
        int32_t length = (int32_t)(v->text + ends[id] - entry);
        int continues = length >= 2 && entry[0] == '#' && entry[1] == '#';
        if (continues) {
            entry += 2;
            length -= 2;
        }
        if (length) {
            add(v, continues, entry, length, id);
            if (length > v->longest)
                v->longest = length;
        }
    }
    return v;
}

/* Greedy, longest match first. Returns how many ids were written. */
static int64_t encode_word(const Vocabulary *v, const uint8_t *word, int32_t length, int32_t *ids)
{
    uint64_t hashes[4 * MAX_WORD + 1];
    int64_t count = 0;
    int table = 0;
    for (int32_t start = 0; start < length; table = 1) {
        int32_t limit = length - start < v->longest ? length - start : v->longest;
        hashes[0] = EMPTY_HASH;
        for (int32_t i = 0; i < limit; i++)
            hashes[i + 1] = extended(hashes[i], word[start + i]);
        int32_t id = -1, taken = limit;
        /* Entries are whole UTF-8, so a match never ends inside a character. */
        for (; taken > 0; taken--) {
            id = find(v, table, word + start, taken, hashes[taken]);
            if (id >= 0)
                break;
        }
        if (id < 0) {
            ids[0] = v->unknown;
            return 1;
        }
        ids[count++] = id;
        start += taken;
    }
    return count;
}

static inline int32_t decoded(const uint8_t *p, int *size)
{
    if (p[0] < 0x80) {
        *size = 1;
        return p[0];
    }
    if (p[0] < 0xe0) {
        *size = 2;
        return (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (p[0] < 0xf0) {
        *size = 3;
        return (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    *size = 4;
    return (p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

/* Encodes `length` bytes of valid UTF-8 that end in a line end. `ids` has room for `length` of them;
 * line i's ids end at line_ends[i], which has room for every line. Returns the number of ids, or
 * -1 - c at the first code point c that `classes` (0x110000 bytes) does not know yet.
 */
int64_t encode_lines(const Vocabulary *v, const uint8_t *classes, const uint8_t *text, int64_t length, int32_t *ids,
                     int64_t *line_ends)
{
    uint8_t word[4 * MAX_WORD];
    int32_t bytes = 0, characters = 0;
    int64_t count = 0, lines = 0;
    for (int64_t at = 0; at < length;) {
        int size;
        int32_t code = decoded(text + at, &size);
        uint8_t class = classes[code];
        if (class == PART_OF_WORD) {
            if (characters++ < MAX_WORD)
                for (int i = 0; i < size; i++)
                    word[bytes++] = text[at + i];
        } else if (class == UNKNOWN) {
            return -1 - (int64_t)code;
        } else if (class != DROPPED) {
            if (characters > MAX_WORD)
                ids[count++] = v->unknown;
            else if (characters)
                count += encode_word(v, word, bytes, ids + count);
            bytes = characters = 0;
            if (class == STANDS_ALONE)
                count += encode_word(v, text + at, size, ids + count);
            else if (class == LINE_END)
                line_ends[lines++] = count;
        }
        at += size;
    }
    return count;
}
