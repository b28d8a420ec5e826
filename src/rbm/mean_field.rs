//! The machine without chance: means of hidden units given means of visible numbers, and back.

use super::exact::ln_of_sum;
use super::machine::{Machine, Parameters};
use crate::cpu::Real;
use crate::cpu::product::{View, add_product};
use crate::lattice::Spins;
use rayon::prelude::*;

/// Configurations that are worked on together.
const ROWS: usize = 128;

/// A machine as a map of real numbers.
#[derive(Debug, Clone)]
pub struct MeanField {
    machine: Machine,
    parameters: Parameters,
}

impl MeanField {
    /// The map of a machine.
    pub fn new(machine: Machine, parameters: &Parameters) -> Self {
        Self { machine, parameters: parameters.clone() }
    }

    /// Visible numbers of configurations, `[count][visible]`.
    pub fn numbers(&self, spins: &[i8]) -> Vec<f32> {
        let (sites, visible) = (self.machine.lattice.sites(), self.machine.visible());
        let mut numbers = vec![0.0; spins.len() / sites * visible];
        for (row, spins) in numbers.chunks_exact_mut(visible).zip(spins.chunks_exact(sites)) {
            for (site, &spin) in spins.iter().enumerate() {
                if let Some(number) = self.machine.number(site, spin) {
                    row[number] = 1.0;
                }
            }
        }
        numbers
    }

    /// One reconstruction of means of visible numbers, `[count][visible]`: `h = sigma(c + v W)`, `v = sigma(b + W h)`, of Potts spins a softmax over the colours of a site.
    pub fn reconstruct(&self, means: &mut [f32]) {
        means.par_chunks_mut(ROWS * self.machine.visible()).for_each(|means| self.reconstruct_rows(means));
    }

    fn reconstruct_rows(&self, means: &mut [f32]) {
        let Machine { hidden, spins, .. } = self.machine;
        let visible = self.machine.visible();
        let rows = means.len() / visible;
        let weights = || View::of_rows(&self.parameters.weights[..], visible, hidden);
        let mut units = self.parameters.hidden.repeat(rows);
        add_product(
            View::of_rows(&mut units[..], rows, hidden),
            View::of_rows(&*means, rows, visible),
            weights(),
        );
        units.iter_mut().for_each(|unit| *unit = unit.sigmoid());
        means.chunks_exact_mut(visible).for_each(|row| row.copy_from_slice(&self.parameters.visible));
        add_product(
            View::of_rows(&mut *means, rows, visible),
            View::of_rows(&units[..], rows, hidden),
            weights().transposed(),
        );
        match spins {
            Spins::Ising => means.iter_mut().for_each(|mean| *mean = mean.sigmoid()),
            Spins::Potts { states } => means.chunks_exact_mut(states.into()).for_each(softmax),
        }
    }
}

/// Probabilities of the colours of a site.
fn softmax(fields: &mut [f32]) {
    let sum = ln_of_sum(fields.iter().map(|&field| f64::from(field)));
    fields.iter_mut().for_each(|field| *field = (f64::from(*field) - sum).exp() as f32);
}
