//! `han-gpu scan`.

mod printed;

use super::figures::{FigureArguments, Place};
use super::flags::ForScan;
use super::heading;
use super::interrupt::{Interrupt, Stopped};
use super::mc::come_into_equilibrium;
use super::network::open_run;
use super::progress::{Jobs, Progress};
use super::settings::SettingArguments;
use super::training::{Resources, train_one};
use super::verdict::Strict;
use crate::conditional::{Head, Network};
use crate::config::{COMMAND_LINE, Config, MAX_SAMPLES};
use crate::disorder::has_seed;
use crate::error::Error;
use crate::estimate::{Status, Verification};
use crate::gpu::setting_of_local_rank;
use crate::io::{Row, RunFolder, Table, row};
use crate::lattice::Ensemble;
use crate::mc::{Algorithm, Equilibrium, Setup, Simulation};
use crate::measure::{Measurement, Method, MonteCarlo, Settings, Sweeps, measure, measure_chains, own_seed};
use crate::plot;
use crate::ranks::Ranks;
use crate::rbm::{are_different, number_list, number_range};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How a scan goes on after a stop.
const GO_ON: &str = "repeat the command to go on";
/// Betas are multiples of one over this, so that names of folders are short.
const PER_UNIT: f64 = 1e9;
/// Chains of the Monte Carlo beside each point.
const CHAINS: usize = 16;
/// Autocorrelation times that each of them is measured for, at least.
const MEASURED: f64 = 50.0;
/// Most seeds of disorder.
const MAX_SEEDS: usize = 10_000;
/// Most points of a scan.
const MAX_POINTS: usize = 10_000;
/// Most sweeps that this can lead to.
const MOST_SWEEPS: usize = 1 << 17;

