// Means of the visible numbers of Ising spins given means of hidden units, sigma(b + W h); of Potts spins their fields, b + W h, of which `mean_colours` makes means.
// Grid: ceil(rows / 64) * visible_words workgroups of LANES lanes, rows first: a tile of 64 rows by 32 numbers each (shared/product/tile).
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> visible_bias: array<f32>;
@group(0) @binding(8) var<storage, read> probabilities: array<vec4<f32>>; // [rows][hidden_words * 8]
@group(0) @binding(15) var<storage, read_write> visible_means: array<f32>; // [rows][visible_stride]

#include product/numbers
#include rbm/visible_fields
#include rbm/probabilities

fn four_at(place: u32) -> vec4<f32> {
    return probabilities[place];
}

fn stage_rows(block: u32, first_row: u32, lane: u32) {
    stage_numbers(0u, task.hidden_words * 8u, task.rows, first_row, block, lane);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row_tiles = (task.rows + TILE_ROWS - 1u) / TILE_ROWS;
    let tile = group_index(group, groups);
    let first_row = tile % row_tiles * TILE_ROWS;
    // Workgroups past the last tile repeat the last numbers, and write nothing.
    let word = min(tile / row_tiles, task.visible_words - 1u);
    let is_there = tile / row_tiles < task.visible_words;
    sum_fields(task.hidden_words, first_row, word * TILE_TARGETS, lane);
    let numbers = lane_targets(word * TILE_TARGETS, lane);
    let biases = visible_biases(numbers);
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let row = first_row + tile_row(turn, lane);
        let fields = left[sum_at(turn, lane)] + biases;
        let found = select(fields, probabilities_of(fields), task.colours == 1u);
        let own = select(vec4<f32>(0.0), found, numbers < vec4<u32>(task.visible));
        if is_there && row < task.rows {
            let start = row * task.visible_stride;
            visible_means[start + numbers.x] = own.x;
            visible_means[start + numbers.y] = own.y;
            visible_means[start + numbers.z] = own.z;
            visible_means[start + numbers.w] = own.w;
        }
    }
}
