/* BERT's layers in float32, for a batch of short texts: one call, which several threads share.

Each layer is done in stages, each stage in pieces that any thread may take, and whoever finishes the last piece of a stage
opens the next. A thread that the system holds up between two pieces holds up nobody. What a piece computes depends neither
on the thread nor on the texts beside: a text's numbers are always the same. */

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "panels.h"
#include "threads.h"

#if defined(__x86_64__) && defined(__GLIBC__)
#define VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VECTORISED
#endif
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16, ROWS = 8 };
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t whole __attribute__((vector_size(4 * LANES), aligned(4)));

enum stage { PROJECT, ATTEND, JOIN, NORM_ATTENDED, WIDEN, NARROW, NORM, STAGES };
enum { QUERY, KEY, VALUE, OUTPUT, INNER, OUTER, MATRICES };

/* Matrices in panels, biases filled to whole panels. */
struct layer {
  const float *matrices[MATRICES], *biases[MATRICES];
  const float *attended_scale, *attended_shift, *scale, *shift;
};

struct batch {
  const struct layer *layers;
  size_t layer_count, hidden, inner, heads;
  float epsilon;
  int exact;
  const size_t *ends;
  size_t texts, longest;
  float *states, *query, *key, *value, *context, *wide, *scores;
  /* The layer's stage that is open above, the next piece of it below. */
  _Atomic uint64_t turn;
  atomic_size_t done;
};

