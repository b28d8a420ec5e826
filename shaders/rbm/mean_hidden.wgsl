// Means of hidden units given means of visible numbers, sigma(c + v W): a machine without chance. Twin of `reconstruct` in `src/rbm/mean_field.rs`, with `mean_visible` and
// `mean_colours`.
// Grid: ceil(rows / 64) * hidden_words workgroups of LANES lanes, rows first: a tile of 64 rows by 32 units each (shared/product/tile).
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> hidden_bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> probabilities: array<f32>; // [rows][hidden_words * 32]
@group(0) @binding(15) var<storage, read> visible_means: array<vec4<f32>>; // [rows][visible_stride / 4]

#include product/numbers
#include rbm/hidden_fields
#include rbm/probabilities

fn four_at(place: u32) -> vec4<f32> {
    return visible_means[place];
}

fn stage_rows(block: u32, first_row: u32, lane: u32) {
    stage_numbers(0u, task.visible_stride / 4u, task.rows, first_row, block, lane);
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
    // Workgroups past the last tile repeat the last units, and write nothing.
    let word = min(tile / row_tiles, task.hidden_words - 1u);
    let is_there = tile / row_tiles < task.hidden_words;
    sum_fields(task.visible_words, first_row, word * TILE_TARGETS, lane);
    let units = lane_targets(word * TILE_TARGETS, lane);
    let biases = hidden_biases(units);
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let row = first_row + tile_row(turn, lane);
        let fields = left[sum_at(turn, lane)] + biases;
        let means = select(vec4<f32>(0.0), probabilities_of(fields), units < vec4<u32>(task.hidden));
        if is_there && row < task.rows {
            let start = row * task.hidden_words * 32u;
            probabilities[start + units.x] = means.x;
            probabilities[start + units.y] = means.y;
            probabilities[start + units.z] = means.z;
            probabilities[start + units.w] = means.w;
        }
    }
}
