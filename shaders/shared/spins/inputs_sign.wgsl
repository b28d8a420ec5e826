// Inputs of a net as they are kept: 32 spins of a row to a word, bits set for -1, as the signs of floats are.
// Needs rows_{one,four}, `level` and `inputs`: array<RowWords>, [ceil(inputs / 32)][stride / LANE_ROWS]. Rows count in LANE_ROWS.

fn input_word(source: u32, row: u32) -> RowWords {
    return inputs[source / 32u * (level.stride / LANE_ROWS) + row];
}

// x times the spins of an input that lie in `words`.
fn times_spin(x: Rows, words: RowWords, source: u32) -> Rows {
    return bitcast<Rows>(bitcast<RowWords>(x) ^ ((words << RowWords(31u - source % 32u)) & RowWords(0x80000000u)));
}
