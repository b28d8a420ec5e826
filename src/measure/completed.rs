//! Figures of a network whose smaller boxes a tensor network draws.

use super::observer::Observer;
use super::{Measurement, Scalars, Settings, log_weights_of, measure_weighted};
use crate::error::Result;
use crate::lattice::Ensemble;
use crate::mps::Completed;
use std::ops::ControlFlow;

/// As [`measure`](super::measure), but for symmetries, which are not averaged over.
///
/// # Errors
/// When the device or `keep` fails.
///
/// # Panics
/// When `count` is 0.
pub fn measure_completed(
    network: &mut Completed<'_>,
    settings: &Settings,
    keep: impl FnMut(Scalars) -> Result<()>,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measurement> {
    let system = network.backend().model().system.clone();
    let batch = network.backend().batch();
    let ensemble = Ensemble { system, beta: settings.beta };
    let mut observer = Observer::new(&ensemble.system, batch);
    let of_draws = ensemble.clone();
    let draw = |first: u32| {
        let samples = network.draw_batch(settings.seed, first)?;
        let observables = observer.observables(&samples.spins)?;
        let ln_w = log_weights_of(&of_draws, &samples.spins, samples.ln_q);
        match of_draws.system.is_homogeneous() {
            true => Ok((ln_w, observables)),
            false => Ok((ln_w, observables.with_energies(samples.energy))),
        }
    };
    measure_weighted(ensemble, settings, batch, draw, keep, observe)
}
