// Draws the visible numbers of Ising spins given hidden units.
// Grid: ceil(rows / 64) * visible_words workgroups of LANES lanes, rows first: a tile of 64 rows by 32 numbers each (shared/product/tile).
// Invariant: a number depends on (seed, step, stage, configuration, number) and the row's hidden units alone.
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(3) var<storage, read_write> chains: array<u32>; // [rows][visible_words]
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> visible_bias: array<f32>;
@group(0) @binding(7) var<storage, read> hidden: array<u32>; // [rows][hidden_words]

#include rbm/hidden_rows
#include rbm/visible_fields
#include rbm/draw
#include rbm/draw_tile

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
        let fields = task.scale * (left[sum_at(turn, lane)] + biases);
        let found = select(vec4<f32>(0.0), probabilities_of(fields), numbers < vec4<u32>(task.visible));
        let row = tile_row(turn, lane);
        lane_bits[row * COLUMNS + lane % COLUMNS] = drawn_bits(first_row + row, numbers.x, found);
    }
    workgroupBarrier();
    let row = first_row + lane;
    if is_there && lane < TILE_ROWS && row < task.rows {
        chains[row * task.visible_words + word] = drawn_word(lane);
    }
}