/// Train, measure and plot along beta, every point from the net of the one before.
///
/// Writes OUT/table.csv, table.json and figures, and a run folder per point. Repeat the command to go on after a stop.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu scan --beta-from 0.2 --beta-to 0.7 --points 11 --size 8,16
  han-gpu scan --size 8 --beta-from 0 --beta-to 1 --points 9 --spacing critical
  han-gpu scan --beta 0.2:0.6:0.1 --size 8 --field 0,0.1,0.5
  han-gpu scan --beta 0.40,0.43,0.44,0.441 --size 16
  han-gpu scan --lattice complete --couplings cw --size 100 \\
    --networks cw,linear,van:2 --beta-from 0.2 --beta-to 2 --points 10
  han-gpu scan my.toml --beta 0.4:0.48:0.01 --size 16 --steps 1000 --out runs/b")]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingArguments<ForScan>,
    /// Betas: 0.40,0.43 or first:last:step
    ///
    /// Betas, as 0.40,0.43,0.44 or, from first to last by a step, 0.2:0.6:0.05
    #[arg(
        long,
        value_name = "LIST",
        value_parser = numbers,
        allow_hyphen_values = true,
        conflicts_with_all = ["beta_from", "beta_to", "points", "spacing"],
        help_heading = heading::SCAN
    )]
    beta: Option<Numbers>,
    /// First beta, in place of a list
    #[arg(long, value_name = "B", allow_negative_numbers = true, help_heading = heading::SCAN)]
    beta_from: Option<f64>,
    /// Last beta
    #[arg(long, value_name = "B", allow_negative_numbers = true, help_heading = heading::SCAN)]
    beta_to: Option<f64>,
    /// Number of points, both ends included
    #[arg(long, help_heading = heading::SCAN)]
    points: Option<usize>,
    /// Distances
    ///
    /// Distances of the points: equal ones, or the smaller the nearer the critical point of the infinite lattice
    #[arg(long, value_enum, default_value = "linear", help_heading = heading::SCAN)]
    spacing: Spacing,
    /// Couplings J, as 1,-1
    #[arg(long, value_name = "LIST", value_parser = numbers, allow_hyphen_values = true, help_heading = heading::SYSTEM)]
    coupling: Option<Numbers>,
    /// Fields H, as 0,0.1,0.5 or 0:1:0.25
    #[arg(long, value_name = "LIST", value_parser = numbers, allow_hyphen_values = true, help_heading = heading::SYSTEM)]
    field: Option<Numbers>,
    /// Sides of the lattices
    #[arg(long, value_name = "L,..", value_delimiter = ',', required = true, help_heading = heading::SCAN)]
    size: Vec<u32>,
    /// Samples measured at every point
    #[arg(long, default_value_t = 50_000, help_heading = heading::SCAN)]
    count: usize,
    /// Sweeps of Monte Carlo; 0: none
    ///
    /// Sweeps of each of 16 Monte Carlo chains beside every point, more where their autocorrelation time asks for it; 0: none
    #[arg(long, default_value_t = 2000, help_heading = heading::SCAN)]
    mc_sweeps: usize,
    /// Seeds of couplings to average over, as 1..20
    ///
    /// Seeds of couplings that are drawn, as 1..20 or 3,5,8: OUT/averages.csv and the figures then have means over them, with their errors
    #[arg(long, value_name = "SEEDS", value_parser = disorder_seeds, conflicts_with = "disorder_seed", help_heading = heading::SCAN)]
    disorder_seeds: Option<DisorderSeeds>,
    /// Networks to compare, as sk0,linear,van:2
    ///
    /// Networks to compare, each at every point: heads of "arnn", "han", or "van" with its hidden layers behind a colon, as sk0,linear,van:2
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = named_network, help_heading = heading::SCAN)]
    networks: Vec<NamedNetwork>,
    /// Folder of the scan
    ///
    /// Folder of the scan: table.csv, table.json, figures, and the run of every point
    #[arg(long, value_name = "DIR", default_value = "runs/scan", help_heading = heading::RUN_FOLDER)]
    out: PathBuf,
    #[command(flatten)]
    figures: FigureArguments,
    #[command(flatten)]
    strict: Strict,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<()> {
    let points = check(arguments)?;
    let lists = [&arguments.beta, &arguments.coupling, &arguments.field];
    lists.into_iter().flatten().filter_map(|list| list.ends_early.as_deref()).for_each(super::tell);
    // The folder is made with the first point.
    let place = Place::new(PathBuf::new(), arguments.figures, false)?.in_folder(&arguments.out);
    let interrupt = Interrupt::listen();
    interrupt.goes_on(GO_ON);
    if ranks.count() > 1 {
        measure_share(arguments, &points, &interrupt, ranks)?;
    }
    if !ranks.is_first() {
        return Ok(());
    }
    // What an earlier call has measured stays in the table, whatever happens to this one.
    let known = |point: &Point| Some(row(&RunFolder::open(&point.folder).ok()?.0.measurement()?));
    let mut rows: Vec<Option<Row>> = points.iter().map(known).collect();
    let work = |(point, row): (&Point, &Option<Row>)| if row.is_some() { 0.0 } else { point.sites };
    let mut jobs = Jobs::new(points.iter().zip(&rows).map(work).collect());
    for (index, point) in points.iter().enumerate() {
        if ranks.count() > 1 && rows[index].is_some() {
            write_table(&rows, &arguments.out)?;
            continue;
        }
        jobs.begin(index, "point", &point.name());
        let previous = index.checked_sub(1).map(|before| &points[before]);
        let previous = previous.filter(|previous| previous.shares_chain_with(point));
        let measured = measure_point(arguments, point, previous, &interrupt, ranks);
        if interrupt.pressed() {
            match measured {
                Err(error) if !error.is::<Stopped>() => return Err(error),
                _ => super::tell(&format!("stopped; {GO_ON}")),
            }
            break;
        }
        rows[index] = Some(row(&measured?));
        write_table(&rows, &arguments.out)?;
    }
    let table = Table { rows: rows.into_iter().flatten().collect() };
    // Stopped before the first point has been measured: nothing has been written but its run.
    if table.rows.is_empty() && !arguments.json {
        return Ok(());
    }
    if !table.rows.is_empty() {
        super::tell_of_slow_curves(&table);
        let drawn = match arguments.disorder_seeds {
            None => table.clone(),
            Some(_) => table.averages(),
        };
        if arguments.disorder_seeds.is_some() {
            drawn.write_csv(&arguments.out.join("averages.csv"))?;
        }
        for (name, figure) in plot::scan(&drawn) {
            place.write(name, &figure)?;
        }
    }
    if arguments.json {
        super::print_json(&table.rows)?;
    } else {
        super::print(&printed::describe(&table, &arguments.out))?;
    }
    let suspect = |row: &Row| [row.status, row.mc_status].contains(&Some(Status::Suspect));
    let network =
        |row: &Row| if row.network.is_empty() { String::new() } else { format!(", {}", row.network) };
    let name = |row: &Row| format!("L = {}, beta = {}{}", cell(row, "size"), cell(row, "beta"), network(row));
    let doubts: Vec<String> = table.rows.iter().filter(|row| suspect(row)).map(name).collect();
    arguments.strict.check(&doubts)
}

