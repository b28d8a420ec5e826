//! Couplings of single bonds and fields on single sites, as integers times a unit, so that energies are exact on every device.

use super::{Interaction, Lattice, Spins, System};
use crate::error::{Error, Result};
use std::sync::Arc;

/// Weights of single bonds and sites: `E(s) = -J sum_<ij> n_ij s_i s_j - H sum_i m_i s_i`, with J and H as units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// n, `[bonds]`, in the order of [`Lattice::bonds`].
    pub bonds: Vec<i32>,
    /// m, `[sites]`.
    pub sites: Vec<i32>,
}

/// By how much of it a multiple may be off where it was a sum or a product of rounded numbers.
const ROUNDING: f64 = 1e-12;

impl Weights {
    /// A number that tells these weights from others (FNV-1a, 64 bits, over all of them, bonds first).
    pub fn fingerprint(&self) -> u64 {
        let bytes = self.bonds.iter().chain(&self.sites).flat_map(|weight| weight.to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }
}

impl System {
    /// A system with a coupling `[bonds]` for every bond of a lattice, in the order of [`Lattice::bonds`], and a field `[sites]` on every site.
    ///
    /// Values that are multiples of the least of them, up to rounding, are kept as they are. Others are rounded to multiples of the sum of their sizes over
    /// 2^30, so that all sums of weights, and differences of two, fit 32 bits: by a millionth of their mean size at most up to 2,000 bonds. [`System::weights`] has the
    /// weights, and [`System::interaction`] the units.
    ///
    /// # Errors
    /// When their numbers are not those of the lattice, or one is not finite or larger than 1000 in size.
    pub fn with_couplings(lattice: Lattice, couplings: &[f64], fields: &[f64]) -> Result<Self> {
        Self::with_couplings_in(lattice, couplings, fields, None)
    }

    /// The same in given units, where all values are multiples of them.
    pub(crate) fn with_couplings_in(
        lattice: Lattice,
        couplings: &[f64],
        fields: &[f64],
        units: Option<[f64; 2]>,
    ) -> Result<Self> {
        let (bonds, sites) = (lattice.bond_count(), lattice.sites());
        for (name, values, expected) in [("couplings", couplings, bonds), ("fields", fields, sites)] {
            if values.len() != expected {
                let message = format!("{lattice} has {expected} of them");
                return Err(Error::setting(name, format!("{} values", values.len()), message));
            }
        }
        couplings.iter().try_for_each(|&coupling| Interaction::new(coupling, 0.0).map(drop))?;
        fields.iter().try_for_each(|&field| Interaction::new(0.0, field).map(drop))?;
        let [coupling_unit, field_unit] = units.map_or([None, None], |units| units.map(Some));
        let (coupling, bonds) = in_units(couplings, coupling_unit);
        let (field, sites) = in_units(fields, field_unit);
        let weights = Some(Arc::new(Weights { bonds, sites }));
        let interaction = Interaction { coupling, field };
        Ok(Self { lattice, spins: Spins::Ising, interaction, weights })
    }

    /// The largest coupling and the largest field, in size.
    pub fn largest_interaction(&self) -> Interaction {
        let Interaction { coupling, field } = self.interaction;
        let Some(weights) = &self.weights else { return self.interaction };
        let largest = |weights: &[i32]| weights.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
        Interaction {
            coupling: coupling * f64::from(largest(&weights.bonds)),
            field: field * f64::from(largest(&weights.sites)),
        }
    }

    /// Size of a typical field on a spin of random neighbours, over that on the square lattice with couplings of size 1.
    pub(crate) fn typical_field(&self) -> f64 {
        self.mean_coupling() * (self.lattice.coordination() as f64 / 4.0).sqrt()
    }

    /// Mean size of the couplings.
    pub fn mean_coupling(&self) -> f64 {
        let coupling = self.interaction.coupling.abs();
        let Some(weights) = &self.weights else { return coupling };
        let total: f64 = weights.bonds.iter().map(|weight| f64::from(weight.unsigned_abs())).sum();
        coupling * total / weights.bonds.len() as f64
    }

    /// Sum of `s_i s_j` over all bonds, each times its weight; for Potts spins of the bonds between equal ones.
    pub fn bond_sum(&self, spins: &[i8]) -> i64 {
        let term = |a: i8, b: i8| match self.spins {
            Spins::Ising => i64::from(a * b),
            Spins::Potts { .. } => i64::from(a == b),
        };
        let terms = self.lattice.bonds().map(|[a, b]| term(spins[a as usize], spins[b as usize]));
        match &self.weights {
            None => terms.sum(),
            Some(weights) => terms.zip(&weights.bonds).map(|(term, &weight)| i64::from(weight) * term).sum(),
        }
    }

