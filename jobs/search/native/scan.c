/* The nearest of many vectors in half precision to a few queries, by inner product. Memory is read once, in order, for all
of them: a few vectors stay in the processor's nearest cache until each query has had them.

A product's sum runs in LANES parts, each over every LANES-th number in order, whatever queries are beside it. */

#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "threads.h"

enum { LANES = 32, BLOCK = 32, TOGETHER = 16, TAKEN = 4096, AHEAD = 8 };

/* A half as a float, without instructions for it. Of infinities and NaN it makes large numbers. */
static inline float widened(const unsigned char *half) {
  uint16_t bits;
  memcpy(&bits, half, sizeof bits);
  const uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13;
  float value;
  memcpy(&value, &magnitude, sizeof value);
  return bits & 0x8000 ? value * -0x1p112f : value * 0x1p112f;
}

/* The sum of the products of what the width has beyond whole LANES. */
static inline float rest(const unsigned char *vector, const float *query, size_t width) {
  float sum = 0;
  for (size_t k = width - width % LANES; k < width; k++) sum += widened(vector + 2 * k) * query[k];
  return sum;
}

/* Of each vector with each query: products [asked, BLOCK]. For any processor. */
static void products_anywhere(
    const unsigned char *vectors, size_t count, size_t width, const float *queries, size_t asked, float *products) {
  for (size_t row = 0; row < count; row++) {
    const unsigned char *vector = vectors + 2 * width * row;
    for (size_t q = 0; q < asked; q++) {
      const float *query = queries + q * width;
      float lanes[LANES] = {0};
      for (size_t k = 0; k + LANES <= width; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += widened(vector + 2 * (k + lane)) * query[k + lane];
      for (size_t half = LANES / 2; half; half /= 2)
        for (size_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
      products[q * BLOCK + row] = lanes[0] + rest(vector, query, width);
    }
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WITH_F16C __attribute__((target("avx2,fma,f16c")))
#define WITH_AVX512 __attribute__((target("avx512f,avx2,fma,f16c")))

static inline __attribute__((always_inline)) WITH_F16C float last_eight(__m256 eight) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static inline __attribute__((always_inline)) WITH_F16C float total_f16c(const __m256 *lanes) {
  return last_eight(_mm256_add_ps(_mm256_add_ps(lanes[0], lanes[2]), _mm256_add_ps(lanes[1], lanes[3])));
}

static inline __attribute__((always_inline)) WITH_AVX512 float total_avx512(const __m512 *lanes) {
  const __m512d sum = _mm512_castps_pd(_mm512_add_ps(lanes[0], lanes[1]));
  const __m256 low = _mm256_castpd_ps(_mm512_castpd512_pd256(sum));
  return last_eight(_mm256_add_ps(low, _mm256_castpd_ps(_mm512_extractf64x4_pd(sum, 1))));
}

/* Kernels whose sums, of ROWS vectors with 3 queries, stay in registers of SIZE floats. The compiler makes a loop without
   branches for each number of queries. */
#define KERNEL(NAME, TARGET, TYPE, SIZE, ROWS, ZERO, HALVES, WIDENED, LOADED, ADDED)                                     \
  static inline __attribute__((always_inline)) TARGET void NAME##_tile(                                                \
      const unsigned char *vectors, size_t width, const float *queries, float *products, const int rows,               \
      const int asked) {                                                                                               \
    enum { PARTS = LANES / SIZE };                                                                                     \
    TYPE lanes[ROWS][3][PARTS];                                                                                        \
    for (int row = 0; row < rows; row++)                                                                               \
      for (int q = 0; q < asked; q++)                                                                                  \
        for (int part = 0; part < PARTS; part++) lanes[row][q][part] = ZERO();                                         \
    for (size_t k = 0; k + LANES <= width; k += LANES)                                                                 \
      for (int part = 0; part < PARTS; part++) {                                                                       \
        const size_t at = k + SIZE * part;                                                                             \
        TYPE values[ROWS];                                                                                             \
        for (int row = 0; row < rows; row++) {                                                                         \
          const unsigned char *halves = vectors + 2 * (width * row + at);                                              \
          values[row] = WIDENED(HALVES((const void *)halves));                                                         \
          if (part == 0) __builtin_prefetch(halves + AHEAD * 2 * width);                                               \
        }                                                                                                              \
        for (int q = 0; q < asked; q++) {                                                                              \
          const TYPE query = LOADED(queries + q * width + at);                                                         \
          for (int row = 0; row < rows; row++) lanes[row][q][part] = ADDED(values[row], query, lanes[row][q][part]);   \
        }                                                                                                              \
      }                                                                                                                \
    for (int row = 0; row < rows; row++)                                                                               \
      for (int q = 0; q < asked; q++)                                                                                  \
        products[q * BLOCK + row] = total_##NAME(lanes[row][q]) + rest(vectors + 2 * width * row, queries + q * width, width); \
  }                                                                                                                    \
  static TARGET void products_##NAME(                                                                                  \
      const unsigned char *vectors, size_t count, size_t width, const float *queries, size_t asked, float *products) { \
    for (size_t row = 0; row < count;) {                                                                               \
      const int full = count - row >= ROWS;                                                                            \
      const unsigned char *some = vectors + 2 * width * row;                                                           \
      for (size_t q = 0; q < asked; q += 3) {                                                                          \
        const float *query = queries + q * width;                                                                      \
        float *out = products + q * BLOCK + row;                                                                       \
        if (full && asked - q >= 3) NAME##_tile(some, width, query, out, ROWS, 3);                                     \
        else if (full && asked - q == 2) NAME##_tile(some, width, query, out, ROWS, 2);                                \
        else if (full) NAME##_tile(some, width, query, out, ROWS, 1);                                                  \
        else if (asked - q >= 3) NAME##_tile(some, width, query, out, 1, 3);                                           \
        else if (asked - q == 2) NAME##_tile(some, width, query, out, 1, 2);                                           \
        else NAME##_tile(some, width, query, out, 1, 1);                                                               \
      }                                                                                                                \
      row += full ? ROWS : 1;                                                                                          \
    }                                                                                                                  \
  }

KERNEL(
    f16c, WITH_F16C, __m256, 8, 1, _mm256_setzero_ps, _mm_loadu_si128, _mm256_cvtph_ps, _mm256_loadu_ps, _mm256_fmadd_ps)
KERNEL(
    avx512, WITH_AVX512, __m512, 16, 4, _mm512_setzero_ps, _mm256_loadu_si256, _mm512_cvtph_ps, _mm512_loadu_ps,
    _mm512_fmadd_ps)
#endif

typedef void Products(const unsigned char *, size_t, size_t, const float *, size_t, float *);

/* The best rows so far of one query: a heap, the worst of them first. */
struct best {
  float *scores;
  int64_t *rows;
  size_t found, count;
};

/* Of equal scores the later row is the worse one. */
static inline int is_worse(const struct best *best, size_t one, size_t other) {
  const float a = best->scores[one], b = best->scores[other];
  return a < b || (a == b && best->rows[one] > best->rows[other]);
}

static inline void swap(struct best *best, size_t one, size_t other) {
  const float score = best->scores[one];
  const int64_t row = best->rows[one];
  best->scores[one] = best->scores[other], best->rows[one] = best->rows[other];
  best->scores[other] = score, best->rows[other] = row;
}

static void add(struct best *best, float score, int64_t row) {
  size_t at = 0;
  if (best->found < best->count) {
    at = best->found++;
    best->scores[at] = score, best->rows[at] = row;
    for (; at && is_worse(best, at, (at - 1) / 2); at = (at - 1) / 2) swap(best, at, (at - 1) / 2);
    return;
  }
  best->scores[0] = score, best->rows[0] = row;
  for (size_t child; (child = 2 * at + 1) < best->count; at = child) {
    if (child + 1 < best->count && is_worse(best, child + 1, child)) child++;
    if (is_worse(best, at, child)) break;
    swap(best, at, child);
  }
}

/* One search, and the next row that no thread has taken. */
struct search {
  Products *products;
  const unsigned char *vectors;
  size_t count, width;
  const float *queries;
  size_t asked;
  const unsigned char *const *among;
  const size_t *counts;
  size_t most;
  float *scores;
  int64_t *rows;
  size_t *found;
  atomic_size_t next;
};

/* Adds the best of a block of vectors for so many queries from ``start`` on. */
static void scan_block(const struct search *search, size_t row, size_t count, size_t start, size_t some, struct best *best) {
  float block[TOGETHER * BLOCK];
  const size_t width = search->width;
  search->products(search->vectors + 2 * width * row, count, width, search->queries + start * width, some, block);
  for (size_t q = 0; q < some; q++) {
    const unsigned char *mask = search->among[start + q];
    const float *scores = block + q * BLOCK;
    for (size_t i = 0; i < count; i++) {
      /* A later row with the score of the worst one comes after it. What is no number compares as false. */
      const float least = best[q].found < best[q].count ? -INFINITY : best[q].count ? best[q].scores[0] : INFINITY;
      if (scores[i] > least && (!mask || mask[row + i])) add(&best[q], scores[i], (int64_t)(row + i));
    }
  }
}

/* Takes rows as long as there are any. A thread's rows come in their order. */
static void scan(void *work, size_t thread) {
  struct search *search = work;
  struct best *best = malloc(search->asked * sizeof *best);
  if (!best) return;
  for (size_t q = 0; q < search->asked; q++) {
    const size_t at = (thread * search->asked + q) * search->most;
    best[q] = (struct best){search->scores + at, search->rows + at, 0, search->counts[q]};
  }
  for (size_t first; (first = atomic_fetch_add(&search->next, TAKEN)) < search->count;) {
    const size_t last = search->count - first < TAKEN ? search->count : first + TAKEN;
    for (size_t start = 0; start < search->asked; start += TOGETHER) {
      const size_t some = search->asked - start < TOGETHER ? search->asked - start : TOGETHER;
      for (size_t row = first; row < last; row += BLOCK)
        scan_block(search, row, last - row < BLOCK ? last - row : BLOCK, start, some, best + start);
    }
  }
  for (size_t q = 0; q < search->asked; q++) search->found[thread * search->asked + q] = best[q].found;
  free(best);
}

#define NEAREST(NAME, PRODUCTS)                                                                                        \
  void NAME(                                                                                                           \
      const unsigned char *vectors, size_t count, size_t width, const float *queries, size_t asked,                    \
      const unsigned char *const *among, const size_t *counts, size_t most, size_t threads, float *scores,             \
      int64_t *rows, size_t *found) {                                                                                  \
    struct search search = {PRODUCTS, vectors, count, width, queries, asked, among, counts, most, scores, rows, found, 0}; \
    on_threads(threads, scan, &search);                                                                                \
  }

/* ``nearest`` for any processor, and for newer ones. */
NEAREST(nearest_anywhere, products_anywhere)
#ifdef WITH_F16C
NEAREST(nearest_f16c, products_f16c)
NEAREST(nearest_avx512, products_avx512)
#endif

static Products *products_here(void) {
#ifdef WITH_F16C
  /* Every processor with AVX2 has F16C, too. */
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_supports("avx512f") ? products_avx512 : products_f16c;
#endif
  return products_anywhere;
}

/* The rows of vectors [count, width] of halves, at any address, with the largest inner products with each query: of query q
   the best ``counts[q]``, of equal ones the earlier rows; where ``among[q]`` is not NULL, only rows whose byte there is not 0.

   Each thread leaves the best of those that it took: in no order, ``found[thread, q]`` scores and rows, from the beginning
   of [thread, q] of [threads, asked, most]. */
NEAREST(nearest, products_here())
