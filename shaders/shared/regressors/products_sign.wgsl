// Products of pairs of border spins. Needs regressors.

// Products of the pairs that paths of a length join, each times its number of paths, over all of these.
fn mean_product(length: u32, row: u32) -> Rows {
    let header = level.path_pairs + 3u * length;
    let first = geometry[header];
    let end = first + 3u * geometry[header + 1u];
    var unlike = RowWords(0u);
    for (var at = first; at < end; at += 3u) {
        let words = geometry[at];
        let other = (words >> 8u) & 255u;
        // Behind the last word any bits will do: none has a pair there.
        let ends = bits_from(word(other, row), word(other + 1u, row), words >> 16u);
        let unlike_here = (word(words & 255u, row) ^ ends) & RowWords(geometry[at + 1u]);
        unlike += geometry[at + 2u] * countOneBits(unlike_here);
    }
    let paths = i32(geometry[header + 2u]);
    return Rows(RowSpins(paths) - 2 * RowSpins(unlike)) * (1.0 / f32(max(paths, 1)));
}
