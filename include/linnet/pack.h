/* Numbers to bytes and back, field by field: what a run leaves behind for another one. Bytes that
 * are read may be anything: a reader never goes past their end, and says at the end whether it was
 * asked for more, or for less, than there was. */
#ifndef LINNET_PACK_H
#define LINNET_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as {0}. Ownership: ln_pack_clear. */
struct ln_pack {
    unsigned char *bytes;
    size_t size, room;
    bool is_bad; /* there was no memory: the bytes are of no use */
};

void ln_pack_int(struct ln_pack *pack, int64_t x);
void ln_pack_number(struct ln_pack *pack, double x);
void ln_pack_ints(struct ln_pack *pack, const int64_t *x, size_t n);
void ln_pack_numbers(struct ln_pack *pack, const double *x, size_t n);
void ln_pack_bytes(struct ln_pack *pack, const void *bytes, size_t size);
void ln_pack_text(struct ln_pack *pack, const char *text);
void ln_pack_clear(struct ln_pack *pack);

/* Begins as {bytes, size}. After the first read that does not fit, everything reads as zero. */
struct ln_unpack {
    const unsigned char *at;
    size_t left;
    bool is_bad;
};

int64_t ln_unpack_int(struct ln_unpack *unpack);
double ln_unpack_number(struct ln_unpack *unpack);
void ln_unpack_ints(struct ln_unpack *unpack, int64_t *x, size_t n);
void ln_unpack_numbers(struct ln_unpack *unpack, double *x, size_t n);
void ln_unpack_bytes(struct ln_unpack *unpack, void *bytes, size_t size);
bool ln_unpack_is_text(struct ln_unpack *unpack, const char *text); /* the next is this text */
bool ln_unpack_is_over(const struct ln_unpack *unpack); /* all was read, and it was all there */

#endif
