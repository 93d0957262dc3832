#include <stdlib.h>
#include <string.h>

#include "linnet/balance.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "make_net.h"
#include "near.h"

static const double phi[] = {1, 2, 3, 4, 5, 6}; /* 2 x 3 */

/* A network 3-3-...-2 with the initialisation named. */
static void begin(struct net *net, int depth, const char *init) {
    net_begin(net, phi, 2, 3, depth);
    point_choose(&net->point, LN_INIT, &ln_inits, init);
}

static void the_identity_start_is_alpha_on_the_diagonal_of_every_layer(void **state) {
    (void)state;
    static const double right[] = {0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0.5, 0};
    struct net net;
    begin(&net, 2, "identity");
    point_set_real(&net.point, LN_INIT, "scale", 0.5);
    net_complete(&net);
    assert_near(near_distance(net.weights, right, 15), 0, 0);
    net_clear(&net);
}

static void the_scale_of_the_product_is_that_of_the_end_to_end_matrix(void **state) {
    (void)state;
    static const double right[] = {0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0.5, 0};
    struct net net;
    struct ln_err err = {0};
    begin(&net, 2, "identity");
    point_set_real(&net.point, LN_INIT, "scale", 0.25);
    point_set_word(&net.point, LN_INIT, "scale_of", "product");
    net_complete(&net);
    assert_near(near_distance(net.weights, right, 15), 0, 0);
    point_set_real(&net.point, LN_INIT, "scale", -0.25);
    assert_int_equal(ln_init_check(&net.point, &net.shape, &err), LN_INPUT);
    assert_string_equal(err.where, "model.init.scale");
    net_clear(&net);
}

static void the_zero_asymmetric_start_is_the_identity_below_a_last_layer_of_zeros(void **state) {
    (void)state;
    static const double right[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    struct net net;
    begin(&net, 2, "zero_asymmetric");
    net_complete(&net);
    assert_near(near_distance(net.weights, right, 15), 0, 0);
    net_clear(&net);
}

/* Standard deviation of layer j of a wide Gaussian start. */
static double spread(const struct net *net, int j) {
    int first = net->shape.offset[j - 1], n = net->shape.offset[j] - first;
    return ln_norm(net->weights + first, (size_t)n) / sqrt((double)n);
}

static void a_gaussian_start_has_the_standard_deviation_of_its_rule(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        double first, second;
    } rules[] = {
        {"unit", 0.5, 0.5},
        {"fan_in", 0.2886751345948129, 0.035355339059327376}, /* 0.5/sqrt(3), .../sqrt(200) */
        {"power", 0.0094015113, 0.0094015113}};               /* 0.5 * 200^(-0.75) */
    for (int i = 0; i < 3; i++) {
        struct net net;
        begin(&net, 3, "gaussian");
        point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){200}, 1);
        point_set_real(&net.point, LN_INIT, "scale", 0.5);
        if (strcmp(rules[i].rule, "power") == 0)
            point_set_real(&net.point, LN_INIT, "gamma", 1.5);
        point_set_word(&net.point, LN_INIT, "std", rules[i].rule);
        net_complete(&net);
        assert_near(spread(&net, 1) / rules[i].first, 1, 4.5 / sqrt(2.0 * 600));
        assert_near(spread(&net, 2) / rules[i].second, 1, 4.5 / sqrt(2.0 * 40000));
        net_clear(&net);
    }
}

static void a_random_start_draws_the_same_numbers_at_every_scale(const char *init) {
    struct net one, small;
    begin(&one, 3, init);
    begin(&small, 3, init);
    point_set_real(&small.point, LN_INIT, "scale", 0x1p-20);
    net_complete(&one);
    net_complete(&small);
    for (int i = 0; i < one.shape.n_weights; i++)
        assert_true(small.weights[i] == 0x1p-20 * one.weights[i]);
    net_clear(&small);
    net_clear(&one);
}

static void gaussian_and_orthogonal_starts_draw_the_same_numbers_at_every_scale(void **state) {
    (void)state;
    a_random_start_draws_the_same_numbers_at_every_scale("gaussian");
    a_random_start_draws_the_same_numbers_at_every_scale("orthogonal");
    a_random_start_draws_the_same_numbers_at_every_scale("isometries");
}

