// Takes numbers of the field to latent ones, through blocks from the field on, and sums ln |det dx/dz| of every patch. Twin of `infer` in `src/neuralrg/block.rs`.
// Grid: as flow/generate.
// Invariants: as flow/generate.
// Constants: LANES, HIDDEN, DEPTH, LAYERS, ODD, KEPT.

#include flow/task

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(1) var<storage, read> parameters: array<vec4<f32>>; // [blocks][LAYERS][COUPLING]
@group(0) @binding(2) var<storage, read> blocks: array<vec2<u32>>;     // first patch, and number of patches
@group(0) @binding(3) var<storage, read> patches: array<vec4<u32>>;    // sites of each
@group(0) @binding(4) var<storage, read_write> x: array<f32>;          // [rows][sites]
@group(0) @binding(6) var<storage, read_write> ln_q: array<f32>;       // [rows][sites / 4]: parts of ln |det dx/dz|

#include flow/rows
#include flow/gradient_none
#include flow/coupling
#include flow/patch

fn pass_patch(patch_at: Patch) {
    let at = patch_at.at;
    var of_scale: Values;
    var of_shift: Values;
    let found = affine(vec2<f32>(x[at.x], x[at.y]), &of_scale, &of_shift);
    let latent = (vec2<f32>(x[at.z], x[at.w]) - found.shift) * exponentials(found.log_scale).down;
    x[at.z] = latent.x;
    x[at.w] = latent.y;
    ln_q[patch_at.part] += found.log_scale.x + found.log_scale.y;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let rows = rows_of(group_index(group, groups));
    let fours = task.sites / 4u;
    if task.starts == 1u {
        for (var item = lane; item < rows.count * fours; item += LANES) {
            ln_q[rows.first * fours + item] = 0.0;
        }
    }
    storageBarrier();
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
