//! The closing evaluation: figures of the finished network from fresh samples, and the check against references.

use super::Event;
use crate::backend::Backend;
use crate::config::Config;
use crate::error::Result;
use crate::estimate::{Estimate, Importance, importance, kl, verify};
use crate::exact;
use crate::io::Summary;
use crate::lattice::{SpinModel, Symmetry};
use crate::measure::{MonteCarloCheck, monte_carlo_check, references};
use crate::ranks::Ranks;
use crate::sample::{Draws, log_weights_on_ranks};
use std::ops::ControlFlow;

/// Nothing if `observe` breaks while samples are drawn, and on all ranks but the first one: they draw their part of the samples.
pub(super) fn evaluate(
    ranks: &Ranks,
    config: &Config,
    backend: &mut dyn Backend,
    elapsed_s: f64,
    observe: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Option<Summary>> {
    let told = |count| observe(Event::Evaluated(count));
    let Config { seed, beta, evaluation_samples: count, .. } = *config;
    let samples = log_weights_on_ranks(ranks, backend, Draws { seed, beta, count }, told)?;
    if samples.ln_w.len() < config.evaluation_samples || !ranks.is_first() {
        return Ok(None);
    }
    let weights: Importance = importance(&samples.ln_w);
    let exact = exact::ln_z(&backend.model().system, config.beta);
    let ln_z = exact.map_or(weights.ln_z, Estimate::exact);
    let check = match config.verification_samples {
        0 => None,
        count => {
            let _ = observe(Event::Checking(count));
            let identity = [Symmetry::default()];
            let mut watch = |stage| observe(Event::MonteCarlo(stage));
            Some(monte_carlo_check(backend, &identity, config.beta, count, config.seed, ln_z, &mut watch)?)
        }
    };
    let verification = verify(&weights, references(exact, check.as_ref()));
    let model = backend.model();
    let sites = model.system.lattice.sites() as f64;
    let energy = Estimate::mean(&samples.energy);
    let per_site =
        |estimate: Estimate| Estimate { value: estimate.value / sites, error: estimate.error / sites };
    Ok(Some(Summary {
        states: (config.model == SpinModel::Potts).then_some(config.states),
        lattice: config.lattice,
        network: config.network,
        size: config.size,
        beta: config.beta,
        coupling: config.coupling,
        field: config.field,
        couplings: config.couplings.clone(),
        steps: config.steps,
        parameters: model.used_parameters(),
        device: backend.device().to_owned(),
        elapsed_s,
        samples: weights.count,
        free_energy_per_site: (config.beta > 0.0).then(|| free_energy(weights.ln_z, config.beta, sites)),
        beta_f_per_site: per_site(weights.beta_f),
        energy_per_site: per_site(energy),
        ln_z: weights.ln_z,
        ln_z_exact: exact,
        ln_z_deviation: exact
            .map(|exact| weights.ln_z.deviation(exact))
            .filter(|deviation| deviation.is_finite()),
        kl: exact.map_or(weights.gap, |exact| kl(&samples.ln_w, exact)),
        ess: weights.ess.value,
        verification,
        forward: check.and_then(MonteCarloCheck::into_forward),
        largest_weight_share: weights.largest_weight_share,
    }))
}

/// F / N from ln Z.
fn free_energy(ln_z: Estimate, beta: f64, sites: f64) -> Estimate {
    Estimate { value: -ln_z.value / (beta * sites), error: ln_z.error / (beta * sites) }
}
