//! The gradient of the reverse Kullback-Leibler divergence over a batch.

use super::block::Slopes;
use super::dual::Dual;
use super::flow::Flow;
use super::lanes::{LANES, Lanes};
use super::noise::Noise;
use crate::cpu::Real;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Most parts of a batch that sum gradients of their own: the order of additions must not depend on the number of threads.
const SLICES: usize = 64;

/// Which unbiased gradient of `E[ln q(g(z)) + E(g(z))]` is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// The one through x alone: without the derivative of ln q with respect to parameters at fixed x, whose mean is 0. It has no noise where q is the target (G. Roeder, Y. Wu and
    /// D. K. Duvenaud, NIPS 2017).
    Path,
    /// The derivative of all terms.
    Total,
}

/// Loss and gradient of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<R> {
    /// `ln q(x) + E(x)` of every configuration, `[rows]`: its mean is at least `-ln Z_x`.
    pub losses: Vec<f64>,
    /// The gradient of their mean, `[parameters]`.
    pub gradient: Vec<R>,
}

impl<R: Real> Batch<R> {
    /// Draws so many configurations from a flow. A pure function of the flow and the noise, whatever the number of threads.
    pub fn new(flow: &Flow<R>, dual: &Dual<R>, noise: Noise, rows: usize, estimator: Estimator) -> Self {
        let groups = rows.div_ceil(LANES);
        let of_slice = groups.div_ceil(SLICES).max(1);
        let slice = |first: usize| {
            let mut slice = Self { losses: Vec::new(), gradient: vec![R::zero(); flow.parameters().len()] };
            for group in first..groups.min(first + of_slice) {
                slice.add_group(flow, dual, noise, [group * LANES, rows], estimator);
            }
            slice
        };
        let firsts: Vec<usize> = (0..groups).step_by(of_slice).collect();
        let slices: Vec<Self> = firsts.into_par_iter().map(slice).collect();
        let mut batch =
            Self { losses: Vec::with_capacity(rows), gradient: vec![R::zero(); flow.parameters().len()] };
        for slice in slices {
            batch.losses.extend(slice.losses);
            batch.gradient.iter_mut().zip(slice.gradient).for_each(|(sum, part)| *sum += part);
        }
        batch
    }

    /// Adds the 16 configurations from `first` on, as far as there are so many.
    fn add_group(
        &mut self,
        flow: &Flow<R>,
        dual: &Dual<R>,
        noise: Noise,
        [first, rows]: [usize; 2],
        estimator: Estimator,
    ) {
        let none = || vec![Lanes::zero(); dual.sites()];
        let (mut x, mut score, mut numbers) = (none(), none(), none());
        let mut work = flow.work();
        noise.fill(first, &mut x);
        let ln_q = match estimator {
            Estimator::Path => flow.generate_group::<true>(&mut work, &mut x, &mut score),
            Estimator::Total => flow.generate_group::<false>(&mut work, &mut x, &mut []),
        };
        let energies = dual.energy(&x, &mut numbers);
        let lanes = LANES.min(rows - first);
        self.losses.extend((0..lanes).map(|lane| ln_q[lane] + energies[lane]));

        // Every configuration has its share of the mean; lanes beyond the last have none.
        let mut share = Lanes::zero();
        share[..lanes].fill(R::of((rows as f64).recip()));
        let ln_det = match estimator {
            Estimator::Path => {
                numbers.iter_mut().zip(&score).for_each(|(slope, &score)| *slope = slope.plus(score));
                Lanes::zero()
            }
            Estimator::Total => share.map(|share| -share),
        };
        numbers.iter_mut().for_each(|slope| *slope = slope.times(share));
        let mut slopes = Slopes { numbers: &mut numbers, ln_det };
        flow.backward_group::<true>(&mut work, &mut x, &mut slopes, &mut self.gradient);
    }
}
