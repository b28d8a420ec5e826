// Fixes colours in masked_block_lane, whose lanes are the passes of all colours. Needs own_colours(site) and keep_colours(block, configuration, site, colours) of the kernel.

#include rows/ln_$ROWS

// Logits of the lanes of a workgroup, one for the colour of each.
var<workgroup> lane_logits: array<Rows, LANES>;
// Logits of the site at hand, and what makes probabilities of them: exp(logit - largest) / sum.
var<private> site_logits: array<Rows, COLOURS>;
var<private> largest: Rows;
var<private> sum: Rows;

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
    gather_logits(logit);
    let colours = own_colours(site);
    add_ln_q(ln_probability_of(colours));
    if own.stores && own_colour == 0u {
        keep_colours(own.block, own.configuration, site, colours);
    }
    let x = select(Rows(-1.0), Rows(1.0), colours == RowWords(own_colour));
    keep_input(source, x);
    slide();
    push_to_hidden(0u, level.layers[0].weight + source * level.units + (source + 1u) * WIDTH, x);
    if level.skip.present != 0u {
        push_to_logits(level.skip.weight + source * level.own + site + 1u, x);
    }
}

fn gather_logits(logit: Rows) {
    workgroupBarrier();
    lane_logits[own_lane] = logit;
    workgroupBarrier();
    largest = Rows(-3.4e38);
    for (var c = 0u; c < COLOURS; c++) {
        site_logits[c] = lane_logits[c * ROWS_OF_GROUP + own_place];
        largest = max(largest, site_logits[c]);
    }
    sum = Rows(0.0);
    for (var c = 0u; c < COLOURS; c++) {
        sum += exp_minus_abs_of(site_logits[c] - largest);
    }
}

#include forward/softmax
