//! `han-gpu rbm flow`.

use super::super::columns::aligned;
use super::super::figures::{FigureArguments, Place};
use super::super::{print, print_json, tell};
use super::thermometers::{self, ThermometerArguments};
use super::{Learned, open};
use crate::config::MAX_SAMPLES;
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::Estimate;
use crate::io::{check_memory, read_spins};
use crate::lattice::Spins;
use crate::measure::short;
use crate::plot::{self, Picture, Pictures, Scale, Tone};
use crate::rbm::{Backend, Flow, FlowKind, Source, Start, Track};
use crate::thermometer::{Thermometer, Thermometers};
use serde::Serialize;
use serde_json::json;
use std::collections::HashSet;
use std::path::PathBuf;

/// Most iterations.
const MOST_ITERATIONS: u32 = 10_000;
/// Bytes of a flow and its readings for every visible number of a configuration, at most.
pub(super) const BYTES_PER_SITE: usize = 32;
/// Pixels of a microstate's side.
const PIXELS: usize = 110;
/// Iterations whose microstates are drawn.
const SHOWN: [u32; 7] = [0, 1, 2, 3, 5, 10, 20];

/// Follow reconstructions from hot and cold configurations, and read their temperature at every iteration.
///
/// A machine makes visible numbers out of visible numbers, again and again: as probabilities (mean-field), or with units drawn (gibbs). Configurations of the flow are read by
/// four thermometers; of probabilities every spin is drawn first. Writes flow.csv and figures.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu rbm flow runs/rbm
  han-gpu rbm flow runs/rbm --from T=0,1.5,inf --iterations 50 --kind mean-field
  han-gpu rbm flow runs/seed0 runs/seed1 runs/seed2 --out figures")]
pub(in crate::cli) struct Arguments {
    /// Run folders; of several machines on one lattice results are means, with errors by their spread
    #[arg(required = true)]
    run: Vec<PathBuf>,
    /// Temperatures of Monte Carlo configurations to start from: T=0,1.5,inf
    #[arg(long, value_name = "T=...", default_value = "T=0,inf", conflicts_with = "spins")]
    from: String,
    /// Start from the configurations of a file
    #[arg(long, value_name = "FILE")]
    spins: Option<PathBuf>,
    /// Iterations
    #[arg(long, default_value_t = 20)]
    iterations: u32,
    /// Flow: layers hand on probabilities (mean-field) or drawn units (gibbs)
    #[arg(long, value_enum, default_value = "both")]
    kind: KindName,
    /// Configurations of every start
    #[arg(long, default_value_t = 1000)]
    count: usize,
    #[command(flatten)]
    thermometers: ThermometerArguments,
    /// Seed of flows and thermometers
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// auto, cpu, or index or name of a GPU: flows and the thermometers' network run there, Monte Carlo and the other thermometers on the CPU
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of the table and the figures [default: RUN/flow]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum KindName {
    MeanField,
    Gibbs,
    Both,
}

impl KindName {
    pub(super) fn kinds(self) -> &'static [FlowKind] {
        match self {
            Self::MeanField => &[FlowKind::MeanField],
            Self::Gibbs => &[FlowKind::Gibbs],
            Self::Both => &FlowKind::ALL,
        }
    }
}

/// Refuses what is named twice: means over it would count it twice.
pub(super) fn check_once<T: std::fmt::Display>(
    name: &'static str,
    values: impl Iterator<Item = T>,
) -> crate::Result<()> {
    let mut known = HashSet::new();
    match values.map(|value| value.to_string()).find(|value| !known.insert(value.clone())) {
        Some(twice) => Err(Error::setting(name, twice, "it is named twice")),
        None => Ok(()),
    }
}

