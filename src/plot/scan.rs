//! Figures of a scan: every quantity against beta, for all sizes, with exact curves and Monte Carlo.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::estimate::Status;
use crate::exact::{self, Exact, Transition};
use crate::io::{Row, Table};
use crate::lattice::{Ensemble, Interaction, Lattice, System};
use crate::measure::{FREE_QUANTITIES, Meaning, POTTS_QUANTITIES, QUANTITIES};

/// Relative errors of the free energy below this one are rounding errors of ln q, which is summed in f32; they are not drawn.
const LEAST_SHARE: f64 = 1e-9;
/// Black.
const CRITICAL_COLOUR: usize = 6;

/// What there is of one size, coupling, field and network.
struct Line<'a> {
    /// N sites of the complete lattice, or side L of others, with J and H where there are several.
    size: String,
    /// The network; its name where several are compared.
    network: String,
    rows: Vec<&'a Row>,
    /// Whether it is the first of its size, with which exact values are drawn.
    is_first: bool,
    exact: Vec<(Ensemble, Exact)>,
}

impl Line<'_> {
    fn in_field(&self) -> bool {
        self.rows.iter().any(|row| row.get("field").is_some_and(|field| field != 0.0))
    }
}

/// Figures by the name of their file: `magnetisation`, `extensive` (F, U, S, C against beta), `scan` (everything), and `networks` where several are compared.
pub fn scan(table: &Table) -> Vec<(&'static str, Figure)> {
    let lines = lines(table);
    let of = of_interaction(table);
    let figure = |title: &str, names: &[&str], columns| Figure {
        title: format!("{title}{of}"),
        panels: names.iter().flat_map(|name| panels(&lines, name)).collect(),
        columns,
    };
    let extensive = ["free_energy_per_site", "energy_per_site", "entropy_per_site", "specific_heat"];
    let order = match table.rows.iter().any(|row| row.get("states").is_some()) {
        true => "order_parameter",
        false => "abs_magnetisation",
    };
    let all = [
        order,
        "energy_per_site",
        "specific_heat",
        "susceptibility",
        "free_energy_per_site",
        "entropy_per_site",
        "binder",
        "ess",
    ];
    let always = [variational(&lines), panel(&lines, order)];
    let networks = Figure {
        title: format!("Networks against beta{of}"),
        panels: always.into_iter().chain(relative_error(&lines)).collect(),
        columns: 3,
    };
    let is_compared = table.rows.iter().any(|row| !row.network.is_empty());
    let mut figures = vec![
        ("magnetisation", figure("Magnetisation: Monte Carlo against network", &[order], 1)),
        ("extensive", figure("Free energy, energy, entropy and specific heat per site", &extensive, 2)),
        ("scan", figure("Scan in beta", &all, 4)),
    ];
    figures.extend(is_compared.then_some(("networks", networks)));
    figures
}

/// J and H in words for titles, where all rows have the same and it is not 1 and 0.
fn of_interaction(table: &Table) -> String {
    let word = |(key, letter, usual): (&str, &str, f64)| {
        let value = table.rows.first()?.get(key)?;
        let is_same = table.rows.iter().all(|row| row.get(key) == Some(value));
        (is_same && value != usual).then(|| format!(", {letter} = {value}"))
    };
    [("coupling", "J", 1.0), ("field", "H", 0.0)].into_iter().filter_map(word).collect()
}

/// What tells one line of a figure from another: size, network, J and H.
#[derive(PartialEq)]
struct Kind<'a> {
    side: u32,
    network: &'a str,
    /// J and H in bits; couplings of single bonds have none.
    interaction: [Option<u64>; 2],
}

impl<'a> Kind<'a> {
    fn of(row: &'a Row) -> Self {
        let interaction = ["coupling", "field"].map(|key| row.get(key).map(f64::to_bits));
        Self { side: size(row), network: &row.network, interaction }
    }

    /// Whether exact values are the same, whatever the network.
    fn has_system_of(&self, other: &Self) -> bool {
        (self.side, self.interaction) == (other.side, other.interaction)
    }
}

/// A line per size, J, H and network, these three in the order of the table. Exact curves are solved here, once for all panels.
fn lines(table: &Table) -> Vec<Line<'_>> {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for kind in table.rows.iter().map(Kind::of) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.sort_by_key(|kind| kind.side);
    let varies =
        [0, 1].map(|which| kinds.iter().any(|kind| kind.interaction[which] != kinds[0].interaction[which]));
    let line = |(at, kind): (usize, &Kind<'_>)| {
        let rows: Vec<&Row> = table.rows.iter().filter(|row| Kind::of(row) == *kind).collect();
        let is_first = !kinds[..at].iter().any(|before| before.has_system_of(kind));
        let exact = if is_first { exact_curve(&rows) } else { Vec::new() };
        let network = if kind.network.is_empty() { "network" } else { kind.network };
        let of_varied = |which: usize, letter: &str| {
            let value = kind.interaction[which].filter(|_| varies[which]).map(f64::from_bits);
            value.map_or(String::new(), |value| format!(", {letter} = {value}"))
        };
        let size = size_label(kind.side, &rows) + &of_varied(0, "J") + &of_varied(1, "H");
        Line { size, network: network.to_owned(), is_first, exact, rows }
    };
    kinds.iter().enumerate().map(line).collect()
}

