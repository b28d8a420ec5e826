//! Deterministic random series with known properties, for tests of estimators.

use crate::random::Stream;
use rand::RngExt;
use std::f64::consts::TAU;

/// Standard normal numbers (Box-Muller).
pub(super) fn normal(count: usize, seed: u32) -> Vec<f64> {
    let mut stream = Stream::new(seed, 0);
    let one = |_| {
        let (u, v) = (stream.random_range(f64::MIN_POSITIVE..1.0), stream.random_range(0.0..TAU));
        (-2.0 * u.ln()).sqrt() * v.cos()
    };
    (0..count).map(one).collect()
}

/// A stationary AR(1) series `x' = a x + noise` of mean 0 and variance 1; its autocorrelation function is `a^t`.
pub(super) fn autoregressive(a: f64, count: usize, seed: u32) -> Vec<f64> {
    let noise = normal(count, seed);
    let mut x = noise[0];
    let step = |g: &f64| {
        x = a * x + (1.0 - a * a).sqrt() * g;
        x
    };
    noise.iter().map(step).collect()
}
