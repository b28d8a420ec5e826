// Rounding of rows to either side, in shares that make the mean right. Twins of methods of `Real` in `src/cpu/real.rs`.

#include numbers/spread

fn spread_of(block: u32, configuration: u32) -> Rows {
    let words = block * BLOCK_SPREAD + row_numbers(configuration) * CONFIGURATION_SPREAD;
    return Rows(words >> RowWords(8u)) * 0x1p-24f;
}

// A multiple of 2^-22 (REWARD_QUANTUM), of which sums of up to 4 are exact, above or below.
fn up_or_down(value: Rows, number: Rows) -> Rows {
    return floor(value * 0x1p22f + number) * 0x1p-22f;
}

// coarse + rest, where the rest is far smaller: the f32 above or below, a multiple of 2^-22.
fn sum_up_or_down(coarse: Rows, rest: Rows, number: Rows) -> Rows {
    // The exponent of numbers that fit the distance of 2^-22, or a larger one.
    let exponent = max(bitcast<RowWords>(coarse) & RowWords(0x7f800000u), RowWords(128u << 23u));
    let distance = bitcast<Rows>(exponent - RowWords(23u << 23u));
    let inverse = bitcast<Rows>(RowWords(277u << 23u) - exponent);
    return coarse + floor(rest * inverse + number) * distance;
}
