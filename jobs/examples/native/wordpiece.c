/* Text to WordPiece ids, equal to google-research/bert's FullTokenizer. An uncased tokenizer gives it text that is
 * lower-cased already, with accents apart from their letters, and a table that drops these.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a code point is to the tokenizer; the caller's table says. */
enum { PART_OF_WORD, SPACE, DROPPED, STANDS_ALONE, UNKNOWN = 255 };

#define MAX_WORD 200 /* characters; a longer word is one [UNK] */
#define END_OF_TEXT 0xFF /* no byte of UTF-8 */

#define RECENT 65536 /* words; a power of two */
#define RECENT_IDS 19
#define USUAL_IDS 4
#define RECENT_BYTES 24 /* of a word that is remembered, at most */

/* A short word, with zeros behind it: no word has a zero in it. */
typedef struct {
    uint64_t part[RECENT_BYTES / 8];
} Word;

typedef struct {
    const uint8_t *text;
    int32_t length;
    int32_t id;
} Entry;

/* A word that was encoded lately, and its ids: most words of a text are one of these. It is a cache line. */
typedef struct {
    _Alignas(64) Word word;
    uint16_t count; /* 0: none */
    uint16_t ids[RECENT_IDS];
} Recent;

#define FILTER_BITS (1 << 18) /* a power of two */

/* A vocabulary: two open-addressing hash tables, of entries that begin a word and that continue one. Most strings that
 * are looked for are no entry: a Bloom filter tells most of these without the table, which no near cache holds.
 */
typedef struct {
    uint64_t filter[2][FILTER_BITS / 64];
    uint8_t *text;
    void *memory;   /* of the recent words */
    Recent *recent; /* in it, where a cache line begins */
    Entry *entries[2];
    uint32_t mask;
    int32_t is_small; /* every id has 16 bits */
    int32_t longest;  /* bytes of the longest entry */
    int32_t unknown;  /* id of [UNK] */
} Vocabulary;

static inline uint64_t extended(uint64_t hash, uint8_t byte) { return (hash ^ byte) * 0x100000001b3ull; }

#define EMPTY_HASH 0xcbf29ce484222325ull

static inline uint32_t slot_of(uint64_t hash) { return (uint32_t)(hash ^ (hash >> 29)); }

