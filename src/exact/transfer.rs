//! The torus row by row, site by site (Binder, Physica 62, 508, 1972), at one temperature: any J and H, frustrated or not.

use super::Exact;
use super::moments::{Moments, gain_when_hot};
use super::rows::{first_rows, overlap, spin, with_bit};
use super::wide::Wide;
use crate::lattice::{Interaction, LatticeKind, System};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Largest side: a row has 2^side states.
pub(super) const MAX_SIDE: u32 = 10;

/// ln Z, energy and specific heat of a system with a side up to [`MAX_SIDE`].
pub(super) fn solve(system: &System, beta: f64) -> Exact {
    let sites = system.lattice.sites() as f64;
    let (setup, unit) = Setup::in_units(system, beta);
    let all = setup.all();
    Exact {
        ln_z: sites * LN_2 + all.weight.ln(),
        energy_per_site: 0.0 - unit * setup.gain(&all) / sites,
        specific_heat: setup.beta * setup.beta * all.variance / sites,
    }
}

/// A system at one temperature.
#[derive(Debug, Clone, Copy)]
struct Setup {
    kind: LatticeKind,
    side: u32,
    interaction: Interaction,
    beta: f64,
}

impl Setup {
    /// A system with energies in units of the larger of J and H, and that unit: equal energies of different bonds and spins
    /// stay equal in spite of rounding for many more J and H.
    fn in_units(system: &System, beta: f64) -> (Self, f64) {
        let System { lattice, interaction: Interaction { coupling, field }, .. } = *system;
        let unit = match coupling.abs().max(field.abs()) {
            0.0 => 1.0,
            larger => larger,
        };
        let interaction = Interaction { coupling: coupling / unit, field: field / unit };
        (Self { kind: lattice.kind(), side: lattice.side(), interaction, beta: beta * unit }, unit)
    }

    /// Mean of -E of the whole lattice.
    fn gain(self, all: &Moments) -> f64 {
        let hot = gain_when_hot(self.beta, 1.0, |beta| Self { beta, ..self }.all().variance);
        hot.unwrap_or_else(|| all.gain(self.interaction))
    }

    /// All configurations: those with each first row, summed in fixed order.
    fn all(self) -> Moments {
        let transfer = Transfer::new(self);
        let part = |(first, images): (u32, f64)| {
            let states = transfer.with_first(first);
            transfer.closed(&states, first).times(images)
        };
        let rows = first_rows(self.side, self.interaction.field == 0.0);
        let parts: Vec<Moments> = rows.into_par_iter().map(part).collect();
        parts.into_iter().fold(Moments::EMPTY, |sum, part| sum.and(part, self.interaction))
    }

    /// One configuration of some spins with these sums of bonds and of spins.
    fn single(self, number: u32, bonds: i32, spins: i32) -> Moments {
        let [bonds, spins] = [bonds, spins].map(f64::from);
        let one = Moments { weight: Wide::exp(0.0), bonds, spins, variance: 0.0 };
        let weight = Wide::exp(self.beta * one.gain(self.interaction)).halved(number);
        Moments { weight, ..one }
    }
}

/// For each state of the last row, the configurations of all spins so far that end in it.
///
/// A state is a row: spins of the new one up to some column, then of the old. On the triangular lattice the next bit is, within
/// a row, the corner: the old spin above the last new one.
struct Transfer {
    setup: Setup,
    /// A new spin `[up]` whose bonds to fixed spins sum to `[bonds + 4]`.
    new: [[Moments; 9]; 2],
}

impl Transfer {
    fn new(setup: Setup) -> Self {
        let new = |spin: i32| std::array::from_fn(|at| setup.single(1, at as i32 - 4, spin));
        Self { setup, new: [new(-1), new(1)] }
    }

    /// All rows, given the first.
    fn with_first(&self, first: u32) -> Vec<Moments> {
        let side = self.setup.side;
        let mut states = vec![Moments::EMPTY; 1 << side];
        let spins = (0..side).map(|column| spin(first, column)).sum();
        states[first as usize] = self.setup.single(side, overlap(first, first, 1, side), spins);
        let mut next = Vec::new();
        for _ in 1..side {
            for column in 0..side {
                next.clear();
                match self.setup.kind {
                    LatticeKind::Triangular => self.fix_with_corner(&states, &mut next, column),
                    LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Complete | LatticeKind::Chain => {
                        self.fix(&states, &mut next, column)
                    }
                }
                std::mem::swap(&mut states, &mut next);
            }
            if self.setup.kind == LatticeKind::Triangular {
                let corners = states.split_off(1 << side);
                states.iter_mut().zip(corners).for_each(|(state, other)| *state = self.sum(*state, other));
            }
        }
        states
    }

