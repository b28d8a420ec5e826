// Takes numbers of the field to latent ones, and derivatives of a function with them, without those with respect to parameters: the way of flow/backward for Hybrid Monte Carlo. Twin of
// `pull_back` in `src/neuralrg/flow.rs`.
// Grid: as flow/generate.
// Invariants: as flow/generate.
// Constants: LANES, HIDDEN, DEPTH, LAYERS, ODD, KEPT.

#include flow/task

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(1) var<storage, read> parameters: array<vec4<f32>>; // [blocks][LAYERS][COUPLING]
@group(0) @binding(2) var<storage, read> blocks: array<vec2<u32>>;     // first patch, and number of patches
@group(0) @binding(3) var<storage, read> patches: array<vec4<u32>>;    // sites of each
@group(0) @binding(4) var<storage, read_write> x: array<f32>;          // [rows][sites]
@group(0) @binding(7) var<storage, read_write> slopes: array<f32>;     // [rows][sites]

#include flow/rows
#include flow/gradient_none
#include flow/coupling
#include flow/patch
#include flow/pass_back

fn slope_of_ln_det(row: u32) -> f32 {
    return task.of_ln_det;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let rows = rows_of(group_index(group, groups));
    for (var turn = 0u; turn < task.blocks; turn++) {
        let block = task.first_block + turn;
        let place = blocks[block];
        for (var layer = 1u; layer <= LAYERS; layer++) {
            let coupling = LAYERS - layer;
            take_parameters((block * LAYERS + coupling) * COUPLING);
            for (var item = lane; item < rows.count * place.y; item += LANES) {
                pass_patch(patch_of(place, rows.first, item, coupling));
            }
        }
        storageBarrier();
    }
}
