//! Block spins by the majority rule (L. P. Kadanoff, Physics 2, 263, 1966; Th. Niemeijer and J. M. J. van Leeuwen, Phys. Rev. Lett. 31, 1411, 1973), and the coupling that they show.

use crate::error::{Error, Result};
use crate::estimate::Estimate;
use crate::lattice::{Interaction, Lattice, MIN_SIDE, System};
use crate::random::Stream;
use crate::thermometer::pseudo_likelihood;
use rand::RngExt;
use rayon::prelude::*;

/// The spin of a block of two up and two down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// Up or down with equal probability.
    Random {
        /// Seed.
        seed: u32,
    },
    /// That of its first site.
    Corner,
}

/// Configurations `[count][L / 2 * L / 2]` of the majorities of blocks of 2 x 2, from `[count][L * L]` on the square lattice. The side has to be even. Random ties are a pure function of
/// the seed, the level and the configuration.
pub fn majority(side: usize, spins: &[i8], ties: Ties, level: u32) -> Vec<i8> {
    let half = side / 2;
    let mut blocks = vec![0; spins.len() / 4];
    let pairs = blocks.par_chunks_mut(half * half).zip(spins.par_chunks(side * side));
    pairs.enumerate().for_each(|(number, (blocks, spins))| {
        let mut coins = match ties {
            Ties::Random { seed } => Some(Stream::new(seed, (level << 24) | number as u32)),
            Ties::Corner => None,
        };
        for (row, blocks) in blocks.chunks_mut(half).enumerate() {
            for (column, block) in blocks.iter_mut().enumerate() {
                let first = 2 * (row * side + column);
                let sum: i8 = [0, 1, side, side + 1].iter().map(|offset| spins[first + offset]).sum();
                *block = match (sum.signum(), &mut coins) {
                    (0, Some(coins)) => {
                        if coins.random_bool(0.5) {
                            1
                        } else {
                            -1
                        }
                    }
                    (0, None) => spins[first],
                    (majority, _) => majority,
                };
            }
        }
    });
    blocks
}

/// Configurations of blocks of one size, and what they show.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// L of the lattice of blocks.
    pub side: u32,
    /// `[count][side * side]`.
    pub spins: Vec<i8>,
    /// K of the Ising model of nearest neighbours that fits best: [`pseudo_likelihood`]; infinite where all blocks are alike.
    pub coupling: Estimate,
    /// `-<s s'>` of nearest neighbours, the energy of a bond in units of J.
    pub energy_per_bond: Estimate,
    /// `<|m|>`.
    pub abs_magnetisation: Estimate,
}

impl Level {
    /// Errors are NaN for a single configuration.
    fn measure(lattice: Lattice, spins: Vec<i8>) -> Self {
        let system = System::uniform(lattice, Interaction { coupling: 1.0, field: 0.0 });
        let mean = |of: &(dyn Fn(&[i8]) -> f64 + Sync)| {
            Estimate::mean(&spins.par_chunks(lattice.sites()).map(of).collect::<Vec<f64>>())
        };
        let energy = |spins: &[i8]| system.energy(spins) / lattice.bond_count() as f64;
        let size = |spins: &[i8]| system.spin_sum(spins).unsigned_abs() as f64 / lattice.sites() as f64;
        Self {
            side: lattice.side(),
            coupling: pseudo_likelihood(&system, &spins),
            energy_per_bond: mean(&energy),
            abs_magnetisation: mean(&size),
            spins,
        }
    }
}

/// Sides from `side` down to `down_to`, each half of the one before.
///
/// # Errors
/// When a side along the way is odd, there is no smaller one, or the last would be below 2.
pub fn sides(side: u32, down_to: u32) -> Result<Vec<u32>> {
    if side < 2 * MIN_SIDE {
        return Err(Error::setting("size", side, "blocks are of 2 x 2 sites; it must be 4 at least"));
    }
    if !(MIN_SIDE..side).contains(&down_to) {
        let expected = format!("it must lie in {MIN_SIDE} to below the size, {side}");
        return Err(Error::setting("down-to", down_to, expected));
    }
    let sides: Vec<u32> =
        std::iter::successors(Some(side), |&side| (side / 2 >= down_to).then_some(side / 2)).collect();
    match sides[..sides.len() - 1].iter().find(|side| !side.is_multiple_of(2)) {
        None => Ok(sides),
        Some(odd) if *odd == side => Err(Error::setting(
            "size",
            side,
            "blocks are of 2 x 2 sites; it must be even, best a power of two",
        )),
        Some(odd) => {
            let expected = format!(
                "halves of it come to {odd}, which is odd, before {down_to}; choose a size that is a power of two, or down-to {odd}"
            );
            Err(Error::setting("size", side, expected))
        }
    }
}

