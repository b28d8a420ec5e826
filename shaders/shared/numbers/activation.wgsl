// Scalar functions that keep their digits. Twins of the methods of `Real` in `src/cpu/real.rs`.

// exp(-|x|), 0 where that is no normal number. `exp` of some devices is wrong by a little in one direction, which adds up over the sites of a
// large lattice. NaN stays NaN.
fn exp_minus_abs(x: f32) -> f32 {
    let y = select(-abs(x), -87.0, abs(x) > 87.0);
    let power = round(y * 1.442695);
    // ln 2 in two parts, the first with few digits so that its multiples are exact.
    let rest = y - power * 0.6933594 - power * -2.1219444e-4;
    var sum = 1.984127e-4;
    sum = sum * rest + 1.3888889e-3;
    sum = sum * rest + 8.333334e-3;
    sum = sum * rest + 4.1666668e-2;
    sum = sum * rest + 0.16666667;
    sum = sum * rest + 0.5;
    sum = sum * rest + 1.0;
    sum = sum * rest + 1.0;
    return sum * bitcast<f32>(u32(i32(power) + 127) << 23u);
}

// ln(1 + x) for x in [0, 1], to f32 accuracy also where x is small. The factors are fitted one after the other, each rounded before the next, so
// that errors have no direction.
fn ln_1p(x: f32) -> f32 {
    var sum = -0.0033108105;
    sum = sum * x + 0.020169048;
    sum = sum * x - 0.057595447;
    sum = sum * x + 0.10673291;
    sum = sum * x - 0.1535091;
    sum = sum * x + 0.1969376;
    sum = sum * x - 0.24958248;
    sum = sum * x + 0.33330476;
    sum = sum * x - 0.4999993;
    sum = sum * x + 1.0;
    return sum * x;
}

// ln(1 + exp(x)), given exp(-|x|). NaN stays NaN.
fn softplus(x: f32, exp_minus_abs: f32) -> f32 {
    return max(x, 0.0) + ln_1p(exp_minus_abs);
}

// 1 / (1 + exp(-x)), given exp(-|x|).
fn sigmoid(x: f32, exp_minus_abs: f32) -> f32 {
    let upper = 1.0 / (1.0 + exp_minus_abs);
    return select(upper, exp_minus_abs * upper, x < 0.0);
}

fn tanh_of(x: f32) -> f32 {
    let e = exp_minus_abs(2.0 * x);
    return select(1.0, -1.0, x < 0.0) * (1.0 - e) / (1.0 + e);
}

// PReLU. NaN stays NaN.
fn prelu(x: f32, slope: f32) -> f32 {
    return select(slope * x, x, x > 0.0);
}

// Whether x is neither NaN nor infinite. By bits: comparisons with NaN may be folded away.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
