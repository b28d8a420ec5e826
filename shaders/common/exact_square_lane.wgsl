// Sum over the interior of squares by a transfer over its sites, one square per lane: for software adapters, where lanes that
// share are lanes that wait. The same operations in the same order as in exact_square_group: both give the same bits.
//
// Every index of `states` is a constant once calls are inlined and loops unrolled, so that it lies in registers. Drivers unroll
// loops of a few hundred operations and no more: hence the blocks below. WIDTH is 3 or 7.
// Brings the entry point, which calls the kernel's work(group, lane).

#include exact_square
#include entry_workgroup

const SQUARES: u32 = LANES;
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
// Boltzmann factors of bonds.
var<private> same: f32;
var<private> different: f32;
// Factors of a spin down and up in the field.
var<private> own: vec2<f32>;

fn place(group: u32, lane: u32) -> Place {
    let wanted = group * LANES + lane;
    let row = min(wanted, level.rows - 1u);
    return Place(0u, row / level.batch, row % level.batch, row, wanted < level.rows);
}

// The scaled sum over the interior.
fn scaled_sum(at: Place) -> ScaledSum {
    load_square(at);
    let exponent = sum_rows(WIDTH);
    return ScaledSum(sum_all(), exponent);
}

fn load_square(at: Place) {
    same = step.bond_same;
    different = step.bond_different;
    own = vec2<f32>(own_factor(0u), own_factor(1u));
    border = Border(
        spin_bits(at.block, at.configuration, 0u), spin_bits(at.block, at.configuration, WIDTH),
        spin_bits(at.block, at.configuration, 2u * WIDTH), spin_bits(at.block, at.configuration, 3u * WIDTH),
    );
}

// Fills `states` with the sums over the first `rows` rows, at least one; returns the exponent that was taken out.
fn sum_rows(rows: u32) -> i32 {
    start();
    var exponent = 0;
    var i = 0u;
    loop {
        let left = own * bonds_to(bit_of(border.left, i));
        let inner = vec4<f32>(own * bonds_to(0u), own * bonds_to(1u));
        let right = bonds_to(bit_of(border.right, i));
        column(0u, vec4<f32>(left, left));
        column(1u, inner);
        if WIDTH > 3u {
            column(2u, inner);
            column(3u, inner);
            column(4u, inner);
            column(5u, inner);
        }
        column(WIDTH - 1u, inner * vec4<f32>(right, right));
        exponent += rescale();
        i++;
        if i >= rows {
            break;
        }
    }
    return exponent;
}

// Factors of the bonds of a spin down and a spin up to a neighbour.
fn bonds_to(neighbour: u32) -> vec2<f32> {
    return select(vec2<f32>(same, different), vec2<f32>(different, same), neighbour == 1u);
}

fn start() {
    start_block(0u);
    if STATES > BLOCK {
        start_block(BLOCK);
        start_block(2u * BLOCK);
        start_block(3u * BLOCK);
    }
}

fn start_block(first: u32) {
    for (var s = 0u; s < BLOCK; s++) {
        states[(first + s) % STATES] = select(0.0, 1.0, first + s == border.top);
    }
}

// Replaces bit j. `factors` are those of a spin down and up with a left neighbour down, then with one that is up.
fn column(j: u32, factors: vec4<f32>) {
    mix_block(j, factors, 0u);
    if PAIRS > PAIR_BLOCK {
        mix_block(j, factors, PAIR_BLOCK);
        mix_block(j, factors, 2u * PAIR_BLOCK);
        mix_block(j, factors, 3u * PAIR_BLOCK);
    }
}

fn mix_block(j: u32, factors: vec4<f32>, first: u32) {
    for (var p = 0u; p < PAIR_BLOCK; p++) {
        let pair = (first + p) % PAIRS;
        let low = ((pair >> j) << (j + 1u)) | (pair & ((1u << j) - 1u));
        let high = low | (1u << j);
        let left_up = (low << 1u >> j & 1u) == 1u;
        let factor = select(factors.xy, factors.zw, left_up);
        let down = states[low];
        let up = states[high];
        states[low] = (down * same + up * different) * factor.x;
        states[high] = (up * same + down * different) * factor.y;
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
    if WIDTH > 3u {
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
