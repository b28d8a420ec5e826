//! `han-gpu plot`.

use super::figures::{FigureArguments, Place};
use super::interrupt::{Interrupt, Stopped};
use super::network::open_run;
use super::progress::{Progress, Watch};
use super::verdict;
use crate::backend::Backend;
use crate::config::{Config, MAX_SAMPLES};
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::Status;
use crate::io::{FlowFolder, MachineFolder, Metrics, Row, RunFolder, Table};
use crate::lattice::{Ensemble, Spins};
use crate::mc::Pool;
use crate::measure::{Bin, EnergyCounts, Measurement, Method, Settings, measure};
use crate::neuralrg;
use crate::plot::{self, Colouring, Configurations, Isometric, Overlaps};
use crate::rbm;
use crate::sample::{Draws, draw};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Configurations by Monte Carlo that overlaps and energies are compared with.
const MONTE_CARLO: usize = 8192;

/// Figures of runs and scans.
///
/// A run has figures of its training, sampled configurations by spin and by level of the hierarchy, weights, autocorrelation, with couplings of single
/// bonds of the overlaps of pairs of configurations of Ising spins, and of Potts spins where two phases may be of their energies. The table of a scan
/// has figures of every quantity against beta, and a Boltzmann machine one of its training; `rbm flow`, `measure`, `features` and `scan` draw all others.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu plot runs/L16-beta0.44
  han-gpu plot runs/scan/table.csv --format png --out figures")]
pub(super) struct Arguments {
    /// Run folders, or tables of scans (.csv)
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Folder for the figures [default: the run's or the table's own]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    figures: FigureArguments,
    /// Samples for weights and autocorrelation
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// Seed of the samples [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// auto, cpu, or index or name of a GPU
    #[arg(long, default_value = "auto")]
    device: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let count = arguments.count;
    if !(2..=MAX_SAMPLES).contains(&count) {
        return Err(Error::setting("count", count, format!("it must lie in 2 to {MAX_SAMPLES}")).into());
    }
    // All are read before anything is drawn or written.
    let sources = arguments.paths.iter().map(|path| Source::open(path)).collect::<crate::Result<Vec<_>>>()?;
    for (path, source) in arguments.paths.iter().zip(&sources) {
        let own = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        // Several runs in one folder, each in a folder of its own name there.
        let name = if path.is_dir() { path.file_name() } else { path.parent().and_then(Path::file_name) };
        let inner = name.filter(|_| arguments.paths.len() > 1).unwrap_or_default();
        let folder = arguments.out.as_ref().map(|out| out.join(inner));
        let folder = folder.or(own.map(Path::to_owned)).unwrap_or_default();
        let place = Place::new(folder, arguments.figures, true)?;
        match source {
            Source::Run(config, metrics) => {
                place.write("training", &plot::training(config, metrics))?;
                plot_network(path, arguments, &place)?;
            }
            Source::Machine(settings, metrics) => {
                place.write("training", &plot::machine_training(settings, metrics))?;
            }
            Source::Flow(settings, metrics) => {
                place.write("training", &plot::flow_training(settings, metrics))?;
            }
            Source::Scan(table) => {
                tell_of(path, table);
                super::tell_of_slow_curves(table);
                for (name, figure) in plot::scan(table) {
                    place.write(name, &figure)?;
                }
            }
        }
    }
    Ok(())
}

/// Says so if a table has points that cannot be trusted.
fn tell_of(path: &Path, table: &Table) {
    let suspect = |row: &&Row| [row.status, row.mc_status].contains(&Some(Status::Suspect));
    let (count, all) = (table.rows.iter().filter(suspect).count(), table.rows.len());
    if count > 0 {
        let path = path.display();
        super::complain(&format!(
            "WARNING    {path}: {count} of {} {} suspect; such points are crosses in the figures",
            counted(all, "point"),
            if count == 1 { "is" } else { "are" }
        ));
    }
}

/// The content of a path.
enum Source {
    Run(Box<Config>, Vec<Metrics>),
    Machine(Box<rbm::Settings>, Vec<rbm::Metrics>),
    Flow(Box<neuralrg::Settings>, Vec<neuralrg::Metrics>),
    Scan(Table),
}