/// Measures the chains of points that are this rank's, each of which trains by itself, and waits for the other ranks. What is measured lies in the folders of the
/// points.
fn measure_share(
    arguments: &Arguments,
    points: &[Point],
    interrupt: &Interrupt,
    ranks: &Ranks,
) -> anyhow::Result<()> {
    let chains = points.chunk_by(Point::shares_chain_with);
    for chain in chains.skip(ranks.rank()).step_by(ranks.count()) {
        for (index, point) in chain.iter().enumerate() {
            if interrupt.pressed() {
                break;
            }
            let previous = index.checked_sub(1).map(|before| &chain[before]);
            match measure_point(arguments, point, previous, interrupt, ranks) {
                Err(error) if error.is::<Stopped>() => break,
                measured => measured?,
            };
        }
    }
    ranks.any(false);
    Ok(())
}

/// A number of a row; NaN if it has none.
fn cell(row: &Row, name: &str) -> f64 {
    row.get(name).unwrap_or(f64::NAN)
}

/// Seeds of disorder, in the order in which they are given.
#[derive(Debug, Clone)]
struct DisorderSeeds(Vec<u32>);

/// Reads seeds: 1..20, both ends included, or 3,5,8.
fn disorder_seeds(text: &str) -> Result<DisorderSeeds, String> {
    let number = |text: &str| text.trim().parse::<u32>().map_err(|_| format!("{text:?} is no seed"));
    let seeds: Vec<u32> = match text.split_once("..") {
        Some((first, last)) => (number(first)?..=number(last)?).take(MAX_SEEDS + 1).collect(),
        None => text.split(',').map(number).collect::<Result<_, _>>()?,
    };
    let distinct = seeds.iter().collect::<std::collections::BTreeSet<_>>().len();
    match seeds.len() {
        0 => Err(format!("{text:?} has no seed; write the smaller one first, as in 1..20")),
        count if count > MAX_SEEDS => Err(format!("more than {MAX_SEEDS} seeds")),
        count if count != distinct => Err(format!("{text:?} has a seed twice")),
        _ => Ok(DisorderSeeds(seeds)),
    }
}

/// A list of numbers.
#[derive(Debug, Clone)]
struct Numbers {
    list: Vec<f64>,
    /// Words for a range that ends before its last number.
    ends_early: Option<String>,
}

/// Reads numbers with commas between, or first:last:step.
fn numbers(text: &str) -> Result<Numbers, String> {
    if text.contains(':') {
        let list = number_range(text)?;
        let asked = text.split(':').nth(1).and_then(|last| last.parse().ok());
        let ends_early =
            list.last().copied().filter(|last| asked.is_some_and(|asked| is_short_of(*last, asked)));
        let ends_early = ends_early.map(|last| {
            format!("the last number of {text} is {last}: the next one would lie beyond the end")
        });
        return Ok(Numbers { list, ends_early });
    }
    let list = number_list(text).filter(|list| !list.is_empty());
    let list = list.ok_or(
        "it must be numbers with commas between, as 0.1,0.2, or a range, first:last:step, as 0.1:0.5:0.1",
    )?;
    match are_different(&list) {
        true => Ok(Numbers { list, ends_early: None }),
        false => Err("a number is there twice".to_owned()),
    }
}

/// Whether a range ends before the number that it was asked to go to, by more than rounding.
fn is_short_of(last: f64, asked: f64) -> bool {
    asked - last > 1e-9 * asked.abs().max(1.0)
}

/// Distances of the points of a scan.
#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum Spacing {
    Linear,
    Critical,
}

