// The dense products of masked_block_lane: what the first `known` source groups contribute to the units and logits of a group of sites.
// Four sources at a time, in order, and none of patches of a matrix that are missing (patches_{all,near}); where weights come from: dense_weights_{own,shared}.

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

#include forward/dense_weights_$LOADS
#include weights/patches_$PATCHES

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
    let end = min(first + UNITS, level.units);
    var chunk = 0u;
    if layer == 0u {
        loop {
            if has_patch(0u, chunk, first, end) {
                let words = input_word(chunk, own.row);
                stage_units(columns, chunk);
                var source = chunk;
                loop {
                    push_four_to_hidden(0u, four_spins(words, source, known$PER_SITE, columns));
                    source += 4u;
                    if source % 32u == 0u || source >= known$PER_SITE {
                        break;
                    }
                }
            }
            chunk += 32u;
            if chunk >= known$PER_SITE {
                break;
            }
        }
    } else {
        let below = layer_of(layer - 1u, known);
        loop {
            if has_patch(layer, chunk, first, end) {
                stage_units(columns, chunk);
                var source = chunk;
                loop {
                    push_four_to_hidden(layer, four_activations(below, source, columns));
                    source += 4u;
                    if source % 32u == 0u || source >= known * WIDTH {
                        break;
                    }
                }
            }
            chunk += 32u;
            if chunk >= known * WIDTH {
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

fn dense_logits(site: u32, known: u32) {
    start_sites(0u, level.output.bias + site$PER_SITE);
    if LOGIT_PACKETS > 1u {
        start_sites(1u, level.output.bias + site$PER_SITE);
    }
    if LOGIT_PACKETS > 2u {
        start_sites(2u, level.output.bias + site$PER_SITE);
    }
    if LOGIT_PACKETS > 3u {
        start_sites(3u, level.output.bias + site$PER_SITE);
    }
    let below = layer_of(DEPTH - 1u, known);
    let outputs = Columns(level.output.weight + site$PER_SITE, level.own$PER_SITE);
    let end = min(site + GROUP, level.own)$PER_SITE;
    var chunk = 0u;
    loop {
        if has_patch(DEPTH, chunk, site$PER_SITE, end) {
            stage_sites(outputs, chunk);
            var source = chunk;
            loop {
                push_four_to_logits(four_activations(below, source, outputs));
                source += 4u;
                if source % 32u == 0u || source >= known * WIDTH {
                    break;
                }
            }
        }
        chunk += 32u;
        if chunk >= known * WIDTH {
            break;
        }
    }
    if level.skip.present != 0u {
        let skips = Columns(level.skip.weight + site$PER_SITE, level.own$PER_SITE);
        var source = 0u;
        loop {
            let words = input_word(source, own.row);
            stage_sites(skips, source);
            loop {
                push_four_to_logits(four_spins(words, source, known$PER_SITE, skips));
                source += 4u;
                if source % 32u == 0u || source >= known$PER_SITE {
                    break;
                }
            }
            if source >= known$PER_SITE {
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
