/* Encoded documents to serialised examples, as google-research/bert's create_pretraining_data.py.
 *
 * The draws from the random stream come in the original's order, so that the examples equal its own. Its
 * quirks are described in creation.py; `corrected` turns them off.
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "random.h"
#include "tfrecord.h"

#define SPECIAL_TOKENS 3 /* [CLS] A [SEP] B [SEP] */
#define MAX_LENGTH 4096  /* of a sequence, in ids */

/* Documents as runs of sentences, sentences as runs of ids; ends are exclusive. */
typedef struct {
    const int32_t *ids;
    const int64_t *sentence_ends;
    const int64_t *document_ends; /* in sentences */
    const int64_t *order;         /* the shuffled documents */
    int64_t documents;
} Corpus;

typedef struct {
    double masked_lm_prob;
    double short_seq_prob;
    const uint8_t *continues; /* by id: whether the entry begins with ## */
    int32_t cls_id, sep_id, mask_id, vocabulary_size;
    int32_t max_seq_length, max_predictions_per_seq;
    int32_t whole_word_mask, corrected;
} Settings;

typedef struct {
    int64_t begin, end;
} Run;

static inline int64_t size_of(Run run) { return run.end - run.begin; }

static Run sentences_of(const Corpus *c, int64_t index)
{
    int64_t document = c->order[index];
    return (Run){document ? c->document_ends[document - 1] : 0, c->document_ends[document]};
}

static Run ids_of(const Corpus *c, Run sentences)
{
    return (Run){sentences.begin ? c->sentence_ends[sentences.begin - 1] : 0, c->sentence_ends[sentences.end - 1]};
}

/* Sentences from `from.begin` until they hold `target` ids and are at least `least`, or `from` ends. */
static Run take(const Corpus *c, Run from, int64_t target, int64_t least)
{
    Run taken = {from.begin, from.begin};
    do
        taken.end++;
    while (taken.end < from.end && (size_of(taken) < least || size_of(ids_of(c, taken)) < target));
    return taken;
}

static Run random_second(const Corpus *c, const Settings *s, Random *r, int64_t index, int64_t target)
{
    uint32_t other = 0;
    if (s->corrected && c->documents > 1) {
        other = below(r, (uint32_t)(c->documents - 1));
        other += other >= index;
    } else
        for (int tries = 0; tries < 10; tries++) {
            other = below(r, (uint32_t)c->documents);
            if (other != index)
                break;
        }
    Run document = sentences_of(c, other);
    document.begin += below(r, (uint32_t)size_of(document));
    return ids_of(c, take(c, document, target, 1));
}

static void truncate_pair(Run *first, Run *second, int64_t room, Random *r)
{
    while (size_of(*first) + size_of(*second) > room) {
        Run *longer = size_of(*first) > size_of(*second) ? first : second;
        if (uniform(r) < 0.5)
            longer->begin++;
        else
            longer->end--;
    }
}

/* An example before it is written out: where its text is and what of it is masked. In memory it is followed
 * by max_predictions_per_seq positions and as many ids: draft_size() bytes in all, a sixth of the record.
 */
typedef struct {
    int64_t first, second; /* where the two runs of ids begin */
    int16_t first_length, second_length;
    int16_t masked;
    int16_t is_random_next;
    int16_t positions[]; /* ascending; then, aligned, the ids that stand there in the example */
} Draft;

static inline int32_t *masked_ids(const Settings *s, Draft *d)
{
    return (int32_t *)(d->positions + (s->max_predictions_per_seq + 1) / 2 * 2);
}

int64_t draft_size(const Settings *s)
{
    int64_t size = (int64_t)sizeof(Draft) + (s->max_predictions_per_seq + 1) / 2 * 4 + s->max_predictions_per_seq * 4;
    return (size + 7) / 8 * 8;
}

/* [CLS] A [SEP] B [SEP], unmasked. Returns its length. */
static int32_t assemble(const Corpus *c, const Settings *s, const Draft *d, int32_t *ids)
{
    int32_t *to = ids;
    *to++ = s->cls_id;
    memcpy(to, c->ids + d->first, (size_t)d->first_length * sizeof *to);
    to += d->first_length;
    *to++ = s->sep_id;
    memcpy(to, c->ids + d->second, (size_t)d->second_length * sizeof *to);
    to += d->second_length;
    *to++ = s->sep_id;
    return (int32_t)(to - ids);
}

