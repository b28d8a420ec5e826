// Colours of the border as inputs, and the gauge that they fix. Needs masked_block_bindings.

// Colours of a site of the border, as they are.
fn border_colours(block: u32, configuration: u32, local: u32) -> RowWords {
    let site = geometry[level.sites + block * level.inputs + local];
    return RowWords(spins[site * (level.batch / LANE_ROWS) + configuration / LANE_ROWS]);
}

// Colours as the net sees them.
fn seen_colours(colours: RowWords) -> RowWords {
    return (colours + RowWords(COLOURS + 1u) - RowWords(own.gauge)) % RowWords(COLOURS);
}

// Bits first..first + 32 of the border, at least one.
fn border_word(block: u32, configuration: u32, first: u32) -> RowWords {
    var words = RowWords(0u);
    let end = min(first + 32u, level.border * COLOURS);
    var local = first / COLOURS;
    loop {
        let bits = local * COLOURS + seen_colours(border_colours(block, configuration, local));
        let is_inside = (bits >= RowWords(first)) & (bits < RowWords(end));
        words |= select(RowWords(0u), RowWords(1u) << (bits % RowWords(32u)), is_inside);
        local++;
        if local * COLOURS >= end {
            break;
        }
    }
    return words;
}

// Sites of the border by their colour.
var<private> counts: array<RowWords, COLOURS>;

// The colour that most sites of the border have, on a tie that which comes first.
fn most_frequent() -> RowWords {
    for (var c = 0u; c < COLOURS; c++) {
        counts[c] = RowWords(0u);
    }
    for (var local = 0u; local < level.border; local++) {
        let colours = border_colours(own.block, own.configuration, local);
        for (var c = 0u; c < COLOURS; c++) {
            counts[c] += select(RowWords(0u), RowWords(1u), colours == RowWords(c));
        }
    }
    var most = RowWords(0u);
    for (var c = 0u; c < COLOURS; c++) {
        most = max(most, counts[c]);
    }
    // Bits of the colours that so many sites have.
    var candidates = RowWords(0u);
    for (var c = 0u; c < COLOURS; c++) {
        candidates |= select(RowWords(0u), RowWords(1u << c), counts[c] == most);
    }
    var found = RowWords(COLOURS);
    for (var local = 0u; local < level.border; local++) {
        let colours = border_colours(own.block, own.configuration, local);
        let is_first = (found == RowWords(COLOURS)) & (((candidates >> colours) & RowWords(1u)) == RowWords(1u));
        found = select(found, colours, is_first);
    }
    return found;
}

// Fixes the gauge of rows whose border is kept, and turns the border.
fn turn_border() {
    let row = own.row;
    if level.gauge == 1u {
        own.gauge = Rows(most_frequent() + RowWords(1u));
        for (var first = 0u; first < level.border * COLOURS; first += 32u) {
            let words = border_word(own.block, own.configuration, first);
            if own.stores {
                inputs[first / 32u * own.stride + row] = words;
            }
        }
    }
    if own.stores && level.border * COLOURS % 32u > 0u {
        own.words = input_word(level.border * COLOURS, row);
    }
}

// Keeps the colours of a site that has just been fixed, as the net sees them; sites come in order.
fn keep_input(local: u32, colours: RowWords) {
    let first = local * COLOURS;
    let bits = first + colours;
    // The bits of the word in which the site's bits begin, and of the next word.
    let begun = select(own.words, RowWords(0u), first % 32u == 0u);
    let is_here = bits / RowWords(32u) == RowWords(first / 32u);
    let bit = RowWords(1u) << (bits % RowWords(32u));
    let here = begun | select(RowWords(0u), bit, is_here);
    let next = select(bit, RowWords(0u), is_here);
    let goes_on = (first + COLOURS - 1u) / 32u > first / 32u;
    own.words = select(here, next, goes_on);
    own.fixed = local + 1u;
    if own.stores {
        inputs[first / 32u * own.stride + own.row] = here;
        if goes_on {
            inputs[(first / 32u + 1u) * own.stride + own.row] = next;
        }
    }
}
