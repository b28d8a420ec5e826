// ln q of a mixture, ln [(q(s) + q(-s)) / 2], or the mean over all moves of colours, in place of ln q(s); that of the images stays.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Axes: encoding.
// Constants: LANES; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include numbers/activation

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(8) var<storage, read_write> ln_q: array<f32>;         // per block

#include images/mix_$ENCODING
