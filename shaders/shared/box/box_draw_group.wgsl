// Draws the insides of exact boxes by workgroups, which keep the states of all layers but the last; see box_sum_group.

#include box/box_sum_group

const SITES: u32 = LAYERS * BITS;

var<workgroup> layers: array<array<array<f32, STATES>, LAYERS - 1u>, BOXES>;
var<workgroup> numbers: array<array<f32, SITES>, BOXES>;                  // random, by site
var<workgroup> drawn: array<array<u32, LAYERS>, BOXES>;                  // bits of the layers

fn keep_layer(at: Place, i: u32) {
    if i + 1u < LAYERS {
        for (var state = at.lane; state < STATES; state += SHARING) {
            layers[at.number][i][state] = states[at.number][state];
        }
    }
}

// Bits of layer i by their conditional probabilities given the layer below.
fn draw_layer(at: Place, i: u32, below: u32) -> u32 {
    var chosen = 0u;
    for (var bit = 0u; bit < BITS; bit++) {
        let size = 2u << bit;
        let high = chosen | (1u << bit);
        var down = 0.0;
        var up = 0.0;
        if bit + 1u == BITS {
            down = states[at.number][chosen];
            up = states[at.number][high];
        } else if bit + 2u == BITS {
            down = sum_of_last(at, chosen, below);
            up = sum_of_last(at, high, below);
        } else {
            down = partial_sums[at.number][size + chosen];
            up = partial_sums[at.number][size + high];
        }
        down *= bond(0u, bit_of(below, bit));
        up *= bond(1u, bit_of(below, bit));
        if numbers[at.number][i * BITS + bit] * (down + up) < up {
            chosen = high;
        }
    }
    return chosen;
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
            for (var state = at.lane; state < STATES; state += SHARING) {
                states[at.number][state] = layers[at.number][i][state];
            }
        }
        workgroupBarrier();
        var below = border[at.number][1];
        if i + 1u < LAYERS {
            below = drawn[at.number][i + 1u];
        }
        let total = sum_partially(at, below);
        if at.lane == 0u {
            drawn[at.number][i] = draw_layer(at, i, below);
        }
    }
    workgroupBarrier();
    if !at.inside {
        return;
    }
    for (var site = at.lane; site < SITES; site += SHARING) {
        let up = bit_of(drawn[at.number][site / BITS], site % BITS) == 1u;
        spins[spin_index(at.block, level.border + site, at.configuration)] = select(-1, 1, up);
    }
    if at.lane == 0u {
        ln_q[level.first_row + at.row] = ln_probability(drawn_sums(at), sum);
    }
}

// Bond sum and spin sum of the drawn layers.
fn drawn_sums(at: Place) -> vec2<i32> {
    var different = countOneBits(drawn[at.number][LAYERS - 1u] ^ border[at.number][1]);
    var ups = 0u;
    var above = border[at.number][0];
    for (var i = 0u; i < LAYERS; i++) {
        let layer = drawn[at.number][i];
        different += countOneBits(layer ^ above) + different_in_layer(at, i, layer);
        ups += countOneBits(layer);
        above = layer;
    }
    return vec2<i32>(i32(level.bond_count) - 2 * i32(different), 2 * i32(ups) - i32(level.own));
}

// Bonds between different spins within a layer, and of its rim to the border around it.
fn different_in_layer(at: Place, i: u32, layer: u32) -> u32 {
    const OF_ROW: u32 = (1u << ROW) - 1u;
    var different = 0u;
    for (var j = 0u; j < BITS; j += ROW) {
        let line = i * (BITS / ROW) + j / ROW;
        let row = (layer >> j) & OF_ROW;
        let left = (row << 1u) | bit_of(border[at.number][4], line);
        different += countOneBits((row ^ left) & OF_ROW);
        different += bit_of(row, ROW - 1u) ^ bit_of(border[at.number][5], line);
    }
    if DIMENSIONS == 3u {
        let behind = (layer << ROW) | ((border[at.number][2] >> (i * ROW)) & OF_ROW);
        let front = (border[at.number][3] >> (i * ROW)) & OF_ROW;
        different += countOneBits((layer ^ behind) & (STATES - 1u));
        different += countOneBits((layer >> (BITS - ROW)) ^ front);
    }
    return different;
}
