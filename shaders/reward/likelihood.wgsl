// Advantage -1 / batch of every block: with it, the gradient is that of -E[ln q] over given configurations.
// Grid: ceil(total_rows / LANES) workgroups of LANES lanes, one row per lane.
// Constants: LANES.

#include layout/types
#include lanes/dispatch

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(11) var<storage, read_write> advantage: array<f32>;   // per block

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row < step.total_rows {
        advantage[row] = -1.0 / f32(step.batch);
    }
}
