//! `han-gpu measure`.

use super::interrupt::Interrupt;
use super::network::Network;
use super::progress::{Progress, Watch, wait};
use super::verdict::{self, Strict};
use crate::backend::Backend;
use crate::config::{Config, MAX_SAMPLES};
use crate::error::Error;
use crate::estimate::{Estimate, Forward, Verification, forward, verify};
use crate::exact;
use crate::io::{RunFolder, check_memory, check_writable, read_configurations, write_scalars};
use crate::lattice::{Ensemble, SymmetryGroup};
use crate::measure::{
    Measurement, Method, MonteCarloCheck, Scalars, Settings, brief, measure, monte_carlo_check, own_seed,
    reference_log_weights, references,
};
use serde::Serialize;
use std::path::PathBuf;

/// Configurations of the check where the run's settings name none.
const CHECK: usize = 2000;

/// Thermodynamics of a trained network's system, from samples of the network.
///
/// Averages over the Boltzmann distribution with errors: ln Z, free energy, energy, entropy, specific heat, magnetisation,
/// susceptibility, Binder cumulant, two-point function, correlation length (of Potts spins their order parameter and colours in place of these); and how good the network is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu measure runs/L16-beta0.44 --count 100000
  han-gpu measure runs/L16-beta0.44 --count 100000 --method nmcmc --json
  han-gpu measure runs/L16-beta0.44 --symmetrise translations=4x4,reflections,transpose
  han-gpu mc --size 16 --beta 0.44 --sweeps 1000 --out configs.npz
  han-gpu measure runs/L16-beta0.44 --reference configs.npz")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
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

/// A measurement with the checks.
#[derive(Serialize)]
struct Report<'a> {
    run: String,
    device: String,
    seed: u32,
    #[serde(flatten)]
    measurement: &'a Measurement,
    warnings: Vec<String>,
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
    let (config, mut backend) = arguments.network.open(count)?;
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
    let mut scalars = Vec::new();
    let measurement = draw(backend.as_mut(), &settings, keep.is_some().then_some(&mut scalars))?;
    if let Some(path) = &keep {
        write_scalars(path, &ensemble.system, &scalars)?;
    }
    let (forward, verification) = match measurement.count == count {
        true => checks(backend.as_mut(), arguments, &config, &settings, &measurement, reference)?,
        // Stopped: what was measured is wanted now.
        false => (None, None),
    };
    let (run, device) = (arguments.network.path().display().to_string(), backend.device().to_owned());
    let (folder, _) = RunFolder::open(arguments.network.path())?;
    let of_run = verdict::warning_of(&folder);
    let seen: Vec<String> = verification.iter().flat_map(verdict::doubts).collect();
    let verification = verification.filter(|_| arguments.verify);
    let mut doubts = measurement.doubts();
    doubts.extend(of_run.iter().chain(&seen).cloned());
    let mut warnings = measurement.warnings();
    warnings.extend(of_run);
    // Under --verify they are the verdict's own.
    warnings.extend(seen.into_iter().filter(|_| !arguments.verify));
    let report = Report { run, device, seed, measurement: &measurement, warnings, forward, verification };
    if arguments.json {
        super::print_json(&report)?
    } else {
        super::print(&describe(&report))?
    }
    arguments.strict.check(&doubts)
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
    let measurement = measure(backend, settings, keep, |done| {
        progress.advance(done as u64);
        interrupt.flow()
    })?;
    progress.finish();
    if measurement.count < settings.count {
        super::tell(&format!("stopped after {} of {} samples", measurement.count, settings.count));
    }
    Ok(measurement)
}

/// What configurations from elsewhere say.
fn checks(
    backend: &mut dyn Backend,
    arguments: &Arguments,
    config: &Config,
    settings: &Settings,
    measurement: &Measurement,
    reference: Option<Vec<i8>>,
) -> anyhow::Result<(Option<Forward>, Option<Verification>)> {
    let beta = measurement.ensemble.beta;
    let exact = wait("solving the lattice exactly", || exact::ln_z(&measurement.ensemble.system, beta));
    let ln_z = exact.map_or(measurement.importance.ln_z, Estimate::exact);
    let elements = settings.elements(backend.model());
    let check = if let Some(spins) = reference {
        let mut progress = Progress::new("image of the reference", 0, elements.len() as u64);
        let told = |done| progress.advance(done as u64);
        let ln_w = reference_log_weights(backend, &elements, beta, &spins, told)?;
        progress.finish();
        Some(MonteCarloCheck::Forward(forward(&ln_w, ln_z)))
    } else if arguments.verify {
        let count = config.verification_samples.max(CHECK);
        super::tell(&format!("check: {count} configurations by Monte Carlo"));
        let mut watch = Watch::new(&Interrupt::listen());
        let see = &mut |stage| watch.see(stage);
        match monte_carlo_check(backend, &elements, beta, count, settings.seed, ln_z, see) {
            // What was measured is wanted all the same.
            Err(Error::Stopped) => return Ok((None, None)),
            check => Some(check?),
        }
    } else {
        None
    };
    let verified = || verify(&measurement.importance, references(exact, check.as_ref()));
    let verification = check.is_some().then(verified);
    Ok((check.and_then(MonteCarloCheck::into_forward), verification))
}

fn describe(report: &Report<'_>) -> String {
    let mut lines =
        vec![format!("{}, seed {}", report.measurement.ensemble, report.seed), report.measurement.describe()];
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
