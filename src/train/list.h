/* The algorithms: one line each; the entry lives in the file of the same name. */
LN_ALGORITHM(gd)
LN_ALGORITHM(flow)
LN_ALGORITHM(step_and_project)
LN_ALGORITHM(power_projection)
LN_ALGORITHM(sgd)
