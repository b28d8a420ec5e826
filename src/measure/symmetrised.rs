//! Samples of a network averaged over symmetries: q_G(s) = mean over g of q(g s), sampled by drawing s from q and moving it
//! by a random g. Still a normalised distribution, closer to p or as close: a mean of equally good ones.

use super::Settings;
use crate::backend::Backend;
use crate::conditional::Model;
use crate::error::Result;
use crate::lattice::{Observables, Symmetry};
use crate::sample::block_sums;
use crate::schedule::{self, Inputs, Kernel};

/// Draws from q_G.
pub(super) struct Symmetrised {
    elements: Vec<Symmetry>,
    inputs: Inputs,
    sampling: Vec<Kernel>,
}

impl Symmetrised {
    pub(super) fn new(model: &Model, elements: Vec<Symmetry>, settings: &Settings) -> Self {
        let mut sampling = schedule::sampling(model, true);
        sampling.push(Kernel::Observables);
        Self { elements, inputs: Inputs::sampling(settings.seed, 0, settings.beta, 0.0), sampling }
    }

    pub(super) fn images(&self) -> usize {
        self.elements.len()
    }

    /// Log weights against q_G and observables of a batch. The random g is left out: all elements of an orbit have the same
    /// weight, and what is measured does not change under the group (but for the sign of m, whose mean vanishes with z2).
    pub(super) fn draw(&mut self, backend: &mut dyn Backend, first: u32) -> Result<(Vec<f64>, Observables)> {
        backend.run(&self.sampling, &Inputs { first_configuration: first, ..self.inputs })?;
        let observables = backend.read_observables()?;
        let spins = backend.read_spins()?;
        let (interaction, beta) = (backend.model().interaction, self.inputs.beta);
        let ln_q = symmetrised_ln_q(backend, &self.elements, beta, &spins)?;
        let ln_w = ln_q
            .iter()
            .enumerate()
            .map(|(row, ln_q)| -beta * observables.energy(interaction, row) - ln_q)
            .collect();
        Ok((ln_w, observables))
    }
}

/// ln q_G of a full batch of configurations, `[batch][sites]`, +-1: of the mean of q over the images under `elements`.
///
/// # Errors
/// When the device fails.
///
/// # Panics
/// When there are no elements, or the number of spins is wrong.
pub fn symmetrised_ln_q(
    backend: &mut dyn Backend,
    elements: &[Symmetry],
    beta: f64,
    spins: &[i8],
) -> Result<Vec<f64>> {
    let torus = backend.model().torus;
    let evaluation = schedule::evaluation(backend.model());
    let mut images = vec![0; spins.len()];
    let mut all = Vec::new();
    for element in elements {
        for (from, image) in spins.chunks(torus.sites()).zip(images.chunks_mut(torus.sites())) {
            element.apply(torus, from, image);
        }
        backend.write_spins(&images)?;
        backend.run(&evaluation, &Inputs::sampling(0, 0, beta, 0.0))?;
        all.push(block_sums(backend)?);
    }
    let mean = |row: usize| {
        let largest = all.iter().map(|ln_q| ln_q[row]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = all.iter().map(|ln_q| (ln_q[row] - largest).exp()).sum();
        largest + (sum / all.len() as f64).ln()
    };
    Ok((0..backend.batch()).map(mean).collect())
}
