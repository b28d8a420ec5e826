// Sums over boxes as scaled numbers. Needs `step`, numbers/activation, numbers/spread and the factors of the box.

// The number from which the sum over a box starts, in [1, 2]: started from 1, all boxes with the same border would be rounded alike.
fn start_value(block: u32, configuration: u32) -> f32 {
    return 1.0 + spread(block, step.first_configuration + configuration);
}

// A scaled sum over states, `value / start * 2^exponent`.
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

// ln q of own spins by their bond sum and spin sum: the logarithm of their scaled Boltzmann factor less that of the sum.
fn ln_probability(block: u32, sums: vec2<i32>, sum: ScaledSum) -> f32 {
    return less_ln(ln_factor(block, sums), sum);
}
