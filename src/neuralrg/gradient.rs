//! The gradient of the reverse Kullback-Leibler divergence over a batch.

use super::block::{Slopes, Work};
use super::dual::Dual;
use super::fields::Fields;
use super::flow::Flow;
use super::noise::Noise;
use super::symmetry::{Symmetry, mean_density, own_share};
use crate::cpu::Real;
use crate::sixteen::{LANES, Lanes};
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
    /// The derivative of all terms; of odd flows alone.
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
    /// Draws so many configurations from a flow: the loss is the divergence KL(q | p) up to ln Z_x. A pure function of the flow and the noise, whatever the number of threads.
    pub fn new(flow: &Flow<R>, dual: &Dual<R>, noise: Noise, rows: usize, estimator: Estimator) -> Self {
        Self::of_groups(flow, rows, |slice, first| {
            slice.add_group(flow, dual, noise, [first, rows], estimator)
        })
    }

    /// Takes fields from elsewhere: the loss is `-ln q(x)`, whose mean over p is the divergence KL(p | q) up to the entropy of p.
    pub fn of_fields(flow: &Flow<R>, x: &Fields<R>) -> Self {
        Self::of_groups(flow, x.rows(), |slice, first| slice.add_fields(flow, x, first))
    }

    /// Adds up groups of 16 configurations, told by their first one, slice by slice.
    fn of_groups(flow: &Flow<R>, rows: usize, add: impl Fn(&mut Self, usize) + Sync) -> Self {
        let groups = rows.div_ceil(LANES);
        let of_slice = groups.div_ceil(SLICES).max(1);
        let slice = |first: usize| {
            let mut slice = Self { losses: Vec::new(), gradient: vec![R::zero(); flow.parameters().len()] };
            (first..groups.min(first + of_slice)).for_each(|group| add(&mut slice, group * LANES));
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

    /// This share of the loss and gradient of a batch, and the rest of another one; losses are the first one's.
    pub(super) fn mixed(mut self, share: f64, other: &Self) -> Self {
        let [own, rest] = [share, 1.0 - share].map(R::of);
        let pairs = self.gradient.iter_mut().zip(&other.gradient);
        pairs.for_each(|(gradient, &other)| *gradient = own * *gradient + rest * other);
        self
    }

    /// Adds the 16 fields from `first` on, as far as there are so many. With `ln q(g(z)) = ln N(z) - ln |det g'(z)|`, the derivative of `-ln q(x)` with respect to parameters at fixed
    /// x is that of `ln |det g'(z)|`, and the score of x times that of `g(z)`, at fixed z. In a mixture x and -x have the shares in it that they have in the density.
    fn add_fields(&mut self, flow: &Flow<R>, fields: &Fields<R>, first: usize) {
        let mut work = flow.work();
        let lanes = LANES.min(fields.rows() - first);
        let share: Lanes<R> = share(lanes, fields.rows());
        let own = Scored::of(flow, &mut work, fields.group(first / LANES).to_vec());
        match flow.architecture().symmetry {
            Symmetry::Odd => {
                self.losses.extend(own.ln_q[..lanes].iter().map(|ln_q| -ln_q));
                self.add_likelihood(flow, &mut work, own, share);
            }
            Symmetry::Mixture => {
                let image = own.image(flow, &mut work);
                let [of_own, of_image] = own.shares(&image);
                self.losses.extend((0..lanes).map(|lane| -mean_density(own.ln_q[lane], image.ln_q[lane])));
                self.add_likelihood(flow, &mut work, own, share.times(of_own));
                self.add_likelihood(flow, &mut work, image, share.times(of_image));
            }
        }
    }

    /// Adds a share of the derivative of `-ln q(x)`.
    fn add_likelihood(&mut self, flow: &Flow<R>, work: &mut Work<R>, mut of: Scored<R>, share: Lanes<R>) {
        of.score.iter_mut().for_each(|slope| *slope = slope.times(share));
        let mut slopes = Slopes { numbers: &mut of.score, ln_det: share };
        flow.backward_group::<true>(work, &mut of.x, &mut slopes, &mut self.gradient);
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
            Estimator::Path => flow.generate_scored(&mut work, &mut x, &mut score),
            Estimator::Total => flow.generate_group::<false>(&mut work, &mut x, &mut [], R::zero()),
        };
        let mut own = Scored { x, score, ln_q };
        if flow.architecture().symmetry == Symmetry::Mixture {
            own = own.mixed(flow, &mut work);
        }
        let Scored { mut x, score, ln_q } = own;
        let energies = dual.energy(&x, &mut numbers);
        let lanes = LANES.min(rows - first);
        self.losses.extend((0..lanes).map(|lane| ln_q[lane] + energies[lane]));

        let share: Lanes<R> = share(lanes, rows);
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

/// 16 configurations with ln q by the flow alone.
#[derive(Debug)]
struct Scored<R> {
    /// `[sites]`.
    x: Vec<Lanes<R>>,
    /// The gradient of ln q with respect to x, `[sites]`.
    score: Vec<Lanes<R>>,
    ln_q: [f64; LANES],
}

impl<R: Real> Scored<R> {
    /// Scores fields from elsewhere: their score is that of configurations that the flow makes of their latent numbers.
    fn of(flow: &Flow<R>, work: &mut Work<R>, mut x: Vec<Lanes<R>>) -> Self {
        let mut score = vec![Lanes::zero(); x.len()];
        let ln_q = flow.infer_group(work, &mut x);
        flow.generate_scored(work, &mut x, &mut score);
        Self { x, score, ln_q }
    }

    /// The images -x with their score.
    fn image(&self, flow: &Flow<R>, work: &mut Work<R>) -> Self {
        Self::of(flow, work, self.x.iter().map(|x| x.map(|x| -x)).collect())
    }

    /// Shares of x and -x in the density of a mixture.
    fn shares(&self, image: &Self) -> [Lanes<R>; 2] {
        let mut shares = [Lanes::zero(); 2];
        for (lane, (&ln_q, of_image)) in self.ln_q.iter().zip(image.ln_q).enumerate() {
            let own = own_share(ln_q, of_image);
            [shares[0][lane], shares[1][lane]] = [own, 1.0 - own].map(R::of);
        }
        shares
    }

    /// The same with ln q of the mixture: its gradient has that at -x with the other sign.
    fn mixed(mut self, flow: &Flow<R>, work: &mut Work<R>) -> Self {
        let image = self.image(flow, work);
        let [of_own, of_image] = self.shares(&image);
        for (score, slope) in self.score.iter_mut().zip(&image.score) {
            *score = score.times(of_own).minus(slope.times(of_image));
        }
        let pairs = self.ln_q.iter_mut().zip(image.ln_q);
        pairs.for_each(|(ln_q, of_image)| *ln_q = mean_density(*ln_q, of_image));
        self
    }
}

/// The shares of a group's configurations in the mean of all rows; lanes beyond the last have none.
fn share<R: Real>(lanes: usize, rows: usize) -> Lanes<R> {
    let mut share = Lanes::zero();
    share[..lanes].fill(R::of((rows as f64).recip()));
    share
}
