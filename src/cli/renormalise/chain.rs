//! `han-gpu renormalise chain`.

use super::super::figures::{FigureArguments, Place};
use super::super::{print, print_json};
use super::{MAX_COUPLING, Starts};
use crate::error::Error;
use crate::plot;
use crate::renormalise::chain::{Chain, Decimated, flow};
use serde::Serialize;
use std::path::PathBuf;

/// Couplings to start from.
const COUPLINGS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// The exact decimation of the Ising chain, every second spin summed out: tanh K' = tanh^2 K without a field.
///
/// With a field it is the square of the transfer matrix. Every step halves the chain, and so the correlation length in sites; only K = 0 and K = infinity stay as they are. The constant is what the spins
/// that were summed out add to ln Z, per site of the chain at the start.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu renormalise chain
  han-gpu renormalise chain --couplings 1,2,3 --field 0.01 --out figures
  han-gpu renormalise chain --from 0.5,1 --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    starts: Starts,
    /// Field h = beta H at the start
    #[arg(long, value_name = "h", default_value_t = 0.0, allow_negative_numbers = true)]
    field: f64,
    /// Folder for chain.csv and the figure chain
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    figures: FigureArguments,
    /// Print a JSON list of the rows of every start
    #[arg(long)]
    json: bool,
}

/// A row of chain.csv.
#[derive(Serialize)]
struct Row {
    /// Number of the start.
    start: usize,
    iteration: usize,
    coupling: f64,
    field: f64,
    constant_per_site: f64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let couplings = arguments.starts.couplings(&COUPLINGS)?;
    let field = arguments.field;
    if !(field.is_finite() && field.abs() <= MAX_COUPLING) {
        let expected = format!("it must lie in -{MAX_COUPLING:e} to {MAX_COUPLING:e}");
        return Err(Error::setting("field", field, expected).into());
    }
    let from = |&coupling: &f64| flow(Chain { coupling, field }, arguments.starts.iterations);
    let flows: Vec<Vec<Decimated>> = couplings.iter().map(from).collect();
    if let Some(folder) = &arguments.out {
        let place = Place::new(folder.clone(), arguments.figures, !arguments.json)?;
        place.write_table("chain", &flows.iter().enumerate().flat_map(rows).collect::<Vec<_>>())?;
        place.write("chain", &plot::chains(&flows, field))?;
    }
    if arguments.json {
        return print_json(&flows.iter().enumerate().map(rows).collect::<Vec<_>>());
    }
    print(&describe(&flows))
}

fn rows((start, flow): (usize, &Vec<Decimated>)) -> Vec<Row> {
    let row = |(iteration, &Decimated { chain: Chain { coupling, field }, constant_per_site })| Row {
        start,
        iteration,
        coupling,
        field,
        constant_per_site,
    };
    flow.iter().enumerate().map(row).collect()
}

fn describe(flows: &[Vec<Decimated>]) -> String {
    let mut lines = Vec::new();
    for flow in flows {
        lines.extend((!lines.is_empty()).then(String::new));
        lines.push("iteration  K             h             constant per site".to_owned());
        lines.extend(flow.iter().enumerate().map(|(iteration, Decimated { chain, constant_per_site })| {
            let [coupling, field] = [chain.coupling, chain.field].map(brief);
            format!("{iteration:<10} {coupling:<13} {field:<13} {constant_per_site:.12}")
        }));
    }
    lines.join("\n")
}

/// Six digits of a number that may be very small.
fn brief(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        format!("{value:.6}")
    } else {
        format!("{value:.5e}")
    }
}
