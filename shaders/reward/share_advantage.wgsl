// Shares the advantage of a configuration with its images: each gets the part that it has in the density of the mixture.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Axes: encoding.
// Constants: LANES; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(8) var<storage, read> ln_q: array<f32>;               // per block
@group(0) @binding(11) var<storage, read_write> advantage: array<f32>;   // per block

#include images/share_$ENCODING
