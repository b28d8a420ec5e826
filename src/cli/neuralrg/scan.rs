//! `han-gpu neuralrg scan`.

use super::super::columns::{aligned, wrapped};
use super::super::figures::{FigureArguments, Place};
use super::super::heading;
use super::super::interrupt::{Interrupt, Stopped};
use super::super::{complain, print, print_json, tell};
use super::named;
use super::train::{PartsName, Run, SIZE, Scales, SymmetryName, parameters};
use crate::error::Error;
use crate::estimate::Estimate;
use crate::io::{FlowFolder, RunFolder};
use crate::measure::short;
use crate::neuralrg::{Architecture, CRITICAL_TEMPERATURE, Metrics, Settings, Symmetry};
use crate::plot::{self, Expressiveness};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Most flows.
const MOST_FLOWS: usize = 1000;

/// Train flows of several forms, and see how their divergence falls with their size.
///
/// Every combination of the lists is a flow. Writes scan.csv, a figure of the divergence against the number of parameters, and a run folder per flow. Repeat the command to go on after
/// a stop.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu neuralrg scan --size 8 --temperature 3 --repeat 1,2,4 --hidden 4,8,16
  han-gpu neuralrg scan --size 16 --scales 1,2,3,4 \\
    --parts both,disentanglers,decimators
  han-gpu neuralrg scan --size 4 --repeat 1,2,4 --symmetry mixture")]
pub(super) struct Arguments {
    /// Side of the lattice, a power of two to 64
    #[arg(long, default_value_t = SIZE, help_heading = heading::SYSTEM)]
    size: u32,
    /// Temperature; k_B is 1
    #[arg(long, default_value_t = CRITICAL_TEMPERATURE, allow_negative_numbers = true, help_heading = heading::SYSTEM)]
    temperature: f64,
    /// Layers of a scale: disentanglers and decimators, or one kind alone
    #[arg(long, value_delimiter = ',', default_value = "both", help_heading = heading::SCAN)]
    parts: Vec<PartsName>,
    /// Scales, the finest first, or all
    #[arg(long, value_name = "K", value_delimiter = ',', default_value = "all", help_heading = heading::SCAN)]
    scales: Vec<Scales>,
    /// Pairs of disentanglers and decimators of a scale
    #[arg(long, value_delimiter = ',', default_value = "4", help_heading = heading::SCAN)]
    repeat: Vec<usize>,
    /// Couplings of a block
    #[arg(long, value_delimiter = ',', default_value = "6", help_heading = heading::SCAN)]
    layers: Vec<usize>,
    /// Hidden layers of a coupling's nets
    #[arg(long, value_delimiter = ',', default_value = "1", help_heading = heading::SCAN)]
    depth: Vec<usize>,
    /// Units of a hidden layer of a coupling's nets
    #[arg(long, value_delimiter = ',', default_value = "8", help_heading = heading::SCAN)]
    hidden: Vec<usize>,
    /// The way to an even density
    #[arg(long, value_enum, default_value = "odd", help_heading = heading::SCAN)]
    symmetry: SymmetryName,
    /// Share of a batch that is drawn by cluster Monte Carlo; the rest are configurations of the flow [default: 0.25 from side 8 on, and 0 below]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    data_share: Option<f64>,
    /// Steps
    #[arg(long, default_value_t = 5000, help_heading = heading::TRAINING)]
    steps: u32,
    /// Configurations of a step
    #[arg(long, default_value_t = 512, help_heading = heading::TRAINING)]
    batch: usize,
    /// Adam's rate at the start
    #[arg(long, value_name = "RATE", default_value_t = 4e-3, allow_negative_numbers = true, help_heading = heading::TRAINING)]
    lr: f64,
    /// Seed of parameters and configurations
    #[arg(long, default_value_t = 0, help_heading = heading::TRAINING)]
    seed: u32,
    /// Device of flows that are new: auto, cpu, or index or name of a GPU as `han-gpu devices` lists them
    #[arg(long, default_value = "auto", help_heading = heading::MACHINE)]
    device: String,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of the table, the figure and the runs
    #[arg(long, value_name = "DIR", default_value = "runs/neuralrg-scan", help_heading = heading::RUN_FOLDER)]
    out: PathBuf,
    /// Print the table as a JSON list
    #[arg(long)]
    json: bool,
}

