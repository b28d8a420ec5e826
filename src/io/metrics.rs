//! `metrics.csv`, and the same as a JSON object a line in `metrics.jsonl`, row by row.

use super::{atomic, input};
use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
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

/// Appends rows to `metrics.csv` and `metrics.jsonl`.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    table: csv::Writer<File>,
    lines: File,
    elapsed_s: f64,
}

/// The file of JSON lines beside a table.
pub(super) fn lines_beside(table: &Path) -> PathBuf {
    table.with_extension("jsonl")
}

/// A row as a line of JSON.
fn json_line(row: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(row)?;
    line.push(b'\n');
    Ok(line)
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
        let of_lines = lines_beside(path);
        atomic::write(&of_lines, |file| kept.iter().try_for_each(|row| file.write_all(&json_line(row)?)))?;
        let append = |path: &Path| {
            let file = OpenOptions::new().append(true).open(path);
            file.map_err(|source| Error::file("write", path, source))
        };
        let table = csv::WriterBuilder::new().has_headers(false).from_writer(append(path)?);
        Ok(Self { path: path.to_owned(), table, lines: append(&of_lines)?, elapsed_s })
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
            .and_then(|()| self.lines.write_all(&json_line(row)?))
            .map_err(|source| Error::file("write", &self.path, source))
    }
}
