//! `han-gpu renormalise map`.

use super::super::columns::aligned;
use super::super::figures::{FigureArguments, Place};
use super::super::{print, print_json};
use super::{Starts, exact_critical_coupling};
use crate::plot;
use crate::renormalise::decimation::{FixedPoint, Step, flow};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// Temperatures on both sides of the fixed point, which is at 1.9725.
const TEMPERATURES: [f64; 8] = [1.7, 1.9, 1.96, 1.972, 1.973, 1.985, 2.05, 2.27];

/// The approximate decimation of the square lattice, K' = (3/8) ln cosh 4K: its fixed point, and flows of couplings.
///
/// Every second site is summed out, which leaves a square lattice with sqrt 2 times the spacing and with couplings of nearest neighbours (K_1), next-nearest neighbours (K_2) and
/// four spins (K_4); K' = K_1 + K_2 stands for all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu renormalise map
  han-gpu renormalise map --from 1.9,1.97,1.98,2.1 --iterations 12 --out figures")]
pub(super) struct Arguments {
    #[command(flatten)]
    starts: Starts,
    /// Folder for map.csv and the figure decimation
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    figures: FigureArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A row of map.csv.
#[derive(Serialize)]
struct Row {
    /// Number of the start.
    start: usize,
    iteration: usize,
    coupling: f64,
    /// In units of J; infinite where the coupling has left the range of numbers.
    temperature: f64,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let starts = arguments.starts.couplings(&TEMPERATURES.map(|temperature| 1.0 / temperature))?;
    let flows: Vec<Vec<f64>> = starts.iter().map(|&start| flow(start, arguments.starts.iterations)).collect();
    let (fixed, exact) = (FixedPoint::find(), exact_critical_coupling()?);
    if let Some(folder) = &arguments.out {
        let place = Place::new(folder.clone(), arguments.figures, !arguments.json)?;
        place.write_table("map", &rows(&flows))?;
        place.write("decimation", &plot::decimation(&flows, exact))?;
    }
    if arguments.json {
        let steps = starts.iter().map(|&coupling| {
            let step = Step::from(coupling);
            json!({ "coupling": coupling, "renormalised": step.renormalised(), "exact_step": step })
        });
        return print_json(&json!({
            "fixed_point": fixed,
            "exact": { "coupling": exact, "temperature": 1.0 / exact, "nu": 1.0 },
            "starts": steps.collect::<Vec<_>>(),
            "flows": flows,
        }));
    }
    print(&describe(&fixed, exact, &flows))
}

fn rows(flows: &[Vec<f64>]) -> Vec<Row> {
    let of_flow = |(start, flow): (usize, &Vec<f64>)| {
        let row = |(iteration, &coupling): (usize, &f64)| Row {
            start,
            iteration,
            coupling,
            temperature: 1.0 / coupling,
        };
        flow.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    flows.iter().enumerate().flat_map(of_flow).collect()
}

fn describe(fixed: &FixedPoint, exact: f64, flows: &[Vec<f64>]) -> String {
    let FixedPoint { coupling, temperature, slope, nu } = fixed;
    let mut lines = vec![
        format!("fixed point  K* = {coupling:.9}, T* = {temperature:.9}, slope {slope:.6}, nu = {nu:.5}"),
        format!("exact        K_c = {exact:.9}, T_c = {:.9}, nu = 1", 1.0 / exact),
        String::new(),
    ];
    let head = ["T", "K", "K_1", "K_2", "K_4", "f_0", "K'"].map(str::to_owned);
    let steps = flows.iter().map(|flow| {
        let step = Step::from(flow[0]);
        let Step { nearest, next_nearest, four, constant } = step;
        [1.0 / flow[0], flow[0], nearest, next_nearest, four, constant, step.renormalised()]
            .map(|number| format!("{number:.6}"))
    });
    lines.extend(aligned(['>'; 7], &std::iter::once(head).chain(steps).collect::<Vec<_>>()));
    lines.push(String::new());
    let head = ["T", "in the end", "K"].map(str::to_owned);
    let ends = flows.iter().map(|flow| {
        let (start, end) = (flow[0], flow[flow.len() - 1]);
        let phase = if end.abs() < start.abs() || end == 0.0 { "disorder" } else { "order" };
        [format!("{:.6}", 1.0 / start), phase.to_owned(), format!("{end:.3e}")]
    });
    lines.extend(aligned(['>', '<', '>'], &std::iter::once(head).chain(ends).collect::<Vec<_>>()));
    lines.join("\n")
}
