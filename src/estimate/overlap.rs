//! The overlap of two densities, a figure that weights without bound do not spoil.

use super::{Bins, Estimate};
use serde::Serialize;

/// Most bins of the jackknife: few and long, since configurations of a Markov chain are correlated.
const BINS: usize = 64;

/// `integral min(p, q)`, 1 less the total variation of p and q: the share of both that they have in common. Samples of q and configurations of p must tell the same one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overlap {
    /// `E_q[min(1, p / q)]`.
    pub own: Estimate,
    /// `E_p[min(1, q / p)]`.
    pub seen: Estimate,
    /// Number of configurations of p.
    pub count: usize,
}

impl Overlap {
    /// From log weights `ln w = -beta E - ln q` of samples of q and of configurations of p, and `ln Z`.
    ///
    /// # Panics
    /// When there are none of either.
    pub fn new(of_q: &[f64], of_p: &[f64], ln_z: f64) -> Self {
        assert!(!of_q.is_empty() && !of_p.is_empty(), "no log weights");
        let mean = |ln_w: &[f64], sign: f64| {
            let mut bins = Bins::new(2, BINS);
            ln_w.iter().for_each(|ln_w| bins.push(&[1.0, (sign * (ln_w - ln_z)).min(0.0).exp()]));
            bins.jackknife(|sums| vec![sums[1] / sums[0]])[0]
        };
        Self { own: mean(of_q, 1.0), seen: mean(of_p, -1.0), count: of_p.len() }
    }

    /// Distance of both in standard errors; above 0 where p has what q has not.
    pub fn deviation(&self) -> f64 {
        (self.own.value - self.seen.value) / self.own.error.hypot(self.seen.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, normal};

    /// ln of the density of normal numbers around a mean.
    fn ln_density(x: f64, mean: f64) -> f64 {
        -0.5 * (x - mean).powi(2) - 0.5 * std::f64::consts::TAU.ln()
    }

    #[test]
    fn shifted_normal_densities_overlap_as_they_should_from_both_sides() {
        let mut stream = Stream::new(4, 0);
        let ln_w = |x: f64| ln_density(x, 1.0) - ln_density(x, 0.0) + 3.0;
        let of_q: Vec<f64> = (0..4000).map(|_| ln_w(normal(&mut stream))).collect();
        let of_p: Vec<f64> = (0..4000).map(|_| ln_w(1.0 + normal(&mut stream))).collect();
        let found = Overlap::new(&of_q, &of_p, 3.0);
        // 2 Phi(-1/2).
        for estimate in [found.own, found.seen] {
            assert!(estimate.deviation(0.617_075).abs() < 4.0 && estimate.error < 0.01, "{found:?}");
        }
        assert!(found.deviation().abs() < 4.0);
    }

    #[test]
    fn a_lost_mode_is_seen_by_configurations_of_p_alone() {
        // Half of p has e^-12 of its share in q, and q, which does not know of it, finds half of Z.
        let of_q = vec![0.0; 500];
        let of_p: Vec<f64> = (0..500).map(|number| if number % 2 == 0 { 0.0 } else { 12.0 }).collect();
        let found = Overlap::new(&of_q, &of_p, 0.0);
        assert!(found.deviation() > 10.0, "{found:?}");
    }
}
