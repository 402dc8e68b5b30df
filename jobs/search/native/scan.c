/* Inner products of many vectors in half precision with a few queries. Memory is read once, in order, for all of them.

A product's sum runs in LANES parts, each over every LANES-th number in order, whatever queries are beside it. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 32, QUERIES = 3, CACHED = 8 };

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

/* ``inner_products`` for any processor. */
void inner_products_anywhere(
    const unsigned char *vectors, size_t count, size_t width, const float *queries, size_t asked, float *scores) {
  for (size_t row = 0; row < count; row++) {
    const unsigned char *vector = vectors + 2 * width * row;
    for (size_t q = 0; q < asked; q++) {
      const float *query = queries + q * width;
      float lanes[LANES] = {0};
      for (size_t k = 0; k + LANES <= width; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += widened(vector + 2 * (k + lane)) * query[k + lane];
      for (size_t half = LANES / 2; half; half /= 2)
        for (size_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
      scores[q * count + row] = lanes[0] + rest(vector, query, width);
    }
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WITH_F16C __attribute__((target("avx2,fma,f16c")))

static inline __attribute__((always_inline)) WITH_F16C float total(const __m256 lanes[LANES / 8]) {
  const __m256 eight = _mm256_add_ps(_mm256_add_ps(lanes[0], lanes[2]), _mm256_add_ps(lanes[1], lanes[3]));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static inline __attribute__((always_inline)) WITH_F16C void products(
    const unsigned char *vector, size_t width, const float *queries, float *scores, size_t count, const int asked) {
  __m256 lanes[QUERIES][LANES / 8];
  for (int q = 0; q < asked; q++)
    for (int part = 0; part < LANES / 8; part++) lanes[q][part] = _mm256_setzero_ps();
  for (size_t k = 0; k + LANES <= width; k += LANES)
    for (int part = 0; part < LANES / 8; part++) {
      const size_t at = k + 8 * part;
      const __m256 values = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(vector + 2 * at)));
      for (int q = 0; q < asked; q++)
        lanes[q][part] = _mm256_fmadd_ps(values, _mm256_loadu_ps(queries + q * width + at), lanes[q][part]);
    }
  for (int q = 0; q < asked; q++)
    scores[q * count] = total(lanes[q]) + rest(vector, queries + q * width, width);
}

static WITH_F16C void with_f16c(
    const unsigned char *vectors, size_t count, size_t width, const float *queries, size_t asked, float *scores) {
  for (size_t start = 0; start < count; start += CACHED)
    for (size_t q = 0; q < asked; q += QUERIES)
      for (size_t row = start; row < count && row < start + CACHED; row++) {
        const unsigned char *vector = vectors + 2 * width * row;
        const float *query = queries + q * width;
        float *out = scores + q * count + row;
        if (asked - q == 1) products(vector, width, query, out, count, 1);
        else if (asked - q == 2) products(vector, width, query, out, count, 2);
        else products(vector, width, query, out, count, QUERIES);
      }
}
#endif

/* vectors [count, width] of halves, at any address, with queries [asked, width]: scores [asked, count]. */
void inner_products(
    const unsigned char *vectors, size_t count, size_t width, const float *queries, size_t asked, float *scores) {
#ifdef WITH_F16C
  /* Every processor with AVX2 has F16C, too. */
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return with_f16c(vectors, count, width, queries, asked, scores);
#endif
  inner_products_anywhere(vectors, count, width, queries, asked, scores);
}
