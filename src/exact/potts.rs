//! Potts spins on the square torus, row by row and site by site: a transfer over the colours of a row.

use super::Exact;
use super::moments::Moments;
use super::transfer::MAX_SIDE;
use super::wide::Wide;
use crate::error::Error;
use crate::lattice::{Interaction, LatticeKind, System, Weights};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Most colourings of a row: q^L, as 12^4. Larger ones take minutes.
const MAX_ROWS: u64 = 20_736;

/// Largest side that is solved with so many colours; 0 where none is.
pub(super) fn max_side(kind: LatticeKind, states: u8) -> u32 {
    match kind {
        LatticeKind::Square => {
            (1..=MAX_SIDE).take_while(|&side| u64::from(states).pow(side) <= MAX_ROWS).last().unwrap_or(0)
        }
        LatticeKind::Triangular | LatticeKind::Cubic | LatticeKind::Complete | LatticeKind::Chain => 0,
    }
}

/// Additions that a solution takes.
pub(super) fn operations(system: &System, states: u8) -> f64 {
    let (side, colours) = (system.lattice.side() as usize, f64::from(states));
    // Rows up to exchanges of colours, in which the n-th new colour has number n: `[colours so far]` ways. That of the field is there from the start.
    let mut rows = vec![0.0; usize::from(states) + 2];
    rows[usize::from(!system.is_symmetric())] = 1.0;
    for _ in 0..side {
        let next = |used: usize| {
            let new = if used > 0 { rows[used - 1] } else { 0.0 };
            if used > usize::from(states) { 0.0 } else { used as f64 * rows[used] + new }
        };
        rows = (0..rows.len()).map(next).collect();
    }
    let first_rows: f64 = rows.iter().sum();
    let images = if system.weights.is_none() { 2.0 * side as f64 } else { 1.0 };
    first_rows / images * system.lattice.sites() as f64 * colours.powi(side as i32 + 1)
}

/// Why a system is not solved.
pub(super) fn refusal(system: &System, states: u8) -> Error {
    let (kind, side) = (system.lattice.kind(), system.lattice.side());
    match max_side(kind, states) {
        0 => Error::setting("lattice", kind.name(), "Potts spins are solved on the square lattice alone"),
        most => {
            let expected = format!("with {states} colours, square lattices are solved up to size {most}");
            Error::setting("size", side, expected)
        }
    }
}

/// ln Z, energy and specific heat of a system with a side up to [`max_side`].
pub(super) fn solve(system: &System, states: u8, beta: f64) -> Exact {
    let sites = system.lattice.sites() as f64;
    let Interaction { coupling, field } = system.interaction;
    // Energies in units of the larger of J and H: equal energies stay equal in spite of rounding.
    let unit = match coupling.abs().max(field.abs()) {
        0.0 => 1.0,
        larger => larger,
    };
    let interaction = Interaction { coupling: coupling / unit, field: field / unit };
    let rows = Rows::new(system, states, interaction, beta * unit);
    let all = rows.all();
    Exact {
        ln_z: all.weight.ln(),
        energy_per_site: 0.0 - unit * all.gain(interaction) / sites,
        specific_heat: rows.beta * rows.beta * all.variance / sites,
    }
}

/// Colourings of a row are numbers in base q: the colour of column c is digit c.
struct Rows<'a> {
    states: usize,
    side: usize,
    interaction: Interaction,
    beta: f64,
    weights: Option<&'a Weights>,
    /// Whether colours may be exchanged.
    is_symmetric: bool,
    /// `[site][above | left << 1 | around << 2 | zero << 3]`: what a site adds to configurations, by whether it is of the colour above it, of that before it and, at the end of a
    /// row, of the first, and whether that is colour 0.
    added: Vec<[Moments; 16]>,
}

impl<'a> Rows<'a> {
    fn new(system: &'a System, states: u8, interaction: Interaction, beta: f64) -> Self {
        let mut rows = Self {
            states: states.into(),
            side: system.lattice.side() as usize,
            interaction,
            beta,
            weights: system.weights.as_deref(),
            is_symmetric: system.is_symmetric(),
            added: Vec::new(),
        };
        rows.added = (0..system.lattice.sites())
            .map(|site| std::array::from_fn(|state| rows.of_site(site, state)))
            .collect();
        rows
    }

    fn count(&self) -> usize {
        self.states.pow(self.side as u32)
    }

    fn colour(&self, row: usize, column: usize) -> usize {
        row / self.states.pow(column as u32) % self.states
    }

    fn colours(&self, row: usize) -> Vec<usize> {
        (0..self.side).map(|column| self.colour(row, column)).collect()
    }

    /// Weight of the bond of a site to the right, or downwards.
    fn bond(&self, row: usize, column: usize, down: bool) -> i64 {
        let number = 2 * (row * self.side + column) + usize::from(down);
        self.weights.map_or(1, |weights| weights.bonds[number].into())
    }

