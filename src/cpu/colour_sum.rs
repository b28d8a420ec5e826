//! Sum over the inside of a box of Potts spins by a transfer over its sites, for [`ROWS`] configurations at a time.
//!
//! A state is a row of colours, digit j to base q for site j; site (i, j) replaces digit j of the row above by its own colour. A bond only tells equal colours from
//! different ones, so that the sum over the colour above is one sum for all new colours, and a term of the equal one.

use super::Real;
use super::box_factors::LevelFactors;
use super::box_sum::{Faces, ROWS, ln_of_scaled, rescale, starts};
use super::rows::{Rows, SpinKeys};
use super::tile::{Lane, Lanes, lanes};
use crate::hierarchy::{Layers, Level};

/// Colours in every lane.
type Colours = [i8; ROWS];

/// Work space for one box after another.
#[derive(Debug)]
pub(crate) struct ColourSum<R> {
    layers: Layers,
    /// q.
    colours: usize,
    faces: Faces,
    /// Factors: see [`ColourFactors`](crate::conditional::ColourFactors).
    bond: [R; 2],
    surplus: R,
    field: [R; 2],
    /// Where every sum starts.
    starts: Lane<R>,
    /// `[border]`.
    border: Vec<Colours>,
    /// `[q^bits]`: sums over all rows so far that end in a state.
    states: Lanes<R>,
    /// `[layers][q^bits]`: `states` after every row, for drawing.
    kept: Lanes<R>,
    /// `[bits][q^k]`, from [`ColourSum::first_partial`] on: sums of `states` over all digits from k on.
    partial_sums: Lanes<R>,
}

impl<R: Real> ColourSum<R> {
    pub(crate) fn new(layers: Layers, colours: usize, level: &Level) -> Self {
        let zeros = |count: usize| lanes(count, R::zero());
        let states = colours.pow(layers.bits as u32);
        Self {
            layers,
            colours,
            faces: Faces::new(layers, level),
            bond: [R::one(); 2],
            surplus: R::zero(),
            field: [R::one(); 2],
            starts: [R::one(); ROWS],
            border: vec![[0; ROWS]; level.border],
            states: zeros(states),
            kept: zeros(0),
            partial_sums: zeros(states),
        }
    }

    /// Takes the factors of rows and reads their borders.
    pub(crate) fn load(
        &mut self,
        factors: &LevelFactors,
        level: &Level,
        spins: &[i8],
        rows: Rows,
        first_configuration: u32,
    ) {
        if let LevelFactors::Colours(factors) = factors {
            self.bond = factors.bond.map(R::of);
            self.surplus = R::of(factors.surplus);
            self.field = factors.field.map(R::of);
        }
        self.starts = starts(rows, first_configuration);
        for (local, colours) in self.border.iter_mut().enumerate() {
            *colours = rows.column(level, spins, local);
        }
    }

    /// Logarithm of the scaled sum over the inside; with `keep`, [`ColourSum::draw`] can follow.
    #[inline(always)]
    pub(crate) fn ln_sum(&mut self, keep: bool) -> [f64; ROWS] {
        let (layers, states) = (self.layers, self.states.len());
        if keep {
            self.kept.resize(layers.layers * states, [R::zero(); ROWS]);
        }
        self.start();
        let mut exponents = [R::zero(); ROWS];
        for i in 0..layers.layers {
            for j in 0..layers.bits {
                self.fix_site(i, j);
            }
            rescale(&mut self.states, &mut exponents);
            if keep {
                self.kept[i * states..][..states].copy_from_slice(&self.states);
            }
        }
        let below = self.border_below();
        self.sum_partially(&below);
        ln_of_scaled(&self.partial_sums[self.first_partial(0)], &self.starts, &exponents)
    }

    /// Draws the inside after [`ColourSum::ln_sum`], row by row from the last, and stores the colours of one site after another.
    #[inline(always)]
    pub(crate) fn draw(&mut self, keys: &SpinKeys, mut store: impl FnMut(usize, &Colours)) {
        let Layers { bits, layers, .. } = self.layers;
        let mut row = self.border_below();
        for i in (0..layers).rev() {
            let states = self.states.len();
            self.states.copy_from_slice(&self.kept[i * states..][..states]);
            self.sum_partially(&row);
            self.draw_row(&mut row, |lane, j| R::of(f64::from(keys.of(lane).uniform((i * bits + j) as u32))));
            for (j, colours) in row.iter().enumerate() {
                store(i * bits + j, colours);
            }
        }
    }

