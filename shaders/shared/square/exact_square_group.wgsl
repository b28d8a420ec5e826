// Sum over the interior of squares by a transfer over its sites, by a workgroup. Twin of `src/cpu/exact_square.rs`.
//
// A lane holds the two states that differ in the bit of the site at hand, so a square takes 2^(WIDTH - 1) lanes and a workgroup
// SQUARES = LANES / 2^(WIDTH - 1) squares, in consecutive rows. `keep_row` is called with every finished row.
// Brings the entry point, which calls the kernel's work(group, lane).

#include square/exact_square
#include lanes/entry_workgroup

const SQUARES: u32 = LANES / PAIRS;
// States that one lane looks at for the largest, and such parts of a square.
const PART: u32 = 8u;
const PARTS: u32 = STATES / PART;

var<workgroup> border: array<array<u32, 4>, SQUARES>;        // bits of the top, right, bottom and left sides
var<workgroup> states: array<array<f32, STATES>, SQUARES>;
var<workgroup> largest: array<array<f32, PARTS>, SQUARES>;
var<workgroup> partial_sums: array<array<f32, STATES>, SQUARES>; // heap: [2^k + low] is summed over all bits from k on

struct Place {
    square: u32,         // within the workgroup
    lane: u32,           // within the square
    block: u32,
    configuration: u32,
    row: u32,
    inside: bool,        // false behind the last row: such squares repeat the last one and write nothing
}

fn place(group: u32, lane: u32) -> Place {
    let square = lane / PAIRS;
    let wanted = group * SQUARES + square;
    let row = min(wanted, level.rows - 1u);
    return Place(square, lane % PAIRS, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// The scaled sum over the interior. Must be called in uniform control flow.
fn scaled_sum(at: Place) -> ScaledSum {
    for (var side = at.lane; side < 4u; side += PAIRS) {
        border[at.square][side] = spin_bits(at.block, at.configuration, side * WIDTH);
    }
    workgroupBarrier();
    let start = start_value(at.block, at.configuration);
    for (var state = at.lane; state < STATES; state += PAIRS) {
        states[at.square][state] = select(0.0, start, state == border[at.square][0]);
    }
    var exponent = 0;
    for (var i = 0u; i < WIDTH; i++) {
        for (var j = 0u; j < WIDTH; j++) {
            workgroupBarrier();
            add_site(at, i, j);
        }
        exponent += rescale(at);
        keep_row(at, i);
    }
    workgroupBarrier();
    sum_partially(at, border[at.square][2]);
    return ScaledSum(partial_sums[at.square][1], start, exponent);
}

// Replaces bit j by the spin below it, with its bonds to the left and, at the end of a row, to the right side.
fn add_site(at: Place, i: u32, j: u32) {
    let low = ((at.lane >> j) << (j + 1u)) | (at.lane & ((1u << j) - 1u));
    let high = low | (1u << j);
    var left = bit_of(border[at.square][3], i);
    if j > 0u {
        left = bit_of(low, j - 1u);
    }
    let pairs = bond_pairs(left);
    let down = states[at.square][low];
    let up = states[at.square][high];
    var sums = vec2<f32>(down * pairs.x + up * pairs.y, up * pairs.z + down * pairs.w) * field_factors();
    if j == WIDTH - 1u {
        sums *= bonds_to(bit_of(border[at.square][1], i));
    }
    states[at.square][low] = sums.x;
    states[at.square][high] = sums.y;
}

// Divides by a power of two near the largest state; returns its exponent.
fn rescale(at: Place) -> i32 {
    workgroupBarrier();
    if at.lane < PARTS {
        var found = 0.0;
        for (var state = at.lane * PART; state < (at.lane + 1u) * PART; state++) {
            found = max(found, states[at.square][state]);
        }
        largest[at.square][at.lane] = found;
    }
    workgroupBarrier();
    var found = 0.0;
    for (var part = 0u; part < PARTS; part++) {
        found = max(found, largest[at.square][part]);
    }
    // The exponent's bits of a positive normal number.
    let power = i32(bitcast<u32>(found) >> 23u) - 127;
    let scale = bitcast<f32>(u32(127 - power) << 23u);
    for (var state = at.lane; state < STATES; state += PAIRS) {
        states[at.square][state] *= scale;
    }
    return power;
}

// Fills the heap of partial sums of `states`, every bit weighted with its bond to the row below.
fn sum_partially(at: Place, below: u32) {
    for (var step_up = 1u; step_up <= WIDTH; step_up++) {
        let bit = WIDTH - step_up;
        let size = 1u << bit;
        if at.lane < size {
            var down = states[at.square][at.lane];
            var up = states[at.square][at.lane + size];
            if bit + 1u < WIDTH {
                down = partial_sums[at.square][2u * size + at.lane];
                up = partial_sums[at.square][3u * size + at.lane];
            }
            let next = bit_of(below, bit);
            partial_sums[at.square][size + at.lane] = down * bond(0u, next) + up * bond(1u, next);
        }
        workgroupBarrier();
    }
}
