/* The problems: one line each; the entry lives in the file of the same name. */
LN_PROBLEM(target)
LN_PROBLEM(low_rank)
LN_PROBLEM(rotation_spd)
LN_PROBLEM(data)
LN_PROBLEM(teacher)
LN_PROBLEM(isometry)
