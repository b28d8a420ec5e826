// Pairs of equal border colours. Needs regressors.

#include regressors/products_sign