/// A row of scan.csv.
#[derive(Debug, Serialize)]
struct Row {
    parts: &'static str,
    scales: String,
    repeat: usize,
    layers: usize,
    depth: usize,
    hidden: usize,
    parameters: usize,
    loss: f64,
    loss_error: f64,
    kl: Option<f64>,
    ess: f64,
    elapsed_s: f64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let flows = arguments.flows();
    let names = || flows.iter().map(|settings| folder_of(&settings.architecture));
    if let Some(twice) =
        names().enumerate().find_map(|(at, name)| names().take(at).find(|other| *other == name))
    {
        return Err(Error::setting(
            "scan",
            twice,
            "this flow is named twice; lists must have every value once",
        )
        .into());
    }
    if flows.len() > MOST_FLOWS {
        let expected = format!("there may be {MOST_FLOWS} flows at most, and these are {}", flows.len());
        return Err(Error::setting("hidden", arguments.hidden.len(), expected).into());
    }
    if RunFolder::exists(&arguments.out) || FlowFolder::exists(&arguments.out) {
        let expected = "a run is there, and a scan has a folder of its own; choose another --out";
        return Err(Error::setting("out", arguments.out.display(), expected).into());
    }
    // Refused before hours of training.
    flows.iter().try_for_each(Settings::check)?;
    let interrupt = Interrupt::listen();
    let mut rows = Vec::new();
    for (number, settings) in flows.iter().enumerate() {
        let path = arguments.out.join(folder_of(&settings.architecture));
        tell(&format!("flow {} of {}: {}", number + 1, flows.len(), path.display()));
        let (parameters, metrics) =
            learned(&path, settings, &interrupt).inspect_err(|error| name_flow(error, &path))?;
        rows.push(row(&settings.architecture, parameters, &metrics));
    }
    let place = Place::new(arguments.out.clone(), arguments.figures, false)?;
    place.write_table("scan", &rows)?;
    let points: Vec<Expressiveness> = rows
        .iter()
        .map(|row| Expressiveness {
            group: arguments.group(row),
            parameters: row.parameters,
            loss: Estimate { value: row.kl.unwrap_or(row.loss), error: row.loss_error },
        })
        .collect();
    let label = if rows.iter().any(|row| row.kl.is_some()) { "KL   [nats]" } else { "loss   [nats]" };
    let title = format!("Divergence of flows by size, {}", flows.first().map(named).unwrap_or_default());
    place.write("scan", &plot::expressiveness(&title, label, &points))?;
    if arguments.json { print_json(&rows) } else { print(&describe(&rows, &place)) }
}

/// Names the flow that an error befell; a stop is none.
fn name_flow(error: &anyhow::Error, path: &Path) {
    if !error.is::<Stopped>() {
        complain(&format!("in the flow of {}:", path.display()));
    }
}

impl Arguments {
    /// Settings of all flows; the number of hidden units changes first.
    fn flows(&self) -> Vec<Settings> {
        let mut flows = Vec::new();
        for parts in &self.parts {
            for scales in &self.scales {
                for &repeat in &self.repeat {
                    for &layers in &self.layers {
                        for &depth in &self.depth {
                            for &hidden in &self.hidden {
                                let (parts, scales) = (parts.parts(), scales.0);
                                let size = self.size;
                                let architecture = Architecture {
                                    parts,
                                    scales,
                                    repeat,
                                    layers,
                                    hidden,
                                    depth,
                                    symmetry: self.symmetry.symmetry(),
                                    ..Architecture::new(size)
                                };
                                flows.push(self.settings(architecture));
                            }
                        }
                    }
                }
            }
        }
        flows
    }

    fn settings(&self, architecture: Architecture) -> Settings {
        let default = Settings::new(self.size, self.temperature);
        Settings {
            architecture,
            data_share: self.data_share.unwrap_or(default.data_share),
            steps: self.steps,
            batch: self.batch,
            learning_rate: self.lr,
            seed: self.seed,
            device: self.device.clone(),
            metrics_every: self.steps.div_ceil(100),
            checkpoint_every: self.steps.div_ceil(10),
            ..default
        }
    }

    /// The name of a flow's curve: the settings of which there are several, but for the last one, which changes along the curve.
    fn group(&self, row: &Row) -> String {
        let counts = [
            self.parts.len(),
            self.scales.len(),
            self.repeat.len(),
            self.layers.len(),
            self.depth.len(),
            self.hidden.len(),
        ];
        let all = counts.into_iter().zip(row.settings());
        let mut several: Vec<String> = all.filter(|(count, _)| *count > 1).map(|(_, name)| name).collect();
        several.pop();
        several.join(", ")
    }
}

