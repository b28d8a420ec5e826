// Advantage of every block: the published global form, (R_root - batch mean) / batch.
// Grid: ceil(blocks of all levels * batch / LANES) workgroups of LANES lanes, one block of one configuration per lane.
// Constants: LANES.

#include layout/types
#include lanes/dispatch

@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(9) var<storage, read> reward: array<f32>;             // per block, roots first
@group(0) @binding(11) var<storage, read_write> advantage: array<f32>;   // per block
@group(0) @binding(14) var<storage, read> baseline: array<f32>;          // one value

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= step.total_rows {
        return;
    }
    advantage[row] = (reward[row % step.batch] - baseline[0]) / f32(step.batch);
}
