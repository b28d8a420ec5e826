// Spins of a job's sources. Needs weight_gradient_shared.

// Inputs first..first + 32 of a row; behind the last one +1, which is what a bias sees.
fn input_window(first: u32, row: u32) -> u32 {
    let last = (level.inputs + 31u) / 32u - 1u;
    let word = first / 32u;
    let low = inputs[min(word, last) * level.stride + row];
    let high = inputs[min(word + 1u, last) * level.stride + row];
    let shift = first % 32u;
    let from_low = select(0u, low >> shift, word <= last);
    return from_low | select(0u, high << (32u - shift), shift > 0u && word + 1u <= last);
}
