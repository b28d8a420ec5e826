// ln q of the given insides of exact boxes.
// Grid: ceil(rows / BOXES) workgroups of LANES lanes; see box_sum_{group,subgroup,lane,potts}.
// Axes: shape, couplings, spins.
// Constants: LANES, DIMENSIONS, ROW, BITS, LAYERS; Potts spins: COLOURS, ROW_STATES.

#include layout/types

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include spins/spins
#include rows/rows_one
#include spins/owned_sums_$SPINS
#include box/box_sum_$SPINS

fn keep_layer(at: Place, i: u32) {}

fn work(group: u32, lane: u32) {
    let at = place(group, lane);
    let sum = scaled_sum(at);
    if at.inside && at.lane == 0u {
        let sums = owned_sums(at.block, at.configuration);
        ln_q[level.first_row + at.row] = ln_probability(at.block, vec2<i32>(sums.bonds, sums.spins), sum);
    }
}