fn size_label(side: u32, rows: &[&Row]) -> String {
    let lattice = rows.first().and_then(|row| Lattice::new(row.lattice, side).ok());
    let letter = if lattice.is_none_or(Lattice::is_spatial) { 'L' } else { 'N' };
    format!("{letter} = {side}")
}

/// The free energy that networks have themselves, `-(ln Z - KL) / (beta N)`, which is above the exact one. KL is against the exact ln Z where that is known, else
/// against the estimate, and so is this.
fn variational(lines: &[Line<'_>]) -> Panel {
    let mut panel = panel(lines, "free_energy_per_site");
    panel.curves.retain(|curve| curve.style == Style::Dashed || curve.style == Style::Upright);
    panel.curves.extend(of_networks(lines, |row| {
        let [beta, kl] = ["beta", "kl"].map(|name| row.get(name));
        let of_all = row.get("free_energy_per_site_exact").or(row.get("free_energy_per_site"))?;
        let sites = Lattice::new(row.lattice, size(row)).ok()?.sites() as f64;
        Some(of_all + kl? / (beta? * sites))
    }));
    Panel { y: Axis::linear("variational F / N   [J]"), ..panel }
}

/// By what share the free energy of networks is above the exact one, `KL / |ln Z|`; nothing where no exact one is known.
fn relative_error(lines: &[Line<'_>]) -> Option<Panel> {
    let share =
        |row: &Row| Some(row.get("kl")? / row.get("ln_z_exact")?.abs()).filter(|share| *share > LEAST_SHARE);
    let mut curves = of_networks(lines, share);
    if curves.is_empty() {
        return None;
    }
    curves.extend(critical_points(lines));
    Some(Panel { x: Axis::linear("beta   [1/J]"), y: Axis::logarithmic("1 - F / F exact"), curves })
}

/// Curves of points for every network, and of crosses where it cannot be trusted.
fn of_networks(lines: &[Line<'_>], value: impl Fn(&Row) -> Option<f64>) -> Vec<Curve> {
    let point = |row: &Row| Some(Point { x: row.get("beta")?, y: value(row)?, error: 0.0 });
    let curves = |(number, Line { size, network, rows, .. }): (usize, &Line<'_>)| {
        NETWORK.points(rows, point, &format!("{size}, {network}"), number)
    };
    lines.iter().enumerate().flat_map(curves).collect()
}

/// The panel of a quantity; of the susceptibility of Ising spins one for each of its two definitions that the table has, since that in a field is of m and not of |m|.
fn panels(lines: &[Line<'_>], quantity: &str) -> Vec<Panel> {
    let is_potts = lines.iter().any(|line| line.rows.iter().any(|row| row.get("states").is_some()));
    if quantity != "susceptibility" || is_potts {
        return vec![panel(lines, quantity)];
    }
    let of = |in_field: bool, order: &str| {
        let is_shown = |line: &Line<'_>| line.in_field() == in_field;
        let y = Axis::linear(axis_label(quantity).replace("chi", &format!("chi of {order}")));
        lines.iter().any(is_shown).then(|| Panel { y, ..panel_of(lines, quantity, is_shown) })
    };
    [of(false, "|m|"), of(true, "m")].into_iter().flatten().collect()
}

fn panel(lines: &[Line<'_>], quantity: &str) -> Panel {
    panel_of(lines, quantity, |_| true)
}

/// A panel of some lines, each in its colour among all.
fn panel_of(lines: &[Line<'_>], quantity: &str, is_shown: impl Fn(&Line<'_>) -> bool) -> Panel {
    let mut curves = Vec::new();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| is_shown(line)) {
        let Line { size, network, rows, is_first, exact } = line;
        let value = |(ensemble, exact): &(Ensemble, Exact)| {
            Some((ensemble.beta, ensemble.exact_value(quantity, Some(*exact))?))
        };
        let mut exact: Vec<(f64, f64)> = exact.iter().filter_map(value).collect();
        if exact.is_empty() && *is_first {
            // The table does not have the couplings, but exact values that were known beside them.
            let known = |row: &&Row| Some((row.get("beta")?, row.get(&format!("{quantity}_exact"))?));
            exact.extend(rows.iter().filter_map(known));
        }
        if !exact.is_empty() {
            curves.push(Curve::new(format!("{size}, exact"), number, Style::Dashed, exact));
        }
        for (source, name) in [(MONTE_CARLO, "Monte Carlo"), (NETWORK, network)] {
            curves.extend(source.curves(rows, quantity, &format!("{size}, {name}"), number));
        }
    }
    curves.extend(critical_points(lines));
    if quantity == "energy_per_site" {
        curves.extend(critical_energies(lines));
    }
    Panel { x: Axis::linear("beta   [1/J]"), y: Axis::linear(axis_label(quantity)), curves }
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

/// Energies of the infinite lattice of Potts spins where it orders, over the scan: of the two phases where there are two.
fn critical_energies(lines: &[Line<'_>]) -> Vec<Curve> {
    let rows = || lines.iter().flat_map(|line| &line.rows);
    let Some(transition) = rows().find_map(|row| exact::transition(&system(row)?)) else { return Vec::new() };
    let betas = || rows().filter_map(|row| row.get("beta"));
    let [first, last] = [betas().fold(f64::INFINITY, f64::min), betas().fold(f64::NEG_INFINITY, f64::max)];
    let Transition { energy_per_site: mean, latent_heat, .. } = transition;
    let levels = match latent_heat {
        0.0 => vec![("u_c", mean)],
        _ => vec![("u of disorder", mean + latent_heat / 2.0), ("u of order", mean - latent_heat / 2.0)],
    };
    let curve = |(name, energy): (&str, f64)| {
        let label = format!("{name} = {energy:.5}, infinite lattice");
        Curve::new(label, CRITICAL_COLOUR, Style::Dashed, [(first, energy), (last, energy)])
    };
    levels.into_iter().map(curve).collect()
}

/// The system of a row, if it has one coupling.
fn system(row: &Row) -> Option<System> {
    if !row.couplings.is_empty() {
        return None;
    }
    let number = |key: &str| row.get(key).unwrap_or_default();
    let interaction = Interaction { coupling: number("coupling"), field: number("field") };
    let lattice = Lattice::new(row.lattice, size(row)).ok()?;
    match row.get("states") {
        None => Some(System::uniform(lattice, interaction)),
        Some(states) => System::potts(lattice, interaction, states as u32).ok(),
    }
}

/// The systems of a table, but those with couplings of single bonds.
pub fn systems(table: &Table) -> Vec<System> {
    let mut systems: Vec<System> = table.rows.iter().filter_map(system).collect();
    systems.dedup();
    systems
}

/// Where values of a row come from.
#[derive(Clone, Copy)]
struct Source {
    /// What its columns start with.
    prefix: &'static str,
    style: Style,
    status: fn(&Row) -> Option<Status>,
}

const MONTE_CARLO: Source = Source { prefix: "mc_", style: Style::Squares, status: |row| row.mc_status };
const NETWORK: Source = Source { prefix: "", style: Style::Dots, status: |row| row.status };

impl Source {
    /// A quantity of rows of one size.
    fn curves(self, rows: &[&Row], quantity: &str, name: &str, colour: usize) -> Vec<Curve> {
        let point = |row: &Row| {
            let y = row.get(&format!("{}{quantity}", self.prefix))?;
            let error = row.get(&format!("{}{quantity}_error", self.prefix)).unwrap_or(0.0);
            Some(Point { x: row.get("beta")?, y, error })
        };
        self.points(rows, point, name, colour)
    }

    /// Points that can be trusted, and crosses for those that cannot.
    fn points(
        self,
        rows: &[&Row],
        point: impl Fn(&Row) -> Option<Point>,
        name: &str,
        colour: usize,
    ) -> Vec<Curve> {
        let is_suspect = |row: &&Row| (self.status)(row) == Some(Status::Suspect);
        let (suspect, trusted): (Vec<&Row>, Vec<&Row>) = rows.iter().copied().partition(is_suspect);
        let curve = |rows: Vec<&Row>, style: Style, word: &str| {
            let points: Vec<Point> = rows.into_iter().filter_map(&point).collect();
            let label = format!("{name}{word}");
            (!points.is_empty()).then_some(Curve { label, colour, style, points })
        };
        [curve(trusted, self.style, ""), curve(suspect, Style::Crosses, ", suspect")]
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
    let known = FREE_QUANTITIES
        .iter()
        .chain(&QUANTITIES)
        .chain(&POTTS_QUANTITIES)
        .find(|meaning| meaning.name == name);
    match known {
        Some(Meaning { symbol, unit: "", .. }) => (*symbol).to_owned(),
        Some(Meaning { symbol, unit, .. }) => format!("{symbol}   [{unit}]"),
        None => "effective sample size".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(field: f64) -> Row {
        let mut row = Row::default();
        let values =
            [("size", 8.0), ("beta", 0.4), ("coupling", 1.0), ("field", field), ("susceptibility", 2.0)];
        row.values.extend(values.map(|(name, value)| (name.to_owned(), value)));
        row
    }

    #[test]
    fn no_panel_mixes_two_susceptibilities() {
        let chi = |fields: &[f64]| -> Vec<(String, usize)> {
            let table = Table { rows: fields.iter().copied().map(row).collect() };
            let panels = panels(&lines(&table), "susceptibility");
            panels.into_iter().map(|panel| (panel.y.label, panel.curves.len())).collect()
        };
        let [of_size, of_m] = ["chi of |m|   [1/J]", "chi of m   [1/J]"].map(str::to_owned);
        assert_eq!(chi(&[0.0]), [(of_size.clone(), 1)]);
        assert_eq!(chi(&[0.1, 0.2]), [(of_m.clone(), 2)]);
        assert_eq!(chi(&[0.0, 0.1, 0.2]), [(of_size, 1), (of_m, 2)]);
    }
}
