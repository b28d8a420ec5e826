//! `han-gpu runs`.

use super::columns::aligned;
use super::heading;
use crate::config::{Config, SETTINGS};
use crate::error::Error;
use crate::estimate::Estimate;
use crate::io::{FlowFolder, MachineFolder, RunFolder};
use crate::measure::short;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders are looked through so many levels down.
const DEPTH: usize = 8;
/// Longest name of a run that stands above its column.
const MOST_OF_A_NAME: usize = 28;

/// List the runs under a folder, or compare two of them.
///
/// Runs with a file that is cut short or cannot be read are listed as damaged, with its name.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu runs                        all runs under runs/
  han-gpu runs runs/scan --json
  han-gpu runs --compare runs/a runs/b")]
pub(super) struct Arguments {
    /// Folder
    #[arg(default_value = "runs")]
    folder: PathBuf,
    /// Settings in which two runs differ, and their figures side by side
    #[arg(long, num_args = 2, value_names = ["RUN", "RUN"], conflicts_with = "folder", help_heading = heading::RUN_FOLDER)]
    compare: Vec<PathBuf>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let [first, second] = &arguments.compare[..] {
        return compare([first, second], arguments.json);
    }
    let folder = &arguments.folder;
    if !folder.is_dir() {
        return Err(Error::content(folder, "there is no such folder; name one that runs are in").into());
    }
    let mut found = Vec::new();
    look(folder, DEPTH, &mut found);
    found.sort_by(Found::order);
    if arguments.json {
        return super::print_json(&found.iter().map(Found::json).collect::<Vec<_>>());
    }
    match found.is_empty() {
        true => super::print(&format!("no runs under {}", folder.display())),
        false => super::print(&table(&found)),
    }
}

/// A run of a network, a machine or a flow.
struct Found {
    path: PathBuf,
    /// The kind of model that learns, and its side.
    what: &'static str,
    size: Option<u32>,
    beta: Option<f64>,
    /// J and H, or the name of its couplings for J.
    interaction: [String; 2],
    summary: Value,
    /// A word on how far it is, and whether to trust it.
    status: String,
}

/// Runs in a folder and below.
fn look(folder: &Path, depth: usize, found: &mut Vec<Found>) {
    found.extend(Found::open(folder));
    if depth == 0 {
        return;
    }
    let mut inner: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
        .unwrap_or_default();
    inner.sort();
    inner.iter().for_each(|folder| look(folder, depth - 1, found));
}

impl Found {
    /// By what learns, side, temperature and name.
    fn order(&self, other: &Self) -> Ordering {
        let beta = |run: &Self| run.beta.unwrap_or(0.0);
        let first = (self.what, self.size).cmp(&(other.what, other.size));
        first.then(beta(self).total_cmp(&beta(other))).then_with(|| self.path.cmp(&other.path))
    }

    fn open(path: &Path) -> Option<Self> {
        let of_family = |what: &'static str,
                         size: u32,
                         beta: Option<f64>,
                         coupling: Option<f64>,
                         summary: Option<Value>,
                         damage: Option<String>| {
            let state = || if summary.is_some() { "finished" } else { "unfinished" }.to_owned();
            let status = damage.map_or_else(state, |file| damaged(&file));
            let summary = summary.unwrap_or_default();
            let interaction = [coupling.map_or_else(none, |coupling| coupling.to_string()), none()];
            Some(Self { path: path.to_owned(), what, size: Some(size), beta, interaction, summary, status })
        };
        if MachineFolder::exists(path) {
            let Ok((folder, settings)) = MachineFolder::open(path) else {
                return Some(Self::without_settings(path, "machine.toml"));
            };
            return of_family("rbm", settings.size, None, None, folder.summary(), folder.damaged());
        }
        if FlowFolder::exists(path) {
            let Ok((folder, settings)) = FlowFolder::open(path) else {
                return Some(Self::without_settings(path, "flow.toml"));
            };
            let beta = 1.0 / settings.temperature;
            let size = settings.architecture.size;
            let (coupling, summary) = (Some(settings.coupling), folder.summary());
            return of_family("flow", size, Some(beta), coupling, summary, folder.damaged());
        }
        // Other programs have a config.toml too.
        let is_run = ["checkpoint.safetensors", "metrics.csv", "summary.json"]
            .iter()
            .any(|name| path.join(name).is_file());
        if !RunFolder::exists(path) || !is_run {
            return None;
        }
        let read = RunFolder::open(path);
        Some(read.map_or_else(
            |_| Self::without_settings(path, "config.toml"),
            |(folder, config)| Self::network(&folder, &config),
        ))
    }

    /// A run whose settings cannot be read from a file.
    fn without_settings(path: &Path, file: &str) -> Self {
        Self {
            path: path.to_owned(),
            what: "?",
            size: None,
            beta: None,
            interaction: [none(), none()],
            summary: Value::Null,
            status: damaged(file),
        }
    }

    fn network(folder: &RunFolder, config: &Config) -> Self {
        let summary = folder.summary().unwrap_or_default();
        let is_of_others = |key: &str, own: f64| summary[key].as_f64().is_some_and(|found| found != own);
        let of_others = is_of_others("size", config.size.into()) || is_of_others("beta", config.beta);
        let status = match (folder.damaged(), folder.verification(), summary.is_null()) {
            (Some(file), ..) => damaged(file),
            _ if of_others => "config.toml and summary.json differ".to_owned(),
            (None, Some(verification), _) => verification.status.name().to_owned(),
            (None, None, false) => "finished".to_owned(),
            (None, None, true) => match folder.metrics() {
                Ok(rows) => format!("step {} of {}", rows.last().map_or(0, |row| row.step), config.steps),
                Err(_) => format!("step 0 of {}", config.steps),
            },
        };
        let (what, size, beta) = (config.network.name(), Some(config.size), Some(config.beta));
        let coupling = match config.couplings_file() {
            _ if config.couplings.is_empty() => config.coupling.to_string(),
            Some(_) => "file".to_owned(),
            None => config.couplings.clone(),
        };
        let interaction = [coupling, config.field.to_string()];
        Self { path: folder.path().to_owned(), what, size, beta, interaction, summary, status }
    }

