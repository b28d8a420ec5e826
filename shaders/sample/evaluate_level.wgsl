// ln q of all blocks of one level for given spins, with the same arithmetic as sample_level.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings. Spins are only read.
// Axes: shape, loads, rows, units, parts, patches, encoding.
// Constants: LANES, WIDTH, DEPTH; lane shape: GROUP, UNITS; tile shape: ROWS, CHUNK, AT_ONCE; split parts: WINDOW; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include forward/masked_block_bindings
#include rows/site_words_$ROWS
#include spins/spins
#include forward/given_$ENCODING
#include forward/masked_block_$SHAPE

#include forward/given_rows_$ENCODING

#include forward/given_image_$ENCODING
