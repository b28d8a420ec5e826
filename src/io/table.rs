//! Tables of a scan: one row per lattice and temperature.

use super::{atomic, input};
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Status};
use crate::lattice::LatticeKind;
use crate::measure::{FREE_QUANTITIES, Meaning, POTTS_QUANTITIES, QUANTITIES};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Columns that every table has, whatever was measured.
const KEYS: [&str; 4] = ["size", "beta", "coupling", "field"];
/// Most lattices in one table.
const MOST_SIZES: usize = 64;
/// Estimates of the network itself.
const OF_THE_NETWORK: [&str; 2] = ["ess", "kl"];

/// Columns of words, after all others: whether the network can be trusted, and whether the Monte Carlo beside it can.
const STATUS: [&str; 2] = ["status", "mc_status"];
/// The number of colours of Potts spins, behind the words; tables of Ising spins do not have it.
const STATES: &str = "states";
/// The last columns, which tables of square lattices, of lattices with one coupling, and of one kind of network do not have.
const LATTICE: &str = "lattice";
const COUPLINGS: &str = "couplings";
const NETWORK: &str = "network";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
fn is_square(kind: &LatticeKind) -> bool {
    *kind == LatticeKind::Square
}

/// One row.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Row {
    /// Values by column; a quantity that was not measured is not there.
    #[serde(flatten)]
    pub values: BTreeMap<String, f64>,
    /// Which sites are neighbours.
    #[serde(skip_serializing_if = "is_square")]
    pub lattice: LatticeKind,
    /// A number that tells couplings of single bonds from others; empty where there is one coupling.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub couplings: String,
    /// The network, where several are compared; else empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// Whether the network can be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Whether the Monte Carlo can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mc_status: Option<Status>,
}

impl Row {
    /// The value of a column.
    pub fn get(&self, column: &str) -> Option<f64> {
        self.values.get(column).copied()
    }

    /// The cell of a column in a table; empty without a value.
    fn cell(&self, column: &str) -> String {
        let word = |status: Option<Status>| status.map(Status::name).unwrap_or_default().to_owned();
        match column {
            "status" => word(self.status),
            "mc_status" => word(self.mc_status),
            LATTICE => self.lattice.name().to_owned(),
            COUPLINGS => self.couplings.clone(),
            NETWORK => self.network.clone(),
            _ => self.get(column).map(|value| value.to_string()).unwrap_or_default(),
        }
    }
}

/// Rows by column name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// In order of size and beta.
    pub rows: Vec<Row>,
}

/// All columns of a table of Ising spins, in order: of every estimate `x` the columns `x`, `x_error`, and where there can be such `x_exact`, `mc_x`, `mc_x_error`.
pub fn columns() -> Vec<String> {
    columns_of(&QUANTITIES)
}

/// The same for quantities of any spins.
fn columns_of(quantities: &[Meaning]) -> Vec<String> {
    let mut columns: Vec<String> = KEYS.map(str::to_owned).to_vec();
    for name in OF_THE_NETWORK {
        columns.extend([name.to_owned(), format!("{name}_error")]);
    }
    for quantity in FREE_QUANTITIES {
        columns.extend(["", "_error", "_exact"].map(|part| format!("{}{part}", quantity.name)));
    }
    for quantity in quantities {
        columns.extend(["", "_error", "_exact"].map(|part| format!("{}{part}", quantity.name)));
        columns.extend(["", "_error"].map(|part| format!("mc_{}{part}", quantity.name)));
    }
    columns.extend(STATUS.map(str::to_owned));
    columns
}

/// The mean of rows.
fn average(first: &Row, rows: &[&Row]) -> Row {
    let mut values = BTreeMap::new();
    for column in first.values.keys() {
        let found: Option<Vec<f64>> = rows.iter().map(|row| row.get(column)).collect();
        let (Some(found), false) = (found, column.ends_with("_error")) else { continue };
        let mean = Estimate::mean(&found);
        values.insert(column.clone(), mean.value);
        if rows.len() > 1 && first.values.contains_key(&format!("{column}_error")) {
            values.insert(format!("{column}_error"), mean.error);
        }
    }
    let worst = |status: fn(&Row) -> Option<Status>| {
        let all: Option<Vec<Status>> = rows.iter().map(|row| status(row)).collect();
        let all = all?;
        Some(if all.contains(&Status::Suspect) { Status::Suspect } else { Status::Verified })
    };
    Row {
        values,
        lattice: first.lattice,
        couplings: format!("{} of them", rows.len()),
        network: first.network.clone(),
        status: worst(|row| row.status),
        mc_status: worst(|row| row.mc_status),
    }
}

