/* Encoded documents to serialised examples, as google-research/bert's create_pretraining_data.py.
 *
 * The draws from the random stream come in the original's order, so that the examples equal its own. Its
 * quirks are described in creation.py; `corrected` turns them off.
 */

#define _GNU_SOURCE /* pread */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "example.h"
#include "random.h"
#include "tfrecord.h"

#define SPECIAL_TOKENS 3 /* [CLS] A [SEP] B [SEP] */
#define MAX_LENGTH 4096  /* of a sequence, in ids */

/* Documents as runs of sentences, sentences as runs of ids; ends are exclusive. */
typedef struct {
    const uint8_t *ids; /* of id_size bytes each */
    const int64_t *sentence_ends;
    const int64_t *document_ends; /* in sentences */
    const uint32_t *order;        /* the shuffled documents */
    int64_t documents;
    int32_t ids_file; /* `ids` again: a place far from the last is read from there; -1: from memory */
} Corpus;

/* What an id is to masking. */
enum { BEGINS, CONTINUES, SPECIAL };

typedef struct {
    double masked_lm_prob;
    double short_seq_prob;
    const uint8_t *roles;   /* by id */
    const uint64_t *packed; /* by id, as pack_ids() makes them */
    int32_t cls_id, sep_id, mask_id, vocabulary_size;
    int32_t max_seq_length, max_predictions_per_seq;
    int32_t corrected;
    int32_t id_size; /* bytes of an id in files: 2 or 4 */
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
    int64_t enough = (from.begin ? c->sentence_ends[from.begin - 1] : 0) + target;
    do
        taken.end++;
    while (taken.end < from.end && (size_of(taken) < least || c->sentence_ends[taken.end - 1] < enough));
    return taken;
}

/* Asks for memory that is needed soon and is not where the last was: drafts and documents come in random order. */
static inline void expect(const void *from, int64_t size)
{
    for (int64_t at = 0; at < size; at += 64) /* bytes that come at once */
        __builtin_prefetch((const char *)from + at);
}

