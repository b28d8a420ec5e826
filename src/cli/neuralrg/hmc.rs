//! `han-gpu neuralrg hmc`.

use super::super::figures::{FigureArguments, Place};
use super::super::progress::{Progress, wait};
use super::super::{print, print_json, tell};
use super::{Learned, check_range, named, open, train};
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::{Autocorrelation, Estimate, Series};
use crate::exact;
use crate::lattice::Ensemble;
use crate::mc::Pool;
use crate::measure::brief;
use crate::neuralrg::{Backend, Hmc, Space};
use crate::plot;
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// Most chains, trajectories and leaps.
const MOST_CHAINS: u64 = 1 << 16;
const MOST_TRAJECTORIES: u64 = 1 << 24;
const MOST_LEAPS: u64 = 10_000;
/// Keeps the Monte Carlo of the starts apart from other chains of the seed.
const SALT: u32 = 0x6863;
/// The start at independent normal numbers, by its name.
const NORMAL: &str = "normal";
/// Errors from the exact energy beyond which chains are not in equilibrium; autocorrelation times that a chain must last for its errors to be right, and all chains of a space together.
const FAR: f64 = 4.0;
const LONG: f64 = 10.0;
const LONG_TOGETHER: f64 = 200.0;
/// Values of a chain's series that are kept.
const KEPT: usize = 1 << 16;

/// Hybrid Monte Carlo of the field in the flow's independent numbers and in those of the field itself, side by side.
///
/// Chains move by leapfrog steps, whose length is drawn anew for every trajectory, up to a longest one that is adapted while they come into equilibrium so that 0.8 of the trajectories
/// are accepted. In latent space the potential is E(g(z)) - ln |det dg/dz|, which is that of independent normal numbers where the flow is perfect; in physical space it is E(x). Both
/// are exact. Chains start at fields given spins by cluster Monte Carlo, so that both spaces begin in equilibrium and differ in how fast they forget. Writes hmc.csv and figures.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu neuralrg hmc runs/neuralrg
  han-gpu neuralrg hmc runs/neuralrg --start normal
  han-gpu neuralrg hmc runs/neuralrg --latent --chains 512 --trajectories 2000")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Latent space alone
    #[arg(long, conflicts_with = "physical")]
    latent: bool,
    /// Physical space alone
    #[arg(long)]
    physical: bool,
    /// Chains
    #[arg(long, default_value_t = 256)]
    chains: usize,
    /// Trajectories of every chain that are measured
    #[arg(long, default_value_t = 500)]
    trajectories: u32,
    /// Trajectories before that, which adapt the step
    #[arg(long, default_value_t = 200)]
    thermalise: u32,
    /// Leapfrog steps of a trajectory, of one gradient each
    #[arg(long, default_value_t = 10)]
    leaps: u32,
    /// Spins of the same system, fields given which the chains start at: .npy or .npz files, such as `mc` writes; or normal: independent normal numbers. Chains from
    /// both starts that agree are in equilibrium [default: spins by cluster Monte Carlo]
    #[arg(long, value_name = "FILE|normal", num_args = 1..)]
    start: Vec<PathBuf>,
    /// Seed of the chains [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// auto, cpu, or index or name of a GPU as `han-gpu devices` lists them
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of the table and the figures [default: RUN/hmc]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A measured quantity of the chains in one space.
#[derive(Debug, Clone)]
struct Observed {
    name: &'static str,
    symbol: &'static str,
    mean: Estimate,
    autocorrelation: Option<Autocorrelation>,
}

