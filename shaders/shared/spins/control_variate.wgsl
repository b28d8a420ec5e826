// Regressors of the reward of a block, four columns to a vector: 1, features of its border, the rest of the
// configuration's reward, and the reward itself. Twin of `src/cpu/control_variate.rs`. Needs `level`, `geometry`, `spins`, `reward`,
// and `inputs` of rows_one, which have the border as bits, 32 spins to a word: products of spins are counted bits.
// The pairs of border sites whose products count stand in `geometry` from `level.path_pairs` on: for every length of a path where
// its entries begin, their number and the paths of all pairs; an entry is the word of first ends (8 bits), that of the other ends
// (8 bits) and how many bits these lie higher (the rest); which bits of the first word have a pair; and the paths of each.

fn word(index: u32, row: u32) -> u32 {
    return inputs[index * level.stride + row];
}

// Bits from `shift` of the lower word on.
fn bits_from(low: u32, high: u32, shift: u32) -> u32 {
    return (low >> shift) | ((high << (31u - shift)) << 1u);
}

// The spin of a bit.
fn spin_of(word: u32, bit: u32) -> i32 {
    return 1 - 2 * i32((word >> bit) & 1u);
}

// Products of the pairs that paths of a length join, each times its number of paths, over all of these.
fn mean_product(length: u32, row: u32) -> f32 {
    let header = level.path_pairs + 3u * length;
    let first = geometry[header];
    let end = first + 3u * geometry[header + 1u];
    var unlike = 0u;
    for (var at = first; at < end; at += 3u) {
        let words = geometry[at];
        let other = (words >> 8u) & 255u;
        // Behind the last word any bits will do: none has a pair there.
        let ends = bits_from(word(other, row), word(other + 1u, row), words >> 16u);
        let unlike_here = (word(words & 255u, row) ^ ends) & geometry[at + 1u];
        unlike += geometry[at + 2u] * countOneBits(unlike_here);
    }
    let paths = i32(geometry[header + 2u]);
    return f32(paths - 2 * i32(unlike)) * (1.0 / f32(max(paths, 1)));
}

// Sum of the border's spins as the inputs have them.
fn border_sum(row: u32) -> i32 {
    var down = 0u;
    for (var first = 0u; first < level.border; first += 32u) {
        let mask = 0xffffffffu >> (32u - min(level.border - first, 32u));
        down += countOneBits(word(first / 32u, row) & mask);
    }
    return i32(level.border) - 2 * i32(down);
}

// The sign by which the gauge has turned the inputs: -1 where it has.
fn border_sign(block: u32, configuration: u32, row: u32) -> f32 {
    return f32(spins[spin_index(block, 0u, configuration)] * spin_of(word(0u, row), 0u));
}

// Rewards are counted from those of the level's first row: only differences matter, and they keep more digits.
fn columns(row: u32) -> array<vec4<f32>, COLUMNS / 4u> {
    let block = row / level.batch;
    let configuration = row % level.batch;
    var m = 0.0;
    if level.border > 0u {
        m = f32(border_sum(row)) * (1.0 / f32(level.border)) * border_sign(block, configuration, row);
    }
    let square = m * m;
    let here = reward[level.first_row + row];
    let reference = reward[level.first_row];
    let rest = (reward[configuration] - here) - (reward[0] - reference);
    return array<vec4<f32>, COLUMNS / 4u>(
        vec4<f32>(1.0, mean_product(0u, row), mean_product(1u, row), mean_product(2u, row)),
        vec4<f32>(mean_product(3u, row), mean_product(4u, row), mean_product(5u, row), mean_product(6u, row)),
        vec4<f32>(mean_product(7u, row), mean_product(8u, row), abs(m), square),
        vec4<f32>(square * square, m, rest, here - reference),
    );
}
