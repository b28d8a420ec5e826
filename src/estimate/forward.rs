//! What configurations from p say of q: they show the modes that samples of q miss.

use super::Estimate;
use serde::Serialize;

/// Forward figures, from log weights `ln w = -beta E - ln q` of configurations drawn from p.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forward {
    /// `1 / (E_p[w] E_p[1/w])`, the effective sample size seen from p, in (0, 1].
    pub ess: f64,
    /// `E_p[ln w] - ln Z` in nats: KL(p | q).
    pub kl: Estimate,
    /// Number of configurations.
    pub count: usize,
}

/// Forward figures; `ln_z` is the exact value or the best estimate.
///
/// # Panics
/// When `ln_w` is empty.
pub fn forward(ln_w: &[f64], ln_z: f64) -> Forward {
    assert!(!ln_w.is_empty(), "no log weights");
    let mean = Estimate::mean(ln_w);
    let ln_mean = |sign: f64| {
        let largest = ln_w.iter().map(|ln_w| sign * ln_w).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = ln_w.iter().map(|ln_w| (sign * ln_w - largest).exp()).sum();
        largest + (sum / ln_w.len() as f64).ln()
    };
    Forward {
        ess: (-ln_mean(1.0) - ln_mean(-1.0)).exp(),
        kl: Estimate { value: mean.value - ln_z, ..mean },
        count: ln_w.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_are_perfect_and_a_missing_mode_is_seen() {
        let perfect = forward(&[3.0; 100], 3.0);
        assert!((perfect.ess - 1.0).abs() < 1e-12 && perfect.kl.value.abs() < 1e-12);
        // A fifth of p has e^-10 of its share in q.
        let mut ln_w = vec![3.0; 100];
        ln_w[..20].fill(13.0);
        let missing = forward(&ln_w, 3.2);
        assert!(missing.ess < 0.001, "{missing:?}");
    }
}