/// The name of a flow's folder.
fn folder_of(form: &Architecture) -> String {
    let &Architecture { parts, repeat, layers, depth, hidden, symmetry, .. } = form;
    let symmetry = match symmetry {
        Symmetry::Odd => String::new(),
        Symmetry::Mixture => format!("{}-", symmetry.name()),
    };
    format!(
        "{symmetry}{}-scales{}-repeat{repeat}-layers{layers}-depth{depth}-hidden{hidden}",
        parts.name(),
        scales_of(form)
    )
}

fn scales_of(form: &Architecture) -> String {
    form.scales.map_or("all".to_owned(), |scales| scales.to_string())
}

/// Trains a flow, or goes on with it; its number of parameters, and its last metrics.
fn learned(path: &Path, settings: &Settings, interrupt: &Interrupt) -> anyhow::Result<(usize, Metrics)> {
    let mut run = match FlowFolder::exists(path) {
        false => Run::begin(path, settings.clone(), false)?,
        true => {
            let run = Run::resume(path, None)?;
            // Which device it began on plays no part.
            if run.settings != (Settings { device: run.settings.device.clone(), ..settings.clone() }) {
                let expected =
                    "a flow of other settings, as its flow.toml says, is there; name another folder";
                return Err(Error::setting("out", path.display(), expected).into());
            }
            run
        }
    };
    let metrics = match run.training.is_finished() {
        true => {
            let elapsed_s = run.folder.metrics()?.last().map_or(f64::NAN, |row| row.elapsed_s);
            run.training.metrics(elapsed_s)?
        }
        false => run.learn(interrupt, "the same command")?,
    };
    Ok((parameters(&settings.architecture)?, metrics))
}

fn row(form: &Architecture, parameters: usize, metrics: &Metrics) -> Row {
    let &Architecture { parts, repeat, layers, depth, hidden, .. } = form;
    let &Metrics { loss, loss_error, kl, ess, elapsed_s, .. } = metrics;
    Row {
        parts: parts.name(),
        scales: scales_of(form),
        repeat,
        layers,
        depth,
        hidden,
        parameters,
        loss,
        loss_error,
        kl,
        ess,
        elapsed_s,
    }
}

/// A line for every flow, named by the settings that change from flow to flow; all others stand above.
fn describe(rows: &[Row], place: &Place) -> String {
    let settings: Vec<[String; 6]> = rows.iter().map(Row::settings).collect();
    let changes = |at: usize| settings.iter().any(|of| of[at] != settings[0][at]);
    let named = |of: &[String; 6], is_wanted: &dyn Fn(usize) -> bool| {
        (0..of.len()).filter(|&at| is_wanted(at)).map(|at| of[at].clone()).collect::<Vec<_>>().join(", ")
    };
    let same = settings.first().map(|of| named(of, &|at| !changes(at))).filter(|same| !same.is_empty());
    let head = ["flow", "parameters", "loss", "KL", "ESS"].map(str::to_owned);
    let cells = rows.iter().zip(&settings).map(|(row, of)| {
        let with_error = |value: f64| short(Estimate { value, error: row.loss_error });
        let kl = row.kl.map(with_error).unwrap_or_default();
        let name = named(of, &changes);
        [name, row.parameters.to_string(), with_error(row.loss), kl, format!("{:.3}", row.ess)]
    });
    let cells: Vec<_> = std::iter::once(head).chain(cells).collect();
    let same = same.map(|same| wrapped("", &format!("all flows: {same}")));
    let mut lines: Vec<String> = same.into_iter().chain(aligned(['<', '>', '>', '>', '>'], &cells)).collect();
    lines.push(format!("scan.csv, figure and runs in {}", place.folder().display()));
    lines.join("\n")
}

impl Row {
    /// The settings that a scan may change, with their names.
    fn settings(&self) -> [String; 6] {
        let Self { parts, scales, repeat, layers, depth, hidden, .. } = self;
        [
            (*parts).to_owned(),
            format!("scales {scales}"),
            format!("repeat {repeat}"),
            format!("layers {layers}"),
            format!("depth {depth}"),
            format!("hidden {hidden}"),
        ]
    }
}
