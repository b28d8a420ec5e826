// Gradients with respect to the sums of a level of units, from those of the next one: (1 - v^2) (slopes W^T) with the values v of its tanh.
// Grid: ceil(rows / 64) * ceil(units / 32) workgroups of LANES lanes, rows first: a tile of 64 rows by 32 units each (shared/product/tile).
// Invariant: the 1 behind the units has the slope 0.
// Constants: LANES, SLICES.

#include dense/units

@group(0) @binding(2) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> slopes: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> parameters: array<vec4<f32>>;

#include product/numbers

fn four_at(place: u32) -> vec4<f32> {
    return slopes[place];
}

// Weights from the tile's units to 32 units of the next level, which are the sources here: a lane takes four by four and turns them.
fn stage_weights(start: u32, stride: u32, block: u32, word: u32, lane: u32) {
    if lane < COLUMNS * STAGED / 4u {
        let column = lane / (STAGED / 4u);
        let sources = lane % (STAGED / 4u);
        let place = start + (word * TILE_TARGETS + 4u * column) * stride + block * (STAGED / 4u) + sources;
        let fours = transpose(mat4x4<f32>(
            parameters[place], parameters[place + stride], parameters[place + 2u * stride], parameters[place + 3u * stride],
        ));
        right[4u * sources * STAGED_COLUMNS + column] = fours[0];
        right[(4u * sources + 1u) * STAGED_COLUMNS + column] = fours[1];
        right[(4u * sources + 2u) * STAGED_COLUMNS + column] = fours[2];
        right[(4u * sources + 3u) * STAGED_COLUMNS + column] = fours[3];
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = units[task.layer];
    let above = units[task.layer + 1u];
    let row_tiles = (task.rows + TILE_ROWS - 1u) / TILE_ROWS;
    let words = (own.count + TILE_TARGETS - 1u) / TILE_TARGETS;
    let tile = group_index(group, groups);
    let first_row = tile % row_tiles * TILE_ROWS;
    // Workgroups past the last tile repeat the last units, and write nothing.
    let word = min(tile / row_tiles, words - 1u);
    let is_there = tile / row_tiles < words;
    for (var block = 0u; block < task.blocks; block++) {
        workgroupBarrier();
        stage_numbers(above.slopes / 4u, above.stride / 4u, task.rows, first_row, block, lane);
        stage_weights(own.parameters / 4u, above.stride / 4u, block, word, lane);
        workgroupBarrier();
        add_staged(lane);
    }
    share_sums(lane);
    let column = word * COLUMNS + lane % COLUMNS;
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let row = first_row + tile_row(turn, lane);
        if is_there && row < task.rows {
            let place = row * own.stride / 4u + column;
            let value = values[values_of(task.layer) + place];
            slopes[own.slopes / 4u + place] = (1.0 - value * value) * left[sum_at(turn, lane)];
        }
    }
}
