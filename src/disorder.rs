//! Couplings drawn at random: the disorder of spin glasses.

use crate::error::{Error, Result};
use crate::lattice::{Lattice, System};
use crate::random::{Stream, normal};
use rand::RngExt;

/// How couplings are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disorder {
    /// +1 or -1 with equal probability.
    Pm1,
    /// Normal, of mean 0 and variance 1.
    Gaussian,
    /// Normal, of mean 0 and variance 1 / N, between all N sites (D. Sherrington and S. Kirkpatrick, Phys. Rev. Lett. 35, 1792, 1975).
    Sk,
    /// `1 / N` times the sum over so many patterns xi, of +1 or -1 with equal probability, of `xi_i xi_j`, between all N sites (J. J. Hopfield, Proc. Natl.
    /// Acad. Sci. 79, 2554, 1982).
    Hopfield {
        /// Their number.
        patterns: u32,
    },
}

/// The start of the name of Hopfield's couplings, before the number of patterns.
const HOPFIELD: &str = "hopfield:";
/// Most patterns.
const MAX_PATTERNS: u32 = 10_000;

impl Disorder {
    /// The kind of a name on the command line and in files: `pm1`, `gaussian`, `sk`, or `hopfield:3` for three patterns.
    ///
    /// # Errors
    /// When the number of patterns is none or out of range.
    pub fn named(name: &str) -> Result<Option<Self>> {
        if let Some(number) = name.strip_prefix(HOPFIELD) {
            let patterns = number.parse().ok().filter(|patterns| (1..=MAX_PATTERNS).contains(patterns));
            let refuse = || {
                let expected = format!("{HOPFIELD}P needs a number of patterns P from 1 to {MAX_PATTERNS}");
                Error::setting("couplings", name, expected)
            };
            return Ok(Some(Self::Hopfield { patterns: patterns.ok_or_else(refuse)? }));
        }
        Ok(match name {
            "pm1" => Some(Self::Pm1),
            "gaussian" => Some(Self::Gaussian),
            "sk" => Some(Self::Sk),
            _ => None,
        })
    }
}

/// Whether couplings of a name are drawn by a seed.
pub fn has_seed(name: &str) -> bool {
    matches!(Disorder::named(name), Ok(Some(_)))
}

/// The stream of numbers that disorder is drawn from; those of networks have the number of their level.
const STREAM: u32 = 1 << 16;

impl Disorder {
    /// A system whose couplings are a pure function of the seed, in the order of [`Lattice::bonds`].
    ///
    /// # Errors
    /// When couplings between all sites are asked for on a lattice in space.
    pub fn system(self, lattice: Lattice, seed: u32) -> Result<System> {
        let sites = lattice.sites();
        if lattice.is_spatial() && matches!(self, Self::Sk | Self::Hopfield { .. }) {
            let expected = "couplings = sk and hopfield:P join all sites; they need lattice = complete";
            return Err(Error::setting("lattice", lattice.kind().name(), expected));
        }
        let mut stream = Stream::new(seed, STREAM);
        let couplings: Vec<f64> = match self {
            Self::Pm1 => lattice.bonds().map(|_| sign(&mut stream)).collect(),
            Self::Gaussian => lattice.bonds().map(|_| normal(&mut stream)).collect(),
            Self::Sk => {
                let spread = 1.0 / (sites as f64).sqrt();
                lattice.bonds().map(|_| spread * normal(&mut stream)).collect()
            }
            Self::Hopfield { patterns } => {
                let mut sums = vec![0.0; lattice.bond_count()];
                for _ in 0..patterns {
                    let pattern: Vec<f64> = (0..sites).map(|_| sign(&mut stream)).collect();
                    for (sum, [a, b]) in sums.iter_mut().zip(lattice.bonds()) {
                        *sum += pattern[a as usize] * pattern[b as usize];
                    }
                }
                sums.into_iter().map(|sum| sum / sites as f64).collect()
            }
        };
        System::with_couplings(lattice, &couplings, &vec![0.0; sites])
    }
}

/// +1 or -1.
fn sign(stream: &mut Stream) -> f64 {
    [1.0, -1.0][usize::from(stream.random::<bool>())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn couplings_have_the_mean_and_variance_of_their_kind_and_follow_the_seed() {
        let (square, complete) = (Lattice::square(64).unwrap(), Lattice::complete(128).unwrap());
        // 128 patterns of 128 sites: the variance of a bond's sum is their number.
        for (disorder, lattice, scale) in [
            (Disorder::Pm1, square, 1.0),
            (Disorder::Gaussian, square, 1.0),
            (Disorder::Sk, complete, 128.0_f64.sqrt()),
            (Disorder::Hopfield { patterns: 128 }, complete, 128.0_f64.sqrt()),
        ] {
            let system = disorder.system(lattice, 1).unwrap();
            let weights = system.weights.as_ref().unwrap();
            let unit = scale * system.interaction.coupling;
            let values: Vec<f64> = weights.bonds.iter().map(|&weight| unit * f64::from(weight)).collect();
            let mean =
                |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64;
            // Four standard errors of 8,128 values.
            assert!(
                mean(1).abs() < 0.045 && (mean(2) - 1.0).abs() < 0.063,
                "{disorder:?}: {} {}",
                mean(1),
                mean(2)
            );
            assert!(
                system == disorder.system(lattice, 1).unwrap()
                    && system != disorder.system(lattice, 2).unwrap()
            );
        }
    }
}
