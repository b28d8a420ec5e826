//! `han-gpu renormalise blocks`.

use super::super::figures::{FigureArguments, Place};
use super::super::progress::Progress;
use super::super::{print, print_json};
use super::exact_critical_coupling;
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::Estimate;
use crate::io::{SpinsFile, SpinsOrigin, check_memory, read_spins};
use crate::lattice::{Interaction, Lattice, MIN_SIDE, Spins, System};
use crate::mc;
use crate::measure::brief;
use crate::plot::{self, Picture, Pictures, Scale, Tone};
use crate::random::philox;
use crate::renormalise::blocks::{Level, Ties, levels, sides};
use crate::renormalise::draw;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Least side of a lattice of blocks, where none is given.
const DOWN_TO: u32 = 8;
/// Pixels of a configuration's side.
const PIXELS: usize = 256;
/// Most configurations of a temperature, and most temperatures.
const MAX_COUNT: usize = 1 << 20;
const MAX_TEMPERATURES: usize = 32;
/// Keeps the chains of a temperature apart from others of the seed, and ties apart from chains.
const SALT: [u32; 2] = [0xb10c, 0x71e5];

/// Blocks of 2 x 2 spins by the majority rule, again and again, and the coupling that they show at every level.
///
/// Configurations of the square lattice without a field are drawn by cluster Monte Carlo, or read from a file. The coupling K of a level is that of the Ising model with nearest
/// neighbours that makes each block most likely given its neighbours; it grows from level to level below the critical temperature, falls above, and at it stays as it is after a first step.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu renormalise blocks --out runs/blocks
  han-gpu renormalise blocks --size 64 --temperatures 2.1,2.27,2.5 --count 50
  han-gpu renormalise blocks --spins configs.npz --beta 0.44 --out runs/blocks")]