static void mask_words(const Corpus *c, const Settings *s, Random *r, Draft *d)
{
    int32_t ids[MAX_LENGTH], length = assemble(c, s, d, ids);
    /* Positions in order, and where in them each word begins. A word may lie on both sides of [SEP]. */
    int16_t positions[MAX_LENGTH], words[MAX_LENGTH + 1], order[MAX_LENGTH];
    int32_t covered = 0, count = 0;
    for (int32_t at = 0; at < length; at++) {
        int32_t id = ids[at];
        if (id == s->cls_id || id == s->sep_id)
            continue;
        int joins = s->whole_word_mask && count && s->continues[id];
        if (!joins || (s->corrected && at == d->first_length + 2)) {
            order[count] = (int16_t)count;
            words[count++] = (int16_t)covered;
        }
        positions[covered++] = (int16_t)at;
    }
    words[count] = (int16_t)covered;
    for (int32_t i = count - 1; i > 0; i--) {
        uint32_t j = below(r, (uint32_t)i + 1);
        int16_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }

    /* Python's round(): half to even, as nearbyint() by default. */
    int32_t wanted = (int32_t)nearbyint(length * s->masked_lm_prob);
    wanted = wanted < 1 ? 1 : wanted;
    wanted = wanted > s->max_predictions_per_seq ? s->max_predictions_per_seq : wanted;
    int32_t *replaced = masked_ids(s, d);
    int32_t masked = 0;
    for (int32_t i = 0; i < count && masked < wanted; i++) {
        int32_t begin = words[order[i]], end = words[order[i] + 1];
        if (masked + end - begin > wanted)
            continue; /* a shorter word may still fit */
        for (int32_t k = begin; k < end; k++, masked++) {
            int16_t at = positions[k];
            int32_t id = s->mask_id;
            if (uniform(r) >= 0.8)
                id = uniform(r) < 0.5 ? ids[at] : (int32_t)below(r, (uint32_t)s->vocabulary_size);
            int32_t to = masked;
            for (; to > 0 && d->positions[to - 1] > at; to--) {
                d->positions[to] = d->positions[to - 1];
                replaced[to] = replaced[to - 1];
            }
            d->positions[to] = at;
            replaced[to] = id;
        }
    }
    d->masked = (int16_t)masked;
}

/* tensorflow.train.Example, a protocol buffer: features by name, each a packed list of numbers. */

