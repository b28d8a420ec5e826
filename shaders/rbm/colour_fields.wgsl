// Fields of the visible numbers of Potts spins given hidden units, for `colours`.
// Grid: ceil(rows / 64) * visible_words workgroups of LANES lanes, rows first: a tile of 64 rows by 32 numbers each (shared/product/tile).
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> visible_bias: array<f32>;
@group(0) @binding(7) var<storage, read> hidden: array<u32>; // [rows][hidden_words]
@group(0) @binding(9) var<storage, read_write> visible_fields: array<f32>; // [rows][visible_stride]

#include rbm/hidden_rows
#include rbm/visible_fields

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
        if is_there && row < task.rows {
            let fields = task.scale * (left[sum_at(turn, lane)] + biases);
            let start = row * task.visible_stride;
            visible_fields[start + numbers.x] = fields.x;
            visible_fields[start + numbers.y] = fields.y;
            visible_fields[start + numbers.z] = fields.z;
            visible_fields[start + numbers.w] = fields.w;
        }
    }
}
