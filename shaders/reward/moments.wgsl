// Sums over rows of a level of the products of what rewards are regressed on; one partial sum per workgroup.
// Grid: min(ceil(rows / LANES), MOMENT_SLICES) workgroups of LANES = 64 lanes. A lane reads one row of every chunk, and
// adds up the products of one column with four others.
// Constants: LANES, COLUMNS, MOMENT_SLICES.

#include layout/types

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(31) var<storage, read> regressors: array<f32>;          // [COLUMNS][stride]
@group(0) @binding(23) var<storage, read_write> moments: array<vec4<f32>>; // [workgroups][COLUMNS][COLUMNS]

var<workgroup> chunk: array<array<vec4<f32>, COLUMNS / 4u>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let a = lane / 4u;
    var sums = vec4<f32>(0.0);
    for (var first = group.x * LANES; first < level.rows; first += groups.x * LANES) {
        workgroupBarrier();
        let mine = min(first + lane, level.rows - 1u);
        for (var column = 0u; column < COLUMNS; column++) {
            chunk[lane][column / 4u][column % 4u] = regressors[column * level.stride + mine];
        }
        workgroupBarrier();
        for (var row = 0u; row < min(LANES, level.rows - first); row++) {
            sums += chunk[row][a / 4u][a % 4u] * chunk[row][lane % 4u];
        }
    }
    moments[group.x * LANES + lane] = sums;
}