    fn of_site(&self, site: usize, state: usize) -> Moments {
        let (row, column) = (site / self.side, site % self.side);
        let is = |bit: usize| (state >> bit & 1) as i64;
        let above = if row > 0 { self.bond(row - 1, column, true) } else { 0 };
        let left = if column > 0 { self.bond(row, column - 1, false) } else { 0 };
        let around = if column + 1 == self.side { self.bond(row, column, false) } else { 0 };
        let field = self.weights.map_or(1, |weights| weights.sites[site].into());
        self.single(is(0) * above + is(1) * left + is(2) * around, is(3) * field)
    }

    /// One configuration of some sites with these weighted sums of bonds between equal colours and of sites of colour 0.
    fn single(&self, bonds: i64, zeros: i64) -> Moments {
        let one = Moments { weight: Wide::exp(0.0), bonds: bonds as f64, spins: zeros as f64, variance: 0.0 };
        Moments { weight: Wide::exp(self.beta * one.gain(self.interaction)), ..one }
    }

    /// All configurations: those with each first row, summed in fixed order.
    fn all(&self) -> Moments {
        let part = |(first, images): (usize, usize)| {
            let rows = self.with_first(first);
            let closed = rows.iter().enumerate().map(|(last, part)| {
                let equal =
                    (0..self.side).filter(|&column| self.colour(last, column) == self.colour(first, column));
                let bonds = equal.map(|column| self.bond(self.side - 1, column, true)).sum();
                part.with(&self.single(bonds, 0))
            });
            self.sum(closed).times(images as f64)
        };
        let parts: Vec<Moments> = self.first_rows().into_par_iter().map(part).collect();
        self.sum(parts)
    }

    fn sum(&self, parts: impl IntoIterator<Item = Moments>) -> Moments {
        parts.into_iter().fold(Moments::EMPTY, |sum, part| sum.and(part, self.interaction))
    }

    /// Rows that are not images of each other, with the number of their images: by exchanges of colours, but for that of the field, and where all bonds are alike by
    /// translations and reversal.
    fn first_rows(&self) -> Vec<(usize, usize)> {
        let mut images: BTreeMap<Vec<usize>, (usize, usize)> = BTreeMap::new();
        for row in 0..self.count() {
            images.entry(self.standard(&self.colours(row))).or_insert((row, 0)).1 += 1;
        }
        images.into_values().collect()
    }

    fn standard(&self, row: &[usize]) -> Vec<usize> {
        if self.weights.is_some() {
            return self.renamed(row);
        }
        let images = (0..self.side).flat_map(|by| {
            let moved: Vec<usize> = (0..self.side).map(|column| row[(column + by) % self.side]).collect();
            let reversed: Vec<usize> = moved.iter().rev().copied().collect();
            [self.renamed(&moved), self.renamed(&reversed)]
        });
        images.min().unwrap_or_default()
    }

    /// The row with its colours numbered in the order in which they come; colour 0 is the field's where there is one.
    fn renamed(&self, row: &[usize]) -> Vec<usize> {
        let mut seen = if self.is_symmetric { Vec::new() } else { vec![0] };
        let number = |&colour: &usize| {
            seen.iter().position(|&other| other == colour).unwrap_or_else(|| {
                seen.push(colour);
                seen.len() - 1
            })
        };
        row.iter().map(number).collect()
    }

    /// For each last row the configurations of all rows from a first one on.
    fn with_first(&self, first: usize) -> Vec<Moments> {
        let mut rows = vec![Moments::EMPTY; self.count()];
        let sites = (0..self.side).map(|column| *self.added(0, column, first, false));
        let none = self.single(0, 0);
        rows[first] = sites.fold(none, |all, site| all.with(&site));
        for row in 1..self.side {
            for column in 0..self.side {
                rows = self.fixed(&rows, row, column);
            }
        }
        rows
    }

    /// The moments that the site of a column adds to a row of new colours up to it.
    fn added(&self, row: usize, column: usize, colours: usize, is_as_above: bool) -> &Moments {
        let colour = self.colour(colours, column);
        let is_like = |other: usize| usize::from(self.colour(colours, other) == colour);
        let left = if column > 0 { is_like(column - 1) } else { 0 };
        let state = usize::from(is_as_above) | left << 1 | is_like(0) << 2 | usize::from(colour == 0) << 3;
        &self.added[row * self.side + column][state]
    }

