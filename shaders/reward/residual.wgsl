// Advantage of every block of a level: its reward less the regression's prediction, over the batch.
// Grid: ceil(rows / LANES) workgroups of LANES lanes, one row per lane.
// Constants: LANES, COLUMNS, MOMENT_SLICES.

#include layout/types
#include lanes/dispatch
#include rows/rows_one

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(5) var<storage, read> inputs: array<RowWords>;        // [ceil(inputs / 32)][stride]
@group(0) @binding(9) var<storage, read> reward: array<f32>;             // per block
@group(0) @binding(10) var<storage, read> coefficients: array<f32>;      // [COLUMNS - 1]
@group(0) @binding(11) var<storage, read_write> advantage: array<f32>;   // per block

#include spins/spins
#include spins/inputs
#include spins/control_variate

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows {
        return;
    }
    var values = columns(row);
    var predicted = 0.0;
    for (var column = 0u; column < COLUMNS - 1u; column++) {
        predicted += coefficients[column] * values[column / 4u][column % 4u];
    }
    advantage[level.first_row + row] = (values[COLUMNS / 4u - 1u].w - predicted) / f32(level.batch);
}
