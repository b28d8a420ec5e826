// Pairs of equal border colours, by the bits of the passes of all colours: of two different colours two bits differ. Needs regressors.

fn mean_product(length: u32, row: u32) -> Rows {
    let header = level.path_pairs + 3u * length;
    let first = geometry[header];
    let end = first + 3u * geometry[header + 1u];
    var unlike = RowWords(0u);
    for (var c = 0u; c < COLOURS; c++) {
        let here = c * (level.rows / LANE_ROWS) + row;
        for (var at = first; at < end; at += 3u) {
            let words = geometry[at];
            let other = (words >> 8u) & 255u;
            let ends = bits_from(word(other, here), word(other + 1u, here), words >> 16u);
            let unlike_here = (word(words & 255u, here) ^ ends) & RowWords(geometry[at + 1u]);
            unlike += geometry[at + 2u] * countOneBits(unlike_here);
        }
    }
    let paths = i32(geometry[header + 2u]);
    return Rows(RowSpins(paths) - 2 * RowSpins(unlike)) * (1.0 / f32(max(paths, 1)));
}
