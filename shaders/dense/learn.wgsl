// Moves all weights by a step of Adam (arXiv:1412.6980) along their gradients, v^T slopes, summed over the rows; biases are the weights of the 1 behind the units.
// Grid: `tiles` workgroups of LANES lanes: a tile of 64 units by 32 units of the next level each (shared/product/tile), whose sources are the rows.
// Invariant: gradients of weights that are not there are 0, and they stay 0.
// Constants: LANES, SLICES.

#include dense/units

@group(0) @binding(2) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> slopes: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> means: array<vec4<f32>>;   // Adam's of gradients,
@group(0) @binding(7) var<storage, read_write> squares: array<vec4<f32>>; // and of their squares

#include product/tile

// Values of 64 units in 32 rows; rows past the last one repeat it.
fn stage_values(start: u32, stride: u32, first_row: u32, lane: u32) {
    let quad = lane % ROW_QUADS;
    for (var turn = 0u; turn < STAGED * ROW_QUADS / LANES; turn++) {
        let source = turn * (LANES / ROW_QUADS) + lane / ROW_QUADS;
        left[source * ROW_QUADS + quad] = values[start + min(first_row + source, task.rows - 1u) * stride + quad];
    }
}

// Slopes of 32 units of the next level in 32 rows; 0 past the last one.
fn stage_slopes(start: u32, stride: u32, first_row: u32, lane: u32) {
    let column = lane % COLUMNS;
    for (var turn = 0u; turn < STAGED * COLUMNS / LANES; turn++) {
        let source = turn * (LANES / COLUMNS) + lane / COLUMNS;
        let row = first_row + source;
        let found = slopes[start + min(row, task.rows - 1u) * stride + column];
        right[source * STAGED_COLUMNS + column] = select(vec4<f32>(0.0), found, row < task.rows);
    }
}

fn move_four(at: u32, gradient: vec4<f32>) {
    let mean = task.kept * means[at] + task.rest * gradient;
    let square = task.kept_square * squares[at] + task.rest_square * gradient * gradient;
    means[at] = mean;
    squares[at] = square;
    parameters[at] -= task.rate * task.correction * mean / (sqrt(task.correction_square * square) + task.floor);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    // Workgroups past the last tile repeat it, and write nothing.
    let tile = min(group_index(group, groups), task.tiles - 1u);
    let is_there = group_index(group, groups) < task.tiles;
    var layer = 0u;
    for (var later = 1u; later < task.layers; later++) {
        layer = select(layer, later, tile >= units[later].first_tile);
    }
    let below = units[layer];
    let above = units[layer + 1u];
    let words = (above.count + TILE_TARGETS - 1u) / TILE_TARGETS;
    let first_unit = (tile - below.first_tile) / words * TILE_ROWS;
    let word = (tile - below.first_tile) % words;
    for (var first_row = 0u; first_row < task.rows; first_row += STAGED) {
        workgroupBarrier();
        stage_values(values_of(layer) + first_unit / 4u, below.stride / 4u, first_row, lane);
        stage_slopes(above.slopes / 4u + word * COLUMNS, above.stride / 4u, first_row, lane);
        workgroupBarrier();
        add_staged(lane);
    }
    share_sums(lane);
    for (var turn = 0u; turn < SLICE_ROWS; turn++) {
        let unit = first_unit + tile_row(turn, lane);
        if is_there {
            move_four((below.parameters + unit * above.stride) / 4u + word * COLUMNS + lane % COLUMNS, left[sum_at(turn, lane)]);
        }
    }
}