impl Source {
    fn open(path: &Path) -> crate::Result<Self> {
        if !path.is_dir() {
            return Ok(Self::Scan(Table::read_csv(path)?));
        }
        if MachineFolder::exists(path) {
            let (folder, settings) = MachineFolder::open(path)?;
            return Ok(Self::Machine(Box::new(settings), folder.metrics()?));
        }
        if FlowFolder::exists(path) {
            let (folder, settings) = FlowFolder::open(path)?;
            return Ok(Self::Flow(Box::new(settings), folder.metrics()?));
        }
        let (folder, config) = RunFolder::open(path)?;
        Ok(Self::Run(Box::new(config), folder.metrics()?))
    }
}

fn plot_network(path: &Path, arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (folder, config) = RunFolder::open(path)?;
    verdict::tell_of(&folder);
    let (config, mut backend) = open_run(path, &arguments.device, config.batch.min(arguments.count))?;
    let seed = arguments.seed.unwrap_or(config.seed);
    plot_configurations(&config, backend.as_mut(), seed, place)?;
    let system = &backend.model().system;
    if system.weights.is_some() && system.spins == Spins::Ising {
        plot_overlaps(&config, backend.as_mut(), seed, arguments.count, place)?;
    }
    let (measurement, ln_w) = sample(&config, backend.as_mut(), seed, arguments.count)?;
    let system = &backend.model().system;
    let words = config.interaction_words();
    let of = format!("{}{}, beta = {}{words}", system.lattice, system.spins, config.beta);
    let ln_z = measurement.importance.ln_z.value;
    let title = format!("Weights, {of}: ESS {:.4}", measurement.importance.ess.value);
    place.write("weights", &plot::weights(&title, &ln_w, ln_z))?;
    if let Some(energies) = &measurement.energies {
        plot_energies(&config, &measurement.ensemble, energies.bins(), arguments.count, seed, place)?;
    }
    let statistics = measurement.chain.as_ref().map(|chain| &chain.statistics);
    let functions: Vec<_> = statistics
        .into_iter()
        .flat_map(|of| [("energy", of.energy.as_ref()), ("|m|", of.abs_magnetisation.as_ref())])
        .filter_map(|(name, found)| Some((name, found?)))
        .collect();
    if functions.is_empty() {
        super::tell("no autocorrelation function: the Markov chain never moved");
        return Ok(());
    }
    place.write("autocorrelation", &plot::autocorrelation(&format!("Markov chain, {of}"), &functions))
}

/// Energies of the network's configurations, reweighted, and of Monte Carlo's.
fn plot_energies(
    config: &Config,
    ensemble: &Ensemble,
    of_network: Vec<Bin>,
    count: usize,
    seed: u32,
    place: &Place,
) -> anyhow::Result<()> {
    let mut sources = vec![("network", of_network)];
    if let Some(pool) = pool(ensemble, count, seed, "energies")? {
        let counts = EnergyCounts::of_configurations(&ensemble.system, pool.spins());
        sources.push(("Monte Carlo", counts.bins()));
    }
    let system = &ensemble.system;
    let words = config.interaction_words();
    let title = format!("Energies, {}{}, beta = {}{words}", system.lattice, system.spins, ensemble.beta);
    place.write("energies", &plot::energies(&title, &sources))
}

/// Configurations by Monte Carlo to compare with; nothing, and a warning, where it does not come into equilibrium.
fn pool(ensemble: &Ensemble, count: usize, seed: u32, of: &str) -> anyhow::Result<Option<Pool>> {
    let count = count.min(MONTE_CARLO);
    super::tell(&format!("{of}: {} by Monte Carlo", counted(count, "configuration")));
    let mut watch = Watch::new(&Interrupt::listen());
    match Pool::watched(ensemble, count, seed, &mut |stage| watch.see(stage)) {
        Ok(pool) => Ok(Some(pool)),
        Err(Error::NotEquilibrated { reason, .. }) => {
            super::complain(&format!("WARNING    no {of} by Monte Carlo: {reason}"));
            Ok(None)
        }
        Err(Error::Stopped) => Err(Stopped("stopped; repeat the command for all figures".to_owned()).into()),
        Err(error) => Err(error.into()),
    }
}

