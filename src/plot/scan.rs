//! Figures of a scan: every quantity against beta, for all sizes, with exact curves and Monte Carlo.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::estimate::Status;
use crate::exact::{self, Exact};
use crate::io::{Row, Table};
use crate::lattice::{Ensemble, Interaction, Lattice, System};
use crate::measure::{FREE_QUANTITIES, Meaning, QUANTITIES};

/// Black.
const CRITICAL_COLOUR: usize = 6;

/// What there is of one size.
struct Line<'a> {
    side: u32,
    rows: Vec<&'a Row>,
    exact: Vec<(Ensemble, Exact)>,
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
        let value = |(ensemble, exact): &(Ensemble, Exact)| {
            Some((ensemble.beta, ensemble.exact_value(name, Some(*exact))?))
        };
        let mut exact: Vec<(f64, f64)> = exact.iter().filter_map(value).collect();
        if exact.is_empty() {
            // The table does not have the couplings, but exact values that were known beside them.
            let known = |row: &&Row| Some((row.get("beta")?, row.get(&format!("{name}_exact"))?));
            exact.extend(rows.iter().filter_map(known));
        }
        if !exact.is_empty() {
            curves.push(Curve::new(format!("L = {side}, exact"), number, Style::Dashed, exact));
        }
        for source in [MONTE_CARLO, NETWORK] {
            curves.extend(source.curves(rows, name, *side, number));
        }
    }
    curves.extend(critical_points(lines));
    Panel { x: Axis::linear("beta   [1/J]"), y: Axis::linear(axis_label(name)), curves }
}

/// The critical point of the infinite lattice, where it lies within the scan.
fn critical_points(lines: &[Line<'_>]) -> Option<Curve> {
    let rows = || lines.iter().flat_map(|line| &line.rows);
    let critical = rows().find_map(|row| system(row)?.critical_beta())?;
    let betas = || rows().filter_map(|row| row.get("beta"));
    let is_within = betas().any(|beta| beta <= critical) && betas().any(|beta| beta >= critical);
    let label = format!("beta_c = {critical:.5}");
    is_within.then(|| Curve::new(label, CRITICAL_COLOUR, Style::Upright, [(critical, 0.0)]))
}

/// The system of a row, if it has one coupling.
fn system(row: &Row) -> Option<System> {
    if !row.couplings.is_empty() {
        return None;
    }
    let number = |key: &str| row.get(key).unwrap_or_default();
    let interaction = Interaction { coupling: number("coupling"), field: number("field") };
    Some(System::uniform(Lattice::new(row.lattice, size(row)).ok()?, interaction))
}

/// Where values of a row come from.
#[derive(Clone, Copy)]
struct Source {
    name: &'static str,
    /// What its columns start with.
    prefix: &'static str,
    style: Style,
    status: fn(&Row) -> Option<Status>,
}

const MONTE_CARLO: Source =
    Source { name: "Monte Carlo", prefix: "mc_", style: Style::Squares, status: |row| row.mc_status };
const NETWORK: Source = Source { name: "network", prefix: "", style: Style::Dots, status: |row| row.status };

impl Source {
    /// A quantity of rows of one size: points that can be trusted, and crosses for those that cannot.
    fn curves(self, rows: &[&Row], quantity: &str, side: u32, colour: usize) -> Vec<Curve> {
        let Self { name, prefix, style, status } = self;
        let point = |row: &&Row| {
            let y = row.get(&format!("{prefix}{quantity}"))?;
            let error = row.get(&format!("{prefix}{quantity}_error")).unwrap_or(0.0);
            Some(Point { x: row.get("beta")?, y, error })
        };
        let (suspect, trusted): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| status(row) == Some(Status::Suspect));
        let curve = |rows: Vec<&Row>, style: Style, word: &str| {
            let points: Vec<Point> = rows.iter().filter_map(point).collect();
            let label = format!("L = {side}, {name}{word}");
            (!points.is_empty()).then_some(Curve { label, colour, style, points })
        };
        [curve(trusted, style, ""), curve(suspect, Style::Crosses, ", suspect")]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn size(row: &Row) -> u32 {
    row.get("size").unwrap_or_default() as u32
}

/// Exact solutions on a fine grid between the first and the last beta, where they are known.
fn exact_curve(rows: &[&Row]) -> Vec<(Ensemble, Exact)> {
    let betas = || rows.iter().filter_map(|row| row.get("beta"));
    let first = betas().fold(f64::INFINITY, f64::min);
    let last = betas().fold(f64::NEG_INFINITY, f64::max);
    let Some(system) = rows.first().and_then(|row| system(row)) else { return Vec::new() };
    let ensemble = |(beta, exact)| (Ensemble { system: system.clone(), beta }, exact);
    exact::curve(&system, first, last).into_iter().map(ensemble).collect()
}

fn axis_label(name: &str) -> String {
    let known = FREE_QUANTITIES.iter().chain(&QUANTITIES).find(|meaning| meaning.name == name);
    match known {
        Some(Meaning { symbol, unit: "", .. }) => (*symbol).to_owned(),
        Some(Meaning { symbol, unit, .. }) => format!("{symbol}   [{unit}]"),
        None => "effective sample size".to_owned(),
    }
}
