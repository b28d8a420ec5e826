// Forward pass of a masked net, lanes over hidden groups, ROWS rows per workgroup that share every weight load: for
// GPUs, and for the top levels where there are few rows.
// Grid: ceil(rows / ROWS) workgroups of LANES lanes. Rows past the last repeat it and store nothing.
// A lane holds one group (one site) at a time. Sources are staged in workgroup memory in chunks of 32, so that memory use does not grow
// with the lattice. AT_ONCE of their weights, 8 or all 32, are loaded together: there are few rows, and nothing else hides the wait.
// All barriers lie in control flow that depends on uniforms only, and no lane takes turns of a loop that others do not: drivers
// refuse barriers behind it.
// Chunks are patches of a matrix, of which some may be missing: patches_{all,near}.
// Needs site_numbers(block, configuration, site), own_spin(site, logit) and keep_spin(block, configuration, site, spin) of the kernel.

#include weights/unit_weights_$UNITS
#include weights/patches_$PATCHES

// [source / 8][source % 8][row]: indices that are constants where it is read need no check, and drivers read rows together.
var<workgroup> staged: array<array<array<f32, ROWS>, 8>, CHUNK / 8u>;
// Values of them that a lane stages.
const STAGED_BY_LANE: u32 = (CHUNK * ROWS + LANES - 1u) / LANES;
// Sources whose weights to hidden units are loaded together, and whether there are registers to hold them.
const UNIT_TURN: u32 = min(AT_ONCE, 8u * max(4u / WIDTH, 1u));
const HOLDS_WEIGHTS: bool = WIDTH <= 4u;
// Weights held: [source][unit], or those of a chunk to one logit.
const HELD: u32 = 32u;
var<private> held: array<f32, HELD>;
// Of the site at hand: activations as [layer][unit][row], and logits.
var<workgroup> shared_hidden: array<array<f32, WIDTH * ROWS>, DEPTH>;
var<workgroup> shared_logit: array<f32, ROWS>;
// Of the group at hand, [site][row]: what decides a site and, once it is fixed, its spin as the net sees it, after the gauge, as f32.
var<workgroup> shared_words: array<array<u32, ROWS>, LANES>;
var<workgroup> shared_gauge: array<f32, ROWS>;

// [layer][unit][row]
var<private> pre: array<array<f32, WIDTH * ROWS>, DEPTH>;
var<private> pre_logit: array<f32, ROWS>;
var<private> lane: u32;
var<private> tile_row: u32;

fn activation(layer: u32, unit: u32, row: u32) -> f32 {
    let z = f32(hidden[(layer * level.units + unit) * level.stride + row]);
    return prelu(z, parameter(level.layers[layer].slope + unit));
}

fn row_of(r: u32) -> u32 {
    return min(tile_row + r, end_of_rows() - 1u);
}

fn stores(r: u32) -> bool {
    return tile_row + r < end_of_rows();
}

// Makes what this workgroup wrote to storage and to workgroup memory visible to all its lanes.
fn meet() {
    storageBarrier();
    workgroupBarrier();
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane_index: u32,
) {
    lane = lane_index;
    let first_row = first_of_rows() + group_index(group, groups) * ROWS;
    tile_row = first_row;
    if first_row >= end_of_rows() {
        return;
    }
    load_border();
    meet();
    // Lanes without a row of their own are like those past the last row.
    start_row(select(end_of_rows(), tile_row + lane, lane < ROWS));
    turn_border();
    meet();
    border_hidden(0u);
    if DEPTH > 1u {
        border_hidden(1u);
    }
    if DEPTH > 2u {
        border_hidden(2u);
    }
    for (var site = 0u; site < level.own; site += LANES) {
        let known = level.border + site;
        let unit_group = min(known + lane, level.inputs - 1u);
        dense_hidden(0u, known, unit_group, known);
        if DEPTH > 1u {
            dense_hidden(1u, known, unit_group, known);
        }
        if DEPTH > 2u {
            dense_hidden(2u, known, unit_group, known);
        }
        dense_logits(min(site + lane, level.own - 1u), known);
        prepare_numbers(site);
        triangle(site, min(LANES, level.own - site));
        if lane < ROWS {
            shared_gauge[lane] = own.gauge;
        }
        meet();
        keep_spins(site);
    }
    if own.stores {
        ln_q[level.first_row + own.row] = complete_ln_q();
    }
}

