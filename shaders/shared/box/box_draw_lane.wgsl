// Draws the interiors of exact squares, one per lane; see box_sum_lane. The states of all rows are too many for a lane: they are
// summed up to the row at hand again for every row. The same spins as box_draw_group.

#include box/box_sum_lane

// Heap: [2^k + low] is summed over all bits from k on, as long as no bit is drawn. A drawn bit halves every table of sums, which
// then lies where that bit is 0.
var<private> sums: array<f32, STATES>;

// What the drawn rows have of bonds between different spins, and of spins up.
var<private> different_bonds: u32;
var<private> ups: u32;

fn work(group: u32, lane: u32) {
    let at = place(group, lane);
    load_square(at);
    var sum: ScaledSum;
    var below = border.bottom;
    var i = BITS - 1u;
    loop {
        let exponent = sum_rows(i + 1u);
        fill_sums(below);
        if i == BITS - 1u {
            sum = ScaledSum(sums[1], start_of_sum, exponent);
        }
        let row = draw_row(at, i, below);
        count_row(row, below, i);
        store_row(at, i, row);
        below = row;
        if i == 0u {
            break;
        }
        i--;
    }
    different_bonds += countOneBits(below ^ border.top);
    let totals = vec2<i32>(i32(level.bond_count) - 2 * i32(different_bonds), 2 * i32(ups) - i32(level.own));
    if at.inside {
        ln_q[level.first_row + at.row] = ln_probability(at.block, totals, sum);
    }
}

// Bonds of a row to the row below, within it and to both sides.
fn count_row(row: u32, below: u32, i: u32) {
    let left = (row << 1u) | bit_of(border.left, i);
    let right = bit_of(row, BITS - 1u) ^ bit_of(border.right, i);
    different_bonds += countOneBits(row ^ below) + countOneBits((row ^ left) & (STATES - 1u)) + right;
    ups += countOneBits(row);
}

fn store_row(at: Place, i: u32, row: u32) {
    for (var j = 0u; j < BITS; j++) {
        if at.inside {
            let local = level.border + i * BITS + j;
            spins[spin_index(at.block, local, at.configuration)] = select(-1, 1, bit_of(row, j) == 1u);
        }
    }
}

// Every bit weighted with its bond to the row below, from the last bit on.
fn fill_sums(below: u32) {
    let last = bonds_to(bit_of(below, BITS - 1u));
    sum_states(0u, last);
    if PAIRS > BLOCK {
        sum_states(BLOCK, last);
    }
    if BITS > 3u {
        sum_sums(5u, bonds_to(bit_of(below, 5u)));
        sum_sums(4u, bonds_to(bit_of(below, 4u)));
        sum_sums(3u, bonds_to(bit_of(below, 3u)));
        sum_sums(2u, bonds_to(bit_of(below, 2u)));
    }
    sum_sums(1u, bonds_to(bit_of(below, 1u)));
    sum_sums(0u, bonds_to(bit_of(below, 0u)));
}

fn sum_states(first: u32, factors: vec2<f32>) {
    for (var s = 0u; s < min(BLOCK, PAIRS); s++) {
        let pair = (first + s) % PAIRS;
        sums[PAIRS + pair] = states[pair] * factors.x + states[pair + PAIRS] * factors.y;
    }
}

fn sum_sums(bit: u32, factors: vec2<f32>) {
    let size = (1u << bit) % PAIRS;
    for (var s = 0u; s < size; s++) {
        sums[(size + s) % STATES] = sums[(2u * size + s) % STATES] * factors.x + sums[(3u * size + s) % STATES] * factors.y;
    }
}

// Bits of row i by their conditional probabilities given the row below.
fn draw_row(at: Place, i: u32, below: u32) -> u32 {
    var row = draw_bit(at, i, below, 0u);
    row |= draw_bit(at, i, below, 1u) << 1u;
    if BITS > 3u {
        row |= draw_bit(at, i, below, 2u) << 2u;
        row |= draw_bit(at, i, below, 3u) << 3u;
        row |= draw_bit(at, i, below, 4u) << 4u;
        row |= draw_bit(at, i, below, 5u) << 5u;
    }
    row |= draw_bit(at, i, below, BITS - 1u) << (BITS - 1u);
    return row;
}

fn draw_bit(at: Place, i: u32, below: u32, bit: u32) -> u32 {
    let size = 2u << bit;
    var weights = vec2<f32>(states[0], states[size / 2u % STATES]);
    if bit + 1u < BITS {
        weights = vec2<f32>(sums[size % STATES], sums[(size + size / 2u) % STATES]);
    }
    weights *= bonds_to(bit_of(below, bit));
    let configuration = step.first_configuration + at.configuration;
    let number = uniform_number(step.seed, step.step, configuration, level.index, at.block, i * BITS + bit);
    let up = number * (weights.x + weights.y) < weights.y;
    narrow(bit, up);
    return select(0u, 1u, up);
}

// Keeps what agrees with a drawn bit.
fn narrow(bit: u32, up: bool) {
    narrow_states(bit, 0u, up);
    if (PAIRS >> bit) > BLOCK {
        narrow_states(bit, BLOCK, up);
    }
    if BITS > 3u {
        narrow_sums(6u, bit, up);
        narrow_sums(5u, bit, up);
        narrow_sums(4u, bit, up);
        narrow_sums(3u, bit, up);
    }
    narrow_sums(2u, bit, up);
}

fn narrow_states(bit: u32, first: u32, up: bool) {
    for (var s = 0u; s < min(BLOCK, PAIRS >> bit); s++) {
        let low = ((first + s) << (bit + 1u)) % STATES;
        states[low] = select(states[low], states[(low + (1u << bit)) % STATES], up);
    }
}

// The table over the bits before `table`; those without a later bit are not needed again.
fn narrow_sums(table: u32, bit: u32, up: bool) {
    let count = select(0u, (1u << table) >> (bit + 1u), table > bit + 1u);
    for (var s = 0u; s < count; s++) {
        let low = ((1u << table) + (s << (bit + 1u))) % STATES;
        sums[low] = select(sums[low], sums[(low + (1u << bit)) % STATES], up);
    }
}
