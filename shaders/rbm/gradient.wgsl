// Moves weights along the gradient of centred units, and sums what biases need of it. With means m and l of visible numbers and hidden units in the data, and D, Dv and Dh
// the differences between data and chains of <v h>, <v> and <h>, a weight moves by rate (D - m Dh - Dv l) and keeps `kept` of itself. Twin of `learn` in `src/rbm/cpu.rs`.
// Grid: ceil(visible / 64) * hidden_words workgroups of LANES lanes, visible numbers first: a tile of 64 numbers by 32 units each (shared/product/tile), whose sources are
// the `given` rows of the data and as many of the chains, with minus.
// Invariants: no sum leaves its workgroup but through visible_parts and hidden_parts, which `biases` adds in order; entries beyond the last unit stay 0.
// Constants: LANES, SLICES.

#include rbm/task
#include lanes/dispatch

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(1) var<storage, read> data: array<u32>;   // [configurations][visible_words]
@group(0) @binding(2) var<storage, read> rows: array<u32>;   // which of them a batch has
@group(0) @binding(3) var<storage, read> chains: array<u32>; // [rows][visible_words]
@group(0) @binding(4) var<storage, read_write> weights: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read> probabilities: array<vec4<f32>>; // [rows of the data, of the chains][hidden_words * 8]
@group(0) @binding(11) var<storage, read_write> visible_parts: array<f32>;      // [hidden_words][visible_stride]
@group(0) @binding(12) var<storage, read_write> hidden_parts: array<vec4<f32>>; // [visible_stride / 64][hidden_words * 8]

#include rbm/given_or_chain
#include product/tile

// Means in the data of the numbers and units of the tile, and differences of means between data and chains.
var<workgroup> visible_mean: array<vec4<f32>, ROW_QUADS>;
var<workgroup> visible_gain: array<vec4<f32>, ROW_QUADS>;
var<workgroup> hidden_mean: array<vec4<f32>, COLUMNS>;
var<workgroup> hidden_gain: array<vec4<f32>, COLUMNS>;

// Sums over what a lane has staged: it is always of the same numbers and units.
var<private> visible_of_data: vec4<f32>;
var<private> visible_of_chains: vec4<f32>;
var<private> hidden_of_data: vec4<f32>;
var<private> hidden_of_chains: vec4<f32>;

// Bits of 64 visible numbers in 32 rows.
fn stage_visible(first_row: u32, tile: u32, lane: u32) {
    let quad = lane % ROW_QUADS;
    let word = tile * 2u + quad / 8u;
    for (var turn = 0u; turn < STAGED * ROW_QUADS / LANES; turn++) {
        let source = turn * (LANES / ROW_QUADS) + lane / ROW_QUADS;
        let row = first_row + source;
        let found = row_word(min(row, task.rows - 1u), min(word, task.visible_words - 1u));
        let is_there = row < task.rows && word < task.visible_words;
        let four = select(0u, found >> (quad % 8u * 4u), is_there);
        let bits = vec4<f32>((vec4<u32>(four) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u));
        left[source * ROW_QUADS + quad] = bits;
        let of_data = select(0.0, 1.0, row < task.given);
        visible_of_data += of_data * bits;
        visible_of_chains += (1.0 - of_data) * bits;
    }
}

// Probabilities of 32 hidden units in 32 rows, with minus in those of chains; rows past the last one meet zeros.
fn stage_hidden(first_row: u32, word: u32, lane: u32) {
    let column = lane % COLUMNS;
    for (var turn = 0u; turn < STAGED * COLUMNS / LANES; turn++) {
        let source = turn * (LANES / COLUMNS) + lane / COLUMNS;
        let row = first_row + source;
        let found = probabilities[(min(row, task.rows - 1u) * task.hidden_words + word) * COLUMNS + column];
        let of_data = select(0.0, 1.0, row < task.given);
        let of_chains = select(0.0, 1.0, row >= task.given && row < task.rows);
        right[source * STAGED_COLUMNS + column] = (of_data - of_chains) * found;
        hidden_of_data += of_data * found;
        hidden_of_chains += of_chains * found;
    }
}

