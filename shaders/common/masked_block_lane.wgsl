// Forward pass of a masked net, one lane per row: for adapters with few, wide cores and for levels with many rows.
// Grid: ceil(rows / LANES) workgroups of LANES lanes.
// Own sites go in groups of GROUP: what earlier groups contribute is a dense product into registers, what sites of the
// same group contribute is pushed as they are fixed (a blocked triangular solve). Registers are a window that slides on with
// every site, so that no index is computed. No lane reads what another wrote, so there is no barrier. Loops have their test at
// the end: software adapters run what stands behind a test once more, for nobody. Needs UNITS = GROUP * WIDTH, and draw_numbers(site) and own_spin(site, logit) of the kernel.

#include packet_$LOADS

// Whole packets: what is past the group is computed from whatever follows in the buffer and never stored.
const UNIT_PACKETS: u32 = (UNITS + 7u) / 8u;
const LOGIT_PACKETS: u32 = (GROUP + 7u) / 8u;

// Pre-activations and logits from the site at hand on.
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
    own_lane = lane;
    start_row(first_row + lane);
    if level.border > 0u {
        keep_border();
        turn_border();
        for (var layer = 0u; layer < DEPTH; layer++) {
            border_hidden(layer);
        }
    }
    var site = 0u;
    loop {
        let known = level.border + site;
        for (var layer = 0u; layer < DEPTH; layer++) {
            dense_hidden(layer, known * WIDTH, known);
        }
        dense_logits(site, known);
        triangle(site, min(site + GROUP, level.own));
        site += GROUP;
        if site >= level.own {
            break;
        }
    }
    if own.stores {
        ln_q[level.first_row + own.row] = own.ln_q;
    }
}

fn keep_border() {
    var first = 0u;
    loop {
        let word = border_word(own.block, own.configuration, first);
        if own.stores {
            inputs[first / 32u * level.stride + own.row] = word;
        }
        first += 32u;
        if first >= level.border {
            break;
        }
    }
}

// All units of the border's groups, which nothing waits for.
fn border_hidden(layer: u32) {
    let border_units = level.border * WIDTH;
    var first = 0u;
    loop {
        dense_hidden(layer, first, level.border);
        store_hidden(layer, first, min(UNITS, border_units - first));
        first += UNITS;
        if first >= border_units {
            break;
        }
    }
}

// Where a layer's units start in `pre`. With one layer a constant, or drivers would keep the array in memory.
fn first_of(layer: u32) -> u32 {
    return select(layer * UNIT_PACKETS * 8u, 0u, DEPTH == 1u);
}

// pre += parameters * x.
fn push_to_hidden(layer: u32, start: u32, x: f32) {
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var weights = packet(start + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] += weights[t] * x;
        }
    }
}

// pre_logit += parameters * x.
fn push_to_logits(start: u32, x: f32) {
    for (var p = 0u; p < LOGIT_PACKETS; p++) {
        var weights = packet(start + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre_logit[8u * p + t] += weights[t] * x;
        }
    }
}

// Moves the windows on by one site.
fn slide() {
    for (var layer = 0u; layer < DEPTH; layer++) {
        for (var t = 0u; t + WIDTH < UNIT_PACKETS * 8u; t++) {
            pre[first_of(layer) + t] = pre[first_of(layer) + t + WIDTH];
        }
    }
    for (var t = 0u; t + 1u < LOGIT_PACKETS * 8u; t++) {
        pre_logit[t] = pre_logit[t + 1u];
    }
}

// pre += parameters * x for four sources, 0 for those that are not there.
fn push_four_to_hidden(layer: u32, start: u32, x: vec4<f32>) {
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var weights = four_packets(start + 8u * p, level.units);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] += dot(weights[t], x);
        }
    }
}

// pre_logit += parameters * x for four sources.
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
fn four_activations(layer: u32, source: u32, known: u32) -> vec4<f32> {
    let at = (layer * level.units + source) * level.stride + own.row;
    let z = vec4<f32>(
        f32(hidden[at]), f32(hidden[at + level.stride]), f32(hidden[at + 2u * level.stride]), f32(hidden[at + 3u * level.stride]),
    );
    let slopes = packet(level.layers[layer].slope + source, 1u, own_lane);
    let x = select(vec4<f32>(slopes[0], slopes[1], slopes[2], slopes[3]) * z, z, z > vec4<f32>(0.0));
    return select(vec4<f32>(0.0), x, source + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(known));
}