/// The row of a measurement's JSON, with that of a Monte Carlo under `monte_carlo`.
pub fn row(measurement: &Value) -> Row {
    let mut values = BTreeMap::new();
    let mut put = |column: String, value: &Value| {
        if let Some(value) = value.as_f64() {
            values.insert(column, value);
        }
    };
    // Couplings of single bonds have units in place of J and H, which say nothing.
    let is_weighted = measurement[COUPLINGS].is_string();
    for key in KEYS.iter().take(if is_weighted { 2 } else { KEYS.len() }) {
        put((*key).to_owned(), &measurement[*key]);
    }
    put(STATES.to_owned(), &measurement[STATES]);
    let of_spins = if measurement[STATES].is_number() { &POTTS_QUANTITIES[..] } else { &QUANTITIES };
    let names = of_spins.iter().chain(&FREE_QUANTITIES).map(|quantity| quantity.name);
    for name in names.chain(OF_THE_NETWORK) {
        for (prefix, source) in [("", measurement), ("mc_", &measurement["monte_carlo"])] {
            put(format!("{prefix}{name}"), &source[name]["value"]);
            put(format!("{prefix}{name}_error"), &source[name]["error"]);
        }
        put(format!("{name}_exact"), &measurement[name]["exact"]);
    }
    let status = |value: &Value| Status::deserialize(value).ok();
    Row {
        values,
        lattice: LatticeKind::deserialize(&measurement[LATTICE]).unwrap_or_default(),
        couplings: measurement[COUPLINGS].as_str().unwrap_or_default().to_owned(),
        network: measurement[NETWORK].as_str().unwrap_or_default().to_owned(),
        status: status(&measurement["status"]),
        mc_status: status(&measurement["monte_carlo"]["status"]),
    }
}

impl Table {
    /// Means over rows of the same network, size, beta, J and H, with errors from how they differ: averages over disorder. Quantities that a row lacks are left out,
    /// and a single row leaves errors out; a mean is suspect where one of its rows is.
    pub fn averages(&self) -> Self {
        let mut points: Vec<(&Row, Vec<&Row>)> = Vec::new();
        for row in &self.rows {
            let same = |other: &Row| {
                other.network == row.network && KEYS.iter().all(|key| other.get(key) == row.get(key))
            };
            match points.iter_mut().find(|(first, _)| same(first)) {
                Some((_, rows)) => rows.push(row),
                None => points.push((row, vec![row])),
            }
        }
        Self { rows: points.into_iter().map(|(first, rows)| average(first, &rows)).collect() }
    }

    /// Writes a CSV file, empty where there is no value; it appears whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        atomic::write(path, |file| {
            let mut table = csv::Writer::from_writer(file);
            let is_potts = self.rows.iter().any(|row| row.get(STATES).is_some());
            let mut columns = if is_potts { columns_of(&POTTS_QUANTITIES) } else { columns() };
            columns.extend(is_potts.then(|| STATES.to_owned()));
            if self.rows.iter().any(|row| !is_square(&row.lattice)) {
                columns.push(LATTICE.to_owned());
            }
            if self.rows.iter().any(|row| !row.couplings.is_empty()) {
                columns.push(COUPLINGS.to_owned());
            }
            if self.rows.iter().any(|row| !row.network.is_empty()) {
                columns.push(NETWORK.to_owned());
            }
            table.write_record(&columns)?;
            for row in &self.rows {
                table.write_record(columns.iter().map(|column| row.cell(column)))?;
            }
            table.flush()
        })
    }

    /// Writes a JSON file, a list of objects; it appears whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let text =
            serde_json::to_vec_pretty(&self.rows).map_err(|error| Error::content(path, error.to_string()))?;
        atomic::write_bytes(path, &text)
    }

    /// Reads what [`Table::write_csv`] wrote.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a table.
    pub fn read_csv(path: &Path) -> Result<Self> {
        let wrong = |error: csv::Error| Error::content(path, format!("not a table of a scan: {error}"));
        let mut reader = csv::Reader::from_reader(input::open(path)?.0);
        let headers = reader.headers().map_err(wrong)?.clone();
        if let Some(missing) = KEYS.iter().find(|key| !headers.iter().any(|header| header == **key)) {
            let message = format!("not a table of a scan: it has no column {missing:?}");
            return Err(Error::content(path, message));
        }
        let mut known = columns();
        known.extend(columns_of(&POTTS_QUANTITIES));
        known.push(STATES.to_owned());
        let mut sizes = BTreeSet::new();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            let mut row = Row::default();
            let is_known = |header: &str| {
                [LATTICE, COUPLINGS, NETWORK].contains(&header) || known.iter().any(|column| column == header)
            };
            let cells = headers.iter().zip(&record);
            for (header, text) in cells.filter(|(header, text)| !text.is_empty() && is_known(header)) {
                if header == LATTICE {
                    let named = LatticeKind::ALL.into_iter().find(|kind| kind.name() == text);
                    row.lattice = named.ok_or_else(|| {
                        Error::content(path, format!("row {}: there is no lattice {text:?}", rows.len() + 1))
                    })?;
                    continue;
                }
                if header == COUPLINGS {
                    text.clone_into(&mut row.couplings);
                    continue;
                }
                if header == NETWORK {
                    text.clone_into(&mut row.network);
                    continue;
                }
                if STATUS.contains(&header) {
                    let Some(status) = Status::named(text) else {
                        let message = format!(
                            "row {}: {header} = {text:?} is neither verified nor suspect",
                            rows.len() + 1
                        );
                        return Err(Error::content(path, message));
                    };
                    *(if header == "status" { &mut row.status } else { &mut row.mc_status }) = Some(status);
                    continue;
                }
                let Some(value) = text.parse().ok().filter(|value: &f64| value.is_finite()) else {
                    let message = format!("row {}: {header} = {text:?} is no number", rows.len() + 1);
                    return Err(Error::content(path, message));
                };
                row.values.insert(header.to_owned(), value);
            }
            sizes.extend(row.get("size").map(f64::to_bits));
            if sizes.len() > MOST_SIZES {
                let message = format!("more than {MOST_SIZES} sizes in one table: a figure cannot hold them");
                return Err(Error::content(path, message));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(Error::content(path, "it has no row; repeat the scan".to_owned()));
        }
        Ok(Self { rows })
    }
}

