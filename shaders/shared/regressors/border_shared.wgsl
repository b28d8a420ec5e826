// Order of the border's colours.

#include regressors/border_one_hot
