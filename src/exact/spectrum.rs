//! How many configurations of a small lattice have which bond sum and spin sum: everything exact follows from sums of positive terms.

use super::Exact;
use crate::lattice::{Interaction, LatticeKind, System};
use std::sync::OnceLock;

/// Largest side that is counted by bond sum: half a second, once.
pub(super) const MAX_SIDE: u32 = 9;
/// Largest side that is counted by bond sum and spin sum.
pub(super) const MAX_SIDE_IN_FIELD: u32 = 6;

/// All configurations of one lattice.
pub(super) struct Spectrum {
    sites: f64,
    levels: Vec<Level>,
}

/// Configurations that are alike.
struct Level {
    bond_sum: f64,
    /// 0 in a spectrum that does not tell it.
    spin_sum: f64,
    /// How many there are; above 2^53 to some ulps.
    states: f64,
}

impl Spectrum {
    /// The spectrum of a lattice that is small enough, counted on the first call.
    pub(super) fn of(system: &System) -> Option<&'static Self> {
        static WITHOUT_FIELD: [OnceLock<Spectrum>; MAX_SIDE as usize + 1] =
            [const { OnceLock::new() }; MAX_SIDE as usize + 1];
        static IN_FIELD: [OnceLock<Spectrum>; MAX_SIDE_IN_FIELD as usize + 1] =
            [const { OnceLock::new() }; MAX_SIDE_IN_FIELD as usize + 1];
        let in_field = !system.has_spin_flip();
        let side = (system.lattice.kind() == LatticeKind::Square).then_some(system.lattice.side())?;
        let place = if in_field { IN_FIELD.as_slice() } else { &WITHOUT_FIELD }.get(side as usize)?;
        Some(place.get_or_init(|| Self::count(side, in_field)))
    }

    fn count(side: u32, by_spin_sum: bool) -> Self {
        let sites = side * side;
        let stride = if by_spin_sum { sites as usize + 1 } else { 1 };
        let counts = Transfer { side, bond: stride, up: usize::from(by_spin_sum) }.counts();
        let level = |(index, &states): (usize, &f64)| Level {
            bond_sum: f64::from(2 * sites) - 2.0 * (index / stride) as f64,
            spin_sum: if by_spin_sum { 2.0 * (index % stride) as f64 - f64::from(sites) } else { 0.0 },
            states,
        };
        let levels = counts.iter().enumerate().filter(|(_, states)| **states > 0.0).map(level).collect();
        Self { sites: f64::from(sites), levels }
    }

    /// ln Z, energy and specific heat.
    pub(super) fn solve(&self, Interaction { coupling, field }: Interaction, beta: f64) -> Exact {
        // The number that counts is -E, at most `most`.
        let gain = |level: &Level| coupling * level.bond_sum + field * level.spin_sum;
        let most = self.levels.iter().map(gain).fold(f64::NEG_INFINITY, f64::max);
        let sum = |term: &dyn Fn(f64) -> f64| {
            let term = |level: &Level| level.states * term(gain(level));
            self.levels.iter().map(term).sum::<f64>()
        };
        let weight = |gain: f64| (beta * (gain - most)).exp();
        let z = sum(&weight);
        // Distances from the lowest energy keep their digits at low temperature.
        let excess = sum(&|gain| weight(gain) * (most - gain)) / z;
        let variance = sum(&|gain| weight(gain) * (most - gain - excess).powi(2)) / z;
        let mean = if beta * most < 1.0 {
            // Over all configurations E sums to zero: without that zero it keeps its digits at high temperature.
            sum(&|gain| gain * (beta * gain).exp_m1()) / sum(&|gain| (beta * gain).exp())
        } else {
            most - excess
        };
        Exact {
            ln_z: z.ln() + beta * most,
            energy_per_site: 0.0 - mean / self.sites,
            specific_heat: beta * beta * variance / self.sites,
        }
    }
}

/// Counts row by row, site by site (Binder, Physica 62, 508, 1972): for each state of the last row and each sum, how many
/// configurations there are of what has been fixed.
struct Transfer {
    side: u32,
    /// Sums are one index: broken bonds times this,
    bond: usize,
    /// plus spins up times this; 0 if they are not counted.
    up: usize,
}

