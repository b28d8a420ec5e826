// Fixes colours in masked_block_lane. Needs own_colours(site) and keep_colours(block, configuration, site, colours) of the kernel.

#include rows/ln_$ROWS

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
    prepare_logits(site);
    let colours = own_colours(site);
    add_ln_q(ln_probability_of(colours));
    var seen = colours;
    if fixes_gauge(site) {
        own.gauge = Rows(colours + RowWords(1u));
        seen = RowWords(0u);
    }
    if own.stores {
        let whole = (seen + RowWords(own.gauge) + RowWords(COLOURS - 1u)) % RowWords(COLOURS);
        keep_colours(own.block, own.configuration, site, whole);
    }
    keep_input(source, seen);
    slide();
    for (var c = 0u; c < COLOURS; c++) {
        push_colour(source, site, c, select(Rows(0.0), Rows(1.0), seen == RowWords(c)));
    }
}

// The logits of the site, 0 where its colour fixes the gauge.
fn prepare_logits(site: u32) {
    largest = Rows(-3.4e38);
    for (var c = 0u; c < COLOURS; c++) {
        let logit = select(pre_logit[c], Rows(0.0), fixes_gauge(site));
        site_logits[c] = logit;
        largest = max(largest, logit);
        if own.stores {
            logits[(site * COLOURS + c) * own.stride + own.row] = logit;
        }
    }
    sum = Rows(0.0);
    for (var c = 0u; c < COLOURS; c++) {
        sum += exp_minus_abs_of(site_logits[c] - largest);
    }
}

#include forward/softmax

// Pushes an input of a site to what sees it.
fn push_colour(source: u32, site: u32, colour: u32, x: Rows) {
    let number = source * COLOURS + colour;
    push_to_hidden(0u, level.layers[0].weight + number * level.units + (source + 1u) * WIDTH, x);
    if level.skip.present != 0u {
        push_to_logits(level.skip.weight + number * level.own * COLOURS + (site + 1u) * COLOURS, x);
    }
}
