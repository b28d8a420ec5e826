//! Neural importance sampling (arXiv:1910.13496): ln Z and the effective sample size from log weights.

use super::{Bins, Estimate};
use serde::Serialize;

/// Most bins of the jackknife.
const BINS: usize = 256;
/// Share of a distribution that `count` samples leave unseen, times `count`, as a standard deviation.
pub(super) const UNSEEN: f64 = 1.5;

/// Rounding of ln w over ln Z: ln q is summed in f32, and tests hold ln w to 1e-3 at 256 x 256, where ln Z is 6e4 (docs/NUMERICS.md).
const ROUNDING: f64 = 1.0 / (1 << 26) as f64;
/// Errors below this share of rounding are those of weights that are all alike.
const ALIKE: f64 = 0.01;

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
    pub ess: Estimate,
    /// Share of the largest weight in their sum.
    pub largest_weight_share: f64,
    /// Number of samples.
    pub count: usize,
}

impl Importance {
    /// The same values, from too few samples to tell errors.
    pub fn without_errors(self) -> Self {
        let value = |estimate: Estimate| Estimate { error: f64::NAN, ..estimate };
        let Self { ln_z, beta_f, gap, ess, .. } = self;
        Self { ln_z: value(ln_z), beta_f: value(beta_f), gap: value(gap), ess: value(ess), ..self }
    }
}

/// A stream of independent samples with their log weights and observables, in constant memory.
#[derive(Debug, Clone)]
pub struct Weighted {
    /// Columns as in [`Sums`], weights relative to the largest.
    bins: Bins,
    largest: f64,
    /// First log weight; the sums are of what exceeds it, so that they keep their digits.
    origin: f64,
}

/// Sums over samples: of 1, w, w^2, u, u^2, u w and w times each observable, where u is ln w less a constant.
struct Sums<'a>(&'a [f64]);

/// Columns of [`Sums`] before the observables.
const OWN: usize = 6;

impl Sums<'_> {
    fn mean_weight(&self) -> f64 {
        self.0[1] / self.0[0]
    }

    fn ess(&self) -> f64 {
        self.0[1].powi(2) / (self.0[0] * self.0[2])
    }

    fn mean_u(&self) -> f64 {
        self.0[3] / self.0[0]
    }

    /// Covariance of u and w, and variance of w, both over the samples' number.
    fn slope(&self) -> f64 {
        let [count, w, ww, u, _, uw] = [0, 1, 2, 3, 4, 5].map(|column| self.0[column]);
        (uw - u * w / count) / (ww - w * w / count)
    }
}

impl Weighted {
    /// For samples with `observables` values each.
    pub fn new(observables: usize) -> Self {
        Self { bins: Bins::new(OWN + observables, BINS), largest: f64::NEG_INFINITY, origin: 0.0 }
    }

    /// Adds a sample.
    ///
    /// # Panics
    /// When it does not have the number of observables.
    pub fn push(&mut self, ln_w: f64, observables: &[f64]) {
        if self.bins.count() == 0 {
            (self.origin, self.largest) = (ln_w, ln_w);
        }
        if ln_w > self.largest {
            let factor = (self.largest - ln_w).exp();
            let mut factors = vec![factor; OWN + observables.len()];
            factors[..OWN].copy_from_slice(&[1.0, factor, factor * factor, 1.0, 1.0, factor]);
            self.bins.scale(&factors);
            self.largest = ln_w;
        }
        let (w, u) = ((ln_w - self.largest).exp(), ln_w - self.origin);
        let mut row = vec![1.0, w, w * w, u, u * u, u * w];
        row.extend(observables.iter().map(|value| w * value));
        self.bins.push(&row);
    }

    /// Number of samples.
    pub fn count(&self) -> usize {
        self.bins.count()
    }

