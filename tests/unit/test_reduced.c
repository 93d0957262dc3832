/* Models that follow the product of a balanced network, against the network itself. */
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"
#include "make_net.h"
#include "near.h"

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

static const struct {
    int n_layers, widths[6];
} nets[] = {
    {1, {3, 2}},          {2, {2, 2, 2}},          {3, {4, 4, 5, 2}},
    {4, {3, 4, 1, 4, 3}}, {2, {5, 5, 1}},          {3, {1, 1, 1, 1}},
    {2, {2, 6, 3}},       {5, {2, 3, 3, 4, 3, 3}}, {3, {3, 1, 2, 2}},
};
enum { N_NETS = sizeof nets / sizeof nets[0] };

/* The same problem and start for `deep` and for a model of its product. */
static void make_pair(struct net *deep, struct net *other, const char *model, const char *init,
                      int i, bool has_moment) {
    struct net *both[] = {deep, other};
    for (int k = 0; k < 2; k++) {
        net_make(both[k], nets[i].widths, nets[i].n_layers, has_moment, 40 + (uint64_t)i);
        net_clear(both[k]);
        struct ln_point *point = &both[k]->point;
        if (k == 1) {
            int depth = nets[i].n_layers, least = 9;
            for (int j = 1; j < depth; j++)
                least = nets[i].widths[j] < least ? nets[i].widths[j] : least;
            point_choose(point, LN_MODEL, &ln_models, model);
            point_set_int(point, LN_MODEL, "depth", depth);
            if (depth > 1 && strcmp(model, "induced") == 0)
                point_set_int(point, LN_MODEL, "width", least);
        }
        point_choose(point, LN_INIT, &ln_inits, init);
        point_set_real(point, LN_INIT, "scale", 0.8);
        net_complete(both[k]);
    }
}

static void velocity_of(const struct net *net, double *out) {
    struct ln_shape alone = net->shape;
    struct ln_net view = net_view(net);
    alone.lanes = 1;
    struct ln_batch *batch = ln_batch_create(&alone);
    ln_batch_load(batch, 0, &view);
    alone.model->forward(batch);
    alone.model->velocity(batch, out);
    ln_batch_free(batch);
}

/* dP/dt of the layers' flow by central differences along it. */
static void velocity_of_product(const struct net *deep, double *out, int size) {
    struct ln_net view = net_view(deep);
    int n = deep->shape.n_weights;
    double *gradient = numbers(n), *moved = numbers(n), *before = numbers(size);
    ln_net_gradient(&view, gradient);
    for (int side = -1; side <= 1; side += 2) {
        for (int i = 0; i < n; i++)
            moved[i] = deep->weights[i] - side * 1e-5 * gradient[i];
        view = net_at(deep, moved);
        deep->shape.model->end_to_end(&view, side < 0 ? before : out);
    }
    for (int i = 0; i < size; i++)
        out[i] = (out[i] - before[i]) / 2e-5;
    free(before);
    free(moved);
    free(gradient);
}

static void the_induced_flow_is_that_of_the_product_of_balanced_layers(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_NETS; i++) {
        struct net deep, induced;
        make_pair(&deep, &induced, "induced", "balanced", i / 2, i % 2);
        int size = induced.shape.n_weights;
        double *right = numbers(size), *velocity = numbers(size);
        velocity_of_product(&deep, right, size);
        velocity_of(&induced, velocity);
        for (int k = 0; k < size; k++)
            assert_near(velocity[k], right[k], 1e-7 * (1 + fabs(right[k])));
        free(velocity);
        free(right);
        net_clear(&deep);
        net_clear(&induced);
    }
}

/* The thin SVD of W is as good as the full one: with the powers of all singular values written out,
 * the zero ones included. */
