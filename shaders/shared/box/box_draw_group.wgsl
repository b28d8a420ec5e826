// Draws the insides of exact boxes by workgroups, which keep the states of all layers but the last; see box_sum_group.

#include box/box_sum_group
#include box/drawn_sums_$COUPLINGS

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
            down = sum_of_last(at, i, chosen, below);
            up = sum_of_last(at, i, high, below);
        } else {
            down = partial_sums[at.number][size + chosen];
            up = partial_sums[at.number][size + high];
        }
        let factors = bonds_below(at.number, i, bit, bit_of(below, bit));
        down *= factors.x;
        up *= factors.y;
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
        let total = sum_partially(at, i, below);
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
        ln_q[level.first_row + at.row] = ln_probability(at.block, drawn_sums(at), sum);
    }
}
