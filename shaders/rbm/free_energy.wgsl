// Fields of hidden units given visible numbers, and sums of ln(1 + exp) over 32 of them: parts of ln p + ln Z.
// Grid: ceil(rows / 64) * hidden_words workgroups of LANES lanes, rows first: a tile of 64 rows by 32 units each (shared/product/tile).
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch
#include numbers/activation

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(3) var<storage, read> chains: array<u32>; // [rows][visible_words]
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> hidden_bias: array<f32>;
@group(0) @binding(10) var<storage, read_write> hidden_fields: array<f32>; // [rows][hidden_words * 32]
@group(0) @binding(13) var<storage, read_write> free_energies: array<f32>; // [rows][hidden_words]

fn row_word(row: u32, block: u32) -> u32 {
    return chains[row * task.visible_words + block];
}

#include rbm/bit_rows
#include rbm/hidden_fields

var<workgroup> lane_sums: array<f32, TILE_ROWS * COLUMNS>; // [row][column]

fn softplus_of(x: f32) -> f32 {
    return softplus(x, exp_minus_abs(x));
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
        if is_there && row < task.rows {
            let start = row * task.hidden_words * 32u;
            hidden_fields[start + units.x] = fields.x;
            hidden_fields[start + units.y] = fields.y;
            hidden_fields[start + units.z] = fields.z;
            hidden_fields[start + units.w] = fields.w;
        }
        let energies = vec4<f32>(
            softplus_of(fields.x), softplus_of(fields.y), softplus_of(fields.z), softplus_of(fields.w),
        );
        let own = select(vec4<f32>(0.0), energies, units < vec4<u32>(task.hidden));
        lane_sums[tile_row(turn, lane) * COLUMNS + lane % COLUMNS] = (own.x + own.y) + (own.z + own.w);
    }
    workgroupBarrier();
    let row = lane % TILE_ROWS;
    var sum = 0.0;
    for (var column = 0u; column < COLUMNS; column++) {
        sum += lane_sums[row * COLUMNS + column];
    }
    if is_there && lane < TILE_ROWS && first_row + row < task.rows {
        free_energies[(first_row + row) * task.hidden_words + word] = sum;
    }
}
