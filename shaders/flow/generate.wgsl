// Takes latent numbers to those of the field, through blocks from the independent numbers on, and sums what -ln q has of every patch. Where SCORE is 1, the gradient of ln q with
// respect to the numbers goes along. Twin of `generate` in `src/neuralrg/block.rs` and of `generate_group` in `flow.rs` beside it.
// Grid: ceil(rows / each) workgroups of LANES lanes, which have `each` configurations; a lane has the same patch of the same configuration through all couplings of a block.
// Invariants: lanes meet between blocks alone; a configuration stays in its workgroup, so that one dispatch can have all blocks.
// Constants: LANES, HIDDEN, DEPTH, LAYERS, ODD, KEPT, SCORE.

#include flow/task

@group(0) @binding(0) var<uniform> task: FlowTask;
@group(0) @binding(1) var<storage, read> parameters: array<vec4<f32>>; // [blocks][LAYERS][COUPLING]
@group(0) @binding(2) var<storage, read> blocks: array<vec2<u32>>;     // first patch, and number of patches
@group(0) @binding(3) var<storage, read> patches: array<vec4<u32>>;    // sites of each
@group(0) @binding(4) var<storage, read_write> x: array<f32>;          // [rows][sites]
@group(0) @binding(5) var<storage, read_write> score: array<f32>;      // [rows][sites]
@group(0) @binding(6) var<storage, read_write> ln_q: array<f32>;       // [rows][sites / 4]: parts of z z / 2 + ln |det dx/dz|

#include flow/rows
#include flow/gradient_none
#include flow/coupling
#include flow/patch

// The latent numbers' own part of ln q, and its gradient.
fn start(rows: Rows, lane: u32) {
    let fours = task.sites / 4u;
    for (var item = lane; item < rows.count * fours; item += LANES) {
        let at = rows.first * fours + item;
        let z = vec4<f32>(x[4u * at], x[4u * at + 1u], x[4u * at + 2u], x[4u * at + 3u]);
        ln_q[at] = 0.5 * dot(z, z);
        if SCORE == 1u {
            score[4u * at] = -z.x;
            score[4u * at + 1u] = -z.y;
            score[4u * at + 2u] = -z.z;
            score[4u * at + 3u] = -z.w;
        }
    }
}

fn pass_patch(patch_at: Patch) {
    let at = patch_at.at;
    let passive = vec2<f32>(x[at.x], x[at.y]);
    let z = vec2<f32>(x[at.z], x[at.w]);
    var of_scale: Values;
    var of_shift: Values;
    let found = affine(passive, &of_scale, &of_shift);
    let scales = exponentials(found.log_scale);
    if SCORE == 1u {
        let slopes = vec2<f32>(score[at.z], score[at.w]);
        let of_t = slopes * scales.down;
        let by = coupling_backward(found, passive, vec2<f32>(1.0) + z * slopes, of_t, &of_scale, &of_shift);
        score[at.x] -= by.x;
        score[at.y] -= by.y;
        score[at.z] = of_t.x;
        score[at.w] = of_t.y;
    }
    x[at.z] = found.shift.x + z.x * scales.up.x;
    x[at.w] = found.shift.y + z.y * scales.up.y;
    ln_q[patch_at.part] += found.log_scale.x + found.log_scale.y;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let rows = rows_of(group_index(group, groups));
    if task.starts == 1u {
        start(rows, lane);
    }
    storageBarrier();
    for (var turn = 1u; turn <= task.blocks; turn++) {
        let block = task.first_block + task.blocks - turn;
        let place = blocks[block];
        for (var coupling = 0u; coupling < LAYERS; coupling++) {
            take_parameters((block * LAYERS + coupling) * COUPLING);
            for (var item = lane; item < rows.count * place.y; item += LANES) {
                pass_patch(patch_of(place, rows.first, item, coupling));
            }
        }
        storageBarrier();
    }
}
