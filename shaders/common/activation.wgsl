// Scalar functions that keep their digits. Twins of the methods of `Real` in `src/cpu/real.rs`.

// ln(1 + x) for x in [0, 1], to f32 accuracy also where x is small: `log` is only absolutely accurate near 1.
fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let d = u - 1.0;
    // Exact if log is; the quotient repairs the rounding of 1 + x. Below 2^-12 two terms of the series do.
    return select(log(u) * x / max(d, 1e-30), x - 0.5 * x * x, x < 0x1p-12f);
}

// ln(1 + exp(x)). NaN stays NaN.
fn softplus(x: f32) -> f32 {
    return max(x, 0.0) + ln_1p(exp(-abs(x)));
}

// 1 / (1 + exp(-x)).
fn sigmoid(x: f32) -> f32 {
    let e = exp(-abs(x));
    let upper = 1.0 / (1.0 + e);
    return select(upper, e * upper, x < 0.0);
}

// PReLU. NaN stays NaN.
fn prelu(x: f32, slope: f32) -> f32 {
    return select(slope * x, x, x > 0.0);
}

// Whether x is neither NaN nor infinite. By bits: comparisons with NaN may be folded away.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
