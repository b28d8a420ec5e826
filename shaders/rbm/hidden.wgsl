// Probabilities of hidden units given visible numbers, of data or of chains, and a draw of them.
// Grid: ceil(rows / 64) * hidden_words workgroups of LANES lanes, rows first: a tile of 64 rows by 32 units each (shared/product/tile).
// Invariants: the first `told` rows leave probabilities, rows from `drawn` on are drawn; a unit depends on (seed, step, stage, configuration, unit) and the row alone.
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(1) var<storage, read> data: array<u32>;   // [configurations][visible_words]
@group(0) @binding(2) var<storage, read> rows: array<u32>;   // which of them a batch has
@group(0) @binding(3) var<storage, read> chains: array<u32>; // [rows][visible_words]
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> hidden_bias: array<f32>;
@group(0) @binding(7) var<storage, read_write> hidden: array<u32>; // [rows][hidden_words]
@group(0) @binding(8) var<storage, read_write> probabilities: array<f32>; // [told rows][hidden_words * 32]

#include rbm/given_or_chain
#include rbm/bit_rows
#include rbm/hidden_fields
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
    // Workgroups past the last tile repeat the last units, and write nothing.
    let word = min(tile / row_tiles, task.hidden_words - 1u);
    let is_there = tile / row_tiles < task.hidden_words;
    sum_fields(task.visible_words, first_row, word * TILE_TARGETS, lane);
    let units = lane_targets(word * TILE_TARGETS, lane);
    let biases = hidden_biases(units);
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let row = first_row + tile_row(turn, lane);
        let fields = task.scale * (left[sum_at(turn, lane)] + biases);
        let found = select(vec4<f32>(0.0), probabilities_of(fields), units < vec4<u32>(task.hidden));
        if is_there && row < min(task.told, task.rows) {
            let start = (task.first_told + row) * task.hidden_words * 32u;
            probabilities[start + units.x] = found.x;
            probabilities[start + units.y] = found.y;
            probabilities[start + units.z] = found.z;
            probabilities[start + units.w] = found.w;
        }
        if task.drawn < task.rows {
            lane_bits[tile_row(turn, lane) * COLUMNS + lane % COLUMNS] = drawn_bits(row - task.drawn, units.x, found);
        }
    }
    workgroupBarrier();
    let row = first_row + lane;
    if is_there && lane < TILE_ROWS && row >= task.drawn && row < task.rows {
        hidden[(row - task.drawn) * task.hidden_words + word] = drawn_word(lane);
    }
}
