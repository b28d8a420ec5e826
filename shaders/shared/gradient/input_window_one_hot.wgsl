// Colours of a job's sources. Needs weight_gradient_shared.

// A word of inputs of a row; behind the last input bits are set, which is what a bias sees.
fn input_bits(word: u32, row: u32) -> u32 {
    let count = level.inputs * COLOURS;
    let last = (count + 31u) / 32u - 1u;
    let behind = select(0u, 0xffffffffu << (count % 32u), word == last && count % 32u > 0u);
    return select(inputs[min(word, last) * level.stride + row] | behind, 0xffffffffu, word > last);
}

// Inputs first..first + 32 of a row.
fn input_window(first: u32, row: u32) -> u32 {
    let shift = first % 32u;
    let low = input_bits(first / 32u, row) >> shift;
    return low | select(0u, input_bits(first / 32u + 1u, row) << ((32u - shift) % 32u), shift > 0u);
}