static void powers_of_zero_singular_values_are_one(void **state) {
    (void)state;
    static const double target[] = {1, 2, 3, 4, 5, 7}, w[] = {0.5, 0, 0, 0, 0, 0};
    struct net net;
    double velocity[6];
    net_begin(&net, target, 2, 3, 2);
    point_choose(&net.point, LN_MODEL, &ln_models, "induced");
    point_set_int(&net.point, LN_MODEL, "depth", 3);
    point_choose(&net.point, LN_INIT, &ln_inits, "balanced");
    net_complete(&net);
    memcpy(net.weights, w, sizeof w);
    velocity_of(&net, velocity);
    double q = pow(0.5, 4.0 / 3); /* entries (1,1): 3 q, first row and column: q, rest: 0 */
    const double right[] = {3 * q * 0.5, q * 2, q * 3, q * 4, 0, 0};
    assert_near(near_distance(velocity, right, 6), 0, 1e-14);
    net_clear(&net);
}

static void the_flow_of_one_neuron_is_that_of_its_layers(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_NETS; i++) {
        const int *d = nets[i / 2].widths;
        int depth = nets[i / 2].n_layers, m = d[depth], n = d[0];
        if (depth == 1)
            continue;
        struct net deep, one;
        make_pair(&deep, &one, "one_neuron", "rank_one", i / 2, i % 2);
        double *right = numbers(m * n), *velocity = numbers(1 + m + n), *w = one.weights;
        velocity_of_product(&deep, right, m * n);
        velocity_of(&one, velocity);
        for (int a = 0; a < m; a++)
            for (int b = 0; b < n; b++) {
                const double *u = w + 1, *v = w + 1 + m, *du = velocity + 1, *dv = du + m;
                double moved = velocity[0] * u[a] * v[b] + w[0] * (du[a] * v[b] + u[a] * dv[b]);
                assert_near(moved, right[a * n + b], 1e-7 * (1 + fabs(moved)));
            }
        free(velocity);
        free(right);
        net_clear(&deep);
        net_clear(&one);
    }
}

static void check_gradient(const struct net *net) {
    struct ln_net view = net_view(net);
    int n = net->shape.n_weights;
    double *gradient = numbers(n), *moved = numbers(n), *unused = numbers(n);
    ln_net_gradient(&view, gradient);
    memcpy(moved, net->weights, (size_t)n * sizeof *moved);
    for (int i = 0; i < n; i++) {
        struct ln_net at = net_at(net, moved);
        moved[i] = net->weights[i] + 1e-5;
        double above = ln_net_gradient(&at, unused);
        moved[i] = net->weights[i] - 1e-5;
        double below = ln_net_gradient(&at, unused);
        moved[i] = net->weights[i];
        assert_near(gradient[i], (above - below) / 2e-5, 1e-7 * (1 + fabs(gradient[i])));
    }
    free(unused);
    free(moved);
    free(gradient);
}

static void gradients_agree_with_central_differences(void **state) {
    (void)state;
    for (int i = 0; i < 4 * N_NETS; i++) {
        const char *model = i % 2 ? "induced" : "one_neuron";
        struct net deep, net;
        if (i % 2 == 0 && nets[i / 4].n_layers == 1)
            continue;
        make_pair(&deep, &net, model, "rank_one", i / 4, i / 2 % 2);
        check_gradient(&net);
        net_clear(&deep);
        net_clear(&net);
    }
}

/* Both models in all lanes at once give what they give alone. */
static void lanes_do_not_mix(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        const char *model = i % 2 ? "induced" : "one_neuron";
        struct net deep, net;
        make_pair(&deep, &net, model, "rank_one", 2, i / 2);
        int n = net.shape.n_weights, lanes = net.shape.lanes;
        double *alone = numbers(n), *packed = numbers(n * lanes);
        struct ln_batch *batch = ln_batch_create(&net.shape);
        struct ln_net view = net_view(&net);
        assert_int_equal(lanes, LN_LANES);
        velocity_of(&net, alone);
        ln_batch_load(batch, 5, &view);
        net.shape.model->forward(batch);
        net.shape.model->velocity(batch, packed);
        for (int k = 0; k < n; k++)
            assert_near(packed[k * lanes + 5], alone[k], 1e-14 * (1 + fabs(alone[k])));
        ln_batch_free(batch);
        free(packed);
        free(alone);
        net_clear(&deep);
        net_clear(&net);
    }
}

