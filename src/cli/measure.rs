//! `han-gpu measure`.

use super::bottom::BottomFlags;
use super::interrupt::Interrupt;
use super::network::Network;
use super::progress::{Progress, Watch, wait};
use super::verdict::{self, Strict};
use crate::backend::Backend;
use crate::config::{Config, MAX_SAMPLES};
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Forward, Status, Verification, forward, verify};
use crate::exact;
use crate::io::{RunFolder, check_memory, check_writable, read_configurations, write_scalars};
use crate::lattice::{Ensemble, SymmetryGroup};
use crate::measure::{
    Measurement, Method, MonteCarloCheck, Scalars, Settings, brief, log_weights_of, measure,
    monte_carlo_check_of, own_seed, references, symmetrised_ln_q,
};
use crate::mps::{LevelDivergence, check_levels, divergence_by_level};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Configurations of the check where the run's settings name none.
const CHECK: usize = 2000;
/// Most samples that are looked at level by level.
const BY_LEVEL: usize = 10_000;
/// Divergence in nats from which an error of half of it is no accuracy.
const LOOSE: f64 = 0.1;

/// Thermodynamics of a trained network's system, from samples of the network.
///
/// Averages over the Boltzmann distribution with errors: ln Z, free energy, energy, entropy, specific heat, magnetisation,
/// susceptibility, Binder cumulant, two-point function, correlation length (of Potts spins their order parameter and colours in place of these); and how good the network is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu measure runs/L16-beta0.44 --count 100000
  han-gpu measure runs/L16-beta0.44 --count 100000 --method nmcmc --json
  han-gpu measure runs/L16-beta0.44 --count 10000 --bottom mps --by-level
  han-gpu measure runs/L16-beta0.44 --symmetrise translations=4x4,reflections,transpose
  han-gpu mc --size 16 --beta 0.44 --sweeps 1000 --out configs.npz
  han-gpu measure runs/L16-beta0.44 --reference configs.npz")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    bottom: BottomFlags,
    /// Number of samples
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Seed of the samples [default: one of its own, from the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// How samples are turned into averages: importance sampling, a Markov chain of accepted samples, or both
    #[arg(long, value_enum, default_value = "both")]
    method: MethodName,
    /// Average q over symmetries: any of translations=AxB (cubic: AxBxC), reflections, transpose, z2, of Potts spins colours; costs one evaluation per image
    #[arg(long, value_name = "GROUP")]
    symmetrise: Option<String>,
    /// Configurations of this system by `han-gpu mc --out`: forward effective sample size and KL, which see missing modes
    #[arg(long, value_name = "FILE.npz")]
    reference: Option<PathBuf>,
    /// Check the network against exact results and a Monte Carlo of its own
    #[arg(long)]
    verify: bool,
    /// Tell which level the divergence comes from: of hierarchical networks of Ising spins on the square lattice, by a tensor network of the bond dimension, from 10,000 samples at most; not with --symmetrise
    #[arg(long, group = "tensor")]
    by_level: bool,
    #[command(flatten)]
    strict: Strict,
    /// Keep every sample's scalars: ln_w, energy, magnetisation (of Potts spins first_colour), float64 [N]
    #[arg(long, value_name = "FILE.npz")]
    keep: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum MethodName {
    Nis,
    Nmcmc,
    Both,
}

/// The divergences of all levels, and what they took.
#[derive(Serialize)]
struct Levels {
    by_level: Vec<LevelDivergence>,
    /// Samples drawn: fewer than asked for if the pass was stopped.
    by_level_count: usize,
    by_level_elapsed_s: f64,
}

/// A measurement with the checks.
#[derive(Serialize)]
struct Report<'a> {
    run: String,
    device: String,
    seed: u32,
    #[serde(flatten)]
    measurement: &'a Measurement,
    warnings: Vec<String>,
    #[serde(flatten)]
    levels: Option<Levels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<Forward>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Verification>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let count = arguments.count;
    if count == 0 || count > MAX_SAMPLES {
        return Err(Error::setting("count", count, format!("it must lie in 1 to {MAX_SAMPLES}")).into());
    }
    let keep = arguments.keep.as_deref().map(check_writable).transpose()?;
    if keep.is_some() {
        check_memory("count", count, size_of::<Scalars>())?;
    }
    let (config, mut backend) = arguments.network.open(&arguments.bottom, count)?;
    let model = backend.model();
    let ensemble = Ensemble { system: model.system.clone(), beta: config.beta };
    let symmetries = match &arguments.symmetrise {
        Some(text) => SymmetryGroup::parse(text, &ensemble.system)?,
        None => SymmetryGroup::default(),
    };
    let reference =
        arguments.reference.as_deref().map(|path| read_configurations(path, &ensemble)).transpose()?;
    let method = match arguments.method {
        MethodName::Nis => Method::Nis,
        MethodName::Nmcmc => Method::Nmcmc,
        MethodName::Both => Method::Both,
    };
    let seed = arguments.seed.unwrap_or(own_seed(config.seed, &ensemble));
    let settings = Settings { count, seed, beta: config.beta, method, symmetries };
    if let (true, Some(symmetries)) = (arguments.by_level, &arguments.symmetrise) {
        let expected = "levels are those of the network as it is, not of its average over symmetries: leave out --by-level, or measure twice";
        return Err(Error::setting("symmetrise", symmetries, expected).into());
    }
    if arguments.by_level {
        check_levels(backend.model(), arguments.bottom.bond_dimension()?)?;
    }
    let mut scalars = Vec::new();
    let measurement = draw(backend.as_mut(), &settings, keep.is_some().then_some(&mut scalars))?;
    let (forward, verification) = match measurement.count == count {
        true => {
            let of_check = Check { arguments, settings: &settings, measurement: &measurement };
            of_check.run(backend.as_mut(), &config, reference)?
        }
        // Stopped: what was measured is wanted now.
        false => (None, None),
    };
    let levels = match arguments.by_level && measurement.count == count {
        true => Some(draw_levels(backend.as_mut(), arguments.bottom.bond_dimension()?, &settings)?),
        false => None,
    };
    let (run, device) = (arguments.network.path().display().to_string(), backend.device().to_owned());
    let (folder, _) = RunFolder::open(arguments.network.path())?;
    let of_run = verdict::warning_of(&folder);
    let seen: Vec<String> = verification.iter().flat_map(verdict::doubts).collect();
    let verification = verification.filter(|_| arguments.verify);
    let mut doubts = measurement.doubts();
    doubts.extend(of_run.iter().chain(&seen).cloned());
    let mut warnings = measurement.warnings();
    let changed = arguments.bottom.is_given() || arguments.symmetrise.is_some() || forward.is_some();
    let missed = folder.forward_ess().filter(|_| !changed).and_then(|ess| missed(ess, &measurement));
    doubts.extend(missed.clone());
    warnings.extend(of_run.into_iter().chain(missed));
    warnings.extend(levels.as_ref().and_then(|levels| disagreement(&levels.by_level, measurement.kl)));
    // Under --verify they are the verdict's own.
    warnings.extend(seen.into_iter().filter(|_| !arguments.verify));
    let report =
        Report { run, device, seed, measurement: &measurement, warnings, levels, forward, verification };
    if arguments.json {
        super::print_json(&report)?
    } else {
        super::print(&describe(&report))?
    }
    // A disk that is full should not cost the figures above.
    if let Some(path) = &keep {
        write_scalars(path, &ensemble.system, &scalars)?;
    }
    arguments.strict.check(&doubts)
}

