//! Sum over the interior of a square by a transfer over its sites, for [`ROWS`] configurations at a time.
//!
//! A state is a row of `width` spins, bit j for column j; site (i, j) replaces bit j of the row above by its own spin.
//! The first row starts from the border above it. States are rescaled by powers of two after every row.

use super::rows::Rows;
use super::tile::{Lane, Lanes, lanes};
use super::{LANES, Real};
use crate::conditional::SquareFactors;
use crate::hierarchy::Level;
use crate::random::spread;

/// Configurations that go together.
pub(crate) const ROWS: usize = LANES;

/// Work space for one square after another.
#[derive(Debug)]
pub(crate) struct ExactSquare<R> {
    width: usize,
    /// Factors: see [`SquareFactors`].
    bond: [R; 2],
    bond_pair: [R; 3],
    field: [R; 2],
    /// What every sum starts from, in [1, 2]: from 1, all squares with the same border would be rounded alike.
    starts: Lane<R>,
    /// `[4][width]`: top, right, bottom, left, +-1.
    border: Lanes<R>,
    /// `[2^width]`: sums over all rows so far that end in a state.
    states: Lanes<R>,
    /// `[width][2^width]`: `states` after every row, for drawing.
    rows: Lanes<R>,
    /// `[2^width]`: heap of partial sums over the highest bits; `[2^k + low]` is summed over all bits from k on.
    partial_sums: Lanes<R>,
}

impl<R: Real> ExactSquare<R> {
    pub(crate) fn new(width: usize) -> Self {
        let zeros = |count: usize| lanes(count, R::zero());
        Self {
            width,
            bond: [R::one(); 2],
            bond_pair: [R::one(); 3],
            field: [R::one(); 2],
            starts: [R::one(); ROWS],
            border: zeros(4 * width),
            states: zeros(1 << width),
            rows: zeros(0),
            partial_sums: zeros(1 << width),
        }
    }

    /// Takes the factors of a temperature.
    pub(crate) fn set_factors(&mut self, factors: &SquareFactors) {
        self.bond = factors.bond.map(R::of);
        self.bond_pair = factors.bond_pair.map(R::of);
        self.field = factors.field.map(R::of);
    }

    /// Reads the borders of rows; `first_configuration` is the number of the batch's first.
    pub(crate) fn load_border(&mut self, level: &Level, spins: &[i8], rows: Rows, first_configuration: u32) {
        let (blocks, configurations) = (rows.blocks(), rows.configurations());
        self.starts = std::array::from_fn(|lane| {
            let configuration = first_configuration.wrapping_add(configurations[lane]);
            R::of(f64::from(1.0 + spread(blocks[lane], configuration)))
        });
        for (local, lanes) in self.border.iter_mut().enumerate() {
            *lanes = rows.spins(level, spins, local);
        }
    }

    /// Logarithm of the scaled sum over the interior; with `keep`, what [`ExactSquare::draw_row`] needs is kept.
    #[inline(always)]
    pub(crate) fn ln_sum(&mut self, keep: bool) -> [f64; ROWS] {
        let states = 1 << self.width;
        if keep {
            self.rows.resize(self.width * states, [R::zero(); ROWS]);
        }
        self.start();
        let mut exponents = [R::zero(); ROWS];
        for i in 0..self.width {
            for j in 0..self.width {
                self.site(i, j);
            }
            self.rescale(&mut exponents);
            if keep {
                self.rows[i * states..][..states].copy_from_slice(&self.states);
            }
        }
        let border = std::mem::replace(&mut self.border, lanes(0, R::zero()));
        self.sum_partially(&border[2 * self.width..3 * self.width]);
        self.border = border;
        let total = self.total();
        // In f64: it is large, and what it is compared with cancels most of it.
        let ln = |lane: usize| {
            let sum = total[lane].widen() / self.starts[lane].widen();
            sum.ln() + exponents[lane].widen() * std::f64::consts::LN_2
        };
        std::array::from_fn(ln)
    }

