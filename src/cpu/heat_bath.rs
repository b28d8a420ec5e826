//! Single spins whose neighbours are all fixed: what their kernels share.

use super::Real;
use super::owned_sums::{neighbour_colours, neighbour_sum};
use super::real::Around;
use crate::conditional::{NEIGHBOUR_SUMS, by_neighbours};
use crate::hierarchy::Level;
use crate::lattice::{MAX_STATES, System};

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

/// Boltzmann factors of the colours of single Potts spins whose neighbours are all fixed: `exp(beta J n_c + beta H [c = 0])`, where `n_c` neighbours have colour c; their
/// weights, where bonds and sites have their own.
pub(crate) struct ColourFields<'a> {
    geometry: &'a Level,
    states: usize,
    /// beta J and beta H.
    of_bond: f64,
    of_field: f64,
    /// By how many neighbours have the colour, where bonds are alike.
    of_neighbours: [f64; NEIGHBOUR_SUMS],
}

/// Factors of colours, and their sum.
pub(crate) struct ColourWeights {
    factors: [f64; MAX_STATES as usize],
    states: usize,
    sum: f64,
}

impl<'a> ColourFields<'a> {
    pub(crate) fn new(system: &System, geometry: &'a Level, beta: f64) -> Self {
        let [of_bond, of_field] =
            [system.interaction.coupling, system.interaction.field].map(|unit| beta * unit);
        Self {
            geometry,
            states: system.spins.states(),
            of_bond,
            of_field,
            of_neighbours: std::array::from_fn(|count| (of_bond * count as f64).exp()),
        }
    }

    /// Of a block's spin in a configuration of a batch.
    pub(crate) fn weights(&self, spins: &[i8], batch: usize, block: usize, row: usize) -> ColourWeights {
        let mut sums = [0; MAX_STATES as usize];
        for (colour, weight) in neighbour_colours(self.geometry, spins, batch, block, row) {
            sums[colour as usize] += weight;
        }
        let mut factors = match self.geometry.is_weighted() {
            true => sums.map(|sum| (self.of_bond * f64::from(sum)).exp()),
            false => sums.map(|count| self.of_neighbours[count as usize]),
        };
        factors[0] *= (self.of_field * f64::from(self.geometry.site_weight(block, 0))).exp();
        ColourWeights { factors, states: self.states, sum: factors[..self.states].iter().sum() }
    }
}

impl ColourWeights {
    /// ln of the sum over all colours.
    pub(crate) fn ln_sum(&self) -> f64 {
        self.sum.ln()
    }

    /// ln of the probability of a colour.
    pub(crate) fn ln_probability(&self, colour: i8) -> f64 {
        (self.factors[colour as usize] / self.sum).ln()
    }

    /// The colour at which the sum of probabilities from colour 0 on passes a number in [0, 1).
    pub(crate) fn draw(&self, number: f64) -> i8 {
        let (mut colour, mut sum) = (0, self.factors[0]);
        while colour + 1 < self.states && number * self.sum >= sum {
            colour += 1;
            sum += self.factors[colour];
        }
        colour as i8
    }
}
