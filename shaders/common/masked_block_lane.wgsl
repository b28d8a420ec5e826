// Forward pass of a masked net, one lane per row: for adapters with few, wide cores and for levels with many rows.
// Grid: ceil(rows / LANES) workgroups of LANES lanes.
// Own sites go in groups of GROUP: what earlier groups contribute is a dense product into registers, what sites of the
// same group contribute is pushed as they are fixed (a blocked triangular solve). No lane reads what another wrote, so
// there is no barrier. Needs UNITS = GROUP * WIDTH and own_spin(site, logit) of the kernel.

#include packet_$LOADS

// Whole packets: what is past UNITS or GROUP is computed from whatever follows in the buffer and never stored.
const UNIT_PACKETS: u32 = (UNITS + 7u) / 8u;
const LOGIT_PACKETS: u32 = (GROUP + 7u) / 8u;

var<private> pre: array<f32, DEPTH * UNIT_PACKETS * 8u>;
var<private> pre_logit: array<f32, LOGIT_PACKETS * 8u>;
var<private> own_lane: u32;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first_row = group_index(group, groups) * LANES;
    if first_row >= level.rows {
        return;
    }
    // Lanes past the last row repeat it: all stay at work, to share loads.
    let row = min(first_row + lane, level.rows - 1u);
    own_lane = lane;
    start_row(row);
    for (var first = 0u; first < level.border; first += 32u) {
        inputs[first / 32u * level.rows + row] = border_word(own_block, own_configuration, first);
    }
    turn_border(row);
    let border_units = level.border * WIDTH;
    for (var layer = 0u; layer < DEPTH; layer++) {
        for (var first = 0u; first < border_units; first += UNITS) {
            dense_hidden(layer, first, level.border, row);
            store_hidden(layer, first, min(UNITS, border_units - first), row);
        }
    }
    for (var site = 0u; site < level.own; site += GROUP) {
        let known = level.border + site;
        for (var layer = 0u; layer < DEPTH; layer++) {
            dense_hidden(layer, known * WIDTH, known, row);
        }
        dense_logits(site, known, row);
        triangle(site, min(GROUP, level.own - site), row);
    }
    ln_q[level.first_row + row] = own_ln_q;
}

// Where a layer's units start in `pre`. With one layer a constant, or drivers would keep the array in memory.
fn first_of(layer: u32) -> u32 {
    return select(layer * UNIT_PACKETS * 8u, 0u, DEPTH == 1u);
}

// pre += parameters * x for the units of the group from `from` on.
fn push_to_hidden(layer: u32, start: u32, from_unit: u32, x: f32) {
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var weights = packet(start + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] += select(0.0, weights[t] * x, 8u * p + t >= from_unit);
        }
    }
}

// The same for the logits of the group.
fn push_to_logits(start: u32, from_site: u32, x: f32) {
    for (var p = 0u; p < LOGIT_PACKETS; p++) {
        var weights = packet(start + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre_logit[8u * p + t] += select(0.0, weights[t] * x, 8u * p + t >= from_site);
        }
    }
}

// pre += parameters * x for all units of the group and four sources, 0 for those that are not there.
fn push_four_to_hidden(layer: u32, start: u32, x: vec4<f32>) {
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var weights = four_packets(start + 8u * p, level.units);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] += dot(weights[t], x);
        }
    }
}

// The same for the logits of the group.
fn push_four_to_logits(start: u32, x: vec4<f32>) {
    for (var p = 0u; p < LOGIT_PACKETS; p++) {
        var weights = four_packets(start + 8u * p, level.own);
        for (var t = 0u; t < 8u; t++) {
            pre_logit[8u * p + t] += dot(weights[t], x);
        }
    }
}

// Packets of four sources, their rows of weights `stride` apart.
fn four_packets(start: u32, stride: u32) -> array<vec4<f32>, 8> {
    var a = packet(start, 1u, own_lane);
    var b = packet(start + stride, 1u, own_lane);
    var c = packet(start + 2u * stride, 1u, own_lane);
    var d = packet(start + 3u * stride, 1u, own_lane);
    var weights: array<vec4<f32>, 8>;
    for (var t = 0u; t < 8u; t++) {
        weights[t] = vec4<f32>(a[t], b[t], c[t], d[t]);
    }
    return weights;
}

