//! `metrics.csv`, row by row.

use super::{atomic, input};
use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A row of metrics.
pub trait MetricsRow: Serialize + DeserializeOwned {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// Steps done.
    fn step(&self) -> u32;

    /// Seconds of training so far.
    fn elapsed_s(&self) -> f64;
}

/// Complete rows of a table up to a step; none where there is no table.
pub(super) fn existing_rows<R: MetricsRow>(path: &Path, step: u32) -> Result<Vec<R>> {
    match input::open(path) {
        Ok((file, _)) => kept_rows(path, file, step),
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Complete rows up to a step; a row cut short by a crash ends the table.
fn kept_rows<R: MetricsRow>(path: &Path, file: File, step: u32) -> Result<Vec<R>> {
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().map_err(|error| Error::content(path, error.to_string()))?;
    if !headers.is_empty() && headers.iter().ne(R::COLUMNS.iter().copied()) {
        return Err(Error::content(
            path,
            "its columns are not those of a run's metrics; move it away to go on",
        ));
    }
    Ok(reader.deserialize().map_while(|row| row.ok()).take_while(|row: &R| row.step() <= step).collect())
}

/// Appends rows to `metrics.csv`.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    table: csv::Writer<File>,
    elapsed_s: f64,
}

impl MetricsWriter {
    /// Opens a table after `step` steps; later rows are dropped.
    pub(super) fn after<R: MetricsRow>(path: &Path, step: u32) -> Result<Self> {
        let kept = existing_rows::<R>(path, step)?;
        let elapsed_s = kept.last().map_or(0.0, MetricsRow::elapsed_s);
        atomic::write(path, |file| {
            let mut table = csv::Writer::from_writer(file);
            if kept.is_empty() {
                table.write_record(R::COLUMNS)?;
            }
            kept.iter().try_for_each(|row| table.serialize(row)).map_err(std::io::Error::other)?;
            table.flush()
        })?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|source| Error::file("write", path, source))?;
        let table = csv::WriterBuilder::new().has_headers(false).from_writer(file);
        Ok(Self { path: path.to_owned(), table, elapsed_s })
    }

    /// Seconds of training before the run was resumed; 0 for a new one.
    pub fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    /// Appends a row and hands it to the operating system.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&mut self, row: &impl Serialize) -> Result<()> {
        self.table
            .serialize(row)
            .map_err(std::io::Error::other)
            .and_then(|()| self.table.flush())
            .map_err(|source| Error::file("write", &self.path, source))
    }
}
