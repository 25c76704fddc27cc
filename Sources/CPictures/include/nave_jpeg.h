// Writing JPEG files with libjpeg, whose errors leave by longjmp and must not pass through Swift.

#ifndef NAVE_JPEG_H
#define NAVE_JPEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Compresses a picture of 1 (grey) or 3 (RGB) bytes a pixel, rows from top to bottom without gaps.
///
/// `quality` is 1 to 100; `height` and `width` are 1 to 65500. Returns 0 and sets `file` to memory
/// of `file_bytes` bytes, which `nave_jpeg_free` gives back; or returns -1 and leaves both alone.
int nave_jpeg_encode(const uint8_t *pixels, unsigned height, unsigned width, int channels,
                     int quality, uint8_t **file, size_t *file_bytes);

/// Gives back the memory of a file; NULL is none.
void nave_jpeg_free(uint8_t *file);

#ifdef __cplusplus
}
#endif

#endif
