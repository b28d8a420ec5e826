// Inputs of a net as they are kept: 32 spins of a row to a word, bits set for -1, as the signs of floats are.
// Needs `level` and `inputs`: array<u32>, [ceil(inputs / 32)][stride].

fn input_word(source: u32, row: u32) -> u32 {
    return inputs[source / 32u * level.stride + row];
}

// x times the spin of an input that lies in `word`.
fn times_spin(x: f32, word: u32, source: u32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ (word << (31u - source % 32u) & 0x80000000u));
}
