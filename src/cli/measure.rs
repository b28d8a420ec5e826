//! `han-gpu measure`.

use super::bottom::BottomFlags;
use super::interrupt::Interrupt;
use super::network::Network;
use super::progress::{Progress, Watch, wait};
use super::verdict::{self, Strict};
use crate::backend::Backend;
use crate::config::{Config, MAX_SAMPLES};
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::Estimate;
use crate::exact;
use crate::io::{RunFolder, check_memory, check_writable, read_configurations, write_scalars};
use crate::lattice::{Ensemble, SymmetryGroup};
use crate::measure::{
    Against, Checked, Measurement, Method, Origin, RunReport, Scalars, Settings, brief, measure_on_ranks,
    own_seed,
};
use crate::mps::{LevelDivergence, Levels, check_levels};
use crate::ranks::Ranks;
use crate::sample::Draws;
use std::path::PathBuf;

/// Most samples that are looked at level by level.
const BY_LEVEL: usize = 10_000;
/// Thermodynamics of a trained network's system, from samples of the network.
///
/// Averages over the Boltzmann distribution with errors: ln Z, free energy, energy, entropy, specific heat, magnetisation,
/// susceptibility, Binder cumulant, two-point function, correlation length (of Potts spins their order parameter and colours in place of these); and how good the network is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu measure runs/L16-beta0.44 --count 100000
  han-gpu measure runs/L16-beta0.44 --count 100000 --method nmcmc --json
  han-gpu measure runs/L16-beta0.44 --count 10000 --bottom mps --by-level
  han-gpu measure runs/a --symmetrise translations=4x4,reflections,transpose
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

pub(super) fn run(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<()> {
    let count = arguments.count;
    if count == 0 || count > MAX_SAMPLES {
        return Err(Error::setting("count", count, format!("it must lie in 1 to {MAX_SAMPLES}")).into());
    }
    let keep = arguments.keep.as_deref().map(check_writable).transpose()?;
    if keep.is_some() {
        check_memory("count", count, size_of::<Scalars>())?;
    }
    let (config, mut backend) = arguments.network.open(&arguments.bottom, count, ranks)?;
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
    let kept = keep.is_some().then_some(&mut scalars);
    // The first rank has all figures, and does the rest.
    let Some(measurement) = draw(ranks, backend.as_mut(), &settings, kept)? else { return Ok(()) };
    // Stopped: what was measured is wanted now.
    let is_whole = measurement.count == count;
    let checked = match is_whole {
        true => check(arguments, &settings, &measurement, backend.as_mut(), &config, reference)?,
        false => Checked::default(),
    };
    let levels = match arguments.by_level && is_whole {
        true => Some(draw_levels(backend.as_mut(), arguments.bottom.bond_dimension()?, &settings)?),
        false => None,
    };
    let (folder, _) = RunFolder::open(arguments.network.path())?;
    let changed = arguments.bottom.is_given() || arguments.symmetrise.is_some();
    let origin = Origin {
        run: arguments.network.path().display().to_string(),
        device: backend.device().to_owned(),
        seed,
        warning: folder.warning(),
        forward_ess: folder.forward_ess().filter(|_| !changed),
    };
    let report = RunReport::new(origin, &measurement, checked, levels, arguments.verify);
    if arguments.json {
        super::print_json(&report)?
    } else {
        super::print(&describe(&report))?
    }
    // A disk that is full should not cost the figures above.
    if let Some(path) = &keep {
        write_scalars(path, &ensemble.system, &scalars)?;
    }
    arguments.strict.check(&report.doubts)
}

/// Checks the network by given configurations, or by a Monte Carlo if that is asked for.
fn check(
    arguments: &Arguments,
    settings: &Settings,
    measurement: &Measurement,
    backend: &mut dyn Backend,
    config: &Config,
    reference: Option<Vec<i8>>,
) -> anyhow::Result<Checked> {
    let against = match reference {
        Some(spins) => Against::Given(spins),
        None if arguments.verify => Against::monte_carlo(config.verification_samples),
        None => Against::Nothing,
    };
    let Ensemble { system, beta } = &measurement.ensemble;
    // The check asks for it too; the solution is kept.
    wait("solving the lattice exactly", || exact::ln_z(system, *beta));
    if let Against::MonteCarlo(count) = against {
        super::tell(&format!("check: {} by Monte Carlo", counted(count, "configuration")));
    }
    let mut watch = Watch::new(&Interrupt::listen());
    let images = settings.elements(backend.model()).len() as u64;
    let mut progress: Option<Progress> = None;
    let told = |done| {
        let new = || Progress::new("image of the reference", 0, images);
        progress.get_or_insert_with(new).advance(done as u64);
    };
    let checked =
        Checked::against(against, backend, settings, measurement, &mut |stage| watch.see(stage), told)?;
    progress.iter_mut().for_each(Progress::finish);
    Ok(checked)
}

fn draw(
    ranks: &Ranks,
    backend: &mut dyn Backend,
    settings: &Settings,
    mut scalars: Option<&mut Vec<Scalars>>,
) -> anyhow::Result<Option<Measurement>> {
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
    let measurement = measure_on_ranks(ranks, backend, settings, keep, observe)?;
    progress.finish();
    let drawn = measurement.as_ref().map(|measurement| measurement.count);
    if let Some(drawn) = drawn.filter(|&drawn| drawn < settings.count) {
        super::tell(&format!("stopped after {drawn} of {}", counted(settings.count, "sample")));
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
    let Settings { seed, beta, .. } = *settings;
    let levels = Levels::draw(backend, Draws { seed, beta, count }, bond_dimension, |done| {
        progress.advance(done as u64);
        interrupt.flow()
    })?;
    progress.finish();
    let drawn = levels.by_level_count;
    if drawn < count {
        super::tell(&format!("stopped after {drawn} of {} by level", counted(count, "sample")));
    }
    Ok(levels)
}

/// A line for every level, and what they took.
fn describe_levels(levels: &Levels) -> Vec<String> {
    let Levels { by_level, by_level_count, by_level_elapsed_s } = levels;
    let line = |LevelDivergence { level, name, blocks, spins, kl }: &LevelDivergence| {
        let told = |kl: Estimate| if kl.value == 0.0 { "0, exact".to_owned() } else { brief(kl) };
        let kl = kl.map_or("?   (ln Z is not known)".to_owned(), told);
        format!("level {level:<4} KL {kl:<24} {blocks} x {name}, {}", counted(*spins, "spin"))
    };
    let took =
        format!("levels     of {}, {by_level_elapsed_s:.3} s more", counted(*by_level_count, "sample"));
    by_level.iter().map(line).chain([took]).collect()
}

fn describe(report: &RunReport<'_>) -> String {
    let mut lines =
        vec![format!("{}, seed {}", report.measurement.ensemble, report.seed), report.measurement.describe()];
    lines.extend(report.levels.iter().flat_map(describe_levels));
    if let Some(forward) = &report.forward {
        lines.push(format!(
            "forward    ESS {}, KL {} nats, of {}",
            brief(forward.ess),
            brief(forward.kl),
            counted(forward.count, "configuration")
        ));
    }
    lines.extend(report.verification.as_ref().map(verdict::describe));
    lines.extend(report.warnings.iter().map(|warning| format!("WARNING    {warning}")));
    lines.join("\n")
}
