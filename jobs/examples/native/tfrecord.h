/* Framing of a record in a TFRecord file. */
#ifndef COVID_CTL_TFRECORD_H
#define COVID_CTL_TFRECORD_H

#include <stdint.h>

#define FRAME_HEADER 12 /* bytes before the data: length, its checksum */

/* Completes the frame that begins at `frame` around data that stands at frame + FRAME_HEADER and ends at
 * `end`. Returns where the frame ends.
 */
uint8_t *framed(uint8_t *frame, uint8_t *end);

#endif
