//! The weights of configurations that a network did not draw, and the verdict of Monte Carlo on it.

use super::symmetrised::symmetrised_ln_q;
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Forward, References, forward};
use crate::lattice::{Ensemble, Symmetry};
use crate::mc::{Pool, Stage};
use std::ops::ControlFlow;

/// Keeps the check's Monte Carlo apart from that of the forward objective.
const SALT: u32 = 0x5eed;

/// Log weights `-beta E - ln q` of given configurations, `[count][sites]`, +-1, with q averaged over `elements`.
///
/// # Errors
/// When the device fails.
///
/// # Panics
/// When there are no elements; the identity alone leaves q as it is.
pub fn reference_log_weights(
    backend: &mut dyn Backend,
    elements: &[Symmetry],
    beta: f64,
    spins: &[i8],
    progress: impl FnMut(usize),
) -> Result<Vec<f64>> {
    let ensemble = Ensemble { system: backend.model().system.clone(), beta };
    let ln_q = symmetrised_ln_q(backend, elements, beta, spins, progress)?;
    Ok(log_weights_of(&ensemble, spins, ln_q))
}

/// `-beta E - ln q` of configurations, `[count][sites]`, with their ln q.
pub fn log_weights_of(ensemble: &Ensemble, spins: &[i8], ln_q: Vec<f64>) -> Vec<f64> {
    let Ensemble { system, beta } = ensemble;
    let weight = |(spins, ln_q): (&[i8], f64)| -beta * system.energy(spins) - ln_q;
    spins.chunks(system.lattice.sites()).zip(ln_q).map(weight).collect()
}

/// The outcome of a Monte Carlo of our own.
#[derive(Debug, Clone, PartialEq)]
pub enum MonteCarloCheck {
    /// Forward figures of the network.
    Forward(Forward),
    /// Nothing: the Monte Carlo did not come into equilibrium, for this reason.
    NotEquilibrated(String),
}

impl MonteCarloCheck {
    /// Forward figures, if there are any.
    pub fn into_forward(self) -> Option<Forward> {
        match self {
            Self::Forward(forward) => Some(forward),
            Self::NotEquilibrated(_) => None,
        }
    }
}

/// References for a network: the exact ln Z, if it is known, and a Monte Carlo, if there was one.
pub fn references(ln_z: Option<f64>, check: Option<&MonteCarloCheck>) -> References<'_> {
    match check {
        None => References { ln_z, ..Default::default() },
        Some(MonteCarloCheck::Forward(forward)) => References { ln_z, forward: Some(forward), fault: None },
        Some(MonteCarloCheck::NotEquilibrated(reason)) => {
            References { ln_z, forward: None, fault: Some(reason) }
        }
    }
}

/// Forward figures from `count` fresh configurations by Monte Carlo; `ln_z` is the exact value or the best estimate. `observe` is told how far the
/// Monte Carlo is, and may stop it.
///
/// # Errors
/// When the device fails, or `observe` breaks ([`Error::Stopped`]).
pub fn monte_carlo_check(
    backend: &mut dyn Backend,
    elements: &[Symmetry],
    beta: f64,
    count: usize,
    seed: u32,
    ln_z: Estimate,
    observe: &mut dyn FnMut(Stage) -> ControlFlow<()>,
) -> Result<MonteCarloCheck> {
    let ensemble = Ensemble { system: backend.model().system.clone(), beta };
    let ln_q = |spins: &[i8]| symmetrised_ln_q(backend, elements, beta, spins, |_| ());
    monte_carlo_check_of(&ensemble, count, seed, ln_z, ln_q, observe)
}

/// The same of any q, by its logarithm of given configurations.
///
/// # Errors
/// When `ln_q` fails.
pub fn monte_carlo_check_of(
    ensemble: &Ensemble,
    count: usize,
    seed: u32,
    ln_z: Estimate,
    ln_q: impl FnOnce(&[i8]) -> Result<Vec<f64>>,
    observe: &mut dyn FnMut(Stage) -> ControlFlow<()>,
) -> Result<MonteCarloCheck> {
    let pool = match Pool::watched(ensemble, count, seed ^ SALT, observe) {
        Err(Error::NotEquilibrated { reason, .. }) => return Ok(MonteCarloCheck::NotEquilibrated(reason)),
        pool => pool?,
    };
    let ln_w = log_weights_of(ensemble, pool.spins(), ln_q(pool.spins())?);
    Ok(MonteCarloCheck::Forward(forward(&ln_w, ln_z)))
}
