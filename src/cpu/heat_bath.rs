//! Single spins whose neighbours are all fixed: what their kernels share.

use super::Real;
use super::owned_sums::neighbour_sum;
use super::real::Around;
use crate::conditional::{NEIGHBOUR_SUMS, by_neighbours};
use crate::hierarchy::Level;
use crate::lattice::System;

/// `beta h` of the spins of a level, h being J times the sum of the neighbours plus H.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) system: &'a System,
    pub(crate) geometry: &'a Level,
    pub(crate) beta: f64,
}

impl Fields<'_> {
    /// Sum of the neighbours of a block's spin in a configuration of a batch.
    pub(crate) fn sum(&self, spins: &[i8], batch: usize, block: usize, row: usize) -> i32 {
        neighbour_sum(self.geometry, spins, batch, block, row)
    }

    /// `beta h` by that sum.
    pub(crate) fn of(&self, block: usize, sum: i32) -> f64 {
        self.beta * self.system.interaction.local_field(sum, self.geometry.site_weight(block, 0))
    }

    /// A function of `beta h`, rounded to multiples of `quantum` or to either side.
    pub(crate) fn table<R: Real>(
        self,
        quantum: f64,
        function: impl Fn(f64) -> f64,
    ) -> impl Fn(usize, i32) -> Around<R> {
        // Few sums over the neighbours occur where all bonds are alike, so what depends on them is computed once.
        let known: Option<[Around<R>; NEIGHBOUR_SUMS]> = (!self.geometry.is_weighted())
            .then(|| by_neighbours(self.system, |sum| R::around(function(self.of(0, sum)), quantum)));
        move |block, sum| match &known {
            Some(known) => known[(sum + self.geometry.border as i32) as usize / 2],
            None => R::around(function(self.of(block, sum)), quantum),
        }
    }
}
