#include "made_sweep.h"

#include <math.h>
#include <string.h>

static const double depths[] = {2, 3, 4};
static const char *const depth_texts[] = {"2", "3", "4"};
static const double scales[] = {0.001, 0.01, 0.1, 1.0};
static const char *const scale_texts[] = {"0.001", "0.01", "0.1", "1"};
static const char *const kinds[] = {"gaussian", "identité"};
static const double widths[] = {5, 10};
static const char *const width_texts[] = {"5", "10"};
static const char *const spectra[] = {"[2, 1]", "[3, 2, 1]"};

static const struct ln_coord depth = {.name = "depth",
                                      .key = "model.depth",
                                      .doc = "Number of factors.",
                                      .type = LN_INT,
                                      .numbers = depths,
                                      .texts = depth_texts};
static const struct ln_coord scale = {.name = "init_scale",
                                      .key = "model.init.scale",
                                      .doc = "Scale of the start.",
                                      .type = LN_REAL,
                                      .numbers = scales,
                                      .texts = scale_texts};
static const struct ln_coord kind = {.name = "init_kind",
                                     .key = "model.init.kind",
                                     .doc = "Initialisation.",
                                     .type = LN_CHOICE,
                                     .texts = kinds};
static const struct ln_coord shape[] = {{.name = "width",
                                         .key = "model.width",
                                         .doc = "Hidden width.",
                                         .type = LN_INT,
                                         .numbers = widths,
                                         .texts = width_texts},
                                        {.name = "spectrum",
                                         .key = "problem.spectrum",
                                         .doc = "Singular values of the target.",
                                         .type = LN_REALS,
                                         .texts = spectra}};
static const struct ln_axis axes[] = {
    {.name = "depth", .count = 3, .n_coords = 1, .coords = &depth},
    {.name = "init_scale", .count = 4, .n_coords = 1, .coords = &scale, .is_log = true},
    {.name = "init_kind", .count = 2, .n_coords = 1, .coords = &kind},
    {.name = "shape", .count = 2, .n_coords = 2, .coords = shape},
};

struct ln_sweep made_sweep(void) {
    return (struct ln_sweep){
        .name = "made",
        .text = "linnet: 1\nname: made # a comment\n",
        .sets = "train.max_steps=10\ntrain.step_size=0.1",
        .canonical = "name = made\ntrain.max_steps = 10\ntrain.step_size = 0.1\n",
        .n_axes = 4,
        .axes = axes,
    };
}

struct ln_sweep made_point(void) {
    return (struct ln_sweep){
        .name = "one point", .text = "linnet: 1\n", .sets = "", .canonical = "name = one\n"};
}

static const int64_t steps[] = {0, 1, 10, 100, 1000};
static const int64_t modes[] = {1, 2};
static const char *const labels[] = {"converged", "diverged", "slow"};
static const char *const tags[] = {"oscillating", "catapult"};

struct ln_layout made_layout(void) {
    struct ln_layout layout = {
        .n_dims = 2,
        .n_columns = 7,
        .dims = {{.name = "record",
                  .size = 5,
                  .coord_name = "record_step",
                  .coord = steps,
                  .units = "1",
                  .doc = "Steps at which the series are recorded."},
                 {.name = "mode",
                  .size = 2,
                  .coord_name = "mode",
                  .coord = modes,
                  .doc = "Singular value."}},
        .columns =
            {{.name = "label", .type = LN_I8, .doc = "Outcome.", .flags = labels, .n_flags = 3},
             {.name = "tags", .type = LN_I32, .doc = "What was seen.", .flags = tags, .n_flags = 2},
             {.name = "steps", .type = LN_I64, .doc = "Steps run.", .source = "A paper, Theorem 1"},
             {.name = "final_loss",
              .type = LN_F64,
              .long_name = "final loss",
              .units = "1",
              .doc = "Loss."},
             {.name = "singular_values",
              .type = LN_F64,
              .n_extra = 1,
              .extra = {1},
              .doc = "Of the product."},
             {.name = "loss_series",
              .type = LN_F64,
              .n_extra = 1,
              .extra = {0},
              .doc = "Loss over time."},
             {.name = "singular_values_series",
              .type = LN_F64,
              .n_extra = 2,
              .extra = {0, 1},
              .doc = "Over time."}},
    };
    ln_layout_finish(&layout);
    return layout;
}

void made_row(const struct ln_layout *layout, int64_t cell, unsigned char *row) {
    memset(row, 0xAA, layout->row_bytes); /* the padding must not matter */
    for (int c = 0; c < layout->n_columns; c++) {
        const struct ln_column *column = &layout->columns[c];
        for (int64_t i = 0; i < ln_column_elements(layout, column); i++) {
            unsigned char *at = row + column->offset + (size_t)i * ln_ctype_bytes(column->type);
            int8_t small = (int8_t)(cell % 3);
            int32_t mask = (int32_t)(cell % 4);
            int64_t count = cell * 100;
            double number = cell == 7 ? (double)NAN : 16.0 * (double)cell + 0.25 * (double)i;
            const void *from = column->type == LN_I8    ? (const void *)&small
                               : column->type == LN_I32 ? (const void *)&mask
                               : column->type == LN_I64 ? (const void *)&count
                                                        : (const void *)&number;
            memcpy(at, from, ln_ctype_bytes(column->type));
        }
    }
}

const char *ln_sweep_name(const struct ln_sweep *sweep) {
    return sweep->name;
}

const char *ln_sweep_text(const struct ln_sweep *sweep, size_t *size) {
    *size = strlen(sweep->text);
    return sweep->text;
}

const char *ln_sweep_sets(const struct ln_sweep *sweep) {
    return sweep->sets;
}

const char *ln_sweep_canonical(const struct ln_sweep *sweep) {
    return sweep->canonical;
}

int ln_sweep_n_axes(const struct ln_sweep *sweep) {
    return sweep->n_axes;
}

const struct ln_axis *ln_sweep_axis(const struct ln_sweep *sweep, int axis) {
    return &sweep->axes[axis];
}

int64_t ln_sweep_n_cells(const struct ln_sweep *sweep) {
    int64_t n = 1;
    for (int i = 0; i < sweep->n_axes; i++)
        n *= sweep->axes[i].count;
    return n;
}

bool ln_sweep_point(const struct ln_sweep *sweep, int64_t cell, struct ln_point *point) {
    point->id = cell;
    return !sweep->has_where || cell % 5 != 3;
}
