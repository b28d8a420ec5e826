// States, faces and factors of sums over the inside of boxes, for any sharing of the work among lanes: see
// box_sum_{group,subgroup,lane}. Needs `level`, `step`, `geometry`, `spins`.
//
// A box has LAYERS layers of BITS sites, in rows of ROW sites: one row in two dimensions. A state is a layer of spins, bit j for site
// j; site (i, j) replaces bit j of the layer above by its own spin. States are rescaled by powers of two after every layer.

#include numbers/activation
#include numbers/spread
#include box/factors_$COUPLINGS

const STATES: u32 = 1u << BITS;
const PAIRS: u32 = STATES / 2u;

// Faces of a box: lists of border sites in `geometry`, one after another from `level.faces` on.
const ABOVE: u32 = 0u;                                   // the first layer
const BELOW: u32 = BITS;                                 // the last layer
// In three dimensions behind the first row of every layer and before the last, in two dimensions nothing.
const BEHIND: u32 = BELOW + BITS;
const FACE_ROWS: u32 = LAYERS * ROW * (DIMENSIONS - 2u);
const FRONT: u32 = BEHIND + FACE_ROWS;
const LEFT: u32 = FRONT + FACE_ROWS;                     // of every row
const ROWS: u32 = LAYERS * (BITS / ROW);
const RIGHT: u32 = LEFT + ROWS;

fn bit_of(word: u32, bit: u32) -> u32 {
    return (word >> bit) & 1u;
}

// Whether the border spin at a place of the faces is up.
fn face_bit(block: u32, configuration: u32, place: u32) -> bool {
    return spins[spin_index(block, geometry[level.faces + place], configuration)] > 0;
}

// Bits of `count` border spins from a place of the faces on, at most 32.
fn face_bits(block: u32, configuration: u32, first: u32, count: u32) -> u32 {
    var bits = 0u;
    for (var j = 0u; j < count; j++) {
        bits |= select(0u, 1u << j, face_bit(block, configuration, first + j));
    }
    return bits;
}

#include box/scaled_sum
