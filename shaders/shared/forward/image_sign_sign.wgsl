// The sign by which a sample of a mixture is turned. Needs masked_block_bindings and rows/site_words_{one,four}.

// 1 or -1 with probability 1/2, by the word behind the last site.
fn drawn_sign(configuration: u32) -> Rows {
    own.numbers = words_of_rows(0u, step.first_configuration + configuration, level.own);
    let is_turned = (own_words(level.own) & RowWords(1u)) == RowWords(1u);
    return select(Rows(1.0), Rows(-1.0), is_turned);
}