    /// ln Z and what the weights say of q.
    ///
    /// # Panics
    /// When there are no samples.
    pub fn importance(&self) -> Importance {
        assert!(self.count() > 0, "no log weights");
        let estimates = self.bins.jackknife(|sums| {
            let sums = Sums(sums);
            let ln_z = self.largest + sums.mean_weight().ln();
            let beta_f = -self.origin - sums.mean_u();
            vec![ln_z, beta_f, ln_z + beta_f, sums.ess()]
        });
        let [ln_z, beta_f, gap, ess] = [0, 1, 2, 3].map(|which| estimates[which]);
        let rounding = ROUNDING * ln_z.value.abs();
        let ln_z = with_unseen(ln_z, self.count());
        let beta_f = with_floor(beta_f, rounding, self.count());
        let gap = not_below_zero(with_floor(gap, rounding, self.count()));
        let ess = with_floor(ess, ROUNDING, self.count());
        let largest_weight_share = 1.0 / self.bins.totals()[1];
        Importance { ln_z, beta_f, gap, ess, largest_weight_share, count: self.count() }
    }

    /// `KL(q | p) = E_q[ln q - ln p]` in nats, against an exact ln Z.
    ///
    /// Weights over Z have mean 1, so the mean of `w / Z - 1`, times the coefficient of a regression, is taken off: close to
    /// the optimum, where `-ln x` is `1 - x` up to second order, that removes almost all noise. Where the samples' weights
    /// do not have that mean within their error, mass is missing, and the plain mean is what the samples say.
    ///
    /// The error is no smaller than the rounding of ln w, nor than the distance of a negative value from 0, which KL is not below: samples have then missed at least so much of q.
    pub fn kl(&self, ln_z: f64) -> Estimate {
        // Weights as they are stored, relative to Z.
        let scale = (self.largest - ln_z).exp();
        let slope_of = |sums: &Sums<'_>| -sums.slope() / scale;
        let estimates = self.bins.jackknife(|sums| {
            let sums = Sums(sums);
            let plain = ln_z - self.origin - sums.mean_u();
            let excess = sums.mean_weight() * scale - 1.0;
            vec![plain, excess, plain - slope_of(&sums) * excess]
        });
        let [plain, excess, corrected] = [0, 1, 2].map(|which| estimates[which]);
        let slope = slope_of(&Sums(&self.bins.totals()));
        let consistent = excess.value.abs() <= 4.0 * excess.error && (-1.5..=0.0).contains(&slope);
        let kl = if consistent { corrected } else { plain };
        not_below_zero(with_floor(kl, ROUNDING * ln_z.abs(), self.count()))
    }

    /// Functions of ln Z and the observables' reweighted means `sum w O / sum w`, with jackknife errors: NaN where a few samples
    /// make them.
    pub fn means(&self, functions: impl Fn(f64, &[f64]) -> Vec<f64>) -> Vec<Estimate> {
        Bins::told_jackknife_of(std::slice::from_ref(&self.bins), |sums| {
            let ln_z = self.largest + Sums(sums).mean_weight().ln();
            let means: Vec<f64> = sums[OWN..].iter().map(|sum| sum / sums[1]).collect();
            functions(ln_z, &means)
        })
    }
}

/// ln Z with the error of what is too rare to be seen by `count` samples: half of the three in `count` that 95 % of samples stay
/// below, at the mean weight. Weights that are all alike would else make an error of 0.
fn with_unseen(ln_z: Estimate, count: usize) -> Estimate {
    Estimate { error: ln_z.error.hypot(UNSEEN / count as f64), ..ln_z }
}

/// An estimate whose error is no smaller than rounding. Where it is far smaller all weights are alike, and what was too rare to be seen is an error too.
fn with_floor(estimate: Estimate, rounding: f64, count: usize) -> Estimate {
    let Estimate { value, error } = estimate;
    let unseen = if error < ALIKE * rounding { UNSEEN / count as f64 } else { 0.0 };
    Estimate { value, error: f64::max(error, rounding).hypot(unseen) }
}

/// An estimate of what is not below 0, which is at least as far off as it is below.
fn not_below_zero(estimate: Estimate) -> Estimate {
    let Estimate { value, error } = estimate;
    // A NaN stays.
    Estimate { value, error: if error < -value { -value } else { error } }
}

/// Importance sampling estimates from log weights.
///
/// # Panics
/// When `ln_w` is empty.
pub fn importance(ln_w: &[f64]) -> Importance {
    collected(ln_w).importance()
}

/// [`Weighted::kl`] of log weights.
pub fn kl(ln_w: &[f64], ln_z: f64) -> Estimate {
    collected(ln_w).kl(ln_z)
}

fn collected(ln_w: &[f64]) -> Weighted {
    let mut weighted = Weighted::new(0);
    ln_w.iter().for_each(|&ln_w| weighted.push(ln_w, &[]));
    weighted
}

