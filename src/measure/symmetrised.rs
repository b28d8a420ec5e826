//! Samples of a network averaged over symmetries: q_G(s) = mean over g of q(g s), sampled by drawing s from q and moving it
//! by a random g. Still a normalised distribution, closer to p or as close: a mean of equally good ones.

use super::Settings;
use crate::backend::Backend;
use crate::conditional::Model;
use crate::error::Result;
use crate::lattice::{Lattice, Observables, Spins, Symmetry};
use crate::random::philox;
use crate::sample::evaluate;
use crate::schedule::{self, Inputs, Kernel};

/// Keeps the choice of g apart from all other random numbers of a seed.
const SALT: u32 = 0x9209;

/// Draws from q_G.
pub(super) struct Symmetrised {
    elements: Vec<Symmetry>,
    inputs: Inputs,
    sampling: Vec<Kernel>,
}

impl Symmetrised {
    pub(super) fn new(model: &Model, elements: Vec<Symmetry>, settings: &Settings) -> Self {
        let mut sampling = schedule::sampling(model, true);
        match model.system.spins {
            Spins::Ising => sampling.push(Kernel::Observables),
            // Colours are counted by the host.
            Spins::Potts { .. } => {}
        }
        Self {
            elements,
            inputs: Inputs { seed: settings.seed, beta: settings.beta, ..Inputs::SAMPLING },
            sampling,
        }
    }

    pub(super) fn images(&self) -> usize {
        self.elements.len()
    }

    /// Log weights against q_G and observables of a batch. Of the random g only its reversal of spins, or its exchange of colours, is carried out: all
    /// elements of an orbit have the same weight, and nothing else that is measured changes under the group.
    pub(super) fn draw(&mut self, backend: &mut dyn Backend, first: u32) -> Result<(Vec<f64>, Observables)> {
        backend.run(&self.sampling, &Inputs { first_configuration: first, ..self.inputs })?;
        let spins = backend.read_spins()?;
        let mut observables = match backend.model().system.spins {
            Spins::Ising => backend.read_observables()?,
            Spins::Potts { states } => self.counted(backend.model().system.lattice, states, &spins, first),
        };
        let system = &backend.model().system;
        if system.spins != Spins::Ising || !system.is_homogeneous() {
            let energies = spins.chunks(system.lattice.sites()).map(|spins| system.energy(spins)).collect();
            observables = observables.with_energies(energies);
        }
        let (interaction, beta) = (system.interaction, self.inputs.beta);
        let ln_q = symmetrised_ln_q(backend, &self.elements, beta, &spins, |_| ())?;
        let ln_w = ln_q
            .iter()
            .enumerate()
            .map(|(row, ln_q)| -beta * observables.energy(interaction, row) - ln_q)
            .collect();
        let reverses = self.elements.iter().any(|element| element.flipped);
        for row in (0..backend.batch()).filter(|_| reverses) {
            if self.word(first + row as u32) & 1 == 1 {
                observables.flip(row);
            }
        }
        Ok((ln_w, observables))
    }

    /// Colours of configurations, each exchanged as its random g does.
    fn counted(&self, lattice: Lattice, states: u8, spins: &[i8], first: u32) -> Observables {
        let mut images: Vec<Vec<i8>> = spins.chunks(lattice.sites()).map(<[i8]>::to_vec).collect();
        for (image, configuration) in images.iter_mut().zip(first..) {
            let element = self.elements[self.word(configuration) as usize % self.elements.len()];
            if let Some(colours) = element.colours {
                colours.apply(image);
            }
        }
        let images: Vec<&[i8]> = images.iter().map(Vec::as_slice).collect();
        Observables::of_colours(lattice, states, &images)
    }

    /// What decides the random g of a configuration.
    fn word(&self, configuration: u32) -> u32 {
        philox([self.inputs.seed, SALT], [configuration, 0, 0, 0])[0]
    }
}

/// ln q_G of configurations, `[count][sites]`, +-1 or colours: of the mean of q over their images under `elements`. `progress` is told how many
/// images of the whole set are done.
///
/// # Errors
/// When the device fails.
///
/// # Panics
/// When there are no elements.
pub fn symmetrised_ln_q(
    backend: &mut dyn Backend,
    elements: &[Symmetry],
    beta: f64,
    spins: &[i8],
    mut progress: impl FnMut(usize),
) -> Result<Vec<f64>> {
    assert!(!elements.is_empty(), "no symmetries");
    let lattice = backend.model().system.lattice;
    let mut images = vec![0; spins.len()];
    // ln of the sum over images so far.
    let mut total = vec![f64::NEG_INFINITY; spins.len() / lattice.sites()];
    for (done, element) in elements.iter().enumerate() {
        for (from, image) in spins.chunks(lattice.sites()).zip(images.chunks_mut(lattice.sites())) {
            element.apply(lattice, from, image);
        }
        let ln_q = evaluate(backend, beta, &images, |_| ())?;
        for (total, ln_q) in total.iter_mut().zip(ln_q) {
            let (small, large) = if *total < ln_q { (*total, ln_q) } else { (ln_q, *total) };
            *total = large + (small - large).exp().ln_1p();
        }
        progress(done + 1);
    }
    let images = (elements.len() as f64).ln();
    Ok(total.into_iter().map(|total| total - images).collect())
}
