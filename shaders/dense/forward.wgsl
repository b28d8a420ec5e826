// Values of a level of units given those of the level before: tanh(v W + b), and v W + b of the classes.
// Grid: ceil(rows / 64) * ceil(units / 32) workgroups of LANES lanes, rows first: a tile of 64 rows by 32 units each (shared/product/tile).
// Invariant: a row has a 1 behind its units.
// Constants: LANES, SLICES.

#include dense/units
#include numbers/activation

@group(0) @binding(2) var<storage, read_write> values: array<vec4<f32>>; // of every level [rows][stride]; inputs of many dispatches
@group(0) @binding(5) var<storage, read> parameters: array<vec4<f32>>;

#include product/numbers

fn four_at(place: u32) -> vec4<f32> {
    return values[place];
}

// Weights of 32 sources to the tile's targets.
fn stage_weights(start: u32, stride: u32, block: u32, word: u32, lane: u32) {
    for (var turn = 0u; turn < STAGED * COLUMNS / LANES; turn++) {
        let at = turn * LANES + lane;
        let source = at / COLUMNS;
        let column = at % COLUMNS;
        right[source * STAGED_COLUMNS + column] = parameters[start + (block * STAGED + source) * stride + word * COLUMNS + column];
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let below = units[task.layer];
    let above = units[task.layer + 1u];
    let row_tiles = (task.rows + TILE_ROWS - 1u) / TILE_ROWS;
    let words = (above.count + TILE_TARGETS - 1u) / TILE_TARGETS;
    let tile = group_index(group, groups);
    let first_row = tile % row_tiles * TILE_ROWS;
    // Workgroups past the last tile repeat the last units, and write nothing.
    let word = min(tile / row_tiles, words - 1u);
    let is_there = tile / row_tiles < words;
    for (var block = 0u; block < task.blocks; block++) {
        workgroupBarrier();
        stage_numbers(values_of(task.layer), below.stride / 4u, task.rows, first_row, block, lane);
        stage_weights(below.parameters / 4u, above.stride / 4u, block, word, lane);
        workgroupBarrier();
        add_staged(lane);
    }
    share_sums(lane);
    let column = word * COLUMNS + lane % COLUMNS;
    let is_behind = vec4<u32>(4u * column) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(above.count);
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let row = first_row + tile_row(turn, lane);
        let sum = left[sum_at(turn, lane)];
        let bent = vec4<f32>(tanh_of(sum.x), tanh_of(sum.y), tanh_of(sum.z), tanh_of(sum.w));
        let value = select(bent, sum, task.layer + 1u == task.layers);
        if is_there && row < task.rows {
            values[values_of(task.layer + 1u) + row * above.stride / 4u + column] = select(value, vec4<f32>(1.0), is_behind);
        }
    }
}