    /// A figure of the summary, in few digits.
    fn figure(&self, name: &str) -> String {
        let value = match self.summary.get(name) {
            Some(value) => value,
            None => &self.summary["metrics"][name],
        };
        let estimate = |value: &Value| {
            Some(Estimate {
                value: value["value"].as_f64()?,
                error: value["error"].as_f64().unwrap_or(f64::NAN),
            })
        };
        let number = value.as_f64().map(|value| format!("{value:.4}"));
        number.or_else(|| estimate(value).map(short)).unwrap_or_else(|| "-".to_owned())
    }

    fn json(&self) -> Value {
        let Self { path, what, size, beta, interaction: [coupling, field], summary, status } = self;
        json!({
            "run": path, "what": what, "size": size, "beta": beta, "coupling": coupling, "field": field,
            "status": status, "summary": summary
        })
    }
}

/// The status of a run with a damaged file.
fn damaged(file: &str) -> String {
    format!("damaged: {file}")
}

/// The cell of a figure that a run does not have.
fn none() -> String {
    "-".to_owned()
}

fn table(found: &[Found]) -> String {
    let cells = |run: &Found| {
        let beta = run.beta.map_or("-".to_owned(), |beta| format!("{}", (beta * 1e6).round() / 1e6));
        let name = run.path.display().to_string();
        let [coupling, field] = &run.interaction;
        [
            name,
            run.what.to_owned(),
            run.size.map_or_else(none, |size| size.to_string()),
            beta,
            coupling.clone(),
            field.clone(),
            run.figure("kl"),
            run.figure("ess"),
            run.status.clone(),
        ]
    };
    let head = ["run", "network", "L", "beta", "J", "H", "KL", "ESS", "status"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(found.iter().map(cells)).map(in_lines).collect();
    aligned(['<'; 9], &rows).join("\n")
}

/// Names of folders and of files may have any character; a cell stays in its line.
fn in_lines<const N: usize>(row: [String; N]) -> [String; N] {
    row.map(|cell| super::in_a_line(&cell))
}

/// Settings in which two runs differ, and figures of both.
fn compare(paths: [&PathBuf; 2], json: bool) -> anyhow::Result<()> {
    let [first, second] = [RunFolder::open(paths[0])?, RunFolder::open(paths[1])?];
    let values = [first.1.values()?, second.1.values()?];
    let text = |value: Option<&toml::Value>| {
        value.map_or_else(String::new, |value| value.as_str().map_or(value.to_string(), str::to_owned))
    };
    let differing = SETTINGS.iter().filter_map(|setting| {
        let [a, b] = [0, 1].map(|run| text(values[run].get(setting.key)));
        (a != b).then(|| [setting.key.to_owned(), a, b])
    });
    let runs = [Found::network(&first.0, &first.1), Found::network(&second.0, &second.1)];
    let figures =
        ["free_energy_per_site", "ln_z", "beta_f_per_site", "energy_per_site", "kl", "ess", "elapsed_s"];
    let figures = figures.map(|name| [name.to_owned(), runs[0].figure(name), runs[1].figure(name)]);
    let status = ["status".to_owned(), runs[0].status.clone(), runs[1].status.clone()];
    let differing: Vec<[String; 3]> = differing.collect();
    if json {
        let settings: serde_json::Map<String, Value> =
            differing.into_iter().map(|[key, a, b]| (key, json!([a, b]))).collect();
        return super::print_json(
            &json!({ "runs": runs.iter().map(Found::json).collect::<Vec<_>>(), "settings": settings }),
        );
    }
    let rows = differing.into_iter().chain(figures).chain([status]).map(in_lines).collect();
    super::print(&side_by_side(paths.map(|path| super::in_a_line(&path.display().to_string())), rows))
}

/// Figures of two runs, whose names stand above them, or before them where they are long.
fn side_by_side(names: [String; 2], rows: Vec<[String; 3]>) -> String {
    let is_short = names.iter().all(|name| name.chars().count() <= MOST_OF_A_NAME);
    let (before, [first, second]) = match is_short {
        true => (String::new(), names),
        false => (format!("A  {}\nB  {}\n", names[0], names[1]), ["A", "B"].map(str::to_owned)),
    };
    let rows: Vec<[String; 3]> = std::iter::once([String::new(), first, second]).chain(rows).collect();
    before + &aligned(['<'; 3], &rows).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_letters_stay_in_their_line() {
        let rows = [["two\nlines", "1"], ["\u{1b}[2J", "2"]].map(|row| in_lines(row.map(str::to_owned)));
        assert_eq!(aligned(['<'; 2], &rows), ["two\\nlines  1", "\\u{1b}[2J   2"]);
    }

    #[test]
    fn long_names_of_two_runs_stand_before_their_figures() {
        let rows = || vec![["beta", "0.3", "0.44"].map(str::to_owned)];
        let shown = side_by_side(["runs/a", "runs/b"].map(str::to_owned), rows());
        assert_eq!(shown, "      runs/a  runs/b\nbeta  0.3     0.44");
        let long = "x".repeat(40);
        let shown = side_by_side([long.clone(), "runs/b".to_owned()], rows());
        assert_eq!(shown, format!("A  {long}\nB  runs/b\n      A    B\nbeta  0.3  0.44"));
    }
}
