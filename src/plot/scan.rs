//! Figures of a scan: every quantity against beta, for all sizes, with exact curves and Monte Carlo.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::exact::{self, Exact};
use crate::io::{Row, Table};
use crate::lattice::{Interaction, Torus};
use crate::measure::{FREE_QUANTITIES, Meaning, QUANTITIES, System};

/// Points of exact curves.
const FINE: usize = 200;

/// What there is of one size.
struct Line<'a> {
    side: u32,
    rows: Vec<&'a Row>,
    exact: Vec<(System, Exact)>,
}

/// Figures by the name of their file: `magnetisation`, `extensive` (F, U, S, C against beta) and `scan` (everything).
pub fn scan(table: &Table) -> Vec<(&'static str, Figure)> {
    let lines = lines(table);
    let figure = |title: &str, names: &[&str], columns| Figure {
        title: title.to_owned(),
        panels: names.iter().map(|name| panel(&lines, name)).collect(),
        columns,
    };
    let extensive = ["free_energy_per_site", "energy_per_site", "entropy_per_site", "specific_heat"];
    let all = [
        "abs_magnetisation",
        "energy_per_site",
        "specific_heat",
        "susceptibility",
        "free_energy_per_site",
        "entropy_per_site",
        "binder",
        "ess",
    ];
    vec![
        ("magnetisation", figure("Magnetisation: Monte Carlo against network", &["abs_magnetisation"], 1)),
        ("extensive", figure("Extensive quantities against beta", &extensive, 2)),
        ("scan", figure("Scan in beta", &all, 4)),
    ]
}

/// A line per size. Exact curves are solved here, once for all panels.
fn lines(table: &Table) -> Vec<Line<'_>> {
    let mut sizes: Vec<u32> = table.rows.iter().map(size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let line = |side| {
        let rows: Vec<&Row> = table.rows.iter().filter(|row| size(row) == side).collect();
        Line { side, exact: exact_curve(&rows), rows }
    };
    sizes.into_iter().map(line).collect()
}

fn panel(lines: &[Line<'_>], name: &str) -> Panel {
    let mut curves = Vec::new();
    for (number, Line { side, rows, exact }) in lines.iter().enumerate() {
        let value =
            |(system, exact): &(System, Exact)| Some((system.beta, system.exact_value(name, Some(*exact))?));
        let exact: Vec<(f64, f64)> = exact.iter().filter_map(value).collect();
        if !exact.is_empty() {
            curves.push(Curve::new(format!("L = {side}, exact"), number, Style::Dashed, exact));
        }
        for (prefix, source, style) in [("mc_", "Monte Carlo", Style::Squares), ("", "network", Style::Dots)]
        {
            let point = |row: &&Row| {
                let y = *row.get(&format!("{prefix}{name}"))?;
                let error = row.get(&format!("{prefix}{name}_error")).copied().unwrap_or(0.0);
                Some(Point { x: *row.get("beta")?, y, error })
            };
            let points: Vec<Point> = rows.iter().filter_map(point).collect();
            if !points.is_empty() {
                curves.push(Curve { label: format!("L = {side}, {source}"), colour: number, style, points });
            }
        }
    }
    Panel { x: Axis::linear("beta   [1/J]"), y: Axis::linear(axis_label(name)), curves }
}

fn size(row: &Row) -> u32 {
    row.get("size").copied().unwrap_or_default() as u32
}

/// Exact solutions on a fine grid between the first and the last beta, where they are known.
fn exact_curve(rows: &[&Row]) -> Vec<(System, Exact)> {
    let betas = || rows.iter().filter_map(|row| row.get("beta"));
    let first = betas().copied().fold(f64::INFINITY, f64::min);
    let last = betas().copied().fold(f64::NEG_INFINITY, f64::max);
    let Some(row) = rows.first() else { return Vec::new() };
    let number = |key: &str| row.get(key).copied().unwrap_or_default();
    let interaction = Interaction { coupling: number("coupling"), field: number("field") };
    let Ok(torus) = Torus::new(size(row)) else { return Vec::new() };
    let point = |at: usize| {
        let beta = first + (last - first) * at as f64 / (FINE - 1) as f64;
        let system = System { torus, interaction, beta };
        Some((system, exact::solve(torus, interaction, beta)?))
    };
    (0..FINE).filter_map(point).collect()
}

fn axis_label(name: &str) -> String {
    let known = FREE_QUANTITIES.iter().chain(&QUANTITIES).find(|meaning| meaning.name == name);
    match known {
        Some(Meaning { symbol, unit: "", .. }) => (*symbol).to_owned(),
        Some(Meaning { symbol, unit, .. }) => format!("{symbol}   [{unit}]"),
        None => "effective sample size".to_owned(),
    }
}
