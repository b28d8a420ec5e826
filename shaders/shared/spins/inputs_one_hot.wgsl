// Inputs of a net as they are kept: a bit for every colour of every site, number `site * COLOURS + colour`, set for the site's own. 32 bits of a row to a word.
// Needs rows_{one,four}, `level` and `inputs`: array<RowWords>, [ceil(inputs * COLOURS / 32)][stride / LANE_ROWS]. Rows count in LANE_ROWS.

fn input_word(source: u32, row: u32) -> RowWords {
    return inputs[source / 32u * (level.stride / LANE_ROWS) + row];
}

// x where the bits of an input in `words` are set, else 0.
fn times_spin(x: Rows, words: RowWords, source: u32) -> Rows {
    let bits = (words >> RowWords(source % 32u)) & RowWords(1u);
    return bitcast<Rows>(bitcast<RowWords>(x) & (RowWords(0u) - bits));
}
