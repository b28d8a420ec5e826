//! Couplings drawn at random: the disorder of spin glasses.

use crate::error::Result;
use crate::lattice::{Lattice, System};
use crate::random::Stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// How couplings are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disorder {
    /// +1 or -1 with equal probability.
    Pm1,
    /// Normal, of mean 0 and variance 1.
    Gaussian,
}

impl Disorder {
    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pm1 => "pm1",
            Self::Gaussian => "gaussian",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Pm1, Self::Gaussian].into_iter().find(|kind| kind.name() == name)
    }
}

/// The stream of numbers that disorder is drawn from; those of networks have the number of their level.
const STREAM: u32 = 1 << 16;

impl Disorder {
    /// A system whose couplings are a pure function of the seed, in the order of [`Lattice::bonds`].
    ///
    /// # Errors
    /// None for these kinds of disorder, whose couplings are finite and small.
    pub fn system(self, lattice: Lattice, seed: u32) -> Result<System> {
        let mut stream = Stream::new(seed, STREAM);
        let mut draw = || match self {
            Self::Pm1 => [1.0, -1.0][usize::from(stream.random::<bool>())],
            // Box and Muller, Ann. Math. Stat. 29, 610 (1958).
            Self::Gaussian => {
                let [radius, angle]: [f64; 2] = [stream.random(), stream.random()];
                (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()
            }
        };
        let couplings: Vec<f64> = lattice.bonds().map(|_| draw()).collect();
        System::with_couplings(lattice, &couplings, &vec![0.0; lattice.sites()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn couplings_have_the_mean_and_variance_of_their_kind_and_follow_the_seed() {
        let lattice = Lattice::square(64).unwrap();
        for disorder in [Disorder::Pm1, Disorder::Gaussian] {
            let system = disorder.system(lattice, 1).unwrap();
            let weights = system.weights.as_ref().unwrap();
            let values: Vec<f64> =
                weights.bonds.iter().map(|&weight| system.interaction.coupling * f64::from(weight)).collect();
            let mean =
                |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64;
            // Four standard errors of 8,192 values.
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
