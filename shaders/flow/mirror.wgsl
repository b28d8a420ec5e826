// Leaves the images under x -> -x of configurations behind them: row n of the first has row `rows + n` of its own. Twin of `mirrored` in `src/neuralrg/fields.rs`.
// Grid: ceil(rows * sites / 4 / LANES) workgroups of LANES lanes; four numbers each.
// Constants: LANES.

#include flow/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>; // [2][rows][sites]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    let numbers = task.rows * (task.sites / 4u);
    if at < numbers {
        x[numbers + at] = -x[at];
    }
}
