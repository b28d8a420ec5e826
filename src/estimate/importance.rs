//! Neural importance sampling (arXiv:1910.13496): ln Z and the effective sample size from log weights.

use super::Estimate;
use serde::Serialize;
use std::ops::Range;

/// Bins of the jackknife.
const BINS: usize = 100;

/// What a set of independent log weights `ln w = -beta E - ln q` says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Importance {
    /// `ln Z = ln mean w`, error by jackknife.
    pub ln_z: Estimate,
    /// `E_q[-ln w]`, an upper bound on `-ln Z`: beta F_q.
    pub beta_f: Estimate,
    /// `E_q[-ln w] + ln Z` with both estimated: the KL where no exact ln Z is known.
    pub gap: Estimate,
    /// Effective sample size `(sum w)^2 / (N sum w^2)`, in (0, 1].
    pub ess: f64,
    /// Share of the largest weight in their sum.
    pub largest_weight_share: f64,
    /// Number of samples.
    pub count: usize,
}

/// Importance sampling estimates from log weights.
///
/// # Panics
/// When `ln_w` is empty.
pub fn importance(ln_w: &[f64]) -> Importance {
    assert!(!ln_w.is_empty(), "no log weights");
    let largest = ln_w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = ln_w.iter().map(|ln_w| (ln_w - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    let count = weights.len() as f64;
    let minus: Vec<f64> = ln_w.iter().map(|ln_w| -ln_w).collect();
    let beta_f = Estimate::mean(&minus);
    let total: f64 = minus.iter().sum();
    let ln_mean = |range: &Range<usize>| mean_without(&weights, sum, range).ln();
    let left_out_gap = |range: Range<usize>| mean_without(&minus, total, &range) + ln_mean(&range);
    let ln_z_error = jackknife(weights.len(), |range| ln_mean(&range));
    let ln_z = Estimate { value: largest + (sum / count).ln(), error: ln_z_error };
    Importance {
        ln_z,
        gap: Estimate { value: beta_f.value + ln_z.value, error: jackknife(weights.len(), left_out_gap) },
        beta_f,
        ess: sum * sum / (count * squares),
        largest_weight_share: 1.0 / sum,
        count: weights.len(),
    }
}

/// `KL(q | p) = E_q[ln q - ln p]` in nats, against an exact ln Z.
///
/// Weights over Z have mean 1, so the mean of `w / Z - 1`, times the coefficient of a regression, is taken off: close to
/// the optimum, where `-ln x` is `1 - x` up to second order, that removes almost all noise. Where the samples' weights
/// do not have that mean within their error, mass is missing, and the plain mean is what the samples say.
pub fn kl(ln_w: &[f64], ln_z: f64) -> Estimate {
    let plain: Vec<f64> = ln_w.iter().map(|ln_w| ln_z - ln_w).collect();
    let excess: Vec<f64> = ln_w.iter().map(|ln_w| (ln_w - ln_z).exp_m1()).collect();
    let (mean_plain, mean_excess) = (Estimate::mean(&plain), Estimate::mean(&excess));
    let products = plain.iter().zip(&excess).map(|(x, y)| (x - mean_plain.value) * (y - mean_excess.value));
    let squares = excess.iter().map(|y| (y - mean_excess.value).powi(2));
    let slope = products.sum::<f64>() / squares.sum::<f64>();
    let consistent = mean_excess.value.abs() <= 4.0 * mean_excess.error;
    if !(consistent && (-1.5..=0.0).contains(&slope)) {
        return mean_plain;
    }
    let corrected: Vec<f64> = plain.iter().zip(&excess).map(|(x, y)| x - slope * y).collect();
    Estimate::mean(&corrected)
}

/// Mean of all values but a range.
fn mean_without(values: &[f64], total: f64, range: &Range<usize>) -> f64 {
    (total - values[range.clone()].iter().sum::<f64>()) / (values.len() - range.len()) as f64
}

/// Jackknife error of a statistic over `count` values, given its value with a range left out.
fn jackknife(count: usize, left_out: impl Fn(Range<usize>) -> f64) -> f64 {
    let bins = BINS.min(count);
    let values: Vec<f64> =
        (0..bins).map(|bin| left_out(bin * count / bins..(bin + 1) * count / bins)).collect();
    // The jackknife's variance is (bins - 1)^2 times that of the mean of the left-out values.
    Estimate::mean(&values).error * (bins as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;
    use std::f64::consts::TAU;

    /// Deterministic standard normal numbers (Box-Muller).
    fn normal(count: usize) -> Vec<f64> {
        let mut stream = Stream::new(1, 0);
        let pair = |_| {
            let (u, v) = (stream.random_range(f64::MIN_POSITIVE..1.0), stream.random_range(0.0..TAU));
            (-2.0 * u.ln()).sqrt() * v.cos()
        };
        (0..count).map(pair).collect()
    }

    #[test]
    fn gaussian_log_weights_give_their_closed_form() {
        // w = exp(3 + sigma g): ln Z = 3 + sigma^2 / 2, ESS = exp(-sigma^2), KL = sigma^2 / 2.
        let sigma = 0.4;
        let ln_w: Vec<f64> = normal(100_000).into_iter().map(|g| 3.0 + sigma * g).collect();
        let result = importance(&ln_w);
        assert!((result.ln_z.value - 3.08).abs() < 4.0 * result.ln_z.error, "{result:?}");
        assert!((result.ess - (-sigma * sigma).exp()).abs() < 0.005, "{result:?}");
        assert!((result.beta_f.value + 3.0).abs() < 4.0 * result.beta_f.error, "{result:?}");
        assert!((result.gap.value - 0.08).abs() < 4.0 * result.gap.error, "{result:?}");
        assert!(result.gap.error < result.ln_z.error, "the two estimates are anticorrelated: {result:?}");
        let error = ((sigma * sigma).exp_m1() / 100_000.0).sqrt();
        assert!(
            (result.ln_z.error / error - 1.0).abs() < 0.25,
            "jackknife error {} not {error}",
            result.ln_z.error
        );
    }

    #[test]
    fn the_kl_estimate_is_right_and_sharp() {
        let sigma = 0.1;
        let ln_w: Vec<f64> = normal(20_000).into_iter().map(|g| 3.0 + sigma * g).collect();
        let found = kl(&ln_w, 3.0 + sigma * sigma / 2.0);
        assert!((found.value - 0.005).abs() < 4.0 * found.error, "{found:?}");
        assert!(found.error < 0.2 * sigma / 20_000_f64.sqrt(), "{found:?}: no better than the plain mean");
        // All samples in a mode that holds e^-5 of the weight.
        let collapsed = kl(&ln_w, 8.0);
        assert!((collapsed.value - 5.0).abs() < 0.01, "{collapsed:?}");
    }

    #[test]
    fn one_dominating_weight_is_seen() {
        let mut ln_w = vec![0.0; 1000];
        ln_w[17] = 20.0;
        let result = importance(&ln_w);
        assert!(result.largest_weight_share > 0.99 && result.ess < 0.0011, "{result:?}");
    }
}
