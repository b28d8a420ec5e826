//! What configurations from p say of q: they show the modes that samples of q miss.

use super::{Bins, Estimate};
use serde::Serialize;

/// Most bins of the jackknife.
const BINS: usize = 256;

/// Forward figures, from log weights `ln w = -beta E - ln q` of configurations drawn from p.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forward {
    /// `1 / (E_p[w] E_p[1/w])`, the effective sample size seen from p, in (0, 1].
    pub ess: Estimate,
    /// `E_p[ln w] - ln Z` in nats: KL(p | q).
    pub kl: Estimate,
    /// Number of configurations.
    pub count: usize,
}

/// Forward figures; `ln_z` is the exact value, without error, or the best estimate. Configurations that follow each
/// other may be correlated: errors are by jackknife over contiguous bins.
///
/// # Panics
/// When `ln_w` is empty.
pub fn forward(ln_w: &[f64], ln_z: Estimate) -> Forward {
    assert!(!ln_w.is_empty(), "no log weights");
    let largest = |sign: f64| ln_w.iter().map(|ln_w| sign * ln_w).fold(f64::NEG_INFINITY, f64::max);
    let [most, least] = [largest(1.0), -largest(-1.0)];
    let mut bins = Bins::new(4, BINS);
    // Weights relative to the largest, their inverses to those of the smallest: neither overflows.
    ln_w.iter().for_each(|ln_w| bins.push(&[1.0, ln_w - most, (ln_w - most).exp(), (least - ln_w).exp()]));
    let estimates = bins.jackknife(|sums| {
        let [count, u, w, inverse] = [0, 1, 2, 3].map(|column| sums[column]);
        let ln_ess = 2.0 * count.ln() - w.ln() - inverse.ln() - most + least;
        vec![ln_ess.exp(), most + u / count]
    });
    let mean = estimates[1];
    let kl = Estimate { value: mean.value - ln_z.value, error: mean.error.hypot(ln_z.error) };
    Forward { ess: estimates[0], kl, count: ln_w.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_are_perfect_and_a_missing_mode_is_seen() {
        let exact = |value| Estimate { value, error: 0.0 };
        let perfect = forward(&[3.0; 100], exact(3.0));
        assert!((perfect.ess.value - 1.0).abs() < 1e-12 && perfect.kl.value.abs() < 1e-12);
        // A fifth of p has e^-10 of its share in q.
        let mut ln_w = vec![3.0; 100];
        ln_w[..20].fill(13.0);
        let missing = forward(&ln_w, exact(3.2));
        assert!(missing.ess.value < 0.001, "{missing:?}");
    }
}
