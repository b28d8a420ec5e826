// Sums over rows of a level of the products of what rewards are regressed on; one partial sum per workgroup.
// Grid: min(ceil(rows / LANES), MOMENT_SLICES) workgroups of LANES = 64 lanes. A lane reads one row of every chunk, and
// adds up the products of one column with four others.
// Constants: LANES, COLUMNS, MOMENT_SLICES.

#include layout/types
#include rows/rows_one

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(2) var<storage, read> geometry: array<u32>;
@group(0) @binding(4) var<storage, read> spins: array<i32>;              // [site][batch]
@group(0) @binding(5) var<storage, read> inputs: array<RowWords>;        // [ceil(inputs / 32)][stride]
@group(0) @binding(9) var<storage, read> reward: array<f32>;             // per block
@group(0) @binding(23) var<storage, read_write> moments: array<vec4<f32>>; // [workgroups][COLUMNS][COLUMNS]

#include spins/spins
#include spins/inputs
#include spins/control_variate

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
        chunk[lane] = columns(min(first + lane, level.rows - 1u));
        workgroupBarrier();
        for (var row = 0u; row < min(LANES, level.rows - first); row++) {
            sums += chunk[row][a / 4u][a % 4u] * chunk[row][lane % 4u];
        }
    }
    moments[group.x * LANES + lane] = sums;
}