static Run random_second(const Corpus *c, const Settings *s, Random *r, int64_t index, int64_t target)
{
    uint32_t other = 0;
    if (s->corrected) {
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
    Run taken = ids_of(c, take(c, document, target, 1));
    if (c->ids_file < 0)
        expect(c->ids + taken.begin * s->id_size, s->id_size * (size_of(taken) < target ? size_of(taken) : target));
    return taken;
}

static void truncate_pair(Run *first, Run *second, int64_t room, Random *r)
{
    /* Without branches, which would go either way at random. */
    while (size_of(*first) + size_of(*second) > room) {
        int of_first = size_of(*first) > size_of(*second), of_second = !of_first, in_front = coin(r);
        first->begin += of_first & in_front;
        first->end -= of_first & !in_front;
        second->begin += of_second & in_front;
        second->end -= of_second & !in_front;
    }
}

/* An example before it is written out, as bytes: this, then max_predictions_per_seq positions (16 bits, ascending),
 * and the ids that stand there in the example, of id_size bytes. draft_size() bytes in all, a sixth of the record: the
 * text before masking, [CLS] A [SEP] B [SEP], is read again from where A and B begin in the corpus.
 */
typedef struct {
    int64_t first, second; /* where A and B begin, in ids */
    int16_t length;       /* of the text */
    int16_t first_length; /* of A */
    int16_t masked;
    int16_t is_random_next;
} Draft;

static inline int64_t positions_at(void) { return (int64_t)sizeof(Draft); }
static inline int64_t masked_ids_at(const Settings *s) { return positions_at() + 2 * s->max_predictions_per_seq; }

int64_t draft_size(const Settings *s)
{
    return (masked_ids_at(s) + s->id_size * s->max_predictions_per_seq + 7) / 8 * 8;
}

static void put_ids(const Settings *s, uint8_t *to, const int32_t *ids, int64_t count)
{
    if (s->id_size == 4) {
        memcpy(to, ids, 4 * (size_t)count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        uint16_t id = (uint16_t)ids[i];
        memcpy(to + 2 * i, &id, 2);
    }
}

static void get_ids(const Settings *s, const uint8_t *from, int32_t *ids, int64_t count)
{
    if (s->id_size == 4) {
        memcpy(ids, from, 4 * (size_t)count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        uint16_t id;
        memcpy(&id, from + 2 * i, 2);
        ids[i] = id;
    }
}

/* The ids of a run. Where its page is not mapped yet, reading it from the file costs a fifth of mapping that page, and
 * takes no memory; what cannot be read so is read from the map.
 */
static int32_t *put_run_of_ids(const Corpus *c, const Settings *s, Run run, int is_far, int32_t *to)
{
    uint8_t read[4 * MAX_LENGTH];
    int64_t size = size_of(run) * s->id_size, at = run.begin * s->id_size;
    int was_read = is_far && c->ids_file >= 0 && pread(c->ids_file, read, (size_t)size, at) == size;
    get_ids(s, was_read ? read : c->ids + at, to, size_of(run));
    return to + size_of(run);
}

/* [CLS] A [SEP] B [SEP]; A and B may be far away. Returns its length. */
static int32_t assemble(const Corpus *c, const Settings *s, Run first, int is_far, Run second, int is_second_far,
                        int32_t *ids)
{
    int32_t *to = ids;
    *to++ = s->cls_id;
    to = put_run_of_ids(c, s, first, is_far, to);
    *to++ = s->sep_id;
    to = put_run_of_ids(c, s, second, is_second_far, to);
    *to++ = s->sep_id;
    return (int32_t)(to - ids);
}

/* Words in order: the positions of their ids, and where in these each word begins; begins[count] ends the last. */
typedef struct {
    int16_t positions[MAX_LENGTH];
    int16_t begins[MAX_LENGTH + 1];
    int32_t count;
} Words;

/* A word may lie on both sides of [SEP]. Every position is written down and then kept or not: whether an id
 * begins a word cannot be guessed, and a branch would be one.
 */
static void find_words(const Settings *s, const int32_t *ids, int32_t length, int32_t apart, Words *words)
{
    int32_t covered = 0, count = 0;
    for (int32_t at = 0; at < length; at++) {
        int role = s->roles[ids[at]], special = role == SPECIAL;
        int joins = (role == CONTINUES) & (count > 0) & (at != apart);
        words->positions[covered] = (int16_t)at;
        words->begins[count] = (int16_t)covered;
        covered += !special;
        count += !special & !joins;
    }
    words->begins[count] = (int16_t)covered;
    words->count = count;
}

/* Chooses what is masked of the draft's text, which is `ids`. */
static void mask_words(const Settings *s, Random *r, const int32_t *ids, uint8_t *draft)
{
    Draft *d = (Draft *)draft;
    int32_t length = d->length;
    Words words;
    find_words(s, ids, length, s->corrected ? d->first_length + 2 : 0, &words);
    uint32_t order[MAX_LENGTH];
    shuffled(order, (uint32_t)words.count, r);

    /* Python's round(): half to even, as nearbyint() by default. */
    int32_t wanted = (int32_t)nearbyint(length * s->masked_lm_prob);
    wanted = wanted < 1 ? 1 : wanted;
    wanted = wanted > s->max_predictions_per_seq ? s->max_predictions_per_seq : wanted;
    int32_t replacements[MAX_LENGTH];     /* by position, of those chosen */
    uint64_t chosen[MAX_LENGTH / 64 + 1]; /* one bit a position: sorts them */
    memset(chosen, 0, (size_t)(length / 64 + 1) * sizeof *chosen);
    int32_t masked = 0;
    for (int32_t i = 0; i < words.count && masked < wanted; i++) {
        int32_t begin = words.begins[order[i]], end = words.begins[order[i] + 1];
        if (masked + end - begin > wanted)
            continue; /* a shorter word may still fit */
        masked += end - begin;
        for (int32_t k = begin; k < end; k++) {
            int32_t at = words.positions[k], id = s->mask_id;
            if (uniform(r) >= 0.8)
                id = coin(r) ? ids[at] : (int32_t)below(r, (uint32_t)s->vocabulary_size);
            replacements[at] = id;
            chosen[at / 64] |= 1ull << at % 64;
        }
    }

    int16_t positions[MAX_LENGTH];
    int32_t replaced[MAX_LENGTH];
    d->masked = 0;
    for (int32_t block = 0; block <= length / 64; block++)
        for (uint64_t left = chosen[block]; left; left &= left - 1) {
            int32_t at = block * 64 + __builtin_ctzll(left);
            positions[d->masked] = (int16_t)at;
            replaced[d->masked++] = replacements[at];
        }
    memcpy(draft + positions_at(), positions, (size_t)d->masked * sizeof *positions);
    put_ids(s, draft + masked_ids_at(s), replaced, d->masked);
}

static Run first_of(const Draft *d) { return (Run){d->first, d->first + d->first_length}; }
static Run second_of(const Draft *d)
{
    return (Run){d->second, d->second + d->length - d->first_length - SPECIAL_TOKENS};
}

/* packed: of each id below `count` the bytes of its varint, and above these their number. */
void pack_ids(uint64_t *packed, int32_t count)
{
    for (int32_t id = 0; id < count; id++) {
        uint8_t bytes[4] = {0};
        uint64_t size = (uint64_t)(put_varint(bytes, (uint32_t)id) - bytes);
        uint32_t varint;
        memcpy(&varint, bytes, sizeof varint);
        packed[id] = size << 32 | varint;
    }
}

static uint8_t *put_packed_ids(const Settings *s, uint8_t *to, const int32_t *ids, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        uint64_t packed = s->packed[ids[i]];
        uint32_t varint = (uint32_t)packed;
        memcpy(to, &varint, sizeof varint);
        to += packed >> 32;
    }
    return to;
}

static uint8_t *serialize(const Corpus *c, const Settings *s, const uint8_t *draft, uint8_t *to)
{
    static const uint8_t one[4] = {0, 0, 0x80, 0x3f}; /* 1.0f, little-endian */
    const Draft *d = (const Draft *)draft;
    int32_t ids[MAX_LENGTH], originals[MAX_LENGTH], replaced[MAX_LENGTH], positions[MAX_LENGTH], length = d->length;
    assemble(c, s, first_of(d), 1, second_of(d), 1, ids);
    get_ids(s, draft + masked_ids_at(s), replaced, d->masked);
    for (int32_t i = 0; i < d->masked; i++) {
        int16_t position;
        memcpy(&position, draft + positions_at() + 2 * i, sizeof position);
        positions[i] = position;
        originals[i] = ids[position];
        ids[positions[i]] = replaced[i];
    }
    int32_t padding = s->max_seq_length - length, empty = s->max_predictions_per_seq - d->masked;
    uint8_t packed[2][4 * MAX_LENGTH + 4]; /* what is of any size is packed before its size is written */
    const uint32_t ids_size = (uint32_t)(put_packed_ids(s, packed[0], ids, length) - packed[0]);
    const uint32_t originals_size = (uint32_t)(put_packed_ids(s, packed[1], originals, d->masked) - packed[1]);

    uint32_t sizes[FEATURES] = {
        [INPUT_IDS] = ids_size + (uint32_t)padding,
        [INPUT_MASK] = (uint32_t)s->max_seq_length,
        [MASKED_IDS] = originals_size + (uint32_t)empty,
        [MASKED_POSITIONS] = packed_size(positions, d->masked) + (uint32_t)empty,
        [MASKED_WEIGHTS] = 4 * (uint32_t)s->max_predictions_per_seq,
        [NEXT_SENTENCE] = 1,
        [SEGMENT_IDS] = (uint32_t)s->max_seq_length,
    };
    uint32_t total = 0;
    for (int i = 0; i < FEATURES; i++)
        total += field_size(entry_size(&features[i], sizes[i]));
    to = put_header(to, 1, total);

    to = put_feature(to, &features[INPUT_IDS], sizes[INPUT_IDS]);
    to = put_run(put_bytes(to, packed[0], ids_size), 0, padding);

    to = put_feature(to, &features[INPUT_MASK], sizes[INPUT_MASK]);
    to = put_run(put_run(to, 1, length), 0, padding);

    to = put_feature(to, &features[MASKED_IDS], sizes[MASKED_IDS]);
    to = put_run(put_bytes(to, packed[1], originals_size), 0, empty);

    to = put_feature(to, &features[MASKED_POSITIONS], sizes[MASKED_POSITIONS]);
    to = put_run(put_packed(to, positions, d->masked), 0, empty);

    to = put_feature(to, &features[MASKED_WEIGHTS], sizes[MASKED_WEIGHTS]);
    for (int32_t i = 0; i < d->masked; i++, to += 4)
        memcpy(to, one, 4);
    to = put_run(to, 0, 4 * empty);

    to = put_feature(to, &features[NEXT_SENTENCE], sizes[NEXT_SENTENCE]);
    *to++ = (uint8_t)d->is_random_next;

    to = put_feature(to, &features[SEGMENT_IDS], sizes[SEGMENT_IDS]);
    to = put_run(put_run(to, 0, d->first_length + 2), 1, length - d->first_length - 2);
    return put_run(to, 0, padding);
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

        int is_random_next = size_of(chunk) == 1 || coin(r);
        if (s->corrected && c->documents == 1)
            is_random_next = 0; /* there is no other document */
        Run a = ids_of(c, first), b;
        if (is_random_next) {
            b = random_second(c, s, r, index, target - size_of(a));
            document.begin = first.end; /* the unused sentences are paired again */
        } else
            b = ids_of(c, (Run){first.end, chunk.end});
        truncate_pair(&a, &b, room, r);

        int32_t ids[MAX_LENGTH], length = assemble(c, s, a, 0, b, is_random_next, ids);
        uint8_t *draft = drafts + count++ * stride;
        *(Draft *)draft = (Draft){a.begin, b.begin, (int16_t)length, (int16_t)size_of(a), 0, (int16_t)is_random_next};
        mask_words(s, r, ids, draft);
    }
    return count;
}

static void expect_run(const Corpus *c, const Settings *s, Run run)
{
    expect(c->ids + run.begin * s->id_size, size_of(run) * s->id_size);
}

/* Serialises and frames the drafts numbers[0 .. count - 1] into `out`, which has room for `count` times
 * record_limit() bytes, and counts the examples of each length. Returns the bytes written.
 */
int64_t write_records(const Corpus *c, const Settings *s, const uint8_t *drafts, const uint32_t *numbers,
                      int64_t count, int64_t *lengths, uint8_t *out)
{
    uint8_t *to = out;
    int64_t stride = draft_size(s);
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *draft = drafts + numbers[i] * stride;
        if (i + 8 < count)
            expect(drafts + numbers[i + 8] * stride, stride);
        if (i + 4 < count && c->ids_file < 0) {
            const Draft *next = (const Draft *)(drafts + numbers[i + 4] * stride);
            expect_run(c, s, first_of(next));
            expect_run(c, s, second_of(next));
        }
        lengths[((const Draft *)draft)->length]++;
        to = framed(to, serialize(c, s, draft, to + FRAME_HEADER));
    }
    return to - out;
}

/* Bytes of one record in the file, at most. */
int64_t record_limit(const Settings *s) { return 8ll * s->max_seq_length + 16ll * s->max_predictions_per_seq + 512; }

void shuffle(uint32_t *numbers, int64_t count, Random *r) { shuffled(numbers, (uint32_t)count, r); }
