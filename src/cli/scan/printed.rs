//! The table of a scan as it is printed.

use super::super::columns::{aligned, wrapped};
use super::cell;
use crate::estimate::{Estimate, Status};
use crate::io::{Row, Table};
use crate::measure::short_to;
use std::ops::RangeInclusive;
use std::path::Path;

/// Decimals of figures, fewest and most.
const DECIMALS: RangeInclusive<usize> = 3..=9;
/// Decimals of exact values, at the most.
const OF_EXACT: usize = 7;
/// The name of the line of a network.
const NETWORK: &str = "network";

/// A line of figures behind its name.
type Line = [String; 6];

/// A paragraph for every network: its place, how good it is, its figures, and what these can be compared with, exact values and Monte Carlo.
pub(super) fn describe(table: &Table, out: &Path) -> String {
    let mut lines = fitted(|decimals| figures(table, decimals));
    // A caption stands before the line of its network.
    let networks: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].starts_with(NETWORK)).collect();
    for (at, row) in networks.into_iter().zip(&table.rows).rev() {
        lines.insert(at, caption(row));
    }
    lines.push(format!("table and figures in {}", out.display()));
    lines.join("\n")
}

/// Lines with as many decimals as fit a terminal; `of` makes them with so many at the most.
fn fitted(of: impl Fn(usize) -> Vec<Line>) -> Vec<String> {
    let with = |decimals: usize| aligned(['<', '>', '>', '>', '>', '>'], &of(decimals));
    // A line that is too wide takes two.
    let fits = |lines: &Vec<String>| lines.iter().all(|line| !line.contains('\n'));
    DECIMALS.rev().map(with).find(fits).unwrap_or_else(|| with(*DECIMALS.start()))
}

/// The figures of all networks under their symbols, with so many decimals at the most.
fn figures(table: &Table, decimals: usize) -> Vec<Line> {
    let is_potts = table.rows.iter().any(|row| row.get("states").is_some());
    let (order, symbol) = if is_potts { ("order_parameter", "m") } else { ("abs_magnetisation", "|m|") };
    let quantities = ["free_energy_per_site", "energy_per_site", "specific_heat", "entropy_per_site", order];
    let line = |name: &str, cells: [String; 5]| {
        let [free_energy, energy, heat, entropy, order] = cells;
        [name.to_owned(), free_energy, energy, heat, entropy, order]
    };
    let mut cells = vec![line("", ["F/N", "U/N", "C/N", "S/N", symbol].map(str::to_owned))];
    for row in &table.rows {
        let value = |prefix: &str, name: &str, suffix: &str| row.get(&format!("{prefix}{name}{suffix}"));
        let estimate = |prefix: &str, name: &str| {
            let error = value(prefix, name, "_error").unwrap_or(f64::NAN);
            value(prefix, name, "")
                .map_or_else(String::new, |value| short_to(Estimate { value, error }, decimals))
        };
        let exact = |name: &str| {
            value("", name, "_exact")
                .map_or_else(String::new, |value| format!("{value:.0$}", decimals.min(OF_EXACT)))
        };
        cells.push(line(NETWORK, quantities.map(|name| estimate("", name))));
        let others =
            [("exact", quantities.map(exact)), ("Monte Carlo", quantities.map(|name| estimate("mc_", name)))];
        let others = others.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
        cells.extend(others.map(|(name, cells)| line(name, cells)));
    }
    cells
}

/// The place of a row in the scan, how good its network is, and whether its figures are to be trusted.
fn caption(row: &Row) -> String {
    let ess = row.get("ess").map_or("no ESS".to_owned(), |ess| format!("ESS {ess:.4}"));
    let name = |status: Option<Status>| status.map_or("unknown", Status::name);
    let monte_carlo = row.get("mc_energy_per_site").map(|_| format!("; Monte Carlo {}", name(row.mc_status)));
    let interaction =
        [("coupling", 1.0, "J"), ("field", 0.0, "H")].into_iter().filter_map(|(key, usual, letter)| {
            row.get(key).filter(|value| *value != usual).map(|value| format!(", {letter} = {value}"))
        });
    let words = [&row.network, &row.couplings].into_iter().filter(|word| !word.is_empty());
    let more: String = interaction.chain(words.map(|word| format!(", {word}"))).collect();
    let place = format!("L = {}, beta = {}{more}", cell(row, "size"), cell(row, "beta"));
    let status = monte_carlo.unwrap_or_default();
    wrapped("", &format!("{place}: {ess}, {}{status}", name(row.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tiny_error_in_one_line_breaks_no_other() {
        let of = |decimals: usize| {
            let line = |value: f64, errors: [f64; 5]| {
                let [a, b, c, d, e] = errors.map(|error| short_to(Estimate { value, error }, decimals));
                ["network".to_owned(), a, b, c, d, e]
            };
            vec![
                line(-2.334, [0.011, 0.02, 0.07, 0.002, 0.012]),
                line(-2.0, [2.8e-12, 1e-11, 3e-9, 1e-12, 1e-10]),
            ]
        };
        let lines = fitted(of);
        assert!(lines.iter().all(|line| line.lines().count() == 1), "{lines:?}");
        // No decimal is given away.
        assert_eq!(lines[1].split_whitespace().nth(1), Some("-2.000000(1)"));
        let wide = aligned(['<', '>', '>', '>', '>', '>'], &of(7));
        assert!(wide.iter().any(|line| line.contains('\n')), "seven decimals do not fit: {wide:?}");
    }
}
