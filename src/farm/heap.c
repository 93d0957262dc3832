#include "heap.h"

#include <stdlib.h>

bool ln_heap_init(struct ln_heap *heap, int most) {
    size_t room = (size_t)most + 1;
    *heap = (struct ln_heap){.item = malloc(room * sizeof(int)),
                             .place = malloc(room * sizeof(int)),
                             .key = malloc(room * sizeof(double))};
    if (!heap->item || !heap->place || !heap->key)
        return false;
    for (int i = 0; i < most; i++)
        heap->place[i] = -1;
    return true;
}

void ln_heap_clear(struct ln_heap *heap) {
    free(heap->item);
    free(heap->place);
    free(heap->key);
    *heap = (struct ln_heap){0};
}

static bool is_above(const struct ln_heap *heap, int a, int b) {
    double x = heap->key[a], y = heap->key[b];
    return x > y || (x == y && a < b);
}

static void seat(struct ln_heap *heap, int place, int number) {
    heap->item[place] = number;
    heap->place[number] = place;
}

static int rise(struct ln_heap *heap, int place, int number) {
    while (place > 0 && is_above(heap, number, heap->item[(place - 1) / 2])) {
        seat(heap, place, heap->item[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    return place;
}

static int sink(struct ln_heap *heap, int place, int number) {
    for (;;) {
        int child = 2 * place + 1;
        if (child + 1 < heap->n && is_above(heap, heap->item[child + 1], heap->item[child]))
            child++;
        if (child >= heap->n || is_above(heap, number, heap->item[child]))
            return place;
        seat(heap, place, heap->item[child]);
        place = child;
    }
}

void ln_heap_put(struct ln_heap *heap, int number, double key) {
    int place = heap->place[number] >= 0 ? heap->place[number] : heap->n++;
    heap->key[number] = key;
    place = sink(heap, rise(heap, place, number), number);
    seat(heap, place, number);
}

void ln_heap_remove(struct ln_heap *heap, int number) {
    int place = heap->place[number];
    if (place < 0)
        return;
    heap->place[number] = -1;
    int last = heap->item[--heap->n];
    if (last == number)
        return;
    place = sink(heap, rise(heap, place, last), last);
    seat(heap, place, last);
}

int ln_heap_top(const struct ln_heap *heap) {
    return heap->n > 0 ? heap->item[0] : -1;
}
