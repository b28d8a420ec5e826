// The rows of a lane of a net of colours. Needs masked_block_bindings.

#include forward/own_rows_sign