pub(super) struct Arguments {
    /// Side of the lattice: a power of two, or another number whose halves are even down to the last level
    #[arg(long, default_value_t = 512)]
    size: u32,
    /// Temperatures in units of J
    #[arg(long, value_name = "T,...", value_delimiter = ',', default_values_t = [2.2, 2.269_185_3, 2.34], allow_hyphen_values = true)]
    temperatures: Vec<f64>,
    /// Configurations of every temperature
    #[arg(long, default_value_t = 8)]
    count: usize,
    /// Least side of a lattice of blocks [default: 8, and of sizes up to 8 the half]
    #[arg(long, value_name = "SIDE")]
    down_to: Option<u32>,
    /// Spin of a block with two up and two down: either at random, or that of its upper left site
    #[arg(long, value_enum, default_value = "random")]
    ties: TiesName,
    /// Seed of Monte Carlo and ties
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Configurations [N, L, L] of +-1 in place of Monte Carlo: an .npy file, or an .npz file with the array spins. They count as independent: of correlated ones errors are too small
    #[arg(long, value_name = "FILE", conflicts_with_all = ["size", "temperatures", "count"])]
    spins: Option<PathBuf>,
    /// The inverse temperature of the file's configurations, for names in tables and figures, where the file tells none
    #[arg(long, allow_negative_numbers = true)]
    beta: Option<f64>,
    /// Folder for blocks.csv and the figures couplings and blocks
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    figures: FigureArguments,
    /// Print the table as a JSON list
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TiesName {
    Random,
    Corner,
}

/// Configurations of one temperature.
struct Source {
    /// Where it is known.
    temperature: Option<f64>,
    lattice: Lattice,
    spins: Vec<i8>,
}

impl Source {
    fn name(&self) -> String {
        self.temperature
            .map_or("file".to_owned(), |temperature| format!("T = {}", (temperature * 1e5).round() / 1e5))
    }
}

/// A row of blocks.csv; nothing where there is no error, and where a file tells no temperature.
#[derive(Serialize)]
struct Row {
    temperature: Option<f64>,
    level: usize,
    side: u32,
    coupling: f64,
    coupling_error: Option<f64>,
    energy_per_bond: f64,
    energy_per_bond_error: Option<f64>,
    abs_magnetisation: f64,
    abs_magnetisation_error: Option<f64>,
}

impl Row {
    fn new(temperature: Option<f64>, number: usize, level: &Level) -> Self {
        let known = |estimate: Estimate| Some(estimate.error).filter(|error| error.is_finite());
        Self {
            temperature,
            level: number,
            side: level.side,
            coupling: level.coupling.value,
            coupling_error: known(level.coupling),
            energy_per_bond: level.energy_per_bond.value,
            energy_per_bond_error: known(level.energy_per_bond),
            abs_magnetisation: level.abs_magnetisation.value,
            abs_magnetisation_error: known(level.abs_magnetisation),
        }
    }
}

impl Arguments {
    /// The least side for configurations of a side.
    fn down_to(&self, side: u32) -> u32 {
        self.down_to.unwrap_or(DOWN_TO.min(side / 2).max(MIN_SIDE))
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let (Some(beta), None) = (arguments.beta, &arguments.spins) {
        let expected = "it is that of a file, which --spins names; Monte Carlo takes --temperatures";
        return Err(Error::setting("beta", beta, expected).into());
    }
    let exact = exact_critical_coupling()?;
    let sources = match &arguments.spins {
        Some(path) => vec![read(path, arguments.beta)?],
        None => drawn(arguments)?,
    };
    let (mut names, mut measured, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (number, source) in (0..).zip(sources) {
        let ties = match arguments.ties {
            TiesName::Random => {
                Ties::Random { seed: philox([arguments.seed, SALT[1]], [number, 0, 0, 0])[0] }
            }
            TiesName::Corner => Ties::Corner,
        };
        names.push(source.name());
        let levels = levels(source.lattice, source.spins, arguments.down_to(source.lattice.side()), ties)?;
        rows.extend(levels.iter().enumerate().map(|(at, level)| Row::new(source.temperature, at, level)));
        measured.push(levels);
    }
    let place = Place::new(arguments.out.clone(), arguments.figures, !arguments.json)?;
    place.write_table("blocks", &rows)?;
    let named: Vec<(String, &[Level])> =
        names.iter().cloned().zip(measured.iter().map(Vec::as_slice)).collect();
    place.write("couplings", &plot::block_levels(&named, exact))?;
    place.write("blocks", &pictures(&named))?;
    if arguments.json { print_json(&rows) } else { print(&describe(&named)) }
}

/// Draws configurations at every temperature.
fn drawn(arguments: &Arguments) -> anyhow::Result<Vec<Source>> {
    let &Arguments { size, count, ref temperatures, .. } = arguments;
    let lattice = Lattice::square(size)?;
    sides(size, arguments.down_to(size))?;
    if !(2..=MAX_COUNT).contains(&count) {
        let expected = format!("it must lie in 2 to {MAX_COUNT}: errors need two configurations");
        return Err(Error::setting("count", count, expected).into());
    }
    if temperatures.len() > MAX_TEMPERATURES {
        let expected = format!("there may be {MAX_TEMPERATURES} at most");
        return Err(Error::setting("temperatures", format!("{} values", temperatures.len()), expected).into());
    }
    let system = System::uniform(lattice, Interaction::new(1.0, 0.0)?);
    let mut ensembles = Vec::new();
    for &temperature in temperatures {
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(Error::setting("temperatures", temperature, "temperatures must be above 0").into());
        }
        ensembles.push((temperature, mc::at_temperature(&system, temperature, "temperatures")?));
    }
    // Levels of blocks have a third of the spins again.
    check_memory("count", count * temperatures.len(), lattice.sites() * 2)?;
    let mut progress = Progress::new("percent", 0, 100);
    let mut sources = Vec::new();
    for (number, (temperature, ensemble)) in ensembles.iter().enumerate() {
        progress.say(format!("Monte Carlo at T = {temperature}"));
        let seed = philox([arguments.seed, SALT[0]], [number as u32, 0, 0, 0])[0];
        let spins = draw(ensemble, count, seed, |share| {
            progress.advance((100.0 * (number as f64 + share) / ensembles.len() as f64) as u64);
        })?;
        sources.push(Source { temperature: Some(*temperature), lattice, spins });
    }
    progress.finish();
    Ok(sources)
}

/// Reads configurations of Ising spins on a square lattice.
fn read(path: &Path, beta: Option<f64>) -> anyhow::Result<Source> {
    if let Some(beta) = beta.filter(|beta| !(beta.is_finite() && *beta > 0.0)) {
        return Err(Error::setting("beta", beta, "it must be above 0").into());
    }
    let file = SpinsFile::look(path)?;
    if file.shape.len() != 2 || file.spins != Spins::Ising {
        let message = format!("it has {file}; blocks are of Ising spins on the square lattice, [N, L, L]");
        return Err(Error::content(path, message).into());
    }
    let temperature = temperature(path, beta)?;
    let lattice =
        Lattice::of_shape(2, file.shape[0]).map_err(|error| Error::content(path, error.to_string()))?;
    let spins = read_spins(path, &file.shape, file.spins)?;
    Ok(Source { temperature, lattice, spins })
}

/// The temperature in units of J of a file's configurations, where it or the user tells one. Refuses files that tell of another lattice, a field, or several temperatures.
fn temperature(path: &Path, beta: Option<f64>) -> anyhow::Result<Option<f64>> {
    let SpinsOrigin { beta: own, coupling, field, coordination, is_mixed } = SpinsOrigin::look(path)?;
    let refuse = |message: String| Err(Error::content(path, message).into());
    if is_mixed {
        return refuse(
            "its configurations have temperatures of their own; blocks are of one ensemble".to_owned(),
        );
    }
    if let Some(other) = coordination.filter(|&coordination| coordination != 4.0) {
        return refuse(format!(
            "its sites have {other} neighbours; blocks are of the square lattice, which has 4"
        ));
    }
    if let Some(field) = field.filter(|&field| field != 0.0) {
        return refuse(format!("its configurations are of H = {field}; blocks are of H = 0"));
    }
    // In units of J, as the coupling of blocks is.
    let own = own.map(|own| own * coupling.unwrap_or(1.0));
    match (beta, own) {
        (Some(beta), Some(own)) if (beta - own).abs() > 1e-6 * own.abs() => {
            let expected = format!("{} says that beta J is {own}; leave --beta out", path.display());
            Err(Error::setting("beta", beta, expected).into())
        }
        (beta, own) => Ok(beta.or(own).map(|beta| 1.0 / beta)),
    }
}

/// The first configuration of every temperature at every level.
fn pictures(named: &[(String, &[Level])]) -> Pictures {
    let picture = |level: &Level| {
        let line = level.side as usize;
        Picture { line, tones: level.spins[..line * line].iter().copied().map(Tone::Spin).collect() }
    };
    let columns: Vec<String> = named
        .iter()
        .take(1)
        .flat_map(|(_, levels)| *levels)
        .map(|level| format!("L = {}", level.side))
        .collect();
    Pictures {
        title: "A configuration and its blocks of 2 x 2 spins by the majority rule".to_owned(),
        rows: named.iter().map(|(name, _)| name.clone()).collect(),
        width: columns.len(),
        columns,
        pictures: named.iter().flat_map(|(_, levels)| *levels).map(picture).collect(),
        pixels: PIXELS,
        scale: Scale::Spins(Spins::Ising),
    }
}

fn describe(named: &[(String, &[Level])]) -> String {
    let mut lines = Vec::new();
    for (name, levels) in named {
        lines.extend((!lines.is_empty()).then(String::new));
        lines.push(format!(
            "{name}, {}",
            counted(levels[0].spins.len() / (levels[0].side * levels[0].side) as usize, "configuration")
        ));
        lines.push("L     K                       energy per bond         |m|".to_owned());
        lines.extend(levels.iter().map(|level| {
            let [coupling, energy, size] =
                [level.coupling, level.energy_per_bond, level.abs_magnetisation].map(brief);
            format!("{:<5} {coupling:<23} {energy:<23} {size}", level.side)
        }));
    }
    lines.join("\n")
}