    /// Replaces the spin of a column by that of the next row, and sums over the spin above it.
    fn fix(&self, from: &[Moments], to: &mut Vec<Moments>, column: u32) {
        to.extend((0..1 << self.setup.side).map(|row| {
            let [down, up] = [0, 1].map(|old| self.moved(from, with_bit(row, column, old), row, column, 0));
            self.sum(down, up)
        }));
    }

    /// The same on the triangular lattice: the spin above becomes the corner, and the sum is over the corner before.
    fn fix_with_corner(&self, from: &[Moments], to: &mut Vec<Moments>, column: u32) {
        let side = self.setup.side;
        to.extend((0..2 << side).map(|state: u32| {
            let (row, above) = (with_bit(state, side, 0), state >> side);
            let old = with_bit(row, column, above);
            if column == 0 {
                // The corner is across the border, and still in the row.
                return self.moved(from, old, row, column, spin(old, side - 1));
            }
            let [down, up] = [0, 1].map(|corner| {
                let old = with_bit(old, side, corner);
                self.moved(from, old, row, column, spin(old, side))
            });
            self.sum(down, up)
        }));
    }

    /// A state of old with the new spin of a column, which has a bond to a corner (0 if there is none).
    fn moved(&self, from: &[Moments], old: u32, row: u32, column: u32, corner: i32) -> Moments {
        let left = if column > 0 { spin(row, column - 1) } else { 0 };
        let around = if column + 1 == self.setup.side { spin(row, 0) } else { 0 };
        let new = spin(row, column);
        let bonds = new * (spin(old, column) + corner + left + around);
        from[old as usize].with(&self.new[usize::from(new > 0)][(bonds + 4) as usize])
    }

    fn sum(&self, one: Moments, other: Moments) -> Moments {
        one.and(other, self.setup.interaction)
    }

