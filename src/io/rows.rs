//! Tables of rows with named fields.

use super::atomic;
use crate::error::Result;
use serde::Serialize;
use std::path::Path;

/// Writes rows to a CSV file, with the names of their fields in its first line; an empty cell where a value is none. The file appears whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_rows(path: &Path, rows: &[impl Serialize]) -> Result<()> {
    atomic::write(path, |file| {
        let mut table = csv::Writer::from_writer(file);
        rows.iter().try_for_each(|row| table.serialize(row))?;
        table.flush()
    })
}
