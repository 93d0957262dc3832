#include "linnet/pack.h"

#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are packed as they stand in memory; packed bytes are little-endian"
#endif

static bool make_room(struct ln_pack *pack, size_t more) {
    size_t room = pack->room;
    while (room - pack->size < more)
        room = 2 * room + 256;
    unsigned char *bytes = room == pack->room ? pack->bytes : realloc(pack->bytes, room);
    pack->is_bad |= !bytes;
    if (pack->is_bad)
        return false;
    pack->bytes = bytes;
    pack->room = room;
    return true;
}

void ln_pack_bytes(struct ln_pack *pack, const void *bytes, size_t size) {
    if (size == 0 || pack->is_bad || !make_room(pack, size))
        return;
    memcpy(pack->bytes + pack->size, bytes, size);
    pack->size += size;
}

void ln_pack_int(struct ln_pack *pack, int64_t x) {
    ln_pack_bytes(pack, &x, sizeof x);
}

void ln_pack_number(struct ln_pack *pack, double x) {
    ln_pack_bytes(pack, &x, sizeof x);
}

void ln_pack_ints(struct ln_pack *pack, const int64_t *x, size_t n) {
    ln_pack_bytes(pack, x, n * sizeof *x);
}

void ln_pack_numbers(struct ln_pack *pack, const double *x, size_t n) {
    ln_pack_bytes(pack, x, n * sizeof *x);
}

void ln_pack_text(struct ln_pack *pack, const char *text) {
    ln_pack_int(pack, (int64_t)strlen(text));
    ln_pack_bytes(pack, text, strlen(text));
}

void ln_pack_clear(struct ln_pack *pack) {
    free(pack->bytes);
    *pack = (struct ln_pack){0};
}

void ln_unpack_bytes(struct ln_unpack *unpack, void *bytes, size_t size) {
    unpack->is_bad |= unpack->left < size;
    if (size == 0)
        return;
    if (unpack->is_bad) {
        memset(bytes, 0, size);
        return;
    }
    memcpy(bytes, unpack->at, size);
    unpack->at += size;
    unpack->left -= size;
}

int64_t ln_unpack_int(struct ln_unpack *unpack) {
    int64_t x;
    ln_unpack_bytes(unpack, &x, sizeof x);
    return x;
}

double ln_unpack_number(struct ln_unpack *unpack) {
    double x;
    ln_unpack_bytes(unpack, &x, sizeof x);
    return x;
}

void ln_unpack_ints(struct ln_unpack *unpack, int64_t *x, size_t n) {
    ln_unpack_bytes(unpack, x, n * sizeof *x);
}

void ln_unpack_numbers(struct ln_unpack *unpack, double *x, size_t n) {
    ln_unpack_bytes(unpack, x, n * sizeof *x);
}

bool ln_unpack_is_text(struct ln_unpack *unpack, const char *text) {
    size_t size = strlen(text);
    unpack->is_bad |= ln_unpack_int(unpack) != (int64_t)size || unpack->left < size;
    unpack->is_bad |= !unpack->is_bad && memcmp(unpack->at, text, size) != 0;
    if (unpack->is_bad)
        return false;
    unpack->at += size;
    unpack->left -= size;
    return true;
}

bool ln_unpack_is_over(const struct ln_unpack *unpack) {
    return !unpack->is_bad && unpack->left == 0;
}
