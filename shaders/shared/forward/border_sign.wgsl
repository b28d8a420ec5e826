// Spins of the border as inputs, and the gauge that they fix. Needs masked_block_bindings.

// Spins first..first + 32 of the border, at least one, bits set for -1, without the gauge.
fn border_word(block: u32, configuration: u32, first: u32) -> RowWords {
    var words = RowWords(0u);
    var bit = 0u;
    let start = level.sites + block * level.inputs + first;
    let batch = level.batch / LANE_ROWS;
    let count = min(32u, level.border - first);
    // Four a turn: a graphics card waits for what it loads, once for all four. Behind the last, that one again.
    loop {
        for (var k = 0u; k < 4u; k++) {
            let at = min(bit + k, count - 1u);
            let down = spins[geometry[start + at] * batch + configuration / LANE_ROWS] < RowSpins(0);
            words |= select(RowWords(0u), RowWords(1u << at), down);
        }
        bit += 4u;
        if bit >= count {
            break;
        }
    }
    return words;
}

// The gauge of rows whose border is kept: the sign of its magnetisation, on a tie its first spin. Turns the border.
fn turn_border() {
    let row = own.row;
    if level.gauge == 1u {
        var down = RowWords(0u);
        for (var first = 0u; first < level.border; first += 32u) {
            if own.stores {
                down += countOneBits(input_word(first, row));
            }
        }
        let turned = 2u * down + (input_word(0u, row) & RowWords(1u)) > RowWords(level.border);
        own.gauge = select(Rows(1.0), Rows(-1.0), turned);
        for (var first = 0u; first < level.border; first += 32u) {
            if own.stores {
                let border_bits = 0xffffffffu >> (32u - min(32u, level.border - first));
                inputs[first / 32u * own.stride + row] ^= select(RowWords(0u), RowWords(border_bits), turned);
            }
        }
    }
    if own.stores && level.border % 32u > 0u {
        own.words = input_word(level.border, row);
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