    /// All configurations of the torus with this first row: bonds from the last row to it.
    fn closed(&self, states: &[Moments], first: u32) -> Moments {
        let side = self.setup.side;
        (0..).zip(states).fold(Moments::EMPTY, |sum, (last, state)| {
            let corners = match self.setup.kind {
                LatticeKind::Triangular => overlap(first, last, 1, side),
                LatticeKind::Square | LatticeKind::Cubic | LatticeKind::Complete | LatticeKind::Chain => 0,
            };
            let closing = self.setup.single(0, overlap(first, last, 0, side) + corners, 0);
            self.sum(sum, state.with(&closing))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration::{enumerate, levels};
    use crate::lattice::Lattice;

    fn system(kind: LatticeKind, side: u32, coupling: f64, field: f64) -> System {
        System::uniform(Lattice::new(kind, side).unwrap(), Interaction { coupling, field })
    }

    /// Relative errors of ln Z, U and C.
    fn errors(found: &Exact, expected: &Exact) -> [f64; 3] {
        let error = |a: f64, b: f64| if a == b { 0.0 } else { (a / b - 1.0).abs() };
        // Where states of different bonds and spins have one energy, C has an error of rounding (here at H = 4 J).
        let [heat, floor] = [found.specific_heat, 1e-26];
        let is_rounding = (heat - expected.specific_heat).abs() < floor;
        [
            error(found.ln_z, expected.ln_z),
            error(found.energy_per_site, expected.energy_per_site),
            if is_rounding { 0.0 } else { error(heat, expected.specific_heat) },
        ]
    }

    #[test]
    fn agrees_with_sums_over_all_configurations() {
        let interactions =
            [(1.0, 0.0), (-1.0, 0.0), (1.0, 0.2), (-1.0, 0.3), (-0.75, -3.0), (0.3, -1e-3), (0.0, 0.9)];
        for (kind, side) in [LatticeKind::Square, LatticeKind::Triangular]
            .into_iter()
            .flat_map(|kind| [2, 3, 4].map(|side| (kind, side)))
        {
            let levels = levels(Lattice::new(kind, side).unwrap());
            for (coupling, field) in interactions {
                let system = system(kind, side, coupling, field);
                for beta in [0.0, 1e-300, 1e-9, 9e-5, 1.3e-4, 0.01, 0.3, 0.44, 1.0, 5.0, 20.0, 33.0] {
                    let (found, expected) = (solve(&system, beta), enumerate(&levels, &system, beta));
                    let errors = errors(&found, &expected);
                    assert!(
                        errors[0] < 1e-13 && errors[1] < 1e-11 && errors[2] < 1e-11,
                        "{system}, beta {beta}: {found:?}, not {expected:?}: {errors:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn tiny_specific_heats_keep_their_digits() {
        for kind in [LatticeKind::Square, LatticeKind::Triangular] {
            let levels = levels(Lattice::new(kind, 4).unwrap());
            for (coupling, field, beta) in
                [(1.0, 0.0, 20.0), (-1.0, 0.0, 20.0), (1.0, 0.2, 9.0), (-0.7, 0.3, 30.0), (0.3, 1.1, 80.0)]
            {
                let system = system(kind, 4, coupling, field);
                let found = solve(&system, beta).specific_heat;
                let expected = enumerate(&levels, &system, beta).specific_heat;
                assert!((0.0..1e-8).contains(&expected), "{system}, beta {beta}: {expected}");
                assert!(
                    (found / expected - 1.0).abs() < 1e-12,
                    "{system}, beta {beta}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn known_values_of_ln_z() {
        use LatticeKind::{Square, Triangular};
        for (system, beta, expected) in [
            (system(Square, 4, 1.0, 0.2), 0.4, 15.030_864_862_686_647),
            (system(Square, 8, 1.0, 0.2), 0.4, 59.643_252_837_795_58),
            (system(Square, 8, 1.0, 0.05), 0.6, 79.343_975_198_894_11),
            (system(Triangular, 4, -1.0, 0.0), 1.0, 20.634_624_726_354_95),
            (system(Triangular, 8, -1.0, 0.0), 1.0, 86.059_441_708_480_3),
            (system(Triangular, 8, -1.0, 0.0), 2.0, 148.659_575_959_968_12),
            (system(Triangular, 8, 1.0, 0.0), 3.0_f64.ln() / 4.0, 56.929_999_560_321_22),
        ] {
            let found = solve(&system, beta).ln_z;
            assert!((found / expected - 1.0).abs() < 1e-13, "{system}, beta {beta}: {found}, not {expected}");
        }
    }

    #[test]
    fn free_spins_in_a_field_keep_their_digits_at_both_ends() {
        for kind in [LatticeKind::Square, LatticeKind::Triangular] {
            for beta in [1e-300, 1e-12, 1e-6, 0.02, 0.1, 1.0, 30.0, 100.0_f64] {
                let exact = solve(&system(kind, 5, 0.0, -1.0), beta);
                let (energy, heat) = (-beta.tanh(), (beta / beta.cosh()).powi(2));
                assert!((exact.energy_per_site / energy - 1.0).abs() < 1e-13, "U at {beta}: {exact:?}");
                assert!((exact.specific_heat - heat).abs() <= 1e-12 * heat, "C at {beta}: {exact:?}");
            }
        }
    }

    #[test]
    fn the_largest_side_stays_in_range_at_every_temperature() {
        use LatticeKind::{Square, Triangular};
        for (kind, coupling, field, beta) in [
            (Square, 1.0, 0.0, 100.0),
            (Square, -1.0, 4.0, 25.0),
            (Triangular, -1.0, 0.0, 100.0),
            (Triangular, 1000.0, -1000.0, 0.1),
            (Triangular, -1.0, 1.0, 1e-300),
        ] {
            let system = system(kind, MAX_SIDE, coupling, field);
            let exact = solve(&system, beta);
            assert!(
                exact.ln_z.is_finite() && exact.energy_per_site <= 0.0,
                "{system}, beta {beta}: {exact:?}"
            );
            assert!((0.0..10.0).contains(&exact.specific_heat), "{system}, beta {beta}: {exact:?}");
        }
    }

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() {
        let system = system(LatticeKind::Triangular, 7, -1.0, 0.3);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| solve(&system, 0.7))
        };
        assert_eq!(with(1), with(3));
    }
}