/// `points` betas from `from` to `to`. Near `critical`, where it is given, their distance from it grows like the square of their number.
fn spaced(from: f64, to: f64, points: usize, critical: Option<f64>) -> Vec<f64> {
    // Equal steps of the signed root of the distance from there, or of the distance itself.
    let place = |beta: f64| critical.map_or(beta, |at| (beta - at).abs().sqrt().copysign(beta - at));
    let beta = |place: f64| critical.map_or(place, |at| at + place * place.abs());
    let (first, last) = (place(from), place(to));
    let step = if points > 1 { (last - first) / (points - 1) as f64 } else { 0.0 };
    (0..points).map(|at| (beta(first + step * at as f64) * PER_UNIT).round() / PER_UNIT).collect()
}

/// A network that is compared with others.
#[derive(Debug, Clone, PartialEq)]
struct NamedNetwork {
    name: String,
    settings: Vec<(&'static str, toml::Value)>,
}

/// Reads the name of a network: a head of "arnn", "han", or "van" with its hidden layers behind a colon.
fn named_network(text: &str) -> Result<NamedNetwork, String> {
    let name = text.trim().to_owned();
    let (network, depth) =
        name.split_once(':').map_or((name.as_str(), None), |(network, depth)| (network, Some(depth)));
    let kind = Network::ALL.into_iter().find(|kind| kind.name() == network);
    let head = Head::ALL.into_iter().find(|head| head.name() == network);
    let mut settings = match (kind, head) {
        (Some(Network::Han | Network::Van), _) => {
            vec![("network", network.into()), ("head", Head::None.name().into())]
        }
        (Some(Network::Arnn), _) => return Err("name a head of arnn, as sk0".to_owned()),
        (None, Some(head)) if depth.is_none() => {
            vec![("network", Network::Arnn.name().into()), ("head", head.name().into())]
        }
        (None, Some(head)) => return Err(format!("{} has no hidden layers; leave \":\" out", head.name())),
        (None, None) => {
            let heads = Head::ALL.map(Head::name).join(", ");
            return Err(format!("there is no such network; it must be han, van, or a head of arnn: {heads}"));
        }
    };
    if let Some(depth) = depth {
        let depth: i64 = depth.parse().map_err(|_| format!("{depth:?} is no number of hidden layers"))?;
        settings.push(("depth", depth.into()));
    }
    Ok(NamedNetwork { name, settings })
}

/// One lattice at one temperature.
struct Point {
    size: u32,
    beta: f64,
    sites: f64,
    /// J and H, where a list of them is given.
    interaction: [Option<f64>; 2],
    /// The network, where several are compared.
    network: Option<NamedNetwork>,
    /// Sweeps of the Monte Carlo beside it; of networks that are compared the first has it.
    mc_sweeps: usize,
    /// The seed of its couplings, where there are several.
    seed: Option<u32>,
    depth: usize,
    steps: u32,
    folder: PathBuf,
}

fn write_table(rows: &[Option<Row>], out: &Path) -> anyhow::Result<()> {
    let table = Table { rows: rows.iter().flatten().cloned().collect() };
    table.write_csv(&out.join("table.csv"))?;
    Ok(table.write_json(&out.join("table.json"))?)
}

/// Words for the flags that betas lack.
fn lacking(arguments: &Arguments) -> String {
    let Arguments { beta_from, beta_to, points, .. } = arguments;
    let flags = [
        ("--beta-from", beta_from.is_some()),
        ("--beta-to", beta_to.is_some()),
        ("--points", points.is_some()),
    ];
    let missing: Vec<&str> = flags.iter().filter(|(_, is_given)| !is_given).map(|(name, _)| *name).collect();
    let examples = "give all three, as --beta-from 0.3 --beta-to 0.6 --points 7, or a list or range, as --beta 0.3,0.44 or --beta 0.3:0.6:0.05";
    match missing.len() {
        3 => format!("a scan needs betas; {examples}"),
        1 => format!("{} is missing; {examples}", missing[0]),
        _ => format!("{} are missing; {examples}", missing.join(" and ")),
    }
}

/// Betas in the order of the scan.
fn betas(arguments: &Arguments) -> anyhow::Result<Vec<f64>> {
    if let Some(Numbers { list, .. }) = &arguments.beta {
        return Ok(list.clone());
    }
    let Arguments { beta_from: Some(from), beta_to: Some(to), points: Some(points), .. } = *arguments else {
        return Err(Error::Config { path: COMMAND_LINE.into(), message: lacking(arguments) }.into());
    };
    if points == 1 && from != to {
        let expected = "one point has one beta; give two or more, or --beta and its value alone";
        return Err(Error::setting("points", points, expected).into());
    }
    if points == 0 || points > MAX_POINTS {
        return Err(Error::setting("points", points, format!("it must lie in 1 to {MAX_POINTS}")).into());
    }
    let critical = match arguments.spacing {
        Spacing::Linear => None,
        Spacing::Critical => Some(critical_beta(arguments, from)?),
    };
    let betas = spaced(from, to, points, critical);
    if !are_different(&betas) {
        let expected = format!("{points} points need a beta further from {from}");
        return Err(Error::setting("beta-to", to, expected).into());
    }
    Ok(betas)
}

/// Where the infinite lattice of the scan orders, with the first of its couplings and fields.
fn critical_beta(arguments: &Arguments, beta: f64) -> anyhow::Result<f64> {
    let size = arguments.size.first().copied().unwrap_or_default();
    let first = |list: &Option<Numbers>| list.as_ref().and_then(|numbers| numbers.list.first().copied());
    let of_interaction = of_interaction([first(&arguments.coupling), first(&arguments.field)]);
    let own = [("size", size.into()), ("beta", beta.into())];
    let system = arguments.settings.resolve(own.into_iter().chain(of_interaction))?.system()?;
    let expected = "no critical point of this system is known; use linear, or a list --beta";
    Ok(system.critical_beta().ok_or_else(|| Error::setting("--spacing", "critical", expected))?)
}

/// A list of settings, or what the settings say of them where there is none; and whether folders need a name for each.
fn listed(list: &Option<Numbers>) -> (Vec<Option<f64>>, bool) {
    match list {
        None => (vec![None], false),
        Some(Numbers { list, .. }) => (list.iter().copied().map(Some).collect(), list.len() > 1),
    }
}

/// All points, once everything is known to be possible.
fn check(arguments: &Arguments) -> anyhow::Result<Vec<Point>> {
    let count = arguments.count;
    if !(2..=MAX_SAMPLES).contains(&count) {
        return Err(Error::setting("count", count, format!("it must lie in 2 to {MAX_SAMPLES}")).into());
    }
    let betas = betas(arguments)?;
    let seeds: Vec<Option<u32>> = match &arguments.disorder_seeds {
        None => vec![None],
        Some(DisorderSeeds(seeds)) => seeds.iter().copied().map(Some).collect(),
    };
    let networks: Vec<Option<&NamedNetwork>> = match &arguments.networks[..] {
        [] => vec![None],
        named => named.iter().map(Some).collect(),
    };
    check_names(arguments)?;
    let sizes = &arguments.size;
    if let Some(at) = (1..sizes.len()).find(|&at| sizes[..at].contains(&sizes[at])) {
        return Err(Error::setting("size", sizes[at], "it is there twice; leave one out").into());
    }
    if RunFolder::exists(&arguments.out) {
        let expected = "a run is there, and a scan has a folder of its own; choose another --out";
        return Err(Error::setting("out", arguments.out.display(), expected).into());
    }
    let ((couplings, names_coupling), (fields, names_field)) =
        (listed(&arguments.coupling), listed(&arguments.field));
    let interactions =
        couplings.iter().flat_map(|&coupling| fields.iter().map(move |&field| [coupling, field]));
    let interactions: Vec<[Option<f64>; 2]> = interactions.collect();
    let mut all = Vec::new();
    for &size in &arguments.size {
        for (number, &network) in networks.iter().enumerate() {
            for &interaction in &interactions {
                let of_seed = seeds.first().and_then(|seed| of_seed(*seed));
                let alone = |beta: f64| {
                    let own = [("size", size.into()), ("beta", beta.into())].into_iter();
                    let of_system = own.chain(of_interaction(interaction)).chain(of_seed.clone());
                    arguments.settings.resolve(of_system.chain(of_network(network)))
                };
                let configs = betas.iter().copied().map(alone).collect::<anyhow::Result<Vec<Config>>>()?;
                // Every point starts from the nets of the one before, so all have those that the hardest one has by default.
                let depth = configs.iter().map(|config| config.depth).max().unwrap_or_default();
                let steps = configs.iter().map(|config| config.steps).max().unwrap_or_default();
                let sites = configs[0].system()?.lattice.sites() as f64;
                if seeds[0].is_some() && configs.iter().any(|config| !has_seed(&config.couplings)) {
                    let expected = "seeds draw couplings: name a kind, as in --couplings pm1";
                    return Err(Error::setting("--disorder-seeds", "given", expected).into());
                }
                let mut folder = arguments.out.join(format!("L{size}"));
                let [coupling, field] = interaction;
                // A colon has no place in the names of folders on every system.
                let of_network = network.map(|named| named.name.replace(':', "-"));
                let of_coupling = coupling.filter(|_| names_coupling).map(|coupling| format!("J{coupling}"));
                let of_field = field.filter(|_| names_field).map(|field| format!("H{field}"));
                folder.extend(of_network.into_iter().chain(of_coupling).chain(of_field));
                let mc_sweeps = if number == 0 { arguments.mc_sweeps } else { 0 };
                for &seed in &seeds {
                    let of_seed = seed.map_or(folder.clone(), |seed| folder.join(format!("seed{seed}")));
                    all.extend(betas.iter().map(|&beta| Point {
                        size,
                        beta,
                        sites,
                        interaction,
                        network: network.cloned(),
                        mc_sweeps,
                        seed,
                        depth,
                        steps,
                        folder: of_seed.join(format!("beta{beta}")),
                    }));
                }
            }
        }
    }
    match all.len() {
        0..=MAX_POINTS => Ok(all),
        points => Err(Error::setting("points", points, format!("a scan has {MAX_POINTS} at most")).into()),
    }
}

/// Checks that no network is named twice, nor by flags of its own beside the list.
fn check_names(arguments: &Arguments) -> crate::Result<()> {
    let names: Vec<&str> = arguments.networks.iter().map(|network| network.name.as_str()).collect();
    if let Some(twice) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
        return Err(Error::setting("--networks", names[twice], "it is there twice; leave one out"));
    }
    for key in ["network", "head"].into_iter().filter(|_| !names.is_empty()) {
        if let Some(value) = arguments.settings.given(key)? {
            let expected = "--networks names the networks; leave one of both out";
            return Err(Error::setting(key, value, expected));
        }
    }
    Ok(())
}

