//! Normal numbers, each a pure function of what it is for.

use super::fields::Fields;
use crate::cpu::Real;
use crate::random::{philox, philox_lanes};
use crate::sixteen::{LANES, Lanes};
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Sets these numbers apart from those of networks and machines of the same seed.
const TAG: u32 = 0x6e72_6721;

/// Where normal numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    key: [u32; 2],
    step: u32,
}

impl Noise {
    /// Numbers of a seed, a purpose and a step: latent variables of training, latent variables of samples, and so on.
    pub fn new(seed: u32, purpose: u32, step: u32) -> Self {
        let words = philox([seed, TAG], [purpose, 0, 0, TAG]);
        Self { key: [words[0], words[1]], step }
    }

    /// Key and step of its counters, for the twin on other devices.
    pub(crate) fn key(self) -> ([u32; 2], u32) {
        (self.key, self.step)
    }

    /// Numbers of configurations from `first` on, of mean 0 and variance 1.
    pub fn fields<R: Real>(self, first: usize, rows: usize, sites: usize) -> Fields<R> {
        let mut fields = Fields::zeros(rows, sites);
        let groups = fields.lanes_mut().par_chunks_exact_mut(sites);
        groups.enumerate().for_each(|(group, lanes)| self.fill(first + group * LANES, lanes));
        fields
    }

    /// A number in (0, 1) of each configuration from `first` on, independent of its normal numbers.
    pub fn uniforms(self, first: usize, rows: usize) -> Vec<f64> {
        // No site has a number of this counter.
        let word = |row: usize| philox(self.key, [row as u32, u32::MAX, self.step, TAG])[0];
        (first..first + rows).map(|row| unit(word(row))).collect()
    }

    /// Numbers of 16 configurations from `first` on, `[sites]`: every counter makes those of four sites, by the method of G. E. P. Box and M. E. Muller
    /// (Ann. Math. Stat. 29, 610, 1958).
    pub(super) fn fill<R: Real>(self, first: usize, sites: &mut [Lanes<R>]) {
        let rows: [u32; LANES] = std::array::from_fn(|lane| (first + lane) as u32);
        for (four, sites) in sites.chunks_mut(4).enumerate() {
            let counters = [rows, [four as u32; LANES], [self.step; LANES], [TAG; LANES]];
            let words = philox_lanes(self.key, counters);
            for (pair, sites) in sites.chunks_mut(2).enumerate() {
                for lane in 0..LANES {
                    let [radius, angle] = [words[2 * pair][lane], words[2 * pair + 1][lane]].map(unit);
                    let (sine, cosine) = (TAU * angle).sin_cos();
                    let radius = (-2.0 * radius.ln()).sqrt();
                    let numbers = [radius * cosine, radius * sine];
                    sites.iter_mut().zip(numbers).for_each(|(site, number)| site[lane] = R::of(number));
                }
            }
        }
    }
}

/// A number in (0, 1) of a random word.
fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Estimate;

    #[test]
    fn numbers_are_normal_and_belong_to_their_row_and_site() {
        let fields: Fields<f64> = Noise::new(3, 0, 7).fields(0, 1000, 6);
        let numbers = fields.to_rows();
        for (power, exact) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            let powers: Vec<f64> = numbers.iter().map(|number| number.powi(power)).collect();
            let found = Estimate::mean(&powers);
            assert!(found.deviation(exact).abs() < 4.0, "moment {power}: {found:?}");
        }
        for shift in 1..6 {
            let products: Vec<f64> = numbers.windows(6).map(|window| window[0] * window[shift]).collect();
            assert!(Estimate::mean(&products).deviation(0.0).abs() < 4.0, "{shift} apart");
        }
        let later: Fields<f64> = Noise::new(3, 0, 7).fields(37, 5, 6);
        assert_eq!(later.to_rows(), numbers[37 * 6..42 * 6]);
        let uniforms = Noise::new(3, 0, 7).uniforms(0, 1000);
        let found = Estimate::mean(&uniforms);
        assert!(found.deviation(0.5).abs() < 4.0, "{found:?}");
        assert_eq!(Noise::new(3, 0, 7).uniforms(37, 5), uniforms[37..42]);
        for other in [Noise::new(4, 0, 7), Noise::new(3, 1, 7), Noise::new(3, 0, 8)] {
            assert_ne!(other.fields::<f64>(0, 1000, 6), fields);
        }
    }
}
