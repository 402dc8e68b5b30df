/* Products of a few rows with a large matrix. OpenBLAS takes two to three times as long: it copies the matrix first.

The matrix lies in panels of PANEL columns, each panel row by row, so that memory is read in order, and once for a dozen
rows. Every sum runs over the matrix' rows in their order. */

#include "panels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define FOR(features) __attribute__((target(features)))
#endif

#define CASE(NAME, ROWS, N)                                                                                            \
  case N:                                                                                                              \
    NAME##_tile(inputs + row * pitch, pitch, depth, panel, outputs + row * width + column, width, N < ROWS ? N : ROWS); \
    break;

/* A kernel that takes two vectors of LANES floats, and ROWS rows of the inputs, 12 at most, at a time. The compiler makes
   a loop without branches for each number of rows, whose sums stay in registers. */
#define KERNEL(NAME, TARGET, LANES, ROWS)                                                                              \
  typedef float NAME##_lanes __attribute__((vector_size(4 * LANES), aligned(4)));                                      \
  static inline __attribute__((always_inline)) TARGET void NAME##_tile(                                                \
      const float *inputs, size_t pitch, size_t depth, const float *panel, float *outputs, size_t width,               \
      const int rows) {                                                                                                \
    NAME##_lanes sums[ROWS][2] = {0};                                                                                  \
    for (size_t k = 0; k < depth; k++) {                                                                               \
      const NAME##_lanes *weights = (const NAME##_lanes *)(panel + k * PANEL);                                         \
      for (int row = 0; row < rows; row++) {                                                                           \
        sums[row][0] += weights[0] * inputs[row * pitch + k];                                                          \
        sums[row][1] += weights[1] * inputs[row * pitch + k];                                                          \
      }                                                                                                                \
    }                                                                                                                  \
    for (int row = 0; row < rows; row++) {                                                                             \
      NAME##_lanes *out = (NAME##_lanes *)(outputs + row * width);                                                     \
      out[0] = sums[row][0];                                                                                           \
      out[1] = sums[row][1];                                                                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  TARGET void NAME(                                                                                                    \
      const float *inputs, size_t rows, size_t pitch, size_t depth, const float *panels, size_t count, float *outputs, \
      size_t width) {                                                                                                  \
    for (size_t column = 0; column < count * PANEL; column += 2 * LANES) {                                                   \
      const float *panel = panels + column / PANEL * PANEL * depth + column % PANEL;                                   \
      for (size_t row = 0; row < rows; row += ROWS) {                                                                  \
        switch (rows - row < ROWS ? rows - row : ROWS) {                                                               \
          CASE(NAME, ROWS, 1) CASE(NAME, ROWS, 2) CASE(NAME, ROWS, 3) CASE(NAME, ROWS, 4)                              \
          CASE(NAME, ROWS, 5) CASE(NAME, ROWS, 6) CASE(NAME, ROWS, 7) CASE(NAME, ROWS, 8)                              \
          CASE(NAME, ROWS, 9) CASE(NAME, ROWS, 10) CASE(NAME, ROWS, 11) CASE(NAME, ROWS, 12)                           \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }

/* ``multiply_panels`` for any processor, and for newer ones. */
KERNEL(multiply_panels_anywhere, , 4, 4)
#ifdef FOR
KERNEL(multiply_panels_avx2, FOR("avx2,fma"), 8, 6)
KERNEL(multiply_panels_avx512, FOR("avx512f"), 16, 12)
#endif

void multiply_panels(
    const float *inputs, size_t rows, size_t pitch, size_t depth, const float *panels, size_t count, float *outputs,
    size_t width) {
#ifdef FOR
  if (__builtin_cpu_supports("avx512f"))
    return multiply_panels_avx512(inputs, rows, pitch, depth, panels, count, outputs, width);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiply_panels_avx2(inputs, rows, pitch, depth, panels, count, outputs, width);
#endif
  multiply_panels_anywhere(inputs, rows, pitch, depth, panels, count, outputs, width);
}
