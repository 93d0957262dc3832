/* The predictions: one line each; the entry lives in the file of the same name. */
LN_PREDICTION(minimum_sharpness)
LN_PREDICTION(step_limit)
