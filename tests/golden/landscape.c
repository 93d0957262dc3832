#include "landscape.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/train.h"

void place_open(struct place *place, const char *text) {
    struct ln_err err = {0};
    memset(place, 0, sizeof *place);
    int status =
        ln_sweep_parse("text.yaml", text, strlen(text), NULL, 0, NULL, &place->sweep, &err);
    if (status != LN_OK)
        fail_msg("%s", err.text);
    place->point = ln_linalg_alloc(1, sizeof *place->point);
    ln_sweep_point(place->sweep, 0, place->point);
    status = ln_train_shape(place->point, &place->shape, &err);
    if (status == LN_OK)
        status = ln_init_check(place->point, &place->shape, &err);
    if (status == LN_OK)
        status = ln_problem_create(place->point, &place->problem, &err);
    if (status != LN_OK)
        fail_msg("%s", err.text);
    place->weights = ln_linalg_alloc(place->shape.n_state, sizeof(double));
    place->constants = ln_linalg_alloc(place->shape.n_constants, sizeof(double));
    ln_constants_of(place->point, &place->shape, place->problem, place->constants);
    ln_init_fill(place->point, &place->shape, place->weights);
    place->net = (struct ln_net){&place->shape, place->problem, place->constants, place->weights};
}

void place_clear(struct place *place) {
    free(place->constants);
    free(place->weights);
    ln_problem_free(place->problem);
    free(place->point);
    ln_sweep_free(place->sweep);
}

double *place_spectrum(const struct ln_net *net) {
    int n = net->shape->n_weights;
    double *hessian = ln_linalg_alloc((size_t)n * n, sizeof *hessian),
           *w = ln_linalg_alloc(n, sizeof *w);
    net->shape->model->hessian(net, hessian);
    ln_sym_eig(w, NULL, hessian, n);
    free(hessian);
    return w;
}
