//! The machine itself: its units, its parameters, and the free energy of a configuration.

use crate::cpu::Real;
use crate::error::{Error, Result};
use crate::lattice::{Lattice, Spins};
use crate::random::{Stream, normal};

/// Most hidden units.
const MAX_HIDDEN: usize = 100_000;
/// Most weights: 4 GiB of f32.
const MAX_WEIGHTS: usize = 1 << 30;
/// Spread of weights at the start.
const SPREAD: f32 = 0.01;

/// A restricted Boltzmann machine over the spins of a lattice: `p(v, h) ~ exp(b v + c h + v W h)` for visible numbers v and hidden units h, 0 or 1 each
/// (P. Smolensky, 1986; G. E. Hinton, Neural Comput. 14, 1771, 2002).
///
/// An Ising spin is one visible number, 1 for spin up. A Potts spin of q colours is q of them, of which that of its colour is 1 (R. Salakhutdinov,
/// A. Mnih and G. Hinton, ICML 2007).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// The sites.
    pub lattice: Lattice,
    /// The spins of the sites.
    pub spins: Spins,
    /// Number of hidden units.
    pub hidden: usize,
}

/// Parameters of a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// W, `[visible][hidden]`.
    pub weights: Vec<f32>,
    /// b, `[visible]`.
    pub visible: Vec<f32>,
    /// c, `[hidden]`.
    pub hidden: Vec<f32>,
}

impl Machine {
    /// A machine with a number of hidden units.
    ///
    /// # Errors
    /// When there are none, more than 100,000, or more than 2^30 weights.
    pub fn new(lattice: Lattice, spins: Spins, hidden: usize) -> Result<Self> {
        let machine = Self { lattice, spins, hidden };
        if !(1..=MAX_HIDDEN).contains(&hidden) {
            return Err(Error::setting("hidden", hidden, format!("it must lie in 1 to {MAX_HIDDEN}")));
        }
        if machine.visible() * hidden > MAX_WEIGHTS {
            let most = MAX_WEIGHTS / machine.visible();
            return Err(Error::setting(
                "hidden",
                hidden,
                format!("with {lattice}{spins} it must be at most {most}"),
            ));
        }
        Ok(machine)
    }

    /// Visible numbers.
    pub fn visible(&self) -> usize {
        self.lattice.sites() * self.spins.numbers()
    }

    /// The visible number that is 1 for a spin at a site, if there is one: spins down have none.
    pub(super) fn number(&self, site: usize, spin: i8) -> Option<usize> {
        match self.spins {
            Spins::Ising => (spin > 0).then_some(site),
            Spins::Potts { states } => Some(site * usize::from(states) + spin as usize),
        }
    }

    /// Visible numbers of configurations `[count][sites]`, `[count][visible]`, as real numbers.
    pub(super) fn numbers(&self, spins: &[i8]) -> Vec<f32> {
        let (sites, visible) = (self.lattice.sites(), self.visible());
        let mut numbers = vec![0.0; spins.len() / sites * visible];
        for (row, spins) in numbers.chunks_exact_mut(visible).zip(spins.chunks_exact(sites)) {
            for (site, &spin) in spins.iter().enumerate() {
                if let Some(number) = self.number(site, spin) {
                    row[number] = 1.0;
                }
            }
        }
        numbers
    }

    /// Parameters to start from, a pure function of the seed: normal weights of spread 0.01, biases of visible numbers from their means in the data, as Hinton advises
    /// (A practical guide to training restricted Boltzmann machines, 2010), and none of hidden units.
    pub fn initial(&self, seed: u32, means: &[f64]) -> Parameters {
        let mut stream = Stream::new(seed, 0);
        Parameters {
            weights: (0..self.visible() * self.hidden).map(|_| SPREAD * normal(&mut stream) as f32).collect(),
            visible: means.iter().map(|&mean| self.bias(mean) as f32).collect(),
            hidden: vec![0.0; self.hidden],
        }
    }

    /// The bias with which a visible number has a mean without hidden units, up to one for all colours.
    fn bias(&self, mean: f64) -> f64 {
        match self.spins {
            Spins::Ising => (mean / (1.0 - mean)).ln(),
            Spins::Potts { .. } => mean.ln(),
        }
    }
}

impl Parameters {
    /// Every parameter is finite.
    pub fn are_finite(&self) -> bool {
        [&self.weights, &self.visible, &self.hidden].into_iter().flatten().all(|value| value.is_finite())
    }

    /// `c + v W` of one configuration, `[hidden]`.
    pub(super) fn fields(&self, machine: &Machine, spins: &[i8]) -> Vec<f64> {
        let mut fields: Vec<f64> = self.hidden.iter().map(|&bias| f64::from(bias)).collect();
        for (site, &spin) in spins.iter().enumerate() {
            if let Some(number) = machine.number(site, spin) {
                let weights = &self.weights[number * machine.hidden..][..machine.hidden];
                fields.iter_mut().zip(weights).for_each(|(field, &weight)| *field += f64::from(weight));
            }
        }
        fields
    }

    /// `ln p(v) + ln Z`, the negative free energy of a configuration: `b v + sum ln(1 + exp(c + v W))`.
    pub fn ln_weight(&self, machine: &Machine, spins: &[i8]) -> f64 {
        let of_hidden: f64 = self.fields(machine, spins).into_iter().map(Real::softplus).sum();
        let numbers = spins.iter().enumerate().filter_map(|(site, &spin)| machine.number(site, spin));
        numbers.map(|number| f64::from(self.visible[number])).sum::<f64>() + of_hidden
    }
}