// Means of visible numbers, from the sums of all lanes that staged them.
fn share_visible_means(lane: u32) {
    workgroupBarrier();
    left[2u * lane] = visible_of_data;
    left[2u * lane + 1u] = visible_of_chains;
    workgroupBarrier();
    let quad = lane % ROW_QUADS;
    var of_data = vec4<f32>(0.0);
    var of_chains = vec4<f32>(0.0);
    for (var part = 0u; part < LANES / ROW_QUADS; part++) {
        of_data += left[2u * (part * ROW_QUADS + quad)];
        of_chains += left[2u * (part * ROW_QUADS + quad) + 1u];
    }
    if lane < ROW_QUADS {
        visible_mean[quad] = task.share * of_data;
        visible_gain[quad] = task.share * (of_data - of_chains);
    }
}

// Means of hidden units, from the sums of all lanes that staged them.
fn share_hidden_means(lane: u32) {
    workgroupBarrier();
    left[2u * lane] = hidden_of_data;
    left[2u * lane + 1u] = hidden_of_chains;
    workgroupBarrier();
    let column = lane % COLUMNS;
    var of_data = vec4<f32>(0.0);
    var of_chains = vec4<f32>(0.0);
    for (var part = 0u; part < LANES / COLUMNS; part++) {
        of_data += left[2u * (part * COLUMNS + column)];
        of_chains += left[2u * (part * COLUMNS + column) + 1u];
    }
    if lane < COLUMNS {
        hidden_mean[column] = task.share * of_data;
        hidden_gain[column] = task.share * (of_data - of_chains);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let visible_tiles = task.visible_stride / TILE_ROWS;
    let tile = group_index(group, groups) % visible_tiles;
    // Workgroups past the last tile repeat the last units, and write nothing.
    let word = min(group_index(group, groups) / visible_tiles, task.hidden_words - 1u);
    let is_there = group_index(group, groups) / visible_tiles < task.hidden_words;
    for (var first_row = 0u; first_row < task.rows; first_row += STAGED) {
        workgroupBarrier();
        stage_visible(first_row, tile, lane);
        stage_hidden(first_row, word, lane);
        workgroupBarrier();
        add_staged(lane);
    }
    share_visible_means(lane);
    share_hidden_means(lane);
    share_sums(lane);
    let column = lane % COLUMNS;
    let mean = hidden_mean[column];
    let gain = hidden_gain[column];
    var of_units = vec4<f32>(0.0);
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let row = tile_row(turn, lane);
        let mean_of_row = visible_mean[row / 4u][row % 4u];
        let moved = task.share * left[sum_at(turn, lane)] - mean_of_row * gain - visible_gain[row / 4u][row % 4u] * mean;
        let at = ((tile * TILE_ROWS + row) * task.hidden_words + word) * COLUMNS + column;
        if is_there {
            weights[at] = task.kept * weights[at] + task.rate * moved;
        }
        of_units += mean_of_row * moved;
        left[sum_at(turn, lane)].x = dot(moved, mean);
    }
    right[lane] = of_units;
    workgroupBarrier();
    // A lane of the first 64 has a visible number, one of the first 8 four hidden units.
    let row = lane % TILE_ROWS;
    var of_row = 0.0;
    for (var part = 0u; part < COLUMNS; part++) {
        of_row += left[row % LANE_ROWS * 64u + row / LANE_ROWS * COLUMNS + part].x;
    }
    of_units = vec4<f32>(0.0);
    for (var part = 0u; part < LANES / COLUMNS; part++) {
        of_units += right[part * COLUMNS + column];
    }
    if is_there && lane < TILE_ROWS {
        let of_bias = select(0.0, visible_gain[row / 4u][row % 4u], word == 0u);
        visible_parts[word * task.visible_stride + tile * TILE_ROWS + row] = of_bias - of_row;
    }
    if is_there && lane < COLUMNS {
        let of_bias = select(vec4<f32>(0.0), gain, tile == 0u);
        hidden_parts[(tile * task.hidden_words + word) * COLUMNS + column] = of_bias - of_units;
    }
}
