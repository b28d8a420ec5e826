//! The spins of a row of a box, each given those before it and the environment below.

use super::environment::{Bonds, Tensors, to_border};
use super::factors::{BoxFactors, between};
use crate::hierarchy::Layers;
use crate::sixteen::{LANES, Lanes};

/// The least probability of a spin, where an environment that lost small weights gives none.
const LEAST: f64 = 1e-9;

/// All that a row's spins depend on, beside the environment below.
pub(super) struct Line<'a> {
    /// `[columns]`: bonds to the spins above, and to the left.
    vertical: &'a [[f64; 2]],
    horizontal: &'a [[f64; 2]],
    weights: &'a [[Lanes<f64>; 2]],
    /// `[columns]`: the spins above.
    upper: &'a [Lanes<f64>],
}

impl<'a> Line<'a> {
    pub(super) fn new(
        factors: &'a BoxFactors,
        layers: Layers,
        row: usize,
        weights: &'a [[Lanes<f64>; 2]],
        upper: &'a [Lanes<f64>],
    ) -> Self {
        let columns = layers.bits;
        let vertical = &factors.vertical[row * columns..][..columns];
        let horizontal = &factors.horizontal[row * (columns + 1)..][..columns];
        Self { vertical, horizontal, weights, upper }
    }

    /// Puts spins, +-1, where random numbers were, or takes the spins that are there; ln q of them.
    #[inline(always)]
    pub(super) fn walk(
        &self,
        bonds: &Bonds,
        tensors: &Tensors,
        rights: &mut [Vec<Lanes<f64>>],
        line: &mut [Lanes<f64>],
        is_drawn: bool,
    ) -> Lanes<f64> {
        let columns = self.vertical.len();
        self.sum_from_the_right(bonds, tensors, rights);
        let mut ln_q = Lanes::zero();
        let mut left = vec![Lanes::all(1.0)];
        for site in 0..columns {
            let (matrices, [rows, next]) = bonds.matrices(tensors, site);
            let right = &rights[site + 1];
            let moved = matrices.map(|matrix| {
                let mut moved = vec![Lanes::zero(); next];
                for row in 0..rows {
                    for (moved, &entry) in moved.iter_mut().zip(&matrix[row * next..]) {
                        *moved = moved.plus_product(left[row], entry);
                    }
                }
                moved
            });
            let before = if site == 0 { Lanes::zero() } else { line[site - 1] };
            let mut shares = [0, 1].map(|spin| {
                let mut sum = Lanes::zero();
                for (&left, &right) in moved[spin].iter().zip(&right[spin * next..]) {
                    sum = sum.plus_product(left, right);
                }
                let own =
                    self.weights[site][spin].times(to_border(self.vertical[site], spin, self.upper[site]));
                let own = own.times(sum);
                if site == 0 { own } else { own.times(to_border(self.horizontal[site], spin, before)) }
            });
            let ups = up_shares(&mut shares);
            let mut factor = Lanes::zero();
            let mut is_up = [false; LANES];
            for lane in 0..LANES {
                is_up[lane] = if is_drawn { line[site][lane] < ups[lane] } else { line[site][lane] > 0.0 };
                line[site][lane] = if is_up[lane] { 1.0 } else { -1.0 };
                let share = if is_up[lane] { ups[lane] } else { 1.0 - ups[lane] };
                ln_q[lane] += share.ln();
                let weight: f64 =
                    (0..next).map(|state| moved[usize::from(is_up[lane])][state][lane].abs()).sum();
                factor[lane] = if weight > 0.0 { 1.0 / weight } else { 1.0 };
            }
            left = moved[0].clone();
            for (state, left) in left.iter_mut().enumerate() {
                for lane in 0..LANES {
                    left[lane] = moved[usize::from(is_up[lane])][state][lane] * factor[lane];
                }
            }
        }
        ln_q
    }

    /// `[bond][spin of the site right of it][states]`: sums over the sites right of a bond, by the spin left of it.
    #[inline(always)]
    fn sum_from_the_right(&self, bonds: &Bonds, tensors: &Tensors, rights: &mut [Vec<Lanes<f64>>]) {
        let columns = self.vertical.len();
        rights[columns].fill(Lanes::all(1.0));
        for site in (1..columns).rev() {
            let (matrices, [rows, next]) = bonds.matrices(tensors, site);
            let (into, beyond) = rights.split_at_mut(site + 1);
            let (into, beyond) = (&mut into[site], &beyond[0]);
            into.fill(Lanes::zero());
            for (spin, matrix) in matrices.into_iter().enumerate() {
                let own =
                    self.weights[site][spin].times(to_border(self.vertical[site], spin, self.upper[site]));
                let sides = [0, 1].map(|left| between(self.horizontal[site], left, spin));
                for row in 0..rows {
                    let mut sum = Lanes::zero();
                    for (&entry, &beyond) in matrix[row * next..][..next].iter().zip(&beyond[spin * next..]) {
                        sum = sum.plus_product(entry, beyond);
                    }
                    let sum = sum.times(own);
                    for (left, side) in sides.into_iter().enumerate() {
                        into[left * rows + row] = into[left * rows + row].plus_scaled(side, sum);
                    }
                }
            }
            normalise(into);
        }
    }
}

/// Divides by the largest size.
#[inline(always)]
fn normalise(values: &mut [Lanes<f64>]) {
    let mut largest = Lanes::zero();
    for value in values.iter() {
        largest = largest.with(*value, |largest, value| f64::max(largest, value.abs()));
    }
    for value in values {
        *value = value.with(largest, |value, largest| if largest > 0.0 { value / largest } else { value });
    }
}

/// The probability of a spin up, of the weights of both spins: weights below zero, which only an environment that lost small ones has, count as nearly none.
#[inline(always)]
fn up_shares(shares: &mut [Lanes<f64>; 2]) -> Lanes<f64> {
    shares[0].with(shares[1], |down, up| {
        let [down, up] = [down.max(0.0), up.max(0.0)];
        let share = up / (down + up);
        if share.is_nan() { 0.5 } else { share.clamp(LEAST, 1.0 - LEAST) }
    })
}
