/* The predictions: one line each. LN_PREDICTION(name) lives in name.c; the predictions of one
 * theorem share a file, LN_PREDICTION_OF(file, name). */
LN_PREDICTION(minimum_sharpness)
LN_PREDICTION(step_limit)
