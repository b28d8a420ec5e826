// Sum over the interior of squares by a transfer over its sites, one square per lane: for software adapters, where lanes that
// share are lanes that wait. The same operations in the same order as in box_sum_group: both give the same bits.
//
// Every index of `states` is a constant once calls are inlined and loops unrolled, so that it lies in registers. Drivers unroll
// loops of a few hundred operations and no more: hence the blocks below. BITS is 3 or 7.
// Brings the entry point, which calls the kernel's work(group, lane).

#include box/box_sum
#include lanes/entry_workgroup

const BOXES: u32 = LANES;
// States, and pairs of them, that a loop takes.
const BLOCK: u32 = min(32u, STATES);
const PAIR_BLOCK: u32 = min(16u, PAIRS);

struct Place {
    lane: u32,           // 0: the lane that has the sum
    block: u32,
    configuration: u32,
    row: u32,
    inside: bool,        // false behind the last row: such lanes repeat the last one and write nothing
}

// Sides of the square, bits of spins.
struct Border {
    top: u32,
    right: u32,
    bottom: u32,
    left: u32,
}

var<private> states: array<f32, STATES>;
var<private> border: Border;
var<private> start_of_sum: f32;

fn place(group: u32, lane: u32) -> Place {
    let wanted = group * LANES + lane;
    let row = min(wanted, level.rows - 1u);
    return Place(0u, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// The scaled sum over the interior.
fn scaled_sum(at: Place) -> ScaledSum {
    load_square(at);
    let exponent = sum_rows(BITS);
    return ScaledSum(sum_all(), start_of_sum, exponent);
}

fn load_square(at: Place) {
    start_of_sum = start_value(at.block, at.configuration);
    border = Border(
        face_bits(at.block, at.configuration, ABOVE, BITS), face_bits(at.block, at.configuration, RIGHT, BITS),
        face_bits(at.block, at.configuration, BELOW, BITS), face_bits(at.block, at.configuration, LEFT, BITS),
    );
}

// Fills `states` with the sums over the first `rows` rows, at least one; returns the exponent that was taken out.
fn sum_rows(rows: u32) -> i32 {
    set_states();
    var exponent = 0;
    var i = 0u;
    loop {
        let left = earlier_bonds(bit_of(border.left, i));
        let left_down = earlier_bonds(0u);
        let left_up = earlier_bonds(1u);
        column(0u, left, left);
        column(1u, left_down, left_up);
        if BITS > 3u {
            column(2u, left_down, left_up);
            column(3u, left_down, left_up);
            column(4u, left_down, left_up);
            column(5u, left_down, left_up);
        }
        column(BITS - 1u, left_down, left_up);
        add_right_side(bonds_to(bit_of(border.right, i)));
        exponent += rescale();
        i++;
        if i >= rows {
            break;
        }
    }
    return exponent;
}

fn set_states() {
    set_block(0u);
    if STATES > BLOCK {
        set_block(BLOCK);
        set_block(2u * BLOCK);
        set_block(3u * BLOCK);
    }
}

fn set_block(first: u32) {
    for (var s = 0u; s < BLOCK; s++) {
        states[(first + s) % STATES] = select(0.0, start_of_sum, first + s == border.top);
    }
}

// Replaces bit j by the spin below it. The factors are those of `earlier_bonds`.
fn column(j: u32, left_down: vec4<f32>, left_up: vec4<f32>) {
    mix_block(j, left_down, left_up, 0u);
    if PAIRS > PAIR_BLOCK {
        mix_block(j, left_down, left_up, PAIR_BLOCK);
        mix_block(j, left_down, left_up, 2u * PAIR_BLOCK);
        mix_block(j, left_down, left_up, 3u * PAIR_BLOCK);
    }
}

fn mix_block(j: u32, left_down: vec4<f32>, left_up: vec4<f32>, first: u32) {
    let field = field_factors();
    for (var p = 0u; p < PAIR_BLOCK; p++) {
        let pair = (first + p) % PAIRS;
        let low = ((pair >> j) << (j + 1u)) | (pair & ((1u << j) - 1u));
        let high = low | (1u << j);
        let pairs = select(left_down, left_up, (((low << 1u) >> j) & 1u) == 1u);
        let down = states[low];
        let up = states[high];
        states[low] = (down * pairs.x + up * pairs.y) * field.x;
        states[high] = (up * pairs.z + down * pairs.w) * field.y;
    }
}

// The bonds of the last column to the right side.
fn add_right_side(factors: vec2<f32>) {
    multiply_block(factors, 0u);
    if PAIRS > PAIR_BLOCK {
        multiply_block(factors, PAIR_BLOCK);
        multiply_block(factors, 2u * PAIR_BLOCK);
        multiply_block(factors, 3u * PAIR_BLOCK);
    }
}

fn multiply_block(factors: vec2<f32>, first: u32) {
    for (var p = 0u; p < PAIR_BLOCK; p++) {
        let low = (first + p) % PAIRS;
        states[low] *= factors.x;
        states[(low + PAIRS) % STATES] *= factors.y;
    }
}

// Divides by a power of two near the largest state; returns its exponent.
fn rescale() -> i32 {
    var found = largest_of(0u);
    if STATES > BLOCK {
        found = max(max(found, largest_of(BLOCK)), max(largest_of(2u * BLOCK), largest_of(3u * BLOCK)));
    }
    // The exponent's bits of a positive normal number.
    let power = i32(bitcast<u32>(found) >> 23u) - 127;
    let scale = bitcast<f32>(u32(127 - power) << 23u);
    scale_block(0u, scale);
    if STATES > BLOCK {
        scale_block(BLOCK, scale);
        scale_block(2u * BLOCK, scale);
        scale_block(3u * BLOCK, scale);
    }
    return power;
}

fn largest_of(first: u32) -> f32 {
    var found = 0.0;
    for (var s = 0u; s < BLOCK; s++) {
        found = max(found, states[(first + s) % STATES]);
    }
    return found;
}

fn scale_block(first: u32, scale: f32) {
    for (var s = 0u; s < BLOCK; s++) {
        states[(first + s) % STATES] *= scale;
    }
}

// Sum over all states, every bit weighted with its bond to the row below, from the last bit on.
fn sum_all() -> f32 {
    if BITS > 3u {
        sum_bit(6u, 0u);
        sum_bit(6u, 32u);
        sum_bit(5u, 0u);
        sum_bit(4u, 0u);
        sum_bit(3u, 0u);
    }
    sum_bit(2u, 0u);
    sum_bit(1u, 0u);
    sum_bit(0u, 0u);
    return states[0];
}

fn sum_bit(bit: u32, first: u32) {
    let factors = bonds_to(bit_of(border.bottom, bit));
    for (var s = 0u; s < min(32u, 1u << bit); s++) {
        let low = (first + s) % STATES;
        let high = (low + (1u << bit)) % STATES;
        states[low] = states[low] * factors.x + states[high] * factors.y;
    }
}
