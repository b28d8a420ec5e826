//! Any couplings on the square torus without a field: four Pfaffians (McCoy and Wu, The Two-Dimensional Ising Model, 1973, chapter IV).
//!
//! Every site is a city of four cells, right, left, down and up, that are joined to one another and along bonds to those of neighbours:
//! `Z = 2^N prod cosh(beta J) (-Pf_pp + Pf_pa + Pf_ap + Pf_aa) / 2`, where bonds around the torus keep or change their sign (p, a) across and
//! along it. Matrices are eliminated in a band: rows of the lattice come in pairs from both ends, the first with the last.

use super::Exact;
use super::jet::Jet;
use crate::lattice::{LatticeKind, System, Weights};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Largest side: a band of 24 L numbers for each of 4 L^2 cells.
pub(super) const MAX_SIDE: u32 = 32;
/// Smallest side: neighbours on both sides are different sites.
const MIN_SIDE: u32 = 3;
/// Largest relative difference between results of two orders of elimination: frustrated bonds at low temperature leave small
/// differences of large numbers.
const TOLERANCE: f64 = 1e-9;

/// Cells of a site, in order.
const CELLS: usize = 4;
/// Bonds between the cells of a city: the entry above the diagonal of each pair.
const CITY: [(usize, usize, f64); 6] =
    [(0, 1, 1.0), (0, 2, -1.0), (0, 3, -1.0), (1, 2, 1.0), (1, 3, -1.0), (2, 3, 1.0)];

/// Thermodynamics of a system with weights, nothing where elimination loses its digits.
pub(super) fn solve(system: &System, beta: f64) -> Option<Exact> {
    let weights = system.weights.as_ref().filter(|_| applies(system))?;
    let [one, other] = [false, true].map(|turned| Torus { system, weights, turned }.ln_z(beta));
    let (one, other) = (one?, other?);
    let agree = (one.value - other.value).abs() <= TOLERANCE * one.value.abs().max(1.0);
    let sites = system.lattice.sites() as f64;
    agree.then(|| Exact {
        ln_z: one.value,
        energy_per_site: 0.0 - one.first / sites,
        specific_heat: (beta * beta * one.second / sites).max(0.0),
    })
}

/// Whether the formula holds.
pub(super) fn applies(system: &System) -> bool {
    let lattice = system.lattice;
    system.has_spin_flip()
        && lattice.kind() == LatticeKind::Square
        && (MIN_SIDE..=MAX_SIDE).contains(&lattice.side())
}

/// A torus with couplings, or the same with rows and columns exchanged, which is another order of elimination.
#[derive(Clone, Copy)]
struct Torus<'a> {
    system: &'a System,
    weights: &'a Weights,
    turned: bool,
}

impl Torus<'_> {
    /// ln Z with its derivatives by beta.
    fn ln_z(self, beta: f64) -> Option<Jet> {
        let sites = self.system.lattice.sites() as f64;
        let beta = Jet::variable(beta);
        let coupling = |weight: &i32| self.system.interaction.coupling * f64::from(weight.abs());
        let ln_cosh = |weight: &i32| (beta * coupling(weight)).ln_2cosh() - Jet::constant(LN_2);
        let free = self.weights.bonds.iter().map(ln_cosh);
        let free = free.fold(Jet::constant((sites - 1.0) * LN_2), |sum, term| sum + term);
        // Cities without bonds have a Pfaffian of -1 each.
        let cities = if self.system.lattice.sites().is_multiple_of(2) { 1.0 } else { -1.0 };
        let signs = [(1.0, 1.0, -1.0), (1.0, -1.0, 1.0), (-1.0, 1.0, 1.0), (-1.0, -1.0, 1.0)];
        let pfaffian = |(across, along, sign)| {
            let (ln_size, found) = self.band(beta, [across, along]).ln_pfaffian()?;
            Some((found * sign * cities, ln_size))
        };
        let terms: Vec<(f64, Jet)> = signs.into_par_iter().filter_map(pfaffian).collect();
        let sum = (!terms.is_empty()).then(|| free + Jet::ln_sum_exp(&terms))?;
        sum.value.is_finite().then_some(sum)
    }

    fn coupling(self, row: u32, column: u32, step: usize) -> f64 {
        let lattice = self.system.lattice;
        let (place, step) = if self.turned { ([0, column, row], 1 - step) } else { ([0, row, column], step) };
        let bond = lattice.site(place) as usize * lattice.steps().len() + step;
        self.system.interaction.coupling * f64::from(self.weights.bonds[bond])
    }

    /// The matrix with signs of the bonds around the torus across and along it.
    fn band(self, beta: Jet, [across, along]: [f64; 2]) -> Band {
        let side = self.system.lattice.side();
        let place = |row: u32, column: u32| {
            // Rows 0, L - 1, 1, L - 2, ...: neighbours are at most two rows away.
            let row = if row < side.div_ceil(2) { 2 * row } else { 2 * (side - 1 - row) + 1 };
            (row * side + column) as usize * CELLS
        };
        let block = 2 * side as usize * CELLS;
        let mut band = Band::new((side * side) as usize * CELLS, block);
        for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
            let here = place(row, column);
            CITY.iter().for_each(|&(a, b, value)| band.set(here + a, here + b, Jet::constant(value)));
            // From the right cell to the left one of the neighbour, and from the lower to the upper.
            let right = (place(row, (column + 1) % side), if column + 1 == side { across } else { 1.0 });
            let down = (place((row + 1) % side, column), if row + 1 == side { along } else { 1.0 });
            for (step, (there, sign)) in [right, down].into_iter().enumerate() {
                let weight = (beta * self.coupling(row, column, step)).tanh();
                band.set(here + 2 * step, there + 2 * step + 1, weight * sign);
            }
        }
        band
    }
}

