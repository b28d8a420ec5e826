//! Spins out of a flow of their dual field: the field is drawn and weighed, and spins are drawn given it.

use super::observer::Observer;
use super::{Measurement, Settings, measure_weighted};
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Forward, Overlap, Verification, forward, verify_flow};
use crate::lattice::Ensemble;
use crate::mc::Pool;
use crate::neuralrg::{self, Dual, Noise};
use crate::random::philox;
use std::ops::ControlFlow;

/// Samples drawn at a time.
const BATCH: usize = 4096;
/// Purposes of noise: fields of samples, fields given the spins of the check, and those of the flow beside them.
const SAMPLES: u32 = 2;
const GIVEN: u32 = 3;
const OWN: u32 = 9;
/// Keeps the check's Monte Carlo apart from other chains of the seed.
const SALT: u32 = 0x5eee;

/// Measures spins by a flow of their field. Log weights are `-E(x) - ln q(x)` less what `ln Z_x` exceeds ln Z by, so that they average to the spins' Z; their divergence is that of
/// the field.
///
/// # Errors
/// When samples do not fit into memory, or the device fails.
pub fn measure_flow(
    flow: &mut dyn neuralrg::Backend<f32>,
    dual: &Dual<f32>,
    settings: &Settings,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measurement> {
    let ensemble = Ensemble { system: dual.system().clone(), beta: settings.beta };
    let batch = BATCH.min(settings.count);
    let mut observer = Observer::new(dual.system(), batch);
    let draw = |first: u32| {
        let noise = Noise::new(settings.seed, SAMPLES, 0);
        let (x, ln_q) = flow.draw(noise, first as usize, [batch, dual.sites()])?;
        let spins = dual.draw_spins(&x, philox([settings.seed, first], [0; 4])[0]);
        let ln_w = ln_weights(dual, &flow.energies(&x)?, &ln_q);
        Ok((ln_w, observer.observables(&spins)?))
    };
    measure_weighted(ensemble, settings, batch, draw, |_| Ok(()), observe)
}

/// What a Monte Carlo of our own says of a flow.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowCheck {
    /// Forward figures, and the overlap of flow and field.
    Found(Forward, Overlap),
    /// Nothing: the Monte Carlo did not come into equilibrium, for this reason.
    NotEquilibrated(String),
}

impl FlowCheck {
    /// Draws so many configurations of spins by cluster Monte Carlo, with fields given them, and as many of the flow; `ln_z` is the spins' exact value or the best estimate.
    ///
    /// # Errors
    /// When the device or the Monte Carlo fails, but for equilibrium, which the outcome tells of.
    pub fn new(
        flow: &mut dyn neuralrg::Backend<f32>,
        dual: &Dual<f32>,
        count: usize,
        seed: u32,
        ln_z: Estimate,
    ) -> Result<Self> {
        let ensemble = Ensemble { system: dual.system().clone(), beta: dual.beta() };
        let pool = match Pool::new(&ensemble, count, seed ^ SALT) {
            Err(Error::NotEquilibrated { reason, .. }) => return Ok(Self::NotEquilibrated(reason)),
            pool => pool?,
        };
        let x = dual.draw_field(pool.spins(), Noise::new(seed, GIVEN, 0));
        let of_p = ln_weights(dual, &flow.energies(&x)?, &flow.ln_q(&x)?);
        let (x, ln_q) = flow.draw(Noise::new(seed, OWN, 0), 0, [count, dual.sites()])?;
        let of_q = ln_weights(dual, &flow.energies(&x)?, &ln_q);
        Ok(Self::Found(forward(&of_p, ln_z), Overlap::new(&of_q, &of_p, ln_z.value)))
    }

    /// The verdict on a measurement of the same flow.
    pub fn verify(&self, measurement: &Measurement, ln_z: Option<f64>) -> Verification {
        let overlap = match self {
            Self::Found(_, overlap) => Ok(overlap),
            Self::NotEquilibrated(reason) => Err(reason.as_str()),
        };
        verify_flow(&measurement.importance, ln_z, overlap)
    }
}

fn ln_weights(dual: &Dual<f32>, energies: &[f64], ln_q: &[f64]) -> Vec<f64> {
    let constant = dual.constant();
    energies.iter().zip(ln_q).map(|(energy, ln_q)| -energy - ln_q - constant).collect()
}