/// Writes the figures of a summary or a measurement, one row each: name, value, and error where there is one. The file
/// appears whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_figures(path: &Path, figures: &Value) -> Result<()> {
    atomic::write(path, |file| {
        let mut table = csv::Writer::from_writer(file);
        table.write_record(["quantity", "value", "error"])?;
        for (name, figure) in figures.as_object().into_iter().flatten() {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            match (figure.get("value"), figure.get("error")) {
                (Some(value), Some(error)) => table.write_record([name, &text(value), &text(error)])?,
                _ if figure.is_number() || figure.is_string() => {
                    table.write_record([name, &text(figure), ""])?;
                }
                // What has parts of its own is not one figure.
                _ => (),
            }
        }
        table.flush()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_survive_a_file_and_what_is_missing_stays_missing() {
        let measurement = json!({
            "size": 8, "beta": 0.44, "coupling": 1.0, "field": 0.0,
            "energy_per_site": {"value": -1.4, "error": 0.01, "exact": -1.41, "deviation": 1.0},
            "ess": {"value": 0.9, "error": null},
            "status": "suspect",
            "monte_carlo": {"energy_per_site": {"value": -1.39, "error": 0.02}, "status": "verified"},
        });
        let table = Table { rows: vec![row(&measurement)] };
        assert_eq!(table.rows[0].get("mc_energy_per_site_error"), Some(0.02));
        assert_eq!(table.rows[0].get("energy_per_site_exact"), Some(-1.41));
        assert_eq!((table.rows[0].get("ess_error"), table.rows[0].get("ln_z")), (None, None));
        assert_eq!(table.rows[0].status, Some(Status::Suspect));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        table.write_csv(&path).unwrap();
        assert_eq!(Table::read_csv(&path).unwrap(), table);
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        assert!(Table::read_csv(&path).unwrap_err().to_string().contains("no column \"size\""));
        std::fs::write(&path, "size,beta,coupling,field\n8,high,1,0\n").unwrap();
        assert!(Table::read_csv(&path).unwrap_err().to_string().contains("beta = \"high\""));
        std::fs::write(&path, "size,beta,coupling,field,status\n8,0.4,1,0,fine\n").unwrap();
        assert!(Table::read_csv(&path).unwrap_err().to_string().contains("status = \"fine\""));
    }

    #[test]
    fn averages_have_the_spread_of_their_rows_as_errors() {
        let row = |beta: f64, energy: f64, status: Status| Row {
            values: [
                ("size", 8.0),
                ("beta", beta),
                ("energy_per_site", energy),
                ("energy_per_site_error", 1e-6),
                ("energy_per_site_exact", energy),
            ]
            .map(|(column, value)| (column.to_owned(), value))
            .into(),
            couplings: energy.to_string(),
            status: Some(status),
            ..Row::default()
        };
        let rows = [(1.0, -1.0), (2.0, -1.5), (1.0, -1.2), (1.0, -1.1)];
        let rows = rows.map(|(beta, energy)| {
            row(beta, energy, if energy == -1.2 { Status::Suspect } else { Status::Verified })
        });
        let averages = Table { rows: rows.to_vec() }.averages().rows;
        assert_eq!(averages.len(), 2);
        let [first, second] = [&averages[0], &averages[1]];
        assert!((first.get("energy_per_site").unwrap() + 1.1).abs() < 1e-12);
        // The standard deviation of three values 0.1 apart is 0.1.
        let error = first.get("energy_per_site_error").unwrap();
        assert!((error - 0.1 / 3_f64.sqrt()).abs() < 1e-12, "{error}");
        assert!((first.get("energy_per_site_exact").unwrap() + 1.1).abs() < 1e-12);
        assert_eq!(first.get("beta"), Some(1.0));
        assert_eq!([first.status, second.status], [Some(Status::Suspect), Some(Status::Verified)]);
        assert_eq!(second.get("energy_per_site_error"), None, "one row tells no spread");
    }
}
