// Forward pass of a masked net, rows over lanes: for adapters with few, wide cores and for levels with many rows.
// Grid: ceil(rows / LANE_ROWS / LANES) workgroups of LANES lanes, each with LANE_ROWS rows.
// Own sites go in groups of GROUP: what earlier groups contribute is a dense product into registers, what sites of the
// same group contribute is pushed as they are fixed (a blocked triangular solve). Registers are a window that slides on with
// every site, so that no index is computed. Of what other lanes wrote a lane reads weights at most, see
// dense_weights_{own,shared}: barriers lie where all lanes of a workgroup come, whatever their rows.
// Loops have their test at the end: software adapters run what stands behind a test once more, for nobody. Packets up to the fourth
// are written out: drivers unroll loops of a few hundred operations and no more, and an index left over keeps all registers in memory;
// so are layers.
// Needs UNITS = GROUP * WIDTH, at most 32 logits of a group, and site_numbers(block, configuration, site) and what forward/fix_{sign,one_hot,shared}
// needs of the kernel.

#include weights/packet_$LOADS

// Whole packets: what is past the group is computed from whatever follows in the buffer and never stored.
const UNIT_PACKETS: u32 = (UNITS + 7u) / 8u;
const LOGIT_PACKETS: u32 = (GROUP$PER_SITE + 7u) / 8u;
// Logits of a packet that are looked at.
const SITES: u32 = min(GROUP$PER_SITE, 8u);

// Pre-activations and logits from the site at hand on.
var<private> pre: array<array<Rows, UNIT_PACKETS * 8u>, DEPTH>;
var<private> pre_logit: array<Rows, LOGIT_PACKETS * SITES>;
var<private> own_lane: u32;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first_row = first_of_rows() / LANE_ROWS + group_index(group, groups) * LANES;
    if first_row >= end_of_rows() / LANE_ROWS {
        return;
    }
    own_lane = lane;
    start_row(first_row + lane);
    if level.border > 0u {
        keep_border();
        turn_border();
        border_hidden(0u);
        if DEPTH > 1u {
            border_hidden(1u);
        }
        if DEPTH > 2u {
            border_hidden(2u);
        }
    }
    var site = 0u;
    loop {
        let known = level.border + site;
        dense_hidden(0u, known * WIDTH, known);
        if DEPTH > 1u {
            dense_hidden(1u, known * WIDTH, known);
        }
        if DEPTH > 2u {
            dense_hidden(2u, known * WIDTH, known);
        }
        dense_logits(site, known);
        triangle(site, min(site + GROUP, level.own));
        site += GROUP;
        if site >= level.own {
            break;
        }
    }
    if own.stores {
        ln_q[level.first_row / LANE_ROWS + own.row] = complete_ln_q();
    }
}

fn keep_border() {
    var first = 0u;
    loop {
        let words = border_word(own.block, own.configuration, first);
        if own.stores {
            inputs[first / 32u * own.stride + own.row] = words;
        }
        first += 32u;
        if first >= level.border$PER_SITE {
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
        store_hidden(layer, first, border_units);
        first += UNITS;
        if first >= border_units {
            break;
        }
    }
}

// Moves the windows on by one site.
fn slide() {
    slide_layer(0u);
    if DEPTH > 1u {
        slide_layer(1u);
    }
    if DEPTH > 2u {
        slide_layer(2u);
    }
    for (var t = 0u; t + 1u$PER_SITE < LOGIT_PACKETS * SITES; t++) {
        pre_logit[t] = pre_logit[t + 1u$PER_SITE];
    }
}

fn slide_layer(layer: u32) {
    for (var t = 0u; t + WIDTH < UNIT_PACKETS * 8u; t++) {
        pre[layer][t] = pre[layer][t + WIDTH];
    }
}

// pre += parameters * x.
fn push_to_hidden(layer: u32, start: u32, x: Rows) {
    push_to_units(layer, 0u, start, x);
    if UNIT_PACKETS > 1u {
        push_to_units(layer, 1u, start, x);
    }
    if UNIT_PACKETS > 2u {
        push_to_units(layer, 2u, start, x);
    }
    if UNIT_PACKETS > 3u {
        push_to_units(layer, 3u, start, x);
    }
    for (var p = 4u; p < UNIT_PACKETS; p++) {
        push_to_units(layer, p, start, x);
    }
}

fn push_to_units(layer: u32, p: u32, start: u32, x: Rows) {
    var weights = unit_packet(start + 8u * p, own_lane);
    for (var t = 0u; t < 8u; t++) {
        pre[layer][8u * p + t] += weights[t] * x;
    }
}

// pre_logit += parameters * x.
fn push_to_logits(start: u32, x: Rows) {
    push_to_sites(0u, start, x);
    if LOGIT_PACKETS > 1u {
        push_to_sites(1u, start, x);
    }
    if LOGIT_PACKETS > 2u {
        push_to_sites(2u, start, x);
    }
    if LOGIT_PACKETS > 3u {
        push_to_sites(3u, start, x);
    }
}

fn push_to_sites(p: u32, start: u32, x: Rows) {
    var weights = packet(start + 8u * p, 1u, own_lane);
    for (var t = 0u; t < SITES; t++) {
        pre_logit[SITES * p + t] += weights[t] * x;
    }
}

#include forward/lane_dense

// Stores units first..min(first + UNITS, end).
fn store_hidden(layer: u32, first: u32, end: u32) {
    let count = min(UNITS, end - first);
    store_units(layer, 0u, first, count);
    if UNIT_PACKETS > 1u {
        store_units(layer, 1u, first, count);
    }
    if UNIT_PACKETS > 2u {
        store_units(layer, 2u, first, count);
    }
    if UNIT_PACKETS > 3u {
        store_units(layer, 3u, first, count);
    }
    for (var p = 4u; p < UNIT_PACKETS; p++) {
        store_units(layer, p, first, count);
    }
}

fn store_units(layer: u32, p: u32, first: u32, count: u32) {
    for (var t = 0u; t < 8u; t++) {
        if 8u * p + t < count {
            store_unit(layer, first + 8u * p + t, pre[layer][8u * p + t]);
        }
    }
}

fn store_unit(layer: u32, unit: u32, z: Rows) {
    if own.stores {
        hidden[(layer * level.units + unit) * own.stride + own.row] = KeptRows(z);
    }
}

// Fixes sites first..end of the group, one after the other; what decides them comes for four.
fn triangle(first: u32, end: u32) {
    var site = first;
    loop {
        own.numbers = site_numbers(own.block, own.configuration, site / 4u * 4u);
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

#include forward/fix_$ENCODING

fn push_units(layer: u32, site: u32) {
    for (var u = 0u; u < WIDTH; u++) {
        push_unit(layer, u, site);
    }
}

// Unit u of a site, whose inputs are all known: stores it and pushes its activation to what sees it.
fn push_unit(layer: u32, u: u32, site: u32) {
    let unit = (level.border + site) * WIDTH + u;
    let z = as_kept(pre[layer][u]);
    store_unit(layer, unit, z);
    let h = activation_of(z, parameter(level.layers[layer].slope + unit));
    if layer + 1u < DEPTH {
        let next = level.layers[layer + 1u].weight;
        push_to_hidden(layer + 1u, next + unit * level.units + (level.border + site) * WIDTH, h);
    } else {
        push_to_logits(level.output.weight + unit * level.own$PER_SITE + site$PER_SITE, h);
    }
}
