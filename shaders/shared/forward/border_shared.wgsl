// The border as the pass of a colour sees it. Needs masked_block_bindings.

// Inputs first..first + 32 of the border, at least one, bits set for sites of another colour.
fn border_word(block: u32, configuration: u32, first: u32) -> RowWords {
    var words = RowWords(0u);
    let count = min(32u, level.border - first);
    for (var bit = 0u; bit < count; bit++) {
        let site = geometry[level.sites + block * level.inputs + first + bit];
        let differs = spins[site * (level.batch / LANE_ROWS) + configuration / LANE_ROWS] != RowSpins(i32(own_colour));
        words |= select(RowWords(0u), RowWords(1u << bit), differs);
    }
    return words;
}

fn turn_border() {
    if own.stores && level.border % 32u > 0u {
        own.words = input_word(level.border, own.row);
    }
}

// Keeps the spins of a site that has just been fixed; sites come in order.
fn keep_input(source: u32, x: Rows) {
    let earlier = select(own.words, RowWords(0u), source % 32u == 0u);
    own.words = earlier | select(RowWords(0u), RowWords(1u << (source % 32u)), x < Rows(0.0));
    own.fixed = source + 1u;
    if own.stores {
        inputs[source / 32u * own.stride + own.row] = own.words;
    }
}
