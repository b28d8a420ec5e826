// Forward pass of a masked net, lanes over hidden groups, ROWS rows per workgroup that share every weight load: for
// GPUs, and for the top levels where there are few rows.
// Grid: ceil(rows / ROWS) workgroups of LANES lanes. Rows past the last repeat it and store nothing.
// A lane holds one group (one site) at a time. Sources are staged in workgroup memory in chunks, so that memory use does
// not grow with the lattice, and taken eight at a time, for drivers that limit the turns of loops (src/schedule/shape.rs).
// All barriers lie in control flow that depends on uniforms only, and no lane takes turns of a loop that others do not: drivers
// refuse barriers behind it. Needs draw_numbers(site) and own_spin(site, logit).

#include unit_weights_$UNITS

// [source / 8][source % 8][row]: indices that are constants where it is read need no check, and drivers read rows together.
var<workgroup> staged: array<array<array<f32, ROWS>, 8>, CHUNK / 8u>;
// Of the site at hand: activations as [layer][unit][row], logits and spins.
var<workgroup> shared_hidden: array<array<f32, WIDTH * ROWS>, DEPTH>;
var<workgroup> shared_logit: array<f32, ROWS>;
var<workgroup> shared_spin: array<f32, ROWS>;

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
    return min(tile_row + r, level.rows - 1u);
}

fn stores(r: u32) -> bool {
    return tile_row + r < level.rows;
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
    tile_row = group_index(group, groups) * ROWS;
    if tile_row >= level.rows {
        return;
    }
    load_border();
    meet();
    // Lanes without a row of their own are like those past the last row.
    start_row(select(level.rows, tile_row + lane, lane < ROWS));
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
        dense_hidden(0u, unit_group, known);
        if DEPTH > 1u {
            dense_hidden(1u, unit_group, known);
        }
        if DEPTH > 2u {
            dense_hidden(2u, unit_group, known);
        }
        dense_logits(min(site + lane, level.own - 1u), known);
        triangle(site, min(LANES, level.own - site));
        meet();
    }
    if own.stores {
        ln_q[level.first_row + own.row] = complete_ln_q();
    }
}