/// Says so if Monte Carlo, at the end of training, saw configurations that the samples hardly have.
fn missed(forward_ess: f64, measurement: &Measurement) -> Option<String> {
    let ess = measurement.importance.ess.value;
    (forward_ess < MISSED * ess).then(|| {
        format!(
            "the effective sample size is {ess:.3} by these samples and was {forward_ess:.3} by Monte Carlo after training: configurations that the network hardly draws are missing here, and errors are too small; train further, or draw more"
        )
    })
}

fn draw(
    backend: &mut dyn Backend,
    settings: &Settings,
    mut scalars: Option<&mut Vec<Scalars>>,
) -> anyhow::Result<Measurement> {
    let interrupt = Interrupt::listen();
    let mut progress = Progress::new("sample", 0, settings.count as u64);
    let keep = |sample| {
        if let Some(scalars) = &mut scalars {
            scalars.push(sample);
        }
        Ok(())
    };
    let observe = |done| {
        progress.advance(done as u64);
        interrupt.flow()
    };
    let measurement = measure(backend, settings, keep, observe)?;
    progress.finish();
    if measurement.count < settings.count {
        super::tell(&format!("stopped after {} of {} samples", measurement.count, settings.count));
    }
    Ok(measurement)
}

/// Draws the network once more, level by level.
fn draw_levels(
    backend: &mut dyn Backend,
    bond_dimension: usize,
    settings: &Settings,
) -> anyhow::Result<Levels> {
    let count = settings.count.min(BY_LEVEL);
    let interrupt = Interrupt::listen();
    let mut progress = Progress::new("sample by level", 0, count as u64);
    let (start, mut drawn) = (Instant::now(), 0);
    let see = |done| {
        drawn = done;
        progress.advance(done as u64);
        interrupt.flow()
    };
    let by_level = divergence_by_level(backend, settings.beta, settings.seed, count, bond_dimension, see)?;
    progress.finish();
    if drawn < count {
        super::tell(&format!("stopped after {drawn} of {count} samples by level"));
    }
    Ok(Levels { by_level, by_level_count: drawn, by_level_elapsed_s: start.elapsed().as_secs_f64() })
}

/// Share of the effective sample size by a network's own samples below which that by Monte Carlo tells of configurations that these lack.
const MISSED: f64 = 0.8;

