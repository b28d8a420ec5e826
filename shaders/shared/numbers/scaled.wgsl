// Numbers with an exponent of their own, and their logarithms. Needs numbers/activation.

// A number `value / start * 2^exponent`, as a sum over states.
struct ScaledSum {
    value: f32,
    start: f32,
    exponent: i32,
}

// `whole.x + whole.y - ln sum`, whole.x being a multiple of 2^-12. What is large cancels first, exactly: so are multiples of the first
// part of ln 2, which has few digits.
fn less_ln(whole: vec2<f32>, sum: ScaledSum) -> f32 {
    let power = i32(bitcast<u32>(sum.value) >> 23u) - 127;
    let mantissa = sum.value * bitcast<f32>(u32(127 - power) << 23u);
    let exponent = f32(sum.exponent + power);
    let ln_ratio = ln_1p(mantissa - 1.0) - ln_1p(sum.start - 1.0);
    return (whole.x - exponent * 0.6933594) - (ln_ratio - exponent * 2.1219444e-4 - whole.y);
}
