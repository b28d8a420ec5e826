//! The square torus row by row, site by site, with a coupling for every bond and a field on every site: positive terms only, at any temperature.

use super::Exact;
use super::moments::Moments;
use super::rows::{spin, with_bit};
use super::wide::Wide;
use crate::lattice::{Interaction, System, Weights};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// ln Z, energy and specific heat of a system with weights and a side up to that of `transfer`.
pub(super) fn solve(system: &System, weights: &Weights, beta: f64) -> Exact {
    let sites = system.lattice.sites() as f64;
    let all = Rows::new(system, weights, beta).all();
    Exact {
        ln_z: sites * LN_2 + all.weight.ln(),
        energy_per_site: 0.0 - all.gain(system.interaction) / sites,
        specific_heat: beta * beta * all.variance / sites,
    }
}

/// Tables of the moments that a new spin adds to configurations, `[site][new up | old up << 1 | left up << 2 | around up << 3]`: its bonds to the spin above it, to
/// the one before it and, at the end of a row, to the first, and its field.
struct Rows<'a> {
    side: u32,
    interaction: Interaction,
    beta: f64,
    weights: &'a Weights,
    added: Vec<[Moments; 16]>,
}

impl<'a> Rows<'a> {
    fn new(system: &System, weights: &'a Weights, beta: f64) -> Self {
        let (side, interaction) = (system.lattice.side(), system.interaction);
        let mut rows = Self { side, interaction, beta, weights, added: Vec::new() };
        rows.added =
            (0..side * side).map(|site| std::array::from_fn(|state| rows.of_site(site, state))).collect();
        rows
    }

    /// Weight of the bond of a site to the right, or downwards.
    fn bond(&self, row: u32, column: u32, down: bool) -> i64 {
        self.weights.bonds[2 * (row * self.side + column) as usize + usize::from(down)].into()
    }

    fn of_site(&self, site: u32, state: usize) -> Moments {
        let (row, column) = (site / self.side, site % self.side);
        let up = |bit: usize| if state >> bit & 1 == 1 { 1 } else { -1 };
        let above = if row > 0 { self.bond(row - 1, column, true) * up(1) } else { 0 };
        let left = if column > 0 { self.bond(row, column - 1, false) * up(2) } else { 0 };
        let around = if column + 1 == self.side { self.bond(row, column, false) * up(3) } else { 0 };
        let field = i64::from(self.weights.sites[site as usize]) * up(0);
        self.single(1, up(0) * (above + left + around), field)
    }

    /// One configuration of some spins with these weighted sums of bonds and of spins.
    fn single(&self, number: u32, bonds: i64, spins: i64) -> Moments {
        let one = Moments { weight: Wide::exp(0.0), bonds: bonds as f64, spins: spins as f64, variance: 0.0 };
        let weight = Wide::exp(self.beta * one.gain(self.interaction)).halved(number);
        Moments { weight, ..one }
    }

    /// All configurations: those with each first row, summed in fixed order.
    fn all(&self) -> Moments {
        let parts: Vec<Moments> =
            (0..1_u32 << self.side).into_par_iter().map(|first| self.with_first(first)).collect();
        parts.into_iter().fold(Moments::EMPTY, |sum, part| sum.and(part, self.interaction))
    }

    /// Moments that the new spin of a column adds in a row of new spins up to it.
    fn added(&self, row: u32, column: u32, state: u32, old: u32) -> &Moments {
        let left = if column > 0 { state >> (column - 1) & 1 } else { 0 };
        let key = state >> column & 1 | old << 1 | left << 2 | (state & 1) << 3;
        &self.added[(row * self.side + column) as usize][key as usize]
    }

    /// All configurations with a first row.
    fn with_first(&self, first: u32) -> Moments {
        let mut states = vec![Moments::EMPTY; 1 << self.side];
        let start = (0..self.side)
            .fold(self.single(0, 0, 0), |sum, column| sum.with(self.added(0, column, first, 0)));
        states[first as usize] = start;
        let mut next = Vec::with_capacity(states.len());
        for (row, column) in (1..self.side).flat_map(|row| (0..self.side).map(move |column| (row, column))) {
            next.clear();
            next.extend((0..1_u32 << self.side).map(|state| {
                let [down, up] = [0, 1].map(|old| {
                    states[with_bit(state, column, old) as usize].with(self.added(row, column, state, old))
                });
                down.and(up, self.interaction)
            }));
            std::mem::swap(&mut states, &mut next);
        }
        (0..).zip(&states).fold(Moments::EMPTY, |sum, (last, state)| {
            sum.and(self.closed(state, last, first), self.interaction)
        })
    }

    /// With the bonds from the last row to the first.
    fn closed(&self, state: &Moments, last: u32, first: u32) -> Moments {
        let bond = |column: u32| {
            self.bond(self.side - 1, column, true) * i64::from(spin(last, column) * spin(first, column))
        };
        state.with(&self.single(0, (0..self.side).map(bond).sum(), 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;

    #[test]
    fn agrees_with_sums_over_all_configurations() {
        for side in [2, 3, 4] {
            let lattice = Lattice::square(side).unwrap();
            let value = |at: usize| f64::from((at * 37 % 11) as u8) / 4.0 - 1.2;
            let couplings: Vec<f64> = (0..lattice.bonds().count()).map(value).collect();
            let fields: Vec<f64> = (0..lattice.sites()).map(|site| value(site + 5) / 3.0).collect();
            let system = System::with_couplings(lattice, &couplings, &fields).unwrap();
            let energies: Vec<f64> = (0..1_u32 << lattice.sites())
                .map(|state| {
                    let spins: Vec<i8> = (0..lattice.sites())
                        .map(|site| if state >> site & 1 == 1 { 1 } else { -1 })
                        .collect();
                    system.energy(&spins)
                })
                .collect();
            for beta in [0.0, 0.3, 1.0, 5.0] {
                let found = solve(&system, system.weights.as_ref().unwrap(), beta);
                let least = energies.iter().copied().fold(f64::INFINITY, f64::min);
                let weights: Vec<f64> =
                    energies.iter().map(|energy| (-beta * (energy - least)).exp()).collect();
                let z: f64 = weights.iter().sum();
                let mean = |term: &dyn Fn(f64) -> f64| {
                    energies.iter().zip(&weights).map(|(&e, w)| w * term(e)).sum::<f64>() / z
                };
                let energy = mean(&|e| e);
                let heat = beta * beta * mean(&|e| (e - energy).powi(2));
                let sites = lattice.sites() as f64;
                assert!(
                    (found.ln_z - (z.ln() - beta * least)).abs() < 1e-11 * found.ln_z,
                    "{side}, {beta}: {found:?}"
                );
                assert!((found.energy_per_site - energy / sites).abs() < 1e-11, "{side}, {beta}: {found:?}");
                assert!((found.specific_heat - heat / sites).abs() < 1e-10, "{side}, {beta}: {found:?}");
            }
        }
    }
}
