#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "../../src/farm/heap.h"

enum { MOST = 60 };

static int slow_top(const double *key) {
    int best = -1;
    for (int i = 0; i < MOST; i++)
        if (key[i] >= 0 && (best < 0 || key[i] > key[best]))
            best = i;
    return best;
}

static void the_top_is_that_of_a_slow_search_whatever_is_put_moved_and_removed(void **state) {
    (void)state;
    struct ln_heap heap;
    double key[MOST];
    assert_true(ln_heap_init(&heap, MOST));
    for (int i = 0; i < MOST; i++)
        key[i] = -1;
    assert_int_equal(ln_heap_top(&heap), -1);
    srand(3);
    for (int event = 0; event < 100000; event++) {
        int number = rand() % MOST;
        if (rand() % 3 == 0) {
            key[number] = -1;
            ln_heap_remove(&heap, number);
        } else {
            key[number] = rand() % 40; /* many are equal: the smaller number is on top */
            ln_heap_put(&heap, number, key[number]);
        }
        assert_int_equal(ln_heap_top(&heap), slow_top(key));
    }
    ln_heap_clear(&heap);
}

static void numbers_leave_in_order_of_their_keys(void **state) {
    (void)state;
    struct ln_heap heap;
    assert_true(ln_heap_init(&heap, 1000));
    for (int i = 0; i < 1000; i++)
        ln_heap_put(&heap, i, (i * 389) % 1000);
    for (int k = 999; k >= 0; k--) {
        int top = ln_heap_top(&heap);
        assert_int_equal((top * 389) % 1000, k);
        ln_heap_remove(&heap, top);
        ln_heap_remove(&heap, top); /* out already */
    }
    assert_int_equal(ln_heap_top(&heap), -1);
    ln_heap_clear(&heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_top_is_that_of_a_slow_search_whatever_is_put_moved_and_removed),
        cmocka_unit_test(numbers_leave_in_order_of_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
