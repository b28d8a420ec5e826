// Draws the insides of exact boxes, layer by layer from the last, and writes ln q per block.
// Grid: ceil(rows / BOXES) workgroups of LANES lanes; see box_draw_{group,lane,potts}.
// Invariant: a spin depends on (seed, step, configuration, level, block, site), the border and its successors only.
// Axes: shape, couplings, spins.
// Constants: LANES, DIMENSIONS, ROW, BITS, LAYERS; Potts spins: COLOURS, ROW_STATES.

#include layout/types
#include numbers/philox

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read_write> spins: array<i32>;        // [site][batch]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include spins/spins
#include spins/weights_$COUPLINGS
#include box/box_draw_$SPINS
