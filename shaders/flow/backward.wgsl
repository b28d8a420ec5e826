// Takes numbers of the field to latent ones, as flow/infer does, and derivatives of a function with them; so nothing of the way there had to be stored. Leaves derivatives with
// respect to parameters, summed over the patches and configurations of a workgroup. Twin of `backward` in `src/neuralrg/block.rs`.
// Grid: as flow/generate.
// Invariants: as flow/generate; a workgroup has a slice of partials of its own, which flow/adam adds up in order.
// Constants: LANES, HIDDEN, DEPTH, LAYERS, ODD, KEPT.

#include flow/task

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(1) var<storage, read> parameters: array<vec4<f32>>; // [blocks][LAYERS][COUPLING]
@group(0) @binding(2) var<storage, read> blocks: array<vec2<u32>>;     // first patch, and number of patches
@group(0) @binding(3) var<storage, read> patches: array<vec4<u32>>;    // sites of each
@group(0) @binding(4) var<storage, read_write> x: array<f32>;          // [rows][sites]
@group(0) @binding(7) var<storage, read_write> slopes: array<f32>;     // [rows][sites]
@group(0) @binding(12) var<storage, read_write> partials: array<vec4<f32>>; // [slices][blocks][LAYERS][COUPLING]
@group(0) @binding(17) var<storage, read> shares: array<f32>;          // [rows]: of rows in a mixture

#include flow/rows
#include flow/coupling
#include flow/gradient_sum
#include flow/patch
#include flow/pass_back

fn slope_of_ln_det(row: u32) -> f32 {
    if ODD == 1u {
        return task.of_ln_det;
    }
    return task.of_ln_det * shares[row];
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slice = group_index(group, groups);
    let rows = rows_of(slice);
    for (var turn = 0u; turn < task.blocks; turn++) {
        let block = task.first_block + turn;
        let place = blocks[block];
        for (var layer = 1u; layer <= LAYERS; layer++) {
            let coupling = LAYERS - layer;
            let first = (block * LAYERS + coupling) * COUPLING;
            take_parameters(first);
            for (var quad = 0u; quad < COUPLING; quad++) {
                gradient[quad] = vec4<f32>(0.0);
            }
            for (var item = lane; item < rows.count * place.y; item += LANES) {
                pass_patch(patch_of(place, rows.first, item, coupling));
            }
            if slice < task.slices {
                share_gradient((task.first_slice + slice) * task.quads + first, lane);
            }
        }
        storageBarrier();
    }
}