    /// The border above as the only state.
    #[inline(always)]
    fn start(&mut self) {
        self.states.fill([R::zero(); ROWS]);
        for lane in 0..ROWS {
            let bit = |j: usize| usize::from(self.border[j][lane] > R::zero()) << j;
            let state: usize = (0..self.width).map(bit).sum();
            self.states[state][lane] = self.starts[lane];
        }
    }

    /// Sums over the spin above site (i, j) and adds its own, with its bond to the left and, at the end, to the right.
    #[inline(always)]
    fn site(&mut self, i: usize, j: usize) {
        let (width, bit) = (self.width, 1 << j);
        if j == 0 {
            let left = self.border[3 * width + i];
            let [when_down, when_up] = [0, 1].map(|left| self.factors(left));
            let factors: [[Lane<R>; 2]; 2] = std::array::from_fn(|spin| {
                std::array::from_fn(|above| {
                    let choose = |left| if left > R::zero() { when_up } else { when_down }[spin][above];
                    left.map(choose)
                })
            });
            for pair in self.states.chunks_exact_mut(2) {
                let (down, up) = pair.split_at_mut(1);
                mix_by_lane(&mut down[0], &mut up[0], &factors, self.field);
            }
        } else {
            let factors = [0, 1].map(|left| self.factors(left));
            // Every block of states holds those with the bit clear, then those with it set.
            for block in self.states.chunks_exact_mut(2 * bit) {
                let (down, up) = block.split_at_mut(bit);
                for (low, (down, up)) in down.iter_mut().zip(up).enumerate() {
                    mix(down, up, factors[low >> (j - 1) & 1], self.field);
                }
            }
        }
        if j == width - 1 {
            self.multiply(bit, self.bonds(&self.border[width + i]));
        }
    }

    /// Factors of a new spin by its value and that of the one above it, for a left neighbour.
    #[inline(always)]
    fn factors(&self, left: usize) -> [[R; 2]; 2] {
        let equal = |spin, above| usize::from(above == spin) + usize::from(left == spin);
        [0, 1].map(|spin| [0, 1].map(|above| self.bond_pair[equal(spin, above)]))
    }

    /// Multiplies states that have a bit clear, and those that have it set.
    #[inline(always)]
    fn multiply(&mut self, bit: usize, factors: [Lane<R>; 2]) {
        for block in self.states.chunks_exact_mut(2 * bit) {
            let (down, up) = block.split_at_mut(bit);
            for (states, factors) in [down, up].into_iter().zip(&factors) {
                for state in states {
                    for (value, &factor) in state.iter_mut().zip(factors) {
                        *value = *value * factor;
                    }
                }
            }
        }
    }

    /// Divides by a power of two near the largest state and adds its exponent.
    #[inline(always)]
    fn rescale(&mut self, exponents: &mut Lane<R>) {
        let mut largest = [R::zero(); ROWS];
        for values in self.states.iter() {
            for (largest, &value) in largest.iter_mut().zip(values) {
                *largest = if value > *largest { value } else { *largest };
            }
        }
        let mut scales = [R::one(); ROWS];
        for ((scale, exponent), largest) in scales.iter_mut().zip(exponents).zip(largest) {
            let [power, inverse] = largest.power_of_two();
            *scale = inverse;
            *exponent += power;
        }
        for values in self.states.iter_mut() {
            for (value, &scale) in values.iter_mut().zip(&scales) {
                *value = *value * scale;
            }
        }
    }

    /// Fills the heap of partial sums of `states`, every bit weighted with its bond to the spin below.
    #[inline(always)]
    fn sum_partially(&mut self, below: &[Lane<R>]) {
        for bit in (0..self.width).rev() {
            let weights = self.bonds(&below[bit]);
            let size = 1 << bit;
            for low in 0..size {
                let above = |state: usize| match bit + 1 == self.width {
                    true => &self.states[state],
                    false => &self.partial_sums[2 * size + state],
                };
                let (down, up) = (above(low), above(low | size));
                let sum =
                    std::array::from_fn(|lane| down[lane] * weights[0][lane] + up[lane] * weights[1][lane]);
                self.partial_sums[size + low] = sum;
            }
        }
    }

