// Rows of evaluate_level of nets of colours.

#include forward/given_rows_sign
