// Forward pass of a masked net, one lane per row: for adapters with few, wide cores and for levels with many rows.
// Grid: ceil(rows / LANES) workgroups of LANES lanes.
// Own sites go in groups of GROUP: what earlier groups contribute is a dense product into registers, what sites of the
// same group contribute is pushed as they are fixed (a blocked triangular solve). No lane reads what another wrote, so
// there is no barrier. Needs UNITS = GROUP * WIDTH and own_spin(site, logit) of the kernel.

var<private> pre: array<f32, DEPTH * UNITS>;
var<private> pre_logit: array<f32, GROUP>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups) * LANES + lane;
    if row >= level.rows {
        return;
    }
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

// pre = bias + contributions of the first `known` source groups, for units first..first + UNITS. Units past the last
// are computed from whatever follows in the buffer and never stored.
fn dense_hidden(layer: u32, first: u32, known: u32, row: u32) {
    let to = layer * UNITS;
    let matrix = level.layers[layer];
    for (var t = 0u; t < UNITS; t++) {
        pre[to + t] = parameters[matrix.bias + first + t];
    }
    let sources = select(known * WIDTH, known, layer == 0u);
    for (var source = 0u; source < sources; source++) {
        var x: f32;
        if layer == 0u {
            x = inputs[source * level.rows + row];
        } else {
            x = activation(layer - 1u, source, row);
        }
        let start = matrix.weight + source * level.units + first;
        for (var t = 0u; t < UNITS; t++) {
            pre[to + t] += parameters[start + t] * x;
        }
    }
}

fn store_hidden(layer: u32, first: u32, count: u32, row: u32) {
    for (var t = 0u; t < count; t++) {
        hidden[(layer * level.units + first + t) * level.rows + row] = pre[layer * UNITS + t];
    }
}

fn dense_logits(site: u32, known: u32, row: u32) {
    for (var t = 0u; t < GROUP; t++) {
        pre_logit[t] = parameters[level.output.bias + min(site + t, level.own - 1u)];
    }
    for (var source = 0u; source < known * WIDTH; source++) {
        let h = activation(DEPTH - 1u, source, row);
        let start = level.output.weight + source * level.own + site;
        for (var t = 0u; t < GROUP; t++) {
            pre_logit[t] += parameters[start + t] * h;
        }
    }
    if level.skip.present != 0u {
        for (var source = 0u; source < known; source++) {
            let x = inputs[source * level.rows + row];
            let start = level.skip.weight + source * level.own + site;
            for (var t = 0u; t < GROUP; t++) {
                pre_logit[t] += parameters[start + t] * x;
            }
        }
    }
}

// Fixes the `count` sites from `site` on, one after the other.
fn triangle(site: u32, count: u32, row: u32) {
    let known = level.border + site;
    for (var t = 0u; t < count; t++) {
        for (var layer = 0u; layer < DEPTH; layer++) {
            for (var u = t * WIDTH; u < (t + 1u) * WIDTH; u++) {
                push_hidden(layer, u, t, count, known, site, row);
            }
        }
        let logit = pre_logit[t];
        logits[(site + t) * level.rows + row] = logit;
        let x = own_spin(site + t, logit);
        let source = known + t;
        inputs[source * level.rows + row] = x;
        let start = level.layers[0].weight + source * level.units + known * WIDTH;
        for (var u = (t + 1u) * WIDTH; u < count * WIDTH; u++) {
            pre[u] += parameters[start + u] * x;
        }
        if level.skip.present != 0u {
            let skip = level.skip.weight + source * level.own + site;
            for (var later = t + 1u; later < count; later++) {
                pre_logit[later] += parameters[skip + later] * x;
            }
        }
    }
}

// Unit u of the group, whose inputs are all known: stores it and pushes its activation to what sees it.
fn push_hidden(layer: u32, u: u32, t: u32, count: u32, known: u32, site: u32, row: u32) {
    let unit = known * WIDTH + u;
    let z = pre[layer * UNITS + u];
    hidden[(layer * level.units + unit) * level.rows + row] = z;
    let h = prelu(z, parameters[level.layers[layer].slope + unit]);
    if layer + 1u < DEPTH {
        let start = level.layers[layer + 1u].weight + unit * level.units + known * WIDTH;
        for (var v = t * WIDTH; v < count * WIDTH; v++) {
            pre[(layer + 1u) * UNITS + v] += parameters[start + v] * h;
        }
    } else {
        let start = level.output.weight + unit * level.own + site;
        for (var later = t; later < count; later++) {
            pre_logit[later] += parameters[start + later] * h;
        }
    }
}