/// The settings of a network that is compared with others.
fn of_network(network: Option<&NamedNetwork>) -> impl Iterator<Item = (&'static str, toml::Value)> {
    network.into_iter().flat_map(|network| network.settings.clone())
}

/// The settings of J and H, where they are given.
fn of_interaction([coupling, field]: [Option<f64>; 2]) -> impl Iterator<Item = (&'static str, toml::Value)> {
    let coupling = coupling.map(|coupling| ("coupling", coupling.into()));
    coupling.into_iter().chain(field.map(|field| ("field", field.into())))
}

/// The setting of a disorder seed, if there is one.
fn of_seed(seed: Option<u32>) -> Option<(&'static str, toml::Value)> {
    seed.map(|seed| ("disorder_seed", seed.into()))
}

impl Point {
    /// Whether both are of one system and one network at two temperatures.
    fn shares_chain_with(&self, other: &Self) -> bool {
        let of_chain = |point: &Self| (point.size, point.seed, point.network.clone(), point.interaction);
        of_chain(self) == of_chain(other)
    }

    fn name(&self) -> String {
        let seed = self.seed.map_or(String::new(), |seed| format!(", disorder seed {seed}"));
        let network = self.network.as_ref().map_or(String::new(), |network| format!(", {}", network.name));
        let [coupling, field] = self.interaction;
        let coupling = coupling.map_or(String::new(), |coupling| format!(", J = {coupling}"));
        let field = field.map_or(String::new(), |field| format!(", H = {field}"));
        format!("L = {}, beta = {}{coupling}{field}{network}{seed}", self.size, self.beta)
    }
}

