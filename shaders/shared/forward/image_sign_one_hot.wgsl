// By how many steps all colours of a sample of a mixture are moved on, counted from 1. Needs masked_block_bindings and rows/site_words_{one,four}.

// Any of them with the same probability, by the word behind the last site.
fn drawn_sign(configuration: u32) -> Rows {
    own.numbers = words_of_rows(0u, step.first_configuration + configuration, level.own);
    return floor(Rows(own_words(level.own) >> RowWords(8u)) * 0x1p-24f * f32(COLOURS)) + Rows(1.0);
}

// The same moved on by further steps.
fn moved_on(sign: Rows, steps: u32) -> Rows {
    let moved = sign + Rows(f32(steps));
    return select(moved, moved - Rows(f32(COLOURS)), moved > Rows(f32(COLOURS)));
}
