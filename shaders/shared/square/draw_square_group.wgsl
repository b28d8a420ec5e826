// Draws the interiors of exact squares by workgroups, which keep the states of all rows; see exact_square_group.

#include square/exact_square_group

var<workgroup> rows: array<array<array<f32, STATES>, WIDTH>, SQUARES>;
var<workgroup> numbers: array<array<f32, WIDTH * WIDTH>, SQUARES>;       // random, by site
var<workgroup> drawn: array<array<u32, WIDTH>, SQUARES>;                 // bits of the rows

fn keep_row(at: Place, i: u32) {
    for (var state = at.lane; state < STATES; state += PAIRS) {
        rows[at.square][i][state] = states[at.square][state];
    }
}

// Bits of row i by their conditional probabilities given the row below.
fn draw_row(at: Place, i: u32, below: u32) -> u32 {
    var chosen = 0u;
    for (var bit = 0u; bit < WIDTH; bit++) {
        let size = 2u << bit;
        let high = chosen | (1u << bit);
        var down = states[at.square][chosen];
        var up = states[at.square][high];
        if bit + 1u < WIDTH {
            down = partial_sums[at.square][size + chosen];
            up = partial_sums[at.square][size + high];
        }
        down *= bond(0u, bit_of(below, bit));
        up *= bond(1u, bit_of(below, bit));
        if numbers[at.square][i * WIDTH + bit] * (down + up) < up {
            chosen = high;
        }
    }
    return chosen;
}

fn work(group: u32, lane: u32) {
    let at = place(group, lane);
    for (var site = at.lane; site < WIDTH * WIDTH; site += PAIRS) {
        let configuration = step.first_configuration + at.configuration;
        numbers[at.square][site] =
            uniform_number(step.seed, step.step, configuration, level.index, at.block, site);
    }
    let sum = scaled_sum(at);
    for (var step_up = 1u; step_up <= WIDTH; step_up++) {
        let i = WIDTH - step_up;
        workgroupBarrier();
        for (var state = at.lane; state < STATES; state += PAIRS) {
            states[at.square][state] = rows[at.square][i][state];
        }
        workgroupBarrier();
        var below = border[at.square][2];
        if i + 1u < WIDTH {
            below = drawn[at.square][i + 1u];
        }
        sum_partially(at, below);
        if at.lane == 0u {
            drawn[at.square][i] = draw_row(at, i, below);
        }
    }
    workgroupBarrier();
    if !at.inside {
        return;
    }
    for (var site = at.lane; site < WIDTH * WIDTH; site += PAIRS) {
        let up = bit_of(drawn[at.square][site / WIDTH], site % WIDTH) == 1u;
        spins[spin_index(at.block, level.border + site, at.configuration)] = select(-1, 1, up);
    }
    if at.lane == 0u {
        ln_q[level.first_row + at.row] = ln_probability(drawn_sums(at), sum);
    }
}

// Bond sum and spin sum of the drawn rows.
fn drawn_sums(at: Place) -> vec2<i32> {
    let mask = STATES - 1u;
    var different = countOneBits(drawn[at.square][WIDTH - 1u] ^ border[at.square][2]);
    var ups = 0u;
    var above = border[at.square][0];
    for (var i = 0u; i < WIDTH; i++) {
        let row = drawn[at.square][i];
        let left = (row << 1u) | bit_of(border[at.square][3], i);
        let right = bit_of(row, WIDTH - 1u) ^ bit_of(border[at.square][1], i);
        different += countOneBits(row ^ above) + countOneBits((row ^ left) & mask) + right;
        ups += countOneBits(row);
        above = row;
    }
    return vec2<i32>(i32(level.bond_count) - 2 * i32(different), 2 * i32(ups) - i32(level.own));
}