// Inputs source..source + 4, 0 from `known` on.
fn four_spins(word: u32, source: u32, known: u32) -> vec4<f32> {
    let x = vec4<f32>(
        times_spin(1.0, word, source), times_spin(1.0, word, source + 1u),
        times_spin(1.0, word, source + 2u), times_spin(1.0, word, source + 3u),
    );
    return select(vec4<f32>(0.0), x, source + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(known));
}

// Activations source..source + 4 of a layer, 0 from `known` on.
fn four_activations(layer: u32, source: u32, known: u32, row: u32) -> vec4<f32> {
    let at = (layer * level.units + source) * level.rows + row;
    let z = vec4<f32>(
        f32(hidden[at]), f32(hidden[at + level.rows]), f32(hidden[at + 2u * level.rows]), f32(hidden[at + 3u * level.rows]),
    );
    let slopes = packet(level.layers[layer].slope + source, 1u, own_lane);
    let x = select(vec4<f32>(slopes[0], slopes[1], slopes[2], slopes[3]) * z, z, z > vec4<f32>(0.0));
    return select(vec4<f32>(0.0), x, source + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(known));
}

// pre = bias + contributions of the first `known` source groups, for units first..first + UNITS.
fn dense_hidden(layer: u32, first: u32, known: u32, row: u32) {
    let matrix = level.layers[layer];
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var bias = packet(matrix.bias + first + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] = bias[t];
        }
    }
    if layer == 0u {
        for (var word_start = 0u; word_start < known; word_start += 32u) {
            let word = input_word(word_start, row);
            for (var source = word_start; source < min(word_start + 32u, known); source += 4u) {
                let x = four_spins(word, source, known);
                push_four_to_hidden(0u, matrix.weight + source * level.units + first, x);
            }
        }
    } else {
        for (var source = 0u; source < known * WIDTH; source += 4u) {
            let x = four_activations(layer - 1u, source, known * WIDTH, row);
            push_four_to_hidden(layer, matrix.weight + source * level.units + first, x);
        }
    }
}

fn store_hidden(layer: u32, first: u32, count: u32, row: u32) {
    for (var t = 0u; t < count; t++) {
        hidden[(layer * level.units + first + t) * level.rows + row] = Kept(pre[first_of(layer) + t]);
    }
}

fn dense_logits(site: u32, known: u32, row: u32) {
    for (var p = 0u; p < LOGIT_PACKETS; p++) {
        var bias = packet(level.output.bias + site + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre_logit[8u * p + t] = bias[t];
        }
    }
    for (var source = 0u; source < known * WIDTH; source += 4u) {
        let x = four_activations(DEPTH - 1u, source, known * WIDTH, row);
        push_four_to_logits(level.output.weight + source * level.own + site, x);
    }
    if level.skip.present != 0u {
        for (var source = 0u; source < known; source += 4u) {
            let x = four_spins(input_word(source, row), source, known);
            push_four_to_logits(level.skip.weight + source * level.own + site, x);
        }
    }
}

// Fixes the `count` sites from `site` on, one after the other.
fn triangle(site: u32, count: u32, row: u32) {
    let known = level.border + site;
    for (var t = 0u; t < count; t++) {
        for (var layer = 0u; layer < DEPTH; layer++) {
            for (var u = t * WIDTH; u < (t + 1u) * WIDTH; u++) {
                push_unit(layer, u, t, known, site, row);
            }
        }
        let logit = pre_logit[t];
        logits[(site + t) * level.rows + row] = logit;
        let x = own_spin(site + t, logit);
        let source = known + t;
        keep_input(source, row, x);
        push_to_hidden(0u, level.layers[0].weight + source * level.units + known * WIDTH, (t + 1u) * WIDTH, x);
        if level.skip.present != 0u {
            push_to_logits(level.skip.weight + source * level.own + site, t + 1u, x);
        }
    }
}

// Unit u of the group, whose inputs are all known: stores it and pushes its activation to what sees it.
fn push_unit(layer: u32, u: u32, t: u32, known: u32, site: u32, row: u32) {
    let unit = known * WIDTH + u;
    let z = as_kept(pre[first_of(layer) + u]);
    hidden[(layer * level.units + unit) * level.rows + row] = Kept(z);
    let h = prelu(z, parameters[level.layers[layer].slope + unit]);
    if layer + 1u < DEPTH {
        let next = layer + 1u;
        push_to_hidden(next, level.layers[next].weight + unit * level.units + known * WIDTH, t * WIDTH, h);
    } else {
        push_to_logits(level.output.weight + unit * level.own + site, t, h);
    }
}
