// ln q of the images of all blocks of one level that sample_level drew, from a net that is mixed with its images: mirror images, or those with all colours moved on.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings. Spins are only read.
// Axes: shape, loads, rows, units, parts, patches, encoding.
// Constants: LANES, WIDTH, DEPTH; lane shape: GROUP, UNITS; tile shape: ROWS, CHUNK, AT_ONCE; split parts: WINDOW; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include forward/masked_block_bindings
#include rows/site_words_$ROWS
#include spins/spins
#include forward/given_$ENCODING
#include forward/image_sign_$ENCODING
#include forward/masked_block_$SHAPE

fn first_of_rows() -> u32 {
    return level.rows;
}

fn end_of_rows() -> u32 {
    return level.net_rows;
}

#include forward/turned_image_$ENCODING
