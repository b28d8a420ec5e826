//! `han-gpu neuralrg measure`.

use super::super::interrupt::Interrupt;
use super::super::progress::{Progress, wait};
use super::super::verdict::{self, Strict};
use super::{check_range, open};
use crate::config::MAX_SAMPLES;
use crate::estimate::{Estimate, Forward, Overlap, Verification};
use crate::exact;
use crate::lattice::{Ensemble, SymmetryGroup};
use crate::measure::{FlowCheck, Measurement, Method, Settings, brief, measure_flow, own_seed};
use crate::neuralrg::{Backend, Dual};
use serde::Serialize;
use std::path::PathBuf;

/// Configurations of the Monte Carlo that checks the flow.
const CHECK: usize = 2000;

/// Thermodynamics of Ising spins from samples of a flow of their field, checked against exact results and cluster Monte Carlo.
///
/// ln Z, free energy, energy, entropy, specific heat, magnetisation, susceptibility, Binder cumulant, two-point function and correlation length of the spins, by importance sampling
/// and by a Markov chain of accepted samples; divergence and effective sample size of the field.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu neuralrg measure runs/neuralrg --count 100000
  han-gpu neuralrg measure runs/neuralrg --count 100000 --json")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Number of samples
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// Seed of the samples [default: one of its own, from the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// auto, cpu, or index or name of a GPU as `han-gpu devices` lists them
    #[arg(long, default_value = "auto")]
    device: String,
    /// Leave the check by Monte Carlo out
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    strict: Strict,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
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
    overlap: Option<Overlap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Verification>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check_range("count", arguments.count as u64, 1, MAX_SAMPLES as u64)?;
    let learned = open(&arguments.run)?;
    let mut flow = learned.on(&arguments.device)?;
    let ensemble = Ensemble { system: learned.dual.system().clone(), beta: learned.dual.beta() };
    let seed = arguments.seed.unwrap_or(own_seed(learned.settings.seed, &ensemble));
    let settings = Settings {
        count: arguments.count,
        seed,
        beta: ensemble.beta,
        method: Method::Both,
        symmetries: SymmetryGroup::default(),
    };
    let interrupt = Interrupt::listen();
    let mut progress = Progress::new("sample", 0, arguments.count as u64);
    let measurement = measure_flow(&mut *flow, &learned.dual, &settings, |done| {
        progress.advance(done as u64);
        interrupt.flow()
    })?;
    progress.finish();
    // Stopped: the figures of the samples drawn so far are wanted now.
    let is_whole = measurement.count == arguments.count;
    let checked = (is_whole && !arguments.no_verify)
        .then(|| check(&mut *flow, &learned.dual, seed, &measurement))
        .transpose()?;
    let (found, verification) = checked.unzip();
    let (forward, overlap) = found.flatten().unzip();
    let of_run = learned.warnings.clone();
    let of_check = verification.iter().flat_map(Verification::doubts).cloned();
    let doubts = [measurement.doubts(), of_check.chain(of_run.clone()).collect()].concat();
    let report = Report {
        run: learned.path.display().to_string(),
        device: flow.device().to_owned(),
        seed,
        measurement: &measurement,
        warnings: measurement.warnings().into_iter().chain(of_run).collect(),
        forward,
        overlap,
        verification,
    };
    if arguments.json {
        super::super::print_json(&report)?
    } else {
        super::super::print(&describe(&report))?
    }
    arguments.strict.check(&doubts)
}

/// Figures by Monte Carlo, and the verdict of these and of the exact ln Z.
fn check(
    flow: &mut dyn Backend<f32>,
    dual: &Dual<f32>,
    seed: u32,
    measurement: &Measurement,
) -> crate::Result<(Option<(Forward, Overlap)>, Verification)> {
    let exact = exact::ln_z(dual.system(), dual.beta());
    let ln_z = exact.map_or(measurement.importance.ln_z, Estimate::exact);
    let check = || FlowCheck::new(flow, dual, CHECK, seed, ln_z);
    let found = wait("checking with configurations by Monte Carlo", check)?;
    let verification = found.verify(measurement, exact);
    Ok(match found {
        FlowCheck::Found(forward, overlap) => (Some((forward, overlap)), verification),
        FlowCheck::NotEquilibrated(_) => (None, verification),
    })
}

fn describe(report: &Report<'_>) -> String {
    let mut lines =
        vec![format!("{}, seed {}", report.measurement.ensemble, report.seed), report.measurement.describe()];
    if let Some(forward) = &report.forward {
        lines.push(format!(
            "forward    ESS {}, KL {} nats\n           of {} fields given spins by Monte Carlo",
            brief(forward.ess),
            brief(forward.kl),
            forward.count
        ));
    }
    lines.extend(report.verification.as_ref().map(verdict::describe));
    lines.extend(report.warnings.iter().map(|warning| format!("WARNING    {warning}")));
    lines.join("\n")
}
