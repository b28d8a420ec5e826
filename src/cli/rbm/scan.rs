//! `han-gpu rbm scan`.

use super::super::columns::aligned;
use super::super::figures::{FigureArguments, Place};
use super::super::heading;
use super::super::interrupt::{Interrupt, Stopped};
use super::super::{print, print_json, tell};
use super::Learned;
use super::flow::{self, KindName};
use super::learning::{Kind, LearningArguments, Origin};
use super::thermometers::{self, ThermometerArguments};
use super::train::{self, Run};
use crate::error::Error;
use crate::io::{MachineFolder, check_memory};
use crate::plot::{self, FixedPoint};
use crate::rbm::{Data, Recipe, Settings, Track};
use crate::thermometer::Thermometers;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Most machines.
const MOST_MACHINES: usize = 10_000;

/// Train machines of several sizes and seeds, and see where their flows end, field by field.
///
/// A machine of every number of hidden units and every seed learns the data of the recipe, all fields together or, with `--each-field`, one. Flows start from Monte Carlo
/// configurations at every field and are read by thermometers of that field. Machines, flows and the thermometers' network run on `--device`. Writes scan.csv, figures, and a run folder per machine. Repeat the command to go on after a stop.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu rbm scan --generate \"size=10 temperatures=0:6:0.25 count=1000\" \\
    --hidden 16,36,64,100 --seeds 5
  han-gpu rbm scan --generate \"size=10 temperatures=0:9:0.5 fields=0:4.5:0.5\" \\
    --hidden 64 --each-field")]
