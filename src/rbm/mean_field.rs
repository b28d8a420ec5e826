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
pub struct MeanField<R> {
    machine: Machine,
    /// W, `[visible][hidden]`, b and c.
    weights: Vec<R>,
    visible: Vec<R>,
    hidden: Vec<R>,
}

impl<R: Real> MeanField<R> {
    /// The map of a machine.
    pub fn new(machine: Machine, parameters: &Parameters) -> Self {
        let of = |values: &[f32]| values.iter().map(|&value| R::of(value.into())).collect();
        let Parameters { weights, visible, hidden } = parameters;
        Self { machine, weights: of(weights), visible: of(visible), hidden: of(hidden) }
    }

    /// One reconstruction of means of visible numbers, `[count][visible]`: `h = sigma(c + v W)`, `v = sigma(b + W h)`, of Potts spins a softmax over the colours of a site.
    pub fn reconstruct(&self, means: &mut [R]) {
        means.par_chunks_mut(ROWS * self.machine.visible()).for_each(|means| self.reconstruct_rows(means));
    }

    fn reconstruct_rows(&self, means: &mut [R]) {
        let Machine { hidden, spins, .. } = self.machine;
        let visible = self.machine.visible();
        let rows = means.len() / visible;
        let weights = || View::of_rows(&self.weights[..], visible, hidden);
        let mut units = self.hidden.repeat(rows);
        add_product(
            View::of_rows(&mut units[..], rows, hidden),
            View::of_rows(&*means, rows, visible),
            weights(),
        );
        units.iter_mut().for_each(|unit| *unit = unit.sigmoid());
        means.chunks_exact_mut(visible).for_each(|row| row.copy_from_slice(&self.visible));
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
fn softmax<R: Real>(fields: &mut [R]) {
    let sum = ln_of_sum(fields.iter().map(|field| field.widen()));
    fields.iter_mut().for_each(|field| *field = R::of((field.widen() - sum).exp()));
}
