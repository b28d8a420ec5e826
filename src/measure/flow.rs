//! Spins out of a flow of their dual field: the field is drawn and weighed, and spins are drawn given it.

use super::{Measurement, MonteCarloCheck, Settings, measure_weighted};
use crate::backend::Backend;
use crate::conditional::Model;
use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::estimate::{Estimate, forward};
use crate::lattice::Ensemble;
use crate::mc::Pool;
use crate::neuralrg::{Dual, Flow, Noise};
use crate::random::philox;
use crate::schedule::{Inputs, Kernel};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Samples drawn at a time.
const BATCH: usize = 4096;
/// Purposes of noise: fields of samples, and fields given the spins of the check.
const SAMPLES: u32 = 2;
const GIVEN: u32 = 3;
/// Keeps the check's Monte Carlo apart from other chains of the seed.
const SALT: u32 = 0x5eee;

/// Measures spins by a flow of their field. Log weights are `-E(x) - ln q(x)` less what `ln Z_x` exceeds ln Z by, so that they average to the spins' Z; their divergence is that of
/// the field.
///
/// # Errors
/// When samples do not fit into memory.
pub fn measure_flow(
    flow: &Flow<f32>,
    dual: &Dual<f32>,
    settings: &Settings,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measurement> {
    let ensemble = Ensemble { system: dual.system().clone(), beta: settings.beta };
    let batch = BATCH.min(settings.count);
    // The kernel of observables, for which the network of a model plays no part.
    let mut observer = Cpu::<f32>::new(Arc::new(Model::without_network(dual.system().clone())), batch);
    let draw = |first: u32| {
        let z = Noise::new(settings.seed, SAMPLES, 0).fields(first as usize, batch, dual.sites());
        let (x, ln_q) = flow.generate(&z);
        let spins = dual.draw_spins(&x, philox([settings.seed, first], [0; 4])[0]);
        observer.write_spins(&spins)?;
        observer.run(&[Kernel::Observables], &Inputs::SAMPLING)?;
        let ln_w = ln_weights(dual, &dual.energies(&x), &ln_q);
        Ok((ln_w, observer.read_observables()?))
    };
    measure_weighted(ensemble, settings, batch, draw, |_| Ok(()), observe)
}

/// Forward figures of a flow from so many configurations of spins by cluster Monte Carlo, with fields drawn given them; `ln_z` is the spins' exact value or the best estimate.
///
/// # Errors
/// When the Monte Carlo fails, but for equilibrium, which the outcome tells of.
pub fn flow_check(
    flow: &Flow<f32>,
    dual: &Dual<f32>,
    count: usize,
    seed: u32,
    ln_z: Estimate,
) -> Result<MonteCarloCheck> {
    let ensemble = Ensemble { system: dual.system().clone(), beta: dual.beta() };
    let pool = match Pool::new(&ensemble, count, seed ^ SALT) {
        Err(Error::NotEquilibrated { reason, .. }) => return Ok(MonteCarloCheck::NotEquilibrated(reason)),
        pool => pool?,
    };
    let x = dual.draw_field(pool.spins(), Noise::new(seed, GIVEN, 0));
    let (_, ln_q) = flow.infer(&x);
    Ok(MonteCarloCheck::Forward(forward(&ln_weights(dual, &dual.energies(&x), &ln_q), ln_z)))
}

fn ln_weights(dual: &Dual<f32>, energies: &[f64], ln_q: &[f64]) -> Vec<f64> {
    let constant = dual.constant();
    energies.iter().zip(ln_q).map(|(energy, ln_q)| -energy - ln_q - constant).collect()
}