/// Overlaps of pairs of the network's configurations, reweighted, and of Monte Carlo's.
fn plot_overlaps(
    config: &Config,
    backend: &mut dyn Backend,
    seed: u32,
    count: usize,
    place: &Place,
) -> anyhow::Result<()> {
    let ensemble = Ensemble { system: backend.model().system.clone(), beta: config.beta };
    let sites = ensemble.system.lattice.sites();
    let overlap =
        |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>() / sites as f64;
    let mut of_network = Vec::new();
    draw(backend, Draws { seed, beta: config.beta, count }, |samples| {
        let ln_w =
            samples.energy.iter().zip(&samples.ln_q).map(|(energy, ln_q)| -config.beta * energy - ln_q);
        let ln_w: Vec<f64> = ln_w.collect();
        let pairs = samples.spins.chunks_exact(2 * sites).zip(ln_w.chunks_exact(2));
        of_network.extend(
            pairs.map(|(spins, ln_w)| (overlap(&spins[..sites], &spins[sites..]), ln_w[0] + ln_w[1])),
        );
        Ok(())
    })?;
    let most = of_network.iter().map(|(_, ln_w)| *ln_w).fold(f64::NEG_INFINITY, f64::max);
    let pairs = of_network.into_iter().map(|(q, ln_w)| (q, (ln_w - most).exp())).collect();
    let mut sources = vec![Overlaps { name: "network", pairs }];
    if let Some(pool) = pool(&ensemble, count, seed, "overlaps")? {
        // Configurations stand chain by chain: those of a pair are of different chains.
        let half = pool.spins().len() / sites / 2 * sites;
        let (first, second) = pool.spins().split_at(half);
        let pairs = first.chunks_exact(sites).zip(second.chunks_exact(sites));
        let pairs = pairs.map(|(a, b)| (overlap(a, b), 1.0)).collect();
        sources.push(Overlaps { name: "Monte Carlo", pairs });
    }
    let words = config.interaction_words();
    let title = format!("Overlaps, {}, beta = {}{words}", ensemble.system.lattice, config.beta);
    place.write("overlaps", &plot::overlaps(&title, sites, &sources))
}

/// A grid of few enough configurations that single sites are seen.
fn plot_configurations(
    config: &Config,
    backend: &mut dyn Backend,
    seed: u32,
    place: &Place,
) -> anyhow::Result<()> {
    let lattice = backend.model().system.lattice;
    let count = match (lattice.dimensions(), config.size) {
        (3, _) => 6,
        (_, 0..=32) => 9,
        (_, 33..=128) => 4,
        _ => 1,
    };
    let mut spins = Vec::new();
    draw(backend, Draws { seed, beta: config.beta, count }, |samples| {
        spins.extend(samples.spins);
        Ok(())
    })?;
    let kind = backend.model().system.spins;
    let dark = match kind {
        Spins::Ising => "dark up, light down",
        Spins::Potts { .. } => "dark the most frequent colour",
    };
    let (by_level, words) = (format!("levels of the hierarchy, {dark}"), config.interaction_words());
    for (name, what, colouring) in [
        ("configurations", "spins", Colouring::Spin),
        ("configurations_by_level", by_level.as_str(), Colouring::Level),
    ] {
        let title = format!("{lattice}{kind}, beta = {}{words}: {what}", config.beta);
        let hierarchy = &backend.model().hierarchy;
        place.write(name, &Configurations { title, lattice, spins: &spins, kind, hierarchy, colouring })?;
    }
    if lattice.dimensions() == 3 {
        let title = format!("{lattice}{kind}, beta = {}{words}: planes, {dark}", config.beta);
        let (spins, hierarchy) = (&spins[..lattice.sites()], &backend.model().hierarchy);
        place.write("planes_by_level", &Isometric { title, lattice, spins, kind, hierarchy })?;
    }
    Ok(())
}

fn sample(
    config: &Config,
    backend: &mut dyn Backend,
    seed: u32,
    count: usize,
) -> anyhow::Result<(Measurement, Vec<f64>)> {
    let settings =
        Settings { count, seed, beta: config.beta, method: Method::Both, symmetries: Default::default() };
    let mut progress = Progress::new("sample", 0, count as u64);
    let mut ln_w = Vec::new();
    let keep = |sample: crate::measure::Scalars| {
        ln_w.push(sample.ln_w);
        Ok(())
    };
    let measurement = measure(backend, &settings, keep, |done| {
        progress.advance(done as u64);
        ControlFlow::Continue(())
    })?;
    progress.finish();
    Ok((measurement, ln_w))
}
