// Draws all blocks of one level from its masked net, in one dispatch; keeps inputs, pre-activations and logits for the
// backward pass and writes ln q per block.
// Grid and bindings: see masked_block_{lane,tile} and masked_block_bindings.
// Invariant: a spin depends on (seed, step, configuration, level, block, site) and its predecessors only.
// Axes: shape, loads, rows, units, parts, patches, encoding.
// Constants: LANES, WIDTH, DEPTH; lane shape: GROUP, UNITS; tile shape: ROWS, CHUNK, AT_ONCE; split parts: WINDOW; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include forward/masked_block_bindings
#include rows/site_words_$ROWS
#include spins/spins
#include forward/masked_block_$SHAPE

#include forward/drawn_rows_$ENCODING

#include forward/image_sign_$ENCODING

fn image_sign(block: u32, configuration: u32) -> Rows {
    return drawn_sign(configuration);
}

// What decides own sites site..site + 4 of a block in LANE_ROWS configurations: random words. `site` is a multiple of 4.
fn site_numbers(block: u32, configuration: u32, site: u32) -> array<vec4<u32>, LANE_ROWS> {
    return words_of_rows(block, step.first_configuration + configuration, site);
}

#include forward/drawn_$ENCODING