static void a_random_start_follows_the_seed_of_the_start_and_not_of_the_data(void **state) {
    (void)state;
    static const char *const inits[] = {"gaussian", "orthogonal", "balanced", "isometries"};
    for (int i = 0; i < 4; i++) {
        struct net net, data, other;
        begin(&net, 2, inits[i]);
        begin(&data, 2, inits[i]);
        begin(&other, 2, inits[i]);
        data.point.seed[LN_STREAM_DATA] = 8;
        other.point.seed[LN_STREAM_INIT] = 8;
        net_complete(&net);
        net_complete(&data);
        net_complete(&other);
        assert_memory_equal(net.weights, data.weights, 15 * sizeof(double));
        assert_true(near_distance(net.weights, other.weights, 15) > 0.05);
        net_clear(&other);
        net_clear(&data);
        net_clear(&net);
    }
}

static void isometries_are_balanced_and_of_the_least_width(void **state) {
    (void)state;
    struct net net;
    begin(&net, 3, "isometries");
    point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){4, 3}, 2);
    point_set_real(&net.point, LN_INIT, "scale", 1.5);
    net_complete(&net);
    for (int j = 1; j <= 3; j++) {
        double s[4];
        int rows = net.shape.widths[j], cols = net.shape.widths[j - 1];
        ln_svd(NULL, s, NULL, net.weights + net.shape.offset[j - 1], rows, cols);
        for (int k = 0; k < rows && k < cols; k++)
            assert_near(s[k], k < 2 ? 1.5 : 0, 1e-14);
    }
    assert_near(ln_balance_constant(&net.shape, net.weights), 0, 1e-14);
    net_clear(&net);
}

static void an_orthogonal_start_has_all_singular_values_at_the_scale(void **state) {
    (void)state;
    struct net net;
    begin(&net, 4, "orthogonal");
    point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){4, 2, 5}, 3);
    point_set_real(&net.point, LN_INIT, "scale", 1.5);
    net_complete(&net);
    for (int j = 1; j <= 4; j++) {
        int rows = net.shape.widths[j], cols = net.shape.widths[j - 1];
        double s[5];
        ln_svd(NULL, s, NULL, net.weights + net.shape.offset[j - 1], rows, cols);
        for (int k = 0; k < rows && k < cols; k++)
            assert_near(s[k], 1.5, 1e-13);
    }
    net_clear(&net);
}

static void a_balanced_start_multiplies_to_scale_times_the_given_product(void **state) {
    (void)state;
    static const double product[] = {2, 0, 1, -1, 1, 1};
    static const struct ln_matrix given = {2, 3, product};
    struct net net;
    double p[6];
    begin(&net, 3, "balanced");
    point_set_matrices(&net.point, LN_INIT, "product", &given, 1);
    point_set_real(&net.point, LN_INIT, "scale", 0.1);
    net_complete(&net);
    struct ln_net view = net_view(&net);
    net.shape.model->end_to_end(&view, p);
    for (int i = 0; i < 6; i++)
        assert_near(p[i], 0.1 * product[i], 1e-14);
    net_clear(&net);
}

