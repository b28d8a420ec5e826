//! The physical system: sites and bonds of the torus, coupling and field, energies.

mod observables;
mod symmetry;

pub use observables::{Observables, quantities};
pub use symmetry::{Symmetry, SymmetryGroup};

use crate::error::{Error, Result};

/// Smallest side of a lattice.
pub const MIN_SIDE: u32 = 2;
/// Largest side of a lattice.
pub const MAX_SIDE: u32 = 1024;

/// Largest size of J and H.
const MAX_INTERACTION: f64 = 1000.0;
/// Largest inverse temperature, alone and times J or H.
const MAX_BETA: f64 = 100.0;

/// Square lattice of `side` x `side` sites with periodic boundaries. Site (row, column) has index `row * side + column`.
///
/// Every site has a bond to its right and one to the site below it, on every side: at side 2 both bonds of a pair join the same
/// two sites, and each counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torus {
    side: u32,
}

impl Torus {
    /// A torus of the given side.
    ///
    /// # Errors
    /// When `side` is not in [`MIN_SIDE`]..=[`MAX_SIDE`].
    pub fn new(side: u32) -> Result<Self> {
        if (MIN_SIDE..=MAX_SIDE).contains(&side) {
            Ok(Self { side })
        } else {
            Err(Error::setting("size", side, format!("it must lie in {MIN_SIDE} to {MAX_SIDE}")))
        }
    }

    /// Sites along one side.
    pub fn side(self) -> u32 {
        self.side
    }

    /// Number of sites.
    pub fn sites(self) -> usize {
        (self.side as usize).pow(2)
    }

    /// Index of the site at a row and column, both taken modulo the side.
    pub fn site(self, row: u32, column: u32) -> u32 {
        (row % self.side) * self.side + column % self.side
    }

    /// All `2 side^2` bonds, each once, as pairs of sites. At side 2 every pair of neighbours has two.
    pub fn bonds(self) -> impl Iterator<Item = [u32; 2]> {
        (0..self.side).flat_map(move |row| {
            (0..self.side).flat_map(move |column| {
                let site = self.site(row, column);
                [[site, self.site(row, column + 1)], [site, self.site(row + 1, column)]]
            })
        })
    }

    /// Sum of `s_i s_j` over all bonds of one configuration (`spins[site]` = +-1): an exact integer.
    pub fn bond_sum(self, spins: &[i8]) -> i64 {
        self.bonds().map(|[a, b]| i64::from(spins[a as usize] * spins[b as usize])).sum()
    }
}

/// Uniform nearest-neighbour coupling J and field H: `E(s) = -J sum_<ij> s_i s_j - H sum_i s_i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// J, the energy of a bond; negative for the antiferromagnet.
    pub coupling: f64,
    /// H, the field on every spin.
    pub field: f64,
}

impl Interaction {
    /// J and H.
    ///
    /// # Errors
    /// When one is not finite or larger than 1000 in size.
    pub fn new(coupling: f64, field: f64) -> Result<Self> {
        for (name, value) in [("coupling", coupling), ("field", field)] {
            if !(value.is_finite() && value.abs() <= MAX_INTERACTION) {
                let expected = format!("it must lie in -{MAX_INTERACTION} to {MAX_INTERACTION}");
                return Err(Error::setting(name, format!("{value:?}"), expected));
            }
        }
        Ok(Self { coupling, field })
    }

    /// Field on a spin whose neighbours sum to `neighbours`: `J sum + H`.
    pub fn local_field(self, neighbours: i32) -> f64 {
        self.coupling * f64::from(neighbours) + self.field
    }

    /// Checks an inverse temperature for these couplings.
    ///
    /// # Errors
    /// When it is negative, NaN or above 100, or so large that `beta J` or `beta H` is above 100.
    pub fn check_beta(self, beta: f64) -> Result<f64> {
        if !(0.0..=MAX_BETA).contains(&beta) {
            return Err(Error::setting("beta", beta, format!("it must lie in 0 to {MAX_BETA}")));
        }
        for (name, value) in [("coupling", self.coupling), ("field", self.field)] {
            if beta * value.abs() > MAX_BETA {
                let expected = format!("beta times {name} must be at most {MAX_BETA} in size");
                return Err(Error::setting(name, value, expected));
            }
        }
        Ok(beta)
    }

    /// Energy from the integer bond sum and the integer sum of spins.
    pub fn energy(self, bond_sum: i64, spin_sum: i64) -> f64 {
        -self.coupling * bond_sum as f64 - self.field * spin_sum as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_must_be_in_range() {
        for side in [0, 1, 1025, 2048] {
            assert!(Torus::new(side).is_err(), "side {side} must be refused");
        }
        for side in [2, 3, 4, 100, 1024] {
            assert_eq!(Torus::new(side).unwrap().sites(), (side * side) as usize);
        }
    }

    #[test]
    fn every_site_has_four_bonds_and_no_bond_appears_twice() {
        let torus = Torus::new(8).unwrap();
        let mut degree = vec![0; torus.sites()];
        let mut seen = std::collections::BTreeSet::new();
        for [a, b] in torus.bonds() {
            degree[a as usize] += 1;
            degree[b as usize] += 1;
            assert!(seen.insert([a.min(b), a.max(b)]), "bond {a}-{b} listed twice");
        }
        assert_eq!(seen.len(), 2 * torus.sites());
        assert!(degree.iter().all(|&d| d == 4));
    }

    #[test]
    fn energy_of_the_ground_state_and_of_one_flipped_spin() {
        let torus = Torus::new(4).unwrap();
        let interaction = Interaction { coupling: 1.5, field: 0.25 };
        let mut spins = vec![1; 16];
        assert_eq!(interaction.energy(torus.bond_sum(&spins), 16), -1.5 * 32.0 - 4.0);
        spins[5] = -1;
        assert_eq!(interaction.energy(torus.bond_sum(&spins), 14), -1.5 * 24.0 - 3.5);
    }
}
