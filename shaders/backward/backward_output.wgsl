// Gradient with respect to the logits, in their place: A ([x = +1] - sigmoid(logit)), of colours A ([x = c] - p_c).
// Grid: ceil(own * rows / LANE_ROWS / LANES) workgroups of LANES lanes, one site and LANE_ROWS rows per lane, see rows_{one,four}.
// Axes: rows, encoding.
// Constants: LANES; Potts spins: COLOURS.

#include layout/types
#include lanes/dispatch
#include rows/rows_$ROWS
#include spins/inputs_$ENCODING

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(5) var<storage, read> inputs: array<RowWords>;        // [ceil(inputs / 32)][stride / LANE_ROWS]
@group(0) @binding(7) var<storage, read_write> logits: array<Rows>;      // [own][stride / LANE_ROWS], of colours [own][COLOURS][stride / LANE_ROWS]
@group(0) @binding(11) var<storage, read> advantage: array<Rows>;        // per block

#include gradient/logits_$ENCODING