/// Checks the ranges of numbers that flows take.
pub(super) fn check(name: &'static str, iterations: u32, count: usize) -> crate::Result<()> {
    for (name, value, least, most) in
        [(name, iterations as usize, 1, MOST_ITERATIONS as usize), ("count", count, 2, MAX_SAMPLES)]
    {
        if !(least..=most).contains(&value) {
            return Err(Error::setting(name, value, format!("it must lie in {least} to {most}")));
        }
    }
    Ok(())
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check("iterations", arguments.iterations, arguments.count)?;
    let machines = arguments.run.iter().map(|path| open(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let machine = machines[0].machine;
    if let Some(other) = machines.iter().find(|other| other.machine != machine) {
        let expected = format!(
            "the first machine has spins of {}{} and {} hidden units; all must, for means over them",
            machine.lattice, machine.spins, machine.hidden
        );
        return Err(Error::setting("run", other.path.display(), expected).into());
    }
    let place = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let mut known = HashSet::new();
    if let Some(twice) = arguments.run.iter().find(|path| !known.insert(place(path))) {
        return Err(Error::setting("run", twice.display(), "it is named twice").into());
    }
    let system = arguments.thermometers.system(&machine)?;
    let temperatures = arguments.thermometers.list(&system)?;
    check_memory("count", arguments.count, BYTES_PER_SITE * machine.visible())?;
    // A device that is not there, or too small, is refused before anything is measured.
    let mut first = machines[0].on(&arguments.device)?;
    tell(&format!("device {}", first.device()));
    let sources = match &arguments.spins {
        Some(path) => {
            let spins = read_spins(path, &machine.lattice.shape(), machine.spins)?;
            vec![Source { start: Start::Given, spins }]
        }
        None => {
            let starts = thermometers::starts(&arguments.from)?;
            check_once("from", starts.iter())?;
            thermometers::sources(&system, &starts, arguments.count, arguments.seed)?
        }
    };
    let folder = arguments.out.clone().unwrap_or_else(|| arguments.run[0].join("flow"));
    let place = Place::new(folder, arguments.figures, false)?;
    let mut thermometers = thermometers::open(&arguments.device, &system, &temperatures, arguments.seed)?;
    let tracks = thermometers::follow(
        &arguments.device,
        &machines,
        arguments.kind.kinds(),
        &sources,
        arguments.iterations,
        |_| arguments.seed,
        &mut thermometers,
    )?;
    let field = arguments.thermometers.field;
    let rows: Vec<Row> =
        machines.iter().zip(&tracks).flat_map(|(machine, tracks)| rows(machine, field, tracks)).collect();
    place.write_table("flow", &rows)?;
    let means = Track::means(&tracks);
    draw(arguments, &place, first.as_mut(), &sources, &means, &thermometers)?;
    if arguments.json {
        return print_json(&report(&machines, field, &means, &thermometers));
    }
    print(&describe(&means, &thermometers, &place))
}

/// A row of the table: readings of one flow of one machine after some iterations.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    run: String,
    hidden: usize,
    seed: u32,
    kind: &'static str,
    start: String,
    field: f64,
    iteration: usize,
    energy_per_site: f64,
    energy_per_site_error: Option<f64>,
    order: f64,
    order_error: Option<f64>,
    temperature_by_energy: f64,
    temperature_by_energy_error: Option<f64>,
    temperature_by_order: f64,
    temperature_by_order_error: Option<f64>,
    temperature_by_pseudo_likelihood: f64,
    temperature_by_pseudo_likelihood_error: Option<f64>,
    temperature_by_network: f64,
    temperature_by_network_error: Option<f64>,
}

/// The error of an estimate, where it is known.
pub(super) fn known(estimate: Estimate) -> Option<f64> {
    Some(estimate.error).filter(|error| error.is_finite() && *error > 0.0)
}

/// Rows of the table, for flows of one machine.
pub(super) fn rows(of: &Learned, field: f64, tracks: &[Track]) -> Vec<Row> {
    let row = |track: &Track, iteration: usize| {
        let readings = &track.readings[iteration];
        let [energy, order, likelihood, network] = readings.temperatures;
        Row {
            run: of.path.display().to_string(),
            hidden: of.machine.hidden,
            seed: of.settings.seed,
            kind: track.kind.name(),
            start: match track.start {
                Start::Temperature(temperature) => temperature.to_string(),
                Start::Given => "given".to_owned(),
            },
            field,
            iteration,
            energy_per_site: readings.energy_per_site.value,
            energy_per_site_error: known(readings.energy_per_site),
            order: readings.order.value,
            order_error: known(readings.order),
            temperature_by_energy: energy.value,
            temperature_by_energy_error: known(energy),
            temperature_by_order: order.value,
            temperature_by_order_error: known(order),
            temperature_by_pseudo_likelihood: likelihood.value,
            temperature_by_pseudo_likelihood_error: known(likelihood),
            temperature_by_network: network.value,
            temperature_by_network_error: known(network),
        }
    };
    tracks.iter().flat_map(|track| (0..track.readings.len()).map(move |at| row(track, at))).collect()
}

fn draw(
    arguments: &Arguments,
    place: &Place,
    backend: &mut dyn Backend,
    sources: &[Source],
    means: &[Track],
    thermometers: &Thermometers,
) -> anyhow::Result<()> {
    let machine = *backend.machine();
    let of = format!("{}{}, {} hidden units", machine.lattice, machine.spins, machine.hidden);
    let calibration = thermometers.calibration();
    place.write("flow", &plot::flow(&format!("Flow of reconstructions, {of}"), means, calibration))?;
    let title = format!("Temperatures by the network, {of}");
    place.write("distributions", &plot::distributions(&title, means, thermometers.temperatures()))?;
    let title = format!("Ends of the flow beside the specific heat, {of}");
    place.write("fixed_points", &plot::fixed_points(&title, means, calibration))?;
    let title = format!("Microstates by iteration, {of}");
    place.write("microstates", &microstates(arguments, title, backend, sources)?)?;
    Ok(())
}

/// The first configuration of every flow, at some iterations.
fn microstates(
    arguments: &Arguments,
    title: String,
    backend: &mut dyn Backend,
    sources: &[Source],
) -> crate::Result<Pictures> {
    let machine = *backend.machine();
    let sites = machine.lattice.sites();
    let last = arguments.iterations;
    let shown: Vec<u32> = SHOWN.into_iter().filter(|&iteration| iteration <= last).collect();
    let (mut rows, mut pictures) = (Vec::new(), Vec::new());
    for (kind, source) in
        arguments.kind.kinds().iter().flat_map(|&kind| sources.iter().map(move |source| (kind, source)))
    {
        rows.push(format!("{}, {}", kind.name(), source.start));
        let mut flow = Flow::new(backend, kind, &source.spins[..sites], arguments.seed);
        for iteration in 0..=shown[shown.len() - 1] {
            if shown.contains(&iteration) {
                let tones = match flow.means() {
                    Some(means) => means.into_iter().map(Tone::Number).collect(),
                    None => flow.spins().into_iter().map(Tone::Spin).collect(),
                };
                pictures.push(Picture { line: machine.lattice.side() as usize, tones });
            }
            flow.iterate()?;
        }
    }
    Ok(Pictures {
        title,
        rows,
        columns: shown.iter().map(u32::to_string).collect(),
        width: shown.len(),
        pictures,
        pixels: PIXELS,
        scale: match machine.spins {
            Spins::Ising => Scale::Numbers(["down".to_owned(), "up".to_owned()]),
            kind @ Spins::Potts { .. } => Scale::Spins(kind),
        },
    })
}

fn report(
    machines: &[Learned],
    field: f64,
    means: &[Track],
    thermometers: &Thermometers,
) -> serde_json::Value {
    let calibration = thermometers.calibration();
    let [temperature, specific_heat] = calibration.peak();
    let flow =
        |track: &Track| json!({ "kind": track.kind, "start": track.start, "iterations": track.readings });
    json!({
        "runs": machines.iter().map(|machine| &machine.path).collect::<Vec<_>>(),
        "field": field,
        "critical_temperature": calibration.system().critical_beta().map(|beta| 1.0 / beta),
        "specific_heat_maximum": { "temperature": temperature, "specific_heat": specific_heat },
        "network_temperatures": thermometers.temperatures(),
        "flows": means.iter().map(flow).collect::<Vec<_>>(),
    })
}

/// A temperature for people.
fn told(temperature: Estimate) -> String {
    match temperature.value.is_finite() {
        true => short(temperature),
        false => "infinite".to_owned(),
    }
}

/// A flow, and the temperatures at its end by all thermometers.
pub(super) fn cells(track: &Track) -> [String; 5] {
    let [energy, order, likelihood, network] = Thermometer::ALL.map(|by| told(track.end().temperature(by)));
    [format!("{}, {}", track.kind.name(), track.start), energy, order, likelihood, network]
}

fn describe(means: &[Track], thermometers: &Thermometers, place: &Place) -> String {
    let calibration = thermometers.calibration();
    let [peak, _] = calibration.peak();
    let iterations = means.first().map_or(0, |track| track.readings.len() - 1);
    let title = format!("T after {}", counted(iterations, "iteration"));
    let head = [&title, "by energy", "by order", "by pseudo-likelihood", "by network"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(means.iter().map(cells)).collect();
    let mut lines = aligned(['<', '>', '>', '>', '>'], &rows);
    lines.push(format!("maximum of C             {peak:.4} at this size"));
    lines.extend(
        calibration
            .system()
            .critical_beta()
            .map(|beta| format!("infinite lattice         {:.6}", 1.0 / beta)),
    );
    lines.push(format!("flow.csv and figures in {}", place.folder().display()));
    lines.join("\n")
}