static void given_weights_are_taken_layer_by_layer(void **state) {
    (void)state;
    static const double a[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, b[] = {-1, -2, -3, -4, -5, -6};
    static const struct ln_matrix layers[] = {{3, 3, a}, {2, 3, b}};
    static const double right[] = {2, 4, 6, 8, 10, 12, 14, 16, 18, -2, -4, -6, -8, -10, -12};
    struct net net;
    struct ln_err err = {0};
    begin(&net, 2, "weights");
    point_set_matrices(&net.point, LN_INIT, "layers", layers, 2);
    point_set_real(&net.point, LN_INIT, "scale", 2);
    net_complete(&net);
    assert_int_equal(ln_init_check(&net.point, &net.shape, &err), LN_OK);
    assert_near(near_distance(net.weights, right, 15), 0, 0);
    net_clear(&net);
}

/* The noise is that of a Gaussian start with the same seed: twice the size, the same direction. */
static void a_perturbation_adds_its_multiple_of_the_seeded_normals(void **state) {
    (void)state;
    static const double a[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, b[] = {-1, -2, -3, -4, -5, -6};
    static const struct ln_matrix layers[] = {{3, 3, a}, {2, 3, b}};
    struct net noise, net;
    begin(&noise, 2, "gaussian");
    net_complete(&noise);
    for (int i = 1; i <= 2; i++) {
        begin(&net, 2, "weights");
        point_set_matrices(&net.point, LN_INIT, "layers", layers, 2);
        point_set_real(&net.point, LN_INIT, "scale", 3);
        point_set_real(&net.point, LN_INIT, "perturbation", 0.01 * i);
        net_complete(&net);
        for (int k = 0; k < 15; k++)
            assert_near(net.weights[k], 3 * (k < 9 ? a[k] : b[k - 9]) + 0.01 * i * noise.weights[k],
                        1e-14);
        net_clear(&net);
    }
    net_clear(&noise);
}

static void expect_misfit(struct net *net, const char *key, const char *word) {
    struct ln_err err = {0};
    assert_int_equal(ln_shape_of(&net->point, &net->shape, &err), LN_OK);
    assert_int_equal(ln_init_check(&net->point, &net->shape, &err), LN_INPUT);
    assert_string_equal(err.where, key);
    assert_non_null(strstr(err.text, word));
}

static void matrices_that_do_not_fit_the_shape_are_an_error_that_names_the_key(void **state) {
    (void)state;
    static const struct ln_matrix layers[] = {{3, 3, phi}, {3, 2, phi}}, transposed = {3, 2, phi};
    struct net net;
    begin(&net, 3, "weights");
    point_set_matrices(&net.point, LN_INIT, "layers", layers, 2);
    expect_misfit(&net, "model.init.layers", "2 matrices do not fit depth 3");
    begin(&net, 2, "weights");
    point_set_matrices(&net.point, LN_INIT, "layers", layers, 2);
    expect_misfit(&net, "model.init.layers", "W_2 is 3 x 2");
    begin(&net, 2, "balanced");
    point_set_matrices(&net.point, LN_INIT, "product", &transposed, 1);
    expect_misfit(&net, "model.init.product", "3 x 2");
}

/* What sweeps and documents rely on, for whatever the catalogues hold. */
static void every_entry_of_every_catalogue_is_documented_and_inits_have_a_scale(void **state) {
    (void)state;
    const struct ln_catalogue *const catalogues[] = {&ln_problems, &ln_models, &ln_inits};
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < catalogues[c]->n_entries; i++) {
            const struct ln_entry *entry = catalogues[c]->entries[i];
            bool has_scale = false;
            assert_ptr_equal(ln_catalogue_find(catalogues[c], entry->name), entry);
            assert_true(entry->doc && strlen(entry->doc) > 10);
            assert_true(entry->n_params <= LN_MAX_PARAMS);
            for (int k = 0; k < entry->n_params; k++) {
                assert_true(entry->params[k].doc && strlen(entry->params[k].doc) > 3);
                assert_true(!entry->params[k].choices == (entry->params[k].type != LN_CHOICE));
                has_scale = has_scale || strcmp(entry->params[k].name, "scale") == 0;
            }
            assert_true(has_scale || catalogues[c] != &ln_inits);
        }
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_identity_start_is_alpha_on_the_diagonal_of_every_layer),
        cmocka_unit_test(the_scale_of_the_product_is_that_of_the_end_to_end_matrix),
        cmocka_unit_test(the_zero_asymmetric_start_is_the_identity_below_a_last_layer_of_zeros),
        cmocka_unit_test(a_gaussian_start_has_the_standard_deviation_of_its_rule),
        cmocka_unit_test(gaussian_and_orthogonal_starts_draw_the_same_numbers_at_every_scale),
        cmocka_unit_test(a_random_start_follows_the_seed_of_the_start_and_not_of_the_data),
        cmocka_unit_test(isometries_are_balanced_and_of_the_least_width),
        cmocka_unit_test(an_orthogonal_start_has_all_singular_values_at_the_scale),
        cmocka_unit_test(a_balanced_start_multiplies_to_scale_times_the_given_product),
        cmocka_unit_test(given_weights_are_taken_layer_by_layer),
        cmocka_unit_test(a_perturbation_adds_its_multiple_of_the_seeded_normals),
        cmocka_unit_test(matrices_that_do_not_fit_the_shape_are_an_error_that_names_the_key),
        cmocka_unit_test(every_entry_of_every_catalogue_is_documented_and_inits_have_a_scale),
    };
    return cmocka_run_group_tests_name("init", tests, start, NULL);
}