fn settings(arguments: &Arguments, point: &Point, previous: Option<&Path>) -> anyhow::Result<Config> {
    let init_from = previous.map(|previous| ("init_from", previous.to_string_lossy().into_owned().into()));
    let of_point = [
        ("size", point.size.into()),
        ("beta", point.beta.into()),
        ("depth", toml::Value::Integer(point.depth as i64)),
        ("steps", point.steps.into()),
    ];
    let of_system = of_seed(point.seed).into_iter().chain(of_interaction(point.interaction));
    let of_system = of_system.chain(of_network(point.network.as_ref()));
    arguments.settings.resolve(of_system.chain(of_point).chain(init_from))
}

/// Trains and measures one point, or takes what is there. What comes back is whole unless Ctrl-C was pressed.
fn measure_point(
    arguments: &Arguments,
    point: &Point,
    previous: Option<&Point>,
    interrupt: &Interrupt,
    ranks: &Ranks,
) -> anyhow::Result<Value> {
    let previous = previous.map(|previous| previous.folder.as_path());
    let mut config = settings(arguments, point, previous)?;
    config.device = setting_of_local_rank(&config.device, ranks.local_rank());
    let device = config.device.clone();
    train_one(config, &point.folder, false, &Resources::default(), &Ranks::alone())?;
    let (folder, config) = RunFolder::open(&point.folder)?;
    if let Some(found) = folder.measurement() {
        let same = |key: &str, wanted: usize| found[key].as_u64() == Some(wanted as u64);
        // Measurements of older versions have no status.
        if same("count", arguments.count) && same("mc_sweeps", point.mc_sweeps) && found["status"].is_string()
        {
            tell_doubts(point, &found);
            return Ok(found);
        }
    }
    let measurement = measure_network(arguments, &config, &point.folder, &device, interrupt)?;
    let of_run: Vec<String> = folder.verification().iter().flat_map(Verification::doubts).cloned().collect();
    let doubts = [measurement.doubts(), of_run.clone()].concat();
    let mut warnings = [measurement.warnings(), of_run].concat();
    let mut value = serde_json::to_value(&measurement)?;
    value["mc_sweeps"] = json!(point.mc_sweeps);
    if let Some(network) = &point.network {
        value["network"] = json!(network.name);
    }
    if has_seed(&config.couplings) {
        value["couplings"] = json!(format!("{}, seed {}", config.couplings, config.disorder_seed));
    }
    value["status"] = json!(status(&doubts));
    if point.mc_sweeps > 0 && !interrupt.pressed() {
        let monte_carlo = monte_carlo(point.mc_sweeps, &measurement.ensemble, config.seed, interrupt)?;
        let (doubts, own) = (monte_carlo.doubts(), monte_carlo.warnings());
        value["monte_carlo"] = serde_json::to_value(monte_carlo)?;
        value["monte_carlo"]["status"] = json!(status(&doubts));
        warnings.extend(own.iter().map(|warning| format!("Monte Carlo: {warning}")));
    }
    value["warnings"] = json!(warnings);
    if !interrupt.pressed() {
        folder.write_measurement(&value)?;
    }
    tell_doubts(point, &value);
    Ok(value)
}