/// The chains of one space.
#[derive(Debug, Clone)]
struct Chains {
    space: &'static str,
    step_size: f64,
    acceptance: f64,
    seconds: f64,
    observed: [Observed; 2],
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for (name, value, least, most) in [
        ("chains", arguments.chains as u64, 1, MOST_CHAINS),
        ("trajectories", arguments.trajectories.into(), 2, MOST_TRAJECTORIES),
        ("thermalise", arguments.thermalise.into(), 1, MOST_TRAJECTORIES),
        ("leaps", arguments.leaps.into(), 1, MOST_LEAPS),
    ] {
        check_range(name, value, least, most)?;
    }
    let learned = open(&arguments.run)?;
    let spaces =
        [("latent", Space::Latent, !arguments.physical), ("physical", Space::Physical, !arguments.latent)];
    let starts = starts(arguments, &learned)?;
    let place = Place::new(
        arguments.out.clone().unwrap_or_else(|| arguments.run.join("hmc")),
        arguments.figures,
        false,
    )?;
    let mut flow = learned.on(&arguments.device)?;
    let chains = spaces
        .into_iter()
        .filter(|(.., is_wanted)| *is_wanted)
        .map(|(name, space, _)| walk(arguments, &learned, flow.as_mut(), &starts, (name, space)))
        .collect::<anyhow::Result<Vec<Chains>>>()?;
    place.write_table(
        "hmc",
        &chains.iter().flat_map(|chains| rows(chains, arguments.leaps)).collect::<Vec<_>>(),
    )?;
    let of_order = |chains: &'_ Chains| Some((chains.space, chains.observed[1].autocorrelation.clone()?));
    let curves: Vec<(&str, Autocorrelation)> = chains.iter().filter_map(of_order).collect();
    let curves: Vec<_> = curves.iter().map(|(space, found)| (*space, found)).collect();
    for Chains { space, .. } in chains.iter().filter(|chains| chains.observed[1].autocorrelation.is_none()) {
        tell(&format!("no autocorrelation function of {space} chains: they are too short"));
    }
    if !curves.is_empty() {
        let title = format!(
            "Autocorrelation of m^2 by trajectories of {} gradients, {}",
            arguments.leaps,
            named(&learned.settings)
        );
        place.write("hmc", &plot::autocorrelation(&title, &curves))?;
    }
    let energy = exact::solve(learned.dual.system(), learned.dual.beta()).map(|exact| exact.energy_per_site);
    if arguments.json {
        return print_json(&report(arguments, &learned, &chains, energy));
    }
    print(&describe(arguments, &learned, &chains, energy, &place))
}

/// `[chains][sites]`: spins by Monte Carlo, or those of the files, evenly spread over them; none for chains that start at normal numbers.
fn starts(arguments: &Arguments, learned: &Learned) -> anyhow::Result<Vec<i8>> {
    match &arguments.start[..] {
        [] => return Ok(by_monte_carlo(arguments, learned)?),
        names if names.iter().any(|name| name.as_os_str().eq_ignore_ascii_case(NORMAL)) => {
            if let [_, ..] = &names[1..] {
                let expected = format!("{NORMAL} stands alone: chains start there, or at the spins of files");
                return Err(Error::setting("start", shown(names), expected).into());
            }
            return Ok(Vec::new());
        }
        _ => (),
    }
    let spins = train::read("start", &arguments.start, &learned.settings)?.configurations;
    let (chains, sites) = (arguments.chains, learned.dual.sites());
    let count = spins.len() / sites;
    Ok((0..chains).flat_map(|chain| spins[chain * count / chains * sites..][..sites].to_vec()).collect())
}