static uint8_t *put_varint(uint8_t *to, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

static uint32_t varint_size(uint32_t value)
{
    uint32_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static uint8_t *put_header(uint8_t *to, int field, uint32_t length)
{
    *to++ = (uint8_t)(field << 3 | 2);
    return put_varint(to, length);
}

enum { FLOATS = 2, INTEGERS = 3 };

static uint8_t *put_feature(uint8_t *to, const char *name, int kind, const uint8_t *packed, const uint8_t *packed_end)
{
    uint32_t name_size = (uint32_t)strlen(name), size = (uint32_t)(packed_end - packed);
    uint32_t list = 1 + varint_size(size) + size;
    uint32_t value = 1 + varint_size(list) + list;
    uint32_t entry = 1 + varint_size(name_size) + name_size + 1 + varint_size(value) + value;
    to = put_header(to, 1, entry);
    to = put_header(to, 1, name_size);
    memcpy(to, name, name_size);
    to = put_header(to + name_size, 2, value);
    to = put_header(to, kind, list);
    to = put_header(to, 1, size);
    memcpy(to, packed, size);
    return to + size;
}

static uint8_t *put_zeros(uint8_t *to, int32_t count)
{
    memset(to, 0, (size_t)count);
    return to + count;
}

/* Features in the order of their names, as protobuf writes maps when asked to be deterministic. */
static uint8_t *serialize(const Corpus *c, const Settings *s, Draft *d, uint8_t *to)
{
    static const uint8_t one[4] = {0, 0, 0x80, 0x3f}; /* 1.0f, little-endian */
    uint8_t packed[5 * MAX_LENGTH], features[20 * MAX_LENGTH];
    uint8_t *end = features, *p = packed;
    int32_t ids[MAX_LENGTH], originals[MAX_LENGTH], length = assemble(c, s, d, ids);
    int32_t padding = s->max_seq_length - length, empty = s->max_predictions_per_seq - d->masked;
    const int32_t *replaced = masked_ids(s, d);
    for (int32_t i = 0; i < d->masked; i++) {
        originals[i] = ids[d->positions[i]];
        ids[d->positions[i]] = replaced[i];
    }

    for (int32_t i = 0; i < length; i++)
        p = put_varint(p, (uint32_t)ids[i]);
    p = put_zeros(p, padding);
    end = put_feature(end, "input_ids", INTEGERS, packed, p);

    memset(packed, 1, (size_t)length);
    p = put_zeros(packed + length, padding);
    end = put_feature(end, "input_mask", INTEGERS, packed, p);

    p = packed;
    for (int32_t i = 0; i < d->masked; i++)
        p = put_varint(p, (uint32_t)originals[i]);
    p = put_zeros(p, empty);
    end = put_feature(end, "masked_lm_ids", INTEGERS, packed, p);

    p = packed;
    for (int32_t i = 0; i < d->masked; i++)
        p = put_varint(p, (uint32_t)d->positions[i]);
    p = put_zeros(p, empty);
    end = put_feature(end, "masked_lm_positions", INTEGERS, packed, p);

    p = packed;
    for (int32_t i = 0; i < d->masked; i++, p += 4)
        memcpy(p, one, 4);
    p = put_zeros(p, 4 * empty);
    end = put_feature(end, "masked_lm_weights", FLOATS, packed, p);

    packed[0] = (uint8_t)d->is_random_next;
    end = put_feature(end, "next_sentence_labels", INTEGERS, packed, packed + 1);

    p = put_zeros(packed, d->first_length + 2);
    memset(p, 1, (size_t)d->second_length + 1);
    p = put_zeros(p + d->second_length + 1, padding);
    end = put_feature(end, "segment_ids", INTEGERS, packed, p);

    to = put_header(to, 1, (uint32_t)(end - features));
    memcpy(to, features, (size_t)(end - features));
    return to + (end - features);
}

/* The examples of the shuffled corpus's document `index`, as drafts of draft_size() bytes each: at most as many
 * as the document has sentences. Returns how many.
 */
int64_t draft_document(const Corpus *c, const Settings *s, Random *r, int64_t index, uint8_t *drafts)
{
    Run document = sentences_of(c, index);
    int64_t room = s->max_seq_length - SPECIAL_TOKENS, target = room, count = 0, stride = draft_size(s);
    if (uniform(r) < s->short_seq_prob)
        target = 2 + below(r, (uint32_t)(room - 1));

    while (size_of(document) > 0) {
        Run chunk = take(c, document, target, s->corrected ? 2 : 1);
        if (s->corrected && size_of(chunk) == 1)
            break; /* a last sentence alone has no actual next */
        Run first = {chunk.begin, chunk.begin + 1};
        if (size_of(chunk) >= 2)
            first.end = chunk.begin + 1 + below(r, (uint32_t)(size_of(chunk) - 1));
        document.begin = chunk.end;

        int is_random_next = size_of(chunk) == 1 || uniform(r) < 0.5;
        Run a = ids_of(c, first), b;
        if (is_random_next) {
            b = random_second(c, s, r, index, target - size_of(a));
            document.begin = first.end; /* the unused sentences are paired again */
        } else
            b = ids_of(c, (Run){first.end, chunk.end});
        truncate_pair(&a, &b, room, r);

        Draft *draft = (Draft *)(drafts + count++ * stride);
        draft->first = a.begin;
        draft->second = b.begin;
        draft->first_length = (int16_t)size_of(a);
        draft->second_length = (int16_t)size_of(b);
        draft->is_random_next = (int16_t)is_random_next;
        mask_words(c, s, r, draft);
    }
    return count;
}

/* Serialises and frames the drafts numbers[0 .. count - 1] into `out`, which has room for `count` times
 * record_limit() bytes. Returns the bytes written.
 */
int64_t write_records(const Corpus *c, const Settings *s, uint8_t *drafts, const int64_t *numbers, int64_t count,
                      uint8_t *out)
{
    uint8_t *to = out;
    int64_t stride = draft_size(s);
    for (int64_t i = 0; i < count; i++) {
        if (i + 4 < count)
            __builtin_prefetch(drafts + numbers[i + 4] * stride);
        to = framed(to, serialize(c, s, (Draft *)(drafts + numbers[i] * stride), to + FRAME_HEADER));
    }
    return to - out;
}

/* Bytes of one record in the file, at most. */
int64_t record_limit(const Settings *s) { return 8ll * s->max_seq_length + 16ll * s->max_predictions_per_seq + 512; }

/* random.shuffle() of 0 .. count - 1. */
void shuffle(int64_t *numbers, int64_t count, Random *r)
{
    for (int64_t i = 0; i < count; i++)
        numbers[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        uint32_t j = below(r, (uint32_t)i + 1);
        int64_t swapped = numbers[i];
        numbers[i] = numbers[j];
        numbers[j] = swapped;
    }
}
