// Advantage of every block of a level: its reward less the regression's prediction, over the batch.
// Grid: ceil(rows / LANE_ROWS / LANES) workgroups of LANES lanes, LANE_ROWS rows per lane, see rows_{one,four}.
// Axes: rows.
// Constants: LANES, COLUMNS.

#include layout/types
#include lanes/dispatch
#include rows/rows_$ROWS

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(31) var<storage, read> regressors: array<Rows>;       // [COLUMNS][stride / LANE_ROWS]
@group(0) @binding(10) var<storage, read> coefficients: array<f32>;      // [COLUMNS - 1]
@group(0) @binding(11) var<storage, read_write> advantage: array<Rows>;  // per block

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows / LANE_ROWS {
        return;
    }
    let stride = level.stride / LANE_ROWS;
    var predicted = Rows(0.0);
    for (var column = 0u; column < COLUMNS - 1u; column++) {
        predicted += coefficients[column] * regressors[column * stride + row];
    }
    let reward = regressors[(COLUMNS - 1u) * stride + row];
    advantage[level.first_row / LANE_ROWS + row] = (reward - predicted) / f32(level.batch);
}