    /// Factors of bonds between -1, or +1, and given spins.
    #[inline(always)]
    fn bonds(&self, spins: &Lane<R>) -> [Lane<R>; 2] {
        let [different, same] = self.bond;
        let choose = |if_up, if_down| spins.map(|spin| if spin > R::zero() { if_up } else { if_down });
        [choose(different, same), choose(same, different)]
    }

    fn total(&self) -> Lane<R> {
        self.partial_sums[1]
    }

    /// Draws row `i`, the spins of the row below it being given; rows are drawn from the last to the first.
    ///
    /// `uniform(lane, j)` is the random number of column j. `below` holds the row below before, and this row after.
    #[inline(always)]
    pub(crate) fn draw_row(&mut self, i: usize, below: &mut [Lane<R>], uniform: impl Fn(usize, usize) -> R) {
        let states = 1 << self.width;
        let row = &self.rows[i * states..][..states];
        self.states.copy_from_slice(row);
        self.sum_partially(below);
        for lane in 0..ROWS {
            let mut chosen = 0;
            for (bit, below) in below.iter_mut().enumerate() {
                let size = 2 << bit;
                let sum = |state: usize| match bit + 1 == self.width {
                    true => self.states[state][lane],
                    false => self.partial_sums[size + state][lane],
                };
                let bond = |spin: usize| self.bond[usize::from(below[lane] == sign(spin))];
                let down = sum(chosen) * bond(0);
                let up = sum(chosen | 1 << bit) * bond(1);
                let spin = usize::from(uniform(lane, bit) * (down + up) < up);
                chosen |= spin << bit;
                below[lane] = sign(spin);
            }
        }
    }

    /// Spins of the border below the square.
    pub(crate) fn border_below(&self) -> Vec<Lane<R>> {
        self.border[2 * self.width..3 * self.width].to_vec()
    }
}

/// Sums over the spin above, for both values of the new one: `factors[spin][above]`.
#[inline(always)]
fn mix<R: Real>(down: &mut Lane<R>, up: &mut Lane<R>, factors: [[R; 2]; 2], field: [R; 2]) {
    for (down, up) in down.iter_mut().zip(up) {
        let (above_down, above_up) = (*down, *up);
        *down = (above_down * factors[0][0] + above_up * factors[0][1]) * field[0];
        *up = (above_down * factors[1][0] + above_up * factors[1][1]) * field[1];
    }
}

/// As [`mix`], with factors of its own for every lane.
#[inline(always)]
fn mix_by_lane<R: Real>(down: &mut Lane<R>, up: &mut Lane<R>, factors: &[[Lane<R>; 2]; 2], field: [R; 2]) {
    for (lane, (down, up)) in down.iter_mut().zip(up).enumerate() {
        let (above_down, above_up) = (*down, *up);
        *down = (above_down * factors[0][0][lane] + above_up * factors[0][1][lane]) * field[0];
        *up = (above_down * factors[1][0][lane] + above_up * factors[1][1][lane]) * field[1];
    }
}

/// Spin of a bit.
#[inline(always)]
fn sign<R: Real>(bit: usize) -> R {
    if bit == 1 { R::one() } else { -R::one() }
}

/// ln q of a square's own spins: the logarithm of their scaled Boltzmann factor less that of the sum.
///
/// `sums` are the owned bond sum and spin sum: integers, so that nothing large cancels.
pub(crate) fn ln_probability(factors: &SquareFactors, [bonds, field]: [f64; 2], sums: [i32; 2]) -> f64 {
    // beta J sum_<ij> s s' - |beta J| bonds, and likewise for the field.
    bonds * f64::from(sums[0]) + field * f64::from(sums[1]) - factors.scale
}
