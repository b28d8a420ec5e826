// A tile of a product: 64 rows by 32 targets. The workgroup stages 32 sources of both factors at a time; SLICES slices of 64 lanes share these sources, and a lane has 8
// rows by 4 targets in registers. Sums of slices are added at the end, in their order.
// Factors that are bits are staged as floats: a product and a sum are one operation then, and a bit is unpacked once for all targets.
// All lanes take the same turns of all loops, as barriers need it.
// Needs LANES = 64 SLICES, where SLICES is 1, 2, 4 or 8.

const TILE_ROWS: u32 = 64u;
const TILE_TARGETS: u32 = 32u;
const STAGED: u32 = 32u;
const ROW_QUADS: u32 = TILE_ROWS / 4u;
// Lanes side by side in a row of the tile, each with four targets.
const COLUMNS: u32 = 8u;
// Rows of a lane, of which each slice works on its share at the end.
const LANE_ROWS: u32 = 8u;
const SLICE_ROWS: u32 = LANE_ROWS / SLICES;
// One more than columns, so that lanes that store source by source meet different banks of the memory.
const STAGED_COLUMNS: u32 = COLUMNS + 1u;

var<workgroup> left: array<vec4<f32>, STAGED * ROW_QUADS>;       // [source][row quad]; then the sums, [row of a lane][64 lanes]
var<workgroup> right: array<vec4<f32>, STAGED * STAGED_COLUMNS>; // [source][column]
var<private> sums: array<vec4<f32>, LANE_ROWS>;

fn add_source(source: u32, lane: u32) {
    let targets = right[source * STAGED_COLUMNS + lane % COLUMNS];
    let quad = source * ROW_QUADS + lane % 64u / COLUMNS * 2u;
    let low = left[quad];
    let high = left[quad + 1u];
    sums[0] += low.x * targets;
    sums[1] += low.y * targets;
    sums[2] += low.z * targets;
    sums[3] += low.w * targets;
    sums[4] += high.x * targets;
    sums[5] += high.y * targets;
    sums[6] += high.z * targets;
    sums[7] += high.w * targets;
}

// Adds what is staged.
fn add_staged(lane: u32) {
    let first = lane / 64u * (STAGED / SLICES);
    for (var k = 0u; k < STAGED / SLICES; k += 4u) {
        add_source(first + k, lane);
        add_source(first + k + 1u, lane);
        add_source(first + k + 2u, lane);
        add_source(first + k + 3u, lane);
    }
}

fn add_to_slices(row: u32, slice: u32, lane: u32, sum: vec4<f32>) {
    let at = row * 64u + lane % 64u;
    if slice == 0u {
        left[at] = sum;
    } else {
        left[at] += sum;
    }
}

// Sums of all slices, for sum_at.
fn share_sums(lane: u32) {
    for (var slice = 0u; slice < SLICES; slice++) {
        workgroupBarrier();
        if lane / 64u == slice {
            add_to_slices(0u, slice, lane, sums[0]);
            add_to_slices(1u, slice, lane, sums[1]);
            add_to_slices(2u, slice, lane, sums[2]);
            add_to_slices(3u, slice, lane, sums[3]);
            add_to_slices(4u, slice, lane, sums[4]);
            add_to_slices(5u, slice, lane, sums[5]);
            add_to_slices(6u, slice, lane, sums[6]);
            add_to_slices(7u, slice, lane, sums[7]);
        }
    }
    workgroupBarrier();
}

// The row of the tile that a lane works on in one of SLICE_ROWS turns.
fn tile_row(turn: u32, lane: u32) -> u32 {
    return lane % 64u / COLUMNS * LANE_ROWS + lane / 64u * SLICE_ROWS + turn;
}

// Where the sums of that row and of the lane's targets are in `left`.
fn sum_at(turn: u32, lane: u32) -> u32 {
    return (lane / 64u * SLICE_ROWS + turn) * 64u + lane % 64u;
}
