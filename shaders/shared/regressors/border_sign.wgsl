// Magnetisation of the border. Needs regressors.

// Sum of the border's spins as the inputs have them.
fn border_sum(row: u32) -> RowSpins {
    var down = RowWords(0u);
    for (var first = 0u; first < level.border; first += 32u) {
        let mask = 0xffffffffu >> (32u - min(level.border - first, 32u));
        down += countOneBits(word(first / 32u, row) & RowWords(mask));
    }
    return RowSpins(i32(level.border)) - 2 * RowSpins(down);
}

// The sign by which the gauge has turned the inputs: -1 where it has.
fn border_sign(block: u32, configuration: u32, row: u32) -> Rows {
    let first_input = RowSpins(1) - 2 * RowSpins(word(0u, row) & RowWords(1u));
    return Rows(spins[spin_index(block, 0u, configuration) / LANE_ROWS] * first_input);
}