#[cfg(test)]
mod tests {
    use super::super::noise::normal;
    use super::*;

    #[test]
    fn gaussian_log_weights_give_their_closed_form() {
        // w = exp(3 + sigma g): ln Z = 3 + sigma^2 / 2, ESS = exp(-sigma^2), KL = sigma^2 / 2.
        let sigma = 0.4;
        let ln_w: Vec<f64> = normal(100_000, 1).into_iter().map(|g| 3.0 + sigma * g).collect();
        let result = importance(&ln_w);
        assert!((result.ln_z.value - 3.08).abs() < 4.0 * result.ln_z.error, "{result:?}");
        assert!((result.ess.value - (-sigma * sigma).exp()).abs() < 0.005, "{result:?}");
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
        let ln_w: Vec<f64> = normal(20_000, 1).into_iter().map(|g| 3.0 + sigma * g).collect();
        let found = kl(&ln_w, 3.0 + sigma * sigma / 2.0);
        assert!((found.value - 0.005).abs() < 4.0 * found.error, "{found:?}");
        assert!(found.error < 0.2 * sigma / 20_000_f64.sqrt(), "{found:?}: no better than the plain mean");
        // All samples in a mode that holds e^-5 of the weight.
        let collapsed = kl(&ln_w, 8.0);
        assert!((collapsed.value - 5.0).abs() < 0.01, "{collapsed:?}");
    }

    #[test]
    fn no_error_is_smaller_than_rounding_or_than_what_was_not_seen() {
        // All samples are one of two ordered configurations, and 5e-5 of q is elsewhere.
        let (ln_z, missed) = (576.693_147, 5e-5);
        let alike = collected(&[ln_z + missed; 2000]);
        let found = alike.kl(ln_z);
        assert!((found.value + missed).abs() < 1e-9, "{found:?}");
        assert!(found.error >= missed && found.error >= UNSEEN / 2000.0, "{found:?}");
        let Importance { beta_f, gap, ess, .. } = alike.importance();
        for found in [beta_f, gap, ess] {
            assert!(found.error >= UNSEEN / 2000.0, "{found:?}");
        }
        // Two weights, so that the jackknife has an error, which is less than KL is below 0.
        let ln_w: Vec<f64> = (0..20_000).map(|at| ln_z + missed + 3e-5 * f64::from(at % 2)).collect();
        let found = kl(&ln_w, ln_z);
        assert!(found.value < 0.0 && found.error >= -found.value, "{found:?}");
        // Noise above rounding has the jackknife's error.
        let ln_w: Vec<f64> = normal(20_000, 1).into_iter().map(|g| ln_z - 5e-3 + 0.1 * g).collect();
        let found = kl(&ln_w, ln_z);
        assert!(found.value > 0.0 && found.error < 1e-4, "{found:?}");
    }

    #[test]
    fn observables_are_reweighted_and_the_order_of_weights_does_not_matter() {
        // q: g with density exp(-g^2 / 2); p: shifted by a. w = exp(a g - a^2 / 2), E_p[g] = a, E_p[g^2] - a^2 = 1.
        let (a, mut g) = (0.5, normal(50_000, 9));
        let means = |g: &[f64]| {
            let mut weighted = Weighted::new(2);
            g.iter().for_each(|g| weighted.push(700.0 + a * g, &[*g, g * g]));
            weighted.means(|ln_z, means| vec![means[0], means[1] - means[0].powi(2), ln_z])
        };
        let first = means(&g);
        for (found, exact) in first.iter().zip([a, 1.0, 700.0 + a * a / 2.0]) {
            assert!(found.error < 0.02 && found.deviation(exact).abs() < 4.0, "{found:?}, {exact}");
        }
        // The largest weight last: every bin was rescaled many times.
        g.sort_by(f64::total_cmp);
        for (sorted, first) in means(&g).iter().zip(first) {
            assert!((sorted.value - first.value).abs() < 1e-10, "{sorted:?}, {first:?}");
        }
    }

    #[test]
    fn one_dominating_weight_is_seen() {
        let mut ln_w = vec![0.0; 1000];
        ln_w[17] = 20.0;
        let result = importance(&ln_w);
        assert!(result.largest_weight_share > 0.99 && result.ess.value < 0.0011, "{result:?}");
    }
}