/// Says so where levels do not add up to the divergence of the network that they are levels of.
fn disagreement(levels: &[LevelDivergence], whole: Estimate) -> Option<String> {
    let all: Vec<Estimate> = levels.iter().map(|level| level.kl).collect::<Option<_>>()?;
    let sum: f64 = all.iter().map(|kl| kl.value).sum();
    let error = all.iter().map(|kl| kl.error).fold(0.0, f64::hypot);
    let is_off = (sum - whole.value).abs() > 5.0 * error.hypot(whole.error) + 0.1 * whole.value.abs();
    // One sample that outweighs all others.
    let is_loose = error.is_nan() || sum > LOOSE && error > 0.5 * sum;
    (is_off || is_loose).then(|| {
        format!("the levels add up to KL {sum:.2e} +- {error:.1e}, which is not that of the network: give a larger --bond-dimension")
    })
}

/// A line for every level, and what they took.
fn describe_levels(levels: &Levels) -> Vec<String> {
    let Levels { by_level, by_level_count, by_level_elapsed_s } = levels;
    let line = |LevelDivergence { level, name, blocks, spins, kl }: &LevelDivergence| {
        let told = |kl: Estimate| if kl.value == 0.0 { "0, exact".to_owned() } else { brief(kl) };
        let kl = kl.map_or("?   (ln Z is not known)".to_owned(), told);
        format!("level {level:<4} KL {kl:<24} {blocks} x {name}, {spins} spins")
    };
    let took = format!("levels     of {by_level_count} samples, {by_level_elapsed_s:.3} s more");
    by_level.iter().map(line).chain([took]).collect()
}

/// A check of a network by configurations from elsewhere.
struct Check<'a> {
    arguments: &'a Arguments,
    settings: &'a Settings,
    measurement: &'a Measurement,
}

impl Check<'_> {
    fn run(
        &self,
        backend: &mut dyn Backend,
        config: &Config,
        reference: Option<Vec<i8>>,
    ) -> anyhow::Result<(Option<Forward>, Option<Verification>)> {
        let ensemble = &self.measurement.ensemble;
        let exact = wait("solving the lattice exactly", || exact::ln_z(&ensemble.system, ensemble.beta));
        let ln_z = exact.map_or(self.measurement.importance.ln_z, Estimate::exact);
        let check = if let Some(spins) = reference {
            let ln_w = log_weights_of(ensemble, &spins, self.ln_q(backend, &spins)?);
            Some(MonteCarloCheck::Forward(forward(&ln_w, ln_z)))
        } else if self.arguments.verify {
            let count = config.verification_samples.max(CHECK);
            super::tell(&format!("check: {count} configurations by Monte Carlo"));
            let mut watch = Watch::new(&Interrupt::listen());
            let see = &mut |stage| watch.see(stage);
            let ln_q = |spins: &[i8]| self.ln_q(backend, spins);
            match monte_carlo_check_of(ensemble, count, self.settings.seed, ln_z, ln_q, see) {
                // The measurement is wanted all the same.
                Err(Error::Stopped) => return Ok((None, None)),
                check => Some(check?),
            }
        } else {
            None
        };
        let verified = || {
            let mut verification = verify(&self.measurement.importance, references(exact, check.as_ref()));
            let bond_dimension = backend.model().options.bond_dimension;
            if verification.status == Status::Suspect && bond_dimension > 0 {
                verification.reasons.insert(0, wider(bond_dimension));
            }
            verification
        };
        let verification = check.is_some().then(verified);
        Ok((check.and_then(MonteCarloCheck::into_forward), verification))
    }

    /// ln q of configurations that the network did not draw.
    fn ln_q(&self, backend: &mut dyn Backend, spins: &[i8]) -> Result<Vec<f64>> {
        let elements = self.settings.elements(backend.model());
        let mut progress = Progress::new("image of the reference", 0, elements.len() as u64);
        let told = |done| progress.advance(done as u64);
        let ln_q = symmetrised_ln_q(backend, &elements, self.settings.beta, spins, told)?;
        progress.finish();
        Ok(ln_q)
    }
}

/// The first cure of a network that is suspect with a tensor network inside its boxes.
fn wider(bond_dimension: usize) -> String {
    format!(
        "boxes are drawn by a tensor network of bond dimension {bond_dimension}, which loses configurations where that is too small: give a larger --bond-dimension first"
    )
}

fn describe(report: &Report<'_>) -> String {
    let mut lines =
        vec![format!("{}, seed {}", report.measurement.ensemble, report.seed), report.measurement.describe()];
    lines.extend(report.levels.iter().flat_map(describe_levels));
    if let Some(forward) = &report.forward {
        lines.push(format!(
            "forward    ESS {}, KL {} nats, of {} configurations",
            brief(forward.ess),
            brief(forward.kl),
            forward.count
        ));
    }
    lines.extend(report.verification.as_ref().map(verdict::describe));
    lines.extend(report.warnings.iter().map(|warning| format!("WARNING    {warning}")));
    lines.join("\n")
}