fn border_hidden(layer: u32) {
    for (var first = 0u; first < level.border; first += LANES) {
        let unit_group = first + lane;
        dense_hidden(layer, first, min(unit_group, level.inputs - 1u), level.border);
        if unit_group < level.border {
            store_hidden(layer, unit_group);
        }
    }
    meet();
}

fn load_border() {
    for (var at = lane; at < (level.border + 31u) / 32u * ROWS; at += LANES) {
        let r = at % ROWS;
        let row = row_of(r);
        if stores(r) {
            inputs[at / ROWS * level.stride + row] = border_word(row / level.batch, row % level.batch, at / ROWS * 32u);
        }
    }
}

// Stages sources first..first + CHUNK of a layer's input, 0 past the last; `layer` = DEPTH stages the last activations,
// `layer` = 0 the inputs.
fn stage(layer: u32, first: u32, sources: u32) {
    workgroupBarrier();
    if layer == 0u {
        stage_inputs(first, sources);
    } else {
        stage_activations(layer - 1u, first, sources);
    }
    workgroupBarrier();
}

// A chunk of inputs is a word, and all that a lane stages is of one row.
fn stage_inputs(first: u32, sources: u32) {
    let words = input_word(first, row_of(lane % ROWS));
    for (var k = 0u; k < STAGED_BY_LANE; k++) {
        let at = lane + k * LANES;
        let source = at / ROWS;
        if source < CHUNK {
            staged[source / 8u][source % 8u][at % ROWS] =
                select(0.0, times_spin(1.0, words, source), first + source < sources);
        }
    }
}

fn stage_activations(layer: u32, first: u32, sources: u32) {
    for (var k = 0u; k < STAGED_BY_LANE; k++) {
        let at = lane + k * LANES;
        let source = at / ROWS;
        let x = activation(layer, min(first + source, sources - 1u), row_of(at % ROWS));
        if source < CHUNK {
            staged[source / 8u][source % 8u][at % ROWS] = select(0.0, x, first + source < sources);
        }
    }
}

// pre = bias + contributions of the first `known` source groups, for the units of one group of those from first_group on.
fn dense_hidden(layer: u32, first_group: u32, unit_group: u32, known: u32) {
    let matrix = level.layers[layer];
    for (var c = 0u; c < WIDTH; c++) {
        let bias = parameter(matrix.bias + unit_group * WIDTH + c);
        for (var r = 0u; r < ROWS; r++) {
            pre[layer][c * ROWS + r] = bias;
        }
    }
    let sources = select(known * WIDTH, known, layer == 0u);
    let end_group = min(first_group + LANES, level.inputs);
    for (var first = 0u; first < sources; first += CHUNK) {
        if !has_patch(layer, first, first_group * WIDTH, end_group * WIDTH) {
            continue;
        }
        let start = matrix.weight + first * level.units + unit_group * WIDTH;
        if UNIT_TURN == CHUNK {
            hold_unit_weights(start);
            stage(layer, first, sources);
            add_turn_to_hidden(layer, 0u, start);
        } else {
            stage(layer, first, sources);
            for (var s = 0u; s < min(CHUNK, sources - first); s += UNIT_TURN) {
                hold_unit_weights(start + s * level.units);
                add_turn_to_hidden(layer, s / 8u, start + s * level.units);
            }
        }
    }
}

// Weights of UNIT_TURN sources to the lane's units.
fn hold_unit_weights(start: u32) {
    if HOLDS_WEIGHTS {
        for (var k = 0u; k < UNIT_TURN; k++) {
            for (var first = 0u; first < WIDTH; first += UNIT_STEP) {
                var some = unit_weights(start + k * level.units + first);
                for (var c = 0u; c < UNIT_STEP; c++) {
                    held[(k * WIDTH + first + c) % HELD] = some[c];
                }
            }
        }
    }
}

// The part of UNIT_TURN sources from a staged eight on; behind the last source zeros are staged.
fn add_turn_to_hidden(layer: u32, eight: u32, start: u32) {
    add_eight_to_hidden(layer, eight, 0u, start);
    if UNIT_TURN > 8u {
        add_eight_to_hidden(layer, eight + 1u, 8u, start);
    }
    if UNIT_TURN > 16u {
        add_eight_to_hidden(layer, eight + 2u, 16u, start);
        add_eight_to_hidden(layer, eight + 3u, 24u, start);
    }
}