/// An antisymmetric matrix whose entries lie within blocks along the diagonal and between neighbouring ones.
struct Band {
    size: usize,
    block: usize,
    /// Numbers kept of a row, from the diagonal on.
    width: usize,
    /// `[size][width]`.
    upper: Vec<Jet>,
}

impl Band {
    fn new(size: usize, block: usize) -> Self {
        let width = (3 * block).min(size);
        Self { size, block, width, upper: vec![Jet::constant(0.0); size * width] }
    }

    /// Index of an entry above the diagonal.
    fn at(&self, row: usize, column: usize) -> usize {
        row * self.width + column - row
    }

    fn set(&mut self, row: usize, column: usize, value: Jet) {
        let (row, column, value) =
            if row < column { (row, column, value) } else { (column, row, value * -1.0) };
        let at = self.at(row, column);
        self.upper[at] = value;
    }

    /// The logarithm of the Pfaffian's size, and its sign, by elimination of pairs of rows; nothing where it is 0.
    fn ln_pfaffian(mut self) -> Option<(Jet, f64)> {
        let (mut ln_size, mut sign) = (Jet::constant(0.0), 1.0);
        for row in (0..self.size).step_by(2) {
            // Whose neighbours are all within the band: those of the next block at most.
            let partners = row + 1..self.size.min((row / self.block + 2) * self.block);
            let size = |column: usize| self.upper[self.at(row, column)].value.abs();
            let partner = partners.max_by(|&a, &b| size(a).total_cmp(&size(b)))?;
            if partner != row + 1 {
                self.exchange(row, partner);
                sign = -sign;
            }
            let pivot = self.upper[self.at(row, row + 1)];
            if pivot.value == 0.0 {
                return None;
            }
            sign *= pivot.value.signum();
            ln_size = ln_size + (pivot * pivot.value.signum()).ln();
            self.eliminate(row, pivot);
        }
        Some((ln_size, sign))
    }

    /// Exchanges the row after `row` with a later one, and the columns too.
    fn exchange(&mut self, row: usize, later: usize) {
        let (next, end) = (row + 1, self.size.min(row + self.width));
        let mut swap = |a: usize, b: usize| self.upper.swap(a, b);
        let at = |row: usize, column: usize| row * self.width + column - row;
        swap(at(row, next), at(row, later));
        (later + 1..end).for_each(|column| swap(at(next, column), at(later, column)));
        (next + 1..later).for_each(|between| swap(at(next, between), at(between, later)));
        for between in next + 1..later {
            for at in [at(next, between), at(between, later)] {
                self.upper[at] = self.upper[at] * -1.0;
            }
        }
        let both = at(next, later);
        self.upper[both] = self.upper[both] * -1.0;
    }

    /// Takes a pair of rows out of all later ones.
    fn eliminate(&mut self, row: usize, pivot: Jet) {
        let end = self.size.min(row + self.width);
        let first: Vec<Jet> = (row + 2..end).map(|column| self.upper[self.at(row, column)] / pivot).collect();
        let second: Vec<Jet> = (row + 2..end).map(|column| self.upper[self.at(row + 1, column)]).collect();
        let is_there = |jet: &Jet| jet.value != 0.0 || jet.first != 0.0 || jet.second != 0.0;
        let seen = |values: &[Jet]| values.iter().rposition(is_there).map_or(0, |last| last + 1);
        let count = seen(&first).max(seen(&second));
        for a in 0..count {
            if !is_there(&first[a]) && !is_there(&second[a]) {
                continue;
            }
            let start = self.at(row + 2 + a, row + 2 + a);
            let entries = &mut self.upper[start + 1..start + count - a];
            for ((entry, &one), &other) in entries.iter_mut().zip(&first[a + 1..]).zip(&second[a + 1..]) {
                *entry = *entry + second[a] * one - first[a] * other;
            }
        }
    }
}