// pre = bias + contributions of the first `known` source groups, for units first..first + UNITS.
fn dense_hidden(layer: u32, first: u32, known: u32) {
    let matrix = level.layers[layer];
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var bias = packet(matrix.bias + first + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] = bias[t];
        }
    }
    var source = 0u;
    if layer == 0u {
        loop {
            let word = input_word(source, own.row);
            loop {
                let x = four_spins(word, source, known);
                push_four_to_hidden(0u, matrix.weight + source * level.units + first, x);
                source += 4u;
                if source % 32u == 0u || source >= known {
                    break;
                }
            }
            if source >= known {
                break;
            }
        }
    } else {
        loop {
            let x = four_activations(layer - 1u, source, known * WIDTH);
            push_four_to_hidden(layer, matrix.weight + source * level.units + first, x);
            source += 4u;
            if source >= known * WIDTH {
                break;
            }
        }
    }
}

fn store_hidden(layer: u32, first: u32, count: u32) {
    var t = 0u;
    loop {
        store_unit(layer, first + t, pre[first_of(layer) + t]);
        t++;
        if t >= count {
            break;
        }
    }
}

fn store_unit(layer: u32, unit: u32, z: f32) {
    if own.stores {
        hidden[(layer * level.units + unit) * level.stride + own.row] = Kept(z);
    }
}

fn dense_logits(site: u32, known: u32) {
    for (var p = 0u; p < LOGIT_PACKETS; p++) {
        var bias = packet(level.output.bias + site + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre_logit[8u * p + t] = bias[t];
        }
    }
    var source = 0u;
    loop {
        let x = four_activations(DEPTH - 1u, source, known * WIDTH);
        push_four_to_logits(level.output.weight + source * level.own + site, x);
        source += 4u;
        if source >= known * WIDTH {
            break;
        }
    }
    if level.skip.present != 0u {
        source = 0u;
        loop {
            let x = four_spins(input_word(source, own.row), source, known);
            push_four_to_logits(level.skip.weight + source * level.own + site, x);
            source += 4u;
            if source >= known {
                break;
            }
        }
    }
}

// Fixes sites first..end of the group, one after the other; random numbers come for four.
fn triangle(first: u32, end: u32) {
    var site = first;
    loop {
        draw_numbers(site / 4u * 4u);
        loop {
            fix(site);
            site++;
            if site % 4u == 0u || site >= end {
                break;
            }
        }
        if site >= end {
            break;
        }
    }
}

// Fixes one site, at which the windows start.
fn fix(site: u32) {
    let source = level.border + site;
    for (var layer = 0u; layer < DEPTH; layer++) {
        for (var u = 0u; u < WIDTH; u++) {
            push_unit(layer, u, site);
        }
    }
    let logit = pre_logit[0];
    if own.stores {
        logits[site * level.stride + own.row] = logit;
    }
    let x = own_spin(site, logit);
    keep_input(source, x);
    slide();
    push_to_hidden(0u, level.layers[0].weight + source * level.units + (source + 1u) * WIDTH, x);
    if level.skip.present != 0u {
        push_to_logits(level.skip.weight + source * level.own + site + 1u, x);
    }
}

// Unit u of a site, whose inputs are all known: stores it and pushes its activation to what sees it.
fn push_unit(layer: u32, u: u32, site: u32) {
    let unit = (level.border + site) * WIDTH + u;
    let z = as_kept(pre[first_of(layer) + u]);
    store_unit(layer, unit, z);
    let h = prelu(z, parameter(level.layers[layer].slope + unit));
    if layer + 1u < DEPTH {
        let next = level.layers[layer + 1u].weight;
        push_to_hidden(layer + 1u, next + unit * level.units + (level.border + site) * WIDTH, h);
    } else {
        push_to_logits(level.output.weight + unit * level.own + site, h);
    }
}