fn add_eight_to_hidden(layer: u32, eight: u32, of_turn: u32, start: u32) {
    add_to_hidden(layer, eight, 0u, of_turn, start);
    add_to_hidden(layer, eight, 1u, of_turn + 1u, start);
    add_to_hidden(layer, eight, 2u, of_turn + 2u, start);
    add_to_hidden(layer, eight, 3u, of_turn + 3u, start);
    add_to_hidden(layer, eight, 4u, of_turn + 4u, start);
    add_to_hidden(layer, eight, 5u, of_turn + 5u, start);
    add_to_hidden(layer, eight, 6u, of_turn + 6u, start);
    add_to_hidden(layer, eight, 7u, of_turn + 7u, start);
}

// Source k of a staged eight.
fn add_to_hidden(layer: u32, eight: u32, k: u32, of_turn: u32, start: u32) {
    for (var first = 0u; first < WIDTH; first += UNIT_STEP) {
        for (var c = 0u; c < UNIT_STEP; c++) {
            var weight = held[(of_turn * WIDTH + first + c) % HELD];
            if !HOLDS_WEIGHTS {
                weight = unit_weights(start + of_turn * level.units + first)[c];
            }
            for (var r = 0u; r < ROWS; r++) {
                pre[layer][(first + c) * ROWS + r] += weight * staged[eight][k][r];
            }
        }
    }
}

fn store_hidden(layer: u32, unit_group: u32) {
    for (var c = 0u; c < WIDTH; c++) {
        let unit = layer * level.units + unit_group * WIDTH + c;
        for (var r = 0u; r < ROWS; r++) {
            if stores(r) {
                hidden[unit * level.stride + row_of(r)] = Kept(pre[layer][c * ROWS + r]);
            }
        }
    }
}

fn dense_logits(site: u32, known: u32) {
    for (var r = 0u; r < ROWS; r++) {
        pre_logit[r] = parameter(level.output.bias + site);
    }
    let first_site = known - level.border;
    add_to_logits(DEPTH, first_site, known * WIDTH, level.output.weight + site);
    if level.skip.present != 0u {
        add_to_logits(0u, first_site, known, level.skip.weight + site);
    }
}

fn add_to_logits(layer: u32, first_site: u32, sources: u32, weights: u32) {
    let end_site = min(first_site + LANES, level.own);
    for (var first = 0u; first < sources; first += CHUNK) {
        // The linear term has all its weights.
        if layer == DEPTH && !has_patch(DEPTH, first, first_site, end_site) {
            continue;
        }
        let start = weights + first * level.own;
        if AT_ONCE == CHUNK {
            hold_logit_weights(start);
            stage(layer, first, sources);
            add_turn_to_logit(0u);
        } else {
            stage(layer, first, sources);
            for (var s = 0u; s < min(CHUNK, sources - first); s += AT_ONCE) {
                hold_logit_weights(start + s * level.own);
                add_turn_to_logit(s / 8u);
            }
        }
    }
}

// Weights of AT_ONCE sources to the lane's logit.
fn hold_logit_weights(start: u32) {
    for (var k = 0u; k < AT_ONCE; k++) {
        held[k] = parameter(start + k * level.own);
    }
}

fn add_turn_to_logit(eight: u32) {
    add_eight_to_logit(eight, 0u);
    if AT_ONCE > 8u {
        add_eight_to_logit(eight + 1u, 8u);
        add_eight_to_logit(eight + 2u, 16u);
        add_eight_to_logit(eight + 3u, 24u);
    }
}

fn add_eight_to_logit(eight: u32, of_turn: u32) {
    add_to_logit(eight, 0u, of_turn);
    add_to_logit(eight, 1u, of_turn + 1u);
    add_to_logit(eight, 2u, of_turn + 2u);
    add_to_logit(eight, 3u, of_turn + 3u);
    add_to_logit(eight, 4u, of_turn + 4u);
    add_to_logit(eight, 5u, of_turn + 5u);
    add_to_logit(eight, 6u, of_turn + 6u);
    add_to_logit(eight, 7u, of_turn + 7u);
}

fn add_to_logit(eight: u32, k: u32, of_turn: u32) {
    for (var r = 0u; r < ROWS; r++) {
        pre_logit[r] += held[of_turn % HELD] * staged[eight][k][r];
    }
}

#include forward/tile_triangle
