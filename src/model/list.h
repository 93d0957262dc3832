/* The models and the initialisations: one line each; the entry lives in the file of the same name.
 */
#ifdef LN_MODEL
LN_MODEL(deep)
LN_MODEL(diagonal)
LN_MODEL(induced)
LN_MODEL(one_neuron)
#endif
#ifdef LN_INIT
LN_INIT(identity)
LN_INIT(gaussian)
LN_INIT(balanced)
LN_INIT(rank_one)
LN_INIT(orthogonal)
LN_INIT(isometries)
LN_INIT(zero_asymmetric)
LN_INIT(weights)
LN_INIT(diagonal)
#endif