INLINE size_t filled(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

INLINE lanes loaded(const float *from) { return *(const lanes *)from; }

INLINE lanes chosen(whole condition, lanes one, lanes other) {
  return (lanes)((condition & (whole)one) | (~condition & (whole)other));
}

INLINE float total(lanes sums) {
  for (int half = LANES / 2; half; half /= 2)
    for (int lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  return sums[0];
}

/* Of numbers from -87 to 88; beyond, that of the nearest such number. 2^n e^r with r the rest to a multiple of log 2, by
   Taylor's series. */
INLINE lanes exponential(lanes x) {
  const lanes zero = {0};
  x = chosen(x > 88, zero + 88, x);
  x = chosen(x < -87, zero - 87, x);
  const lanes turns = (x * 1.44269504f + 0x1.8p23f) - 0x1.8p23f;
  const lanes r = (x - turns * 0x1.62e4p-1f) - turns * 0x1.7f7d1cp-20f;
  lanes sum = r * (1 / 5040.f) + 1 / 720.f;
  sum = sum * r + 1 / 120.f;
  sum = sum * r + 1 / 24.f;
  sum = sum * r + 1 / 6.f;
  sum = sum * r + 0.5f;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return sum * (lanes)((__builtin_convertvector(turns, whole) + 127) << 23);
}

/* Hendrycks & Gimpel 2016, "Gaussian Error Linear Units" (arXiv:1606.08415). Of the tanh form, (1 + tanh u) / 2 is
   1 / (1 + exp(-2u)). */
INLINE lanes gelu_tanh(lanes x) {
  const lanes u = 0.797884561f * (x + 0.044715f * x * x * x);
  return x / (1 + exponential(-2 * u));
}

/* The exact form: x times the normal distribution's share below x, by Abramowitz & Stegun 1964, formula 7.1.26, which is
   right within 1.5e-7. */
INLINE lanes gelu_erf(lanes x) {
  const whole below = x < 0;
  const lanes z = chosen(below, -x, x) * 0.707106781f, t = 1 / (1 + 0.3275911f * z);
  lanes sum = t * 1.061405429f - 1.453152027f;
  sum = sum * t + 1.421413741f;
  sum = sum * t - 0.284496736f;
  sum = sum * t + 0.254829592f;
  const lanes beyond = 0.5f * sum * t * exponential(-z * z);
  return x * chosen(below, beyond, 1 - beyond);
}

/* One panel's columns of a product with all rows, and the bias. */
INLINE void dense(
    const struct batch *batch, const float *inputs, size_t pitch, size_t depth, const float *panels, const float *bias,
    size_t panel, float *outputs, size_t width) {
  const size_t rows = batch->ends[batch->texts - 1];
  outputs += panel * PANEL, bias += panel * PANEL;
  multiply_panels(inputs, rows, pitch, depth, panels + panel * PANEL * depth, 1, outputs, width);
  for (size_t row = 0; row < rows; row++)
    for (size_t lane = 0; lane < PANEL; lane += LANES)
      *(lanes *)(outputs + row * width + lane) = loaded(outputs + row * width + lane) + loaded(bias + lane);
}

INLINE float product(const float *one, const float *other, size_t count) {
  lanes sums = {0};
  size_t k = 0;
  for (; k + LANES <= count; k += LANES) sums += loaded(one + k) * loaded(other + k);
  float sum = total(sums);
  for (; k < count; k++) sum += one[k] * other[k];
  return sum;
}

/* Attention of one head's part of a text's words to each other. */
INLINE void attend(const struct batch *batch, size_t text, size_t head, float *scores) {
  const size_t width = filled(batch->hidden, PANEL), depth = batch->hidden / batch->heads;
  const size_t start = text ? batch->ends[text - 1] : 0, count = batch->ends[text] - start;
  const size_t at = start * width + head * depth;
  const float *query = batch->query + at, *key = batch->key + at, *value = batch->value + at;
  const float scale = 1 / sqrtf((float)depth);
  for (size_t i = 0; i < count; i++) {
    float most = -INFINITY, sum = 0, *out = batch->context + at + i * width;
    for (size_t j = 0; j < count; j++) {
      scores[j] = product(query + i * width, key + j * width, depth) * scale;
      if (scores[j] > most) most = scores[j];
    }
    for (size_t j = 0; j < count; j += LANES) *(lanes *)(scores + j) = exponential(loaded(scores + j) - most);
    for (size_t j = 0; j < count; j++) sum += scores[j];
    for (size_t k = 0; k < depth; k++) out[k] = 0;
    for (size_t j = 0; j < count; j++) {
      const float share = scores[j] / sum, *of = value + j * width;
      for (size_t k = 0; k < depth; k++) out[k] += share * of[k];
    }
  }
}

/* The sum of numbers, or of their squares. */
INLINE float sum_of(const float *numbers, size_t count, const int squared) {
  lanes sums = {0};
  size_t k = 0;
  for (; k + LANES <= count; k += LANES) sums += squared ? loaded(numbers + k) * loaded(numbers + k) : loaded(numbers + k);
  float sum = total(sums);
  for (; k < count; k++) sum += squared ? numbers[k] * numbers[k] : numbers[k];
  return sum;
}

/* Adds to the states of a word, and normalises them. */
INLINE void norm(
    float *restrict states, const float *restrict added, size_t count, float epsilon, const float *restrict scale,
    const float *restrict shift) {
  for (size_t k = 0; k < count; k++) states[k] += added[k];
  const float mean = sum_of(states, count, 0) / (float)count;
  for (size_t k = 0; k < count; k++) states[k] -= mean;
  const float factor = 1 / sqrtf(sum_of(states, count, 1) / (float)count + epsilon);
  for (size_t k = 0; k < count; k++) states[k] = states[k] * factor * scale[k] + shift[k];
}

INLINE void norms(const struct batch *batch, size_t piece, const float *added, const float *scale, const float *shift) {
  const size_t width = filled(batch->hidden, PANEL), rows = batch->ends[batch->texts - 1];
  for (size_t row = piece * ROWS; row < rows && row < (piece + 1) * ROWS; row++)
    norm(batch->states + row * width, added + row * width, batch->hidden, batch->epsilon, scale, shift);
}

static size_t pieces_of(const struct batch *batch, enum stage stage) {
  const size_t panels = filled(batch->hidden, PANEL) / PANEL;
  switch (stage) {
    case PROJECT: return 3 * panels;
    case ATTEND: return batch->texts * batch->heads;
    case WIDEN: return filled(batch->inner, PANEL) / PANEL;
    case NORM_ATTENDED: case NORM: return filled(batch->ends[batch->texts - 1], ROWS) / ROWS;
    default: return panels;
  }
}

static VECTORISED void do_piece(
    const struct batch *batch, const struct layer *layer, enum stage stage, size_t piece, size_t thread) {
  const size_t hidden = batch->hidden, width = filled(hidden, PANEL), wide = filled(batch->inner, PANEL);
  const size_t panels = width / PANEL;
  switch (stage) {
    case PROJECT: {
      float *const outputs[] = {batch->query, batch->key, batch->value};
      const size_t which = piece / panels;
      dense(
          batch, batch->states, width, hidden, layer->matrices[which], layer->biases[which], piece % panels,
          outputs[which], width);
      break;
    }
    case ATTEND:
      attend(
          batch, piece / batch->heads, piece % batch->heads, batch->scores + thread * filled(batch->longest, LANES));
      break;
    case JOIN:
      dense(
          batch, batch->context, width, hidden, layer->matrices[OUTPUT], layer->biases[OUTPUT], piece, batch->query,
          width);
      break;
    case NORM_ATTENDED: norms(batch, piece, batch->query, layer->attended_scale, layer->attended_shift); break;
    case WIDEN:
      dense(batch, batch->states, width, hidden, layer->matrices[INNER], layer->biases[INNER], piece, batch->wide, wide);
      for (size_t row = 0; row < batch->ends[batch->texts - 1]; row++)
        for (size_t lane = 0; lane < PANEL; lane += LANES) {
          float *at = batch->wide + row * wide + piece * PANEL + lane;
          *(lanes *)at = batch->exact ? gelu_erf(loaded(at)) : gelu_tanh(loaded(at));
        }
      break;
    case NARROW:
      dense(
          batch, batch->wide, wide, batch->inner, layer->matrices[OUTER], layer->biases[OUTER], piece, batch->query,
          width);
      break;
    default: norms(batch, piece, batch->query, layer->scale, layer->shift);
  }
}

/* Takes pieces until the last layer is done. */
static void work_on(void *work, size_t thread) {
  struct batch *batch = work;
  for (unsigned waited = 0;;) {
    uint64_t turn = atomic_load(&batch->turn);
    const size_t open = turn >> 32, piece = turn & UINT32_MAX, layer = open / STAGES;
    const enum stage stage = open % STAGES;
    if (layer >= batch->layer_count) return;
    const size_t pieces = pieces_of(batch, stage);
    if (piece >= pieces) {
      if (++waited % 64 == 0) sched_yield();
      continue;
    }
    if (!atomic_compare_exchange_weak(&batch->turn, &turn, turn + 1)) continue;
    do_piece(batch, batch->layers + layer, stage, piece, thread);
    if (atomic_fetch_add(&batch->done, 1) + 1 == pieces) {
      atomic_store(&batch->done, 0);
      atomic_store(&batch->turn, (uint64_t)(open + 1) << 32);
    }
  }
}

/* Takes states [words, hidden] of at least one text, each row filled to whole panels, through all layers. Texts end at
   ``ends``. ``space`` has room for four times the states, the inner states, and the longest text's words, filled to LANES,
   for each thread. ``exact`` says which form of gelu. */
void through_layers(
    const struct layer *layers, size_t layer_count, size_t hidden, size_t inner, size_t heads, float epsilon, int exact,
    const size_t *ends, size_t texts, size_t longest, float *states, float *space, size_t threads) {
  const size_t words = ends[texts - 1], size = words * filled(hidden, PANEL);
  struct batch batch = {
      .layers = layers, .layer_count = layer_count, .hidden = hidden, .inner = inner, .heads = heads,
      .epsilon = epsilon, .exact = exact, .ends = ends, .texts = texts, .longest = longest, .states = states,
      .query = space, .key = space + size, .value = space + 2 * size, .context = space + 3 * size,
      .wide = space + 4 * size, .scores = space + 4 * size + words * filled(inner, PANEL)};
  on_threads(threads, work_on, &batch);
}
