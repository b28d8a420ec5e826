// ln q of the last level's given spins, per block.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Axes: couplings, spins.
// Constants: LANES; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include heat_bath/evaluate_$SPINS