    /// Replaces the colour of a column by that of the next row, and sums over the colour above it.
    fn fixed(&self, from: &[Moments], row: usize, column: usize) -> Vec<Moments> {
        let place = self.states.pow(column as u32);
        let to = |colours: usize| {
            let colour = self.colour(colours, column);
            let above = |old: usize| from[colours - colour * place + old * place];
            let others = self.sum((0..self.states).filter(|&old| old != colour).map(above));
            let [different, equal] =
                [false, true].map(|is_as_above| self.added(row, column, colours, is_as_above));
            others.with(different).and(above(colour).with(equal), self.interaction)
        };
        (0..self.count()).map(to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    fn system(side: u32, states: u32, coupling: f64, field: f64) -> System {
        System::potts(Lattice::square(side).unwrap(), Interaction { coupling, field }, states).unwrap()
    }

    fn solved(side: u32, states: u8, beta: f64) -> Exact {
        solve(&system(side, states.into(), 1.0, 0.0), states, beta)
    }

    #[test]
    fn values_at_the_critical_temperature_are_those_of_an_independent_transfer() {
        for (states, side, ln_z) in [
            (3_u8, 4, 34.172_608_137_824_21),
            (4, 4, 37.498_931_787_159_04),
            (12, 4, 51.077_533_851_134_255),
            (3, 8, 133.536_524_215_253_05),
        ] {
            let beta = (1.0 + f64::from(states).sqrt()).ln();
            let found = solved(side, states, beta);
            assert!((found.ln_z - ln_z).abs() < 1e-9, "{states}, {side}: {}", found.ln_z);
        }
    }

    #[test]
    fn two_colours_are_ising_spins_at_half_the_temperature_with_energies_moved() {
        for (coupling, field, beta) in [(1.0, 0.0, 0.88), (-0.7, 0.3, 1.1), (0.4, -1.2, 0.5)] {
            let potts = solve(&system(4, 2, coupling, field), 2, beta);
            let halves = Interaction { coupling: coupling / 2.0, field: field / 2.0 };
            let ising =
                super::super::solve(&System::uniform(Lattice::square(4).unwrap(), halves), beta).unwrap();
            let shift = 32.0 * coupling / 2.0 + 16.0 * field / 2.0;
            assert!((potts.ln_z - ising.ln_z - beta * shift).abs() < 1e-10, "{potts:?}, {ising:?}");
            assert!((potts.energy_per_site - ising.energy_per_site + shift / 16.0).abs() < 1e-10);
            assert!((potts.specific_heat - ising.specific_heat).abs() < 1e-9);
        }
        assert!((solved(4, 2, 0.88).ln_z - 29.584_726_538_718_16).abs() < 1e-12);
    }

    /// ln Z, energy and specific heat as a sum over all configurations.
    fn enumerated(system: &System, beta: f64) -> [f64; 3] {
        let (sites, states) = (system.lattice.sites(), system.spins.states());
        let mut sums = [0.0; 3];
        for number in 0..states.pow(sites as u32) {
            let colour = |site: usize| (number / states.pow(site as u32) % states) as i8;
            let energy = system.energy(&(0..sites).map(colour).collect::<Vec<_>>());
            let weight = (-beta * energy).exp();
            for (sum, power) in sums.iter_mut().zip(0..) {
                *sum += weight * energy.powi(power);
            }
        }
        let [z, e, e2] = sums;
        let sites = sites as f64;
        [z.ln(), e / z / sites, beta * beta * (e2 / z - (e / z).powi(2)) / sites]
    }

    #[test]
    fn small_systems_are_sums_over_all_configurations() {
        let single = |side: u32, states: u32, field: f64| {
            let lattice = Lattice::square(side).unwrap();
            let couplings: Vec<f64> =
                (0..lattice.bond_count()).map(|bond| (bond as f64 * 1.7).sin()).collect();
            let fields: Vec<f64> =
                (0..lattice.sites()).map(|site| field * (site as f64 * 0.9).cos()).collect();
            System::with_couplings(lattice, &couplings, &fields).unwrap().of_colours(states).unwrap()
        };
        for system in [
            system(2, 5, 0.8, 0.5),
            system(3, 3, -1.1, 0.7),
            system(2, 32, 1.0, 0.0),
            system(3, 2, 1.0, -0.4),
            single(3, 3, 0.0),
            single(3, 3, 0.8),
            single(2, 7, 0.6),
        ] {
            let [ln_z, energy, specific_heat] = enumerated(&system, 0.9);
            let found = solve(&system, system.spins.states() as u8, 0.9);
            assert!((found.ln_z - ln_z).abs() < 1e-11, "{system}: {found:?}");
            assert!((found.energy_per_site - energy).abs() < 1e-11);
            assert!((found.specific_heat - specific_heat).abs() < 1e-9);
        }
    }

    #[test]
    fn first_rows_count_every_row_once_and_sides_end_where_rows_are_too_many() {
        let rows = |field: f64| {
            let system = system(4, 3, 1.0, field);
            Rows::new(&system, 3, system.interaction, 1.0).first_rows()
        };
        // Necklaces of 4 beads that may be turned over and recoloured: aaaa aaab aabb abab aabc abac.
        assert_eq!(rows(0.0).len(), 6);
        for (field, operations) in [(0.0, 14.0 / 8.0 * 16.0 * 243.0), (0.5, 41.0 / 8.0 * 16.0 * 243.0)] {
            assert_eq!(super::operations(&system(4, 3, 1.0, field), 3), operations);
            assert_eq!(rows(field).iter().map(|(_, images)| images).sum::<usize>(), 81);
        }
        assert_eq!([2, 3, 4, 12, 32].map(|states| max_side(LatticeKind::Square, states)), [10, 9, 7, 4, 2]);
    }
}
