/* What fastText computes for a text, sum for sum in its order, so that scores are equal to the last bit: the loops of
 * jobs/corpus/screening/language_model.py, which reads the model. Joulin et al. (2016), https://fasttext.cc.
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define DIMENSIONS 16
#define SHORTEST 2 /* characters of a run of letters */
#define LONGEST 4
#define LABEL "__label__"
#define LINE_END "</s>" /* the dictionary's first entry */

typedef struct {
    const float *rows;          /* of each word, then of each run: DIMENSIONS numbers */
    const uint8_t *words;       /* the dictionary's entries, one after the other; labels come last */
    const int64_t *ends;        /* of each entry */
    const int32_t *slots;       /* the entries by their hash; -1: none */
    const uint16_t *row_of_run; /* by the run's hash modulo `runs`; 0: it has none */
    const float *output;        /* of each inner node of the tree: DIMENSIONS numbers */
    const int32_t *children;    /* of each node two: -1 in a leaf; the leaves are the labels, in order */
    int32_t entries, words_count, labels, slots_count, runs;
} Model;

typedef struct {
    float sum[DIMENSIONS];
    int64_t rows;
} Mean;

#define HASH_BASIS 2166136261u

static inline uint32_t hashed(uint32_t hash, uint8_t byte)
{
    return (hash ^ (uint32_t)(int8_t)byte) * 16777619u; /* fastText's FNV takes bytes as signed */
}

static uint32_t hash_of(const uint8_t *begin, const uint8_t *end)
{
    uint32_t hash = HASH_BASIS;
    while (begin < end)
        hash = hashed(hash, *begin++);
    return hash;
}

/* The slot of an entry, or the empty one where it would be. */
static int32_t slot_of(const Model *m, const uint8_t *begin, const uint8_t *end)
{
    int32_t slot = (int32_t)(hash_of(begin, end) % (uint32_t)m->slots_count);
    for (;; slot = slot + 1 < m->slots_count ? slot + 1 : 0) {
        int32_t entry = m->slots[slot];
        if (entry < 0)
            return slot;
        const int64_t from = entry ? m->ends[entry - 1] : 0;
        if (m->ends[entry] - from == end - begin && memcmp(m->words + from, begin, (size_t)(end - begin)) == 0)
            return slot;
    }
}

/* slots: all -1 at first, more than there are entries. */
void index_entries(const Model *m, int32_t *slots)
{
    for (int32_t entry = 0; entry < m->entries; entry++) {
        const uint8_t *begin = m->words + (entry ? m->ends[entry - 1] : 0);
        slots[slot_of(m, begin, m->words + m->ends[entry])] = entry;
    }
}

static inline void add_row(const Model *m, int32_t row, Mean *mean)
{
    const float *numbers = m->rows + (int64_t)row * DIMENSIONS;
    for (int i = 0; i < DIMENSIONS; i++)
        mean->sum[i] += numbers[i];
    mean->rows++;
}

/* The runs of letters of a word, which has '<' before it and '>' behind. */
static void add_runs(const Model *m, const uint8_t *begin, const uint8_t *end, Mean *mean)
{
    for (const uint8_t *from = begin; from < end; from++) {
        if ((*from & 0xC0) == 0x80)
            continue;
        uint32_t hash = HASH_BASIS;
        const uint8_t *to = from;
        for (int length = 1; to < end && length <= LONGEST; length++) {
            do
                hash = hashed(hash, *to++);
            while (to < end && (*to & 0xC0) == 0x80);
            if (length < SHORTEST)
                continue;
            const int32_t row = m->row_of_run[hash % (uint32_t)m->runs];
            if (row)
                add_row(m, row, mean);
        }
    }
}

static void add_word(const Model *m, uint8_t *word, const uint8_t *begin, int64_t length, Mean *mean)
{
    const int32_t entry = m->slots[slot_of(m, begin, begin + length)];
    const int64_t label = sizeof LABEL - 1;
    if (entry >= m->words_count || (entry < 0 && length >= label && memcmp(begin, LABEL, (size_t)label) == 0))
        return;
    if (entry >= 0)
        add_row(m, entry, mean);
    word[0] = '<';
    memcpy(word + 1, begin, (size_t)length);
    word[length + 1] = '>';
    add_runs(m, word, word + length + 2, mean);
}

static float logarithm(float x) { return (float)log(x + 1e-5); }

typedef struct {
    float score;
    int32_t label;
} Best;

/* The most likely leaf below a node, unless it is less likely than the best that is known. */
static void descend(const Model *m, int32_t node, float score, const float *mean, Best *best)
{
    if (score < logarithm(0) || (best->label >= 0 && score < best->score))
        return;
    const int32_t *children = m->children + 2 * (int64_t)node;
    if (children[0] < 0) {
        *best = (Best){score, node};
        return;
    }
    const float *weights = m->output + (int64_t)(node - m->labels) * DIMENSIONS;
    float product = 0;
    for (int i = 0; i < DIMENSIONS; i++)
        product += weights[i] * mean[i];
    const float right = (float)(1.0 / (1.0f + expf(-product)));
    descend(m, children[0], score + logarithm((float)(1.0 - right)), mean, best);
    descend(m, children[1], score + logarithm(right), mean, best);
}

static inline int is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0; }

/* The label of a text, or -1, and its probability. scratch: the text's length + 2. */
int32_t most_likely(const Model *m, const uint8_t *text, int64_t length, uint8_t *scratch, float *probability)
{
    Mean mean = {0};
    for (const uint8_t *at = text, *end = text + length; at < end;) {
        const uint8_t *stop = at;
        while (stop < end && !is_blank(*stop))
            stop++;
        if (stop - at == sizeof LINE_END - 1 && memcmp(at, LINE_END, sizeof LINE_END - 1) == 0)
            break;
        if (stop > at)
            add_word(m, scratch, at, stop - at, &mean);
        at = stop + 1;
    }
    add_row(m, 0, &mean); /* the line's end */
    const float share = (float)(1.0 / (double)mean.rows);
    for (int i = 0; i < DIMENSIONS; i++)
        mean.sum[i] *= share;
    Best best = {0, -1};
    descend(m, 2 * m->labels - 2, 0, mean.sum, &best);
    *probability = expf(best.score);
    return best.label;
}
