//! `han-gpu rbm features`.

use super::super::figures::{FigureArguments, Place};
use super::super::{print, print_json};
use super::{Learned, open};
use crate::error::Error;
use crate::lattice::Spins;
use crate::plot::{Axis, Curve, Figure, Panel, Picture, Pictures, Scale, Style, Tone};
use crate::rbm::singular_values;
use serde_json::json;
use std::path::PathBuf;

/// Most pictures.
const MOST_UNITS: usize = 1000;
/// Pixels of a picture's side.
const PIXELS: usize = 110;
/// Pictures in a row, where there is one for every unit.
const WIDTH: usize = 8;

/// Draw the weights of hidden units, and the singular values of W.
///
/// Writes weights and singular_values as figures: units in the order of the lengths of their weights, each with its weights on the lattice over the largest of all; of Potts spins
/// a picture for every colour.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu rbm features runs/rbm --units 32")]
pub(in crate::cli) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Hidden units whose weights are drawn, at most
    #[arg(long, default_value_t = 64)]
    units: usize,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of the figures [default: RUN/features]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print singular values as one JSON object
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if !(1..=MOST_UNITS).contains(&arguments.units) {
        let expected = format!("it must lie in 1 to {MOST_UNITS}");
        return Err(Error::setting("units", arguments.units, expected).into());
    }
    let learned = open(&arguments.run)?;
    let folder = arguments.out.clone().unwrap_or_else(|| arguments.run.join("features"));
    let place = Place::new(folder, arguments.figures, false)?;
    let values = singular_values(&learned.machine, &learned.parameters);
    let machine = learned.machine;
    let of = format!("{}{}, {} hidden units", machine.lattice, machine.spins, machine.hidden);
    let numbered = values.iter().enumerate().map(|(number, &value)| (number as f64 + 1.0, value));
    let panel = Panel {
        x: Axis::linear("number"),
        y: Axis::linear("singular value of W"),
        curves: vec![Curve::new("", 0, Style::Dots, numbered)],
    };
    let figure = Figure { title: format!("Singular values, {of}"), panels: vec![panel], columns: 1 };
    place.write("singular_values", &figure)?;
    place.write("weights", &weights(&learned, arguments.units, format!("Weights of hidden units, {of}")))?;
    if arguments.json {
        return print_json(&json!({ "run": arguments.run, "singular_values": values }));
    }
    let largest: Vec<String> = values.iter().take(5).map(|value| format!("{value:.4}")).collect();
    let more = if values.len() > largest.len() { " ..." } else { "" };
    print(&format!("singular values  {}{more}\nfigures in {}", largest.join(" "), place.folder().display()))
}

/// Pictures of the weights of units.
fn weights(learned: &Learned, units: usize, title: String) -> Pictures {
    let machine = learned.machine;
    let weights = &learned.parameters.weights;
    let weight = |number: usize, unit: usize| weights[number * machine.hidden + unit];
    let square =
        |unit: &usize| -> f32 { (0..machine.visible()).map(|number| weight(number, *unit).powi(2)).sum() };
    let mut order: Vec<usize> = (0..machine.hidden).collect();
    order.sort_by(|a, b| square(b).total_cmp(&square(a)));
    order.truncate(units);
    let largest = weights.iter().fold(f32::MIN_POSITIVE, |largest, weight| largest.max(weight.abs()));
    let numbers = machine.spins.numbers();
    let picture = |unit: usize, colour: usize| {
        let tone = |site: usize| Tone::Number(weight(site * numbers + colour, unit) / largest);
        let line = machine.lattice.side() as usize;
        Picture { line, tones: (0..machine.lattice.sites()).map(tone).collect() }
    };
    let is_ising = machine.spins == Spins::Ising;
    let names = |unit: &usize| format!("unit {unit}");
    Pictures {
        title,
        rows: if is_ising { Vec::new() } else { order.iter().map(names).collect() },
        columns: if is_ising {
            Vec::new()
        } else {
            (0..numbers).map(|colour| format!("colour {colour}")).collect()
        },
        width: if is_ising { WIDTH.min(order.len()) } else { numbers },
        pictures: order
            .iter()
            .flat_map(|&unit| (0..numbers).map(move |colour| (unit, colour)))
            .map(|(unit, colour)| picture(unit, colour))
            .collect(),
        pixels: PIXELS,
        scale: Scale::Numbers([format!("{:.3}", -largest), format!("{largest:.3}")]),
    }
}