fn border_hidden(layer: u32) {
    for (var first = 0u; first < level.border; first += LANES) {
        let unit_group = first + lane;
        dense_hidden(layer, min(unit_group, level.inputs - 1u), level.border);
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
    for (var at = lane; at < CHUNK * ROWS; at += LANES) {
        let source = first + at / ROWS;
        let row = row_of(at % ROWS);
        var x = 0.0;
        if source < sources {
            if layer == 0u {
                x = times_spin(1.0, input_word(source, row), source);
            } else {
                x = activation(layer - 1u, source, row);
            }
        }
        staged[at / ROWS / 8u][at / ROWS % 8u][at % ROWS] = x;
    }
    workgroupBarrier();
}

// pre = bias + contributions of the first `known` source groups, for the units of one group.
fn dense_hidden(layer: u32, unit_group: u32, known: u32) {
    let matrix = level.layers[layer];
    for (var c = 0u; c < WIDTH; c++) {
        let bias = parameter(matrix.bias + unit_group * WIDTH + c);
        for (var r = 0u; r < ROWS; r++) {
            pre[layer][c * ROWS + r] = bias;
        }
    }
    let sources = select(known * WIDTH, known, layer == 0u);
    for (var first = 0u; first < sources; first += CHUNK) {
        stage(layer, first, sources);
        let start = matrix.weight + first * level.units + unit_group * WIDTH;
        for (var s = 0u; s < min(CHUNK, sources - first); s += 8u) {
            add_to_hidden(layer, s / 8u, 0u, start + s * level.units);
            add_to_hidden(layer, s / 8u, 1u, start + (s + 1u) * level.units);
            add_to_hidden(layer, s / 8u, 2u, start + (s + 2u) * level.units);
            add_to_hidden(layer, s / 8u, 3u, start + (s + 3u) * level.units);
            add_to_hidden(layer, s / 8u, 4u, start + (s + 4u) * level.units);
            add_to_hidden(layer, s / 8u, 5u, start + (s + 5u) * level.units);
            add_to_hidden(layer, s / 8u, 6u, start + (s + 6u) * level.units);
            add_to_hidden(layer, s / 8u, 7u, start + (s + 7u) * level.units);
        }
    }
}

// The part of source k of a staged eight; behind the last source zeros are staged.
fn add_to_hidden(layer: u32, eight: u32, k: u32, weights: u32) {
    for (var first = 0u; first < WIDTH; first += UNIT_STEP) {
        var some = unit_weights(weights + first);
        for (var c = 0u; c < UNIT_STEP; c++) {
            for (var r = 0u; r < ROWS; r++) {
                pre[layer][(first + c) * ROWS + r] += some[c] * staged[eight][k][r];
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
    add_to_logits(DEPTH, known * WIDTH, level.output.weight + site);
    if level.skip.present != 0u {
        add_to_logits(0u, known, level.skip.weight + site);
    }
}

fn add_to_logits(layer: u32, sources: u32, weights: u32) {
    for (var first = 0u; first < sources; first += CHUNK) {
        stage(layer, first, sources);
        let start = weights + first * level.own;
        for (var s = 0u; s < min(CHUNK, sources - first); s += 8u) {
            add_to_logit(s / 8u, 0u, start + s * level.own);
            add_to_logit(s / 8u, 1u, start + (s + 1u) * level.own);
            add_to_logit(s / 8u, 2u, start + (s + 2u) * level.own);
            add_to_logit(s / 8u, 3u, start + (s + 3u) * level.own);
            add_to_logit(s / 8u, 4u, start + (s + 4u) * level.own);
            add_to_logit(s / 8u, 5u, start + (s + 5u) * level.own);
            add_to_logit(s / 8u, 6u, start + (s + 6u) * level.own);
            add_to_logit(s / 8u, 7u, start + (s + 7u) * level.own);
        }
    }
}

fn add_to_logit(eight: u32, k: u32, weight_at: u32) {
    let weight = parameter(weight_at);
    for (var r = 0u; r < ROWS; r++) {
        pre_logit[r] += weight * staged[eight][k][r];
    }
}

// Fixes the `count` sites from `site` on, one after the other; lane t holds site + t. Lanes wait for each other twice a site: for the
// site's units and logits, and for its spins.
fn triangle(site: u32, count: u32) {
    for (var t = 0u; t < count; t++) {
        let source = level.border + site + t;
        if lane == t {
            share_site(source, site);
        }
        workgroupBarrier();
        if lane < ROWS {
            fix(site + t, source);
        }
        let sees = lane > t && lane < count;
        if sees {
            push_hidden(0u, source, site);
            if DEPTH > 1u {
                push_hidden(1u, source, site);
            }
            if DEPTH > 2u {
                push_hidden(2u, source, site);
            }
        }
        workgroupBarrier();
        if sees {
            push_spin(source, site);
        }
    }
}

// A site's units, whose inputs are all known, and its logits. They see those of earlier layers.
fn share_site(source: u32, site: u32) {
    share_hidden(0u, source);
    push_hidden(0u, source, site);
    if DEPTH > 1u {
        share_hidden(1u, source);
        push_hidden(1u, source, site);
    }
    if DEPTH > 2u {
        share_hidden(2u, source);
        push_hidden(2u, source, site);
    }
    for (var r = 0u; r < ROWS; r++) {
        shared_logit[r] = pre_logit[r];
    }
}

fn share_hidden(layer: u32, unit_group: u32) {
    store_hidden(layer, unit_group);
    for (var c = 0u; c < WIDTH; c++) {
        let slope = parameter(level.layers[layer].slope + unit_group * WIDTH + c);
        for (var r = 0u; r < ROWS; r++) {
            shared_hidden[layer][c * ROWS + r] = prelu(as_kept(pre[layer][c * ROWS + r]), slope);
        }
    }
}

fn push_hidden(layer: u32, source_group: u32, site: u32) {
    for (var c = 0u; c < WIDTH; c++) {
        let source = source_group * WIDTH + c;
        if layer + 1u < DEPTH {
            let start = level.layers[layer + 1u].weight + source * level.units + (level.border + site + lane) * WIDTH;
            for (var d = 0u; d < WIDTH; d++) {
                let weight = parameter(start + d);
                for (var r = 0u; r < ROWS; r++) {
                    pre[layer + 1u][d * ROWS + r] += weight * shared_hidden[layer][c * ROWS + r];
                }
            }
        } else {
            let weight = parameter(level.output.weight + source * level.own + site + lane);
            for (var r = 0u; r < ROWS; r++) {
                pre_logit[r] += weight * shared_hidden[layer][c * ROWS + r];
            }
        }
    }
}

// Draws or reads this lane's row at one site.
fn fix(site: u32, source: u32) {
    let logit = shared_logit[lane];
    if site % 4u == 0u {
        draw_numbers(site);
    }
    if stores(lane) {
        logits[site * level.stride + own.row] = logit;
        let x = own_spin(site, logit);
        keep_input(source, x);
        shared_spin[lane] = x;
    }
}

fn push_spin(source: u32, site: u32) {
    let start = level.layers[0].weight + source * level.units + (level.border + site + lane) * WIDTH;
    for (var c = 0u; c < WIDTH; c++) {
        let weight = parameter(start + c);
        for (var r = 0u; r < ROWS; r++) {
            pre[0][c * ROWS + r] += weight * shared_spin[r];
        }
    }
    if level.skip.present != 0u {
        let weight = parameter(level.skip.weight + source * level.own + site + lane);
        for (var r = 0u; r < ROWS; r++) {
            pre_logit[r] += weight * shared_spin[r];
        }
    }
}