/// Configurations `[count][L * L]` of a square lattice and those of their blocks, level by level: blocks of blocks down to a side, the first level as given.
///
/// # Errors
/// As [`sides`].
pub fn levels(lattice: Lattice, spins: Vec<i8>, down_to: u32, ties: Ties) -> Result<Vec<Level>> {
    let sides = sides(lattice.side(), down_to)?;
    let mut levels: Vec<Level> = vec![Level::measure(lattice, spins)];
    for (number, &side) in (1..).zip(&sides[1..]) {
        let last = &levels[levels.len() - 1];
        let blocks = majority(last.side as usize, &last.spins, ties, number);
        levels.push(Level::measure(Lattice::square(side)?, blocks));
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mc::Pool;

    const RANDOM: Ties = Ties::Random { seed: 1 };

    #[test]
    fn majorities_of_a_configuration_by_hand() {
        #[rustfmt::skip]
        let spins = [
             1,  1,  -1, -1,
             1, -1,  -1,  1,

             1, -1,  -1,  1,
            -1,  1,   1, -1,
        ];
        assert_eq!(majority(4, &spins, Ties::Corner, 1), [1, -1, 1, -1]);
        let ties: Vec<Vec<i8>> = (0..40).map(|seed| majority(4, &spins, Ties::Random { seed }, 1)).collect();
        assert!(ties.iter().all(|blocks| blocks[..2] == [1, -1]));
        let ups = ties.iter().flat_map(|blocks| &blocks[2..]).filter(|&&spin| spin == 1).count();
        assert!((25..=55).contains(&ups), "{ups} of 80 ties are up");
    }

    #[test]
    fn a_move_by_two_sites_is_a_move_of_blocks_by_one() {
        let mut stream = Stream::new(3, 0);
        let spins: Vec<i8> = (0..64).map(|_| if stream.random_bool(0.5) { 1 } else { -1 }).collect();
        let moved = |spins: &[i8], side: usize, by: usize| -> Vec<i8> {
            let from = |at: usize| (at / side + by) % side * side + (at + 2 * by) % side;
            (0..side * side).map(|at| spins[from(at)]).collect()
        };
        // Down by two sites and to the right by four.
        let blocks = majority(8, &moved(&spins, 8, 2), Ties::Corner, 1);
        assert_eq!(blocks, moved(&majority(8, &spins, Ties::Corner, 1), 4, 1));
        let flipped: Vec<i8> = spins.iter().map(|spin| -spin).collect();
        let flipped = majority(8, &flipped, Ties::Corner, 1);
        assert_eq!(
            flipped,
            majority(8, &spins, Ties::Corner, 1).iter().map(|spin| -spin).collect::<Vec<_>>()
        );
    }

    #[test]
    fn sides_that_become_odd_are_refused() {
        assert_eq!(sides(64, 8).unwrap(), [64, 32, 16, 8]);
        assert_eq!(sides(48, 5).unwrap(), [48, 24, 12, 6]);
        assert_eq!(sides(48, 3).unwrap(), [48, 24, 12, 6, 3]);
        for (side, down_to, told) in [
            (100, 8, "come to 25"),
            (9, 2, "must be even"),
            (64, 64, "below the size, 64"),
            (64, 1, "2 to below"),
        ] {
            let message = sides(side, down_to).unwrap_err().to_string();
            assert!(message.contains(told), "{message}");
        }
    }

    fn couplings(beta: f64, ties: Ties) -> Vec<Estimate> {
        let lattice = Lattice::square(64).unwrap();
        let system = System::uniform(lattice, Interaction { coupling: 1.0, field: 0.0 });
        let pool = Pool::new(&system.at(beta).unwrap(), 200, 5).unwrap();
        let levels = levels(lattice, pool.spins().to_vec(), 8, ties).unwrap();
        assert!(levels[0].coupling.deviation(beta).abs() < 4.0, "{beta}: {:?}", levels[0].coupling);
        assert_eq!(levels.iter().map(|level| level.side).collect::<Vec<_>>(), [64, 32, 16, 8]);
        levels.iter().map(|level| level.coupling).collect()
    }

    #[test]
    fn blocks_flow_into_order_below_the_critical_point_and_out_of_it_above() {
        for ties in [RANDOM, Ties::Corner] {
            let [cold, critical, hot] = [0.47, 0.440_686_79, 0.415].map(|beta| couplings(beta, ties));
            for level in 1..4 {
                let moved = |of: &[Estimate]| of[level].value - of[level - 1].value;
                assert!(moved(&cold) > 4.0 * cold[level].error, "{ties:?}: {cold:?}");
                assert!(moved(&hot) < -4.0 * hot[level].error, "{ties:?}: {hot:?}");
                // After the first step, which makes other couplings too, K stays where it is.
                let (far, error) = (if level == 1 { 0.025 } else { 0.0 }, 4.0 * critical[level].error);
                assert!(moved(&critical).abs() < far + error, "{ties:?}: {critical:?}");
            }
        }
    }

    #[test]
    fn energies_and_magnetisations_are_those_of_the_blocks() {
        let lattice = Lattice::square(4).unwrap();
        let mut spins = vec![1; 32];
        spins[0] = -1;
        let levels = levels(lattice, spins, 2, Ties::Corner).unwrap();
        let value = |estimate: Estimate| (estimate.value * 1e12).round() / 1e12;
        assert_eq!(value(levels[0].energy_per_bond), -(1.0 + 24.0 / 32.0) / 2.0);
        assert_eq!(value(levels[0].abs_magnetisation), (1.0 + 14.0 / 16.0) / 2.0);
        assert_eq!((levels[1].energy_per_bond.value, levels[1].coupling.value), (-1.0, f64::INFINITY));
        assert_eq!(levels[1].abs_magnetisation, Estimate { value: 1.0, error: 0.0 });
    }
}
