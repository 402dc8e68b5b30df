#ifndef PANELS
#define PANELS

#include <stddef.h>

enum { PANEL = 32 };

/* inputs [rows, depth] times panels [count, depth, PANEL], to outputs [rows, count * PANEL]. From one row to the next it is
   ``pitch`` numbers in the inputs, ``width`` in the outputs. */
void multiply_panels(
    const float *inputs, size_t rows, size_t pitch, size_t depth, const float *panels, size_t count, float *outputs,
    size_t width);

#endif
