//! Physics out of a trained network: importance sampling and independence Metropolis on its samples, in one pass and in
//! constant memory.

mod chain;
mod check;
mod flow;
mod independence;
mod integration;
mod monte_carlo;
mod observer;
mod phases;
mod quantities;
mod reference;
mod report;
mod run_report;
mod solution;
mod symmetrised;
mod wanted;

pub use chain::{Chain, ChainStatistics};
pub use check::{Against, Checked};
pub use flow::{FlowCheck, measure_flow};
pub use independence::IndependenceChain;
pub use integration::{Integration, Node, integrate, integrate_on_ranks, temperatures};
pub use monte_carlo::{MonteCarlo, Sweeps, measure_chains};
pub use phases::{Bin, EnergyCounts, Phases};
use quantities::{FEWEST_FOR_ERRORS, told};
pub use quantities::{FREE_QUANTITIES, Meaning, POTTS_QUANTITIES, QUANTITIES, Quantity};
pub use reference::{
    MonteCarloCheck, log_weights_of, monte_carlo_check, monte_carlo_check_of, reference_log_weights,
    references,
};
pub use report::{brief, short, short_to};
pub use run_report::{Origin, RunReport};
pub use solution::Solution;

use crate::backend::Backend;
use crate::clock::Instant;
use crate::conditional::{Colours, Model};
use crate::error::Result;
use crate::estimate::{Estimate, Importance, Weighted};
use crate::exact;
use crate::lattice::{Ensemble, Observables, Recolouring, Spins, Symmetry, SymmetryGroup};
use crate::random::philox;
use crate::ranks::{Ranks, Rounds, numbers};
use crate::sample::Weigher;
use crate::schedule::{self, Kernel};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use symmetrised::Symmetrised;
pub use symmetrised::symmetrised_ln_q;
pub use wanted::{Kept, MonteCarloReport, Wanted};

/// Groups of samples that tell errors of what is no mean over samples.
const GROUPS: usize = 64;

/// Sets own seeds apart.
const SALT: u32 = 0x3ea5;

/// How samples of the network become averages over the Boltzmann distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Neural importance sampling: every sample counts with its weight.
    Nis,
    /// Neural Markov chain Monte Carlo: samples are accepted or rejected.
    Nmcmc,
    /// Both, from the same samples.
    Both,
}

/// What to measure and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Samples to draw.
    pub count: usize,
    /// Their seed.
    pub seed: u32,
    /// Inverse temperature of the network.
    pub beta: f64,
    /// What to do with them.
    pub method: Method,
    /// Symmetries that q is averaged over.
    pub symmetries: SymmetryGroup,
}

impl Settings {
    /// The symmetries that q is averaged over; spin reversal, moving all colours on, and of nets that colours share all their exchanges are left out where they are built
    /// into the network, at no cost.
    pub fn elements(&self, model: &Model) -> Vec<Symmetry> {
        let group = SymmetryGroup { z2: self.symmetries.z2 && !model.options.gauge, ..self.symmetries };
        let shares = model.options.colours == Colours::Shared;
        let group = SymmetryGroup { colours: if shares { 0 } else { group.colours }, ..group };
        let mut elements = group.elements(model.system.lattice);
        if model.options.gauge {
            elements.retain(|element| element.colours.is_none_or(Recolouring::keeps_first));
        }
        elements
    }
}

/// A sample's scalars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scalars {
    /// `-beta E - ln q`.
    pub ln_w: f64,
    /// E.
    pub energy: f64,
    /// Sum of all spins; of Potts spins the number of sites of colour 0.
    pub spin_sum: i64,
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The system and its temperature.
    pub ensemble: Ensemble,
    /// By which method.
    pub method: Method,
    /// Samples drawn: fewer than asked for if the measurement was stopped.
    pub count: usize,
    /// Seconds that drawing and measuring took.
    pub elapsed_s: f64,
    /// What the weights say of the network.
    pub importance: Importance,
    /// KL(q | p): against the exact ln Z where it is known, else the variational gap with the estimate.
    pub kl: Estimate,
    /// ln Z, F and S, then [`QUANTITIES`], by importance sampling.
    pub quantities: Vec<Quantity>,
    /// Two-point function at distances from 1, by importance sampling.
    pub correlation: Vec<Estimate>,
    /// Energies by importance sampling, where two phases may be; they count as many configurations as those drawn are worth.
    pub energies: Option<EnergyCounts>,
    /// The Markov chain's averages.
    pub chain: Option<ChainFigures>,
    /// Images that q was averaged over; 1: none.
    pub images: usize,
    /// Whether the energy never changed, though it could.
    pub is_constant: bool,
}