    /// The border above as the only state.
    #[inline(always)]
    fn start(&mut self) {
        self.states.fill([R::zero(); ROWS]);
        for lane in 0..ROWS {
            let digit =
                |state: usize, &site: &u32| state * self.colours + self.border[site as usize][lane] as usize;
            let state = self.faces.above.iter().rev().fold(0, digit);
            self.states[state][lane] = self.starts[lane];
        }
    }

    /// Sums over the colour above site (i, j) and adds its own, with its bond to the left and, at the end, to the right.
    #[inline(always)]
    fn fix_site(&mut self, i: usize, j: usize) {
        let stride = self.colours.pow(j as u32);
        let left = (j == 0).then(|| self.border[self.faces.left[i] as usize]);
        let right = (j + 1 == self.layers.bits).then(|| self.border[self.faces.right[i] as usize]);
        let (bond, surplus, field) = (self.bond, self.surplus, self.field);
        for block in self.states.chunks_exact_mut(self.colours * stride) {
            for low in 0..stride {
                let mut sum = [R::zero(); ROWS];
                for state in block[low..].iter().step_by(stride) {
                    for (sum, &value) in sum.iter_mut().zip(state) {
                        *sum += value;
                    }
                }
                // The colour of the site before it in its row, where that site is a digit.
                let beside = low / (stride / self.colours).max(1);
                for (state, colour) in block[low..].iter_mut().step_by(stride).zip(0..) {
                    let of_field = field[usize::from(colour == 0)];
                    let of_left = bond[usize::from(beside == colour as usize)];
                    let factor = if j == 0 { of_field } else { of_field * of_left };
                    for (value, &sum) in state.iter_mut().zip(&sum) {
                        *value = (bond[0] * sum + surplus * *value) * factor;
                    }
                    for border in [&left, &right].into_iter().flatten() {
                        times_bonds(state, bond, border, colour);
                    }
                }
            }
        }
    }

    /// Sums `states` over all digits from the last one on, each with its bond to a colour below it.
    #[inline(always)]
    fn sum_partially(&mut self, below: &[Colours]) {
        let bits = self.layers.bits;
        for digit in (0..bits).rev() {
            let size = self.colours.pow(digit as u32);
            let from = if digit + 1 == bits { None } else { Some(self.first_partial(digit + 1)) };
            let to = self.first_partial(digit);
            for low in 0..size {
                let mut sum = [R::zero(); ROWS];
                for colour in 0..self.colours {
                    let at = low + colour * size;
                    let mut term = match from {
                        None => self.states[at],
                        Some(first) => self.partial_sums[first + at],
                    };
                    times_bonds(&mut term, self.bond, &below[digit], colour as i8);
                    for (sum, term) in sum.iter_mut().zip(term) {
                        *sum += term;
                    }
                }
                self.partial_sums[to + low] = sum;
            }
        }
    }

    /// The first sum over all digits from one on: those of few digits come first.
    fn first_partial(&self, digit: usize) -> usize {
        (0..digit as u32).map(|digit| self.colours.pow(digit)).sum()
    }

    /// Draws a row from its partial sums. `below` holds the row below before, and this row after.
    #[inline(always)]
    fn draw_row(&self, below: &mut [Colours], uniform: impl Fn(usize, usize) -> R) {
        let bits = self.layers.bits;
        for lane in 0..ROWS {
            let mut chosen = 0;
            for (digit, below) in below.iter_mut().enumerate() {
                let stride = self.colours.pow(digit as u32);
                let term = |colour: usize| {
                    let at = chosen + colour * stride;
                    let sum = match digit + 1 == bits {
                        true => self.states[at][lane],
                        false => self.partial_sums[self.first_partial(digit + 1) + at][lane],
                    };
                    sum * self.bond[usize::from(colour == below[lane] as usize)]
                };
                let total: R = (0..self.colours).map(term).sum();
                let number = uniform(lane, digit) * total;
                let (mut colour, mut sum) = (0, term(0));
                while colour + 1 < self.colours && number >= sum {
                    colour += 1;
                    sum += term(colour);
                }
                chosen += colour * stride;
                below[lane] = colour as i8;
            }
        }
    }

    /// Colours of the border below the box.
    fn border_below(&self) -> Vec<Colours> {
        self.faces.below.iter().map(|&site| self.border[site as usize]).collect()
    }
}

/// Times the factors of bonds between a colour and given ones.
#[inline(always)]
fn times_bonds<R: Real>(values: &mut Lane<R>, bond: [R; 2], given: &Colours, colour: i8) {
    for (value, &given) in values.iter_mut().zip(given) {
        *value = *value * if given == colour { bond[1] } else { bond[0] };
    }
}
