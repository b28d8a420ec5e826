//! What configurations from p say of q: they show the modes that samples of q miss.

use super::importance::UNSEEN;
use super::{Bins, Estimate};
use serde::Serialize;

/// Most bins of the jackknife: few and long, since configurations of a Markov chain are correlated.
const BINS: usize = 64;

/// Configurations below which nothing can be said about errors.
const FEWEST: usize = 8;

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
/// other may be correlated: errors are by jackknife over contiguous bins. They include what configurations may contribute
/// that are too rare to be seen: weights as large as the largest, and a nat or as many as the most.
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
    let [ess, mean] = [estimates[0], estimates[1]];
    let unseen = UNSEEN / ln_w.len() as f64;
    let mean_w = bins.totals()[2] / ln_w.len() as f64;
    let nats = (most - ln_z.value).abs().max((least - ln_z.value).abs()).max(1.0);
    let told = if ln_w.len() < FEWEST { f64::NAN } else { 0.0 };
    let ess = Estimate { error: told + ess.error.hypot(ess.value * unseen / mean_w), ..ess };
    let error = told + mean.error.hypot(ln_z.error).hypot(unseen * nats);
    Forward { ess, kl: Estimate { value: mean.value - ln_z.value, error }, count: ln_w.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_are_perfect_and_a_missing_mode_is_seen() {
        let exact = |value| Estimate { value, error: 0.0 };
        let perfect = forward(&[3.0; 100], exact(3.0));
        assert!((perfect.ess.value - 1.0).abs() < 1e-12 && perfect.kl.value.abs() < 1e-12);
        // A hundred configurations do not show what happens once in a hundred.
        assert!(perfect.ess.error > 0.01 && perfect.kl.error > 0.01, "{perfect:?}");
        // A fifth of p has e^-10 of its share in q.
        let mut ln_w = vec![3.0; 100];
        ln_w[..20].fill(13.0);
        let missing = forward(&ln_w, exact(3.2));
        assert!(missing.ess.value < 0.001, "{missing:?}");
    }
}
