// Makes means of the fields of Potts spins: probabilities of the colours of a site, in place.
// Grid: ceil(rows * sites / LANES) workgroups of LANES lanes, a site each.
// Constants: LANES.

#include rbm/task
#include lanes/dispatch
#include numbers/activation

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(15) var<storage, read_write> visible_means: array<f32>; // [rows][visible_stride]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let sites = task.visible / task.colours;
    let at = group_index(group, groups) * LANES + lane;
    if at >= task.rows * sites {
        return;
    }
    let start = at / sites * task.visible_stride + at % sites * task.colours;
    var largest = visible_means[start];
    for (var colour = 1u; colour < task.colours; colour++) {
        largest = max(largest, visible_means[start + colour]);
    }
    var total = 0.0;
    for (var colour = 0u; colour < task.colours; colour++) {
        total += exp_minus_abs(visible_means[start + colour] - largest);
    }
    for (var colour = 0u; colour < task.colours; colour++) {
        visible_means[start + colour] = exp_minus_abs(visible_means[start + colour] - largest) / total;
    }
}
