// The dependent part of masked_block_tile: sites of a group are fixed one after the other by few lanes, while all others wait. So what that
// needs is there before: what decides the sites, for all of them at once, and what lanes weigh a site with, one site ahead (but for weights
// between hidden layers). Spins are stored when all of a group are fixed. Lane t holds the group's site t.

// Whether a lane keeps what it weighs a site with: where nets are wide, registers are better used otherwise.
const LOOKS_AHEAD: bool = WIDTH <= 8u;
const KEPT_WIDTH: u32 = min(WIDTH, 8u);
// Weights of the site at hand and of the next: of its spin for the lane's units of layer 0, of its last units for the lane's logit, of its
// spin for that.
var<private> to_units: array<f32, KEPT_WIDTH>;
var<private> to_logit: array<f32, KEPT_WIDTH>;
var<private> skip_to_logit: f32;
var<private> next_to_units: array<f32, KEPT_WIDTH>;
var<private> next_to_logit: array<f32, KEPT_WIDTH>;
var<private> next_skip_to_logit: f32;
// Of the lane's own site, loaded when its turn is next: [layer][unit].
var<private> slopes: array<array<f32, KEPT_WIDTH>, DEPTH>;

// What decides the sites of a group, for all rows; past the last site nobody reads it.
fn prepare_numbers(site: u32) {
    for (var first = 0u; first < LANES / 4u * ROWS; first += LANES) {
        let at = first + lane;
        if at < LANES / 4u * ROWS {
            let row = row_of(at % ROWS);
            let four = at / ROWS * 4u;
            let words = site_numbers(row / level.batch, row % level.batch, site + four)[0];
            for (var k = 0u; k < 4u; k++) {
                shared_words[four + k][at % ROWS] = words[k];
            }
        }
    }
}

// Of a group that is fixed. All lanes meet again in products for the next before anybody prepares its sites.
fn keep_spins(site: u32) {
    for (var at = lane; at < LANES * ROWS; at += LANES) {
        let t = at / ROWS;
        let r = at % ROWS;
        if site + t < level.own && stores(r) {
            let row = row_of(r);
            keep_spin(row / level.batch, row % level.batch, site + t, shared_gauge[r] * bitcast<f32>(shared_words[t][r]));
        }
    }
}

// What the lane's site weighs the next source with, and the slopes of the site whose turn comes.
fn look_ahead(source: u32, site: u32, comes_next: bool) {
    if LOOKS_AHEAD {
        for (var c = 0u; c < KEPT_WIDTH; c++) {
            next_to_units[c] = unit_weight(source, site, c);
            next_to_logit[c] = output_weight(source, site, c);
        }
        if level.skip.present != 0u {
            next_skip_to_logit = skip_weight(source, site);
        }
        if comes_next {
            for (var layer = 0u; layer < DEPTH; layer++) {
                for (var c = 0u; c < KEPT_WIDTH; c++) {
                    slopes[layer][c] = parameter(level.layers[layer].slope + source * WIDTH + c);
                }
            }
        }
    }
}

fn unit_weight(source: u32, site: u32, c: u32) -> f32 {
    return parameter(level.layers[0].weight + source * level.units + (level.border + site + lane) * WIDTH + c);
}

fn output_weight(source: u32, site: u32, c: u32) -> f32 {
    return parameter(level.output.weight + (source * WIDTH + c) * level.own + site + lane);
}

fn skip_weight(source: u32, site: u32) -> f32 {
    return parameter(level.skip.weight + source * level.own + site + lane);
}

// Fixes the `count` sites from `site` on, one after the other; lane t holds site + t. Lanes wait for each other twice a site: for the
// site's units and logits, and for its spins.
fn triangle(site: u32, count: u32) {
    if lane < count {
        look_ahead(level.border + site, site, lane == 0u);
    }
    for (var t = 0u; t < count; t++) {
        let source = level.border + site + t;
        to_units = next_to_units;
        to_logit = next_to_logit;
        skip_to_logit = next_skip_to_logit;
        if lane > t && lane < count {
            look_ahead(source + 1u, site, lane == t + 1u);
        }
        if lane == t {
            share_site(source, site);
        }
        workgroupBarrier();
        if lane < ROWS {
            fix(site + t, source, t);
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
            push_spin(source, site, t);
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
        var slope = slopes[layer][c % KEPT_WIDTH];
        if !LOOKS_AHEAD {
            slope = parameter(level.layers[layer].slope + unit_group * WIDTH + c);
        }
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
            var weight = to_logit[c % KEPT_WIDTH];
            if !LOOKS_AHEAD {
                weight = output_weight(source_group, site, c);
            }
            for (var r = 0u; r < ROWS; r++) {
                pre_logit[r] += weight * shared_hidden[layer][c * ROWS + r];
            }
        }
    }
}

// Draws or reads this lane's row at one site.
fn fix(site: u32, source: u32, t: u32) {
    let logit = shared_logit[lane];
    own.numbers[0] = vec4<u32>(shared_words[t][lane]);
    if stores(lane) {
        logits[site * level.stride + own.row] = logit;
        let x = own_spin(site, logit);
        keep_input(source, x);
        shared_words[t][lane] = bitcast<u32>(x);
    }
}

fn push_spin(source: u32, site: u32, t: u32) {
    for (var c = 0u; c < WIDTH; c++) {
        var weight = to_units[c % KEPT_WIDTH];
        if !LOOKS_AHEAD {
            weight = unit_weight(source, site, c);
        }
        for (var r = 0u; r < ROWS; r++) {
            pre[0][c * ROWS + r] += weight * bitcast<f32>(shared_words[t][r]);
        }
    }
    if level.skip.present != 0u {
        var weight = skip_to_logit;
        if !LOOKS_AHEAD {
            weight = skip_weight(source, site);
        }
        for (var r = 0u; r < ROWS; r++) {
            pre_logit[r] += weight * bitcast<f32>(shared_words[t][r]);
        }
    }
}