impl Transfer {
    /// Configurations of the whole lattice by their sums.
    fn counts(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.length()];
        for (first, weight) in self.first_rows() {
            let mut states = vec![vec![0.0; self.length()]; 1 << self.side];
            states[first as usize][self.row_sum(first)] = weight;
            for _ in 1..self.side {
                (0..self.side).for_each(|column| self.fix(&mut states, column));
            }
            for (last, counts) in (0..).zip(&states) {
                let closing = self.bond * u32::count_ones(last ^ first) as usize;
                add(&mut total, counts, closing);
            }
        }
        total
    }

    /// Number of sums, of 2 N bonds and N spins.
    fn length(&self) -> usize {
        (2 * self.bond + self.up) * (self.side as usize).pow(2) + 1
    }

    /// Rows that are not images of each other, with the number of their images: translations, and all spins turned over
    /// where spins up are not counted.
    fn first_rows(&self) -> Vec<(u32, f64)> {
        let mask = (1 << self.side) - 1;
        let shifted = |row: u32, by: u32| (row << by | row >> (self.side - by)) & mask;
        let least = |row: u32| (0..self.side).map(|by| shifted(row, by)).min().unwrap_or(row);
        let standard = |row: u32| if self.up == 0 { least(row).min(least(!row & mask)) } else { least(row) };
        let mut images = vec![0.0; 1 << self.side];
        (0..=mask).for_each(|row| images[standard(row) as usize] += 1.0);
        (0..).zip(images).filter(|(_, images)| *images > 0.0).collect()
    }

    /// Sum of a row by itself.
    fn row_sum(&self, row: u32) -> usize {
        let broken =
            (0..self.side).filter(|&column| self.differs(row, column, (column + 1) % self.side)).count();
        broken * self.bond + row.count_ones() as usize * self.up
    }

    fn differs(&self, row: u32, a: u32, b: u32) -> bool {
        (row >> a ^ row >> b) & 1 == 1
    }

    /// Replaces the spin of a column by that of the next row, with its bonds up, to the left and, in the last column, around.
    fn fix(&self, states: &mut [Vec<f64>], column: u32) {
        for down in (0..states.len() as u32).filter(|row| row >> column & 1 == 0) {
            let up = down | 1 << column;
            let sum = |row: u32| {
                let left = column > 0 && self.differs(row, column, column - 1);
                let around = column + 1 == self.side && self.differs(row, column, 0);
                (usize::from(left) + usize::from(around)) * self.bond
            };
            let [below, above] = [down, up].map(|row| std::mem::take(&mut states[row as usize]));
            let mixed = |same: &[f64], other: &[f64], sum: usize| {
                let mut counts = vec![0.0; self.length()];
                add(&mut counts, same, sum);
                add(&mut counts, other, sum + self.bond);
                counts
            };
            states[down as usize] = mixed(&below, &above, sum(down));
            states[up as usize] = mixed(&above, &below, sum(up) + self.up);
        }
    }
}

/// Adds counts whose sums are `shift` larger. What would fall off the end is zero.
fn add(to: &mut [f64], from: &[f64], shift: usize) {
    to[shift..].iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    fn system(side: u32, interaction: Interaction) -> System {
        System { lattice: Lattice::square(side).unwrap(), interaction }
    }
    use std::collections::BTreeMap;

    fn counted(side: u32, by_spin_sum: bool) -> BTreeMap<(i64, i64), f64> {
        let levels = Spectrum::count(side, by_spin_sum).levels;
        levels.iter().map(|level| ((level.bond_sum as i64, level.spin_sum as i64), level.states)).collect()
    }

    #[test]
    fn counts_are_those_of_all_configurations_one_by_one() {
        for side in [2, 3, 4] {
            let lattice = Lattice::square(side).unwrap();
            let [mut by_both, mut by_bonds] = [const { BTreeMap::new() }; 2];
            for state in 0..1_u32 << lattice.sites() {
                let spins: Vec<i8> =
                    (0..lattice.sites()).map(|site| if state >> site & 1 == 1 { 1 } else { -1 }).collect();
                let (bonds, sum) =
                    (lattice.bond_sum(&spins), spins.iter().map(|&spin| i64::from(spin)).sum());
                *by_both.entry((bonds, sum)).or_insert(0.0) += 1.0;
                *by_bonds.entry((bonds, 0)).or_insert(0.0) += 1.0;
            }
            assert_eq!(counted(side, true), by_both, "side {side}");
            assert_eq!(counted(side, false), by_bonds, "side {side}");
        }
    }

    #[test]
    fn every_configuration_is_counted() {
        for (side, by_spin_sum) in [(5, true), (5, false), (6, true), (7, false), (8, false), (9, false)] {
            let spectrum = Spectrum::count(side, by_spin_sum);
            let states: f64 = spectrum.levels.iter().map(|level| level.states).sum();
            let expected = 2.0_f64.powi((side * side) as i32);
            assert!((states / expected - 1.0).abs() < 1e-14, "side {side}: {states}");
            // All spins alike, and on an even side the chessboard.
            assert_eq!(spectrum.levels[0].states, if by_spin_sum { 1.0 } else { 2.0 });
        }
    }

    #[test]
    fn a_field_on_four_by_four_gives_the_known_ln_z() {
        let interaction = Interaction { coupling: 1.0, field: 0.2 };
        let spectrum = Spectrum::of(&system(4, interaction)).unwrap();
        assert!((spectrum.solve(interaction, 0.4).ln_z - 15.030_864_862_686_647).abs() < 1e-13);
    }

    #[test]
    fn free_spins_in_a_field_keep_their_digits_at_both_ends() {
        let interaction = Interaction { coupling: 0.0, field: -1.0 };
        for beta in [1e-300, 1e-12, 1e-6, 0.02, 0.1, 1.0, 30.0, 100.0_f64] {
            let exact = Spectrum::of(&system(5, interaction)).unwrap().solve(interaction, beta);
            let (energy, heat) = (-beta.tanh(), (beta / beta.cosh()).powi(2));
            assert!((exact.energy_per_site / energy - 1.0).abs() < 1e-13, "U at {beta}: {exact:?}");
            assert!((exact.specific_heat - heat).abs() <= 1e-12 * heat, "C at {beta}: {exact:?}");
        }
    }
}
