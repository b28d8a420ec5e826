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
    find_border_gauge();
    for (var local = 0u; local < level.border; local++) {
        let spin = f32(spins[spin_index(own_block, local, own_configuration)]);
        inputs[local * level.rows + row] = own_gauge * spin;
    }
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

// pre = bias + contributions of the first `known` source groups, for units first..first + UNITS.
fn dense_hidden(layer: u32, first: u32, known: u32, row: u32) {
    let matrix = level.layers[layer];
    for (var p = 0u; p < UNIT_PACKETS; p++) {
        var bias = packet(matrix.bias + first + 8u * p, 1u, own_lane);
        for (var t = 0u; t < 8u; t++) {
            pre[first_of(layer) + 8u * p + t] = bias[t];
        }
    }
    let sources = select(known * WIDTH, known, layer == 0u);
    for (var source = 0u; source < sources; source++) {
        var x: f32;
        if layer == 0u {
            x = inputs[source * level.rows + row];
        } else {
            x = activation(layer - 1u, source, row);
        }
        push_to_hidden(layer, matrix.weight + source * level.units + first, 0u, x);
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
    for (var source = 0u; source < known * WIDTH; source++) {
        push_to_logits(level.output.weight + source * level.own + site, 0u, activation(DEPTH - 1u, source, row));
    }
    if level.skip.present != 0u {
        for (var source = 0u; source < known; source++) {
            push_to_logits(level.skip.weight + source * level.own + site, 0u, inputs[source * level.rows + row]);
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
        inputs[source * level.rows + row] = x;
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