fn shown(names: &[PathBuf]) -> String {
    names.iter().map(|name| name.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// `[chains][sites]`: spins in equilibrium.
fn by_monte_carlo(arguments: &Arguments, learned: &Learned) -> crate::Result<Vec<i8>> {
    let dual = &learned.dual;
    let ensemble = Ensemble { system: dual.system().clone(), beta: dual.beta() };
    let seed = arguments.seed.unwrap_or(learned.settings.seed);
    tell(&format!("{} starts by Monte Carlo", arguments.chains));
    let draw = || Pool::new(&ensemble, arguments.chains, seed ^ SALT);
    match wait("drawing configurations by Monte Carlo", draw) {
        Ok(pool) => Ok(pool.spins().to_vec()),
        Err(Error::NotEquilibrated { reason, .. }) => {
            let expected =
                format!("{reason}; give a file of spins, or start at normal numbers (--start {NORMAL})");
            Err(Error::setting("start", "by Monte Carlo", expected))
        }
        Err(error) => Err(error),
    }
}

/// Brings chains into equilibrium, and measures them after every trajectory.
fn walk(
    arguments: &Arguments,
    learned: &Learned,
    flow: &mut dyn Backend<f32>,
    starts: &[i8],
    (name, space): (&'static str, Space),
) -> anyhow::Result<Chains> {
    let seed = arguments.seed.unwrap_or(learned.settings.seed);
    let dual = &learned.dual;
    let mut hmc = match starts {
        [] => Hmc::new(flow, space, [arguments.chains, dual.sites()], arguments.leaps, seed),
        starts => Hmc::from_spins(flow, dual, space, starts, arguments.leaps, seed),
    }?;
    let all = u64::from(arguments.thermalise) + u64::from(arguments.trajectories);
    tell(&format!("{} in {name} space", counted(arguments.chains, "chain")));
    let mut progress = Progress::new("trajectory", 0, all);
    for trajectory in 1..=arguments.thermalise {
        let accepted = hmc.adapt()?;
        progress.say(format!("acceptance {accepted:.2}, step {:.4}", hmc.step_size));
        progress.advance(trajectory.into());
    }
    let start = Instant::now();
    let mut series = vec![[Series::new(KEPT), Series::new(KEPT)]; arguments.chains];
    let mut accepted = 0.0;
    for trajectory in 1..=arguments.trajectories {
        accepted += hmc.advance()?;
        for (series, means) in series.iter_mut().zip(dual.spin_means(hmc.fields())) {
            series.iter_mut().zip(means).for_each(|(series, mean)| series.push(mean));
        }
        progress.say(format!("acceptance {:.2}, measuring", accepted / f64::from(trajectory)));
        progress.advance(u64::from(arguments.thermalise) + u64::from(trajectory));
    }
    progress.finish();
    let seconds = start.elapsed().as_secs_f64();
    let observed = |which: usize, name, symbol| {
        let series: Vec<Series> = series.iter().map(|series| series[which].clone()).collect();
        let autocorrelation = Series::autocorrelation(&series);
        let means: Vec<f64> = series.iter().map(Series::mean).collect();
        // Where no time can be told, only chains are independent.
        let mean = autocorrelation.as_ref().map_or_else(|| Estimate::mean(&means), |found| found.mean);
        Observed { name, symbol, mean, autocorrelation }
    };
    let acceptance = accepted / f64::from(arguments.trajectories);
    if acceptance == 0.0 {
        let expected = "no trajectory was accepted: thermalise for longer, or train the flow further";
        return Err(Error::setting("thermalise", arguments.thermalise, expected).into());
    }
    Ok(Chains {
        space: name,
        step_size: hmc.step_size,
        acceptance,
        seconds,
        observed: [observed(0, "energy_per_site", "U/N"), observed(1, "magnetisation_squared", "m^2")],
    })
}

impl Chains {
    /// Says so if the energy is far from the exact one.
    fn distance(&self, energy: Option<f64>) -> Option<String> {
        let sigma = self.observed[0].mean.deviation(energy?);
        (sigma.abs() > FAR).then(|| {
            format!(
                "U/N of {} chains is {sigma:+.1} sigma from the exact value: they are not in equilibrium; give a larger --thermalise, or start at spins by Monte Carlo",
                self.space
            )
        })
    }

    /// The reason to doubt times and errors, if there is one.
    fn doubt(&self, arguments: &Arguments) -> Option<String> {
        let Self { space, observed, .. } = self;
        let length = f64::from(arguments.trajectories);
        let cure = "draw more (--trajectories)";
        let doubt = observed.iter().find_map(|Observed { symbol, autocorrelation, .. }| {
            let Some(found) = autocorrelation else {
                return Some(format!(
                    "tau_int of {symbol} is unknown, and its error is that of whole chains"
                ));
            };
            let tau = found.tau_int.value;
            let is_short = length < LONG * tau || arguments.chains as f64 * length < LONG_TOGETHER * tau;
            is_short.then(|| format!("tau_int of {symbol} is {tau:.0}: it and errors are too small"))
        });
        doubt.map(|doubt| {
            format!(
                "{} {space} chains of {} trajectories are short: {doubt}; {cure}",
                arguments.chains, arguments.trajectories
            )
        })
    }
}

/// A row of hmc.csv: a quantity in one space. Times are in the convention 1 + 2 sum rho(t); empty where they are not known.
#[derive(Debug, Serialize)]
struct Row {
    space: &'static str,
    quantity: &'static str,
    value: f64,
    error: Option<f64>,
    tau_int: Option<f64>,
    tau_int_error: Option<f64>,
    tau_int_gradients: Option<f64>,
    acceptance: f64,
    step_size: f64,
    elapsed_s: f64,
}

fn rows(chains: &Chains, leaps: u32) -> Vec<Row> {
    let row = |observed: &Observed| {
        let tau = observed.autocorrelation.as_ref().map(|found| found.tau_int);
        Row {
            space: chains.space,
            quantity: observed.name,
            value: observed.mean.value,
            error: Some(observed.mean.error).filter(|error| error.is_finite()),
            tau_int: tau.map(|tau| tau.value),
            tau_int_error: tau.map(|tau| tau.error),
            tau_int_gradients: tau.map(|tau| tau.value * f64::from(leaps)),
            acceptance: chains.acceptance,
            step_size: chains.step_size,
            elapsed_s: chains.seconds,
        }
    };
    chains.observed.iter().map(row).collect()
}

fn warnings(arguments: &Arguments, chains: &[Chains], energy: Option<f64>) -> Vec<String> {
    let of_space = |chains: &Chains| [chains.distance(energy), chains.doubt(arguments)];
    chains.iter().flat_map(of_space).flatten().collect()
}

fn report(
    arguments: &Arguments,
    learned: &Learned,
    chains: &[Chains],
    energy: Option<f64>,
) -> serde_json::Value {
    let of_space = |chains: &Chains| {
        let quantities: serde_json::Map<_, _> = chains
            .observed
            .iter()
            .map(|observed| {
                let tau = observed.autocorrelation.as_ref().map(|found| found.tau_int);
                let content = json!({
                    "value": observed.mean.value,
                    "error": observed.mean.error,
                    "tau_int": tau,
                    "tau_int_gradients": tau.map(|tau| tau.value * f64::from(arguments.leaps)),
                });
                (observed.name.to_owned(), content)
            })
            .collect();
        json!({
            "space": chains.space,
            "acceptance": chains.acceptance,
            "step_size": chains.step_size,
            "elapsed_s": chains.seconds,
            "quantities": quantities,
        })
    };
    json!({
        "run": learned.path,
        "chains": arguments.chains,
        "trajectories": arguments.trajectories,
        "leaps": arguments.leaps,
        "exact_energy_per_site": energy,
        "spaces": chains.iter().map(of_space).collect::<Vec<_>>(),
        "warnings": warnings(arguments, chains, energy),
    })
}

fn describe(
    arguments: &Arguments,
    learned: &Learned,
    chains: &[Chains],
    energy: Option<f64>,
    place: &Place,
) -> String {
    let mut lines = vec![format!(
        "{}, {} of {} of {}",
        named(&learned.settings),
        counted(arguments.chains, "chain"),
        counted(arguments.trajectories, "trajectory"),
        counted(arguments.leaps, "leap")
    )];
    for chains in chains {
        lines.push(format!(
            "{:<9} acceptance {:.3}, step {:.4}, {:.1} s",
            chains.space, chains.acceptance, chains.step_size, chains.seconds
        ));
        for observed in &chains.observed {
            let tau = observed.autocorrelation.as_ref().map_or(
                "unknown: chains are too short".to_owned(),
                |found| {
                    let gradients = found.tau_int.value * f64::from(arguments.leaps);
                    format!("{} trajectories, {gradients:.0} gradients", brief(found.tau_int))
                },
            );
            lines.push(format!("  {:<6} {:<22} tau_int {tau}", observed.symbol, brief(observed.mean)));
        }
    }
    let off = |energy: f64| {
        let of_space = |chains: &Chains| {
            let sigma = (chains.observed[0].mean.value - energy) / chains.observed[0].mean.error;
            format!("{} {sigma:+.1}", chains.space)
        };
        chains.iter().map(of_space).collect::<Vec<_>>().join(", ")
    };
    lines.extend(energy.map(|energy| format!("exact U/N {energy:.6}, off by sigma: {}", off(energy))));
    lines.push("tau_int in the 1 + 2 sum convention".to_owned());
    let doubts = warnings(arguments, chains, energy);
    lines.extend(doubts.iter().map(|doubt| format!("WARNING    {doubt}")));
    if let ([], [latent, physical]) = (&doubts[..], chains)
        && let [Some(latent), Some(physical)] =
            [latent, physical].map(|chains| chains.observed[1].autocorrelation.as_ref())
    {
        lines.push(format!(
            "of m^2 latent chains forget {:.2} times as fast by trajectory and by gradient",
            physical.tau_int.value / latent.tau_int.value
        ));
    }
    let is_drawn = chains.iter().any(|chains| chains.observed[1].autocorrelation.is_some());
    let files = if is_drawn { "hmc.csv and the figure" } else { "hmc.csv" };
    lines.push(format!("{files} in {}", place.folder().display()));
    lines.join("\n")
}