static inline int32_t find(const Vocabulary *v, int table, const uint8_t *text, int32_t length, uint64_t hash)
{
    const Entry *entries = v->entries[table];
    const uint32_t bit = slot_of(hash) & (FILTER_BITS - 1);
    if (!(v->filter[table][bit / 64] >> bit % 64 & 1))
        return -1;
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
    const uint32_t bit = slot_of(hash) & (FILTER_BITS - 1);
    v->filter[table][bit / 64] |= 1ull << bit % 64;
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
    free(v->memory);
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
    while (slots < 2u * (uint32_t)count)
        slots *= 2;
    v->mask = slots - 1;
    v->unknown = unknown;
    v->is_small = count <= 1 << 16;
    v->text = malloc((size_t)ends[count - 1] + 1);
    v->memory = calloc(RECENT + 1, sizeof(Recent)); /* pages that no word falls on take none */
    v->recent = (Recent *)(((uintptr_t)v->memory + sizeof(Recent) - 1) / sizeof(Recent) * sizeof(Recent));
    v->entries[0] = calloc(slots, sizeof(Entry));
    v->entries[1] = calloc(slots, sizeof(Entry));
    if (!v->text || !v->memory || !v->entries[0] || !v->entries[1]) {
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

/* The first `length` of the 24 bytes at `text`, zeros behind them: the mask is read from where so many of its ones are
 * left, as a word's length cannot be foreseen by a branch.
 */
static inline Word short_word(const uint8_t *text, int32_t length)
{
    static const uint64_t masks[2 * RECENT_BYTES / 8] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    Word word, mask;
    memcpy(&word, text, sizeof word);
    memcpy(&mask, (const uint8_t *)masks + RECENT_BYTES - length, sizeof mask);
    for (int32_t i = 0; i < RECENT_BYTES / 8; i++)
        word.part[i] &= mask.part[i];
    return word;
}

static inline uint32_t recent_slot(const Word *word)
{
    uint64_t hash = word->part[0] * 0x9e3779b97f4a7c15ull + word->part[1] * 0xc2b2ae3d27d4eb4full +
                    word->part[2] * 0x165667b19e3779f9ull;
    return (uint32_t)((hash ^ hash >> 29) * 0x9e3779b97f4a7c15ull >> 40) % RECENT;
}

/* A word that was found and is to be encoded, or the end of a line. Memory for the recent words is far away: it is asked
 * for when a word is found, and read when WAITING of them are.
 */
typedef struct {
    const uint8_t *text; /* NULL: a line ends */
    int32_t length;
    Recent *recent; /* where it is if it was encoded lately; NULL of a long word */
    Word key;
} Waiting;

#define WAITING 32

/* RECENT_BYTES can be read at `word`. */
static inline Waiting waiting_word(const Vocabulary *v, const uint8_t *word, int32_t length)
{
    Waiting w = {word, length, NULL, {{0}}};
    if (length <= RECENT_BYTES) {
        w.key = short_word(word, length);
        w.recent = &v->recent[recent_slot(&w.key)];
        __builtin_prefetch(w.recent);
    }
    return w;
}

/* As encode_word. */
static inline int64_t encode_again(const Vocabulary *v, const Waiting *w, int32_t *ids)
{
    Recent *recent = w->recent;
    if (!recent)
        return encode_word(v, w->text, w->length, ids);
    const Word *key = &w->key;
    if (recent->word.part[0] == key->part[0] && recent->word.part[1] == key->part[1] &&
        recent->word.part[2] == key->part[2]) {
        for (int i = 0; i < USUAL_IDS; i++) /* without a branch: most have fewer */
            ids[i] = recent->ids[i];
        for (int i = USUAL_IDS; i < recent->count; i++)
            ids[i] = recent->ids[i];
        return recent->count;
    }
    int64_t count = encode_word(v, w->text, w->length, ids);
    if (count <= RECENT_IDS && v->is_small) {
        recent->word = *key;
        recent->count = (uint16_t)count;
        for (int i = 0; i < count; i++)
            recent->ids[i] = (uint16_t)ids[i];
    }
    return count;
}

/* What of the text is encoded so far. */
typedef struct {
    int32_t *ids;
    int64_t *line_ends;
    int64_t count, lines;
    int32_t waits;
    Waiting waiting[WAITING];
} Encoded;

static void encode_waiting(const Vocabulary *v, Encoded *e)
{
    for (int32_t i = 0; i < e->waits; i++)
        if (e->waiting[i].text)
            e->count += encode_again(v, &e->waiting[i], e->ids + e->count);
        else
            e->line_ends[e->lines++] = e->count;
    e->waits = 0;
}

static inline void wait_for(const Vocabulary *v, Encoded *e, Waiting w)
{
    if (e->waits == WAITING)
        encode_waiting(v, e);
    e->waiting[e->waits++] = w;
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

/* How many letters and digits of ASCII, which are parts of words, `text` begins with: 16 at most, which can be read. */
static inline int32_t letters_at(const uint8_t *text)
{
#ifdef __SSE2__
    typedef uint8_t Bytes __attribute__((vector_size(16)));
    typedef char Signed __attribute__((vector_size(16)));
    Bytes bytes;
    memcpy(&bytes, text, sizeof bytes);
    const Bytes is_part = (Bytes)(((uint8_t)'0' <= bytes) & (bytes <= (uint8_t)'9')) |
                          (Bytes)(((uint8_t)'a' <= (bytes | 0x20)) & ((bytes | 0x20) <= (uint8_t)'z'));
    return __builtin_ctz(~(uint32_t)__builtin_ia32_pmovmskb128((Signed)is_part));
#else
    int32_t count = 0;
    for (; count < 16; count++) {
        uint8_t c = text[count];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
            break;
    }
    return count;
#endif
}

/* Encodes `length` bytes of lines in UTF-8, each closed by END_OF_TEXT; RECENT_BYTES more can be read behind them.
 * `ids` has room for `length` and USUAL_IDS of them; line i's ids end at line_ends[i], which has room for every line. Returns the
 * number of ids, or -1 - c at the first code point c that `classes` (0x110000 bytes) does not know yet. One thread at a
 * time.
 */
int64_t encode_lines(Vocabulary *v, const uint8_t *classes, const uint8_t *text, int64_t length, int32_t *ids,
                     int64_t *line_ends)
{
    uint8_t spelled[4 * MAX_WORD + RECENT_BYTES]; /* a word that something was dropped from */
    Encoded e;
    e.ids = ids, e.line_ends = line_ends, e.count = e.lines = 0, e.waits = 0;
    int64_t begin = 0;
    int32_t characters = 0, dropped = 0, kept = 0;
    for (int64_t at = 0; at < length;) {
        if (!dropped) {
            int32_t found = letters_at(text + at);
            characters += found;
            at += found;
            if (found == 16)
                continue;
        }
        int size = 1, is_end = text[at] == END_OF_TEXT;
        int32_t code = text[at];
        if (code >= 0x80 && !is_end)
            code = decoded(text + at, &size);
        uint8_t class = is_end ? SPACE : classes[code];
        if (class == PART_OF_WORD) {
            if (dropped && characters < MAX_WORD) {
                memcpy(spelled + kept, text + at, (size_t)size);
                kept += size;
            }
            characters++;
        } else if (class == UNKNOWN) {
            return -1 - (int64_t)code;
        } else if (class == DROPPED) {
            if (!dropped && characters <= MAX_WORD) {
                kept = (int32_t)(at - begin);
                memcpy(spelled, text + begin, (size_t)kept);
            }
            dropped = 1;
        } else {
            if (characters > MAX_WORD || (characters && dropped)) {
                encode_waiting(v, &e);
                if (characters > MAX_WORD)
                    ids[e.count++] = v->unknown;
                else
                    e.count += encode_word(v, spelled, kept, ids + e.count);
            } else if (characters)
                wait_for(v, &e, waiting_word(v, text + begin, (int32_t)(at - begin)));
            characters = dropped = 0;
            begin = at + size;
            if (class == STANDS_ALONE)
                wait_for(v, &e, waiting_word(v, text + at, size));
            else if (is_end)
                wait_for(v, &e, (Waiting){0});
        }
        at += size;
    }
    encode_waiting(v, &e);
    return e.count;
}
