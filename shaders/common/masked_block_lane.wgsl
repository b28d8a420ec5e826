// Forward pass of a masked net, rows over lanes: for adapters with few, wide cores and for levels with many rows.
// Grid: ceil(rows / LANE_ROWS / LANES) workgroups of LANES lanes, each with LANE_ROWS rows.
// Own sites go in groups of GROUP: what earlier groups contribute is a dense product into registers, what sites of the
// same group contribute is pushed as they are fixed (a blocked triangular solve). Registers are a window that slides on with
// every site, so that no index is computed. Of what other lanes wrote a lane reads weights at most, see
// dense_weights_{own,shared}: barriers lie where all lanes of a workgroup come, whatever their rows.
// Loops have their test at the end: software adapters run what stands behind a test once more, for nobody. Packets up to the fourth
// are written out: drivers unroll loops of a few hundred operations and no more, and an index left over keeps all registers in memory;
// so are layers.
// Needs UNITS = GROUP * WIDTH, GROUP at most 32, and site_numbers(block, configuration, site), own_spin(site, logit)
// and keep_spin(block, configuration, site, spin) of the kernel.

#include packet_$LOADS

// Whole packets: what is past the group is computed from whatever follows in the buffer and never stored.
const UNIT_PACKETS: u32 = (UNITS + 7u) / 8u;
const LOGIT_PACKETS: u32 = (GROUP + 7u) / 8u;
// Sites of a packet that are looked at.
const SITES: u32 = min(GROUP, 8u);

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
    let first_row = group_index(group, groups) * LANES;
    if first_row >= level.rows / LANE_ROWS {
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
    for (var t = 0u; t + 1u < LOGIT_PACKETS * SITES; t++) {
        pre_logit[t] = pre_logit[t + 1u];
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

// Four neighbouring sources, 0 where they are not known.
struct Sources {
    x: array<Rows, 4>,
    first: u32,              // number of the first
    weights: u32,            // where its weights to the group start
    stride: u32,             // from one source's weights to the next one's
}

// Of a matrix, those to the group.
struct Columns {
    start: u32,
    stride: u32,
}

#include dense_weights_$LOADS

// pre += parameters * x for four sources.
fn push_four_to_hidden(layer: u32, sources: Sources) {
    push_four_to_units(layer, 0u, sources);
    if UNIT_PACKETS > 1u {
        push_four_to_units(layer, 1u, sources);
    }
    if UNIT_PACKETS > 2u {
        push_four_to_units(layer, 2u, sources);
    }
    if UNIT_PACKETS > 3u {
        push_four_to_units(layer, 3u, sources);
    }
    for (var p = 4u; p < UNIT_PACKETS; p++) {
        push_four_to_units(layer, p, sources);
    }
}

fn push_four_to_units(layer: u32, p: u32, sources: Sources) {
    var a = dense_packet(p, sources, 0u);
    var b = dense_packet(p, sources, 1u);
    var c = dense_packet(p, sources, 2u);
    var d = dense_packet(p, sources, 3u);
    for (var t = 0u; t < 8u; t++) {
        pre[layer][8u * p + t] = plus_four(pre[layer][8u * p + t], vec4<f32>(a[t], b[t], c[t], d[t]), sources);
    }
}

// pre_logit += parameters * x for four sources.
fn push_four_to_logits(sources: Sources) {
    push_four_to_sites(0u, sources);
    if LOGIT_PACKETS > 1u {
        push_four_to_sites(1u, sources);
    }
    if LOGIT_PACKETS > 2u {
        push_four_to_sites(2u, sources);
    }
    if LOGIT_PACKETS > 3u {
        push_four_to_sites(3u, sources);
    }
}

fn push_four_to_sites(p: u32, sources: Sources) {
    var a = dense_packet(p, sources, 0u);
    var b = dense_packet(p, sources, 1u);
    var c = dense_packet(p, sources, 2u);
    var d = dense_packet(p, sources, 3u);
    for (var t = 0u; t < SITES; t++) {
        pre_logit[SITES * p + t] = plus_four(pre_logit[SITES * p + t], vec4<f32>(a[t], b[t], c[t], d[t]), sources);
    }
}

// One after the other: four fused multiply-adds on a graphics card.
fn plus_four(sum: Rows, weights: vec4<f32>, sources: Sources) -> Rows {
    return sum + weights.x * sources.x[0] + weights.y * sources.x[1] + weights.z * sources.x[2] + weights.w * sources.x[3];
}

// Inputs source..source + 4, 0 from `known` on.
fn four_spins(words: RowWords, source: u32, known: u32, matrix: Columns) -> Sources {
    return Sources(array<Rows, 4>(
        known_spin(words, source, known), known_spin(words, source + 1u, known),
        known_spin(words, source + 2u, known), known_spin(words, source + 3u, known),
    ), source, matrix.start + source * matrix.stride, matrix.stride);
}

fn known_spin(words: RowWords, source: u32, known: u32) -> Rows {
    return times_spin(select(Rows(0.0), Rows(1.0), source < known), words, source);
}

// Activations of units first + 0..4 of a layer, the first `known` of which are known; the others are 0.
struct Layer {
    hidden: u32,             // where its units start
    slope: u32,
    known: u32,
}

fn four_activations(layer: Layer, source: u32, matrix: Columns) -> Sources {
    let slopes = unit_packet(layer.slope + source, own_lane);
    return Sources(array<Rows, 4>(
        known_activation(layer, source, slopes[0]), known_activation(layer, source + 1u, slopes[1]),
        known_activation(layer, source + 2u, slopes[2]), known_activation(layer, source + 3u, slopes[3]),
    ), source, matrix.start + source * matrix.stride, matrix.stride);
}

fn known_activation(layer: Layer, source: u32, slope: f32) -> Rows {
    let z = Rows(hidden[layer.hidden + source * own.stride]);
    return select(Rows(0.0), activation_of(z, slope), source < layer.known);
}

fn layer_of(layer: u32, known: u32) -> Layer {
    return Layer(layer * level.units * own.stride + own.row, level.layers[layer].slope, known * WIDTH);
}

// pre = bias + contributions of the first `known` source groups, for units first..first + UNITS.
fn dense_hidden(layer: u32, first: u32, known: u32) {
    let matrix = level.layers[layer];
    let columns = Columns(matrix.weight + first, level.units);
    start_units(layer, 0u, matrix.bias + first);
    if UNIT_PACKETS > 1u {
        start_units(layer, 1u, matrix.bias + first);
    }
    if UNIT_PACKETS > 2u {
        start_units(layer, 2u, matrix.bias + first);
    }
    if UNIT_PACKETS > 3u {
        start_units(layer, 3u, matrix.bias + first);
    }
    for (var p = 4u; p < UNIT_PACKETS; p++) {
        start_units(layer, p, matrix.bias + first);
    }
    var source = 0u;
    if layer == 0u {
        loop {
            let words = input_word(source, own.row);
            stage_units(columns, source);
            loop {
                push_four_to_hidden(0u, four_spins(words, source, known, columns));
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
        let below = layer_of(layer - 1u, known);
        loop {
            stage_units(columns, source);
            loop {
                push_four_to_hidden(layer, four_activations(below, source, columns));
                source += 4u;
                if source % 32u == 0u || source >= below.known {
                    break;
                }
            }
            if source >= below.known {
                break;
            }
        }
    }
}

fn start_units(layer: u32, p: u32, bias_at: u32) {
    var bias = unit_packet(bias_at + 8u * p, own_lane);
    for (var t = 0u; t < 8u; t++) {
        pre[layer][8u * p + t] = Rows(bias[t]);
    }
}

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

fn dense_logits(site: u32, known: u32) {
    start_sites(0u, level.output.bias + site);
    if LOGIT_PACKETS > 1u {
        start_sites(1u, level.output.bias + site);
    }
    if LOGIT_PACKETS > 2u {
        start_sites(2u, level.output.bias + site);
    }
    if LOGIT_PACKETS > 3u {
        start_sites(3u, level.output.bias + site);
    }
    let below = layer_of(DEPTH - 1u, known);
    let outputs = Columns(level.output.weight + site, level.own);
    var source = 0u;
    loop {
        stage_sites(outputs, source);
        loop {
            push_four_to_logits(four_activations(below, source, outputs));
            source += 4u;
            if source % 32u == 0u || source >= below.known {
                break;
            }
        }
        if source >= below.known {
            break;
        }
    }
    if level.skip.present != 0u {
        let skips = Columns(level.skip.weight + site, level.own);
        source = 0u;
        loop {
            let words = input_word(source, own.row);
            stage_sites(skips, source);
            loop {
                push_four_to_logits(four_spins(words, source, known, skips));
                source += 4u;
                if source % 32u == 0u || source >= known {
                    break;
                }
            }
            if source >= known {
                break;
            }
        }
    }
}

fn start_sites(p: u32, bias_at: u32) {
    var bias = packet(bias_at + 8u * p, 1u, own_lane);
    for (var t = 0u; t < SITES; t++) {
        pre_logit[SITES * p + t] = Rows(bias[t]);
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

// Fixes one site, at which the windows start.
fn fix(site: u32) {
    let source = level.border + site;
    push_units(0u, site);
    if DEPTH > 1u {
        push_units(1u, site);
    }
    if DEPTH > 2u {
        push_units(2u, site);
    }
    let logit = pre_logit[0];
    if own.stores {
        logits[site * own.stride + own.row] = logit;
    }
    let x = own_spin(site, logit);
    if own.stores {
        keep_spin(own.block, own.configuration, site, own.gauge * x);
    }
    keep_input(source, x);
    slide();
    push_to_hidden(0u, level.layers[0].weight + source * level.units + (source + 1u) * WIDTH, x);
    if level.skip.present != 0u {
        push_to_logits(level.skip.weight + source * level.own + site + 1u, x);
    }
}

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
        push_to_logits(level.output.weight + unit * level.own + site, h);
    }
}