pub(in crate::cli) struct Arguments {
    /// Data, as in `rbm train`; seeds draw their own
    #[arg(long, value_name = "RECIPE")]
    generate: String,
    /// Numbers of hidden units
    #[arg(long, value_delimiter = ',', default_value = "64", help_heading = heading::SCAN)]
    hidden: Vec<usize>,
    /// Machines of every size, with seeds 0, 1, 2, ...
    #[arg(long, default_value_t = 1, help_heading = heading::SCAN)]
    seeds: u32,
    /// A machine for every field of the recipe, and not one for all
    #[arg(long, help_heading = heading::SCAN)]
    each_field: bool,
    /// Temperatures of Monte Carlo configurations that flows start from: T=0,1.5,inf
    #[arg(long, value_name = "T=...", default_value = "T=0,inf", help_heading = heading::SCAN)]
    from: String,
    /// Iterations of flows
    #[arg(long, default_value_t = 20, help_heading = heading::SCAN)]
    iterations: u32,
    /// Flow: layers hand on probabilities (mean-field) or drawn units (gibbs)
    #[arg(long, value_enum, default_value = "both", help_heading = heading::SCAN)]
    kind: KindName,
    /// Configurations of every start
    #[arg(long, default_value_t = 1000, help_heading = heading::SCAN)]
    count: usize,
    /// Temperatures that the thermometer's network learns to tell apart, as 0:6:0.25 or with commas [default: 25 from 0 to 2.64 times the critical one]
    #[arg(long, value_name = "LIST", help_heading = heading::SCAN)]
    temperatures: Option<String>,
    #[command(flatten)]
    learning: LearningArguments,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of the table, the figures and the runs
    #[arg(long, value_name = "DIR", default_value = "runs/rbm-scan", help_heading = heading::RUN_FOLDER)]
    out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Machines of all seeds, of one size, that learned the same fields.
struct Group {
    hidden: usize,
    /// Fields that flows of these machines start in.
    fields: Vec<f64>,
    machines: Vec<Learned>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    flow::check("iterations", arguments.iterations, arguments.count)?;
    let recipe = Recipe::parse(&arguments.generate)?;
    let starts = thermometers::starts(&arguments.from)?;
    // Refused before hours of training.
    let any_field = ThermometerArguments { field: 0.0, temperatures: arguments.temperatures.clone() };
    any_field.list(&recipe.system(0.0)?)?;
    let numbers = recipe.system(0.0)?.lattice.sites() * recipe.system(0.0)?.spins.numbers();
    check_memory("count", arguments.count, starts.len() * flow::BYTES_PER_SITE * numbers)?;
    let parts = if arguments.each_field { recipe.by_field() } else { vec![recipe] };
    flow::check_once("hidden", arguments.hidden.iter())?;
    flow::check_once("from", starts.iter())?;
    let machines = parts.len() * arguments.hidden.len() * arguments.seeds as usize;
    if !(1..=MOST_MACHINES).contains(&machines) {
        let expected = format!("there must be 1 to {MOST_MACHINES} machines, and not {machines}");
        return Err(Error::setting("seeds", arguments.seeds, expected).into());
    }
    for recipe in &parts {
        let data = Kind::of_recipe(recipe)?;
        arguments.hidden.iter().try_for_each(|&hidden| arguments.learning.check(data, hidden))?;
    }
    let groups = learn(arguments, &parts, machines)?;
    let device = arguments.learning.device.as_deref().unwrap_or("auto");
    let mut points = Vec::new();
    let mut rows = Vec::new();
    let mut fields: Vec<f64> = groups.iter().flat_map(|group| group.fields.clone()).collect();
    fields.sort_by(f64::total_cmp);
    fields.dedup();
    for field in fields {
        let of_thermometers = ThermometerArguments { field, temperatures: arguments.temperatures.clone() };
        let system = of_thermometers.system(&groups[0].machines[0].machine)?;
        let sources = thermometers::sources(&system, &starts, arguments.count, 0)?;
        let temperatures = of_thermometers.list(&system)?;
        let mut thermometers = thermometers::open(device, &system, &temperatures, 0)?;
        for group in groups.iter().filter(|group| group.fields.contains(&field)) {
            let seed = |learned: &Learned| learned.settings.seed;
            let tracks = thermometers::follow(
                device,
                &group.machines,
                arguments.kind.kinds(),
                &sources,
                arguments.iterations,
                seed,
                &mut thermometers,
            )?;
            for (machine, tracks) in group.machines.iter().zip(&tracks) {
                rows.extend(flow::rows(machine, field, tracks));
            }
            points.push(fixed_point(group, field, &tracks, &thermometers));
        }
    }
    points.sort_by(|a, b| a.hidden.cmp(&b.hidden).then(a.field.total_cmp(&b.field)));
    let place = Place::new(arguments.out.clone(), arguments.figures, false)?;
    place.write_table("scan", &rows)?;
    for (name, figure) in plot::fixed_points_of_machines(&arguments.generate, &points) {
        place.write(&name, &figure)?;
    }
    if arguments.json {
        let point = |point: &FixedPoint| {
            let end = |track: &Track| json!({ "kind": track.kind, "start": track.start, "end": track.end() });
            json!({
                "hidden": point.hidden,
                "field": point.field,
                "seeds": arguments.seeds,
                "specific_heat_maximum": point.peak,
                "critical_temperature": point.critical,
                "flows": point.tracks.iter().map(end).collect::<Vec<_>>(),
            })
        };
        return print_json(&json!({ "points": points.iter().map(point).collect::<Vec<_>>() }));
    }
    print(&describe(&points, &place))
}

/// Trains what is not trained yet.
fn learn(arguments: &Arguments, parts: &[Recipe], machines: usize) -> anyhow::Result<Vec<Group>> {
    let interrupt = Interrupt::listen();
    let mut groups = Vec::new();
    for recipe in parts {
        for &hidden in &arguments.hidden {
            groups.push(Group { hidden, fields: recipe.fields().to_vec(), machines: Vec::new() });
        }
    }
    let mut number = 0;
    for (part, recipe) in parts.iter().enumerate() {
        for seed in 0..arguments.seeds {
            let mut data = None;
            for (size, &hidden) in arguments.hidden.iter().enumerate() {
                number += 1;
                let field =
                    if arguments.each_field { format!("H{}/", recipe.fields()[0]) } else { String::new() };
                let path = arguments.out.join(format!("{field}hidden{hidden}/seed{seed}"));
                tell(&format!("machine {number} of {machines}: {}", path.display()));
                let data = match &data {
                    Some(data) => data,
                    None => data.insert(train::draw(recipe, seed)?),
                };
                let machine = one(arguments, &path, (recipe, data), hidden, seed, &interrupt)?;
                groups[part * arguments.hidden.len() + size].machines.push(machine);
            }
        }
    }
    if interrupt.pressed() {
        return Err(Stopped("stopped after the last machine; go on with: the same command".to_owned()).into());
    }
    // Flows and their readings take no long time to begin again.
    interrupt.end_at_once();
    Ok(groups)
}

/// Trains one machine, or goes on with it.
fn one(
    arguments: &Arguments,
    path: &Path,
    (recipe, data): (&Recipe, &Data),
    hidden: usize,
    seed: u32,
    interrupt: &Interrupt,
) -> anyhow::Result<Learned> {
    let origin = Origin { recipe: recipe.to_string(), fingerprint: data.fingerprint(), ..Origin::default() };
    let settings = arguments.learning.settings(Kind::of_data(data), origin, hidden, seed);
    let run = match MachineFolder::open(path) {
        // A device does not change the run.
        Ok((folder, found))
            if (Settings { device: settings.device.clone(), ..found.clone() }) == settings =>
        {
            let is_finished = folder.state(&found)?.step == found.steps;
            let resume = || Run::resume(folder, found, data, arguments.learning.device.as_deref());
            (!is_finished).then(resume).transpose()?
        }
        Ok(_) => {
            let expected =
                "a machine of other settings, as its machine.toml says, is there; name another folder";
            return Err(Error::setting("out", path.display(), expected).into());
        }
        Err(_) => Some(Run::begin(path, settings, data, false)?),
    };
    if let Some(mut run) = run {
        run.learn(interrupt, "the same command")?;
    }
    super::open(path)
}

fn fixed_point(group: &Group, field: f64, tracks: &[Vec<Track>], thermometers: &Thermometers) -> FixedPoint {
    let calibration = thermometers.calibration();
    FixedPoint {
        hidden: group.hidden,
        field,
        tracks: Track::means(tracks),
        peak: calibration.peak()[0],
        critical: calibration.system().critical_beta().map(|beta| 1.0 / beta),
    }
}

/// A paragraph for every number of hidden units and field, with a line for every flow.
fn describe(points: &[FixedPoint], place: &Place) -> String {
    let mut cells =
        vec![["", "T by energy", "by order", "by pseudo-likelihood", "by network"].map(str::to_owned)];
    // The caption of a paragraph, and the line that it stands before.
    let mut captions = Vec::new();
    for point in points {
        let FixedPoint { hidden, field, peak, .. } = point;
        captions.push((cells.len(), format!("hidden {hidden}, H = {field}, maximum of C at T = {peak:.4}")));
        cells.extend(point.tracks.iter().map(flow::cells));
    }
    let mut lines = aligned(['<', '>', '>', '>', '>'], &cells);
    for (at, caption) in captions.into_iter().rev() {
        lines.insert(at, caption);
    }
    lines.extend(
        points
            .iter()
            .find_map(|point| point.critical)
            .map(|critical| format!("infinite lattice {critical:.6} at H = 0")),
    );
    lines.push(format!("scan.csv, figures and runs in {}", place.folder().display()));
    lines.join("\n")
}