/// Figures of the independence chain.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainFigures {
    /// Averages and autocorrelation.
    pub statistics: ChainStatistics,
    /// Share of accepted proposals.
    pub acceptance: f64,
    /// Most rejections in a row.
    pub longest_streak: usize,
}

/// The default seed of samples: one of its own for every system and seed of a run, so that they are neither those of the
/// run's closing evaluation nor alike from point to point of a scan.
pub fn own_seed(run_seed: u32, ensemble: &Ensemble) -> u32 {
    let beta = ensemble.beta.to_bits();
    philox([run_seed, SALT], [beta as u32, (beta >> 32) as u32, ensemble.system.lattice.side(), 0])[0]
}

/// Measures a network with samples of its own. `observe` is told how many are done and may stop; what was drawn until
/// then is reported. `keep` gets every sample's scalars.
///
/// # Errors
/// When the device or `keep` fails.
///
/// # Panics
/// When `count` is 0.
pub fn measure(
    backend: &mut dyn Backend,
    settings: &Settings,
    keep: impl FnMut(Scalars) -> Result<()>,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measurement> {
    let ensemble = Ensemble { system: backend.model().system.clone(), beta: settings.beta };
    let mut source = Source::new(backend, settings);
    let images = source.images();
    let batch = backend.batch();
    let draw = |first| source.draw(backend, first);
    Ok(Measurement { images, ..measure_weighted(ensemble, settings, batch, draw, keep, observe)? })
}

/// As [`measure`], on all ranks of a job together, which draw batches in turn. The first rank gets every sample in its order, so that its
/// figures are those of one rank bit for bit; the others get none.
///
/// # Errors
/// When the device or `keep` fails. The other ranks then wait for this one: end the job ([`Ranks::abort`]).
///
/// # Panics
/// When `count` is 0.
pub fn measure_on_ranks(
    ranks: &Ranks,
    backend: &mut dyn Backend,
    settings: &Settings,
    keep: impl FnMut(Scalars) -> Result<()>,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Measurement>> {
    if ranks.count() == 1 {
        return Ok(Some(measure(backend, settings, keep, observe)?));
    }
    assert!(settings.count > 0, "nothing to measure");
    let ensemble = Ensemble { system: backend.model().system.clone(), beta: settings.beta };
    let mut source = Source::new(backend, settings);
    let (images, batch) = (source.images(), backend.batch());
    if !ranks.is_first() {
        // The first configuration of all settles the shift of the rewards.
        source.draw(backend, 0)?;
    }
    let mut work = |piece: usize| {
        let first = piece * batch;
        if first >= settings.count {
            return Ok(Vec::new());
        }
        let (ln_w, observables) = source.draw(backend, first as u32)?;
        Ok(bytemuck::cast_slice(&rows(&ensemble, &ln_w, &observables)).to_vec())
    };
    let mut rounds = Rounds::new(ranks);
    if !ranks.is_first() {
        rounds.help(&mut work)?;
        return Ok(None);
    }
    let draw = |_| Ok(numbers(&rounds.next(&mut work)?));
    let measurement = measure_rows(ensemble.clone(), settings, batch, draw, keep, observe)?;
    rounds.end();
    Ok(Some(Measurement { images, ..measurement }))
}

/// The same of configurations from anywhere: `draw` gives log weights `-beta E - ln q` and observables of `batch` samples from one on.
///
/// # Errors
/// When `draw` or `keep` fails.
///
/// # Panics
/// When `count` is 0.
pub fn measure_weighted(
    ensemble: Ensemble,
    settings: &Settings,
    batch: usize,
    mut draw: impl FnMut(u32) -> Result<(Vec<f64>, Observables)>,
    keep: impl FnMut(Scalars) -> Result<()>,
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measurement> {
    let of_rows = ensemble.clone();
    let draw = |first| {
        let (ln_w, observables) = draw(first)?;
        Ok(rows(&of_rows, &ln_w, &observables))
    };
    measure_rows(ensemble, settings, batch, draw, keep, observe)
}

/// Numbers of a row before its values.
const SCALARS: usize = 3;

/// Measured numbers of samples, a row for each sample: log weight, energy and spin sum, then [`Ensemble::values`].
fn rows(ensemble: &Ensemble, ln_w: &[f64], observables: &Observables) -> Vec<f64> {
    let row = |(row, &ln_w): (usize, &f64)| {
        let energy = observables.energy(ensemble.system.interaction, row);
        let scalars = [ln_w, energy, observables.spin_sum(row) as f64];
        scalars.into_iter().chain(ensemble.values(observables, row))
    };
    ln_w.iter().enumerate().flat_map(row).collect()
}

/// As [`measure_weighted`], where `draw` gives the [`rows`] of samples.
fn measure_rows(
    ensemble: Ensemble,
    settings: &Settings,
    batch: usize,
    mut draw: impl FnMut(u32) -> Result<Vec<f64>>,
    mut keep: impl FnMut(Scalars) -> Result<()>,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measurement> {
    assert!(settings.count > 0, "nothing to measure");
    let mut weighted = Weighted::new(ensemble.values_per_configuration());
    let mut chain =
        (settings.method != Method::Nis).then(|| IndependenceChain::new(&ensemble, settings.seed));
    let has_phases = ensemble.system.has_first_order();
    let mut energies = has_phases.then(|| EnergyCounts::new(&ensemble.system, GROUPS));
    let mut scale = None;
    let start = Instant::now();
    for first in (0..settings.count).step_by(batch) {
        let drawn = draw(first as u32)?;
        let rows = batch.min(settings.count - first);
        let length = SCALARS + ensemble.values_per_configuration();
        for (row, numbers) in drawn.chunks(length).take(rows).enumerate() {
            let Some((&[ln_w, energy, spin_sum], values)) = numbers.split_first_chunk::<SCALARS>() else {
                break;
            };
            weighted.push(ln_w, values);
            if let Some(chain) = &mut chain {
                chain.propose(ln_w, values);
            }
            if let Some(energies) = &mut energies {
                let scale = *scale.get_or_insert(ln_w);
                energies.push((first + row) % GROUPS, energy, (ln_w - scale).exp());
            }
            keep(Scalars { ln_w, energy, spin_sum: spin_sum as i64 })?;
        }
        if observe(first + rows).is_break() {
            break;
        }
    }
    let elapsed_s = start.elapsed().as_secs_f64();
    let effective = weighted.importance().ess.value * weighted.count() as f64;
    Ok(Measurement {
        elapsed_s,
        energies: energies.map(|energies| energies.counted_as(effective)),
        ..figures(&weighted, chain, ensemble, settings.method)
    })
}

/// An estimate, without its error if there are too few samples for one.
fn told_if(enough: bool, estimate: Estimate) -> Estimate {
    Estimate { error: if enough { estimate.error } else { f64::NAN }, ..estimate }
}

/// All figures from what was collected.
fn figures(
    weighted: &Weighted,
    chain: Option<IndependenceChain>,
    ensemble: Ensemble,
    method: Method,
) -> Measurement {
    let exact = exact::solve(&ensemble.system, ensemble.beta);
    let estimates = weighted.means(|ln_z, means| {
        let mut all = ensemble.free_quantities(ln_z, means);
        all.extend(ensemble.quantities(means));
        all
    });
    let (free, rest) = estimates.split_at(FREE_QUANTITIES.len());
    let (scalars, correlation) = rest.split_at(ensemble.meanings().len());
    let enough = weighted.count() >= FEWEST_FOR_ERRORS;
    let of_configurations = ensemble.named(ensemble.meanings(), scalars, exact, enough);
    let is_constant = ensemble.is_constant(scalars[0]);
    let importance = if enough { weighted.importance() } else { weighted.importance().without_errors() };
    let mut quantities = ensemble.free(free, importance.ln_z, of_configurations[0].estimate.error, exact);
    quantities.extend(of_configurations);
    let chain = chain.map(|chain| ChainFigures {
        acceptance: chain.acceptance(),
        longest_streak: chain.longest_streak(),
        statistics: Chain::statistics(&[chain.chain], &ensemble, exact),
    });
    Measurement {
        ensemble,
        method,
        count: weighted.count(),
        elapsed_s: 0.0,
        importance,
        kl: exact.map_or(importance.gap, |exact| told_if(enough, weighted.kl(exact.ln_z))),
        quantities,
        correlation: correlation.iter().map(|&estimate| told(estimate, enough)).collect(),
        energies: None,
        chain,
        images: 1,
        is_constant,
    }
}

impl Measurement {
    /// A quantity by name, by importance sampling.
    pub fn quantity(&self, name: &str) -> Option<&Quantity> {
        self.quantities.iter().find(|quantity| quantity.meaning.name == name)
    }
}

/// Draws batches of samples: their log weights and what observables are made of.
enum Source {
    /// From the rewards; the bottom is summed out of the weights.
    Plain(Weigher),
    /// Averaged over symmetries.
    Symmetrised(Symmetrised),
}

impl Source {
    fn new(backend: &dyn Backend, settings: &Settings) -> Self {
        let model = backend.model();
        let elements = settings.elements(model);
        if elements.len() > 1 {
            return Self::Symmetrised(Symmetrised::new(model, elements, settings));
        }
        let gives_energy = model.system.is_homogeneous() && model.system.spins == Spins::Ising;
        let mut completion = match gives_energy {
            true => schedule::draw_bottom(model),
            // Observables do not give the energy.
            false => schedule::completion(model),
        };
        if model.system.spins == Spins::Ising {
            completion.push(Kernel::Observables);
        }
        Self::Plain(Weigher::new(model, settings.seed, settings.beta, completion))
    }

    fn images(&self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Symmetrised(symmetrised) => symmetrised.images(),
        }
    }

    fn draw(&mut self, backend: &mut dyn Backend, first: u32) -> Result<(Vec<f64>, Observables)> {
        match self {
            Self::Plain(weigher) => {
                let (ln_w, snapshot) = weigher.draw(backend, first)?;
                let observables = observables(backend)?;
                let system = &backend.model().system;
                if system.spins == Spins::Ising && system.is_homogeneous() {
                    return Ok((ln_w, observables));
                }
                let energies = snapshot.energies(system.interaction).collect();
                Ok((ln_w, observables.with_energies(energies)))
            }
            Self::Symmetrised(symmetrised) => symmetrised.draw(backend, first),
        }
    }
}

/// What observables of a batch are made of: sums of the device, or counted colours.
fn observables(backend: &mut dyn Backend) -> Result<Observables> {
    match backend.model().system.spins {
        Spins::Ising => backend.read_observables(),
        Spins::Potts { states } => {
            let spins = backend.read_spins()?;
            let lattice = backend.model().system.lattice;
            let configurations: Vec<&[i8]> = spins.chunks(lattice.sites()).collect();
            Ok(Observables::of_colours(lattice, states, &configurations))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Tensor;
    use crate::config::Config;
    use crate::cpu::Cpu;
    use crate::ranks::threads::on_ranks;
    use std::sync::Arc;

    #[test]
    fn ranks_measure_what_one_process_measures() {
        let model = Arc::new(Config { size: 8, ..Config::default() }.model().unwrap());
        let symmetries = SymmetryGroup { reflections: true, ..Default::default() };
        for symmetries in [SymmetryGroup::default(), symmetries] {
            let settings = Settings { count: 1000, seed: 5, beta: 0.2, method: Method::Both, symmetries };
            let measured = |ranks: Ranks| {
                let mut cpu = Cpu::<f32>::new(model.clone(), 64);
                cpu.write(Tensor::Parameters, &model.initial_parameters(3, 0.2)).unwrap();
                let (mut kept, keep) = (Vec::new(), |_| ControlFlow::Continue(()));
                let measurement = measure_on_ranks(
                    &ranks,
                    &mut cpu,
                    &settings,
                    |scalars| {
                        kept.push(scalars);
                        Ok(())
                    },
                    keep,
                );
                let found = measurement.unwrap().map(|found| Measurement { elapsed_s: 0.0, ..found });
                // As text, where what is not a number is alike.
                (found.map(|found| format!("{found:?}")), kept)
            };
            let alone = measured(Ranks::alone());
            assert!(
                alone.0.as_ref().is_some_and(|found| found.contains("count: 1000")) && alone.1.len() == 1000
            );
            let found = on_ranks(3, measured);
            assert_eq!(found[0], alone);
            assert!(found[1..].iter().all(|(found, kept)| found.is_none() && kept.is_empty()));
        }
    }
}
