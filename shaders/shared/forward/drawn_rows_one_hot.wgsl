// Rows of sample_level of nets of colours.

#include forward/drawn_rows_sign