/// Figures that there is a reason to doubt are suspect.
fn status(doubts: &[String]) -> Status {
    if doubts.is_empty() { Status::Verified } else { Status::Suspect }
}

/// A line for every warning of a point.
fn tell_doubts(point: &Point, measurement: &Value) {
    let warnings = measurement["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    warnings.for_each(|warning| super::complain(&format!("WARNING    {}: {warning}", point.name())));
}

fn measure_network(
    arguments: &Arguments,
    config: &Config,
    path: &Path,
    device: &str,
    interrupt: &Interrupt,
) -> anyhow::Result<Measurement> {
    let count = arguments.count;
    let (_, mut backend) = open_run(path, device, config.batch.min(count))?;
    let model = backend.model();
    let ensemble = Ensemble { system: model.system.clone(), beta: config.beta };
    let settings = Settings {
        count,
        seed: own_seed(config.seed, &ensemble),
        beta: config.beta,
        method: Method::Both,
        symmetries: Default::default(),
    };
    let mut progress = Progress::new("sample", 0, count as u64);
    let measurement = measure(
        backend.as_mut(),
        &settings,
        |_| Ok(()),
        |done| {
            progress.advance(done as u64);
            interrupt.flow()
        },
    )?;
    progress.finish();
    Ok(measurement)
}

fn monte_carlo(
    sweeps: usize,
    ensemble: &Ensemble,
    seed: u32,
    interrupt: &Interrupt,
) -> anyhow::Result<MonteCarlo> {
    let seed = own_seed(seed, ensemble);
    let algorithm = Algorithm::fitting(&ensemble.system);
    let setup = Setup { ensemble: ensemble.clone(), algorithm, chains: CHAINS, seed };
    let mut simulation = Simulation::new(setup, "cpu")?;
    let Equilibrium { sweeps: thermalisation, tau_int, fault } = come_into_equilibrium(&mut simulation)?;
    let wanted = ((MEASURED * tau_int).ceil() as usize).min(MOST_SWEEPS);
    let sweeps = Sweeps { chains: CHAINS, thermalisation, sweeps: sweeps.max(wanted), every: 1 };
    let mut progress = Progress::new("sweep of Monte Carlo", 0, sweeps.sweeps as u64);
    let measured = measure_chains(
        &mut simulation,
        sweeps,
        |_, _| Ok(()),
        |done| {
            progress.advance(done as u64);
            interrupt.flow()
        },
    )?;
    progress.finish();
    Ok(MonteCarlo { fault, ..measured })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_heads_or_have_layers() {
        let settings = |text: &str| named_network(text).map(|network| network.settings);
        assert_eq!(settings("sk0"), Ok(vec![("network", "arnn".into()), ("head", "sk0".into())]));
        let van = vec![("network", "van".into()), ("head", "none".into()), ("depth", 2.into())];
        assert_eq!(settings("van:2"), Ok(van));
        for (text, reason) in [
            ("arnn", "head of arnn"),
            ("sk0:2", "no hidden layers"),
            ("van:x", "no number"),
            ("made", "cw_infinite"),
        ] {
            let refused = settings(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }

    #[test]
    fn betas_may_lie_denser_near_a_point() {
        assert_eq!(spaced(0.2, 0.6, 3, None), [0.2, 0.4, 0.6]);
        assert_eq!(spaced(0.3, 0.3, 1, None), [0.3]);
        let dense = spaced(0.34, 0.54, 5, Some(0.44));
        assert_eq!(dense, [0.34, 0.415, 0.44, 0.465, 0.54]);
        // All on one side of it.
        let above = spaced(0.45, 0.6, 4, Some(0.44));
        assert!(above.windows(3).all(|near| near[1] - near[0] < near[2] - near[1]), "{above:?}");
        assert_eq!([above[0], above[3]], [0.45, 0.6]);
    }

    #[test]
    fn lists_are_ranges_or_have_commas() {
        let list = |text: &str| numbers(text).map(|numbers| numbers.list);
        assert_eq!(list("0.1:0.5:0.2"), Ok(vec![0.1, 0.3, 0.5]));
        assert_eq!(list("-1,1"), Ok(vec![-1.0, 1.0]));
        assert_eq!(list("0.5:0.5:0.1"), Ok(vec![0.5]));
        for (text, reason) in [
            ("", "commas"),
            ("0.1:0.5", "first:last:step"),
            ("0.1:x:0.1", "first:last:step"),
            ("0.6:0.2:0.1", "write 0.2:0.6:0.1"),
            ("0.2:0.6:0", "must be above 0"),
            ("0.2:0.6:-0.1", "must be above 0"),
            ("0.2:0.6:1e-9", "numbers, more than 10000"),
            ("0:1e30:1", "more than 10000"),
            ("1,1", "twice"),
            ("a", "commas"),
        ] {
            let refused = list(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
        let ends_early = |text: &str| numbers(text).unwrap().ends_early;
        assert!(ends_early("0.2:0.6:0.3").unwrap().contains("is 0.5"));
        for whole in ["0.2:0.6:0.1", "-1:1:0.1", "0:1:0.001", "0.4", "0.4,0.7"] {
            assert_eq!(ends_early(whole), None, "{whole}");
        }
    }

    #[test]
    fn seeds_are_ranges_or_lists() {
        let seeds = |text: &str| disorder_seeds(text).map(|DisorderSeeds(seeds)| seeds);
        assert_eq!(seeds("1..3"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("7"), Ok(vec![7]));
        assert_eq!(seeds("3,5, 8"), Ok(vec![3, 5, 8]));
        for (text, reason) in [
            ("3..1", "smaller one first"),
            ("1..", "no seed"),
            ("1,x", "\"x\" is no seed"),
            ("1,1", "twice"),
            ("0..4294967295", "more than"),
        ] {
            let refused = seeds(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