static void a_rank_one_start_is_exactly_balanced_and_has_the_product_asked_for(void **state) {
    (void)state;
    for (int i = 1; i < N_NETS; i++) {
        struct net deep, one;
        make_pair(&deep, &one, "one_neuron", "rank_one", i, false);
        const int *d = nets[i].widths;
        int size = d[nets[i].n_layers] * d[0];
        double *p = numbers(size), *right = numbers(size), *s = numbers(6);
        struct ln_net a = net_view(&deep), b = net_view(&one);
        a.shape->model->end_to_end(&a, p);
        b.shape->model->end_to_end(&b, right);
        assert_near(near_distance(p, right, size), 0, 1e-15);
        assert_near(one.weights[0], 0.8, 1e-15);
        for (int j = 1; j <= nets[i].n_layers; j++) { /* every layer has rank one, norm s^{1/N} */
            ln_svd(NULL, s, NULL, deep.weights + deep.shape.offset[j - 1], d[j], d[j - 1]);
            assert_near(s[0], pow(0.8, 1.0 / nets[i].n_layers), 1e-15);
            assert_near(d[j] > 1 && d[j - 1] > 1 ? s[1] : 0, 0, 1e-15);
        }
        free(s);
        free(right);
        free(p);
        net_clear(&deep);
        net_clear(&one);
    }
}

static void begin_plane(struct net *net) {
    static const double target[] = {2, 0, 0, 0, 1, 0};
    net_begin(net, target, 2, 3, 3);
    point_choose(&net->point, LN_MODEL, &ln_models, "one_neuron");
    point_choose(&net->point, LN_INIT, &ln_inits, "rank_one");
}

static void directions_are_normalised_and_angles_turn_the_first_axis(void **state) {
    (void)state;
    static const double v[] = {8, 5, 3};
    struct net net;
    begin_plane(&net);
    point_set_real(&net.point, LN_INIT, "left_angle", 0.25);
    point_set_reals(&net.point, LN_INIT, "right", v, 3);
    net_complete(&net);
    assert_near(net.weights[1], sqrt(0.5), 1e-15);
    assert_near(net.weights[2], sqrt(0.5), 1e-15);
    for (int k = 0; k < 3; k++)
        assert_near(net.weights[3 + k], v[k] / sqrt(98), 1e-15);
    net_clear(&net);
}

static void check_refused(struct net *net, const char *where) {
    struct ln_err err = {0};
    struct ln_shape shape;
    assert_int_equal(ln_shape_of(&net->point, &shape, &err), LN_OK);
    assert_int_equal(ln_init_check(&net->point, &shape, &err), LN_INPUT);
    assert_string_equal(err.where, where);
}

static void directions_that_are_none_are_refused(void **state) {
    (void)state;
    static const double zero[] = {0, 0, 0};
    struct net net;
    begin_plane(&net);
    point_set_reals(&net.point, LN_INIT, "right", zero, 3);
    check_refused(&net, "model.init.right");
    begin_plane(&net);
    point_set_reals(&net.point, LN_INIT, "left", zero, 3);
    check_refused(&net, "model.init.left");
    begin_plane(&net);
    point_set_reals(&net.point, LN_INIT, "left", (const double[]){1, 1}, 2);
    point_set_real(&net.point, LN_INIT, "left_angle", 0.5);
    check_refused(&net, "model.init.left");
    begin_plane(&net);
    point_choose(&net.point, LN_INIT, &ln_inits, "gaussian");
    check_refused(&net, "model.init.kind");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_induced_flow_is_that_of_the_product_of_balanced_layers),
        cmocka_unit_test(powers_of_zero_singular_values_are_one),
        cmocka_unit_test(the_flow_of_one_neuron_is_that_of_its_layers),
        cmocka_unit_test(gradients_agree_with_central_differences),
        cmocka_unit_test(lanes_do_not_mix),
        cmocka_unit_test(a_rank_one_start_is_exactly_balanced_and_has_the_product_asked_for),
        cmocka_unit_test(directions_are_normalised_and_angles_turn_the_first_axis),
        cmocka_unit_test(directions_that_are_none_are_refused),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
