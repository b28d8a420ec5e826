// Half of a leapfrog step of Hybrid Monte Carlo and the half that follows: momenta change along the slopes of the potential, places along momenta, and the places are where the next slopes are taken. Twin
// of `leap` in `src/neuralrg/leapfrog.rs`.
// Grid: ceil(rows * sites / 4 / LANES) workgroups of LANES lanes; four numbers each.
// Constants: LANES.

#include flow/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;        // [rows][sites]
@group(0) @binding(7) var<storage, read> slopes: array<vec4<f32>>;         // [rows][sites]
@group(0) @binding(15) var<storage, read_write> momenta: array<vec4<f32>>; // [rows][sites]
@group(0) @binding(16) var<storage, read_write> places: array<vec4<f32>>;  // [rows][sites]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = group_index(group, groups) * LANES + lane;
    if at >= task.rows * (task.sites / 4u) {
        return;
    }
    let momentum = momenta[at] - task.kick * slopes[at];
    let place = places[at] + task.drift * momentum;
    momenta[at] = momentum;
    places[at] = place;
    x[at] = place;
}
