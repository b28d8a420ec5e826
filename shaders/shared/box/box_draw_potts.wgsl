// Draws the insides of boxes of Potts spins row by row from the last, by workgroups. States of earlier rows are summed anew: there is no room to keep them.

#include box/box_sum_potts

const SITES: u32 = LAYERS * BITS;

var<workgroup> numbers: array<array<f32, SITES>, BOXES>;                  // random, by site
var<workgroup> drawn: array<array<u32, SITES>, BOXES>;

fn below_of(at: Place, i: u32, j: u32) -> u32 {
    if i + 1u == LAYERS {
        return border[at.number][BELOW + j];
    }
    return drawn[at.number][(i + 1u) * BITS + j];
}

// Digits of row i, one after another, by their conditional probabilities given the row below.
fn draw_row(at: Place, i: u32) {
    var chosen = 0u;
    var stride = 1u;
    for (var j = 0u; j < BITS; j++) {
        let below = below_of(at, i, j);
        var total = 0.0;
        for (var c = 0u; c < COLOURS; c++) {
            total += partial_sum(at.number, stride * COLOURS, chosen + c * stride) * bond(below, c);
        }
        let number = numbers[at.number][i * BITS + j] * total;
        var colour = 0u;
        var so_far = 0.0;
        for (var c = 0u; c + 1u < COLOURS; c++) {
            so_far += partial_sum(at.number, stride * COLOURS, chosen + c * stride) * bond(below, c);
            colour += select(0u, 1u, number >= so_far);
        }
        drawn[at.number][i * BITS + j] = colour;
        chosen += colour * stride;
        stride *= COLOURS;
    }
}

// Bonds between equal colours and sites of colour 0.
fn drawn_sums(at: Place) -> vec2<i32> {
    var sums = vec2<i32>(0);
    for (var site = 0u; site < SITES; site++) {
        let i = site / BITS;
        let j = site % BITS;
        let colour = drawn[at.number][site];
        var above = border[at.number][ABOVE + j];
        if i > 0u {
            above = drawn[at.number][site - BITS];
        }
        var left = border[at.number][LEFT + i];
        if j > 0u {
            left = drawn[at.number][site - 1u];
        }
        sums.x += select(0, 1, colour == above) + select(0, 1, colour == left);
        sums.x += select(0, 1, i + 1u == LAYERS && colour == border[at.number][BELOW + j]);
        sums.x += select(0, 1, j + 1u == BITS && colour == border[at.number][RIGHT + i]);
        sums.y += select(0, 1, colour == 0u);
    }
    return sums;
}

fn work(group: u32, lane: u32) {
    let at = place(group, lane);
    for (var site = at.lane; site < SITES; site += SHARING) {
        let configuration = step.first_configuration + at.configuration;
        numbers[at.number][site] =
            uniform_number(step.seed, step.step, configuration, level.index, at.block, site);
    }
    let sum = scaled_sum(at);
    for (var step_up = 1u; step_up <= LAYERS; step_up++) {
        let i = LAYERS - step_up;
        workgroupBarrier();
        if step_up > 1u {
            let exponent = sum_rows(at, i + 1u);
            var stride = COLUMNS;
            for (var digit = 1u; digit <= BITS; digit++) {
                sum_digit(at, stride, below_of(at, i, BITS - digit));
                stride /= COLOURS;
            }
        }
        if at.lane == 0u {
            draw_row(at, i);
        }
    }
    workgroupBarrier();
    if !at.inside {
        return;
    }
    for (var site = at.lane; site < SITES; site += SHARING) {
        spins[spin_index(at.block, level.border + site, at.configuration)] = i32(drawn[at.number][site]);
    }
    if at.lane == 0u {
        ln_q[level.first_row + at.row] = ln_probability(at.block, drawn_sums(at), sum);
    }
}
