// See nave_jpeg.h.

#include "nave_jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

struct error_exit {
    struct jpeg_error_mgr manager;
    jmp_buf place;
};

static void leave(j_common_ptr compressor)
{
    longjmp(((struct error_exit *)compressor->err)->place, 1);
}

static void be_silent(j_common_ptr compressor)
{
    (void)compressor;
}

// Everything that changes after setjmp lies behind a pointer, so that longjmp finds it as it is.
struct target {
    unsigned char *bytes;
    unsigned long count;
};

static int encode(const uint8_t *pixels, unsigned height, unsigned width, int channels, int quality,
                  struct target *target)
{
    struct jpeg_compress_struct compressor;
    struct error_exit error;
    compressor.err = jpeg_std_error(&error.manager);
    error.manager.error_exit = leave;
    error.manager.output_message = be_silent;
    if (setjmp(error.place) != 0) {
        jpeg_destroy_compress(&compressor);
        return -1;
    }
    jpeg_create_compress(&compressor);
    jpeg_mem_dest(&compressor, &target->bytes, &target->count);
    compressor.image_height = height;
    compressor.image_width = width;
    compressor.input_components = channels;
    compressor.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&compressor);
    jpeg_set_quality(&compressor, quality, TRUE);
    jpeg_start_compress(&compressor, TRUE);
    size_t row_bytes = (size_t)width * (size_t)channels;
    while (compressor.next_scanline < height) {
        JSAMPROW row = (JSAMPROW)(pixels + (size_t)compressor.next_scanline * row_bytes);
        jpeg_write_scanlines(&compressor, &row, 1);
    }
    jpeg_finish_compress(&compressor);
    jpeg_destroy_compress(&compressor);
    return 0;
}

int nave_jpeg_encode(const uint8_t *pixels, unsigned height, unsigned width, int channels,
                     int quality, uint8_t **file, size_t *file_bytes)
{
    struct target target = {NULL, 0};
    if (encode(pixels, height, width, channels, quality, &target) != 0) {
        free(target.bytes);
        return -1;
    }
    *file = target.bytes;
    *file_bytes = target.count;
    return 0;
}

void nave_jpeg_free(uint8_t *file)
{
    free(file);
}