    /// Sum of all spins, each times its weight; for Potts spins of those of colour 0.
    pub fn spin_sum(&self, spins: &[i8]) -> i64 {
        let term = |spin: i8| match self.spins {
            Spins::Ising => i64::from(spin),
            Spins::Potts { .. } => i64::from(spin == 0),
        };
        let terms = spins.iter().map(|&spin| term(spin));
        match &self.weights {
            None => terms.sum(),
            Some(weights) => terms.zip(&weights.sites).map(|(term, &weight)| i64::from(weight) * term).sum(),
        }
    }
}

/// A unit, the given one if it serves, and values as the nearest multiples of it.
fn in_units(values: &[f64], given: Option<f64>) -> (f64, Vec<i32>) {
    let sizes = || values.iter().map(|value| value.abs()).filter(|&size| size > 0.0);
    let (least, total) =
        sizes().fold((f64::INFINITY, 0.0_f64), |(least, total), size| (least.min(size), total + size));
    if total == 0.0 {
        return (0.0, vec![0; values.len()]);
    }
    let divides = |unit: f64| {
        let is_multiple = |ratio: f64| (ratio - ratio.round()).abs() <= ROUNDING * ratio;
        unit > 0.0
            && total <= f64::from(i32::MAX) * unit * (1.0 + ROUNDING)
            && sizes().all(|size| is_multiple(size / unit))
    };
    // Each is rounded by half a unit at most, and differences of sums fit too.
    let finest = total / (f64::from(i32::MAX / 2) - values.len() as f64);
    let unit = given.filter(|&unit| divides(unit)).unwrap_or(if divides(least) { least } else { finest });
    (unit, values.iter().map(|value| (value / unit).round() as i32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_multiples_of_one_are_kept() {
        assert_eq!(in_units(&[0.5, -0.5, 0.0, 1.5], None), (0.5, vec![1, -1, 0, 3]));
        assert_eq!(in_units(&[0.0, 0.0], None), (0.0, vec![0, 0]));
        assert_eq!(in_units(&[0.1, 0.3, 0.1 + 0.2], None), (0.1, vec![1, 3, 3]));
        let real = [0.3, -1.0, 0.123_456_789];
        let (unit, weights) = in_units(&real, None);
        // What is written of them comes back in their unit, also where they are multiples of the least by chance.
        for real in [&real[..], &[1.0, 1e-9], &[1.0, -0.5 + 1e-12, 0.7]] {
            let (unit, weights) = in_units(real, None);
            let written: Vec<f64> = weights.iter().map(|&weight| unit * f64::from(weight)).collect();
            assert_eq!(in_units(&written, Some(unit)), (unit, weights));
        }
        let sum: f64 = weights.iter().map(|&weight| f64::from(weight.abs())).sum();
        assert!(sum <= f64::from(i32::MAX), "{sum}");
        for (value, weight) in real.iter().zip(weights) {
            assert!((value - unit * f64::from(weight)).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn uniform_couplings_are_those_of_the_uniform_system() {
        let lattice = Lattice::square(4).unwrap();
        let uniform = System::uniform(lattice, Interaction { coupling: -0.5, field: 0.25 });
        let each = System::with_couplings(lattice, &[-0.5; 32], &[0.25; 16]).unwrap();
        let spins: Vec<i8> = (0..16).map(|site| if site * 7 % 5 < 2 { -1 } else { 1 }).collect();
        assert_eq!(each.energy(&spins), uniform.energy(&spins));
        assert_eq!(each.largest_interaction(), Interaction { coupling: 0.5, field: 0.25 });
    }

    #[test]
    fn wrong_numbers_and_values_are_refused() {
        let lattice = Lattice::square(4).unwrap();
        let refused = |couplings: &[f64], fields: &[f64]| {
            System::with_couplings(lattice, couplings, fields).unwrap_err().to_string()
        };
        assert!(refused(&[1.0; 31], &[0.0; 16]).contains("31 values"));
        assert!(refused(&[1.0; 32], &[0.0; 15]).contains("15 values"));
        assert!(refused(&[f64::NAN; 32], &[0.0; 16]).contains("NaN"));
        assert!(refused(&[1.0; 32], &[1e9; 16]).contains("1000000000"));
    }
}
